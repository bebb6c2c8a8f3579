"""Objects that a run changed and that hold again what they held: a model fitted again to the same data, a frame without
anything to drop.

Such a change is put back and forth with the cell as any other, and readers run again if it does: what they read may be
another object.  But whose value they read is told past it.  What can't be told to be equal in time counts as changed.
"""

from __future__ import annotations

import sys
import types
from time import thread_time
from typing import Any

from reactive_kernel.kernel.changes import PATIENCE, Touched, Watch
from reactive_kernel.kernel.equals import BYTES_AN_ITEM, Pairing, Pairs
from reactive_kernel.kernel.memos import lasting, of_a_library
from reactive_kernel.kernel.openers import way_into
from reactive_kernel.kernel.states import State

__all__ = ["as_before"]


class _Again(Pairing):
    """What took the place of something, and that, which both go on: libraries' instances too may be compared."""

    def __init__(self, main: str, deadline: float) -> None:
        super().__init__(main, deadline, lambda value: True, lambda old, new: False)

    def _inside(self, a: Any, b: Any, kind: type) -> Pairs | None:
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if kind is types.MethodType:
            return [(a.__self__, b.__self__), (a.__func__, b.__func__)]
        if numpy is not None and kind is numpy.ndarray and a.dtype.hasobject:
            same = a.shape == b.shape and a.dtype == b.dtype and a.dtype.kind == "O"
            return (
                self._zipped(a.ravel().tolist(), b.ravel().tolist()) if same and self._affords_items(a.size) else None
            )
        if pandas is not None and issubclass(kind, pandas.Index):
            return [] if self._affords_items(a.size) and a.identical(b) else None
        way = way_into(kind)
        if way.memos is not None and way.attributes is not None:
            one, other = lasting(kind, way.attributes(a)), lasting(kind, way.attributes(b))
            return self._zipped(one.values(), other.values()) if list(one) == list(other) else None
        return super()._inside(a, b, kind)

    def _arrays(self, a: Any, b: Any) -> Pairs | None:
        """By what they hold, wherever their memory is."""
        if a.dtype != b.dtype or a.shape != b.shape or a.flags.writeable != b.flags.writeable:
            return None
        return [] if self._affords(3 * a.nbytes) and a.tobytes() == b.tobytes() else None

    def _affords_items(self, count: int) -> bool:
        return self._affords(BYTES_AN_ITEM * count)

    def agrees(self, value: Any, state: State) -> bool:
        """True if an object holds what it held, or equal things in the places of these."""
        pairs = state.replaced(value, self._affords)
        return pairs is not None and all(self.fits("", old, new) for old, new in pairs)


def as_before(watch: Watch, touched: Touched, main: str, until: float) -> set[int]:
    """Those of the touched objects of libraries that hold again what they held, or what is equal, all through.

    Only of what was seen whole: else something inside may have changed that nobody looked at.
    """
    seen = [found.states.keys() for found in watch.surveys.values() if not found.truncated]
    again = _Again(main, max(until, thread_time() + PATIENCE))
    return {
        key
        for key, (value, state) in touched.items()
        if of_a_library(type(value)) and any(key in states for states in seen) and again.agrees(value, state)
    }
