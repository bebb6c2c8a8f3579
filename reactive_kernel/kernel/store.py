"""Values by position: what each cell bound and changed, and the namespace that a place in the notebook sees.

Rebinding: every cell's values are kept under its id; moving to another place binds the names anew.
Changes in place: a cell's *delta* holds the other state of each object that it changed; moving above
the cell swaps the states, moving below swaps them back.  Objects keep their identity, so aliases hold
by themselves, and nothing has to run again to get an earlier state back.

Moving costs what lies between the two places, not the notebook; the same way again next to nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from math import inf, nextafter
from operator import attrgetter
from types import ModuleType
from typing import Any

from reactive_kernel.core.graph import ancestors, descendants
from reactive_kernel.core.notebook import DELETES, Cell
from reactive_kernel.core.operations import Lost
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.apart import Apart
from reactive_kernel.kernel.databases import USES
from reactive_kernel.kernel.excursion import Excursion
from reactive_kernel.kernel.frames import written_into
from reactive_kernel.kernel.states import State, state_of
from reactive_kernel.kernel.widget_states import WidgetState

__all__ = ["MISSING", "Delta", "Store", "put_back", "tracked"]

MISSING = object()
Limit = tuple[float, Collection[int] | None]  # a cell's key, and the objects that its value holds, if that is known
NO_LIMITS: Mapping[str, Limit] = {}

SHELL_NAMES = frozenset(
    {
        "In",
        "Out",
        "exit",
        "quit",
        "open",
        "get_ipython",
        "_",
        "__",
        "___",
        "_i",
        "_ii",
        "_iii",
        "_ih",
        "_oh",
        "_dh",
        "_exit_code",
    }
)


def tracked(name: str) -> bool:
    """True for a variable of the notebook, False for what IPython keeps in the namespace for itself."""
    if name in SHELL_NAMES or (name.startswith("__") and name.endswith("__")):
        return False
    return not (name[:1] == "_" and (name[1:].isdigit() or (name[1:2] == "i" and name[2:].isdigit())))


@dataclass(slots=True)
class Delta:
    """What a cell changed in place: the objects, and the state that each has on the other side of the cell."""

    names: dict[str, tuple[str, ...]]  # and from which cells these were read
    entries: list[tuple[Any, State]] = field(default_factory=list)

    def swap(self, main: str) -> list[Any]:
        """Exchange the objects' states with the kept ones.

        Returns the objects that did not take theirs, and those whose present one could never be put back.
        """
        # All are looked at before any is put back: two may lie in the same memory.
        current = [state_of(value, main, True)[0] for value, _ in self.entries]
        told = [(entry, now) for entry, now in zip(self.entries, current, strict=True) if _can_come_back(now)]
        broken = put_back(entry for entry, _ in told)
        gone = set(map(id, broken))
        broken += [value for (value, _), now in zip(self.entries, current, strict=True) if not _can_come_back(now)]
        self.entries = [(value, now) for (value, _), now in told if now is not None and id(value) not in gone]
        return broken

    @property
    def size(self) -> int:
        """Bytes kept alive, roughly."""
        return sum(state.size for _, state in self.entries)


class Store:
    """The cells' values and deltas, and the namespace as one place in the notebook sees it."""

    def __init__(self, session: Session, namespace: dict[str, Any], main: str) -> None:
        self.session = session
        self.namespace = namespace
        self.main = main
        self.values: dict[str, dict[str, Any]] = {}
        self.large: dict[tuple[str, str], int] = {}  # bytes of values that hold many
        self.deltas: dict[str, Delta] = {}
        self.applied: list[str] = []
        self.apart = Apart()
        self.managed: set[str] = set()
        self.at = inf  # cells with a smaller key are in effect
        self.dirty: set[str] = set()
        self.excursion: Excursion | None = None
        self.broken: set[tuple[str, str]] = set()  # values that could not be put back on the last way to a cell

    def move(self, key: float) -> None:
        """Set the namespace to what a reader at ``key`` sees (inf: the notebook's end)."""
        USES.cells, USES.running = self.session.document, ()
        names = self.dirty | self.session.rebound
        self.dirty, self.session.rebound = set(), set()
        for gone in self.session.gone:
            if gone not in self.session.cells:
                names |= self.forget(gone).keys()
        self.session.gone.clear()
        if self.excursion is not None:
            self.excursion.forget(names)
        names |= self._crossed(key, names)
        self.at = key
        self.swap_to(key)
        self._bind(names)
        if self.excursion is not None:
            self.excursion.note(key, names, self.namespace)

    def _crossed(self, key: float, changed: Set[str]) -> set[str]:
        """Names that have to be bound anew on the way to a place, beyond those known to have changed."""
        if self.session.renumbered:
            self.session.renumbered, self.excursion = False, None
            return set(self.managed)
        if self.at == key:
            return set()
        if self.excursion is not None and self.excursion.leads(self.at, key):
            return self.excursion.go(key, self.namespace)
        low, high = sorted((self.at, key))
        order = self.session.document.order
        first, last = (bisect_left(order, limit, key=attrgetter("key")) for limit in (low, high))
        names: set[str] = set()
        for cell in order[first:last]:
            names.update(cell.produces)
            if given := self.values.get(cell.id):
                names.update(given)
        self.excursion = Excursion(key) if self.at == inf else None
        if self.excursion is not None:
            self.excursion.note(inf, names - changed, self.namespace)
        return names

    def give(self, cell_id: str, bound: dict[str, Any], values: dict[str, Any] | None = None) -> None:
        """Keep what a cell bound, or all that it gave if that is more, in place of what it gave before."""
        self.dirty.update(self.forget(cell_id), values or bound)
        self.values[cell_id] = values or bound
        self.managed.update(bound)

    def forget(self, cell_id: str) -> dict[str, Any]:
        """Drop what a cell gave; returns it."""
        values = self.values.pop(cell_id, {})
        for name in values:
            self.large.pop((cell_id, name), None)
        return values

    def bind_forward(self, cell: Cell) -> None:
        """Bind what the cell reads from below, as it is there."""
        last = cell.key
        limits: dict[str, Limit] = {}  # up to where the cell sees names from below
        above: list[frozenset[int]] = []  # objects that it has from above
        beside: list[frozenset[int]] = []  # and those that only code has which it calls
        behind: set[str] = set()  # what was run before those that it reads from below
        named = cell.facts.reads  # what only code reads that it calls doesn't decide what it finds in its own names
        for name, producers in cell.inputs.items():
            if producers and self.session.cells[producers[0]].key < cell.key:
                if (ran := self.session.cells[producers[0]].ran) is not None and name in ran.reach:
                    (above if name in named else beside).append(ran.reach[name])
            elif producers and (key := self.session.cells[producers[0]].key) > cell.key:
                value = self.value_for(cell, name)
                if value is not MISSING:
                    self.namespace[name] = value
                    self.dirty.add(name)
                    ran = self.session.cells[producers[0]].ran
                    limits |= {name: (key, ran.reach.get(name) if ran is not None else None)} if name in named else {}
                    last = max(last, key)
                    behind |= ancestors(self.session.cells, self.session.cells[producers[0]])
        if last > cell.key:
            here = frozenset().union(*above), frozenset().union(*beside)
            self.swap_to(nextafter(last, inf), cell.key, limits, here, behind)

    def swap_to(
        self,
        key: float,
        reader: float = inf,
        limits: Mapping[str, Limit] = NO_LIMITS,
        here: tuple[Collection[int], Collection[int]] = ((), ()),
        behind: Collection[str] = (),
    ) -> None:
        """Bring the in-place changes of exactly the cells above ``key`` into effect.

        For a reader further up that looks at names from below too, ``limits`` says up to where it
        sees each of these: changes between it and ``key`` count only so far, and never those of the objects ``here``,
        which it has from above: itself, or only code that it calls.  The changes of the cells ``behind`` count
        wherever these are, but for the former.
        """
        if not self.deltas:
            return
        cells = self.session.cells
        for cell_id in [i for i in self.deltas if i not in cells]:
            self.drop_delta(cell_id)
        forward = self.session.forward
        upturned = descendants(cells, forward) | forward.keys() if forward else set()
        made = {i: self._made_below(cells[i], self.deltas[i]) for i in upturned & self.deltas.keys()}
        least = {i: nextafter(cells[i].key, inf) for i in behind if i in self.deltas and cells[i].key >= key}
        target = [
            i
            for i in self.deltas
            if self._in_effect(i, least.get(i, key), reader, limits, here[0], made.get(i, inf))
            and (i in behind or self.session.cells[i].key < reader or _is_none_of(self.deltas[i], here[1]))
        ]
        target.sort(key=lambda cell_id: cells[cell_id].key)
        common = 0
        while common < min(len(target), len(self.applied)) and target[common] == self.applied[common]:
            common += 1
        while len(self.applied) > common:
            self._swap(self.applied.pop())
        for cell_id in target[common:]:
            self._swap(cell_id)
            self.applied.append(cell_id)

    def _swap(self, cell_id: str) -> None:
        delta, cell = self.deltas[cell_id], self.session.cells.get(cell_id)
        if cell is not None and (memory := written_into(delta.entries)):
            here = {id(value) for value, _ in delta.entries}
            later = [given.values() for i, given in self.values.items() if self._is_below(i, cell.key)]
            self.apart.set_apart((value for given in later for value in given if id(value) not in here), memory)
        broken = delta.swap(self.main)
        if broken:  # then all that holds them has to be made again
            found = {pair for value in broken for pair in self.session.sharing.get(id(value), ())}
            self.session.apply(Lost(tuple(sorted(found))))
            self.broken |= found

    def _is_below(self, cell_id: str, key: float) -> bool:
        other = self.session.cells.get(cell_id)
        return other is not None and other.key > key

    def come_to(self, cell: Cell) -> bool:
        """Go to a cell's place; False if what it reads could not be put back to what it is there: that is lost now."""
        self.broken.clear()
        self.move(cell.key)
        read = {(producer, name) for name, producers in cell.inputs.items() for producer in producers}
        return self.broken.isdisjoint(read)

    def _in_effect(
        self,
        cell_id: str,
        key: float,
        reader: float,
        limits: Mapping[str, Limit],
        here: Collection[int],
        made: float,
    ) -> bool:
        cell, delta = self.session.cells[cell_id], self.deltas[cell_id]
        if cell.key >= key or not cell.shown or not _still_holds(delta, cell):
            return False
        if made < key and (made < reader or all(id(value) not in here for value, _ in delta.entries)):
            return False
        if cell.key < reader:
            return True
        if not cell.fresh:  # what the reader needs is fresh: this is none of it, or looks for its names elsewhere now
            return False
        objects = {id(value) for value, _ in delta.entries}
        for last, inside in (limits[name] for name in delta.names if name in limits):
            if cell.key > last and (inside is None or not objects.isdisjoint(inside)):
                return False
        return objects.isdisjoint(here)

    def _made_below(self, cell: Cell, delta: Delta) -> float:
        """Where the objects begin that a cell changes though they are another's, further down: there they are as made.

        The key of the first such cell; inf if there is none.
        """
        cells, found = self.session.cells, inf
        objects = {id(value) for value, _ in delta.entries}
        for producer in map(cells.__getitem__, ancestors(cells, cell)):
            gives = producer.ran.reach.values() if producer.ran is not None else ()
            if cell.key < producer.key < found and not all(map(objects.isdisjoint, gives)):
                found = producer.key
        return found

    def other_side(self, cell_id: str) -> list[tuple[Any, State]]:
        """What a cell changed in place, and how it left that; nothing if the changes are in effect."""
        delta = self.deltas.get(cell_id)
        return [] if delta is None or cell_id in self.applied else delta.entries

    def drop_delta(self, cell_id: str) -> None:
        """Undo a cell's changes in place, if they are in effect, and forget them."""
        if cell_id not in self.deltas:
            return
        if cell_id in self.applied:
            later: list[str] = []
            while (last := self.applied.pop()) != cell_id:
                self._swap(last)
                later.append(last)
            self._swap(cell_id)
            for other in reversed(later):
                self._swap(other)
                self.applied.append(other)
        del self.deltas[cell_id]

    def leave_alone(self, used_up: Collection[int]) -> None:
        """Objects (by id) that can't be put back to what they are now: to what they were before they must not be."""
        for delta in self.deltas.values() if used_up else ():
            delta.entries = [entry for entry in delta.entries if id(entry[0]) not in used_up]

    def let_go_of_modules(self) -> None:
        """Modules were loaded again: what they held before must not come back."""
        for delta in self.deltas.values():
            delta.entries = [(value, state) for value, state in delta.entries if type(value) is not ModuleType]

    def follow_widget(self, widget: Any, trait: str, value: Any) -> None:
        """The browser has set a trait of a widget: wherever in the notebook one looks at it, it has that now."""
        for delta in self.deltas.values():
            for held, state in delta.entries:
                if held is widget and isinstance(state, WidgetState):
                    state.traits[trait] = value

    def keep_delta(self, cell_id: str) -> None:
        """Leave a cell's changes in effect for good; the states before them are gone."""
        del self.deltas[cell_id]
        if cell_id in self.applied:
            self.applied.remove(cell_id)

    def _bind(self, names: Iterable[str]) -> None:
        """Bind names to the values that the present place sees."""
        producers, namespace, at = self.session.graph.producers, self.namespace, self.at
        for name in names:
            if name[:1] == "<" and not name.startswith("<sql:"):
                continue
            line = producers.get(name, ())
            # Most names have one producer, and that is further down.
            value = self.lookup(name, at) if line and line[0][0] < at else MISSING
            if value is not MISSING:
                namespace[name] = value
            elif name in self.managed:
                namespace.pop(name, None)

    def lookup(self, name: str, key: float, skip: Collection[str] = ()) -> Any:
        """The value that a reader at ``key`` sees, or MISSING; from none of the cells ``skip``.

        Producers without a value (never run, failed) let the one above them through.
        """
        line = self.session.graph.producers.get(name)
        if line is None:
            return MISSING
        cells = self.session.cells
        for _, cell_id in reversed(line[: bisect_left(line, (key,))]):
            if cell_id in skip:
                continue
            cell = cells[cell_id]
            value = self.values.get(cell_id, {}).get(name, MISSING) if cell.shown else MISSING
            if value is not MISSING:
                return value
            if cell.produces[name] == DELETES and cell.shown and not cell.has_failed:
                return MISSING
        return MISSING

    def value_for(self, cell: Cell, name: str) -> Any:
        """The value that a cell's read of a name resolves to, or MISSING."""
        for producer in cell.inputs.get(name, ()):
            value = self.values.get(producer, {}).get(name, MISSING)
            if value is not MISSING:
                return value
        return MISSING


def _can_come_back(state: State | None) -> bool:
    return state is not None and state.restore is not None


def put_back(entries: Iterable[tuple[Any, State]]) -> list[Any]:
    """Give objects the states that were kept of them; returns those that did not take theirs."""
    todo = [(value, state.restore) for value, state in entries if state.restore is not None]
    for _ in range(2):  # an iterator can't be put back into a list before the list is
        again: list[tuple[Any, Any]] = []
        for value, restore in todo:
            try:
                restore(value)
            except Exception:  # what it holds can't be put back after all
                again.append((value, restore))
        todo = again
    return [value for value, _ in todo]


def _is_none_of(delta: Delta, objects: Collection[int]) -> bool:
    return not objects or all(id(value) not in objects for value, _ in delta.entries)


def _still_holds(delta: Delta, cell: Cell) -> bool:
    """True if the cell still changes these names, of the cells from which it had them."""
    return all(name in cell.produces and cell.inputs.get(name, ()) == source for name, source in delta.names.items())
