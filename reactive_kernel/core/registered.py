"""What definitions run that the text of their cell doesn't show: decorators and hooks of base classes.

A decorator of the notebook's own may call what it is given, or put it where the rest of the cell calls it from
(``@handlers.on("load")``); ``class A(Base)`` runs ``Base.__init_subclass__`` and what its metaclass has.  What was not
run after all, the run tells.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from reactive_kernel.core.graph import Graph
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.parsed import parsed

__all__ = ["by_definitions", "registered"]

Roots = Mapping[str, frozenset[str]]
_DEEPEST = 5  # bases of bases
_HOOKS = re.compile(r"\b__init_subclass__\b|\bmetaclass\s*=")


@dataclass(frozen=True, slots=True)
class _Definitions:
    """Of a text: what decorators and bases of each definition begin with, and the names that are imported."""

    decorators: Roots = field(default_factory=dict)
    bases: Roots = field(default_factory=dict)
    imports: frozenset[str] = frozenset()


def by_definitions(cell: Cell, graph: Graph) -> frozenset[str]:
    """Names of other cells that the definitions of a cell may read, beyond what its text shows."""
    return registered(cell, graph) | _hooked(cell, graph)


def registered(cell: Cell, graph: Graph) -> frozenset[str]:
    """Names that functions and classes read which such decorators get, and which the cell doesn't bind itself."""
    if "@" not in cell.source:
        return frozenset()
    deferred, writes = cell.facts.deferred, cell.facts.writes
    found: set[str] = set()
    for name, roots in _read(cell.source).decorators.items():
        if name in deferred and any(_is_of_the_notebook(root, cell, graph) for root in roots):
            found |= deferred[name].reads
    return frozenset(name for name in found if name not in writes and not name.startswith(("<", "sql:")))


def _hooked(cell: Cell, graph: Graph) -> frozenset[str]:
    """Names of other cells that code in the bases of a cell's classes reads, where these have hooks for subclasses."""
    if "class" not in cell.source:
        return frozenset()
    cells, found = graph.document.cells, set[str]()
    for root in frozenset().union(*_read(cell.source).bases.values()):
        if root not in cell.facts.writes and _has_hooks(root, cell, graph, 0):
            for producer in map(cells.__getitem__, graph.above(root, cell.key)):
                code = producer.carried.get(root)
                found |= code.reads | code.mutates if code is not None else set()
    return frozenset(name for name in found if name not in cell.facts.writes and not name.startswith(("<", "sql:")))


def _has_hooks(root: str, cell: Cell, graph: Graph, depth: int) -> bool:
    """True if a class may have hooks: its cell's text, or that of one of its bases, names some."""
    for producer in map(graph.document.cells.__getitem__, graph.above(root, cell.key)):
        if _HOOKS.search(producer.source):
            return True
        bases = _read(producer.source).bases.get(root, frozenset()) - {root}
        if depth < _DEEPEST and any(_has_hooks(base, producer, graph, depth + 1) for base in bases):
            return True
    return False


def _is_of_the_notebook(root: str, cell: Cell, graph: Graph) -> bool:
    """True if a cell makes what a decorator begins with: it was not imported."""
    if root in cell.facts.writes:
        return root not in _read(cell.source).imports
    producers = map(graph.document.cells.__getitem__, graph.resolve(root, cell))
    return any(root in producer.facts.writes and root not in _read(producer.source).imports for producer in producers)


@lru_cache(maxsize=1024)
def _read(source: str) -> _Definitions:
    """What a text defines; nothing where it isn't Python."""
    tree = parsed(source)
    decorators: dict[str, frozenset[str]] = {}
    bases: dict[str, frozenset[str]] = {}
    imports: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.update(item.asname or item.name.partition(".")[0] for item in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            _add(decorators, node.name, node.decorator_list)
            if isinstance(node, ast.ClassDef):
                _add(bases, node.name, [*node.bases, *(keyword.value for keyword in node.keywords)])
    return _Definitions(decorators, bases, frozenset(imports))


def _add(roots: dict[str, frozenset[str]], name: str, nodes: list[ast.expr]) -> None:
    if nodes:
        roots[name] = roots.get(name, frozenset()).union(filter(None, map(_root, nodes)))


def _root(node: ast.expr) -> str:
    """The name that a decorator or base begins with."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        else:
            return ""
    return node.id
