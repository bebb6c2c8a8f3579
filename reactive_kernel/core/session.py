"""The one door to the reactive model: `Session.apply` takes an operation and updates everything it touches.

Decides who depends on whom, which version each cell has and so which cells are fresh.  Knows no
values, no namespace, no clock, no client.  A refused operation raises `Refusal` and changes nothing.

The update is a worklist in document order: a cell is looked at again when the producers, versions or
code of its inputs changed, and its dependents only if that changed what they see (early cut-off).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import replace
from heapq import heappop, heappush

from reactive_kernel.core import resolve
from reactive_kernel.core.facts import Facts
from reactive_kernel.core.graph import Graph, find_loop
from reactive_kernel.core.notebook import DEFINES, DELETES, Cell, Document, Kind, Ran
from reactive_kernel.core.operations import (
    Changed,
    Delete,
    Edit,
    Failed,
    Forget,
    Insert,
    Interrupted,
    Lost,
    Move,
    Operation,
    Rerun,
    Started,
    Succeeded,
    Sync,
    Text,
)
from reactive_kernel.core.versions import digest, name_version, token_version, version

__all__ = ["Refusal", "Session"]

Analyse = Callable[[str, str], Facts]


class Refusal(Exception):
    """An operation that can't be applied; ``code`` for programs, ``str()`` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Session:
    """Cells, graph, versions; and which entries changed since last asked."""

    def __init__(self, analyse: Analyse) -> None:
        self.analyse = analyse
        self.document = Document()
        self.graph = Graph(self.document)
        self.cells = self.document.cells
        self.sharing: resolve.Sharing = {}
        self.forward: dict[str, set[str]] = {}  # reader -> producers below it
        self.opaque: set[str] = set()
        self.lost: dict[tuple[str, str], None] = {}
        self.revision = 0
        self.changed: dict[str, None] = {}
        self.removed: dict[str, None] = {}
        self.rebound: set[str] = set()  # names whose producers changed
        self.renumbered = False
        self.gone: set[str] = set()  # deleted, and the store not yet told
        self.refreshed: list[Cell] = []  # looked at by the last operation
        self._running: dict[str, tuple[str, dict[str, tuple[tuple[str, str], ...]]]] = {}
        self._turned: set[str] = set()  # cells of which a producer moved
        self._queue: list[tuple[float, str]] = []
        self._queued: set[str] = set()

    # -- the door

    def apply(self, operation: Operation) -> None:
        """Apply one operation; raises `Refusal`, and then nothing has changed."""
        match operation:
            case Sync(texts):
                self._sync(texts)
            case Edit(text):
                self._edit(self.find(text.cell_id), text)
            case Insert(text, index, kind):
                self._insert(text, index, kind)
            case Delete(cell_id):
                self._delete(self.find(cell_id))
            case Move(cell_id, index):
                self._move(self.find(cell_id), index)
            case Forget():
                for cell in reversed(self.document.order[:]):
                    self._delete(cell)
            case Rerun(cell_id):
                self._rerun(self.find(cell_id))
            case Started(cell_id):
                self._started(self.find(cell_id))
            case Succeeded() | Failed() | Interrupted():
                self._ended(operation)
            case Lost(values):
                self._lose(values)
            case Changed(changes):
                self._change(changes)
        self._update()

    def find(self, cell_id: str) -> Cell:
        """The cell of that id; raises `Refusal`."""
        cell = self.cells.get(cell_id)
        if cell is None:
            raise Refusal("unknown_cell", f"There is no cell with the id {cell_id!r}.")
        return cell

    def touch(self, cell: Cell) -> None:
        """Note that what is told of a cell has changed."""
        self.changed[cell.id] = None

    # -- edits

    def _sync(self, texts: tuple[Text, ...]) -> None:
        wanted = {text.cell_id: text for text in texts}
        if len(wanted) < len(texts):
            ids = [text.cell_id for text in texts]
            twice = next(cell_id for cell_id in ids if ids.count(cell_id) > 1)
            raise Refusal("duplicate_cell", f"The cell id {twice!r} appears twice.")
        for cell in [c for c in self.document if c.kind == "notebook" and c.id not in wanted]:
            self._delete(cell)
        staying = _longest_common_run(
            [cell.id for cell in self.document if cell.kind == "notebook"], [text.cell_id for text in texts]
        )
        moving = {cell_id: cell for cell_id, cell in self.cells.items() if cell_id in wanted and cell_id not in staying}
        for cell in moving.values():
            self._take_out(cell)
        for index, text in enumerate(texts):
            if text.cell_id in moving:
                cell = moving[text.cell_id]
                cell.kind = "notebook"
                self._put_in(cell, index)
            elif text.cell_id not in self.cells:
                self._insert(text, index, "notebook")
                continue
            self._edit(self.cells[text.cell_id], text)

    def _edit(self, cell: Cell, text: Text) -> None:
        if text.disabled is not None and text.disabled != cell.disabled:
            cell.disabled = text.disabled
            self.touch(cell)
        language = text.language or cell.language
        if text.source == cell.source and language == cell.language:
            return
        cell.source, cell.language = text.source, language
        cell.orphans.update(cell.dependents)
        facts = self.analyse(text.source, language)
        cell.problem = facts.problem
        cell.text = facts.code if facts.problem is None else digest("unparsed", text.source)
        if facts.problem is None:
            cell.facts = facts
        self._mark_opaque(cell)
        self.touch(cell)
        self._push(cell)

    def _insert(self, text: Text, index: int | None, kind: Kind) -> None:
        if text.cell_id in self.cells:
            raise Refusal("duplicate_cell", f"There is already a cell with the id {text.cell_id!r}.")
        length = self.document.notebook_length()
        if index is None:
            index = length if kind == "notebook" else len(self.document)
        if not 0 <= index <= (length if kind == "notebook" else len(self.document)):
            raise Refusal("bad_index", f"There is no place {index}: the notebook has {length} cells.")
        facts = self.analyse(text.source, text.language or "python")
        cell = Cell(text.cell_id, kind, text.source, text.language or "python", facts, facts.problem, facts.code)
        if facts.problem is not None:
            cell.facts = Facts(code="")
            cell.text = digest("unparsed", text.source)
        cell.disabled = bool(text.disabled)
        self._mark_opaque(cell)
        self._put_in(cell, index)

    def _mark_opaque(self, cell: Cell) -> None:
        (self.opaque.add if cell.facts.opaque else self.opaque.discard)(cell.id)

    def _put_in(self, cell: Cell, index: int) -> None:
        if self.document.place(cell, index):
            self.document.renumber()
            self.graph.rebuild()
            self.renumbered = True
        self.removed.pop(cell.id, None)
        self.touch(cell)
        self._push(cell)
        for dependent in map(self.cells.__getitem__, cell.dependents):  # moved: references may turn round
            if cell.key > dependent.key and dependent.kind == "notebook":
                self.forward.setdefault(dependent.id, set()).add(cell.id)
            else:
                self._no_forward(dependent, cell.id)
            self._turned.add(dependent.id)
            self._push(dependent)

    def _take_out(self, cell: Cell) -> None:
        """Take a cell from its place; its run stays known to it (a move)."""
        cell.orphans.update(cell.dependents)
        self._set_produces(cell, {})
        self._set_inputs(cell, {})
        self.document.remove(cell)

    def _delete(self, cell: Cell) -> None:
        self._forget_run(cell)
        self._take_out(cell)
        self.opaque.discard(cell.id)
        for dependent in list(cell.dependents):
            self._push(self.cells[dependent])
        self.changed.pop(cell.id, None)
        self.removed[cell.id] = None
        self.gone.add(cell.id)

    def _move(self, cell: Cell, index: int) -> None:
        length = self.document.notebook_length()
        if cell.kind != "notebook":
            raise Refusal("bad_cell", f"The cell {cell.id!r} isn't part of the notebook.")
        if not 0 <= index < length:
            raise Refusal("bad_index", f"There is no place {index}: the notebook has {length} cells.")
        self._take_out(cell)
        self._put_in(cell, index)

    # -- runs

    def _rerun(self, cell: Cell) -> None:
        if cell.exact and not cell.loop:
            cell.nonce += 1
            self._push(cell)

    def _started(self, cell: Cell) -> None:
        cell.activity = "running"
        outs = {name: tuple((p, self._held_out(p, name)) for p in found) for name, found in cell.inputs.items()}
        self._running[cell.id] = (cell.facts.code, outs)
        self.touch(cell)

    def _held_out(self, producer_id: str, name: str) -> str:
        """Version of the value that a reader finds now; a cell that runs alone may find one that is out of date."""
        producer = self.cells[producer_id]
        ran = producer.ran
        if producer.exact or ran is None:
            return producer.outs.get(name, "") if ran is not None else ""
        token = ran.bound.get(name)
        return name_version(producer_id, ran.version, name) if token is None else token_version(token)

    def _ended(self, news: Succeeded | Failed | Interrupted) -> None:
        cell = self.cells.get(news.cell_id)
        if cell is None:  # deleted while it ran
            self._running.pop(news.cell_id, None)
            return
        code, before = self._running.pop(cell.id, (cell.facts.code, {}))
        cell.activity = ""
        cell.has_run = True
        cell.seconds, cell.execution_count = news.seconds, news.execution_count
        self.touch(cell)
        self._push(cell)
        if isinstance(news, Succeeded):
            cell.orphans.clear()
            cell.failed, cell.error, cell.last, cell.remarks = None, "", "success", news.seen.remarks
            cell.outside = news.seen.outside
            self._learn(cell, news, code, before)
            return
        cell.last = "error"
        self.rebound.update(cell.produces)
        self._forget_run(cell, keep_hints=True)
        if isinstance(news, Failed):
            cell.failed, cell.error = (cell.version, cell.text), news.error
        else:
            cell.failed, cell.error = None, "interrupted"
        for dependent in cell.dependents:
            self._push(self.cells[dependent])

    def _learn(self, cell: Cell, news: Succeeded, code: str, before: dict[str, tuple[tuple[str, str], ...]]) -> None:
        """Take in what a run showed, at the version of the inputs that it started with."""
        seen = news.seen
        self._forget_run(cell)
        held = {*seen.bound, *seen.mutated}
        cleared = frozenset((n, self.cells[p].outs.get(n, "")) for n in seen.cleared for p in self.graph.above(n, cell.key))
        ran = Ran("", code, seen.bound, seen.mutated, seen.deleted, seen.carried, seen.reach, cleared, held)
        cell.ran = ran
        for name, tokens in seen.reach.items():
            for token in tokens:
                self.sharing.setdefault(token, set()).add((cell.id, name))
        if code != cell.facts.code:
            ran.version = digest("superseded", code)
            return
        late = {n for n in seen.mutated if any(self.cells[p].key > cell.key for p in cell.inputs.get(n, ()))}
        view = resolve.view(cell, self.graph, self.sharing, known=True)
        # What the run did without is not waited for now that it could be had from below.
        late.update(n for n, found in view.inputs.items() if found and before.get(n) == () and self.cells[found[0]].key > cell.key)
        if late and cell.kind == "notebook":
            earlier = cell.late[1] if cell.late[0] == code else frozenset()
            cell.late = (code, earlier | late)
            view = resolve.view(cell, self.graph, self.sharing, known=True)
        pairs: list[tuple[str, str]] = []
        for name, found in sorted(view.inputs.items()):
            known = before.get(name)
            if known is None:
                known = tuple((p, self.cells[p].outs.get(name, "")) for p in found)
            pairs.extend((name, out) for _, out in known)
        ran.inputs = tuple(pairs)
        ran.version = version(code, cell.nonce, pairs)
        self._push_sharers(cell)

    def _push_sharers(self, cell: Cell) -> None:
        """Look again at cells that may mutate an object which the cell's values now share."""
        ran = cell.ran
        if ran is None:
            return
        for name, tokens in ran.reach.items():
            for token in tokens:
                for other_id, other in self.sharing[token]:
                    if other_id in self.cells:
                        for dependent, names in self.cells[other_id].dependents.items():
                            if other in names:
                                self._push(self.cells[dependent])

    def _forget_run(self, cell: Cell, keep_hints: bool = False) -> None:
        """Drop what the last run of a cell showed; with ``keep_hints`` what it bound and changed remains a guess."""
        ran, cell.ran = cell.ran, None
        if ran is None:
            return
        if keep_hints:
            cell.ran = replace(ran, version="failed", reach={}, held=set())
        for name, tokens in ran.reach.items():
            for token in tokens:
                sharers = self.sharing[token]
                sharers.discard((cell.id, name))
                if not sharers:
                    del self.sharing[token]
        for name in list(ran.bound) + list(ran.mutated):
            self.lost.pop((cell.id, name), None)
        self._push(cell)

    def _lose(self, values: Iterable[tuple[str, str]]) -> None:
        for cell_id, name in values:
            cell = self.cells.get(cell_id)
            if cell is not None and cell.ran is not None and name in cell.ran.held:
                cell.ran.held.discard(name)
                self.lost[(cell_id, name)] = None

    def _change(self, changes: Iterable[tuple[str, str, str]]) -> None:
        for cell_id, name, token in changes:
            cell = self.cells.get(cell_id)
            if cell is not None and cell.ran is not None and name in cell.ran.bound:
                cell.ran = replace(cell.ran, bound={**cell.ran.bound, name: token})
                self._push(cell)

    # -- the update

    def _push(self, cell: Cell) -> None:
        if cell.id not in self._queued:
            self._queued.add(cell.id)
            heappush(self._queue, (cell.key, cell.id))

    def _update(self) -> None:
        """Bring everything up to date, in document order as far as that goes."""
        rounds: dict[str, int] = {}
        self.refreshed = []
        while self._queue:
            _, cell_id = heappop(self._queue)
            self._queued.discard(cell_id)
            cell = self.cells.get(cell_id)
            if cell is None:
                continue
            rounds[cell_id] = rounds.get(cell_id, 0) + 1
            if rounds[cell_id] > 50:  # a fault of ours, never of the notebook's: don't hang for it
                continue
            self._refresh(cell)
            self.refreshed.append(cell)
        if self.changed or self.removed:
            self.revision += 1

    def _refresh(self, cell: Cell) -> None:
        """Look at one cell again; tell the neighbours what they see differently."""
        before = (cell.version, cell.loop, cell.blockers, cell.fresh)
        view = self._version(cell)
        produces = resolve.produces(cell, view, self.cells)
        names = self._set_produces(cell, produces)
        carried, cell.carried = cell.carried, resolve.carried(cell, view, self.cells)
        outs, cell.outs = cell.outs, resolve.outs(cell)
        if carried != cell.carried:
            names |= {n for n in carried.keys() | cell.carried.keys() if carried.get(n) != cell.carried.get(n)}
        if outs != cell.outs:
            names |= {n for n in outs.keys() | cell.outs.keys() if outs.get(n) != cell.outs.get(n)}
        cell.blockers = self._blockers(cell)
        blocks = before[2] != cell.blockers
        if blocks or (cell.blockers and before[3] != cell.fresh):
            self.rebound.update(cell.produces)
        for dependent, read in cell.dependents.items():
            if blocks or (names and not names.isdisjoint(read)):
                self._push(self.cells[dependent])
        if before != (cell.version, cell.loop, cell.blockers, cell.fresh) or names:
            self.touch(cell)

    def _version(self, cell: Cell) -> resolve.View:
        """Resolve a cell's inputs and hash them; first as its last run showed them, then as the source has it."""
        if cell.ran is not None and cell.ran.code == cell.facts.code:
            view = resolve.view(cell, self.graph, self.sharing, known=True)
            if self._hash(cell, view) == cell.ran.version:
                self._set_loop(cell, self._set_inputs(cell, view.inputs))
                cell.version = None if cell.loop else cell.ran.version
                return view
        view = resolve.view(cell, self.graph, self.sharing, known=False)
        self._set_loop(cell, self._set_inputs(cell, view.inputs))
        cell.version = None if cell.loop else self._hash(cell, view)
        return view

    def _hash(self, cell: Cell, view: resolve.View) -> str:
        cells = self.cells
        pairs = [(n, cells[p].outs.get(n, "")) for n, found in sorted(view.inputs.items()) for p in found]
        return version(cell.facts.code, cell.nonce, pairs)

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
        cell.loop = loop
        for member in (self.cells[m] for m in {*old, *loop} - {cell.id} if m in self.cells):
            if member.id in loop:
                member.loop = loop
            self._push(member)

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
        if changed:
            for cell_id in self.opaque:
                if self.cells[cell_id].key > cell.key:
                    self._push(self.cells[cell_id])
        return changed

    def _set_inputs(self, cell: Cell, inputs: dict[str, tuple[str, ...]]) -> bool:
        """Change what a cell reads and from whom, both directions of the edges; True if anything changed."""
        old = cell.inputs
        if old == inputs:
            return False
        cell.inputs = inputs
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

    # -- questions

    def lost_at_end(self) -> list[Cell]:
        """Cells whose values the notebook's end shows, and which can't be had without running them again."""
        found: dict[str, Cell] = {}
        for cell_id, name in list(self.lost):
            cell = self.cells[cell_id]
            if cell.fresh and cell.produces.get(name, DELETES) != DELETES and self._shown_at_end(name) is cell:
                found[cell_id] = cell
        return sorted(found.values(), key=lambda cell: cell.key)

    def _shown_at_end(self, name: str) -> Cell | None:
        """The cell whose value of a name the notebook's end shows: the last producer that is in effect."""
        for _, cell_id in reversed(self.graph.producers.get(name, ())):
            cell = self.cells[cell_id]
            if cell.fresh or (cell.shown and cell.ran is not None and name in cell.ran.held):
                return cell
        return None

    def same_inputs(self, cell: Cell) -> bool:
        """True if everything that a cell reads has the version that it had when it last succeeded."""
        pairs = [(n, self.cells[p].outs.get(n, "")) for n, found in sorted(cell.inputs.items()) for p in found]
        return cell.ran is not None and set(pairs) >= set(cell.ran.inputs)

    def defined(self, cell: Cell) -> list[str]:
        """Names that a cell binds (not those that it only mutates or deletes)."""
        return [name for name, how in cell.produces.items() if how & DEFINES]


def _longest_common_run(old: list[str], new: list[str]) -> set[str]:
    """Ids that can keep their place when ``old`` becomes ``new``: a longest increasing subsequence (patience sorting)."""
    place = {cell_id: index for index, cell_id in enumerate(new)}
    tails: list[int] = []
    back: dict[int, int] = {}
    for cell_id in old:
        position = place[cell_id]
        slot = bisect_left(tails, position)
        back[position] = tails[slot - 1] if slot else -1
        if slot == len(tails):
            tails.append(position)
        else:
            tails[slot] = position
    kept: set[str] = set()
    position = tails[-1] if tails else -1
    while position != -1:
        kept.add(new[position])
        position = back[position]
    return kept
