"""What a query gave: a snapshot, and how it is shown and kept.

Decides how rows become HTML, plain text, a data resource, pandas, polars or Arrow.  A result is rows that were
fetched, never a query that would run again.  Never knows connections or statements.
"""

from __future__ import annotations

import html
import math
import re
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Kept", "Shown", "SqlTable", "convert"]

_MAX_COLUMNS = 100
_MAX_TEXT = 200
_FITS = 50  # characters that a cell surely shows
_NUMBER = re.compile(
    r"u?(tiny|small|big|huge)?int(eger|\d+)?$|float\d*$|halffloat$|double|real$|numeric|decimal|bignum$"
)
_STYLE = """<style>
.rk-sql{overflow-x:auto;max-width:100%;font-size:var(--jp-code-font-size,13px);line-height:1.4}
.rk-sql table{border-collapse:collapse;border:0;margin:0;color:var(--jp-content-font-color1,inherit);background:none}
.rk-sql th,.rk-sql td{padding:3px 12px 3px 8px;text-align:left;white-space:nowrap;max-width:32em;
overflow:hidden;text-overflow:ellipsis;border:0;border-bottom:1px solid var(--jp-border-color2,rgba(128,128,128,.3))}
.rk-sql th{border-bottom:2px solid var(--jp-border-color1,rgba(128,128,128,.55));font-weight:600;white-space:nowrap}
.rk-sql th small{display:block;font-weight:400;opacity:.65}
.rk-sql .n{text-align:right;font-variant-numeric:tabular-nums}
.rk-sql .z{opacity:.5;font-style:italic}
.rk-sql tbody tr:hover{background:var(--jp-rendermime-table-row-hover-background,rgba(128,128,128,.12))}
.rk-sql p{margin:4px 8px;opacity:.7}
</style>"""


@dataclass(frozen=True, slots=True)
class Shown:
    """Rows for display.

    ``total`` is the number of rows of the whole result; None where counting it would cost too much.
    ``notes`` are sentences shown below the table.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int | None
    more: bool = False
    notes: tuple[str, ...] = ()

    def count(self) -> str:
        """How many rows there are, in words.

        >>> Shown(("a",), ("int32",), ((1,),), 1234567, True).count()
        'first 1 of 1,234,567 rows × 1 column'
        """
        width = f"{len(self.columns):,} column{'s' * (len(self.columns) != 1)}"
        shown = len(self.rows)
        if self.more:
            total = f"{self.total:,} rows" if self.total is not None else "more rows"
            return f"first {shown:,} of {total} × {width}"
        return f"{shown:,} row{'s' * (shown != 1)} × {width}"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {
            "text/plain": self.text(),
            "text/html": self.html(),
            "application/vnd.dataresource+json": self.resource(),
        }

    def html(self) -> str:
        numeric = [_is_number(kind) for kind in self.types[:_MAX_COLUMNS]]
        heads = "".join(
            f"<th{' class=n' * number}>{html.escape(name)}<small>{html.escape(kind)}</small></th>"
            for name, kind, number in zip(self.columns, self.types, numeric, strict=False)
        )
        body = "".join(f"<tr>{''.join(map(_cell, row, numeric))}</tr>" for row in self.rows)
        notes = [self.count(), *self._too_wide(), *self.notes]
        lines = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        return f'{_STYLE}<div class="rk-sql">{table}{lines}</div>'

    def _too_wide(self) -> list[str]:
        hidden = len(self.columns) - _MAX_COLUMNS
        return [f"{hidden} more columns are not shown"] if hidden > 0 else []

    def text(self) -> str:
        numeric = [_is_number(kind) for kind in self.types[:_MAX_COLUMNS]]
        rows = [[_shorten(_text(value), 50) for value in row[:_MAX_COLUMNS]] for row in self.rows]
        head = [[_shorten(name, 50) for name in self.columns[:_MAX_COLUMNS]], list(self.types[:_MAX_COLUMNS])]
        widths = [max(map(len, column)) for column in zip(*head, *rows, strict=True)]

        def line(cells: Sequence[str]) -> str:
            pairs = zip(cells, widths, numeric, strict=True)
            return "  ".join(c.rjust(w) if number else c.ljust(w) for c, w, number in pairs).rstrip()

        rule = "  ".join("-" * width for width in widths)
        notes = [self.count(), *self._too_wide(), *self.notes]
        return "\n".join([*map(line, head), rule, *map(line, rows), *notes])

    def resource(self) -> dict[str, Any]:
        names: list[str] = []
        for name in self.columns:
            names.append(name if name not in names else f"{name}_{len(names)}")
        fields = [{"name": n, "type": _resource_type(t)} for n, t in zip(names, self.types, strict=True)]
        data = [dict(zip(names, map(_plain, row), strict=True)) for row in self.rows]
        return {"schema": {"fields": fields, "pandas_version": "1.4.0"}, "data": data}


def _cell(value: Any, number: bool) -> str:
    if value is None:
        return f'<td class="{"n " * number}z">NULL</td>'
    text = _text(value)
    title = f' title="{html.escape(_shorten(text, 2000))}"' if len(text) > _FITS else ""
    return f"<td{' class=n' * number}{title}>{html.escape(_shorten(text, _MAX_TEXT))}</td>"


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (bytes, bytearray)):
        return f"0x{value[:100].hex()}" + "…" * (len(value) > 100)
    return str(value)


def _shorten(text: str, width: int) -> str:
    text = text.replace("\r", "").replace("\n", "⏎") if width <= 50 else text
    return text if len(text) <= width else text[: width - 1] + "…"


def _is_number(kind: str) -> bool:
    return "[" not in kind and _NUMBER.match(kind.lower()) is not None


def _resource_type(kind: str) -> str:
    kind = kind.lower()
    if _is_number(kind):
        return "number" if kind.startswith(("float", "double", "dec", "real", "num", "half")) else "integer"
    if kind.startswith("bool"):
        return "boolean"
    if kind.startswith("timestamp"):
        return "datetime"
    if kind.startswith("date"):
        return "date"
    return "array" if "[" in kind else "object" if kind.startswith(("struct", "map")) else "string"


def _plain(value: Any) -> Any:
    """A value that JSON can hold without loss that would mislead (big integers stay text)."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value.isoformat() if hasattr(value, "isoformat") else _text(value)


class SqlTable:
    """A result kept in the engine (``--as table``): a name for it in Python.

    Later SQL cells read it without any copy; `df`, `arrow` and `pl` fetch it.  Its details are kept beside it
    (see relations.Held); versions of a result that nothing holds any more free their memory in the engine.
    """

    __slots__ = ("__weakref__",)
    _is_sql_table = True

    def __init__(self, kept: Kept, fetch: Callable[[str], pa.Table], forget: Callable[[str], None]) -> None:
        _kept[self] = (kept, fetch)
        weakref.finalize(self, forget, kept.table)

    @property
    def kept(self) -> Kept:
        return _kept[self][0]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.kept.columns

    def __len__(self) -> int:
        return self.kept.rows

    def __repr__(self) -> str:
        rows, width = self.kept.rows, len(self.columns)
        size = f"{rows:,} row{'s' * (rows != 1)} × {width:,} column{'s' * (width != 1)}"
        return f"<table {self.kept.name} in the SQL engine: {size}>"

    def arrow(self) -> pa.Table:
        """Fetch the rows as an Arrow table."""
        kept, fetch = _kept[self]
        return fetch(kept.table)

    def df(self) -> Any:
        """Fetch the rows as a pandas frame."""
        return convert(self.arrow(), "pandas")

    def pl(self) -> Any:
        """Fetch the rows as a polars frame."""
        return convert(self.arrow(), "polars")


@dataclass(frozen=True, slots=True)
class Kept:
    """A result in the engine: its name in the notebook and its table's own."""

    name: str
    table: str
    rows: int
    columns: tuple[str, ...]


_kept: weakref.WeakKeyDictionary[SqlTable, tuple[Kept, Callable[[str], pa.Table]]] = weakref.WeakKeyDictionary()


def convert(table: pa.Table, kind: str) -> Any:
    """Turn a snapshot into the kind of object that was asked for."""
    if kind == "arrow":
        return table
    if kind == "polars":
        import polars

        return polars.from_arrow(table)
    return _pandas(table)


def _pandas(table: pa.Table) -> Any:
    """The types of DuckDB's own ``.df()``: integers and truth values with NULL among them stay what they are.

    Decimals and huge integers become floats, intervals become time differences (of 30 days a month).
    """
    import pandas as pd
    import pyarrow as pa

    nullable: dict[int, Any] = {}
    for at, column in enumerate(table.schema):
        kind = column.type
        if pa.types.is_decimal(kind):
            table = table.set_column(at, column.name, table.column(at).cast(pa.float64()))
        elif pa.types.is_interval(kind):
            table = table.set_column(at, column.name, _durations(table.column(at)))
        elif (pa.types.is_integer(kind) or pa.types.is_boolean(kind)) and table.column(at).null_count:
            name = "boolean" if pa.types.is_boolean(kind) else str(kind).replace("u", "U").replace("int", "Int")
            nullable[at] = pd.array(
                table.column(at).to_pandas(types_mapper=lambda _, n=name: pd.api.types.pandas_dtype(n))
            )
        elif pa.types.is_string(kind) and table.column(at).null_count == len(table):  # no text, or none at all
            nullable[at] = pd.array([None] * len(table), dtype=object)
    # Not block by block: those would look into memory that can't be written to.
    frame = table.to_pandas(date_as_object=False)
    for at, values in nullable.items():
        frame.isetitem(at, values)
    return frame


def _durations(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import numpy as np
    import pyarrow as pa

    chunks = []
    for chunk in column.chunks:
        parts = np.frombuffer(chunk.buffers()[1], dtype="<i4,<i4,<i8")[chunk.offset : chunk.offset + len(chunk)]
        days = parts["f0"].astype("i8") * 30 + parts["f1"]
        micros = days * 86_400_000_000 + parts["f2"] // 1000
        chunks.append(pa.array(micros, mask=np.asarray(chunk.is_null()), type=pa.duration("us")))
    return pa.chunked_array(chunks, pa.duration("us"))
