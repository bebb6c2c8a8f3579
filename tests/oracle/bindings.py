"""What a cell's source spells and deletes: just enough to put values where they belong in a clean run.

Written apart from the kernel's analysis, which it helps to judge.
"""

from __future__ import annotations

import ast
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
def deleted(source: str) -> frozenset[str]:
    """Names that the source unbinds somewhere."""
    if sql_plain.is_sql(source):
        return sql_plain.deleted(source)
    names = (node for node in ast.walk(_tree(source)) if isinstance(node, ast.Name))
    return frozenset(node.id for node in names if isinstance(node.ctx, ast.Del))


def created(source: str) -> frozenset[str]:
    """What the cell binds past its own namespace, where nothing records it.

    Relations; and names that it assigns at top level and declares ``global`` elsewhere: CPython stores these as
    globals, too.
    """
    if sql_plain.is_sql(source):
        return sql_plain.created(source)
    tree = _tree(source)
    declared = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    targets = (target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets)
    return frozenset(target.id for target in targets if isinstance(target, ast.Name) and target.id in declared)
