"""Which code of the notebook's runs while a cell does, and which globals it looks up, without slowing it down.

On CPython 3.12 and later `sys.monitoring` tells of each instruction when it runs for the first time.  CPython 3.11
leaves traces in the code itself (`marks`).  Where neither works, nothing is told.  Nothing here knows cells or names.
"""

from __future__ import annotations

import sys
import types
from functools import cache
from typing import Any, NamedTuple, Protocol

from reactive_kernel.kernel.code import lookups
from reactive_kernel.kernel.marks import Marks, marks

__all__ = ["Calls", "Entered", "find"]


class Entered(NamedTuple):
    """Code that ran, and globals that it looks up only where it did not come."""

    code: types.CodeType
    skipped: frozenset[str]


class Calls(Protocol):
    """Notes code before a cell runs, and tells afterwards what of it was entered."""

    def note(self, code: types.CodeType, at_work: bool = False) -> None:
        """Watch code that may run from now on; ``at_work``: something is in the midst of it."""

    def entered(self) -> list[Entered]:
        """The code that was entered since it was noted; forgets all that was."""


class _Traces:
    """Code by what CPython 3.11 leaves in it."""

    def __init__(self, found: Marks) -> None:
        self._marks = found
        self._noted: dict[int, types.CodeType] = {}
        self._unseen: set[int] = set()  # what may run without being seen

    def note(self, code: types.CodeType, at_work: bool = False) -> None:
        if (at_work and code.co_exceptiontable) or _traced():  # something may be thrown into it
            self._unseen.add(id(code))
        elif id(code) not in self._noted:
            self._marks.put(code)
        self._noted[id(code)] = code

    def entered(self) -> list[Entered]:
        noted, self._noted = self._noted, {}
        unseen, self._unseen = self._unseen, set()
        ran = [code for key, code in noted.items() if key in unseen or self._marks.has_run(code)]
        if _traced() or any(map(self._marks.traced, ran)):
            return [Entered(code, frozenset()) for code in ran]
        return [Entered(code, frozenset() if id(code) in unseen else self._marks.skipped(code)) for code in ran]


def _traced() -> bool:
    return sys.gettrace() is not None or sys.getprofile() is not None


class _Events:
    """Code by the events of `sys.monitoring`, each of which is turned off when it has come once."""

    def __init__(self, monitoring: Any, tool: int) -> None:
        self._monitoring = monitoring
        self._tool = tool
        self._noted: dict[int, types.CodeType] = {}
        self._ran: dict[int, set[int]] = {}
        self._event = monitoring.events.INSTRUCTION
        monitoring.register_callback(tool, self._event, self._on_instruction)

    def _on_instruction(self, code: types.CodeType, offset: int) -> object:
        self._ran.setdefault(id(code), set()).add(offset)
        disable: object = self._monitoring.DISABLE
        return disable

    def note(self, code: types.CodeType, at_work: bool = False) -> None:
        if id(code) not in self._noted:
            self._noted[id(code)] = code
            self._monitoring.set_local_events(self._tool, code, self._event)

    def entered(self) -> list[Entered]:
        noted, self._noted = self._noted, {}
        for code in noted.values():
            self._monitoring.set_local_events(self._tool, code, 0)
        ran, self._ran = self._ran, {}
        return [Entered(code, _skipped(code, ran[key])) for key, code in noted.items() if key in ran]


def _skipped(code: types.CodeType, ran: set[int]) -> frozenset[str]:
    places = lookups(code)
    return frozenset(name for _, name in places) - {name for at, name in places if at in ran}


@cache
def find() -> Calls | None:
    """The way in which this Python tells; one for the process, as the numbers of tools are few."""
    if sys.implementation.name != "cpython":
        return None
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is None:
        found = marks()
        return None if found is None else _Traces(found)
    for tool in (4, 3):  # the numbers that nobody has claimed
        if monitoring.get_tool(tool) is None:
            monitoring.use_tool_id(tool, "reactive_kernel")
            return _Events(monitoring, tool)
    return None
