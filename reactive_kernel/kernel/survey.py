"""Walks through values: which mutable objects they are made of, what those hold, and whether that changed.

A *survey* visits the objects reachable from a value, nearest first, within a budget of objects and time.
For each mutable object it can take a shallow copy of the state; comparing by identity afterwards tells
exactly which objects changed, and putting the state back undoes it.  What the budget or the type does
not allow to tell is reported as such, never guessed.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import thread_time
from typing import Any

from reactive_kernel.core.facts import Deferred
from reactive_kernel.kernel.code import CODED, code_of, names_in
from reactive_kernel.kernel.container_states import Attributes
from reactive_kernel.kernel.figure_states import owned
from reactive_kernel.kernel.iterator_states import CACHED
from reactive_kernel.kernel.memos import is_installed, shared_kinds
from reactive_kernel.kernel.openers import ATOMS, way_into
from reactive_kernel.kernel.states import State, state_of
from reactive_kernel.kernel.widgets import inside_widget, is_widget

__all__ = ["NOTHING_SEEN", "Survey", "survey"]

MAX_OBJECTS = 4000


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

    @property
    def complete(self) -> bool:
        """True if every reachable object was visited, and the state of each tells everything."""
        return not self.truncated and not self.untold

    @property
    def code(self) -> Deferred:
        """What code inside the value does when called."""
        return Deferred(frozenset(self.reads), frozenset(self.writes))

    def add(self, other: Survey) -> None:
        """Take in what was found inside a value that is part of this one."""
        self.states.update(other.states)
        self.untold |= other.untold
        self.iterator |= other.iterator
        self.unknown |= other.unknown
        self.caches += [cache for cache in other.caches if not any(cache is own for own in self.caches)]
        self.widgets += [widget for widget in other.widgets if not any(widget is own for own in self.widgets)]
        self.reads |= other.reads
        self.writes |= other.writes

    def as_seen(self, others: Iterable[Survey]) -> Survey:
        """One of the other surveys that found the very same, or this one."""
        for other in others:
            if other.states.keys() == self.states.keys() and (other.reads, other.writes) == (self.reads, self.writes):
                return other
        return self


NOTHING_SEEN: Mapping[int, Survey] = {}


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
    taken = {} if taken is None else taken
    result, parts, constant, shared = Survey(), [], owned(), shared_kinds()
    queue: deque[Any] = deque(value for value in values if type(value) not in ATOMS)
    seen, within = {id(namespace), *map(id, queue)}, set[int]()  # in the queue, or were; in parts
    count = 0
    while queue:
        value = queue.popleft()
        kind = type(value)
        if id(value) in within or (count and (id(value) in constant or (kind in shared and is_installed(value)))):
            continue
        if done and (part := done.get(id(value))) is not None and not part.truncated:  # an axes' figure, say
            result.add(part)
            within.update(part.states)
            parts.append(part)
            continue
        count += 1
        if count > MAX_OBJECTS or (count % 32 == 0 and thread_time() > deadline):
            result.truncated, result.hurried = True, count <= MAX_OBJECTS and not result.truncated
            break
        try:
            for item in _look_at(value, kind, namespace, result, capture, main, taken):
                if type(item) not in ATOMS and (key := id(item)) not in seen:
                    seen.add(key)
                    queue.append(item)
        except Exception:  # an object that doesn't let itself be looked at
            result.states.setdefault(id(value), (value, None))
            result.untold.add(id(value))
            result.unknown = result.truncated = True
    return result if result.truncated else result.as_seen(parts)


def _look_at(
    value: Any,
    kind: type,
    namespace: dict[str, Any],
    result: Survey,
    capture: bool,
    main: str,
    taken: dict[int, State],
) -> Iterable[Any]:
    """Note one object; returns what is inside."""
    way = way_into(kind)
    if (memos := way.memos) is not None:
        attributes: dict[str, Any] = way.attributes(value)  # type: ignore[misc]
        state = taken.get(id(value)) if capture else None
        if capture and state is None:
            state = taken[id(value)] = Attributes(attributes, kind)
        result.states[id(value)] = (value, state)
        return [item for name, item in attributes.items() if type(item) not in ATOMS and not memos[name]]
    if way.special:
        if is_widget(value):
            result.widgets.append(value)
            _visit(value, result, capture, main, taken)
            return inside_widget(value)
        if kind is CACHED:
            result.caches.append(value)
        for code in code_of(value) if kind in CODED else ():
            if not isinstance(value, types.FunctionType) or value.__globals__ is namespace:
                done = names_in(code)
                result.reads |= done.reads
                result.writes |= done.writes
    if capture and (state := taken.get(id(value))) is not None:
        result.states[id(value)] = (value, state)
    elif not way.stateless:
        _visit(value, result, capture, main, taken)
    inner, whole = way.short(value) if way.short is not None else way.inside(value, kind, main)
    if not whole:
        result.truncated = True
    return inner


def _visit(value: Any, result: Survey, capture: bool, main: str, taken: dict[int, State]) -> None:
    state, tells = state_of(value, main, capture)
    if tells == "immutable":
        return
    result.states[id(value)] = (value, state)
    if tells == "whole":
        if state is not None:
            taken[id(value)] = state
        return
    result.untold.add(id(value))
    if tells == "iterator":
        result.iterator = True
    else:
        result.unknown |= state is None
