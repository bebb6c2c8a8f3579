"""Walks through values: which mutable objects they are made of, what those hold, and whether that changed.

A *survey* visits the objects reachable from a value, nearest first, within a budget of objects and time.
For each mutable object it can take a shallow copy of the state; comparing by identity afterwards tells
exactly which objects changed, and putting the state back undoes it.  What the budget or the type does
not allow to tell is reported as such, never guessed.
"""

from __future__ import annotations

import gc
import types
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from time import perf_counter
from typing import Any

from reactive_kernel.core.facts import Deferred
from reactive_kernel.kernel.code import code_of, names_in
from reactive_kernel.kernel.states import State, state_of
from reactive_kernel.kernel.widgets import is_widget

__all__ = ["ATOMS", "Survey", "children", "survey"]

ATOMS: frozenset[type] = frozenset(
    {int, float, complex, bool, str, bytes, type(None), type(Ellipsis), range, slice, types.ModuleType, types.CodeType}
)
CACHED: type = type(lru_cache(len))
MAX_OBJECTS = 4000
MAX_CHILDREN = 5000  # children of one object that are looked at
CLASS_SKIP = frozenset({"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__annotations__"})


@dataclass(slots=True)
class Survey:
    """What was found inside a value.

    Attributes:
        states: id -> (object, its state or None if not asked for, or not to be had).
        truncated: the budget ended before everything was visited.
        untold: ids of objects whose state can't be seen, or not whole.
        iterator: something inside can only be consumed (a generator, a file).
        unknown: something inside has no state that could be seen (a connection).
        caches: functions with a cache of their results.
        widgets: ipywidgets, which are live and have no states.
        reads, writes: globals that code inside reads and writes when called.
    """

    states: dict[int, tuple[Any, State | None]] = field(default_factory=dict)
    truncated: bool = False
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


def survey(values: Iterable[Any], namespace: dict[str, Any], deadline: float, capture: bool, main: str) -> Survey:
    """Walk through ``values`` together; with ``capture`` the states are taken.

    ``deadline`` is a `time.perf_counter` instant.  Never runs code of the user's.
    """
    result = Survey()
    seen: set[int] = set()
    queue: deque[Any] = deque(values)
    count = 0
    while queue:
        value = queue.popleft()
        kind = type(value)
        if kind in ATOMS or id(value) in seen or value is namespace:
            continue
        seen.add(id(value))
        count += 1
        if count > MAX_OBJECTS or (count % 32 == 0 and perf_counter() > deadline):
            result.truncated = True
            break
        try:
            queue.extend(_look_at(value, kind, namespace, result, capture, main))
        except Exception:  # an object that doesn't let itself be looked at
            result.states.setdefault(id(value), (value, None))
            result.untold.add(id(value))
            result.unknown = result.truncated = True
    return result


def _look_at(
    value: Any, kind: type, namespace: dict[str, Any], result: Survey, capture: bool, main: str
) -> Iterable[Any]:
    """Note one object; returns what is inside."""
    if is_widget(value):
        result.widgets.append(value)
        return getattr(value, "children", ())
    if kind is CACHED:
        result.caches.append(value)
    for code in code_of(value):
        if not isinstance(value, types.FunctionType) or value.__globals__ is namespace:
            done = names_in(code)
            result.reads |= done.reads
            result.writes |= done.writes
    _visit(value, kind, result, capture, main)
    inner, whole = children(value, main)
    if not whole:
        result.truncated = True
    return inner


def _visit(value: Any, kind: type, result: Survey, capture: bool, main: str) -> None:
    state, tells = state_of(value, main, capture)
    if tells == "immutable":
        return
    result.states[id(value)] = (value, state)
    if tells == "iterator":
        result.iterator = True
        result.untold.add(id(value))
    elif tells == "partly":
        result.untold.add(id(value))
        result.unknown |= state is None


def children(value: Any, main: str) -> tuple[Iterable[Any], bool]:
    """Objects directly inside a value, and whether these are all of them."""
    kind = type(value)
    if kind in (list, tuple, set, frozenset, deque):
        return _items(value, len(value))
    if kind is dict or isinstance(value, dict):
        keys, all_keys = _items(value.keys(), len(value))
        items, all_items = _items(value.values(), len(value))
        factory = (value.default_factory,) if isinstance(value, defaultdict) else ()
        return [*keys, *items, *factory, *(_attributes(value) if kind is not dict else ())], all_keys and all_items
    if isinstance(value, types.FunctionType):
        found = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values(), *vars(value).values()]
        found.extend(_contents(value.__closure__ or ()))
        return found, True
    if kind is types.BuiltinFunctionType:  # a method of a C type holds its object
        return (value.__self__,), True
    if isinstance(value, types.MethodType):
        return (value.__self__, value.__func__), True
    if isinstance(value, partial):
        return (value.func, *value.args, *value.keywords.values()), True
    if isinstance(value, (staticmethod, classmethod)):
        return (value.__func__,), True
    if isinstance(value, property):
        return (value.fget, value.fset, value.fdel), True
    if isinstance(value, type):
        if value.__module__ != main:
            return (), True
        return [v for n, v in vars(value).items() if n not in CLASS_SKIP] + [
            b for b in value.__bases__ if b is not object
        ], True
    if isinstance(value, types.GeneratorType):
        frame = value.gi_frame
        return (list(frame.f_locals.values()) if frame is not None else ()), True
    return _library(value, kind, main)


def _library(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    module = kind.__module__
    if module == "numpy" and kind.__name__ == "ndarray":
        found: list[Any] = [value.base] if value.base is not None else []
        if value.dtype.hasobject:
            inner, whole = _items(value.flat, value.size)
            return [*found, *inner], whole
        return found, True
    manager = getattr(value, "_mgr", None) if module.partition(".")[0] == "pandas" else None
    if manager is not None and hasattr(manager, "blocks"):
        objects = [
            item
            for block in manager.blocks
            if block.dtype == object
            for item in islice(block.values.flat, MAX_CHILDREN)
        ]
        return [item for item in objects if type(item) not in ATOMS], True
    if module.partition(".")[0] in ("pandas", "polars", "pyarrow", "numpy"):
        return (), True
    if isinstance(value, (list, tuple, set, frozenset)):  # subclasses, named tuples
        inner, whole = _items(value, len(value))
        return [*inner, *_attributes(value), kind], whole
    if not hasattr(value, "__dict__") and module != main:  # written in C: the collector knows what is inside
        return [item for item in gc.get_referents(value)[:MAX_CHILDREN] if not isinstance(item, type)], True
    wrapped = getattr(value, "__wrapped__", None) if kind.__module__ == "functools" else None
    found = [*_attributes(value), *((wrapped,) if wrapped is not None else ())]
    if module == main:
        found.append(kind)
    return found, True


def _items(items: Iterable[Any], size: int) -> tuple[list[Any], bool]:
    """The items that need a visit; of many items, only a look at some (rest assumed alike if all are atoms)."""
    if size <= MAX_CHILDREN:
        return [item for item in items if type(item) not in ATOMS], True
    found = [item for item in islice(items, MAX_CHILDREN) if type(item) not in ATOMS]
    return found, not found


def _contents(cells: Iterable[Any]) -> list[Any]:
    found = []
    for cell in cells:
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not yet bound
            continue
    return found


def _attributes(value: Any) -> list[Any]:
    """Values of an instance's attributes, without running any descriptor of the user's."""
    try:
        found = list(object.__getattribute__(value, "__dict__").values())
    except Exception:  # no __dict__
        found = []
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            member = cls.__dict__.get(name)
            if isinstance(member, types.MemberDescriptorType):
                try:
                    found.append(member.__get__(value))
                except AttributeError:
                    continue
    return found
