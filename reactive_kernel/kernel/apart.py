"""Frames of pandas that were given memory of their own, so that pandas doesn't mind them: superseded ones, as a rule.

Where such a frame is seen again it has to lie in that memory once more: arrays may look at that (`df["x"].values`).
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Iterable, Sequence, Set
from typing import Any

from reactive_kernel.kernel.frame_memory import is_frame, lies_in, owner_of

__all__ = ["Apart"]


class _Memory:
    """Where a block lay.  Nothing here holds the array: pandas and we count who looks at it."""

    def __init__(self, values: Any, refs: Any) -> None:
        owner = owner_of(values)
        self.owner, self.refs = weakref.ref(owner), refs
        self.shape, self.strides, self.dtype = values.shape, values.strides, values.dtype
        self.start = _address(values) - _address(owner)

    def values(self) -> Any:
        """An array that lies there; None if the memory is gone, or not in one piece."""
        owner = self.owner()
        if owner is None:
            return None
        array = sys.modules["numpy"].ndarray
        try:
            return array(self.shape, self.dtype, buffer=owner, offset=self.start, strides=self.strides)
        except (BufferError, TypeError, ValueError):
            return None


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


class Apart:
    """The frames that were set apart, and the memory in which they lay."""

    def __init__(self) -> None:
        # By frame: that, the data it was given, and by number of a block where that lay.
        self._frames: dict[int, tuple[weakref.ref[Any], Any, dict[int, _Memory]]] = {}

    def set_apart(self, values: Iterable[Any], memory: Set[int]) -> None:
        """Give the frames among some values memory of their own, in place of that of the arrays with these ids."""
        for frame in filter(is_frame, values):
            manager = frame._mgr
            lies = [lies_in(block, memory) for block in manager.blocks]
            if any(lies):
                blocks = [b.copy(deep=True) if inside else b for b, inside in zip(manager.blocks, lies, strict=True)]
                made = type(manager).from_blocks(blocks, list(manager.axes))
                object.__setattr__(frame, "_mgr", made)
                self._note(frame, manager, made, lies)

    def _note(self, frame: Any, before: Any, made: Any, lies: list[bool]) -> None:
        plain = ((n, block) for n, block in enumerate(before.blocks) if lies[n] and _is_plain(block.values))
        found = {n: _Memory(block.values, getattr(block, "refs", None)) for n, block in plain}
        known = self._frames.get(id(frame))
        if known is not None and known[0]() is frame and known[1] is before:  # set apart more than once
            found = {**known[2], **found}
        if found:
            self._frames[id(frame)] = weakref.ref(frame), made, found

    def join(self, values: Iterable[Any]) -> None:
        """Have the frames among some values lie where they did, if what is there is what they have."""
        if not self._frames:
            return
        seen = set(map(id, values))
        for key, (reference, manager, places) in [*self._frames.items()]:
            frame = reference()
            if frame is None or frame._mgr is not manager:
                del self._frames[key]
            elif key in seen and (blocks := _joined(manager.blocks, places)):
                object.__setattr__(frame, "_mgr", type(manager).from_blocks(blocks, list(manager.axes)))
                del self._frames[key]


def _joined(blocks: Sequence[Any], places: dict[int, _Memory]) -> list[Any]:
    """Blocks that lie where they did; none if what is there is not what they hold, or is gone."""
    again = {n: values for n, place in places.items() if (values := place.values()) is not None}
    if not all(_is_equal(values, blocks[n].values) for n, values in again.items()):
        return []
    return [_moved(b, again[n], places[n].refs) if n in again else b for n, b in enumerate(blocks)] if again else []


def _moved(block: Any, values: Any, refs: Any) -> Any:
    """A block that lies elsewhere; pandas, if it copies on write, is told that it does."""
    more = {} if refs is None else {"refs": refs}
    return type(block)(values, placement=block.mgr_locs, ndim=block.ndim, **more)


def _is_plain(values: Any) -> bool:
    """True for an array of numbers in the memory of another."""
    array = sys.modules["numpy"].ndarray
    return type(values) is array and type(owner_of(values)) is array and values.dtype.kind in "biufc"


def _is_equal(one: Any, other: Any) -> bool:
    return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
