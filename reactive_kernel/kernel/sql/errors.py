"""Faults of SQL cells, in people's words, with the place in the cell marked.

Decides how an engine's message becomes a sentence.  Never shows a stack of our own functions, and never a password.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Literal

from reactive_kernel.core.sql_text import site_at

__all__ = ["Code", "SqlError", "hide_passwords", "interrupted", "near"]

Code = Literal[
    "sql-syntax",
    "sql-name",
    "sql-parameter",
    "sql-template",
    "sql-option",
    "sql-connection",
    "sql-catalog",
    "sql-too-big",
    "sql-transaction",
    "sql-unsupported",
    "sql-run",
]

_RED, _DIM, _END = "\x1b[31m", "\x1b[2m", "\x1b[0m"


class SqlError(Exception):
    """A SQL cell that can't run, as people should read it."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.line: int | None = None
        self.column: int | None = None
        self._cell_line = ""
        self._width = 1

    def at(self, source: str, offset: int, width: int = 1) -> SqlError:
        """Mark the place in the cell; keeps a mark that is there already."""
        if self.line is None and 0 <= offset <= len(source):
            site = site_at(source, offset)
            self.line, self.column = site.line, site.column
            self._cell_line = source.split("\n")[site.line - 1]
            self._width = max(1, min(width, len(self._cell_line) - site.column))
        return self

    def __str__(self) -> str:
        if self.line is None or self.column is None:
            return self.message
        return f"{self.message} (line {self.line}, column {self.column + 1})"

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a Python traceback."""
        lines = [f"{_RED}{type(self).__name__}{_END}: {self}"]
        if self.line is not None and self.column is not None:
            prefix = f"{self.line:>5} | "
            pad = re.sub(r"[^\t]", " ", self._cell_line[: self.column])
            lines.append(f"{_DIM}{prefix}{_END}{self._cell_line}")
            lines.append(f"{_DIM}{' ' * 5} | {_END}{pad}{_RED}{'^' * self._width}{_END}")
        return lines


def interrupted() -> KeyboardInterrupt:
    """The KeyboardInterrupt that a stopped cell ends with, without our stack."""
    error = KeyboardInterrupt("The query was stopped; tables and settings are as they were before the cell.")
    render: Callable[[], list[str]] = lambda: [f"{_RED}KeyboardInterrupt{_END}: {error}"]  # noqa: E731
    error._render_traceback_ = render  # type: ignore[attr-defined]
    return error


def near(word: str, known: Iterable[str]) -> str:
    """A near miss as the end of a sentence, or nothing.

    >>> near("usrs", ["users", "orders"])
    ' Did you mean `users`?'
    """
    folded = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), folded, n=3, cutoff=0.6)
    if not found:
        return ""
    return f" Did you mean {' or '.join(f'`{folded[name]}`' for name in found)}?"


def hide_passwords(text: str, secrets: Iterable[str] = ()) -> str:
    """Leave out what must not be shown: passwords in URLs and connection strings, and the given secrets.

    >>> hide_passwords("postgresql://me:secret@host/db")
    'postgresql://me:***@host/db'
    """
    for secret in sorted({s for s in secrets if s}, key=len, reverse=True):
        text = text.replace(secret, "***")
    text = re.sub(r"(\w+://[^\s:/@]*):[^\s/]+@", r"\1:***@", text)
    return re.sub(r"(?i)\b(password|passwd|pwd|token|secret)(\s*=\s*)('[^']*'|[^\s&;,]+)", r"\1\2***", text)
