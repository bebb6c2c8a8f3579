"""IPython's ``_``: at each cell that reads it, what the nearest cell above that showed a value has shown.

Nothing is kept for it: IPython's own history has the value, and its number is remembered by cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reactive_kernel.core.facts import SHOWN
from reactive_kernel.kernel.shell import shell_of
from reactive_kernel.kernel.tokens import token

__all__ = ["LastShown"]

NOTHING = object()


class LastShown:
    """Which results were whose; and ``_``, put in place for a run and taken back after it."""

    def __init__(self, namespace: dict[str, Any], main: str) -> None:
        self._namespace = namespace
        self._main = main
        self._numbers: dict[str, int] = {}  # cell -> the number of what its last run showed
        self._newest: int | None = None  # before the run
        self._given: Any = NOTHING
        self._before: Any = None

    def enter(self, inputs: Mapping[str, Sequence[str]]) -> None:
        """Before a run: set ``_``, if the cell reads it and it is still IPython's."""
        self._newest = self._last_number()
        self._given = NOTHING
        if SHOWN not in inputs or inputs.get("_") or not self._is_ipythons():
            return
        history = self._history()
        numbers = (self._numbers.get(producer) for producer in inputs[SHOWN])
        self._before = self._shell().displayhook._
        self._given = next((history[n] for n in numbers if n in history), "")
        self._set(self._given)

    def leave(self, cell_id: str) -> dict[str, str | None]:
        """After it: what the cell showed, under its pseudo-name, as a token or None; nothing if it showed nothing."""
        newest = self._last_number()
        self._numbers.pop(cell_id, None)
        if newest is not None and newest != self._newest:
            self._numbers[cell_id] = newest
            return {SHOWN: token(self._history()[newest], self._main)}
        if self._given is not NOTHING and self._is_ipythons():
            self._set(self._before)
        return {}

    def _is_ipythons(self) -> bool:
        """False where somebody has bound ``_``: there IPython leaves it alone."""
        hidden = getattr(self._shell(), "user_ns_hidden", None)
        if hidden is None:
            return False
        return "_" not in self._namespace or hidden.get("_", NOTHING) is self._namespace["_"]

    def _set(self, value: Any) -> None:
        shell = self._shell()
        shell.displayhook._ = value
        shell.push({"_": value}, interactive=False)

    def _history(self) -> dict[int, Any]:
        history = self._namespace.get("_oh")
        return history if isinstance(history, dict) else {}

    def _last_number(self) -> int | None:
        return next(reversed(self._history()), None)

    def _shell(self) -> Any:
        return shell_of(self._namespace)
