"""What one mutable object held at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["MAX_BYTES", "MAX_ITEMS", "State", "Tells"]

Tells = Literal["immutable", "whole", "partly", "iterator"]

MAX_BYTES = 8 << 20  # of an array, copied whole
MAX_ITEMS = 50_000  # of a container, copied whole


@dataclass(slots=True)
class State:
    """What one object held.

    Attributes:
        changed: given the object now, tells whether it holds something else.
        restore: puts the state back into the object, or None if that can't be done.
        size: bytes that the state keeps alive, roughly.
    """

    changed: Callable[[Any], bool]
    restore: Callable[[Any], None] | None
    size: int = 0

    def has_grown(self, now: Any) -> bool:
        """True if a dict holds all that it held, and more."""
        return False

    def replaced(self, now: Any) -> list[tuple[Any, Any]] | None:
        """What it held in places where it holds another object now, each with that; None if it differs otherwise."""
        return None

    def inside(self) -> Iterable[Any] | None:
        """What was directly inside the object, if the state tells."""
        return None
