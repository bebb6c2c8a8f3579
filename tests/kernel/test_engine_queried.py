"""Variables that DuckDB and polars look up by name for a query in a string."""

from __future__ import annotations

import pytest

from reactive_kernel.core.queried import _queries
from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges

QUERIES = {
    "select sum(a) from df": {"df"},
    "create table t as select * from df": {"df"},
    "from df select a": {"df"},
    "SELECT a FROM df AS d JOIN other o ON o.k = d.k, (select * from inside) q WHERE x in (select y from z)": {
        "df", "other", "inside", "z",
    },
    "select * from main.tab, df as d, \"e\"": {"df", "e"},
    "from df left join g using (k)": {"df", "g"},
    "select * from read_csv('a.csv'), df": set(),
    "select a from 'x.csv'": set(),
}  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_tables_of_a_query(query: str) -> None:
    assert _queries(f"con.sql({query!r})") == {"con": QUERIES[query]}


def test_only_queries_that_are_run_here_count() -> None:
    assert _queries("def f(): return con.sql('from df')\ntext = 'select a from df'") == {}


IMPORT = "import duckdb, pandas as pd, polars as pl"
FRAME = "df = pd.DataFrame({'a': [1, 2]})"
RUNS = {
    "the module": ("0", "print(duckdb.sql('select sum(a) from df').fetchall())"),
    "a connection": ("con = duckdb.connect()", "print(con.execute('select sum(a) from df').fetchall())"),
    "a chain": ("0", "print(duckdb.connect().sql('select sum(a) from df').fetchall())"),
}


@pytest.mark.parametrize(("connect", "query"), RUNS.values(), ids=RUNS)
def test_a_query_follows_the_frame(connect: str, query: str) -> None:
    notebook = Notebook(IMPORT, FRAME, connect, query)
    notebook.all()
    assert "df<b" in edges(notebook)["d"]
    again = "c" if "con =" in connect else ""  # what a connection did can't be undone: it is made anew
    assert notebook.run("b", FRAME.replace("2", "7")) == f"b{again}d"
    notebook.check()
    cell = notebook.insert(2, "df['a'] += 1")
    assert notebook.run(cell) == f"e{again}d"
    notebook.check()


def test_a_query_of_polars_follows_the_frame() -> None:
    notebook = Notebook(IMPORT, "fr = pl.DataFrame({'a': [1, 2]})", "print(pl.sql('select a from fr').collect())")
    notebook.all()
    assert notebook.run("b", "fr = pl.DataFrame({'a': [3]})") == "bc"
    notebook.check()


def test_a_table_of_another_database_is_no_variable() -> None:
    make = "import sqlite3\ncon = sqlite3.connect(':memory:')\n_ = con.execute('create table df (a)')"
    notebook = Notebook("df = [1]", make, "print(con.execute('select count(*) from df').fetchall())")
    notebook.all()
    assert edges(notebook)["c"] == "con<b"
    notebook.check()
