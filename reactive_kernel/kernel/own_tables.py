"""Tables and views in DuckDB's own connection, which belongs to the module (``duckdb.sql("create table t …")``).

Looked at from a cursor: what the connection itself is about to give is left alone.  So what an open transaction has
not committed, and what is the connection's alone (temporary tables, registered frames), isn't seen.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

__all__ = ["Tables", "get_duckdb", "set_duckdb"]

MAX_ITEMS = 1_000_000  # in the tables whose rows are looked at and kept: the smaller ones first

# Of a database in memory: one in a file is not the notebook's alone.
_OWN = """NOT internal AND NOT temporary AND database_name = current_database()
AND EXISTS (SELECT 1 FROM duckdb_databases() d WHERE d.database_name = current_database() AND d.path IS NULL)"""
_FOUND = f"""
SELECT 1, database_name, schema_name, table_name, sql, estimated_size, column_count FROM duckdb_tables() WHERE {_OWN}
UNION ALL SELECT 0, database_name, schema_name, view_name, sql, 0, 0 FROM duckdb_views() WHERE {_OWN}
ORDER BY 6
"""


@dataclass(slots=True, eq=False)
class _Item:
    """A table or a view: how it is made, and a table's rows; None of a large one."""

    is_table: bool
    text: str
    size: int
    rows: Any = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Item):
            return NotImplemented
        if (self.is_table, self.text, self.size) != (other.is_table, other.text, other.size):
            return False
        return self.rows is other.rows or (None not in (self.rows, other.rows) and bool(self.rows.equals(other.rows)))


Tables = dict[str, _Item]  # by quoted name


def _cursor() -> Any:
    return sys.modules["duckdb"].default_connection().cursor()


def get_duckdb() -> Tables:
    """What is there now; nothing if the connection is closed."""
    error = sys.modules["duckdb"].Error
    try:
        with _cursor() as cursor:
            return _look(cursor)
    except error:
        return {}


def _look(cursor: Any) -> Tables:
    found: Tables = {}
    items = 0
    for table, *place, text, size, columns in cursor.execute(_FOUND).fetchall():
        name = ".".join('"' + part.replace('"', '""') + '"' for part in place)
        found[name] = item = _Item(bool(table), text or "", size)
        items += size * columns
        if table and items <= MAX_ITEMS:
            item.rows = cursor.sql(f"FROM {name}").to_arrow_table()
    return found


def set_duckdb(state: Tables) -> None:
    """Put tables and views back, as far as that can be done: what is as it was, or large, is left alone."""
    error = sys.modules["duckdb"].Error
    try:
        with _cursor() as cursor:
            now = _look(cursor)
            cursor.begin()
            _change(cursor, now, state)
            cursor.commit()
    except error:  # such as a table that a transaction of the notebook's holds: closing the cursor takes all back
        pass


def _change(cursor: Any, now: Tables, then: Tables) -> None:
    gone = [name for name, item in now.items() if then.get(name) != item and not (item.is_table and item.rows is None)]
    for name in sorted(gone, key=lambda name: now[name].is_table):
        cursor.execute(f"DROP {'TABLE' if now[name].is_table else 'VIEW'} {name}")
    made = [name for name in then if name not in now or name in gone]
    for name in sorted(made, key=lambda name: not then[name].is_table):
        item = then[name]
        if item.is_table and item.rows is None:
            continue
        cursor.execute(item.text)
        if item.is_table:
            cursor.register("__rows", item.rows)
            cursor.execute(f"INSERT INTO {name} FROM __rows")
            cursor.unregister("__rows")
