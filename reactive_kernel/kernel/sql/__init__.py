"""SQL cells in the kernel: connections, adapters, running, results, completion, schema.

`register` puts the magics `%%sql` and `%sql` in place; all that is heavy (sqlglot, duckdb, Arrow) is imported when
the first statement runs.
"""

from __future__ import annotations

import logging
from typing import Any

__all__ = ["complete", "connect", "inspect", "prepare", "register", "schema"]


def register(shell: Any, engine: Any = None) -> None:
    """Give an IPython shell the `%%sql` and `%sql` magics.

    With an engine (a graph that sets the namespace), relations are bound in the namespace as values are.
    """
    from reactive_kernel.kernel.sql.magic import register

    register(shell, managed=engine is not None)


def prepare() -> None:
    """Let DuckDB's parser help the analysis; imports it only when a statement needs it."""
    # sqlglot warns of each statement that it gives up on; here that is an answer, not news.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    from reactive_kernel.core.sql_statements import second_opinion
    from reactive_kernel.kernel.sql import fallback

    second_opinion(fallback.parse)


def connect(name: str, url: str, default: bool = False) -> dict[str, str]:
    """The protocol's `connect`: see `connections.connect`."""
    from reactive_kernel.kernel.sql import connections

    return connections.connect(name, url, default)


def schema(path: list[str], namespace: dict[str, Any] | None = None) -> dict[str, Any]:
    """One level of connections, schemas, tables and columns: see `browse.children`."""
    from reactive_kernel.kernel.sql import browse

    return browse.children(path, namespace or {})


def complete(code: str, cursor: int, namespace: dict[str, Any]) -> dict[str, Any]:
    """Content of a `complete_reply` for a SQL cell."""
    from reactive_kernel.kernel.sql import completion

    return completion.complete(code, cursor, namespace)


def inspect(code: str, cursor: int, namespace: dict[str, Any]) -> dict[str, Any]:
    """Content of an `inspect_reply` for a SQL cell."""
    from reactive_kernel.kernel.sql import completion

    return completion.inspect(code, cursor, namespace)
