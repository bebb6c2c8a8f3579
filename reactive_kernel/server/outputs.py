"""The outputs of a notebook's cells, kept whether or not anybody looks, within a bound.

Decides what a cell shows after each of Jupyter's output messages, and what is cut when the notebook's
outputs outgrow their bound.  Pure: never knows where messages come from or who is told.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from reactive_kernel.protocol import Json

PIECE = 256 * 1024
"""Characters of one `cell_stdout` message; longer text is told in pieces."""

KEPT = 0.9
"""What is left of the bound after a cut, so that not every message cuts again."""


@dataclass(slots=True)
class Output:
    """One output: nbformat's form without a stream's text, which grows in `chunks`."""

    body: Json
    size: int = 0
    display_id: str | None = None
    chunks: deque[str] | None = None
    cut: int = 0

    def view(self) -> Json:
        """The output as nbformat has it."""
        if self.chunks is None:
            return self.body
        mark = f"[… {self.cut:,} earlier characters were cut …]\n" if self.cut else ""
        return {**self.body, "text": mark + "".join(self.chunks)}

    def cut_oldest(self, count: int) -> int:
        """Drop a stream's oldest text; how much went."""
        gone = 0
        while self.chunks and gone < count:
            first = self.chunks.popleft()
            if len(first) > count - gone:
                self.chunks.appendleft(first[count - gone :])
                first = first[: count - gone]
            gone += len(first)
        self.cut += gone
        self.size -= gone
        return gone


@dataclass(slots=True)
class CellOutputs:
    """A cell's outputs; `clear_next`: the next output replaces all, because a run began or the user's code said so."""

    items: list[Output] = field(default_factory=list)
    clear_next: Literal["", "run", "user"] = ""
    run: int | None = None  # execution count of the run that showed them; None while more may come, or if not known


class Outputs:
    """All outputs of one notebook.  Methods return what the door's clients are to be told."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._cells: dict[str, CellOutputs] = {}
        self._coming: tuple[str, int | None] | None = None  # the latest run, of which more may come

    def view(self, cell_id: str) -> list[Json]:
        """The cell's outputs in nbformat's form."""
        cell = self._cells.get(cell_id)
        return [output.view() for output in cell.items] if cell else []

    def run(self, cell_id: str) -> int | None:
        """Which run of the cell, by its execution count, showed just these outputs; None if that can't be said (yet).

        The kernel's word that a cell ended may come before what the cell showed: it has another way.
        """
        cell = self._cells.get(cell_id)
        return cell.run if cell else None

    def load(self, cell_id: str, saved: list[Json]) -> None:
        """Take outputs from a notebook file."""
        self.forget(cell_id)
        cell = self._cells[cell_id] = CellOutputs()
        for output in saved:
            if output.get("output_type") == "stream":
                self._append_text(cell, str(output.get("name")), _joined(output.get("text", "")))
            else:
                self._append(cell, Output(dict(output)))
        self._trim()

    def forget(self, cell_id: str) -> None:
        """The cell is gone."""
        if self._coming and self._coming[0] == cell_id:
            self._coming = None
        cell = self._cells.pop(cell_id, None)
        if cell:
            self.size -= sum(output.size for output in cell.items)

    def begin_run(self, cell_id: str, count: int | None = None) -> list[Json]:
        """A run began: what it shows will replace what is there, which stands until then."""
        told = self.all_came()
        cell = self._cell(cell_id)
        cell.clear_next, cell.run = "run", None
        self._coming = cell_id, count
        return told

    def all_came(self) -> list[Json]:
        """The kernel sent what comes after the latest run's outputs."""
        if self._coming is None:
            return []
        (cell_id, count), self._coming = self._coming, None
        told = self.end_run(cell_id)
        self._cell(cell_id).run = count
        return told

    def end_run(self, cell_id: str) -> list[Json]:
        """A run ended: if it showed nothing, what is there is void."""
        cell = self._cells.get(cell_id)
        return self._clear(cell_id, cell) if cell and cell.clear_next == "run" else []

    def keep(self, cell_id: str) -> None:
        """The kernel is gone: what is there stands, and is of no run of the next one."""
        self._coming = None
        if cell_id in self._cells:
            self._cells[cell_id].clear_next = ""
            self._cells[cell_id].run = None

    def take(self, cell_id: str, kind: str, content: Json) -> list[Json]:
        """One of Jupyter's output messages for a cell."""
        cell = self._cell(cell_id)
        if kind == "clear_output":
            return self._take_clear(cell_id, cell, bool(content.get("wait")))
        if kind == "update_display_data":
            return self._update_display(content)
        told = self._clear(cell_id, cell) if cell.clear_next else []
        if kind == "stream":
            told += self._take_stream(cell_id, cell, content)
        elif kind == "error":
            told.append(self._take_error(cell_id, cell, content))
        else:
            told.append(self._take_data(cell_id, cell, kind, content))
        self._trim()
        return told

    def _cell(self, cell_id: str) -> CellOutputs:
        return self._cells.setdefault(cell_id, CellOutputs())

    def _take_clear(self, cell_id: str, cell: CellOutputs, wait: bool) -> list[Json]:
        if not wait:
            return self._clear(cell_id, cell)
        cell.clear_next = cell.clear_next or "user"
        return []

    def _clear(self, cell_id: str, cell: CellOutputs) -> list[Json]:
        cell.clear_next = ""
        if not cell.items:
            return []
        self.size -= sum(output.size for output in cell.items)
        cell.items.clear()
        return [{"type": "cell_cleared", "cellId": cell_id}]

    def _take_stream(self, cell_id: str, cell: CellOutputs, content: Json) -> list[Json]:
        name, text = str(content.get("name", "stdout")), str(content.get("text", ""))
        self._append_text(cell, name, text)
        return [
            {"type": "cell_stdout", "cellId": cell_id, "data": text[start : start + PIECE], "name": name}
            for start in range(0, len(text), PIECE)
        ]

    def _append_text(self, cell: CellOutputs, name: str, text: str) -> None:
        last = cell.items[-1] if cell.items else None
        if last is None or last.chunks is None or last.body["name"] != name:
            last = Output({"output_type": "stream", "name": name}, chunks=deque())
            cell.items.append(last)
        assert last.chunks is not None
        last.chunks.append(text)
        last.size += len(text)
        self.size += len(text)

    def _append(self, cell: CellOutputs, output: Output) -> int:
        output.size = _size(output.body)
        self.size += output.size
        cell.items.append(output)
        return len(cell.items) - 1

    def _take_error(self, cell_id: str, cell: CellOutputs, content: Json) -> Json:
        fault = {key: content.get(key, default) for key, default in (("ename", ""), ("evalue", ""), ("traceback", []))}
        self._append(cell, Output({"output_type": "error", **fault}))
        return {"type": "cell_error", "cellId": cell_id, "error": f"{fault['ename']}: {fault['evalue']}", **fault}

    def _take_data(self, cell_id: str, cell: CellOutputs, kind: str, content: Json) -> Json:
        body = {"output_type": kind, "data": content.get("data", {}), "metadata": content.get("metadata", {})}
        if kind == "execute_result":
            body["execution_count"] = content.get("execution_count")
        display_id = (content.get("transient") or {}).get("display_id")
        index = self._append(cell, Output(body, display_id=display_id))
        return _told(cell_id, body, index)

    def _update_display(self, content: Json) -> list[Json]:
        """Replace the data of every output with this display id, wherever it is."""
        display_id = (content.get("transient") or {}).get("display_id")
        told = []
        for cell_id, cell in self._cells.items():
            for index, output in enumerate(cell.items):
                if display_id is None or output.display_id != display_id:
                    continue
                output.body = {
                    **output.body,
                    "data": content.get("data", {}),
                    "metadata": content.get("metadata", {}),
                }
                self.size -= output.size
                output.size = _size(output.body)
                self.size += output.size
                told.append(_told(cell_id, output.body, index))
        self._trim()
        return told

    def _trim(self) -> None:
        """Within the bound: cut the longest streams' oldest text; if that is not enough, the largest outputs."""
        if self.size <= self.limit:
            return
        target = int(self.limit * KEPT)
        everything = [output for cell in self._cells.values() for output in cell.items]
        for output in sorted((o for o in everything if o.chunks), key=lambda o: -o.size):
            if self.size <= target:
                return
            self.size -= output.cut_oldest(self.size - target)
        for output in sorted((o for o in everything if o.chunks is None), key=lambda o: -o.size):
            if self.size <= target:
                return
            self.size -= output.size
            output.body = _placeholder(output)
            output.size = _size(output.body)
            self.size += output.size


def _placeholder(output: Output) -> Json:
    note = f"[an output of {output.size:,} bytes was not kept: the notebook's outputs are over their bound]"
    if output.body["output_type"] == "error":
        return {**output.body, "evalue": str(output.body["evalue"])[:1000], "traceback": [note]}
    return {**output.body, "data": {"text/plain": note}, "metadata": {}}


def _told(cell_id: str, body: Json, index: int) -> Json:
    return {
        "type": "cell_output",
        "cellId": cell_id,
        "output": body["data"],
        "metadata": body["metadata"],
        "kind": body["output_type"],
        "executionCount": body.get("execution_count"),
        "index": index,
    }


def _joined(text: Any) -> str:
    return "".join(text) if isinstance(text, list) else str(text)


def _size(value: Any) -> int:
    """About how many bytes a value takes on the wire."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _size(item) for key, item in value.items())
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sum(map(len, value))
    return len(json.dumps(value, default=str))
