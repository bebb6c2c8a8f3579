"""States of numpy's arrays, which isn't imported for it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from operator import is_
from typing import Any

from reactive_kernel.kernel.state import MAX_BYTES, MAX_ITEMS, State, Tells

__all__ = ["array_state"]


class _Numbers(State):
    """What a plain array of numbers holds: one of many such, and so without closures."""

    __slots__ = ("dtype", "raw", "shape", "writeable")

    def __init__(self, value: Any) -> None:
        self.raw = raw = value.tobytes()
        self.shape, self.dtype, self.writeable = value.shape, value.dtype, value.flags.writeable
        self.size = len(raw)

    def changed(self, now: Any) -> bool:
        if now.shape != self.shape or now.dtype != self.dtype or now.flags.writeable != self.writeable:
            return True
        return bool(now.tobytes() != self.raw)

    def restore(self, target: Any) -> None:
        if target.nbytes != self.size:
            target.resize(self.shape, refcheck=False)
        elif target.shape != self.shape:
            target.shape = self.shape
        if not target.flags.writeable:
            target.flags.writeable = True
        target[...] = sys.modules["numpy"].frombuffer(self.raw, self.dtype).reshape(self.shape)
        if not self.writeable:
            target.flags.writeable = False

    def inside(self) -> Iterable[Any]:
        return ()


def array_state(value: Any) -> tuple[State | None, Tells]:
    """State of a numpy array: its bytes; of a large one only a sample."""
    base = value.base
    if base is not None and type(base) is type(value):
        return _view_state(value)
    if value.nbytes > MAX_BYTES:
        numpy = sys.modules["numpy"]
        flat = value.reshape(-1) if value.flags.c_contiguous else None
        if flat is None:
            return None, "partly"
        step, shape = max(1, flat.size // 65536), value.shape
        look = flat[::step].copy()
        return State(
            lambda now: (
                now.shape != shape
                or not numpy.array_equal(now.reshape(-1)[::step], look, equal_nan=look.dtype.kind in "fc")
            ),
            None,
        ), "partly"
    if value.dtype.hasobject and value.size > MAX_ITEMS:
        return _many_objects(value)
    numpy = sys.modules["numpy"]
    if type(value) is numpy.ndarray and not value.dtype.hasobject:
        return _Numbers(value), "whole"
    plain = value.view(numpy.ndarray)  # a subclass may show something else, such as copies
    objects = plain.copy() if value.dtype.hasobject else None
    raw = plain.tobytes() if objects is None else b""
    shape, dtype, writeable, size = value.shape, value.dtype, value.flags.writeable, value.size

    def changed(now: Any) -> bool:
        if now.shape != shape or now.dtype != dtype or now.flags.writeable != writeable:
            return True
        inside = now.view(numpy.ndarray)
        return inside.tobytes() != raw if objects is None else not all(map(is_, inside.flat, objects.flat))

    def restore(target: Any) -> None:
        if target.size != size:
            target.resize(shape, refcheck=False)
        elif target.shape != shape:
            target.shape = shape
        if not target.flags.writeable:
            target.flags.writeable = True
        held = numpy.frombuffer(raw, dtype).reshape(shape) if objects is None else objects
        target.view(numpy.ndarray)[...] = held
        if not writeable:
            target.flags.writeable = False

    return State(changed, restore, value.nbytes), "whole"


def _view_state(value: Any) -> tuple[State | None, Tells]:
    """State of a view: how it looks at its memory, which is its base's; that is visited too."""
    shape, dtype, writeable = value.shape, value.dtype, value.flags.writeable

    def changed(now: Any) -> bool:
        return now.shape != shape or now.dtype != dtype or now.flags.writeable != writeable

    def restore(target: Any) -> None:
        if target.dtype != dtype:
            target.dtype = dtype
        if target.shape != shape:
            target.shape = shape
        target.flags.writeable = writeable

    return State(changed, restore), "whole"


def _many_objects(value: Any) -> tuple[State | None, Tells]:
    """A large array of objects: its shape and a stride through it."""
    step = value.size // 256
    shape, look = value.shape, value.ravel()[::step].tolist() if value.flags.c_contiguous else []

    def changed(now: Any) -> bool:
        return now.shape != shape or not all(map(is_, look, now.ravel()[::step].tolist() if look else []))

    return State(changed, None), "partly"
