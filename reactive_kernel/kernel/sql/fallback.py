"""DuckDB's own parser, where sqlglot can't read a statement.

Decides what `json_serialize_sql` says: the relations of a SELECT, or a syntax error with its place.
Imports duckdb only when it is asked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from reactive_kernel.core.sql_statements import Opinion
from reactive_kernel.core.sql_walk import RawName

if TYPE_CHECKING:
    import duckdb

__all__ = ["parse", "relations"]


@lru_cache(maxsize=1)
def _parser() -> duckdb.DuckDBPyConnection:
    import duckdb

    # A connection of its own: the analysis may run while the session's cursor is busy.
    return duckdb.connect(":memory:")


def parse(text: str) -> Opinion | None:
    """What DuckDB makes of one statement; None if it is right but no SELECT."""
    try:
        answer = json.loads(str(_parser().execute("SELECT json_serialize_sql(?::VARCHAR)", [text]).fetchall()[0][0]))
    except Exception:
        return None
    if answer.get("error"):
        if answer.get("error_subtype") != "SYNTAX_ERROR" and answer.get("error_type") != "parser":
            return None
        message = str(answer.get("error_message", "It is not SQL")).split("\n")[0]
        return Opinion(error=f"{message[:1].upper()}{message[1:]}.", offset=int(answer.get("position") or 0))
    return Opinion(tuple(relations(answer)))


def relations(answer: dict[str, Any]) -> Iterator[RawName]:
    """The relations in a serialized statement, names of common table expressions left out."""
    for statement in answer.get("statements", ()):
        yield from _walk(statement["node"], frozenset())


def _walk(node: Any, ctes: frozenset[str]) -> Iterator[RawName]:
    stack: list[tuple[Any, frozenset[str]]] = [(node, ctes)]
    while stack:
        node, ctes = stack.pop()
        if isinstance(node, list):
            stack.extend((item, ctes) for item in node)
        if not isinstance(node, dict):
            continue
        if node.get("type") == "BASE_TABLE":
            name = node["table_name"]
            parts = tuple(p for p in (node["catalog_name"], node["schema_name"], name) if p)
            if len(parts) > 1 or name.lower() not in ctes:
                yield RawName(parts, int(node.get("query_location") or 0))
        if node.get("cte_map"):
            for entry in node["cte_map"]["map"]:
                name = str(entry["key"]).lower()
                query = entry["value"]["query"]["node"]
                recursive = query.get("type") == "RECURSIVE_CTE_NODE"
                stack.append((entry["value"], ctes | {name} if recursive else ctes))
                ctes = ctes | {name}
        stack.extend((child, ctes) for key, child in node.items() if key != "cte_map")
