"""SQL cells in plain Python: relations as data in the namespace, a query as a call of DuckDB.

The standard that SQL cells are judged by, written apart from the kernel's: it shares no line with it.  A relation
is bound as ``sql:name``: a table's columns and rows, or the text that made a view or macro; so a namespace is all
there is to know, wherever a cell stands.  What SET changed is bound as ``<sql:session>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb
import pandas as pd

Form = tuple[Any, ...]
SESSION = "<sql:session>"
DEFAULTS: Form = ((), "ASC")  # variables, default_order
SHOWN = 20
_ORDER = ("table", "macro", "view")
_MACRO = re.compile(r"\bCREATE (?:OR REPLACE )?MACRO (\w+)[^;]*")
_STAND_IN = "('gone it is')"  # DuckDB writes the rest of the text in its own way
_GONE = f"CREATE VIEW {{}} AS SELECT error{_STAND_IN} AS x"
_VALUE = re.compile(r"IN \(\{(?P<spread>\w+)\}\)|\{\{(?P<expression>.+?)\}\}|\{(?P<name>\w+)\}|\$(?P<dollar>[a-z]\w*)")
_HEAD = re.compile(r"%%sql(?: (?P<target>\w+) <<)?(?P<table> --as table)?\n")
_CREATED = re.compile(r"\bCREATE (?:OR REPLACE )?(?:TEMP )?(?:TABLE|VIEW|MACRO) (?:IF NOT EXISTS )?(\w+)", re.I)
_DROPPED = re.compile(r"\bDROP (?:TABLE|VIEW) (?:IF EXISTS )?(\w+)", re.I)


def is_sql(source: str) -> bool:
    """Tell SQL cells from Python."""
    return source.startswith("%%sql")


# What the text says, for putting values where they belong (see bindings.py)


@lru_cache(maxsize=20_000)
def mentioned(source: str) -> frozenset[str]:
    """Every word, as a name of Python and of a relation."""
    words = set(re.findall(r"[^\W\d]\w*", source.partition("\n")[2]))
    return frozenset(words | {f"sql:{word.lower()}" for word in words})


def _last(source: str) -> dict[str, bool]:
    """Relations that the cell makes or drops, and whether they are there after it."""
    found: dict[str, bool] = {}
    for match in re.finditer(f"{_CREATED.pattern}|{_DROPPED.pattern}", source, re.I):
        found[f"sql:{(match[1] or match[2]).lower()}"] = match[1] is not None
    return found


@lru_cache(maxsize=20_000)
def deleted(source: str) -> frozenset[str]:
    """Relations that the cell drops for good."""
    return frozenset(name for name, made in _last(source).items() if not made)


@lru_cache(maxsize=20_000)
def created(source: str) -> frozenset[str]:
    """Relations that the cell makes, were they equal to what was there."""
    return frozenset(name for name, made in _last(source).items() if made)


def with_relations(names: Iterable[str]) -> frozenset[str]:
    """Names as the user sees them, and as what they are bound to here if they are relations."""
    return frozenset(names) | {f"sql:{name.removesuffix('()').lower()}" for name in names}


def reformatted(source: str) -> str:
    """The cell with a comment and other layout."""
    head, _, rest = source.partition("\n")
    return f"{head}\n-- a remark\n\n{rest}\n"


def normal_form(source: str) -> str:
    """A text that two cells share when they differ in comments and layout only."""
    lines = (line.partition("--")[0].strip() for line in source.split("\n")[1:])
    return " ".join([source.partition("\n")[0], *filter(None, lines)])


# Running


@dataclass
class Kept:
    """What ``name << --as table`` is in plain Python: rows with ways to look at them."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[Form, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def df(self) -> pd.DataFrame:
        """The rows as a frame."""
        return _database.fill(self)


class Fault(Exception):
    """What SQL refuses."""


class Database:
    """One connection; what is in it follows the namespace that a cell is given."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        self.loaded: dict[str, Form] = {}
        self.broken: dict[str, Form] = {}  # what reads something that is gone: there, but not to be read
        self.session: Form = DEFAULTS

    def run(self, text: str, values: dict[str, Any], frames: dict[str, Any]) -> Any:
        """A statement that sees these frames."""
        return eval("__c.execute(__t, __v)", {**frames, "__c": self.connection, "__t": text, "__v": values or None})

    def fill(self, kept: Kept) -> Any:
        """A relation with the rows of a kept result."""
        columns = ", ".join(f'"{n}" {t}' for n, t in zip(kept.columns, kept.types, strict=True))
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE __kept ({columns})")
        if kept.rows:
            marks = ", ".join("?" * len(kept.columns))
            self.connection.executemany(f"INSERT INTO __kept VALUES ({marks})", kept.rows)
        return self.connection.execute("FROM __kept").df()

    def load(self, namespace: dict[str, Any]) -> None:
        """Make the catalog and the settings what the namespace says."""
        wanted = {name[4:]: value for name, value in namespace.items() if name.startswith("sql:")}
        for name, value in list(self.loaded.items()):
            if wanted.get(name) is not value:
                self.connection.execute(f"DROP {value[0]} IF EXISTS {name}")
                del self.loaded[name]
        for name, value in self.broken.items():  # a stand-in, or what a cell has made in its place since
            if name not in self.loaded:
                self.connection.execute(f"DROP {value[0]} IF EXISTS {name}")
        frames = frames_of(namespace)
        self.broken = {}
        for name, value in sorted(wanted.items(), key=lambda item: _ORDER.index(item[1][0])):
            if name not in self.loaded:
                self._make(name, value, frames)
                self.loaded[name] = value
        session = namespace.get(SESSION, DEFAULTS)
        if session != self.session:
            self._set(session)

    def _make(self, name: str, value: Form, frames: dict[str, Any]) -> None:
        if value[0] == "table":
            _, columns, rows = value
            self.connection.execute(f"CREATE TABLE {name} ({', '.join(f'{n} {t}' for n, t in columns)})")
            if rows:
                marks = ", ".join("?" * len(columns))
                self.connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
            return
        try:
            self.run(value[1], {}, frames)
        except duckdb.Error:
            self.broken[name] = value
            if value[0] == "view":
                self.connection.execute(_GONE.format(name))

    def _set(self, session: Form) -> None:
        for name, _ in self.session[0]:
            self.connection.execute(f"RESET VARIABLE {name}")
        for name, value in session[0]:
            self.connection.execute(f"SET VARIABLE {name} = ?", [value])
        self.connection.execute(f"SET default_order = '{session[1]}'")
        self.session = session

    def now(self, source: str) -> tuple[dict[str, Form], Form]:
        """What there is after a cell, and the settings."""
        known = {value[0] for value in (*self.loaded.values(), *self.broken.values())}
        found = catalog_of(self.connection, views="VIEW" in source or "view" in known)
        found.update((name, value) for name, value in self.loaded.items() if value[0] == "macro")
        found.update((match[1], ("macro", spaced(match[0]))) for match in _MACRO.finditer(source))
        for name, value in self.broken.items():
            stands_in = _STAND_IN in found.get(name, ("", ""))[1]
            if stands_in or (value[0] == "macro" and name not in found):
                found[name] = value
        set_here = self.session != DEFAULTS or "SET " in source
        return found, session_of(self.connection) if set_here else DEFAULTS


def catalog_of(connection: Any, views: bool = True) -> dict[str, Form]:
    """Tables with their rows, and views with their texts (to ask for them takes ten times as long)."""
    found: dict[str, Form] = {}
    for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        if not name.startswith("__"):
            columns = connection.execute(f'DESCRIBE "{name}"').fetchall()
            rows = connection.execute(f'FROM "{name}"').fetchall()
            found[name.lower()] = ("table", tuple(c[:2] for c in columns), tuple(sorted(rows, key=repr)))
    listed = "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal"
    for name, text in connection.execute(listed).fetchall() if views else ():
        if not name.startswith("__"):
            found[name.lower()] = ("view", spaced(text))
    return found


def spaced(text: str) -> str:
    """A text with single spaces."""
    return re.sub(r"\s+", " ", text).strip()


def session_of(connection: Any) -> Form:
    """Variables and the one setting that the cells use."""
    names = [name for (name,) in connection.execute("SELECT name FROM duckdb_variables() ORDER BY 1").fetchall()]
    variables = tuple((n, connection.execute("SELECT getvariable(?)", [n]).fetchall()[0][0]) for n in names)
    order = connection.execute("SELECT current_setting('default_order')").fetchall()[0][0]
    return (variables, str(order)[:3].replace("DES", "DESC"))


_database = Database()


def frames_of(namespace: dict[str, Any]) -> dict[str, Any]:
    """The variables that are tables."""
    frames = {name: value for name, value in namespace.items() if isinstance(value, pd.DataFrame)}
    frames.update((n, _database.fill(value)) for n, value in namespace.items() if isinstance(value, Kept))
    return frames


def execute(source: str, namespace: dict[str, Any]) -> tuple[str, str | None]:
    """Run a cell; returns what it shows and, if it fails, that it does."""
    global _database
    head = _HEAD.match(source)
    assert head is not None, source
    try:
        return _execute(source, head, namespace)
    except BaseException:  # a session that took too long, in the middle of it all
        _database = Database()
        raise


def _execute(source: str, head: re.Match[str], namespace: dict[str, Any]) -> tuple[str, str | None]:
    _database.load(namespace)
    connection = _database.connection
    connection.execute("BEGIN")
    try:
        shown = list(_run(source[head.end() :], head, namespace))
        relations, session = _database.now(source)
    except (duckdb.Error, Fault, RuntimeError):
        connection.execute("ROLLBACK")
        _database.session = ((*_database.session[0], *session_of(connection)[0]), "")  # no transaction has settings
        return "", "SQL fault"
    connection.execute("COMMIT")
    _bind(relations, session, namespace)
    return "".join(shown), None


def _bind(relations: dict[str, Form], session: Form, namespace: dict[str, Any]) -> None:
    for name in [n for n in namespace if n.startswith("sql:") and n[4:] not in relations]:
        del namespace[name]
    for name, value in relations.items():
        if namespace.get(f"sql:{name}") != value:
            namespace[f"sql:{name}"] = value
    broken = {name for name, value in _database.broken.items() if relations.get(name) is value}
    _database.loaded = {name: namespace[f"sql:{name}"] for name in relations.keys() - broken}
    if session == DEFAULTS:
        namespace.pop(SESSION, None)
    elif session != namespace.get(SESSION):
        namespace[SESSION] = session
    _database.session = session


def _run(text: str, head: re.Match[str], namespace: dict[str, Any]) -> Iterator[str]:
    statements = [s for s in re.sub(r"--.*", "", text).split(";") if s.strip()]
    for at, statement in enumerate(statements):
        values: dict[str, Any] = {}
        ready = _VALUE.sub(lambda match: _bound(match, namespace, values), statement)  # noqa: B023
        result = _database.run(ready, values, frames_of(namespace))
        if head["target"] and at == len(statements) - 1:
            yield _keep(result, head, namespace)
        else:
            columns = [column[0] for column in result.description or ()]
            yield told(columns, result.fetchall())


def _bound(match: re.Match[str], namespace: dict[str, Any], values: dict[str, Any]) -> str:
    source = match["spread"] or match["expression"] or match["name"] or match["dollar"]
    try:
        value = eval(source, dict(namespace))
    except Exception as problem:
        raise Fault(str(problem)) from None
    if match["spread"] and isinstance(value, list):
        return f"IN ({', '.join(map(str, value)) or 'NULL'})"
    name = f"p{len(values)}"
    values[name] = value
    return f"IN (${name})" if match["spread"] else f"${name}"


def _keep(result: Any, head: re.Match[str], namespace: dict[str, Any]) -> str:
    types = tuple(str(column[1]) for column in result.description)
    kept: Any
    if head["table"]:
        names = tuple(column[0] for column in result.description)
        kept = Kept(names, types, tuple(result.fetchall()))
    else:
        kept = result.df()
    namespace[head["target"]] = kept
    return f"{len(kept)} rows\n"


def told(columns: list[str], rows: list[Form]) -> str:
    """What a statement shows."""
    if not columns or columns == ["Success"]:
        return ""
    if columns == ["Count"]:
        return f"{rows[0][0]} rows\n" if rows else ""
    more = " and more" * (len(rows) > SHOWN)
    return f"{columns} {[tuple(row) for row in rows[:SHOWN]]}{more}\n"
