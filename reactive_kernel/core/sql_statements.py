"""What one SQL statement does: its kind, and the relations it reads, creates, changes and drops.

Decides by the first words (session statements, DROP, ALTER, …) and by the tree (queries and all that holds one).
What it can't be sure of comes out as ``opaque`` with the reason, never as "reads nothing".
Never knows other statements, connections or values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

from reactive_kernel.core.sql_text import Parameter, Statement, Token, placeholder
from reactive_kernel.core.sql_walk import Found, RawName, Unparsed, parse_one, walk

__all__ = ["Relation", "Rendered", "SecondOpinion", "StatementFacts", "analyse_statement", "render", "second_opinion"]

Kind = Literal["query", "write", "session", "transaction", "unknown"]

# A statement of more text than this is not parsed into a tree when its words already say what it does.
_LONG = 100 * 1024
_SESSION = frozenset({"SET", "RESET", "USE", "LOAD", "INSTALL", "UPDATE EXTENSIONS"})
_TRANSACTION = frozenset({"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"})
_QUERY = frozenset({"SELECT", "FROM", "WITH", "VALUES", "TABLE", "PIVOT", "UNPIVOT", "DESCRIBE", "DESC", "SUMMARIZE"})
_CHANGE = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "REPLACE"})
_CREATED = frozenset(
    {"TABLE", "VIEW", "MACRO", "FUNCTION", "SEQUENCE", "INDEX", "SCHEMA", "TYPE", "SECRET", "DATABASE"}
)
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


class Relation(NamedTuple):
    """A relation as written, in parts; ``offset`` is in the cell's source.

    ``role`` tells a table (also views, sequences, types, indexes), a function (macro) and a namespace
    (schema, attached database) apart.
    """

    parts: tuple[str, ...]
    offset: int
    role: Literal["table", "function", "namespace"] = "table"


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What one statement does.

    ``guarded`` is CREATE IF NOT EXISTS or DROP IF EXISTS; ``carries`` marks a view or macro, whose readers
    read what it reads; ``fault`` is a sure syntax error: a sentence and an offset in the cell.
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


class Rendered(NamedTuple):
    """A statement's text with its Python values replaced, and how to find one's way back."""

    text: str
    spans: tuple[tuple[int, int, int], ...]  # (offset in text, length in text, offset in source)
    start: int

    def to_source(self, offset: int) -> int:
        """Map an offset in the text to one in the cell's source."""
        at, shift = offset, self.start
        for text_start, length, source_end in self.spans:
            if offset < text_start:
                break
            if offset < text_start + length:
                return source_end
            shift = source_end - (text_start + length)
        return at + shift


SecondOpinion = Callable[[str], "Opinion | None"]


class Opinion(NamedTuple):
    """DuckDB's own view of a statement: the relations it reads, or its syntax error with an offset."""

    relations: tuple[RawName, ...] = ()
    error: str | None = None
    offset: int = 0


_opinion: SecondOpinion | None = None


def second_opinion(parser: SecondOpinion | None) -> None:
    """Let DuckDB's parser answer where sqlglot can't.  Set once, by the kernel; the core imports no engine."""
    global _opinion
    _opinion = parser
    analyse_statement.cache_clear()


def render(source: str, statement: Statement, write: Callable[[int, Parameter], str]) -> Rendered:
    """Replace each Python value of the statement by what ``write`` says."""
    parts: list[str] = []
    spans: list[tuple[int, int, int]] = []
    at, length = statement.start, 0
    for index, parameter in enumerate(statement.parameters):
        before, text = source[at : parameter.start], write(index, parameter)
        parts += [before, text]
        length += len(before)
        spans.append((length, len(text), parameter.end))
        length += len(text)
        at = parameter.end
    parts.append(source[at : statement.end])
    return Rendered("".join(parts), tuple(spans), statement.start)


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
    base = StatementFacts("unknown", verb, statement.start, statement.end, reads=_called(statement))
    if verb == "EXPLAIN":
        return _explain(source, statement, dialect)
    if verb in _TRANSACTION:
        return replace(base, kind="transaction", reads=())
    if verb in _SESSION and words[:2] != ["SET", "VARIABLE"]:
        return replace(base, kind="session", session=True)
    if verb in ("CHECKPOINT", "VACUUM", "ANALYZE", "FORCE"):
        return replace(base, kind="session")
    lexical = _LEXICAL.get(verb)
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


# Statements known by their words alone


def _qualified(statement: Statement, at: int) -> tuple[Relation, int] | None:
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


def _skip(statement: Statement, at: int, *words: str) -> int:
    """Skip the given words if they are there, all of them."""
    found = tuple(t.text.upper() for t in statement.tokens[at : at + len(words)])
    return at + len(words) if found == words else at


def _text(statement: Statement, at: int) -> str:
    return statement.tokens[at].text.upper() if at < len(statement.tokens) else ""


def _drop(base: StatementFacts, statement: Statement) -> StatementFacts:
    at = _skip(statement, 1, "TEMPORARY")
    role = _role(_text(statement, at))
    if role is None:
        return replace(base, session=True, kind="session")
    at = _skip(statement, at + 1, "TABLE")
    guarded = _skip(statement, at, "IF", "EXISTS") > at
    at = _skip(statement, at, "IF", "EXISTS")
    drops: list[Relation] = []
    while name := _qualified(statement, at):
        drops.append(name[0]._replace(role=role))
        if _text(statement, name[1]) != ",":
            break
        at = name[1] + 1
    return replace(base, kind="write", drops=tuple(drops), guarded=guarded)


def _role(word: str) -> Literal["table", "function", "namespace"] | None:
    if word in ("MACRO", "FUNCTION"):
        return "function"
    if word in ("SCHEMA", "DATABASE"):
        return "namespace"
    return "table" if word in ("TABLE", "VIEW", "SEQUENCE", "INDEX", "TYPE", "MATERIALIZED") else None


def _alter(base: StatementFacts, statement: Statement) -> StatementFacts:
    at = _skip(statement, _skip(statement, 2, "IF", "EXISTS"), "ONLY")
    name = _qualified(statement, at)
    if name is None or _role(_text(statement, 1)) is None:
        return replace(base, kind="write", opaque="this ALTER is not known")
    relation, at = name
    facts = replace(base, kind="write", mutates=(relation,))
    if (to := _skip(statement, at, "RENAME", "TO")) > at and (new := _qualified(statement, to)):
        renamed = new[0]._replace(parts=relation.parts[:-1] + new[0].parts)
        return replace(facts, mutates=(), reads=(*base.reads, relation), drops=(relation,), creates=(renamed,))
    return facts


def _truncate(base: StatementFacts, statement: Statement) -> StatementFacts:
    name = _qualified(statement, _skip(statement, 1, "TABLE"))
    return replace(base, kind="write", mutates=(name[0],) if name else ())


def _comment(base: StatementFacts, statement: Statement) -> StatementFacts:
    name = _qualified(statement, 3)
    if name is None:
        return replace(base, kind="write", opaque="this COMMENT is not known")
    relation = name[0]
    if _text(statement, 2) == "COLUMN":
        relation = relation._replace(parts=relation.parts[:-1])
    return replace(base, kind="write", mutates=(relation,))


def _attach(base: StatementFacts, statement: Statement) -> StatementFacts:
    as_at = next((i for i, t in enumerate(statement.tokens) if t.text.upper() == "AS"), None)
    name = _qualified(statement, as_at + 1) if as_at else None
    if name is None:
        path = next((t for t in statement.tokens if t.kind == "string"), None)
        if path is None:
            return replace(base, kind="session", session=True, opaque="the name of the database is known when it runs")
        stem = path.text[1:-1].replace("\\", "/").rsplit("/", 1)[-1].split(".")[0]
        name = (Relation((stem,), path.start), 0)
    guarded = "EXISTS" in [_text(statement, i) for i in range(1, 6)]
    return replace(base, kind="session", creates=(name[0]._replace(role="namespace"),), guarded=guarded)


def _detach(base: StatementFacts, statement: Statement) -> StatementFacts:
    at = _skip(statement, _skip(statement, 1, "DATABASE"), "IF", "EXISTS")
    name = _qualified(statement, at)
    drops = (name[0]._replace(role="namespace"),) if name else ()
    return replace(base, kind="session", drops=drops, guarded="EXISTS" in _text(statement, at - 1))


def _pragma(base: StatementFacts, statement: Statement) -> StatementFacts:
    name = _text(statement, 1).lower()
    if name in ("table_info", "storage_info", "show") and len(statement.tokens) > 3:
        argument = statement.tokens[3]
        parts = tuple(part.strip('"') for part in _unquoted(argument).split("."))
        return replace(base, kind="query", reads=(*base.reads, Relation(parts, argument.start)))
    if _text(statement, 2) == "=" or name.startswith(("enable", "disable", "memory_limit", "threads")):
        return replace(base, kind="session", session=True)
    return replace(base, kind="query", opaque="it reads the catalog of all tables")


def _show(base: StatementFacts, statement: Statement) -> StatementFacts:
    listed = ("TABLES", "ALL", "DATABASES", "SCHEMAS", "VARIABLES", "")
    name = _qualified(statement, 1)
    if name is None or _text(statement, 1) in listed:
        return replace(base, kind="query", opaque="it reads the catalog of all tables")
    return replace(base, kind="query", reads=(*base.reads, name[0]))


_LEXICAL: dict[str, Callable[[StatementFacts, Statement], StatementFacts]] = {
    "DROP": _drop,
    "ALTER": _alter,
    "TRUNCATE": _truncate,
    "COMMENT": _comment,
    "ATTACH": _attach,
    "DETACH": _detach,
    "PRAGMA": _pragma,
    "SHOW": _show,
}


def _called(statement: Statement) -> tuple[Relation, ...]:
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


def _advanced(statement: Statement) -> tuple[Relation, ...]:
    """Sequences that the statement moves on."""
    return tuple(
        Relation(tuple(_unquoted(argument).split(".")), argument.start)
        for word, _, argument in zip(statement.tokens, statement.tokens[1:], statement.tokens[2:], strict=False)
        if word.text.lower() == "nextval" and argument.kind == "string"
    )


# Statements with a query in them


def _explain(source: str, statement: Statement, dialect: str) -> StatementFacts:
    at = _skip(statement, 1, "ANALYZE")
    runs = at > 1
    if _text(statement, at) == "(":
        closing = next((i for i, t in enumerate(statement.tokens) if t.text == ")"), at)
        if _text(statement, at + 1) not in _QUERY:
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
    replaces = _skip(statement, at, "OR", "REPLACE") > at
    while at < len(statement.tokens) and _text(statement, at) not in _CREATED:
        at += 1
    what = _text(statement, at)
    before = {_text(statement, i) for i in range(1, at)}
    base = replace(
        base,
        kind="write",
        verb=f"CREATE {what}".strip(),
        temporary=bool(before & {"TEMP", "TEMPORARY"}),
        replaces=replaces,
        guarded=_skip(statement, at + 1, "IF", "NOT", "EXISTS") > at + 1,
    )
    if not what:
        return replace(base, opaque="this CREATE is not known")
    if what in ("SECRET", "DATABASE"):
        return replace(base, session=True, kind="session")
    name = _qualified(statement, _skip(statement, at + 1, "IF", "NOT", "EXISTS"))
    if what == "INDEX":
        return _create_index(base, statement, at)
    if name is None:
        return _parsed(source, statement, dialect, base)
    relation = name[0]._replace(role=_role(what) or "table")
    base = replace(base, creates=(relation,), carries=what in ("VIEW", "MACRO", "FUNCTION"))
    if what in ("SCHEMA", "SEQUENCE"):
        return base
    if what == "TYPE":
        nested = any(t.text.upper() in ("SELECT", "FROM") for t in statement.tokens)
        return replace(base, opaque="it makes a type from a query") if nested else base
    return _parsed(source, statement, dialect, base)


def _create_index(base: StatementFacts, statement: Statement, at: int) -> StatementFacts:
    on = next((i for i, t in enumerate(statement.tokens) if t.text.upper() == "ON"), None)
    table = _qualified(statement, on + 1) if on else None
    name = _qualified(statement, _skip(statement, at + 1, "IF", "NOT", "EXISTS"))
    if table is None:
        return replace(base, opaque="this CREATE INDEX is not known")
    creates = (name[0],) if name and _text(statement, at + 1) != "ON" else ()
    return replace(base, creates=creates, mutates=(table[0],))


def _long_insert(statement: Statement, base: StatementFacts) -> StatementFacts | None:
    """INSERT … VALUES of very many rows: only the target matters, if there is no query in it."""
    if base.verb != "INSERT" or statement.end - statement.start <= _LONG:
        return None
    words = {t.text.upper() for t in statement.tokens if t.kind == "word"}
    into = next((i for i, t in enumerate(statement.tokens[:6]) if t.text.upper() == "INTO"), None)
    name = _qualified(statement, into + 1) if into else None
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
    return _from_walk(Found(reads=list(opinion.relations)), rendered, statement, base)


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
    mutates = (*relations(found.mutates), *_advanced(statement))
    creates = base.creates or relations(found.creates)
    kind = "write" if (found.mutates or creates) and base.kind == "query" else base.kind
    reads = (*base.reads, *(r for r in relations(found.reads) if not any(p in values for p in r.parts)))
    return replace(base, kind=kind, reads=reads, mutates=mutates, creates=creates, opaque=opaque)
