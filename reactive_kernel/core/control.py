"""Follows the flow of control at a cell's top level: every path, so that a name is known to be surely, maybe or not
bound at each point.  In functions and classes the blocks are only gone through in order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .statements import bind_targets
from .values import DELETED, NOTHING, PLAIN, Flow, Value, merge
from .walker import Handler, Walker, passive, run_made

__all__ = ["CONTROL", "block"]


def block(w: Walker, body: list[ast.stmt]) -> None:
    """Walk ``body`` as far as it can be reached."""
    handlers = w.handlers
    cell = w.cell
    for node in body:
        handlers[node.__class__](w, node)
        if cell.dead and w.frame is cell:
            return


def _inner(w: Walker, body: list[ast.stmt]) -> None:
    """Walk a block that may not run, in a function or class body."""
    w.frame.depth += 1
    w.cell.depth += 1
    w.visit_all(body)
    w.cell.depth -= 1
    w.frame.depth -= 1


def _path(w: Walker, start: Flow | None, body: list[ast.stmt]) -> Flow | None:
    """Walk ``body`` from a copy of ``start`` at the cell's top level; return the state at its end."""
    cell = w.cell
    if start is None:
        return None
    cell.resume(dict(start))
    cell.depth += 1
    block(w, body)
    cell.depth -= 1
    return cell.state()


def _if(w: Walker, node: ast.If) -> None:
    w.now(node.test)
    if w.frame is not w.cell:
        _inner(w, node.body)
        _inner(w, node.orelse)
        return
    cell = w.cell
    if isinstance(node.test, ast.Constant):
        block(w, node.body if node.test.value else node.orelse)
        return
    start = cell.state()
    then = _path(w, start, node.body)
    other = _path(w, start, node.orelse) if node.orelse else start
    cell.resume(merge(then, other))


def _for(w: Walker, node: ast.For | ast.AsyncFor) -> None:
    made = len(w.cell.codes)
    value = w.value(node.iter)
    run_made(w, made)
    if w.frame is w.cell:
        for root, weak in value.roots:
            w.cell.mutate(root, "possible", node.iter) if not weak else None
            w.cell.used.add(root)
    if w.frame is not w.cell:
        w.frame.depth += 1
        _for_target(w, node, value)
        w.frame.depth -= 1
        _inner(w, node.body)
        _inner(w, node.orelse)
        return
    _loop(w, node, lambda: _for_target(w, node, value), at_least_once=_not_empty(node.iter))


def _for_target(w: Walker, node: ast.For | ast.AsyncFor, value: Value) -> None:
    target, source = node.target, node.iter
    if _calls(source, "range") or _plain_items(source):
        value = PLAIN
    elif _calls(source, "enumerate") and isinstance(target, ast.Tuple) and len(target.elts) == 2:
        bind_targets(w, target.elts[0], PLAIN)
        target = target.elts[1]
    bind_targets(w, target, Value(value.codes, value.names, value.roots, value.plain))


def _plain_items(node: ast.expr) -> bool:
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return all(isinstance(item, (ast.Constant, ast.JoinedStr)) for item in node.elts)
    return isinstance(node, (ast.Constant, ast.JoinedStr))


def _calls(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _not_empty(node: ast.expr) -> bool:
    """Tell whether iterating over ``node`` surely gives something."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return any(not isinstance(item, ast.Starred) for item in node.elts)
    if isinstance(node, ast.Constant):
        return bool(node.value)
    if isinstance(node, ast.Dict):
        return bool(node.keys) and None not in node.keys
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args and not node.keywords:
        if node.func.id in ("enumerate", "reversed", "sorted", "list", "tqdm"):
            return _not_empty(node.args[0])
        if node.func.id == "zip":
            return all(_not_empty(item) for item in node.args)
        if node.func.id == "range":
            numbers = [item.value for item in node.args if isinstance(item, ast.Constant)]
            if len(numbers) == len(node.args) <= 3 and all(type(number) is int for number in numbers):
                try:
                    return len(range(*numbers)) > 0  # type: ignore[arg-type]
                except (ValueError, OverflowError):
                    return False
    return False


def _loop(w: Walker, node: Any, start_round: Callable[[], None], at_least_once: bool, endless: bool = False) -> None:
    """Follow a loop at the top level: no round, one or more, left by its end or by ``break``."""
    cell = w.cell
    start = dict(cell.flow)
    w.loops.append(([], []))
    depth = 0 if at_least_once and not endless else 1  # an endless loop may be left anywhere
    cell.depth += depth
    start_round()
    block(w, node.body)
    cell.depth -= depth
    breaks, ends = w.loops.pop()
    done = cell.state()
    for state in ends:
        done = merge(done, state)
    if not at_least_once:
        done = merge(start, done)
    elif done is None and not breaks:
        done = None
    if endless:
        done = None
    elif node.orelse:
        done = _path(w, done, node.orelse)
    for state in breaks:
        done = merge(done, state)
    cell.resume(done)


def _while(w: Walker, node: ast.While) -> None:
    w.now(node.test)
    if w.frame is not w.cell:
        _inner(w, node.body)
        _inner(w, node.orelse)
        return
    constant = isinstance(node.test, ast.Constant)
    if constant and not node.test.value:  # type: ignore[attr-defined]
        block(w, node.orelse)
        return
    _loop(w, node, lambda: None, at_least_once=constant, endless=constant)


def _break(w: Walker, node: ast.Break | ast.Continue) -> None:
    if w.frame is w.cell and w.loops:
        w.loops[-1][0 if isinstance(node, ast.Break) else 1].append(dict(w.cell.flow))
        w.cell.dead = True


def _raise(w: Walker, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            w.now(part)
    if w.frame is w.cell:
        w.cell.dead = True


def _with(w: Walker, node: ast.With | ast.AsyncWith) -> None:
    swallows = False
    for item in node.items:
        context = item.context_expr
        value = w.value(context)
        if isinstance(context, ast.Name):  # it is entered, not only handed on
            w.frame.load(w.name(context.id), context)
            w.frame.mutate(w.name(context.id), "possible", context)
        if isinstance(context, ast.Call):
            func = context.func
            swallows |= (func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")) in _SWALLOWING
        if item.optional_vars is not None:
            bind_targets(w, item.optional_vars, Value(value.codes, value.names, value.roots))
    if w.frame is not w.cell:
        (_inner(w, node.body) if swallows else w.visit_all(node.body))
    elif swallows:
        _, anywhere = _guarded(w, node.body)
        w.cell.resume(anywhere)
    else:
        block(w, node.body)


_SWALLOWING = frozenset({"suppress", "raises"})


def _guarded(w: Walker, body: list[ast.stmt]) -> tuple[Flow | None, Flow | None]:
    """Walk a block that may be left anywhere; return the state at its end, and the join of those on the way."""
    cell = w.cell
    anywhere: Flow | None = dict(cell.flow)
    cell.depth += 1
    for node in body:
        w.visit(node)
        anywhere = merge(anywhere, dict(cell.flow))
        if cell.dead:
            break
    cell.depth -= 1
    return cell.state(), anywhere


def _try(w: Walker, node: Any) -> None:
    if w.frame is not w.cell:
        _inner(w, node.body)
        for handler in node.handlers:
            _handler(w, handler)
        _inner(w, node.orelse)
        w.visit_all(node.finalbody)
        return
    cell = w.cell
    if node.handlers:
        done, anywhere = _guarded(w, node.body)
        if done is not None and node.orelse:
            done = _path(w, done, node.orelse)
            anywhere = merge(anywhere, done)
        for handler in node.handlers:
            if anywhere is None:
                break
            cell.resume(dict(anywhere))
            cell.depth += 1
            _handler(w, handler)
            cell.depth -= 1
            done = merge(done, cell.state())
    else:
        anywhere = dict(cell.flow)
        block(w, node.body)
        done = cell.state()
    if node.finalbody:
        _finally(w, done, merge(anywhere, dict(cell.flow)), node.finalbody)
    else:
        cell.resume(done)


def _finally(w: Walker, done: Flow | None, anywhere: Flow | None, body: list[ast.stmt]) -> None:
    """Walk a ``finally`` block once, from every state it may start in; then keep the way of no exception."""
    cell = w.cell
    before = merge(done, anywhere) or {}
    cell.resume(dict(before))
    block(w, body)
    after = cell.state()
    if after is None or done is None:
        cell.resume(None)
        return
    changed = {name: mask for name, mask in after.items() if before.get(name, 1) != mask}
    cell.resume({**done, **changed})


def _handler(w: Walker, node: ast.ExceptHandler) -> None:
    if node.type is not None:
        passive(w, node.type)
    name = w.name(node.name) if node.name else None
    if name is not None:
        w.frame.bind(name, node, NOTHING)
    if w.frame is not w.cell:
        _inner(w, node.body)
        return
    block(w, node.body)
    if name is not None and not w.cell.dead:
        w.cell.flow[name] = DELETED


def _match(w: Walker, node: ast.Match) -> None:
    value = w.value(node.subject)
    cell = w.cell
    flowing = w.frame is cell
    start = cell.state() if flowing else None
    done: Flow | None = None
    complete = False
    for case in node.cases:
        if flowing:
            cell.resume(dict(cell.flow if start is None else start))
        w.frame.depth += 1
        _pattern(w, case.pattern, value)
        if case.guard is not None:
            w.visit(case.guard)
            if flowing and start is not None:
                start = merge(start, dict(cell.flow))
        if flowing:
            block(w, case.body)
            done = merge(done, cell.state())
        else:
            w.visit_all(case.body)
        w.frame.depth -= 1
        complete |= case.guard is None and _irrefutable(case.pattern)
    if flowing:
        cell.resume(done if complete else merge(start, done))


def _irrefutable(node: ast.pattern) -> bool:
    if isinstance(node, ast.MatchAs):
        return node.pattern is None or _irrefutable(node.pattern)
    return isinstance(node, ast.MatchOr) and any(_irrefutable(item) for item in node.patterns)


def _pattern(w: Walker, node: ast.pattern, value: Value) -> None:
    if isinstance(node, ast.MatchValue):
        w.visit(node.value)
    elif isinstance(node, (ast.MatchSequence, ast.MatchOr)):
        for item in node.patterns:
            _pattern(w, item, value)
    elif isinstance(node, ast.MatchMapping):
        w.visit_all(node.keys)
        for item in node.patterns:
            _pattern(w, item, value)
    elif isinstance(node, ast.MatchClass):
        w.visit(node.cls)
        for item in (*node.patterns, *node.kwd_patterns):
            _pattern(w, item, value)
    elif isinstance(node, ast.MatchAs) and node.pattern is not None:
        _pattern(w, node.pattern, value)
    name = getattr(node, "rest", None) or getattr(node, "name", None)
    if isinstance(name, str):
        w.frame.bind(w.name(name), node, value)


CONTROL: dict[type, Handler] = {
    ast.AsyncFor: _for,
    ast.AsyncWith: _with,
    ast.Break: _break,
    ast.Continue: _break,
    ast.For: _for,
    ast.If: _if,
    ast.Match: _match,
    ast.Raise: _raise,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.While: _while,
    ast.With: _with,
}
