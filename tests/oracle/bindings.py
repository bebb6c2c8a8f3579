"""What a cell's source spells, binds and deletes: just enough to put values where they belong in a clean run.

Written apart from the kernel's analysis, which it helps to judge.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from . import sql_plain
from .execute import parses


@lru_cache(maxsize=20_000)
def _tree(source: str) -> ast.Module:
    return ast.parse(source if parses(source) and not sql_plain.is_sql(source) else "")


@lru_cache(maxsize=20_000)
def mentioned(source: str) -> frozenset[str]:
    """Every name that the source spells, in short strings too (exec, query, f-strings)."""
    if sql_plain.is_sql(source):
        return sql_plain.mentioned(source)
    names = {node.id for node in ast.walk(_tree(source)) if isinstance(node, ast.Name)}
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            words = node.value.replace("@", " ").replace("(", " ").replace("[", " ").replace(".", " ").split()
            names.update(word for word in words if word.isidentifier())
    return frozenset(names)


@lru_cache(maxsize=20_000)
def stored(source: str) -> frozenset[str]:
    """Names that the source binds whenever it runs to its end."""
    if sql_plain.is_sql(source):
        return sql_plain.stored(source)
    found: set[str] = set()
    for statement in _tree(source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found.add(statement.name)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            found.update((alias.asname or alias.name).split(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            found.update(_names([*targets], ast.Store))
    return frozenset(found - deleted(source) - {"*"})


def _names(nodes: list[ast.expr], context: type[ast.expr_context]) -> Iterator[str]:
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Name) and isinstance(node.ctx, context):
                yield node.id


@lru_cache(maxsize=20_000)
def deleted(source: str) -> frozenset[str]:
    """Names that the source unbinds somewhere."""
    if sql_plain.is_sql(source):
        return sql_plain.deleted(source)
    names = (node for node in ast.walk(_tree(source)) if isinstance(node, ast.Name))
    return frozenset(node.id for node in names if isinstance(node.ctx, ast.Del))


@lru_cache(maxsize=20_000)
def changed(source: str) -> frozenset[str]:
    """Names that the source binds, deletes or changes in place: a use of them is no use of one from below."""
    if sql_plain.is_sql(source):
        return sql_plain.changed(source)
    found: set[str] = set()
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            found.update(_root(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            found.update(_called_for_effect(node.value))
    return frozenset(found)


def _called_for_effect(call: ast.Call) -> Iterator[str]:
    yield from _root(call.func)
    if not (isinstance(call.func, ast.Name) and call.func.id == "print"):
        yield from (argument.id for argument in call.args if isinstance(argument, ast.Name))


def _root(node: ast.expr) -> Iterator[str]:
    inner: ast.expr = node
    while isinstance(inner, ast.Attribute | ast.Subscript | ast.Call):
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    if isinstance(inner, ast.Name) and inner is not node:
        yield inner.id
