"""DB-API 2.0 connections and SQLAlchemy engines: sqlite3, psycopg, Trino and the rest.

Decides how a placeholder is written for a driver and how fetched rows become Arrow.  Never opens what it was handed,
and closes only what it opened.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from reactive_kernel.core.sql_text import Parameter
from reactive_kernel.kernel.sql.adapters import Answer, Command, collect
from reactive_kernel.kernel.sql.errors import SqlError
from reactive_kernel.kernel.sql.results import Shown

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DbApi", "from_sqlalchemy", "open_sqlite"]

_BATCH = 10_000
_DIALECTS = {"postgresql": "postgres", "mssql": "tsql", "sqlite3": "sqlite", "psycopg": "postgres"}


def open_sqlite(path: str) -> DbApi:
    """Open a SQLite file (or ``:memory:``)."""
    import sqlite3

    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    return DbApi(connection, persistent=path != ":memory:", any_thread=True)


def from_sqlalchemy(engine: Any) -> DbApi:
    """Use a SQLAlchemy engine through its driver."""
    dialect = str(engine.dialect.name)
    connection = engine.raw_connection()
    return DbApi(connection, dialect=_DIALECTS.get(dialect, dialect), paramstyle=str(engine.dialect.paramstyle))


class DbApi:
    """One DB-API connection."""

    frames = False

    def __init__(
        self,
        connection: Any,
        dialect: str | None = None,
        paramstyle: str | None = None,
        persistent: bool = True,
        any_thread: bool = False,
    ) -> None:
        self._connection = connection
        self._driver = getattr(connection, "driver_connection", None) or connection
        module = type(self._driver).__module__.partition(".")[0]
        # SQLite's connections serve the thread alone that made them, as a rule.
        self.any_thread = any_thread or module != "sqlite3"
        self.dialect = dialect or _DIALECTS.get(module, module)
        self._style = paramstyle or str(getattr(sys.modules.get(module), "paramstyle", "qmark"))
        self._persistent = persistent
        self._cursor: Any = None

    def mark(self, index: int, parameter: Parameter) -> str:
        marks = {"qmark": "?", "format": "%s", "numeric": f":{index + 1}", "named": f":v{index}"}
        return marks.get(self._style, f"%(v{index})s" if self._style == "pyformat" else f"${index + 1}")

    def run(self, command: Command) -> Answer:
        cursor = self._connection.cursor()
        self._cursor = cursor
        try:
            values: Any = tuple(command.values)
            if self._style in ("named", "pyformat"):
                values = {f"v{i}": value for i, value in enumerate(values)}
            cursor.execute(command.text, values) if values else cursor.execute(command.text)
            if cursor.description is None:
                count = int(cursor.rowcount)
                return Answer(changed=count if count >= 0 else None)
            return self._answer(cursor, command)
        finally:
            self._cursor = None
            cursor.close()

    def _answer(self, cursor: Any, command: Command) -> Answer:
        names = [str(column[0]) for column in cursor.description]
        if command.want != "show":
            return Answer(table=_gather(_batches(cursor, names), names, command.byte_cap))
        rows = tuple(tuple(row) for row in cursor.fetchmany(command.limit + 1))
        table = _arrow(rows, names)
        types = [str(kind) for kind in table.schema.types]
        more = len(rows) > command.limit
        shown = Shown(tuple(names), tuple(types), rows[: command.limit], None if more else len(rows), more)
        return Answer(shown=shown)

    def cancel(self) -> None:
        for owner, verb in (
            (self._driver, "interrupt"),
            (self._driver, "cancel_safe"),
            (self._driver, "cancel"),
            (self._cursor, "cancel"),
        ):
            stop = getattr(owner, verb, None)
            if callable(stop):
                stop()
                return

    def begin(self) -> None:
        # DB-API connections begin by themselves, but for those in autocommit mode.
        if self.dialect == "sqlite" and getattr(self._driver, "isolation_level", "") is None:
            self._connection.cursor().execute("BEGIN")

    def commit(self) -> None:
        self._connection.commit()

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()

    def progress(self) -> float | None:
        return None

    def persistent(self, database: str | None) -> bool:
        return self._persistent

    def explain(self, error: Exception) -> SqlError | None:
        text = str(error).strip()
        if any(word in text.lower() for word in ("interrupted", "canceling statement", "cancelled", "canceled")):
            return None
        return explain(text)

    def children(self, path: Sequence[str], limit: int) -> list[tuple[str, str]]:
        listing = _sqlite_children if self.dialect == "sqlite" else information_schema
        return listing(self._fetch, path, limit)

    def _fetch(self, text: str, values: Sequence[str]) -> list[tuple[Any, ...]]:
        parts = text.split("?")
        marked = "".join(
            part + (self.mark(i, Parameter("", 0, 0)) if i < len(parts) - 1 else "") for i, part in enumerate(parts)
        )
        bound: Any = tuple(values)
        if self._style in ("named", "pyformat"):
            bound = {f"v{i}": value for i, value in enumerate(values)}
        cursor = self._connection.cursor()
        try:
            cursor.execute(marked, bound)
            return [tuple(row) for row in cursor.fetchall()]
        finally:
            cursor.close()


def _batches(cursor: Any, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
    while rows := cursor.fetchmany(_BATCH):
        yield from _arrow(rows, names).to_batches()


def _gather(batches: Iterator[pa.RecordBatch], names: Sequence[str], cap: int) -> pa.Table:
    """Batches may differ in type (SQLite's values do, and columns of NULL have none): unify, or fall back to text."""
    import pyarrow as pa

    tables: list[pa.Table] = []
    size = 0
    for batch in batches:
        size += batch.nbytes
        tables.append(collect([batch], batch.schema, cap - size + batch.nbytes))
    if not tables:
        return _arrow([], names)
    return pa.concat_tables(tables, promote_options="permissive").combine_chunks()


def _arrow(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
    arrays = []
    for column in columns:
        try:
            arrays.append(pa.array(column))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            # One column with values of several kinds, as SQLite allows.
            arrays.append(pa.array([None if value is None else str(value) for value in column]))
    return pa.Table.from_arrays(arrays, names=list(names))


Fetch = Callable[[str, Sequence[str]], list[tuple[Any, ...]]]


def explain(text: str) -> SqlError:
    """The message of a server or driver, without its prefixes."""
    first = text.split("\n")[0].strip()
    first = first.removeprefix("ERROR: ").strip()
    first = first[:1].upper() + first[1:]
    return SqlError("sql-run", first if first.endswith((".", "!", "?")) else f"{first}.")


def _sqlite_children(fetch: Fetch, path: Sequence[str], limit: int) -> list[tuple[str, str]]:
    if not path:
        return [("main", "schema")]
    if len(path) == 1:
        rows = fetch("SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name", ())
    else:
        rows = fetch("SELECT name, lower(type) FROM pragma_table_info(?)", [path[1]])
    return [(str(name), str(kind)) for name, kind in rows[:limit]]


def information_schema(fetch: Fetch, path: Sequence[str], limit: int) -> list[tuple[str, str]]:
    """Schemas, tables and columns as the SQL standard lists them."""
    if not path:
        rows = fetch(
            "SELECT DISTINCT table_schema, 'schema' FROM information_schema.tables "
            "WHERE table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY 1",
            (),
        )
    elif len(path) == 1:
        rows = fetch(
            "SELECT table_name, CASE WHEN table_type LIKE '%VIEW%' THEN 'view' ELSE 'table' END "
            "FROM information_schema.tables WHERE table_schema = ? ORDER BY 1",
            [path[0]],
        )
    else:
        rows = fetch(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
            [path[0], path[1]],
        )
    return [(str(name), str(kind)) for name, kind in rows[:limit]]
