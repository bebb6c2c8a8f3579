"""ADBC connections: PostgreSQL first, and whatever else has an ADBC driver, straight to Arrow.

Decides how a statement runs on one connection and how the driver's messages read to people.
Never runs two statements at a time: two threads on one connection would wait for each other for ever.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adbc_driver_manager import dbapi

from reactive_kernel.core.sql_text import Parameter
from reactive_kernel.kernel.sql.adapters import Answer, Command, collect, shown_rows
from reactive_kernel.kernel.sql.dbapi_engine import explain, information_schema
from reactive_kernel.kernel.sql.errors import SqlError, near

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Adbc", "open_postgres"]

_PLAIN_QUERY = re.compile(r"\s*(?:SELECT\b|VALUES\b|WITH\b|\()", re.IGNORECASE)


def open_postgres(url: str) -> Adbc:
    """Open a connection to PostgreSQL."""
    from adbc_driver_postgresql import dbapi as postgres

    return Adbc(postgres.connect(url, autocommit=True), "postgres", autocommit=True)


class Adbc:
    """One ADBC connection."""

    frames = False

    def __init__(self, connection: dbapi.Connection, dialect: str, *, autocommit: bool) -> None:
        self._connection = connection
        self._autocommit = autocommit
        self._cursor: dbapi.Cursor | None = None
        self.dialect = dialect

    @classmethod
    def over(cls, connection: dbapi.Connection) -> Adbc:
        """Use a connection that a variable of the notebook holds."""
        vendor = str(connection.adbc_get_info().get("vendor_name", "")).lower()
        dialect = {"postgresql": "postgres"}.get(vendor, vendor)
        return cls(
            connection,
            dialect,
            autocommit=bool(connection.adbc_connection.get_option("adbc.connection.autocommit") == "true"),
        )

    def mark(self, index: int, parameter: Parameter) -> str:
        return f"${index + 1}" if self.dialect == "postgres" else "?"

    def run(self, command: Command) -> Answer:
        plain = command.kind == "query" and _PLAIN_QUERY.match(command.text) is not None
        text = command.text
        if plain and command.want == "show":
            # A stream that is closed early makes the next statement wait for its rest: ask for no more than is shown.
            text = f"SELECT * FROM (\n{text}\n) AS __rk_shown LIMIT {command.limit + 1}"
        cursor = self._connection.cursor()
        self._cursor = cursor
        try:
            if self.dialect == "postgres" and not plain:
                cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            cursor.execute(text, command.values) if command.values else cursor.execute(text)
            if not cursor.description:
                return Answer(changed=cursor.rowcount if cursor.rowcount >= 0 else None)
            return self._answer(cursor, command)
        finally:
            self._cursor = None
            cursor.close()

    def _answer(self, cursor: dbapi.Cursor, command: Command) -> Answer:
        reader: Any = cursor.fetch_record_batch()
        types = [_type_name(kind) for kind in reader.schema.types]
        table = _plain(collect(reader, reader.schema, command.byte_cap))
        if command.want != "show":
            return Answer(table=table)
        more = table.num_rows > command.limit
        return Answer(shown=shown_rows(table, types, command.limit, None if more else table.num_rows))

    def cancel(self) -> None:
        if self._cursor is not None:
            self._cursor.adbc_cancel()

    def begin(self) -> None:
        if self._autocommit:
            self._fetch("BEGIN")

    def commit(self) -> None:
        self._fetch("COMMIT") if self._autocommit else self._connection.commit()

    def rollback(self) -> None:
        self._fetch("ROLLBACK") if self._autocommit else self._connection.rollback()

    def close(self) -> None:
        self._connection.close()

    def progress(self) -> float | None:
        return None

    def persistent(self, database: str | None) -> bool:
        return True

    def explain(self, error: Exception) -> SqlError | None:
        text = str(error)
        if "CANCELLED" in text or "57014" in text:
            return None
        body = text.partition("ERROR:")[2] or text.partition(": ")[2] or text
        if found := re.match(r'\s*relation "(.+?)" does not exist', body):
            return SqlError("sql-catalog", f"There is no table `{found[1]}`.{near(found[1], self._tables())}")
        if found := re.match(r"\s*column \"?(.+?)\"? does not exist", body):
            hint = re.search(r'the column "(?:.*\.)?(.+?)"', body)
            return SqlError(
                "sql-catalog", f"There is no column `{found[1]}`." + (f" Did you mean `{hint[1]}`?" if hint else "")
            )
        return explain(body.strip())

    def _tables(self) -> list[str]:
        try:
            return [name for name, _ in self.children(["public"], 1000)]
        except Exception:
            return []  # inside a transaction that has just failed nothing can be asked

    def children(self, path: Sequence[str], limit: int) -> list[tuple[str, str]]:
        return information_schema(self._fetch, path, limit)

    def _fetch(self, text: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        parts = text.split("?")
        marked = "".join(
            part + (self.mark(i, Parameter("", 0, 0)) if i < len(parts) - 1 else "") for i, part in enumerate(parts)
        )
        cursor = self._connection.cursor()
        try:
            cursor.execute(marked, tuple(values)) if values else cursor.execute(marked)
            return list(cursor.fetchall()) if cursor.description else []
        finally:
            cursor.close()


def _type_name(kind: pa.DataType) -> str:
    name = getattr(kind, "type_name", None)
    return str(name) if name else "json" if "json" in str(kind) else str(kind)


def _plain(table: pa.Table) -> pa.Table:
    """Types that the driver only passes through: numbers of PostgreSQL's numeric, else text."""
    import pyarrow as pa

    for at, column in enumerate(table.schema):
        if not isinstance(column.type, pa.BaseExtensionType):
            continue
        chunks = [chunk.storage for chunk in table.column(at).chunks]
        values = pa.chunked_array(chunks, column.type.storage_type)
        if _type_name(column.type) == "numeric":
            values = _numbers(values)
        table = table.set_column(at, column.name, values)
    return table


def _numbers(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    fractions = pc.utf8_length(pc.replace_substring_regex(texts, r"^[^.]*\.?", ""))
    scale = pc.max(fractions).as_py() or 0
    try:
        return texts.cast(pa.decimal128(38, scale))
    except (pa.ArrowInvalid, ValueError):
        # Not a number, or more digits than a decimal holds.
        return texts.cast(pa.float64())
