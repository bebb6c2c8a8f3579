"""SQLite's connections and cursors, passed from cell to cell: what is put back, what is told, what is made again."""

from __future__ import annotations

from pathlib import Path

import pytest

from reactive_kernel.kernel.modules import LOCAL
from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry", "no_modules")


@pytest.fixture
def no_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Local modules that other tests have met in this process, whose texts count as the notebook's, are not known."""
    monkeypatch.setattr(LOCAL, "_stamps", {})


CONNECT = "import sqlite3\ndb = sqlite3.connect(':memory:')"
CREATE = "_ = db.execute('create table t (a integer primary key, b text)')"
SHOW = "print(db.execute('select * from t').fetchall(), db.in_transaction)"


def insert(*texts: str, by: str = "db") -> str:
    return f"_ = {by}.executemany('insert into t (b) values (?)', {[(text,) for text in texts]})"


INSERT = insert("x")
MORE = insert("y", "z")


def written(*middle: str, show: str = SHOW) -> Notebook:
    notebook = Notebook(CONNECT, CREATE, *middle, show)
    assert notebook.all() == "abcdefghijklm"[: len(middle) + 3]
    notebook.check()
    return notebook


def test_a_query_changes_nothing() -> None:
    notebook = written(INSERT, "rows = db.execute('select b from t').fetchall()", MORE)
    assert notebook.entries()["d"]["mutates"] == []
    assert notebook.run("d", "rows = db.execute('select a from t').fetchall()") == "d"
    notebook.check()


@pytest.mark.parametrize("commit", ["", "\ndb.commit()"], ids=["in a transaction", "committed"])
def test_a_database_is_put_back(commit: str) -> None:
    notebook = written(INSERT + commit, "print(db.execute('select count(*) from t').fetchone())", MORE + commit)
    assert notebook.run("e", insert("q", "z") + commit) == "ef"
    notebook.check()
    assert notebook.run("c", insert(*["longer"] * 2000) + commit) == "cdef"
    notebook.check()
    assert notebook.run("d", "print(db.execute('select b from t').fetchall()[:1])") == "d"
    notebook.check()
    notebook.move("c", 4)
    notebook.all()
    notebook.check()
    assert notebook.log.count("a") == 1
    notebook.delete("b")
    notebook.all()
    assert notebook.fresh == "a"  # no table
    assert notebook.log.count("a") == 1


def test_statements_that_were_prepared_are_of_the_database_that_is() -> None:
    notebook = Notebook(CONNECT, CREATE, "print(db.execute('select * from u').fetchall())")
    assert notebook.all() == "abc!"
    notebook.run("b", "_ = db.execute('create table u (q, r)'), db.execute('insert into u values (1, 2)')")
    notebook.check()
    notebook.run("b", "_ = db.execute('create table u (s)'), db.execute('insert into u values (3)')")
    notebook.check()
    assert notebook.text("c") == "[(3,)]"
    assert notebook.log.count("a") == 1


def test_settings_are_put_back() -> None:
    notebook = written(
        INSERT,
        "db.row_factory = sqlite3.Row\ndb.isolation_level = None\n_ = db.execute('pragma foreign_keys = on')",
        "print(type(db.execute('select * from t').fetchone()), *db.execute('pragma foreign_keys').fetchone())",
    )
    notebook.run("c", insert("q"))
    notebook.check()
    notebook.edit("d", "1")
    notebook.stale()
    notebook.check()
    assert notebook.text("e") == "<class 'tuple'> 0"


def test_what_a_failing_cell_did_is_taken_back() -> None:
    notebook = written(INSERT)
    assert notebook.run("c", MORE + "\n_ = db.execute('insert into nowhere values (1)')") == "c!"
    assert notebook.run("c", INSERT) == "c"  # as it was
    notebook.check()


@pytest.mark.parametrize(
    "ask",
    [
        "db.rollback()\nprint(db.execute('select * from t').fetchall())",
        "try:\n    with db:\n        1 / 0\nexcept ZeroDivisionError:\n    print(*db.execute('select * from t'))",
        "print(db.total_changes)",
        "print(db.execute('select last_insert_rowid()').fetchone())",
        "print(db.execute('select changes()').fetchone())",
    ],
)
def test_what_cant_be_put_back_is_made_again_once_it_is_asked_for(ask: str) -> None:
    notebook = written(INSERT + "\ndb.commit()", MORE, MORE)
    notebook.run("d", insert("q", "z"))
    notebook.run("e", "_ = db.execute('delete from t where a > 1')")
    notebook.run("d", insert("r", "z"))
    notebook.check()
    notebook.edit("f", ask)
    notebook.all()
    notebook.check()
    notebook.run("d", insert("s", "z"))
    notebook.check()
    notebook.edit("f", SHOW)
    notebook.run("d", insert("t", "z"))
    notebook.stale()
    notebook.check()


@pytest.mark.parametrize("word", ["lastrowid", "rowcount", "description"])
def test_a_cursors_last_statement_counts_where_it_is_asked_for(word: str) -> None:
    notebook = written("c = db.cursor()", insert("y", "z", by="c"), "n = c.execute('select a, b from t').fetchall()")
    notebook.run("d", insert("q", "z", by="c"))
    notebook.check()
    notebook.insert(4, f"print(c.{word})")
    notebook.all()
    notebook.check()
    notebook.run("e", "n = c.execute('update t set b = 5 where a > 1').fetchall()")
    notebook.check()
    notebook.run("d", "_ = c.execute('select a from t').fetchall()")
    notebook.check()


def test_rows_that_a_cursor_has_left_can_only_be_taken() -> None:
    notebook = written(MORE, "c = db.execute('select b from t')", "print(next(c))", "print(c.fetchall())")
    assert notebook.run("f", "print(c.fetchmany(1))") == "def"
    notebook.check()
    assert notebook.run("c", insert("y", "q")) in ("cdefg", "abcdefg")
    notebook.check()
    notebook.insert(5, "print(c.fetchone())")
    notebook.all()
    notebook.check()


def test_an_idle_cursor_is_no_part_of_its_connection() -> None:
    notebook = written("c = db.cursor()", insert("x", by="c"), "rows = c.execute('select b from t').fetchall()")
    assert notebook.run("e", "rows = c.execute('select a from t').fetchall()") == "e"
    notebook.check()
    assert notebook.run("d", insert("q", by="c")) == "def"
    notebook.check()
    assert notebook.log.count("a") == notebook.log.count("c") == 1


def test_functions_made_for_a_connection_are_its_own() -> None:
    notebook = written(
        MORE,
        "db.create_function('twice', 1, lambda v: 2 * v)",
        "print(db.execute('select twice(a) from t').fetchall())",
        INSERT,
        "print(db.execute('select sum(twice(a)) from t').fetchall())",
    )
    assert notebook.run("f", insert("q")) == "fgh"
    notebook.check()
    assert notebook.run("e", "print(db.execute('select twice(b) from t').fetchall())") == "e"
    notebook.check()
    notebook.run("d", "db.create_function('twice', 1, lambda v: 3 * v)")
    notebook.check()
    notebook.run("c", insert("r", "z"))
    notebook.check()
    notebook.delete("d")
    notebook.all()
    assert notebook.shown["e"].error == notebook.clean()["e"].error


def test_a_connection_that_is_traced_is_left_alone() -> None:
    seen = "seen = []\ndb.set_trace_callback(seen.append)"
    notebook = written(seen, INSERT, "print(seen)")
    assert "insert" in notebook.text("e")
    assert "PRAGMA" not in notebook.text("e")


def test_what_helpers_do_counts_where_they_are_called() -> None:
    helper = "def undo():\n    db.{}()"
    notebook = Notebook(CONNECT, CREATE, helper.format("commit"), INSERT, MORE, "undo()", SHOW)
    notebook.all()
    notebook.check()
    notebook.run("e", insert("q", "z"))
    notebook.check()
    notebook.run("c", helper.format("rollback"))
    notebook.check()
    notebook.run("d", insert("q"))
    notebook.check()


INTO = "_ = db.execute('insert into t values (?)', ('{}',))\ndb.commit()"


def test_a_file_is_never_put_back(tmp_path: Path) -> None:
    connect = f"import sqlite3\ndb = sqlite3.connect({str(tmp_path / 'shop.db')!r})"
    notebook = Notebook(connect, "_ = db.execute('create table if not exists t (a)')", INTO.format("x"), SHOW)
    notebook.all()
    assert notebook.text("d") == "[('x',)] False"
    assert notebook.run("c", INTO.format("q")) == "abcd"
    assert notebook.text("d") == "[('x',), ('q',)] False"


def test_a_large_database_is_not_copied() -> None:
    fill = "_ = db.executemany('insert into t (b) values (?)', [('x' * 1000,)] * 2000)"
    notebook = Notebook(CONNECT, CREATE, fill, "n = db.execute('select count(*) from t').fetchone()", "print(n)")
    assert notebook.all() == "abcde"
    assert all(delta.size < 1 << 20 for delta in notebook.engine.executor.store.deltas.values())
    notebook.run("d", "n = db.execute('select max(a) from t').fetchone()")
    notebook.check()


def test_a_closed_connection_is_made_again() -> None:
    notebook = written(INSERT, SHOW, "db.close()", show="1")
    notebook.run("d", "print(db.execute('select b from t').fetchall())")
    notebook.check()
    assert notebook.run("f", "print('end')") == "f"
    notebook.check()


def test_a_connection_of_a_class_of_the_notebooks_cant_be_told() -> None:
    connect = "import sqlite3\nclass Own(sqlite3.Connection):\n    pass\ndb = sqlite3.connect(':memory:', factory=Own)"
    notebook = Notebook(connect, CREATE, INSERT, SHOW)
    notebook.all()
    notebook.check()
    notebook.run("c", MORE)
    notebook.check()


def test_what_a_module_that_the_last_cell_imports_asks_for_counts_in_the_same_cascade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rows_asked.py").write_text("def asked(cursor): return cursor.rowcount\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    notebook = Notebook(CONNECT, CREATE, INSERT, "import rows_asked")
    ran = notebook.all()
    assert ran.startswith("abcd")
    assert ran.endswith("abc")  # made anew, for what was seen of it isn't all any more
    assert all(entry["fresh"] for entry in notebook.entries().values())
    notebook.check()


def test_what_cannot_be_put_back_is_not_exchanged_for_what_can() -> None:
    # Of an open transaction nothing can be told where blocks with a guard, and caught errors, may end it.
    guards = (
        "import threading\nlock = threading.Lock()\ntry:\n    with lock:\n        k = 1\nexcept OSError:\n    k = 2"
    )
    notebook = Notebook(CONNECT, "print('here')", CREATE, INSERT, guards, SHOW)
    assert notebook.all() == "abcdef"
    written = list(notebook.namespace["db"].iterdump())
    assert notebook.run("b") == "b"
    assert list(notebook.namespace["db"].iterdump()) == written
    notebook.check()
