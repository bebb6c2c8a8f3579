"""Columns of polars and Arrow that lie in the memory of numpy's arrays: they change with these, and nothing tells."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from reactive_kernel.kernel.typewise import about

__all__ = ["borrowers"]

MAX_COLUMNS = 200


def borrowers(values: Mapping[str, Any], changed: Iterable[Any]) -> set[str]:
    """Names of those among ``values`` that lie in the memory of arrays among the ``changed`` objects."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not ("polars" in sys.modules or "pyarrow" in sys.modules):
        return set()
    arrays = [value for value in changed if type(value) is numpy.ndarray and not value.dtype.hasobject]
    if not arrays:
        return set()
    bounds = [numpy.lib.array_utils.byte_bounds(array) for array in arrays]
    found = set()
    for name, value in values.items():
        if about(type(value)).package in ("polars", "pyarrow") and any(
            low <= address < high for address in _addresses(value) for low, high in bounds
        ):
            found.add(name)
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
