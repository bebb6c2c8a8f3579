"""Frames of pandas in one memory, at which an array of the notebook's looks as well (`df["x"].values`).

Pandas copies on write only while another frame shares the memory: whether the array sees a change in place hinges on
frames that the cell which makes it doesn't name.  They are inputs of it, and frames that come to share the memory later
have it run again.  Of large frames nothing is told, nor of frames inside containers.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Mapping
from typing import Any

from reactive_kernel.core.operations import Rerun
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.changes import Changes, Watch
from reactive_kernel.kernel.frame_memory import is_frame, lies_in, owner_of
from reactive_kernel.kernel.frames import SmallFrame

__all__ = ["Neighbours"]


class Neighbours:
    """Which cells changed frames while arrays looked at their memory."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._changed: dict[int, tuple[weakref.ref[Any], set[str]]] = {}  # by the array in whose memory the frame lay
        self._names: dict[str, set[str]] = {}  # by cell: names of frames that shared what it changed, at some time
        self._joined: set[str] = set()

    def of(self, watch: Watch, changes: Changes) -> set[str]:
        """After a run: names of other frames that share the memory of those that it changed, and arrays look at.

        Also of those that did so at its runs before: they may come to do so again without any cell's run.
        """
        states = {k: state for k, (_, state) in changes.touched.items() if type(state) is SmallFrame and state.viewed}
        owners = (owner_of(part.values) for state in states.values() for part in state.parts if part.values is not None)
        memory = {id(owner): owner for owner in owners}
        for key, owner in memory.items():
            self._changed.setdefault(key, (weakref.ref(owner), set()))[1].add(watch.cell.id)
        if not memory:
            self._names.pop(watch.cell.id, None)
            return set()
        others = (n for n, value in watch.before.items() if id(value) not in states and _shares(value, memory))
        names = self._names.setdefault(watch.cell.id, set())
        names.update(others)
        return {name for name in names if self.session.graph.above(name, watch.cell.key)}

    def join(self, watch: Watch, bound: Mapping[str, Any]) -> None:
        """After a run: cells below that changed frames in the memory of a new one are to run again."""
        for key in [key for key, (owner, _) in self._changed.items() if owner() is None]:
            del self._changed[key]
        old = set(map(id, watch.before.values())) if self._changed else ()
        for name, value in bound.items() if self._changed else ():
            for key, (_, changers) in self._changed.items():
                if id(value) not in old and _shares(value, {key: None}):
                    cells = [self.session.cells[cell_id] for cell_id in changers if cell_id in self.session.cells]
                    below = (cell for cell in cells if cell.key > watch.cell.key and name not in cell.inputs)
                    self._joined.update(cell.id for cell in below)

    def no_longer_alone(self) -> list[str]:
        """Make stale the cells below which changed a frame that now shares its memory with one more."""
        found = sorted(self._joined & self.session.cells.keys())
        self._joined.clear()
        for cell_id in found:
            self.session.apply(Rerun(cell_id))
        return found


def _shares(value: Any, memory: Mapping[int, Any]) -> bool:
    """True for a frame that lies in one of these arrays' memory."""
    return "pandas" in sys.modules and is_frame(value) and any(lies_in(b, memory.keys()) for b in value._mgr.blocks)
