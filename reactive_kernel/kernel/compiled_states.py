"""States of objects that are written in C, and don't show their inside: by what they would be copied from."""

from __future__ import annotations

import sys
import types
from time import thread_time
from typing import Any

from reactive_kernel.kernel.container_states import Taken, instance_state
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.state import MAX_BYTES, State
from reactive_kernel.kernel.typewise import about, attributes_of, members_of, per_type

__all__ = ["compiled_state", "hides", "inside_compiled", "reduces", "with_hidden_part"]

PATIENCE = 0.005  # seconds that taking one apart may last; a kind of which one took longer isn't asked again
MAX_PARTS = 5000
POINTER = 8
HEAD: int = object.__basicsize__
REDUCING = frozenset({"__reduce__", "__reduce_ex__", "__getstate__"})
ASKED = REDUCING | {"__getnewargs__", "__getnewargs_ex__", "__getattribute__", "__getattr__"}
FLAT: frozenset[type] = frozenset({int, float, complex, bool, str, bytes, type(None), type(...), range})
NAMED = (type, types.BuiltinFunctionType)
# What derives from these has of its own only attributes: what these hold can't be changed, or says nothing of values.
FIXED = (int, float, complex, str, bytes, tuple, frozenset, BaseException, property, staticmethod, classmethod)
FUNCTIONS = ("function", "function_or_method")  # as Cython and others make them
# Kinds that were asked twice, and kinds that are not asked again; held, so that no others get their ids.
_steady: dict[int, type] = {}
_untold: dict[int, type] = {}


class _UnseenError(Exception):
    """Something inside can't be told."""


@per_type
def reduces(kind: type) -> bool:
    """True for a class written in C that says what its objects are made from, as `copy` and `pickle` ask for it."""
    return any(not REDUCING.isdisjoint(members_of(cls)) for cls in type.mro(kind)[:-1])


@per_type
def hides(kind: type) -> bool:
    """True for a class whose objects hold more than attributes and slots: it, or what it derives from, is in C."""
    if issubclass(kind, FIXED) or kind.__itemsize__ or about(kind).name.endswith(FUNCTIONS):
        return False
    size = HEAD + POINTER * len(about(kind).slots)
    size += POINTER * (kind.__dictoffset__ > 0) + POINTER * (kind.__weakrefoffset__ > 0)
    return kind.__basicsize__ > size


def compiled_state(value: Any) -> Taken:
    """State of an object that has nothing else; it can't be put back, as only its maker knows how."""
    held = _held(value)
    return (None, "partly") if held is None else (State(lambda now: _held(now) != held, None), "whole")


def with_hidden_part(value: Any) -> Taken:
    """State of an object with attributes and more. If that can't be told, what is called for its effect changes it."""
    visible, _ = instance_state(value)
    assert visible is not None
    held = _held(value)
    if held is None:
        return State(visible.changed, None, visible.size), "partly"
    return State(lambda now: visible.changed(now) or _held(now) != held, None, visible.size), "whole"


def inside_compiled(value: Any) -> list[Any]:
    """The objects of others that one holds: functions that it calls, data that it was given."""
    found = _parts_of(value)
    return [] if found is None else [part.thing for part in found.held if type(part) is _Same]


def _held(value: Any) -> list[Any] | None:
    """What an object is made from, as numbers, texts and the very objects that it holds; None if that can't be told."""
    found = _parts_of(value)
    return None if found is None else found.held


def _parts_of(value: Any) -> _Parts | None:
    kind = type(value)
    if id(kind) in _untold:
        return None
    until, found = thread_time() + PATIENCE, _Parts()
    try:
        found.of(value)
        if id(kind) not in _steady:
            again = _Parts()
            again.of(value)
            if again.held != found.held:  # gives something else each time, or makes objects for it
                _untold[id(kind)] = kind
            _steady[id(kind)] = kind
    except Exception:  # says that it can't be copied
        return None
    if thread_time() > until:
        _untold[id(kind)] = kind
    return None if id(kind) in _untold else found


@per_type
def _is_memory(kind: type) -> bool:
    """True for a number, array, structure or pointer of `ctypes`."""
    simple = getattr(sys.modules.get("_ctypes"), "_SimpleCData", None)
    return simple is not None and issubclass(kind, simple.__base__)


class _Parts:
    """What an object is made from, part by part."""

    def __init__(self) -> None:
        self.held: list[Any] = []
        self.inside: list[Any] = []  # from the outermost
        self.bytes = 0

    def of(self, value: Any) -> None:
        """Note an object in C by what it would be copied from."""
        kind = type(value)
        if _is_memory(kind):
            return self.raw(bytes(value))
        if not reduces(kind) or any(value is outer for outer in self.inside):
            raise _UnseenError
        self.inside.append(value)
        home = _home(kind)
        if home.__sizeof__(value) > MAX_BYTES:
            raise _UnseenError
        reduced: Any = home.__reduce_ex__(value, 4)
        if type(reduced) is not tuple:
            raise _UnseenError
        attributes = attributes_of(value)
        for part in reduced:
            if type(part) is not dict or part != attributes:
                self.note(part)
        self.inside.pop()
        return None

    def note(self, part: Any) -> None:
        """Note a part of it."""
        kind = type(part)
        if len(self.held) > MAX_PARTS:
            raise _UnseenError
        if kind in FLAT:
            self.held.append((kind, part if kind is not float and kind is not complex else repr(part)))
        elif kind is tuple or kind is list:
            self.held.append((kind, len(part)))
            for item in part:
                self.note(item)
        elif kind is dict:
            self.held.append((kind, len(part)))
            for item in part.items():
                self.note(item)
        elif kind is getattr(sys.modules.get("numpy"), "ndarray", None) and not part.dtype.hasobject:
            self.held.append((part.shape, part.dtype.str))
            self.raw(part.tobytes() if part.nbytes <= MAX_BYTES else None)
        elif about(kind).attributes is None and not about(kind).slotted and kind not in NAMED:
            self.of(part)
        else:
            self.held.append(_Same(part))

    def raw(self, data: bytes | None) -> None:
        """Note memory."""
        if data is None or self.bytes + len(data) > MAX_BYTES:
            raise _UnseenError
        self.bytes += len(data)
        self.held.append(data)


class _Same:
    """A thing that is only equal to itself, whatever its class says of that."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.thing is other.thing

    __hash__ = None  # type: ignore[assignment]


@per_type
def _home(kind: type) -> Any:
    """Whom to ask what is copied, so that none of the user's code runs: the library's class, or Python's."""
    for cls in type.mro(kind):
        if about(cls).module != "__main__" and LOCAL.edition(about(cls).module) is None:
            return cls
        if not ASKED.isdisjoint(members_of(cls)):
            break
    raise _UnseenError
