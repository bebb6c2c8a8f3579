"""The scope of the cell itself: which names are surely, maybe or not yet bound at each point, and what is done to them.

Follows the flow of control as ``statements.py`` reports it.  Code that functions hold back is counted when it is used.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TypeVar

from .facts import Strength
from .frames import Frame
from .values import BOUND, DELETED, RANK, Code, Flow, Node, Roots, Value, both_roots, started

__all__ = ["CellFrame"]

CALLED = "()"  # marks a name among the loads that was called
_T = TypeVar("_T")


class CellFrame(Frame):
    """The top level of the cell."""

    __slots__ = (
        "alias", "asked", "carried", "codes", "dead", "direct", "effects", "flow", "holders", "loaded", "made",
        "modules", "mutates", "not_plain", "opaque", "plain", "reads", "stars", "sure", "used", "writes",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__(None)
        self.flow: Flow = {}
        self.dead = False  # the current point is never reached
        self.reads: dict[str, Node] = {}
        self.direct: set[str] = set()  # those of them that the cell reads itself, not only code that it makes
        self.sure: set[str] = set()  # names that every run reads before it binds them
        self.used: set[str] = set()  # names loaded in a place where they may be called
        self.asked: set[str] = set()  # names of which it asks whether they are there
        self.writes: dict[str, Node] = {}
        self.mutates: dict[str, tuple[Strength, Node]] = {}
        self.effects: dict[str, Node] = {}
        self.opaque: list[tuple[str, Node, bool, bool]] = []  # reason, where, whether it hides reads, may bind names
        self.stars: list[str] = []
        self.plain: set[str] = set()
        self.not_plain: set[str] = set()
        self.modules: dict[str, str] = {}  # imported name -> dotted module
        self.alias: dict[str, Roots] = {}
        self.made: set[str] = set()  # own names of lists, dicts and sets that the cell writes out: roots are inside
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
        mask = self.flow.get(name, 1)
        if mask & 1:
            self.reads.setdefault(name, node)
            self.direct.add(name)
        if mask == 1 and not self.depth and not self.stars:  # a star may have bound it
            self.sure.add(name)
        if not inert:
            self.used.add(name)
            if name in self.carried:
                self.used |= self.carried[name]
            if name in self.holders:
                self.run(self.holders[name])

    def call(self, name: str, node: Node) -> None:
        """``name`` is called here: part of its code runs, and what is kept is the result, not ``name`` itself."""
        if name not in self.holders:
            self.load(name, node)
            return
        self.load(name, node, True)
        self.used.add(name)
        self.used |= self.carried.get(name, set())
        self.loaded[-1] = name + CALLED
        codes = started(self.holders[name])
        self.run(codes)
        for code in codes:
            for written in code.sure:
                self.flow[written] = BOUND
        self._result(name, set())

    def _result(self, name: str, seen: set[str]) -> None:
        """Note what the result of a call of ``name`` may carry."""
        seen.add(name)
        for code in self.holders[name]:
            result = code.result()
            if result is not None:
                self.codes.append(result)
            self.loaded += sorted(item for item in code.hands_out if item in code.reads)
            for item in sorted(code.result_of - seen):
                if item in self.holders:
                    self._result(item, seen)
                elif item in code.reads:
                    self.loaded.append(item)

    def run(self, codes: Iterable[Code]) -> None:
        """Count what ``codes`` do as done here and now."""
        todo = list(codes)
        seen: set[int] = set()
        while todo:
            code = todo.pop()
            if id(code) in seen:
                continue
            seen.add(id(code))
            for name, node in code.reads.items():
                if self.flow.get(name, 1) & 1:
                    self.reads.setdefault(name, node)
                self.used.add(name)
                self.used |= self.carried.get(name, set())
                todo.extend(self.holders.get(name, ()))
            for name, (strength, node) in code.mutates.items():
                self.mutate(name, strength, node)
            for name, node in code.writes.items():
                self.flow[name] = self.flow.get(name, 1) | BOUND
                self.writes.setdefault(name, node)
            self.effects = {**code.effects, **self.effects}
            for reason, node in code.hidden.items():
                self.hide(reason, node)

    def bind(self, name: str, node: Node, value: Value) -> None:
        self.flow[name] = BOUND
        self.made.discard(name)
        self.writes.setdefault(name, node)
        if value.plain:
            self.plain.add(name)
        else:
            self.not_plain.add(name)
        if self.depth:  # the earlier value may survive: keep what is known of both
            if value.roots:
                self.alias[name] = both_roots(self.alias.get(name, ()), self._others(value.roots))
            if value.codes:
                self.holders[name] = tuple(dict.fromkeys(self.holders.get(name, ()) + value.codes))
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
            self.holders[name] = tuple(dict.fromkeys(self.holders.get(name, ()) + value.codes))
        if value.names:
            self.carried.setdefault(name, set()).update(self._sources(value.names))
        if value.roots and not self.flow.get(name, 1) & 1:
            weak = tuple((root, True) for root, _ in value.roots)
            self.alias[name] = both_roots(self.alias.get(name, ()), self._others(weak))

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
        for text in names:
            name = text.removesuffix(CALLED)
            if name in self.reads and not name.startswith("<"):
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
        shallow = name in self.made and _changes_itself(node, name)
        for root, weak in self.alias.get(name, ()):
            self._candidate(root, "possible" if weak or shallow else strength, node)

    def _candidate(self, name: str, strength: Strength, node: Node) -> None:
        known = self.mutates.get(name)
        if known is None or RANK[known[0]] < RANK[strength]:
            self.mutates[name] = (strength, node)

    def effect(self, name: str, node: Node) -> None:
        self.effects.setdefault(name, node)

    def hide(self, reason: str, node: Node, binds: bool = False) -> None:
        self.opaque.append((reason, node, True, binds))

    def owns(self, name: str) -> bool:
        return name in self.flow


def _changes_itself(node: Node, name: str) -> bool:
    """True for ``name[k] = v`` and ``name.append(v)``, which leave what is inside alone; not ``name[k].append(v)``."""
    target = node.func if isinstance(node, ast.Call) else node
    return isinstance(target, (ast.Attribute, ast.Subscript)) and getattr(target.value, "id", "") == name


def _put(table: dict[str, _T], name: str, value: _T) -> None:
    if value:
        table[name] = value
    else:
        table.pop(name, None)
