"""Attributes that cells set on installed modules and their classes: ``pd.DataFrame.summary = summary``.

Each has a pseudo-name, ``<attribute:pandas.DataFrame.summary>``.  Who spells the attribute, of whatever object, reads
it from where it is set: the text alone tells no classes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache

from reactive_kernel.core.parsed import parsed

__all__ = ["PATCHED", "attributes_set", "imports", "patched_in"]

PATCHED = "<attribute:"
_ATTRIBUTE = re.compile(r"\.\s*([^\W\d]\w*)(?!\w|\s*=[^=])")
_MAY_SET = re.compile(r"\.\s*[^\W\d]\w*\s*[^\w\s(]?=[^=]|\b(?:set|del)attr\b|\bdel\b|\bregister_\w+_accessor\b")
_ACCESSOR = {f"register_{kind.lower()}_accessor": kind for kind in ("DataFrame", "Series", "Index")}


def patched_in(source: str, patched: Collection[str], function: str | None = None) -> frozenset[str]:
    """Of these pseudo-names, those of whose attributes a text has one, other than to set it; or in which the function,
    or class, of a name has one that it defines.
    """
    if not patched:
        return frozenset()
    named = _attributes(source) if function is None else _attributes_in(source).get(function, ())
    return frozenset(name for name in patched if name[:-1].rpartition(".")[2] in named)


@lru_cache(maxsize=1024)
def _attributes(source: str) -> frozenset[str]:
    return frozenset(_ATTRIBUTE.findall(source))


@lru_cache(maxsize=1024)
def _attributes_in(source: str) -> Mapping[str, frozenset[str]]:
    """By the names of functions and classes that a text defines: the attributes in them."""
    found: dict[str, frozenset[str]] = {}
    for node in ast.walk(parsed(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[node.name] = found.get(node.name, frozenset()) | _attributes(ast.unparse(node))
        elif isinstance(node, ast.Assign) and any(isinstance(part, ast.Lambda) for part in ast.walk(node.value)):
            names = {part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name)}
            found.update((name, found.get(name, frozenset()) | _attributes(ast.unparse(node))) for name in names)
    return found


@lru_cache(maxsize=1024)
def attributes_set(source: str) -> frozenset[tuple[str, ...]]:
    """Chains of names whose last one the text sets, or deletes, as an attribute; wherever in it."""
    if not _MAY_SET.search(source):
        return frozenset()
    return frozenset(chain for node in ast.walk(parsed(source)) for chain in _set_by(node))


@lru_cache(maxsize=1024)
def imports(source: str) -> Mapping[str, tuple[str, ...]]:
    """Names that the text imports, with the path from the module's own name to what each stands for."""
    if "import" not in source:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for node in ast.walk(parsed(source)):
        for item in node.names if isinstance(node, ast.Import) else ():
            found[item.asname or item.name.partition(".")[0]] = (
                item.name if item.asname else item.name.partition(".")[0],
            )
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.update((item.asname or item.name, (node.module, item.name)) for item in node.names)
    return found


def _set_by(node: ast.AST) -> Iterator[tuple[str, ...]]:
    if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
        if chain := _chain(node):
            yield chain
    elif isinstance(node, ast.Call) and node.args:
        called, last = _chain(node.func), node.args[-1]
        named = node.args[1] if called in (("setattr",), ("delattr",)) and len(node.args) > 1 else last
        if not (called and isinstance(named, ast.Constant) and isinstance(named.value, str)):
            return
        if called[-1] in _ACCESSOR:
            yield "pandas", _ACCESSOR[called[-1]], named.value
        elif (named is not last or called == ("delattr",)) and (owner := _chain(node.args[0])):
            yield *owner, named.value


def _chain(node: ast.expr) -> tuple[str, ...]:
    """The names in ``a.b.c``; empty for anything else."""
    found: list[str] = []
    while isinstance(node, ast.Attribute):
        found.append(node.attr)
        node = node.value
    return (node.id, *reversed(found)) if isinstance(node, ast.Name) else ()
