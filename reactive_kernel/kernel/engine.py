"""The kernel's one door to the pure session and to the user's variables.

The Jupyter side (`kernel.py`) turns messages into calls of :class:`Engine` and steps of a
:class:`Run` into messages; it never looks at the graph or at values.  Nothing here knows Jupyter.

Threads: `command`, `take_event`, `expects` and `look` may be called from any thread at any time (one lock, held
for microseconds); `settle`, `begin` and a run's methods only from the main thread.
"""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from dataclasses import replace
from threading import RLock
from typing import Any

from reactive_kernel.core import explain
from reactive_kernel.core.notebook import Cell, Kind
from reactive_kernel.core.operations import (
    Changed,
    Delete,
    Edit,
    Failed,
    Forget,
    Insert,
    Interrupted,
    Refusal,
    Rerun,
    Started,
    Succeeded,
    Text,
    Unshown,
)
from reactive_kernel.core.plan import Cascade
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.changes import standing
from reactive_kernel.kernel.commands import answer
from reactive_kernel.kernel.entries import edges_into, entry, problem_form
from reactive_kernel.kernel.executor import Executor
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.outside import look_at_connections, look_at_modules, retoken_widgets
from reactive_kernel.kernel.reading import Reading, is_sql
from reactive_kernel.kernel.steps import Event, Outcome, RunRequest, Step
from reactive_kernel.kernel.store import tracked
from reactive_kernel.protocol import Json, ProblemDict, RanCell, Refused, ReplyMark, Status

__all__ = ["Engine", "Event", "Outcome", "Run", "RunRequest", "Step"]


class Run:
    """A cascade in progress.  For each step: `enter`, run the source, `leave`; at the end `finish`.

    `next` plans anew after every step.  ``waiting`` are ids of cells whose own request is already in
    the queue: they are left to it.  `next` returns None when nothing is left, or after an interrupted step.  After a
    failed root only that runs which makes again what the failure used up.  If the root could not run at all,
    ``root_problem`` says why.
    """

    def __init__(self, engine: Engine, cascade: Cascade, root: Cell | None, cascade_id: str) -> None:
        self.cascade_id = cascade_id
        self.root_id = root.id if root is not None else None
        self.root_problem: ProblemDict | None = None
        self.cells: list[RanCell] = []
        self._engine = engine
        self._cascade = cascade
        self._root = root
        self._asked = copy(root)
        self._queued: set[str] = set()
        self._chosen: Cell | None = None  # as it was then

    def next(self, waiting: Collection[str] = ()) -> Step | None:
        """The next cell to run, or None."""
        engine, cascade = self._engine, self._cascade
        with engine.lock:
            cell = cascade.next(waiting)
            if cell is not None and not engine.executor.store.come_to(cell):
                cell = cascade.next(waiting)  # perhaps who makes that
            self._mark_queued()
            if cell is None:
                if cascade.problem is not None:
                    self.root_problem = problem_form(cascade.problem)
                return None
            if cell is not self._root and cell.id in waiting:
                engine.prepaid.add(cell.id)
            asked = self._asked if cell is self._root else None  # it runs, whatever is being typed meanwhile
            self._chosen = chosen = copy(asked if asked is not None and asked.text != cell.text else cell)
            left, index = cascade.remaining() - 1, len(self.cells)
            return Step(
                cell_id=cell.id,
                source=runnable(chosen),
                language=chosen.language,
                index=index,
                total=index + 1 + left,
                is_last=left <= 0,
                root=cell is self._root,
                has_id=cell.kind == "notebook",
                label=explain.label(engine.session, cell),
            )

    @property
    def planned(self) -> list[str]:
        """Ids of the cells that are still expected to run, in document order."""
        with self._engine.lock:
            cells = self._engine.session.cells
            return sorted((i for i in self._cascade.wanted if i in cells), key=lambda i: cells[i].key)

    def enter(self, step: Step) -> None:
        """Set the namespace to what a clean run would have at the cell."""
        with self._engine.lock:
            session, chosen = self._engine.session, self._chosen
            cell = session.cells.get(step.cell_id)
            assert chosen is not None
            edited = cell is None or cell.text != chosen.text
            if cell is not None:
                chosen.key = cell.key
                session.apply(Started(cell.id, edited))
            # Edited or deleted since it was chosen: what runs is the cell as it was.
            self._engine.executor.enter(standing(chosen, session) if edited or cell is None else cell)

    def leave(self, step: Step, outcome: Outcome) -> None:
        """Take what the run bound and changed; roll back if it failed."""
        engine, outcome = self._engine, outcome.of(self._chosen)
        with engine.lock:
            seen = engine.executor.leave(outcome.status == "success")
            ok = seen is not None
            count, seconds, drawn = outcome.execution_count, outcome.seconds, engine.executor.drawn_in_vain
            cell = engine.session.cells.get(step.cell_id)
            if cell is not None:
                if seen is not None:
                    engine.session.apply(Succeeded(cell.id, seen, count, seconds))
                elif outcome.status == "interrupted":
                    engine.session.apply(Interrupted(cell.id, count, seconds))
                else:
                    engine.session.apply(Failed(cell.id, outcome.error or "failed", count, seconds, drawn))
                self._cascade.ended(cell, ok, outcome.status == "interrupted")
                self._cascade.also(engine.executor.affected())
                if ok and cell.kind == "console":
                    engine.retire()
            self._cascade.also(engine.read_again())
            # Twice at most: a cell may write another text each time, of a module that it imports.
            self._cascade.also([i for i in engine.load_written() if self._cascade.attempts.get(i, 0) < 2])
            status: Status = "success" if outcome.status == "success" else "error"
            self.cells.append({"cell_id": step.cell_id, "status": status, "execution_count": count, "seconds": seconds})

    def finish(self) -> ReplyMark:
        """Set the namespace to the notebook's end and sum up."""
        engine = self._engine
        with engine.lock:
            self._mark_queued(over=True)
            engine.executor.settle()
            stale = [cell.id for cell in engine.session.stale()]
            return {
                "cascade_id": self.cascade_id,
                "cells": self.cells,
                "skipped": self._cascade.skipped,
                "stale": stale,
            }

    def _mark_queued(self, over: bool = False) -> None:
        session = self._engine.session
        wanted = set() if over else self._cascade.wanted
        for cell_id in self._queued ^ wanted:
            cell = session.cells.get(cell_id)
            if cell is not None and cell.activity != "running":
                cell.activity = "queued" if cell_id in wanted else ""
                session.touch(cell)
        self._queued = set(wanted)


class Engine:
    """Session, store and namespace behind one lock."""

    def __init__(
        self,
        namespace: dict[str, Any],
        mode: str = "auto",
        run_new_dependents: bool = True,
        max_superseded_bytes: int = 256 << 20,
        autoreload: str = "all",
    ) -> None:
        self.lock = RLock()
        self.namespace = namespace
        self.reading = Reading()
        self.session = Session(self.reading.analyse)
        self.executor = Executor(self.session, namespace, max_superseded_bytes)
        self.compiled = self.executor.unread.compiled  # to be told of the running cell's code before that runs
        self.settings: Json = {
            "mode": mode,
            "run_new_dependents": run_new_dependents,
            "max_superseded_bytes": max_superseded_bytes,
            "autoreload": autoreload,
        }
        self.prepaid: set[str] = set()  # ran although their own request was still waiting
        self.told = False  # some client tells of every edit
        self._inputs = 0
        self._forget = False

    # -- any thread

    def command(self, command: str, arguments: Json) -> Json:
        """Answer one ``reactive_request``; raises `protocol.Refused` and changes nothing if it is wrong."""
        with self.lock:
            self.look_at_modules()
            reply = answer(self, command, arguments)
            self.told |= command == "sync"
            self.read_again()
            return reply

    def expects(self, cell_id: str) -> bool:
        """True if some client tells of every edit, and none has told of this cell yet."""
        with self.lock:
            return self.told and cell_id not in self.session.cells

    def look(self, ids: list[str]) -> Json:
        """How some cells are now; `take_event` tells of them all the same."""
        with self.lock:
            shown = [entry(self.session, self.session.cells[i]) for i in ids if i in self.session.cells]
            return {"revision": self.session.revision, "entries": shown}

    def take_event(self) -> Event | None:
        """What changed since last asked, or None."""
        with self.lock:
            session = self.session
            if not session.changed and not session.removed:
                return None
            cells = [session.cells[i] for i in session.changed if i in session.cells]
            removed = list(session.removed)
            session.changed, session.removed = {}, {}
            shown = [entry(session, cell) for cell in cells]
            return Event(session.revision, shown, removed, edges_into(session, cells))

    def forget(self) -> None:
        """Drop every cell now, and the user's variables before anything reads them."""
        self.session.apply(Forget())
        self._forget = True

    def status_text(self) -> str:
        """For ``%reactive status``."""
        with self.lock:
            return explain.status_text(self.session, self.settings["mode"])

    def graph_text(self) -> str:
        """For ``%reactive graph``."""
        with self.lock:
            return explain.graph_text(self.session)

    def why_text(self, what: str) -> str:
        """Why a cell (number, id) or the producer of a name is stale, blocked or about to run."""
        with self.lock:
            cell = self._named(what.strip())
            if cell is None:
                return f"There is no cell {what!r}, and no cell defines a name {what!r}."
            return explain.why(self.session, cell)

    def _named(self, what: str) -> Cell | None:
        session = self.session
        number = what.removeprefix("cell").strip()
        if number.isdigit() and 1 <= int(number) <= len(session.document):
            return session.document.order[int(number) - 1]
        producers = session.graph.at_end(what)
        return session.cells.get(what) or (session.cells[producers[0]] if producers else None)

    # -- the main thread

    def settle(self) -> None:
        """Set the namespace to what the end of the notebook has (before anything reads it)."""
        with self.lock:
            self._forget_variables()
            self.executor.settle()

    def begin(self, request: RunRequest, cascade_id: str) -> Run:
        """Start what a client asked to run; raises `protocol.Refused`."""
        with self.lock:
            self._forget_variables()
            self._load_modules()
            try:
                root = self._root(request) if request.kind in ("cell", "upstream") else None
            except Refusal as refusal:
                raise Refused(refusal.code, str(refusal)) from None
            self.read_again()
            cascade = Cascade(
                self.session,
                request.kind,
                root.id if root is not None else None,
                alone=not request.cascade or (root is not None and root.kind == "batch"),
                lazy=self.settings["mode"] == "lazy",
                only_run_before=not self.settings["run_new_dependents"],
                only=request.only,
            )
            return Run(self, cascade, root, cascade_id)

    def _root(self, request: RunRequest) -> Cell:
        session, cell_id = self.session, request.cell_id
        text = Text(cell_id or "", request.source, disabled=request.disabled)
        if cell_id is None:
            self._inputs += 1
            kind: Kind = "console" if request.interactive else "batch"
            text = replace(text, cell_id=f"{kind}-{self._inputs}")
            session.apply(Insert(text, None, kind))
        elif cell_id not in session.cells:
            session.apply(Insert(text, None))
        else:
            session.apply(Edit(text))
            if cell_id not in self.prepaid:
                session.apply(Rerun(cell_id))
        self.prepaid.discard(text.cell_id)
        return session.cells[text.cell_id]

    def unshown(self, cell_id: str, source: str | None = None) -> None:
        """A cell's request ended without a run of the cell; the text that it brought is the cell's all the same."""
        with self.lock:
            if cell_id in self.session.cells:
                if source is not None:
                    self.session.apply(Edit(Text(cell_id, source)))
                self.session.apply(Unshown(cell_id))
            self.prepaid.discard(cell_id)

    def widgets_changed(self) -> RunRequest | None:
        """What to run because widgets changed in the browser: None if nothing, or in mode lazy (then only marks)."""
        with self.lock:
            if not self.executor.widgets.changed:
                return None
            changes = retoken_widgets(self.executor)
            self.session.apply(Changed(tuple(changes)))
            readers = {
                r
                for cell_id, name, _ in changes
                for r, names in self.session.cells[cell_id].dependents.items()
                if name in names
            }
            if not readers or self.settings["mode"] == "lazy":
                return None
            return RunRequest(kind="stale", only=frozenset(readers))

    def _load_modules(self) -> list[str]:
        """As `look_at_modules`, and load them again; raises `protocol.Refused` if their code doesn't run."""
        users = self.look_at_modules()
        try:
            if LOCAL.reload():
                self.executor.store.let_go_of_modules()
        except Exception as error:
            told = f"The edited module {LOCAL.pending[0]!r} can't be loaded again: {type(error).__name__}: {error}"
            raise Refused("module_error", told) from None
        return users

    def look_at_modules(self) -> list[str]:
        """Mark what uses a local module whose file was edited; returns the ids of these cells."""
        return look_at_modules(self.executor) if self.settings["autoreload"] != "off" else []

    def load_written(self) -> list[str]:
        """A cell may have written a module's file: as `_load_modules`, if anybody uses it."""
        users = self.look_at_modules()
        try:
            return [*users, *(self._load_modules() if users else ())]
        except Refused:  # the next request says so, and until then they are stale
            return []

    def read_again(self) -> list[str]:
        """Read SQL cells anew if another connection serves those that name none; look at what cells name of SQLite,
        and tell which have to run again for that.
        """
        again = look_at_connections(self.executor)
        changed = self.reading.has_changed(self.namespace)
        for cell in [c for c in self.session.document if changed and is_sql(c.facts, c.language)]:
            # The session reads what is new to it: another layout, which is the same code, and back.
            for text in (f"{cell.source}\n", cell.source):
                self.session.apply(Edit(Text(cell.id, text)))
        return again

    def connected(self, name: str, default: bool) -> None:
        """A client has made a connection: what had used one of that name, or the default one, is out of date."""
        names = {f"<sql:connection:{name}>", *(["<sql:session>"] if default else [])}
        for cell in self.session.document.order[:]:
            if not names.isdisjoint(cell.facts.reads):
                self.session.apply(Rerun(cell.id, outside=True))

    def retire(self) -> None:
        """Delete console inputs of which every definition is superseded and that nothing reads."""
        session = self.session
        newer, seen = set[str](), set[str]()
        for cell in [c for c in reversed(session.document.order) if c.kind == "console"]:
            names = set(session.defined(cell))
            superseded = names <= newer if names else cell.facts.code in seen
            if superseded and not cell.dependents and not cell.activity:
                session.apply(Delete(cell.id))
            newer |= names
            seen.add(cell.facts.code)

    def _forget_variables(self) -> None:
        for name in [n for n in self.namespace if tracked(n)] if self._forget else ():
            del self.namespace[name]
        self._forget = False


def runnable(cell: Cell) -> str:
    """The source to give to IPython."""
    if cell.language == "sql" and not cell.source.lstrip().startswith("%%sql"):
        return f"%%sql --\n{cell.source}"  # the empty option: this line isn't one of the cell's
    return cell.source
