"""Two modules of the user's own, which lie beside the notebook and are edited on disk while it is open.

The second imports the first.  Each has one number in it, so that an edit is the module and its new number.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from types import ModuleType

from reactive_kernel.kernel.modules import LOCAL

NAMES = ("om1", "om2")
_TEXTS = {
    "om1": """
RATE = {0}
ITEMS = [{0}, 2]
def scale(x):
    return x * RATE
def numbers(k):
    for i in range(k):
        yield i + {0}
class Box:
    unit = {0}
    def __init__(self, v):
        self.v = v
    def get(self):
        return scale(self.v) + self.unit
    def __repr__(self):
        return f"Box({{self.v}}, {{self.unit}})"
def loud(function):
    def inner(*args):
        return ("om1", RATE, function(*args))
    return inner
""",
    "om2": """
import om1
from om1 import Box, scale
OFFSET = {0}
def shifted(x):
    return scale(x) + OFFSET
def rate():
    return om1.RATE
class Crate(Box):
    def get(self):
        return -super().get() - OFFSET
""",
}
_numbers = dict.fromkeys(NAMES, 1)
_seconds = count(1_600_000_000)  # every edit is of another second, however quick it is


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="oracle-modules-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sys.path.insert(0, str(folder))
    for name in NAMES:
        _write(folder, name, 1)
    return folder


def _write(folder: Path, name: str, number: int) -> None:
    path = folder / f"{name}.py"
    path.write_text(_TEXTS[name].format(number))
    os.utime(path, (next(_seconds),) * 2)
    _numbers[name] = number


def edit(name: str, number: int) -> None:
    """Save a module with this number in it."""
    _write(_folder(), name, number)


def state() -> tuple[int, ...]:
    """What the modules on disk are."""
    return tuple(_numbers.values())


def reset() -> None:
    """Put the modules where every session starts, and let no one remember that they were imported."""
    _folder()
    for name in NAMES:
        if _numbers[name] != 1:
            edit(name, 1)
        LOCAL._stamps.pop(name, None)
    forget()


def forget() -> dict[str, ModuleType]:
    """Let the next import be the first; returns what to give to `remember`."""
    return {name: sys.modules.pop(name) for name in NAMES if name in sys.modules}


def remember(modules: dict[str, ModuleType]) -> None:
    """Have the modules again that were there."""
    forget()
    sys.modules.update(modules)
