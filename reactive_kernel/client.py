"""A Python client of the coordinator's door, for scripts and agents, asynchronous and not.

    with Notebook.open("http://localhost:8888", "analysis.ipynb", token="…") as notebook:
        notebook.update(0, "x = 20")
        notebook.run(0)
        notebook.settle()
        print(notebook.text(2), notebook.errors())

Decides how answers are matched to requests.  What a notebook looks like after each message is `Mirror`'s
affair, which is pure.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from reactive_kernel.mirror import Mirror
from reactive_kernel.protocol import Json

T = TypeVar("T")
LONGEST = 2**30
RESTING = ("idle", "dead", "unreachable")
ENDED = ("idle", "success", "error", "blocked")


class Refused(Exception):
    """The coordinator refused a request; `str()` says why."""


class AsyncNotebook:
    """A notebook on a server; `mirror` is always what the coordinator last told."""

    def __init__(self, url: str, path: str, token: str = "") -> None:
        self._url = url.rstrip("/")
        self._path = path.strip("/")
        self._headers = {"Authorization": f"token {token}"} if token else {}
        self._socket: WebSocketClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._news = asyncio.Condition()
        self.mirror = Mirror()

    @classmethod
    async def open(cls, url: str, path: str, token: str = "", kernel: str = "reactive_python") -> AsyncNotebook:
        """Open a notebook, starting a kernel for it if it has none, and wait until the kernel is there."""
        notebook = cls(url, path, token)
        await notebook.start_session(kernel)
        await notebook.connect()
        await notebook.wait_for(lambda mirror: mirror.kernel_status not in ("starting", "restarting"))
        return notebook

    async def start_session(self, kernel: str) -> None:
        """Ask the server for a session of this notebook; it answers with the one that is there if there is one."""
        body = {"path": self._path, "name": self._path, "type": "notebook", "kernel": {"name": kernel}}
        request = HTTPRequest(
            f"{self._url}/api/sessions", "POST", self._headers, body=json.dumps(body), request_timeout=120
        )
        await AsyncHTTPClient().fetch(request)

    async def connect(self) -> None:
        """Open the channel; a second time, only what was missed is told."""
        since = self.mirror.seq if self.mirror.seq >= 0 else None
        address = f"{self._url}/reactive-kernel/notebooks/{quote(self._path)}/channel"
        query = "" if since is None else f"?since={since}"
        request = HTTPRequest(address.replace("http", "ws", 1) + query, headers=self._headers)
        self._socket = await websocket_connect(request, max_message_size=LONGEST, ping_interval=0)
        self._reader = asyncio.create_task(self._read(self._socket))
        await self.wait_for(lambda mirror: mirror.seq >= 0)  # the whole comes first

    async def close(self) -> None:
        """Leave; the notebook and its kernel go on."""
        if self._reader:
            self._reader.cancel()
        if self._socket:
            self._socket.close()
        self._socket = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- what the notebook shows ---

    @property
    def cells(self) -> list[Json]:
        """The cells in order: code, state, names and outputs."""
        return self.mirror.cells

    def cell(self, which: str | int) -> Json:
        """A cell by its id or its place."""
        return self.mirror.cells[which] if isinstance(which, int) else self.mirror.cell(which)

    def text(self, which: str | int) -> str:
        """All that a cell shows as text."""
        return self.mirror.text(self.cell(which)["cellId"])

    def errors(self) -> dict[str, str]:
        """What is wrong, by cell: errors and the reasons of blocked cells."""
        return {cell["cellId"]: cell["problem"]["message"] for cell in self.cells if cell.get("problem")}

    # --- what one may ask ---

    async def update(self, which: str | int, code: str, **settings: Any) -> None:
        """Change a cell's text (`cellType`, `disabled` too); runs nothing."""
        await self.ask("cell_update", cellId=self.cell(which)["cellId"], code=code, **settings)

    async def create(self, code: str = "", after: str | int | None = None, kind: str = "python") -> str:
        """Make a cell, at the end unless `after` is given; its id."""
        cell_id = uuid4().hex[:8]
        place = {} if after is None else {"afterCellId": self.cell(after)["cellId"]}
        await self.ask("create_cell", cellId=cell_id, cellType=kind, code=code, **place)
        return cell_id

    async def delete(self, which: str | int) -> None:
        await self.ask("delete_cell", cellId=self.cell(which)["cellId"])

    async def move(self, which: str | int, after: str | int | None) -> None:
        """Move a cell behind another, or to the top."""
        behind = None if after is None else self.cell(after)["cellId"]
        await self.ask("move_cell", cellId=self.cell(which)["cellId"], afterCellId=behind)

    async def run(self, which: str | int, **how: Any) -> Json:
        """Run a cell and what follows from it; returns when all of it is done and all outputs are here."""
        return await self.ask("run_cell", cellId=self.cell(which)["cellId"], **how)

    async def run_stale(self) -> Json:
        return await self.ask("run_stale")

    async def run_all(self) -> Json:
        return await self.ask("run_all")

    async def connect_database(self, url: str, name: str | None = None) -> None:
        await self.ask("update_db_connection", connectionString=url, **({} if name is None else {"name": name}))

    async def interrupt(self) -> None:
        await self.ask("interrupt")

    async def restart(self) -> None:
        """Restart the kernel and wait until it knows the document again."""
        await self.ask("restart_kernel")
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing runs or waits to run, whoever asked for it."""
        await self.wait_for(
            lambda mirror: mirror.kernel_status in RESTING and all(c["status"] in ENDED for c in mirror.cells)
        )

    async def ask(self, kind: str, **fields: Any) -> Json:
        """Send any message of the door and wait until it was dealt with; a run's result is its summary."""
        if self._socket is None or self._reader is None or self._reader.done():
            raise ConnectionError("The notebook's channel is closed.")
        request_id = uuid4().hex
        future = self._waiting[request_id] = asyncio.get_running_loop().create_future()
        await self._socket.write_message(json.dumps({"type": kind, "requestId": request_id, **fields}))
        return dict((await future).get("result") or {})

    async def wait_for(self, holds: Any) -> None:
        """Wait until something holds of the mirror."""
        async with self._news:
            await self._news.wait_for(lambda: holds(self.mirror) or (self._reader is not None and self._reader.done()))
        if not holds(self.mirror):
            raise ConnectionError("The notebook's channel was closed.")

    async def _read(self, socket: WebSocketClientConnection) -> None:
        refusal: dict[str, str] = {}
        try:
            while (text := await socket.read_message()) is not None:
                message = json.loads(text)
                self.mirror.take(message)
                if message["type"] == "error" and isinstance(message["request"], dict):
                    refusal[message["request"].get("requestId", "")] = message["message"]
                elif message["type"] == "done":
                    self._answer(message, refusal.pop(message["requestId"], ""))
                async with self._news:
                    self._news.notify_all()
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(ConnectionError("The notebook's channel was closed."))
            asyncio.get_running_loop().call_soon(asyncio.ensure_future, self._wake())

    async def _wake(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _answer(self, message: Json, refusal: str) -> None:
        future = self._waiting.pop(message["requestId"], None)
        if future is None or future.done():
            return
        if message["ok"] or "result" in message:
            future.set_result(message)
        else:
            future.set_exception(Refused(refusal or "The kernel ended before it was done."))


class Notebook:
    """The same for programs without an event loop; every method waits."""

    def __init__(self, notebook: AsyncNotebook, loop: asyncio.AbstractEventLoop) -> None:
        self._notebook = notebook
        self._loop = loop

    @classmethod
    def open(cls, url: str, path: str, token: str = "", kernel: str = "reactive_python") -> Notebook:
        """Open a notebook, starting a kernel for it if it has none, and wait until the kernel is there."""
        loop = asyncio.new_event_loop()
        threading.Thread(target=loop.run_forever, name="reactive-kernel-client", daemon=True).start()
        opening = asyncio.run_coroutine_threadsafe(AsyncNotebook.open(url, path, token, kernel), loop)
        return cls(opening.result(), loop)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave; the notebook and its kernel go on."""
        self._wait(self._notebook.close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    @property
    def cells(self) -> list[Json]:
        """The cells in order: code, state, names and outputs."""
        return self._notebook.cells

    def cell(self, which: str | int) -> Json:
        """A cell by its id or its place."""
        return self._notebook.cell(which)

    def text(self, which: str | int) -> str:
        """All that a cell shows as text."""
        return self._notebook.text(which)

    def errors(self) -> dict[str, str]:
        """What is wrong, by cell."""
        return self._notebook.errors()

    def update(self, which: str | int, code: str, **settings: Any) -> None:
        """Change a cell's text; runs nothing."""
        self._wait(self._notebook.update(which, code, **settings))

    def create(self, code: str = "", after: str | int | None = None, kind: str = "python") -> str:
        """Make a cell, at the end unless `after` is given; its id."""
        return self._wait(self._notebook.create(code, after, kind))

    def delete(self, which: str | int) -> None:
        self._wait(self._notebook.delete(which))

    def move(self, which: str | int, after: str | int | None) -> None:
        """Move a cell behind another, or to the top."""
        self._wait(self._notebook.move(which, after))

    def run(self, which: str | int, **how: Any) -> Json:
        """Run a cell and what follows from it, to the end."""
        return self._wait(self._notebook.run(which, **how))

    def run_stale(self) -> Json:
        return self._wait(self._notebook.run_stale())

    def run_all(self) -> Json:
        return self._wait(self._notebook.run_all())

    def connect_database(self, url: str, name: str | None = None) -> None:
        self._wait(self._notebook.connect_database(url, name))

    def interrupt(self) -> None:
        self._wait(self._notebook.interrupt())

    def restart(self) -> None:
        """Restart the kernel and wait until it knows the document again."""
        self._wait(self._notebook.restart())

    def settle(self) -> None:
        """Wait until nothing runs or waits to run, whoever asked for it."""
        self._wait(self._notebook.settle())
