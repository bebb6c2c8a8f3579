"""One notebook as its coordinator holds it: the document as last told, the kernel's entries, the outputs.

Messages in, messages out: every method takes what a client or the kernel said and returns what the
clients are to be told.  It decides nothing about what depends on what or what runs (the kernel does):
entries are copies of the kernel's.  Pure: no sockets, no clock, no tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from reactive_kernel.protocol import CellText, Edge, Entry, Json
from reactive_kernel.server.cells import NAMES, STATUS, Cell, blank_entry, cascade_message, status_message
from reactive_kernel.server.document import merge, steps, woven
from reactive_kernel.server.outputs import Outputs


class Refused(Exception):
    """A client's request that can't be met; `str()` says why, and nothing has changed."""


class Notebook:
    """The state of one notebook."""

    def __init__(self, path: str, output_limit: int) -> None:
        self.path = path
        self.mode = "auto"
        self.edges: list[Edge] = []
        self.outputs = Outputs(output_limit)
        self.cells: dict[str, Cell] = {}
        self.retell: set[str] = set()  # cells that the kernel ran with an older text than they have
        self.strange = False  # the kernel spoke of cells that we don't hold: someone else tells it edits
        self.told_by_others = False  # a front end tells the kernel edits itself
        self.own_revision = -1  # the kernel's revision after the latest of our own requests
        self.requests: dict[str, str] = {}  # message id of an execute request of ours -> cell
        self._order: list[str] = []
        self._edited: dict[str, Cell] = {}  # of whose edits clients were not told yet
        self._base = 0
        self._kernel_revision = 0
        self._own_structure = -1  # kernel revision of our latest insertion or deletion
        self._mark: Json = {}
        self._current: str | None = None  # the cell that runs

    # --- views ---

    @property
    def revision(self) -> int:
        """The kernel's revision, never going back when a kernel starts over."""
        return self._base + self._kernel_revision

    def order(self) -> list[str]:
        return list(self._order)

    def document(self) -> list[CellText]:
        """The whole document as the kernel is told it."""
        return [self.cells[cell_id].text() for cell_id in self._order]

    def own_document(self) -> list[CellText]:
        """The whole document as it was told."""
        return [self.cells[cell_id].own_text() for cell_id in self._order]

    def view(self, outputs_of: Iterable[str] | None = None) -> Json:
        """The `notebook` message, but for what its sender knows; or with the outputs of some cells, and their runs."""
        shown: dict[str, Json] = {}
        for cell_id in self._order if outputs_of is None else outputs_of:
            shown[cell_id] = {"outputs": self.outputs.view(cell_id)}
            if outputs_of is not None:
                shown[cell_id]["outputs_run"] = self.outputs.run(cell_id)
        cells = [{**self.cell_view(cell_id), **shown.get(cell_id, {})} for cell_id in self._order]
        return {"type": "notebook", "path": self.path, "mode": self.mode, "cells": cells, "edges": self.edges}

    def cell_view(self, cell_id: str) -> Json:
        """A cell as clients see it, without its outputs."""
        cell = self.cells[cell_id]
        language = cell.entry["language"] if cell.revision >= 0 else cell.language or "python"
        shown = {**cell.entry, "cell_id": cell_id, "index": self._order.index(cell_id), "language": language}
        return {"cellId": cell_id, "cellType": language, "code": cell.source, **shown}

    def suspects(self) -> list[str]:
        """The cell that runs, as far as can be told: the kernel says so, or it was asked for and is not answered."""
        asked = next((cell_id for cell_id in self.requests.values() if cell_id in self.cells), None)
        suspect = self._current or asked
        return [suspect] if suspect in self.cells else []

    def label(self, cell_id: str) -> str:
        """How a cell is named to people."""
        return f"cell {self._order.index(cell_id) + 1}" if cell_id in self.cells else "a cell that is gone"

    # --- the document ---

    def get(self, cell_id: str) -> Cell:
        cell = self.cells.get(cell_id)
        if cell is None:
            raise Refused(f"There is no cell {cell_id[:60]!r} in this notebook.")
        return cell

    def index_after(self, after: str | None) -> int:
        """The place after a cell; the top for None."""
        if after is None:
            return 0
        self.get(after)
        return self._order.index(after) + 1

    def index_behind(self, cell_id: str, after: str | None) -> int:
        """Where a cell stands once it was moved behind another; at the top for None."""
        self.get(cell_id)
        if after == cell_id:
            raise Refused("A cell can't stand behind itself.")
        index = self.index_after(after)
        return index - 1 if index > self._order.index(cell_id) else index

    def update(self, cell_id: str, source: str, language: str | None, disabled: bool | None) -> list[Json]:
        """Take a cell's new text; its `cell_updated` waits for the kernel's word (`told_edits` if none comes)."""
        cell = self.get(cell_id)
        told: list[Json] = []
        if source != cell.source:
            told = self._release(cell)
            cell.earlier.append(hash(cell.source))
        cell.source = source
        cell.language = language or cell.language
        cell.disabled = cell.disabled if disabled is None else disabled
        self._edited[cell_id] = cell
        return told

    def insert(self, cell: CellText, index: int) -> list[Json]:
        cell_id = cell["cell_id"]
        if cell_id in self.cells:
            raise Refused(f"There is a cell {cell_id[:60]!r} already.")
        new = Cell(cell_id, cell["source"], cell.get("language"), cell.get("disabled", False), blank_entry(cell_id))
        self.cells[cell_id] = new
        self._order.insert(index, cell_id)
        return [{"type": "cell_created", "cellId": cell_id, "cell": self.cell_view(cell_id), "index": index}]

    def delete(self, cell_id: str) -> list[Json]:
        self.get(cell_id)
        del self.cells[cell_id]
        self._edited.pop(cell_id, None)
        self._order.remove(cell_id)
        self.outputs.forget(cell_id)
        return [{"type": "cell_deleted", "cellId": cell_id}]

    def move(self, cell_id: str, index: int) -> list[Json]:
        self.get(cell_id)
        self._order.remove(cell_id)
        self._order.insert(index, cell_id)
        return [{"type": "cell_moved", "cellId": cell_id, "index": index}]

    def place(self, target: Sequence[CellText]) -> list[Json]:
        """Take a whole document; edits wait for the kernel's word as in `update`."""
        texts = {cell["cell_id"]: cell for cell in target}
        if len(texts) != len(target):
            raise Refused("Two cells of the document have the same id.")
        told: list[Json] = []
        for step in steps(self._order, list(texts)):
            if step.kind == "delete":
                told += self.delete(step.cell_id)
            elif step.kind == "move":
                told += self.move(step.cell_id, step.at)
            else:
                told += self.insert(texts[step.cell_id], step.at)
        for cell_id, text in texts.items():
            cell = self.cells[cell_id]
            language, disabled = text.get("language"), text.get("disabled", False)
            same_kind = language in (None, cell.language)
            if text["source"] != cell.source or not same_kind or disabled != cell.disabled:
                told += self.update(cell_id, text["source"], language, disabled)
        return told

    def merge_file(self, before: Sequence[CellText], file: Sequence[CellText]) -> list[Json]:
        """Take what a save of the notebook's file changed."""
        held = {cell_id: self.cells[cell_id] for cell_id in self._order}
        older = {c["cell_id"] for c in file if c["cell_id"] in held and hash(c["source"]) in held[c["cell_id"]].earlier}
        told = self.place(merge(before, file, self.own_document(), older))
        for cell in self.cells.values():
            cell.earlier.clear()
        return told

    def told_edits(self) -> list[Json]:
        """`cell_updated` for edits of which clients were not told yet."""
        return [message for cell in list(self._edited.values()) for message in self._updated(cell)]

    def _updated(self, cell: Cell) -> list[Json]:
        self._edited.pop(cell.cell_id, None)
        return [{"type": "cell_updated", "cellId": cell.cell_id, "cell": self.cell_view(cell.cell_id)}]

    def run_request(self, message: Json) -> tuple[str, Json]:
        """The code and the metadata of the execute request for a client's `run_…` message."""
        if message["type"] != "run_cell":
            return "", {"reactive": {"run": "stale" if message["type"] == "run_stale" else "all"}}
        cell = self.get(message["cellId"])
        if cell.kept_from:
            raise Refused(cell.kept_from["message"])
        how: Json = {key: message[key] for key in ("run", "cascade") if key in message}
        if cell.disabled:
            how["disabled"] = True
        return cell.source, {"cellId": cell.cell_id, "reactive": {"run": "cell", **how}}

    # --- what the kernel says ---

    def take_reply(self, state: Json, structure: bool = False) -> list[Json]:
        """The kernel's reply to one of our own requests; `structure`: to an insertion, deletion or move."""
        revision = int(state.get("revision", self._kernel_revision))
        self.own_revision = max(self.own_revision, revision)
        if structure:
            self._own_structure = revision
        return self.take_state(state)

    def take_state(self, state: Json) -> list[Json]:
        """Entries, edges, what is gone: of a reply or a `cells` event of the kernel."""
        revision = int(state.get("revision", self._kernel_revision))
        self._kernel_revision = max(self._kernel_revision, revision)
        told: list[Json] = []
        for entry in state.get("cells", []):
            told += self._take_entry(entry, revision)
        if revision >= self._own_structure and any(cell_id in self.cells for cell_id in state.get("removed", [])):
            self.strange = True
        told += self._take_edges(state)
        if state.get("mode", self.mode) != self.mode:
            self.mode = state["mode"]
            told.append({"type": "mode", "mode": self.mode})
        return told

    def _take_edges(self, state: Json) -> list[Json]:
        """Edges come with the entries of the cells that they end in."""
        if state.get("edges") is None:
            return []
        told_of = {entry["cell_id"] for entry in state.get("cells", [])}
        kept = [e for e in self.edges if e["to"] not in told_of and e["to"] in self.cells and e["from"] in self.cells]
        edges = [*kept, *state["edges"]]
        edges.sort(key=lambda edge: (edge["to"], edge["from"]))
        if edges == self.edges:
            return []
        self.edges = edges
        return [{"type": "edges", "edges": edges}]

    def _take_entry(self, entry: Entry, revision: int) -> list[Json]:
        cell = self.cells.get(entry["cell_id"])
        if cell is None:
            # An event from before our own deletion may still speak of the cell.
            self.strange = self.strange or revision >= self._own_structure
            return []
        if revision < cell.revision:
            return []
        cell.revision = revision
        cell.told = entry
        return self._show(cell, entry)

    def _show(self, cell: Cell, entry: Entry) -> list[Json]:
        """Replace a cell's entry; what clients see of the change."""
        if cell.kept_from:
            entry = {**entry, "status": "blocked", "fresh": False, "problem": cell.kept_from, "disabled": cell.disabled}
        old, cell.entry = cast(Json, cell.entry), entry
        new = cast(Json, entry)
        told: list[Json] = []
        if old["status"] == "running" and new["status"] != "running":
            self._current = None if self._current == cell.cell_id else self._current
            told += self.outputs.end_run(cell.cell_id)
        if cell.cell_id in self._edited or any(old.get(key) != new.get(key) for key in NAMES):
            told += self._updated(cell)
        if any(old[key] != new[key] for key in STATUS):
            told.append(status_message(cell))
        return told

    def take_output(self, kind: str, content: Json, mark: Json, parent_id: str) -> list[Json]:
        """An output message of the kernel."""
        cell_id = mark.get("cell_id") or self.requests.get(parent_id)
        told: list[Json] = []
        if cell_id and cell_id not in self.cells and kind == "execute_input":
            # Run by a front end that tells no documents: its place is learnt from the kernel, but its output comes now.
            told = self.insert({"cell_id": cell_id, "source": str(content.get("code", ""))}, len(self._order))
            self.strange = True
        if cell_id not in self.cells:
            return []
        told += self._progress(mark)
        if kind == "execute_input":
            told += self.outputs.begin_run(cell_id, content.get("execution_count"))
            return told + self._started(self.cells[cell_id]) + self._learn(self.cells[cell_id], content.get("code"))
        return told + self.outputs.take(cell_id, kind, content)

    def _started(self, cell: Cell) -> list[Json]:
        """Events gather for a while; that a cell runs is known at once, and who ended the kernel by it."""
        self._current = cell.cell_id
        return self._show(cell, {**cell.entry, "status": "running", "fresh": False})

    def _progress(self, mark: Json) -> list[Json]:
        """The `cascade` message of a mark that is news."""
        if not mark.get("cascade_id") or mark == self._mark:
            return []
        self._mark = mark
        return [cascade_message(mark)]

    def _learn(self, cell: Cell, code: Any) -> list[Json]:
        """A front end that tells no edits ran this text: it is the cell's from now on.

        Unless the cell was edited while the kernel was busy: then the run may have been asked for before.
        """
        if not isinstance(code, str) or code == cell.source:
            return []
        if cell.edited_while_busy:
            self.retell.add(cell.cell_id)
            return []
        return self.update(cell.cell_id, code, None, None) + self._updated(cell)

    def rested(self) -> None:
        """The kernel has been idle for a while: no run that was asked for earlier is waiting."""
        for cell in self.cells.values():
            cell.edited_while_busy = False

    def idle(self) -> list[Json]:
        """A request was dealt with: runs that showed nothing have ended."""
        self._current = None
        told = self.outputs.all_came()
        for cell in self.cells.values():
            # The word that it ended came by another way, before the news that it ran.
            if cell.entry["status"] == "running" and cell.told and cell.told["status"] != "running":
                told += self._show(cell, cell.told)
        return told + [message for cell_id in self._order for message in self.outputs.end_run(cell_id)]

    def adopt(self, state: Json, newer: bool) -> list[Json]:
        """Take what the kernel holds (a `state` with sources) and someone else told it.

        If we know that its document is the newer one, ours becomes the same.  Else it may know only what was
        run so far: its texts are taken, and its cells that we don't hold are put among ours.
        """
        self.strange = False
        entries = sorted(state.get("cells", []), key=lambda entry: entry["index"])
        theirs = {entry["cell_id"]: self._text_of(entry) for entry in entries}
        order = list(theirs) if newer else woven(self._order, list(theirs))
        held = {cell_id: cell.own_text() for cell_id, cell in self.cells.items()}
        told = self.place([theirs.get(cell_id) or held[cell_id] for cell_id in order])
        if newer and (told or self._edited):
            self.told_by_others = True
        return told + self.take_reply(state, structure=True)

    def _text_of(self, entry: Json) -> CellText:
        held = self.cells.get(entry["cell_id"])
        cell: CellText = {"cell_id": entry["cell_id"], "source": entry.get("source", held.source if held else "")}
        if entry["disabled"] and not (held and held.kept_from):
            cell["disabled"] = True
        return cell

    # --- the kernel's life ---

    def kernel_lost(self) -> list[Json]:
        """The process is gone: nothing is fresh, nothing runs; texts and outputs stay."""
        self._base = self.revision + 1
        self._kernel_revision = 0
        self._own_structure = self.own_revision = -1
        self._current = None
        self.requests.clear()
        told: list[Json] = []
        for cell in self.cells.values():
            cell.revision = -1
            cell.told = None
            cell.edited_while_busy = False
            lost: Any = {"status": "idle", "fresh": False, "has_run": False, "version": None, "problem": None}
            self.outputs.keep(cell.cell_id)
            told += self._show(cell, cast(Entry, {**cell.entry, **lost}))
        return told

    def keep_from_running(self, cell_id: str, reason: str) -> list[Json]:
        """The cell ended the kernel too often: it is blocked until it is edited."""
        cell = self.get(cell_id)
        cell.kept_from = {"code": "ends_kernel", "message": reason, "names": [], "cells": [cell_id]}
        return self._show(cell, cell.entry)

    def _release(self, cell: Cell) -> list[Json]:
        if cell.kept_from is None:
            return []
        cell.kept_from = None
        return self._show(cell, {**cell.entry, "status": "idle", "problem": None})

    def dependents(self, cell_ids: Iterable[str]) -> set[str]:
        """The cells and all that the kernel said to be below them."""
        found: set[str] = set()
        waiting = list(cell_ids)
        while waiting:
            cell_id = waiting.pop()
            if cell_id in self.cells and cell_id not in found:
                found.add(cell_id)
                waiting += self.cells[cell_id].entry["downstream"]
        return found
