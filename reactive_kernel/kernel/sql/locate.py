"""Where in the cell an engine's error lies, and what the notebook knows about it.

Decides the mark under the cell's line and the hints that only Python's side can give.  Never changes what went wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reactive_kernel.core.sql_render import Rendered
from reactive_kernel.core.sql_text import Parameter, Statement
from reactive_kernel.kernel.sql.errors import SqlError, near
from reactive_kernel.kernel.sql.values import frame_kind

__all__ = ["located"]


def located(
    error: SqlError,
    raw: str,
    rendered: Rendered,
    statement: Statement,
    source: str,
    namespace: Mapping[str, Any],
    bound: Sequence[tuple[Parameter, Any]],
) -> SqlError:
    """Mark the place in the cell, and add what the notebook knows."""
    if hint := _parameter_hint(error, source, bound):
        return hint
    if found := re.match(r"There is no table `(.+?)`\.", error.message):
        error = _table_hint(error, found[1], namespace)
    if name := re.match(r"There is no \w+ `(.+?)`", error.message):
        error.at(source, *_token(statement, name[1]))
    if place := _line_and_caret(raw, rendered.text):
        offset, width = place
        error.at(source, rendered.to_source(offset), width)
    if near_ := re.search(r'at or near "(.+?)"', error.message):
        error.at(source, *_token(statement, near_[1]))
    return error.at(source, statement.start, len(statement.tokens[0].text))


def _token(statement: Statement, name: str) -> tuple[int, int]:
    last = name.rpartition(".")[2].strip('"').lower()
    for token in statement.tokens:
        if token.kind in ("word", "quoted", "string") and token.text.strip("\"'").lower() == last:
            return token.start, token.end - token.start
    return statement.start, len(statement.tokens[0].text)


def _line_and_caret(raw: str, text: str) -> tuple[int, int] | None:
    """DuckDB and PostgreSQL quote a line (shortened with dots if long) with carets under it."""
    found = re.search(r"LINE \d+: (?P<line>.*)\n(?P<pad> *)(?P<carets>\^+)", raw)
    if found is None:
        return None
    prefix = found.start("line") - (raw.rfind("\n", 0, found.start()) + 1)
    column = len(found["pad"]) - prefix
    shown = found["line"]
    start = 3 if shown.startswith("...") else 0
    end = -3 if shown.endswith("...") else None
    at = text.find(shown[start:end])
    return (at + column - start, len(found["carets"])) if at >= 0 and column >= start else None


def _table_hint(error: SqlError, name: str, namespace: Mapping[str, Any]) -> SqlError:
    """What Python has under that name, or under one like it."""
    frames = [n for n, value in namespace.items() if not n.startswith("_") and frame_kind(value)]
    if "Did you mean" in error.message:
        return error
    if name in namespace:
        kind = type(namespace[name]).__name__
        hint = f" `{name}` in Python is a {kind}, not a frame."
        if kind in ("list", "dict"):
            hint += f" Make one of it: pd.DataFrame({name})."
    else:
        cased = [n for n in frames if n.lower() == name.lower()]
        hint = f" Python has `{cased[0]}`: its names are case-sensitive." if cased else near(name, frames)
    return SqlError(error.code, error.message + hint)


def _parameter_hint(error: SqlError, source: str, bound: Sequence[tuple[Parameter, Any]]) -> SqlError | None:
    wrong = re.search(r"Could not convert string '(.*)' to (\w+)", error.message, re.DOTALL)
    compared = re.search(r"perator does not exist: (.+?) \S+ text", error.message)
    for parameter, value in bound:
        if not isinstance(value, str):
            continue
        shown = value if len(value) < 40 else value[:39] + "…"
        if wrong and value == wrong[1]:
            message = f"`{parameter.source}` is the text {shown!r}, but the query needs {wrong[2]} there."
        elif compared:
            message = f"`{parameter.source}` is the text {shown!r}, but the query compares it with {compared[1]}."
        else:
            continue
        return SqlError("sql-parameter", message).at(source, parameter.start, parameter.end - parameter.start)
    return None
