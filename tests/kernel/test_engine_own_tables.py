"""Tables in DuckDB's own connection: where `duckdb.sql("create table …")` stands they are there, and below."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from reactive_kernel.kernel.own_tables import get_duckdb, set_duckdb
from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")


@pytest.fixture(autouse=True)
def no_tables() -> Iterator[None]:
    kept = duckdb.default_connection()
    duckdb.set_default_connection(duckdb.connect())
    yield
    duckdb.default_connection().close()
    duckdb.set_default_connection(kept)


def check(notebook: Notebook) -> None:
    """Compare with a clean run, for which no table is there."""
    tables = get_duckdb()
    set_duckdb({})
    clean = notebook.clean()
    set_duckdb(tables)
    assert {cell: str(notebook.shown[cell]) for cell in clean} == {cell: str(shown) for cell, shown in clean.items()}
    assert not notebook.stale_cells


IMPORT = "import duckdb, pandas as pd"
CREATE = "duckdb.sql('create table t as select range x from range({})')"
COUNT = "print(duckdb.sql('from t select count(*), sum(x)').fetchall())"


def settled(*cells: str) -> Notebook:
    notebook = Notebook(IMPORT, *cells)
    notebook.all()
    check(notebook)
    return notebook


def test_a_table_made_anew_is_what_its_readers_read() -> None:
    notebook = settled(CREATE.format(3), COUNT, "print(duckdb.sql('select 1').fetchall())", "y = 2")
    assert notebook.run("b", CREATE.format(5)) == "bcd"
    check(notebook)
    assert notebook.text("c") == "[(5, 10)]"


def test_rows_put_in_by_a_cell_are_taken_back_when_it_changes() -> None:
    notebook = settled(CREATE.format(3), "duckdb.execute('insert into t values (70)')\n0", COUNT)
    assert notebook.run("c", "duckdb.execute('insert into t values (700)')\n0") == "cd"
    check(notebook)
    assert notebook.run("c", "duckdb.execute('insert into t values (700)')\n0") in ("c", "cd")
    check(notebook)
    notebook.delete("c")
    notebook.all()
    check(notebook)


def test_a_reader_above_a_change_sees_the_table_as_it_was_there() -> None:
    notebook = settled(
        CREATE.format(3), COUNT, "duckdb.sql('update t set x = x + 1')", COUNT, "duckdb.sql('drop table t')"
    )
    assert notebook.run("c", COUNT + "  # again") == "c"
    check(notebook)
    notebook.run("c", COUNT.replace("sum", "max"))
    check(notebook)
    assert get_duckdb() == {}


def test_a_table_made_by_a_function_is_seen_by_who_asks_through_one() -> None:
    ask = "def ask(q):\n    answer = duckdb.sql(q)\n    return answer and answer.fetchall()"
    notebook = settled(ask, "ask('create table t as select 4 x')", "print(ask('from t'))")
    assert notebook.run("c", "ask('create table t as select 5 x')") == "cd"
    check(notebook)


def test_a_view_and_a_relation_follow_the_table() -> None:
    view = "duckdb.sql('create view v as select x * 2 y from t')"
    notebook = settled(CREATE.format(3), view, "rel = duckdb.sql('from v')", "print(rel.fetchall())")
    notebook.run("b", CREATE.format(2))
    check(notebook)
    notebook.delete("c")
    notebook.run("b", CREATE.format(4))
    assert "Error" in notebook.text("d")


def test_a_failed_cell_leaves_no_table() -> None:
    notebook = settled(CREATE.format(3), COUNT)
    notebook.insert(2, "duckdb.sql('insert into t values (9)')\n1 / 0")
    notebook.all()
    assert set(get_duckdb()) == {'"memory"."main"."t"'}
    assert get_duckdb()['"memory"."main"."t"'].rows.num_rows == 3
    assert notebook.text("c") == "[(3, 3)]"


def test_queries_over_frames_alone_do_not_follow_each_other() -> None:
    ask = "print(duckdb.sql('select sum(a) from df').fetchall())"
    notebook = settled("df = pd.DataFrame({'a': [1, 2]})", ask, "k = 1", ask)
    assert notebook.run("c") == "c"
    assert notebook.run("b", "df = pd.DataFrame({'a': [1, 5]})") == "bce"
    check(notebook)


def test_what_the_connection_is_about_to_give_is_left_alone() -> None:
    notebook = Notebook(IMPORT, CREATE.format(3), "duckdb.execute('from t')\n0", "print(duckdb.fetchone())")
    notebook.all()
    assert notebook.text("d") == "(0,)"


def test_a_connection_that_is_closed_has_nothing_and_breaks_nothing() -> None:
    duckdb.default_connection().close()
    assert get_duckdb() == {}
    set_duckdb({})


def test_a_database_in_a_file_is_left_alone(tmp_path: Path) -> None:
    duckdb.default_connection().close()
    duckdb.set_default_connection(duckdb.connect(str(tmp_path / "shop.db")))
    duckdb.sql("create table t as select 1 x")
    assert get_duckdb() == {}
    set_duckdb({})
    assert duckdb.sql("from t").fetchall() == [(1,)]


def test_of_many_values_only_the_smaller_tables_are_kept() -> None:
    duckdb.sql("create table large as select range x from range(2000000)")
    duckdb.sql("create table small as select 1 x")
    tables = get_duckdb()
    assert [tables[f'"memory"."main"."{name}"'].rows is None for name in ("large", "small")] == [True, False]
    set_duckdb({})
    assert duckdb.sql("select count(*) from large").fetchall() == [(2000000,)]
