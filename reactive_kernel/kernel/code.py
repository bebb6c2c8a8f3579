"""What code inside a value does to the notebook's variables when it is called, read off its bytecode."""

from __future__ import annotations

import dis
import functools
import types
from collections.abc import Iterator
from typing import Any

from reactive_kernel.core.facts import Deferred

__all__ = ["NOTHING", "code_of", "names_in"]

NOTHING = Deferred()


@functools.lru_cache(maxsize=4096)
def names_in(code: types.CodeType) -> Deferred:
    """Globals that a code object and the code nested in it read, write or delete."""
    reads, writes = set(), set()
    for instruction in dis.get_instructions(code):
        operation = instruction.opname
        if operation in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"):
            reads.add(str(instruction.argval))
        elif operation in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            writes.add(str(instruction.argval))
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            inner = names_in(const)
            reads |= inner.reads
            writes |= inner.writes
    return Deferred(frozenset(reads), frozenset(writes)) if reads or writes else NOTHING


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
