"""Shallow states of single mutable objects: take one, ask whether the object changed since, put it back.

A state holds what the object holds (references, or bytes), never copies of the objects inside it, so
that taking it costs little and putting it back keeps every identity.  Which kind of state an object has
is asked of its type alone.
"""

from __future__ import annotations

import enum
import io
import random
import sys
import threading
import types
from collections import OrderedDict, defaultdict, deque
from functools import partial
from typing import Any

from reactive_kernel.kernel.array_states import array_state
from reactive_kernel.kernel.compiled_states import compiled_state, hides, reduces, with_hidden_part
from reactive_kernel.kernel.container_states import (
    Maker,
    bytearray_state,
    class_state,
    closure_state,
    deque_state,
    dict_state,
    function_state,
    instance_state,
    joined,
    list_state,
    module_state,
    ordered_state,
    set_state,
)
from reactive_kernel.kernel.databases import connection_state, cursor_state
from reactive_kernel.kernel.elsewhere import holds_elsewhere, with_what_is_elsewhere
from reactive_kernel.kernel.figure_states import is_registry, is_settled, is_stack, registry_state, stack_state
from reactive_kernel.kernel.frames import arrow_state, grouping_state, index_state, pandas_state, remembers
from reactive_kernel.kernel.iterator_states import ITERATORS
from reactive_kernel.kernel.jitted import is_jitted, jitted_state
from reactive_kernel.kernel.library_states import element_state, polars_state
from reactive_kernel.kernel.member_states import buffer_state, context_state, default_state, exception_state
from reactive_kernel.kernel.memos import of_a_library
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.picture_states import is_picture, picture_state
from reactive_kernel.kernel.random_states import numpy_random_state, seeds_state
from reactive_kernel.kernel.state import State, Tells
from reactive_kernel.kernel.tensor_states import tensor_maker
from reactive_kernel.kernel.tick_states import axis_state, is_axis
from reactive_kernel.kernel.tokens import equal
from reactive_kernel.kernel.typewise import About, about, attributes_of, module_of, per_type
from reactive_kernel.kernel.widget_states import widget_state
from reactive_kernel.kernel.widgets import is_a_widgets

__all__ = ["State", "Tells", "is_closed", "is_instance", "maker_for", "runs_the_notebook", "state_of"]

IMMUTABLE_PACKAGES = frozenset(
    "pyarrow re datetime decimal fractions uuid pathlib zoneinfo enum ipaddress inspect typing _thread weakref"
    " _weakref _abc operator functools pybind11_builtins".split()
)
# Of pyarrow: what is written to, or read on and on.
WRITTEN_TO = ("Writer", "Stream", "StreamReader", "StreamingReader", "BatchReader", "BufferReader", "OSFile")
# What these have in C is made anew rather than changed, or is room to work in (the pixels that a figure last drew).
SETTLED = frozenset("sklearn scipy statsmodels arch hdbscan matplotlib".split())
# Where numpy's generators are, the bit generators that they draw from, and the seeds of those.
RANDOM = frozenset(
    f"numpy.random.{name}" for name in "_generator mtrand bit_generator _mt19937 _pcg64 _philox _sfc64".split()
)
# Machinery of running code: it goes on by itself, and must not be put back behind its own back.
MACHINERY = frozenset("concurrent asyncio multiprocessing selectors socket subprocess".split())
# What runs the notebook: the kernel, the streams that show what is printed. Their state is not the notebook's.
OURS = frozenset("ipykernel reactive_kernel jupyter_client zmq tornado".split())
# Of pandas: what shows or groups a frame's data, and keeps no data of its own that one could change.
PANDAS_VIEWS = (
    "groupby",
    "window",
    "resample",
    "indexes",
    "indexing",
    "arrays",
    "dtypes",
    "_libs",
    "tseries",
    "strings",
    "typing",
)
STATELESS: frozenset[type] = frozenset(
    {
        types.BuiltinMethodType,
        types.MethodWrapperType,
        types.WrapperDescriptorType,
        types.MethodDescriptorType,
        types.GetSetDescriptorType,
        types.MemberDescriptorType,
        types.MethodType,
        types.MappingProxyType,
        tuple,
        frozenset,
        staticmethod,
        classmethod,
        property,
        types.GenericAlias,
        types.UnionType,
    }
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
        return None, "iterator" if about(kind).iterates else "partly"
    if not capture and maker is not compiled_state:
        return None, "whole"
    return maker(value)


def _maker(value: Any, kind: type, main: str) -> Maker | None:
    """How to take the state of an object whose exact type isn't in the table."""
    maker = _maker_for(kind)
    if maker is class_state:
        return maker if module_of(value) == main else None
    if maker is module_state:
        return maker if LOCAL.is_own(value) else None
    return maker


@per_type
def _maker_for(kind: type) -> Maker | None:
    known = about(kind)
    if issubclass(kind, type):
        return class_state
    if known.module.startswith(("sqlalchemy.dialects", "sqlalchemy.engine.default")):  # what it has asked the database
        return None
    if known.package == "decimal" and known.name == "Context":
        return context_state
    if known.module == "reactive_kernel.kernel.sql.results":
        return _constant
    if known.package == "pyarrow" and known.name.endswith(WRITTEN_TO):
        return _unknown
    if known.package == "polars" and known.name == "SQLContext":  # written in Rust
        return _unknown
    if known.package in IMMUTABLE_PACKAGES or runs_the_notebook(kind):
        return None
    if issubclass(kind, BaseException):
        return exception_state
    if issubclass(kind, enum.Enum) and of_a_library(kind):  # all that use the library share its members
        return None
    if kind is object or known.name in ("_tuplegetter", "PyCapsule"):
        return None
    if issubclass(kind, types.ModuleType):
        return module_state
    library = _library_maker(kind, known)
    if library is not None:
        return library[0]
    if issubclass(kind, random.Random):
        return _random_and_more
    for base, maker in CONTAINERS:
        if issubclass(kind, base):
            return maker
    if known.iterates or known.package in MACHINERY or issubclass(kind, threading.Thread):
        return _unknown
    if known.attributes is not None or known.slotted:
        if _hides(kind):
            return with_hidden_part
        return with_what_is_elsewhere if holds_elsewhere(kind) else instance_state
    return compiled_state if reduces(kind) else _unknown


def _hides(kind: type) -> bool:
    """True for an object with attributes and more, which could change."""
    return hides(kind) and not any(about(cls).package in IMMUTABLE_PACKAGES | SETTLED for cls in type.mro(kind))


def maker_for(kind: type) -> tuple[bool, Maker | None]:
    """Whether objects of a type never have a state, and what takes it, if that is the same for all of them."""
    if kind in STATELESS:
        return True, None
    maker = MAKERS.get(kind) or _maker_for(kind)
    asked = maker in (_unknown, class_state, module_state, compiled_state)  # of each object
    return maker is None, None if asked else maker


def is_instance(kind: type) -> bool:
    """True if objects of a class hold attributes, and nothing else."""
    return kind not in STATELESS and kind not in MAKERS and _maker_for(kind) is instance_state


@per_type
def runs_the_notebook(kind: type) -> bool:
    """True for the shell, the kernel and their parts; not for what a notebook has of the same packages (`HTML`)."""
    known = about(kind)
    configurable = getattr(sys.modules.get("traitlets.config"), "Configurable", ())
    return known.package in OURS or (known.package == "IPython" and issubclass(kind, configurable))


def is_closed(kind: type) -> bool:
    """True for what pandas keeps for itself, and for sympy's expressions: nobody changes anything through them."""
    known, pandas = about(kind), sys.modules.get("pandas")
    if known.package == "sympy":
        return issubclass(kind, sys.modules["sympy"].Basic)
    if pandas is None or known.package != "pandas":
        return False
    return known.module.startswith("pandas._libs") or issubclass(kind, pandas.api.extensions.ExtensionDtype)


def _library_maker(kind: type, known: About) -> tuple[Maker | None] | None:
    """The same for objects of the usual libraries; None for all others."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and issubclass(kind, numpy.ndarray):
        return (array_state if kind is numpy.ndarray else _masked if kind is numpy.ma.MaskedArray else _array_subclass,)
    if known.module in RANDOM:
        return (seeds_state if known.name == "SeedSequence" else numpy_random_state,)
    if pandas is not None and issubclass(kind, (pandas.DataFrame, pandas.Series)):
        return (pandas_state,)
    if pandas is not None and issubclass(kind, pandas.Index):
        return (index_state,)
    if pandas is not None and known.name.startswith("Arrow") and issubclass(kind, pandas.api.extensions.ExtensionArray):
        return (arrow_state,)
    if is_closed(kind) or (known.package in SETTLED and known.attributes is None and not known.slotted):
        return (None,)
    if known.package in ("pandas", "numpy"):
        if known.name == "flatiter" or known.iterates:  # such as what reads a file in chunks
            return (_unknown,)
        if remembers(kind):
            return (grouping_state,)
        viewing = known.package == "pandas" and any(part in known.module for part in PANDAS_VIEWS)
        return (None if viewing or known.attributes is None else instance_state,)
    if known.package == "polars" and known.name in ("DataFrame", "Series"):
        return (polars_state,)
    if is_a_widgets(kind):
        return (widget_state,)
    if is_registry(kind) or is_stack(kind):
        return (registry_state if is_registry(kind) else stack_state,)
    if is_axis(kind):
        return (axis_state,)
    if is_settled(kind):
        return (instance_state if known.name == "_PropCycle" else None,)
    sqlite3 = sys.modules.get("sqlite3")
    if sqlite3 is not None and issubclass(kind, (sqlite3.Connection, sqlite3.Cursor)):
        return (connection_state if issubclass(kind, sqlite3.Connection) else cursor_state,)
    if known.module == "xml.etree.ElementTree" and known.name == "Element":
        return (element_state,)
    if is_picture(kind):
        return (picture_state,)
    if is_jitted(kind):
        return (jitted_state,)
    return (maker,) if (maker := tensor_maker(kind)) is not None else None


def _unknown(value: Any) -> tuple[State | None, Tells]:
    return None, "iterator"


def _constant(value: Any) -> tuple[State | None, Tells]:
    """What can't change, but is one object: it counts among those that names share."""
    return State(lambda now: False, lambda target: None), "whole"


def _random(value: Any) -> tuple[State | None, Tells]:
    held = value.getstate()

    def restore(target: Any) -> None:
        target.setstate(held)

    return State(lambda now: now.getstate() != held, restore), "whole"


_random_and_more = joined(_random, instance_state)


_array_subclass = joined(array_state, instance_state)


def _masked(value: Any) -> tuple[State | None, Tells]:
    """A masked array.  What fills it is worked out when somebody asks for it, and shared with slices made later: it is
    compared without asking.
    """
    data, tells = array_state(value)
    held = {name: part for name, part in attributes_of(value).items() if name != "_fill_value"}
    fill = attributes_of(value).get("_fill_value")
    filled, put_back = _filled(value), data.restore if data is not None else None

    def changed(now: Any) -> bool:
        if data is None or data.changed(now) or _filled(now) != filled:
            return True
        others = {name: part for name, part in attributes_of(now).items() if name != "_fill_value"}
        return held.keys() != others.keys() or not all(p is others[n] or equal(p, others[n]) for n, p in held.items())

    def restore(target: Any) -> None:
        assert put_back is not None
        put_back(target)
        attributes_of(target).clear()
        attributes_of(target).update(held, _fill_value=fill)

    return State(changed, restore if put_back is not None else None, data.size if data is not None else 0), tells


def _filled(value: Any) -> str:
    """What fills a masked array, or would if somebody asked."""
    fill = attributes_of(value).get("_fill_value")
    if fill is None:
        fill = sys.modules["numpy"].ma.core._check_fill_value(None, value.dtype)
    return repr(fill[()])


CONTAINERS: tuple[tuple[type, Maker], ...] = (
    (defaultdict, joined(default_state, instance_state)),
    (dict, joined(dict_state, instance_state)),
    (list, joined(list_state, instance_state)),
    (set, joined(set_state, instance_state)),
    (deque, joined(deque_state, instance_state)),
)

MAKERS: dict[type, Maker] = {
    **ITERATORS,
    list: list_state,
    dict: dict_state,
    set: set_state,
    deque: deque_state,
    OrderedDict: ordered_state,
    defaultdict: default_state,
    bytearray: bytearray_state,
    io.StringIO: buffer_state,
    io.BytesIO: buffer_state,
    types.FunctionType: function_state,
    types.CellType: closure_state,
    partial: instance_state,
}
