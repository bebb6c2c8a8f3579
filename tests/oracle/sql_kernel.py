"""SQL cells as the kernel runs them, for an engine driven without Jupyter; and what there is afterwards, as data."""

from __future__ import annotations

import re
from typing import Any

from reactive_kernel.kernel.sql import catalog, connections, prepare
from reactive_kernel.kernel.sql.errors import SqlError
from reactive_kernel.kernel.sql.results import SqlTable
from reactive_kernel.kernel.sql.running import Result, remember_result, run_script

from . import sql_plain
from .execute import Namespace, Shown
from .sql_plain import Kept


def reset() -> None:
    """A new session: no connections, no tables."""
    prepare()
    connections.close_all()
    catalog.reset()


def before_cell() -> None:
    """What the magics hear of every cell."""
    catalog.start_run()


def execute(source: str, namespace: Namespace) -> Shown:
    """Run a SQL cell as the magic does."""
    results: list[Result] = []
    try:
        value = run_script(source, namespace, results.append, managed=True)
    except SqlError:
        return Shown("", "SQL fault")
    if target := re.match(r"%%sql (\w+) <<", source):
        namespace[target[1]] = value
        remember_result(target[1])
    return Shown("".join(map(_told, results)))


def _told(result: Result) -> str:
    if result.shown is not None:
        rows = [*result.shown.rows, ((),) * result.shown.more]
        return sql_plain.told(list(result.shown.columns), rows if result.shown.more else rows[:-1])
    if counted := re.search(r"([\d,]+) row", result.line or ""):
        return f"{counted[1].replace(',', '')} rows\n"
    return result.line or ""


def seen(namespace: Namespace) -> Namespace:
    """The namespace with relations, settings and kept results as data, as in plain Python."""
    if not any(name.startswith(("sql:", "<sql:")) or isinstance(v, SqlTable) for name, v in namespace.items()):
        return namespace
    connection: Any = connections.resolve(None, {}).engine
    catalog.sync(namespace, connection)
    found = {name: value for name, value in namespace.items() if not name.startswith(("sql:", "<sql:"))}
    kept = {id(v): _kept(v) for v in found.values() if isinstance(v, SqlTable)}
    found.update((name, kept[id(v)]) for name, v in found.items() if isinstance(v, SqlTable))
    found.update((f"sql:{n}", v) for n, v in sql_plain.catalog_of(connection._session).items())
    for name, value in namespace.items():
        if name.startswith("sql:") and name.endswith("()"):  # to ask DuckDB for its macros takes long
            found[name.removesuffix("()")] = ("macro", sql_plain.spaced(value.body.make[0]))
    session = sql_plain.session_of(connection._session)
    if session != sql_plain.DEFAULTS:
        found[sql_plain.SESSION] = session
    return found


def _kept(table: SqlTable) -> Kept:
    arrow = table.arrow()
    rows = tuple(tuple(row.values()) for row in arrow.to_pylist())
    return Kept(table.columns, _types(table), rows)


def _types(table: SqlTable) -> tuple[str, ...]:
    connection: Any = connections.resolve(None, {}).engine
    return tuple(str(kind) for kind in connection._session.table(table.kept.table).types)
