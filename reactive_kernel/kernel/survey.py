"""Walks through values: which mutable objects they are made of, what those hold, and whether that changed.

A *survey* visits the objects reachable from a value, nearest first, within a budget of objects and time.
For each mutable object it can take a shallow copy of the state; comparing by identity afterwards tells
exactly which objects changed, and putting the state back undoes it.  What the budget or the type does
not allow to tell is reported as such, never guessed.
"""

from __future__ import annotations

import gc
import sys
import threading
import types
import weakref
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from time import thread_time
from typing import Any

from reactive_kernel.core.facts import Deferred
from reactive_kernel.kernel.code import CODED, code_of, names_in
from reactive_kernel.kernel.figure_states import called_back, is_registry, owned
from reactive_kernel.kernel.iterator_states import CACHED
from reactive_kernel.kernel.library_states import given_to, viewed_memory
from reactive_kernel.kernel.memos import is_installed, lasting
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.states import State, Tells, is_closed, runs_the_notebook, state_of
from reactive_kernel.kernel.typewise import about, attributes_of, members_of, module_of, per_type, slots_of
from reactive_kernel.kernel.widgets import inside_widget, is_widget

__all__ = ["ATOMS", "NOTHING_SEEN", "Survey", "children", "survey"]

ATOMS: frozenset[type] = frozenset(
    {int, float, complex, bool, str, bytes, type(None), type(Ellipsis), range, slice, types.CodeType}
)
WHOLE: Tells = "whole"
MAX_OBJECTS = 4000
MAX_CHILDREN = 5000  # children of one object that are looked at
MANY = 1500  # and visited, where there are more of them: about what there is time for
CODE: frozenset[type] = frozenset({types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type})
CLASS_SKIP = frozenset({"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__"})


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
        widgets: ipywidgets, which are live and have no states.
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
    result, parts, seen = Survey(), [], set[int]()
    queue, constant = deque(values), owned()
    count = 0
    while queue:
        value = queue.popleft()
        kind = type(value)
        if kind in ATOMS or id(value) in seen or value is namespace:
            continue
        seen.add(id(value))
        if count and (id(value) in constant or is_installed(value)):
            continue
        if (part := done.get(id(value))) is not None and not part.truncated:  # an axes' figure, say
            result.add(part)
            seen.update(part.states)
            parts.append(part)
            continue
        count += 1
        if count > MAX_OBJECTS or (count % 32 == 0 and thread_time() > deadline):
            result.truncated, result.hurried = True, count <= MAX_OBJECTS and not result.truncated
            break
        try:
            queue.extend(_look_at(value, kind, namespace, result, capture, main, taken))
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
    if kind not in BUILT_IN:
        if is_widget(value):
            result.widgets.append(value)
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
    else:
        _visit(value, result, capture, main, taken)
    inner, whole = BUILT_IN[kind](value) if kind in BUILT_IN else _opener(kind)(value, kind, main)
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


def children(value: Any, main: str) -> tuple[Iterable[Any], bool]:
    """Objects directly inside a value, and whether these are all of them."""
    kind = type(value)
    if (inside := BUILT_IN.get(kind)) is not None:
        return inside(value)
    return _opener(kind)(value, kind, main)


Inside = Callable[[Any], tuple[Iterable[Any], bool]]
Opener = Callable[[Any, type, str], tuple[Iterable[Any], bool]]


@per_type
def _opener(kind: type) -> Opener:
    """How to look into objects of a class."""
    for base, inside in INSIDE:
        if issubclass(kind, base):
            return _derived(base, inside)
    return _class if issubclass(kind, type) else _look_into(kind)


def _derived(base: type, inside: Inside) -> Opener:
    """How to look into what is of a builtin type, or of a class that derives from it."""

    def look(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
        items, whole = inside(value)
        return (items if kind is base else [*items, *_own(value, kind, main)]), whole

    return look


def _dict(value: Any) -> tuple[Iterable[Any], bool]:
    size = dict.__len__(value)
    keys, all_keys = _items(dict.keys(value), size)
    items, all_items = _items(dict.values(value), size)
    return [*keys, *items], all_keys and all_items


def _function(value: Any) -> tuple[Iterable[Any], bool]:
    found = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values(), *value.__dict__.values()]
    found.extend(value.__closure__ or ())  # functions made together may share them
    if (module := LOCAL.home(value)) is not None:
        found.append(module)
    return found, True


def _generator(value: Any) -> tuple[Iterable[Any], bool]:
    frame = value.gi_frame
    return (list(frame.f_locals.values()) if frame is not None else ()), True


def _module(value: Any) -> tuple[Iterable[Any], bool]:
    """The data in a module of the user's; what it runs isn't the notebook's."""
    if not LOCAL.is_own(value):
        return (), True
    return [item for n, item in value.__dict__.items() if n[:2] != "__" and type(item) not in CODE], True


def _parts(*members: Any) -> Inside:
    """What is in these members of a builtin type, got past whatever a subclass makes of them."""
    return lambda value: ([member.__get__(value) for member in members], True)


_factory: Any = defaultdict.default_factory  # type: ignore[misc]
_method: Any = types.MethodType
_partial: Any = partial
_static: Any = staticmethod
_classmethod: Any = classmethod
_applied = _parts(_partial.func, _partial.args, _partial.keywords)

# The builtin types' own methods: a subclass may make something else of them.
INSIDE: tuple[tuple[type, Inside], ...] = (
    (defaultdict, lambda value: ((*_dict(value)[0], _factory.__get__(value)), _dict(value)[1])),
    (dict, _dict),
    (list, lambda value: _items(list.__iter__(value), list.__len__(value))),
    (tuple, lambda value: _items(tuple.__iter__(value), tuple.__len__(value))),
    (set, lambda value: _items(set.__iter__(value), set.__len__(value))),
    (frozenset, lambda value: _items(frozenset.__iter__(value), frozenset.__len__(value))),
    (deque, lambda value: _items(deque.__iter__(value), deque.__len__(value))),
    (types.FunctionType, _function),
    (types.CellType, lambda value: (_contents((value,)), True)),
    (types.BuiltinFunctionType, lambda value: ((value.__self__,), True)),  # a method of a C type holds its object
    (types.MethodType, _parts(_method.__self__, _method.__func__)),
    (partial, lambda value: ((*_applied(value)[0], attributes_of(value)), True)),
    (staticmethod, _parts(_static.__dict__["__func__"])),
    (classmethod, _parts(_classmethod.__dict__["__func__"])),
    (property, _parts(property.fget, property.fset, property.fdel)),
    (types.GeneratorType, _generator),
    (types.ModuleType, _module),
    (weakref.ref, lambda value: ((weakref.ref.__call__(value),), True)),
)


BUILT_IN: dict[type, Inside] = {kind: inside for kind, inside in INSIDE if kind in (list, dict, tuple, set)}


def _class(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    """What a class of the notebook's holds, its bases, and its own class if that is the notebook's too."""
    if module_of(value) != main:
        return (), True
    found = [v for n, v in members_of(value).items() if n not in CLASS_SKIP]
    found.extend(base for base in type.__dict__["__bases__"].__get__(value) if base is not object)
    if module_of(kind) == main:
        found.append(kind)
    return found, True


def _own(value: Any, kind: type, main: str) -> list[Any]:
    """Attributes of an instance, and its class if that is the notebook's own."""
    known = about(kind)
    held = list(lasting(kind, known.attributes(value) or {}).values()) if known.attributes is not None else []
    if known.slots:
        held.extend(slots_of(value).values())
    if known.module == main:
        held.append(kind)
    return held


def _look_into(kind: type) -> Opener:
    """How to look into an object of a library's type."""
    known = about(kind)
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and issubclass(kind, (numpy.ndarray, numpy.void)):
        return _array
    if pandas is not None and issubclass(kind, (pandas.DataFrame, pandas.Series)):
        return _frame
    if known.package in ("polars", "pyarrow") or is_closed(kind) or runs_the_notebook(kind):
        return lambda value, kind, main: ((), True)
    if issubclass(kind, threading.Thread):
        return _thread
    if known.package == "functools":
        return _wrapper
    if known.module == "pandas.core.indexing" and hasattr(kind, "obj"):
        return lambda value, kind, main: ((value.obj,), True)  # a kept `df.loc` sets items of its frame
    if (known.attributes is None and not known.slotted) or (numpy is not None and kind is numpy.ufunc):
        return _written_in_c
    return called_back if is_registry(kind) else lambda value, kind, main: (_own(value, kind, main), True)


def _frame(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    held = attributes_of(value)
    own = _own(value, kind, main) if about(kind).package != "pandas" else given_to(value).values()
    viewed = viewed_memory(value) if hasattr(held.get("_mgr"), "blocks") else ()
    return [*_objects_in(value), *viewed, *own, *([attrs] if (attrs := held.get("_attrs")) else ())], True


def _wrapper(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    wrapped = attributes_of(value).get("__wrapped__")
    return [*_own(value, kind, main), *((wrapped,) if wrapped is not None else ())], True


def _thread(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    """What the user gave it; the rest is machinery that goes on by itself."""
    held = attributes_of(value)
    return [item for n, item in held.items() if n[:1] != "_" or n in ("_target", "_args", "_kwargs")], True


def _written_in_c(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    """The collector knows what is inside."""
    return [item for item in gc.get_referents(value)[:MAX_CHILDREN] if not issubclass(type(item), type)], True


def _array(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    found: list[Any] = [] if value.base is None else [value.base]
    plain = sys.modules["numpy"].ndarray
    if kind is not plain:
        found.extend(_own(value, kind, main))
    if value.dtype.hasobject and value.shape != ():
        inner, whole = _items(value.view(plain).flat, value.size)
        return [*found, *inner], whole
    return found, True


def _objects_in(frame: Any) -> list[Any]:
    """Objects in a frame's or series' columns of objects."""
    manager = attributes_of(frame).get("_mgr")
    return [
        item
        for block in getattr(manager, "blocks", ())
        if block.dtype == object
        for item in islice(block.values.flat, MAX_CHILDREN)
        if type(item) not in ATOMS
    ]


def _items(items: Iterable[Any], size: int) -> tuple[list[Any], bool]:
    """The items that need a visit; of many items, only a look at some (rest assumed alike if all are atoms)."""
    if size <= MAX_CHILDREN:
        return [item for item in items if type(item) not in ATOMS], True
    first = list(islice(items, MAX_CHILDREN))
    if ATOMS.issuperset(map(type, first)):
        return [], True
    return list(islice((item for item in first if type(item) not in ATOMS), MANY)), False


def _contents(cells: Iterable[Any]) -> list[Any]:
    found = []
    for cell in cells:
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not yet bound
            continue
    return found
