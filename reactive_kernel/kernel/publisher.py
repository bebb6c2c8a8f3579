"""Sends what a cascade shows to the right cell: parents, marks, clear_output, execute_input.

A front end files a message under the cell whose request it has as parent.  So a dependent's messages carry the header
of its own latest ``execute_request``; a cell that never had one gets a header made for it.  Nothing here decides what
runs.
"""

from __future__ import annotations

import select
import sys
import time
from typing import TYPE_CHECKING, Any

from reactive_kernel.kernel.marking import CellOutput, MarkingSession
from reactive_kernel.protocol import Json, OutputMark

if TYPE_CHECKING:
    from reactive_kernel.kernel.engine import Step
    from reactive_kernel.kernel.kernel import ReactiveKernel

_HEADING_LENGTH = 60


class Publisher:
    """Outputs of cells on iopub, for the life of the kernel."""

    def __init__(self, kernel: ReactiveKernel, session: MarkingSession) -> None:
        self._kernel = kernel
        self._session = session
        self._headers: dict[str, Json] = {}
        self._filled: set[str] = set()

    def remember(self, cell_id: str, header: Json) -> None:
        """The header of a cell's own request: parent of its outputs until it has a newer one."""
        old = self._headers.get(cell_id)
        if old is not None:
            # A late message of the earlier run keeps its parent, and is no longer the cell's.
            self._session.outputs.pop(old["msg_id"], None)
        self._headers[cell_id] = header

    def is_filled(self, cell_id: str) -> bool:
        """True if another cell's request filled the output area last: perhaps after the front end had cleared it.

        A front end clears the area when it sends the cell's own request, and that may be on its way for a while.
        """
        return cell_id in self._filled

    def open(
        self, step: Step, cascade_id: str, trigger: Json, idents: Any, code: str, replaces: bool = False
    ) -> CellOutput:
        """Direct all output to the step's cell and say that it runs; ``replaces``: in place of what it shows."""
        parent = trigger if step.root or not step.has_id else self._parent_of(step.cell_id, trigger)
        output = CellOutput(_mark(step, cascade_id))
        self._session.outputs[parent["header"]["msg_id"]] = output
        self._kernel.set_parent(idents, parent, channel="shell")
        (self._filled.discard if step.root else self._filled.add)(step.cell_id)
        self._send("execute_input", {"code": code, "execution_count": self._kernel.shell.execution_count}, parent)
        if not replaces:
            return output
        if step.has_id:
            self._send("clear_output", {"wait": True}, parent)
        else:
            heading = _heading(step)
            output.before_first = lambda: self._send("stream", {"name": "stdout", "text": heading}, parent)
        return output

    def close(self, step: Step, output: CellOutput, replaces: bool) -> None:
        """Send all that the cell wrote; a cell that showed nothing this time loses its old output."""
        clears = step.has_id and replaces
        flush_streams(certainly=clears and not output.shown)
        if clears and not output.shown:
            self._send("clear_output", {"wait": False}, self._kernel.get_parent("shell"))

    def back_to(self, trigger: Json, idents: Any) -> None:
        """Direct output to the trigger again."""
        self._kernel.set_parent(idents, trigger, channel="shell")

    def error(self, ename: str, evalue: str, parent: Json) -> None:
        """Show in a cell why it did not run, in words."""
        content = {"ename": ename, "evalue": evalue, "traceback": [f"\x1b[0;31m{ename}\x1b[0m: {evalue}"]}
        self._send("error", content, parent)

    def _parent_of(self, cell_id: str, trigger: Json) -> Json:
        header = self._headers.get(cell_id)
        if header is None:
            header = self._session.msg_header("execute_request")
            header["session"] = trigger["header"]["session"]
            header["username"] = trigger["header"]["username"]
            self._headers[cell_id] = header
        return as_parent(header, {"cellId": cell_id}, {})

    def _send(self, msg_type: str, content: Json, parent: Json) -> None:
        kernel = self._kernel
        self._session.send(kernel.iopub_socket, msg_type, content, parent=parent, ident=kernel._topic(msg_type))


def as_parent(header: Json, metadata: Json, content: Json) -> Json:
    """The request that has this header, for `set_parent`."""
    return {
        "header": header,
        "msg_id": header["msg_id"],
        "msg_type": header["msg_type"],
        "parent_header": {},
        "metadata": metadata,
        "content": content,
        "buffers": [],
    }


def flush_streams(certainly: bool = True) -> None:
    """Send what was printed, by subprocesses too: those write to a pipe that a thread of ipykernel reads.

    Returns when all is sent; not ``certainly``: or is being sent, by the thread that sends what comes after it too.
    """
    streams = [stream for stream in (sys.stdout, sys.stderr) if stream is not None]
    pipes = [getattr(stream, "_fid", None) for stream in streams]
    _drain_pipes([pipe for pipe in pipes if pipe is not None])
    for stream in streams:
        if certainly or getattr(stream, "_buffers", True):  # to wait for that thread takes longer than most cells
            stream.flush()


def _drain_pipes(pipes: list[Any]) -> None:
    unread = select.poll()
    for pipe in pipes:
        unread.register(pipe, select.POLLIN)
    for _ in range(20 * len(pipes)):
        if not unread.poll(0):
            return
        time.sleep(0.0005)


def _mark(step: Step, cascade_id: str) -> OutputMark:
    return {
        "cell_id": step.cell_id,
        "cascade_id": cascade_id,
        "cascade_index": step.index,
        "cascade_total": step.total,
        "is_last": step.is_last,
    }


def _heading(step: Step) -> str:
    # In a console: "↻ In [3]: print(y)", dim.
    lines = step.source.strip().splitlines() or [""]
    text = lines[0][:_HEADING_LENGTH]
    if len(lines) > 1 or len(lines[0]) > _HEADING_LENGTH:
        text += " …"
    return f"\x1b[2m↻ {step.label}: {text}\x1b[0m\n"
