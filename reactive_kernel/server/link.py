"""The coordinator's own connection to one kernel: requests with answers, and what the kernel publishes.

Decides which answer belongs to which request, and how the bytes travel: over ZeroMQ beside the browser's
own connection, with a session (hence an identity) of its own, or over a gateway's WebSocket.  It never
looks at what messages say.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from hmac import compare_digest
from typing import Any
from urllib.parse import quote

import zmq
from jupyter_client.jsonutil import json_default
from jupyter_client.session import DELIM, Session
from tornado.ioloop import IOLoop

from reactive_kernel.protocol import REQUEST, Json

PROBE = 1.0
"""Seconds to wait for a kernel's answer before it is asked again."""

ECHO = 0.2
"""The same for its word on iopub, once it has answered."""

REMEMBERED = 1024
"""Signatures kept against messages sent twice; jupyter_client's 65,536 would grow for hours under load."""

TURN = 100
"""Messages of one socket that are read before others have their turn."""

Receive = Callable[[Json], None]


class KernelGone(Exception):
    """The kernel will not answer any more."""


class Unreachable(Exception):
    """There is no way to speak to the kernel from here; `str()` says why."""


class Link:
    """Requests and answers; subclasses carry the messages."""

    def __init__(self, session: Session, on_iopub: Receive) -> None:
        self.session = session
        self._on_iopub = on_iopub
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._greetings: set[str] = set()  # message ids
        self._echo = asyncio.Event()  # the kernel spoke of one of them on iopub
        self.process = ""  # the session id that the kernel's process puts on its messages

    async def open(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the kernel."""
        self.give_up()

    def give_up(self) -> None:
        """What waits for an answer will get none: the process is gone."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(KernelGone())
                future.exception()  # whoever still waits gets it; nobody waiting is no fault
        self._waiting.clear()

    def current(self) -> bool:
        """Whether the connection still leads to where the kernel is."""
        return True

    def control(self, command: str, arguments: Json) -> asyncio.Future[Json]:
        """Ask the kernel's control channel; answered while a cell is running."""
        return self._ask("control", REQUEST, {"command": command, "arguments": arguments})[1]

    async def greet(self) -> Json:
        """The kernel's description, once the kernel is heard on control and on iopub.

        It is asked until then.  What is sent to a process that is just ending is lost; and each channel finds a new
        process in its own time: what a kernel published before iopub has found it would be lost, too.
        """
        self._greetings.clear()
        self._echo.clear()
        answers: set[asyncio.Future[Json]] = set()
        while True:
            message_id, answer = self._ask("control", "kernel_info_request", {})
            self._greetings.add(message_id)
            answers.add(answer)
            done, _ = await asyncio.wait(answers, timeout=PROBE, return_when=asyncio.FIRST_COMPLETED)
            if done:
                info = done.pop().result()
                if await self._echoed():
                    return info

    async def _echoed(self) -> bool:
        try:
            async with asyncio.timeout(ECHO):
                return await self._echo.wait()
        except TimeoutError:
            return False

    def execute(self, code: str, metadata: Json) -> tuple[str, asyncio.Future[Json]]:
        """Ask the kernel to run; the message's id and the coming answer."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,  # another client's waiting request is none of this one's business
        }
        return self._ask("shell", "execute_request", content, metadata)

    def _ask(
        self, channel: str, kind: str, content: Json, metadata: Json | None = None
    ) -> tuple[str, asyncio.Future[Json]]:
        message = self.session.msg(kind, content, metadata=metadata)
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[message["header"]["msg_id"]] = future
        self._send(channel, message)
        return message["header"]["msg_id"], future

    def _send(self, channel: str, message: Json) -> None:
        raise NotImplementedError

    def _receive(self, channel: str, message: Json) -> None:
        parent_id = (message.get("parent_header") or {}).get("msg_id", "")
        if channel == "iopub":
            if parent_id in self._greetings:
                self._echo.set()
            self._on_iopub(message)
            return
        self.process = message["header"].get("session", "")
        future = self._waiting.pop(parent_id, None)
        if future and not future.done():
            future.set_result(message["content"])


class Wire:
    """One ZeroMQ socket on the event loop, for a fraction of a ZMQStream's work for each message."""

    def __init__(self, socket: zmq.Socket[bytes], take: Callable[[list[bytes]], None]) -> None:
        self._socket: Any = socket
        self._take = take
        self._loop = IOLoop.current()
        self._descriptor = self._socket.FD
        self._loop.add_handler(self._descriptor, self._drain, IOLoop.READ)
        self._loop.add_callback(self._drain)

    def send(self, parts: list[bytes]) -> None:
        """Send at once: the socket's queue has no bound."""
        self._socket.send_multipart(parts)
        if self._socket.EVENTS & zmq.POLLIN:  # sending may have spent the descriptor's edge
            self._loop.add_callback(self._drain)

    def _drain(self, *event: Any) -> None:
        """Read all that is there: the descriptor tells only of what comes to an empty socket."""
        for _ in range(TURN):
            try:
                parts = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.ZMQError:  # nothing more, or closed
                return
            try:
                self._take(parts)
            except Exception:  # the loop logs it
                self._loop.add_callback(self._drain)
                raise
        self._loop.add_callback(self._drain)  # after what else there is to do

    def close(self) -> None:
        """Let go of the socket."""
        self._loop.remove_handler(self._descriptor)
        self._socket.close()


class ZmqLink(Link):
    """A link to a kernel of this server."""

    def __init__(self, km: Any, on_iopub: Receive) -> None:
        # Not the manager's session: two clients of one identity steal each other's replies.
        session = Session(key=km.session.key, signature_scheme=km.session.signature_scheme, username="coordinator")
        super().__init__(session, on_iopub)
        self._km = km
        self._where = km.ports
        self._wires: dict[str, Wire] = {}
        self._seen: dict[bytes, None] = {}  # signatures of late, oldest first

    async def open(self) -> None:
        for channel, kind in (("iopub", zmq.SUB), ("shell", zmq.DEALER), ("control", zmq.DEALER)):
            self._wires[channel] = Wire(self._connect(channel, kind), partial(self._take, channel))

    def _connect(self, channel: str, kind: int) -> zmq.Socket[bytes]:
        info = self._km.get_connection_info(session=False)
        socket: zmq.Socket[bytes] = zmq.Context.instance().socket(kind)
        socket.linger = 0
        socket.set_hwm(0)  # a burst of a thousand outputs must not be thinned out
        socket.identity = self.session.bsession
        if getattr(self._km, "curve_publickey", None) is not None:
            socket.curve_secretkey = self._km.curve_secretkey
            socket.curve_publickey = self._km.curve_publickey
            socket.curve_serverkey = self._km.curve_publickey
        separator = ":" if info["transport"] == "tcp" else "-"
        socket.connect(f"{info['transport']}://{info['ip']}{separator}{info[f'{channel}_port']}")
        if kind == zmq.SUB:
            socket.subscribe(b"")
        return socket

    def close(self) -> None:
        super().close()
        for wire in self._wires.values():
            wire.close()
        self._wires.clear()

    def current(self) -> bool:
        return bool(self._km.ports == self._where)

    def _send(self, channel: str, message: Json) -> None:
        wire = self._wires.get(channel)
        if wire is None:
            raise KernelGone
        wire.send(self.session.serialize(message))

    def _take(self, channel: str, parts: list[bytes]) -> None:
        try:
            message = self._read(parts)
        except ValueError:
            return  # not signed with the kernel's key, sent twice, or no message at all
        self._receive(channel, message)

    def _read(self, parts: list[bytes]) -> Json:
        """As `Session.deserialize`, but for the dates in the headers: parsing them is half of its work."""
        start = parts.index(DELIM) + 1
        if len(parts) < start + 5:
            raise ValueError("The message is not whole.")
        signature, body = parts[start], parts[start + 1 : start + 5]
        if self.session.auth is not None:
            if signature in self._seen or not compare_digest(signature, self.session.sign(body)):
                raise ValueError("The message is not signed, or it was sent before.")
            self._seen[signature] = None
            if len(self._seen) > REMEMBERED:
                del self._seen[next(iter(self._seen))]
        names = ("header", "parent_header", "metadata", "content")
        return {name: json.loads(part.decode(errors="replace")) for name, part in zip(names, body, strict=True)}


class GatewayLink(Link):
    """A link to a kernel behind a gateway, over the gateway's WebSocket."""

    def __init__(self, km: Any, on_iopub: Receive, on_lost: Callable[[], None]) -> None:
        super().__init__(Session(username="coordinator"), on_iopub)
        self._kernel_id = km.kernel_id
        self._on_lost = on_lost
        self._socket: Any = None
        self._reader: asyncio.Task[None] | None = None

    async def open(self) -> None:
        from jupyter_server.gateway.gateway_client import GatewayClient
        from jupyter_server.utils import url_path_join
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        gateway = GatewayClient.instance()
        url = url_path_join(gateway.ws_url or "", gateway.kernels_endpoint, quote(self._kernel_id), "channels")
        request = HTTPRequest(f"{url}?session_id={self.session.session}", **gateway.load_connection_args())
        try:
            self._socket = await websocket_connect(request, max_message_size=2**30)
        except Exception as fault:
            raise Unreachable(f"The gateway refused the connection to the kernel: {fault}") from fault
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        while True:
            text = await self._socket.read_message()
            if text is None:
                self._on_lost()
                return
            if isinstance(text, str):
                message = json.loads(text)
                self._receive(message.get("channel", ""), message)

    def close(self) -> None:
        super().close()
        if self._reader:
            self._reader.cancel()
        if self._socket:
            self._socket.close()

    def current(self) -> bool:
        return self._reader is not None and not self._reader.done()

    def _send(self, channel: str, message: Json) -> None:
        if self._socket is None:
            raise KernelGone
        text = json.dumps({**message, "channel": channel, "buffers": []}, default=json_default)
        task = asyncio.ensure_future(self._socket.write_message(text))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())


def is_remote(km: Any) -> bool:
    """Whether this manager's kernel is behind a gateway."""
    return hasattr(km, "kernel_url")  # a GatewayKernelManager


def make_link(km: Any, on_iopub: Receive, on_lost: Callable[[], None]) -> Link:
    """The link that fits the kernel's manager."""
    if is_remote(km):
        return GatewayLink(km, on_iopub, on_lost)
    return ZmqLink(km, on_iopub)
