"""The same sessions through the protocol: a kernel in its own process, and what a front end shows of its messages."""

from __future__ import annotations

from typing import Any, cast

from reactive_kernel.kernel.engine import Engine, RunRequest
from tests.kernel.driver import Kernel, Message, cell_of, text_of

from .driver import Driver
from .execute import ADDRESS, Namespace, Shown, comparable_error

# As the clean run shows values, which knows nothing of IPython's layout of them.
_PLAIN = "get_ipython().display_formatter.formatters['text/plain'].pprint = False"


class Remote:
    """Stands for the engine: its commands go to the kernel's process."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        kernel.control("forget")
        kernel.result(kernel.send(_PLAIN, silent=True, store_history=False))

    def command(self, command: str, arguments: dict[str, Any]) -> Message:
        """One ``reactive_request``."""
        reply = self.kernel.control(command, **arguments)
        assert reply["status"] == "ok", reply
        return reply

    def settle(self) -> None:
        """The kernel does so by itself."""

    def factory(self, namespace: Namespace) -> Engine:
        """In the place of an engine."""
        return cast(Engine, self)


class WireDriver(Driver):
    """What a front end sends, and what its cells show: outputs by cell, emptied when it and the kernel say so."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.outputs: dict[str, list[Message]] = {}
        self.emptied: set[str] = set()  # when the next output comes

    def run(self, request: RunRequest) -> None:
        """One request to run."""
        kernel = cast(Remote, self.engine).kernel
        if request.cell_id is None:
            ran = kernel.result(kernel.send("", {"reactive": {"run": request.kind}}))
        else:
            self.outputs[request.cell_id] = []
            ran = kernel.cell(request.cell_id, request.source)
        for message in ran.messages:
            if (cell_id := cell_of(message)) is not None:
                self._take(cell_id, message)
        for cell_id, outputs in self.outputs.items():
            self.shown[cell_id] = _shown(outputs)

    def _take(self, cell_id: str, message: Message) -> None:
        kind, outputs = message["msg_type"], self.outputs.setdefault(cell_id, [])
        if kind == "execute_input":
            self.ran.append(cell_id)
        elif kind == "clear_output" and message["content"]["wait"]:
            self.emptied.add(cell_id)
        elif kind in ("clear_output", "stream", "execute_result", "error"):
            if kind == "clear_output" or cell_id in self.emptied:
                outputs.clear()
                self.emptied.discard(cell_id)
            if kind != "clear_output":
                outputs.append(message)


def _shown(outputs: list[Message]) -> Shown:
    text, error = "", None
    for message in outputs:
        content = message["content"]
        if message["msg_type"] == "error":
            error = f"{content['ename']}: {content['evalue']}"
        elif message["msg_type"] == "execute_result":
            text += text_of(message) + "\n"
        elif content["name"] == "stdout":
            text += content["text"]
    return Shown(ADDRESS.sub("0x…", text), error and comparable_error(error))
