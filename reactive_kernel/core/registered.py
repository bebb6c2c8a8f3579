"""What functions read that a decorator of the notebook's own is given in the cell which defines them.

It may call them, or put them where the rest of the cell calls them from (``@handlers.on("load")``): the text of the
cell alone doesn't tell.  Where they were not called, the run does.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache

from reactive_kernel.core.graph import Graph
from reactive_kernel.core.notebook import Cell

__all__ = ["registered"]

Decorators = Mapping[str, frozenset[str]]
_NO_DECORATORS: Decorators = {}


def registered(cell: Cell, graph: Graph) -> frozenset[str]:
    """Names that such functions and classes of a cell read, and which the cell doesn't bind itself."""
    if "@" not in cell.source:
        return frozenset()
    deferred, writes = cell.facts.deferred, cell.facts.writes
    found: set[str] = set()
    for name, roots in _read(cell.source)[0].items():
        if name in deferred and any(_is_of_the_notebook(root, cell, graph) for root in roots):
            found |= deferred[name].reads
    return frozenset(name for name in found if name not in writes and not name.startswith(("<", "sql:")))


def _is_of_the_notebook(root: str, cell: Cell, graph: Graph) -> bool:
    """True if a cell makes what a decorator begins with: it was not imported."""
    if root in cell.facts.writes:
        return root not in _read(cell.source)[1]
    producers = map(graph.document.cells.__getitem__, graph.resolve(root, cell))
    return any(root in producer.facts.writes and root not in _read(producer.source)[1] for producer in producers)


@lru_cache(maxsize=1024)
def _read(source: str) -> tuple[Decorators, frozenset[str]]:
    """What each definition's decorators begin with, and the names that are imported; nothing where it isn't Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _NO_DECORATORS, frozenset()
    decorators: dict[str, frozenset[str]] = {}
    imports: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.update(item.asname or item.name.partition(".")[0] for item in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.decorator_list:
            roots = frozenset(filter(None, map(_root, node.decorator_list)))
            decorators[node.name] = decorators.get(node.name, frozenset()) | roots
    return decorators, frozenset(imports)


def _root(node: ast.expr) -> str:
    """The name that a decorator begins with."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, (ast.Attribute, ast.Subscript)):
            node = node.value
        else:
            return ""
    return node.id
