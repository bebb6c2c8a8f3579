"""Random notebooks and operations from the fragments.

Every choice is made with a ``random.Random``, so a seed gives the same example everywhere, and hypothesis can
shrink it by lending its own generator.
"""

from __future__ import annotations

import re
from random import Random

# The first import of these may take longer than a cell that is to be written.
import pandas  # noqa: F401
import polars  # noqa: F401
import sklearn.linear_model
import sklearn.pipeline
import sklearn.tree  # noqa: F401

from . import disk
from .example import Example, Op
from .execute import Namespace, execute, hidden_state_kept, new_namespace
from .fragments import POOLS, THEMES, fragments
from .patience import Slow, patience

_HOLE = re.compile(r"<(" + "|".join(POOLS) + r")([?=]?)(\d?)>")
_NUMBER = re.compile(r"<([ijk])>")
_PIECES = {theme: fragments(theme) for theme in THEMES}
# What a theme's pieces use of other pools: with these a notebook seldom consists of NameErrors only.
_BASE = {"fun": ("num", "list"), "cls": ("num", "list"), "gen": ("list",), "df": ("num",), "exec": ("num", "list"),
         "state": ("num", "list"), "ways": ("num", "list", "dict"), "kinds": ("num", "list"), "process": ("num", "io"),
         "polars": ("num",), "widgets": ("num", "list"), "frames": ("num",), "models": ("num",),
         "plots": ("num", "list"), "modules": ("num", "list", "cls")}  # fmt: skip
_OPS = (
    ("tweak", 30), ("edit", 16), ("editrun", 10), ("run", 12), ("insert", 8), ("delete", 7), ("move", 9),
    ("undo", 4), ("format", 2), ("stale", 2),
)  # fmt: skip


class Grammar:
    """Writes the cells of one notebook; remembers what it has bound, so that most reads find something."""

    seconds = 2.0  # a cell that takes longer goes on for ever

    def __init__(self, random: Random, themes: tuple[str, ...] | None = None) -> None:
        self.random = random
        self.themes = themes or self._themes()
        self.bound: dict[str, list[str]] = {}
        self.namespace = new_namespace()
        self.written: list[str] = []

    def _themes(self) -> tuple[str, ...]:
        """A few themes at a time: their names meet more often than if all took part."""
        chosen = {self.random.choice(list(THEMES)) for _ in range(self.random.randint(1, 3))}
        for theme in list(chosen):
            chosen.update(_BASE.get(theme, ()))
        chosen.add("num")
        return tuple(sorted(chosen))

    def cell(self) -> str:
        """Return a cell that runs after those written so far, most times."""
        bound = {pool: list(names) for pool, names in self.bound.items()}
        for _ in range(6):
            source = self.draft()
            if self.random.random() < 0.08 or self._runs(source, dict(self.namespace)):
                break
            self.bound = {pool: list(names) for pool, names in bound.items()}
        if self._runs(source, self.namespace) is None:
            source = 'print("end")'
        self.written.append(source)
        return source

    def _runs(self, source: str, namespace: Namespace) -> bool | None:
        """Tell whether a cell succeeds; None if it goes on for ever (a list that grows while it is gone through)."""
        try:
            with patience(self.seconds):
                return execute(source, namespace).error is None
        except Slow:
            self.namespace = new_namespace()  # what the cell has made of it is no longer handy
            for earlier in self.written:
                execute(earlier, self.namespace)
            return None

    def draft(self) -> str:
        """Return a cell of one to three pieces, whether it can run or not."""
        count = self.random.choice((1, 1, 1, 2, 2, 3))
        source = "\n".join(self._piece() for _ in range(count))
        if self.random.random() < 0.25:
            source += "\n" + self._fill("print(<num?>)") if self.random.random() < 0.5 else "\n" + self._show()
        return source

    def _piece(self) -> str:
        theme = self.random.choice(self.themes)
        if theme == "error" and self.random.random() < 0.5:
            theme = "num"
        return self._fill(self._defining(theme) or self.random.choice(_PIECES[theme]))

    def _defining(self, theme: str) -> str | None:
        """Early in a notebook prefer pieces that bind, since nothing else can succeed."""
        if self.random.random() < 0.1:
            return None
        pieces = [p for p in _PIECES[theme] if self._can(p)]
        return self.random.choice(pieces) if pieces else None

    def _can(self, piece: str) -> bool:
        made: set[str] = set()
        for pool, mark, label in _HOLE.findall(piece):
            if mark == "?" and not self.bound.get(pool) and pool + label not in made:
                return False
            made.add(pool + label)
        return True

    def _show(self) -> str:
        names = [name for pool in self.bound.values() for name in pool]
        shown = [n for n in names if n not in POOLS["gen"]]
        return f"print({self.random.choice(shown)})" if shown else "print('-')"

    def _fill(self, piece: str) -> str:
        labels: dict[str, str] = {}

        def name(match: re.Match[str]) -> str:
            pool, mark, label = match.groups()
            if label and pool + label in labels:
                return labels[pool + label]
            known = self.bound.get(pool)
            if mark == "?" and known and self.random.random() < 0.95:
                found = self.random.choice(known)
            else:
                found = self.random.choice(POOLS[pool])
            if label:
                labels[pool + label] = found
            if mark != "?" and found not in self.bound.setdefault(pool, []):
                self.bound[pool].append(found)
            return found

        def number(match: re.Match[str]) -> str:
            kind = match.group(1)
            return str(self.random.randint(0, 9 if kind == "i" else 3))

        return _NUMBER.sub(number, _HOLE.sub(name, piece))

    def op(self) -> Op:
        """Return one operation; its position is taken modulo the length when it is applied."""
        if "modules" in self.themes and self.random.random() < 0.2:
            return ("disk", self.random.choice(disk.NAMES), self.random.randint(1, 4))
        kind = self.random.choices([k for k, _ in _OPS], [w for _, w in _OPS])[0]
        position = self.random.randint(0, 59)
        if kind == "tweak":
            return (kind, position, self.random.randint(0, 3), self.random.choice((1, 1, 2, -1, 5)))
        if kind in ("edit", "editrun", "insert"):
            return (kind, position, self.cell())
        if kind == "move":
            return (kind, position, self.random.randint(0, 59))
        return (kind,) if kind == "stale" else (kind, position)


def example(random: Random, themes: tuple[str, ...] | None = None, operations: int = 12) -> Example:
    """Return a random session."""
    grammar = Grammar(random, themes)
    disk.reset()
    with hidden_state_kept():
        cells = tuple(grammar.cell() for _ in range(random.randint(8, 12)))
        ops = tuple(grammar.op() for _ in range(operations))
    every = 1 if random.random() < 0.8 else random.choice((2, 3, operations))
    return Example(cells, ops, random.random() < 0.75, every, " ".join(grammar.themes))


def from_seed(seed: int, number: int) -> Example:
    """Return session ``number`` of the run with ``seed``."""
    return example(Random(f"{seed}/{number}"))
