"""The one door to the reactive model: `Session.apply` takes an operation and updates everything it touches.

Decides who depends on whom, which version each cell has and so which cells are fresh.  Knows no
values, no namespace, no clock, no client.  A refused operation raises `Refusal` and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from reactive_kernel.core import resolve
from reactive_kernel.core.facts import Facts
from reactive_kernel.core.notebook import DEFINES, Cell, Kind, Ran, Start, longest_common_run
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
    Refusal,
    Rerun,
    Started,
    Succeeded,
    Sync,
    Text,
    Unshown,
)
from reactive_kernel.core.sharing import Reach, enter, orphaned, withdraw
from reactive_kernel.core.topology import Topology
from reactive_kernel.core.versions import digest, name_version, token_version, version

__all__ = ["Session"]

Analyse = Callable[[str, str], Facts]
NOTHING: Reach = {}


class Session(Topology):
    """The notebook as one value with one door: texts, runs, and the graph between them."""

    def __init__(self, analyse: Analyse) -> None:
        self.analyse = analyse
        super().__init__()
        self.lost: dict[tuple[str, str], int] = {}  # values used up, each with how many had been before it
        self._losses = 0
        self._running: dict[str, Start] = {}

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
            case Rerun(cell_id, outside):
                self._rerun(self.find(cell_id), outside)
            case Unshown(cell_id):
                self._unshown(self.find(cell_id))
            case Started(cell_id, edited):
                self._started(self.find(cell_id), edited)
            case Succeeded() | Failed() | Interrupted():
                self._ended(operation)
            case Lost(values):
                self._lose(values)
            case Changed(changes):
                self._change(changes)
        self._update()
        if isinstance(operation, Failed):
            self._note_failure(operation.cell_id)

    def _note_failure(self, cell_id: str) -> None:
        """Tie a failure to the version that the cell has now that its run taught what it shares."""
        cell = self.cells.get(cell_id)
        if cell is None or cell.failed is None or cell.has_failed or cell.failed[1] != cell.text or cell.blockers:
            return
        cell.failed = (cell.version, cell.text)
        self._push(cell)
        for dependent in cell.dependents:
            self._push(self.cells[dependent])
        self._update()

    def find(self, cell_id: str) -> Cell:
        """The cell of that id; raises `Refusal`."""
        cell = self.cells.get(cell_id)
        if cell is None:
            raise Refusal("unknown_cell", f"There is no cell with the id {cell_id!r}.")
        return cell

    # -- edits

    def _sync(self, texts: tuple[Text, ...]) -> None:
        wanted = {text.cell_id: text for text in texts}
        if len(wanted) < len(texts):
            ids = [text.cell_id for text in texts]
            twice = next(cell_id for cell_id in ids if ids.count(cell_id) > 1)
            raise Refusal("duplicate_cell", f"The cell id {twice!r} appears twice.")
        for cell in [c for c in self.document if c.kind == "notebook" and c.id not in wanted]:
            self._delete(cell)
        staying = longest_common_run(
            [cell.id for cell in self.document if cell.kind == "notebook"], [text.cell_id for text in texts]
        )
        moving = {cell_id: cell for cell_id, cell in self.cells.items() if cell_id in wanted and cell_id not in staying}
        for cell in moving.values():
            cell.orphans.update(cell.dependents)
        for cell in moving.values():  # all edges between them go while both ends are there
            self._set_inputs(cell, {})
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
        old, cell.source, cell.language = cell.source, text.source, language
        cell.orphans.update(cell.dependents)
        facts = self.analyse(text.source, language)
        cell.problem = facts.problem
        before, cell.text = cell.text, facts.code if facts.problem is None else digest("unparsed", text.source)
        if cell.text != before and cell.source.strip() != old.strip():
            self._note_edit(cell)
        if facts.problem is None:
            turned = (cell.facts.reads.keys() ^ facts.reads.keys()) & cell.produces.keys()
            cell.facts = facts
            self._unwind(cell.loop)
            for name in turned:  # who updates a name is no place where it begins: forward readers look elsewhere
                for reader in self.graph.affected(name, cell):
                    self._push(self.cells[reader])
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
        self._note_edit(cell)
        self._mark_opaque(cell)
        self._put_in(cell, index)

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
        self.edits += 1
        cell.orphans.update(cell.dependents)
        self._unwind(cell.loop)
        self._set_produces(cell, {})
        self._set_inputs(cell, {})
        self._set_unknown(cell, False)
        self.document.remove(cell)

    def _delete(self, cell: Cell) -> None:
        self._forget_run(cell)
        self._take_out(cell)
        for dependent in list(cell.dependents):
            self._push(self.cells[dependent])
        self.opaque.discard(cell.id)
        self.changed.pop(cell.id, None)
        self._touched.add(cell.id)
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

    def _rerun(self, cell: Cell, outside: bool = False) -> None:
        if outside or (cell.exact and not cell.loop):
            cell.nonce += 1
            self._push(cell)

    def _unshown(self, cell: Cell) -> None:
        # What it made is still there: only what it shows, be it an error, has to be had again.
        if cell.last != "idle":
            cell.last, cell.failed = "idle", None
            self._push(cell)
        self.touch(cell)  # they also think that it runs

    def _started(self, cell: Cell, edited: bool) -> None:
        if cell.last == "idle":
            # Run again for what it shows, it may give other values, as if it were run by hand.
            self._rerun(cell)
        cell.activity = "running"
        outs = {name: tuple((p, self._held_out(p, name)) for p in found) for name, found in cell.inputs.items()}
        code, text = ("", "") if edited else (cell.facts.code, cell.text)
        self._running[cell.id] = Start(code, text, outs, self._losses, self.edits)
        self.touch(cell)

    def _held_out(self, producer_id: str, name: str) -> str:
        """Version of the value that a reader finds now; a cell that runs alone may find one that is out of date."""
        producer = self.cells[producer_id]
        ran = producer.ran
        if ran is None or not producer.shown:
            return ""
        if (producer_id, name) in self.lost:
            return "used up"
        if producer.exact:
            return producer.outs.get(name, "")
        if name not in ran.bound:  # changed in place: if the cell reads others now, that isn't in effect
            return ""
        token = ran.bound[name]
        return name_version(producer_id, ran.version, name) if token is None else token_version(token)

    def _ended(self, news: Succeeded | Failed | Interrupted) -> None:
        cell = self.cells.get(news.cell_id)
        if cell is None:  # deleted while it ran
            self._running.pop(news.cell_id, None)
            return
        start = self._running.pop(cell.id, Start(cell.facts.code, cell.text, {}, 0, self.edits))
        cell.activity, cell.has_run = "", True
        cell.seconds, cell.execution_count = news.seconds, news.execution_count
        self.touch(cell)
        self._push(cell)
        if isinstance(news, Succeeded):
            cell.failed, cell.error, cell.last, cell.remarks = None, "", "success", news.seen.remarks
            cell.outside = news.seen.outside
            # Blocked and run alone, or edited meanwhile: what it gave is not what a clean run has.
            if not cell.shown or start.code != cell.facts.code:
                self.rebound.update(news.seen.bound)
            self._learn(cell, news, start)
            cell.orphans.clear()
            return
        cell.last = "error"
        self.rebound.update(cell.produces)
        self._forget_run(cell, keep_hints=True)
        if isinstance(news, Failed):
            # Of another text or place, or on values that were out of date, it says nothing of the cell as it stands.
            sources = {name: tuple(p for p, _ in found) for name, found in start.given.items()}
            there = start.text == cell.text and (start.edits == self.edits or sources == cell.inputs)
            current = there and all(
                p in self.cells and out == self.cells[p].outs.get(name, "")
                for name, found in start.given.items()
                for p, out in found
            )
            cell.failed, cell.error = (cell.version, cell.text) if current else None, news.error
            cell.drawn = (start.code, news.drawn)
            self._note_missing(cell, news.error)
        else:
            cell.failed, cell.error = None, "interrupted"
        for dependent in cell.dependents:
            self._push(self.cells[dependent])

    def _note_missing(self, cell: Cell, error: str) -> None:
        """A name that star imports didn't bind after all, or that was given up in vain, is looked for below, once."""
        missing = re.match(r"NameError: name '(\w+)' is not defined", error)
        known = cell.missed[1] if cell.missed[0] == cell.facts.code else frozenset()
        if missing and missing[1] not in known and (cell.facts.stars or self._can_insist(cell, missing[1])):
            cell.missed = (cell.facts.code, known | {missing[1]})
            if self.graph.resolve(missing[1], cell):
                cell.failed = None

    def _learn(self, cell: Cell, news: Succeeded, start: Start) -> None:
        """Take in what a run showed, at the version of the inputs with which it started."""
        seen, code, before = news.seen, start.code, start.given
        self._forget_run(cell, kept=seen.reach)
        held = {*seen.bound, *seen.mutated}
        cleared = frozenset(
            (n, self.cells[p].outs.get(n, "")) for n in seen.cleared for p in self.graph.above(n, cell.key)
        )
        # An opaque cell may have looked for what it was not given: should the loop go, it has to run again.
        given_up = cell.given_up - {resolve.UNKNOWN} if cell.id not in self.opaque else ()
        without = frozenset(n for n in given_up if not before.get(n))
        ran = Ran("", code, seen.bound, seen.mutated, seen.deleted, seen.carried, seen.reach, cleared, held, without)
        ran.stays, ran.unread, ran.found, ran.libraries = seen.stays, seen.unread, seen.found, seen.libraries
        cell.ran = ran
        enter(self.sharing, cell.id, seen.reach)
        if code != cell.facts.code:
            ran.version = digest("superseded", code)
            return
        late = {n for n in seen.mutated if any(self.cells[p].key > cell.key for p in cell.inputs.get(n, ()))}
        without |= cell.given_up
        view = resolve.view(cell, self.graph, self.sharing, True, without)
        # What the run did without is not waited for now that it could be had from below.
        late.update(
            n
            for n, found in view.inputs.items()
            if found and before.get(n) == () and self.cells[found[0]].key > cell.key
        )
        if late and cell.kind == "notebook":
            earlier = cell.late[1] if cell.late[0] == code else frozenset()
            cell.late = (code, earlier | late)
            view = resolve.view(cell, self.graph, self.sharing, True, without)
        pairs: list[tuple[str, str]] = []
        for name, found in sorted(view.inputs.items()):
            known = before.get(name)
            if known is None:  # from a producer that has yet to run, or failed, it had not what it is to have
                known = tuple(
                    (p, "" if not self.cells[p].exact or self.lost.get((p, name), start.losses) < start.losses else out)
                    for p, out in ((p, self.cells[p].outs.get(name, "")) for p in found)
                )
            pairs.extend((name, out) for _, out in known)
        if start.edits != self.edits and cell.id in self.opaque:  # it may have read what has gone from above it since
            gone = before.keys() - view.inputs.keys()
            pairs.extend((name, out) for name in sorted(gone) for _, out in before[name])
        ran.inputs = tuple(pairs)
        ran.version = version(code, cell.nonce, pairs)
        self._push_sharers(frozenset().union(*seen.reach.values()), cell.key)

    def _forget_run(self, cell: Cell, keep_hints: bool = False, kept: Reach = NOTHING) -> None:
        """Drop what the last run of a cell showed, but for the objects in ``kept``.

        With ``keep_hints`` what it bound and changed remains a guess.
        """
        ran, cell.ran = cell.ran, None
        if ran is None:
            return
        if keep_hints:
            cell.ran = replace(ran, version="failed", reach={}, held=set())
        withdraw(self.sharing, cell.id, ran.reach)
        self._lose(orphaned(cell, ran, self.graph, self.sharing, kept))
        for name in list(ran.bound) + list(ran.mutated):
            self.lost.pop((cell.id, name), None)
        self._push(cell)

    def _lose(self, values: Iterable[tuple[str, str]]) -> None:
        for cell_id, name in values:
            cell = self.cells.get(cell_id)
            if cell is not None and cell.ran is not None and name in cell.ran.held:
                cell.ran.held.discard(name)
                self.lost[(cell_id, name)] = self._losses
                self._losses += 1

    def _change(self, changes: Iterable[tuple[str, str, str]]) -> None:
        for cell_id, name, token in changes:
            cell = self.cells.get(cell_id)
            if cell is not None and cell.ran is not None and name in cell.ran.bound:
                cell.ran = replace(cell.ran, bound={**cell.ran.bound, name: token})
                self._push(cell)

    # -- questions

    def same_inputs(self, cell: Cell) -> bool:
        """True if everything that a cell reads has the version that it had when it last succeeded."""
        pairs = [(n, self.cells[p].outs.get(n, "")) for n, found in sorted(cell.inputs.items()) for p in found]
        return cell.ran is not None and set(pairs) >= set(cell.ran.inputs)

    def defined(self, cell: Cell) -> list[str]:
        """Names that a cell binds (not those that it only mutates or deletes)."""
        return [name for name, how in cell.produces.items() if how & DEFINES]
