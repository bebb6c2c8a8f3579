"""Which code of the notebook's runs while a cell does, without slowing it down.

On CPython 3.12 and later `sys.monitoring` tells when a code object starts, once.  CPython 3.11 counts in each code
object how often it was entered, up to eight times, to find out what to make faster: that count is looked at before
and after.  Code that was entered too often for that is put in place of itself as a copy, which starts anew; what the
two do is the same.  Where neither works, nothing is told.  Nothing here knows cells or names.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

__all__ = ["Calls", "find"]

WORDS = 4  # of a code object between what every object has and its numbers: a size and three references


class Calls(Protocol):
    """Notes code before a cell runs, and tells afterwards what of it was entered."""

    def note(self, code: types.CodeType) -> None:
        """Watch code that may run from now on."""

    def note_function(self, function: types.FunctionType) -> types.CodeType:
        """Watch what a function runs; returns its code."""

    def entered(self) -> list[types.CodeType]:
        """The code that was entered since it was noted; forgets all that was."""


class _Counts:
    """Code by the count that CPython 3.11 keeps (``co_warmup``)."""

    def __init__(self, count: Callable[[types.CodeType], int]) -> None:
        self._count = count
        self._noted: dict[int, tuple[types.CodeType, int]] = {}

    def note(self, code: types.CodeType) -> None:
        self._noted.setdefault(id(code), (code, self._count(code)))

    def note_function(self, function: types.FunctionType) -> types.CodeType:
        code = function.__code__
        if id(code) not in self._noted and self._count(code) == 0:  # it counts no more
            code = function.__code__ = code.replace()
        self.note(code)
        return code

    def entered(self) -> list[types.CodeType]:
        noted, self._noted = self._noted, {}
        return [code for code, before in noted.values() if before == 0 or self._count(code) != before]


class _Events:
    """Code by the events of `sys.monitoring`, each of which is turned off when it has come once."""

    def __init__(self, monitoring: Any, tool: int) -> None:
        self._monitoring = monitoring
        self._tool = tool
        self._noted: dict[int, types.CodeType] = {}
        self._entered: dict[int, types.CodeType] = {}
        events = monitoring.events
        self._events = events.PY_START | events.PY_RESUME
        for event in (events.PY_START, events.PY_RESUME):
            monitoring.register_callback(tool, event, self._on_start)

    def _on_start(self, code: types.CodeType, offset: int) -> object:
        self._entered[id(code)] = code
        disable: object = self._monitoring.DISABLE
        return disable

    def note(self, code: types.CodeType) -> None:
        if id(code) not in self._noted:
            self._noted[id(code)] = code
            self._monitoring.set_local_events(self._tool, code, self._events)

    def note_function(self, function: types.FunctionType) -> types.CodeType:
        self.note(function.__code__)
        return function.__code__

    def entered(self) -> list[types.CodeType]:
        noted, self._noted = self._noted, {}
        for code in noted.values():
            self._monitoring.set_local_events(self._tool, code, 0)
        entered, self._entered = self._entered, {}
        return [code for key, code in entered.items() if key in noted]


def _count_of() -> Callable[[types.CodeType], int] | None:
    """How to read a code object's count; None if this Python keeps it elsewhere, or none."""
    import ctypes

    at = object.__basicsize__ + WORDS * ctypes.sizeof(ctypes.c_void_p) + ctypes.sizeof(ctypes.c_int)

    def count(code: types.CodeType) -> int:
        return ctypes.c_short.from_address(id(code) + at).value

    def probe() -> None:
        """Run to see how it is counted."""

    code = probe.__code__ = probe.__code__.replace()
    seen = [count(code)]
    for _ in range(9):
        probe()
        seen.append(count(code))
    return count if seen == [*range(-8, 1), 0] else None


@cache
def find() -> Calls | None:
    """The way in which this Python tells; one for the process, as the numbers of tools are few."""
    if sys.implementation.name != "cpython":
        return None
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is not None:
        for tool in (4, 3):  # the numbers that nobody has claimed
            if monitoring.get_tool(tool) is None:
                monitoring.use_tool_id(tool, "reactive_kernel")
                return _Events(monitoring, tool)
        return None
    count = _count_of()
    return None if count is None else _Counts(count)
