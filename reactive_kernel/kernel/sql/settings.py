"""Settings as a value: what SET, USE and PRAGMA changed, so that place and deletion count for them as for variables.

A `Settings` is bound in the namespace as ``<sql:session>``.  Before SQL runs, `leave` resets what the place in the
notebook does not see, and `enter` sets again what it does.  Decides how a setting is undone; what can't be undone
(LOAD, INSTALL, secrets) stays.  Never knows cells, nor other connections than DuckDB's.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping, MutableMapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from reactive_kernel.core.sql_text import Statement
from reactive_kernel.kernel.sql.duckdb_engine import DuckDB, named

__all__ = ["SESSION", "Settings", "Step", "bind", "default_of", "enter", "leave", "step_of"]

SESSION = "<sql:session>"
_SCOPES = ("GLOBAL", "SESSION", "LOCAL")
_PLACES = ("SCHEMA", "SEARCH_PATH")


class Step(NamedTuple):
    """One change of a setting: the statement that makes it, with its values, and the one that takes it back."""

    make: str
    values: Sequence[Any] | Mapping[str, Any]
    undo: str


class Settings:
    """Changes of settings in order, and the connection of cells that name none.

    Its details are kept beside it, see relations.Held.
    """

    __slots__ = ("__weakref__",)

    def __init__(self, steps: tuple[Step, ...], default: str | None) -> None:
        _details[self] = (steps, default)

    @property
    def steps(self) -> tuple[Step, ...]:
        return _details[self][0]

    @property
    def default(self) -> str | None:
        return _details[self][1]


_details: weakref.WeakKeyDictionary[Settings, tuple[tuple[Step, ...], str | None]] = weakref.WeakKeyDictionary()


def _seen(namespace: Mapping[str, Any]) -> Settings:
    value = namespace.get(SESSION)
    return value if isinstance(value, Settings) else Settings((), None)


def default_of(namespace: Mapping[str, Any]) -> str | None:
    """The connection that a cell made the default one (``--default``)."""
    return _seen(namespace).default


def bind(
    namespace: MutableMapping[str, Any], steps: tuple[Step, ...] | None = None, default: str | None = None
) -> None:
    """Bind what the settings are from here on; None: as they were."""
    now = _seen(namespace)
    namespace[SESSION] = Settings(now.steps if steps is None else steps, default or now.default)


def leave(engine: DuckDB, namespace: Mapping[str, Any]) -> tuple[Step, ...]:
    """Undo what the place does not see; return what is to be made then."""
    wanted = _seen(namespace).steps
    done = len(engine.applied)
    if wanted[:done] == engine.applied:
        return wanted[done:]
    for undo in dict.fromkeys(step.undo for step in engine.applied):
        with suppress(Exception):  # a setting without a default to go back to
            engine.execute(undo)
    engine.applied = ()
    return wanted


def enter(engine: DuckDB, steps: tuple[Step, ...]) -> None:
    """Make changes again that cells above have made."""
    for step in steps:
        engine.execute(step.make, step.values)
        engine.applied += (step,)


def step_of(statement: Statement, text: str, values: tuple[Any, ...], engine: DuckDB) -> Step | None:
    """What a statement that has just run changed; None if it can't be undone, or changes nothing."""
    words = [token.text.upper() for token in statement.tokens[:4]] + [""] * 4
    verb = words[0]
    if verb == "USE":
        return Step(text, named(values), engine.way_home())
    if verb == "PRAGMA":
        name = words[1].replace("DISABLE_", "ENABLE_")
        return Step(text, named(values), f"RESET {name}")
    if verb not in ("SET", "RESET"):
        return None
    if words[1] == "VARIABLE":
        return _variable(statement.tokens[2].text, engine)
    scope, name = (words[1], words[2]) if words[1] in _SCOPES else ("", words[1])
    if name in _PLACES:
        return Step(text, named(values), engine.way_home())
    return Step(text, named(values), f"RESET {'GLOBAL ' * (scope == 'GLOBAL')}{name}")


def _variable(name: str, engine: DuckDB) -> Step:
    """A variable is set again to the value that it had: what made it may give another by then."""
    plain = name.strip('"').replace('""', '"')
    undo = f"RESET VARIABLE {name}"
    rows = engine.execute("SELECT type FROM duckdb_variables() WHERE lower(name) = lower(?)", [plain])
    value = engine.execute("SELECT getvariable(?)", [plain])[0][0]
    if not rows or value is None:
        return Step(f"SET VARIABLE {name} = NULL" if rows else undo, (), undo)
    return Step(f"SET VARIABLE {name} = CAST(? AS {rows[0][0]})", (value,), undo)
