"""Connections by name, by URL, by variable, by environment; and what must never be shown."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import duckdb
import pytest

from reactive_kernel.kernel.sql import catalog, connect, connections, register
from reactive_kernel.kernel.sql.errors import hide_passwords
from tests.sql.conftest import Shell


def test_a_duckdb_file(ip: Shell, tmp_path: Path) -> None:
    assert ip.run(f"%sql --connect shop duckdb:///{tmp_path}/shop.db") == "connected: shop (duckdb)"
    ip.run("%%sql --on shop\nCREATE TABLE t AS SELECT 7 AS x")
    assert catalog.last_run().effects == {"shop"}
    connections.close("shop")
    with duckdb.connect(f"{tmp_path}/shop.db") as file:
        assert file.execute("FROM t").fetchall() == [(7,)]


def test_a_default_connection(ip: Shell, tmp_path: Path) -> None:
    ip.run(f"%sql --connect shop duckdb:///{tmp_path}/shop.db --default")
    ip.run("%%sql\nCREATE TABLE t AS SELECT 7 AS x")
    assert catalog.last_run().created == {"sql:t"}
    assert catalog.last_run().effect
    ip.run("%%sql\nCREATE TEMP TABLE u AS SELECT 7 AS x")
    assert not catalog.last_run().effect
    assert "There is no table" in ip.fail("%%sql --on default\nFROM t")


def test_an_attached_file_is_an_effect(ip: Shell, tmp_path: Path) -> None:
    ip.run(f"%%sql\nATTACH '{tmp_path}/shop.db' AS shop")
    assert not catalog.last_run().effect
    both = "CREATE TABLE shop.t AS SELECT 7 AS x; CREATE TABLE mine AS SELECT 8 AS x"
    assert "can't write to both `memory` and `shop`. Use two cells." in ip.fail(f"%%sql\n{both}")
    ip.run("%%sql\nCREATE TABLE shop.t AS SELECT 7 AS x")
    assert catalog.last_run().effects == {"shop"}
    ip.run("%%sql\nSELECT * FROM shop.t")
    assert not catalog.last_run().effect


def test_a_duckdb_connection_in_a_variable(ip: Shell) -> None:
    ip.names["con"] = duckdb.connect()
    ip.names["con"].execute("CREATE TABLE t AS SELECT 1 AS x")
    assert ip.rows("%%sql --on con\nFROM t") == [{"x": 1}]


def test_a_sqlite_file(ip: Shell, tmp_path: Path) -> None:
    ip.run(f"%sql --connect lite sqlite:///{tmp_path}/shop.db")
    ip.run("%%sql --on lite\nCREATE TABLE t (a INTEGER, b TEXT); INSERT INTO t VALUES (1, 'x'), (2, NULL)")
    ip.names["a"] = 1
    assert ip.rows("%%sql --on lite\nSELECT * FROM t WHERE a = {a}") == [{"a": 1, "b": "x"}]
    ip.fail("%%sql --on lite\nINSERT INTO t VALUES (3, 'y'); SELECT nothing FROM t")
    ip.run("%%sql r << --on lite\nSELECT * FROM t")
    assert ip.names["r"].a.tolist() == [1, 2]
    ip.run("%%sql odd << --on lite --as arrow\nSELECT 1 AS v UNION ALL SELECT 'text' UNION ALL SELECT NULL")
    assert set(ip.names["odd"].column("v").to_pylist()) == {"1", "text", None}


@pytest.mark.parametrize("text", ["1; DROP TABLE t", "' OR 1=1 --", "?", ":a", "%s"])
def test_injection_attempts_are_values_in_sqlite(ip: Shell, text: str) -> None:
    ip.names["con"] = sqlite3.connect(":memory:")
    ip.names["text"] = text
    assert ip.rows("%%sql --on con\nSELECT {text} AS x, '?' AS q") == [{"x": text, "q": "?"}]


def test_a_sqlalchemy_engine_in_a_variable(ip: Shell, tmp_path: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    ip.names["engine"] = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/shop.db")
    ip.run("%%sql --on engine\nCREATE TABLE t (a INTEGER)")
    ip.run("%%sql --on engine\nINSERT INTO t VALUES (1), (2)")
    ip.names["n"] = 1
    assert ip.rows("%%sql --on engine\nSELECT a FROM t WHERE a > {n}") == [{"a": 2}]


def test_a_connection_from_the_environment(ip: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTIVE_SQL_SHOP", f"sqlite:///{tmp_path}/shop.db")
    assert ip.rows("%%sql --on shop\nSELECT 1 AS x") == [{"x": 1}]
    assert "shop  sqlite" in ip.run("%sql --connections")


def test_a_connection_from_the_configuration(ip: Shell) -> None:
    ip.shell.config.Sql.connections = {"lite": "sqlite://"}
    register(ip.shell)
    assert ip.rows("%%sql --on lite\nSELECT 1 AS x") == [{"x": 1}]


def test_closing(ip: Shell) -> None:
    ip.run("%sql --connect lite sqlite://")
    ip.run("%sql --close lite")
    assert "There is no open connection `lite`" in ip.fail("%sql --close lite")


@pytest.mark.parametrize(
    ("name", "url", "sentence"),
    [
        ("pg", "postgresql://me:hunter2@127.0.0.1:1/db", "The connection `pg` could not be made"),
        ("x", "no url at all", "A connection needs a URL"),
        ("x", "klingon://me:hunter2@host/db", "No installed package knows databases of the kind `klingon`"),
        ("two words", "sqlite://", "A connection's name is a plain word"),
        ("x", "duckdb:////nowhere/at/all.db?password=hunter2", "could not be made"),
    ],
)
def test_what_can_not_be_connected_is_a_sentence(name: str, url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        connect(name, url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://me:hunter2@host:5432/db",
        "could not connect to postgresql+psycopg://me:hunter2@host/db?x=1",
        "host=a password=hunter2 dbname=b",
        "host=a password = 'hunter2' dbname=b",
        "jdbc://x?user=me&password=hunter2&y=z",
        "token=hunter2;",
    ],
)
def test_passwords_are_hidden(text: str) -> None:
    assert "hunter2" not in hide_passwords(text)
    assert "***" in hide_passwords(text)


def test_given_secrets_are_hidden_wherever_they_stand() -> None:
    assert hide_passwords("login failed with p@ss/word", ["p@ss/word"]) == "login failed with ***"


PASSWORDS = ["hunter2", "hun@ter2", "hun/ter2", "hunter2 y", "hun'ter2", "hunter2#", "[hunter2"]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:{}@127.0.0.1:1/db",
        "postgresql://me:{}@[bad/db",
        "postgresql://127.0.0.1:1/db?password={}&user=me",
        "klingon://me:{}@host/db",
        "duckdb:////nowhere/at/all.db?password={}",
        "me:{}@host",
    ],
)
def test_no_fault_tells_a_password(url: str, password: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        connect("x", url.format(password))
    assert "hun" not in str(caught.value)
    assert "ter2" not in str(caught.value)
