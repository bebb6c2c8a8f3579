"""One cell's run in the user's namespace: before it, what it may change is noted; after it, what it did.

`enter` sets the namespace and takes states of the objects behind the names that the cell reads, within
a budget; `leave` compares, and tells the session what the cell bound, changed, deleted and shares.
A failed run is rolled back.  Batch inputs run as in a plain kernel: nothing set, nothing rolled back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from math import inf, nextafter
from time import thread_time
from typing import Any

from reactive_kernel.core.facts import SHOWN, Deferred, together
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.operations import Lost, Observed
from reactive_kernel.core.session import Session
from reactive_kernel.core.sharing import sharers
from reactive_kernel.kernel.albums import Albums
from reactive_kernel.kernel.borrowed import lent
from reactive_kernel.kernel.caches import Caches
from reactive_kernel.kernel.changes import (
    BUDGET,
    MARK,
    Changes,
    Watch,
    bound_by,
    called_texts,
    carry,
    deadline,
    doubtful,
    glance,
    longer,
    may_bind,
    may_delete,
    moved,
    no_longer_shared,
    remarks,
    seen_whole,
    touched_by,
    undisturbed,
)
from reactive_kernel.kernel.databases import USES
from reactive_kernel.kernel.frames import remembers
from reactive_kernel.kernel.hidden import Hidden
from reactive_kernel.kernel.insides import Insides, frames_seen_by, libraries_in
from reactive_kernel.kernel.last_shown import LastShown
from reactive_kernel.kernel.letting_go import LetGo, let_go
from reactive_kernel.kernel.memory import SMALL, size_of, trim
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.neighbours import Neighbours
from reactive_kernel.kernel.openers import ATOMS, is_bare
from reactive_kernel.kernel.outside import databases_changed, lose_relations
from reactive_kernel.kernel.parts import parts_of
from reactive_kernel.kernel.patches import patches_in
from reactive_kernel.kernel.sharers import Sharers
from reactive_kernel.kernel.states import State, state_of
from reactive_kernel.kernel.staying import Staying
from reactive_kernel.kernel.store import MISSING, Delta, Store, put_back, tracked
from reactive_kernel.kernel.survey import NOTHING_SEEN, Survey, survey
from reactive_kernel.kernel.suspicion import FEW, look_beside, objects_held, presumed, reads_of, suspicion
from reactive_kernel.kernel.unread import Unread
from reactive_kernel.kernel.widget_states import tell_browser
from reactive_kernel.kernel.widgets import Widgets, pseudo_name

__all__ = ["Executor"]


class Executor:
    """The user's namespace, run by run."""

    def __init__(self, session: Session, namespace: dict[str, Any], max_superseded_bytes: int) -> None:
        self.session = session
        self.namespace = namespace
        self.main = str(namespace.get("__name__", "__main__"))
        self.store = Store(session, namespace, self.main)
        self.hidden = Hidden(namespace)
        self.last_shown = LastShown(namespace, self.main)
        self.widgets = Widgets(self.store.follow_widget)
        self.caches = Caches(self.session)
        self.max_superseded_bytes = max_superseded_bytes
        self.unread = Unread(session, namespace)
        self.neighbours = Neighbours(session)
        self.sharers = Sharers(session, self.store)
        self.albums = Albums(namespace, self.main)
        self.staying = Staying(session, self.store, self.look)
        self.large: set[tuple[str, str]] = set()  # (cell, name): values too large to be looked at whole
        self.until = 0.0  # when the looks after a run should be over
        self.watch: Watch | None = None
        self.let_go: LetGo | None = None
        self.drawn_in_vain: frozenset[str] = frozenset()  # hidden state that the last failed run changed

    # -- before

    def settle(self) -> None:
        """Show the notebook's end, and keep superseded values within the limit."""
        self._move(inf)
        tell_browser()
        trim(self.store, self.session, self.max_superseded_bytes)

    def affected(self) -> list[str]:
        """Cells that have to run again for what the last run has done beyond its own values; they are stale now."""
        return [*self.caches.no_longer_alone(), *self.neighbours.no_longer_alone()]

    def _move(self, key: float) -> None:
        self.store.move(key)
        for name, base in self.hidden.base.items():
            state = self.store.lookup(name, key)
            self.hidden.set(name, base if state is MISSING else state)

    @undisturbed()
    def enter(self, cell: Cell) -> None:
        """Set the namespace to what a clean run would have at the cell, and note what it may change."""
        if cell.kind == "batch":
            self.store.move(cell.key)  # not to the end: there the names that the cell deletes are gone
            self.watch = Watch(cell, dict(self.namespace))
            self.let_go = let_go(self.watch, self.store, self.albums)
            return
        self._move(cell.key)
        left = {id(value): (value, state) for value, state in self.store.other_side(cell.id)}
        self.store.drop_delta(cell.id)
        self.store.bind_forward(cell)
        self.store.apart.join(self.namespace.values())
        self.last_shown.enter(cell.inputs)
        self._take_away(cell)
        watch = Watch(cell, {}, again=cell.exact, same_inputs=self.session.same_inputs(cell), left=left)
        watch.held = frozenset(cell.ran.held if cell.ran is not None else ())
        for name in may_bind(self.session, cell, self.namespace) - reads_of(self.session, cell):
            value = self.namespace.pop(name, MISSING)
            if value is not MISSING:
                watch.put_by[name] = value
        watch.before = dict(self.namespace)
        watch.marked = may_delete(self.session, cell) - self.namespace.keys()
        self.namespace.update(dict.fromkeys(watch.marked, MARK))
        USES.running = (cell.source, *called_texts(self.session, cell))
        self.albums.prune()
        self._take_states(cell, watch)
        watch.states = self.hidden.note(*USES.running)
        self.unread.begin(watch)
        self.widgets.running = True
        self.watch, self.let_go = watch, let_go(watch, self.store, self.albums)

    def _take_away(self, cell: Cell) -> None:
        """What the cell does without, because a loop would give it, is not there."""
        for name in cell.given_up if cell.rivals else ():
            value = self.store.lookup(name, cell.key, cell.rivals)
            if name in self.hidden.base:
                self.hidden.set(name, self.hidden.base[name] if value is MISSING else value)
                continue
            if value is not MISSING:
                self.namespace[name] = value
            elif name in self.store.managed:
                self.namespace.pop(name, None)
            self.store.dirty.add(name)

    def _take_states(self, cell: Cell, watch: Watch) -> None:
        until = self.until = deadline(cell)
        self.caches.begin()
        self.albums.begin()
        # SQL changes neither the frames that it reads nor the variable that holds its connection.
        beyond = cell.facts.inert if cell.facts.language == "sql" else frozenset()
        names = [n for n in cell.inputs if n not in beyond and not is_bare(watch.before.get(n))]
        own = reads_of(self.session, cell)
        held = {name: objects_held(self.session, cell, name) for name in names}
        taken: dict[int, State] = {}
        done: dict[int, Survey] = {}  # by value: names for one object share a survey
        # What is large, and only shares with what the cell reads, comes after this.
        order = {n: (suspicion(cell, n), held[n] > FEW and n not in own, held[n], n) for n in names}
        for name in sorted(names, key=lambda n: (min(self.albums.rank(watch.before.get(n)), 1), order[n])):
            large = any((producer, name) in self.large for producer in cell.inputs[name])
            value = watch.before.get(name)
            late = thread_time() > until and not self.albums.is_at_hand(value)
            if late and (large or held[name] > FEW or name not in cell.source):
                watch.unseen.add(name)
                continue
            value = watch.before[name]
            if id(value) in done:
                watch.surveys[name] = done[id(value)]
                continue
            limit = min(until, glance(cell)) if large else until
            seen = done[id(value)] = self.albums.survey(value, limit, taken, done)
            watch.surveys[name] = seen
            for wrapper in seen.caches:
                self.caches.look_after(cell, wrapper, self.look(wrapper).reads)
        look_beside(
            self.session,
            watch,
            lambda value: survey((value,), self.namespace, longer(until), True, self.main, taken, done),
        )

    # -- after

    @undisturbed()
    def leave(self, ok: bool) -> Observed | None:
        """Take in what the cell did; None if it failed, or was deleted meanwhile: then nothing is kept."""
        watch, self.watch = self.watch, None
        self.until = deadline(watch.cell if watch is not None else None)
        self.widgets.running = False
        assert watch is not None
        if self.let_go is not None:
            self.let_go.take_back()
        if watch.cell.kind == "batch":
            return self._leave_batch(watch)
        watch.look_back(self.session)
        cell, shown = watch.cell, self.last_shown.leave(watch.cell.id)
        watch.unread, found = self.unread.end(watch)
        watch.compare(self.namespace)
        LOCAL.note_imports(watch.texts(self.session))
        changes = self._changes(watch)
        observed = None
        if ok and cell.id in self.session.cells:
            found |= self.neighbours.of(watch, changes)
            observed = replace(self._keep(watch, changes, shown), unread=watch.unread, found=found)
        else:
            self._roll_back(watch, changes)
        lose_relations(self)
        return observed

    def _leave_batch(self, watch: Watch) -> Observed:
        watch.compare(self.namespace)
        bound = bound_by(watch, self.namespace)
        self.store.give(watch.cell.id, bound)
        return Observed(bound=dict.fromkeys(bound), deleted=frozenset(filter(tracked, watch.gone)))

    def _changes(self, watch: Watch) -> Changes:
        """Which objects behind the inputs changed, and behind which names they are."""
        touched_in = {id(seen): touched for seen, touched in touched_by(watch, self.caches.counts)}
        changes = Changes(touched={key: pair for touched in touched_in.values() for key, pair in touched.items()})
        changes.moved = moved(watch, changes.touched)
        apart = no_longer_shared(changes.moved)
        self.albums.after(changes.touched)
        if not (watch.surveys or watch.unseen or changes.touched):
            return changes
        guessed = presumed(self.session, watch, self.namespace, changes.touched, self.look)
        unsure, changes.presumed = set[str](), guessed
        whole = seen_whole(watch, changes.touched) if guessed or changes.touched else set()
        doubts: dict[int, Set[int]] = {}
        for name, seen in watch.surveys.items():
            guess, touched = name in guessed, touched_in[id(seen)]
            if touched or guess or not apart.isdisjoint(seen.states):
                changes.names.add(name)
            if guess:
                if id(seen) not in doubts:
                    doubts[id(seen)] = doubtful(name, seen, touched, whole, self.session.sharing, self.look)
                changes.lost.update(doubts[id(seen)])
            elif touched and seen.truncated:  # nothing says that what wasn't seen changed too; but it can't be put back
                changes.lost.add(id(watch.before[name]))
            if guess and not touched:
                unsure.add(name)
        for name in watch.unseen & guessed:
            unsure.add(name)
            changes.lost.add(id(watch.before.get(name)))
        changes.lost -= whole
        for key, (value, state) in changes.touched.items():
            after, _ = state_of(value, self.main, True)
            if state.restore is None or after is None or after.restore is None:
                changes.lost.add(key)
        changes.names |= unsure | self.sharers.of(watch, changes.touched.keys() | changes.lost)
        if changes.touched:
            changes.borrowed = {*lent(watch.before, lambda: [value for value, _ in changes.touched.values()])}
            changes.names |= changes.borrowed
        if SHOWN in watch.cell.inputs and not watch.cell.inputs.get("_"):
            changes.names.discard("_")  # it is IPython's
        changes.gone = {n for n in unsure | self.sharers.of(watch, changes.lost) if n in changes.names}
        lost_in = (n for n, seen in watch.surveys.items() if not changes.lost.isdisjoint(seen.states))
        changes.gone |= changes.names.intersection(lost_in)
        return changes

    def _roll_back(self, watch: Watch, changes: Changes) -> None:
        """Put everything back as it was before the run, as far as it can be."""
        self.drawn_in_vain = self.hidden.restore(watch.states)
        for name in [n for n in watch.rebound if tracked(n) and n not in watch.before]:
            del self.namespace[name]
        self.namespace.update({n: v for n, v in watch.before.items() if n not in self.namespace or tracked(n)})
        self.namespace.update(watch.put_by)
        changes.lost.update(map(id, put_back((changes.touched | changes.moved).values())))
        self.albums.begin()
        for wrapper in [wrapper for seen in watch.surveys.values() for wrapper in seen.caches]:
            self.caches.roll_back(wrapper)
        self._lose(watch, changes)
        self.staying.forget(watch.cell.id)

    def _lose(self, watch: Watch, changes: Changes) -> None:
        """Tell the session which values of other cells are used up: those with lost objects inside."""
        lost = {pair for pair in sharers(self.session.sharing, changes.lost) if pair[0] != watch.cell.id}
        others = [(c, values) for c, values in self.store.values.items() if c != watch.cell.id]
        for name, value in ((n, watch.before.get(n, MISSING)) for n in changes.gone):
            lost.update((cell_id, name) for cell_id, values in others if values.get(name, MISSING) is value)
        self.store.leave_alone(changes.lost)
        if lost:
            self.session.apply(Lost(tuple(sorted(lost))))

    def _keep(self, watch: Watch, changes: Changes, shown: Mapping[str, str | None]) -> Observed:
        """Store what the run bound and changed, and describe it."""
        cell, store = watch.cell, self.store
        bound = bound_by(watch, self.namespace)
        gone = (*watch.gone, *(cell.facts.deletes.keys() - cell.facts.maybe_deletes))
        deleted = frozenset(n for n in gone if n not in self.namespace and tracked(n))
        mutated = {n for n in changes.names if n not in bound and n not in deleted and n in self.namespace}
        # A name that the cell binds without having read it: its old value changed under another name.
        unread = bound.keys() - reads_of(self.session, cell)
        drawn = self.hidden.changed(cell.source, watch.states, cell.facts.effects)
        self._keep_delta(watch, changes, changes.names - unread)
        self.neighbours.join(watch, bound)
        tokens = self.staying.decide(watch, bound, changes, mutated, bool(mutated or drawn or deleted))
        changed = frozenset(changes.names - deleted - unread)
        stays = self.staying.effects(watch, changes, changed, drawn)
        tokens.update((n, stays[n]) for n in stays.keys() & bound.keys() if tokens[n] is None)
        values = {**bound, **{n: self.namespace[n] for n in mutated}}
        store.give(cell.id, bound, {**values, **drawn})
        store.dirty.update(deleted)  # edited meanwhile, the cell has deleted nothing
        store.large.update({(cell.id, n): size for n, v in bound.items() if (size := size_of(v)) >= SMALL})
        store.at = nextafter(store.at, inf)  # below where it ran, though it was moved meanwhile
        self._lose(watch, changes)
        insides = self._look_into(watch, {**values, **patches_in(drawn)})
        return Observed(
            bound={**{n: tokens.get(n) for n in bound}, **insides.traits, **(shown if cell.kind == "notebook" else {})},
            mutated=changed | frozenset(drawn),
            stays=stays,
            deleted=deleted,
            carried=insides.carried,
            reach=insides.reach,
            libraries=insides.libraries,
            cleared=self.sharers.cleared(watch, changes),
            remarks=remarks(self.session, watch, changes),
            outside=databases_changed(),
        )

    def _look_into(self, watch: Watch, values: dict[str, Any]) -> Insides:
        """Look into each value that a cell gives."""
        cell, found = watch.cell, Insides()
        known: dict[int, tuple[Survey, frozenset[int], Deferred]] = {}  # by value: names for one object share it
        done: dict[int, Survey] = {}
        for name, value in sorted(values.items(), key=lambda item: self.albums.rank(item[1])):
            if type(value) not in ATOMS:
                if id(value) not in known:
                    start = thread_time()
                    known[id(value)] = self._inside(watch, value, done)
                    # Did the time go to others?
                    known[id(value)][0].hurried &= thread_time() - start < BUDGET or self.albums.goes_on(value)
                inside, found.reach[name], code = known[id(value)]
                large = inside.truncated and not inside.hurried
                (self.large.add if large else self.large.discard)((cell.id, name))
                if code.reads and not inside.truncated:
                    code = replace(code, parts=parts_of(value, code, self.main, self.look))
                carry(cell, name, code, found.carried)
                found.libraries[name] = libraries_in(value, inside)
                if inside.widgets:
                    found.traits[pseudo_name(name)] = self.widgets.token(inside.widgets)
        for name, memory in lent(values, self.namespace.values).items():
            found.reach[name] = found.reach.get(name, frozenset()) | memory
        return found

    def look(self, value: Any, done: Mapping[int, Survey] = NOTHING_SEEN) -> Survey:
        """What is inside a value, without taking states."""
        until = longer(self.until)
        known = self.albums.known(value, until, done)
        return known if known is not None else survey((value,), self.namespace, until, False, self.main, None, done)

    def _inside(self, watch: Watch, value: Any, done: dict[int, Survey]) -> tuple[Survey, frozenset[int], Deferred]:
        """What is inside a value that a cell gives, which objects, and what code in it does.

        What the cell was given, and is too large to be looked at whole, also has what was seen in it before.
        """
        cell = watch.cell
        same = [n for n, seen in watch.surveys.items() if seen.truncated and watch.before[n] is value]
        if same and not self.albums.goes_on(value):
            inside = self.albums.look(value, glance(cell))
        else:
            inside = self.albums.look(value, longer(self.until), done)
        done[id(value)] = inside
        reach, code = frozenset(inside.states).union(frames_seen_by(inside, watch.surveys.values())), inside.code
        for old in same:
            before = [self.session.cells[p] for p in cell.inputs.get(old, ())]
            reach = reach.union(*(c.ran.reach.get(old, ()) for c in before if c.ran is not None))
            code = together([code, *(c.carried[old] for c in before if old in c.carried)])
        return inside, reach, code

    def _keep_delta(self, watch: Watch, changes: Changes, known: Iterable[str]) -> None:
        """Keep the states before the changes, unless they can't be put back, or take too much memory."""
        inputs = watch.cell.inputs
        names = {name: inputs[name] for name in known if name in inputs}
        delta = Delta(names, [e for key, e in (changes.touched | changes.moved).items() if key not in changes.lost])
        if not delta.entries:
            return
        views = {
            key: (value, state)
            for seen in (watch.surveys[name] for name in changes.names & watch.surveys.keys())
            for key, (value, state) in seen.states.items()
            if state is not None and remembers(type(value))
        }
        delta.entries.extend(views.values())
        self.store.deltas[watch.cell.id] = delta
        self.store.applied.append(watch.cell.id)
