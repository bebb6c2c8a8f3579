"""A session without a kernel: runs are scripted, so tests say what a run shows and read off what would run.

Cells get the ids a, b, c … in the order in which they are given.  A cascade answers with the ids of the cells
that it ran: ``"abc"``; a failed one has an exclamation mark (``"ab!"``), an interrupted one a question mark.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from reactive_kernel.core import explain
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.operations import (
    Delete,
    Edit,
    Failed,
    Insert,
    Interrupted,
    Move,
    Observed,
    Operation,
    Rerun,
    Started,
    Succeeded,
    Sync,
    Text,
)
from reactive_kernel.core.plan import Cascade
from reactive_kernel.core.python import analyse
from reactive_kernel.core.session import Session

IDS = ascii_lowercase + ascii_uppercase


class Script:
    """Cells of a session and what their runs show: by default what their source says that they bind and change."""

    def __init__(self, *sources: str) -> None:
        self.session = Session(lambda source, language: analyse(source))
        self.shows: dict[str, Observed] = {}  # cell -> what its runs show
        self.fails: set[str] = set()
        self.error = "ValueError: no"
        self.interrupts: set[str] = set()
        self.problem: str | None = None
        self._ids = iter(IDS)
        self.apply(Sync(tuple(Text(next(self._ids), source) for source in sources)))

    # -- operations

    def apply(self, operation: Operation) -> None:
        """Any operation."""
        self.session.apply(operation)

    def edit(self, cell: str, source: str, **options: Any) -> None:
        """Give a cell another text."""
        self.apply(Edit(Text(cell, source, **options)))

    def insert(self, index: int | None, source: str, kind: Any = "notebook") -> str:
        """Put in a new cell; returns its id."""
        cell = next(self._ids)
        self.apply(Insert(Text(cell, source), index, kind))
        return cell

    def delete(self, cell: str) -> None:
        """Take a cell out."""
        self.apply(Delete(cell))

    def move(self, cell: str, index: int) -> None:
        """Put a cell somewhere else."""
        self.apply(Move(cell, index))

    def sync(self, **cells: str) -> None:
        """The whole document anew: ids and texts, in order."""
        self.apply(Sync(tuple(Text(cell, source) for cell, source in cells.items())))

    # -- runs

    def run(self, root: str, by_hand: bool = True, **options: Any) -> str:
        """Run a cell and what belongs to it; ``by_hand``: as a person does, so that its values count as new."""
        if by_hand:
            self.apply(Rerun(root))
        return self.cascade("cell", root, **options)

    def all(self, **options: Any) -> str:
        """Make every cell fresh."""
        return self.cascade("all", None, **options)

    def stale(self, **options: Any) -> str:
        """Run the stale cells that had run before."""
        return self.cascade("stale", None, **options)

    def cascade(self, kind: Any, root: str | None, waiting: Collection[str] = (), **options: Any) -> str:
        """One request, from plan to plan."""
        cascade = Cascade(self.session, kind, root, **options)
        log = ""
        while (cell := cascade.next(waiting)) is not None:
            self.apply(Started(cell.id))
            log += cell.id + self._end(cell, cascade)
            assert len(log) < 1000, f"no end: {log[:40]}"
        self.problem = cascade.problem and cascade.problem.message
        self.skipped = cascade.skipped
        return log

    def _end(self, cell: Cell, cascade: Cascade) -> str:
        if cell.id in self.fails:
            self.apply(Failed(cell.id, self.error))
        elif cell.id in self.interrupts:
            self.apply(Interrupted(cell.id))
        else:
            self.apply(Succeeded(cell.id, self.shows.get(cell.id) or shown_by_source(cell), 1, 0.0))
            cascade.ended(cell, True)
            return ""
        cascade.ended(cell, False, cell.id in self.interrupts)
        return "!" if cell.id in self.fails else "?"

    def show(self, cell: str, **changes: Any) -> None:
        """From now on runs of a cell show this, and for the rest what its source says."""
        self.shows[cell] = replace(shown_by_source(self.session.cells[cell]), **changes)

    # -- what is seen

    @property
    def order(self) -> str:
        """Ids in document order."""
        return "".join(cell.id for cell in self.session.document)

    @property
    def fresh(self) -> str:
        """Ids of the fresh cells."""
        return "".join(cell.id for cell in self.session.document if cell.fresh)

    def edges(self) -> str:
        """All edges: ``"a-x-b b-y-c"``."""
        return " ".join(f"{a}-{','.join(names)}-{b}" for a, b, names in explain.edges(self.session))

    def status(self) -> str:
        """The cells' statuses by first letter: idle, success, error, blocked, queued, running."""
        return "".join(cell.status[0] for cell in self.session.document)

    def says(self, cell: str) -> str:
        """What is wrong with a cell, for people."""
        found = explain.problem(self.session, self.session.cells[cell])
        return "" if found is None else found.message

    def state(self) -> dict[str, Any]:
        """All that can be told of the session, for comparing before and after."""
        session = self.session
        cells = {
            cell.id: (
                cell.key, cell.source, cell.version, cell.fresh, cell.status, cell.loop, cell.blockers, cell.disabled,
                dict(cell.inputs), dict(cell.produces), dict(cell.outs),
                {k: set(v) for k, v in cell.dependents.items()}, cell.nonce, cell.has_run, set(cell.orphans),
                cell.ran and (cell.ran.version, set(cell.ran.held)),
            )
            for cell in session.document
        }  # fmt: skip
        indexes = [
            {n: list(line) for n, line in index.items()} for index in (session.graph.producers, session.graph.readers)
        ]
        rest = {k: set(v) for k, v in session.sharing.items()}, {k: set(v) for k, v in session.forward.items()}
        return {
            "order": self.order,
            "cells": cells,
            "indexes": indexes,
            "rest": (*rest, set(session.opaque), dict(session.lost), session.revision, dict(session.changed)),
        }


def shown_by_source(cell: Cell) -> Observed:
    """What a run shows if everything happens that the source says, and nothing is known of the values."""
    facts = cell.facts
    likely = {name for name, mutation in facts.mutates.items() if mutation.strength != "possible"}
    mutated = {name for name in likely | set(facts.effects) if name.startswith("<") or cell.inputs.get(name)}
    return Observed(
        bound=dict.fromkeys(facts.writes),
        mutated=frozenset(mutated - facts.writes.keys()),
        deleted=frozenset(facts.deletes),
        carried=dict(facts.deferred),
    )
