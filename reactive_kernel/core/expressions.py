"""Walks expressions: which names they use, change, pass on, and what code they make.

One handler per kind of node, found by its class; a handler knows the scope only through its
:class:`~.frames.Frame`.  Statements are in ``statements.py``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from typing import Any

from . import purity
from .calls import call_mutations, random_state, roots, special_call
from .frames import PLAIN, CellFrame, CodeFrame, CompFrame, Frame, Value

__all__ = [
    "EXPRESSIONS", "Walker", "defaults", "every_argument", "in_code", "is_plain", "passive", "run_made", "target_names",
]  # fmt: skip

_AT_NAME = re.compile(r"@([^\W\d]\w*)")


class Walker:
    """The state of one walk: the current scope and the table of handlers."""

    __slots__ = ("cell", "frame", "future", "handlers", "loops", "private", "thrown", "walrus")

    def __init__(self, handlers: dict[type, Callable[[Walker, Any], None]], walrus: bool) -> None:
        self.handlers = handlers
        self.cell = CellFrame()
        self.frame: Frame = self.cell
        self.walrus = walrus  # the source has a ``:=`` somewhere
        self.future = False  # annotations are not evaluated
        self.private = ""  # the class around the current point, for names like __x
        self.thrown: ast.expr | None = None  # the expression whose result is thrown away
        self.loops: list[tuple[list[Any], list[Any]]] = []  # states at break and continue

    def visit(self, node: ast.AST) -> None:
        """Walk ``node``."""
        self.handlers[node.__class__](self, node)

    def visit_all(self, nodes: Iterable[ast.AST | None]) -> None:
        """Walk every node of ``nodes`` in order."""
        handlers = self.handlers
        for node in nodes:
            if node is not None:
                handlers[node.__class__](self, node)

    def name(self, text: str) -> str:
        """Return ``text`` as Python mangles it in a class body."""
        if self.private and text.startswith("__") and not text.endswith("__"):
            stripped = self.private.lstrip("_")
            return f"_{stripped}{text}" if stripped else text
        return text

    def branch(self, nodes: Iterable[ast.AST]) -> None:
        """Walk ``nodes``, which may not be evaluated."""
        if not self.walrus:
            self.visit_all(nodes)
            return
        before = self.cell.flow
        self.cell.flow = dict(before)
        self.frame.depth += 1
        self.visit_all(nodes)
        self.frame.depth -= 1
        after = self.cell.flow
        self.cell.flow = before if after == before else {
            name: after.get(name, 1) | before.get(name, 1) for name in {**before, **after}
        }

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
        if is_plain(self, node):
            return PLAIN
        codes, names = cell.codes[n_codes:], cell.loaded[n_loaded:]
        if cell.holders:
            for name in names:
                codes += cell.holders.get(name, ())
        if not codes and is_data(node):
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
    elif isinstance(node, ast.Call) and _last_name(node.func) in purity.LAZY_CALLS:
        w.visit(node.func)
        for item in node.args:
            passive(w, item)
        for keyword in node.keywords:
            passive(w, keyword.value)
    elif isinstance(node, ast.GeneratorExp) and not in_code(w.frame):
        kept_generator(w, node)
    else:
        w.visit(node)


def in_code(frame: Frame | None) -> bool:
    """Tell whether ``frame`` is in a body that runs later."""
    while frame is not None:
        if isinstance(frame, CodeFrame):
            return True
        frame = frame.parent
    return False


def _last_name(func: ast.expr) -> str:
    if isinstance(func, ast.Name):
        return func.id
    return func.attr if isinstance(func, ast.Attribute) else ""


def is_plain(w: Walker, node: ast.expr) -> bool:
    """Tell whether the value is surely a number, a string or the like."""
    if isinstance(node, (ast.Constant, ast.JoinedStr)):
        return True
    if isinstance(node, ast.Name):
        return node.id in w.cell.plain and node.id not in w.cell.not_plain
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) or is_plain(w, node.operand)
    if isinstance(node, ast.BinOp):
        return is_plain(w, node.right) and is_plain(w, node.left)
    if isinstance(node, (ast.BoolOp, ast.Tuple)):
        return all(is_plain(w, item) for item in (node.values if isinstance(node, ast.BoolOp) else node.elts))
    if isinstance(node, ast.Compare):
        return all(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in node.ops) or (
            is_plain(w, node.left) and all(is_plain(w, item) for item in node.comparators)
        )
    if isinstance(node, ast.IfExp):
        return is_plain(w, node.body) and is_plain(w, node.orelse)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id in purity.PLAIN_CALLS and not w.frame.owns(node.func.id)
        return isinstance(node.func, ast.Attribute) and isinstance(node.func.value, (ast.Constant, ast.JoinedStr))
    return False


def is_data(node: ast.expr) -> bool:
    """Tell whether the value evidently carries no code: numbers, strings, arrays, frames, containers of them."""
    if isinstance(node, (ast.Constant, ast.JoinedStr, ast.Compare)):
        return True
    if isinstance(node, ast.BinOp):
        return is_data(node.left) or is_data(node.right)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) or is_data(node.operand)
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return all(is_data(item) for item in node.elts)
    if isinstance(node, ast.Dict):
        return all(is_data(item) for item in node.values)
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        return is_data(node.elt)
    if isinstance(node, ast.DictComp):
        return is_data(node.value)
    if isinstance(node, ast.Subscript):
        return is_data(node.value)
    return isinstance(node, ast.Call) and _last_name(node.func) in purity.DATA_CALLS


def _nothing(w: Walker, node: ast.AST) -> None:
    """No names in it."""


def _name(w: Walker, node: ast.Name) -> None:
    text = node.id
    if w.private:
        text = w.name(text)
        if text == "__class__":
            return
    w.frame.load(text, node)


def _attribute(w: Walker, node: ast.Attribute) -> None:
    w.handlers[node.value.__class__](w, node.value)


def _subscript(w: Walker, node: ast.Subscript) -> None:
    handlers = w.handlers
    handlers[node.value.__class__](w, node.value)
    handlers[node.slice.__class__](w, node.slice)


def _bin_op(w: Walker, node: ast.BinOp) -> None:
    chain = [node.right]  # a long sum is nested to the left: no recursion for it
    left = node.left
    while isinstance(left, ast.BinOp):
        chain.append(left.right)
        left = left.left
    w.visit(left)
    w.visit_all(reversed(chain))


def _unary_op(w: Walker, node: ast.UnaryOp) -> None:
    w.visit(node.operand)


def _bool_op(w: Walker, node: ast.BoolOp) -> None:
    w.visit(node.values[0])
    w.branch(node.values[1:])


def _compare(w: Walker, node: ast.Compare) -> None:
    made = len(w.cell.codes)
    w.visit(node.left)
    w.visit_all(node.comparators)
    run_made(w, made)


def run_made(w: Walker, made: int) -> None:
    """Count code made since ``made`` as run now, as where it is passed to a call."""
    codes = w.cell.codes
    if len(codes) > made:
        w.cell.run(codes[made:])


def _if_exp(w: Walker, node: ast.IfExp) -> None:
    w.visit(node.test)
    w.branch((node.body,))
    w.branch((node.orelse,))


def _named_expr(w: Walker, node: ast.NamedExpr) -> None:
    value = w.value(node.value)
    w.frame.bind(w.name(node.target.id), node.target, value)
    w.cell.loaded.append(node.target.id)


def _elements(w: Walker, node: ast.List | ast.Tuple | ast.Set) -> None:
    w.visit_all(node.elts)


def _dict(w: Walker, node: ast.Dict) -> None:
    w.visit_all(node.keys)
    w.visit_all(node.values)


def _joined_str(w: Walker, node: ast.JoinedStr) -> None:
    for item in node.values:
        if isinstance(item, ast.FormattedValue):
            w.visit(item.value)
            if item.format_spec is not None:
                w.visit(item.format_spec)


def _slice(w: Walker, node: ast.Slice) -> None:
    w.visit_all((node.lower, node.upper, node.step))


def _wrapped(w: Walker, node: ast.Starred | ast.Await | ast.YieldFrom) -> None:
    made = len(w.cell.codes)
    if w.thrown is node:
        w.thrown = node.value
    w.visit(node.value)
    run_made(w, made)


def _yield(w: Walker, node: ast.Yield) -> None:
    if node.value is not None:
        w.visit(node.value)


def _call(w: Walker, node: ast.Call) -> None:
    func = node.func
    cell = w.cell
    handlers = w.handlers
    made = len(cell.codes)
    thrown = w.thrown is node
    if special_call(w, node):
        return
    handlers[func.__class__](w, func)
    for arg in node.args:
        handlers[arg.__class__](w, arg)
    for keyword in node.keywords:
        handlers[keyword.value.__class__](w, keyword.value)
    if len(cell.codes) > made:
        cell.run(cell.codes[made:])
    call_mutations(w.frame, node, thrown)
    if func.__class__ is ast.Attribute:
        random_state(w.frame, func)
        if func.attr in ("query", "eval") and node.args:  # type: ignore[attr-defined]
            _at_names(w, node.args[0])
    elif func.__class__ is ast.Name and func.id in cell.modules:  # type: ignore[attr-defined]
        random_state(w.frame, func)


def _at_names(w: Walker, node: ast.expr) -> None:
    """``df.query("a > @x")`` looks the name up itself."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            for text in _AT_NAME.findall(part.value):
                w.frame.load(text, node)


def _lambda(w: Walker, node: ast.Lambda) -> None:
    defaults(w, node.args)
    frame = CodeFrame(w.frame)
    frame.bound.update(arg.arg for arg in every_argument(node.args))
    outer, w.frame = w.frame, frame
    w.visit(node.body)
    w.frame = outer
    frame.close()


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


def _comprehension(w: Walker, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
    _comprehend(w, node.generators, (node.elt,))


def _dict_comp(w: Walker, node: ast.DictComp) -> None:
    _comprehend(w, node.generators, (node.key, node.value))


def _comprehend(w: Walker, generators: list[ast.comprehension], results: tuple[ast.expr, ...]) -> None:
    made = len(w.cell.codes)
    w.visit(generators[0].iter)  # in the scope around it
    run_made(w, made)
    frame = CompFrame(w.frame)
    _generators(w, frame, generators)
    outer, w.frame = w.frame, frame
    rest: list[ast.expr] = []
    for number, item in enumerate(generators):
        if number:
            rest.append(item.iter)
        rest.extend(item.ifs)
    w.branch((*rest, *results))
    w.frame = outer


def _generators(w: Walker, frame: CompFrame | CodeFrame, generators: list[ast.comprehension]) -> None:
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
    _generators(w, frame, node.generators)
    outer, w.frame = w.frame, frame
    for number, item in enumerate(node.generators):
        if number:
            w.visit(item.iter)
        w.visit_all(item.ifs)
    w.visit(node.elt)
    w.frame = outer
    frame.close()


EXPRESSIONS: dict[type, Callable[[Walker, Any], None]] = {
    ast.Attribute: _attribute,
    ast.Await: _wrapped,
    ast.BinOp: _bin_op,
    ast.BoolOp: _bool_op,
    ast.Call: _call,
    ast.Compare: _compare,
    ast.Constant: _nothing,
    ast.Dict: _dict,
    ast.DictComp: _dict_comp,
    ast.GeneratorExp: _comprehension,
    ast.IfExp: _if_exp,
    ast.JoinedStr: _joined_str,
    ast.Lambda: _lambda,
    ast.List: _elements,
    ast.ListComp: _comprehension,
    ast.Name: _name,
    ast.NamedExpr: _named_expr,
    ast.Set: _elements,
    ast.SetComp: _comprehension,
    ast.Slice: _slice,
    ast.Starred: _wrapped,
    ast.Subscript: _subscript,
    ast.Tuple: _elements,
    ast.UnaryOp: _unary_op,
    ast.Yield: _yield,
    ast.YieldFrom: _wrapped,
}
