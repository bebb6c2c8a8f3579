"""What SQL cells made and changed: the bookkeeping between statements, the namespace and the executor.

Decides which relations a run created, changed and read (by pseudo-name), and binds them in the namespace so that the
notebook's rules hold for tables too (relations.py).  Never knows cells or the graph.

The executor needs: `take_spent` after each run (versions that are used up), and `last_run` for effects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from reactive_kernel.core.sql import pseudo_name
from reactive_kernel.core.sql_words import Relation, StatementFacts
from reactive_kernel.kernel.sql import settings
from reactive_kernel.kernel.sql.adapters import Adapter
from reactive_kernel.kernel.sql.duckdb_engine import DuckDB
from reactive_kernel.kernel.sql.relations import Body, Held, Shelf

__all__ = [
    "Done",
    "SqlRun",
    "existing",
    "last_run",
    "note",
    "reset",
    "shadowed",
    "start_run",
    "sync",
    "take_spent",
    "view_reads",
]

Namespace = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class SqlRun:
    """What the SQL of the last cell did, by pseudo-name.

    ``effect`` is true when it changed data that outlives the kernel (a file, another server): such a cell
    is not run again by a cascade without the user's word; ``effects`` names the connections or databases.
    """

    created: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    effects: frozenset[str] = frozenset()

    @property
    def effect(self) -> bool:
        return bool(self.effects)


@dataclass(frozen=True, slots=True)
class Done:
    """A statement that succeeded: its text as it ran, and which IF NOT EXISTS names were there before."""

    facts: StatementFacts
    text: str
    values: tuple[Any, ...]
    existed: frozenset[str]


@dataclass(slots=True)
class _State:
    created: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    effects: set[str] = field(default_factory=set)
    shelf: Shelf = field(default_factory=Shelf)
    # view -> relations that its readers read too, where no namespace says which view it is
    views: dict[str, tuple[Relation, ...]] = field(default_factory=dict)


_state = _State()


def start_run() -> None:
    """Forget the last cell's run: another begins."""
    for names in (_state.created, _state.changed, _state.dropped, _state.read, _state.effects):
        names.clear()


def reset() -> None:
    """Forget everything (the connections were closed)."""
    global _state
    _state = _State()


def last_run() -> SqlRun:
    """What the SQL of the last cell did; empty if it had none or failed."""
    names = (_state.created, _state.changed, _state.dropped, _state.read, _state.effects)
    return SqlRun(*map(frozenset, names))


def take_spent() -> list[Held]:
    """The versions of relations that were used up since last asked."""
    return _state.shelf.take_spent()


def sync(namespace: Namespace, session: Adapter | None = None) -> None:
    """Make the catalog, and the settings of the session about to be used, what the namespace says."""
    if not isinstance(session, DuckDB):
        _state.shelf.sync(namespace)
        return
    steps = settings.leave(session, namespace)
    _state.shelf.sync(namespace)
    settings.enter(session, steps)


def view_reads(relations: Iterable[Relation], namespace: Mapping[str, Any] | None) -> list[Relation]:
    """What the views and macros among ``relations`` that the namespace has read in their turn."""
    found: list[Relation] = []
    waiting, seen = list(relations), set[str]()
    while waiting:
        relation = waiting.pop()
        name = pseudo_name(relation.parts, relation.role)
        if name not in seen:
            seen.add(name)
            held = namespace.get(name) if namespace is not None else None
            inner = held.body.reads if isinstance(held, Held) else _state.views.get(name, ())
            found += inner
            waiting += inner
    return found


def note(
    done: Done,
    engine: Adapter,
    connection: str | None,
    namespace: Namespace | None,
    allowed: bool = False,
    place: str = "default",
) -> None:
    """Note what a statement did, and bind its relations in the namespace (None: in a shell without a graph).

    ``allowed``: the user lets cascades repeat its changes outside; ``place``: the connection's own name.
    """
    facts = done.facts

    def named(relation: Relation) -> str:
        return pseudo_name(relation.parts, relation.role, connection)

    _state.read |= {named(relation) for relation in facts.reads}
    for relation in facts.drops:
        _state.dropped.add(named(relation))
        _state.views.pop(named(relation), None)
        if namespace is not None:
            _drop(named(relation), namespace)
    for relation in facts.mutates:
        _state.changed.add(named(relation))
        if namespace is not None:
            _change(named(relation), relation, namespace)
    for relation in facts.creates:
        if named(relation) not in done.existed:
            _create(relation, named(relation), done, engine, namespace)
    for relation in (*facts.creates, *facts.mutates, *facts.drops):
        if not allowed and _outlives(relation, facts, engine):
            _state.effects.add(connection or _database(relation, engine) or place)
    if facts.session and namespace is not None:
        if connection:
            namespace[f"<sql:session:{connection}>"] = Held(Body("SESSION", (), None))
        else:
            settings.bind(namespace, engine.applied if isinstance(engine, DuckDB) else ())


def _create(relation: Relation, name: str, done: Done, engine: Adapter, namespace: Namespace | None) -> None:
    facts = done.facts
    _state.created.add(name)
    _state.dropped.discard(name)
    reads = (*facts.reads, *view_reads(facts.reads, namespace)) if facts.carries else ()
    if reads:
        _state.views[name] = reads
    if namespace is None:
        return
    kind = "ATTACH" if facts.verb == "ATTACH" else facts.verb.partition(" ")[2] or "TABLE"
    own = isinstance(engine, DuckDB) and (kind == "ATTACH" or not _outlives(relation, facts, engine))
    home = _home(relation, engine) if isinstance(engine, DuckDB) and own else relation.parts
    # What has no data of its own is made again from its text; a view is renamed, as tables are.
    make = ("", ()) if kind in ("TABLE", "VIEW", "SEQUENCE") else (done.text, done.values)
    body = Body(kind, home, engine if own and isinstance(engine, DuckDB) else None, make, reads)
    namespace[name] = _state.shelf.made(name, body)


def _home(relation: Relation, engine: DuckDB) -> tuple[str, ...]:
    if len(relation.parts) > 1 or relation.role == "namespace" or not engine.moved:
        return relation.parts
    return (*engine.where(), *relation.parts)


def _change(name: str, relation: Relation, namespace: Namespace) -> None:
    held = namespace.get(name)
    if not isinstance(held, Held):
        # Nobody in the notebook made it: a stand-in, so that its readers depend on the change.
        held = Held(Body("TABLE", relation.parts, None))
    namespace[name] = _state.shelf.changed(name, held)


def _drop(name: str, namespace: Namespace) -> None:
    _state.shelf.dropped(name)
    namespace.pop(name, None)


def _outlives(relation: Relation, facts: StatementFacts, engine: Adapter) -> bool:
    """Whether the data outlives the kernel."""
    if facts.temporary or facts.verb in ("ATTACH", "DETACH"):
        return False
    return engine.persistent(_database(relation, engine))


def _database(relation: Relation, engine: Adapter) -> str | None:
    """The attached database that the relation's name begins with."""
    if isinstance(engine, DuckDB) and len(relation.parts) > 1 and relation.parts[0].lower() in engine.databases():
        return relation.parts[0].lower()
    return None


def existing(facts: StatementFacts, engine: Adapter, connection: str | None) -> frozenset[str]:
    """Which names of a CREATE IF NOT EXISTS are there already."""
    if not (facts.guarded and facts.creates and isinstance(engine, DuckDB)):
        return frozenset()
    known = {name.lower() for name in engine.names()}
    there = [r for r in facts.creates if r.parts[-1].lower() in known]
    return frozenset(pseudo_name(r.parts, r.role, connection) for r in there)


def shadowed(relations: Iterable[Relation], frames: Mapping[str, Any], engine: Adapter) -> list[str]:
    """Frames of the notebook that a table of the same name hides."""
    wanted = [r.parts[0] for r in relations if len(r.parts) == 1 and r.role == "table" and r.parts[0] in frames]
    if not wanted or not isinstance(engine, DuckDB):
        return []
    known = {name.lower() for name in engine.names()}
    return sorted({name for name in wanted if name.lower() in known})
