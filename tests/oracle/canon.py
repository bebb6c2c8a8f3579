"""Values as nested tuples: equal exactly when the values are equal and share the same objects in the same places.

Objects that can be told apart by ``is`` and change (lists, frames, functions, instances …) get a number when
they are first met and are a reference afterwards; so one comparison judges values, aliases and views together.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Any

import ipywidgets
import numpy as np
import traitlets
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .execute import ADDRESS

Form = tuple[Any, ...]

_ATOMS = (int, float, complex, str, bytes, type(None), type(Ellipsis), type(NotImplemented), range, slice)
_ITERATORS: tuple[type, ...] = (
    type(iter([])), type(iter(())), type(iter({})), type(iter(set())), type(iter(range(0))), type(iter("")),
    type(reversed([])), zip, map, filter, enumerate,
)  # fmt: skip
_CLASS_NOISE = frozenset(
    {"__dict__", "__weakref__", "__slotnames__", "__firstlineno__", "__static_attributes__", "_abc_impl"}
)
_DEPTH = 60


class Canon:
    """One numbering of objects; use one for a whole namespace."""

    def __init__(self, follow: Mapping[str, Any] | None = None) -> None:
        """With ``follow``, functions include the values of the globals that they name."""
        self._numbers: dict[int, int] = {}
        self._memories: dict[int, int] = {}
        self._kept: list[Any] = []  # so that no id is used twice
        self._follow = follow
        self._depth = 0

    def form(self, value: Any) -> Form:
        """Return the comparable form of ``value``."""
        if isinstance(value, _ATOMS):
            return (type(value).__name__, ADDRESS.sub("0x…", repr(value)))  # a text may tell where an object is
        if self._depth > _DEPTH:
            return ("deep", type(value).__name__)
        self._depth += 1
        try:
            return self._compound(value)
        finally:
            self._depth -= 1

    def number(self, value: Any) -> tuple[int, bool]:
        """Return the object's number and whether it was met before."""
        known = self._numbers.get(id(value))
        if known is not None:
            return known, True
        self._kept.append(value)
        self._numbers[id(value)] = len(self._numbers)
        return len(self._numbers) - 1, False

    def unordered(self, items: Iterable[Any]) -> Form:
        """Forms of a set's items; it gives them by their addresses, so they are numbered by what they hold instead."""

        def place(item: Any) -> tuple[float, str]:
            return self._numbers.get(id(item), inf), repr(Canon().form(item))

        return tuple(sorted(map(self.form, sorted(items, key=place)), key=repr))

    def _compound(self, value: Any) -> Form:
        kind = type(value)
        if kind is tuple:
            return ("tuple", *map(self.form, value))
        if kind is frozenset:
            return ("frozenset", *self.unordered(value))
        if kind is types.CodeType:
            return self._code(value)
        if isinstance(value, types.ModuleType):
            return ("module", value.__name__)
        if isinstance(value, np.generic):
            return (kind.__name__, repr(value))
        if not _from_notebook(value):
            return ("library", getattr(value, "__module__", ""), value.__qualname__)
        number, met = self.number(value)
        if met:
            return ("same", number)
        return (kind.__name__, number, *self._content(value))

    def _content(self, value: Any) -> Form:
        for test, content in _CONTENTS:
            if isinstance(value, test):
                return content(self, value)
        name = f"{type(value).__module__}.{type(value).__name__}"
        special = _BY_NAME.get(name)
        if special is not None:
            return special(self, value)
        return self._instance(value)

    def _code(self, code: types.CodeType) -> Form:
        consts = tuple(map(self.form, code.co_consts))
        return ("code", code.co_name, code.co_code, consts, code.co_names, code.co_varnames, code.co_freevars)

    def _items(self, mapping: Mapping[Any, Any]) -> Form:
        return tuple((self.form(key), self.form(item)) for key, item in mapping.items())

    def _attributes(self, mapping: Mapping[str, Any]) -> Form:
        return tuple((key, self.form(mapping[key])) for key in sorted(mapping) if key not in _CLASS_NOISE)

    def _function(self, value: types.FunctionType) -> Form:
        cells = tuple(self._cell(cell) for cell in value.__closure__ or ())
        form = (
            self.form(value.__code__), self.form(value.__defaults__), self._attributes(value.__kwdefaults__ or {}),
            cells, self._attributes(value.__dict__),
        )  # fmt: skip
        return form if self._follow is None else (*form, self._globals(value.__code__))

    def _globals(self, code: types.CodeType) -> Form:
        assert self._follow is not None
        named = sorted(name for name in _names(code) if name in self._follow)
        return tuple((name, self.form(self._follow[name])) for name in named)

    def _cell(self, cell: types.CellType) -> Form:
        number, met = self.number(cell)
        if met:
            return ("same", number)
        try:
            return ("cell", number, self.form(cell.cell_contents))
        except ValueError:
            return ("cell", number, "empty")

    def _class(self, value: type) -> Form:
        return (value.__name__, tuple(map(self.form, value.__bases__)), self._attributes(vars(value)))

    def _generator(self, value: types.GeneratorType[Any, Any, Any]) -> Form:
        frame = value.gi_frame
        if frame is None:
            return (value.__name__, "exhausted")
        body = (value.__name__, frame.f_lasti, self._attributes(frame.f_locals))
        return body if self._follow is None else (*body, self._globals(frame.f_code))

    def _array(self, value: np.ndarray[Any, Any]) -> Form:
        owner: Any = value
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        content = tuple(map(self.form, value.ravel().tolist())) if value.dtype == object else value.tobytes()
        # Numbered apart from the objects: one met only as another's memory has yet to be looked at.
        memory = self._memories.setdefault(id(owner), len(self._memories))
        self._kept.append(owner)
        place = value.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        looks = (memory, place if value.size else 0, value.strides)
        # Whether a frame gives an array that can be written into depends on where its columns lie.
        writeable = value.flags.writeable or value.base is not None
        return (value.dtype.str, value.shape, writeable, *looks, content)

    def _reduced(self, value: Any) -> Form:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.form(tuple(value.__reduce__()))

    def _instance(self, value: Any) -> Form:
        kind = type(value)
        form: Form = (self.form(kind),)
        if isinstance(value, dict):
            form += self._items(value)
        elif isinstance(value, list | tuple):
            form += tuple(map(self.form, value))
        if hasattr(value, "__dict__"):
            # What a library's object would work out again when asked is no part of its value.
            library = kind.__module__ != "__main__"
            form += self._attributes({n: v for n, v in vars(value).items() if not (library and n == "_cache")})
        slots = [name for cls in kind.__mro__ for name in getattr(cls, "__slots__", ()) if isinstance(name, str)]
        return form + tuple((name, self.form(getattr(value, name))) for name in slots if hasattr(value, name))


def _names(code: types.CodeType) -> set[str]:
    found = set(code.co_names)
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            found |= _names(const)
    return found


def _from_notebook(value: Any) -> bool:
    """Tell functions and classes of libraries (compared by name) from all else."""
    if isinstance(value, type):
        return value.__module__ == "__main__"
    if isinstance(value, types.FunctionType):
        return value.__globals__.get("__name__") == "__main__"
    return not isinstance(value, types.BuiltinFunctionType) or not isinstance(value.__self__, types.ModuleType)


def _frame(canon: Canon, value: Any) -> Form:
    columns = [canon.form(value.iloc[:, i].tolist())[2:] for i in range(value.shape[1])]
    labels = (canon.form(value.columns.tolist())[2:], canon.form(value.index.tolist())[2:], repr(value.index.names))
    return (labels, repr(value.dtypes.tolist()), tuple(columns), canon._items(value.attrs))


def _series(canon: Canon, value: Any) -> Form:
    labels = (repr(value.name), canon.form(value.index.tolist())[2:], repr(value.dtype))
    return (*labels, canon.form(value.tolist())[2:])


def _widget(canon: Canon, value: Any) -> Form:
    """Traits that the browser shows, what cells gave it, and the notebook's functions that it calls."""
    shown = [n for n in (*value.keys, "value") if n[0] != "_" and n not in ("layout", "style", "comm", "keys")]
    traits = {n: getattr(value, n) for n in shown if hasattr(value, n)}
    given = {n: v for n, v in vars(value).items() if n[0] != "_"}
    called = [
        (repr(names), canon.form(handler))
        for names, kinds in value._trait_notifiers.items()
        for handler in kinds.get("change", ())
        if getattr(handler, "__module__", "") == "__main__"
    ]
    return (canon._attributes(traits), canon._attributes(given), tuple(called))


def _figure(canon: Canon, value: Any) -> Form:
    return (canon.form(value.get_suptitle()), tuple(map(canon.form, value.axes)))


def _axes(canon: Canon, value: Any) -> Form:
    """Without the limits where these follow the data: to ask for them changes the axes."""
    limits = tuple(
        axis.get_view_interval().tolist() for axis in (value.xaxis, value.yaxis) if not axis._get_autoscale_on()
    )
    labels = (value.get_title(), value.get_xlabel(), value.get_ylabel(), limits, repr(value.dataLim))
    return (canon.form(value.figure), labels, tuple(map(canon.form, (*value.get_children(), value.get_legend()))))


def _line(canon: Canon, value: Any) -> Form:
    """Also whether it is in axes still: else it can't be removed."""
    there = (value.axes is not None, value._remove_method is not None)
    return (*there, value.get_label(), value.get_color(), canon.form([list(v) for v in value.get_data(orig=True)])[2:])


def _drawn(canon: Canon, value: Any) -> Form:
    text = value.get_text() if hasattr(value, "get_text") else ADDRESS.sub("0x…", repr(value))
    return (text, str(value.get_label()))


_CONTENTS: list[tuple[Any, Callable[[Canon, Any], Form]]] = [
    (types.FunctionType, Canon._function),
    (type, Canon._class),
    (types.GeneratorType, Canon._generator),
    (np.ndarray, Canon._array),
    (types.MethodType, lambda canon, value: (canon.form(value.__func__), canon.form(value.__self__))),
    (types.BuiltinFunctionType, lambda canon, value: (value.__name__, canon.form(value.__self__))),
    (_ITERATORS, Canon._reduced),
    (bytearray, lambda canon, value: (bytes(value),)),
    (deque, lambda canon, value: (value.maxlen, *map(canon.form, value))),
    (set, lambda canon, value: canon.unordered(value)),
    (ipywidgets.Widget, _widget),
    (Figure, _figure),
    (Axes, _axes),
    (Line2D, _line),
    (Artist, _drawn),
    (traitlets.link, lambda canon, value: (canon.form(value.source), canon.form(value.target))),
]

_BY_NAME: dict[str, Callable[[Canon, Any], Form]] = {
    "builtins.list": lambda canon, value: tuple(map(canon.form, value)),
    "builtins.dict": lambda canon, value: canon._items(value),
    "builtins.property": lambda canon, value: (canon.form(value.fget), canon.form(value.fset)),
    "builtins.staticmethod": lambda canon, value: (canon.form(value.__func__),),
    "builtins.classmethod": lambda canon, value: (canon.form(value.__func__),),
    "functools.partial": lambda canon, value: tuple(map(canon.form, (value.func, value.args, value.keywords))),
    # How often it was asked shows only in cache_info(): where a cell prints that, what it prints is compared.
    "functools._lru_cache_wrapper": lambda canon, value: (
        canon.form(value.__wrapped__), canon._attributes(vars(value)),
    ),
    "random.Random": lambda canon, value: (value.getstate(),),
    "numpy.random._generator.Generator": lambda canon, value: (repr(value.bit_generator.state),),
    "numpy.random.mtrand.RandomState": lambda canon, value: (repr(value.get_state(legacy=False)),),
    "pandas.DataFrame": _frame, "pandas.core.frame.DataFrame": _frame,
    "pandas.Series": _series, "pandas.core.series.Series": _series,
    "polars.dataframe.frame.DataFrame": lambda canon, value: (repr(value.schema), canon.form(value.rows())),
    "polars.series.series.Series": lambda canon, value: (value.name, repr(value.dtype), canon.form(value.to_list())),
    "queue.Queue": lambda canon, value: (canon.form(value.queue),),
    "_io.StringIO": lambda canon, value: ("closed",) if value.closed else (value.getvalue(), value.tell()),
    "sqlite3.Connection": lambda canon, value: tuple(value.iterdump()),
    "itertools.count": lambda canon, value: (repr(value),),
    "itertools.cycle": Canon._reduced, "itertools.islice": Canon._reduced, "itertools.chain": Canon._reduced,
    "re.Pattern": lambda canon, value: (value.pattern,),
    "_thread.lock": lambda canon, value: (value.locked(),),
}  # fmt: skip


def namespace_form(namespace: Mapping[str, Any]) -> dict[str, Form]:
    """Return each user-visible name's form, with one numbering throughout."""
    canon = Canon()
    return {name: canon.form(namespace[name]) for name in sorted(namespace) if not name.startswith("__")}


def inputs_form(names: set[str], namespace: Mapping[str, Any]) -> Form:
    """Return the form of what a cell that names ``names`` can see, through functions too."""
    canon = Canon(follow=namespace)
    return tuple((name, canon.form(namespace[name])) for name in sorted(names) if name in namespace)


def sharing_lost(form: Form) -> Form:
    """Return ``form`` without object numbers: equal forms then mean equal values, whoever shares them."""
    return tuple(
        sharing_lost(part) if isinstance(part, tuple) else part
        for part in form
        if not (isinstance(part, int) and not isinstance(part, bool))
    )


sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000))
