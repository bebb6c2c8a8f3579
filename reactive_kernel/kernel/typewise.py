"""Asks types about objects, never the objects: these may lie, be slow, or run the user's code when looked at.

Everything here reads what the interpreter itself keeps of a class, past metaclasses and properties.
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

__all__ = ["About", "about", "attributes_of", "members_of", "module_of", "per_type", "slots_of"]

IMMUTABLE_TYPE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: a type written in C, whose members are its own business

_mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_members: Callable[[type], Mapping[str, Any]] = type.__dict__["__dict__"].__get__
_module: Callable[[type], Any] = type.__dict__["__module__"].__get__
_name: Callable[[type], str] = type.__dict__["__name__"].__get__
_flags: Callable[[type], int] = type.__dict__["__flags__"].__get__


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a class.

    ``module``, ``package``, ``name``; ``attributes`` gets an instance's own attributes (None: it has none);
    ``slotted``: it has slots instead, perhaps none; ``slots`` are their members by name; ``iterates``: its
    instances can only be consumed.
    """

    module: str
    package: str
    name: str
    attributes: Callable[[Any], dict[str, Any]] | None
    slotted: bool
    slots: tuple[tuple[str, types.MemberDescriptorType], ...]
    iterates: bool


def _of_partial(value: partial[Any]) -> dict[str, Any]:
    """Its attributes, without making a dict for them: a partial of one that has it isn't flattened."""
    reduced: Any = partial.__reduce__(value)
    held: dict[str, Any] | None = reduced[2][3]
    return {} if held is None else held


Answer = TypeVar("Answer")


def per_type(question: Callable[[type], Answer]) -> Callable[[type], Answer]:
    """Ask only once of each class; classes are told apart by identity, as their own `__eq__` may be anything."""
    known: dict[int, tuple[weakref.ref[type], Answer]] = {}

    def answer(kind: type) -> Answer:
        entry = known.get(id(kind))
        if entry is not None and entry[0]() is kind:
            return entry[1]
        if len(known) > 4096:
            known.clear()
        found = question(kind)
        known[id(kind)] = (weakref.ref(kind), found)
        return found

    return answer


@per_type
def about(kind: type) -> About:
    """What the interpreter knows of a class."""
    attributes: Callable[[Any], dict[str, Any]] | None = None
    slots: list[tuple[str, types.MemberDescriptorType]] = []
    iterates = slotted = False
    for cls in _mro(kind):
        members = _members(cls)
        iterates = iterates or "__next__" in members
        slotted = slotted or "__slots__" in members
        held = members.get("__dict__")
        if attributes is None and isinstance(held, (types.GetSetDescriptorType, types.MemberDescriptorType)):
            attributes = held.__get__ if cls is not partial else _of_partial
        if not _flags(cls) & IMMUTABLE_TYPE:
            slots += [
                (n, m) for n, m in members.items() if isinstance(m, types.MemberDescriptorType) and n != "__dict__"
            ]
    module = module_of(kind)
    return About(module, module.partition(".")[0], _name(kind), attributes, slotted, tuple(slots), iterates)


def module_of(kind: type) -> str:
    """The module that a class says it is from."""
    try:
        module = _module(kind)
    except AttributeError:
        return ""
    return module if type(module) is str else ""


def members_of(kind: type) -> Mapping[str, Any]:
    """What a class itself holds."""
    return _members(kind)


def attributes_of(value: Any) -> dict[str, Any]:
    """An instance's own attributes; empty if it has none, or if its class hides them."""
    getter = about(type(value)).attributes
    held = None if getter is None else getter(value)
    return {} if held is None else held


def slots_of(value: Any) -> dict[str, Any]:
    """What an instance holds in slots."""
    found: dict[str, Any] = {}
    for name, member in about(type(value)).slots:
        try:
            found[name] = member.__get__(value)
        except AttributeError:
            continue
    return found
