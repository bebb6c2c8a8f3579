"""What SQL cells made: the bookkeeping that lets the executor keep its promise for tables too.

Decides which relations a run created, changed and read (by pseudo-name) and how to drop what a cell made.
Never knows cells or the graph, and never touches what it did not see being made in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reactive_kernel.core.sql import pseudo_name
from reactive_kernel.core.sql_statements import Relation, StatementFacts
from reactive_kernel.kernel.sql.adapters import Adapter
from reactive_kernel.kernel.sql.duckdb_engine import DuckDB

__all__ = ["SqlRun", "drop", "existing", "last_run", "note", "reset", "shadowed", "start_run", "view_reads"]


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


@dataclass(slots=True)
class _State:
    created: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    effects: set[str] = field(default_factory=set)
    # pseudo-name -> how to drop it again
    made: dict[str, tuple[DuckDB, str]] = field(default_factory=dict)
    # view -> names that its readers read too
    views: dict[str, tuple[Relation, ...]] = field(default_factory=dict)


_state = _State()


def start_run() -> None:
    """Forget the last cell's run: another begins."""
    for names in (_state.created, _state.changed, _state.dropped, _state.read, _state.effects):
        names.clear()


def reset() -> None:
    """Forget everything (the session was closed)."""
    global _state
    _state = _State()


def last_run() -> SqlRun:
    """What the SQL of the last cell did; empty if it had none or failed."""
    return SqlRun(
        frozenset(_state.created),
        frozenset(_state.changed),
        frozenset(_state.dropped),
        frozenset(_state.read),
        frozenset(_state.effects),
    )


def drop(names: Iterable[str]) -> list[str]:
    """Drop the tables, views, macros, … of these pseudo-names that SQL cells made in memory; return which."""
    dropped = []
    for name in sorted(names):
        made = _state.made.pop(name, None)
        _state.views.pop(name, None)
        if made:
            engine, statement = made
            engine.execute(statement)
            dropped.append(name)
    return dropped


def view_reads(relations: Iterable[Relation]) -> list[Relation]:
    """What the views and macros among ``relations`` read in their turn."""
    found: list[Relation] = []
    waiting, seen = list(relations), set[str]()
    while waiting:
        relation = waiting.pop()
        name = pseudo_name(relation.parts, relation.role)
        if name not in seen:
            seen.add(name)
            inner = _state.views.get(name, ())
            found += inner
            waiting += inner
    return found


def note(facts: StatementFacts, engine: Adapter, connection: str | None, existed: Mapping[str, bool]) -> None:
    """Note what a statement that has just succeeded did.

    ``existed`` says of each ``IF NOT EXISTS`` name whether it was there before.
    """

    def named(relation: Relation) -> str:
        return pseudo_name(relation.parts, relation.role, connection)

    _state.read |= {named(relation) for relation in facts.reads}
    _state.changed |= {named(relation) for relation in facts.mutates}
    for relation in facts.drops:
        name = named(relation)
        _state.dropped.add(name)
        _state.made.pop(name, None)
        _state.views.pop(name, None)
    for relation in facts.creates:
        if not existed.get(named(relation)):
            _created(relation, named(relation), facts, engine)
    for relation in (*facts.creates, *facts.mutates, *facts.drops):
        if effect := _effect(relation, facts, engine, connection):
            _state.effects.add(effect)


def _created(relation: Relation, name: str, facts: StatementFacts, engine: Adapter) -> None:
    _state.created.add(name)
    _state.dropped.discard(name)
    if facts.carries:
        _state.views[name] = (*facts.reads, *view_reads(facts.reads))
    if isinstance(engine, DuckDB) and (facts.verb == "ATTACH" or not _persistent(relation, facts, engine)):
        _state.made[name] = (engine, _drop_statement(relation, facts.verb))


def _drop_statement(relation: Relation, verb: str) -> str:
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in relation.parts)
    if verb == "ATTACH":
        return f"DETACH DATABASE IF EXISTS {quoted}"
    kind = verb.partition(" ")[2] or "TABLE"
    if kind in ("MACRO", "FUNCTION"):
        return f"DROP MACRO IF EXISTS {quoted}"
    return f"DROP {kind} IF EXISTS {quoted}{' CASCADE' if kind == 'SCHEMA' else ''}"


def _effect(relation: Relation, facts: StatementFacts, engine: Adapter, connection: str | None) -> str | None:
    if facts.verb in ("ATTACH", "DETACH") or facts.temporary:
        return None
    return (connection or relation.parts[0].lower()) if _persistent(relation, facts, engine) else None


def _persistent(relation: Relation, facts: StatementFacts, engine: Adapter) -> bool:
    if facts.temporary:
        return False
    database = None
    if isinstance(engine, DuckDB) and len(relation.parts) > 1 and relation.parts[0].lower() in engine.databases():
        database = relation.parts[0]
    return engine.persistent(database)


def existing(facts: StatementFacts, engine: Adapter, connection: str | None) -> dict[str, bool]:
    """Which names of a CREATE IF NOT EXISTS are there already."""
    if not (facts.guarded and facts.creates and isinstance(engine, DuckDB)):
        return {}
    known = {name.lower() for name in engine.names()}
    return {pseudo_name(r.parts, r.role, connection): r.parts[-1].lower() in known for r in facts.creates}


def shadowed(relations: Iterable[Relation], frames: Mapping[str, Any], engine: Adapter) -> list[str]:
    """Frames of the notebook that a table of the same name hides."""
    wanted = [r.parts[0] for r in relations if len(r.parts) == 1 and r.role == "table" and r.parts[0] in frames]
    if not wanted or not isinstance(engine, DuckDB):
        return []
    known = {name.lower() for name in engine.names()}
    return sorted({name for name in wanted if name.lower() in known})
