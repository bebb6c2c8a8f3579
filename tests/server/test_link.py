"""The coordinator's connection to a kernel, against a kernel played by the test."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import zmq
import zmq.asyncio
from jupyter_client.session import Session

from reactive_kernel.server.link import ZmqLink
from tests.server.live import PATIENCE, free_port


class Played:
    """A kernel's control channel, which answers at once, and its iopub, which opens when told."""

    def __init__(self) -> None:
        self.session = Session(key=b"key")
        self.ports = {f"{channel}_port": free_port() for channel in ("shell", "control", "iopub")}
        self.manager: Any = SimpleNamespace(session=self.session, ports=list(self.ports.values()))
        self.manager.get_connection_info = lambda session: {"transport": "tcp", "ip": "127.0.0.1", **self.ports}
        context = zmq.asyncio.Context.instance()
        self.control, self.iopub = context.socket(zmq.ROUTER), context.socket(zmq.PUB)
        self.control.bind(f"tcp://127.0.0.1:{self.ports['control_port']}")
        self.asked: asyncio.Queue[str] = asyncio.Queue()

    def open_iopub(self) -> None:
        self.iopub.bind(f"tcp://127.0.0.1:{self.ports['iopub_port']}")

    async def answer(self) -> None:
        while True:
            identities, parts = self.session.feed_identities(await self.control.recv_multipart())
            request = self.session.deserialize(parts)
            await self._send(self.iopub, "status", {"execution_state": "idle"}, request, [])
            await self._send(self.control, "kernel_info_reply", {"status": "ok"}, request, identities)
            self.asked.put_nowait(request["header"]["msg_type"])

    async def _send(self, socket: Any, kind: str, content: Any, parent: Any, identities: list[bytes]) -> None:
        message = self.session.msg(kind, content, parent=parent["header"])
        await socket.send_multipart([*identities, *self.session.serialize(message)])

    def close(self) -> None:
        self.control.close(0)
        self.iopub.close(0)


async def test_a_kernel_that_answers_but_is_not_heard_yet_is_asked_again() -> None:
    """What it published before its iopub was found again after a restart would be lost."""
    kernel, heard = Played(), []
    link = ZmqLink(kernel.manager, heard.append)
    await link.open()
    answering = asyncio.create_task(kernel.answer())
    greeting = asyncio.create_task(link.greet())
    try:
        async with asyncio.timeout(2 * PATIENCE):
            for _ in range(3):
                assert await kernel.asked.get() == "kernel_info_request"
            assert not greeting.done()
            assert heard == []
            kernel.open_iopub()
            assert (await greeting)["status"] == "ok"
        assert [message["header"]["msg_type"] for message in heard] == ["status"]
    finally:
        answering.cancel()
        link.close()
        kernel.close()
