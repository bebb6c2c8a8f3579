"""What a kernel's death means: which cell is to blame, when it is not run again, and how people are told.

Pure: counts and sentences.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence


class Deaths:
    """How often each cell was running when the kernel died."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._count: dict[str, int] = {}

    def count(self, cell_ids: Sequence[str]) -> list[str]:
        """The kernel died while these ran; those that have done it too often (none if the limit is 0)."""
        for cell_id in cell_ids:
            self._count[cell_id] = self._count.get(cell_id, 0) + 1
        return [cell_id for cell_id in cell_ids if 0 < self.limit <= self._count[cell_id]]

    def forgive(self, cell_id: str) -> None:
        """The cell was edited, or ran to its end."""
        self._count.pop(cell_id, None)

    def reason(self, cell_id: str) -> str:
        """Why a cell is not run again."""
        times = self._count.get(cell_id, self.limit)
        return f"The kernel died {times} times while this cell was running, so it is not run until it is edited."


def describe(code: int | None, running: Sequence[str], restarting: bool) -> str:
    """A death in plain words; `running` are labels of cells."""
    where = f" while {', '.join(running)} was running" if running else ""
    then = (
        "It is being started again; what the cells show is from before." if restarting else "It is not started again."
    )
    return f"The kernel died{where}{_how(code)}. {then}"


def _how(code: int | None) -> str:
    if code is None:
        return ""
    if code >= 0:
        return f" (its process ended with exit code {code})"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hints = {"SIGKILL": ", often a sign of too little memory", "SIGSEGV": ", a fault in compiled code"}
    return f" (its process was ended by {name}{hints.get(name, '')})"
