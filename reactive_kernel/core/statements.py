"""Walks statements that bind, change and delete; blocks are in ``control.py``, definitions in ``definitions.py``."""

from __future__ import annotations

import ast
import sys

from .calls import asks_for_names, bind_by_key, mutate_target, roots
from .frames import CodeFrame
from .values import NOTHING, PLAIN, Value
from .walker import Handler, Walker, passive, run_made

__all__ = ["STATEMENTS", "annotation", "bind_targets"]

_LAZY_ANNOTATIONS = sys.version_info >= (3, 14)


def _expr(w: Walker, node: ast.Expr) -> None:
    w.thrown = node.value
    w.now(node.value)
    w.thrown = None


def _assign(w: Walker, node: ast.Assign) -> None:
    targets = node.targets
    if isinstance(node.value, ast.Tuple) and _parallel(targets, node.value):
        values = [w.value(item) for item in node.value.elts]
        for target in targets:
            for item, value in zip(target.elts, values, strict=True):  # type: ignore[attr-defined]
                bind_targets(w, item, value)
        return
    made = len(w.cell.codes)
    value = w.value(node.value)
    for target in targets:
        if target.__class__ is not ast.Name and isinstance(target, (ast.Tuple, ast.List)):
            run_made(w, made)  # unpacking consumes a generator
        other = w.cell.depth and isinstance(target, ast.Name) and target.id in w.cell.alias  # which may survive
        bind_targets(w, target, value)
        if isinstance(target, ast.Name) and isinstance(node.value, _WRITTEN_OUT) and w.frame is w.cell and not other:
            w.cell.made.add(w.name(target.id))


_WRITTEN_OUT = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)


def _parallel(targets: list[ast.expr], value: ast.Tuple) -> bool:
    if any(isinstance(item, ast.Starred) for item in value.elts):
        return False
    return all(
        isinstance(target, (ast.Tuple, ast.List))
        and len(target.elts) == len(value.elts)
        and not any(isinstance(item, ast.Starred) for item in target.elts)
        for target in targets
    )


def bind_targets(w: Walker, node: ast.expr, value: Value) -> None:
    """Give ``value`` to an assignment target."""
    if isinstance(node, ast.Name):
        w.frame.bind(w.name(node.id), node, value)
    elif isinstance(node, (ast.Tuple, ast.List)):
        if value.plain:
            value = NOTHING
        for item in node.elts:
            bind_targets(w, item, value)
    elif isinstance(node, ast.Starred):
        bind_targets(w, node.value, Value(value.codes, value.names, value.roots))
    elif isinstance(node, ast.Subscript) and (name := asks_for_names(w, node.value)) is not None:
        bind_by_key(w, node, name)
    elif isinstance(node, (ast.Attribute, ast.Subscript)):
        w.visit(node)
        mutate_target(w.frame, node)
        if w.frame is w.cell and (value.codes or value.names or value.roots):
            for name, weak in roots(node.value):
                if not weak:
                    w.cell.attach(name, value)


def _aug_assign(w: Walker, node: ast.AugAssign) -> None:
    target = node.target
    if isinstance(target, ast.Name):
        name = w.name(target.id)
        w.frame.load(name, target)
        cell = w.cell
        value = w.value(node.value)
        plain = name in cell.plain and name not in cell.not_plain
        if w.frame is not cell or not plain:
            w.frame.mutate(name, "possible" if _is_text(node.value) else "sure", target)
        old = cell.alias.get(name, ()), cell.holders.get(name, ()), tuple(cell.carried.get(name, ()))
        kept = PLAIN if plain and value.plain else Value(value.codes + old[1], value.names + old[2], old[0])
        w.frame.bind(name, target, kept)
    else:
        if isinstance(target, ast.Subscript) and asks_for_names(w, target.value) is not None:
            w.visit(target)  # it reads what is there
        bind_targets(w, target, w.value(node.value))


def _is_text(node: ast.expr) -> bool:
    """True for what is added to a text, which makes a new one; to a list hardly ever."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _ann_assign(w: Walker, node: ast.AnnAssign) -> None:
    in_code = isinstance(w.frame, CodeFrame)
    if node.value is not None:
        value = w.value(node.value)
        if not in_code:
            annotation(w, node.annotation)
        bind_targets(w, node.target, value)
        return
    if in_code:
        if isinstance(node.target, ast.Name) and node.simple:
            w.frame.bind(w.name(node.target.id), node.target, NOTHING)
        return
    if not isinstance(node.target, ast.Name):
        w.visit(node.target)
    annotation(w, node.annotation)


def annotation(w: Walker, node: ast.expr | None) -> None:
    """Walk an annotation, if this Python evaluates it where it stands."""
    if node is not None and not w.future and not _LAZY_ANNOTATIONS:
        passive(w, node)


def _delete(w: Walker, node: ast.Delete) -> None:
    for target in node.targets:
        _delete_target(w, target)


def _delete_target(w: Walker, node: ast.expr) -> None:
    if isinstance(node, ast.Name):
        w.frame.delete(w.name(node.id), node)
    elif isinstance(node, (ast.Tuple, ast.List)):
        for item in node.elts:
            _delete_target(w, item)
    elif isinstance(node, (ast.Attribute, ast.Subscript)):
        w.visit(node)
        mutate_target(w.frame, node)


def _assert(w: Walker, node: ast.Assert) -> None:
    w.now(node.test)
    if node.msg is not None:
        made = len(w.cell.codes)
        w.branch((node.msg,))
        run_made(w, made)


STATEMENTS: dict[type, Handler] = {
    ast.AnnAssign: _ann_assign,
    ast.Assert: _assert,
    ast.Assign: _assign,
    ast.AugAssign: _aug_assign,
    ast.Delete: _delete,
    ast.Expr: _expr,
    ast.Pass: lambda w, node: None,
}
