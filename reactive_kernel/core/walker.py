"""The state of a walk over a cell's syntax tree, and what expressions and statements share.

A handler per kind of node is found by the node's class.  A :class:`Walker` knows which scope it is in and what a
kept value may be; what names mean is for the scopes (``frames.py``).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import Any

from . import purity
from .calls import roots
from .cellframe import CellFrame
from .frames import CodeFrame, CompFrame, Frame
from .values import PLAIN, Flow, Value

__all__ = [
    "Handler", "Walker", "bind_generators", "called_name", "defaults", "every_argument", "in_code", "kept_generator",
    "passive", "run_made", "target_names",
]  # fmt: skip

Handler = Callable[["Walker", Any], None]


class Walker:
    """The state of one walk: the current scope and the table of handlers."""

    __slots__ = ("cell", "frame", "future", "handlers", "loops", "private", "shown", "thrown", "walrus")

    def __init__(self, handlers: dict[type, Handler], walrus: bool) -> None:
        self.handlers = handlers
        self.cell = CellFrame()
        self.frame: Frame = self.cell
        self.walrus = walrus  # the source has a ``:=`` somewhere
        self.future = False  # annotations are not evaluated
        self.private = ""  # the class around the current point, for names like __x
        self.thrown: ast.expr | None = None  # the expression whose result is not kept
        self.shown: ast.stmt | None = None  # the last statement, if its result is shown
        self.loops: list[tuple[list[Flow], list[Flow]]] = []  # states at break and continue

    def visit(self, node: ast.AST) -> None:
        """Walk ``node``."""
        self.handlers[node.__class__](self, node)

    def visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        """Walk every node of ``nodes`` in order."""
        handlers = self.handlers
        for node in nodes:
            if node is not None:
                handlers[node.__class__](self, node)

    def shows(self, node: ast.expr) -> bool:
        """Tell whether the result of ``node`` is what the cell shows."""
        return isinstance(self.shown, ast.Expr) and self.shown.value is node

    def now(self, node: ast.expr) -> None:
        """Walk ``node``, whose value is not kept: code made in it counts as run."""
        made = len(self.cell.codes)
        self.visit(node)
        run_made(self, made)

    def name(self, text: str) -> str:
        """Return ``text`` as Python mangles it in a class body."""
        if self.private and text.startswith("__") and not text.endswith("__"):
            stripped = self.private.lstrip("_")
            return f"_{stripped}{text}" if stripped else text
        return text

    def branch(self, nodes: Iterable[ast.AST]) -> None:
        """Walk ``nodes``, which may not be evaluated."""
        self.cell.depth += 1
        self._branch(nodes)
        self.cell.depth -= 1

    def _branch(self, nodes: Iterable[ast.AST]) -> None:
        if not self.walrus:
            self.visit_all(nodes)
            return
        before = self.cell.flow
        self.cell.flow = dict(before)
        self.frame.depth += 1
        self.visit_all(nodes)
        self.frame.depth -= 1
        after = self.cell.flow
        self.cell.flow = (
            before
            if after == before
            else {name: after.get(name, 1) | before.get(name, 1) for name in {**before, **after}}
        )

    def value(self, node: ast.expr) -> Value:
        """Walk ``node``, whose value is kept under a name, and return what is known of it."""
        cell = self.cell
        if self.frame is not cell:
            passive(self, node)
            return Value(roots=roots(node))
        if node.__class__ is ast.Constant:
            return PLAIN
        n_codes, n_loaded = len(cell.codes), len(cell.loaded)
        passive(self, node)
        if _is_plain(self, node):
            run_made(self, n_codes)
            return PLAIN
        codes, names = cell.codes[n_codes:], cell.loaded[n_loaded:]
        if cell.holders:
            for name in names:
                codes += cell.holders.get(name, ())
        if _is_data(node):
            return Value(roots=roots(node))
        return Value(codes, names, roots(node))


def passive(w: Walker, node: ast.expr) -> None:
    """Walk an expression whose value is only kept or handed on, not called."""
    kind = node.__class__
    if kind is ast.Name:
        assert isinstance(node, ast.Name)
        w.frame.load(w.name(node.id), node, True)
    elif kind is ast.Tuple or kind is ast.List or kind is ast.Set:
        for item in node.elts:  # type: ignore[attr-defined]
            passive(w, item)
    elif isinstance(node, ast.Dict):
        for key in node.keys:
            if key is not None:
                w.visit(key)
        for item in node.values:
            passive(w, item)
    elif isinstance(node, ast.Call) and _is_lazy(node.func):
        w.visit(node.func)
        for item in node.args:
            passive(w, item)
        for keyword in node.keywords:
            passive(w, keyword.value)
    elif isinstance(node, ast.GeneratorExp) and not in_code(w.frame):
        kept_generator(w, node)
    else:
        w.visit(node)


def _is_lazy(func: ast.expr) -> bool:
    if isinstance(func, ast.Name):
        return func.id in purity.LAZY_CALLS
    return isinstance(func, ast.Attribute) and func.attr in purity.LAZY_CALLS and called_name(func.value) in _TOOLS


_TOOLS = frozenset({"functools", "itertools", "collections"})


def in_code(frame: Frame | None) -> bool:
    """Tell whether ``frame`` is in a body that runs later."""
    while frame is not None:
        if isinstance(frame, CodeFrame):
            return True
        frame = frame.parent
    return False


def called_name(func: ast.expr) -> str:
    """Return the last part of a callable's name: ``read_csv`` of ``pd.read_csv``."""
    if isinstance(func, ast.Name):
        return func.id
    return func.attr if isinstance(func, ast.Attribute) else ""


def _is_plain(w: Walker, node: ast.expr) -> bool:
    """Tell whether the value is surely a number, a string or the like."""
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        return True
    if isinstance(node, ast.Name):
        return node.id in w.cell.plain and node.id not in w.cell.not_plain
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) or _is_plain(w, node.operand)
    if isinstance(node, ast.BinOp):
        return _is_plain(w, node.right) and _is_plain(w, node.left)
    if isinstance(node, (ast.BoolOp, ast.Tuple)):
        return all(_is_plain(w, item) for item in (node.values if isinstance(node, ast.BoolOp) else node.elts))
    if isinstance(node, ast.Compare):
        return all(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in node.ops) or (
            _is_plain(w, node.left) and all(_is_plain(w, item) for item in node.comparators)
        )
    if isinstance(node, ast.IfExp):
        return _is_plain(w, node.body) and _is_plain(w, node.orelse)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id in purity.PLAIN_CALLS and not w.frame.owns(node.func.id)
        return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, (ast.Constant, ast.JoinedStr))
    return False


def _is_data(node: ast.expr) -> bool:
    """Tell whether the value evidently carries no code: numbers, strings, arrays, frames, containers of them."""
    if isinstance(node, (ast.Constant, ast.JoinedStr, ast.Compare)):
        return True
    if isinstance(node, ast.BinOp):
        return _is_data(node.left) or _is_data(node.right)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) or _is_data(node.operand)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return all(_is_data(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(_is_data(item) for item in node.values)
    if isinstance(node, (ast.ListComp, ast.SetComp)):
        return _is_data(node.elt)
    if isinstance(node, ast.DictComp):
        return _is_data(node.value)
    if isinstance(node, ast.Subscript):
        return _is_data(node.value)
    return isinstance(node, ast.Call) and called_name(node.func) in purity.DATA_CALLS


def run_made(w: Walker, made: int) -> None:
    """Count code made since ``made`` as run now, as where it is passed to a call."""
    codes = w.cell.codes
    if len(codes) > made:
        w.cell.run(codes[made:])


def defaults(w: Walker, args: ast.arguments) -> None:
    """Walk default values: evaluated where the function is defined, and kept by it."""
    for item in (*args.defaults, *args.kw_defaults):
        if item is not None:
            passive(w, item)


def every_argument(args: ast.arguments) -> list[ast.arg]:
    """Return all parameters of a function."""
    out = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    if args.vararg is not None:
        out.append(args.vararg)
    if args.kwarg is not None:
        out.append(args.kwarg)
    return out


def target_names(node: ast.AST) -> list[str]:
    """Return the names that an assignment target binds."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, (ast.Tuple, ast.List)):
        return [name for item in node.elts for name in target_names(item)]
    return target_names(node.value) if isinstance(node, ast.Starred) else []


def bind_generators(w: Walker, frame: CompFrame | CodeFrame, generators: list[ast.comprehension]) -> None:
    """Bind the names of a comprehension in ``frame``."""
    for item in generators:
        names = [w.name(name) for name in target_names(item.target)]
        frame.bound.update(names)
        origin = roots(item.iter)
        if origin:
            for name in names:
                frame.alias[name] = origin


def kept_generator(w: Walker, node: ast.GeneratorExp) -> None:
    """A generator expression that is kept: all but its first iterable is evaluated when it is consumed."""
    w.visit(node.generators[0].iter)
    frame = CodeFrame(w.frame)
    bind_generators(w, frame, node.generators)
    outer, w.frame = w.frame, frame
    for number, item in enumerate(node.generators):
        if number:
            w.visit(item.iter)
        w.visit_all(item.ifs)
    w.visit(node.elt)
    w.frame = outer
    frame.close()
