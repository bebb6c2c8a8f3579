"""States of SQLite's connections and cursors: a small database in memory can be compared, and put back.

A connection has more than that, which can't be seen: functions and other settings.  A cell that names what sets them
counts as changing the connection, and what it changed is made again.  Counts of changes, and what an open transaction
began with, can't be put back: where some cell asks for them, nothing is.  `USES` knows the cells' texts.
"""

from __future__ import annotations

import gc
import re
import sys
import weakref
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from reactive_kernel.core.notebook import Cell
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.state import State, Tells

__all__ = ["USES", "connection_state", "cursor_state", "in_a_connection", "in_a_cursor"]

MAX_IMAGE = 1 << 20  # bytes
# Bytes at the head of a database that say how often it was written, and by whom.
COUNTS = (slice(0, 24), slice(28, 40), slice(44, 92))
DONE = (0, 101)  # of a step of a copy: it went well, or was the last
LEGACY = -1  # `sqlite3.LEGACY_TRANSACTION_CONTROL`: transactions are begun as they have always been

_LIBRARIES = "sqlalchemy|sqlmodel|sqlite_utils|peewee|dataset|pony|ibis|petl|aiosqlite"
_SEEN = "foreign_keys|user_version|application_id|table_x?info|table_list|index_list|index_info|foreign_key_list"
_WORDS = {
    # Sets what isn't in the database, nor among the settings that are looked at.
    "sets": rf"pragma(?!\W+(?:{_SEEN})\b)|attach|detach|load_extension|setlimit|setconfig|blobopen|deserialize"
    r"|create_(?:function|aggregate|collation|window_function)|temp(?:orary)?\s+(?:table|view|trigger)|autocommit",
    "watches": r"set_(?:authorizer|trace_callback|progress_handler)",  # is told what is done to a connection
    # Sees what was done to a connection, or does more with it than can be seen.
    "never": r"total_changes|changes\s*\(|last_insert_rowid"
    rf"|lastrowid|virtual\s+table|%sql|(?:import|from)\b[^\n]*\b(?:{_LIBRARIES})\b",
    "asks": r"rowcount|description",  # how a cursor's last statement went
    "undoes": r"rollback|savepoint",
    "guards": r"with\s+[\w.\[\]'\"]+\s*(?:as\s+\w+\s*)?[:,]|with\s[^\n]*,\s*[\w.]+\s*:|read_sql\w*|to_sql",
    "catches": r"try\s*:|suppress",
}
_WORD = re.compile("|".join(rf"(?P<{kind}>(?<!\w)(?:{words}))" for kind, words in _WORDS.items()), re.IGNORECASE)


class Uses:
    """What the notebook's cells do with connections, as far as their texts show it.

    ``running``: the texts of the cell that runs, and of code that it can call.  ``told``: ids of connections and
    cursors that were taken to hold nothing but what can be seen.
    """

    def __init__(self) -> None:
        self.cells: Iterable[Cell] = ()
        self.running: tuple[str, ...] = ()
        self.told: set[int] = set()
        self._known: frozenset[str] = frozenset()

    def named(self) -> frozenset[str]:
        """The kinds of words that are found in cells, and in modules of the user's."""
        found = frozenset().union(*(_kinds(cell.source) for cell in self.cells), *map(_kinds, LOCAL.texts()))
        if "watches" in found or any(cell.language == "sql" for cell in self.cells):
            found |= {"never"}
        # An error ends a transaction only where somebody catches it.
        return found - ({"sets"} if {"guards", "catches"} <= found else {"sets", "guards"})

    def sets(self) -> bool:
        """True if the cell that runs may set what can't be seen."""
        return any("sets" in _kinds(text) for text in (*self.running, *LOCAL.texts()))

    def noted(self, value: Any) -> frozenset[str]:
        """What is named, where a state is taken of an object on the strength of it."""
        self._known = self.named()
        self.told.add(id(value))
        return self._known

    def spoilt(self) -> set[int]:
        """Objects taken for what they may not be, as cells have come to name more; each only once."""
        if not self.told or (now := self.named()) - {"catches"} <= self._known:
            return set()
        self._known, self.told, spoilt = now, set(), self.told
        return spoilt


USES = Uses()


@lru_cache(maxsize=4096)
def _kinds(text: str) -> frozenset[str]:
    return frozenset(found.lastgroup or "" for found in _WORD.finditer(text))


class _Database(State):
    """A database in memory, whether a transaction is open, and how the connection is set."""

    __slots__ = ("image", "open", "settings")

    def __init__(self, connection: Any, image: bytes) -> None:
        self.image, self.open, self.size = image, connection.in_transaction, len(image)
        self.settings = _settings(connection)

    def changed(self, now: Any) -> bool:
        if now.in_transaction != self.open or not _same(_settings(now), self.settings):
            return True
        image = _image(now)
        return image is None or not _same_image(image, self.image)

    def restore(self, target: Any) -> None:
        if USES.sets() or not _can_put_back(USES.named(), self.open) or _at_work(target):
            raise ValueError("the connection can't be put back")
        if target.in_transaction:
            target.rollback()
        target.isolation_level, target.row_factory, target.text_factory, constraints = self.settings
        source = sys.modules["sqlite3"].connect(":memory:")
        try:
            if self.image:
                source.deserialize(self.image)
            source.backup(target, progress=_never_wait)
        finally:
            source.close()
        _ask(target, f"PRAGMA foreign_keys = {constraints}")
        if self.open:
            _ask(target, "BEGIN")


def connection_state(value: Any) -> tuple[State | None, Tells]:
    """State of a connection to a small database in memory; of others nothing can be told."""
    named, sqlite3 = USES.noted(value), sys.modules["sqlite3"]
    try:
        value.total_changes  # noqa: B018 - a closed connection answers nothing
    except sqlite3.ProgrammingError:
        return State(lambda now: False, None), "whole"
    plain = type(value) is sqlite3.Connection and any(value.text_factory is kind for kind in (str, bytes, bytearray))
    if "watches" in named or USES.sets() or not plain or getattr(value, "autocommit", LEGACY) != LEGACY:
        return None, "partly"
    try:
        image = _image(value)
    except sqlite3.Error:  # such as one of another thread
        return None, "partly"
    if image is None:
        return None, "partly"
    state, counted = _Database(value, image), value.total_changes
    if "never" in named:
        return State(lambda now: state.changed(now) or now.total_changes != counted, None, state.size), "whole"
    return (state if _can_put_back(named, state.open) else State(state.changed, None, state.size)), "whole"


def _can_put_back(named: frozenset[str], transaction: bool) -> bool:
    """What an open transaction began with can't be seen: it mustn't be asked for."""
    return "never" not in named and not (transaction and not named.isdisjoint(("undoes", "guards")))


def _ask(connection: Any, question: str) -> list[Any]:
    """A cursor of our own: `Connection.cursor` and its row factory may be the user's."""
    found: list[Any] = sys.modules["sqlite3"].Cursor(connection).execute(question).fetchall()
    return found


def _image(connection: Any) -> bytes | None:
    """The database; None if it isn't in memory, not alone, or too large."""
    files = _ask(connection, "PRAGMA database_list")
    if len(files) != 1 or files[0][2]:
        return None
    (((pages,),), ((size,),)) = (_ask(connection, f"PRAGMA page_{part}") for part in ("count", "size"))
    if pages * size > MAX_IMAGE:
        return None
    return bytes(connection.serialize()) if pages else b""


def _same_image(one: bytes, other: bytes) -> bool:
    if _is_empty(one) or _is_empty(other):
        return _is_empty(one) and _is_empty(other)
    same = len(one) == len(other) and all(one[part] == other[part] for part in COUNTS)
    return same and memoryview(one)[100:] == memoryview(other)[100:]


def _is_empty(image: bytes) -> bool:
    """True if there is nothing in a database: no page, or one with no table on it."""
    return not image or (len(image) == int.from_bytes(image[16:18], "big") and image[103:105] == b"\0\0")


def _settings(connection: Any) -> tuple[Any, ...]:
    (constraints,) = _ask(connection, "PRAGMA foreign_keys")[0]
    return (connection.isolation_level, connection.row_factory, connection.text_factory, constraints)


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(a is b or (type(a) in (str, int) and a == b) for a, b in zip(one, other, strict=True))


def _never_wait(status: int, left: int, pages: int) -> None:
    if status not in DONE:
        raise ValueError("the database is in use")


def _at_work(connection: Any) -> bool:
    """True if a cursor of the connection is in the middle of its rows: nothing may be put back under it."""
    kept = [item for item in gc.get_referents(connection) if type(item) is list]  # its cursors, and its blobs
    found = [item() for items in kept for item in items if type(item) is weakref.ref]
    return not kept or any(_is_busy(item) for item in found if item is not None)


def _is_busy(cursor: Any) -> bool:
    """True if a cursor may have rows to give: its last statement gives some, and has not come to its end."""
    return cursor.description is not None and any(
        type(item).__name__ == "Statement" for item in gc.get_referents(cursor)
    )


class _Idle(State):
    """A cursor that has no rows to give."""

    __slots__ = ("held",)

    def __init__(self, cursor: Any) -> None:
        self.held, self.size = (cursor.row_factory, cursor.arraysize), 0

    def changed(self, now: Any) -> bool:
        return _is_busy(now) or _is_closed(now) or not _same((now.row_factory, now.arraysize), self.held)

    def restore(self, target: Any) -> None:
        if _is_closed(target):
            raise ValueError("the cursor is closed")
        if _is_busy(target):
            target.execute("")
            target.fetchall()
        target.row_factory, target.arraysize = self.held


def cursor_state(value: Any) -> tuple[State | None, Tells]:
    """State of a cursor without rows to give; one that has some can only be consumed."""
    named, sqlite3 = USES.noted(value), sys.modules["sqlite3"]
    if "never" in named or type(value) is not sqlite3.Cursor or _is_busy(value):
        return None, "iterator"
    try:
        closed = _is_closed(value)
    except sqlite3.Error:  # such as one of another thread
        return None, "iterator"
    if closed:
        return State(lambda now: False, None), "whole"
    idle = _Idle(value)
    if "asks" not in named:
        return idle, "whole"
    told = (value.rowcount, value.description)
    return State(lambda now: idle.changed(now) or (now.rowcount, now.description) != told, None), "whole"


def _is_closed(cursor: Any) -> bool:
    """Asked of an idle cursor, which has no row to give."""
    if _is_busy(cursor):
        return False
    try:
        cursor.fetchone()
    except sys.modules["sqlite3"].ProgrammingError as error:
        if "closed" not in str(error):
            raise
        return True
    return False


def in_a_connection(value: Any) -> list[Any]:
    """What is inside a connection: not its cursors, nor what it remembers of statements."""
    return [value.row_factory, value.text_factory]


def in_a_cursor(value: Any) -> list[Any]:
    """What is inside a cursor."""
    return [value.connection, value.row_factory]
