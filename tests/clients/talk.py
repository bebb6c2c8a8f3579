"""A notebook front end in a few lines: runs cells by id as JupyterLab does, and collects outputs cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

TIMEOUT = 60


class Notebook:
    """The sources of a document's cells and what each of them shows; `run` is Shift+Enter."""

    def __init__(self, client: BlockingKernelClient, sources: dict[str, str]) -> None:
        self.client = client
        self.sources = sources
        self.outputs: dict[str, list[dict[str, Any]]] = {cell_id: [] for cell_id in sources}
        self.sync()

    def sync(self) -> dict[str, Any]:
        """Tell the kernel the whole document."""
        cells = [{"cell_id": cell_id, "source": source} for cell_id, source in self.sources.items()]
        return self.ask("sync", cells=cells)

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """A request on the control channel."""
        message = self.client.session.msg("reactive_request", {"command": command, "arguments": arguments})
        self.client.control_channel.send(message)
        reply = _reply(self.client.get_control_msg, message)
        assert reply["status"] == "ok", reply
        return reply

    def entry(self, cell_id: str) -> dict[str, Any]:
        """The kernel's state of one cell."""
        (found,) = (cell for cell in self.ask("state")["cells"] if cell["cell_id"] == cell_id)
        return dict(found)

    def run_all(self) -> None:
        """Run every cell once, from the first to the last."""
        for cell_id in self.sources:
            if not self.entry(cell_id)["fresh"]:
                self.run(cell_id)

    def run(self, cell_id: str, source: str | None = None) -> list[str]:
        """Run a cell, with a new source if one is given; the ids of the cells that ran, in order."""
        if source is not None:
            self.sources[cell_id] = source
        message = self.client.session.msg(
            "execute_request",
            {
                "code": self.sources[cell_id],
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": True,
                "stop_on_error": True,
            },
            metadata={"cellId": cell_id, "deletedCells": []},
        )
        self.client.shell_channel.send(message)
        self._collect(cell_id, message["header"]["msg_id"])
        reply = _reply(self.client.get_shell_msg, message)
        return [cell["cell_id"] for cell in reply["reactive"]["cells"]]

    def _collect(self, root: str, msg_id: str) -> None:
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            kind, content = message["msg_type"], message["content"]
            own = message["parent_header"].get("msg_id") == msg_id
            if kind == "status" and own and content["execution_state"] == "idle":
                return
            cell_id = message["metadata"].get("reactive", {}).get("cell_id", root)
            if kind == "execute_input":
                self.outputs[cell_id] = []
            elif kind in {"stream", "display_data", "execute_result", "error"}:
                self.outputs[cell_id].append(content)

    def text(self, cell_id: str) -> str:
        """What the cell shows, as plain text."""
        parts = []
        for output in self.outputs[cell_id]:
            parts.append(output.get("text") or output.get("evalue") or output.get("data", {}).get("text/plain", ""))
        return "".join(parts)


def _reply(get: Callable[..., dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    """The content of the reply to a request; replies to others, such as those of starting up, are passed over."""
    while True:
        reply = get(timeout=TIMEOUT)
        if reply["parent_header"].get("msg_id") == request["header"]["msg_id"]:
            return dict(reply["content"])


def sources_of(path: Path) -> dict[str, str]:
    """The code cells of a notebook file, by id."""
    return {cell.id: cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"}


@contextmanager
def opened(sources: dict[str, str]) -> Iterator[Notebook]:
    """A notebook of these cells, with a reactive kernel that ends with the block."""
    manager, client = start_new_kernel(kernel_name="reactive_python")
    try:
        yield Notebook(client, dict(sources))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
