"""States of what builtin types keep outside of an instance's attributes: files in memory, exceptions, contexts."""

from __future__ import annotations

import io
import types
from collections import defaultdict
from contextlib import suppress
from typing import Any

from reactive_kernel.kernel.container_states import Attributes, Taken, dict_state, instance_state, joined
from reactive_kernel.kernel.state import MAX_BYTES, State
from reactive_kernel.kernel.tokens import equal
from reactive_kernel.kernel.typewise import attributes_of, per_type

__all__ = ["buffer_state", "context_state", "default_state", "exception_state"]

_PASSING = frozenset({"__dict__", "__traceback__", "__context__", "__weakref__"})  # raising an exception sets these
_DESCRIPTORS = (types.GetSetDescriptorType, types.MemberDescriptorType)
_CONTEXT = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")


def buffer_state(value: io.StringIO | io.BytesIO) -> Taken:
    """What a file in memory holds, and the place in it; a closed one stays closed."""
    if value.closed:
        return State(lambda now: not now.closed, None), "whole"
    place = value.tell()
    size = value.seek(0, io.SEEK_END)
    value.seek(place)
    if size > MAX_BYTES:
        return State(lambda now: now.closed or now.tell() != place, None), "partly"
    held, more = value.getvalue(), Attributes(attributes_of(value), type(value))

    def changed(now: Any) -> bool:
        return now.closed or now.tell() != place or now.getvalue() != held or more.changed(now)

    def restore(target: Any) -> None:
        more.restore(target)
        target.seek(0)
        target.truncate()
        target.write(held)
        target.seek(place)

    return State(changed, restore, size), "whole"


_factory: Any = defaultdict.default_factory  # type: ignore[misc]


@per_type
def _members_of(kind: type) -> dict[str, Any]:
    """What an exception's builtin classes keep, by name: what gets and sets each."""
    classes = (cls for cls in reversed(type.mro(kind)) if cls.__module__ == "builtins")
    members = ((name, member) for cls in classes for name, member in vars(cls).items())
    return {n: m for n, m in members if type(m) in _DESCRIPTORS and n not in _PASSING}


def _held(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in _members_of(type(value)).items():
        with suppress(Exception):  # some aren't there until they are set
            found[name] = member.__get__(value)
    return found


def _members(value: Any) -> Taken:
    held = _held(value)

    def changed(now: Any) -> bool:
        new = _held(now)
        return new.keys() != held.keys() or not all(v is new[n] or equal(v, new[n]) for n, v in held.items())

    def restore(target: Any) -> None:
        members, now = _members_of(type(target)), _held(target)
        for name, item in held.items():
            if now.get(name, _factory) is not item:
                members[name].__set__(target, item)

    return State(changed, restore), "whole"


exception_state = joined(_members, instance_state)


def _default(value: Any) -> Taken:
    factory = _factory.__get__(value)
    return State(lambda now: _factory.__get__(now) is not factory, lambda now: _factory.__set__(now, factory)), "whole"


default_state = joined(dict_state, _default)


def context_state(value: Any) -> Taken:
    """A decimal context; but for its flags, which all that is worked out in it sets."""
    held, traps = [getattr(value, name) for name in _CONTEXT], dict(value.traps)

    def restore(target: Any) -> None:
        for name, item in zip(_CONTEXT, held, strict=True):
            setattr(target, name, item)
        target.traps.update(traps)

    return State(lambda now: [getattr(now, n) for n in _CONTEXT] != held or now.traps != traps, restore), "whole"
