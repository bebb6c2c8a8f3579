"""What code inside a value does to the notebook's variables when it is called, read off its bytecode."""

from __future__ import annotations

import dis
import functools
import gc
import inspect
import sys
import types
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reactive_kernel.core.dotted import named_in
from reactive_kernel.core.facts import Deferred, together
from reactive_kernel.core.queried import METHODS, locals_in, tables_in

__all__ = [
    "CODED",
    "LOOKUP",
    "NOTHING",
    "SUSPENDED",
    "bound_first",
    "code_of",
    "frame_of",
    "inside",
    "lookups",
    "names_in",
    "names_of_a_call",
    "stack_of",
    "steps",
    "sure_stores",
]

NOTHING = Deferred()


@functools.lru_cache(maxsize=4096)
def names_in(code: types.CodeType) -> Deferred:
    """Globals that a code object and the code nested in it read, write or delete."""
    return _names(code, frozenset())


@functools.lru_cache(maxsize=4096)
def names_of_a_call(code: types.CodeType) -> Deferred:
    """The same for calling the function once, its result not used: what it only makes and returns does not run."""
    if code.co_flags & LATER:
        return NOTHING
    return _names(code, frozenset(c for c in code.co_consts if isinstance(c, types.CodeType) and _returned(code, c)))


LOOKUP = dis.opmap["LOAD_GLOBAL"]
STORE = dis.opmap["STORE_GLOBAL"]
LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
LATER = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
MAKING = ("MAKE_FUNCTION", "SET_FUNCTION_ATTRIBUTE")
_QUERY_METHODS = {"duckdb": METHODS, "chdb": METHODS, "polars": frozenset({"sql"})}
_OF_PANDAS = frozenset({"query", "eval"})
STORES = ("STORE_FAST", "STORE_DEREF")
CALL = ["CALL"] if sys.version_info >= (3, 12) else ["PRECALL", "CALL"]


def _returned(code: types.CodeType, inner: types.CodeType) -> bool:
    """True if all that a function does with one that it makes is to return it, perhaps by way of `functools.wraps`."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in ("CACHE", "RESUME")]
    made = next((at for at, step in enumerate(steps) if step.argval is inner), None)
    if made is None:
        return False
    after = [step for step in steps[made + 1 :] if step.opname not in MAKING]
    if "wraps" in code.co_names and [step.opname for step in after[: len(CALL)]] == CALL:
        del after[: len(CALL)]
    if after[0].opname == "RETURN_VALUE":
        return True
    name = after[0].argval
    others = (c for c in code.co_consts if isinstance(c, types.CodeType) and c is not inner)
    if after[0].opname not in STORES or any(name in other.co_freevars for other in others):
        return False
    uses = [at for at, step in enumerate(steps) if step.argval == name and step.opname in ("LOAD_FAST", "LOAD_DEREF")]
    return all(steps[at + 1].opname == "RETURN_VALUE" for at in uses)


def _names(code: types.CodeType, without: frozenset[types.CodeType]) -> Deferred:
    """Globals that a code object uses, and the code nested in it but for ``without``."""
    parts: list[Deferred] = []
    writes: set[str] = set()
    steps = list(dis.get_instructions(code))
    stores = sure_stores(code)
    for at, step in enumerate(steps):
        if step.opname in LOADS:
            text = _evaluated(steps[at : at + 3])
            names = frozenset({str(step.argval)} if text is None else named_in(text))
        elif step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            writes.add(str(step.argval))
            continue
        elif isinstance(step.argval, types.CodeType) and step.argval not in without:
            names = names_in(step.argval).reads
            writes |= names_in(step.argval).writes
        else:
            continue
        own = frozenset(name for name, place in stores.items() if place < step.offset)
        parts.append(Deferred(names - own, after=dict.fromkeys(names, own) if own else {}))
    parts.append(Deferred(_looked_up_in_queries(code)))
    found = together(parts)
    return replace(found, writes=frozenset(writes)) if found.reads or found.after or writes else NOTHING


def _looked_up_in_queries(code: types.CodeType) -> frozenset[str]:
    """Variables in the texts of queries that code hands to pandas, DuckDB or polars, which look them up by name."""
    texts = [const for const in code.co_consts if isinstance(const, str)]
    found: set[str] = set()
    if "pandas" in sys.modules and not _OF_PANDAS.isdisjoint(code.co_names):
        found.update(name for text in texts for name in locals_in(text))
    loaded = [name for name in _QUERY_METHODS if name in sys.modules]
    if any(_QUERY_METHODS[name].intersection(code.co_names) for name in loaded):
        found.update(table for text in texts for table in tables_in(text))
    return frozenset(found.difference(code.co_varnames, code.co_freevars))


@functools.lru_cache(maxsize=4096)
def bound_first(code: types.CodeType) -> frozenset[str]:
    """Globals that a function surely binds, by ``global``, before it looks at them: what was there it does not read."""
    stores = sure_stores(code)
    if not stores:
        return frozenset()
    looks = (step for step in dis.get_instructions(code) if step.opname in LOADS)
    return frozenset(stores.keys() - {step.argval for step in looks if step.offset < stores.get(step.argval, 0)})


@functools.lru_cache(maxsize=4096)
def sure_stores(code: types.CodeType) -> Mapping[str, int]:
    """Globals that a function binds and never deletes, and where it first does so in a place that it has to pass.

    Nothing leads past such a place: no jump from before it to behind it, and no handler of exceptions.
    """
    if code.co_flags & LATER or STORE not in (kind for _, kind, _ in steps(code)):
        return {}
    whole: Any = dis.Bytecode(code)
    past = [(step.offset, step.argval) for step in whole if step.opcode in JUMPS]
    past += [(entry.start, entry.target) for entry in whole.exception_entries]
    deleted = {step.argval for step in whole if step.opname == "DELETE_GLOBAL"}
    found: dict[str, int] = {}
    for at, name in ((step.offset, step.argval) for step in whole if step.opname == "STORE_GLOBAL"):
        if name not in deleted and not any(start < at < target for start, target in past):
            found.setdefault(name, at)
    return found


def _evaluated(steps: list[dis.Instruction]) -> str | None:
    """The text in ``eval("…")`` or ``exec("…")``, if it stands there as it is."""
    if len(steps) < 3 or steps[0].argval not in ("eval", "exec") or steps[2].opname not in ("PRECALL", "CALL"):
        return None
    text = steps[1].argval
    return text if steps[1].opname == "LOAD_CONST" and isinstance(text, str) else None


def inside(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code objects in another, and those in these."""
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from inside(const)


def steps(code: types.CodeType) -> Iterator[tuple[int, int, int]]:
    """The instructions: where each is, which, and its argument; `dis` takes 20 times as long."""
    found, more = code.co_code, 0
    for at in range(0, len(found), 2):
        if found[at] == dis.EXTENDED_ARG:
            more = (more | found[at + 1]) << 8
        else:
            yield at, found[at], more | found[at + 1]
            more = 0


@functools.lru_cache(maxsize=4096)
def lookups(code: types.CodeType) -> tuple[tuple[int, str], ...]:
    """Where code looks up globals of which one can tell whether it came there, and which."""
    found = ((at, code.co_names[argument >> 1]) for at, kind, argument in steps(code) if kind == LOOKUP)
    own = bound_first(code)
    return tuple((at, name) for at, name in found if name not in own)


# None of these can be subclassed.
CODED = frozenset({types.FunctionType, types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType})


_FRAMES = {types.GeneratorType: "gi_frame", types.CoroutineType: "cr_frame", types.AsyncGeneratorType: "ag_frame"}
SUSPENDED = tuple(_FRAMES)


def frame_of(value: Any) -> types.FrameType | None:
    """Where a generator or coroutine is; None once it has ended."""
    frame: types.FrameType | None = getattr(value, _FRAMES[type(value)])
    return frame


def stack_of(value: Any) -> list[Any]:
    """What a suspended generator or coroutine is in the midst of: a loop's iterator, operands of an expression."""
    frame = frame_of(value)
    if frame is None:
        return []
    code, names = frame.f_code, frame.f_locals
    apart = {id(frame), id(code), id(names), id(frame.f_globals), id(frame.f_builtins)}
    held = (item for item in gc.get_referents(value) if id(item) not in apart and type(item) is not str)
    return [
        item for item in held if getattr(item, "__code__", None) is not code or type(item) is not types.FunctionType
    ]


def code_of(value: Any) -> Iterator[types.CodeType]:
    """Code objects that calling or consuming this one object runs (objects inside it not followed)."""
    kind = type(value)
    if kind is types.FunctionType:
        yield value.__code__
    elif kind is types.GeneratorType:
        yield value.gi_code
    elif kind is types.CoroutineType:
        yield value.cr_code
    elif kind is types.AsyncGeneratorType:
        yield value.ag_code
