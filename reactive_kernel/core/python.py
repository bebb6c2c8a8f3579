"""Analysis of a Python cell: source text -> :class:`~.facts.Facts`.

One walk over the syntax tree (``expressions``, ``statements``, ``definitions``) fills a scope (``frames``); this module
turns it into facts.  It knows the text only: no other cell, no value, no run.  It never raises for any text.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping

from .cellframe import CellFrame
from .codehash import code_hash, text_hash
from .control import CONTROL, block
from .definitions import DEFINITIONS
from .expressions import EXPRESSIONS
from .facts import WEAK, Deferred, Facts, Mutation, Opaque, Problem, Site
from .ipython import Magic, Translation, translate
from .magics import foreign_cell, run_body, run_magic
from .statements import STATEMENTS
from .values import BOUND, DELETED, UNTOUCHED, Code
from .walker import Handler, Walker

__all__ = ["analyse"]


class _Handlers(dict[type, Handler]):
    """Handlers by node class; a kind of node that is not known (of a later Python) is gone through part by part."""

    def __missing__(self, kind: type) -> Handler:
        return lambda walker, node: walker.visit_all(ast.iter_child_nodes(node))


_HANDLERS = _Handlers({**EXPRESSIONS, **STATEMENTS, **CONTROL, **DEFINITIONS, Magic: run_magic})


def analyse(source: str) -> Facts:
    """Return the facts of one cell's source; a syntax error is a ``problem`` in them."""
    translation: Translation | None = None
    try:
        try:
            tree = _parse(source)
        except SyntaxError as error:
            translation = translate(source)
            if translation is None:
                return _syntax_error(source, error)
            if translation.foreign:
                return foreign_cell(Walker(_HANDLERS, False), source, translation.cell_magics)
            tree = _parse(translation.text)
        body = translation.restore(tree.body) if translation is not None else tree.body
    except SyntaxError as error:
        return _syntax_error(source, error)
    except (ValueError, UnicodeError) as error:
        return _problem(source, f"This cell can't be read as Python: {error}.")
    except (RecursionError, MemoryError):
        return _problem(source, "This cell is nested too deeply for Python.")
    try:
        return _facts(source, body, translation)
    except RecursionError:
        return _shallow(source, body)


def _parse(source: str) -> ast.Module:
    if "\\" not in source:
        return ast.parse(source)
    with warnings.catch_warnings():  # an invalid escape is for the run to warn of, not for us
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _problem(source: str, message: str, site: Site | None = None) -> Facts:
    return Facts(code=text_hash(("problem", source)), problem=Problem("syntax_error", message, site=site))


def _syntax_error(source: str, error: SyntaxError) -> Facts:
    line = error.lineno or 1
    site = Site(line, max((error.offset or 1) - 1, 0))
    return _problem(source, f"Syntax error in line {line}: {error.msg}.", site)


def _facts(source: str, body: list[ast.stmt], translation: Translation | None) -> Facts:
    walker = Walker(_HANDLERS, ":=" in source)
    quiet = _is_quiet(source if translation is None else translation.text, body)
    if body and not quiet:
        walker.shown = body[-1]
    if translation is not None and translation.cell_magics:
        run_body(walker, translation.cell_magics, body, ast.Pass(lineno=1, col_offset=0))
    else:
        block(walker, body)
    cell = walker.cell
    sites = _Sites(source, translation)
    marks = [";"] if quiet else []
    if translation is not None:
        marks += [f"{magic.name} {magic.line}" for magic in translation.cell_magics]
    bound = {name: mask for name, mask in cell.flow.items() if mask & BOUND}
    gone = {name: mask for name, mask in cell.flow.items() if mask & DELETED}
    return Facts(
        code=code_hash(body, *marks),
        reads=sites.many(cell.reads),
        unsure=frozenset(name for name in cell.reads if name not in cell.sure),
        in_code=frozenset(name for name in cell.reads if name not in cell.direct),
        inert=frozenset(name for name in cell.reads if name not in cell.used),
        asked=frozenset(cell.asked & cell.reads.keys()),
        writes={name: sites.one(cell.writes[name]) for name in bound},
        maybe=frozenset(name for name, mask in bound.items() if mask & UNTOUCHED),
        deletes={name: sites.one(cell.writes[name]) for name in gone},
        maybe_deletes=frozenset(name for name, mask in gone.items() if mask & UNTOUCHED),
        mutates={name: Mutation(sites.one(node), strength) for name, (strength, node) in cell.mutates.items()},
        deferred=_deferred(cell),
        carries=_carries(cell, bound),
        plain=frozenset(name for name in cell.plain if name not in cell.not_plain and name in bound),
        effects=sites.many(cell.effects),
        opaque=tuple(Opaque(reason, sites.one(node), hides, binds) for reason, node, hides, binds in cell.opaque),
        stars=tuple(cell.stars),
        line_magics=tuple(translation.line_magics) if translation is not None else (),
        cell_magic=_cell_magic(translation),
        shows=bool(body) and not quiet and _may_show(body[-1]),
    )


def _is_quiet(text: str, body: list[ast.stmt]) -> bool:
    """Tell whether a semicolon after the last statement keeps its value from being shown."""
    if ";" not in text or not body:
        return False
    last = body[-1]
    line = _split_lines(text)[(last.end_lineno or 1) - 1].encode("utf-8", "surrogatepass")
    return line[last.end_col_offset :].lstrip().startswith(b";")


def _may_show(statement: ast.stmt) -> bool:
    """Tell whether a cell's last statement may have a value that is shown; that of ``print`` is None."""
    if not isinstance(statement, ast.Expr):
        return False
    call = statement.value
    return not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print")


def _split_lines(text: str) -> list[str]:
    """Split as Python counts lines: a form feed or a Unicode separator ends none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cell_magic(translation: Translation | None) -> str | None:
    return translation.cell_magics[0].name if translation is not None and translation.cell_magics else None


def _deferred(cell: CellFrame) -> dict[str, Deferred]:
    out: dict[str, Deferred] = {}
    for name, codes in cell.holders.items():
        if cell.flow.get(name, 0) & BOUND or name in cell.mutates:
            summary = _summary(codes)
            if summary is not None:
                out[name] = summary
    return out


def _summary(codes: tuple[Code, ...]) -> Deferred | None:
    reads: set[str] = set()
    writes: set[str] = set()
    mutates: set[str] = set()
    for code in codes:
        reads.update(code.reads, code.effects)
        writes.update(code.writes)
        mutates.update(name for name, (strength, _) in code.mutates.items() if strength not in WEAK)
        mutates.update(code.effects)
    if not (reads or writes or mutates):
        return None
    return Deferred(frozenset(reads), frozenset(writes), frozenset(mutates))


def _carries(cell: CellFrame, bound: Mapping[str, int]) -> dict[str, frozenset[str]]:
    return {
        name: frozenset(names)
        for name, names in cell.carried.items()
        if names and (name in bound or name in cell.mutates)
    }


class _Sites:
    """Turns nodes into positions in the source as the user sees it."""

    __slots__ = ("columns", "lines")

    def __init__(self, source: str, translation: Translation | None) -> None:
        self.columns = translation.indents if translation is not None else {}
        text = source if translation is None else translation.text
        self.lines = None if text.isascii() else _split_lines(text)

    def one(self, node: ast.AST) -> Site:
        line, column = node.lineno, node.col_offset  # type: ignore[attr-defined]
        if self.lines is not None and line <= len(self.lines):
            before = self.lines[line - 1].encode("utf-8", "surrogatepass")[:column]
            column = len(before.decode("utf-8", "replace"))
        if self.columns:
            column += self.columns.get(line, 0)
        return Site(line, column)

    def many(self, nodes: Mapping[str, ast.AST]) -> dict[str, Site]:
        if self.lines is None and not self.columns:
            return {name: Site(node.lineno, node.col_offset) for name, node in nodes.items()}  # type: ignore[attr-defined]
        return {name: self.one(node) for name, node in nodes.items()}


def _shallow(source: str, body: list[ast.stmt]) -> Facts:
    """Return what can be said of code nested too deeply to be followed: every name in it, and that it is opaque."""
    reads: dict[str, Site] = {}
    writes: dict[str, Site] = {}
    for node in ast.walk(ast.Module(body=body, type_ignores=[])):
        if isinstance(node, ast.Name):
            table = reads if isinstance(node.ctx, ast.Load) else writes
            table.setdefault(node.id, Site(node.lineno, node.col_offset))
    return Facts(
        code=code_hash(body),
        reads=reads,
        writes=writes,
        maybe=frozenset(writes),
        opaque=(Opaque("this cell is nested too deeply to be followed", Site(1, 0)),),
    )
