"""SQL cells before the oracle, and the standard that they are judged by."""

from __future__ import annotations

import os
import sys

import pytest

from reactive_kernel.kernel.engine import Engine
from reactive_kernel.kernel.sql.running import run_script

from . import sql_kernel
from .__main__ import summary
from .example import Example
from .execute import execute, new_namespace
from .session import Report, play
from .sql_cells import sql_from_seed
from .sql_plain import is_sql, normal_form
from .test_kernel import SEED, say

pytestmark = pytest.mark.oracle
SESSIONS = int(os.environ.get("ORACLE_SQL_SESSIONS") or 15)


def test_random_sessions_with_sql(capsys: pytest.CaptureFixture[str]) -> None:
    total, wrong = Report(), []
    for number in range(SESSIONS):
        report = play(sql_from_seed(SEED, number), Engine, patience=120)
        if report.differences:
            wrong.append(f"python -m tests.oracle --sql --seed {SEED} --only {number}  # {report.differences[0]}")
        total.add(report)
    with capsys.disabled():
        print("", "SQL: " + summary(total, SEED, SESSIONS, len(wrong), 0.0), *wrong, sep="\n", file=sys.stderr)
    assert not wrong
    assert total.ran <= 1.25 * total.needed
    assert total.comparisons > 60 * SESSIONS


def test_the_sessions_are_worth_playing() -> None:
    sources = [source for number in range(60) for source in sql_from_seed(SEED, number).cells if is_sql(source)]
    for word in ("CREATE TABLE", "CREATE VIEW", "INSERT", "UPDATE", "DROP", "MACRO", "SET VARIABLE", "df", "{a}", "<<"):
        assert sum(word in source for source in sources) > 2, word


FRAME = "import pandas as pd\ndf = pd.DataFrame({'x': [1, 2]})"
KEPT = {
    "a table named as the frame that another cell reads above": Example(
        (FRAME, "%%sql\nCREATE TABLE t AS SELECT x FROM df", "%%sql df <<\nSELECT x FROM t ORDER BY ALL", "print(df)"),
        (("tweak", 0, 0, 5), ("run", 0)),
    ),
    "a variable named as the table that another cell reads above": Example(
        ("%%sql\nCREATE TABLE t AS SELECT 1 AS x", "%%sql r <<\nFROM t ORDER BY ALL", "t = len(r)\nprint(t)"),
        (("tweak", 0, 0, 5), ("run", 0)),
    ),
    "a setting whose cell is deleted, moved or edited": Example(
        ("a = 3", "%%sql\nSET VARIABLE z = {a}", "%%sql\nSELECT getvariable('z') AS z", "%%sql\nSET VARIABLE z = 9"),
        (("tweak", 0, 0, 2), ("move", 3, 0), ("delete", 0), ("undo", 1), ("delete", 1), ("run", 1)),
    ),
}


@pytest.mark.parametrize("title", KEPT)
def test_kept_counterexamples(title: str) -> None:
    report = play(KEPT[title], Engine)
    assert not report.differences, say(report, title)


def test_the_oracle_sees_a_table_that_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that forgets what its INSERT did before runs it twice on the same table."""

    def forgetful(source: str, namespace: dict[str, object], *rest: object, **options: object) -> object:
        return run_script(source, namespace, *rest, **{**options, "managed": False})  # type: ignore[arg-type]

    monkeypatch.setattr(sql_kernel, "run_script", forgetful)
    cells = ("%%sql\nCREATE TABLE t AS SELECT 1 AS x", "%%sql\nINSERT INTO t VALUES (2)", "%%sql\nFROM t ORDER BY ALL")
    assert play(Example(cells, (("run", 1),)), Engine).differences


def test_a_clean_run_in_plain_python() -> None:
    namespace = new_namespace()
    namespace["a"] = 5
    assert execute("%%sql\nCREATE TABLE t AS SELECT {a} AS x", namespace).text == "1 rows\n"
    assert execute("%%sql\nCREATE VIEW v AS SELECT x + 1 AS x FROM t", namespace).error is None
    before = dict(namespace)
    assert execute("%%sql\nDELETE FROM t; SELECT nothing", namespace).error == "SQL fault"
    assert namespace == before
    assert execute("%%sql\nSELECT x FROM v ORDER BY ALL", namespace).text == "['x'] [(6,)]\n"
    del namespace["sql:t"]
    assert execute("%%sql\nSELECT x FROM v", namespace).error == "SQL fault"


def test_layout_and_comments_of_sql_do_not_count() -> None:
    assert normal_form("%%sql\nSELECT 1") == normal_form("%%sql\n-- a remark\n\nSELECT 1\n")
