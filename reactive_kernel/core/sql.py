"""[analysis] SQL text -> facts, in the same terms as Python cells.

Decides which pseudo-names a SQL cell reads, defines, mutates and deletes.  Names:

- ``sql:users``: a relation, case-folded, schema-qualified unless in the default schema (``sql:s.users``);
  ``sql:f()``: a macro; ``sql:s.``: a schema or attached database; ``sql:@pg.users``: on the connection ``pg``;
- ``users``: what Python could supply for it, in its own spelling (the graph drops what nobody defines);
- ``<sql:session>``: settings, USE, loaded extensions; ``<sql:connection:pg>``: what ``pg`` is connected to;
- ``<sql:effect:pg>``: in ``effects``, where data outside the notebook changes and ``--rerun`` does not allow it.

Never knows catalogs, values, connections or runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache

from reactive_kernel.core.facts import Deferred, Facts, Mutation, Opaque, Problem, Site
from reactive_kernel.core.sql_statements import analyse_statement
from reactive_kernel.core.sql_text import Header, Script, Statement, parse_script, site_at
from reactive_kernel.core.sql_words import Relation, StatementFacts

__all__ = ["analyse_sql", "pseudo_name"]

_SESSION = "<sql:session>"
# What names the default schema of the engines; the first of two or three parts.
_DEFAULT = frozenset({"main", "temp", "memory", "public"})


def pseudo_name(parts: Iterable[str], role: str = "table", connection: str | None = None) -> str:
    """The name in the graph for a relation as written.

    >>> pseudo_name(("main", "Users")), pseudo_name(("s", "t")), pseudo_name(("f",), "function")
    ('sql:users', 'sql:s.t', 'sql:f()')
    """
    folded = [_fold(part) for part in parts]
    while len(folded) > 1 and folded[0] in _DEFAULT:
        del folded[0]
    name = ".".join(folded) + {"table": "", "type": "", "function": "()", "namespace": "."}[role]
    return f"sql:@{connection}.{name}" if connection else f"sql:{name}"


def _fold(part: str) -> str:
    part = part.lower()
    return f'"{part}"' if "." in part else part


def analyse_sql(source: str, dialect: str = "duckdb", outside: str | None = None) -> Facts:
    r"""Return the facts of a SQL cell or ``%sql`` line, with or without its magic's first line.

    ``dialect`` is that of the connection of cells that name none, and ``outside`` its name if what it changes
    outlives the notebook.

    >>> facts = analyse_sql("%%sql big <<\nSELECT * FROM Users WHERE id = {user_id}")
    >>> sorted(facts.reads), sorted(facts.writes)
    (['<sql:session>', 'Users', 'sql:users', 'user_id'], ['big', 'sql:big'])
    """
    script = parse_script(source)
    if script.problem:
        return Facts(_code(source), problem=script.problem, language="sql", cell_magic="sql")
    if script.header.on is not None:
        dialect, outside = "duckdb", None
    folder = _Folder(script, script.header.dialect or dialect, outside)
    return folder.facts()


def _code(source: str) -> str:
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=512)
def _normalised(script: Script) -> str:
    """Comments and layout don't count; the spelling of names does (columns are shown with it)."""
    header = script.header
    options = [header.target, header.rerun, header.on, header.kind, header.limit, header.dialect, header.command]
    lines = [" ".join(str(option) for option in (*options, *header.words))]
    for statement in script.statements:
        parameters = {p.start: p for p in statement.parameters}
        texts = []
        for token in statement.tokens:
            parameter = parameters.get(token.start)
            texts.append(f"{{{{{parameter.source}|{parameter.filter}}}}}" if parameter else token.text)
        lines.append("\x00".join(texts))
    return _code("\x01".join(lines))


class _Folder:
    """Joins the facts of the statements, in order: what the cell makes itself it does not read from others."""

    def __init__(self, script: Script, dialect: str, outside: str | None) -> None:
        self.script = script
        self.dialect = dialect
        header = script.header
        self.connection = header.on if header.on not in (None, "default") else None
        self.outside = self.connection or outside
        self.session = f"<sql:session:{self.connection}>" if self.connection else _SESSION
        self.reads: dict[str, Site] = {}
        self.inert: set[str] = set()  # frames and connections: SQL can't change the objects
        self.worked: set[str] = set()  # names in Python expressions, which can
        self.writes: dict[str, Site] = {}
        self.maybe: set[str] = set()
        self.deletes: dict[str, Site] = {}
        self.mutates: dict[str, Mutation] = {}
        self.deferred: dict[str, Deferred] = {}
        self.effects: dict[str, Site] = {}
        self.opaque: list[Opaque] = []
        self.attached: set[str] = set()
        self.problem: Problem | None = None

    def facts(self) -> Facts:
        header = self.script.header
        if header.command:
            self._command(header)
        else:
            self._connection(header)
            for statement in self.script.statements:
                self._statement(statement)
            self._target(header)
        return Facts(
            code=_normalised(self.script),
            reads=self.reads,
            writes=self.writes,
            inert=frozenset(self.inert & self.reads.keys() - self.worked),
            maybe=frozenset(self.maybe & set(self.writes)),
            deletes=self.deletes,
            mutates=self.mutates,
            deferred=self.deferred,
            effects=self.effects,
            opaque=tuple(self.opaque),
            problem=self.problem,
            language="sql",
            cell_magic="sql",
        )

    def _command(self, header: Header) -> None:
        site = Site(1, 0)
        names = [word for word in header.words if not word.startswith("--")]
        if header.command in ("connect", "close") and names:
            (self.writes if header.command == "connect" else self.deletes)[f"<sql:connection:{names[0]}>"] = site
        if "--default" in header.words:
            self._advance_session(site)

    def _connection(self, header: Header) -> None:
        site = site_at(self.script.source, header.on_start)
        if self.connection:
            if self.connection.isidentifier():
                self.reads[self.connection] = site
                self.inert.add(self.connection)
            self.reads[f"<sql:connection:{self.connection}>"] = site
            self.inert.add(f"<sql:connection:{self.connection}>")
        if self.script.statements:
            self.reads[self.session] = site_at(self.script.source, self.script.statements[0].start)

    def _target(self, header: Header) -> None:
        if header.target and self.script.statements:
            site = site_at(self.script.source, header.target_start)
            self.writes[header.target] = site
            self.writes[f"sql:{header.target.lower()}"] = site

    def _statement(self, statement: Statement) -> None:
        source = self.script.source
        for parameter in statement.parameters:
            self.worked.update(parameter.names)
            for name in parameter.names:
                self.reads.setdefault(name, site_at(source, parameter.start))
        facts = self._analysed(statement)
        if facts.fault and self.problem is None:
            self.problem = Problem("sql-syntax", facts.fault[0], site=site_at(source, facts.fault[1]))
        if facts.opaque:
            self.opaque.append(Opaque(facts.opaque, site_at(source, facts.start)))
        if facts.session:
            self._advance_session(site_at(source, facts.start))
        read = self._read(facts)
        for relation in facts.mutates:
            self._mutate(relation)
        for relation in facts.drops:
            self._drop(relation, facts)
        for relation in facts.creates:
            self._create(relation, facts, read)

    def _analysed(self, statement: Statement) -> StatementFacts:
        """Without the connection at hand its dialect is a guess: accept what any likely one understands."""
        source = self.script.source
        facts = analyse_statement(source, statement, self.dialect)
        if self.connection and not self.script.header.dialect and (facts.fault or facts.opaque):
            for dialect in ("postgres", "sqlite", "spark"):
                other = analyse_statement(source, statement, dialect)
                if not (other.fault or other.opaque):
                    return other
        return facts

    def _advance_session(self, site: Site) -> None:
        self.reads.setdefault(self.session, site)
        self.mutates.setdefault(self.session, Mutation(site, "sure"))

    def _name(self, relation: Relation) -> str:
        return pseudo_name(relation.parts, relation.role, self.connection)

    def _namespaces(self, relation: Relation) -> list[str]:
        """The schema and database that a qualified name needs, but for the default ones."""
        prefixes = [relation.parts[:end] for end in range(1, len(relation.parts))]
        named = [parts for parts in prefixes if parts[-1].lower() not in _DEFAULT]
        return [pseudo_name(parts, "namespace", self.connection) for parts in named]

    def _site(self, relation: Relation) -> Site:
        return site_at(self.script.source, relation.offset)

    def _read(self, facts: StatementFacts) -> set[str]:
        """Note what the statement reads, and return the names."""
        names: dict[str, Site] = {}
        for relation in (*facts.reads, *facts.mutates):
            name, site = self._name(relation), self._site(relation)
            names.setdefault(name, site)
            if len(relation.parts) > 1 and relation.role == "table":
                names.update({space: site for space in self._namespaces(relation) if space not in names})
            elif relation.role == "table" and not self.connection and relation in facts.reads:
                python = relation.parts[0]
                if python.isidentifier() and name not in self.writes:
                    names.setdefault(python, site)
                    self.inert.add(python)
        for name, site in names.items():
            if name not in self.writes or name in self.maybe:
                self.reads.setdefault(name, site)
        return set(names)

    def _mutate(self, relation: Relation) -> None:
        name, site = self._name(relation), self._site(relation)
        self._effect(relation, site, temporary=False)
        if name not in self.writes or name in self.maybe:
            self.mutates.setdefault(name, Mutation(site, "sure"))

    def _drop(self, relation: Relation, facts: StatementFacts) -> None:
        name, site = self._name(relation), self._site(relation)
        self._effect(relation, site, temporary=False)
        if name not in self.writes and not facts.guarded:
            self.reads.setdefault(name, site)
        self.writes.pop(name, None)
        self.maybe.discard(name)
        self.deferred.pop(name, None)
        self.deletes[name] = site

    def _create(self, relation: Relation, facts: StatementFacts, read: set[str]) -> None:
        name, site = self._name(relation), self._site(relation)
        if facts.verb == "ATTACH":
            self.attached.add(relation.parts[0].lower())
        else:
            self._effect(relation, site, temporary=facts.temporary)
        for space in self._namespaces(relation):
            if space not in self.writes:
                self.reads.setdefault(space, site)
        absent = name not in self.writes and name not in self.deletes
        if absent and not facts.replaces:
            # Without OR REPLACE it matters whether the name is taken: by IF NOT EXISTS quietly, else by an error.
            self.reads.setdefault(name, site)
        if facts.guarded and absent:
            self.maybe.add(name)
        elif not facts.guarded:
            self.maybe.discard(name)
        self.deletes.pop(name, None)
        self.writes.setdefault(name, site)
        if facts.carries:
            self.deferred[name] = Deferred(reads=frozenset(read - {name}))

    def _effect(self, relation: Relation, site: Site, *, temporary: bool) -> None:
        """Mark data outside the notebook that the cell changes."""
        first = relation.parts[0].lower()
        attached = len(relation.parts) > 1 and (first in self.attached or len(relation.parts) > 2)
        if self.script.header.rerun:
            return
        if self.outside and not temporary:
            self.effects.setdefault(f"<sql:effect:{self.outside}>", site)
        elif attached and first not in _DEFAULT:
            self.effects.setdefault(f"<sql:effect:{first}>", site)
