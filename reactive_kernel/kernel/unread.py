"""Which names a run did not read, though code that the cell can call reads them: none of that code was entered.

What code that did not run would have read can't have had a part in what the cell made.  It is left out only where that
is certain: not where a result may have been kept from an earlier call, or code may have been run elsewhere or by other
means than Python's own (in another process, compiled, on a thread that goes on).
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import threading
import types
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reactive_kernel.core.dotted import EVALUATORS
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.called import Calls, find
from reactive_kernel.kernel.changes import Watch, called_reads
from reactive_kernel.kernel.code import code_of
from reactive_kernel.kernel.states import OURS
from reactive_kernel.kernel.survey import Survey
from reactive_kernel.kernel.typewise import about

__all__ = ["Following", "Unread"]

AWAITED = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
# What compiles functions, sends them elsewhere, or gets at their variables without calling them.
OTHER_WAYS = (
    "numba", "torch", "tensorflow", "keras", "jax", "taichi", "cupy", "triton", "pythran", "cython", "pyspark", "ray",
    "dask", "distributed", "ipyparallel", "cloudpickle", "dill", "mpi4py", "parsl", "pathos", "multiprocess", "modin",
)  # fmt: skip
_TOOL = re.compile(rf"\b(?:{'|'.join(OTHER_WAYS)})\b")
_WORD = re.compile(r"[^\W\d]\w*")
_BY_THE_WAY = OURS | {"IPython", "tqdm"}  # threads of theirs run nothing of the notebook's


@dataclass(slots=True)
class Following:
    """What is noted before a run, and while it goes on.

    Attributes:
        called: names that code of other cells may read.
        own: names that only code of the cell itself may read.
        kept: those which count as read whatever is entered.
        functions: what was found to be called, with its code.
        compiled: code objects of the cell itself.
        processes: see `_processes`.
    """

    called: set[str]
    own: frozenset[str]
    kept: set[str] = field(default_factory=set)
    functions: list[tuple[types.FunctionType, types.CodeType]] = field(default_factory=list)
    compiled: list[types.CodeType] = field(default_factory=list)
    processes: tuple[int, str] | None = None


class Unread:
    """Follows the runs of one kernel."""

    def __init__(self, session: Session, namespace: dict[str, Any]) -> None:
        self.session = session
        self.namespace = namespace
        self._calls: Calls | None = None
        self._asked = False
        self._following: Following | None = None
        self._threads: Set[threading.Thread] = frozenset(threading.enumerate())

    def begin(self, watch: Watch) -> None:
        """Before a cell runs, its inputs having been looked at."""
        self._following = self._begin(watch)

    def _begin(self, watch: Watch) -> Following | None:
        cell = watch.cell
        own = frozenset(filter(_is_variable, cell.facts.in_code))
        called = {n for n in called_reads(self.session, cell) if _is_variable(n) and n in cell.inputs}
        called -= cell.facts.reads.keys() - own
        if watch.again and cell.ran is not None:  # what it did without is not among its inputs
            called |= cell.ran.unread
        if not (called or own) or any(reason.hides_reads for reason in cell.facts.opaque):
            return None
        if not self._asked:
            self._asked, self._calls = True, find()
        if self._calls is None or self._otherwise():
            return None
        following = Following(called, own, processes=_processes())
        for name in [n for n in cell.inputs if self._carries(cell, n)]:
            seen = watch.surveys.get(name)
            if seen is not None and not (seen.truncated or seen.caches or name.startswith("sql:")):
                if not self._note(seen, self._calls, following):
                    following.kept |= self._behind(cell, name)
            else:
                following.kept |= self._behind(cell, name)
        return following

    def compiled(self, code: types.CodeType) -> None:
        """Code is about to run: the cell's own, while one runs."""
        following = self._following
        if following is None or self._calls is None or not following.own:
            return
        for inner in _inside(code):
            following.compiled.append(inner)
            self._calls.note(inner)

    def end(self, watch: Watch) -> frozenset[str]:
        """After the run."""
        following, self._following = self._following, None
        return frozenset() if following is None else self._end(watch, following)

    def _end(self, watch: Watch, following: Following) -> frozenset[str]:
        entered = self._calls.entered() if self._calls is not None else []
        if following.processes is None or following.processes != _processes() or self._goes_on():
            return frozenset()
        if any(function.__code__ is not code for function, code in following.functions):
            return frozenset()
        if any(code.co_flags & AWAITED for code in following.compiled):
            return frozenset()
        own = {id(code) for code in following.compiled}
        read = set(following.kept)
        for code in entered:
            read |= _named(code, id(code) in own)
        unrun = own - {id(code) for code in entered}
        skipped: set[str] = set().union(*(code.co_names for code in following.compiled if id(code) in unrun))
        if not EVALUATORS.isdisjoint(read):
            return frozenset()
        ran = watch.cell.ran
        if watch.again and ran is not None:
            return ran.unread if read.isdisjoint(ran.unread) else frozenset()
        return frozenset(((following.called - following.own) | (following.own & skipped)) - read)

    def _note(self, seen: Survey, calls: Calls, following: Following) -> bool:
        """Watch the code inside an input; False if some of it goes on by itself."""
        whole = True
        for value, _ in seen.states.values():
            if type(value) is types.FunctionType:
                if value.__globals__ is self.namespace:
                    code = calls.note_function(value)
                    following.functions.append((value, code))
                    whole &= not code.co_flags & AWAITED
                continue
            for code in code_of(value):
                calls.note(code)
                whole &= not code.co_flags & AWAITED
        return whole

    def _carries(self, cell: Cell, name: str) -> bool:
        return any(name in self.session.cells[producer].carried for producer in cell.inputs[name])

    def _behind(self, cell: Cell, name: str) -> set[str]:
        """All names that code in an input may come to read."""
        found: set[str] = set()
        todo = [name]
        while todo:
            here = todo.pop()
            for producer in cell.inputs.get(here, ()):
                code = self.session.cells[producer].carried.get(here)
                if code is not None:
                    todo += code.reads - found
                    found |= code.reads
        return found

    def _otherwise(self) -> bool:
        """True if the notebook uses something that runs code in ways which can't be seen."""
        loaded = [name for name in OTHER_WAYS if name in sys.modules]
        if not loaded:
            return False
        used = frozenset().union(*(_tools(cell.source) for cell in self.session.document))
        return not used.isdisjoint(loaded)

    def _goes_on(self) -> bool:
        """True if a thread of the user's may run code of the notebook's after the cell."""
        threads = (t for t in threading.enumerate() if t not in self._threads)
        return any(about(type(thread)).package not in _BY_THE_WAY for thread in threads)


def _is_variable(name: str) -> bool:
    return not name.startswith(("<", "sql:"))


@lru_cache(maxsize=4096)
def _tools(source: str) -> frozenset[str]:
    """Those of `OTHER_WAYS` that a text names."""
    return frozenset(_TOOL.findall(source))


def _inside(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code objects in another, and those in these."""
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield const
            yield from _inside(const)


@lru_cache(maxsize=4096)
def _named(code: types.CodeType, alone: bool) -> frozenset[str]:
    """Names that code may look up, the code in it too unless ``alone``: also those that a text in it spells."""
    found = set(code.co_names)
    for const in code.co_consts:
        if isinstance(const, str):
            found.update(_WORD.findall(const))
        elif isinstance(const, types.CodeType) and not alone:
            found |= _named(const, False)
    return frozenset(found)


_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


os.register_at_fork(before=_count_fork)


def _processes() -> tuple[int, str] | None:
    """Changes whenever a process is begun; None while some of `multiprocessing`'s are alive."""
    made = sys.modules.get("multiprocessing.process")
    if made is not None and getattr(made, "_children", None):
        return None
    return _forks, repr(getattr(made, "_process_counter", None))
