"""What the values that a cell gives are made of, as far as other cells are concerned."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from reactive_kernel.core.facts import Deferred
from reactive_kernel.core.options import OTHER, SETTABLE
from reactive_kernel.kernel.memos import of_a_library
from reactive_kernel.kernel.survey import Survey
from reactive_kernel.kernel.typewise import about, attributes_of, per_type

__all__ = ["Insides", "frames_seen_by", "libraries_in"]

LOOK = 100  # items of a container that are asked what they are, should they be of those that can't change in place


@dataclass(slots=True)
class Insides:
    """By name: what code inside does, which objects are in it, of which libraries; and tokens of its widgets."""

    carried: dict[str, Deferred] = field(default_factory=dict)
    reach: dict[str, frozenset[int]] = field(default_factory=dict)
    libraries: dict[str, frozenset[str]] = field(default_factory=dict)
    traits: dict[str, str] = field(default_factory=dict)


def frames_seen_by(inside: Survey, given: Iterable[Survey]) -> set[int]:
    """Ids of the pandas frames, of those that a cell was given, into whose memory arrays in a value look.

    What is written into such a frame they show (``x = df["a"].to_numpy()``), though neither holds the other.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or "pandas" not in sys.modules:
        return set()
    items = (item for item, _ in inside.states.values())
    views = {id(item.base) for item in items if type(item) is numpy.ndarray and item.base is not None}
    if not views:
        return set()
    frames = (pair for seen in given for pair in seen.states.items() if about(type(pair[1][0])).package == "pandas")
    return {key for key, (frame, _) in frames if not views.isdisjoint(map(id, _memory_of(frame)))}


def _memory_of(frame: Any) -> list[Any]:
    """Arrays that own the memory behind a frame or series; nothing for what is neither."""
    values = (block.values for block in getattr(attributes_of(frame).get("_mgr"), "blocks", ()))
    return [v if v.base is None else v.base for v in values if type(v) is sys.modules["numpy"].ndarray]


def libraries_in(value: Any, inside: Survey) -> frozenset[str]:
    """Those libraries whose settings may decide how the value looks or behaves."""
    if sys.modules.keys().isdisjoint(SETTABLE):
        return frozenset()
    kinds = {type(value), *(type(item) for item, _ in inside.states.values())}
    if type(value) in (list, tuple, set, dict):
        kinds.update(map(type, islice(value.values() if type(value) is dict else value, LOOK)))
    own = _of(value) if issubclass(type(value), type) else ()
    return frozenset(library for kind in kinds for library in _of(kind)).union(own)


@per_type
def _of(kind: type) -> frozenset[str]:
    """The libraries that a class derives from, of those with settings; of any other only that it is one."""
    bases = type.__dict__["__mro__"].__get__(kind)
    if known := frozenset(about(base).package for base in bases) & frozenset(SETTABLE):
        return known
    others = {about(base).package for base in bases if of_a_library(base)}
    return frozenset() if others <= sys.stdlib_module_names else frozenset((OTHER,))
