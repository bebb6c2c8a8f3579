"""What a call does besides using its arguments: in-place changes, random numbers, code in strings, magics.

Decides how strongly each name that a call reaches is expected to change (tables in ``purity.py``).
Never knows what the callable is; only how it is spelt.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .facts import EVALUATES, REACHES, Strength
from .frames import Frame
from .purity import (
    ARG_MUTATORS,
    CANVASES,
    DRAWING,
    FRESH_METHODS,
    INERT_CALLS,
    MODULE_NAMES,
    MUTATING_PREFIXES,
    MUTATORS,
    PASS_THROUGH,
    PLAIN_CALLS,
    PURE_FUNCTIONS,
    PURE_METHODS,
    SETTINGS,
    SILENT,
)
from .values import Roots

if TYPE_CHECKING:
    from .walker import Walker

__all__ = ["call_mutations", "is_evaluator", "mutate_target", "random_state", "roots", "special_call"]


_SHELL_METHODS = frozenset({"system", "getoutput", "run_line_magic", "run_cell_magic", "magic"})


def roots(node: ast.expr) -> Roots:
    """Return the names whose object the value of ``node`` may be, be a part of, or hold."""
    out: dict[str, bool] = {}
    _roots(node, False, out)
    return tuple(out.items())


def _roots(node: ast.expr, weak: bool, out: dict[str, bool]) -> None:
    while True:
        kind = node.__class__
        if kind is ast.Name:
            name: str = node.id  # type: ignore[attr-defined]
            out[name] = out.get(name, True) and weak
            return
        if kind in _THROUGH:
            node = node.value  # type: ignore[attr-defined]
        elif isinstance(node, ast.Call):
            _call_roots(node, weak, out)
            return
        else:
            break
    for part in _parts(node):
        _roots(part, weak, out)


_THROUGH = frozenset({ast.Attribute, ast.Subscript, ast.Starred, ast.Await, ast.NamedExpr})


def _parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return node.elts
    if isinstance(node, ast.Dict):
        return node.values
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
        return [node.generators[0].iter] if isinstance(node.elt, ast.Name) else []
    return []


def _call_roots(node: ast.Call, weak: bool, out: dict[str, bool]) -> None:
    func = node.func
    if isinstance(func, ast.Attribute):
        if func.attr in FRESH_METHODS:
            return
        _roots(func.value, weak or func.attr not in PASS_THROUGH, out)
    elif isinstance(func, ast.Name):
        if func.id in PLAIN_CALLS or func.id in ("range", "sum", "open", "print"):
            return
        weak = weak or func.id not in PASS_THROUGH
        if func.id[:1].isupper():  # a class: its instance may keep them
            weak = True
    else:
        weak = True
    if isinstance(func, ast.Attribute) and func.attr in PURE_FUNCTIONS:
        return
    for arg in node.args:
        if arg.__class__ not in _NO_ROOT:
            _roots(arg, weak or isinstance(func, ast.Attribute), out)
    for keyword in node.keywords:
        if keyword.value.__class__ not in _NO_ROOT:
            _roots(keyword.value, True, out)


_NO_ROOT = frozenset({ast.Constant, ast.BinOp, ast.Compare, ast.JoinedStr, ast.Lambda, ast.UnaryOp})


def _receivers(node: ast.expr, out: list[str]) -> None:
    """Collect the names whose object a change of ``node`` itself changes: ``ax.spines["top"]`` is of ``ax``."""
    while True:
        kind = node.__class__
        if kind is ast.Name:
            out.append(node.id)  # type: ignore[attr-defined]
            return
        if kind in _THROUGH:
            node = node.value  # type: ignore[attr-defined]
        elif isinstance(node, ast.Call):
            func = node.func
            if not isinstance(func, ast.Attribute) or func.attr in FRESH_METHODS:
                return
            node = func.value
        else:
            break
    if isinstance(node, (ast.IfExp, ast.BoolOp)):
        for part in _parts(node):
            _receivers(part, out)


def mutate_target(frame: Frame, node: ast.Attribute | ast.Subscript, strength: Strength = "sure") -> None:
    """``x.a = v``, ``x[k] = v``, ``del x[k]``: the object of ``x`` changes."""
    names: list[str] = []
    _receivers(node.value, names)
    for name in names:
        frame.mutate(name, strength, node)
    for item in _given(frame, node.value):
        _argument(frame, item, "likely")


def _given(frame: Frame, node: ast.expr) -> list[ast.expr]:
    """What a function was given whose result a store goes into: ``first(rows)["a"] = 0`` changes ``rows``."""
    whole = node.__class__ not in _THROUGH
    while node.__class__ in _THROUGH:
        node = node.value  # type: ignore[attr-defined]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return []
    name = node.func.id
    fresh = name[:1].isupper() or (whole and name in PURE_FUNCTIONS - _OF_THE_SAME)
    return [] if fresh and not frame.owns(name) else node.args


_OF_THE_SAME = frozenset({"vars", "getattr", "next", "max", "min"})


def call_mutations(frame: Frame, node: ast.Call, thrown: bool, unseen: bool) -> None:
    """Report what ``node`` may change: the object of the method and the arguments.

    ``thrown``: its result is not kept; ``unseen``: nor shown, so that it is called for its effect only.
    """
    func = node.func
    if func.__class__ is ast.Attribute:
        path = _dotted(func)
        of_module = bool(path) and path[0] in MODULE_NAMES and not frame.owns(path[0])
        if of_module:
            if ".".join(path[1:]) in SETTINGS:
                frame.mutate(path[0], "sure", node)
        else:
            _receiver(frame, node, func, thrown, unseen)
        pure = of_module or _leaves_arguments(func.attr)
        arguments = _arguments(func.attr, pure, unseen and _is_module(frame, path))
    elif func.__class__ is ast.Name:
        likely = unseen or func.id.startswith(MUTATING_PREFIXES)
        arguments = _arguments(func.id, func.id in PURE_FUNCTIONS and not frame.owns(func.id), likely)
    else:
        arguments = "likely" if unseen else "possible"
    if arguments is not None:
        for arg in node.args:
            _argument(frame, arg, arguments)
    for keyword in node.keywords:
        if keyword.arg == "out":
            _argument(frame, keyword.value, "likely")
        elif keyword.arg == "inplace" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True:
            if isinstance(func, ast.Attribute):
                mutate_target(frame, func, "likely")
        elif arguments is not None:
            _argument(frame, keyword.value, arguments)


def _arguments(name: str, pure: bool, likely: bool) -> Strength | None:
    """Tell how likely a callable of this name changes its arguments; None: it does not."""
    if name in ARG_MUTATORS or (name.endswith("_") and not name.startswith("_")):
        return "likely"
    if pure or name[:1].isupper():  # a class keeps its arguments
        return None
    return "likely" if likely else "possible"


def _leaves_arguments(method: str) -> bool:
    """Tell whether a method is known for what it does to its object, and so to nothing else."""
    return (
        method in PURE_FUNCTIONS
        or method in PURE_METHODS
        or method in MUTATORS
        or method in DRAWING
        or method.startswith(MUTATING_PREFIXES)
    )


def _receiver(frame: Frame, node: ast.Call, func: ast.Attribute, thrown: bool, unseen: bool) -> None:
    """Report that the object of a method may change."""
    attr = func.attr
    if attr in PURE_METHODS:
        return
    names: list[str] = []
    _receivers(func.value, names)
    for name in names:
        strength: Strength = "possible"
        if attr in DRAWING:
            if name.startswith(CANVASES):
                strength = "likely"
            elif thrown:
                strength = "drawn"
        elif attr in SILENT and thrown and not unseen:
            strength = "asked"
        elif unseen or attr in MUTATORS or attr.startswith(MUTATING_PREFIXES) or attr.endswith("_"):
            strength = "likely"
        elif thrown:
            strength = "asked"
        frame.mutate(name, strength, node)


def _dotted(node: ast.expr) -> list[str]:
    """Return the parts of ``a.b.c``, or nothing if it is not only names."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else []


def _is_module(frame: Frame, path: list[str]) -> bool:
    """Tell whether ``path`` is in a module that the cell imports."""
    return bool(path) and path[0] in frame.cell.modules


def _argument(frame: Frame, node: ast.expr, strength: Strength) -> None:
    kind = node.__class__
    if kind is ast.Name:
        frame.mutate(node.id, strength, node)  # type: ignore[attr-defined]
    elif kind in _THROUGH:
        names: list[str] = []
        _receivers(node, names)
        for name in names:
            frame.mutate(name, strength, node)
    elif isinstance(node, (ast.List, ast.Tuple)):
        for item in node.elts:
            _argument(frame, item, "possible")


_STATE_OF_MODULE = {"random": "<random>", "numpy.random": "<numpy.random>", "torch": "<torch.random>"}
_CONVENTION = {"random": "random", "np": "numpy", "numpy": "numpy", "torch": "torch"}
_NOT_LEGACY = frozenset(
    "default_rng Generator RandomState SeedSequence PCG64 MT19937 Philox SFC64 BitGenerator Random SystemRandom".split()
)
_ASKS = frozenset({"getstate", "get_state", "get_rng_state", "initial_seed"})
_TORCH_DRAWS = frozenset(
    """rand randn randint randperm rand_like randn_like randint_like bernoulli multinomial normal manual_seed
    seed""".split()
)


def random_state(frame: Frame, func: ast.expr) -> None:
    """Report the hidden generator that a call of ``func`` draws from or asks for its state, if it is known to."""
    names = _dotted(func)
    if not names:
        return
    root = frame.cell.modules.get(names[0])
    if root is None:
        if names[0] not in _CONVENTION or frame.owns(names[0]):
            return
        root = _CONVENTION[names[0]]
    path = [*root.split("."), *names[1:]]
    state = _STATE_OF_MODULE.get(".".join(path[:-1]))
    last = path[-1]
    if state is not None and last in _ASKS:
        frame.load(state, func)
        return
    if state is None or last in _NOT_LEGACY or (path[0] == "torch" and last not in _TORCH_DRAWS):
        return
    frame.effect(state, func)


_EVALUATORS = frozenset({("pd", "eval"), ("pandas", "eval"), ("ne", "evaluate"), ("numexpr", "evaluate")})


def is_evaluator(func: ast.Attribute) -> bool:
    """Tell whether ``func`` looks up the names in the string that it is given: ``pd.eval("a + b")``."""
    return isinstance(func.value, ast.Name) and (func.value.id, func.attr) in _EVALUATORS


def special_call(w: Walker, node: ast.Call) -> bool:
    """Handle calls that are more than calls; True if nothing is left to do."""
    func = node.func
    if func.__class__ is ast.Name:
        handler = _SPECIAL.get(func.id)
        if handler is not None and not w.frame.owns(func.id):
            return handler(w, node, func.id)
    elif func.__class__ is ast.Attribute and func.attr in _SHELL_METHODS:
        from .magics import shell_call  # it walks code itself, and so imports this module

        return shell_call(w, node)
    return False


def _passive_call(w: Walker, node: ast.Call, name: str) -> bool:
    from .walker import passive  # the same

    w.visit(node.func)
    for item in node.args:
        passive(w, item)
    for keyword in node.keywords:
        passive(w, keyword.value)
    return True


def _namespace_call(w: Walker, node: ast.Call, name: str) -> bool:
    if name == "globals" or (w.frame is w.cell and not node.args):
        w.frame.hide(f"{name}{REACHES}", node, binds=True)
    return False


def asks_for_names(w: Walker, node: ast.expr) -> str | None:
    """``globals`` of ``globals()``, at the top level of a cell; the same of others that give the notebook's names."""
    if w.frame is not w.cell or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    name = node.func.id
    plain = not node.args and not node.keywords and name in ("globals", "locals", "vars") and not w.frame.owns(name)
    return name if plain else None


def bind_by_key(w: Walker, node: ast.Subscript, name: str) -> None:
    """``globals()[key] = value``: binds any name, and reads none but those in ``key``."""
    w.visit(node.value.func)  # type: ignore[attr-defined]
    w.visit(node.slice)
    w.cell.opaque.append((f"{name}{REACHES}", node, False, True))


def _code_call(w: Walker, node: ast.Call, name: str) -> bool:
    if not node.args:
        return False
    code = node.args[0]
    if isinstance(code, ast.Constant) and isinstance(code.value, str) and len(node.args) == 1 and not node.keywords:
        try:
            tree = ast.parse(code.value.strip() if name == "eval" else code.value, mode=name)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        for item in ast.walk(tree):
            if hasattr(item, "lineno"):
                ast.copy_location(item, node)
        if isinstance(tree, ast.Expression):
            w.visit(node.func)
            w.visit(tree.body)
            return True
        if isinstance(tree, ast.Module) and w.frame is w.cell:
            w.visit(node.func)
            made = len(w.cell.codes)
            w.visit_all(tree.body)
            del w.cell.codes[made:]  # what its statements run has been counted: functions that it defines are not run
            return True
    w.frame.hide(f"{name}{EVALUATES}", node, binds=name == "exec")
    return False


_SPECIAL = {
    **dict.fromkeys(INERT_CALLS, _passive_call),
    "globals": _namespace_call,
    "locals": _namespace_call,
    "vars": _namespace_call,
    "eval": _code_call,
    "exec": _code_call,
}
