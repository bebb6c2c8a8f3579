"""What is said between the Jupyter side and the engine: requests, steps, outcomes, events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from reactive_kernel.core.notebook import Cell
from reactive_kernel.protocol import Edge, Entry, RunKind

__all__ = ["Event", "Outcome", "RunRequest", "Step"]


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a client asked to run.

    Attributes:
        kind: "cell" (stale ancestors, the cell, dependents), "upstream" (no dependents), "stale", "all".
        cell_id: the root; None for "stale" and "all", and for a client that has no cell ids.
        source: the root's source from now on.
        cascade: False: this cell alone, as ipykernel would.
        interactive: for a request without cell id: True = console (newest definition wins),
            False = batch (append; resolve upward; roll nothing back, block nothing).
        disabled: the cell's own setting when the request carries it, else None.
        only: with "stale": these cells and their dependents, not all.
    """

    kind: RunKind = "cell"
    cell_id: str | None = None
    source: str = ""
    cascade: bool = True
    interactive: bool = True
    disabled: bool | None = None
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One cell to run now.

    ``index``/``total`` count from 0/1 within the cascade; ``total`` may change from step to step.
    ``root`` is the cell that was asked for.  ``source`` is what to give to IPython.
    """

    cell_id: str
    source: str
    language: str
    index: int
    total: int
    is_last: bool
    root: bool
    has_id: bool
    label: str  # how to name the cell to people: "cell 3", or "In [4]" for console inputs


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended; ``seconds`` is wall time, ``error`` "ename: evalue" for people."""

    status: Literal["success", "error", "interrupted"]
    execution_count: int | None = None
    seconds: float = 0.0
    error: str | None = None

    def of(self, cell: Cell | None) -> Outcome:
        """The same; or an error, if the text can't be read as Python (``%%capture`` hides that)."""
        problem = cell.problem if cell is not None and cell.kind == "notebook" else None
        if problem is None or self.status != "success":
            return self
        return replace(self, status="error", error=f"SyntaxError: {problem.message}")


@dataclass(slots=True)
class Event:
    """State that changed since the last `take_event`: content of a ``cells`` event."""

    revision: int
    cells: list[Entry] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    edges: list[Edge] | None = None
