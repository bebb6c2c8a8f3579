"""Spark Connect: SQL on a cluster, by a client without a JVM.

Decides how a statement runs in one Spark session.  Never starts a server, and never the classic, in-process Spark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reactive_kernel.core.sql_text import Parameter
from reactive_kernel.kernel.sql.adapters import Answer, Command, collect, shown_rows
from reactive_kernel.kernel.sql.dbapi_engine import explain
from reactive_kernel.kernel.sql.errors import SqlError, near

if TYPE_CHECKING:
    from pyspark.sql.connect.session import SparkSession

__all__ = ["Spark", "open_spark"]

_TAG = "reactive-kernel-sql"


def open_spark(url: str) -> Spark:
    """Connect to a Spark Connect server (``sc://host:15002``)."""
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(url).getOrCreate()
    session.version  # noqa: B018  asks the server: a wrong address is told now, not at the first cell
    return Spark(session)


class Spark:
    """One Spark Connect session."""

    dialect = "spark"
    frames = False

    def __init__(self, session: SparkSession) -> None:
        self._session = session
        session.addTag(_TAG)

    def mark(self, index: int, parameter: Parameter) -> str:
        return f":v{index}"

    def run(self, command: Command) -> Answer:
        # Tags belong to the thread that runs the statement.
        self._session.addTag(_TAG)
        frame = self._session.sql(command.text, {f"v{i}": value for i, value in enumerate(command.values)})
        if command.want == "show":
            frame = frame.limit(command.limit + 1)
        table: Any = frame.toArrow()
        if not table.num_columns:
            return Answer()
        types = [kind for _, kind in frame.dtypes]
        if command.want != "show":
            return Answer(table=collect(table.to_batches(), table.schema, command.byte_cap))
        more = table.num_rows > command.limit
        return Answer(shown=shown_rows(table, types, command.limit, None if more else table.num_rows))

    def cancel(self) -> None:
        self._session.interruptTag(_TAG)

    def begin(self) -> None:
        """Spark has no transactions."""

    def commit(self) -> None:
        """Spark has no transactions."""

    def rollback(self) -> None:
        """Spark has no transactions."""

    def close(self) -> None:
        self._session.stop()

    def progress(self) -> float | None:
        return None

    def persistent(self, database: str | None) -> bool:
        return True

    def explain(self, error: Exception) -> SqlError | None:
        text = str(error)
        if "OPERATION_CANCELED" in text or "OPERATION_ABANDONED" in text:
            return None
        if found := re.search(r"\[TABLE_OR_VIEW_NOT_FOUND\][^`]*((?:`[^`]+`\.?)+)", text):
            name = found[1].replace("`", "").rpartition(".")[2]
            tables = [table for table, _ in self.children(["default"], 1000)]
            return SqlError("sql-catalog", f"There is no table `{name}`.{near(name, tables)}")
        if found := re.search(r"\[UNRESOLVED_COLUMN[^\]]*\][^`]*`([^`]+)`(?:.*?\[(.*?)\])?", text):
            known = re.findall(r"`(\w+)`", found[2] or "")
            return SqlError("sql-catalog", f"There is no column `{found[1]}`.{near(found[1], known)}")
        if "[PARSE_SYNTAX_ERROR]" in text:
            body = text.partition("[PARSE_SYNTAX_ERROR]")[2].split("SQLSTATE")[0].split("\n")[0]
            return SqlError("sql-syntax", body.strip())
        return explain(re.sub(r"^\([\w.]+\)\s*", "", text))

    def children(self, path: Sequence[str], limit: int) -> list[tuple[str, str]]:
        catalog = self._session.catalog
        if not path:
            found = [(database.name, "schema") for database in catalog.listDatabases()]
        elif len(path) == 1:
            found = [(t.name, "view" if "VIEW" in t.tableType else "table") for t in catalog.listTables(path[0])]
        else:
            found = [(column.name, column.dataType) for column in catalog.listColumns(f"{path[0]}.{path[1]}")]
        return found[:limit]
