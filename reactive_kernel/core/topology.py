"""The graph kept up to date: who reads what from whom, at which version, and so what is fresh.

The update is a worklist in document order: a cell is looked at again when the producers, versions or
code of its inputs changed, and its dependents only if that changed what they see (early cut-off).
Why a cell has to be looked at is not this module's business.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from dataclasses import replace
from heapq import heappop, heappush
from math import inf
from operator import attrgetter

from reactive_kernel.core import resolve
from reactive_kernel.core.graph import Graph, components, find_loop
from reactive_kernel.core.notebook import Cell, Document
from reactive_kernel.core.sharing import Sharing, sharers
from reactive_kernel.core.versions import version

__all__ = ["Topology"]


class Topology:
    """Cells, names, edges, versions; and which cells' state changed since last asked."""

    def __init__(self) -> None:
        self.document = Document()
        self.graph = Graph(self.document)
        self.cells = self.document.cells
        self.sharing = Sharing()
        self.forward = self.graph.forward
        self.soft: set[str] = set()  # cells that may read from below, or do without
        self.opaque: set[str] = set()
        self.edits = 0  # how many texts have changed, and how many cells have gone from their places
        self.revision = 0
        self.changed: dict[str, None] = {}
        self._touched: set[str] = set()  # the same, since `stale` was last asked for
        self._stale: set[str] = set()
        self.removed: dict[str, None] = {}
        self.rebound: set[str] = set()  # names whose producers changed
        self.renumbered = False
        self.gone: set[str] = set()  # deleted, and the store not yet told
        self.refreshed: list[Cell] = []  # looked at by the last operation
        self.spoiled: list[Cell] = []  # fresh before it, and now not
        self._turned: set[str] = set()  # cells of which a producer moved
        self._waiving: set[str] = set()  # cells that gave up a read
        self._unwound: set[str] = set()  # cells whose code was found anew
        self._rewired = False  # some cell reads from others than before
        self._queue: list[tuple[float, str]] = []
        self._queued: set[str] = set()

    def touch(self, cell: Cell) -> None:
        """Note that what is told of a cell has changed."""
        self.changed[cell.id] = None
        self._touched.add(cell.id)

    def stale(self) -> list[Cell]:
        """The notebook's cells that ran and show something out of date (not those that failed), in document order."""
        touched = [self.cells[i] for i in self._touched if i in self.cells]
        ran = [c for c in touched if c.kind == "notebook" and c.has_run]
        self._stale -= self._touched
        self._stale.update(c.id for c in ran if not (c.fresh or c.has_failed))
        self._touched.clear()
        return sorted((self.cells[i] for i in self._stale if i in self.cells), key=attrgetter("key"))

    def _note_edit(self, cell: Cell) -> None:
        self.edits += 1
        cell.edited = self.edits

    def _mark_opaque(self, cell: Cell) -> None:
        (self.opaque.add if cell.facts.opaque else self.opaque.discard)(cell.id)

    def _push(self, cell: Cell) -> None:
        if cell.id not in self._queued:
            self._queued.add(cell.id)
            heappush(self._queue, (cell.key, cell.id))

    def _update(self) -> None:
        """Bring everything up to date, in document order as far as that goes."""
        rounds: dict[str, int] = {}
        self._unwound = set()
        self.refreshed, self.spoiled = [], []
        while self._queue or self._give_up():
            _, cell_id = heappop(self._queue)
            self._queued.discard(cell_id)
            cell = self.cells.get(cell_id)
            if cell is None:
                continue
            rounds[cell_id] = rounds.get(cell_id, 0) + 1
            cell.trusted = rounds[cell_id] > 8  # what it may do makes a loop, and for the loop's sake it does not do it
            if rounds[cell_id] > 50:  # a fault of ours, never of the notebook's: don't hang for it
                continue
            self._refresh(cell)
            self.refreshed.append(cell)
        if self.changed or self.removed:
            self.revision += 1

    def _refresh(self, cell: Cell) -> None:
        """Look at one cell again; tell the neighbours what they see differently."""
        before, shown = (cell.version, cell.loop, cell.blockers, cell.fresh), cell.shown
        view = self._look(cell)
        produces = resolve.produces(cell, view, self.cells)
        names = self._set_produces(cell, produces)
        carried, cell.carried = cell.carried, resolve.carried(cell, view, self.cells)
        cell.blockers = self._blockers(cell)
        self._set_unknown(cell, cell.may_bind_any)
        outs, cell.outs = cell.outs, resolve.outs(cell)
        if carried != cell.carried:
            names |= {n for n in carried.keys() | cell.carried.keys() if carried.get(n) != cell.carried.get(n)}
        if outs != cell.outs:
            names |= {n for n in outs.keys() | cell.outs.keys() if outs.get(n) != cell.outs.get(n)}
        blocks = before[2] != cell.blockers or cell.blocking != cell.has_failed
        if cell.blocking != cell.has_failed:  # it lets the values above it through, or does so no more
            self._push_sharers_above(cell)
        cell.blocking = cell.has_failed
        if before[2] != cell.blockers or (cell.blockers and before[3] != cell.fresh):
            self.rebound.update(cell.produces)
        for dependent, read in cell.dependents.items():
            if blocks or (names and not names.isdisjoint(read)):
                self._push(self.cells[dependent])
        if before != (cell.version, cell.loop, cell.blockers, cell.fresh) or names:
            self.touch(cell)
        if shown != cell.shown and cell.ran is not None:  # what it gives is, or isn't, there to be changed with others'
            self._push_sharers(frozenset().union(*cell.ran.reach.values()), cell.key)
        if before[3] and not cell.fresh:
            self.spoiled.append(cell)

    def _look(self, cell: Cell) -> resolve.View:
        """Resolve a cell's inputs and hash them; first as its last run showed them, then as the source has it.

        Returns what the cell would see if no read from below were given up: what it may produce must not hang on that.
        """
        ran = cell.ran
        if ran is not None and ran.code == cell.facts.code:
            wish, view = self._views(cell, True, ran.without)
            found = self._hash(cell, view)
            if found == ran.version or cell.trusted:
                asks = cell.id in self.opaque or resolve.UNKNOWN in cell.given_up  # waits, whatever it read in a run
                if wish is not view and found == ran.version and not asks:
                    # It did without them: that no run asks for them may itself undo the loop.
                    cell.ran = replace(ran, without=ran.without | cell.given_up)
                    wish = view
                self._wire(cell, wish, view)
                cell.version = None if cell.loop else found
                return wish
        wish, view = self._views(cell, False, frozenset())
        self._wire(cell, wish, view)
        cell.version = None if cell.loop else self._hash(cell, view)
        return wish

    def _views(self, cell: Cell, known: bool, without: frozenset[str]) -> tuple[resolve.View, resolve.View]:
        """What a cell would read, and what it reads without the reads from below that were given up."""
        wish = resolve.view(cell, self.graph, self.sharing, known, without)
        if cell.given_up.isdisjoint(wish.soft):
            return wish, wish
        return wish, resolve.view(cell, self.graph, self.sharing, known, without | cell.given_up)

    def _wire(self, cell: Cell, wish: resolve.View, view: resolve.View) -> None:
        """Enter what a cell reads into the graph."""
        wishes = None if wish is view else wish.inputs
        if wishes != cell.wishes or wish.soft != cell.soft:
            self._rewired = True
            cell.wishes, cell.soft = wishes, wish.soft
            (self.opaque.add if cell.facts.opaque or wish.evaluates else self.opaque.discard)(cell.id)
            (self.soft.add if wish.soft and cell.id not in self.opaque else self.soft.discard)(cell.id)
        self._set_loop(cell, self._set_inputs(cell, view.inputs))

    def _give_up(self) -> bool:
        """Give up the reads that close a loop and that no run is sure to make; True if that changed.

        As in a plain run such a name isn't there, and if the run comes to the read, it says so.  First those go that
        surely lead to a cell which reads from below itself; of a loop that is left, those from below.  Which came first
        doesn't matter, so that the answer depends on the notebook alone.
        """
        if not (self._rewired and (self.soft or self._waiving or (self.forward and self.opaque))):
            return False
        self._rewired = False
        unsure = [i for i in self.soft | self.opaque | self._waiving if i in self.cells]
        rivals: dict[str, frozenset[str]] = {}
        for left in (False, True):
            part = components(self.cells, unsure, rivals)
            upside_down = self._read_from_below(part)
            for cell in map(self.cells.__getitem__, unsure):
                own = part[cell.id]
                near = {p for found in cell.soft.values() for p in found if part.get(p) == own}
                given_up = {p for p in near if self.cells[p].key > cell.key} if left else near & upside_down
                if given_up:
                    rivals[cell.id] = rivals.get(cell.id, frozenset()) | given_up
        for cell in map(self.cells.__getitem__, unsure):
            against = rivals.get(cell.id, frozenset())
            found = frozenset(n for n, producers in cell.soft.items() if not against.isdisjoint(producers))
            (self._waiving.add if found else self._waiving.discard)(cell.id)
            if (found, against) != (cell.given_up, cell.rivals):
                cell.given_up, cell.rivals = found, against
                self._push(cell)
        self._waiving &= self.cells.keys()
        return bool(self._queue)

    def _read_from_below(self, part: dict[str, int]) -> set[str]:
        """Cells that surely read from a cell below which depends on them, and those of each one's ``part`` that surely
        depend on such a cell.
        """
        found: set[str] = set()
        for cell in (self.cells[i] for i in self.forward if i in part):
            below = {p for p in self.forward[cell.id] if part.get(p) == part[cell.id]}
            if any(n not in cell.soft and not below.isdisjoint(producers) for n, producers in cell.inputs.items()):
                found.add(cell.id)
        return self._surely_follow(found, part)

    def _can_insist(self, cell: Cell, name: str) -> bool:
        """True if a read was given up for a loop in which other cells are, though they aren't sure of it."""
        return name in cell.given_up and cell.rivals.isdisjoint(self._surely_follow({cell.id}))

    def _surely_follow(self, found: set[str], part: dict[str, int] | None = None) -> set[str]:
        """Cells and all that surely depend on them, within each one's ``part``."""
        todo = list(found)
        while todo:
            cell = self.cells[todo.pop()]
            for other, names in cell.dependents.items():
                sure = any(name not in self.cells[other].soft for name in names)
                if sure and other not in found and (part is None or part.get(other) == part[cell.id]):
                    found.add(other)
                    todo.append(other)
        return found

    def _hash(self, cell: Cell, view: resolve.View) -> str:
        cells = self.cells
        pairs = [(n, cells[p].outs.get(n, "")) for n, found in sorted(view.inputs.items()) for p in found]
        return version(cell.text, cell.nonce, pairs)

    def _blockers(self, cell: Cell) -> tuple[str, ...]:
        """Ids of the cells at fault for this one not being able to run, in document order."""
        if cell.loop:
            return cell.loop
        found: dict[str, None] = {}
        for producers in cell.inputs.values():
            for producer in map(self.cells.__getitem__, producers):
                if producer.has_failed and producer.kind != "batch":
                    found[producer.id] = None
                elif producer.blockers:
                    found.update(dict.fromkeys(producer.blockers))
        here = [cell_id for cell_id in found if cell_id in self.cells]
        return tuple(sorted(here, key=lambda cell_id: self.cells[cell_id].key))

    def _set_loop(self, cell: Cell, edges_changed: bool) -> None:
        """Find the loop that a cell is in; only a new edge can close one, and only a forward reference does."""
        edges_changed |= cell.id in self._turned
        self._turned.discard(cell.id)
        if not cell.loop and not (edges_changed and self.forward):
            return
        old, loop = cell.loop, find_loop(self.cells, cell)
        if old == loop:
            return
        self._unwind({*old, *loop})
        cell.loop = loop
        self.rebound.update(cell.produces)
        for member in (self.cells[m] for m in {*old, *loop} - {cell.id} if m in self.cells):
            if member.id in loop:
                member.loop = loop
            self.rebound.update(member.produces)
            member.blocking = member.has_failed  # those below may look at it before it is looked at
            self._push(member)

    def _unwind(self, loop: Iterable[str]) -> None:
        """What the code in a loop's values reads is found anew: the cells would hand it to each other for ever.

        Once in an update, so that this comes to an end.
        """
        for cell_id in loop:
            if cell_id in self.cells and cell_id not in self._unwound:
                self._unwound.add(cell_id)
                self.cells[cell_id].carried = {}
                self._push(self.cells[cell_id])

    def _set_produces(self, cell: Cell, produces: dict[str, int]) -> set[str]:
        """Change what a cell produces; returns the names for which that changed, their readers being told."""
        old, cell.produces = cell.produces, produces
        if old == produces:
            return set()
        changed = {name for name in old.keys() | produces.keys() if old.get(name) != produces.get(name)}
        self.rebound |= changed
        for name in changed:
            if name not in old:
                self.graph.add(self.graph.producers, name, cell)
            elif name not in produces:
                self.graph.discard(self.graph.producers, name, cell)
        for name in changed:
            for reader in self.graph.affected(name, cell):
                self._push(self.cells[reader])
            for producer_id in (cell.id, *self.graph.above(name, cell.key)):
                producer = self.cells[producer_id]
                if producer.ran is not None:
                    self._push_sharers(producer.ran.reach.get(name, ()))
        if not changed.isdisjoint(self.graph.patched):
            for other in self.document.order[self.document.index(cell) + 1 :]:
                self._push(other)
        if changed:
            for opaque in [self.cells[i] for i in self.opaque if i in self.cells]:
                if opaque.key > cell.key:
                    self._push(opaque)
        return changed

    def _set_unknown(self, cell: Cell, unknown: bool) -> None:
        """Note whether a cell may bind any name; all below it are looked at again when it begins to."""
        if cell.unknown == unknown or (cell.trusted and unknown):
            return
        cell.unknown, place = unknown, (cell.key, cell.id)
        if not unknown:  # its dependents see that from what it gives
            self.graph.unknown.remove(place)
            return
        insort(self.graph.unknown, place)
        for other in self.document.order[self.document.index(cell) + 1 :]:
            self._push(other)

    def _push_sharers(self, tokens: Iterable[int], below: float = -inf) -> None:
        """Look again at cells that may change one of these objects through any name; of the notebook's only those
        ``below`` a place.
        """
        for other_id, other in sharers(self.sharing, tokens):
            if other_id in self.cells:
                for dependent, names in self.cells[other_id].dependents.items():
                    reader = self.cells[dependent]
                    if other in names and (reader.key > below or reader.kind != "notebook"):
                        self._push(reader)

    def _push_sharers_above(self, cell: Cell) -> None:
        """Look again at cells below that may change what a cell's names stand for above it."""
        for name in cell.produces:
            for producer in map(self.cells.__getitem__, self.graph.above(name, cell.key)):
                if producer.ran is not None:
                    self._push_sharers(producer.ran.reach.get(name, ()), cell.key)

    def _set_inputs(self, cell: Cell, inputs: dict[str, tuple[str, ...]]) -> bool:
        """Change what a cell reads and from whom, both directions of the edges; True if anything changed."""
        old = cell.inputs
        if old == inputs:
            return False
        cell.inputs = inputs
        self._rewired = True
        for name in old.keys() - inputs.keys():
            self.graph.discard(self.graph.readers, name, cell)
        for name in inputs.keys() - old.keys():
            self.graph.add(self.graph.readers, name, cell)
        for name, found in old.items():
            if inputs.get(name) != found:
                for producer_id in found:
                    self._unlink(cell, name, producer_id)
        for name, found in inputs.items():
            if old.get(name) != found:
                for producer_id in found:
                    self._link(cell, name, producer_id)
        self.touch(cell)
        return True

    def _link(self, cell: Cell, name: str, producer_id: str) -> None:
        producer = self.cells[producer_id]
        producer.dependents.setdefault(cell.id, set()).add(name)
        if producer.key > cell.key and cell.kind == "notebook":
            self.forward.setdefault(cell.id, set()).add(producer_id)
        self.touch(producer)

    def _unlink(self, cell: Cell, name: str, producer_id: str) -> None:
        producer = self.cells.get(producer_id)
        if producer is None:
            self._no_forward(cell, producer_id)
            return
        names = producer.dependents.get(cell.id)
        if names is not None:
            names.discard(name)
            if not names:
                del producer.dependents[cell.id]
                self._no_forward(cell, producer_id)
        self.touch(producer)

    def _no_forward(self, cell: Cell, producer_id: str) -> None:
        targets = self.forward.get(cell.id)
        if targets is not None:
            targets.discard(producer_id)
            if not targets:
                del self.forward[cell.id]
