"""What matplotlib's figures are made of in great number, looked at with little effort: they should fit the budget.

Every artist has a registry of callbacks, of half a dozen containers; and many share lists, arrays and paths that are
matplotlib's own: attributes of its modules, as it were, which nobody changes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from operator import is_
from types import FunctionType
from typing import Any

from reactive_kernel.kernel.state import State, Tells
from reactive_kernel.kernel.typewise import about, attributes_of, members_of, per_type

__all__ = [
    "called_back",
    "is_registry",
    "is_settled",
    "is_stack",
    "owned",
    "registry_state",
    "renew_owned",
    "stack_state",
]

PLAIN = (dict, list, set)
SIMPLE = (type(None), FunctionType, count)
# In these nothing changes: the transform that does nothing, the colours that lines take in turn.
SETTLED = {("matplotlib.transforms", "IdentityTransform"), ("matplotlib.axes._base", "_PropCycle")}


@per_type
def is_registry(kind: type) -> bool:
    """True for what keeps the callbacks of an artist, an axis or a canvas."""
    known = about(kind)
    return known.module == "matplotlib.cbook" and known.name == "CallbackRegistry"


def is_settled(kind: type) -> bool:
    """True for parts of figures with nothing inside that changes."""
    known = about(kind)
    return (known.module, known.name) in SETTLED


def is_stack(kind: type) -> bool:
    """True for what a figure keeps its axes in."""
    known = about(kind)
    return known.module == "matplotlib.figure" and known.name == "_AxesStack"


def called_back(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    """Who is called back; all else in a registry is its own."""
    held = attributes_of(value)
    found = [held.get("exception_handler")]
    for refs in held.get("callbacks", {}).values():
        found += refs.values()
    return found, True


_owned: dict[int, Any] = {}  # keeps them, so that no other object gets the id of one


def owned() -> Mapping[int, Any]:
    """By id, mutable objects that are matplotlib's own: collected once, but for its options."""
    if not _owned and "matplotlib.figure" in sys.modules:
        _owned.update((id(value), value) for value in _collected(sys.modules["matplotlib"]))
    return _owned


def renew_owned() -> None:
    """Take in lists of options that were set since."""
    if owned():
        now = dict.values(sys.modules["matplotlib"].rcParams)
        _owned.update((id(item), item) for item in now if type(item) is list)


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

    __slots__ = ("containers", "held", "next")

    def __init__(self, value: Any) -> None:
        self.held = dict(attributes_of(value))
        self.containers = [(found, found.copy()) for found in _containers(self.held)]
        self.next = repr(self.held["_cid_gen"])
        self.size = 400

    def changed(self, now: Any) -> bool:
        held = attributes_of(now)
        if held.keys() != self.held.keys():
            return True
        if not all(held[name] is old or name == "_cid_gen" for name, old in self.held.items()):  # that is made anew
            return True
        found = _containers(held)
        if repr(held["_cid_gen"]) != self.next or len(found) != len(self.containers):
            return True
        return not all(a is b and _same(a, copy) for a, (b, copy) in zip(found, self.containers, strict=True))

    def restore(self, target: Any) -> None:
        held = attributes_of(target)
        held.clear()
        held.update(self.held)
        for container, copy in self.containers:
            container.clear()
            (container.extend if type(container) is list else container.update)(copy)
        held["_cid_gen"] = _counter(self.next)

    def inside(self) -> Iterable[Any]:
        called = [item for _, copy in self.containers if type(copy) is dict for item in copy.values()]
        return [self.held.get("exception_handler"), *called]


class _Quiet(State):
    """The same of a registry in which nobody is registered, as most are."""

    __slots__ = ("held", "next")

    def __init__(self, held: dict[str, Any]) -> None:
        self.held, self.next, self.size = held.copy(), repr(held["_cid_gen"]), 400

    def changed(self, now: Any) -> bool:
        held, old = now.__dict__, self.held
        if held.keys() != old.keys() or not _is_quiet(held) or repr(held["_cid_gen"]) != self.next:
            return True
        return not all(held[name] is old[name] for name in old if name != "_cid_gen")

    def restore(self, target: Any) -> None:
        held = attributes_of(target)
        held.clear()
        held.update(self.held)
        for container in _containers(held):
            if container is not held["_signals"]:
                container.clear()
        held["_cid_gen"] = _counter(self.next)

    def inside(self) -> Iterable[Any]:
        return (self.held.get("exception_handler"),)


def _is_quiet(held: dict[str, Any]) -> bool:
    """True if a registry with these attributes is one of matplotlib's as it now is, and nobody is in it."""
    if held["callbacks"] or held["_pickled_cids"]:
        return False
    known = held["_func_cid_map"].__dict__
    return not (known["_dict"] or known["_pairs"])


class _Stack(State):
    """The axes of a figure, and the number that the next gets."""

    __slots__ = ("axes", "next")

    def __init__(self, held: dict[str, Any]) -> None:
        self.size, self.axes, self.next = 0, held["_axes"], repr(held["_counter"])

    def changed(self, now: Any) -> bool:
        held = attributes_of(now)
        return held["_axes"] is not self.axes or repr(held["_counter"]) != self.next

    def restore(self, target: Any) -> None:
        attributes_of(target).update(_axes=self.axes, _counter=_counter(self.next))

    def inside(self) -> Iterable[Any]:
        return (self.axes,)


def stack_state(value: Any) -> tuple[State | None, Tells]:
    """State of what a figure keeps its axes in; the dict in it is visited."""
    held = attributes_of(value)
    known = held.keys() == {"_axes", "_counter"} and type(held["_counter"]) is count
    return (_Stack(held), "whole") if known else (None, "partly")


def registry_state(value: Any) -> tuple[State | None, Tells]:
    """State of a registry of callbacks."""
    held = attributes_of(value)
    try:
        quiet = _is_quiet(held)
    except (AttributeError, KeyError):  # of another version
        quiet = False
    return _Quiet(held) if quiet else _Registry(value), "whole"


def _counter(shown: str) -> count[int]:
    """A counter that goes on as the one that was shown."""
    return count(int(shown[len("count(") : -1]))


def _containers(held: dict[str, Any]) -> list[Any]:
    """The containers that make up a registry, of whichever version of matplotlib."""
    found: list[Any] = []
    for value in held.values():
        kind = type(value)
        if kind in PLAIN:
            found.append(value)
        elif kind in SIMPLE:
            continue
        inner = value if kind is dict else attributes_of(value) if kind not in PLAIN else {}
        found += [part for part in inner.values() if type(part) in PLAIN]
    return found


def _same(container: Any, copy: Any) -> bool:
    """True if a container holds the very same objects; of a set, equal numbers."""
    if len(container) != len(copy):
        return False
    if type(container) is dict:
        return all(map(is_, container, copy)) and all(map(is_, container.values(), copy.values()))
    return bool(container == copy) if type(container) is set else all(map(is_, container, copy))
