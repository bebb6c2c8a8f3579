"""A notebook over an engine in this process: what ran, what each cell shows, what a clean run would show.

Cells get the ids a, b, c … in the order in which they are given.  A run answers with the log of what ran:
``"abc"``, a failed cell with an exclamation mark (``"ab!"``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from string import ascii_lowercase
from typing import Any

from reactive_kernel.kernel.engine import Engine, Outcome, Run, RunRequest
from tests.oracle.execute import Shown, execute, hidden_state_kept, new_namespace, reset_hidden_state

Json = dict[str, Any]


class Notebook:
    """Cells, an engine, and what each cell last showed; ``log`` has every run since the start."""

    def __init__(self, *sources: str, **settings: Any) -> None:
        reset_hidden_state()
        self.namespace = new_namespace()
        self.engine = Engine(self.namespace, **settings)
        self.shown: dict[str, Shown] = {}
        self.log: list[str] = []
        self.problem: str | None = None  # why the last root could not run
        self.reply: Json = {}
        # What is done once, when a cell has been chosen to run next ("chosen"), or its code has just run ("ran").
        self.meanwhile: dict[tuple[str, str], Callable[[], object]] = {}
        self._ids = iter(ascii_lowercase)
        cells = [{"cell_id": next(self._ids), "source": source} for source in sources]
        self.engine.command("sync", {"cells": cells})

    # -- edits

    def edit(self, cell: str, source: str) -> None:
        """Give a cell another text."""
        self.engine.command("edit", {"cell_id": cell, "source": source})

    def insert(self, index: int, source: str) -> str:
        """Put in a new cell; returns its id."""
        cell = next(self._ids)
        self.engine.command("insert", {"cell_id": cell, "source": source, "index": index})
        return cell

    def delete(self, cell: str) -> None:
        """Take a cell out."""
        self.engine.command("delete", {"cell_id": cell})
        self.shown.pop(cell, None)

    def move(self, cell: str, index: int) -> None:
        """Put a cell somewhere else."""
        self.engine.command("move", {"cell_id": cell, "index": index})

    # -- runs

    def run(self, cell: str, source: str | None = None, **options: Any) -> str:
        """Run a cell as a client would, perhaps with a new text; returns what ran."""
        if source is None:
            source = self.engine.session.cells[cell].source
        return self.request(RunRequest(cell_id=cell, source=source, **options))

    def all(self) -> str:
        """Make every cell fresh; returns what ran."""
        return self.request(RunRequest(kind="all"))

    def stale(self) -> str:
        """Run every stale cell that had run before; returns what ran."""
        return self.request(RunRequest(kind="stale"))

    def request(self, request: RunRequest, waiting: Collection[str] = (), interrupt: str | None = None) -> str:
        """One cascade; the cell ``interrupt`` is interrupted when it has run."""
        run = self.engine.begin(request, "cascade")
        done = [self._step(run, step, interrupt) for step in iter(lambda: run.next(waiting), None)]
        self.log.extend(done)
        self.problem = run.root_problem and run.root_problem["message"]
        self.reply = dict(run.finish())
        return "".join(done)

    def _step(self, run: Run, step: Any, interrupt: str | None) -> str:
        self._now("chosen", step.cell_id)
        run.enter(step)
        shown = execute(step.source, self.namespace, tell=self.engine.compiled)
        self._now("ran", step.cell_id)
        self.shown[step.cell_id] = shown
        status: Any = "success" if shown.error is None else "error"
        if step.cell_id == interrupt:
            status = "interrupted"
        run.leave(step, Outcome(status, len(self.log) + 1, 0.0, shown.error))
        return step.cell_id + ("" if status == "success" else "!")

    def _now(self, moment: str, cell: str) -> None:
        if (edit := self.meanwhile.pop((moment, cell), None)) is not None:
            edit()

    def console(self, source: str) -> str:
        """Run an input of the console; returns what ran, inputs named by their text."""
        texts = {}
        run = self.engine.begin(RunRequest(source=source), "cascade")
        while step := run.next():
            texts[step.cell_id] = step.source
            self._step(run, step, None)
        run.finish()
        return " | ".join(texts[cell["cell_id"]] for cell in run.cells)

    # -- what is seen

    def text(self, cell: str) -> str:
        """What a cell last showed."""
        return str(self.shown.get(cell, "")).strip()

    def entries(self) -> dict[str, Json]:
        """The cells' entries, by id."""
        return {entry["cell_id"]: entry for entry in self.engine.command("state", {})["cells"]}

    @property
    def fresh(self) -> str:
        """Ids of the fresh cells, in document order."""
        return "".join(cell.id for cell in self.engine.session.document if cell.fresh)

    @property
    def stale_cells(self) -> str:
        """Ids of the others."""
        return "".join(cell.id for cell in self.engine.session.document if not cell.fresh)

    def clean(self) -> dict[str, Shown]:
        """What a clean run from top to bottom shows, cell by cell."""
        namespace = new_namespace()
        with hidden_state_kept():
            return {cell.id: execute(cell.source, namespace) for cell in self.engine.session.document}

    def check(self) -> None:
        """Every cell shows what a clean run shows, and is fresh unless it fails there."""
        clean = {cell: str(shown) for cell, shown in self.clean().items()}
        seen = {cell: str(shown) for cell, shown in self.shown.items()}
        wrong = {cell: (seen.get(cell), clean[cell]) for cell in clean if seen.get(cell) != clean[cell]}
        assert not wrong, f"what cells show, and what a clean run shows: {wrong}"
        fails = "".join(cell for cell, shown in clean.items() if "!! " in shown)
        assert self.stale_cells == fails, f"not fresh: {self.stale_cells!r}, failing in a clean run: {fails!r}"


class Counter:
    """Something slow, put into the builtins of notebooks under test, that counts how often it was called."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, value: Any = None) -> Any:
        self.calls += 1
        return value


def settled(*sources: str) -> Notebook:
    """A notebook that ran."""
    nb = Notebook(*sources)
    nb.all()
    nb.check()
    return nb
