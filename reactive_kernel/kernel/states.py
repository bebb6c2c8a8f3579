"""Shallow states of single mutable objects: take one, ask whether the object changed since, put it back.

A state holds what the object holds (references, or bytes), never copies of the objects inside it, so
that taking it costs little and putting it back keeps every identity.
"""

from __future__ import annotations

import itertools
import random
import sys
import types
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from operator import is_
from typing import Any, Literal

__all__ = ["State", "Tells", "state_of"]

Tells = Literal["immutable", "whole", "partly", "iterator"]

MAX_ITEMS = 50_000  # of a container, copied whole
MAX_BYTES = 8 << 20  # of an array, copied whole
SAMPLE = 256
IMMUTABLE_TYPE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: a type written in C, whose members are its own business

IMMUTABLE_MODULES = ("pyarrow", "re", "datetime", "decimal", "fractions", "uuid", "pathlib", "zoneinfo", "enum", "ipaddress", "inspect", "typing", "_thread", "weakref", "_weakref", "_abc", "operator", "functools")
STATELESS: tuple[type, ...] = (types.BuiltinMethodType, types.MethodWrapperType, types.WrapperDescriptorType, types.MethodDescriptorType,
                               types.GetSetDescriptorType, types.MemberDescriptorType, types.MethodType, types.MappingProxyType, types.CellType,
                               tuple, frozenset, staticmethod, classmethod, property, types.GenericAlias, types.UnionType)  # fmt: skip


@dataclass(slots=True)
class State:
    """What one object held.

    Attributes:
        changed: given the object now, tells whether it holds something else.
        restore: puts the state back into the object, or None if that can't be done.
        size: bytes that the state keeps alive, roughly.
    """

    changed: Callable[[Any], bool]
    restore: Callable[[Any], None] | None
    size: int = 0


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
        return _array if kind is numpy.ndarray else _array_subclass
    if module == "numpy.random._generator" or module == "numpy.random.mtrand":
        return _numpy_random
    if pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series)):
        return _pandas
    if package in ("pandas", "numpy"):
        return None
    if package == "polars" and kind.__name__ in ("DataFrame", "Series"):
        return _polars
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
        return not all(map(is_, contents, map(_cell, cells))) or not _same_dict(held, vars(now)) or now.__defaults__ is not defaults

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


def _array(value: Any) -> tuple[State | None, Tells]:
    if value.base is not None and type(value.base) is type(value):
        return None, "immutable"  # a view: its memory is its base's, which is visited too
    if value.nbytes > MAX_BYTES:
        numpy = sys.modules["numpy"]
        flat = value.reshape(-1) if value.flags.c_contiguous else None
        if flat is None:
            return None, "partly"
        step = max(1, flat.size // 65536)
        look = flat[::step].copy()
        return State(lambda now: now.shape != value.shape or not numpy.array_equal(now.reshape(-1)[::step], look, equal_nan=look.dtype.kind in "fc"), None), "partly"
    copy = value.copy()
    raw = None if value.dtype.hasobject else copy.tobytes()
    shape, dtype = value.shape, value.dtype

    def changed(now: Any) -> bool:
        if now.shape != shape or now.dtype != dtype:
            return True
        return not all(map(is_, now.flat, copy.flat)) if raw is None else now.tobytes() != raw

    def restore(target: Any) -> None:
        if target.shape != shape:
            target.shape = shape
        writeable = target.flags.writeable
        if not writeable:
            target.flags.writeable = True
        target[...] = copy
        if not writeable:
            target.flags.writeable = False

    return State(changed, restore, value.nbytes), "whole"


_array_subclass = _joined(_array, _instance)


def _numpy_random(value: Any) -> tuple[State | None, Tells]:
    if hasattr(value, "bit_generator"):
        generator = value.bit_generator
        held = generator.state

        def restore(target: Any) -> None:
            target.bit_generator.state = held

        return State(lambda now: repr(now.bit_generator.state) != repr(held), restore), "whole"
    old = value.get_state(legacy=False)

    def restore_legacy(target: Any) -> None:
        target.set_state(old)

    return State(lambda now: repr(now.get_state(legacy=False)) != repr(old), restore_legacy), "whole"


def _random(value: Any) -> tuple[State | None, Tells]:
    held = value.getstate()

    def restore(target: Any) -> None:
        target.setstate(held)

    return State(lambda now: now.getstate() != held, restore), "whole"


def _pandas(value: Any) -> tuple[State | None, Tells]:
    """A frame or series: with copy-on-write a shallow copy costs nothing, and a change moves the data elsewhere."""
    if int(sys.modules["pandas"].__version__.split(".")[0]) < 3:
        return _old_pandas(value)
    copy = value.copy(deep=False)
    attrs, name = dict(value.attrs), getattr(value, "_name", None)

    def changed(now: Any) -> bool:
        old, new = copy._mgr, now._mgr
        if len(old.blocks) != len(new.blocks) or not all(a is b or a.identical(b) for a, b in zip(old.axes, new.axes, strict=True)):
            return True
        if getattr(now, "_name", None) is not name or now.attrs != attrs:
            return True
        return not all(_same_memory(a.values, b.values) for a, b in zip(old.blocks, new.blocks, strict=True))

    def restore(target: Any) -> None:
        object.__setattr__(target, "_mgr", copy.copy(deep=False)._mgr)
        if hasattr(target, "_name"):
            object.__setattr__(target, "_name", name)
        target.attrs.clear()
        target.attrs.update(attrs)

    size = sum(getattr(block.values, "nbytes", 0) for block in copy._mgr.blocks)
    return State(changed, restore, size), "whole"


def _old_pandas(value: Any) -> tuple[State | None, Tells]:
    """Without copy-on-write only small frames can be kept, by a real copy."""
    used = value.memory_usage(index=False)
    size = int(used.sum() if hasattr(used, "sum") else used)
    if size > MAX_BYTES:
        return None, "partly"
    deep = value.copy(deep=True)

    def restore(target: Any) -> None:
        object.__setattr__(target, "_mgr", deep.copy(deep=True)._mgr)

    return State(lambda now: not deep.equals(now), restore, size), "whole"


def _same_memory(old: Any, new: Any) -> bool:
    """True if two blocks' values lie in the same memory."""
    if old is new:
        return True
    if type(old) is not type(new) or old.dtype != new.dtype:
        return False
    found = False
    for part in ("__array_interface__", "_ndarray", "_data", "_mask", "_pa_array"):
        a, b = getattr(old, part, None), getattr(new, part, None)
        if a is None or b is None:
            continue
        found = True
        if part == "__array_interface__":
            if (a["data"], a["shape"], a["strides"]) != (b["data"], b["shape"], b["strides"]):
                return False
        elif part == "_pa_array":
            if a is not b and [x.address for c in a.chunks for x in c.buffers() if x] != [x.address for c in b.chunks for x in c.buffers() if x]:
                return False
        elif not _same_memory(a, b):
            return False
    return found or bool(old.equals(new))


def _polars(value: Any) -> tuple[State | None, Tells]:
    if value.estimated_size() > MAX_BYTES:
        shape = value.shape
        return State(lambda now: now.shape != shape, None), "partly"
    copy = value.clone()
    attribute = "_df" if hasattr(value, "_df") else "_s"

    def restore(target: Any) -> None:
        setattr(target, attribute, getattr(copy.clone(), attribute))

    def changed(now: Any) -> bool:
        names = now.columns != copy.columns if attribute == "_df" else now.name != copy.name
        return bool(names) or not copy.equals(now)

    return State(changed, restore, int(copy.estimated_size())), "whole"


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
    """Iterators that only pass on what the iterators inside them give: these are visited, and tell."""
    return State(lambda now: False, None), "whole"


def _by_repr(value: Any) -> tuple[State | None, Tells]:
    before = repr(value)
    return State(lambda now: repr(now) != before, None), "whole"


TRANSPARENT: tuple[type, ...] = (zip, map, filter, enumerate, itertools.islice, itertools.chain, itertools.takewhile, itertools.dropwhile, itertools.starmap,
                                 itertools.accumulate, itertools.zip_longest, itertools.compress, itertools.filterfalse, itertools.pairwise)  # fmt: skip

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
