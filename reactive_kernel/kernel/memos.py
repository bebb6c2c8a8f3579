"""Attributes in which a library's objects keep what they would work out again: filling them changes nothing.

Of the user's own classes nothing is left out: what those keep may depend on the notebook's variables.
"""

from __future__ import annotations

import gc
import sys
import types
from functools import lru_cache
from typing import Any

from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.tokens import equal
from reactive_kernel.kernel.typewise import about, attributes_of, members_of, module_of, per_type

__all__ = ["ENDURING", "Memos", "is_installed", "lasting", "of_a_library", "remembering", "renewed", "shared_kinds"]

CODE = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    staticmethod,
    classmethod,
    type,
)
MAX_PARTS = 200
MAX_NUMBERS = 10_000
# Of matplotlib's transforms: weak references to those made of them, which take themselves out, and have to be told of
# changes: they stay, whatever else is put back.
ENDURING = frozenset({"_parents"})
# By package: what says only what is yet to be drawn, or what was last worked out, and when.
PASSING = {
    "matplotlib": ENDURING | {"stale", "_stale", "majorTicks", "minorTicks"},
    "asteval": frozenset({"start_time", "error", "error_msg", "expr", "lineno", "code_text"}),
}


def lasting(kind: type, attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes of an instance of ``kind`` without those that only remember."""
    memos = remembering(kind)
    if memos is None or (memos.found.isdisjoint(attributes) and attributes.keys() <= memos.keys()):
        return attributes
    return {n: v for n, v in attributes.items() if not memos[n]}


def renewed(kind: type, name: str, old: Any, new: Any) -> bool:
    """True if a library's object has put something equal in the place of a private attribute: nobody else has that."""
    return name[:1] == "_" and of_a_library(kind) and _alike(old, new, [MAX_PARTS])


def _alike(old: Any, new: Any, left: list[int]) -> bool:
    """True if two values are equal numbers, texts, or small arrays or containers of such."""
    kind = type(old)
    left[0] -= 1
    if old is new or left[0] < 0 or kind is not type(new):
        return old is new
    if kind in (list, tuple):
        return len(old) == len(new) and all(_alike(a, b, left) for a, b in zip(old, new, strict=True))
    if kind is dict:
        return list(old) == list(new) and _alike([*old.values()], [*new.values()], left)
    numpy = sys.modules.get("numpy")
    if numpy is not None and kind is numpy.ndarray and old.size <= MAX_NUMBERS and not old.dtype.hasobject:
        return (old.shape, old.dtype) == (new.shape, new.dtype) and bool(old.tobytes() == new.tobytes())
    return equal(old, new)


def of_a_library(kind: type) -> bool:
    """True if a class is from an installed module, not from the notebook or a file of the user's."""
    module = module_of(kind)
    loaded = sys.modules.get(module)
    return getattr(loaded, "__file__", None) is not None and module != "__main__" and LOCAL.edition(module) is None


_installed: dict[int, Any] = {}  # keeps them, so that no other object gets the id of one


def shared_kinds() -> frozenset[type]:
    """Types of functions, and of scipy's distributions, as installed modules have them."""
    return _shared_kinds(sys.modules.get("numpy"), sys.modules.get("scipy.stats"))


@lru_cache(maxsize=4)
def _shared_kinds(numpy: Any, stats: Any) -> frozenset[type]:
    found: set[type] = {types.FunctionType}
    if numpy is not None:
        found |= {numpy.ufunc, type(numpy.mean)}
    if (generic := getattr(stats, "rv_continuous", None)) is not None:
        found |= {type(value) for value in vars(stats).values() if isinstance(value, (generic, stats.rv_discrete))}
    return frozenset(found)


def is_installed(value: Any) -> bool:
    """True for a thing (of `shared_kinds`) as an installed module has it: all share it, and nobody changes it."""
    if id(value) in _installed:
        return True
    if type(value) is types.FunctionType:
        found = _is_of_module(value)
    else:
        homes = [sys.modules.get(name) for name in ("numpy", "scipy.special", "scipy.stats")]
        name = getattr(value, "__name__", None) or attributes_of(value).get("name")
        found = type(name) is str and any(getattr(home, name, None) is value for home in homes)
    if found:
        _installed[id(value)] = value
    return found


def _is_of_module(function: types.FunctionType) -> bool:
    name = function.__module__
    if function.__dict__ or name == "__main__" or type(name) is not str:
        return False
    if function.__closure__ and function.__code__.co_freevars != ("__class__",):
        return False
    module = sys.modules.get(name)
    if module is None or module.__dict__ is not function.__globals__:
        return False
    return getattr(module, "__file__", None) is not None and LOCAL.edition(name) is None


@per_type
def remembering(kind: type) -> Memos | None:
    """Which attributes only remember; None if none of the user's class can.

    An attribute that hides a library's descriptor of the same name is what that gave when it was first asked.
    """
    names = set().union(*map(_given_once, type.mro(kind)))
    library = of_a_library(kind)
    names |= PASSING.get(about(kind).package, frozenset())
    return Memos(names, library) if names or library else None


@per_type
def _given_once(kind: type) -> frozenset[str]:
    """Those of a library's class itself that an instance's own attribute takes the place of."""
    members = members_of(kind).items() if of_a_library(kind) else ()
    return frozenset(n for n, member in members if not issubclass(type(member), CODE) and _gives_once(member))


class Memos(dict[str, bool]):
    """Attribute -> whether it only remembers; asked once of each name.  ``found``: those that do."""

    def __init__(self, names: set[str], library: bool) -> None:
        super().__init__(dict.fromkeys(names, True))
        self.found = names
        self.library = library

    def __missing__(self, name: str) -> bool:
        self[name] = found = self.library and name[:1] == "_" and "cache" in name
        if found:
            self.found.add(name)
        return found


def _gives_once(member: Any) -> bool:
    """True for descriptors that an instance's own attribute takes the place of, and which call something to get it."""
    kind = type(member)
    if not hasattr(kind, "__get__") or hasattr(kind, "__set__"):
        return False
    held = gc.get_referents(member)
    held += [item for part in held if type(part) is dict for item in part.values()]
    return any(callable(item) and item is not kind for item in held)
