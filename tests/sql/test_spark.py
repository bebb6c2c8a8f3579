"""SQL cells on a real, local Spark Connect server.  Slow: it starts a JVM.

Skipped where Java or the `pyspark` package (the server's; the kernel needs only `pyspark-client`) is missing.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reactive_kernel.kernel.sql import connect, schema
from tests.sql.conftest import Shell

pytestmark = [pytest.mark.slow, pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed")]
pyspark = pytest.importorskip("pyspark")
pytest.importorskip("grpc")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    home = Path(pyspark.__file__).parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # In the foreground, in a process of its own: a session that ends must not end the server.
    settings = {"spark.connect.grpc.binding.port": port, "spark.connect.grpc.binding.address": "127.0.0.1"}
    options = [part for key, value in settings.items() for part in ("--conf", f"{key}={value}")]
    command = [str(home / "sbin" / "start-connect-server.sh"), "--master", "local[1]", *options]
    environment = {**os.environ, "SPARK_HOME": str(home), "SPARK_NO_DAEMONIZE": "1"}
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert server.poll() is None, "the server ended"
            time.sleep(0.2)
        yield f"sc://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # the script and its JVM
        server.wait(timeout=30)


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
