"""What is noted before a cell runs, and what its run is found to have changed in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reactive_kernel.core.notebook import Cell
from reactive_kernel.kernel.state import State
from reactive_kernel.kernel.survey import Survey

__all__ = ["Changes", "Watch"]


@dataclass(slots=True)
class Watch:
    """What was noted before a cell ran."""

    cell: Cell
    before: dict[str, Any]
    surveys: dict[str, Survey] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)  # read, but no time was left to look at them
    put_by: dict[str, Any] = field(default_factory=dict)  # taken away, to see whether the cell binds it
    states: dict[str, Any] = field(default_factory=dict)  # hidden state
    again: bool = False  # the cell runs at the version at which it last succeeded
    same_inputs: bool = False  # what it reads is what it read when it last succeeded
    held: frozenset[str] = frozenset()  # names of its last values that are still to be had


@dataclass(slots=True)
class Changes:
    """What a run changed in place."""

    names: set[str] = field(default_factory=set)
    touched: dict[int, tuple[Any, State]] = field(default_factory=dict)
    lost: set[int] = field(default_factory=set)  # objects whose state before can't be had any more
    gone: set[str] = field(default_factory=set)  # names with such objects inside
