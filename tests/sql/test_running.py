"""SQL cells on DuckDB in a plain IPython shell."""

from __future__ import annotations

import datetime
import decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from tests.sql.conftest import Shell

FOUNDING = "%%sql\nSELECT * FROM users WHERE id = {user_id}"


@pytest.fixture
def users(ip: Shell) -> Shell:
    ip.names["users"] = pd.DataFrame({"id": [1, 42, 3], "name": ["Ann", "Bo", "Cy"]})
    return ip


def test_the_founding_case(users: Shell) -> None:
    users.run("user_id = 42")
    assert users.rows(FOUNDING) == [{"id": 42, "name": "Bo"}]
    users.run("user_id = 3")
    assert users.rows(FOUNDING) == [{"id": 3, "name": "Cy"}]


@pytest.mark.parametrize("change", ["df.loc[0, 'x'] = 7", "df['x'] += 1", "df.sort_values('y', inplace=True)"])
def test_a_result_is_a_frame_that_one_may_change(ip: Shell, change: str) -> None:
    ip.run("%%sql df <<\nSELECT * FROM (VALUES (3, 0.5, DATE '2024-02-29'), (4, 0.25, NULL)) AS t(x, y, d)")
    plain = ip.names["df"].copy()
    exec(change, {"df": plain})
    ip.run(change)
    pd.testing.assert_frame_equal(ip.names["df"], plain)


@pytest.mark.parametrize("text", ["1; DROP TABLE t", "' OR 1=1 --", 'x"; SELECT 1; --', "\\'; --", "{{ 1 }}", "$a", ""])
@pytest.mark.parametrize("form", ["{text}", "$text", "{{ text }}", "{{ text.strip() }}"])
def test_injection_attempts_are_values(ip: Shell, text: str, form: str) -> None:
    ip.run("%%sql\nCREATE TABLE t AS SELECT 'Ann' AS name")
    ip.names["text"] = text
    assert ip.rows(f"%%sql\nSELECT * FROM t WHERE name = {form}") == []
    assert ip.rows(f"%%sql\nSELECT {form} AS x FROM t") == [{"x": text.strip() if "strip" in form else text}]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (42, 42),
        (2**70, str(2**70)),
        (1.5, 1.5),
        (True, True),
        (None, None),
        ("é\n'\"", "é\n'\""),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.datetime(2024, 2, 29, 12, 30), "2024-02-29T12:30:00"),
        (decimal.Decimal("1.50"), "1.50"),
        ([1, 2], [1, 2]),
        ((1, None), [1, None]),
        ({"a": 1}, {"a": 1}),
        (pd.Timestamp("2024-02-29"), "2024-02-29T00:00:00"),
        (pd.NaT, None),
        (pd.Series([1, 2]).sum(), 3),
        (pd.Series([1, 2]), [1, 2]),
        (pl.Series([1, 2]), [1, 2]),
    ],
)
def test_values_of_all_kinds_are_bound(ip: Shell, value: object, shown: object) -> None:
    ip.names["v"] = value
    assert ip.rows("%%sql\nSELECT {v} AS v") == [{"v": shown}]


@pytest.mark.parametrize("ids", [[1, 3], (1, 3), {1, 3}, range(1, 4, 2), pd.Series([1, 3]).to_numpy()])
def test_a_list_alone_in_brackets_is_spread_out(users: Shell, ids: object) -> None:
    users.names["ids"] = ids
    assert [row["id"] for row in users.rows("%%sql\nSELECT * FROM users WHERE id IN ({ids}) ORDER BY id")] == [1, 3]
    users.names["ids"] = []
    assert users.rows("%%sql\nSELECT * FROM users WHERE id IN ({ids})") == []


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": [1, 2]}),
        pl.DataFrame({"x": [1, 2]}),
        pl.LazyFrame({"x": [1, 2]}),
        pa.table({"x": [1, 2]}),
    ],
)
def test_frames_are_tables(ip: Shell, frame: object) -> None:
    ip.names["df"] = frame
    assert ip.rows("%%sql\nSELECT sum(x)::INT AS s FROM df") == [{"s": 3}]


@pytest.mark.parametrize(
    ("option", "kind"),
    [("", pd.DataFrame), ("--as pandas", pd.DataFrame), ("--as polars", pl.DataFrame), ("--as arrow", pa.Table)],
)
def test_a_result_has_the_kind_asked_for(ip: Shell, option: str, kind: type) -> None:
    ip.run(f"%%sql r << {option}\nSELECT range AS x FROM range(100)")
    assert isinstance(ip.names["r"], kind)
    assert len(ip.names["r"]) == 100


@pytest.mark.parametrize("where", ["true", "false", "name IS NULL", "name = 'a'"])
def test_texts_have_the_type_that_duckdb_gives_them(ip: Shell, where: str) -> None:
    duckdb = pytest.importorskip("duckdb")
    query = f"SELECT name FROM (VALUES ('a'), (NULL)) t(name) WHERE {where}"
    ip.run(f"%%sql r <<\n{query}")
    assert ip.names["r"].name.dtype == duckdb.connect().execute(query).df().name.dtype


def test_results_are_tables_of_later_cells_in_any_spelling(ip: Shell) -> None:
    ip.run("%%sql Big <<\nSELECT range AS x FROM range(100)")
    assert ip.rows("%%sql\nSELECT count(*) AS n FROM BIG") == [{"n": 100}]


def test_a_result_kept_in_the_engine_is_a_snapshot(ip: Shell) -> None:
    ip.run("%%sql\nCREATE TABLE t AS SELECT 1 AS x")
    ip.run("%%sql kept << --as table\nSELECT x, random() AS r FROM t")
    first = ip.rows("%%sql\nSELECT * FROM kept")
    ip.run("%%sql\nINSERT INTO t VALUES (2)")
    assert ip.rows("%%sql\nSELECT * FROM kept") == first
    assert ip.names["kept"].df().x.tolist() == [1]
    assert len(ip.names["kept"]) == 1


def test_a_dropped_result_frees_its_table(ip: Shell) -> None:
    ip.run("%%sql kept << --as table\nSELECT 1")
    ip.run("%%sql kept << --as table\nSELECT 2")
    assert ip.rows("%%sql\nSELECT count(*) AS n FROM duckdb_tables()") == [{"n": 1}]


def test_results_are_snapshots(ip: Shell) -> None:
    ip.run("%%sql r << --as arrow\nSELECT random() AS r FROM range(5)")
    assert ip.rows("%%sql\nFROM r") == ip.rows("%%sql\nFROM r")


def test_a_line_gives_a_value_where_it_is_used(ip: Shell) -> None:
    ip.run("n = %sql SELECT 7 AS n")
    assert ip.names["n"].n.tolist() == [7]
    ip.run("%sql m << SELECT 8 AS m")
    assert ip.names["m"].m.tolist() == [8]
    assert "7" in ip.run("%sql SELECT 7")
    assert ip.names["_"] != 7


def test_a_line_in_a_function_gives_a_value(ip: Shell) -> None:
    ip.run("def f(k):\n    r = %sql SELECT 1 AS one\n    return r.one[0] + k\nx = f(2)")
    assert ip.names["x"] == 3


def test_a_failed_cell_leaves_nothing(ip: Shell) -> None:
    ip.run("%%sql\nCREATE TABLE t AS SELECT 1 AS x")
    ip.fail("%%sql\nINSERT INTO t VALUES (2); CREATE TABLE u AS FROM t; SELECT nothing FROM u")
    assert ip.rows("%%sql\nFROM t") == [{"x": 1}]
    assert "There is no table `u`" in ip.fail("%%sql\nFROM u")


def test_a_failed_cell_shows_nothing_of_what_it_undid(ip: Shell) -> None:
    ip.fail("%%sql\nCREATE TABLE t AS SELECT 1 AS x; SELECT * FROM t; SELECT nothing FROM t")
    assert ip.bundles == []


def test_transactions_of_the_cell_itself(ip: Shell) -> None:
    ip.run("%%sql\nCREATE TABLE t (x INT)")
    ip.run("%%sql\nBEGIN; INSERT INTO t VALUES (1); COMMIT")
    ip.run("%%sql\nBEGIN; INSERT INTO t VALUES (2); ROLLBACK")
    assert ip.rows("%%sql\nFROM t") == [{"x": 1}]
    assert "did not end it" in ip.fail("%%sql\nBEGIN; INSERT INTO t VALUES (3)")
    assert ip.rows("%%sql\nFROM t") == [{"x": 1}]


def test_views_over_frames_see_the_frame_of_now(users: Shell) -> None:
    users.run("%%sql\nCREATE VIEW v AS SELECT * FROM users WHERE id > 2")
    users.run("%%sql\nCREATE VIEW w AS SELECT * FROM v")
    assert len(users.rows("%%sql\nFROM w")) == 2
    users.run("users = users.head(1)")
    assert users.rows("%%sql\nFROM w") == []


def test_a_frame_that_no_statement_names_is_not_seen(users: Shell) -> None:
    users.run("%%sql\nCREATE MACRO sneaky() AS TABLE FROM query_table('us' || 'ers')")
    assert "users" in users.fail("%%sql\nFROM sneaky()")


def test_a_table_hides_a_frame_and_says_so(users: Shell) -> None:
    users.run("%%sql\nCREATE TABLE users AS SELECT 7 AS id")
    users.run("%%sql\nFROM users")
    assert "not the frame in Python" in users.bundles[0]["text/html"]


def test_several_results_are_shown_in_turn(ip: Shell) -> None:
    ip.run("%%sql\nSELECT 1 AS a; SELECT 2 AS b")
    assert [b["application/vnd.dataresource+json"]["data"] for b in ip.bundles] == [[{"a": 1}], [{"b": 2}]]


def test_counts_of_changes_are_shown(ip: Shell) -> None:
    assert ip.run("%%sql\nCREATE TABLE t AS SELECT range AS x FROM range(5)") == "t: 5 rows"
    assert ip.run("%%sql\nDELETE FROM t WHERE x > 2") == "2 rows deleted"
    assert ip.run("%%sql\nINSERT INTO t VALUES (9)") == "1 row inserted"


def test_insert_returning_shows_rows(ip: Shell) -> None:
    ip.run("%%sql\nCREATE TABLE t (x INT)")
    assert ip.rows("%%sql\nINSERT INTO t VALUES (1), (2) RETURNING x * 10 AS y") == [{"y": 10}, {"y": 20}]
    assert ip.rows("%%sql\nSELECT count(*) AS n FROM t") == [{"n": 2}]


def test_identifiers_and_raw_text(users: Shell) -> None:
    users.names.update(column='na"me', name="users", condition="id > 2")
    users.run('%%sql\nCREATE TABLE odd AS SELECT id, name AS "na""me" FROM users')
    assert users.rows("%%sql\nSELECT {{ column | id }} AS n FROM odd WHERE id = 42") == [{"n": "Bo"}]
    assert len(users.rows("%%sql\nFROM {{ name | id }}")) == 3
    assert len(users.rows("%%sql\nFROM users WHERE {{ condition | sql }}")) == 2
    assert "not bound" in users.bundles[0]["text/plain"]
    users.names["name"] = "users; DROP TABLE odd"
    assert "There is no table" in users.fail("%%sql\nFROM {{ name | id }}")


def test_another_dialect_is_rewritten(ip: Shell) -> None:
    ip.names["n"] = 5
    assert ip.rows("%%sql --dialect spark\nSELECT size(array(1, {n})) AS s") == [{"s": 2}]


def test_a_result_too_big_is_refused(ip: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REACTIVE_SQL_MAX_BYTES", "1000000")
    assert "larger than" in ip.fail("%%sql r <<\nSELECT range AS x FROM range(1000000)")
    assert "r" not in ip.names
    ip.run("%%sql\nSELECT range AS x FROM range(1000000)")
