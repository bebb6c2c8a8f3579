"""Run one cell's source in a namespace as a kernel would: output, last expression, error as text."""

from __future__ import annotations

import ast
import builtins
import contextlib
import decimal
import io
import os
import random
import re
import warnings
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from . import disk, sql_plain

Namespace = dict[str, Any]

VARIABLE = "ORACLE"  # of the environment, which the grammar's cells set
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")


# `sorted` of a set of objects: which two it compares first depends on where they are.
_COMPARED = re.compile(r"(?<=between instances of )'(\w+)' and '(\w+)'")


def comparable_error(error: str) -> str:
    """An error's text without what depends on the addresses of objects."""
    ordered = _COMPARED.sub(lambda found: "{!r} and {!r}".format(*sorted(found.groups())), error)
    return ADDRESS.sub("0x…", ordered)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a cell shows: its text, and the error's text or None."""

    text: str
    error: str | None = None

    def __str__(self) -> str:
        return self.text + (f"!! {self.error}" if self.error else "")


def new_namespace() -> Namespace:
    """Return what a kernel's user namespace has before anything runs."""
    return {"__name__": "__main__", "__builtins__": builtins}


def reset_hidden_state() -> None:
    """Put what belongs to the process, and cells change, where every session and every clean run starts."""
    random.seed(20)
    np.random.seed(20)
    _set_process(None, 28)
    disk.forget()


def process_state() -> tuple[str | None, int]:
    """What cells may change of the process, but for generators."""
    return os.environ.get(VARIABLE), decimal.getcontext().prec


def _set_process(variable: str | None, digits: int) -> None:
    os.environ.pop(VARIABLE, None)
    if variable is not None:
        os.environ[VARIABLE] = variable
    decimal.getcontext().prec = digits


@contextlib.contextmanager
def hidden_state_kept() -> Iterator[None]:
    """Let a clean run use the process-wide generators and the like without the engine noticing."""
    python, numpy_ = random.getstate(), np.random.get_state()
    process, modules = process_state(), disk.forget()
    try:
        reset_hidden_state()
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_)
        _set_process(*process)
        disk.remember(modules)


def compile_anew(source: str) -> tuple[CodeType, CodeType | None]:
    """The code of a cell: its statements, and its last expression if it ends with one."""
    tree = ast.parse(source)
    last: CodeType | None = None
    if tree.body and isinstance(end := tree.body[-1], ast.Expr):
        tree.body.pop()
        last = compile(ast.Expression(end.value), "<cell>", "eval")
    return compile(tree, "<cell>", "exec"), last


_compiled = lru_cache(maxsize=20_000)(compile_anew)


@lru_cache(maxsize=20_000)
def normal_form(source: str) -> str:
    """Return a text that two sources share when they differ in comments and formatting only."""
    if sql_plain.is_sql(source):
        return sql_plain.normal_form(source)
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return source


def parses(source: str) -> bool:
    """Tell whether the source is Python, or SQL (of which nothing here has faults of grammar)."""
    if sql_plain.is_sql(source):
        return True
    try:
        _compiled(source)
    except SyntaxError:
        return False
    return True


class Recorder(MutableMapping[str, Any]):
    """A namespace as a cell's own statements see it, which notes the names that they bind."""

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.bound: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        return self.namespace[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.bound.add(name)
        self.namespace[name] = value

    def __delitem__(self, name: str) -> None:
        del self.namespace[name]

    def copy(self) -> Namespace:
        """As pandas takes the local variables of who calls its ``query``."""
        return self.namespace.copy()

    def __iter__(self) -> Iterator[str]:
        return iter(self.namespace)

    def __len__(self) -> int:
        return len(self.namespace)


def execute(
    source: str,
    namespace: Namespace,
    recorder: Recorder | None = None,
    tell: Callable[[CodeType], object] | None = None,
) -> Shown:
    """Run ``source``; never raises for a fault of the source.  ``tell`` gets its code before that runs, made for it."""
    if sql_plain.is_sql(source):
        return Shown(*sql_plain.execute(source, namespace))
    out = io.StringIO()
    error: str | None = None
    with warnings.catch_warnings(), contextlib.redirect_stdout(out):
        warnings.simplefilter("ignore")
        try:
            body, last = (_compiled if tell is None else compile_anew)(source)
            for code in (body, last):
                if tell is not None and code is not None:
                    tell(code)
            exec(body, namespace, recorder)
            if last is not None:
                value = eval(last, namespace, recorder)
                if value is not None:
                    print(repr(value))
        except RecursionError:
            error = "RecursionError"  # its message depends on where the stack ended
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"
    return Shown(ADDRESS.sub("0x…", out.getvalue()), error and comparable_error(error))
