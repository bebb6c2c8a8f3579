"""What is noted before a cell runs, and what its run is found to have changed in place."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import compress
from operator import is_not
from time import thread_time
from typing import Any

from reactive_kernel.core.facts import Deferred, Facts, visible
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.session import Session
from reactive_kernel.core.sharing import Sharing
from reactive_kernel.kernel.figure_states import owned
from reactive_kernel.kernel.frames import LOOKS, SmallFrame
from reactive_kernel.kernel.showing import only_shows, without_filled
from reactive_kernel.kernel.state import State
from reactive_kernel.kernel.store import MISSING, tracked
from reactive_kernel.kernel.survey import Survey

__all__ = [
    "BUDGET",
    "MARK",
    "Changes",
    "Touched",
    "Watch",
    "bound_by",
    "bound_by_called",
    "called_reads",
    "called_texts",
    "carry",
    "deadline",
    "doubtful",
    "glance",
    "has_changed",
    "longer",
    "made_here",
    "may_bind",
    "may_delete",
    "moved",
    "no_longer_shared",
    "remarks",
    "seen_whole",
    "standing",
    "touched_by",
    "touched_in",
    "undisturbed",
]

BUDGET = 0.002  # seconds of this thread's own time for taking states, and again for comparing
SHARE = 0.02  # of the cell's own last time, if that is more
LEAST = 0.25  # of the budget, for each value, be there ever so many
GLANCE = 0.12  # of the budget, for what is known to be too large for it
PATIENCE = 0.0002  # seconds of this thread's own time for a second look at what a survey that was cut off saw


MARK = object()  # stands where a name is not bound
Touched = dict[int, tuple[Any, State]]  # by id: the object, and how it was


@dataclass(slots=True)
class Watch:
    """What was noted before a cell ran."""

    cell: Cell
    before: dict[str, Any]
    surveys: dict[str, Survey] = field(default_factory=dict)
    unseen: set[str] = field(default_factory=set)  # read, but no time was left to look at them
    unread: Set[str] = frozenset()  # after the run: inputs that were not read in it
    beside: dict[str, Survey] = field(default_factory=dict)  # see `suspicion.look_beside`
    put_by: dict[str, Any] = field(default_factory=dict)  # taken away, to see whether the cell binds it
    marked: set[str] = field(default_factory=set)  # bound for the run, to see whether the cell deletes it
    states: dict[str, Any] = field(default_factory=dict)  # hidden state
    again: bool = False  # the cell runs at the version at which it last succeeded
    same_inputs: bool = False  # what it reads is what it read when it last succeeded
    held: frozenset[str] = frozenset()  # names of its last values that are still to be had
    left: dict[int, tuple[Any, State]] = field(default_factory=dict)  # what it last changed, and how it left that
    rebound: list[str] = field(default_factory=list)  # after the run: names of other objects than before, or new
    gone: list[str] = field(default_factory=list)  # after the run: names that there were before
    was: tuple[Facts, str, dict[str, tuple[str, ...]], dict[str, int], float] = field(init=False)

    def __post_init__(self) -> None:
        cell = self.cell
        self.was = cell.facts, cell.source, cell.inputs, cell.produces, cell.key

    def look_back(self, session: Session) -> None:
        """Let ``cell`` be as it was when the run began, had it been edited or moved meanwhile: that is what ran."""
        cell, was = self.cell, self.was
        live = session.cells.get(cell.id)
        now = cell.facts, cell.source, cell.inputs, cell.produces, cell.key
        if live is cell and all(one is other for one, other in zip(now, was, strict=True)):
            return
        self.cell = cell = copy(cell)
        cell.facts, cell.source, cell.inputs, cell.produces, key = was
        cell.key = live.key if live is not None and session.renumbered else key
        standing(cell, session)

    def texts(self, session: Session) -> set[str]:
        """Texts of the cell, and of all from which it has what it reads."""
        producers = {p for found in self.cell.inputs.values() for p in found}
        return {self.cell.source, *(session.cells[p].source for p in producers if p in session.cells)}

    def compare(self, namespace: dict[str, Any]) -> None:
        """Compare the namespace after the run with that before it, by identity."""
        for name in self.put_by.keys() - namespace.keys():
            self.before[name] = namespace[name] = self.put_by[name]
        deleted = [name for name in self.marked if name not in namespace]
        for name in [name for name in self.marked if namespace.get(name) is MARK]:
            del namespace[name]
        before, now = self.before, list(namespace)
        if now[: len(before)] == list(before):  # nothing went, and what is new stands last: no Python for each name
            others = compress(before, map(is_not, before.values(), namespace.values()))
            self.rebound, self.gone = [*others, *now[len(before) :]], []
        else:
            self.rebound = [name for name in now if before.get(name, MISSING) is not namespace[name]]
            self.gone = [name for name in before if name not in namespace]
        self.gone += deleted


@dataclass(slots=True)
class Changes:
    """What a run changed in place."""

    names: set[str] = field(default_factory=set)
    touched: dict[int, tuple[Any, State]] = field(default_factory=dict)
    moved: Touched = field(default_factory=dict)  # the same, of frames that are only elsewhere in memory
    lost: set[int] = field(default_factory=set)  # objects whose state before can't be had any more
    gone: set[str] = field(default_factory=set)  # names with such objects inside
    presumed: set[str] = field(default_factory=set)  # names that no look could tell of
    borrowed: set[str] = field(default_factory=set)  # names of what lies in the memory of an array that changed


def standing(cell: Cell, session: Session) -> Cell:
    """A cell as it was, without producers that have been deleted since."""
    cell.inputs = {name: tuple(p for p in found if p in session.cells) for name, found in cell.inputs.items()}
    return cell


def deadline(cell: Cell | None = None) -> float:
    """Up to when, by `time.thread_time`, one may look at values now, on account of a cell or of none."""
    owned()  # once, it is slow
    return thread_time() + max(BUDGET, SHARE * ((cell.seconds if cell is not None else None) or 0.0))


def glance(cell: Cell) -> float:
    """The same for what is known to be too large to be looked at whole: what is nearest tells most."""
    return thread_time() + max(BUDGET * GLANCE, SHARE * (cell.seconds or 0.0))


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put off the collection of garbage: the many small states taken would set it off, on the cell's account."""
    if not gc.isenabled():  # as the user has it
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def longer(until: float) -> float:
    """``until``, or a little more from now on: every value is looked at, and small ones whole."""
    return max(until, thread_time() + BUDGET * LEAST)


def bound_by(watch: Watch, namespace: dict[str, Any]) -> dict[str, Any]:
    """Names that the run bound, with their values: by identity, and those that the source surely binds."""
    facts = watch.cell.facts
    bound = {n: namespace[n] for n in watch.rebound if tracked(n)}
    for name in facts.writes:
        if name not in bound and name not in watch.put_by and name not in facts.maybe and name in namespace:
            bound[name] = namespace[name]
    for module in facts.stars:
        for name in _public(module):
            if name in namespace and tracked(name):
                bound.setdefault(name, namespace[name])
    return bound


def called_reads(session: Session, cell: Cell) -> set[str]:
    """Names that code of other cells reads when this cell calls it."""
    return set().union(*(code.reads | code.mutates for code in _called(session, cell)))


def may_bind(session: Session, cell: Cell, namespace: Iterable[str]) -> set[str]:
    """Names that the cell may bind, itself or by code of other cells that it calls, or not: the run tells.

    Bound by key (``globals()[key] = value``) any of ``namespace`` may be, also to the object that it is bound to.
    """
    found = cell.facts.maybe.union(*(code.writes for code in _called(session, cell)))
    if any(reason.binds_by_key for reason in cell.facts.opaque):
        found = found.union(filter(tracked, namespace)) - cell.inputs.keys()
    return set(found)


def bound_by_called(session: Session, cell: Cell) -> set[str]:
    """Names that code which the cell calls surely binds before other code that it calls reads them."""
    return set().union(*(own for code in _called(session, cell) for own in code.after.values()))


def may_delete(session: Session, cell: Cell) -> set[str]:
    """Names that the cell may delete without having read them (``except ValueError as error``): the run tells."""
    found = set(cell.facts.maybe_deletes - cell.facts.reads.keys())
    if not found or any(reason.hides_reads for reason in cell.facts.opaque):
        return set()
    return found - called_reads(session, cell)


def called_texts(session: Session, cell: Cell) -> list[str]:
    """Texts of the cells that made the code which this cell can call."""
    cells = session.cells
    makers = {p for name, producers in cell.inputs.items() for p in producers if name in cells[p].carried}
    return [cells[maker].source for maker in sorted(makers)]


def _called(session: Session, cell: Cell) -> Iterator[Deferred]:
    for name, producers in cell.inputs.items():
        for producer in producers:
            if (code := session.cells[producer].carried.get(name)) is not None:
                yield code


def remarks(session: Session, watch: Watch, changes: Changes) -> tuple[str, ...]:
    """What the run is found to have changed though nothing in the text, or in code that it calls, says so."""
    cell = watch.cell
    told = {*cell.facts.mutates, *cell.facts.effects}.union(*(code.mutates for code in _called(session, cell)))
    expected = {key for name in told if (seen := watch.surveys.get(name)) is not None for key in seen.states}
    found = sorted(
        name
        for name, seen in watch.surveys.items()
        if name in changes.names and name not in told and not expected.issuperset(changes.touched.keys() & seen.states)
    )
    shown = visible(found)
    if not shown:
        return ()
    return (f"The run changed {', '.join(shown)} in place, which the text doesn't show: cells below follow it.",)


def made_here(cell: Cell, name: str) -> bool:
    """True if the cell's own ``def``, ``class`` or lambda makes the value, which so is nobody else's object."""
    return name in cell.facts.deferred or not cell.facts.carries.get(name)


def _public(module: str) -> Iterable[str]:
    """The names that ``from module import *`` binds."""
    found = sys.modules.get(module)
    names = getattr(found, "__all__", None)
    return names if names is not None else [n for n in getattr(found, "__dict__", {}) if not n.startswith("_")]


def has_changed(value: Any, state: State) -> bool:
    """True if an object holds something else than when the state was taken."""
    try:
        return state.changed(value)
    except Exception:  # an object that can't be compared counts as changed
        return True


def touched_in(states: Mapping[int, tuple[Any, State | None]]) -> Touched:
    """The objects that hold something else now than their states say, with these."""
    return {
        key: (value, state) for key, (value, state) in states.items() if state is not None and has_changed(value, state)
    }


def moved(watch: Watch, touched: Collection[int]) -> Touched:
    """Small frames that hold what they held, elsewhere in memory: no change, but cells above take it where it was."""
    return {
        key: (value, state)
        for seen in (_surveys(watch) if "pandas" in sys.modules else ())
        for key, (value, state) in seen.states.items()
        if type(state) is SmallFrame and key not in touched and state.has_moved(value)
    }


def no_longer_shared(moved: Touched) -> set[int]:
    """Of these frames, those that have left memory which others shared: those may now change it where it is."""
    return {key for key, (_, state) in moved.items() if type(state) is SmallFrame and state.shared}


def touched_by(watch: Watch, counts: Callable[[Any], bool]) -> Iterator[tuple[Survey, Touched]]:
    """The objects that each survey saw which hold something else now, with what they held; ``counts``: of these."""
    found: Touched = {}
    looked: set[int] = set()
    shown = only_shows(watch.cell.source)
    LOOKS[:] = [watch.left, *(seen.states for seen in _surveys(watch))]
    for seen in _surveys(watch):
        states = seen.states
        new = {key: pair for key, pair in states.items() if key not in looked} if looked else states
        looked.update(key for key, (_, state) in new.items() if state is not None)
        touched = touched_in(new)
        touched = without_filled(seen, touched) if shown and touched else touched
        found.update((key, pair) for key, pair in touched.items() if counts(pair[0]))
        yield seen, {key: pair for key, pair in found.items() if key in states}
    LOOKS.clear()


def carry(cell: Cell, name: str, code: Deferred, carried: dict[str, Deferred]) -> None:
    """Note what the code inside a value does; what only the text tells of it is added."""
    static = cell.facts.deferred.get(name)
    if static is not None:
        # A view's reads are in its text alone: nothing in the value tells them.
        code = static if name.startswith("sql:") else replace(code, mutates=static.mutates)
    if code.reads or code.writes or code.mutates:
        carried[name] = code


def _surveys(watch: Watch) -> Collection[Survey]:
    return {id(seen): seen for seen in (*watch.surveys.values(), *watch.beside.values())}.values()


def seen_whole(watch: Watch, touched: Collection[int]) -> set[int]:
    """Objects that did not change, nor what is in them: in the value of a name of which all was seen."""
    whole = [seen.states.keys() for seen in _surveys(watch) if seen.complete]
    return set().union(*(keys for keys in whole if keys.isdisjoint(touched)))


def doubtful(
    name: str,
    seen: Survey,
    touched: Collection[int],
    whole: Set[int],
    sharing: Sharing,
    look: Callable[[Any], Survey],
) -> Set[int]:
    """Objects of a survey that can't tell which may have changed; ``whole``: others tell that these did not.

    If it was cut off, all of them but those of other names that were seen whole.
    """
    if not seen.truncated:
        return seen.untold
    found, until = seen.states.keys() - whole, thread_time() + PATIENCE
    told = {k for k, (_, state) in seen.states.items() if state is not None} - seen.untold - set(touched)
    shared: dict[tuple[str, str], list[int]] = {}
    for key in seen.states:  # what holds others comes before these
        for pair in sharing.get(key, ()) if key in told else ():
            if pair[1] != name:
                shared.setdefault(pair, []).append(key)
    for key in (key for keys in sorted(shared.values(), key=len) for key in keys):
        if key in found:
            inside = look(seen.states[key][0])
            if inside.complete and inside.states.keys() <= told:
                found.difference_update(inside.states)
            if thread_time() > until:
                break
    return found
