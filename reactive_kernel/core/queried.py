"""Variables that a library looks up by name for a query in a string: ``duckdb.sql("select a from df")``.

Where the query is handed to DuckDB, polars or chDB, as far as the text of the cells shows; tables of other databases
are no variables.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from reactive_kernel.core.graph import Graph
from reactive_kernel.core.notebook import Cell

__all__ = ["queried"]

_METHODS = frozenset({"sql", "query", "execute", "from_query"})
_LIBRARIES = re.compile(r"\b(?:duckdb|polars|chdb)\b")
# What stands between FROM or JOIN and the next clause; of it, each first word after a comma names a table.
_TABLES = re.compile(
    r"\b(?:from|join)\b(.*?)(?=\b(?:from|join|where|group|order|limit|on|using|union|left|right|inner|full|cross"
    r"|natural|having|window|qualify|sample|pivot|select|except|intersect)\b|[();]|$)",
    re.IGNORECASE | re.DOTALL,
)
_FIRST = re.compile(r'\s*"?([^\W\d]\w*)\b"?(?!\s*\.)')
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def queried(cell: Cell, graph: Graph) -> frozenset[str]:
    """Names of variables in the queries that the cell hands to such a library, and which it doesn't bind itself."""
    if not any(method in cell.source for method in _METHODS):
        return frozenset()
    found = {n for root, names in _queries(cell.source).items() if _is_of_a_library(root, cell, graph) for n in names}
    return frozenset(found - cell.facts.writes.keys())


def _is_of_a_library(root: str, cell: Cell, graph: Graph) -> bool:
    if root in cell.facts.writes and _LIBRARIES.search(cell.source):
        return True
    producers = map(graph.document.cells.__getitem__, graph.resolve(root, cell))
    return any(_LIBRARIES.search(producer.source) for producer in producers)


@lru_cache(maxsize=1024)
def _queries(source: str) -> Mapping[str, frozenset[str]]:
    """Names of tables in queries, by the name through which these are run; nothing where it isn't Python."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found: dict[str, frozenset[str]] = {}
    for call in _calls(tree):
        root: ast.AST = call.func
        while isinstance(root, (ast.Attribute, ast.Call)):
            root = root.value if isinstance(root, ast.Attribute) else root.func
        if isinstance(root, ast.Name):
            tables = frozenset(name for text in _texts(call.args[0]) for name in _tables(text))
            found[root.id] = found.get(root.id, frozenset()) | tables
    return found


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Calls that hand a query on, but for those in functions."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        called = node.func if isinstance(node, ast.Call) and node.args else None
        if isinstance(node, ast.Call) and isinstance(called, ast.Attribute) and called.attr in _METHODS:
            yield node
        todo.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, _LATER))


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):  # what is filled in may be a name's part
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "()" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def _tables(text: str) -> Iterator[str]:
    for clause in _TABLES.finditer(text):
        parts = clause[1].split(",")
        if text[clause.end() : clause.end() + 1] == "(":  # a function's, or a query's
            parts.pop()
        for part in parts:
            if found := _FIRST.match(part):
                yield found[1]
