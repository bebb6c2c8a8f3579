"""What a plain run of a notebook's cells did to names: who read what from whom, and which objects a cell changed.

The cells run once, top to bottom, in IPython, in a mapping that notes every look-up of a global.  After each cell
a fingerprint of every value tells which were changed in place.  Nothing here knows the reactive kernel.
"""

from __future__ import annotations

import builtins
import copyreg
import dis
import hashlib
import re
import sys
import time
import types
from collections import deque
from collections.abc import Iterable
from functools import partial
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

__all__ = ["Names", "fingerprint", "happened", "is_users", "shell_for"]

HIDDEN = {"In", "Out", "get_ipython", "exit", "quit", "open"}
# Names that IPython and Python themselves bind: what was typed and shown last, what the module is called.
HISTORY = re.compile(r"_+|_i+|_[ido]?h|_i?\d+|_exit_code|__(?:name|doc|file|spec|loader|package|builtins?)__")
FLAT: frozenset[Any] = frozenset({int, float, complex, bool, str, bytes, type(None), type(...), range, slice})
FIXED = (types.ModuleType, types.BuiltinFunctionType, types.CodeType, type)
CLASS_NOISE = {"__dict__", "__weakref__", "__module__", "__qualname__", "__doc__", "__annotations__", "__slotnames__"}
CLASS_NOISE |= {"_abc_impl"}
PASSING = {"stale", "_stale", "_cache", "_cachedRenderer"}  # attributes that say only what is still to be drawn
PATIENCE = 1.0  # seconds of its own for the fingerprint of one value; one that takes longer is not judged


class Names(dict[str, Any]):
    """The user's namespace, which notes reads by code of cells and who bound each name."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = -1
        self.writer: dict[str, int] = {}
        self.value: dict[str, Any] = {}  # as last noted: functions' ``global`` stores pass us by
        self.owner: dict[int, int] = {}  # by id: the code of two cells with the same text is equal
        self.keep: list[types.CodeType] = []
        self.direct: set[tuple[int, int, str]] = set()  # (reader, writer, name)
        self.called: set[tuple[int, int, str]] = set()

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        if is_users(name):
            self.note_read(name, value, sys._getframe(1))
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self.writer[name], self.value[name] = self.cell, value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self.writer.pop(name, None)
        self.value.pop(name, None)

    def note_read(self, name: str, value: Any, frame: types.FrameType | None) -> None:
        """One look-up, by the code of ``frame`` or by what that code called."""
        if self.value.get(name, self) is not value:
            self.writer[name], self.value[name] = self.cell, value
        writer = self.writer[name]
        if writer in (self.cell, -1):
            return
        while frame is not None and frame.f_globals is not self:
            frame = frame.f_back
        if frame is None:  # IPython's own
            return
        owner = self.owner_of(frame.f_code)
        (self.direct if owner == self.cell else self.called).add((self.cell, writer, name))

    def owner_of(self, code: types.CodeType) -> int:
        """The cell whose text a code object comes from."""
        found = self.owner.get(id(code))
        if found is not None:
            return found
        found = int(code.co_filename[6:-1]) if code.co_filename.startswith("<cell ") else self.cell
        todo = [code]
        while todo:
            part = todo.pop()
            self.keep.append(part)
            self.owner[id(part)] = found
            todo.extend(c for c in part.co_consts if isinstance(c, types.CodeType) and id(c) not in self.owner)
        return found

    def note_stores(self) -> None:
        """Find the stores that passed us by."""
        for name, value in self.items():
            if self.value.get(name, self) is not value:
                self.writer[name], self.value[name] = self.cell, value

    def watch_classes(self) -> None:
        """A class body looks globals up without asking us: note what it may read."""
        build = builtins.__build_class__

        def noting(body: Any, name: str, /, *bases: Any, **options: Any) -> Any:
            if body.__globals__ is self:
                stored: set[str] = set()
                for part in dis.get_instructions(body.__code__):
                    if part.opname == "STORE_NAME":
                        stored.add(str(part.argval))
                    elif part.opname == "LOAD_NAME" and part.argval not in stored and part.argval in self:
                        self.get(part.argval)
                        if is_users(str(part.argval)):
                            self.note_read(part.argval, dict.__getitem__(self, part.argval), sys._getframe(1))
            return build(body, name, *bases, **options)

        builtins.__build_class__ = noting

    def watch_eval(self) -> None:
        """Text that a function evaluates looks globals up without asking us, too."""
        evaluate = builtins.eval

        def noting(source: Any, scope: Any = None, inner: Any = None, /) -> Any:
            frame = sys._getframe(1)
            if scope is None:
                scope, inner = frame.f_globals, frame.f_locals
            if scope is self:
                code = source if isinstance(source, types.CodeType) else compile(source.lstrip(), "<string>", "eval")
                for name in code.co_names:
                    if name in self and is_users(name) and (inner is None or name not in inner):
                        self.note_read(name, dict.__getitem__(self, name), frame)
            return evaluate(source, scope, inner)

        builtins.eval = noting


def is_users(name: str) -> bool:
    """True for names that a notebook binds, not IPython itself."""
    return name not in HIDDEN and not HISTORY.fullmatch(name)


def remembered(value: Any, name: str) -> bool:
    """True for an attribute in which a library's object keeps what a property of its class once gave, or a cache."""
    classes = [cls for cls in type(value).__mro__ if cls.__module__ != "__main__"]
    if name[:1] == "_" and "cache" in name and type(value) in classes:
        return True
    member = next((cls.__dict__[name] for cls in classes if name in cls.__dict__), None)
    return hasattr(type(member), "__get__") and not hasattr(type(member), "__set__") and not callable(member)


class _Deep:
    """One walk through a value, into a hash."""

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=12)
        self.seen: dict[int, int] = {}
        self.keep: list[Any] = []
        self.deadline = time.thread_time() + PATIENCE
        self.count = 0
        self.blind = False  # something inside can't be seen

    def add(self, text: str) -> None:
        self.hash.update(text.encode("utf-8", "replace") + b";")

    def many(self, values: Iterable[Any]) -> None:
        for value in values:
            self.walk(value)

    def walk(self, value: Any) -> None:
        kind = type(value)
        if kind in FLAT:
            self.add(repr(value))
            return
        if id(value) in self.seen:
            self.add(f"@{self.seen[id(value)]}")
            return
        self.seen[id(value)] = len(self.seen)
        self.keep.append(value)
        self.count += 1
        if self.count % 64 == 0 and time.thread_time() > self.deadline:
            raise TimeoutError
        self.add(kind.__name__)
        if isinstance(value, type) and value.__module__ == "__main__":
            self.many(v for n, v in vars(value).items() if n not in CLASS_NOISE)
            self.many(value.__bases__)
        elif isinstance(value, FIXED):
            self.add(str(id(value)))
        elif kind in (list, tuple, deque):
            self.add(str(len(value)))
            self.many(value)
        elif kind is dict:
            for key, item in list(value.items()):
                if key not in PASSING:
                    self.walk(key)
                    self.walk(item)
        elif kind in (set, frozenset):
            self.add(",".join(sorted(map(repr, value))))
        elif isinstance(value, types.FunctionType):
            self.add(str(id(value.__code__)))
            self.walk([value.__defaults__, value.__kwdefaults__, value.__dict__])
            self.many(c.cell_contents for c in value.__closure__ or () if c != types.CellType())
        elif isinstance(value, types.MethodType):
            self.walk([value.__self__, value.__func__])
        elif isinstance(value, partial):
            self.walk([value.func, value.args, value.keywords])
        elif not self.library(value, kind.__module__.partition(".")[0], kind.__name__):
            self.other(value)

    def library(self, value: Any, module: str, kind: str) -> bool:
        if module == "numpy" and kind in ("ndarray", "MaskedArray", "matrix", "recarray"):
            self.add(f"{value.shape}{value.dtype}")
            if value.dtype.hasobject:
                self.many(value.ravel().tolist())
            else:
                self.hash.update(memoryview(value.tobytes()))
                if kind == "MaskedArray":
                    self.walk(value.mask)
        elif module == "pandas" and kind == "DataFrame":
            self.walk(value.columns)
            self.walk(value.index)
            self.many(value.iloc[:, i].array for i in range(value.shape[1]))
        elif module == "pandas" and kind == "Series":
            self.walk([value.name, value.index, value.array])
        elif module == "pandas" and kind.endswith("Index"):
            self.walk([list(value.names), str(value.dtype)])
            self.many(value.tolist() if len(value) < 100_000 else [len(value)])
        elif module == "pandas" and hasattr(value, "to_numpy"):
            self.add(str(value.dtype))
            self.walk(value.to_numpy())
        else:
            return False
        return True

    def other(self, value: Any) -> None:
        try:
            reduce = copyreg.dispatch_table.get(type(value))
            parts = reduce(value) if reduce else value.__reduce_ex__(4)
        except TimeoutError:
            raise
        except Exception:  # a generator, a file, a lock
            self.blind = True
            return
        if isinstance(parts, str):
            self.add(parts + str(getattr(value, "cache_info", str)()))
            return
        for part in parts[:2]:
            self.walk(part)
        if len(parts) > 2:
            lasting = isinstance(parts[2], dict) and {n: v for n, v in parts[2].items() if not remembered(value, n)}
            self.walk(lasting or parts[2])
        for rest in parts[3:5]:
            self.many(rest if rest is not None else ())


def fingerprint(value: Any) -> tuple[str | None, bool]:
    """A hash of a value and all that is inside, None if it takes too long or differs from one look to the next;
    and whether it tells everything.
    """
    found = set()
    for _ in range(2):
        deep = _Deep()
        try:
            deep.walk(value)
        except Exception:
            return None, False
        found.add(deep.hash.hexdigest())
    return (None, False) if len(found) > 1 else (found.pop(), not deep.blind)


def shell_for(namespace: dict[str, Any]) -> Any:
    """An IPython shell over a namespace, whose code objects are named after the cell that runs (``shell.number``)."""
    shell = InteractiveShell.instance(user_ns=namespace)
    shell.history_manager.enabled = False
    shell.number = 0
    shell.enable_gui = lambda *_: None
    shell.compile.get_code_name = lambda *_: f"<cell {shell.number}>"
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None
    return shell


def happened(cells: list[str]) -> dict[str, Any]:
    """Run ``cells`` up to the first that fails; what each read, from which cell, and what it changed in place."""
    names = Names()
    shell = shell_for(names)
    names.watch_classes()
    names.watch_eval()
    prints: dict[str, tuple[str | None, bool]] = {}
    blind: set[str] = set()
    binders: dict[str, int] = {}
    changes: list[tuple[int, str]] = []
    shown: list[str] = []
    seconds: list[float] = []
    failure = ""
    for number, source in enumerate(cells):
        names.cell = shell.number = number
        start = time.perf_counter()
        with capture_output() as output:
            result = shell.run_cell(source)
        seconds.append(time.perf_counter() - start)
        if not result.success:
            failure = repr(result.error_in_exec or result.error_before_exec)
            break
        shown.append(output.stdout + repr(result.result)[:2000])
        names.note_stores()
        visible = {n: v for n, v in dict(names).items() if n in names.writer and is_users(n)}
        now = {n: fingerprint(v) for n, v in visible.items() if type(v) not in FLAT}
        for name, mark in now.items():
            same = name in prints and binders.get(name) == names.writer[name] != number
            if same and None not in (mark[0], prints[name][0]) and mark[0] != prints[name][0]:
                changes.append((number, name))
            if not mark[1]:
                blind.add(name)
        prints, binders = now, {n: names.writer[n] for n in now}
    return {
        "count": len(shown),
        "failure": failure,
        "direct": sorted(e for e in names.direct if e[0] < len(shown)),
        "called": sorted(e for e in names.called if e[0] < len(shown)),
        "changes": changes,
        "blind": sorted(blind),
        "shown": shown,
        "seconds": seconds,
    }
