"""What is directly inside an object: how to look into each kind of it, without running code of the user's."""

from __future__ import annotations

import gc
import io
import sys
import threading
import types
import weakref
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, zip_longest
from operator import itemgetter
from typing import Any

from reactive_kernel.kernel.code import CODED, SUSPENDED, frame_of, stack_of
from reactive_kernel.kernel.compiled_states import inside_compiled, reduces
from reactive_kernel.kernel.container_states import Maker
from reactive_kernel.kernel.databases import in_a_connection, in_a_cursor
from reactive_kernel.kernel.elsewhere import holds_elsewhere, holds_for_others, in_a_descriptor, kept_elsewhere
from reactive_kernel.kernel.figure_states import called_back, is_registry, is_settled, is_stack
from reactive_kernel.kernel.frame_memory import viewed_memory
from reactive_kernel.kernel.frames import given_to
from reactive_kernel.kernel.iterator_states import CACHED
from reactive_kernel.kernel.jitted import is_jitted
from reactive_kernel.kernel.memos import Memos, is_installed, lasting, of_a_library, remembering
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.picture_states import is_picture, with_a_picture
from reactive_kernel.kernel.states import is_closed, is_instance, maker_for, runs_the_notebook
from reactive_kernel.kernel.tensor_states import in_a_tensor, is_memory, is_tensor, note_array
from reactive_kernel.kernel.typewise import about, attributes_of, members_of, module_of, slots_of
from reactive_kernel.kernel.widgets import is_a_widgets

__all__ = ["ATOMS", "Way", "is_bare", "known_way", "way_into"]

ATOMS: frozenset[type] = frozenset(
    {int, float, complex, bool, str, bytes, type(None), type(Ellipsis), range, slice, types.CodeType}
)
MAX_CHILDREN = 5000  # children of one object that are looked at
MANY = 1500  # and visited, where there are more of them: about what there is time for
MAX_WAYS = 10_000
MAX_LAYOUTS = 100
FEW = 2
CODE: frozenset[type] = frozenset({types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type})
CLASS_SKIP = frozenset({"__dict__", "__weakref__", "__doc__", "__module__", "__qualname__"})


Inside = Callable[[Any], tuple[Iterable[Any], bool]]
Opener = Callable[[Any, type, str], tuple[Iterable[Any], bool]]


@dataclass(slots=True)
class Way:
    """How to look into objects of one class; asked of each class only once, for there are many objects.

    Attributes:
        attributes, memos: of a library's instances: how to get at what they hold, and which of it only remembers.
            There are so many of them in figures and models that they have a quicker way; None if more is inside.
        short: of builtin types: what is inside, and whether that is all.
        inside: the same of all others.
        stateless: there is nothing in it that could change, but for what is in what it holds.
        take: what takes its state, if that is the same for all of the class.
        special: code, a cache or a widget, of which more has to be noted.
        getters: by the names that instances have: what takes out the attributes that don't only remember.
    """

    kind: type  # held, so that no other class gets its id
    attributes: Callable[[Any], dict[str, Any]] | None
    memos: Memos | None
    short: Inside | None
    inside: Opener
    stateless: bool
    take: Maker | None
    special: bool
    getters: dict[tuple[str, ...], Callable[[dict[str, Any]], tuple[Any, ...]]] = field(default_factory=dict)

    def getter_of(self, layout: tuple[str, ...]) -> Callable[[dict[str, Any]], tuple[Any, ...]]:
        """What takes the attributes that don't only remember out of an instance with these names."""
        memos = self.memos
        names = [name for name in layout if memos is None or not memos[name]]
        if len(names) < FEW:  # of one name `itemgetter` gives no tuple
            return lambda held: tuple(map(held.__getitem__, names))
        getter = itemgetter(*names)
        if len(self.getters) < MAX_LAYOUTS:
            self.getters[layout] = getter
        return getter


_ways: dict[int, Way] = {}


def known_way(kind: type) -> Way | None:
    """The same, if that was asked before."""
    return _ways.get(id(kind))


def way_into(kind: type) -> Way:
    """How to look into objects of a class."""
    way = _ways.get(id(kind))
    if way is None:
        if len(_ways) > MAX_WAYS:
            _ways.clear()
        way = _ways[id(kind)] = _find_way(kind)
    return way


def _find_way(kind: type) -> Way:
    known, memos, opener = about(kind), remembering(kind), _opener(kind)
    plain = known.attributes is not None and memos is not None and not known.slots and of_a_library(kind)
    plain = plain and opener is _instance and is_instance(kind) and not is_a_widgets(kind)
    stateless, take = maker_for(kind)
    return Way(
        kind,
        known.attributes if plain else None,
        memos if plain else None,
        BUILT_IN.get(kind),
        opener,
        stateless,
        take,
        kind in CODED or kind is CACHED or is_jitted(kind) or is_a_widgets(kind),
    )


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
    frame = frame_of(value)
    return ([*frame.f_locals.values(), *stack_of(value)] if frame is not None else ()), True


_BUFFERED = (io.BufferedReader, io.BufferedWriter, io.BufferedRandom)


def _stream(value: Any) -> tuple[Iterable[Any], bool]:
    """The bytes in memory that a stream is written to; a file's own buffers tell nothing that it doesn't."""
    inner = value.buffer if isinstance(value, io.TextIOWrapper) else value.raw
    return ([inner] if issubclass(type(inner), (io.BytesIO, *_BUFFERED)) and not _is_on_disk(inner) else ()), True


def _is_on_disk(stream: Any) -> bool:
    return issubclass(type(stream), _BUFFERED) and not issubclass(type(stream.raw), io.BytesIO)


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
_exception: Any = BaseException
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
    (partial, lambda value: ([*_applied(value)[0], *filter(None, (attributes_of(value),))], True)),
    (staticmethod, _parts(_static.__dict__["__func__"])),
    (classmethod, _parts(_classmethod.__dict__["__func__"])),
    (property, _parts(property.fget, property.fset, property.fdel)),
    *((kind, _generator) for kind in SUSPENDED),
    (types.ModuleType, _module),
    (BaseException, _parts(_exception.args)),
    *((kind, _stream) for kind in (io.TextIOWrapper, *_BUFFERED)),
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
    held = list(lasting(kind, attributes_of(value)).values())
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
    if numpy is not None and issubclass(kind, numpy.flatiter):
        return lambda value, kind, main: ((value.base,), True)
    if pandas is not None and issubclass(kind, (pandas.DataFrame, pandas.Series)):
        return _frame
    if pandas is not None and issubclass(kind, pandas.Index):
        return lambda value, kind, main: ((), True)  # only its names can be changed
    if pandas is not None and issubclass(kind, pandas.api.extensions.ExtensionArray) and hasattr(kind, "_ndarray"):
        return lambda value, kind, main: ((value._ndarray,), True)
    if known.package in ("polars", "pyarrow") or is_closed(kind) or runs_the_notebook(kind):
        return lambda value, kind, main: ((), True)
    if issubclass(kind, threading.Thread):
        return _thread
    if is_jitted(kind):
        return lambda value, kind, main: ((value.py_func,), True)
    if is_tensor(kind):
        return _tensor
    if is_memory(kind):
        return lambda value, kind, main: ((), True)
    if is_stack(kind):
        return lambda value, kind, main: ((attributes_of(value)["_axes"],), True)
    if is_settled(kind):
        return lambda value, kind, main: ((), True)
    if known.module == "sqlite3" and known.name in ("Connection", "Cursor"):
        inside = in_a_connection if known.name == "Connection" else in_a_cursor
        return lambda value, kind, main: (inside(value), True)
    if is_picture(kind):
        return lambda value, kind, main: (with_a_picture(value), True)
    if known.package == "functools":
        return _wrapper
    if known.module == "pandas.core.indexing" and hasattr(kind, "obj"):
        return lambda value, kind, main: ((value.obj,), True)  # a kept `df.loc` sets items of its frame
    if (known.attributes is None and not known.slotted) or (numpy is not None and kind is numpy.ufunc):
        return _written_in_c
    if is_registry(kind):
        return called_back
    if holds_for_others(kind):
        return lambda value, kind, main: (in_a_descriptor(_own(value, kind, main)), True)
    return _with_what_is_elsewhere if holds_elsewhere(kind) else _instance


def _with_what_is_elsewhere(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    return [*_own(value, kind, main), *kept_elsewhere(value)], True


def _instance(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    return _own(value, kind, main), True


def _frame(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    held = attributes_of(value)
    own = _own(value, kind, main) if about(kind).package != "pandas" else given_to(value).values()
    manager: Any = held.get("_mgr")
    viewed = (*viewed_memory(value), *manager.axes) if hasattr(manager, "blocks") else ()
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
    held = gc.get_referents(value)[:MAX_CHILDREN]
    if (
        kind is zip_longest
    ):  # nobody else may look into its tuple, in which nothing is left of iterators that have ended
        held = [part for item in held for part in (gc.get_referents(item) if type(item) is tuple else (item,))]
    found = [item for item in held if not issubclass(type(item), type)]
    return [*found, *inside_compiled(value)] if reduces(kind) else found, True


def _array(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    found: list[Any] = [] if value.base is None else [value.base]
    plain = sys.modules["numpy"].ndarray
    note_array(value)
    if kind is not plain:
        found.extend(_own(value, kind, main))
    if value.dtype.hasobject and value.shape != ():
        inner, whole = _items(value.view(plain).flat, value.size)
        return [*found, *inner], whole
    return found, True


def _tensor(value: Any, kind: type, main: str) -> tuple[Iterable[Any], bool]:
    found, whole = in_a_tensor(value)
    return [*found, *_own(value, kind, main)], whole


def _objects_in(frame: Any) -> list[Any]:
    """Objects in a frame's or series' columns of objects."""
    manager = attributes_of(frame).get("_mgr")
    arrays = [block.values for block in getattr(manager, "blocks", ()) if hasattr(block.values, "strides")]
    return [
        item
        for array in arrays
        if array.dtype.hasobject
        for item in islice(array.flat, MAX_CHILDREN)
        if type(item) not in ATOMS
    ]


def is_bare(value: Any) -> bool:
    """True for what holds nothing that could change: an atom, a function of an installed module."""
    kind = type(value)
    if kind is types.BuiltinFunctionType:
        return value.__self__ is None or type(value.__self__) is types.ModuleType
    return kind in ATOMS or (kind is types.FunctionType and is_installed(value))


def _items(items: Iterable[Any], size: int) -> tuple[list[Any], bool]:
    """The items that need a visit; of many items, only a look at some (rest assumed alike if all are atoms)."""
    if size <= MAX_CHILDREN:
        return [item for item in items if type(item) not in ATOMS], True
    items = iter(items)
    first = list(islice(items, MANY))
    kinds = set(map(type, first))
    if kinds.isdisjoint(ATOMS):
        return first, False
    first += islice(items, MAX_CHILDREN - MANY)
    if kinds <= ATOMS and ATOMS.issuperset(map(type, first)):
        return [], True
    return [item for item in first if type(item) not in ATOMS][:MANY], False


def _contents(cells: Iterable[Any]) -> list[Any]:
    found = []
    for cell in cells:
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not yet bound
            continue
    return found
