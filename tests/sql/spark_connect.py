"""SQL cells on a real, local Spark Connect server.  Slow (it starts a JVM), so not part of the usual tests:

    python -m pytest tests/sql/spark_connect.py

Skipped where Java or the `pyspark` package (the server's; the kernel needs only `pyspark-client`) is missing.
"""

from __future__ import annotations

import shutil
import signal
import threading
from collections.abc import Iterator

import pytest

from reactive_kernel.kernel.sql import connect, schema
from tests.sql.conftest import Shell

pytestmark = pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed")
pyspark = pytest.importorskip("pyspark")
pytest.importorskip("grpc")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    from pyspark.sql import SparkSession

    # A local server in a JVM of its own, as `remote("local")` starts it.
    session = SparkSession.builder.remote("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    session.sql("SELECT 1").collect()
    yield "sc://localhost:15002"
    session.stop()


@pytest.fixture
def spark(ip: Shell, url: str) -> Shell:
    connect("spark", url)
    rows = "SELECT * FROM VALUES (1, 'Ann'), (42, 'Bo') AS t(id, name)"
    ip.run(f"%%sql --on spark\nCREATE OR REPLACE TEMPORARY VIEW users AS {rows}")
    return ip


def test_the_founding_case(spark: Shell) -> None:
    spark.names["user_id"] = 42
    assert spark.rows("%%sql --on spark\nSELECT * FROM users WHERE id = {user_id}") == [{"id": 42, "name": "Bo"}]
    spark.names["user_id"] = "1; DROP TABLE users"
    assert spark.rows("%%sql --on spark\nSELECT * FROM users WHERE name = {user_id}") == []


def test_a_cell_for_duckdb_is_rewritten(spark: Shell) -> None:
    rows = spark.rows("%%sql --on spark --dialect duckdb\nSELECT list_contains([1, 2], 2) AS found")
    assert rows == [{"found": True}]


def test_a_result_for_python(spark: Shell) -> None:
    spark.run("%%sql r << --on spark\nSELECT * FROM users ORDER BY id")
    assert spark.names["r"].name.tolist() == ["Ann", "Bo"]


def test_faults_are_sentences(spark: Shell) -> None:
    assert "There is no table `usrs`." in spark.fail("%%sql --on spark\nSELECT * FROM usrs")
    assert "There is no column `nam`. Did you mean `name`?" in spark.fail("%%sql --on spark\nSELECT nam FROM users")


def test_an_interrupt_stops_the_query(spark: Shell) -> None:
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(2, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    query = "SELECT count(*) FROM range(1000000000) a CROSS JOIN range(1000000) b WHERE a.id + b.id = -1"
    assert "KeyboardInterrupt" in spark.fail(f"%%sql --on spark\n{query}")
    assert spark.rows("%%sql --on spark\nSELECT 1 AS x") == [{"x": 1}]


def test_the_schema_view(spark: Shell) -> None:
    assert {"name": "default", "kind": "schema"} in schema(["spark"])["items"]
