"""What instances hold outside of themselves: a descriptor of their class keeps it for each, in a weak mapping.

Descriptors of libraries are followed so (of nengo, say); one of the notebook's own is inside its class, which is
looked at whole.  Nothing of a library's mapping is called: the dicts in it are looked at.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

from reactive_kernel.kernel.container_states import Taken, instance_state
from reactive_kernel.kernel.memos import of_a_library
from reactive_kernel.kernel.state import State
from reactive_kernel.kernel.tokens import equal
from reactive_kernel.kernel.typewise import about, attributes_of, members_of, per_type

__all__ = ["holds_elsewhere", "holds_for_others", "in_a_descriptor", "kept_elsewhere", "with_what_is_elsewhere"]

Place = dict[Any, Any]


@per_type
def _places(kind: type) -> tuple[tuple[Place, ...], tuple[Place, ...]]:
    """The dicts that may hold something for an instance: by its id, and by a weak reference to it.

    Only what takes the place of attributes counts: what has `__set__`.  Where instances say themselves what they are
    equal to, a reference to one can't be looked up without asking it.
    """
    by_id: list[Place] = []
    by_reference: list[Place] = []
    for cls in type.mro(kind):
        if not of_a_library(cls):
            continue
        for member in members_of(cls).values():
            if not holds_for_others(type(member)):
                continue
            for held in attributes_of(member).values():
                if type(held) is weakref.WeakKeyDictionary:
                    by_reference.append(attributes_of(held)["data"])
                elif _is_a_mapping(held):
                    by_id += [part for part in attributes_of(held).values() if type(part) is dict]
    own: Any = kind
    plain = own.__hash__ is object.__hash__ and own.__eq__ is object.__eq__ and own.__weakrefoffset__
    return tuple(by_id), tuple(by_reference) if plain else ()


@per_type
def holds_for_others(kind: type) -> bool:
    """True for a library's class of descriptors that take the place of attributes."""
    return hasattr(kind, "__set__") and about(kind).attributes is not None and of_a_library(kind)


def _is_a_mapping(value: Any) -> bool:
    kind = type(value)
    return kind is weakref.WeakKeyDictionary or (issubclass(kind, Mapping) and kind is not dict and of_a_library(kind))


def in_a_descriptor(held: Iterable[Any]) -> list[Any]:
    """What is in one, of what it holds: not what it keeps for instances, which all that use the library share."""
    return [item for item in held if not _is_a_mapping(item)]


@per_type
def holds_elsewhere(kind: type) -> bool:
    """True for a class whose instances may hold something there."""
    return any(_places(kind))


def _held(value: Any) -> list[tuple[Place, Any, Any]]:
    """What there is for an instance: dict, key and item."""
    by_id, by_reference = _places(type(value))
    key = id(value)
    found: list[tuple[Place, Any, Any]] = [(place, key, place[key]) for place in by_id if key in place]
    if by_reference:
        reference = weakref.ref(value)
        found += [(place, reference, place[reference]) for place in by_reference if reference in place]
    return found


def kept_elsewhere(value: Any) -> list[Any]:
    """What there is of an instance."""
    return [item for _, _, item in _held(value) if type(item) is not weakref.ref]


def _is_same(old: Any, new: Any) -> bool:
    """A weak reference only says that something is there."""
    return old is new or (type(old) is type(new) is weakref.ref) or equal(old, new)


def with_what_is_elsewhere(value: Any) -> Taken:
    """State of an instance, with that."""
    own, tells = instance_state(value)
    assert own is not None
    held, restore_own = _held(value), own.restore
    assert restore_own is not None

    def changed(now: Any) -> bool:
        there = _held(now)
        if len(there) != len(held) or own.changed(now):
            return True
        return not all(a[0] is b[0] and _is_same(a[2], b[2]) for a, b in zip(held, there, strict=True))

    def restore(target: Any) -> None:
        restore_own(target)
        was = {id(place): item for place, _, item in held}
        for place, key, _ in _held(target):
            if id(place) not in was:
                del place[key]
        for place, key, item in held:
            if not (type(item) is weakref.ref and key in place):
                place[key] = item

    return State(changed, restore, own.size + 16 * len(held)), tells
