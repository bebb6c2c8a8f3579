"""Stopping a query: at once, and with nothing changed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reactive_kernel.kernel.sql import magic
from reactive_kernel.kernel.sql.running import busy
from tests.sql.conftest import Shell

ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(1000000) b WHERE a.range + b.range = -1"


@contextmanager
def interrupt_after(seconds: float) -> Iterator[None]:
    main = threading.main_thread().ident
    assert main is not None
    timer = threading.Timer(seconds, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    yield
    timer.join()


@pytest.mark.parametrize("sql", [ENDLESS, f"CREATE TABLE u AS {ENDLESS}", f"INSERT INTO t {ENDLESS}"])
def test_an_interrupt_ends_the_statement_and_changes_nothing(ip: Shell, sql: str) -> None:
    ip.run("%%sql\nCREATE TABLE t AS SELECT 1 AS x")
    ip.run("%%sql\nSET VARIABLE k = 5")
    with interrupt_after(0.3):
        shown = ip.fail(f"%%sql\nINSERT INTO t VALUES (2); {sql}")
    assert "KeyboardInterrupt: The query was stopped" in shown
    assert ".py" not in shown
    assert ip.rows("%%sql\nSELECT x, getvariable('k') AS k FROM t") == [{"x": 1, "k": 5}]
    assert "There is no table `u`" in ip.fail("%%sql\nFROM u")


def test_a_result_that_is_being_fetched_can_be_stopped(ip: Shell) -> None:
    with interrupt_after(0.3):
        ip.fail("%%sql r << --as arrow\nSELECT a.range FROM range(10000000000) a WHERE a.range % 1000000 = 0")
    assert "r" not in ip.names
    assert ip.rows("%%sql\nSELECT 1 AS x") == [{"x": 1}]


def test_the_lock_is_free_after_an_interrupt(ip: Shell) -> None:
    with interrupt_after(0.2):
        ip.fail(f"%%sql\n{ENDLESS}")
    assert busy.acquire(blocking=False)
    busy.release()


def test_sqlite_is_stopped_too(ip: Shell) -> None:
    ip.run("%sql --connect lite sqlite://")
    endless = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"
    with interrupt_after(0.3):
        assert "KeyboardInterrupt" in ip.fail(f"%%sql --on lite\n{endless}")
    assert ip.rows("%%sql --on lite\nSELECT 1 AS x") == [{"x": 1}]


def test_a_long_query_tells_how_far_it_is_until_it_is_stopped(ip: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = magic._Display.progress

    def progress(display: magic._Display, done: float | None, seconds: float) -> None:
        shown(display, done, seconds)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(magic._Display, "progress", progress)
    monkeypatch.setattr(ip.shell, "kernel", object(), raising=False)  # only there is someone who sees it
    assert "KeyboardInterrupt" in ip.fail(f"%%sql\n{ENDLESS}")
    texts = [bundle["text/plain"] for bundle in ip.bundles]
    assert texts[0].startswith("running: ")
    assert texts[-1] == "stopped"
    # DuckDB's own bar would be a second one.
    assert ip.rows("%%sql\nSELECT current_setting('enable_progress_bar_print') AS p") == [{"p": False}]
