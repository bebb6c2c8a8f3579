"""Walks definitions: functions, classes, imports, type aliases, ``global`` and ``nonlocal``.

A body becomes :class:`~.frames.Code` that the defined name carries; defaults, decorators and annotations are
evaluated where they stand.
"""

from __future__ import annotations

import ast
from typing import Any

from .frames import ClassFrame, CodeFrame, CompFrame, Frame
from .purity import ACTIVE_DECORATORS
from .statements import annotation
from .values import Value
from .walker import Handler, Walker, defaults, every_argument, in_code, passive

__all__ = ["DEFINITIONS"]


def _function(w: Walker, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    cell = w.cell
    made, loaded = len(cell.codes), len(cell.loaded)
    active = _decorators(w, node.decorator_list)
    defaults(w, node.args)
    outer = _type_params(w, node)
    for arg in every_argument(node.args):
        annotation(w, arg.annotation)
    annotation(w, node.returns)
    passed = cell.loaded[loaded:]
    frame = CodeFrame(w.frame)
    frame.code.later = isinstance(node, ast.AsyncFunctionDef)
    if isinstance(outer, ClassFrame):
        frame.code.method = node.name
    frame.parameters.update(w.name(arg.arg) for arg in every_argument(node.args))
    frame.bound |= frame.parameters
    w.frame = frame
    w.visit_all(node.body)
    w.frame = outer
    frame.close()
    _carry(w, node, node.name, made, passed, active)


def _carry(w: Walker, node: ast.AST, name: str, made: int, passed: list[str], active: bool) -> None:
    """Bind the name of a definition to the code made since ``made`` and to what it was given."""
    cell = w.cell
    codes = cell.codes[made:] if not in_code(w.frame) else []
    for code in codes:
        code.is_class |= isinstance(node, ast.ClassDef)
    for item in passed:
        codes.extend(cell.holders.get(item, ()))
    if active:
        cell.run(codes)
    w.frame.bind(w.name(name), node, Value(codes, passed))


def _decorators(w: Walker, nodes: list[ast.expr]) -> bool:
    """Walk decorators; tell whether one of them may run what it decorates at once."""
    active = False
    for node in nodes:
        w.visit(node)
        func = node.func if isinstance(node, ast.Call) else node
        last = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
        active |= last in ACTIVE_DECORATORS
        if isinstance(node, ast.Name):
            active |= any(code.calls_argument for code in w.cell.holders.get(node.id, ()))
    return active


def _type_params(w: Walker, node: Any) -> Frame:
    """Enter the scope of ``[T, …]`` if there is one; return the scope to go back to."""
    outer = w.frame
    params = getattr(node, "type_params", None)
    if params:
        w.frame = CompFrame(outer, [param.name for param in params])
        for param in params:
            for part in (getattr(param, "bound", None), getattr(param, "default_value", None)):
                if part is not None:
                    _later(w, part)
    return outer


def _later(w: Walker, node: ast.expr) -> None:
    """Walk an expression that is evaluated when it is first asked for."""
    frame = CodeFrame(w.frame)
    outer, w.frame = w.frame, frame
    w.visit(node)
    w.frame = outer
    frame.close()


def _class(w: Walker, node: ast.ClassDef) -> None:
    cell = w.cell
    made, loaded = len(cell.codes), len(cell.loaded)
    active = _decorators(w, node.decorator_list)
    outer = _type_params(w, node)
    for base in node.bases:
        passive(w, base)
    for keyword in node.keywords:
        w.visit(keyword.value)
    private, w.private = w.private, node.name
    w.frame = ClassFrame(w.frame)
    w.visit_all(node.body)
    w.frame, w.private = outer, private
    passed = cell.loaded[loaded:]
    _carry(w, node, node.name, made, passed, active)


def _import(w: Walker, node: ast.Import) -> None:
    for alias in node.names:
        name = alias.asname or alias.name.partition(".")[0]
        w.frame.bind(w.name(name), node, Value())
        if w.frame is w.cell:
            w.cell.modules[name] = alias.name if alias.asname else name


def _import_from(w: Walker, node: ast.ImportFrom) -> None:
    if node.module == "__future__" and not node.level:
        w.future |= any(alias.name == "annotations" for alias in node.names)
    for alias in node.names:
        if alias.name == "*":
            reason = f"`from {node.module or '.'} import *` binds names that only the run can show"
            w.cell.opaque.append((reason, node, False, True))
            w.cell.stars.append("." * node.level + (node.module or ""))
            continue
        name = alias.asname or alias.name
        w.frame.bind(w.name(name), node, Value())
        if w.frame is w.cell and not node.level:
            w.cell.modules[name] = f"{node.module}.{alias.name}"


def _global(w: Walker, node: ast.Global | ast.Nonlocal) -> None:
    w.frame.declare([w.name(name) for name in node.names], isinstance(node, ast.Global))


def _return(w: Walker, node: ast.Return) -> None:
    if node.value is not None:
        w.visit(node.value)
    if isinstance(w.frame, CodeFrame):
        w.frame.returns = True
        if isinstance(node.value, ast.Name):
            w.frame.code.hands_out.add(node.value.id)
        elif isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name):
            w.frame.code.result_of.add(node.value.func.id)


def _type_alias(w: Walker, node: Any) -> None:
    made = len(w.cell.codes)
    outer = _type_params(w, node)
    _later(w, node.value)
    w.frame = outer
    w.frame.bind(w.name(node.name.id), node, Value(w.cell.codes[made:] if not in_code(outer) else ()))


DEFINITIONS: dict[type, Handler] = {
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.FunctionDef: _function,
    ast.Global: _global,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Nonlocal: _global,
    ast.Return: _return,
}
if hasattr(ast, "TypeAlias"):
    DEFINITIONS[ast.TypeAlias] = _type_alias
