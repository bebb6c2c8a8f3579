"""What to run next, and why: a cascade plans anew after every cell, because running teaches.

First what the root needs (stale, never run or used-up producers), then the root, then its
dependents that aren't fresh, in dependency order with ties in document order; each pulls in what it
needs itself.  At the end, also after a failure, values that the notebook's end shows but that were used up are made
again.

A dependent is passed over when it became fresh (early cut-off), is disabled, is blocked, or its own
request waits in the queue.  A cell that is edited while the cascade goes on doesn't run in it: somebody is typing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from heapq import heappop, heappush
from operator import attrgetter
from typing import Literal

from reactive_kernel.core.facts import Problem
from reactive_kernel.core.graph import ancestors, descendants
from reactive_kernel.core.notebook import DELETES, Cell
from reactive_kernel.core.session import Session

__all__ = ["Cascade"]

Kind = Literal["cell", "upstream", "stale", "all"]

# What the notebook alone decides: the same code on the same inputs fails in the same way. Exact names: an error
# that a library derives from these (a JSONDecodeError) may come from outside.
REPEATS = frozenset(
    {
        "ArithmeticError",
        "AttributeError",
        "IndexError",
        "KeyError",
        "NameError",
        "OverflowError",
        "RecursionError",
        "StopIteration",
        "TypeError",
        "UnboundLocalError",
        "ValueError",
        "ZeroDivisionError",
    }
)
OF_A_TEXT = frozenset({"IndentationError", "SyntaxError", "TabError"})  # the cell's own, or that of a file


class Cascade:
    """The plan of one request, as a state machine: `next`, run it, `ended`, until `next` gives None.

    Attributes:
        problem: why the root can't run, or None.
        skipped: number of cells that turned out not to need a run.
    """

    def __init__(
        self,
        session: Session,
        kind: Kind,
        root: str | None,
        alone: bool = False,
        lazy: bool = False,
        only_run_before: bool = False,
        only: frozenset[str] | None = None,
    ) -> None:
        self.session = session
        self.kind = kind
        self.root = root
        self.alone = alone
        self.lazy = lazy and root is not None  # who asks for all cells wants those too that a run makes stale
        self.only_run_before = only_run_before
        self.problem: Problem | None = None
        self.skipped = 0
        self.attempts: dict[str, int] = {}
        self.failed: set[str] = set()
        self.wanted: set[str] = set()
        self.targets: set[str] = set()  # asked for, not only dependents
        self._heap: list[tuple[float, str]] = []
        self._root_done = root is None
        self._begun = session.edits
        self._edited: Cell | None = None  # what the root needs, and was edited since
        self._made_again: set[str] = set()  # because what they gave was used up
        self._stopped = False  # by a failure: nothing more is done than to make again what that used up
        self._over = False
        if root is None:
            cells = (c for c in session.document if kind == "all" or c.has_run)
            chosen = [
                c.id
                for c in cells
                if not c.fresh and not c.disabled and c.kind != "batch" and (only is None or c.id in only)
            ]
            self.targets.update(chosen if kind == "all" else ())
            self._want(chosen)
            if only is not None:
                self._want(descendants(session.cells, chosen))
        elif not (alone or lazy or kind == "upstream"):
            orphans = [i for i in session.cells[root].orphans if i in session.cells]
            self._want([*orphans, *descendants(session.cells, [root, *orphans])])

    # -- the two moves

    def next(self, waiting: Collection[str] = ()) -> Cell | None:
        """The cell to run now, or None when the cascade is over (or the root can't run: see `problem`)."""
        if self._over:
            return None
        if not self._root_done:
            return self._next_for_root()
        while self._heap:
            cell = self.session.cells.get(self._heap[0][1])
            if cell is None or cell.id not in self.wanted:
                heappop(self._heap)
                continue
            # What it used up before it failed may hide what it shares: only then one sees that it failed as it stands.
            if cell.id in self.failed and (made := self._restore()) is not None:
                return made
            choice = None if cell.id in waiting else self._runnable(cell, waiting)
            if choice is not None:
                return choice
            heappop(self._heap)
            self.wanted.discard(cell.id)
            if cell.fresh:
                self.skipped += 1
        return self._restore()

    def ended(self, cell: Cell, ok: bool, interrupted: bool = False) -> None:
        """Take note of how a cell ended."""
        self.attempts[cell.id] = self.attempts.get(cell.id, 0) + 1
        if not ok and not cell.looks_below:
            self.failed.add(cell.id)
        in_lineage = cell.id in self.wanted or cell.id == self.root
        self.wanted.discard(cell.id)
        for other in self.session.refreshed:  # early cut-off
            if other.id in self.wanted and other.fresh:
                self.wanted.discard(other.id)
                self.skipped += 1
        if interrupted:
            self._over = True
        elif cell.id == self.root and not self._root_done:
            self._root_done = True
            if not ok:
                self._stop()
            elif self.alone or self.kind == "upstream" or self.lazy:
                self._over = self.kind != "upstream"
            else:
                self._want(descendants(self.session.cells, [cell.id]))
        elif in_lineage and ok and not self.lazy:
            self._want(cell.dependents)
        if not self._over and not self.lazy and not self.alone and self.kind != "upstream":
            # What the run taught may have changed what others read that don't depend on it (any more).
            self._want([other.id for other in self.session.spoiled])
            if self.kind == "all":
                self._want([other.id for other in self.session.refreshed])
        learnt = cell.ran is not None and cell.ran.code == cell.text if ok else cell.looks_below
        if learnt and not (self._over or cell.fresh or self.alone):
            self._want([cell.id])  # its run showed that it reads something else (it was not edited meanwhile)

    def also(self, cell_ids: Collection[str]) -> None:
        """Cells that have become stale by what a run showed of others run as well, if this cascade runs dependents."""
        if not (self._over or self.lazy or self.alone or self.kind == "upstream"):
            self._want(cell_ids)

    def remaining(self) -> int:
        """Number of cells that are still to run, as far as is known."""
        if self._root_done or self.root is None or self.root not in self.session.cells:
            return len(self.wanted)
        needed = {self.root}
        todo = [] if self.alone else [self.session.cells[self.root]]
        while todo:
            for producer in self._missing(todo.pop()):
                if producer.id not in needed:
                    needed.add(producer.id)
                    todo.append(producer)
        return len(self.wanted | needed)

    # -- choosing

    def _stop(self) -> None:
        self._stopped = self._root_done = True
        self.wanted.clear()

    def _want(self, cell_ids: Iterable[str]) -> None:
        for cell_id in () if self._stopped else cell_ids:
            cell = self.session.cells[cell_id]
            if (
                cell.fresh
                or self._held_back(cell)
                or cell_id in self.wanted
                or (cell_id == self.root and not self._root_done)
            ):
                continue
            # Each name that a star import did not bind after all takes a run to find out.
            if self.attempts.get(cell_id, 0) >= 3 + len(cell.missed[1]) or cell.kind == "batch":
                continue
            if not cell.has_run and (self.kind == "stale" or self.only_run_before):
                continue
            self.wanted.add(cell_id)
            heappush(self._heap, (cell.key, cell_id))

    def _held_back(self, cell: Cell) -> bool:
        """Disabled cells never run in a cascade; those that change data outside, only when all cells were asked for."""
        return cell.disabled or (cell.held_back and cell.id not in self.targets)

    def _edited_since(self, cell: Cell) -> bool:
        """True if a cell's text is not what it was when the cascade began: nobody has asked for that to run."""
        return cell.edited > self._begun

    def _next_for_root(self) -> Cell | None:
        root = self.session.cells.get(self.root or "")
        if root is None:
            self.problem = Problem("unknown_cell", "The cell was deleted before it could run.")
            self._stop()
            return self._restore()
        if self.alone:
            return root
        need = root if root.loop else self._need(root, set(), retry=True)
        if need is not None and not root.loop:
            return need
        self.problem = self._why_not(root)
        self._stop()
        self._over = not self.failed
        return None if self._over else self._restore()

    def _runnable(self, cell: Cell, waiting: Collection[str]) -> Cell | None:
        """The cell, or the first cell that it needs; None if it need not or can't run."""
        if cell.fresh or self._held_back(cell) or cell.loop or self._edited_since(cell):
            return None
        if cell.has_failed and not self._tried_again(cell, asked=False):
            return None
        return self._need(cell, set(waiting), retry=False)

    def _tried_again(self, cell: Cell, asked: bool) -> bool:
        """True if a cell that failed as it stands gets another try, once in a cascade.

        Only where the user asked for all cells, or for one that needs it, and if the cause may lie outside the
        notebook: all else would fail in the same way.
        """
        if cell.id in self.failed or not (asked or cell.id in self.targets):
            return False
        kind = cell.error.partition(":")[0]
        return cell.facts.problem is None if kind in OF_A_TEXT else kind not in REPEATS

    def _need(self, cell: Cell, barred: set[str], retry: bool, last: bool = False) -> Cell | None:
        """The first cell to run so that ``cell`` can: itself when its inputs are there; None if it can't be.

        ``retry``: the user asked for this cell, so that producers that failed as they stand are tried again.
        ``last``: nothing else is made again before it.
        """
        seen: set[str] = set()
        while True:
            seen.add(cell.id)
            missing = self._missing(cell)
            if not missing:
                return cell if last else self._sooner(cell) or cell
            if any(producer.id in seen or self._is_out_of_reach(producer, barred, retry) for producer in missing):
                return None
            # What was only used up comes last: making the others anew may use it up once more.
            stale = next((producer for producer in missing if not producer.fresh), None)
            if stale is None:
                return self._first_used_up(missing, barred | seen, retry, last)
            cell = stale

    def _first_used_up(self, missing: list[Cell], barred: set[str], retry: bool, last: bool) -> Cell | None:
        """Of cells whose values are used up, and those that they need, the first in the document that can run now.

        What another took from a value that is made again has to be taken before somebody further down uses that up.
        """
        found = {producer.id: producer for producer in missing}
        todo, ready = list(missing), list[Cell]()
        while todo:
            cell = todo.pop()
            needed = self._missing(cell)
            if any(self._is_out_of_reach(producer, barred, retry) for producer in needed):
                return None
            todo.extend(producer for producer in needed if producer.id not in found)
            found.update((producer.id, producer) for producer in needed)
            if not needed:
                ready.append(cell)
        first = min(ready, key=attrgetter("key"), default=None)
        if first is None:
            return None
        self._made_again.add(first.id)
        return first if last else self._sooner(first) or first

    def _sooner(self, cell: Cell) -> Cell | None:
        """What the end needs made again of what this cascade made again: not after a cell may have used that up."""
        cells = self.session.cells
        lost = [one for one in lost_at_end(self.session) if one.key < cell.key] if self._made_again else []
        if not lost:
            return None
        common = self._made_again & ancestors(cells, cell)
        alike = (one for one in lost if common & ancestors(cells, one))
        return next((made for one in alike if (made := self._made(one, last=True)) is not None), None)

    def _is_out_of_reach(self, producer: Cell, barred: set[str], retry: bool) -> bool:
        """True if a cell can't, or must not, be run for another that needs it."""
        if producer.id in barred or producer.loop:
            return True
        if self._edited_since(producer):
            self._edited = producer
            return True
        if self._held_back(producer) and not producer.fresh:
            return True
        if producer.has_failed and not self._tried_again(producer, asked=retry):
            return True
        return producer.id in self.failed or self.attempts.get(producer.id, 0) >= 4 + len(self.failed)

    def _missing(self, cell: Cell) -> list[Cell]:
        """Producers of a cell's inputs that aren't fresh or whose values are used up, in document order."""
        found: dict[str, Cell] = {}
        for name, producers in cell.inputs.items():
            for producer_id in producers:
                producer = self.session.cells[producer_id]
                if producer.kind == "batch":
                    continue
                held = producer.ran is not None and (name in producer.ran.held or not _has_value(producer, name))
                if not (producer.fresh and held):
                    found[producer_id] = producer
        return sorted(found.values(), key=lambda producer: producer.key)

    def _restore(self) -> Cell | None:
        """A cell to run again so that the notebook's end shows its values; None when all are there."""
        if self.alone or self.lazy or self.kind == "upstream":
            return None
        return next((made for cell in lost_at_end(self.session) if (made := self._made(cell)) is not None), None)

    def _made(self, cell: Cell, last: bool = False) -> Cell | None:
        """What to run so that a cell gives what was used up; None if it must not, or can't."""
        tries = 3 + len(self.failed)  # each failing cell may have used the value up once more
        if cell.held_back or self.attempts.get(cell.id, 0) >= tries or cell.id in self.failed:
            return None
        return self._need(cell, set(), retry=False, last=last)

    def _why_not(self, root: Cell) -> Problem:
        from reactive_kernel.core.explain import blocked_by, label

        culprits = root.blockers
        if not culprits and self._edited is not None:
            where = label(self.session, self._edited)
            return Problem("edited", f"Not run: it needs {where}, which was edited meanwhile and has not run since.")
        if not culprits:
            missing = self._missing(root)
            culprits = tuple(producer.id for producer in missing)
        return blocked_by(self.session, root, culprits)


def _has_value(producer: Cell, name: str) -> bool:
    """True if a producer gives a name a value (and doesn't just delete it, or let another's through)."""
    return producer.produces.get(name, DELETES) != DELETES


def lost_at_end(session: Session) -> list[Cell]:
    """Cells whose values the notebook's end shows, and which can't be had without running them again."""
    found: dict[str, Cell] = {}
    for cell_id, name in list(session.lost):
        cell = session.cells[cell_id]
        if cell.fresh and cell.produces.get(name, DELETES) != DELETES and _shown_at_end(session, name) is cell:
            found[cell_id] = cell
    return sorted(found.values(), key=lambda cell: cell.key)


def _shown_at_end(session: Session, name: str) -> Cell | None:
    """The cell whose value of a name the notebook's end shows: the last producer that is in effect."""
    for _, cell_id in reversed(session.graph.producers.get(name, ())):
        cell = session.cells[cell_id]
        if cell.fresh or (cell.shown and cell.ran is not None and name in cell.ran.held):
            return cell
    return None
