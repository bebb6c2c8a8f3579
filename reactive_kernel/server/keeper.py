"""Sessions of the server -> coordinators: one for each notebook whose kernel is reactive, whoever opened it.

Decides which sessions get a coordinator, when it is made, closed, or given another kernel or path, and
when its file is read.  Looks when the server says that something happened, and slowly in between.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from jupyter_core.utils import ensure_async
from tornado.web import HTTPError

from reactive_kernel.protocol import Json
from reactive_kernel.server.coordinator import Coordinator
from reactive_kernel.server.document import read_cells
from reactive_kernel.server.log import note
from reactive_kernel.server.settings import Settings

KERNEL_EVENTS = "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
FILE_EVENTS = "https://events.jupyter.org/jupyter_server/contents_service/v1"
LOOK_AGAIN = (0.1, 1.0)
"""Seconds after an event of a kernel at which the sessions are looked at: the session is recorded after the event."""
KEEP_DEAD = 3600.0
"""Seconds for which a notebook is kept whose kernel died for good, if no client is there."""


class Keeper:
    """Makes and closes coordinators."""

    def __init__(self, server: Any, settings: Settings, log: logging.Logger) -> None:
        self.settings = settings
        self.log = log
        self._sessions = server.session_manager
        self._kernels = server.kernel_manager
        self._contents = server.contents_manager
        self._specs = server.kernel_spec_manager
        self._events = server.event_logger
        self._coordinators: dict[str, Coordinator] = {}  # by session id
        self._looking = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    # --- for the handlers ---

    def all(self) -> list[Coordinator]:
        return list(self._coordinators.values())

    async def find(self, path: str) -> Coordinator | None:
        """The coordinator of a notebook, made now if its session has just appeared."""
        found = self._by_path(path)
        if found is None:
            # In a task of its own: a WebSocket's request lasts as long as its connection, and the thread that
            # reads the file would live as long as the task that first needed it, and hold up the server's end.
            await asyncio.create_task(self.look())
            found = self._by_path(path)
        return found

    async def welcome(self, coordinator: Coordinator) -> None:
        """A client is about to join: while none was there, the file may have been changed behind the server's back."""
        if not coordinator.clients:
            await asyncio.create_task(self._read_file(coordinator))

    async def interrupt(self, coordinator: Coordinator) -> None:
        await ensure_async(self._kernels.interrupt_kernel(coordinator.kernel.kernel_id))

    async def restart(self, coordinator: Coordinator) -> None:
        """Restart the kernel, and wait until it knows the document; the server's own event says that it is back."""
        if coordinator.kernel.status == "dead" and coordinator.kernel.kernel_id not in self._kernels:
            await self._revive(coordinator)
            return
        coordinator.kernel.goes_down()
        try:
            await ensure_async(self._kernels.restart_kernel(coordinator.kernel.kernel_id))
        except Exception:
            coordinator.kernel.started_over()  # find out what is left
            raise
        if coordinator.kernel.remote:  # of which no event tells
            coordinator.kernel.started_over()
        await coordinator.kernel.until_settled()

    async def _revive(self, coordinator: Coordinator) -> None:
        """The server has given up the kernel, and the session with it: open a new one."""
        path, name = coordinator.notebook.path, coordinator.kernel.kernel_name
        await self._sessions.create_session(path=path, name=path, type="notebook", kernel_name=name)
        await self.look()
        await coordinator.kernel.until_settled()

    def _by_path(self, path: str) -> Coordinator | None:
        path = path.strip("/")
        return next((c for c in reversed(self.all()) if c.notebook.path == path), None)

    # --- watching the server ---

    def start(self) -> None:
        """Watch from now on."""
        self._events.add_listener(schema_id=KERNEL_EVENTS, listener=self._kernel_event)
        self._events.add_listener(schema_id=FILE_EVENTS, listener=self._file_event)
        self._spawn(self._look_slowly())

    async def stop(self) -> None:
        """The server stops."""
        self._events.remove_listener(schema_id=KERNEL_EVENTS, listener=self._kernel_event)
        self._events.remove_listener(schema_id=FILE_EVENTS, listener=self._file_event)
        for task in self._tasks:
            task.cancel()
        for coordinator in self.all():
            coordinator.close()
        self._coordinators.clear()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _kernel_event(self, logger: Any, schema_id: str, data: Json) -> None:
        if data.get("action") == "restart" and data.get("status") == "success":
            for coordinator in self.all():
                if coordinator.kernel.kernel_id == data.get("kernel_id"):
                    coordinator.kernel.started_over()
        for delay in LOOK_AGAIN:
            self._spawn(self._look_after(delay))

    async def _file_event(self, logger: Any, schema_id: str, data: Json) -> None:
        if data.get("action") == "save":
            coordinator = self._by_path(data.get("path", ""))
            if coordinator:
                await self._read_file(coordinator)
        elif data.get("action") == "rename":
            for delay in LOOK_AGAIN:
                self._spawn(self._look_after(delay))

    async def _look_after(self, delay: float) -> None:
        await asyncio.sleep(delay)
        await self.look()

    async def _look_slowly(self) -> None:
        while True:
            await self.look()
            await self._stop_forgotten()
            await asyncio.sleep(self.settings.session_poll)

    # --- sessions ---

    async def look(self) -> None:
        """Make the coordinators fit the sessions."""
        async with self._looking:
            try:
                listed = await ensure_async(self._sessions.list_sessions())
            except Exception:  # a gateway that is away
                self.log.warning("reactive_kernel could not list the server's sessions", exc_info=True)
                return
            sessions = {s["id"]: s for s in listed if s.get("type") == "notebook" and s.get("kernel")}
            for session_id in [s for s in self._coordinators if s not in sessions]:
                self._let_go(session_id)
            for session_id, session in sessions.items():
                await self._fit(session_id, session)

    def _let_go(self, session_id: str) -> None:
        """A session is gone: closed by somebody, or because its kernel died for good, which loses no document."""
        coordinator = self._coordinators[session_id]
        if coordinator.kernel.status != "dead" or coordinator.left_since(KEEP_DEAD):
            del self._coordinators[session_id]
            coordinator.close()

    def _inherit(self, session_id: str, path: str) -> Coordinator | None:
        """A new session of a notebook whose kernel had died for good: its coordinator goes on."""
        for old, coordinator in self._coordinators.items():
            if coordinator.kernel.status == "dead" and coordinator.notebook.path == path:
                self._coordinators[session_id] = self._coordinators.pop(old)
                return coordinator
        return None

    async def _fit(self, session_id: str, session: Json) -> None:
        """Make, change or close the coordinator of one session."""
        kernel, path = session["kernel"], session["path"].strip("/")
        coordinator = self._coordinators.get(session_id) or self._inherit(session_id, path)
        if not await self._is_reactive(kernel["name"]):
            if coordinator:
                self._coordinators.pop(session_id).close()
            return
        if coordinator is None:
            coordinator = self._coordinators[session_id] = Coordinator(path, self.settings, self.log)
            note(self.log, "opened", path, kernel=kernel["id"])
            await self._read_file(coordinator)
        elif coordinator.notebook.path != path:
            note(self.log, "renamed", path, old=coordinator.notebook.path)
            coordinator.notebook.path = path
            coordinator.publish([coordinator.whole()])
        if coordinator.kernel.kernel_id != kernel["id"]:
            coordinator.kernel.attach(self._kernels.get_kernel(kernel["id"]), kernel["id"], kernel["name"])

    async def _is_reactive(self, name: str) -> bool:
        """By the configured names, or because the kernelspec starts this package's kernel."""
        if name in self.settings.kernel_names:
            return True
        try:
            spec = await ensure_async(self._specs.get_kernel_spec(name))
        except Exception:  # no such kernelspec any more
            return False
        argv = spec.get("argv", []) if isinstance(spec, dict) else spec.argv
        return "reactive_kernel" in argv

    async def _read_file(self, coordinator: Coordinator) -> None:
        try:
            model = await ensure_async(self._contents.get(coordinator.notebook.path, content=True, type="notebook"))
        except HTTPError:
            return  # not saved yet, or not where this server can read it
        except Exception:
            self.log.warning("reactive_kernel could not read %s", coordinator.notebook.path, exc_info=True)
            return
        coordinator.take_file(read_cells(model["content"]))

    async def _stop_forgotten(self) -> None:
        """Stop kernels that nobody has looked at for as long as the settings say."""
        if self.settings.stop_kernel_after <= 0:
            return
        for session_id, coordinator in list(self._coordinators.items()):
            away = coordinator.left_since(self.settings.stop_kernel_after)
            if away and coordinator.kernel.status == "idle" and not await self._connections(coordinator):
                note(self.log, "kernel_stopped", coordinator.notebook.path, kernel=coordinator.kernel.kernel_id)
                # Shielded: a server that stops in the middle would wait for ever for what was cut off.
                await asyncio.shield(ensure_async(self._sessions.delete_session(session_id)))
                self._coordinators.pop(session_id).close()

    async def _connections(self, coordinator: Coordinator) -> int:
        model = await ensure_async(self._kernels.kernel_model(coordinator.kernel.kernel_id))
        return int((model or {}).get("connections", 0))
