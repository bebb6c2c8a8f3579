"""What the runner asks of an engine, whatever it is.

Decides nothing: a protocol of five verbs and the two shapes they answer with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from reactive_kernel.core.sql_text import Parameter
from reactive_kernel.kernel.sql.errors import SqlError
from reactive_kernel.kernel.sql.results import Shown

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Adapter", "Answer", "Column", "Command", "collect", "shown_rows"]

Want = Literal["show", "rows", "table", "nothing"]


@dataclass(frozen=True, slots=True)
class Command:
    """One statement to run.

    ``values`` are bound in the order of the text; ``want`` says what is done with the rows: shown (``limit`` of
    them), kept, kept as a table of the engine, or nothing.  ``countable`` allows running the query once more to count.
    """

    text: str
    values: tuple[Any, ...]
    want: Want
    limit: int
    kind: str
    frames: Mapping[str, Any]
    byte_cap: int
    countable: bool = True


class Answer(NamedTuple):
    """What a statement gave: rows to show, rows to keep, a table's name, or the number of rows changed."""

    shown: Shown | None = None
    table: pa.Table | None = None
    kept: str | None = None
    changed: int | None = None


class Column(NamedTuple):
    """A column as catalogs tell it."""

    name: str
    type: str


class Adapter(Protocol):
    """An engine.  `run` is called in a worker thread, `cancel` from the main thread meanwhile."""

    dialect: str
    frames: bool  # whether Python's frames are tables to it

    def mark(self, index: int, parameter: Parameter) -> str:
        """The placeholder for a statement's ``index``-th value."""

    def run(self, command: Command) -> Answer: ...

    def cancel(self) -> None: ...

    def begin(self) -> None: ...

    def commit(self) -> None: ...

    def rollback(self) -> None: ...

    def close(self) -> None: ...

    def progress(self) -> float | None:
        """How far the running statement is, 0 to 1, or None."""

    def explain(self, error: Exception) -> SqlError | None:
        """An engine's error as a `SqlError`; None if it is a cancelled statement."""

    def children(self, path: Sequence[str], limit: int) -> list[tuple[str, str]]:
        """(name, kind) of what lies below a path in the catalog: schemas, tables, columns (kind: their type)."""

    def persistent(self, database: str | None) -> bool:
        """Whether changes in that database (None: the current one) outlive the kernel."""


def collect(batches: Iterable[pa.RecordBatch], schema: pa.Schema, cap: int) -> pa.Table:
    """Gather batches into a snapshot, up to a cap in bytes."""
    import pyarrow as pa

    kept, size = [], 0
    for batch in batches:
        size += batch.nbytes
        if size > cap:
            raise SqlError(
                "sql-too-big",
                f"The result is larger than {cap / 2**30:,.1f} GiB, the limit for one Python object "
                "(REACTIVE_SQL_MAX_BYTES). Add a LIMIT, aggregate in SQL, or keep it in the engine with --as table.",
            )
        kept.append(batch)
    return pa.Table.from_batches(kept, schema)


def _values(column: pa.ChunkedArray) -> list[Any]:
    """The values in Python; as text where Python has none so large or so early."""
    import pyarrow as pa

    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):
        try:
            return list(column.cast(pa.string()).to_pylist())
        except pa.ArrowException:
            return ["(not to be shown)"] * len(column)


def shown_rows(table: pa.Table, types: Sequence[str], limit: int, total: int | None) -> Shown:
    """The first rows of a table for display."""
    head = table.slice(0, limit)
    columns = [_values(column) for column in head.columns]
    rows = tuple(zip(*columns, strict=True)) if columns else ()
    more = table.num_rows > limit
    return Shown(tuple(table.column_names), tuple(types), rows, total, more)
