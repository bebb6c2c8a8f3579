"""SQL cells in the real kernel: the graph's rules hold for tables, views and results as for variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.kernel.driver import Kernel, Ran

RESOURCE = "application/vnd.dataresource+json"


def rows(ran: Ran, cell: str) -> list[Any]:
    """The rows that a cell's last table shows."""
    shown = [m["content"]["data"] for m in ran.of_type("display_data", cell=cell)]
    return [list(row.values()) for row in shown[-1][RESOURCE]["data"]]


def ran_cells(ran: Ran) -> list[str]:
    return [cell["cell_id"] for cell in ran.reply["content"]["reactive"]["cells"]]


def test_the_founding_case(kernel: Kernel) -> None:
    kernel.cell("frame", "import pandas as pd\nusers = pd.DataFrame({'id': [1, 42], 'name': ['Ann', 'Bo']})")
    kernel.cell("value", "user_id = 42")
    first = kernel.cell("query", "%%sql\nSELECT * FROM users WHERE id = {user_id}")
    assert rows(first, "query") == [[42, "Bo"]]
    again = kernel.cell("value", "user_id = 1")
    assert ran_cells(again) == ["value", "query"]
    assert rows(again, "query") == [[1, "Ann"]]
    attempt = kernel.cell("value", "user_id = '1; DROP TABLE users'")
    assert [c["status"] for c in attempt.reply["content"]["reactive"]["cells"]] == ["success", "error"]
    assert rows(kernel.cell("value", "user_id = 42"), "query") == [[42, "Bo"]]


def test_a_new_kernel_imports_neither_engine_nor_parser_until_sql_runs() -> None:
    kernel = Kernel()
    try:
        kernel.cell("value", "x = \"' || 'y\"")
        look = "import sys\nprint(sorted({'duckdb', 'sqlglot', 'pyarrow'} & set(sys.modules)))"
        assert kernel.cell("look", look).text() == "[]\n"
        # The first use of the line magic, whose values IPython must not put into the text.
        ran = kernel.cell("query", "%sql SELECT {x} AS a, $x AS b")
        assert rows(ran, "query") == [["' || 'y", "' || 'y"]]
    finally:
        kernel.stop()


def test_sql_reads_sql(kernel: Kernel) -> None:
    kernel.cell("n", "n = 2")
    kernel.cell("make", "%%sql\nCREATE TABLE t AS SELECT range AS x FROM range({n})")
    kernel.cell("add", "%%sql\nINSERT INTO t SELECT x + 10 FROM t")
    kernel.cell("sum", "%%sql total <<\nSELECT sum(x)::INT AS s FROM t")
    assert kernel.cell("print", "print(total.s[0])").text() == "22\n"
    ran = kernel.cell("n", "n = 1")
    assert ran_cells(ran) == ["n", "make", "add", "sum", "print"]
    assert ran.text("print") == "10\n"


def test_an_insert_run_twice_has_the_same_rows(kernel: Kernel) -> None:
    kernel.cell("make", "%%sql\nCREATE TABLE t (x INT)")
    kernel.cell("add", "%%sql\nINSERT INTO t VALUES (1)")
    kernel.cell("show", "%%sql\nFROM t")
    ran = kernel.cell("add", "%%sql\nINSERT INTO t VALUES (1)")
    assert rows(ran, "show") == [[1]]
    assert ran_cells(ran)[:2] == ["make", "add"]
    assert rows(kernel.cell("add", "%%sql\nINSERT INTO t VALUES (1), (2)"), "show") == [[1], [2]]


def test_a_create_run_twice_is_no_fault(kernel: Kernel) -> None:
    for _ in range(2):
        ran = kernel.cell("make", "%%sql\nCREATE TABLE t AS SELECT 1 AS x")
        assert ran.reply["content"]["status"] == "ok"
    ran = kernel.cell("make", "%%sql\nCREATE TABLE t AS SELECT 2 AS x")
    assert rows(kernel.cell("show", "%%sql\nFROM t"), "show") == [[2]]


def test_a_table_made_anew_below_is_another_table(kernel: Kernel) -> None:
    kernel.cell("one", "%%sql\nCREATE TABLE t AS SELECT 1 AS x")
    kernel.cell("show one", "%%sql\nFROM t")
    kernel.cell("two", "%%sql\nCREATE OR REPLACE TABLE t AS SELECT 2 AS x")
    kernel.cell("show two", "%%sql\nFROM t")
    assert rows(kernel.cell("show one", "%%sql\nSELECT x, 'above' AS y FROM t"), "show one") == [[1, "above"]]
    assert rows(kernel.cell("show two", "%%sql\nSELECT x, 'below' AS y FROM t"), "show two") == [[2, "below"]]


def test_a_deleted_cell_takes_its_tables_with_it(kernel: Kernel) -> None:
    kernel.cell("make", "%%sql\nCREATE TABLE t AS SELECT 1 AS x; CREATE VIEW v AS FROM t; CREATE MACRO f(a) AS a + 1")
    ran = kernel.cell("show", "%%sql\nSELECT f(x) AS y FROM v")
    assert rows(ran, "show") == [[2]]
    kernel.control("delete", cell_id="make")
    ran = kernel.cell("show", "%%sql\nSELECT f(x) AS y FROM v")
    assert ran.reply["content"]["status"] == "error"
    assert rows(kernel.cell("list", "%%sql\nSELECT count(*) AS n FROM duckdb_tables()"), "list") == [[0]]


def test_readers_of_a_view_follow_its_frame(kernel: Kernel) -> None:
    kernel.cell("frame", "import pandas as pd\ndf = pd.DataFrame({'x': [1, 2]})")
    kernel.cell("view", "%%sql\nCREATE VIEW v AS SELECT * FROM df WHERE x > 1")
    kernel.cell("over", "%%sql\nCREATE VIEW w AS SELECT x * 10 AS y FROM v")
    kernel.cell("show", "%%sql\nFROM w")
    ran = kernel.cell("frame", "import pandas as pd\ndf = pd.DataFrame({'x': [5]})")
    assert rows(ran, "show") == [[50]]


def test_a_frame_in_another_spelling_is_another_name(kernel: Kernel) -> None:
    kernel.cell("frame", "import pandas as pd\nUsers = pd.DataFrame({'x': [1]})")
    assert rows(kernel.cell("show", "%%sql\nFROM Users"), "show") == [[1]]
    ran = kernel.cell("lower", "%%sql\nFROM users")
    assert "case-sensitive" in ran.reply["content"]["evalue"]
    assert rows(kernel.cell("frame", "import pandas as pd\nUsers = pd.DataFrame({'x': [2]})"), "show") == [[2]]


def test_a_failed_cell_keeps_the_old_table_from_its_readers(kernel: Kernel) -> None:
    kernel.cell("make", "%%sql\nCREATE TABLE t AS SELECT 1 AS x")
    kernel.cell("show", "%%sql\nFROM t")
    kernel.cell("make", "%%sql\nCREATE TABLE t AS SELECT 2 AS x; SELECT nothing FROM t")
    assert kernel.entries()["show"]["status"] == "blocked"
    ran = kernel.cell("make", "%%sql\nCREATE TABLE t AS SELECT 3 AS x")
    assert rows(ran, "show") == [[3]]


def test_settings_are_an_input_of_what_follows(kernel: Kernel) -> None:
    kernel.cell("set", "%%sql\nSET VARIABLE k = 1")
    kernel.cell("show", "%%sql\nSELECT getvariable('k') AS k")
    assert rows(kernel.cell("set", "%%sql\nSET VARIABLE k = 2"), "show") == [[2]]


def test_a_schema_and_its_tables(kernel: Kernel) -> None:
    kernel.cell("schema", "%%sql\nCREATE SCHEMA sales")
    kernel.cell("make", "%%sql\nCREATE TABLE sales.t AS SELECT 1 AS x")
    kernel.cell("show", "%%sql\nFROM sales.t")
    ran = kernel.cell("schema", "%%sql\nCREATE SCHEMA sales")
    assert ran.reply["content"]["status"] == "ok"
    assert rows(kernel.cell("show", "%%sql\nSELECT x + 1 AS y FROM sales.t"), "show") == [[2]]


def test_a_schema_and_its_table_made_in_one_cell(kernel: Kernel) -> None:
    kernel.cell("make", "%%sql\nCREATE SCHEMA one; CREATE TABLE one.t AS SELECT 4 AS z")
    kernel.cell("add", "%%sql\nINSERT INTO one.t VALUES (1)")
    kernel.cell("show", "%%sql\nSELECT * FROM one.t")
    assert rows(kernel.cell("add", "%%sql\nINSERT INTO one.t VALUES (2)"), "show") == [[4], [2]]
    assert rows(kernel.cell("make", "%%sql\nCREATE SCHEMA one; CREATE TABLE one.t AS SELECT 5 AS z"), "show") == [
        [5],
        [2],
    ]


def test_a_table_that_another_refers_to(kernel: Kernel) -> None:
    kernel.cell("parent", "%%sql\nCREATE TABLE p (id INT PRIMARY KEY)")
    kernel.cell("child", "%%sql\nCREATE TABLE c (pid INT REFERENCES p(id))")
    kernel.cell("add", "%%sql\nINSERT INTO p VALUES (1)")
    kernel.cell("refer", "%%sql\nINSERT INTO c VALUES (1)")
    kernel.cell("show", "%%sql\nSELECT pid, id FROM c, p")
    assert rows(kernel.cell("add", "%%sql\nINSERT INTO p VALUES (1), (2)"), "show") == [[1, 1], [1, 2]]
    again = kernel.cell("parent", "%%sql\nCREATE TABLE p (id INT PRIMARY KEY CHECK (id > 0))")
    assert rows(again, "show") == [[1, 1], [1, 2]]


def test_a_type_and_a_sequence_that_tables_use(kernel: Kernel) -> None:
    kernel.cell("type", "%%sql\nCREATE TYPE mood AS ENUM ('a', 'b')")
    kernel.cell("sequence", "%%sql\nCREATE SEQUENCE s")
    kernel.cell("make", "%%sql\nCREATE TABLE t (id INT DEFAULT nextval('s'), m mood)")
    kernel.cell("add", "%%sql\nINSERT INTO t (m) VALUES ('b')")
    kernel.cell("show", "%%sql\nSELECT * FROM t")
    assert rows(kernel.cell("sequence", "%%sql\nCREATE SEQUENCE s START 5"), "show") == [[5, "b"]]
    assert rows(kernel.cell("type", "%%sql\nCREATE TYPE mood AS ENUM ('b', 'c')"), "show") == [[5, "b"]]


def test_an_index_does_not_stand_in_the_way(kernel: Kernel) -> None:
    kernel.cell("make", "%%sql\nCREATE TABLE t (x INT PRIMARY KEY)")
    kernel.cell("index", "%%sql\nCREATE INDEX i ON t (x)")
    kernel.cell("add", "%%sql\nINSERT INTO t VALUES (1)")
    kernel.cell("show", "%%sql\nFROM t")
    assert rows(kernel.cell("make", "%%sql\nCREATE TABLE t (x BIGINT PRIMARY KEY)"), "show") == [[1]]


def test_a_sequence_starts_anew(kernel: Kernel) -> None:
    kernel.cell("make", "%%sql\nCREATE SEQUENCE ids")
    kernel.cell("one", "%%sql\nSELECT nextval('ids') AS id")
    kernel.cell("two", "%%sql\nSELECT nextval('ids') AS id")
    ran = kernel.cell("one", "%%sql\nSELECT nextval('ids') * 10 AS id")
    assert rows(ran, "one") == [[10]]
    assert rows(ran, "two") == [[2]]


def test_a_result_kept_in_the_engine_is_a_value(kernel: Kernel) -> None:
    kernel.cell("n", "n = 3")
    kernel.cell("keep", "%%sql big << --as table\nSELECT range AS x FROM range({n})")
    kernel.cell("show", "%%sql\nSELECT count(*) AS n FROM big")
    assert rows(kernel.cell("n", "n = 5"), "show") == [[5]]
    assert kernel.cell("py", "print(len(big), big.df().x.tolist())").text() == "5 [0, 1, 2, 3, 4]\n"


def test_the_schema_is_told_level_by_level(kernel: Kernel) -> None:
    kernel.cell("frame", "import pandas as pd\ndf = pd.DataFrame({'x': [1]})")
    kernel.cell("make", "%%sql\nCREATE TABLE t AS SELECT 1 AS a, 'b' AS b")
    kernel.cell("gone", "%%sql\nCREATE OR REPLACE TABLE t AS SELECT 1.5 AS c")
    assert {"name": "default", "kind": "connection", "dialect": "duckdb"} in kernel.control("schema")["items"]
    assert kernel.control("schema", path=["default", "main"])["items"] == [{"name": "t", "kind": "table"}]
    columns = kernel.control("schema", path=["default", "main", "t"])["items"]
    assert columns == [{"name": "c", "kind": "column", "type": "decimal(2,1)"}]
    assert kernel.control("schema", path=["default", "frames"])["items"] == [{"name": "df", "kind": "frame"}]
    assert kernel.control("schema", path=["nowhere"])["status"] == "error"
    assert kernel.control("schema", path=[3])["status"] == "error"


def test_an_effect_cell_is_never_run_by_a_cascade(kernel: Kernel, tmp_path: Path) -> None:
    kernel.cell("file", f"%%sql\nATTACH '{tmp_path}/shop.db' AS shop")
    kernel.cell("make", "%%sql\nCREATE TABLE IF NOT EXISTS shop.log (x INT)")
    kernel.cell("n", "n = 1")
    kernel.cell("add", "%%sql\nINSERT INTO shop.log VALUES ({n})")
    kernel.cell("show", "%%sql\nSELECT * FROM shop.log")
    ran = kernel.cell("n", "n = 2")
    assert "add" not in ran_cells(ran)
    entry = kernel.entries()["add"]
    assert not entry["fresh"]
    assert "changes data outside the notebook (shop)" in entry["problem"]["message"]
    assert rows(kernel.cell("add", "%%sql\nINSERT INTO shop.log VALUES ({n})"), "show") == [[1], [2]]


def test_an_effect_cell_may_be_allowed(kernel: Kernel) -> None:
    kernel.cell("open", "import sqlite3\ncon = sqlite3.connect(':memory:')")
    kernel.cell("make", "%%sql --on con\nCREATE TABLE log (x INT)")
    kernel.cell("n", "n = 1")
    kernel.cell("held", "%%sql --on con\nINSERT INTO log VALUES ({n})")
    kernel.cell("let", "%%sql --on con --rerun\nINSERT INTO log VALUES ({n} * 10)")
    ran = kernel.cell("n", "n = 2")
    assert "held" not in ran_cells(ran)
    show = "%%sql --on con\nSELECT x FROM log"
    kernel.cell("held", "%%sql --on con\nINSERT INTO log VALUES ({n})")
    assert rows(kernel.cell("show", show), "show") == [[1], [10], [2], [20]]


def test_completion_in_a_cell_that_a_client_calls_sql(kernel: Kernel) -> None:
    kernel.cell("frame", "import pandas as pd\nusers = pd.DataFrame({'surname': ['Bo']})")
    source = "SELECT surn FROM users"
    kernel.control("insert", cell_id="query", source=source, language="sql", index=1)
    asked = {"code": source, "cursor_pos": len("SELECT surn")}
    reply = kernel.ask("complete_request", asked, channel="shell")["content"]
    assert reply["matches"] == ["surname"]
    reply = kernel.ask("inspect_request", {"code": source, "cursor_pos": 20, "detail_level": 0}, channel="shell")
    assert "surname  str" in reply["content"]["data"]["text/plain"]
    kernel.control("edit", cell_id="query", source="SELECT surname FROM users")
    assert rows(kernel.cell("query", "SELECT surname FROM users"), "query") == [["Bo"]]
    (error,) = kernel.cell("query", "SELECT surname,\n  nothing\nFROM users").of_type("error")
    assert "(line 2, column 3)" in error["content"]["evalue"]
