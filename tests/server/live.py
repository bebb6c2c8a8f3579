"""A real jupyter_server in a process of its own, with reactive kernels, and real clients of its door."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import nbformat
import psutil
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

TOKEN = "secret-token-of-the-tests"
PATIENCE = 90.0


class Server:
    """A server with a root directory; `options` are command-line settings."""

    def __init__(
        self, root: Path, *options: str, token: str = TOKEN, env: dict[str, str] | None = None, bare: bool = False
    ) -> None:
        self.root = root
        self.token = token
        self.log_path = root / f".server-{uuid.uuid4().hex[:6]}.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        kernels = root / ".jupyter" / "kernels" / "reactive_python"
        kernels.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "reactive_kernel", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Reactive", "language": "python", "interrupt_mode": "signal"}
        (kernels / "kernel.json").write_text(json.dumps(spec))
        self.env = {
            **os.environ,
            "JUPYTER_NO_CONFIG": "1",
            "JUPYTER_PATH": str(root / ".jupyter"),
            "JUPYTER_PLATFORM_DIRS": "1",
        }
        self.env |= {"JUPYTER_CONFIG_DIR": str(root / ".config"), "JUPYTER_RUNTIME_DIR": str(root / ".runtime")}
        self.env |= {"IPYTHONDIR": str(root / ".ipython"), "PYTHONPATH": str(Path(__file__).parents[2])} | (env or {})
        command = [
            sys.executable,
            "-m",
            "jupyter_server",
            f"--ServerApp.port={self.port}",
            "--ServerApp.port_retries=0",
        ]
        command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}", "--ServerApp.ip=127.0.0.1"]
        command += ["--ServerApp.open_browser=False", "--ServerApp.allow_root=True"]
        command += [f"--ServerApp.jpserver_extensions={{'reactive_kernel.server': {not bare}}}", *options]
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(command, env=self.env, stdout=log, stderr=subprocess.STDOUT)
        headers = {"Authorization": f"token {token}"} if token else {}
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE)
        self._wait_until_up()

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self.http.get("/api/status")
                return
            except httpx.TransportError:
                time.sleep(0.1)
            if self.process.poll() is not None:
                break
        self.stop(signal.SIGKILL)
        raise RuntimeError(self.log())

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.http.close()

    def notebook(self, *sources: str, name: str | None = None, outputs: dict[int, list[Any]] | None = None) -> str:
        """Write a notebook with cells c0, c1, …; its path."""
        path = name or f"nb-{uuid.uuid4().hex[:8]}.ipynb"
        book = nbformat.v4.new_notebook()
        for index, source in enumerate(sources):
            cell = nbformat.v4.new_code_cell(source, id=f"c{index}")
            cell.outputs = (outputs or {}).get(index, [])
            book.cells.append(cell)
        nbformat.write(book, self.root / path)
        return path

    def session(self, path: str, kernel: str = "reactive_python") -> dict[str, Any]:
        body = {"path": path, "name": path, "type": "notebook", "kernel": {"name": kernel}}
        reply = self.http.post("/api/sessions", json=body)
        assert reply.status_code == 201, reply.text
        return reply.json()

    def open(self, *sources: str, **kwargs: Any) -> tuple[str, dict[str, Any]]:
        """A notebook with a session."""
        path = self.notebook(*sources, **kwargs)
        return path, self.session(path)

    def state(self, path: str) -> dict[str, Any]:
        return self.http.get(f"/reactive-kernel/notebooks/{quote(path)}").json()

    def kernels(self) -> list[psutil.Process]:
        """The kernel processes below the server."""
        return [p for p in psutil.Process(self.process.pid).children(recursive=True) if is_kernel(p)]

    def kernel_of(self, session: dict[str, Any]) -> psutil.Process:
        kernel_id = session["kernel"]["id"]
        return next(p for p in self.kernels() if any(kernel_id in part for part in p.cmdline()))

    async def connect(self, path: str, **kwargs: Any) -> Door:
        return await Door.open(self, path, **kwargs)


def is_kernel(process: psutil.Process) -> bool:
    try:
        return "reactive_kernel" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Door:
    """A WebSocket client of one notebook that keeps all it was told."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.seen: list[dict[str, Any]] = []
        self._read = 0

    @classmethod
    async def open(cls, server: Server, path: str, since: int | None = None, token: str | None = None) -> Door:
        query = "" if since is None else f"?since={since}"
        url = f"{server.url}/reactive-kernel/notebooks/{quote(path)}/channel{query}".replace("http", "ws", 1)
        token = server.token if token is None else token
        headers = {"Authorization": f"token {token}"} if token else {}
        request = HTTPRequest(url, headers=headers, request_timeout=PATIENCE, connect_timeout=PATIENCE)
        return cls(await websocket_connect(request, max_message_size=2**30))

    async def send(self, kind: str, **fields: Any) -> None:
        await self.socket.write_message(json.dumps({"type": kind, **fields}))

    async def next(self, patience: float = PATIENCE) -> dict[str, Any]:
        text = await asyncio.wait_for(self.socket.read_message(), patience)
        if text is None:
            raise ConnectionError(f"closed: {self.socket.close_code} {self.socket.close_reason}")
        message = json.loads(text)
        self.seen.append(message)
        return message

    async def until(self, kind: str, *tests: Callable[[dict[str, Any]], bool], **fields: Any) -> dict[str, Any]:
        """The next message of this kind with these fields (messages that came before are not looked at again)."""
        while True:
            message = await self.next()
            fits = all(message.get(key) == value for key, value in fields.items())
            if message["type"] == kind and fits and all(test(message) for test in tests):
                return message

    async def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Send, and wait until the coordinator has dealt with it."""
        request_id = uuid.uuid4().hex
        await self.send(kind, requestId=request_id, **fields)
        return await self.until("done", requestId=request_id)

    async def ready(self) -> dict[str, Any]:
        """Read until the kernel is reachable; the `notebook` message."""
        await self.until_kernel("idle", "busy")
        return self.seen[0]

    async def until_kernel(self, *states: str) -> None:
        """Read until the kernel is in one of these states, which it may be already."""
        if not self.seen:
            await self.next()
        told = [m["status"] for m in self.seen if m["type"] == "kernel_status"] or [self.seen[0]["kernel"]["status"]]
        if told[-1] not in states:
            await self.until("kernel_status", lambda message: message["status"] in states)

    @classmethod
    async def open_kernel(cls, server: Server, session: dict[str, Any]) -> KernelChannel:
        """The kernel's own channel, as a stock front end opens it."""
        kernel_id = session["kernel"]["id"]
        url = f"{server.url}/api/kernels/{kernel_id}/channels?session_id={uuid.uuid4().hex}".replace("http", "ws", 1)
        request = HTTPRequest(url, headers={"Authorization": f"token {server.token}"})
        return KernelChannel(await websocket_connect(request, max_message_size=2**30))

    def close(self) -> None:
        self.socket.close()

    def texts(self, cell_id: str) -> str:
        return "".join(m["data"] for m in self.seen if m["type"] == "cell_stdout" and m["cellId"] == cell_id)


class KernelChannel:
    """A front end's own connection to the kernel, through the server."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    async def _ask(self, channel: str, kind: str, content: Any, metadata: Any) -> dict[str, Any]:
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "", "session": "stock", "version": "5.4"}
        header["date"] = "2026-01-01T00:00:00Z"
        message = {"header": header, "parent_header": {}, "metadata": metadata, "content": content, "channel": channel}
        await self.socket.write_message(json.dumps(message))
        while True:
            answer = json.loads(await asyncio.wait_for(self.socket.read_message(), PATIENCE))
            if answer["channel"] == channel and answer["parent_header"].get("msg_id") == header["msg_id"]:
                return answer["content"]

    async def execute(self, code: str, cell_id: str) -> dict[str, Any]:
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": True, "stop_on_error": True}
        content["user_expressions"] = {}
        return await self._ask("shell", "execute_request", content, {"cellId": cell_id, "deletedCells": []})

    async def control(self, command: str, **arguments: Any) -> dict[str, Any]:
        return await self._ask("control", "reactive_request", {"command": command, "arguments": arguments}, {})
