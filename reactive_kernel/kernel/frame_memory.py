"""The memory behind frames and series of pandas: who looks at it, who shares it, what lies in it."""

from __future__ import annotations

import sys
from collections.abc import Set
from typing import Any

from reactive_kernel.kernel.state import MAX_BYTES
from reactive_kernel.kernel.typewise import about, attributes_of

__all__ = [
    "Part", "is_frame", "is_old", "is_small", "lies_in", "owner_of", "same_memory", "shared_memory",
    "viewed_memory",
]  # fmt: skip

SMALL = 1 << 17  # bytes of a frame that is copied, so that pandas doesn't take us for somebody who shares its memory


def is_frame(value: Any) -> bool:
    """True for a frame or a series of pandas."""
    return about(type(value)).package == "pandas" and hasattr(attributes_of(value).get("_mgr"), "blocks")


def is_old() -> bool:
    """True for a pandas without copy-on-write."""
    return int(sys.modules["pandas"].__version__.split(".")[0]) < 3


def is_small(manager: Any) -> bool:
    """True for the data of a frame that is copied rather than shared."""
    return sum(getattr(block.values, "nbytes", 0) for block in manager.blocks) <= SMALL


def owner_of(array: Any) -> Any:
    """The array in whose memory this one lies."""
    base = getattr(array, "base", None)
    return array if base is None else base


def lies_in(block: Any, owners: Set[int]) -> bool:
    """True if what a block holds is in the memory of one of the arrays with these ids."""
    return id(owner_of(block.values)) in owners


def viewed_memory(frame: Any) -> list[Any]:
    """Arrays behind a frame that numpy arrays of the notebook look at as well (`to_numpy()`); none of a large frame.

    A shallow copy of such a frame would be seen: a later change in place would go elsewhere, past those arrays.  They
    are told by the references that pandas' own blocks don't account for.  Before pandas 3 any may be looked at.
    """
    numpy, blocks, old = sys.modules["numpy"], frame._mgr.blocks, is_old()
    if sum(getattr(block.values, "nbytes", 0) for block in blocks) > MAX_BYTES:
        return []
    found = []
    for block in blocks:
        values = block.values
        if type(values) is not numpy.ndarray:
            continue
        owner = values if values.base is None else values.base
        if type(owner) is not numpy.ndarray:
            continue
        if old:
            found.append(owner)
            continue
        block.refs.has_reference()  # asked, pandas forgets the blocks that are gone
        sharing = len(block.refs.referenced_blocks)
        ours = 3 if owner is values else 2  # the variables here, and the argument
        if sys.getrefcount(owner) > sharing + ours:
            found.append(owner)
    return found


def shared_memory(frame: Any) -> list[Any]:
    """Arrays behind a small frame that other frames share, if pandas copies on write."""
    manager = frame._mgr
    if is_old() or not is_small(manager):
        return []
    return [owner_of(block.values) for block in manager.blocks if block.refs.has_reference()]


class Part:
    """What a block of a frame held."""

    def __init__(self, block: Any, viewed: bool, old: bool = False) -> None:
        self.kind, self.place, self.ndim = type(block), block.mgr_locs, block.ndim
        self.values: Any = block.values if viewed else None
        self.refs: Any = block.refs if viewed and not old else None
        self.copy: Any = None if viewed and old else block.values.copy()
        self.size = int(getattr(self.copy, "nbytes", 0))

    def is_in(self, block: Any) -> bool:
        """True if a block holds the same now."""
        now = block.values
        if type(block) is not self.kind or (self.values is not None and not same_memory(now, self.values)):
            return False
        if self.copy is not None and (now.shape != self.copy.shape or now.dtype != self.copy.dtype):
            return False
        if block.mgr_locs.as_array.tolist() != self.place.as_array.tolist():
            return False
        if self.copy is None:
            return True
        if not hasattr(now, "strides"):
            return bool(now.equals(self.copy))
        return bool(now.tobytes() == self.copy.tobytes())  # of objects: where they are

    def block(self) -> Any:
        """A block like the one that was, in the same memory where others look at that.

        Other frames may use that memory until somebody changes it: pandas has to know of them.
        """
        values = self.copy.copy() if self.values is None else self.values
        more = {} if self.refs is None else {"refs": self.refs}
        return self.kind(values, placement=self.place, ndim=self.ndim, **more)


def same_memory(old: Any, new: Any) -> bool:
    """True if two blocks' values lie in the same memory."""
    if old is new:
        return True
    if type(old) is not type(new) or old.dtype != new.dtype:
        return False
    if hasattr(old, "__array_interface__"):
        a, b = old.__array_interface__, new.__array_interface__
        return bool((a["data"], a["shape"], a["strides"]) == (b["data"], b["shape"], b["strides"]))
    found = False
    for part in ("_ndarray", "_data", "_mask", "_pa_array"):
        a, b = getattr(old, part, None), getattr(new, part, None)
        if a is None or b is None:
            continue
        found = True
        if part == "_pa_array":
            if a is not b and [x.address for c in a.chunks for x in c.buffers() if x] != [
                x.address for c in b.chunks for x in c.buffers() if x
            ]:
                return False
        elif not same_memory(a, b):
            return False
    return found or bool(old.equals(new))
