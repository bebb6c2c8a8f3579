"""Which names a run did not read, though code that the cell can call reads them: it did not come to where it would.

And which names it read though nothing had shown it: by code in objects that were too large to be looked at whole, or
that widgets call.

What code that did not run would have read can't have had a part in what the cell made.  It is left out only where that
is certain: not where a result may have been kept from an earlier call, or code may have been run elsewhere or by other
means than Python's own (in another process, compiled, on a thread that goes on).
"""

from __future__ import annotations

import dis
import inspect
import re
import sys
import threading
import types
import weakref
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reactive_kernel.core.dotted import EVALUATORS
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.registered import registered
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.called import Calls, Entered, find
from reactive_kernel.kernel.changes import Watch, bound_by_called, called_reads
from reactive_kernel.kernel.code import (
    LOOKUP,
    SUSPENDED,
    bound_first,
    code_of,
    frame_of,
    inside,
    lookups,
    names_in,
    steps,
)
from reactive_kernel.kernel.evaluated import Evaluated
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.processes import processes
from reactive_kernel.kernel.shell import shell_of
from reactive_kernel.kernel.states import OURS
from reactive_kernel.kernel.survey import Survey
from reactive_kernel.kernel.typewise import about

__all__ = ["Following", "Unread"]

LATER = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
AWAITED = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
# What compiles functions, sends them elsewhere, or gets at their variables without calling them.
OTHER_WAYS = (
    "numba", "tensorflow", "keras", "jax", "taichi", "cupy", "triton", "pythran", "cython", "pyspark", "ray",
    "dask", "distributed", "ipyparallel", "cloudpickle", "dill", "mpi4py", "parsl", "pathos", "multiprocess", "modin",
    "greenlet", "gevent", "eventlet",
)  # fmt: skip
_TOOL = re.compile(rf"\b(?:{'|'.join(OTHER_WAYS)})\b")
# PyTorch runs functions as they are, unless it is asked to do something else with them.
_COMPILES = re.compile(r"\b(?:compile\w*|jit|script\w*|trace\w*|fx|export|onnx|dynamo|package)\b")
# Code that names one of these may get at variables as attributes.
REFLECTIVE = frozenset({"__main__", "modules", "import_module", "get_ipython", "user_module"})
_OF_ALL = frozenset({"items", "keys", "values", "copy", "dict", "list", "sorted", "len"})  # of a dict
_ALL_NAMES = frozenset({"locals", "vars", "dir"})  # where they are called in a text that a cell evaluates
NAMING = {code for name, code in dis.opmap.items() if code in dis.hasname and not re.search("ATTR|METHOD", name)}
NAMING -= {LOOKUP}
CONSTANT = {code for name, code in dis.opmap.items() if code in dis.hasconst and name != "KW_NAMES"}
# While one of these looks on nobody can tell where code comes to.
_TRACER = re.compile(
    r"\b(?:c?[Pp]rofiler?|profiling|[lm]?prun|settrace|setprofile|set_trace|breakpoint|i?pdb|bdb|hypothesis|coverage"
    r"|\w+_profiler|pyinstrument|viztracer|\w*snoop\w*|import trace|from trace)\b"
    r"|%debug\b"
)
# With one of these, functions may have code that no cell's text holds, or needn't run to give what they read.
_OTHER_CODE = re.compile(r"(?<![.\w])(?:exec|eval|compile)\b|\b(?:__code__|CodeType|FunctionType|marshal)\b|%run|cache")
# What code may call that does nothing with a text but put it together with others, and show it.
_HARMLESS = frozenset(
    """format join ljust rjust center strip rstrip lstrip upper lower title capitalize zfill replace items keys values
    append str repr len int float round abs sum min max sorted list tuple dict set zip enumerate range type isinstance
    print super __repr__ __str__ __name__""".split()
)
_ATTRIBUTE, _METHOD, _OTHER_CALL = (dis.opmap.get(name) for name in ("LOAD_ATTR", "LOAD_METHOD", "PUSH_NULL"))
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
        processes: see `processes`.
        evaluates: the cell's text evaluates others, which may read anything that is there.
        texts: the code of cell magics of the user's own, and what IPython ran for them; None where there are none.
    """

    called: set[str]
    own: frozenset[str]
    kept: set[str] = field(default_factory=set)
    functions: list[tuple[types.FunctionType, types.CodeType]] = field(default_factory=list)
    compiled: list[types.CodeType] = field(default_factory=list)
    processes: tuple[int, str] | None = None
    evaluates: bool = False
    texts: set[types.CodeType] | None = None


class Unread:
    """Follows the runs of one kernel."""

    def __init__(self, session: Session, namespace: dict[str, Any]) -> None:
        self.session = session
        self.namespace = namespace
        self._calls: Calls | None = None
        self._asked = False
        self._following: Following | None = None
        self._code: dict[int, weakref.ref[types.CodeType]] = {}  # all that cells' texts hold, and is still there
        self._evaluated = Evaluated(namespace)
        self._threads: Set[threading.Thread] = frozenset(threading.enumerate())

    def begin(self, watch: Watch) -> None:
        """Before a cell runs, its inputs having been looked at."""
        self._following = self._begin(watch)

    def _begin(self, watch: Watch) -> Following | None:
        cell = watch.cell
        own = frozenset(filter(_is_variable, cell.facts.in_code)) | registered(cell, self.session.graph)
        called = {n for n in called_reads(self.session, cell) if _is_variable(n) and n in cell.inputs}
        called -= cell.facts.reads.keys() - own
        if watch.again and cell.ran is not None:  # what it did without is not among its inputs
            called |= cell.ran.unread
        cut = self._may_call_more(watch) and not self._goes_on()
        hidden = [reason for reason in cell.facts.opaque if reason.hides_reads]
        magics = [self._own_magic(reason.magic) for reason in hidden if not reason.evaluates]
        if not (called or own or cut or hidden) or None in magics:
            return None
        if hidden:
            called |= {name for name in cell.inputs if _is_variable(name)} - (cell.facts.reads.keys() - own)
        if not self._asked:
            self._asked, self._calls = True, find()
        if self._calls is None or self._otherwise():
            return None
        following = Following(called, own, processes=processes(), evaluates=bool(hidden))
        following.texts = {code for code in magics if code is not None} if magics else None
        if hidden:
            self._evaluated.begin()
        unwatched = self._watch_all(self._calls) if cut else None
        for name in [n for n in cell.inputs if self._carries(cell, n) and n not in watch.put_by]:
            seen = watch.surveys.get(name)
            if name.startswith("sql:") or (seen is not None and seen.caches):
                following.kept |= self._behind(cell, name)
            elif seen is None or seen.truncated:
                behind = self._behind(cell, name)
                following.kept |= behind if unwatched is None else behind & unwatched
            elif not self._note(seen, self._calls, following):
                following.kept |= self._behind(cell, name)
        return following

    def _may_call_more(self, watch: Watch) -> bool:
        """True if code may run of which what is known of the inputs doesn't tell."""
        cell, ran = watch.cell, watch.cell.ran
        if watch.unseen or (ran is not None and ran.found):
            return True
        known = cell.inputs.keys() | (ran.unread if ran is not None else frozenset())
        return any(
            seen.truncated or seen.widgets or any(self.session.graph.above(n, cell.key) for n in seen.reads - known)
            for seen in watch.surveys.values()
        )

    def _watch_all(self, calls: Calls) -> Set[str] | None:
        """Watch all code of the notebook's; returns what code looks up that can't be watched, None if that's not known.

        What goes on in the midst of it, as generators do, is left alone.
        """
        known = [code for ref in self._code.values() if (code := ref()) is not None]
        for code in known:
            if not code.co_flags & LATER and lookups(code):
                calls.note(code)
        if any(_has_other_code(cell.source) for cell in self.session.document):
            return None
        return frozenset().union(*(names_in(code).reads for code in known if code.co_flags & LATER))

    def _remember(self, codes: Iterable[types.CodeType]) -> None:
        for code in codes:
            key = id(code)
            self._code[key] = weakref.ref(code, lambda _, key=key: self._code.pop(key, None))  # type: ignore[misc]

    def compiled(self, code: types.CodeType) -> None:
        """Code is about to run: the cell's own, while one runs."""
        following = self._following
        self._remember(inside(code))
        if following is not None and following.texts is not None:
            following.texts.add(code)
        if following is None or self._calls is None or not following.own:
            return
        for inner in inside(code):
            following.compiled.append(inner)
            self._calls.note(inner)

    def end(self, watch: Watch) -> tuple[frozenset[str], frozenset[str]]:
        """After the run: what was not read, and what was, though nothing had shown it."""
        following, self._following = self._following, None
        before = watch.cell.ran.found if watch.cell.ran is not None else frozenset()
        kept = before if watch.again else frozenset()
        if following is None:
            return frozenset(), kept
        entered = self._calls.entered() if self._calls is not None else []
        texts = self._evaluated.end() if following.evaluates else frozenset()
        given: Set[types.CodeType] = following.texts or frozenset()
        unread = frozenset() if texts is None else self._end(watch, following, entered, texts | given)
        return unread, kept | self._found(watch.cell, before, entered)

    def _found(self, cell: Cell, before: Set[str], entered: list[Entered]) -> frozenset[str]:
        """Names of cells above that code read which is in no input that is known; ``before``: found before."""
        read = set().union(*(_looked_up(code) - skipped for code, skipped in entered))
        read -= (cell.inputs.keys() - before) | cell.facts.writes.keys() | cell.facts.reads.keys()
        found = {name for name in read if self.session.graph.above(name, cell.key)}
        return frozenset(found - bound_by_called(self.session, cell) if found else found)

    def _end(
        self, watch: Watch, following: Following, entered: list[Entered], texts: Set[types.CodeType]
    ) -> frozenset[str]:
        if following.processes is None or following.processes != processes() or self._goes_on():
            return frozenset()
        if any(function.__code__ is not code for function, code in following.functions):
            return frozenset()
        if any(code.co_flags & AWAITED for code in following.compiled):
            return frozenset()
        whole = any(skipped for _, skipped in entered) and any(_traces(c.source) for c in self.session.document)
        read = set(following.kept)
        for code, skipped in entered:
            read |= _looked_up(code) if whole else _looked_up(code) - skipped
            read |= _otherwise_named(code)
            if following.texts is not None and _takes_all(code):
                return frozenset()
        for code in {each for text in texts for each in (text, *inside(text))}:
            read |= _looked_up(code) | _otherwise_named(code)
            if not _ALL_NAMES.isdisjoint(code.co_names):
                return frozenset()
        own = following.own.intersection(name for code in following.compiled for name in code.co_names)
        if not (EVALUATORS - {"eval", "exec"} if following.evaluates else EVALUATORS).isdisjoint(read):
            return frozenset()
        ran = watch.cell.ran
        if watch.again and ran is not None:
            return ran.unread if read.isdisjoint(ran.unread) else frozenset()
        return frozenset(((following.called - following.own) | own) - read)

    def _note(self, seen: Survey, calls: Calls, following: Following) -> bool:
        """Watch the code inside an input; False if some of it goes on by itself."""
        whole = True
        for value, _ in seen.states.values():
            if type(value) is types.FunctionType:
                if value.__globals__ is not self.namespace:
                    continue
                following.functions.append((value, value.__code__))
            at_work = type(value) in SUSPENDED and frame_of(value) is not None
            for outer in code_of(value):
                calls.note(outer, at_work)
                for code in (outer, *inside(outer)):
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
        if "torch" in sys.modules and (
            _has_compiled() or any(_COMPILES.search(cell.source) for cell in self.session.document)
        ):
            return True
        loaded = [name for name in OTHER_WAYS if name in sys.modules]
        if not loaded:
            return False
        used = frozenset().union(*(_tools(cell.source) for cell in self.session.document))
        return not used.isdisjoint(loaded)

    def _own_magic(self, name: str) -> types.CodeType | None:
        """The code of a cell magic that the notebook has itself, or a module of the user's; None if it is another's."""
        shell = shell_of(self.namespace)
        found = shell.find_cell_magic(name) if shell is not None and name else None
        function = getattr(found, "__func__", found)
        if type(function) is not types.FunctionType:
            return None
        own = function.__globals__ is self.namespace or LOCAL.home(function) is not None
        return function.__code__ if own and not _takes_all(function.__code__) else None

    def _goes_on(self) -> bool:
        """True if a thread of the user's may run code of the notebook's after the cell."""
        threads = (t for t in threading.enumerate() if t not in self._threads)
        return any(about(type(thread)).package not in _BY_THE_WAY for thread in threads)


@lru_cache(maxsize=4096)
def _has_other_code(source: str) -> bool:
    """True if a text may make code that it doesn't hold, or that needn't run."""
    return _OTHER_CODE.search(source) is not None


@lru_cache(maxsize=4096)
def _traces(source: str) -> bool:
    """True if a text names what looks on while code runs."""
    return _TRACER.search(source) is not None


def _takes_all(code: types.CodeType) -> bool:
    """True if code may look at all variables that IPython has, and not only at those that a text names."""
    return "user_ns" in code.co_names and not _OF_ALL.isdisjoint(code.co_names)


def _is_variable(name: str) -> bool:
    return not name.startswith(("<", "sql:"))


def _has_compiled() -> bool:
    """True if PyTorch has compiled some function, on behalf of whomever."""
    counters = getattr(sys.modules.get("torch._dynamo.utils"), "counters", None)
    return bool(counters and counters.get("frames"))


@lru_cache(maxsize=4096)
def _tools(source: str) -> frozenset[str]:
    """Those of `OTHER_WAYS` that a text names."""
    return frozenset(_TOOL.findall(source))


@lru_cache(maxsize=4096)
def _looked_up(code: types.CodeType) -> frozenset[str]:
    """Globals that code looks up where it can be told whether it came there."""
    return frozenset(name for _, name in lookups(code))


@lru_cache(maxsize=4096)
def _otherwise_named(code: types.CodeType) -> frozenset[str]:
    """All other names that code may look up, not those in it: also those that a text in it spells."""
    found: set[str] = set()
    tells, own = _only_tells(code), bound_first(code)
    for _, kind, argument in steps(code):
        if kind in NAMING:
            found.update({code.co_names[argument]} - own)
        elif kind in CONSTANT and not tells:
            found.update(word for text in _texts(code.co_consts[argument]) for word in _WORD.findall(text))
    attributes = frozenset(code.co_names) - found - own - _looked_up(code)
    if not REFLECTIVE.isdisjoint(code.co_names) or not REFLECTIVE.isdisjoint(found):
        return attributes | found
    return attributes & EVALUATORS | found


def _only_tells(code: types.CodeType) -> bool:
    """True if code calls nothing that could take the words of a text for names, as what shows an object does."""
    for _, kind, argument in steps(code):
        if kind == _OTHER_CALL:
            return False
        if kind == LOOKUP:
            called = code.co_names[argument >> 1]
        elif kind == _METHOD:
            called = code.co_names[argument]
        elif kind == _ATTRIBUTE and _METHOD is None and argument & 1:
            called = code.co_names[argument >> 1]
        else:
            continue
        if called not in _HARMLESS:
            return False
    return True


def _texts(const: object) -> list[str]:
    if isinstance(const, (tuple, frozenset)):
        return [text for item in const for text in _texts(item)]
    return [const] if isinstance(const, str) else []
