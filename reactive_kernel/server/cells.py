"""One cell as its coordinator holds it, and the messages that tell of it.

Pure.  An entry is a copy of the kernel's: nothing here decides what it says.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import cast

from reactive_kernel.protocol import CellText, Entry, Json, ProblemDict

NAMES = (
    "reads",
    "writes",
    "mutates",
    "opaque",
    "forward_reads",
    "upstream",
    "downstream",
    "language",
    "disabled",
    "remarks",
)
STATUS = ("status", "fresh", "has_run", "execution_count", "seconds", "problem")


def blank_entry(cell_id: str) -> Entry:
    """A cell of which the kernel has said nothing."""
    lists = ("reads", "writes", "mutates", "forward_reads", "upstream", "downstream", "remarks")
    names: Json = {key: [] for key in lists}
    plain: Json = {"language": "python", "status": "idle", "fresh": False, "has_run": False, "opaque": False}
    unknown: Json = {"version": None, "execution_count": None, "seconds": None, "problem": None}
    return cast(Entry, {"cell_id": cell_id, "index": -1, **plain, **names, **unknown, "disabled": False})


@dataclass(slots=True)
class Cell:
    """A cell: its text as last told, and what the kernel says of it."""

    cell_id: str
    source: str
    language: str | None = None
    disabled: bool = False
    entry: Entry = field(default_factory=lambda: blank_entry(""))
    told: Entry | None = None  # what the kernel last said; `entry` may know by an output that the cell runs already
    revision: int = -1  # of the entry, in the kernel's own count
    kept_from: ProblemDict | None = None  # why it may not run: it ended the kernel too often
    edited_while_busy: bool = False
    # Hashes of the texts it had since the file was last read; the file can't be much behind.
    earlier: deque[int] = field(default_factory=lambda: deque(maxlen=256))

    def own_text(self) -> CellText:
        """The cell as it was told, without what only the coordinator decided."""
        told: CellText = {"cell_id": self.cell_id, "source": self.source}
        if self.language in ("python", "sql"):
            told["language"] = "sql" if self.language == "sql" else "python"
        if self.disabled:
            told["disabled"] = True
        return told

    def text(self) -> CellText:
        """The cell as the kernel is told it."""
        return {**self.own_text(), "disabled": True} if self.kept_from else self.own_text()


def status_message(cell: Cell) -> Json:
    """`cell_status`."""
    entry = cell.entry
    return {
        "type": "cell_status",
        "cellId": cell.cell_id,
        "status": entry["status"],
        "fresh": entry["fresh"],
        "hasRun": entry["has_run"],
        "executionCount": entry["execution_count"],
        "seconds": entry["seconds"],
        "problem": entry["problem"],
    }


def cascade_message(mark: Json) -> Json:
    """`cascade`, from an output's mark."""
    return {
        "type": "cascade",
        "cascadeId": mark["cascade_id"],
        "cascadeIndex": mark["cascade_index"],
        "cascadeTotal": mark["cascade_total"],
        "isLast": mark["is_last"],
        "cellId": mark["cell_id"],
    }
