"""A driver that meddles: what people do while cells run, and what they do to cascades.

Edits come between two cells of a cascade or while one runs, cells are interrupted half-way, run alone or disabled for
a while, and the mode is lazy now and then.  What it does follows from the operations alone, so that examples shrink.
"""

from __future__ import annotations

import ast
import random
from dataclasses import dataclass, field
from typing import Any

from reactive_kernel.kernel.engine import Outcome, Run, RunRequest

from . import sql_kernel
from .driver import Driver, NoEnd
from .example import Change
from .execute import Shown, execute
from .sql_plain import is_sql

MOMENTS = ("between", "chosen", "ran")


@dataclass
class Meddling(Driver):
    """Settles as any other does: whatever went before, all is to be right then."""

    random: random.Random = field(default_factory=random.Random)
    changes: int = 0
    waiting: tuple[int, str, Change] | None = None  # to be told at this step of a cascade, at this moment of it
    interrupts: float = 0.0

    def change(self, change: Change) -> None:
        """Tell of one operation, in an untoward way."""
        self.changes += 1
        self.random = random.Random(f"{change.kind}{change.source}{change.index}{self.changes}")
        cells = [cell.id for cell in self.engine.session.document]
        draw = self.random.random
        if draw() < 0.2:
            self.engine.command("configure", {"mode": self.random.choice(["lazy", "auto"])})
        if cells and draw() < 0.1:
            self._disable(self.random.choice(cells), draw() < 0.6)
        self.interrupts = 0.15 if draw() < 0.4 else 0.0
        how = draw()
        if cells and change.kind in ("edit", "insert", "move", "delete") and how < 0.6:
            self._in_the_midst(change, self.random.choice(cells))
        elif change.kind == "run" and how < 0.25:
            self.run(RunRequest(kind="cell", cell_id=change.cell_id, source=change.source, cascade=False))
        else:
            super().change(change)
        self.interrupts = 0.0

    def settle(self) -> None:
        """Put all back in order, and run what is left to run."""
        self.engine.command("configure", {"mode": "auto"})
        for cell in [cell for cell in self.engine.session.document if cell.disabled]:
            self._disable(cell.id, False)
        super().settle()

    def _disable(self, cell_id: str, disabled: bool) -> None:
        source = self.engine.session.cells[cell_id].source
        self.engine.command("edit", {"cell_id": cell_id, "source": source, "disabled": disabled})

    def _in_the_midst(self, change: Change, root: str) -> None:
        if change.cell_id in self.engine.session.cells and self.random.random() < 0.4:
            root = change.cell_id
        self.waiting = (self.random.choice([0, 0, 1, 2]), self.random.choice(MOMENTS), change)
        source = self.engine.session.cells[root].source
        kind: Any = self.random.choice(["cell", "cell", "cell", "all"])
        self.run(RunRequest(kind=kind, cell_id=root, source=source))
        if self.waiting is not None:  # it was over before
            self.waiting = None
            super().change(change)

    def _now(self, step: int, moment: str) -> None:
        if self.waiting is not None and self.waiting[0] <= step and self.waiting[1] == moment:
            change, self.waiting = self.waiting[2], None
            super().change(change)

    def run(self, request: RunRequest) -> None:
        """One cascade."""
        self.cascades += 1
        run = self.engine.begin(request, f"k{self.cascades}")
        limit = 6 * len(self.engine.session.document) + 20
        for number in range(limit):
            self._now(number, "between")
            step = run.next()
            if step is None:
                break
            self._now(number, "chosen")
            self._step(run, step, number)
        else:
            raise NoEnd(f"still running after {limit} steps")
        run.finish()

    def _step(self, run: Run, step: Any, number: int) -> None:
        run.enter(step)
        sql_kernel.before_cell()
        status: Any = None
        if is_sql(step.source):
            shown = sql_kernel.execute(step.source, self.namespace)
        elif self.random.random() < self.interrupts:
            status = "interrupted"
            part = execute(_a_part(step.source, self.random), self.namespace, tell=self.engine.compiled)
            shown = Shown(part.text, "KeyboardInterrupt: ")
        else:
            shown = execute(step.source, self.namespace, tell=self.engine.compiled)
        self._now(number, "ran")
        self.ran.append(step.cell_id)
        if step.cell_id in self.engine.session.cells:
            self.shown[step.cell_id] = shown
        status = status or ("success" if shown.error is None else "error")
        run.leave(step, Outcome(status, len(self.ran), 0.0, shown.error))


def _a_part(source: str, draw: random.Random) -> str:
    """The first statements of a cell, any number of them."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return ""
    return "\n".join(map(ast.unparse, body[: draw.randint(0, len(body))]))
