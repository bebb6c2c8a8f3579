"""DuckDB: the engine of cells that name no other, in memory or in a file.

Decides how a statement runs on one session cursor, and how DuckDB's messages read to people.
Never looks up names in Python: the frames that a statement may see are handed to it.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reactive_kernel.core.sql_text import Parameter
from reactive_kernel.kernel.sql.adapters import Answer, Command, collect, shown_rows
from reactive_kernel.kernel.sql.errors import SqlError, near
from reactive_kernel.kernel.sql.results import Kept, Shown, SqlTable

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from reactive_kernel.kernel.sql.settings import Step

__all__ = ["DuckDB", "named"]

# Counting the rows of a shown query may take as long as showing it did, within these bounds (seconds).
_COUNT_LEAST, _COUNT_MOST = 0.02, 0.2
_OWN_DATABASES = frozenset({"memory", "temp", "system"})
_QUERY = "__rk_session.sql(__rk_text, params=__rk_values)"


class DuckDB:
    """One database and one session cursor; statements run one after the other."""

    dialect = "duckdb"
    frames = True

    def __init__(self, path: str = ":memory:", *, read_only: bool = False) -> None:
        import duckdb

        self._session: duckdb.DuckDBPyConnection = duckdb.connect(path, read_only=read_only)
        # How far a query is, is asked and told by us; DuckDB's own bar would be an output of the cell.
        self._session.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false")
        self._file = path != ":memory:"
        self._garbage: deque[str] = deque()
        self._tables = 0
        self._prepare()

    def _prepare(self) -> None:
        self.moved = False  # USE: unqualified names may mean another schema than the first
        self.applied: tuple[Step, ...] = ()
        self._home: tuple[str, str] | None = None

    @classmethod
    def over(cls, connection: duckdb.DuckDBPyConnection) -> DuckDB:
        """Use a connection that a variable of the notebook holds."""
        engine = cls.__new__(cls)
        engine._session, engine._file, engine._garbage, engine._tables = connection, False, deque(), 0
        engine._prepare()
        return engine

    def mark(self, index: int, parameter: Parameter) -> str:
        return f"$_v{index}"

    def run(self, command: Command) -> Answer:
        self._sweep()
        if command.want == "nothing" or command.kind != "query":
            return self._execute(command)
        if command.want == "table":
            return self._keep(command)
        if command.want == "rows":
            reader = self._eval(f"{_QUERY}.to_arrow_reader(100_000)", command)
            return Answer(table=_drained(reader, command.byte_cap))
        return Answer(shown=self._show(command))

    def _eval(self, expression: str, command: Command, **more: Any) -> Any:
        # DuckDB looks for frames in the calling Python frame: give it one that holds the declared names alone,
        # so that a frame nobody declared fails loudly and the graph stays honest.
        names = {
            "__rk_session": self._session,
            "__rk_text": command.text,
            "__rk_values": named(command.values) or None,
            **more,
        }
        return eval(expression, {**{k: self._frame(v) for k, v in command.frames.items()}, **names})

    def make_again(self, text: str, values: Sequence[Any], frames: Mapping[str, Any]) -> None:
        """Run a statement that has run before, seeing these frames."""
        self._eval(_QUERY, Command(text, tuple(values), "nothing", 0, "write", frames, 0))

    def _frame(self, value: Any) -> Any:
        return self._session.table(value.kept.table) if isinstance(value, SqlTable) else value

    def _show(self, command: Command) -> Shown:
        start = time.perf_counter()
        get = f"(lambda q: (q.types, q.limit({command.limit + 1}).to_arrow_table()))({_QUERY})"
        types, table = self._eval(get, command)
        total: int | None = table.num_rows
        if table.num_rows > command.limit:
            total = self._count(command, time.perf_counter() - start) if command.countable else None
        return shown_rows(table, [str(kind).lower() for kind in types], command.limit, total)

    def _count(self, command: Command, shown_in: float) -> int | None:
        """Count the rows, unless that takes much longer than showing the first ones did."""
        done = threading.Lock()

        def stop() -> None:
            if done.acquire(blocking=False):
                self._session.interrupt()

        timer = threading.Timer(min(max(shown_in, _COUNT_LEAST), _COUNT_MOST), stop)
        timer.start()
        try:
            rows = self._eval(f"{_QUERY}.count('*').fetchall()", command)
        except Exception:
            return None
        finally:
            # Whoever gets the lock first wins: a late interrupt must not hit the next statement.
            if not done.acquire(blocking=False):
                timer.join()
            timer.cancel()
        return int(rows[0][0])

    def _execute(self, command: Command) -> Answer:
        if command.kind == "session":
            self.way_home()
            self.moved = True
        # What is no query runs here and now, once, whatever is done with its rows later.
        relation = self._eval(_QUERY, command)
        columns = list(relation.columns) if relation is not None else []
        if columns in ([], ["Success"]):
            return Answer()
        if columns == ["Count"]:
            rows = relation.fetchall()
            return Answer(changed=int(rows[0][0]) if rows else None)
        types = [str(kind).lower() for kind in relation.types]
        table = _drained(relation.to_arrow_reader(100_000), command.byte_cap)
        return Answer(shown=shown_rows(table, types, command.limit, table.num_rows), table=table)

    def _keep(self, command: Command) -> Answer:
        self._tables += 1
        name = f"__rk_result_{self._tables}"
        self._eval(
            f"__rk_session.execute('CREATE TEMP TABLE {name} AS FROM (' + __rk_text + chr(10) + ')', __rk_values)",
            command,
        )
        return Answer(kept=name)

    def kept(self, name: str, table: str) -> SqlTable:
        """The Python side of a result kept in the engine."""
        relation = self._session.table(table)
        rows = int(self._session.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])
        return SqlTable(Kept(name, table, rows, tuple(relation.columns)), self._fetch, self._garbage.append)

    def _fetch(self, table: str) -> pa.Table:
        arrow: pa.Table = self._session.table(table).to_arrow_table()
        return arrow

    def _sweep(self) -> None:
        while self._garbage:
            self._session.execute(f"DROP TABLE IF EXISTS temp.{self._garbage.popleft()}")

    def cancel(self) -> None:
        self._session.interrupt()

    def begin(self) -> None:
        self._session.execute("BEGIN")

    def commit(self) -> None:
        self._session.execute("COMMIT")

    def rollback(self) -> None:
        try:
            self._session.execute("ROLLBACK")
        except Exception as error:
            if "no transaction" not in str(error):
                raise

    def close(self) -> None:
        self._session.close()

    def progress(self) -> float | None:
        done = float(self._session.query_progress())
        return done / 100 if done >= 0 else None

    def execute(self, text: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
        """Run a statement of our own and fetch all it gives."""
        bound = dict(values) if isinstance(values, Mapping) else list(values)
        return self._session.execute(text, bound or None).fetchall()

    @contextmanager
    def at_home(self) -> Iterator[None]:
        """Let unqualified names mean what they did before any USE."""
        place = self.where()
        self.execute(self.way_home())
        try:
            yield
        finally:
            self.execute(_use(place))

    def way_home(self) -> str:
        """The statement after which unqualified names mean what they did before any USE."""
        if self._home is None:
            self._home = self.where()
        return _use(self._home)

    # Catalog

    def where(self) -> tuple[str, str]:
        """The database and schema that unqualified names are made in."""
        database, schema = self.execute("SELECT current_database(), current_schema()")[0]
        return str(database), str(schema)

    def persistent(self, database: str | None) -> bool:
        if database is None:
            database = str(self.execute("SELECT current_database()")[0][0])
        if database.lower() in _OWN_DATABASES:
            return False
        rows = self.execute("SELECT path FROM duckdb_databases() WHERE lower(database_name) = ?", [database.lower()])
        return bool(rows and rows[0][0])

    def databases(self) -> set[str]:
        """The attached databases, folded, without the engine's own."""
        rows = self.execute("SELECT database_name FROM duckdb_databases() WHERE NOT internal")
        return {str(row[0]).lower() for row in rows} - _OWN_DATABASES

    def children(self, path: Sequence[str], limit: int) -> list[tuple[str, str]]:
        if not path:
            rows = self.execute(
                "SELECT DISTINCT CASE WHEN database_name IN ('memory', 'temp') THEN schema_name "
                "ELSE database_name || '.' || schema_name END, 'schema' FROM duckdb_schemas() "
                "WHERE NOT internal OR (schema_name = 'main' AND database_name NOT IN ('system', 'temp')) "
                "ORDER BY 1 LIMIT ?",
                [limit],
            )
            return [(str(name), str(kind)) for name, kind in rows]
        database, _, schema = path[0].rpartition(".")
        where = "lower(schema_name) = lower(?) AND (CASE WHEN ? = '' THEN database_name IN ('memory', 'temp') "
        where += "ELSE lower(database_name) = lower(?) END) AND NOT internal"
        if len(path) == 1:
            rows = self.execute(
                f"SELECT table_name, 'table' FROM duckdb_tables() WHERE {where} "
                "AND NOT starts_with(table_name, '__rk') "
                f"UNION ALL SELECT view_name, 'view' FROM duckdb_views() WHERE {where} "
                "AND NOT starts_with(view_name, '__rk') "
                "ORDER BY 1 LIMIT ?",
                [schema, database, database, schema, database, database, limit],
            )
        else:
            rows = self.execute(
                f"SELECT column_name, lower(data_type) FROM duckdb_columns() WHERE {where} "
                "AND lower(table_name) = lower(?) ORDER BY column_index LIMIT ?",
                [schema, database, database, path[1], limit],
            )
        return [(str(name), str(kind)) for name, kind in rows]

    def functions(self, prefix: str, limit: int) -> list[tuple[str, str]]:
        """Functions whose names start so, with what they are."""
        rows = self.execute(
            "SELECT function_name, any_value(function_type) FROM duckdb_functions() "
            "WHERE starts_with(function_name, lower(?)) AND regexp_matches(function_name, '^[a-z]') "
            "GROUP BY 1 ORDER BY 1 LIMIT ?",
            [prefix, limit],
        )
        return [(str(name), str(kind)) for name, kind in rows]

    def about_function(self, name: str) -> str:
        """The signatures of a function and what it is for."""
        rows = self.execute(
            "SELECT DISTINCT function_name, parameters, parameter_types, return_type, description "
            "FROM duckdb_functions() WHERE function_name = lower(?) LIMIT 20",
            [name],
        )
        lines = []
        for function, parameters, types, gives, _ in rows:
            pairs = [f"{p} {t}".strip() if t else str(p) for p, t in zip(parameters, types, strict=False)]
            lines.append(f"{function}({', '.join(pairs)})" + (f" -> {gives}" if gives else ""))
        return "\n".join([*sorted(set(lines)), *sorted({str(row[4]) for row in rows if row[4]})])

    def names(self, aside: bool = False) -> set[str]:
        """Every table and view of the user's, as seen without qualification; with those that are put ``aside``."""
        rows = self.execute(
            "SELECT table_name FROM duckdb_tables() WHERE NOT internal "
            "UNION SELECT view_name FROM duckdb_views() WHERE NOT internal"
        )
        return {str(row[0]) for row in rows if aside or not row[0].startswith("__rk")}

    def referring(self, table: str) -> list[tuple[str, str, str]]:
        """The tables with a foreign key to a table."""
        return [
            (str(database), str(schema), str(name))
            for database, schema, name in self.execute(
                "SELECT DISTINCT database_name, schema_name, table_name FROM duckdb_constraints() "
                "WHERE constraint_type = 'FOREIGN KEY' AND lower(referenced_table) = lower(?)",
                [table],
            )
        ]

    def explain(self, error: Exception) -> SqlError | None:
        return _explain(error, self)


def named(values: Sequence[Any]) -> dict[str, Any]:
    """Bound values by the names of their placeholders (`DuckDB.mark`)."""
    return {f"_v{i}": value for i, value in enumerate(values)}


def _use(place: tuple[str, str]) -> str:
    return "USE " + ".".join('"' + part.replace('"', '""') + '"' for part in place)


def _drained(reader: Any, cap: int) -> pa.Table:
    """Read to the end, or close what is left: an open result blocks the session."""
    try:
        return collect(reader, reader.schema, cap)
    finally:
        reader.close()


def _explain(error: Exception, engine: DuckDB) -> SqlError | None:
    import duckdb

    if isinstance(error, duckdb.InterruptException):
        return None
    text = str(error)
    if isinstance(error, RuntimeError) and ("interrupt" in text.lower() or "KeyboardInterrupt" in text):
        return None
    body = re.sub(r"^[A-Z]\w*(?: \w+)* Error: ", "", text)
    body = re.split(r"\n+LINE \d+:", body)[0].strip()
    if isinstance(error, duckdb.ParserException):
        return SqlError("sql-syntax", _capital(body))
    if found := re.match(r"Table with name \"?(.+?)\"? does not exist!", body):
        name = found[1]
        return SqlError("sql-catalog", f"There is no table `{name}`.{near(name, engine.names())}")
    if found := re.match(r'Referenced column "(.+?)" not found in FROM clause!(?:\s+Candidate bindings: (.*))?', body):
        known = [name.rpartition(".")[2] for name in re.findall(r'"([^"]+)"', found[2] or "")]
        hint = near(found[1], known) or (f" There is {', '.join(f'`{n}`' for n in known)}." if known else "")
        return SqlError("sql-catalog", f"There is no column `{found[1]}`.{hint}")
    if found := re.match(r"(.+? Function) with name (\S+) does not exist!(?:\s+Did you mean \"(.+?)\")?", body):
        names = [found[3]] if found[3] else []
        return SqlError("sql-catalog", f"There is no function `{found[2]}`.{near(found[2], names)}")
    if found := re.match(r'Attempting to write to database "(.+?)" in a transaction that has .* "(.+?)"', body):
        message = f"A cell is one transaction, which can't write to both `{found[1]}` and `{found[2]}`. Use two cells."
        return SqlError("sql-transaction", message)
    return SqlError("sql-run", _capital(body))


def _capital(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "'", '"')) or "\n" in text else f"{text}."
