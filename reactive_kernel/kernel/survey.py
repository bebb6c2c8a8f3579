"""Walks through values: which mutable objects they are made of, what those hold, and whether that changed.

A *survey* visits the objects reachable from a value, nearest first, within a budget of objects and time.
For each mutable object it can take a shallow copy of the state; comparing by identity afterwards tells
exactly which objects changed, and putting the state back undoes it.  What the budget or the type does
not allow to tell is reported as such, never guessed.
"""

from __future__ import annotations

import sys
import types
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from time import thread_time
from typing import Any, Protocol

from reactive_kernel.core.facts import Deferred
from reactive_kernel.kernel.code import CODED, code_of, names_in
from reactive_kernel.kernel.container_states import Attributes
from reactive_kernel.kernel.figure_states import is_registry, owned
from reactive_kernel.kernel.iterator_states import CACHED
from reactive_kernel.kernel.jitted import is_jitted
from reactive_kernel.kernel.memos import is_installed, shared_kinds
from reactive_kernel.kernel.openers import ATOMS, Way, known_way, way_into
from reactive_kernel.kernel.states import State, state_of
from reactive_kernel.kernel.widgets import inside_widget, is_widget

__all__ = ["NOTHING_SEEN", "Survey", "survey"]

MAX_OBJECTS = 4000
LITTLE = 4096  # bytes
LIGHT: frozenset[type] = frozenset({list, dict, set})
TOGETHER = 128  # objects that are sorted by class
AT_ONCE = 32  # objects, between two looks at the time


@dataclass(slots=True)
class Survey:
    """What was found inside a value.

    Attributes:
        states: id -> (object, its state or None if not asked for, or not to be had).
        truncated: the budget ended before everything was visited.
        hurried: it was time that ended.
        untold: ids of objects whose state can't be seen, or not whole.
        iterator: something inside can only be consumed (a generator, a file).
        unknown: something inside has no state that could be seen (a connection).
        caches: functions with a cache of their results.
        widgets: ipywidgets, which the browser changes too.
        reads, writes: globals that code inside reads and writes when called.
        after: of those read, the ones that this code has surely bound itself by then.
    """

    states: dict[int, tuple[Any, State | None]] = field(default_factory=dict)
    truncated: bool = False
    hurried: bool = False
    untold: set[int] = field(default_factory=set)
    iterator: bool = False
    unknown: bool = False
    caches: list[Any] = field(default_factory=list)
    widgets: list[Any] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    after: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """True if every reachable object was visited, and the state of each tells everything."""
        return not self.truncated and not self.untold

    @property
    def code(self) -> Deferred:
        """What code inside the value does when called."""
        return Deferred(frozenset(self.reads), frozenset(self.writes), after=dict(self.after))

    def add(self, other: Survey) -> None:
        """Take in what was found inside a value that is part of this one."""
        self.states.update(other.states)
        self.untold |= other.untold
        self.iterator |= other.iterator
        self.unknown |= other.unknown
        self.caches += [cache for cache in other.caches if not any(cache is own for own in self.caches)]
        self.widgets += [widget for widget in other.widgets if not any(widget is own for own in self.widgets)]
        self.add_code(other)

    def add_code(self, other: Survey | Deferred) -> None:
        """Take in what more code inside does."""
        if self.after or other.after:
            for name in other.reads | other.after.keys():
                own = other.after.get(name, NONE)
                seen = name in self.reads or name in self.after
                self.after[name] = own & self.after.get(name, NONE) if seen else own
        self.reads |= other.reads
        self.writes |= other.writes

    def as_seen(self, others: Iterable[Survey]) -> Survey:
        """One of the other surveys that found the very same, or this one."""
        for other in others:
            if other.states.keys() == self.states.keys() and (other.reads, other.writes) == (self.reads, self.writes):
                return other
        return self


NOTHING_SEEN: Mapping[int, Survey] = {}
NONE: frozenset[str] = frozenset()


class Known(Protocol):
    """Surveys made at the same moment, by id of the value."""

    def get(self, key: int, /) -> Survey | None:
        """The survey of the value with that id, if there is one."""


def survey(
    values: Iterable[Any],
    namespace: dict[str, Any],
    deadline: float,
    capture: bool,
    main: str,
    taken: dict[int, State] | None = None,
    done: Mapping[int, Survey] = NOTHING_SEEN,
) -> Survey:
    """Walk through ``values`` together; with ``capture`` the states are taken.

    ``deadline`` is a `time.thread_time` instant; ``taken`` keeps the states, by id, for further surveys at the same
    moment, ``done`` has those surveys by id of the value.  Never runs code of the user's.
    """
    return Walk(values, namespace, main).go(deadline, capture, taken, done)


class Walk:
    """A survey in progress, level by level; one that was cut off for lack of time can be gone on with.

    A library's instances are looked at together, class by class: figures and models are made of hundreds of them, and
    most of the effort would go into asking for each what is the same for all.

    Attributes:
        plain: how many instances of libraries were met.
        loose: what was seen may hold objects that are not inside any more.
    """

    def __init__(self, values: Iterable[Any], namespace: dict[str, Any], main: str) -> None:
        self.result = Survey()
        self.plain = 0
        self.loose = False
        self._level = list(values)  # found, in the order in which it is to be looked at; atoms, and seen ones, among it
        self._next: list[Any] = []  # of that, what is to be looked at now
        # All that came to be looked at, by id: alive, so that no other object gets the id of one.
        self._seen: dict[int, Any] = {id(namespace): namespace}
        self._namespace, self._main = namespace, main
        self._count = self._asked = 0
        self._within: set[int] = set()  # in parts
        self._parts: list[Survey] = []
        self._ended = self._capture = self._light = False
        self._cut = self._endless = False  # something did not let itself be looked at whole; there are too many objects
        self._passing: set[int] = set()  # objects whose states are too large to be kept
        self._deadline = 0.0
        self._taken: dict[int, State] = {}
        self._done: Known = NOTHING_SEEN

    def go(
        self,
        deadline: float,
        capture: bool,
        taken: dict[int, State] | None = None,
        done: Known = NOTHING_SEEN,
        light: bool = False,
    ) -> Survey:
        """Go on until ``deadline``; see `survey`.  ``light``: only states that cost next to nothing are taken."""
        self._deadline, self._capture, self._light, self._done = deadline, capture, light, done
        self._taken = {} if taken is None else taken
        self._ended, self._parts = False, []
        while not self._ended and (some := self._take()):
            self._level += self._look_at(some)
        result, left = self.result, bool(self._next or self._level)
        result.truncated, result.hurried = left or self._cut, left and not (self._cut or self._endless)
        self._taken, self._done = {}, NOTHING_SEEN
        return result if result.truncated else result.as_seen(self._parts)

    @property
    def over(self) -> bool:
        """True if nothing is left to be looked at, as far as that can be."""
        return not (self._next or self._level) or self._endless

    def _take(self) -> list[Any]:
        """What is to be looked at now; much of what was found need never be touched, so it is sorted out only here."""
        if self._next:
            some, self._next = self._next, []
            return some
        seen, level, some, done = self._seen, self._level, list[Any](), 0
        for done, item in enumerate(level, 1):  # noqa: B007 - how many
            if type(item) not in ATOMS and (key := id(item)) not in seen:
                seen[key] = item
                some.append(item)
                if len(some) == TOGETHER:
                    break
        del level[:done]
        return some

    def again(self, touched: Mapping[int, tuple[Any, State]], capture: bool) -> None:
        """Take in that these objects hold something else than they did; all others hold what they held.

        With ``capture`` states that were not kept are taken, else such are dropped.  What an object that changed held
        before may be part of nothing any more: then ``loose`` says so.
        """
        old = self.result
        self.result = replace(
            old, states=dict(old.states), untold=set(old.untold), caches=old.caches[:], widgets=old.widgets[:],
            reads=set(old.reads), writes=set(old.writes), after=dict(old.after),
        )  # fmt: skip
        self._capture, self._light, self._taken = capture, not capture, {}
        states, inside = self.result.states, list[Any]()
        known = self._seen.keys() | set(map(id, self._level))
        for value, state in touched.values():
            kind, found = type(value), list[Any]()
            look = self._look_at_plain if (way := way_into(kind)).memos is not None else self._look_at_each
            look([value], kind, way, found)
            before = held_by(state, way)
            self.loose |= before is None or not known & set(map(id, before)) <= set(map(id, found))
            inside += found
        if capture:
            for value in [value for value, state in states.values() if state is None]:
                try:
                    self._visit(value, way_into(type(value)))
                except Exception:
                    self.result.untold.add(id(value))
                    self.result.unknown = True
        else:
            states.update((key, (states[key][0], None)) for key in self._passing)
            self._passing.clear()
        self._level += [item for item in inside if type(item) not in ATOMS and id(item) not in known]
        if self._next or self._level:
            self.result.truncated = self.result.hurried = True

    def _look_at(self, level: list[Any]) -> list[Any]:
        """Note the objects of one level, as many as there is time for; returns what is inside."""
        constant, first, done, within = owned(), not self._count, self._done, self._within
        alike: defaultdict[int, list[Any]] = defaultdict(list)
        for value in level:
            key = id(value)
            if key in within or (key in constant and not first):
                continue
            if done is not NOTHING_SEEN and (part := done.get(key)) is not None and not part.truncated:
                self._take_in(part)  # an axes' figure, say
                continue
            alike[id(type(value))].append(value)
        found, shared = list[Any](), shared_kinds()
        for group in alike.values():
            kind = type(group[0])
            if kind in shared and not first:
                group = [value for value in group if not is_installed(value)]
            if self._parts:  # one taken in since may hold it
                group = [value for value in group if id(value) not in within]
            way = known_way(kind) or self._learn(kind)
            look = self._look_at_plain if way.memos is not None else self._look_at_each
            for start in range(0, len(group), AT_ONCE):
                some = group[start : start + AT_ONCE]
                if self._is_over(len(some)):
                    self._next += some
                else:
                    look(some, kind, way, found)
        return found

    def _learn(self, kind: type) -> Way:
        """How to look into objects of a class is asked once; what that takes is not on a cell's account."""
        start = thread_time()
        way = way_into(kind)
        self._deadline += thread_time() - start
        return way

    def _is_over(self, more: int) -> bool:
        if self._ended:
            return True
        if self._count - self._asked >= AT_ONCE:  # what time it is takes time to ask
            self._asked, self._ended = self._count, thread_time() > self._deadline
        self._endless |= self._count + more > MAX_OBJECTS
        self._ended |= self._endless
        self._count += 0 if self._ended else more
        return self._ended

    def _take_in(self, part: Survey) -> None:
        self.result.add(part)
        self._within.update(part.states)
        self._parts.append(part)

    def _look_at_plain(self, group: list[Any], kind: type, way: Way, found: list[Any]) -> None:
        """Note instances of one class of a library."""
        assert way.attributes is not None
        states, taken, getters = self.result.states, self._taken, way.getters
        look = self._capture or self._light
        self.plain += len(group)
        for value, held in zip(group, map(way.attributes, group), strict=True):
            state = None
            if look and (state := taken.get(id(value))) is None:
                state = taken[id(value)] = Attributes(held, kind)
            states[id(value)] = (value, state)
            layout = tuple(held)
            found += (getters.get(layout) or way.getter_of(layout))(held)

    def _look_at_each(self, group: list[Any], kind: type, way: Way, found: list[Any]) -> None:
        """Note objects of one other type."""
        result, taken, main = self.result, self._taken, self._main
        light = self._light and is_light(kind)
        look, short, inside = self._capture or light or way.take is None, way.short, way.inside
        for value in group:
            try:
                if way.special and (found_in := self._look_at_special(value, kind, way)) is not None:
                    found += found_in
                    continue
                if not way.stateless:
                    state = taken.get(id(value)) if look else None
                    if not look or state is not None or (light and is_heavy(value)):
                        result.states[id(value)] = (value, state)
                    else:
                        self._visit(value, way)
                inner, whole = short(value) if short is not None else inside(value, kind, main)
                found += inner
                self._cut |= not whole
            except Exception:  # an object that doesn't let itself be looked at
                result.states.setdefault(id(value), (value, None))
                result.untold.add(id(value))
                result.unknown = self._cut = True

    def _look_at_special(self, value: Any, kind: type, way: Way) -> Iterable[Any] | None:
        """Note code, a cache or a widget; of a widget returns what is inside."""
        result = self.result
        if is_widget(value):
            result.widgets.append(value)
            if self._capture:
                self._visit(value, way)
            else:
                result.states[id(value)] = (value, None)
            return inside_widget(value)
        if kind is CACHED or is_jitted(kind):
            result.caches.append(value)
        for code in code_of(value) if kind in CODED else ():
            if not isinstance(value, types.FunctionType) or value.__globals__ is self._namespace:
                result.add_code(names_in(code))
        return None

    def _visit(self, value: Any, way: Way) -> None:
        look = self._capture or self._light
        state, tells = way.take(value) if way.take is not None else state_of(value, self._main, look)
        if tells == "immutable":
            return
        result = self.result
        result.states[id(value)] = (value, state)
        if self._capture and not (is_light(type(value)) and not is_heavy(value)):
            self._passing.add(id(value))
        if tells == "whole":
            if state is not None:
                self._taken[id(value)] = state
            return
        result.untold.add(id(value))
        if tells == "iterator":
            result.iterator = True
        else:
            result.unknown |= state is None


def is_light(kind: type) -> bool:
    """True for types whose states cost next to nothing to take and to keep, if they aren't `is_heavy`."""
    numpy = sys.modules.get("numpy")
    return kind in LIGHT or is_registry(kind) or (numpy is not None and kind is numpy.ndarray)


def is_heavy(value: Any) -> bool:
    """True if there is much in a container or array."""
    size = getattr(value, "nbytes", None)
    return bool(size > LITTLE) if size is not None else type(value) in LIGHT and len(value) > LITTLE // 64


def held_by(state: State, way: Way) -> Iterable[Any] | None:
    """What was directly inside an object that had this state; None if the state doesn't tell."""
    if type(state) is Attributes:
        layout = tuple(state.held)
        return (way.getters.get(layout) or way.getter_of(layout))(state.held)
    return state.inside()
