"""Local modules: the user's own files that cells import, watched for edits on disk.

A token of such a module (or of something in it) carries the module's *edition*, so that cells which
use it become stale when the file changes.  The module is loaded again before the next cell runs, as
IPython's autoreload would.  Modules that import an edited one count as edited too.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import types
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

__all__ = ["LOCAL", "LocalModules"]

IMPORTED = re.compile(r"^\s*(?:from|import)\s+([\w.]+)", re.MULTILINE)
_OURS = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + os.sep


class LocalModules:
    """Which modules are the user's own, and which edition of each is known."""

    def __init__(self) -> None:
        self._stamps: dict[str, tuple[int, int]] = {}
        self._texts: dict[str, int] = {}  # hashes: a cell may write the same text again
        self._editions: dict[str, int] = {}
        self._foreign: set[str] = set()
        self.pending: list[str] = []  # to be loaded again, in this order

    def edition(self, name: str) -> int | None:
        """The edition of a local module, or None if the module isn't local (or not imported)."""
        if name in self._foreign:
            return None
        if name not in self._stamps:
            module = sys.modules.get(name)
            if module is None:  # it may be imported yet
                return None
            path = getattr(module, "__file__", None)
            if name == "__main__" or path is None or not _is_local(path):
                self._foreign.add(name)
                return None
            self._stamps[name] = stamp = _stamp(path)
            self._texts[name] = hash(_text(path, stamp))
            for home in _homes(module):  # what it imports in its turn
                self.edition(home)
        return self._editions.get(name, 0)

    def is_own(self, module: types.ModuleType) -> bool:
        """True for a module that a cell made, or that comes from the user's own file."""
        name = str(module.__dict__.get("__name__"))
        return sys.modules.get(name) is not module or self.edition(name) is not None

    def home(self, function: types.FunctionType) -> types.ModuleType | None:
        """The user's own module whose globals a function has."""
        name = function.__module__
        if type(name) is not str or self.edition(name) is None:
            return None
        module = sys.modules.get(name)
        return module if module is not None and module.__dict__ is function.__globals__ else None

    def note_imports(self, texts: Iterable[str]) -> None:
        """Watch the local modules that texts import which ran, also where no value tells where it came from."""
        for text in texts:
            for name in _imported(text):
                self.edition(name)

    def texts(self) -> list[str]:
        """The texts of the local modules that are known."""
        paths = {name: getattr(sys.modules.get(name), "__file__", None) for name in self._stamps}
        return [_text(path, self._stamps[name]) for name, path in paths.items() if path]

    def check(self) -> set[str]:
        """Look at the files; the modules that changed since last asked: their tokens are out of date."""
        edited = set()
        for name, stamp in self._stamps.items():
            path = getattr(sys.modules.get(name), "__file__", None)
            now = _stamp(path) if path else stamp
            if now != stamp and now != (0, 0):
                self._stamps[name], text = now, hash(_text(path, now))
                if text != self._texts.get(name):
                    self._texts[name] = text
                    edited.add(name)
        if not edited:
            return edited
        order = [*sorted(edited), *self._importers(edited)]
        for name in order:
            self._editions[name] = self._editions.get(name, 0) + 1
        self.pending = [*dict.fromkeys([*self.pending, *order])]
        return set(order)

    def reload(self) -> bool:
        """Load the edited modules again; True if there were any.

        Raises what their code raises; they stay pending then.
        """
        loaded = bool(self.pending)
        while self.pending:
            module = sys.modules.get(self.pending[0])
            if module is not None:
                importlib.invalidate_caches()
                _forget_compiled(module)
                importlib.reload(module)
            self.pending.pop(0)
        return loaded

    def _importers(self, edited: set[str]) -> Iterator[str]:
        """Local modules that import any of ``edited``, directly or through others, nearest first."""
        seen = set(edited)
        found = True
        while found:
            found = False
            for name in self._stamps:
                module = sys.modules.get(name)
                if name not in seen and module is not None and _uses(module, seen):
                    seen.add(name)
                    found = True
                    yield name


def _uses(module: types.ModuleType, names: set[str]) -> bool:
    return not names.isdisjoint(_homes(module))


def _homes(module: types.ModuleType) -> set[str]:
    """Names of the modules that a module's globals are, or come from."""
    found = set()
    for value in list(vars(module).values()):
        home = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
        if isinstance(home, str):
            found.add(home)
    return found


@lru_cache(maxsize=4096)
def _imported(text: str) -> tuple[str, ...]:
    return tuple(IMPORTED.findall(text)) if "import" in text else ()


def _forget_compiled(module: types.ModuleType) -> None:
    """Python takes compiled code for the file's if that is of the same second and length."""
    path = getattr(module, "__cached__", None)
    if isinstance(path, str):
        with suppress(OSError):
            os.unlink(path)


def _stamp(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:  # being saved, or gone
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _text(path: str, _stamp: tuple[int, int]) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _is_local(path: str) -> bool:
    """True for a Python file that is the user's own: not of Python, nor installed, nor ours."""
    path = _real(path)
    if path.startswith(_OURS):
        return False
    installed = "site-packages" in path or "dist-packages" in path
    inside_python = path.startswith(_python()) and not path.startswith(_real_folder(os.getcwd()) + os.sep)
    return path.endswith(".py") and not installed and not inside_python


def _real(path: str) -> str:
    """A file's path without symbolic links; most files share a folder with many others."""
    if os.path.islink(path):
        return os.path.realpath(path)
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(_real_folder(folder), name)


@lru_cache(maxsize=4096)
def _real_folder(path: str) -> str:
    return os.path.realpath(path)


@lru_cache(maxsize=1)
def _python() -> tuple[str, ...]:
    """Where Python itself is."""
    return tuple(os.path.realpath(path) + os.sep for path in (sys.prefix, sys.base_prefix))


LOCAL = LocalModules()
