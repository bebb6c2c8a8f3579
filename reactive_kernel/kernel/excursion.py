"""The way from the notebook's end to one place in it and back, remembered: most cells are run again and again.

Binding the names anew costs a look at every cell between the two.  Whatever changes on either side, by a run or in the
graph, is told to the store, and then forgotten here; so what is remembered is what binding anew would give.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf, nextafter
from typing import Any

__all__ = ["Excursion"]

ABSENT = object()


class Excursion:
    """Names that are bound differently at one place and at the end, with what they are bound to there and there.

    ``here`` and ``end`` hold ABSENT for a name that isn't bound; a name that only one of them has is to be bound anew
    on the way to the other.
    """

    def __init__(self, key: float) -> None:
        self.key = key
        self.here: dict[str, Any] = {}
        self.end: dict[str, Any] = {}

    def leads(self, at: float, key: float) -> bool:
        """True if this is the way from ``at`` to ``key``."""
        if at == inf:
            return key == self.key
        return key == inf and self.key <= at <= nextafter(self.key, inf)  # below the cell, which has run

    def side(self, key: float) -> dict[str, Any]:
        """What is known of the end, or of the other place."""
        return self.end if key == inf else self.here

    def go(self, key: float, namespace: dict[str, Any]) -> set[str]:
        """Bind what is known; returns the names that have to be bound anew."""
        there = self.side(key)
        for name, value in there.items():
            if value is ABSENT:
                namespace.pop(name, None)
            else:
                namespace[name] = value
        return self.side(inf if key != inf else self.key).keys() - there.keys()

    def note(self, key: float, names: Iterable[str], namespace: dict[str, Any]) -> None:
        """Remember how names are bound at a place that they are bound for."""
        there = self.side(key)
        for name in names:
            there[name] = namespace.get(name, ABSENT)

    def forget(self, names: Iterable[str]) -> None:
        """These are to be bound anew, whatever the place."""
        for name in names:
            self.here.pop(name, None)
            self.end.pop(name, None)
