"""ReactiveKernel: an ipykernel whose cells follow their inputs.

Turns messages into calls of the engine and its answers into messages; it never looks at the graph or at values.
Whatever is not a cell (silent requests, subshells, completion) is ipykernel's own business, on a settled namespace.
"""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from inspect import isawaitable
from types import CodeType
from typing import TYPE_CHECKING, Any, get_args

from ipykernel.ipkernel import IPythonKernel
from ipykernel.jsonutil import json_clean
from traitlets import Bool, Enum, Integer

from reactive_kernel import __version__
from reactive_kernel.kernel.compiling import tell_compiled
from reactive_kernel.kernel.events import Events
from reactive_kernel.kernel.interrupts import Interrupts
from reactive_kernel.kernel.magic import register_magics
from reactive_kernel.kernel.marking import MarkingSession
from reactive_kernel.kernel.publisher import Publisher, as_parent, flush_streams
from reactive_kernel.kernel.requests import cell_id_of, is_plain, read_request
from reactive_kernel.kernel.threads import follow_starting_cell
from reactive_kernel.kernel.told import Told
from reactive_kernel.kernel.waiting import WaitingRequests
from reactive_kernel.protocol import EVENT, FEATURE, PROTOCOL, REPLY, REQUEST, Json, Mode, Refused

if TYPE_CHECKING:
    from reactive_kernel.kernel.cascade import Cascade
    from reactive_kernel.kernel.engine import Engine, RunRequest

# After the first client was greeted, before it sends a cell.
_WARM_UP_SECONDS = 0.2
# A slider that is dragged sends many changes.
_WIDGETS_SETTLE_SECONDS = 0.1
_COMMS = ("comm_open", "comm_msg", "comm_close")


class ReactiveKernel(IPythonKernel):
    """An IPython kernel that runs, with a cell, the cells that depend on it."""

    implementation = "reactive_kernel"
    implementation_version = __version__
    control_msg_types = [*IPythonKernel.control_msg_types, REQUEST]  # noqa: RUF012 (ipykernel's)

    # Traits of ipykernel's that are always set in a running kernel.
    if TYPE_CHECKING:
        shell: Any
        session: MarkingSession

    mode = Enum(
        get_args(Mode), default_value="auto", help="auto: dependents run at once; lazy: they are only marked stale."
    ).tag(config=True)
    autoreload = Enum(
        ["all", "off"],
        default_value="all",
        help="all: cells that use a local module become stale when its file is edited, and load it again; off: not.",
    ).tag(config=True)
    run_new_dependents = Bool(True, help="In mode auto, also run dependents that never ran before.").tag(config=True)
    max_superseded_bytes = Integer(
        256 * 1024 * 1024,
        help="Values that later cells rebind or change are kept up to this size in total; larger ones are made again.",
    ).tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(self.session, MarkingSession):
            raise TypeError("ReactiveKernel marks outputs by its Session: start it with `python -m reactive_kernel`")
        self._engine: Engine | None = None
        self._engine_lock = threading.Lock()
        loop = self.control_thread.io_loop if self.control_thread else None
        self.events = Events(
            lambda: self.engine.take_event(), lambda ids: self.engine.look(ids), self._send_event, loop
        )
        self.publisher = Publisher(self, self.session)
        self.waiting = WaitingRequests()
        self.session.peeked = self._note_waiting
        self.told = Told()
        self._cascade: Cascade | None = None
        self._notebook_seen = False
        self._widget_timer: Any = None
        for comm in _COMMS:
            self.shell_handlers[comm] = partial(self._on_comm, self.shell_handlers[comm])
        register_magics(self.shell, self)
        follow_starting_cell(self.shell.get_parent, self._set_thread_parent)
        tell_compiled(self.shell, self._compiled)

    @property
    def engine(self) -> Engine:
        """The session and the user's variables.  Made when first needed: start costs what ipykernel's does."""
        with self._engine_lock:
            if self._engine is None:
                from reactive_kernel.kernel.engine import Engine
                from reactive_kernel.kernel.sql import prepare

                prepare()
                self._engine = Engine(
                    self.shell.user_ns,
                    mode=self.mode,
                    run_new_dependents=self.run_new_dependents,
                    max_superseded_bytes=self.max_superseded_bytes,
                    autoreload=self.autoreload,
                )
            return self._engine

    def _compiled(self, code: CodeType) -> None:
        if self._engine is not None:
            self._engine.compiled(code)

    def start(self) -> None:
        """Start serving requests."""
        super().start()
        self.io_loop.call_later(_WARM_UP_SECONDS, lambda: self.engine)

    # ------------------------------------------------------------------ what the kernel says of itself

    @property
    def kernel_info(self) -> Json:
        """Content of a kernel_info_reply."""
        info: Json = dict(super().kernel_info)
        info["supported_features"] = [*info["supported_features"], FEATURE]
        info["reactive"] = {"protocol": PROTOCOL}
        return info

    @property
    def banner(self) -> str:  # type: ignore[override]
        """What a console shows first."""
        return f"{super().banner}Reactive: cells that depend on what you run follow. %reactive tells more.\n"

    # ------------------------------------------------------------------ the control channel

    async def reactive_request(self, stream: Any, ident: Any, parent: Json) -> None:
        """Answer a `reactive_request`, in the control thread, while a cell may be running."""
        self.events.listen()
        self.session.send(stream, REPLY, json_clean(self._answer(parent)), parent, ident)
        self._publish_events()

    def _answer(self, request: Json) -> Json:
        try:
            command, arguments = _read_command(request["content"])
            self._note_client(request["header"].get("session"), command, arguments)
            with self.engine.lock:
                reply = self.engine.command(command, arguments)
                self.told.note(request["header"], command, arguments)
            return {"status": "ok", **reply}
        except Refused as refused:
            return _error(refused.code, str(refused))
        except Exception as error:
            self.log.exception("Exception in a reactive_request")
            return _error(type(error).__name__, str(error))

    def _note_client(self, client: Any, command: str, arguments: Any) -> None:
        """Before the lock is had: a cascade that holds it may wait for this."""
        if not isinstance(client, str):
            return
        if command in ("sync", "insert"):
            self.waiting.tells(client)
        requests = arguments.get("requests") if isinstance(arguments, dict) else 0
        if command == "sending" and (requests is None or isinstance(requests, int)):
            self.waiting.sending(client, requests)

    def _publish_events(self) -> None:
        try:
            self.events.publish()
        except Exception:
            self.log.exception("Exception in sending an event")

    def _send_event(self, content: Json) -> None:
        self.session.send(self.iopub_socket, EVENT, json_clean(content), parent=None, ident=self._topic(EVENT))

    def _publish_status(self, status: str, channel: str, parent: Json | None = None) -> None:
        # A front end would show an idle kernel in the middle of a run, and a culler could kill it.
        ours = channel == "control" and self.get_parent("control").get("header", {}).get("msg_type") == REQUEST
        if not ours:
            super()._publish_status(status, channel, parent)

    # ------------------------------------------------------------------ running cells

    async def execute_request(self, stream: Any, ident: Any, parent: Json) -> None:
        """Run the cell that a client sent, and what follows from it."""
        if is_plain(parent):
            await self._on_settled(super().execute_request, stream, ident, parent)
            return
        interrupts = Interrupts()
        with interrupts.held():  # to the very end: for a reply that is lost its client waits for ever
            metadata = self.init_metadata(parent)
            content = await self._run_cells(ident, parent, interrupts)
            if self._execute_sleep:
                time.sleep(self._execute_sleep)  # noqa: ASYNC251 (as ipykernel: outputs before the reply)
            content = json_clean(content)
            metadata = self.finish_metadata(parent, metadata, content)
            self.session.send(stream, "execute_reply", content, parent, metadata=metadata, ident=ident)
            interrupted = self._cascade is not None and self._cascade.interrupted
            self._cascade = None
            if (content["status"] == "error" or interrupted) and parent["content"].get("stop_on_error", True):
                self._abort_queues()

    async def _run_cells(self, ident: Any, parent: Json, interrupts: Interrupts) -> Json:
        try:
            cell_id = self._notebook_cell(parent)
            request = read_request(parent, cell_id)
            if cell_id is not None:
                self.events.listen()
            if request.cell_id is not None:
                self.publisher.remember(request.cell_id, parent["header"])
        except Refused as refused:
            return self._refuse("BadRequest", str(refused), parent)
        return await self._run_cells_for(ident, parent, request, interrupts)

    async def _run_cells_for(self, ident: Any, parent: Json, request: RunRequest, interrupts: Interrupts) -> Json:
        from reactive_kernel.kernel.cascade import Cascade

        try:
            self._cascade = Cascade(self, ident, parent, request, interrupts)
            return await self._cascade.run()
        except Refused as refused:
            return self._refuse("BadRequest", str(refused), parent)
        except Exception as error:
            self.log.exception("Exception in running cells")
            return self._refuse("ReactiveKernelError", f"{type(error).__name__}: {error}", parent)

    def _refuse(self, ename: str, evalue: str, parent: Json) -> Json:
        self.publisher.error(ename, evalue, parent)
        return {**_error(ename, evalue), "execution_count": self.shell.execution_count - 1}

    def _notebook_cell(self, parent: Json) -> str | None:
        # JupyterLab's notebooks send `deletedCells` with the id, its code consoles only an id of the input's own.
        cell_id = cell_id_of(parent)
        metadata = parent["metadata"]
        if "deletedCells" in metadata:
            self._notebook_seen = True
        elif self._notebook_seen and "reactive" not in metadata and cell_id not in self.engine.session.cells:
            return None
        return cell_id

    def run_stale_after_this(self) -> None:
        """Run every stale cell after the cell that runs now, in the same request."""
        if self._cascade is not None:
            self._cascade.then_stale = True

    def skip_input(self, source: str) -> None:
        """Count an input that could not run, so that `In` and the prompts stay in step."""
        self.shell.history_manager.store_inputs(self.shell.execution_count, source, source)
        self.shell.execution_count += 1

    @contextmanager
    def _cancel_on_sigint(self, future: Any) -> Iterator[None]:
        # ipykernel notes the signal in the event loop without waking it: an `await` would sleep on.
        loop = asyncio.get_running_loop()
        with super()._cancel_on_sigint(future):
            handler: Any = signal.getsignal(signal.SIGINT)

            def note_and_wake(*args: Any) -> None:
                handler(*args)
                loop.call_soon_threadsafe(lambda: None)

            signal.signal(signal.SIGINT, note_and_wake)
            yield

    # ------------------------------------------------------------------ the queue

    def _note_waiting(self, peek: Json) -> None:
        """The head of a message was read: note that a cell's request waits, before the main thread gets it."""
        if threading.current_thread() is not self.shell_channel_thread or not isinstance(peek["metadata"], dict):
            return
        header, cell_id = peek["header"], cell_id_of(peek)
        if cell_id and header.get("msg_type") == "execute_request" and header.get("subshell_id") is None:
            self.waiting.arrived(header["msg_id"], cell_id)

    def set_parent(self, ident: Any, parent: Json, channel: str = "shell") -> None:
        """Set the request that outputs belong to; a request that gets here has left the queue."""
        if channel == "shell" and parent:
            self.waiting.taken(parent["header"]["msg_id"])
        super().set_parent(ident, parent, channel)

    def _send_abort_reply(self, stream: Any, msg: Json, idents: Any) -> None:
        """Refuse a request after a failed one; front ends have emptied its cell by then."""
        super()._send_abort_reply(stream, msg, idents)
        cell_id = cell_id_of(msg) if msg["header"]["msg_type"] == "execute_request" else None
        if cell_id is not None and self._engine is not None:
            self.publisher.remember(cell_id, msg["header"])
            code = None if self.told.since(msg["header"], cell_id) else msg["content"].get("code")
            self._engine.unshown(cell_id, code if isinstance(code, str) else None)
            self._publish_events()

    def _set_thread_parent(self, parent: Json) -> None:
        self._shell_parent.set(parent)
        self.shell.set_thread_parent(parent)

    # ------------------------------------------------------------------ ipykernel's own, on a settled namespace

    def settle(self) -> None:
        """Before anything but a cell reads the user's variables."""
        if self._engine is None or self._cascade is not None:
            return
        if threading.current_thread() is not threading.main_thread():
            return
        try:
            with Interrupts().held():
                self.engine.settle()
        except Exception:
            self.log.exception("Exception in settling the namespace")

    async def _on_comm(self, handler: Callable[..., Any], *args: Any) -> None:
        answer = self._on_settled(handler, *args)
        if isawaitable(answer):
            await answer
        if self._engine is None or not self._engine.executor.widgets.changed:
            return
        if self._widget_timer is not None:
            self.io_loop.remove_timeout(self._widget_timer)
        self._widget_timer = self.io_loop.call_later(_WIDGETS_SETTLE_SECONDS, self._follow_widgets)

    async def _follow_widgets(self) -> None:
        """Run the cells that read a widget's traits, once the user has paused."""
        self._widget_timer = None
        async with self._main_asyncio_lock:
            request = self.engine.widgets_changed()
            if request is None:
                self.events.publish()
                return
            trigger = self._own_request()
            self.set_parent([], trigger, channel="shell")
            self._publish_status("busy", "shell", parent=trigger)
            try:
                await self._run_cells_for(None, trigger, request, Interrupts())
            finally:
                self._cascade = None
                flush_streams()
                self._publish_status("idle", "shell", parent=trigger)

    def _own_request(self) -> Json:
        """A request of the kernel's own, for cells that run without a client's."""
        header = self.session.msg_header("execute_request")
        content = {"code": "", "allow_stdin": False}
        return as_parent(header, {}, content)

    def _on_settled(self, handler: Callable[..., Any], *args: Any) -> Any:
        self.settle()
        return handler(*args)

    def do_complete(self, code: str, cursor_pos: int | None) -> Any:
        """Complete code."""
        if self._is_sql(code):
            from reactive_kernel.kernel import sql

            cursor = len(code) if cursor_pos is None else cursor_pos
            return self._on_settled(sql.complete, code, cursor, self.shell.user_ns)
        return self._on_settled(super().do_complete, code, cursor_pos)

    def _is_sql(self, code: str) -> bool:
        """Whether code to complete or inspect is a SQL cell's: by its first line, or by what clients told of it."""
        if code.lstrip().startswith(("%%sql", "%sql")):
            return True
        if self._engine is None:
            return False
        cells = self._engine.session.cells
        asked = cells.get(cell_id_of(self.get_parent("shell")) or "")
        if asked is not None:
            return asked.language == "sql"
        return any(cell.language == "sql" and cell.source == code for cell in list(cells.values()))

    def do_inspect(self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()) -> Any:
        """Say what is known about the name at the cursor."""
        if self._is_sql(code):
            from reactive_kernel.kernel import sql

            return self._on_settled(sql.inspect, code, cursor_pos, self.shell.user_ns)
        return self._on_settled(super().do_inspect, code, cursor_pos, detail_level, omit_sections)


def _read_command(content: Any) -> tuple[str, Json]:
    if not isinstance(content, dict):
        raise Refused("bad_request", "the content of a reactive_request must be an object")
    command = content.get("command")
    if not isinstance(command, str):
        raise Refused("bad_request", "a reactive_request needs a command, a string")
    arguments = content.get("arguments", {})
    if not isinstance(arguments, dict):
        raise Refused("bad_request", "the arguments of a reactive_request must be an object")
    return command, arguments


def _error(ename: str, evalue: str) -> Json:
    return {"status": "error", "ename": ename, "evalue": evalue, "traceback": []}
