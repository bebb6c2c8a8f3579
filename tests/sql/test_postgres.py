"""SQL cells on a real PostgreSQL, by ADBC and by SQLAlchemy."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from reactive_kernel.kernel.sql import catalog, connections
from tests.kernel.driver import Kernel
from tests.sql import postgres
from tests.sql.conftest import Shell

pytestmark = pytest.mark.skipif(not postgres.available(), reason="PostgreSQL is not installed")
pytest.importorskip("adbc_driver_postgresql")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture
def pg(ip: Shell, url: str) -> Shell:
    connections.connect("pg", url)
    ip.run("%%sql --on pg\nDROP TABLE IF EXISTS users; CREATE TABLE users (id INT, name TEXT, score NUMERIC(10, 2))")
    ip.run("%%sql --on pg\nINSERT INTO users VALUES (1, 'Ann', 1.5), (42, 'Bo', NULL)")
    return ip


def test_the_founding_case(pg: Shell) -> None:
    pg.run("user_id = 42")
    assert pg.rows("%%sql --on pg\nSELECT * FROM users WHERE id = {user_id}") == [
        {"id": 42, "name": "Bo", "score": None}
    ]


@pytest.mark.parametrize("text", ["1; DROP TABLE users", "' OR 1=1 --", "\\'; --", "$1", ""])
def test_injection_attempts_are_values(pg: Shell, text: str) -> None:
    pg.names["text"] = text
    assert pg.rows("%%sql --on pg\nSELECT * FROM users WHERE name = {text}") == []
    assert pg.rows("%%sql --on pg\nSELECT {text} AS x") == [{"x": text}]
    assert len(pg.rows("%%sql --on pg\nSELECT * FROM users")) == 2


def test_a_wrong_parameter_type_has_its_own_message(pg: Shell) -> None:
    pg.names["user_id"] = "1; DROP TABLE users"
    shown = pg.fail("%%sql --on pg\nSELECT * FROM users WHERE id = {user_id}")
    assert "`user_id` is the text '1; DROP TABLE users', but the query compares it with integer." in shown
    assert "line 2, column 32" in shown


def test_lists_are_spread_or_bound(pg: Shell) -> None:
    pg.names["ids"] = [1, 2]
    assert len(pg.rows("%%sql --on pg\nSELECT * FROM users WHERE id IN ({ids})")) == 1
    assert len(pg.rows("%%sql --on pg\nSELECT * FROM users WHERE id = ANY({ids})")) == 1


def test_types_reach_pandas(pg: Shell) -> None:
    pg.run("%%sql r << --on pg\nSELECT * FROM users ORDER BY id")
    frame = pg.names["r"]
    assert frame.id.tolist() == [1, 42]
    assert frame.score.dtype == float
    assert frame.score[0] == 1.5


def test_a_failed_cell_leaves_nothing(pg: Shell) -> None:
    pg.fail("%%sql --on pg\nINSERT INTO users VALUES (7, 'Cy', 1); CREATE TABLE u (x INT); SELECT nothing FROM users")
    assert pg.rows("%%sql --on pg\nSELECT count(*) AS n FROM users") == [{"n": 2}]
    assert "There is no table `u`" in pg.fail("%%sql --on pg\nSELECT * FROM u")


def test_faults_are_sentences(pg: Shell) -> None:
    assert "There is no table `usrs`. Did you mean `users`? (line 2, column 15)" in pg.fail(
        "%%sql --on pg\nSELECT * FROM usrs"
    )
    shown = pg.fail("%%sql --on pg\nSELECT nam\nFROM users")
    assert "There is no column `nam`. Did you mean `name`? (line 2, column 8)" in shown
    shown = pg.fail("%%sql --on pg\nSELECT *\nFRM users")
    assert 'yntax error at or near "users"' in shown or 'yntax error at or near "FRM"' in shown
    assert "    3 | FRM users" in shown


def test_statements_that_are_no_plain_queries(pg: Shell) -> None:
    assert "server_version" in pg.run("%%sql --on pg\nSHOW server_version")
    assert "Seq Scan" in pg.run("%%sql --on pg\nEXPLAIN SELECT * FROM users")
    assert pg.rows("%%sql --on pg\nINSERT INTO users VALUES (9, 'Di', 0) RETURNING id") == [{"id": 9}]
    assert pg.run("%%sql --on pg\nUPDATE users SET score = 2 WHERE id = 9") == "1 row updated"


def test_only_the_rows_shown_are_fetched(pg: Shell) -> None:
    assert "first 20 of more rows" in pg.run("%%sql --on pg\nSELECT * FROM generate_series(1, 20000000) AS x")
    assert "2 rows" in pg.run("%%sql --on pg\nSELECT id FROM users")


def test_changes_there_are_effects(pg: Shell) -> None:
    pg.run("%%sql --on pg\nINSERT INTO users VALUES (9, 'Di', 0)")
    assert catalog.last_run().effects == {"pg"}
    pg.run("%%sql --on pg\nSELECT * FROM users")
    assert not catalog.last_run().effect
    pg.run("%%sql --on pg\nCREATE TEMP TABLE mine AS SELECT 1 AS x")
    assert not catalog.last_run().effect


def test_an_interrupt_stops_the_query(pg: Shell) -> None:
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    shown = pg.fail("%%sql --on pg\nSELECT pg_sleep(30)")
    assert "KeyboardInterrupt" in shown
    assert pg.rows("%%sql --on pg\nSELECT 1 AS x") == [{"x": 1}]


def test_passwords_are_never_shown(ip: Shell, url: str) -> None:
    shown = ip.run(f"%sql --connect pg {url}")
    assert shown == "connected: pg (postgres)"
    wrong = url.replace("%40word", "%40word2")
    shown = ip.fail(f"%sql --connect other {wrong}")
    assert "could not be made" in shown
    assert "s3cr3t" not in shown
    for name in (postgres.PASSWORD, "s3cr3t"):
        assert name not in str(connections.names({}))


def test_a_dialect_is_rewritten(pg: Shell) -> None:
    pg.names["day"] = "2024-02-29"
    query = "SELECT strftime({day}::DATE, '%d.%m.%Y') AS s"
    assert "strftime" in pg.fail(f"%%sql --on pg\n{query}")
    assert pg.rows(f"%%sql --on pg --dialect duckdb\n{query}") == [{"s": "29.02.2024"}]


def test_sqlalchemy_engines_are_connections(pg: Shell, url: str) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg")
    pg.names["engine"] = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    pg.names["user_id"] = 42
    rows: list[dict[str, Any]] = pg.rows("%%sql --on engine\nSELECT id, name FROM users WHERE id = {user_id}")
    assert rows == [{"id": 42, "name": "Bo"}]
    pg.names["engine"].dispose()


def test_the_founding_case_in_the_kernel(url: str) -> None:
    kernel = Kernel()
    try:
        reply = kernel.control("connect", name="pg", url=url)
        assert (reply["name"], reply["dialect"]) == ("pg", "postgres")
        assert "s3cr3t" not in str(reply)
        kernel.cell("make", "%%sql --on pg\nDROP TABLE IF EXISTS users; CREATE TABLE users (id INT, name TEXT)")
        kernel.cell("fill", "%%sql --on pg\nINSERT INTO users VALUES (1, 'Ann'), (42, 'Bo')")
        kernel.cell("value", "user_id = 42")
        kernel.cell("query", "%%sql found << --on pg\nSELECT * FROM users WHERE id = {user_id}")
        assert kernel.cell("print", "print(found.name.tolist())").text() == "['Bo']\n"
        ran = kernel.cell("value", "user_id = 1")
        assert [c["cell_id"] for c in ran.reply["content"]["reactive"]["cells"]] == ["value", "query", "print"]
        assert ran.text("print") == "['Ann']\n"
        attempt = kernel.cell("value", "user_id = '1; DROP TABLE users'")
        assert "the text '1; DROP TABLE users'" in str(attempt.of_type("error")[0]["content"])
        assert kernel.cell("value", "user_id = 42").text("print") == "['Bo']\n"
    finally:
        kernel.stop()
