"""The kernel's one door to the pure session and to the user's variables.

The Jupyter side (`kernel.py`) turns messages into calls of :class:`Engine` and steps of a
:class:`Run` into messages; it never looks at the graph or at values.  Nothing here knows Jupyter.

Threads: `command`, `take_event` and `entry` may be called from any thread at any time (one lock, held
for microseconds); `settle`, `begin` and a run's methods only from the main thread.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Literal

from reactive_kernel.protocol import Edge, Entry, Json, RanCell, ReplyMark, RunKind


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
    """

    kind: RunKind = "cell"
    cell_id: str | None = None
    source: str = ""
    cascade: bool = True
    interactive: bool = True
    disabled: bool | None = None


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


@dataclass(slots=True)
class Event:
    """State that changed since the last `take_event`: content of a ``cells`` event."""

    revision: int
    cells: list[Entry] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    edges: list[Edge] | None = None


class Run:
    """A cascade in progress.  ``for`` each step: `enter`, run the source, `leave`; at the end `finish`.

    `next` plans anew after every step.  ``waiting`` are ids of cells whose own request is already in
    the queue: they are left to it.  `next` returns None when nothing is left, after a failed root, or
    after an interrupted step.  If the root could not run at all, ``root_problem`` says why.
    """

    cascade_id: str
    root_id: str | None
    root_problem: Json | None

    def next(self, waiting: Collection[str] = ()) -> Step | None:
        raise NotImplementedError

    def enter(self, step: Step) -> None:
        """Set the namespace to what a clean run would have at the cell."""
        raise NotImplementedError

    def leave(self, step: Step, outcome: Outcome) -> None:
        """Take what the run bound and changed; roll back if it failed."""
        raise NotImplementedError

    def finish(self) -> ReplyMark:
        """Set the namespace to the notebook's end and sum up."""
        raise NotImplementedError

    @property
    def cells(self) -> list[RanCell]:
        raise NotImplementedError


class Engine:
    """Session, store and namespace behind one lock."""

    def __init__(self, namespace: dict[str, Any], **settings: Any) -> None:
        raise NotImplementedError

    def command(self, command: str, arguments: Json) -> Json:
        """Answer one ``reactive_request``; raises `protocol.Refused` and changes nothing if it is wrong."""
        raise NotImplementedError

    def take_event(self) -> Event | None:
        """What changed since last asked, or None."""
        raise NotImplementedError

    def settle(self) -> None:
        """Set the namespace to what the end of the notebook has (before anything reads it)."""
        raise NotImplementedError

    def begin(self, request: RunRequest, cascade_id: str) -> Run:
        raise NotImplementedError

    def status_text(self) -> str:
        """For ``%reactive status``."""
        raise NotImplementedError

    def graph_text(self) -> str:
        raise NotImplementedError

    def why_text(self, what: str) -> str:
        """Why a cell (number, id) or the producer of a name is stale, blocked or about to run."""
        raise NotImplementedError
