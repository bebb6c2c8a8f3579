"""The code that `eval` and `exec` make of texts while a cell runs, as Python's own audit tells of it.

The hook stays for good, as Python has it; it is set when the first cell runs whose text evaluates another.
"""

from __future__ import annotations

import sys
from collections.abc import Set
from types import CodeType
from typing import Any

__all__ = ["Evaluated"]

MAX_KINDS = 10_000  # of code that looks something up


class Evaluated:
    """Code that was made of texts by code which looks its names up in ``namespace``."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        self._found: dict[tuple[Any, ...], CodeType] | None = None
        self._hooked = False

    def begin(self) -> None:
        """From now on note what is evaluated."""
        self._found = {}
        if not self._hooked:
            self._hooked = True
            sys.addaudithook(self._hear)

    def end(self) -> Set[CodeType] | None:
        """What was evaluated since, but for code that names nothing; None if it was too much to be kept."""
        found, self._found = self._found, None
        return None if found is None or len(found) >= MAX_KINDS else set(found.values())

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        found = self._found
        if event != "exec" or found is None:
            return
        caller = sys._getframe().f_back
        if caller is None or caller.f_globals is not self._namespace:
            return
        code = arguments[0]
        inner = [const for const in code.co_consts if isinstance(const, CodeType)]
        if (code.co_names or inner) and len(found) < MAX_KINDS:
            found[(code.co_names, code.co_code, *((id(code),) if inner else code.co_consts))] = code
