"""Variables that DuckDB and polars look up by name for a query in a string."""

from __future__ import annotations

import pytest

from reactive_kernel.core.queried import tables_in
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
    assert set(tables_in(query)) == QUERIES[query]


IMPORT = "import duckdb, pandas as pd, polars as pl"
FRAME = "df = pd.DataFrame({'a': [1, 2]})"


def test_only_queries_that_are_run_here_count() -> None:
    notebook = Notebook(IMPORT, FRAME, "def f(): return duckdb.sql('from df')\ntext = 'select a from df'")
    notebook.all()
    assert "df<b" not in edges(notebook).get("c", "")


HELPER = "def ask(query, n=0): return duckdb.sql(query).fetchall()"
RUNS = {
    "the module": ("0", "print(duckdb.sql('select sum(a) from df').fetchall())"),
    "a connection": ("con = duckdb.connect()", "print(con.execute('select sum(a) from df').fetchall())"),
    "a chain": ("0", "print(duckdb.connect().sql('select sum(a) from df').fetchall())"),
    "a variable": ("0", "query = 'select sum(a) from df'\nprint(duckdb.sql(query).fetchall())"),
    "a variable of another cell": ("query = 'select sum(a) from df'", "print(duckdb.sql(query).fetchall())"),
    "filled in": ("n = 2", "print(duckdb.sql('select sum(a) * {} from df'.format(n)).fetchall())"),
    "a function": (HELPER, "print(ask('select sum(a) from df'))"),
    "a function by keyword": (HELPER, "print(ask(n=1, query='select sum(a) from df'))"),
    "a function and a variable": (HELPER + "\nquery = 'select sum(a) from df'", "print(ask(query))"),
    "a function with a connection": (
        "con = duckdb.connect()\ndef ask(query):\n    return con.sql(query).fetchall()",
        "print(ask('select sum(a) from df'))",
    ),
    "a function with the query": (
        "def ask():\n    return duckdb.sql('select sum(a) from df').fetchall()",
        "print(ask())",
    ),
}


@pytest.mark.parametrize(("connect", "query"), RUNS.values(), ids=RUNS)
def test_a_query_follows_the_frame(connect: str, query: str) -> None:
    notebook = Notebook(IMPORT, FRAME, connect, query)
    notebook.all()
    assert "df<b" in edges(notebook)["d"]
    again = "c" if connect.startswith("con =") else ""  # what a connection did can't be undone: it is made anew
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


def test_a_context_of_polars_follows_the_frame_and_what_is_registered() -> None:
    make = "fr = pl.DataFrame({'a': [1, 2]})"
    context = "ctx = pl.SQLContext(register_globals=True, eager=True)"
    notebook = Notebook(IMPORT, make, context, "print(ctx.execute('select sum(a) s from fr').item())")
    notebook.all()
    assert "d" in notebook.run("b", "fr = pl.DataFrame({'a': [3]})")
    notebook.check()
    notebook = Notebook(IMPORT, make, "ctx = pl.SQLContext()", "ctx.register('t', fr)", "print(ctx.tables())")
    notebook.all()
    assert notebook.run("d", "ctx.register('u', fr)") == "cde"
    notebook.check()
    notebook.delete("d")
    notebook.all()
    notebook.check()


def test_a_library_under_another_name() -> None:
    notebook = Notebook("import duckdb as dd, pandas as pd", FRAME, "con = dd.connect()", "print(con.sql('from df'))")
    notebook.all()
    assert "df<b" in edges(notebook)["d"]


LOCALS = {
    "in a function": ("0", "def f(d): return d.query('a > @lim')\nprint(f(df)['a'].tolist())"),
    "in a function of another cell": ("def f(d, c): return d.query(f'{c} > @lim')", "print(f(df, 'a')['a'].tolist())"),
    "in a variable of the function": (
        "def f(d):\n    rule = 'a > @lim'\n    return d.query(rule)",
        "print(f(df)['a'].tolist())",
    ),
    "in a variable": ("0", "rule = 'a > @lim'\nprint(df.query(rule)['a'].tolist())"),
    "in a variable of another cell": ("rule = 'a > @lim'", "print(df.query(rule)['a'].tolist())"),
    "put together": ("0", "print(df.query('a > @lim' + ' and a > 0')['a'].tolist())"),
    "handed to a function": ("def f(d, q): return d.query(q)", "print(f(df, 'a > @lim')['a'].tolist())"),
}


@pytest.mark.parametrize(("above", "query"), LOCALS.values(), ids=LOCALS)
def test_a_query_of_pandas_follows_the_variables_that_it_names(above: str, query: str) -> None:
    notebook = Notebook(IMPORT, "df = pd.DataFrame({'a': [1, 2, 3]})", "lim = 1", above, query)
    notebook.all()
    assert notebook.run("c", "lim = 2") == "ce"
    assert notebook.text("e") == "[3]"
    notebook.check()


def test_an_address_names_no_variable() -> None:
    notebook = Notebook("lim = 1", "mail = 'me@lim.org'", "print(mail, 'you@lim.org')")
    notebook.all()
    assert notebook.run("a", "lim = 2") == "a"
