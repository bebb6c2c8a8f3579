"""Scopes in a cell: what a load, a binding, a deletion or a mutation of a name means where it stands.

Function bodies (:class:`CodeFrame`) run later, so what they do is collected as :class:`~.values.Code`.  Class bodies
and comprehensions run at once, in a small scope of their own.  The cell's own scope is in ``cellframe.py``.
Nothing here walks a syntax tree.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .facts import WEAK, Strength
from .values import NOTHING, RANK, Code, Node, Roots, Value, both_roots

if TYPE_CHECKING:
    from .cellframe import CellFrame

__all__ = ["ClassFrame", "CodeFrame", "CompFrame", "Frame"]


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

    def hide(self, reason: str, node: Node, binds: bool = False) -> None:
        """What is read here the text does not show, nor, with ``binds``, which of the notebook's names are bound."""
        assert self.parent is not None
        self.parent.hide(reason, node, binds)

    def declare(self, names: Iterable[str], is_global: bool) -> None:
        """``global`` or ``nonlocal``; has no meaning in the cell itself."""

    def owns(self, name: str) -> bool:
        """Tell whether ``name`` is the cell's own by now (so that it isn't the builtin of that name)."""
        return self.parent is not None and self.parent.owns(name)


class CodeFrame(Frame):
    """The body of a function, lambda or kept generator: collected, not run."""

    __slots__ = (
        "alias",
        "bound",
        "code",
        "declared",
        "free",
        "globals",
        "mutations",
        "parameters",
        "passed",
        "returns",
    )

    def __init__(self, parent: Frame) -> None:
        super().__init__(parent)
        self.code = Code()
        self.bound: set[str] = set()
        self.parameters: set[str] = set()
        self.globals: set[str] = set()
        self.declared: set[str] = set()  # nonlocal
        self.free: dict[str, Node] = {}
        self.mutations: list[tuple[str, Strength, Node]] = []
        self.alias: dict[str, Roots] = {}
        self.passed: set[str] = set()  # globals that are surely bound by now
        self.returns = False  # it may have returned by now

    def load(self, name: str, node: Node, inert: bool = False) -> None:
        if name not in self.free and name not in self.passed:
            self.free[name] = node

    def bind(self, name: str, node: Node, value: Value) -> None:
        if name in self.globals:
            self.code.writes.setdefault(name, node)
            if not (self.depth or self.cell.depth):  # the cell's is that of comprehensions, too
                self.passed.add(name)
                if not self.returns:
                    self.code.sure.add(name)
        else:
            self.bound.add(name)
            if value.roots:
                self.alias[name] = both_roots(self.alias.get(name, ()), value.roots)

    def delete(self, name: str, node: Node) -> None:
        self.bind(name, node, NOTHING)
        self.passed.discard(name)
        self.code.sure.discard(name)

    def mutate(self, name: str, strength: Strength, node: Node) -> None:
        if strength not in WEAK and name not in self.passed:
            self.mutations.append((name, strength, node))

    def effect(self, name: str, node: Node) -> None:
        self.code.effects.setdefault(name, node)

    def hide(self, reason: str, node: Node, binds: bool = False) -> None:
        self.code.hidden.setdefault(reason, node)

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
            elif name not in local and not self._kept(name) and not (target is not None and name in target.passed):
                (self.code.reads if target is None else target.free).setdefault(name, node)
        if target is None:
            self.cell.codes.append(self.code)
        else:
            target.code.makes = True
            target.code.own |= self.code.own
            target.code.reads = {**self.code.reads, **target.code.reads}
            target.code.writes = {**self.code.writes, **target.code.writes}
            target.code.effects = {**self.code.effects, **target.code.effects}
            target.code.hidden = {**self.code.hidden, **target.code.hidden}
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

    __slots__ = ("bound", "globals", "outer")

    def __init__(self, parent: Frame) -> None:
        super().__init__(parent)
        self.bound: set[str] = {"__module__", "__qualname__"}
        self.outer = _beyond_classes(parent)
        self.globals: set[str] = set()

    def load(self, name: str, node: Node, inert: bool = False) -> None:
        if name not in self.bound:
            self.outer.load(name, node, inert)

    def bind(self, name: str, node: Node, value: Value) -> None:
        if name in self.globals:
            self.cell.bind(name, node, value)
        elif not self.depth:  # bound on some path only: the cell's name may show through
            self.bound.add(name)

    def delete(self, name: str, node: Node) -> None:
        if name in self.globals:
            self.cell.delete(name, node)
        elif not self.depth:
            self.bound.discard(name)

    def mutate(self, name: str, strength: Strength, node: Node) -> None:
        if name not in self.bound:
            self.outer.mutate(name, strength, node)

    def declare(self, names: Iterable[str], is_global: bool) -> None:
        if is_global:
            self.globals.update(names)

    def owns(self, name: str) -> bool:
        return name in self.bound or super().owns(name)


def _beyond_classes(frame: Frame) -> Frame:
    """Return the scope that is seen from inside ``frame``: the names of class bodies are not."""
    while isinstance(frame, ClassFrame):
        frame = frame.outer
    return frame


class CompFrame(Frame):
    """A comprehension, or a list of type parameters: some names of its own, all else is the scope around it."""

    __slots__ = ("alias", "bound", "outer")

    def __init__(self, parent: Frame, bound: Iterable[str] = ()) -> None:
        super().__init__(parent)
        self.bound = set(bound)
        self.alias: dict[str, Roots] = {}
        self.outer = _beyond_classes(parent)

    def load(self, name: str, node: Node, inert: bool = False) -> None:
        if name not in self.bound:
            self.outer.load(name, node, inert)

    def mutate(self, name: str, strength: Strength, node: Node) -> None:
        if name not in self.bound:
            self.outer.mutate(name, strength, node)
            return
        seen, todo = {name}, [(name, strength)]
        while todo:  # its targets may stand for one another: [y for x in xs for y in x]
            current, how = todo.pop()
            for root, weak in self.alias.get(current, ()):
                new: Strength = "possible" if weak else how
                if root not in self.bound:
                    self.outer.mutate(root, new, node)
                elif root not in seen:
                    seen.add(root)
                    todo.append((root, new))

    def owns(self, name: str) -> bool:
        return name in self.bound or super().owns(name)
