"""What is known of code and values while a cell is walked: plain records, and the joining of two paths.

No scopes and no syntax tree here; ``frames.py`` and ``cellframe.py`` fill these in.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from .facts import Strength

__all__ = [
    "BOUND", "DELETED", "NOTHING", "PLAIN", "RANK", "UNTOUCHED", "Code", "Flow", "Node", "Roots", "Value", "both_roots",
    "merge", "started",
]  # fmt: skip

# What a name may be at a point of the cell: not touched by the cell, bound by it, deleted by it.
UNTOUCHED, BOUND, DELETED = 1, 2, 4
Flow = dict[str, int]
Node = ast.AST
Roots = tuple[tuple[str, bool], ...]  # (name, weak): whose object a value may be or hold; weak: only perhaps
RANK: dict[Strength, int] = {"possible": 0, "drawn": 1, "asked": 2, "likely": 3, "sure": 4}


def merge(one: Flow | None, other: Flow | None) -> Flow | None:
    """Join the states of two paths (None: a path that is never taken to its end)."""
    if one is None or one is other:
        return other
    if other is None:
        return one
    out = dict(one)
    for name, mask in other.items():
        out[name] = out.get(name, UNTOUCHED) | mask
    for name in one:
        if name not in other:
            out[name] |= UNTOUCHED
    return out


class Code:
    """What a function, lambda, class or generator does to the cell's names when it runs."""

    __slots__ = (
        "calls_argument", "effects", "hands_out", "hidden", "is_class", "later", "makes", "method", "mutates", "own",
        "reads", "result_of", "sure", "writes",
    )  # fmt: skip

    def __init__(self) -> None:
        self.reads: dict[str, Node] = {}
        self.writes: dict[str, Node] = {}
        self.mutates: dict[str, tuple[Strength, Node]] = {}
        self.effects: dict[str, Node] = {}
        self.hidden: dict[str, Node] = {}  # why the text does not show all that it reads
        self.sure: set[str] = set()  # the writes that every run of it does
        self.hands_out: set[str] = set()  # names that it returns
        self.result_of: set[str] = set()  # names that it returns the result of a call of
        self.makes = False  # its result may hold code of its own: a closure
        self.later = False  # calling it runs nothing yet: a generator or a coroutine
        self.calls_argument = False  # it calls what it is given
        self.method = ""  # its name in the class that it is a method of
        self.own: set[str] = set()  # attributes of its object that it uses
        self.is_class = False  # calling it gives an instance, which carries all of it

    def result(self) -> Code | None:
        """Return the code that the result of calling it may carry, as far as the text shows."""
        if self.is_class or self.later:
            return self
        if not self.makes:
            return None
        code = Code()
        code.reads = self.reads
        return code


class Value:
    """What is known of an assigned value: code it carries, names it came from, whose object it may be."""

    __slots__ = ("codes", "names", "plain", "roots")

    def __init__(
        self, codes: Iterable[Code] = (), names: Iterable[str] = (), roots: Roots = (), plain: bool = False
    ) -> None:
        self.codes = tuple(dict.fromkeys(codes))
        self.names = tuple(dict.fromkeys(names))
        self.roots = roots
        self.plain = plain


_CREATION = frozenset({"", "__new__", "__init__", "__post_init__", "__init_subclass__", "__set_name__", "__call__"})


def started(codes: Iterable[Code]) -> list[Code]:
    """Return those of ``codes`` that run when what carries them is called: of a class, what makes an instance."""
    out: list[Code] = []
    methods = [code for code in codes if code.is_class]
    wanted = _CREATION
    while methods:
        found = [code for code in methods if code.method in wanted]
        out += found
        methods = [code for code in methods if code not in found] if found else []
        wanted = frozenset().union(*(code.own for code in found))
    out += [code for code in codes if not code.is_class and not code.later]
    return out


def both_roots(one: Roots, other: Roots) -> Roots:
    """Join two lists of roots: a root is weak if it is so in all."""
    if not one or not other:
        return one or other
    out = dict(one)
    for name, weak in other:
        out[name] = out.get(name, True) and weak
    return tuple(out.items())


NOTHING = Value()
PLAIN = Value(plain=True)
