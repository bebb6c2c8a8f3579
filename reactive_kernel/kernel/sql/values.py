"""What a statement takes from Python: bound values, identifiers and frames.

Decides which Python values may be bound and which variables are tables.  Never puts a value into the text of a
statement, except where the user asked for it with ``| id`` or ``| sql``.
"""

from __future__ import annotations

import datetime
import decimal
import pathlib
import uuid
from collections.abc import Mapping
from typing import Any

from reactive_kernel.core.sql_text import Parameter
from reactive_kernel.kernel.sql.errors import SqlError, near

__all__ = ["bindable", "evaluate", "frame_kind", "identifier"]

_PLAIN = (
    bool,
    int,
    float,
    str,
    bytes,
    decimal.Decimal,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    uuid.UUID,
    type(None),
)
_FRAMES = {
    "pandas": ("DataFrame",),
    "polars": ("DataFrame", "LazyFrame"),
    "pyarrow": ("Table", "RecordBatch", "RecordBatchReader", "Dataset", "FileSystemDataset", "InMemoryDataset"),
    "duckdb": ("DuckDBPyRelation",),
    "_duckdb": ("DuckDBPyRelation",),
}


def evaluate(parameter: Parameter, namespace: Mapping[str, Any], source: str) -> Any:
    """Work out a value in the notebook's namespace."""
    try:
        if parameter.names == (parameter.source,):
            value = _lookup(parameter.source, namespace)
        else:
            value = eval(parameter.source, dict(namespace))
    except KeyboardInterrupt:
        raise
    except NameError as error:
        name = getattr(error, "name", None) or parameter.source
        message = f"`{name}` has no value in Python: no cell above defines it, or the one that does hasn't run."
        message += near(name, (n for n in namespace if not n.startswith("_")))
        raise SqlError("sql-name", message).at(source, parameter.start, parameter.end - parameter.start) from None
    except Exception as error:
        message = f"`{parameter.source}` could not be worked out: {type(error).__name__}: {error}"
        raise SqlError("sql-parameter", message).at(source, parameter.start, parameter.end - parameter.start) from error
    if parameter.filter != "value":
        return value
    try:
        return bindable(value)
    except TypeError as error:
        message = f"`{parameter.source}` is {error}"
        raise SqlError("sql-parameter", message).at(source, parameter.start, parameter.end - parameter.start) from None


def _lookup(name: str, namespace: Mapping[str, Any]) -> Any:
    if name in namespace:
        return namespace[name]
    builtins = namespace.get("__builtins__", {})
    found = builtins if isinstance(builtins, dict) else vars(builtins)
    if name in found:
        return found[name]
    raise NameError(name=name)


def bindable(value: Any) -> Any:
    """Turn a Python value into one that engines can bind; a TypeError says what it is instead."""
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "to_pydatetime") and hasattr(value, "tzinfo"):
        return value.to_pydatetime()
    if hasattr(value, "item") and getattr(value, "shape", None) == ():
        return bindable(value.item())
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, (list, tuple, set, frozenset, range)):
        return [bindable(item) for item in value]
    if isinstance(value, dict):
        return {str(key): bindable(item) for key, item in value.items()}
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if frame_kind(value):
        raise TypeError("a table, not a value: name it after FROM, without braces.")
    if hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1:
        return bindable(value.tolist())
    if hasattr(value, "to_list"):
        return bindable(value.to_list())
    raise TypeError(f"{_described(value)}, which SQL has no value for (numbers, text, dates, lists and None are fine).")


def _described(value: Any) -> str:
    if callable(value) and hasattr(value, "__name__"):
        return f"the function `{value.__name__}`"
    name = type(value).__name__
    article = "an" if name[:1].lower() in "aeiou" else "a"
    hint = " (did you mean its .value?)" if hasattr(value, "value") else ""
    return f"{article} {name}{hint}"


def identifier(value: Any, parameter: Parameter, source: str) -> str:
    """Quote ``{{ x | id }}``: text, or a tuple or list of texts for a qualified name."""
    parts = value if isinstance(value, (tuple, list)) else (value,)
    if not parts or not all(isinstance(part, str) and part and "\x00" not in part for part in parts):
        message = f"`{parameter.source} | id` needs text for a name, not {_described(value)}."
        raise SqlError("sql-parameter", message).at(source, parameter.start, parameter.end - parameter.start)
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def frame_kind(value: Any) -> str | None:
    """The library of a table-like value ("pandas", "polars", "pyarrow", "duckdb", "sql"), or None; imports nothing."""
    kind = type(value)
    if getattr(kind, "_is_sql_table", False):
        return "sql"
    for base in kind.__mro__:
        library = base.__module__.partition(".")[0]
        if base.__name__ in _FRAMES.get(library, ()):
            return library.lstrip("_")
    return None
