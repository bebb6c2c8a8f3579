"""A kernel in its own process and a client that speaks the protocol to it: the tests' one way to the kernel."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import KernelManager

TIMEOUT = 60
Message = dict[str, Any]


class Specs(KernelSpecManager):
    """Knows the kernel of this checkout, installed or not."""

    module = "reactive_kernel"

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """The same for every name."""
        argv = [sys.executable, "-m", self.module, "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name=kernel_name, language="python", metadata={"debugger": True})


@dataclass
class Ran:
    """What one execute_request did: its reply, and all of iopub from its busy to its idle."""

    reply: Message
    messages: list[Message]

    @property
    def content(self) -> Message:
        """Content of the reply."""
        return self.reply["content"]

    @property
    def order(self) -> list[str]:
        """Ids of the cells that ran, in order."""
        return [m["metadata"]["reactive"]["cell_id"] for m in self.of_type("execute_input")]

    def of_type(self, *types: str, cell: str | None = None) -> list[Message]:
        """Messages of these types, of a cell if one is given."""
        return [m for m in self.messages if m["msg_type"] in types and (cell is None or cell_of(m) == cell)]

    def of_cell(self, cell: str) -> list[str]:
        """Types of all messages of a cell, in order."""
        return [m["msg_type"] for m in self.messages if cell_of(m) == cell]

    def text(self, cell: str | None = None) -> str:
        """What was printed or is a result, as plain text."""
        return "".join(text_of(m) for m in self.of_type("stream", "execute_result", cell=cell))

    @property
    def events(self) -> list[Message]:
        """Contents of the events."""
        return [m["content"] for m in self.of_type("reactive_event")]


def cell_of(message: Message) -> str | None:
    """The cell that a message is marked as belonging to."""
    return message["metadata"].get("reactive", {}).get("cell_id")


def text_of(message: Message) -> str:
    """The plain text of an output."""
    content = message["content"]
    return content["text"] if message["msg_type"] == "stream" else content["data"]["text/plain"]


class Kernel:
    """A running kernel and one client of it, as JupyterLab would be (``lab``) or without cell ids."""

    def __init__(self, specs: type[Specs] = Specs, cwd: Path | None = None, **options: Any) -> None:
        self.manager = KernelManager(kernel_name="reactive_test", kernel_spec_manager=specs())
        # ipykernel leaves file descriptors alone where it sees this.
        env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        self.manager.start_kernel(cwd=str(cwd) if cwd else None, env=env, **options)
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)

    def stop(self) -> None:
        """End the process."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def send(self, code: str, metadata: Message | None = None, **content: Any) -> str:
        """Send an execute_request; returns its id."""
        full = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": True,
            "stop_on_error": True,
            **content,
        }
        message = self.client.session.msg("execute_request", full, metadata=metadata)
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def send_cell(self, cell_id: str, code: str, reactive: Any = None, **content: Any) -> str:
        """Send a notebook's cell as JupyterLab does."""
        metadata: Message = {"trusted": True, "deletedCells": [], "recordTiming": False, "cellId": cell_id}
        if reactive is not None:
            metadata["reactive"] = reactive
        return self.send(code, metadata, **content)

    def cell(self, cell_id: str, code: str, reactive: Any = None, **content: Any) -> Ran:
        """Run a notebook's cell."""
        return self.result(self.send_cell(cell_id, code, reactive, **content))

    def cells(self, **cells: str) -> list[Ran]:
        """Run several, one after the other."""
        return [self.cell(cell_id, code) for cell_id, code in cells.items()]

    def console(self, code: str, **content: Any) -> Ran:
        """Run an input of a client without cell ids that can be asked (jupyter console)."""
        return self.result(self.send(code, **content))

    def batch(self, code: str, **content: Any) -> Ran:
        """Run an input of a client without cell ids that can't be asked (nbclient)."""
        return self.result(self.send(code, allow_stdin=False, **content))

    def result(self, msg_id: str) -> Ran:
        """Wait for a request's reply and idle."""
        messages = list(self.iopub_until(lambda m: is_status(m, msg_id, "idle")))
        while True:
            reply = self.client.get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == msg_id:
                break
        starts = [i for i, m in enumerate(messages) if is_status(m, msg_id, "busy")]
        return Ran(reply, messages[starts[0] :] if starts else messages)

    def iopub_until(self, done: Callable[[Message], bool]) -> Iterator[Message]:
        """Messages of iopub up to the one that is wanted."""
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            yield message
            if done(message):
                return

    def wait_for(self, done: Callable[[Message], bool]) -> Message:
        """The wanted message of iopub."""
        *_, last = self.iopub_until(done)
        return last

    def wait_for_text(self, text: str) -> Message:
        """Until this was printed."""
        return self.wait_for(lambda m: m["msg_type"] == "stream" and text in m["content"]["text"])

    def ask(self, msg_type: str, content: Any, channel: str = "control") -> Message:
        """Send any request; returns its reply."""
        message = self.client.session.msg(msg_type, content)
        getattr(self.client, f"{channel}_channel").send(message)
        get = self.client.get_control_msg if channel == "control" else self.client.get_shell_msg
        while True:
            reply = get(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                return reply

    def control(self, command: str, **arguments: Any) -> Message:
        """Content of the reply to a ``reactive_request``."""
        return self.ask("reactive_request", {"command": command, "arguments": arguments})["content"]

    def entries(self) -> dict[str, Message]:
        """The state of every cell."""
        return {entry["cell_id"]: entry for entry in self.control("state")["cells"]}

    def quiet(self, seconds: float = 0.3) -> list[Message]:
        """What still comes on iopub until nothing came for a while."""
        messages = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                messages.append(self.client.get_iopub_msg(timeout=max(0.01, end - time.monotonic())))
                end = time.monotonic() + seconds
            except Exception:
                break
        return messages


def is_status(message: Message, msg_id: str, state: str) -> bool:
    """Whether it is this status of this request."""
    return (
        message["msg_type"] == "status"
        and message["parent_header"].get("msg_id") == msg_id
        and message["content"]["execution_state"] == state
    )
