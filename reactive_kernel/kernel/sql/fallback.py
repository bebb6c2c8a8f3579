"""DuckDB's own parser, where sqlglot can't read a statement.

Decides what `json_serialize_sql` says: the relations of a SELECT, or a syntax error with its place.
Imports duckdb only when it is asked.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reactive_kernel.core.sql_statements import Opinion
from reactive_kernel.core.sql_walk import RawName

if TYPE_CHECKING:
    import duckdb

__all__ = ["parse", "relations", "serialized"]


@lru_cache(maxsize=1)
def _parser() -> duckdb.DuckDBPyConnection:
    import duckdb

    # A connection of its own: the analysis may run while the session's cursor is busy.
    return duckdb.connect(":memory:")


def parse(text: str) -> Opinion | None:
    """What DuckDB makes of one statement; None if it is right but no SELECT."""
    try:
        answer = serialized(text)
    except Exception:
        return None
    if answer.get("error"):
        if answer.get("error_subtype") != "SYNTAX_ERROR" and answer.get("error_type") != "parser":
            return None
        message = str(answer.get("error_message", "It is not SQL")).split("\n")[0]
        return Opinion(error=f"{message[:1].upper()}{message[1:]}.", offset=int(answer.get("position") or 0))
    read, changed = relations(answer)
    return Opinion(tuple(read), tuple(changed))


def serialized(text: str) -> dict[str, Any]:
    """DuckDB's tree of a statement, or its error."""
    row = _parser().execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()[0]
    answer: dict[str, Any] = json.loads(str(row[0]))
    return answer


def relations(answer: dict[str, Any]) -> tuple[list[RawName], list[RawName]]:
    """The relations that a serialized statement reads and changes, names of common table expressions left out."""
    read: list[RawName] = []
    changed: list[RawName] = []
    stack: list[tuple[Any, frozenset[str]]] = [(s["node"], frozenset()) for s in answer.get("statements", ())]
    while stack:
        node, ctes = stack.pop()
        if isinstance(node, list):
            stack.extend((item, ctes) for item in node)
        if not isinstance(node, dict):
            continue
        for entry in (node.get("cte_map") or {}).get("map", ()):
            name = str(entry["key"]).lower()
            query = entry["value"]
            recursive = _kind(query.get("query_node")) == "RECURSIVE_CTE_NODE"
            stack.append((query, ctes | {name} if recursive else ctes))
            ctes = ctes | {name}
        skipped = {"cte_map"}
        if _kind(node) == "BASE_TABLE":
            name_ = _name(node, node["table_name"], "schema_name", "catalog_name")
            if len(name_.parts) > 1 or name_.parts[0].lower() not in ctes:
                read.append(name_)
        elif _kind(node) == "INSERT_QUERY_NODE":
            changed.append(_name(node, node["table"], "schema", "catalog"))
        elif _kind(node) in ("UPDATE_QUERY_NODE", "DELETE_QUERY_NODE"):
            changed.append(_name(node["table"], node["table"]["table_name"], "schema_name", "catalog_name"))
            skipped.add("table")
        stack.extend((child, ctes) for key, child in node.items() if key not in skipped)
    return read, changed


def _kind(node: Any) -> str:
    return str(node.get("type", "")) if isinstance(node, dict) else ""


def _name(node: dict[str, Any], table: str, schema: str, catalog: str) -> RawName:
    parts = tuple(part for part in (node.get(catalog), node.get(schema), table) if part)
    return RawName(parts, int(node.get("query_location") or 0))
