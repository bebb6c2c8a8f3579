"""Shallow states of single mutable objects: take one, ask whether the object changed since, put it back.

A state holds what the object holds (references, or bytes), never copies of the objects inside it, so
that taking it costs little and putting it back keeps every identity.
"""

from __future__ import annotations

import gc
import itertools
import random
import sys
import types
from collections import OrderedDict, deque
from collections.abc import Callable
from operator import is_
from typing import Any

from reactive_kernel.kernel.library_states import array_state, numpy_random_state, pandas_state, polars_state
from reactive_kernel.kernel.state import State, Tells

__all__ = ["State", "Tells", "state_of"]

MAX_ITEMS = 50_000  # of a container, copied whole
SAMPLE = 256
IMMUTABLE_TYPE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: a type written in C, whose members are its own business

IMMUTABLE_MODULES = (
    "pyarrow",
    "re",
    "datetime",
    "decimal",
    "fractions",
    "uuid",
    "pathlib",
    "zoneinfo",
    "enum",
    "ipaddress",
    "inspect",
    "typing",
    "_thread",
    "weakref",
    "_weakref",
    "_abc",
    "operator",
    "functools",
)
STATELESS: tuple[type, ...] = (
    types.BuiltinMethodType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    types.MethodType,
    types.MappingProxyType,
    types.CellType,
    tuple,
    frozenset,
    staticmethod,
    classmethod,
    property,
    types.GenericAlias,
    types.UnionType,
)


def state_of(value: Any, main: str, capture: bool) -> tuple[State | None, Tells]:
    """The object's state (None unless ``capture``, or if it has none), and how much can be told of it."""
    kind = type(value)
    if kind in STATELESS:
        return None, "immutable"
    maker = MAKERS.get(kind)
    if maker is None:
        maker = _maker(value, kind, main)
    if maker is None:
        return None, "immutable"
    if maker is _unknown:
        return None, "iterator" if hasattr(kind, "__next__") else "partly"
    if not capture:
        return None, "whole"
    return maker(value)


Maker = Callable[[Any], tuple[State | None, Tells]]


def _maker(value: Any, kind: type, main: str) -> Maker | None:
    """How to take the state of an object whose exact type isn't in the table."""
    module = kind.__module__
    package = module.partition(".")[0]
    if package in IMMUTABLE_MODULES or kind.__name__ == "_tuplegetter":
        return None
    if isinstance(value, type):
        return _class if value.__module__ == main else None
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return array_state if kind is numpy.ndarray else _array_subclass
    if module == "numpy.random._generator" or module == "numpy.random.mtrand":
        return numpy_random_state
    if pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series)):
        return pandas_state
    if package in ("pandas", "numpy"):
        return None
    if package == "polars" and kind.__name__ in ("DataFrame", "Series"):
        return polars_state
    if isinstance(value, random.Random):
        return _random
    if isinstance(value, dict):
        return _dict_subclass
    if isinstance(value, list):
        return _list_subclass
    if isinstance(value, set):
        return _set_subclass
    if isinstance(value, deque):
        return _deque_subclass
    if hasattr(kind, "__next__"):
        return _unknown
    return _instance if hasattr(value, "__dict__") or hasattr(kind, "__slots__") else _unknown


def _unknown(value: Any) -> tuple[State | None, Tells]:
    return None, "iterator"


def _sampled(value: Any) -> tuple[State | None, Tells]:
    """A large list: its length, both ends and a stride through it."""
    step = max(1, len(value) // SAMPLE)
    look = [*value[::step], *value[-16:]]
    length = len(value)

    def changed(now: Any) -> bool:
        return len(now) != length or not all(map(is_, look, [*now[::step], *now[-16:]]))

    return State(changed, None), "partly"


def _list(value: Any) -> tuple[State | None, Tells]:
    if len(value) > MAX_ITEMS:
        return _sampled(value)
    copy = list(value)

    def restore(target: Any) -> None:
        target[:] = copy

    return State(lambda now: len(now) != len(copy) or not all(map(is_, copy, now)), restore, 8 * len(copy)), "whole"


def _deque(value: Any) -> tuple[State | None, Tells]:
    copy = list(value)

    def restore(target: Any) -> None:
        target.clear()
        target.extend(copy)

    return State(lambda now: len(now) != len(copy) or not all(map(is_, copy, now)), restore, 8 * len(copy)), "whole"


def _same_dict(copy: dict[Any, Any], now: dict[Any, Any]) -> bool:
    return len(copy) == len(now) and all(map(is_, copy, now)) and all(map(is_, copy.values(), now.values()))


def _dict(value: Any) -> tuple[State | None, Tells]:
    if len(value) > MAX_ITEMS:
        length = len(value)
        return State(lambda now: len(now) != length, None), "partly"
    copy = dict(value)

    def restore(target: Any) -> None:
        kind = OrderedDict if isinstance(target, OrderedDict) else dict  # the former keeps an order of its own
        kind.clear(target)
        for key, item in copy.items():
            kind.__setitem__(target, key, item)

    return State(lambda now: not _same_dict(copy, now), restore, 16 * len(copy)), "whole"


def _set(value: Any) -> tuple[State | None, Tells]:
    if len(value) > MAX_ITEMS:
        length = len(value)
        return State(lambda now: len(now) != length, None), "partly"
    copy = set(value)

    def restore(target: Any) -> None:
        target.clear()
        target.update(copy)

    return State(lambda now: len(now) != len(copy) or now != copy, restore, 16 * len(copy)), "whole"


def _bytearray(value: Any) -> tuple[State | None, Tells]:
    copy = bytes(value)

    def restore(target: Any) -> None:
        target[:] = copy

    return State(lambda now: now != copy, restore, len(copy)), "whole"


def _attributes(value: Any) -> dict[str, Any]:
    try:
        held: dict[str, Any] = object.__getattribute__(value, "__dict__")
    except Exception:
        held = {}
    return held


def _slots(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for cls in type(value).__mro__:
        if cls.__flags__ & IMMUTABLE_TYPE:
            continue
        for name, member in vars(cls).items():
            if isinstance(member, types.MemberDescriptorType):
                try:
                    found[name] = member.__get__(value)
                except AttributeError:
                    continue
    return found


def _instance(value: Any) -> tuple[State | None, Tells]:
    held, slots = dict(_attributes(value)), _slots(value)

    def changed(now: Any) -> bool:
        return not _same_dict(held, _attributes(now)) or (bool(slots) and not _same_dict(slots, _slots(now)))

    def restore(target: Any) -> None:
        attributes = _attributes(target)
        attributes.clear()
        attributes.update(held)
        for name in _slots(target).keys() - slots.keys():
            object.__delattr__(target, name)
        for name, item in slots.items():
            object.__setattr__(target, name, item)

    return State(changed, restore, 16 * len(held)), "whole"


def _joined(first: Maker, second: Maker) -> Maker:
    """State of an object that is two things at once (a list with attributes)."""

    def maker(value: Any) -> tuple[State | None, Tells]:
        a, tells = first(value)
        b, _ = second(value)
        if a is None or b is None or a.restore is None or b.restore is None:
            return a, "partly"
        restore_a, restore_b = a.restore, b.restore

        def restore(target: Any) -> None:
            restore_a(target)
            restore_b(target)

        return State(lambda now: a.changed(now) or b.changed(now), restore, a.size + b.size), tells

    return maker


_dict_subclass = _joined(_dict, _instance)
_list_subclass = _joined(_list, _instance)
_set_subclass = _joined(_set, _instance)
_deque_subclass = _joined(_deque, _instance)


def _function(value: Any) -> tuple[State | None, Tells]:
    cells = value.__closure__ or ()
    contents = [_cell(cell) for cell in cells]
    held = dict(vars(value))
    defaults = value.__defaults__

    def changed(now: Any) -> bool:
        return (
            not all(map(is_, contents, map(_cell, cells)))
            or not _same_dict(held, vars(now))
            or now.__defaults__ is not defaults
        )

    def restore(target: Any) -> None:
        for cell, content in zip(cells, contents, strict=True):
            if content is EMPTY:
                del cell.cell_contents
            else:
                cell.cell_contents = content
        vars(target).clear()
        vars(target).update(held)
        target.__defaults__ = defaults

    return State(changed, restore), "whole"


EMPTY = object()


def _cell(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return EMPTY


def _class(value: Any) -> tuple[State | None, Tells]:
    held = {n: v for n, v in vars(value).items() if n not in ("__dict__", "__weakref__")}

    def changed(now: Any) -> bool:
        return not _same_dict(held, {n: v for n, v in vars(now).items() if n not in ("__dict__", "__weakref__")})

    def restore(target: Any) -> None:
        for name in [n for n in vars(target) if n not in held and n not in ("__dict__", "__weakref__")]:
            type.__delattr__(target, name)
        for name, item in held.items():
            if vars(target).get(name) is not item:
                type.__setattr__(target, name, item)

    return State(changed, restore), "whole"


def _random(value: Any) -> tuple[State | None, Tells]:
    held = value.getstate()

    def restore(target: Any) -> None:
        target.setstate(held)

    return State(lambda now: now.getstate() != held, restore), "whole"


_array_subclass = _joined(array_state, _instance)


def _generator(value: Any) -> tuple[State | None, Tells]:
    frame = value.gi_frame
    at = frame.f_lasti if frame is not None else -1
    line = dict(frame.f_locals) if frame is not None else {}

    def changed(now: Any) -> bool:
        inner = now.gi_frame
        if inner is None or frame is None:
            return inner is not frame
        return inner.f_lasti != at or not _same_dict(line, dict(inner.f_locals))

    return State(changed, None), "whole"


def _iterator(value: Any) -> tuple[State | None, Tells]:
    """Iterators over lists, tuples, ranges, … tell how far they are by what pickle would keep."""
    before = value.__reduce__()[1:]

    def place(now: Any) -> Any:
        return now.__reduce__()[1:]

    ends = len(before) > 1
    at = before[1] if ends else None

    def changed(now: Any) -> bool:
        after = place(now)
        return (len(after) > 1) != ends or (ends and after[1] != at)

    return State(changed, None), "whole"


def _transparent(value: Any) -> tuple[State | None, Tells]:
    """Iterators that only pass on what the iterators inside them give: these are visited, and tell.

    At their end they let go of these.
    """
    inside = gc.get_referents(value)

    def changed(now: Any) -> bool:
        left = gc.get_referents(now)
        return len(left) != len(inside) or not all(map(is_, inside, left))

    return State(changed, None), "whole"


def _by_repr(value: Any) -> tuple[State | None, Tells]:
    before = repr(value)
    return State(lambda now: repr(now) != before, None), "whole"


PASSING = "islice chain takewhile dropwhile starmap accumulate zip_longest compress filterfalse pairwise"
TRANSPARENT = (zip, map, filter, enumerate, *(getattr(itertools, name) for name in PASSING.split()))

MAKERS: dict[type, Maker] = {
    **dict.fromkeys(TRANSPARENT, _transparent),
    itertools.count: _by_repr,
    itertools.repeat: _by_repr,
    list: _list,
    dict: _dict,
    set: _set,
    deque: _deque,
    bytearray: _bytearray,
    types.FunctionType: _function,
    types.GeneratorType: _generator,
    type(iter([])): _iterator,
    type(iter(())): _iterator,
    type(iter("")): _iterator,
    type(iter(range(0))): _iterator,
}
