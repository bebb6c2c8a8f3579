"""Statements known by their words alone: DROP, ALTER, ATTACH, PRAGMA, … and the names that any statement calls.

Decides what such statements create, change and drop, by the tokens after the first word.  Never parses a query.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from reactive_kernel.core.sql_text import Statement, Token

__all__ = [
    "BY_WORDS",
    "Kind",
    "Relation",
    "Role",
    "StatementFacts",
    "advanced",
    "called",
    "qualified",
    "role_of",
    "skip",
    "word",
]

Kind = Literal["query", "write", "session", "transaction", "unknown"]
Role = Literal["table", "function", "namespace", "type"]

# Words before the opening bracket of something that is no call.
_NOT_CALLED_WORDS = (
    "in values as over exists any all some not and or on using when then else case where from select into "
    "by having filter within group with union except intersect join lateral table limit offset set key "
    "references check unique primary partition order recursive materialized array struct map row "
    "decimal numeric varchar char interval is between like ilike return returning returns"
)
_NOT_CALLED = frozenset(_NOT_CALLED_WORDS.split())
# Words before a name with a list of columns or parameters.
_NAMES_WHAT_FOLLOWS = frozenset({"TABLE", "INTO", "MACRO", "FUNCTION", "VIEW", "EXISTS", "REFERENCES", "ON", "COPY"})


class Relation(NamedTuple):
    """A relation as written, in parts; ``offset`` is in the cell's source.

    ``role`` tells a table (also views, sequences, types, indexes), a function (macro) and a namespace
    (schema, attached database) apart.
    """

    parts: tuple[str, ...]
    offset: int
    role: Role = "table"


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What one statement does.

    ``guarded`` is CREATE IF NOT EXISTS or DROP IF EXISTS; ``carries`` marks a view, a macro, or a table that refers
    to others, whose readers read what it reads; ``fault`` is a sure syntax error: a sentence and an offset in the cell.
    """

    kind: Kind
    verb: str
    start: int
    end: int
    reads: tuple[Relation, ...] = ()
    creates: tuple[Relation, ...] = ()
    mutates: tuple[Relation, ...] = ()
    drops: tuple[Relation, ...] = ()
    guarded: bool = False
    carries: bool = False
    temporary: bool = False
    replaces: bool = False
    session: bool = False
    opaque: str | None = None
    fault: tuple[str, int] | None = None


def qualified(statement: Statement, at: int) -> tuple[Relation, int] | None:
    """Read ``a.b.c`` at a token; return it with the index of the token after it."""
    parts: list[str] = []
    start = at
    while at < len(statement.tokens):
        token = statement.tokens[at]
        if token.kind not in ("word", "quoted", "value", "string"):
            break
        parts.append(_unquoted(token))
        at += 1
        if at >= len(statement.tokens) or statement.tokens[at].text != ".":
            break
        at += 1
    return (Relation(tuple(parts), statement.tokens[start].start), at) if parts else None


def _unquoted(token: Token) -> str:
    if token.kind == "quoted":
        return token.text[1:-1].replace('""', '"')
    return token.text[1:-1] if token.kind == "string" else token.text


def skip(statement: Statement, at: int, *words: str) -> int:
    """Skip the given words if they are there, all of them."""
    found = tuple(t.text.upper() for t in statement.tokens[at : at + len(words)])
    return at + len(words) if found == words else at


def word(statement: Statement, at: int) -> str:
    """The token at an index in capitals, or nothing."""
    return statement.tokens[at].text.upper() if at < len(statement.tokens) else ""


def _drop(base: StatementFacts, statement: Statement) -> StatementFacts:
    at = skip(statement, 1, "TEMPORARY")
    role = role_of(word(statement, at))
    if role is None:
        return replace(base, session=True, kind="session")
    at = skip(statement, at + 1, "TABLE")
    guarded = skip(statement, at, "IF", "EXISTS") > at
    at = skip(statement, at, "IF", "EXISTS")
    drops: list[Relation] = []
    while name := qualified(statement, at):
        drops.append(name[0]._replace(role=role))
        if word(statement, name[1]) != ",":
            break
        at = name[1] + 1
    return replace(base, kind="write", drops=tuple(drops), guarded=guarded)


def role_of(word: str) -> Role | None:
    """What the word after CREATE, DROP or ALTER makes of the name that follows."""
    if word in ("MACRO", "FUNCTION"):
        return "function"
    if word in ("SCHEMA", "DATABASE"):
        return "namespace"
    return "table" if word in ("TABLE", "VIEW", "SEQUENCE", "INDEX", "TYPE", "MATERIALIZED") else None


def _alter(base: StatementFacts, statement: Statement) -> StatementFacts:
    at = skip(statement, skip(statement, 2, "IF", "EXISTS"), "ONLY")
    name = qualified(statement, at)
    if name is None or role_of(word(statement, 1)) is None:
        return replace(base, kind="write", opaque="this ALTER is not known")
    relation, at = name
    facts = replace(base, kind="write", mutates=(relation,))
    if (to := skip(statement, at, "RENAME", "TO")) > at and (new := qualified(statement, to)):
        renamed = new[0]._replace(parts=relation.parts[:-1] + new[0].parts)
        return replace(facts, mutates=(), reads=(*base.reads, relation), drops=(relation,), creates=(renamed,))
    return facts


def _truncate(base: StatementFacts, statement: Statement) -> StatementFacts:
    name = qualified(statement, skip(statement, 1, "TABLE"))
    return replace(base, kind="write", mutates=(name[0],) if name else ())


def _comment(base: StatementFacts, statement: Statement) -> StatementFacts:
    name = qualified(statement, 3)
    if name is None:
        return replace(base, kind="write", opaque="this COMMENT is not known")
    relation = name[0]
    if word(statement, 2) == "COLUMN":
        relation = relation._replace(parts=relation.parts[:-1])
    return replace(base, kind="write", mutates=(relation,))


def _attach(base: StatementFacts, statement: Statement) -> StatementFacts:
    as_at = next((i for i, t in enumerate(statement.tokens) if t.text.upper() == "AS"), None)
    name = qualified(statement, as_at + 1) if as_at else None
    if name is None:
        path = next((t for t in statement.tokens if t.kind == "string"), None)
        if path is None:
            return replace(base, kind="session", session=True, opaque="the name of the database is known when it runs")
        stem = path.text[1:-1].replace("\\", "/").rsplit("/", 1)[-1].split(".")[0]
        name = (Relation((stem,), path.start), 0)
    guarded = "EXISTS" in [word(statement, i) for i in range(1, 6)]
    return replace(base, kind="session", creates=(name[0]._replace(role="namespace"),), guarded=guarded)


def _detach(base: StatementFacts, statement: Statement) -> StatementFacts:
    at = skip(statement, skip(statement, 1, "DATABASE"), "IF", "EXISTS")
    name = qualified(statement, at)
    drops = (name[0]._replace(role="namespace"),) if name else ()
    return replace(base, kind="session", drops=drops, guarded="EXISTS" in word(statement, at - 1))


def _pragma(base: StatementFacts, statement: Statement) -> StatementFacts:
    name = word(statement, 1).lower()
    if name in ("table_info", "storage_info", "show") and len(statement.tokens) > 3:
        argument = statement.tokens[3]
        parts = tuple(part.strip('"') for part in _unquoted(argument).split("."))
        return replace(base, kind="query", reads=(*base.reads, Relation(parts, argument.start)))
    if word(statement, 2) == "=" or name.startswith(("enable", "disable", "memory_limit", "threads")):
        return replace(base, kind="session", session=True)
    return replace(base, kind="query", opaque="it reads the catalog of all tables")


def _show(base: StatementFacts, statement: Statement) -> StatementFacts:
    listed = ("TABLES", "ALL", "DATABASES", "SCHEMAS", "VARIABLES", "")
    name = qualified(statement, 1)
    if name is None or word(statement, 1) in listed:
        return replace(base, kind="query", opaque="it reads the catalog of all tables")
    return replace(base, kind="query", reads=(*base.reads, name[0]))


BY_WORDS: dict[str, Callable[[StatementFacts, Statement], StatementFacts]] = {
    "DROP": _drop,
    "ALTER": _alter,
    "TRUNCATE": _truncate,
    "COMMENT": _comment,
    "ATTACH": _attach,
    "DETACH": _detach,
    "PRAGMA": _pragma,
    "SHOW": _show,
}


def called(statement: Statement) -> tuple[Relation, ...]:
    """Every name called in the statement: it may be a macro that another cell makes; sequences by name too."""
    found = []
    tokens = statement.tokens
    for at, token in enumerate(tokens[:-1]):
        if tokens[at + 1].text != "(" or token.kind not in ("word", "quoted") or token.text.lower() in _NOT_CALLED:
            continue
        if at and tokens[at - 1].text.upper() in _NAMES_WHAT_FOLLOWS:
            continue
        found.append(Relation((_unquoted(token),), token.start, "function"))
        if token.text.lower() in ("nextval", "currval") and at + 2 < len(tokens) and tokens[at + 2].kind == "string":
            found.append(Relation(tuple(_unquoted(tokens[at + 2]).split(".")), tokens[at + 2].start))
    return tuple(found)


def advanced(statement: Statement) -> tuple[Relation, ...]:
    """Sequences that the statement moves on."""
    return tuple(
        Relation(tuple(_unquoted(argument).split(".")), argument.start)
        for word, _, argument in zip(statement.tokens, statement.tokens[1:], statement.tokens[2:], strict=False)
        if word.text.lower() == "nextval" and argument.kind == "string"
    )
