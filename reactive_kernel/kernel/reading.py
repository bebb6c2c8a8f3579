"""How a cell's text is read: in its language, and SQL with what is known of the connection that will serve it.

Decides the dialect of SQL cells that name no connection, and whether what they change is outside the notebook.
Never imports the SQL machinery itself: until some cell has loaded it, there is only DuckDB in memory.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from reactive_kernel.core.facts import Facts
from reactive_kernel.core.python import analyse as analyse_python

__all__ = ["Reading", "is_sql"]

_HERE = ("duckdb", None)


class Reading:
    """One notebook's way to read its cells."""

    def __init__(self) -> None:
        self._default: tuple[str, str | None] = _HERE

    def analyse(self, source: str, language: str) -> Facts:
        """Facts of a cell in its language."""
        if language != "sql":
            facts = analyse_python(source)
            if self._default == _HERE or facts.cell_magic != "sql":
                return facts
        from reactive_kernel.core.sql import analyse_sql

        dialect, outside = self._default
        return analyse_sql(source, dialect, outside)

    def has_changed(self, namespace: Mapping[str, Any]) -> bool:
        """Look at the default connection; True if SQL cells mean something else than they did."""
        connections = sys.modules.get("reactive_kernel.kernel.sql.connections")
        now = connections.described(namespace) if connections is not None else _HERE
        if now == self._default:
            return False
        self._default = now
        return True


def is_sql(facts: Facts, language: str) -> bool:
    """Whether a cell is SQL, however it says so."""
    return language == "sql" or facts.language == "sql"
