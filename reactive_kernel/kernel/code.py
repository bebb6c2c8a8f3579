"""What code inside a value does to the notebook's variables when it is called, read off its bytecode."""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterator
from typing import Any

from reactive_kernel.core.dotted import named_in
from reactive_kernel.core.facts import Deferred

__all__ = ["NOTHING", "code_of", "names_in"]

NOTHING = Deferred()


@functools.lru_cache(maxsize=4096)
def names_in(code: types.CodeType) -> Deferred:
    """Globals that a code object and the code nested in it read, write or delete."""
    reads: set[str] = set()
    writes: set[str] = set()
    steps = list(dis.get_instructions(code))
    for at, instruction in enumerate(steps):
        operation = instruction.opname
        if operation in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            text = _evaluated(steps[at : at + 3])
            reads |= {str(instruction.argval)} if text is None else named_in(text)
        elif operation in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            writes.add(str(instruction.argval))
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            inner = names_in(const)
            reads |= inner.reads
            writes |= inner.writes
    return Deferred(frozenset(reads), frozenset(writes)) if reads or writes else NOTHING


def _evaluated(steps: list[dis.Instruction]) -> str | None:
    """The text in ``eval("…")`` or ``exec("…")``, if it stands there as it is."""
    if len(steps) < 3 or steps[0].argval not in ("eval", "exec") or steps[2].opname not in ("PRECALL", "CALL"):
        return None
    text = steps[1].argval
    return text if steps[1].opname == "LOAD_CONST" and isinstance(text, str) else None


def code_of(value: Any) -> Iterator[types.CodeType]:
    """Code objects that calling or consuming this one object runs (objects inside it not followed)."""
    kind = type(value)  # none of these can be subclassed
    if kind is types.FunctionType:
        yield value.__code__
    elif kind is types.GeneratorType:
        yield value.gi_code
    elif kind is types.CoroutineType:
        yield value.cr_code
    elif kind is types.AsyncGeneratorType:
        yield value.ag_code
