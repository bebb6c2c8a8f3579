"""Scopes of one cell: what a load, a binding, a deletion or a mutation of a name means where it stands.

Four kinds.  The cell itself (:class:`CellFrame`) follows the flow of control: which names are surely, maybe or not
yet bound at each point.  Function bodies (:class:`CodeFrame`) run later, so they are collected as :class:`Code`.
Class bodies and comprehensions run at once, in a small scope of their own.  Nothing here walks a syntax tree.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TypeVar

from .facts import Strength

__all__ = ["NOTHING", "CellFrame", "ClassFrame", "Code", "CodeFrame", "CompFrame", "Flow", "Frame", "Value", "merge"]

# What a name may be at a point of the cell: not touched by the cell, bound by it, deleted by it.
UNTOUCHED, BOUND, DELETED = 1, 2, 4
Flow = dict[str, int]
Node = ast.AST
Roots = tuple[tuple[str, bool], ...]  # (name, weak): whose object a value may be or hold; weak: only perhaps
_T = TypeVar("_T")
RANK: dict[Strength, int] = {"possible": 0, "likely": 1, "sure": 2}


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

    __slots__ = ("effects", "mutates", "passes", "reads", "writes")

    def __init__(self, passes: Iterable[str] = ()) -> None:
        self.reads: dict[str, Node] = {}
        self.writes: dict[str, Node] = {}
        self.mutates: dict[str, tuple[Strength, Node]] = {}
        self.effects: dict[str, Node] = {}
        self.passes = frozenset(passes)  # names whose own code it may call


class Value:
    """What is known of an assigned value: code it carries, names it came from, whose object it may be."""

    __slots__ = ("codes", "names", "plain", "roots")

    def __init__(
        self, codes: Iterable[Code] = (), names: Iterable[str] = (), roots: Roots = (), plain: bool = False
    ) -> None:
        self.codes = tuple(codes)
        self.names = tuple(names)
        self.roots = roots
        self.plain = plain


NOTHING = Value()
PLAIN = Value(plain=True)


class Frame:
    """A scope; the defaults pass everything on to the scope around it."""

    __slots__ = ("cell", "depth", "parent")

    def __init__(self, parent: Frame | None) -> None:
        self.parent = parent
        self.depth = 0  # how many conditional blocks surround the current point
        self.cell: CellFrame = parent.cell if parent is not None else self  # type: ignore[assignment]

    def load(self, name: str, node: Node, inert: bool = False) -> None:
        """The value of ``name`` is used here (``inert``: only handed on)."""
        assert self.parent is not None
        self.parent.load(name, node, inert)

    def bind(self, name: str, node: Node, value: Value) -> None:
        """``name`` gets ``value`` here."""
        assert self.parent is not None
        self.parent.bind(name, node, value)

    def delete(self, name: str, node: Node) -> None:
        """``del name``."""
        assert self.parent is not None
        self.parent.delete(name, node)

    def mutate(self, name: str, strength: Strength, node: Node) -> None:
        """The object of ``name`` may be changed in place here."""
        assert self.parent is not None
        self.parent.mutate(name, strength, node)

    def effect(self, name: str, node: Node) -> None:
        """Hidden state ``name`` is read and advanced here."""
        assert self.parent is not None
        self.parent.effect(name, node)

    def declare(self, names: Iterable[str], is_global: bool) -> None:
        """``global`` or ``nonlocal``; has no meaning in the cell itself."""

    def owns(self, name: str) -> bool:
        """Tell whether ``name`` is the cell's own by now (so that it isn't the builtin of that name)."""
        return self.parent is not None and self.parent.owns(name)


class CellFrame(Frame):
    """The top level of the cell."""

    __slots__ = (
        "alias", "carried", "codes", "dead", "effects", "flow", "holders", "loaded", "modules", "mutates",
        "not_plain", "opaque", "plain", "reads", "used", "writes",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__(None)
        self.flow: Flow = {}
        self.dead = False  # the current point is never reached
        self.reads: dict[str, Node] = {}
        self.used: set[str] = set()  # names loaded in a place where they may be called
        self.writes: dict[str, Node] = {}
        self.mutates: dict[str, tuple[Strength, Node]] = {}
        self.effects: dict[str, Node] = {}
        self.opaque: list[tuple[str, Node]] = []
        self.plain: set[str] = set()
        self.not_plain: set[str] = set()
        self.modules: dict[str, str] = {}  # imported name -> dotted module
        self.alias: dict[str, Roots] = {}
        self.holders: dict[str, tuple[Code, ...]] = {}  # own name -> code that it carries
        self.carried: dict[str, set[str]] = {}  # own name -> names of others that it may carry onward
        self.loaded: list[str] = []  # every load so far: a slice of it is what an expression loads
        self.codes: list[Code] = []  # every piece of code made so far, likewise

    def state(self) -> Flow | None:
        """Return the current state of names, None where the point is not reached."""
        return None if self.dead else self.flow

    def resume(self, state: Flow | None) -> None:
        """Go on from ``state``."""
        self.dead = state is None
        if state is not None:
            self.flow = state

    def load(self, name: str, node: Node, inert: bool = False) -> None:
        self.loaded.append(name)
        if self.flow.get(name, 1) & 1 and name not in self.reads:
            self.reads[name] = node
        if not inert:
            self.used.add(name)
            if name in self.holders:
                self.run(self.holders[name])

    def run(self, codes: Iterable[Code]) -> None:
        """Count what ``codes`` do as done here and now."""
        todo = list(codes)
        seen: set[int] = set()
        while todo:
            code = todo.pop()
            if id(code) in seen:
                continue
            seen.add(id(code))
            self.used |= code.passes
            for name, node in code.reads.items():
                if self.flow.get(name, 1) & 1:
                    self.reads.setdefault(name, node)
                self.used.add(name)
                todo.extend(self.holders.get(name, ()))
            for name, (strength, node) in code.mutates.items():
                self.mutate(name, strength, node)
            for name, node in code.writes.items():
                self.flow[name] = self.flow.get(name, 1) | BOUND
                self.writes.setdefault(name, node)
            self.effects = {**code.effects, **self.effects}

    def bind(self, name: str, node: Node, value: Value) -> None:
        self.flow[name] = BOUND
        self.writes.setdefault(name, node)
        if value.plain:
            self.plain.add(name)
        else:
            self.not_plain.add(name)
        if self.depth:  # the earlier value may survive: keep what is known of both
            if value.roots:
                self.alias[name] = self.alias.get(name, ()) + self._others(value.roots)
            if value.codes:
                self.holders[name] = self.holders.get(name, ()) + value.codes
            if value.names:
                self.carried.setdefault(name, set()).update(self._sources(value.names))
            return
        alias, carried = self._others(value.roots), self._sources(value.names)
        self.modules.pop(name, None)
        _put(self.alias, name, alias)
        _put(self.holders, name, value.codes)
        _put(self.carried, name, carried)

    def attach(self, name: str, value: Value) -> None:
        """``name[k] = value``: its object now holds ``value``."""
        if value.codes:
            self.holders[name] = self.holders.get(name, ()) + value.codes
        if value.names:
            self.carried.setdefault(name, set()).update(self._sources(value.names))
        if value.roots and not self.flow.get(name, 1) & 1:
            weak = tuple((root, True) for root, _ in value.roots)
            self.alias[name] = self.alias.get(name, ()) + self._others(weak)

    def _others(self, roots: Roots) -> Roots:
        """Follow ``roots`` to names of other cells."""
        if not roots:
            return ()
        out: dict[str, bool] = {}
        for name, weak in roots:
            if self.flow.get(name, 1) & 1:
                out[name] = out.get(name, True) and weak
            for other, its_weak in self.alias.get(name, ()):
                out[other] = out.get(other, True) and (weak or its_weak)
        return tuple(out.items())

    def _sources(self, names: Iterable[str]) -> set[str]:
        """Follow ``names`` to names of other cells."""
        out: set[str] = set()
        for name in names:
            if name in self.reads:
                out.add(name)
            if name in self.carried:
                out |= self.carried[name]
        return out

    def delete(self, name: str, node: Node) -> None:
        self.load(name, node, True)
        self.flow[name] = DELETED
        self.writes.setdefault(name, node)

    def mutate(self, name: str, strength: Strength, node: Node) -> None:
        if self.flow.get(name, 1) & 1 and name not in self.modules:
            self._candidate(name, strength, node)
        for root, weak in self.alias.get(name, ()):
            self._candidate(root, "possible" if weak else strength, node)

    def _candidate(self, name: str, strength: Strength, node: Node) -> None:
        known = self.mutates.get(name)
        if known is None or RANK[known[0]] < RANK[strength]:
            self.mutates[name] = (strength, node)

    def effect(self, name: str, node: Node) -> None:
        self.effects.setdefault(name, node)

    def owns(self, name: str) -> bool:
        return name in self.flow


def _put(table: dict[str, _T], name: str, value: _T) -> None:
    if value:
        table[name] = value
    else:
        table.pop(name, None)


class CodeFrame(Frame):
    """The body of a function, lambda or kept generator: collected, not run."""

    __slots__ = ("alias", "bound", "code", "declared", "free", "globals", "mutations")

    def __init__(self, parent: Frame) -> None:
        super().__init__(parent)
        self.code = Code()
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.declared: set[str] = set()  # nonlocal
        self.free: dict[str, Node] = {}
        self.mutations: list[tuple[str, Strength, Node]] = []
        self.alias: dict[str, Roots] = {}

    def load(self, name: str, node: Node, inert: bool = False) -> None:
        if name not in self.free:
            self.free[name] = node

    def bind(self, name: str, node: Node, value: Value) -> None:
        if name in self.globals:
            self.code.writes.setdefault(name, node)
        else:
            self.bound.add(name)
            if value.roots:
                self.alias[name] = self.alias.get(name, ()) + value.roots

    def delete(self, name: str, node: Node) -> None:
        self.bind(name, node, NOTHING)

    def mutate(self, name: str, strength: Strength, node: Node) -> None:
        if strength != "possible":
            self.mutations.append((name, strength, node))

    def effect(self, name: str, node: Node) -> None:
        self.code.effects.setdefault(name, node)

    def declare(self, names: Iterable[str], is_global: bool) -> None:
        (self.globals if is_global else self.declared).update(names)

    def owns(self, name: str) -> bool:
        return name in self.bound or super().owns(name)

    def close(self) -> None:
        """End the body: what is not local goes to the code around it, or to the cell as a :class:`Code`."""
        local = self.bound - self.globals - self.declared
        for name, strength, node in self._spread(local):
            self._outer_mutation(name, strength, node)
        target = self._enclosing()
        for name, node in self.free.items():
            if name in self.globals:
                self.code.reads[name] = node
            elif name not in local and not self._kept(name):
                (self.code.reads if target is None else target.free).setdefault(name, node)
        if target is None:
            self.cell.codes.append(self.code)
        else:
            target.code.reads = {**self.code.reads, **target.code.reads}
            target.code.writes = {**self.code.writes, **target.code.writes}
            target.code.effects = {**self.code.effects, **target.code.effects}
            target.code.mutates = {**self.code.mutates, **target.code.mutates}

    def _spread(self, local: set[str]) -> list[tuple[str, Strength, Node]]:
        """Follow mutations of local names to the names that they stand for."""
        out: list[tuple[str, Strength, Node]] = []
        for name, strength, node in self.mutations:
            todo, seen = [name], {name}
            while todo:
                current = todo.pop()
                if current not in local:
                    out.append((current, strength, node))
                    continue
                for root, weak in self.alias.get(current, ()):
                    if not weak and root not in seen:
                        seen.add(root)
                        todo.append(root)
        return out

    def _outer_mutation(self, name: str, strength: Strength, node: Node) -> None:
        target = self._enclosing()
        if target is not None and name not in self.globals:
            target.mutations.append((name, strength, node))
        elif name not in self.cell.modules and not self._kept(name):
            known = self.code.mutates.get(name)
            if known is None or RANK[known[0]] < RANK[strength]:
                self.code.mutates[name] = (strength, node)

    def _enclosing(self) -> CodeFrame | None:
        frame = self.parent
        while frame is not None and not isinstance(frame, CodeFrame):
            frame = frame.parent
        return frame

    def _kept(self, name: str) -> bool:
        """Tell whether a comprehension between this body and the code around it binds ``name``."""
        frame = self.parent
        while isinstance(frame, (CompFrame, ClassFrame)):
            if isinstance(frame, CompFrame) and name in frame.bound:
                return True
            frame = frame.parent
        return False


class ClassFrame(Frame):
    """A class body: runs at once, its names are seen in the body only, not in its methods."""

    __slots__ = ("bound", "globals")

    def __init__(self, parent: Frame) -> None:
        super().__init__(parent)
        self.bound: set[str] = {"__module__", "__qualname__"}
        self.globals: set[str] = set()

    def load(self, name: str, node: Node, inert: bool = False) -> None:
        if name not in self.bound:
            super().load(name, node, inert)

    def bind(self, name: str, node: Node, value: Value) -> None:
        if name in self.globals:
            super().bind(name, node, value)
        elif not self.depth:  # bound on some path only: the cell's name may show through
            self.bound.add(name)

    def delete(self, name: str, node: Node) -> None:
        if name in self.globals:
            super().delete(name, node)
        elif not self.depth:
            self.bound.discard(name)

    def mutate(self, name: str, strength: Strength, node: Node) -> None:
        if name not in self.bound:
            super().mutate(name, strength, node)

    def declare(self, names: Iterable[str], is_global: bool) -> None:
        if is_global:
            self.globals.update(names)

    def owns(self, name: str) -> bool:
        return name in self.bound or super().owns(name)


class CompFrame(Frame):
    """A comprehension, or a list of type parameters: some names of its own, all else is the scope around it."""

    __slots__ = ("alias", "bound", "outer")

    def __init__(self, parent: Frame, bound: Iterable[str] = ()) -> None:
        super().__init__(parent)
        self.bound = set(bound)
        self.alias: dict[str, Roots] = {}
        # names of a class body around it are not seen
        outer: Frame = parent
        while isinstance(outer, ClassFrame) and outer.parent is not None:
            outer = outer.parent
        self.outer = outer

    def load(self, name: str, node: Node, inert: bool = False) -> None:
        if name not in self.bound:
            self.outer.load(name, node, inert)

    def mutate(self, name: str, strength: Strength, node: Node) -> None:
        if name not in self.bound:
            self.outer.mutate(name, strength, node)
            return
        for root, weak in self.alias.get(name, ()):
            if root not in self.bound or root in self.alias and root != name:
                self.mutate(root, "possible" if weak else strength, node)

    def owns(self, name: str) -> bool:
        return name in self.bound or super().owns(name)
