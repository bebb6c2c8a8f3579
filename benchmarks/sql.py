"""What SQL cells cost over DuckDB itself: ratios and differences, all measured in one run, wall and processor time.

python -m benchmarks.sql
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

FIRST_CELL = """
import time
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
shell = InteractiveShell.instance()
from reactive_kernel.core.sql import analyse_sql
from reactive_kernel.kernel.sql import register
start, cpu = time.perf_counter(), time.process_time()
analyse_sql("%%sql\\nSELECT 42 AS x")
register(shell)
with capture_output():
    shell.run_cell("%%sql\\nSELECT 42 AS x")
print(time.perf_counter() - start, time.process_time() - cpu)
"""
MILLION = (
    "SELECT range AS id, random() AS x, 'name ' || (range % 1000) AS name, "
    "DATE '2024-01-01' + (range % 365)::INT AS day, range % 7 = 0 AS flag FROM range(1000000)"
)
ENDLESS = "SELECT count(*) AS x FROM range(10000000000) a, range(1000000) b WHERE a.range + b.range = -1"
LONG = "SELECT " + ", ".join(f"sum(CASE WHEN x > {i} THEN x ELSE 0 END) AS s{i}" for i in range(40)) + " FROM t"


class Cost(NamedTuple):
    """Seconds by the wall clock and of the processor (of all threads)."""

    wall: float
    cpu: float

    def over(self, other: Cost) -> Cost:
        """What is left above another cost."""
        return Cost(self.wall - other.wall, self.cpu - other.cpu)

    def milliseconds(self) -> str:
        """For a line of the table."""
        return f"{self.wall * 1000:+.1f} ms ({self.cpu * 1000:+.1f} ms)"


def times(work: Callable[[], object], rounds: int) -> list[Cost]:
    """The cost of each of several runs."""
    found = []
    for _ in range(rounds):
        start, cpu = time.perf_counter(), time.process_time()
        work()
        found.append(Cost(time.perf_counter() - start, time.process_time() - cpu))
    return found


def best(work: Callable[[], object], rounds: int = 5) -> Cost:
    """The least cost of several runs."""
    found = times(work, rounds)
    return Cost(min(c.wall for c in found), min(c.cpu for c in found))


def typical(work: Callable[[], object], rounds: int = 50) -> Cost:
    """The median cost of many runs."""
    found = times(work, rounds)
    return Cost(median(c.wall for c in found), median(c.cpu for c in found))


def stopping(run: Callable[[str], None]) -> list[float]:
    """Seconds from SIGINT to the end of the cell, for statements that would run for hours."""
    found = []
    for sql in (ENDLESS, f"CREATE TABLE u AS {ENDLESS}", f"INSERT INTO t {ENDLESS}"):
        sent = [0.0]

        def interrupt(sent: list[float] = sent) -> None:
            sent[0] = time.perf_counter()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

        timer = threading.Timer(0.5, interrupt)
        timer.start()
        try:
            run(f"%%sql\n{sql}")
        except KeyboardInterrupt:
            found.append(time.perf_counter() - sent[0])
        timer.join()
    return found


def main() -> None:
    """Measure and print a table."""
    command = [sys.executable, "-c", FIRST_CELL]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    first, busy = (min(float(run[i]) for run in runs) for i in range(2))
    report("first SQL cell of a kernel", f"{first:.2f} s ({busy:.2f} s)", "under 0.6 s")
    shell = InteractiveShell.instance()
    from reactive_kernel.core.sql import analyse_sql
    from reactive_kernel.core.sql_statements import analyse_statement
    from reactive_kernel.kernel.sql import connections, register

    register(shell, engine=object())
    shell.user_ns["n"] = 3

    def run(code: str) -> None:
        with capture_output():
            result = shell.run_cell(code)
        result.raise_error()

    def python(code: str) -> None:
        with capture_output():
            shell.run_cell(code)

    run("%%sql\nCREATE TABLE t AS SELECT range AS x FROM range(1000)")
    engine = connections.resolve(None, {}).engine
    session = engine._session  # type: ignore[attr-defined]
    session.execute("SET enable_progress_bar = false")
    query = "SELECT count(*) AS c FROM t WHERE x > $n"
    own = typical(lambda: session.sql(query, params={"n": 3}).fetchall())
    empty = typical(lambda: python("pass"))
    ours = typical(lambda: run(f"%%sql\n{query}")).over(empty)
    report("a later cell, over DuckDB itself", ours.over(own).milliseconds(), "under 5 ms")

    def analyse(text: str) -> None:
        analyse_statement.cache_clear()
        analyse_sql(text)

    report("analysis of a short SELECT", typical(lambda: analyse(query)).milliseconds(), "")
    report("analysis of a long SELECT", typical(lambda: analyse(LONG), 10).milliseconds(), "")
    session.execute(f"CREATE TABLE million AS {MILLION}")
    frame = best(lambda: session.sql("FROM million").df())
    kept = best(lambda: run("%%sql r <<\nFROM million"))
    ratio = f"{kept.wall / frame.wall:.2f} × ({kept.cpu / frame.cpu:.2f} ×)"
    report("1e6 × 5 rows to pandas, over .df()", ratio, "at most 1.2 ×")
    many = "SELECT range AS a, random() AS b FROM range(30000000)"
    rows = best(lambda: session.sql(many).limit(21).fetchall())
    shown = best(lambda: run(f"%%sql\n{many}"))
    whole = best(lambda: session.sql(many).to_arrow_table(), 1)
    goal = f"fetching all: {whole.wall:.2f} s ({whole.cpu:.2f} s)"
    report("showing 30e6 rows, over its first rows", shown.over(rows).milliseconds(), goal)
    report("from an interrupt to the end of the cell", f"{max(stopping(run)) * 1000:.0f} ms", "within 100 ms")


def report(what: str, measured: str, goal: str) -> None:
    """Print a line of the table; the processor's time is in brackets."""
    print(f"{what:<42} {measured:>24}   {goal}")


if __name__ == "__main__":
    main()
