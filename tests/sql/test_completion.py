"""Completion, inspection and the schema view."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import polars as pl
import pytest

from reactive_kernel.kernel.sql import complete, connections, inspect, schema
from reactive_kernel.kernel.sql.running import busy
from tests.sql.conftest import Shell


@pytest.fixture
def db(ip: Shell) -> Shell:
    ip.run(
        '%%sql\nCREATE TABLE orders (order_id INT, amount DOUBLE, "odd name" TEXT);'
        "CREATE VIEW big_orders AS SELECT * FROM orders; CREATE SCHEMA sales; CREATE TABLE sales.items (sku TEXT)"
    )
    ip.names.update(users=pd.DataFrame({"user_id": [1], "name": ["Ann"]}), user_limit=3, df=pl.DataFrame({"x": [1]}))
    return ip


def matches(db: Shell, code: str) -> list[str]:
    """The matches at the mark ``|``."""
    cursor = code.index("|")
    reply = complete(code.replace("|", "", 1), cursor, db.names)
    assert reply["cursor_end"] == cursor
    start = reply["cursor_start"]
    assert all(item["start"] == start for item in reply["metadata"]["_jupyter_types_experimental"])
    return list(reply["matches"])


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("%%sql\nSELECT * FROM ord|", "orders"),
        ("%%sql\nSELECT * FROM big|", "big_orders"),
        ("%%sql\nSELECT * FROM |", "users"),
        ("%%sql\nSELECT * FROM sal|", "sales"),
        ("%%sql\nSELECT * FROM sales.|", "items"),
        ("%%sql\nSELECT am| FROM orders", "amount"),
        ("%%sql\nSELECT od| FROM orders", '"odd name"'),
        ("%%sql\nSELECT o.a| FROM orders AS o", "amount"),
        ("%%sql\nSELECT o.a| FROM orders o JOIN users u ON true", "amount"),
        ("%%sql\nSELECT u.n| FROM orders o JOIN users u ON true", "name"),
        ("%%sql\nSELECT i.| FROM sales.items i", "sku"),
        ("%%sql\nSELECT x| FROM df", "x"),
        ("%%sql\nSELECT * FROM orders WHERE order_|", "order_id"),
        ("%%sql\nSELECT 1; SELECT * FROM orders WHERE amo|", "amount"),
        ("%%sql\nSELECT array_ag| FROM orders", "array_agg"),
        ("%%sql\nSEL|", "SELECT"),
        ("%%sql\nSELECT * FROM users WHERE user_id = {user_|", "user_limit"),
        ("%%sql\nSELECT * FROM users WHERE user_id = {{ user_|", "user_limit"),
        ("%%sql\nSELECT * FROM users WHERE user_id = $user_|", "user_limit"),
        ("%%sql\nSELECT {{ users.sha|", "users.shape"),
        ("%%sql --l|", "--limit"),
        ("%%sql --on def|", "default"),
        ("%sql SELECT * FROM orde|", "orders"),
    ],
)
def test_what_fits_is_offered(db: Shell, code: str, wanted: str) -> None:
    assert wanted in matches(db, code)


def test_what_does_not_fit_is_not(db: Shell) -> None:
    assert "amount" not in matches(db, "%%sql\nSELECT am| FROM users")
    assert "orders" not in matches(db, "%%sql\nSELECT {{ or|")
    assert "users" not in matches(db, "%%sql\nSELECT o.| FROM orders o")
    assert not [m for m in matches(db, "%%sql\nSELECT * FROM |") if m.startswith("__rk")]


def test_types_are_told(db: Shell) -> None:
    reply = complete("%%sql\nSELECT am FROM orders", 15, db.names)
    assert reply["metadata"]["_jupyter_types_experimental"][0]["signature"] == "double, orders"


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("%%sql\nSELECT * FROM ord|ers", "orders: 3 columns\norder_id  integer\namount  double\nodd name  varchar"),
        ("%%sql\nSELECT * FROM us|ers", "user_id  int64"),
        ("%%sql\nSELECT amo|unt FROM orders", "orders.amount: double"),
        ("%%sql\nSELECT o.amo|unt FROM orders o", "orders.amount: double"),
        ("%%sql\nSELECT so|undex FROM orders", ""),
        ("%%sql\nSELECT array_a|gg(x)", "array_agg("),
        ("%%sql\nSELECT {user_l|imit}", "user_limit: int = 3"),
    ],
)
def test_inspection(db: Shell, code: str, wanted: str) -> None:
    reply = inspect(code.replace("|", "", 1), code.index("|"), db.names)
    assert wanted in reply["data"].get("text/plain", "")
    assert reply["found"] == bool(wanted)


def test_who_asks_from_another_thread_stands_back_while_a_cell_runs(db: Shell) -> None:
    with busy, ThreadPoolExecutor() as pool:
        assert pool.submit(matches, db, "%%sql\nSELECT * FROM |").result() == ["df", "users"]
        with pytest.raises(ValueError, match="is running"):
            pool.submit(schema, ["default", "main"], db.names).result()


def test_the_schema_view(db: Shell) -> None:
    assert {"name": "default", "kind": "connection", "dialect": "duckdb"} in schema([])["items"]
    level = schema(["default"], db.names)["items"]
    assert [item["name"] for item in level] == ["main", "sales", "frames"]
    level = schema(["default", "main"], db.names)["items"]
    assert level == [{"name": "big_orders", "kind": "view"}, {"name": "orders", "kind": "table"}]
    level = schema(["default", "main", "orders"], db.names)["items"]
    assert level[1] == {"name": "amount", "kind": "column", "type": "double"}
    assert {"name": "users", "kind": "frame"} in schema(["default", "frames"], db.names)["items"]
    assert schema(["default", "frames", "df"], db.names)["items"] == [{"name": "x", "kind": "column", "type": "int64"}]


def test_the_schema_view_is_bounded(db: Shell) -> None:
    db.run("%%sql\n" + ";".join(f"CREATE TABLE sales.t{i} (x INT)" for i in range(520)))
    level = schema(["default", "sales"], db.names)
    assert len(level["items"]) == 500
    assert level["more"] is True


def test_an_unknown_connection_is_a_sentence(db: Shell) -> None:
    with pytest.raises(ValueError, match="There is no connection `nowhere`"):
        schema(["nowhere"], db.names)


def test_a_sqlite_file(db: Shell, tmp_path: object) -> None:
    connections.connect("lite", f"sqlite:///{tmp_path}/shop.db")
    db.run("%%sql --on lite\nCREATE TABLE t (a INTEGER, b TEXT)")
    assert schema(["lite", "main"])["items"] == [{"name": "t", "kind": "table"}]
    assert schema(["lite", "main", "t"])["items"][1] == {"name": "b", "kind": "column", "type": "text"}
    assert "t" in matches(db, "%%sql --on lite\nSELECT * FROM |")
    assert "b" in matches(db, "%%sql --on lite\nSELECT b| FROM t")
