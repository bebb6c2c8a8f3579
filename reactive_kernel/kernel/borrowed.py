"""Columns of polars and Arrow that lie in the memory of numpy's arrays: they change with these, and nothing tells."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from reactive_kernel.kernel.typewise import about

__all__ = ["lent"]

MAX_COLUMNS = 200
MANY = 20  # names: more than there are arrays that may have lent them memory


def lent(values: Mapping[str, Any], lenders: Callable[[], Iterable[Any]]) -> dict[str, set[int]]:
    """By name, those of ``values`` that lie in the memory of arrays among ``lenders``, with the ids of these."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not ("polars" in sys.modules or "pyarrow" in sys.modules):
        return {}
    if len(values) > MANY and not any(type(value) is numpy.ndarray for value in lenders()):
        return {}
    candidates = {name: value for name, value in values.items() if about(type(value)).package in ("polars", "pyarrow")}
    arrays = [value for value in lenders() if type(value) is numpy.ndarray] if candidates else []
    byte_bounds = getattr(numpy.lib, "array_utils", numpy).byte_bounds  # numpy 1 has it elsewhere
    bounds = [(id(a), *byte_bounds(a)) for a in arrays if not a.dtype.hasobject]
    found: dict[str, set[int]] = {}
    for name, value in candidates.items() if bounds else ():
        places = list(_addresses(value))
        if keys := {key for key, low, high in bounds if any(low <= place < high for place in places)}:
            found[name] = keys
    return found


def _addresses(value: Any) -> Iterator[int]:
    """Where in memory the columns of a frame, or a column, are; nothing of a value that doesn't tell."""
    columns = [value]
    with suppress(Exception):
        columns = value.get_columns() if hasattr(value, "get_columns") else getattr(value, "columns", columns)
    for column in columns[:MAX_COLUMNS]:
        with suppress(Exception):
            if hasattr(column, "to_arrow"):
                if not (column.dtype.is_numeric() or column.dtype.is_temporal()):
                    continue  # what would have to be made for that
                column = column.to_arrow()
            for chunk in getattr(column, "chunks", (column,)):
                yield from (buffer.address for buffer in chunk.buffers() if buffer is not None)
