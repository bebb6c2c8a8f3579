"""Proofs of equality: a *token* names a value so exactly that equal tokens mean equal values.

Only for what can't change in place: scalars, strings, tuples of them, modules, things that live in
imported modules, and functions and classes of equal code.  None means: not provable, or not cheaply.
"""

from __future__ import annotations

import abc
import dataclasses
import datetime
import decimal
import fractions
import functools
import pathlib
import re
import sys
import types
import uuid
from collections.abc import Callable
from hashlib import blake2b
from itertools import islice
from typing import Any

from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.typewise import about, members_of, module_of

__all__ = ["equal", "identity_matters", "token"]

MAX_TEXT = 1 << 20  # characters or bytes hashed at most
MAX_ITEMS = 1000

SCALARS: tuple[type, ...] = (int, float, complex, bool, type(None), type(Ellipsis), type(NotImplemented), range, slice)
BY_REPR: tuple[type, ...] = (
    datetime.date,
    datetime.datetime,
    datetime.time,
    datetime.timedelta,
    datetime.timezone,
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    pathlib.PurePosixPath,
    pathlib.PosixPath,
    re.Pattern,
)
CLASS_NOISE = frozenset(
    "__dict__ __weakref__ __module__ __qualname__ __firstlineno__ __static_attributes__ _abc_impl".split()
)

ABSTRACT = {"__isabstractmethod__": True}


def _hash(text: bytes) -> str:
    return blake2b(text, digest_size=16).hexdigest()


def token(value: Any, main: str = "__main__") -> str | None:
    """Token of a value, or None; ``main`` is the module name that notebook code has."""
    try:
        return _token(value, main, 0)
    except Exception:  # a hostile __repr__ or __getattr__ proves nothing
        return None


def equal(one: Any, other: Any) -> bool:
    """True if two values are provably equal and can't be told apart but by ``is``: numbers, texts, tuples of them."""
    kind = type(one)
    if kind is not type(other) or issubclass(kind, _TELLING):
        return False
    return (proof := token(one)) is not None and proof == token(other) and _holds_the_same(one, other)


_TELLING = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)


def _holds_the_same(one: Any, other: Any) -> bool:
    """True if the functions and classes in two equal tuples are the same objects, too."""
    if type(one) is tuple:
        return all(map(_holds_the_same, one, other))
    if type(one) is frozenset:
        return bool(one == other)
    return one is other or not isinstance(one, _TELLING)


def identity_matters(value: Any, main: str) -> bool:
    """True for values that equal tokens prove equal, but which ``is`` or ``isinstance`` can tell apart."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return any(identity_matters(item, main) for item in islice(value, MAX_ITEMS))
    if issubclass(kind, type):
        return module_of(value) == main
    return kind is types.FunctionType and value.__module__ == main


def _token(value: Any, main: str, depth: int) -> str | None:
    kind = type(value)
    if kind in SCALARS or kind in BY_REPR:
        return f"{kind.__name__}:{value!r}"
    if kind is str or kind is bytes:
        if len(value) > MAX_TEXT:
            return None
        return f"{kind.__name__}:" + _hash(value.encode("utf-8", "surrogatepass") if kind is str else value)
    if depth > 8:
        return None
    if kind is tuple:
        return _sequence("tuple", value, main, depth)
    if kind is frozenset:
        tokens = [_token(item, main, depth + 1) for item in value] if len(value) <= MAX_ITEMS else [None]
        # In the order in which it gives them: that may differ.
        return None if None in tokens else "frozenset:" + _hash(",".join(t for t in tokens if t).encode())
    if kind is types.ModuleType:
        name = str(vars(value).get("__name__"))
        return f"module:{name}{_edition(name)}" if sys.modules.get(name) is value else None
    if kind is types.FunctionType and value.__module__ == main:
        return _function(value, main, depth)
    if issubclass(kind, type) and module_of(value) == main:
        return _class(value, main, depth)
    if issubclass(kind, type) or kind in (types.FunctionType, types.BuiltinFunctionType):
        return _imported(value)
    known = about(kind)
    if known.module == main:  # looking at an attribute could run the user's code
        return None
    numpy = sys.modules.get("numpy")
    if numpy is not None and issubclass(kind, numpy.generic):
        return f"numpy:{value.dtype.str}:{value!r}" if value.dtype.kind in "biufcmMSU" else None
    if known.package == "pandas" and known.name in (
        "Timestamp",
        "Timedelta",
        "Period",
        "NaTType",
        "NAType",
        "Interval",
    ):
        return f"pandas:{value!r}"
    return _imported(value) if getattr(value, "__qualname__", None) and getattr(value, "__module__", None) else None


def _sequence(kind: str, items: tuple[Any, ...], main: str, depth: int) -> str | None:
    if len(items) > MAX_ITEMS:
        return None
    tokens = [_token(item, main, depth + 1) for item in items]
    return (
        None
        if None in tokens
        else f"{kind}:" + _hash("\0".join(t for t in tokens if t).encode("utf-8", "surrogatepass"))
    )


def _imported(value: Any) -> str | None:
    """Token of something that can be found again under its module and name."""
    module, name = value.__module__, value.__qualname__
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"object:{module}.{name}{_edition(module)}" if found is value and module != "__main__" else None


def _edition(module: str) -> str:
    edition = LOCAL.edition(module)
    return "" if edition is None else f"@{edition}"


@functools.lru_cache(maxsize=4096)
def _code(code: types.CodeType) -> str:
    consts = []
    for const in code.co_consts:
        consts.append(_code(const) if isinstance(const, types.CodeType) else f"{type(const).__name__}:{const!r}")
    parts = (
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
        code.co_argcount,
        code.co_posonlyargcount,
        code.co_kwonlyargcount,
        code.co_name,
        getattr(code, "co_exceptiontable", b""),
        consts,
    )
    return _hash(repr(parts).encode("utf-8", "surrogatepass"))


def _function(function: types.FunctionType, main: str, depth: int) -> str | None:
    captured: list[Any] = [function.__name__, function.__qualname__, function.__doc__, function.__defaults__ or ()]
    captured.extend(item for pair in sorted((function.__kwdefaults__ or {}).items()) for item in pair)
    if function.__dict__ and function.__dict__ != ABSTRACT:
        return None
    captured.append(len(function.__dict__))
    for cell in function.__closure__ or ():
        try:
            inside = cell.cell_contents
        except ValueError:
            return None
        if inside is function:
            inside = "itself"
        captured.append(inside)
    annotations = function.__annotations__ if sys.version_info < (3, 14) else {}
    captured.extend(item for pair in sorted(annotations.items()) for item in pair)
    rest = _sequence("captured", tuple(captured), main, depth + 1)
    return None if rest is None else f"function:{_code(function.__code__)}:{rest}"


def _is_generated(member: Any) -> bool:
    """True for what `dataclasses` writes itself, from the fields and parameters."""
    if type(member) is not types.FunctionType:
        return False
    written = member.__dict__.get("__wrapped__", member)
    return type(written) is types.FunctionType and written.__code__.co_qualname.startswith("__create_fn__.")


def _fields_of_a_tuple(cls: type) -> tuple[str, ...]:
    """The fields of a class that `collections.namedtuple` made; their names and defaults are among its members."""
    return members_of(cls).get("_fields", ()) if cls.__bases__ == (tuple,) and type(cls) is type else ()


def _is_of_a_named_tuple(member: Any) -> bool:
    """True for methods that `collections.namedtuple` writes itself, from the fields."""
    written = getattr(member, "__func__", member)
    module = written.__module__ if type(written) is types.FunctionType else ""
    return module == "collections" or module.startswith("namedtuple_")


def _fields(fields: dict[str, Any]) -> tuple[Any, ...]:
    """What was said of a dataclass's fields."""
    missing = dataclasses.MISSING
    said = ("name", "type", "default", "default_factory", "init", "repr", "hash", "compare", "kw_only")
    values = (tuple(getattr(field, name) for name in said) for field in fields.values())
    return tuple(tuple("missing" if item is missing else item for item in value) for value in values)


DATACLASS: dict[str, Callable[[Any], Any]] = {"__dataclass_fields__": _fields, "__dataclass_params__": repr}


def _class(cls: type, main: str, depth: int) -> str | None:
    if type(cls) not in (type, abc.ABCMeta):
        return None
    parts: list[Any] = [type(cls), cls.__qualname__, *cls.__bases__]
    generated, fields = "__dataclass_fields__" in members_of(cls), _fields_of_a_tuple(cls)
    for name, value in sorted(members_of(cls).items()):
        if name in CLASS_NOISE or (generated and _is_generated(value)):
            continue
        if fields and (name in fields or _is_of_a_named_tuple(value)):
            continue
        if name in DATACLASS:
            value = DATACLASS[name](value)
        if isinstance(value, (staticmethod, classmethod)):
            value = (type(value).__name__, value.__func__)
        elif isinstance(value, property):
            value = ("property", value.fget, value.fset, value.fdel)
        elif name == "__annotations__" or (fields and name == "_field_defaults"):
            value = tuple(item for pair in value.items() for item in pair)
        if isinstance(value, types.FunctionType) and value.__closure__ and "__class__" in value.__code__.co_freevars:
            value = (_code(value.__code__), value.__defaults__)
        parts.extend((name, value))
    rest = _sequence("class", tuple(parts), main, depth + 1)
    return None if rest is None else f"class:{rest}"
