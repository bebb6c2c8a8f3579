"""States of what Python itself holds things in: containers, instances, functions, classes.

The methods of the builtin types are called, never those of a subclass, which may be the user's.
"""

from __future__ import annotations

import types
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from operator import attrgetter, is_
from typing import Any

from reactive_kernel.kernel.memos import ENDURING, lasting, renewed
from reactive_kernel.kernel.state import MAX_ITEMS, State, Tells
from reactive_kernel.kernel.tokens import equal
from reactive_kernel.kernel.typewise import about, attributes_of, members_of, slots_of

__all__ = [
    "Attributes",
    "Maker",
    "bytearray_state",
    "class_state",
    "closure_state",
    "deque_state",
    "dict_state",
    "function_state",
    "instance_state",
    "joined",
    "list_state",
    "module_state",
    "ordered_state",
    "set_state",
]

SAMPLE = 256
_SET_CLASS = object.__dict__["__class__"].__set__
CLASS_NOISE = frozenset({"__dict__", "__weakref__", "__slotnames__"})  # the last is what copying its instances leaves

Taken = tuple[State | None, Tells]
Pairs = list[tuple[Any, Any]]
Maker = Callable[[Any], Taken]


def _others(one: Collection[Any], other: Collection[Any]) -> Pairs | None:
    if len(one) != len(other):
        return None
    return [(a, b) for a, b in zip(one, other, strict=True) if a is not b]


def _sampled(value: Any) -> Taken:
    """A large list: its length, both ends and a stride through it."""
    length = list.__len__(value)
    stride, end = slice(None, None, max(1, length // SAMPLE)), slice(-16, None)
    look = [*list.__getitem__(value, stride), *list.__getitem__(value, end)]

    def changed(now: Any) -> bool:
        return list.__len__(now) != length or not all(
            map(is_, look, [*list.__getitem__(now, stride), *list.__getitem__(now, end)])
        )

    return State(changed, None), "partly"


class _List(State):
    """Items of a list: one of many such, and so without closures."""

    __slots__ = ("copy",)

    def __init__(self, value: Any) -> None:
        self.copy = copy = list.copy(value)
        self.size = 8 * len(copy)

    def changed(self, now: Any) -> bool:
        return list.__len__(now) != len(self.copy) or not _alike(self.copy, list.copy(now))

    def replaced(self, now: Any) -> Pairs | None:
        return _others(self.copy, list.copy(now))

    def restore(self, target: Any) -> None:
        list.__setitem__(target, slice(None), self.copy)

    def inside(self) -> Iterable[Any]:
        return self.copy


class _Dict(State):
    """Keys and items of a dict, in order."""

    __slots__ = ("items", "keys")

    def __init__(self, value: Any) -> None:
        self.keys = keys = list(dict.keys(value))
        self.items = list(dict.values(value))
        self.size = 16 * len(keys)

    def changed(self, now: Any) -> bool:
        return not same_items(self.keys, self.items, now)

    def restore(self, target: Any) -> None:
        dict.clear(target)
        dict.update(target, zip(self.keys, self.items, strict=True))

    def replaced(self, now: Any) -> Pairs | None:
        same = type(now) is dict and dict.__len__(now) == len(self.keys) and all(map(is_, self.keys, dict.keys(now)))
        return _others(self.items, [*dict.values(now)]) if same else None

    def has_grown(self, now: Any) -> bool:
        held = [*dict.items(now)][: len(self.keys)]
        same = all(k is key and v is item for (k, v), key, item in zip(held, self.keys, self.items, strict=False))
        return dict.__len__(now) > len(self.keys) and same

    def inside(self) -> Iterable[Any]:
        return [*self.keys, *self.items]


class _Ordered(_Dict):
    """The same of an OrderedDict, which keeps an order of its own."""

    __slots__ = ("order",)

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.order = list(OrderedDict.__iter__(value)) if self.keys else self.keys

    def changed(self, now: Any) -> bool:
        return not same_items(self.keys, self.items, now) or not _same_order(self.order, now)

    def restore(self, target: Any) -> None:
        items = dict(zip(self.keys, self.items, strict=True))
        OrderedDict.clear(target)
        for key in self.order:
            OrderedDict.__setitem__(target, key, items[key])


class _Bare(_Ordered):
    """An OrderedDict without attributes."""

    __slots__ = ()

    def changed(self, now: Any) -> bool:
        return super().changed(now) or bool(attributes_of(now))

    def restore(self, target: Any) -> None:
        super().restore(target)
        attributes_of(target).clear()


class Attributes(State):
    """Attributes of an instance that has no slots, and the class that it was of."""

    __slots__ = ("held", "kind")

    def __init__(self, attributes: dict[str, Any], kind: type) -> None:
        self.kind = kind
        self.held = dict(attributes)
        self.size = 16 * len(attributes)

    def changed(self, now: Any) -> bool:
        kind, old, new = type(now), self.held, attributes_of(now)
        if kind is not self.kind:
            return True
        if len(old) == len(new) and all(map(is_, old, new)) and all(map(is_, old.values(), new.values())):
            return False
        old, new = lasting(kind, old), lasting(kind, new)  # but for those that are only remembered
        if len(old) != len(new) or not all(map(is_, old, new)):
            return True
        return not all(a is new[n] or equal(a, new[n]) or renewed(kind, n, a, new[n]) for n, a in old.items())

    def replaced(self, now: Any) -> Pairs | None:
        new = attributes_of(now)
        if type(self) is not Attributes:  # there is more to it
            return None
        same = type(now) is self.kind and len(new) == len(self.held) and all(map(is_, self.held, new))
        return _others(self.held.values(), new.values()) if same else None

    def restore(self, target: Any) -> None:
        if type(target) is not self.kind:
            _SET_CLASS(target, self.kind)
        held = attributes_of(target)
        held.clear()
        held.update(self.held)
        for name in held.keys() - lasting(type(target), self.held).keys() - ENDURING:
            if type(held[name]) is dict:  # what it remembers is of the state that it was in until now
                held[name].clear()


def list_state(value: Any) -> Taken:
    """Items of a list, in order."""
    if list.__len__(value) > MAX_ITEMS:
        return _sampled(value)
    return _List(value), "whole"


def deque_state(value: Any) -> Taken:
    """Items of a deque, in order."""
    copy = list(deque.__iter__(value))

    def restore(target: Any) -> None:
        deque.clear(target)
        deque.extend(target, copy)

    def changed(now: Any) -> bool:
        return deque.__len__(now) != len(copy) or not all(map(is_, copy, deque.__iter__(now)))

    return State(changed, restore, 8 * len(copy)), "whole"


def _alike(one: Collection[Any], other: Collection[Any]) -> bool:
    """True if two collections of one length hold the same objects in the same order, or provably equal ones."""
    if all(map(is_, one, other)):
        return True
    return all(a is b or equal(a, b) for a, b in zip(one, other, strict=True))


def same_items(keys: list[Any], items: list[Any], now: dict[Any, Any]) -> bool:
    """True if a dict holds just these, in this order."""
    return dict.__len__(now) == len(keys) and all(map(is_, keys, dict.keys(now))) and _alike(items, dict.values(now))


def _same_order(keys: list[Any], now: Any) -> bool:
    return all(map(is_, keys, OrderedDict.__iter__(now)))


def dict_state(value: Any) -> Taken:
    """Keys and items of a dict, in order."""
    length = dict.__len__(value)
    if length > MAX_ITEMS:
        look = list(islice(dict.values(value), SAMPLE))

        def moved(now: Any) -> bool:
            return dict.__len__(now) != length or not all(map(is_, look, dict.values(now)))

        return State(moved, None), "partly"
    return (_Ordered(value) if issubclass(type(value), OrderedDict) else _Dict(value)), "whole"


def ordered_state(value: Any) -> Taken:
    """An OrderedDict: most have no attributes, and there are many of them (in each part of PyTorch's models ten)."""
    if dict.__len__(value) > MAX_ITEMS or attributes_of(value):
        return _ordered_and_more(value)
    return _Bare(value), "whole"


def set_state(value: Any) -> Taken:
    """Members of a set."""
    if set.__len__(value) > MAX_ITEMS:
        length = set.__len__(value)
        return State(lambda now: set.__len__(now) != length, None), "partly"
    copy = set(value)

    def restore(target: Any) -> None:
        set.clear(target)
        set.update(target, copy)

    return State(lambda now: bool(set.__ne__(copy, now)), restore, 16 * len(copy)), "whole"


def bytearray_state(value: Any) -> Taken:
    """Bytes of a bytearray."""
    copy = bytes(value)

    def restore(target: Any) -> None:
        target[:] = copy

    return State(lambda now: now != copy, restore, len(copy)), "whole"


def instance_state(value: Any) -> Taken:
    """Attributes and slots of an instance."""
    attributes = Attributes(attributes_of(value), type(value))
    if not about(type(value)).slots:
        return attributes, "whole"
    slots = slots_of(value)

    def restore(target: Any) -> None:
        attributes.restore(target)
        for name in slots_of(target).keys() - slots.keys():
            object.__delattr__(target, name)
        for name, item in slots.items():
            object.__setattr__(target, name, item)

    return State(
        lambda now: attributes.changed(now) or not _same_slots(slots, slots_of(now)), restore, attributes.size
    ), "whole"


def _same_slots(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(one[n] is other[n] or equal(one[n], other[n]) for n in one)


def joined(first: Maker, second: Maker) -> Maker:
    """State of an object that is two things at once (a list with attributes)."""

    def maker(value: Any) -> Taken:
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


_ordered_and_more = joined(dict_state, instance_state)
EMPTY = object()


def _cell(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return EMPTY


def closure_state(value: Any) -> Taken:
    """What a variable that functions have captured holds: those made together see each other's changes."""
    content = _cell(value)

    def restore(target: Any) -> None:
        if content is not EMPTY:
            target.cell_contents = content
        elif _cell(target) is not EMPTY:
            del target.cell_contents

    def changed(now: Any) -> bool:
        return (held := _cell(now)) is not content and not equal(content, held)

    return State(changed, restore), "whole"


_PARTS = ("__defaults__", "__kwdefaults__", "__name__", "__qualname__", "__doc__", "__code__")
_made_of = attrgetter(*_PARTS)


def function_state(value: Any) -> Taken:
    """A function's attributes, its defaults, names, docstring and code."""
    keys, items = list(value.__dict__.keys()), list(value.__dict__.values())
    made_of, given = _made_of(value), value.__kwdefaults__ or {}
    names, defaults = list(given.keys()), list(given.values())

    def changed(now: Any) -> bool:
        same = all(map(is_, _made_of(now), made_of)) and same_items(names, defaults, now.__kwdefaults__ or {})
        return not same or not same_items(keys, items, now.__dict__)

    def restore(target: Any) -> None:
        target.__dict__.clear()
        target.__dict__.update(zip(keys, items, strict=True))
        for name, part, now in zip(_PARTS, made_of, _made_of(target), strict=True):
            if now is not part:
                setattr(target, name, part)
        if target.__kwdefaults__:
            target.__kwdefaults__.clear()
            target.__kwdefaults__.update(zip(names, defaults, strict=True))

    return State(changed, restore), "whole"


_named = attrgetter("__name__", "__qualname__", "__bases__")


def class_state(value: Any) -> Taken:
    """What a class of the notebook's holds."""

    def held_by(cls: Any) -> dict[str, Any]:
        return {n: v for n, v in members_of(cls).items() if n not in CLASS_NOISE}

    held = held_by(value)
    keys, items, named = list(held.keys()), list(held.values()), _named(value)

    def restore(target: Any) -> None:
        target.__name__, target.__qualname__ = named[:2]
        if target.__bases__ != named[2]:
            target.__bases__ = named[2]
        for name in held_by(target).keys() - held.keys():
            type.__delattr__(target, name)
        for name, item in held.items():
            if members_of(target).get(name) is not item:
                type.__setattr__(target, name, item)

    return State(lambda now: not same_items(keys, items, held_by(now)) or _named(now) != named, restore), "whole"


def module_state(value: Any) -> Taken:
    """What a module of the user's holds."""
    held = dict(value.__dict__)
    keys, items = list(held.keys()), list(held.values())

    def restore(target: Any) -> None:
        target.__dict__.clear()
        target.__dict__.update(held)

    return State(lambda now: not same_items(keys, items, now.__dict__), restore), "whole"
