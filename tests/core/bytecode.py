"""What CPython itself makes of a cell: the names that the compiled code loads and stores, an oracle for the analysis.

CPython knows no flow ("read before bound on some path"), so the comparison is of sets that must agree or contain
one another; what the two see differently on purpose is written down where it is taken out.
"""

from __future__ import annotations

import ast
import dis
import inspect
import types
import warnings

from reactive_kernel.core.facts import Facts
from reactive_kernel.core.python import analyse

__all__ = ["Compiled", "differences"]

_NAME_LOADS = frozenset({"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"})
_NAME_STORES = frozenset({"STORE_NAME", "STORE_GLOBAL"})
_IMPLICIT = frozenset({
    "__name__", "__class__", "__doc__", "__debug__", "__annotations__", "__classdict__", "__conditional_annotations__",
    "__static_attributes__", "__firstlineno__",
})  # fmt: skip


def _handlers_of_nothing(tree: ast.AST) -> set[str]:
    """Return the names that handlers of empty blocks mention: CPython leaves them out."""
    return {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Try) and all(isinstance(item, ast.Pass) for item in node.body)
        for handler in node.handlers
        for name in ast.walk(handler)
        if isinstance(name, ast.Name)
    }


class Compiled:
    """What the compiled cell does to names at its top level, and to globals in the functions in it."""

    def __init__(self, source: str) -> None:
        code = compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        self.loads: set[str] = set()
        self.stores: set[str] = set()
        self.deletes: set[str] = set()
        self.inner_loads: set[str] = set()  # in functions, classes and comprehensions
        self.inner_stores: set[str] = set()
        self.class_names: set[str] = set()
        tree = ast.parse(source)
        self.dropped = set(_IMPLICIT) | _handlers_of_nothing(tree)
        self.unreached = any(isinstance(node, (ast.Raise, ast.While)) for node in ast.walk(tree))
        self.rebinds = False  # a name is bound again or deleted: the code that it carried first is gone
        for item in dis.get_instructions(code):
            self.rebinds |= item.opname in (*_NAME_STORES, "DELETE_NAME") and item.argval in self.stores
            self._note(item, self.loads, self.stores)
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._inner(constant)

    def _note(self, item: dis.Instruction, loads: set[str], stores: set[str]) -> None:
        if item.opname in _NAME_LOADS:
            loads.add(item.argval)
        elif item.opname in _NAME_STORES:
            stores.add(item.argval)
        elif item.opname in ("DELETE_NAME", "DELETE_GLOBAL"):
            self.deletes.add(item.argval)

    def _inner(self, code: types.CodeType) -> None:
        # A class body's own names are loaded and stored by name too: only what can reach the globals counts.
        is_class = not code.co_flags & inspect.CO_NEWLOCALS
        own: set[str] = set()
        loads: set[str] = set()
        stores: set[str] = set()
        for item in dis.get_instructions(code):
            if is_class and item.opname in ("STORE_NAME", "DELETE_NAME"):
                own.add(item.argval)
            else:
                self._note(item, loads, stores)
        self.inner_loads |= loads
        self.inner_stores |= stores
        self.class_names |= own
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._inner(constant)


def every_read(facts: Facts) -> set[str]:
    """Return all names that the facts say are read, now or later."""
    out = set(facts.reads)
    for deferred in facts.deferred.values():
        out |= deferred.reads
    return {name for name in out if not name.startswith("<")}


def differences(source: str) -> list[str]:
    """Return what CPython and the analysis disagree on; empty if they agree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compiled = Compiled(source)
        except SyntaxError:
            return []
    facts = analyse(source)
    if facts.problem is not None:
        return [f"problem: {facts.problem.message}"]
    if any("nested too deeply" in item.reason for item in facts.opaque):
        return ["the walk came to no end"]
    out: list[str] = []
    loaded = compiled.loads | compiled.inner_loads
    stored = compiled.stores | compiled.inner_stores
    bound = set(facts.writes) | set(facts.deletes)
    for deferred in facts.deferred.values():
        bound |= deferred.writes
    reads = every_read(facts)
    if extra := reads - loaded - compiled.deletes - compiled.dropped:
        out.append(f"reads that CPython does not load: {sorted(extra)}")
    if extra := bound - stored - compiled.deletes:
        out.append(f"bindings that CPython does not make: {sorted(extra)}")
    if compiled.unreached:  # names in code that is never reached are no facts
        return out
    needed = compiled.loads if compiled.rebinds else loaded
    if missing := needed - reads - stored - compiled.class_names - _IMPLICIT:
        out.append(f"loads that are missed: {sorted(missing)}")
    if missing := compiled.stores - bound - _IMPLICIT:
        out.append(f"bindings that are missed: {sorted(missing)}")
    return out
