"""Relations as values: what lets tables obey the same rules as the notebook's variables.

A `Held` stands for one version of a table (view, macro, …) and is bound in the namespace under its pseudo-name
(``sql:users``).  Before SQL runs, `Shelf.sync` makes the catalog what the namespace says: relations that the place
in the notebook does not see are put aside under another name, those that it sees come back.  So going back to an
earlier version, deleting a cell or running a CREATE again needs nothing of the executor but setting names.

A change in place (INSERT, DROP, …) uses up the version that it found: that `Held` is *spent*, and its producer has to
run again if someone needs it.  Decides nothing about cells; touches only what it saw being made in memory.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from reactive_kernel.core.sql_words import Relation
from reactive_kernel.kernel.sql.duckdb_engine import DuckDB
from reactive_kernel.kernel.sql.values import frame_kind

__all__ = ["Body", "Held", "Shelf"]

PREFIX = "sql:"
# In this order they can be put aside: what depends on another comes first.
_ORDER = ("INDEX", "VIEW", "MACRO", "FUNCTION", "TABLE", "SEQUENCE", "TYPE", "SCHEMA", "ATTACH")


@dataclass(slots=True, weakref_slot=True, eq=False)
class Body:
    """The thing in the catalog itself.

    ``place`` is its qualified name now, ``home`` the one that it has when it is visible; ``make`` is the statement
    that makes it again, for what has no data of its own.  ``reads``: what those read who read a view.  Without an
    engine it is outside the notebook.
    """

    kind: str
    home: tuple[str, ...]
    engine: DuckDB | None
    make: tuple[str, tuple[Any, ...]] = ("", ())
    reads: tuple[Relation, ...] = ()
    place: list[str] = field(default_factory=list)
    version: int = 0
    dead: bool = False


class Held:
    """One version of a relation.

    It has no attributes: what it stands for is kept beside it, so that whoever compares or restores the
    states of Python objects finds nothing in it that could change.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, body: Body) -> None:
        _versions[self] = (body, body.version)

    @property
    def body(self) -> Body:
        return _versions[self][0]

    @property
    def spent(self) -> bool:
        """Whether the version is gone: a later statement changed or dropped it."""
        body, version = _versions[self]
        return body.dead or version != body.version

    def __repr__(self) -> str:
        return f"<{self.body.kind.lower()} {'.'.join(self.body.home)}>"


_versions: weakref.WeakKeyDictionary[Held, tuple[Body, int]] = weakref.WeakKeyDictionary()


class Shelf:
    """What is visible in the catalog, and what is put aside."""

    def __init__(self) -> None:
        self.visible: dict[str, Held] = {}
        self._garbage: deque[tuple[DuckDB, str, list[str]]] = deque()
        self._bodies: weakref.WeakSet[Body] = weakref.WeakSet()
        self._aside = 0
        self._spent: list[Held] = []

    def take_spent(self) -> list[Held]:
        """The versions that were used up since last asked."""
        spent, self._spent = self._spent, []
        return spent

    def sync(self, namespace: MutableMapping[str, Any]) -> None:
        """Make the catalog what the namespace says."""
        wanted = {n: v for n, v in namespace.items() if n.startswith(PREFIX) and isinstance(v, Held) and not v.spent}
        leaving = [(n, held) for n, held in self.visible.items() if wanted.get(n) is not held]
        coming = [(n, held) for n, held in wanted.items() if self.visible.get(n) is not held]
        moved = [body.engine for _, held in (*leaving, *coming) if (body := held.body).engine and body.engine.moved]
        engine = moved[0] if moved else None
        if engine is None:
            self._exchange(leaving, coming, wanted, namespace)
        else:
            # Names were made where unqualified ones meant the first schema.
            with engine.at_home():
                self._exchange(leaving, coming, wanted, namespace)
        # The last references of what was put aside may just have gone.
        del leaving, coming
        self._sweep()

    def _exchange(
        self,
        leaving: list[tuple[str, Held]],
        coming: list[tuple[str, Held]],
        wanted: dict[str, Held],
        namespace: Mapping[str, Any],
    ) -> None:
        schemas = {name: held.body for name, held in coming if held.body.kind == "SCHEMA" and not held.body.place}
        for name, held in sorted(leaving, key=lambda item: _rank(item[1])):
            del self.visible[name]
            if name in schemas and held.body.place:  # what is in it stays
                schemas[name].place[:], held.body.place[:] = held.body.place, []
            elif not any(held.body is other.body for other in wanted.values()):
                self._put_aside(held.body)
        for name, held in sorted(coming, key=lambda item: -_rank(item[1])):
            if self._bring_back(held.body, namespace):
                self.visible[name] = held

    def made(self, name: str, body: Body) -> Held:
        """Note a relation that a statement has just made."""
        old = self.visible.pop(name, None)
        if old is not None and old.body is not body:
            self._kill(old.body)
        body.place = [*body.home]
        weakref.finalize(body, _forget, self._garbage, body.engine, body.kind, body.place)
        self._bodies.add(body)
        held = Held(body)
        self.visible[name] = held
        return held

    def changed(self, name: str, held: Held) -> Held:
        """Note a change in place: the new version; the old one is spent.

        What is outside the notebook has no versions to go back to: nothing is run again to get an old one.
        """
        if held.body.engine is None:
            return Held(Body(held.body.kind, held.body.home, None))
        self._spent.append(held)
        held.body.version += 1
        new = Held(held.body)
        if name in self.visible:
            self.visible[name] = new
        return new

    def dropped(self, name: str) -> None:
        """Note that a statement has dropped a relation."""
        old = self.visible.pop(name, None)
        if old is not None:
            self._kill(old.body)

    def _kill(self, body: Body) -> None:
        if body.engine is None:
            return
        self._spent.append(Held(body))
        body.dead = True
        body.place.clear()

    def _put_aside(self, body: Body) -> None:
        engine = body.engine
        if engine is None or not body.place:
            return
        if body.kind in ("TABLE", "VIEW"):
            self._aside += 1
            name = f"__rk_aside_{self._aside}"
            try:
                engine.execute(f"ALTER {body.kind} {_quoted(body.place)} RENAME TO {_quoted([name])}")
            except Exception:
                # Another table refers to it: it can't be renamed, so this version is given up.
                self._drop(body)
                return
            body.place[-1] = name
            return
        self._drop(body)

    def _drop(self, body: Body) -> None:
        assert body.engine is not None
        self._drop_there(body.engine, body.kind, body.place)
        for other in [*self._bodies] if body.kind == "SCHEMA" else ():
            if other.engine is body.engine and other.place[:-1][-1:] == body.place[-1:]:
                self._kill(other)
        if not body.make[0]:
            self._kill(body)
        body.place.clear()

    def _drop_there(self, engine: DuckDB, kind: str, place: list[str]) -> None:
        """Drop what is at a place, and before it what can't be without it: these versions are given up."""
        try:
            engine.execute(_drop_statement(kind, place))
        except Exception:
            for table in engine.referring(place[-1]) if kind == "TABLE" else ():
                self._drop_there(engine, "TABLE", [*table])
            engine.execute(_drop_statement(kind, place, "CASCADE"))
            left = {name.lower() for name in engine.names(aside=True)}
            for body in [*self._bodies]:
                alike = body.engine is engine and body.kind in ("TABLE", "VIEW") and body.place
                if alike and body.place is not place and body.place[-1].lower() not in left:
                    self._kill(body)

    def _bring_back(self, body: Body, namespace: Mapping[str, Any]) -> bool:
        """Give a relation its name again; False if it can't be made, because what it reads is not there."""
        engine = body.engine
        if engine is None or body.place == [*body.home]:
            return True
        if not body.place:
            try:
                engine.make_again(*body.make, {n: v for n, v in namespace.items() if frame_kind(v)})
            except Exception:
                return False
            body.place[:] = body.home
            return True
        engine.execute(f"ALTER {body.kind} {_quoted(body.place)} RENAME TO {_quoted(body.home[-1:])}")
        body.place[-1] = body.home[-1]
        return True

    def _sweep(self) -> None:
        while self._garbage:
            engine, kind, place = self._garbage.popleft()
            if place:
                self._drop_there(engine, kind, place)


def _forget(garbage: deque[tuple[DuckDB, str, list[str]]], engine: DuckDB | None, kind: str, place: list[str]) -> None:
    if engine is not None and place:
        garbage.append((engine, kind, place))


def _rank(held: Held) -> int:
    return _ORDER.index(held.body.kind) if held.body.kind in _ORDER else 0


def _quoted(parts: list[str] | tuple[str, ...]) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def _drop_statement(kind: str, place: list[str], how: str = "") -> str:
    name = _quoted(place)
    if kind == "ATTACH":
        return f"DETACH DATABASE IF EXISTS {name}"
    kind = "MACRO" if kind == "FUNCTION" else kind
    return f"DROP {kind} IF EXISTS {name} {'CASCADE' if kind == 'SCHEMA' else how}"
