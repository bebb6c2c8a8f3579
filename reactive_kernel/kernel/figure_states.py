"""What matplotlib's figures are made of in great number, looked at with little effort: they should fit the budget.

Every artist has a registry of callbacks, of half a dozen containers; and many share lists, arrays and paths that are
matplotlib's own: attributes of its modules, as it were, which nobody changes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from operator import is_
from typing import Any

from reactive_kernel.kernel.state import State, Tells
from reactive_kernel.kernel.typewise import about, attributes_of, members_of, per_type

__all__ = ["called_back", "is_registry", "owned", "registry_state"]

PLAIN = (dict, list, set)


@per_type
def is_registry(kind: type) -> bool:
    """True for what keeps the callbacks of an artist, an axis or a canvas."""
    known = about(kind)
    return known.module == "matplotlib.cbook" and known.name == "CallbackRegistry"


def called_back(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    """Who is called back; all else in a registry is its own."""
    held = attributes_of(value)
    called = [ref for refs in held.get("callbacks", {}).values() for ref in refs.values()]
    return [held.get("exception_handler"), *called], True


_owned: dict[int, Any] = {}  # keeps them, so that no other object gets the id of one


def owned() -> Mapping[int, Any]:
    """By id, mutable objects that are matplotlib's own: collected once."""
    if not _owned and "matplotlib.figure" in sys.modules:
        _owned.update((id(value), value) for value in _collected(sys.modules["matplotlib"]))
    return _owned


def _collected(matplotlib: Any) -> Iterator[Any]:
    path, array = sys.modules["matplotlib.path"].Path, sys.modules["numpy"].ndarray
    path.unit_circle()  # made when first asked for
    kinds = (list, array, path)
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == "matplotlib"]
    places: list[Mapping[str, Any]] = [getattr(module, "__dict__", {}) for module in modules]
    places += [members_of(item) for place in places for item in place.values() if type(item) is type]
    found = [item for place in places for item in place.values() if type(item) in kinds]
    for options in (matplotlib.rcParams, matplotlib.rcParamsDefault):
        found += [item for item in dict.values(options) if type(item) is list]
    known = getattr(getattr(matplotlib, "colormaps", None), "_cmaps", {})
    found += [attributes_of(colours).get("colors") for colours in known.values()]
    for item in found:
        if type(item) is path:
            yield from (inner for inner in attributes_of(item).values() if type(inner) is array)
        if type(item) in kinds:
            yield item


class _Registry(State):
    """A registry's attributes, and what its containers hold."""

    __slots__ = ("containers", "count", "held")

    def __init__(self, value: Any) -> None:
        self.held = dict(attributes_of(value))
        self.containers = [(found, found.copy()) for found in _containers(self.held)]
        self.count = _next_id(self.held)
        self.size = 400

    def changed(self, now: Any) -> bool:
        held = attributes_of(now)
        if held.keys() != self.held.keys() or not all(held[name] is old for name, old in self.held.items()):
            return True
        found = _containers(held)
        if _next_id(held) != self.count or len(found) != len(self.containers):
            return True
        return not all(a is b and _same(a, copy) for a, (b, copy) in zip(found, self.containers, strict=True))

    def restore(self, target: Any) -> None:
        held = attributes_of(target)
        held.clear()
        held.update(self.held)
        for container, copy in self.containers:
            container.clear()
            (container.extend if type(container) is list else container.update)(copy)
        held["_cid_gen"] = count(self.count)


def registry_state(value: Any) -> tuple[State | None, Tells]:
    """State of a registry of callbacks."""
    return _Registry(value), "whole"


def _next_id(held: dict[str, Any]) -> int:
    """The number that the next callback gets."""
    return int(repr(held["_cid_gen"])[len("count(") : -1])


def _containers(held: dict[str, Any]) -> list[Any]:
    """The containers that make up a registry, of whichever version of matplotlib."""
    found: list[Any] = []
    for value in held.values():
        if type(value) in PLAIN:
            found.append(value)
        inner = value.values() if type(value) is dict else attributes_of(value).values()
        found += [part for part in inner if type(part) in PLAIN]
    return found


def _same(container: Any, copy: Any) -> bool:
    """True if a container holds the very same objects; of a set, equal numbers."""
    if len(container) != len(copy):
        return False
    if type(container) is dict:
        return all(map(is_, container, copy)) and all(map(is_, container.values(), copy.values()))
    return bool(container == copy) if type(container) is set else all(map(is_, container, copy))
