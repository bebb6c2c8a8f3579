"""What there is to query: connections, their schemas, tables and columns, one bounded level at a time.

Decides what one level of the schema view holds.  Never reads rows, and stands back while a statement runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reactive_kernel.kernel.sql import connections
from reactive_kernel.kernel.sql.errors import SqlError, hide_passwords
from reactive_kernel.kernel.sql.running import busy
from reactive_kernel.kernel.sql.values import frame_kind

__all__ = ["LIMIT", "children", "columns_of_frame", "frames"]

LIMIT = 500


def children(path: Sequence[str], namespace: Mapping[str, Any]) -> dict[str, Any]:
    """The level below ``path``: [] connections; [connection] schemas; then tables, then columns.

    Returns ``items`` (each ``name``, ``kind`` and, for columns, ``type``) and ``more``, true if there are others.  The
    level "frames" of the default connection lists the notebook's frames.  A ValueError says what is wrong.
    """
    if not path:
        items = [
            {"name": name, "kind": "connection", "dialect": dialect} for name, dialect in connections.names(namespace)
        ]
        return {"items": items, "more": False}
    if len(path) > 3:
        raise ValueError("A path in the schema is [connection, schema, table].")
    if list(path[:2]) == ["default", "frames"]:
        return _bounded(_frame_level(path[2:], namespace))
    if not busy.acquire(blocking=False):
        raise ValueError("A statement is running on the connection: its tables can be listed when it has ended.")
    try:
        engine = connections.resolve(path[0], namespace).engine
        found = engine.children(path[1:], LIMIT + 1)
    except SqlError as error:
        raise ValueError(str(error)) from None
    except Exception as error:
        raise ValueError(hide_passwords(str(error).split("\n")[0])) from None
    finally:
        busy.release()
    if len(path) == 3:
        return _bounded([{"name": name, "kind": "column", "type": kind} for name, kind in found])
    items = [{"name": name, "kind": kind} for name, kind in found]
    if list(path) == ["default"] and frames(namespace):
        items.append({"name": "frames", "kind": "schema"})
    return _bounded(items)


def _bounded(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"items": items[:LIMIT], "more": len(items) > LIMIT}


def _frame_level(path: Sequence[str], namespace: Mapping[str, Any]) -> list[dict[str, Any]]:
    if not path:
        return [{"name": name, "kind": "frame"} for name in frames(namespace)]
    frame = namespace.get(path[0])
    return [{"name": name, "kind": "column", "type": kind} for name, kind in columns_of_frame(frame)]


def frames(namespace: Mapping[str, Any]) -> list[str]:
    """The variables that are tables to SQL."""
    return sorted(name for name, value in namespace.items() if not name.startswith("_") and frame_kind(value))


def columns_of_frame(frame: Any) -> list[tuple[str, str]]:
    """The columns of a frame with their types, as its own library tells them."""
    kind = frame_kind(frame)
    if kind == "pandas":
        return [(str(name), str(dtype)) for name, dtype in frame.dtypes.items()]
    if kind == "polars":
        return [(name, str(dtype).lower()) for name, dtype in frame.collect_schema().items()]
    if kind == "pyarrow":
        return [(column.name, str(column.type)) for column in frame.schema]
    if kind == "sql":
        return [(name, "") for name in frame.columns]
    return [(name, str(dtype).lower()) for name, dtype in zip(frame.columns, frame.types, strict=True)] if kind else []
