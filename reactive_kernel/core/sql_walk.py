"""Which relations a parsed query reads and changes: a scope walk over sqlglot's tree.

Decides what is a relation and what is the name of a common table expression.  Never knows statements
without a query in them (sql_statements.py reads those from their words), catalogs or Python.
The one importer of sqlglot in the core, and only once there is SQL to analyse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from sqlglot import exp

__all__ = ["Found", "RawName", "Unparsed", "parse_one", "transpile", "walk"]

# Functions whose answer is the catalog itself, or a query given as text.
_CATALOG_FUNCTIONS = ("duckdb_", "pragma_", "sqlite_", "pg_table_is_visible")
_CATALOG_SCHEMAS = frozenset({"information_schema", "pg_catalog", "sqlite_master", "sqlite_schema"})
_CATALOG_TABLES = frozenset({"sqlite_master", "sqlite_schema", "pg_tables", "pg_views"})


class Unparsed(Exception):
    """sqlglot could not make sense of a statement (which says little about whether it is right)."""


class RawName(NamedTuple):
    """A name as written, in parts; ``offset`` is in the parsed text."""

    parts: tuple[str, ...]
    offset: int


@dataclass(slots=True)
class Found:
    """What the walk met, in the order of the text."""

    reads: list[RawName] = field(default_factory=list)
    mutates: list[RawName] = field(default_factory=list)
    creates: list[RawName] = field(default_factory=list)
    types: list[RawName] = field(default_factory=list)  # those that somebody has made
    opaque: str | None = None

    def sort(self) -> None:
        for names in (self.reads, self.mutates, self.creates, self.types):
            names.sort(key=lambda name: name.offset)


def parse_one(text: str, dialect: str) -> exp.Expression:
    """Parse one statement; anything less than a full understanding raises `Unparsed`."""
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    try:
        trees = parse(text, dialect=dialect)
    except (SqlglotError, RecursionError, ValueError) as error:
        raise Unparsed(str(error)) from None
    if len(trees) != 1 or trees[0] is None:
        raise Unparsed("not one statement")
    tree = trees[0]
    if tree.find(exp.Command):
        raise Unparsed("unsupported statement")
    return cast("exp.Expression", tree)


def transpile(text: str, read: str, write: str) -> str:
    """Rewrite one statement from a dialect to another; `Unparsed` says what can't be said there."""
    from sqlglot import ErrorLevel, transpile
    from sqlglot.errors import SqlglotError

    try:
        return ";\n".join(transpile(text, read=read, write=write, unsupported_level=ErrorLevel.RAISE))
    except (SqlglotError, RecursionError, ValueError) as error:
        raise Unparsed(str(error)) from None


def walk(tree: exp.Expression) -> Found:
    """Collect the relations of a statement."""
    found = Found()
    stack: list[tuple[Any, frozenset[str]]] = [(tree, frozenset())]
    while stack:
        node, ctes = stack.pop()
        if with_ := node.args.get("with_"):
            ctes = _with(with_, ctes, stack)
        skipped = _node(node, ctes, found)
        stack.extend((child, ctes) for key, child in _children(node) if key != "with_" and key != skipped)
    found.sort()
    return found


def _children(node: exp.Expression) -> Iterator[tuple[str, Any]]:
    from sqlglot import exp

    for key, value in node.args.items():
        for child in value if isinstance(value, list) else (value,):
            if isinstance(child, exp.Expression):
                yield key, child


def _with(with_: exp.Expression, ctes: frozenset[str], stack: list[tuple[Any, frozenset[str]]]) -> frozenset[str]:
    """Queue each common table expression with what it sees, and return what the query after them sees.

    ``WITH t AS (SELECT * FROM t) …`` reads the relation t: only RECURSIVE lets it see itself, and only a UNION.
    """
    from sqlglot import exp

    for cte in with_.args["expressions"]:
        name = str(cte.alias).lower()
        after = ctes | {name}
        recursive = with_.args.get("recursive") and isinstance(cte.this.unnest(), exp.Union)
        stack.append((cte, after if recursive else ctes))
        ctes = after
    return ctes


def _node(node: exp.Expression, ctes: frozenset[str], found: Found) -> str | None:
    """Note what ``node`` itself says; return the argument that is thereby dealt with."""
    from sqlglot import exp

    if isinstance(node, exp.Table):
        return _table(node, ctes, found)
    if isinstance(node, (exp.Insert, exp.Update, exp.Delete, exp.Merge)):
        return _target(node, found.mutates)
    if isinstance(node, exp.Into):
        return _target(node, found.creates)
    if isinstance(node, exp.Create):
        return _target(node, found.creates)
    if isinstance(node, exp.Copy) and node.args.get("kind"):
        return _target(node, found.mutates)
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.USERDEFINED and node.args.get("kind"):
        kind = node.args["kind"]
        found.types.append(RawName(tuple(str(getattr(kind, "name", kind)).split(".")), node.meta.get("start", 0)))
    if isinstance(node, exp.Func):
        _function(node, found)
    return None


def _target(node: exp.Expression, into: list[RawName]) -> str | None:
    """The relation that a statement writes to; what hangs on it (columns, joins) is still walked by nobody."""
    from sqlglot import exp

    table = node.this
    while table is not None and not isinstance(table, exp.Table):
        table = table.this if isinstance(table, exp.Expression) else None
    if table is None or not isinstance(table.this, (exp.Identifier, exp.Dot)):
        return None
    into.append(_name(table))
    return None if isinstance(node.this, exp.Schema) or table.args.get("joins") else "this"


def _table(node: exp.Table, ctes: frozenset[str], found: Found) -> str | None:
    from sqlglot import exp

    if not isinstance(node.this, (exp.Identifier, exp.Dot)):
        return None
    if _is_target(node):
        return "this"
    name = _name(node)
    if len(name.parts) == 1 and name.parts[0].lower() in ctes:
        return "this"
    folded = [part.lower() for part in name.parts]
    listing = folded[-1] in _CATALOG_TABLES or (folded[-1].startswith("duckdb_") and len(folded) == 1)
    if listing or _CATALOG_SCHEMAS & set(folded[:-1]):
        found.opaque = found.opaque or "it reads the catalog of all tables"
    found.reads.append(name)
    return "this"


def _is_target(node: exp.Table) -> bool:
    """Whether this is the table of ``INSERT INTO t (a, b)``, ``CREATE TABLE t (…)``, which `_target` has noted."""
    from sqlglot import exp

    schema = node.parent
    if not isinstance(schema, exp.Schema) or schema.this is not node:
        parent = schema
        return isinstance(parent, (exp.Insert, exp.Update, exp.Delete, exp.Merge)) and parent.this is node
    owner = schema.parent
    if isinstance(owner, exp.Copy):
        return bool(owner.args.get("kind"))
    return isinstance(owner, (exp.Insert, exp.Create)) and owner.this is schema


def _name(table: exp.Table) -> RawName:
    parts = table.parts
    offset = min((part.meta.get("start", 0) for part in parts), default=0)
    return RawName(tuple(part.name for part in parts), offset)


def _function(node: exp.Func, found: Found) -> None:
    """Functions that name relations in a text argument."""
    from sqlglot import exp

    if not isinstance(node, exp.Anonymous):
        return
    name = str(node.this).lower()
    if name.startswith(_CATALOG_FUNCTIONS):
        found.opaque = found.opaque or "it reads the catalog of all tables"
    if name not in ("query_table", "query"):
        return
    arguments = node.expressions
    literals = [a.this for a in arguments[:1] if isinstance(a, exp.Literal) and a.is_string]
    if not literals:
        found.opaque = found.opaque or f"the argument of {name}() is known only when it runs"
    elif name == "query_table":
        found.reads.append(RawName(tuple(str(literals[0]).split(".")), node.meta.get("start", 0)))
    else:
        _nested(str(literals[0]), node.meta.get("start", 0), found)


def _nested(text: str, offset: int, found: Found) -> None:
    try:
        inner = walk(parse_one(text, "duckdb"))
    except Unparsed:
        found.opaque = found.opaque or "the argument of query() could not be read"
        return
    found.reads.extend(name._replace(offset=offset) for name in inner.reads)
    found.opaque = found.opaque or inner.opaque
