"""The door's HTTP and WebSocket routes: authenticate, authorise, delegate.

Decides who may come in, as jupyter_server's own handlers do, and how large a message may be.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import APIHandler, JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from reactive_kernel.door import Malformed, parse
from reactive_kernel.protocol import Json
from reactive_kernel.server.clients import Client
from reactive_kernel.server.coordinator import Coordinator
from reactive_kernel.server.history import stamped
from reactive_kernel.server.keeper import Keeper
from reactive_kernel.server.notebook import Refused

RESOURCE = "kernels"
"""What a deployment's authorizer is asked about: who may use the server's kernels may use the door."""

HARD_LIMIT = 256 * 2**20
"""Bytes of a message that end the connection; anything above the setting's limit is refused more gently."""


class _ListHandler(APIHandler):
    auth_resource = RESOURCE

    def initialize(self, keeper: Keeper) -> None:
        self.keeper = keeper


class NotebooksHandler(_ListHandler):
    """The notebooks that have a coordinator."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List them."""
        await self.keeper.look()
        self.finish(json.dumps([coordinator.summary() for coordinator in self.keeper.all()]))


class NotebookHandler(_ListHandler):
    """One notebook's document and state."""

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """The same as the channel's `notebook` message; or, with `outputs_of`, the outputs of these cells alone."""
        coordinator = await _found(self.keeper, path)
        whole = coordinator.whole(self.get_query_arguments("outputs_of") or None)
        self.finish(stamped(whole, coordinator.revision, coordinator.history.last))


class ChannelHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One client's channel to one notebook."""

    auth_resource = RESOURCE
    coordinator: Coordinator
    client: Client | None = None

    def initialize(self, keeper: Keeper) -> None:
        self.keeper = keeper

    def set_default_headers(self) -> None:
        """Undo JupyterHandler's: they make no sense for WebSockets."""

    @property
    def max_message_size(self) -> int:
        return HARD_LIMIT

    def get_compression_options(self) -> Any:
        return self.settings.get("websocket_compression_options", None)

    @ws_authenticated
    async def get(self, path: str) -> None:
        """Let the client in, or refuse before the connection opens."""
        # As jupyter_server's own kernel channel: whoever opens it may run code.
        if not await ensure_async(self.authorizer.is_authorized(self, self.current_user, "execute", RESOURCE)):
            raise web.HTTPError(403)
        self.coordinator = await _found(self.keeper, path)
        await self.keeper.welcome(self.coordinator)
        await super().get(path)

    def open(self, path: str) -> None:
        super().open(path)
        since = self.get_query_argument("since", "")
        self.client = Client(self.coordinator, self._send, int(since) if since.isascii() and since.isdigit() else None)
        self.coordinator.join(self.client)
        self._pump = asyncio.create_task(self._serve(self.client))

    async def _send(self, texts: list[str]) -> None:
        connection: Any = self.ws_connection
        if connection is None or connection.is_closing():
            raise WebSocketClosedError
        if self.get_compression_options() is None:
            await connection.stream.write(framed(texts))
            return
        for text in texts:
            await self.write_message(text)

    async def _serve(self, client: Client) -> None:
        try:
            await client.pump()
        except (WebSocketClosedError, StreamClosedError):
            return
        self.close(1008 if client.overrun else 1000, "Too many unread answers." if client.overrun else "Closed.")

    def on_message(self, message: str | bytes) -> None:
        client = self.client
        if client is None:
            return
        limit = self.keeper.settings.max_message_bytes
        if len(message) > limit:
            client.refuse(f"The message has {len(message):,} bytes; the limit is {limit:,}.", None)
            return
        try:
            request = parse(message)
            if request["type"] in ("interrupt", "restart_kernel"):
                self._command = asyncio.create_task(self._command_kernel(client, request))
            else:
                self.coordinator.ask(request, client)
        except Malformed as fault:
            client.refuse(str(fault), fault.request)
        except Refused as fault:
            client.refuse(str(fault), {"type": request["type"]})

    async def _command_kernel(self, client: Client, request: Json) -> None:
        act = self.keeper.interrupt if request["type"] == "interrupt" else self.keeper.restart
        try:
            await act(self.coordinator)
        except Exception as fault:
            client.refuse(f"The server could not {request['type'].split('_')[0]} the kernel: {fault}", request)
            return
        if "requestId" in request:
            client.answer({"type": "done", "requestId": request["requestId"], "ok": True})

    def on_close(self) -> None:
        if self.client is not None:
            self.coordinator.leave(self.client)
            self._pump.cancel()
        super().on_close()


def framed(texts: list[str]) -> bytes:
    """Messages as WebSocket frames, to be written at once: one write, and no task, for each would cost a server of
    many notebooks more than all else that it does.
    """
    parts: list[bytes] = []
    for text in texts:
        data = text.encode(errors="replace")  # a kernel may have sent half of a surrogate pair
        length = len(data)
        if length < 126:
            head = struct.pack("!BB", 0x81, length)
        elif length <= 0xFFFF:
            head = struct.pack("!BBH", 0x81, 126, length)
        else:
            head = struct.pack("!BBQ", 0x81, 127, length)
        parts += (head, data)
    return b"".join(parts)


async def _found(keeper: Keeper, path: str) -> Coordinator:
    coordinator = await keeper.find(path)
    if coordinator is None:
        raise web.HTTPError(404, f"No reactive notebook is open at {path}")
    return coordinator


def routes(keeper: Keeper) -> list[tuple[str, Any, Json]]:
    """The door's routes, below the server's base URL."""
    own = {"keeper": keeper}
    return [
        (r"/reactive-kernel/notebooks/?", NotebooksHandler, own),
        (r"/reactive-kernel/notebooks/(.+)/channel", ChannelHandler, own),
        (r"/reactive-kernel/notebooks/(.+)", NotebookHandler, own),
    ]
