"""Walks expressions: which names they use, change, pass on, and what code they make.

One handler per kind of node; statements are in ``statements.py``, calls in ``calls.py``.
"""

from __future__ import annotations

import ast
import re

from .calls import call_mutations, is_evaluator, random_state, special_call
from .frames import CodeFrame, CompFrame
from .purity import CONSUMERS, FORMULAS, FUNCTION_TAKERS, OF_FORMULAS
from .walker import Handler, Walker, bind_generators, called_name, defaults, every_argument, passive, run_made

__all__ = ["EXPRESSIONS"]

TESTERS = frozenset({"unittest.main", "doctest.testmod"})
_AT_NAME = re.compile(r"@([^\W\d]\w*)")
_NAME = re.compile(r"(?<![\w.'\"])([^\W\d]\w*)")
NAMESPACES = frozenset({"globals", "locals", "vars", "dir"})
_CALLED = re.compile(r"(?<![\w.'\"])([^\W\d]\w*)(?=(?:\.\w+)*\()")


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
    if w.private and isinstance(w.frame, CodeFrame):
        w.frame.code.own.add(node.attr)
    w.handlers[node.value.__class__](w, node.value)


def _subscript(w: Walker, node: ast.Subscript) -> None:
    handlers = w.handlers
    made = len(w.cell.codes)
    handlers[node.value.__class__](w, node.value)
    handlers[node.slice.__class__](w, node.slice)
    if len(w.cell.codes) > made:  # df.loc[lambda d: …] calls it
        run_made(w, made)


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
    if (name := _asked_for(w, node)) is not None:
        w.visit(node.comparators[0].func)  # type: ignore[attr-defined]
        passive(w, ast.copy_location(ast.Name(name, ast.Load()), node))
        w.cell.asked.add(name)
        return
    made = len(w.cell.codes)
    w.visit(node.left)
    w.visit_all(node.comparators)
    run_made(w, made)


def _asked_for(w: Walker, node: ast.Compare) -> str | None:
    """The name of which ``"x" in globals()`` asks at the top level of a cell."""
    asked, call = node.left, node.comparators[0]
    if w.frame is not w.cell or len(node.ops) != 1 or not isinstance(node.ops[0], (ast.In, ast.NotIn)):
        return None
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.args or call.keywords:
        return None
    if call.func.id not in NAMESPACES or w.frame.owns(call.func.id) or not isinstance(asked, ast.Constant):
        return None
    return asked.value if isinstance(asked.value, str) and asked.value.isidentifier() else None


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
    if isinstance(node, ast.YieldFrom):
        _runs_later(w)
    if w.thrown is node:
        w.thrown = node.value
    w.visit(node.value)
    run_made(w, made)


def _yield(w: Walker, node: ast.Yield) -> None:
    _runs_later(w)
    if node.value is not None:
        w.visit(node.value)


def _runs_later(w: Walker) -> None:
    if isinstance(w.frame, CodeFrame):
        w.frame.code.later = True


def _called_name(w: Walker, func: ast.Name) -> None:
    name = w.name(func.id) if w.private else func.id
    if w.frame is w.cell:
        w.cell.call(name, func)
        return
    w.frame.load(name, func)
    if isinstance(w.frame, CodeFrame) and name in w.frame.parameters:
        w.frame.code.calls_argument = True


def _call(w: Walker, node: ast.Call) -> None:
    func = node.func
    cell = w.cell
    handlers = w.handlers
    made = len(cell.codes)
    thrown = w.thrown is node
    if special_call(w, node):
        return
    if func.__class__ is ast.Name:
        _called_name(w, func)
        made = len(cell.codes)  # what the result may hold does not run yet
    else:
        handlers[func.__class__](w, func)
    loaded = len(cell.loaded)
    for arg in node.args:
        handlers[arg.__class__](w, arg)
    for keyword in node.keywords:
        handlers[keyword.value.__class__](w, keyword.value)
    if len(cell.codes) > made:
        cell.run(cell.codes[made:])
        if called_name(func) in CONSUMERS:
            del cell.codes[made:]
    if func.__class__ is ast.Attribute and func.attr in FUNCTION_TAKERS:
        del cell.loaded[loaded:]
    call_mutations(w.frame, node, thrown, thrown and not w.shows(node))
    if func.__class__ is ast.Attribute:
        random_state(w.frame, func)
        if func.value.__class__ is ast.Name and f"{func.value.id}.{func.attr}" in TESTERS:
            w.frame.hide(f"{func.value.id}.{func.attr}() tests whatever it finds", node)
        if func.attr in ("query", "eval", "evaluate") and node.args:
            _at_names(w, node.args[0], is_evaluator(func))
    elif func.__class__ is ast.Name and func.id in cell.modules:
        random_state(w.frame, func)
    if node.args and called_name(func) in FORMULAS:
        _formula(w, node.args[0])
    for keyword in node.keywords:
        if keyword.arg == "formula":
            _formula(w, keyword.value)


def _formula(w: Walker, node: ast.expr) -> None:
    """``ols("y ~ np.log(x)", df)`` looks up the functions that the text calls."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        for name in _CALLED.findall(node.value):
            if name not in OF_FORMULAS:
                w.frame.load(name, node)


def _at_names(w: Walker, node: ast.expr, every: bool) -> None:
    """``df.query("a > @x")`` looks the name up itself; with ``every``, all names in the text are."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    for part in parts:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            for text in (_NAME if every else _AT_NAME).findall(part.value):
                w.frame.load(text, node)


def _lambda(w: Walker, node: ast.Lambda) -> None:
    defaults(w, node.args)
    frame = CodeFrame(w.frame)
    frame.parameters.update(arg.arg for arg in every_argument(node.args))
    frame.bound |= frame.parameters
    outer, w.frame = w.frame, frame
    w.visit(node.body)
    w.frame = outer
    frame.close()


def _comprehension(w: Walker, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
    _comprehend(w, node.generators, (node.elt,))


def _dict_comp(w: Walker, node: ast.DictComp) -> None:
    _comprehend(w, node.generators, (node.key, node.value))


def _comprehend(w: Walker, generators: list[ast.comprehension], results: tuple[ast.expr, ...]) -> None:
    made = len(w.cell.codes)
    w.visit(generators[0].iter)  # in the scope around it
    run_made(w, made)
    frame = CompFrame(w.frame)
    bind_generators(w, frame, generators)
    outer, w.frame = w.frame, frame
    rest: list[ast.expr] = []
    for number, item in enumerate(generators):
        if number:
            rest.append(item.iter)
        rest.extend(item.ifs)
    w.branch((*rest, *results))
    w.frame = outer


EXPRESSIONS: dict[type, Handler] = {
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
