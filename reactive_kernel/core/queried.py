"""Variables that a library looks up by name for a query in a string: ``duckdb.sql("select a from df")``.

Where the query is handed to DuckDB, polars or chDB, or to a function of the notebook's which does that, as far as the
text of the cells shows; tables of other databases are no variables.  Also variables after an ``@`` in a text of pandas'
that isn't written where it is handed on: ``rule = "a > @limit"`` here, ``df.query(rule)`` there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from reactive_kernel.core.graph import Graph
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.parsed import parsed

__all__ = ["METHODS", "locals_in", "queried", "tables_in"]

METHODS = frozenset({"sql", "query", "execute", "from_query"})
_LIBRARIES = re.compile(r"\b(?:duckdb|polars|chdb)\b")
_MAY_QUERY = re.compile(rf"\.(?:{'|'.join(METHODS)})\b|\bselect\b", re.IGNORECASE)
# What stands between FROM or JOIN and the next clause; of it, each first word after a comma names a table.
_TABLES = re.compile(
    r"\b(?:from|join)\b(.*?)(?=\b(?:from|join|where|group|order|limit|on|using|union|left|right|inner|full|cross"
    r"|natural|having|window|qualify|sample|pivot|select|except|intersect)\b|[();]|$)",
    re.IGNORECASE | re.DOTALL,
)
_FIRST = re.compile(r'\s*"?([^\W\d]\w*)\b"?(?!\s*\.)')
# An address has a letter before it.
_LOCAL = re.compile(r"(?<![\w.])@([^\W\d]\w*)")
_MAY_ASK = re.compile(r"\.\s*(?:query|eval)\b|@")
_LATER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(slots=True)
class _Queries:
    """What a cell hands on: the tables that its queries name, and the variables that hold queries."""

    tables: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)


def queried(cell: Cell, graph: Graph) -> frozenset[str]:
    """Names of variables in the queries that the cell hands to such a library, and which it doesn't bind itself."""
    found: set[str] = set()
    if _MAY_ASK.search(cell.source):
        asked = _asked(cell.source)
        found.update(asked.tables)
        for name in asked.variables:
            for producer in graph.resolve(name, cell):
                found |= _holding(graph.document.cells[producer].source).get(name, frozenset())
    if not _MAY_QUERY.search(cell.source) and graph.producers.keys().isdisjoint(("duckdb", "chdb")):
        return frozenset(found - cell.facts.writes.keys())
    for root, queries in _queries(cell.source).items():
        if not _is_of_a_library(root, cell, graph):
            continue
        found |= queries.tables
        for name in queries.variables:
            for producer in graph.resolve(name, cell):
                found |= _assigned(graph.document.cells[producer].source).get(name, frozenset())
    return frozenset(found - cell.facts.writes.keys())


def _is_of_a_library(root: str, cell: Cell, graph: Graph) -> bool:
    """True if a name is such a library's, or code that uses one."""
    if root in cell.facts.writes and _LIBRARIES.search(cell.source):
        return True
    cells = graph.document.cells
    todo = [(root, producer) for producer in graph.resolve(root, cell)]
    seen = set(todo)
    while todo:
        name, producer_id = todo.pop()
        producer = cells[producer_id]
        if _LIBRARIES.search(producer.source) or _uses_a_library(producer, graph):
            return True
        code = producer.carried.get(name)
        more = {(read, p) for read in (code.reads if code is not None else ()) for p in graph.resolve(read, cell)}
        # One that only changes it has it from further up.
        more.update((name, p) for p in producer.inputs.get(name, ()) if p in cells)
        todo += more - seen
        seen |= more
    return False


def _uses_a_library(producer: Cell, graph: Graph) -> bool:
    """True if a cell reads such a library under another name: ``import polars as pl``."""
    cells = graph.document.cells
    given = ((cells[p].ran, name) for name, found in producer.inputs.items() for p in found if p in cells)
    tokens = (ran.bound.get(name) or "" for ran, name in given if ran is not None)
    return any(token.startswith("module:") and _LIBRARIES.search(token) for token in tokens)


@lru_cache(maxsize=1024)
def _queries(source: str) -> Mapping[str, _Queries]:
    """Queries by the name through which they are run; nothing where the text isn't Python."""
    found: dict[str, _Queries] = {}
    for call in _calls(parsed(source)):
        root: ast.AST = call.func
        while isinstance(root, (ast.Attribute, ast.Call)):
            root = root.value if isinstance(root, ast.Attribute) else root.func
        if isinstance(root, ast.Name):
            queries = found.setdefault(root.id, _Queries())
            arguments = (*call.args, *(keyword.value for keyword in call.keywords))
            for argument in arguments if root is call.func else arguments[:1]:
                queries.tables.update(name for text in _texts(argument) for name in tables_in(text))
                if isinstance(argument, ast.Name):
                    queries.tables |= _assigned(source).get(argument.id, frozenset())
                    queries.variables.add(argument.id)
    return {root: queries for root, queries in found.items() if queries.tables or queries.variables}


@lru_cache(maxsize=1024)
def _asked(source: str) -> _Queries:
    """Variables after an ``@`` in texts that a cell hands on, and variables that hold such texts for pandas."""
    found, here = _Queries(), _holding(source)
    for call in _calls(parsed(source), frozenset({"query", "eval"})):
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            found.tables.update(_locals_of(argument))
            for name in {part.id for part in ast.walk(argument) if isinstance(part, ast.Name)}:
                found.tables |= here.get(name, frozenset())
                found.variables.add(name)
    return found


@lru_cache(maxsize=1024)
def _holding(source: str) -> Mapping[str, frozenset[str]]:
    """Names after an ``@`` in the texts that a cell gives to variables."""
    found: dict[str, frozenset[str]] = {}
    for node in ast.walk(parsed(source)) if "@" in source else ():
        if isinstance(node, (ast.Assign, ast.AugAssign)) and (names := _locals_of(node.value)):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    found[target.id] = found.get(target.id, frozenset()) | names
    return found


def _locals_of(value: ast.expr) -> frozenset[str]:
    texts = (part.value for part in ast.walk(value) if isinstance(part, ast.Constant))
    return frozenset(name for text in texts if isinstance(text, str) for name in locals_in(text))


def locals_in(text: str) -> list[str]:
    """Names after an ``@`` in a query of pandas'."""
    return _LOCAL.findall(text)


def _calls(tree: ast.AST, methods: frozenset[str] = METHODS) -> Iterator[ast.Call]:
    """Calls that may hand a query on, but for those in functions: of such a method, or of a function by its name."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Call) and (node.args or node.keywords):
            called = node.func
            if isinstance(called, ast.Name) or (isinstance(called, ast.Attribute) and called.attr in methods):
                yield node
        todo.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, _LATER))


@lru_cache(maxsize=1024)
def _assigned(source: str) -> Mapping[str, frozenset[str]]:
    """Names of tables in the texts that a cell gives to variables."""
    found: dict[str, frozenset[str]] = {}
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Assign):
            tables = frozenset(name for text in _texts(node.value) for name in tables_in(text))
            for target in node.targets if tables else ():
                if isinstance(target, ast.Name):
                    found[target.id] = found.get(target.id, frozenset()) | tables
    return found


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):  # "…".format(…), "…".strip()
        node = node.func.value
    if isinstance(node, ast.JoinedStr):  # what is filled in may be a name's part
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "()" for part in node.values)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def tables_in(text: str) -> Iterator[str]:
    """Names of tables in a query, as far as its clauses show."""
    for clause in _TABLES.finditer(text):
        parts = clause[1].split(",")
        if text[clause.end() : clause.end() + 1] == "(":  # a function's, or a query's
            parts.pop()
        for part in parts:
            if found := _FIRST.match(part):
                yield found[1]
