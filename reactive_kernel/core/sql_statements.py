"""What one SQL statement does: its kind, and the relations it reads, creates, changes and drops.

Decides by the first words (session statements, DROP, ALTER, …) and by the tree (queries and all that holds one).
What it can't be sure of comes out as ``opaque`` with the reason, never as "reads nothing".
Never knows other statements, connections or values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from reactive_kernel.core.sql_render import Rendered, render
from reactive_kernel.core.sql_text import Statement, placeholder
from reactive_kernel.core.sql_walk import Found, RawName, Unparsed, parse_one, walk
from reactive_kernel.core.sql_words import (
    BY_WORDS,
    Kind,
    Relation,
    StatementFacts,
    advanced,
    called,
    qualified,
    role_of,
    skip,
    word,
)

__all__ = ["Opinion", "SecondOpinion", "analyse_statement", "second_opinion"]
# A statement of more text than this is not parsed into a tree when its words already say what it does.
_LONG = 100 * 1024
_SESSION = frozenset({"SET", "RESET", "USE", "LOAD", "INSTALL", "UPDATE EXTENSIONS"})
_TRANSACTION = frozenset({"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"})
_QUERY = frozenset({"SELECT", "FROM", "WITH", "VALUES", "TABLE", "PIVOT", "UNPIVOT", "DESCRIBE", "DESC", "SUMMARIZE"})
_CHANGE = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "REPLACE"})
_CREATED = frozenset(
    {"TABLE", "VIEW", "MACRO", "FUNCTION", "SEQUENCE", "INDEX", "SCHEMA", "TYPE", "SECRET", "DATABASE"}
)
_ROOTS = {
    "DESCRIBE": "Describe",
    "DESC": "Describe",
    "SUMMARIZE": "Summarize",
    "INSERT": "Insert",
    "UPDATE": "Update",
    "DELETE": "Delete",
    "MERGE": "Merge",
    "COPY": "Copy",
    "CREATE": "Create",
    "SET": "Set",
}


SecondOpinion = Callable[[str], "Opinion | None"]


class Opinion(NamedTuple):
    """DuckDB's own view of a statement: the relations it reads and changes, or its syntax error with an offset."""

    relations: tuple[RawName, ...] = ()
    mutates: tuple[RawName, ...] = ()
    error: str | None = None
    offset: int = 0


_opinion: SecondOpinion | None = None


def second_opinion(parser: SecondOpinion | None) -> None:
    """Let DuckDB's parser answer where sqlglot can't.  Set once, by the kernel; the core imports no engine."""
    global _opinion
    _opinion = parser
    analyse_statement.cache_clear()


@lru_cache(maxsize=1024)
def analyse_statement(source: str, statement: Statement, dialect: str) -> StatementFacts:
    """Say what one statement of a cell does."""
    facts = _without_unknown_names(_dispatch(source, statement, dialect), statement)
    raw = [p for p in statement.parameters if p.filter == "sql"]
    if raw and facts.fault is None:
        return replace(facts, opaque=facts.opaque or f"`{raw[0].source} | sql` is text known only when it runs")
    return facts


def _without_unknown_names(facts: StatementFacts, statement: Statement) -> StatementFacts:
    """Leave out names given by ``{{ x | id }}`` in statements that are known by their words."""
    texts = {t.text for t in statement.tokens if t.kind == "value"}
    named = [r for r in (*facts.creates, *facts.mutates, *facts.drops) if texts & set(r.parts)]
    if not named:
        return facts

    def known(relations: tuple[Relation, ...]) -> tuple[Relation, ...]:
        return tuple(r for r in relations if not texts & set(r.parts))

    opaque = facts.opaque or "the name of its table is known only when it runs"
    return replace(
        facts, creates=known(facts.creates), mutates=known(facts.mutates), drops=known(facts.drops), opaque=opaque
    )


def _dispatch(source: str, statement: Statement, dialect: str) -> StatementFacts:
    words = [t.text.upper() for t in statement.tokens[:8]]
    verb = next((w for w in words if w != "("), words[0])
    base = StatementFacts("unknown", verb, statement.start, statement.end, reads=called(statement))
    if verb == "EXPLAIN":
        return _explain(source, statement, dialect)
    if verb in _TRANSACTION:
        return replace(base, kind="transaction", reads=())
    if verb in _SESSION and words[:2] != ["SET", "VARIABLE"]:
        return replace(base, kind="session", session=True)
    if verb in ("CHECKPOINT", "VACUUM", "ANALYZE", "FORCE"):
        return replace(base, kind="session")
    lexical = BY_WORDS.get(verb)
    if lexical:
        return lexical(base, statement)
    if verb == "CREATE":
        return _create(source, statement, dialect, base)
    if verb in _QUERY or verb in _CHANGE or verb == "SET":
        return _parsed(source, statement, dialect, base)
    if statement.parameters and statement.parameters[0].start == statement.start:
        return replace(base, opaque="its text is known only when it runs")
    if verb in ("CALL", "EXECUTE", "PREPARE", "DEALLOCATE", "EXPORT", "IMPORT", "DO", "GRANT", "REVOKE"):
        return replace(base, opaque=f"{verb} may do anything")
    if dialect != "duckdb":
        return replace(base, opaque=f"{verb} is not known")
    return _unknown(source, statement, base)


def _unknown(source: str, statement: Statement, base: StatementFacts) -> StatementFacts:
    rendered = render(source, statement, lambda i, p: placeholder(i))
    opinion = _opinion(rendered.text) if _opinion else None
    if opinion and opinion.error is None:
        return replace(base, opaque=f"{base.verb} is not known")
    first = statement.tokens[0]
    return replace(base, fault=(f"No SQL statement starts with `{first.text}`.", first.start))


# Statements with a query in them


def _explain(source: str, statement: Statement, dialect: str) -> StatementFacts:
    at = skip(statement, 1, "ANALYZE")
    runs = at > 1
    if word(statement, at) == "(":
        closing = next((i for i, t in enumerate(statement.tokens) if t.text == ")"), at)
        if word(statement, at + 1) not in _QUERY:
            runs = runs or any(t.text.upper() == "ANALYZE" for t in statement.tokens[at:closing])
            at = closing + 1
    if at >= len(statement.tokens):
        first = statement.tokens[0]
        return StatementFacts(
            "unknown", "EXPLAIN", statement.start, statement.end, fault=("EXPLAIN what?", first.start)
        )
    start = statement.tokens[at].start
    inner = Statement(
        start, statement.end, statement.tokens[at:], tuple(p for p in statement.parameters if p.start >= start)
    )
    facts = _dispatch(source, inner, dialect)
    facts = replace(facts, start=statement.start)
    if runs:
        return facts
    reads = (*facts.reads, *facts.mutates)
    return replace(facts, kind="query", reads=reads, mutates=(), creates=(), drops=(), session=False)


def _create(source: str, statement: Statement, dialect: str, base: StatementFacts) -> StatementFacts:
    at = 1
    replaces = skip(statement, at, "OR", "REPLACE") > at
    while at < len(statement.tokens) and word(statement, at) not in _CREATED:
        at += 1
    what = word(statement, at)
    before = {word(statement, i) for i in range(1, at)}
    base = replace(
        base,
        kind="write",
        verb=f"CREATE {what}".strip(),
        temporary=bool(before & {"TEMP", "TEMPORARY"}),
        replaces=replaces,
        guarded=skip(statement, at + 1, "IF", "NOT", "EXISTS") > at + 1,
    )
    if not what:
        return replace(base, opaque="this CREATE is not known")
    if what in ("SECRET", "DATABASE"):
        return replace(base, session=True, kind="session")
    name = qualified(statement, skip(statement, at + 1, "IF", "NOT", "EXISTS"))
    if what == "INDEX":
        return _create_index(base, statement, at)
    if name is None:
        return _parsed(source, statement, dialect, base)
    relation = name[0]._replace(role=role_of(what) or "table")
    refers = what == "TABLE" and any(t.text.upper() == "REFERENCES" for t in statement.tokens)
    base = replace(base, creates=(relation,), carries=refers or what in ("VIEW", "MACRO", "FUNCTION"))
    if what in ("SCHEMA", "SEQUENCE"):
        return base
    if what == "TYPE":
        nested = any(t.text.upper() in ("SELECT", "FROM") for t in statement.tokens)
        return replace(base, opaque="it makes a type from a query") if nested else base
    return _parsed(source, statement, dialect, base)


def _create_index(base: StatementFacts, statement: Statement, at: int) -> StatementFacts:
    on = next((i for i, t in enumerate(statement.tokens) if t.text.upper() == "ON"), None)
    table = qualified(statement, on + 1) if on else None
    name = qualified(statement, skip(statement, at + 1, "IF", "NOT", "EXISTS"))
    if table is None:
        return replace(base, opaque="this CREATE INDEX is not known")
    creates = (name[0],) if name and word(statement, at + 1) != "ON" else ()
    return replace(base, creates=creates, mutates=(table[0],))


def _long_insert(statement: Statement, base: StatementFacts) -> StatementFacts | None:
    """INSERT … VALUES of very many rows: only the target matters, if there is no query in it."""
    if base.verb != "INSERT" or statement.end - statement.start <= _LONG:
        return None
    words = {t.text.upper() for t in statement.tokens if t.kind == "word"}
    into = next((i for i, t in enumerate(statement.tokens[:6]) if t.text.upper() == "INTO"), None)
    name = qualified(statement, into + 1) if into else None
    if name is None or "VALUES" not in words or words & {"SELECT", "FROM", "TABLE"}:
        return None
    return replace(base, kind="write", mutates=(name[0],))


def _parsed(source: str, statement: Statement, dialect: str, base: StatementFacts) -> StatementFacts:
    if long := _long_insert(statement, base):
        return long
    rendered = render(source, statement, lambda i, p: placeholder(i))
    verb = base.verb.split()[0]
    kind: Kind = "query" if verb in _QUERY else "session" if verb == "SET" else "write"
    base = replace(base, kind=kind, session=verb == "SET")
    try:
        tree = parse_one(rendered.text, dialect)
        allowed = _ROOTS.get(verb)
        if allowed and type(tree).__name__ != allowed:
            raise Unparsed(f"read as {type(tree).__name__}")
        if verb in _QUERY and not allowed and not _is_query(tree):
            raise Unparsed(f"read as {type(tree).__name__}")
    except Unparsed:
        return _by_second_opinion(rendered, statement, base)
    return _from_walk(walk(tree), rendered, statement, base)


def _is_query(tree: object) -> bool:
    from sqlglot import exp

    kinds = (exp.Query, exp.Values, exp.Pivot, exp.Insert, exp.Update, exp.Delete, exp.Merge)
    return isinstance(tree, kinds)


def _by_second_opinion(rendered: Rendered, statement: Statement, base: StatementFacts) -> StatementFacts:
    opinion = _opinion(rendered.text) if _opinion else None
    if opinion is None or (opinion.error is None and base.kind != "query"):
        return replace(base, opaque="it could not be read")
    if opinion.error is not None:
        return replace(base, fault=(opinion.error, rendered.to_source(opinion.offset)))
    found = Found(reads=list(opinion.relations), mutates=list(opinion.mutates))
    return _from_walk(found, rendered, statement, base)


def _from_walk(found: Found, rendered: Rendered, statement: Statement, base: StatementFacts) -> StatementFacts:
    def relations(names: list[RawName]) -> tuple[Relation, ...]:
        return tuple(Relation(name.parts, rendered.to_source(name.offset)) for name in names)

    values = {placeholder(i): p for i, p in enumerate(statement.parameters)}
    opaque = found.opaque
    for name in (*found.reads, *found.mutates, *found.creates):
        parameter = next((values[part] for part in name.parts if part in values), None)
        if parameter and parameter.filter == "value":
            fix = f"{{{{ {parameter.source} | id }}}}"
            message = f"A bound value can't be a table's name. Write {fix} for an identifier from Python."
            return replace(base, fault=(message, parameter.start))
        if parameter:
            opaque = opaque or f"the name from `{parameter.source}` is known only when it runs"
    mutates = (*relations(found.mutates), *advanced(statement))
    creates = base.creates or relations(found.creates)
    kind = "write" if (found.mutates or creates) and base.kind == "query" else base.kind
    reads = (*base.reads, *(r for r in relations(found.reads) if not any(p in values for p in r.parts)))
    reads += tuple(r._replace(role="type") for r in relations(found.types))
    return replace(base, kind=kind, reads=reads, mutates=mutates, creates=creates, opaque=opaque)
