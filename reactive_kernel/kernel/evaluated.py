"""The code that `eval` and `exec` make of texts while a cell runs, as Python's own audit tells of it.

The hook stays for good, as Python has it; it is set when the first cell runs whose text evaluates another.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Set
from functools import cache
from types import CodeType, FrameType
from typing import Any

__all__ = ["Evaluated"]

MAX_KINDS = 10_000  # of code that looks something up


class Evaluated:
    """Code that was made of texts by code which looks its names up in ``namespace``."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._found: dict[tuple[Any, ...], CodeType] = {}

    def begin(self) -> None:
        """From now on note what is evaluated."""
        self._found = {}
        _listening[:] = [self._hear]
        _set_hook()

    def end(self) -> Set[CodeType] | None:
        """What was evaluated since, but for code that names nothing; None if it was too much to be kept."""
        _listening.clear()
        found, self._found = self._found, {}
        return None if len(found) >= MAX_KINDS else set(found.values())

    def _hear(self, code: CodeType, caller: FrameType | None) -> None:
        if caller is None or caller.f_globals is not self._namespace:
            return
        inner = [const for const in code.co_consts if isinstance(const, CodeType)]
        if (code.co_names or inner) and len(self._found) < MAX_KINDS:
            self._found[(code.co_names, code.co_code, *((id(code),) if inner else code.co_consts))] = code


_listening: list[Callable[[CodeType, FrameType | None], None]] = []


@cache
def _set_hook() -> None:
    """Once for the process."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "exec":
            for hear in _listening:
                hear(arguments[0], sys._getframe().f_back)

    sys.addaudithook(hook)
