"""Completion and inspection inside SQL cells.

Decides what fits at the cursor: columns of the statement's tables, tables and frames, functions, keywords, names of
Python between braces.  Runs nothing of the user's, and stands back while a statement runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from reactive_kernel.core.sql_text import Token, tokens
from reactive_kernel.kernel.sql import connections
from reactive_kernel.kernel.sql.browse import columns_of_frame, frames
from reactive_kernel.kernel.sql.duckdb_engine import DuckDB
from reactive_kernel.kernel.sql.errors import SqlError
from reactive_kernel.kernel.sql.running import busy

__all__ = ["complete", "inspect"]

_KEYWORDS = (
    "SELECT FROM WHERE GROUP BY ORDER BY HAVING LIMIT OFFSET JOIN LEFT INNER FULL CROSS ON USING AS WITH RECURSIVE "
    "UNION ALL EXCEPT INTERSECT DISTINCT INSERT INTO VALUES UPDATE SET DELETE CREATE OR REPLACE TABLE VIEW TEMP DROP "
    "IF EXISTS ALTER AND NOT NULL IS IN BETWEEN LIKE ILIKE CASE WHEN THEN ELSE END QUALIFY PIVOT UNPIVOT DESCRIBE "
    "SUMMARIZE EXPLAIN"
)
_AFTER_TABLE_WORD = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "DESCRIBE", "SUMMARIZE", "PIVOT", "UNPIVOT"})
_OPTIONS = ("--on", "--as", "--limit", "--dialect", "--rerun")
_LIMIT = 200


class _Found(NamedTuple):
    text: str
    kind: str
    detail: str = ""


def complete(code: str, cursor: int, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Content of a `complete_reply`; ``cursor`` counts characters."""
    before = code[:cursor]
    start, found = _matches(code, before, namespace)
    unique = list({item.text: item for item in found}.values())[:_LIMIT]
    types = [
        {"start": start, "end": cursor, "text": item.text, "type": item.kind, "signature": item.detail}
        for item in unique
    ]
    return {
        "matches": [item.text for item in unique],
        "cursor_start": start,
        "cursor_end": cursor,
        "metadata": {"_jupyter_types_experimental": types},
        "status": "ok",
    }


def _matches(code: str, before: str, namespace: Mapping[str, Any]) -> tuple[int, list[_Found]]:
    if python := re.search(r"(?:\{\{[^{}]*?|\{\s*|\$)([^\W\d][\w.]*)?$", before):
        word = python[1] or ""
        return len(before) - len(word), _python_names(word, namespace)
    if option := re.search(r"^\s*%%?sql\b[^\n]*?(--\w*)$", before):
        return len(before) - len(option[1]), [_Found(o, "keyword") for o in _OPTIONS if o.startswith(option[1])]
    if named := re.search(r"^\s*%%?sql\b[^\n]*--on[ =](\w*)$", before):
        known = [_Found(name, "connection", dialect) for name, dialect in connections.names(namespace)]
        return len(before) - len(named[1]), _starting(known, named[1])
    path = re.search(r'(?:((?:\w+|"[^"]+")(?:\.(?:\w+|"[^"]+"))*)\.)?(\w*)$', before)
    assert path is not None
    owner, word = path[1], path[2]
    view = _View(code, len(before), namespace)
    if owner:
        return len(before) - len(word), _starting(view.members(owner.replace('"', "")), word)
    items: list[_Found] = []
    if view.previous(len(before) - len(word)) not in _AFTER_TABLE_WORD:
        items += view.columns()
    items += view.tables()
    if word:
        items += [*view.functions(word), *(_Found(k, "keyword") for k in sorted(set(_KEYWORDS.split())))]
    return len(before) - len(word), _starting(items, word)


def _starting(items: Iterable[_Found], word: str) -> list[_Found]:
    return [item._replace(text=_name(item)) for item in items if item.text.lower().startswith(word.lower())]


def _name(item: _Found) -> str:
    plain = item.kind in ("keyword", "function") or re.fullmatch(r"[^\W\d]\w*", item.text)
    return item.text if plain else '"' + item.text.replace('"', '""') + '"'


def _python_names(word: str, namespace: Mapping[str, Any]) -> list[_Found]:
    """Variables, and attributes of one (of what its class and its own dictionary say: nothing is computed)."""
    owner, dot, last = word.rpartition(".")
    if not dot:
        names = (n for n in namespace if n.startswith(word) and n.isidentifier() and (word[:1] == "_" or n[:1] != "_"))
        return [_Found(name, "variable", type(namespace[name]).__name__) for name in sorted(names)]
    value = namespace.get(owner)
    if value is None or "." in owner:
        return []
    members = {*dir(type(value)), *getattr(value, "__dict__", {})}
    return [_Found(f"{owner}.{n}", "variable") for n in sorted(members) if n.startswith(last) and n[:1] != "_"]


class _View:
    """What a SQL cell can see at the cursor."""

    def __init__(self, code: str, cursor: int, namespace: Mapping[str, Any]) -> None:
        self.code = code
        self.namespace = namespace
        on = re.match(r"\s*%%?sql\b[^\n]*--on[ =](\w+)", code)
        self.connection = on[1] if on else None
        self.pieces = _statement_at(code, cursor)

    def previous(self, offset: int) -> str:
        """The word before the one at ``offset``."""
        return next((t.text.upper() for t in reversed(self.pieces) if t.end <= offset), "")

    def _ask(self, path: list[str]) -> list[tuple[str, str]]:
        if not busy.acquire(blocking=False):
            return []
        try:
            return connections.resolve(self.connection, self.namespace).engine.children(path, _LIMIT)
        except Exception:
            # An engine that can't be asked now has nothing to offer; the user is typing, not asking.
            return []
        finally:
            busy.release()

    def _has_frames(self) -> bool:
        return self.connection in (None, "default")

    def tables(self) -> list[_Found]:
        """Tables of the default schema, frames, and the other schemas."""
        found = [_Found(name, "class", "frame") for name in frames(self.namespace)] if self._has_frames() else []
        for schema, _ in self._ask([]):
            if schema in ("main", "public"):
                found += [_Found(name, "class", kind) for name, kind in self._ask([schema])]
            else:
                found.append(_Found(schema, "module", "schema"))
        return found

    def columns_of(self, parts: tuple[str, ...]) -> list[_Found]:
        """Columns of a table or frame by its name."""
        path = [".".join(parts[:-1]), parts[-1]] if len(parts) > 1 else [self._default_schema(), parts[-1]]
        columns = self._ask(path)
        if not columns and self._has_frames() and parts[-1] in self.namespace:
            columns = columns_of_frame(self.namespace[parts[-1]])
        return [_Found(name, "property", f"{kind}, {parts[-1]}") for name, kind in columns]

    def _default_schema(self) -> str:
        return next((name for name, _ in self._ask([]) if name in ("main", "public")), "main")

    def columns(self) -> list[_Found]:
        """Columns of all tables that the statement names."""
        return [column for parts in self._relations().values() for column in self.columns_of(parts)]

    def members(self, owner: str) -> list[_Found]:
        """What comes after ``owner.``: columns of an alias or table, tables of a schema."""
        parts = self._relations().get(owner.lower(), tuple(owner.split(".")))
        return [*self.columns_of(parts), *(_Found(name, "class", kind) for name, kind in self._ask([owner]))]

    def functions(self, word: str) -> list[_Found]:
        """Functions that start with a word."""
        if not busy.acquire(blocking=False):
            return []
        try:
            engine = connections.resolve(self.connection, self.namespace).engine
            found = engine.functions(word, _LIMIT) if isinstance(engine, DuckDB) else []
        except SqlError:
            return []
        finally:
            busy.release()
        return [_Found(name, "function", kind) for name, kind in found]

    def _relations(self) -> dict[str, tuple[str, ...]]:
        """Aliases and names of the tables after FROM, JOIN, …: the text may be half written, so by its words alone."""
        found: dict[str, tuple[str, ...]] = {}
        at = 0
        while at < len(self.pieces):
            upper = self.pieces[at].text.upper()
            at += 1
            if upper not in _AFTER_TABLE_WORD and not (upper == "," and found):
                continue
            parts: list[str] = []
            while at < len(self.pieces) and self.pieces[at].kind in ("word", "quoted"):
                parts.append(self.pieces[at].text.strip('"'))
                at += 1
                if at >= len(self.pieces) or self.pieces[at].text != ".":
                    break
                at += 1
            if not parts or parts[0].upper() in _KEYWORDS.split():
                continue
            alias = at + 1 if at < len(self.pieces) and self.pieces[at].text.upper() == "AS" else at
            found[parts[-1].lower()] = tuple(parts)
            if alias < len(self.pieces) and self.pieces[alias].kind == "word":
                name = self.pieces[alias].text
                if name.upper() not in _KEYWORDS.split():
                    found[name.lower()] = tuple(parts)
        return found


def _statement_at(code: str, cursor: int) -> list[Token]:
    """The tokens of the statement around the cursor; a text that breaks off gives what there is."""
    magic = re.match(r"\s*%%?sql\b(?:[ \t]+--\w+[ =]\S+|[ \t]+\w+[ \t]*<<)*", code)
    pieces: list[Token] = []
    try:
        for token in tokens(code, magic.end() if magic else 0):
            if token.text == ";":
                if token.start >= cursor:
                    break
                pieces = []
            else:
                pieces.append(token)
    except Exception:
        pass
    return pieces


def inspect(code: str, cursor: int, namespace: Mapping[str, Any]) -> dict[str, Any]:
    """Content of an `inspect_reply`: a table's columns, a column's type, what a function is, a value from Python."""
    left = re.search(r'[\w."]*$', code[:cursor])
    right = re.match(r'[\w"]*', code[cursor:])
    assert left is not None
    assert right is not None
    name = (left[0] + right[0]).strip('."').replace('"', "")
    text = _described(code, cursor, name, namespace) if name else ""
    data = {"text/plain": text} if text else {}
    return {"status": "ok", "found": bool(text), "data": data, "metadata": {}}


def _described(code: str, cursor: int, name: str, namespace: Mapping[str, Any]) -> str:
    before = code[: cursor + 1]
    if re.search(r"(?:\{\{[^{}]*|\{\s*\w*|\$\w*)$", before) and name in namespace:
        value = namespace[name]
        return f"{name}: {type(value).__name__} = {repr(value)[:500]}"
    view = _View(code, cursor, namespace)
    relations = view._relations()
    owner, _, last = name.rpartition(".")
    parts = relations.get(name.lower(), tuple(name.split(".")))
    if columns := view.columns_of(parts):
        lines = [f"{column.text}  {column.detail.rpartition(', ')[0]}" for column in columns]
        return "\n".join([f"{'.'.join(parts)}: {len(lines)} columns", *lines])
    owners = [relations[owner.lower()]] if owner.lower() in relations else list(relations.values())
    for parts in owners:
        for column in view.columns_of(parts):
            if column.text.lower() == last.lower():
                return f"{'.'.join(parts)}.{column.text}: {column.detail.rpartition(', ')[0]}"
    return _function(view, name)


def _function(view: _View, name: str) -> str:
    if not busy.acquire(blocking=False):
        return ""
    try:
        engine = connections.resolve(view.connection, view.namespace).engine
        return engine.about_function(name) if isinstance(engine, DuckDB) else ""
    except SqlError:
        return ""
    finally:
        busy.release()
