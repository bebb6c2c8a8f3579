"""Connections by name: the default one, those that users made, and engines held by variables.

Decides which engine serves `--on NAME` and which adapter serves a URL.  Passwords stay inside the engines: neither
names, messages nor replies have them.
"""

from __future__ import annotations

import os
import re
import urllib.parse
import weakref
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from reactive_kernel.kernel.sql import settings
from reactive_kernel.kernel.sql.adapters import Adapter
from reactive_kernel.kernel.sql.errors import SqlError, hide_passwords, near

__all__ = [
    "Connection",
    "close",
    "close_all",
    "configure",
    "connect",
    "connect_here",
    "default",
    "described",
    "names",
    "resolve",
]

_ENVIRONMENT = "REACTIVE_SQL_"
_RESERVED = frozenset({"MAX_BYTES", "LIMIT"})


@dataclass(frozen=True, slots=True)
class Connection:
    """An engine with its name."""

    name: str
    engine: Adapter


class Opened:
    """A connection that a cell made: bound in the namespace, so that place and deletion count for it too.

    Its details are kept beside it (see relations.Held); when nothing holds it any more it is closed.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, connection: Connection) -> None:
        _opened[self] = connection
        weakref.finalize(self, _close_quietly, connection.engine)

    def __repr__(self) -> str:
        return f"<connection {_opened[self].name}>"


_opened: weakref.WeakKeyDictionary[Opened, Connection] = weakref.WeakKeyDictionary()


def _close_quietly(engine: Adapter) -> None:
    with suppress(Exception):  # it may be gone already; nobody uses it any more
        engine.close()


_made: dict[str, Connection] = {}
_configured: dict[str, str] = {}
_variables: dict[str, tuple[Any, Connection]] = {}
_default = "default"


def configure(urls: Mapping[str, str]) -> None:
    """Connections from the configuration (``c.Sql.connections``): made when first used."""
    _configured.update(urls)


def connect(name: str, url: str, default: bool = False) -> dict[str, str]:
    """Make a connection; a ValueError says in a sentence why it can't be made, without the password."""
    global _default
    connection = _new(name, url)
    close(name)
    _made[name] = connection
    if default:
        _default = name
    return {"name": name, "dialect": connection.engine.dialect}


def connect_here(name: str, url: str, default: bool, namespace: MutableMapping[str, Any]) -> dict[str, str]:
    """Make a connection for the cells that see it: as `connect`, but bound in the notebook's namespace."""
    connection = _new(name, url)
    namespace[_pseudo_name(name)] = Opened(connection)
    if default:
        settings.bind(namespace, default=name)
    return {"name": name, "dialect": connection.engine.dialect}


def _pseudo_name(name: str) -> str:
    return f"<sql:connection:{name}>"


def _new(name: str, url: str) -> Connection:
    if not name.isidentifier():
        raise ValueError(f"A connection's name is a plain word, not `{name}`.")
    try:
        engine = _open(url)
    except ValueError:
        raise
    except ImportError as error:
        raise ValueError(f"The connection `{name}` needs the package {error.name}, which is not installed.") from None
    except Exception as error:
        text = hide_passwords(str(error).strip().split("\n")[0], _secrets(url))
        raise ValueError(f"The connection `{name}` could not be made: {text}") from None
    return Connection(name, engine)


def close(name: str, namespace: MutableMapping[str, Any] | None = None) -> bool:
    """Close a connection; False if there is none of that name."""
    global _default
    if namespace is not None and namespace.pop(_pseudo_name(name), None) is not None:
        return True
    _default = "default" if _default == name else _default
    connection = _made.pop(name, None)
    if connection:
        connection.engine.close()
    return connection is not None


def close_all() -> None:
    """Close every connection that was made here."""
    for name in list(_made):
        close(name)
    _variables.clear()


def names(namespace: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The connections with their dialects, the default one first."""
    opened = [_opened[value] for value in namespace.values() if isinstance(value, Opened)]
    made = {connection.name: connection.engine.dialect for connection in (*_made.values(), *opened)}
    known = {"default": "duckdb", **dict.fromkeys([*_configured, *_from_environment()], ""), **made}
    first = default(namespace)
    return sorted(known.items(), key=lambda item: (item[0] != first, item[0]))


def default(namespace: Mapping[str, Any]) -> str:
    """The name of the connection that serves cells which name none."""
    return settings.default_of(namespace) or _default


def described(namespace: Mapping[str, Any]) -> tuple[str, str | None]:
    """The dialect of the default connection, and its name if what it changes outlives the notebook."""
    name = default(namespace)
    opened = namespace.get(_pseudo_name(name))
    connection = _opened[opened] if isinstance(opened, Opened) else _made.get(name)
    if connection is None or name == "default":
        return "duckdb", None
    return connection.engine.dialect, name


def resolve(name: str | None, namespace: Mapping[str, Any]) -> Connection:
    """The connection for ``--on name``, or the default one."""
    name = name or default(namespace)
    if isinstance(opened := namespace.get(_pseudo_name(name)), Opened):
        return _opened[opened]
    if name in namespace and (held := _held(name, namespace[name])):
        return held
    if name in _made:
        return _made[name]
    if name == "default":
        from reactive_kernel.kernel.sql.duckdb_engine import DuckDB

        _made[name] = Connection(name, DuckDB())
        return _made[name]
    url = _configured.get(name) or _from_environment().get(name)
    if url is None:
        known = [known for known, _ in names(namespace)]
        hint = near(name, known) or f" Make it with: %sql --connect {name} URL"
        kind = f" (`{name}` in Python is a {type(namespace[name]).__name__}.)" if name in namespace else ""
        raise SqlError("sql-connection", f"There is no connection `{name}`.{kind}{hint}")
    try:
        connect(name, url)
    except ValueError as error:
        raise SqlError("sql-connection", str(error)) from None
    return _made[name]


def _from_environment() -> dict[str, str]:
    """``REACTIVE_SQL_PG=postgresql://…`` is the connection `pg`."""
    found = {key[len(_ENVIRONMENT) :]: url for key, url in os.environ.items() if key.startswith(_ENVIRONMENT)}
    return {key.lower(): url for key, url in found.items() if key not in _RESERVED and key}


def _held(name: str, value: Any) -> Connection | None:
    """The connection for an engine that a variable holds; made once for each object."""
    known = _variables.get(name)
    if known and known[0] is value:
        return known[1]
    engine = _over(value)
    if engine is None:
        return None
    _variables[name] = (value, Connection(name, engine))
    return _variables[name][1]


def _over(value: Any) -> Adapter | None:
    module = type(value).__module__
    if type(value).__name__ == "DuckDBPyConnection":
        from reactive_kernel.kernel.sql.duckdb_engine import DuckDB

        return DuckDB.over(value)
    if module.startswith("pyspark.sql.connect"):
        from reactive_kernel.kernel.sql.spark_engine import Spark

        return Spark(value)
    if module.startswith("adbc_driver"):
        from reactive_kernel.kernel.sql.adbc_engine import Adbc

        return Adbc.over(value)
    if module.startswith("sqlalchemy") and hasattr(value, "raw_connection"):
        from reactive_kernel.kernel.sql.dbapi_engine import from_sqlalchemy

        return from_sqlalchemy(value)
    if all(callable(getattr(value, verb, None)) for verb in ("cursor", "commit", "rollback", "close")):
        from reactive_kernel.kernel.sql.dbapi_engine import DbApi

        return DbApi(value)
    return None


def _open(url: str) -> Adapter:
    """The adapter for a URL: duckdb:, sqlite:, postgresql:, sc: (Spark Connect), else SQLAlchemy's."""
    scheme, separator, rest = url.partition(":")
    scheme = scheme.lower()
    if not separator:
        raise ValueError(
            "A connection needs a URL such as duckdb:///data.db, sqlite:///data.db or postgresql://host/db."
        )
    if scheme == "duckdb":
        from reactive_kernel.kernel.sql.duckdb_engine import DuckDB

        path, _, query = rest.removeprefix("//").partition("?")
        path = path[1:] if rest.startswith("///") else path
        return DuckDB(path or ":memory:", read_only="read_only" in query or "access_mode" in query)
    if scheme == "sqlite":
        from reactive_kernel.kernel.sql.dbapi_engine import open_sqlite

        return open_sqlite(rest.removeprefix("//").removeprefix("/") or ":memory:")
    if scheme == "sc":
        from reactive_kernel.kernel.sql.spark_engine import open_spark

        return open_spark(url)
    if scheme in ("postgresql", "postgres"):
        try:
            from reactive_kernel.kernel.sql.adbc_engine import open_postgres
        except ImportError:
            pass
        else:
            return open_postgres(url)
    return _open_sqlalchemy(url)


def _open_sqlalchemy(url: str) -> Adapter:
    import sqlalchemy

    from reactive_kernel.kernel.sql.dbapi_engine import from_sqlalchemy

    try:
        engine = sqlalchemy.create_engine(url)
    except sqlalchemy.exc.NoSuchModuleError:
        scheme = url.partition(":")[0]
        raise ValueError(f"No installed package knows databases of the kind `{scheme}`.") from None
    except sqlalchemy.exc.ArgumentError:
        raise ValueError("This is not the URL of a database, such as postgresql://user:password@host/db.") from None
    return from_sqlalchemy(engine)


def _secrets(url: str) -> list[str]:
    """What may be a password in a URL, however badly written: as it stands, and decoded."""
    found = re.findall(r"^[^:]*:(?://)?[^:@/]*:(.+)@", url)
    found += re.findall(r"(?i)(?:password|passwd|pwd|token|secret|key)\s*=\s*([^&;]+)", url)
    # A driver that takes a part of it for a host or port quotes that part.
    pieces = [piece for secret in found for piece in re.split(r"[/@:#?\s\[\]]", secret) if len(piece) > 2]
    return [*found, *map(urllib.parse.unquote, found), *pieces]
