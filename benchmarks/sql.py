"""What SQL cells cost over DuckDB itself: ratios and differences, all measured in one run.

    python -m benchmarks.sql
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median

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
LONG = "SELECT " + ", ".join(f"sum(CASE WHEN x > {i} THEN x ELSE 0 END) AS s{i}" for i in range(40)) + " FROM t"


def best(work: Callable[[], object], rounds: int = 5) -> float:
    """The least time of several runs, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def typical(work: Callable[[], object], rounds: int = 50) -> float:
    """The median time of many runs, in seconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    """Measure and print a table."""
    command = [sys.executable, "-c", FIRST_CELL]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    first, busy = (min(float(run[i]) for run in runs) for i in range(2))
    report("first SQL cell of a kernel", f"{first:.2f} s", f"under 0.6 s ({busy:.2f} s of the processor's time)")
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
    query = "SELECT count(*) AS c FROM t WHERE x > $n"
    own = typical(lambda: session.sql(query, params={"n": 3}).fetchall())
    empty = typical(lambda: python("pass"))
    ours = typical(lambda: run(f"%%sql\n{query}")) - empty
    report("a later cell, over DuckDB itself", f"{(ours - own) * 1000:.1f} ms", "under 5 ms")

    def analyse(text: str) -> None:
        analyse_statement.cache_clear()
        analyse_sql(text)

    report("analysis of a short SELECT", f"{typical(lambda: analyse(query)) * 1e6:.0f} µs", "")
    report("analysis of a long SELECT", f"{typical(lambda: analyse(LONG), 10) * 1e3:.1f} ms", "")
    session.execute(f"CREATE TABLE million AS {MILLION}")
    frame = best(lambda: session.sql("FROM million").df())
    kept = best(lambda: run("%%sql r <<\nFROM million"))
    report("1e6 × 5 rows to pandas, over .df()", f"{kept / frame:.2f} ×", "at most 1.2 ×")
    many = "SELECT range AS a, random() AS b FROM range(30000000)"
    rows = best(lambda: session.sql(many).limit(21).fetchall())
    shown = best(lambda: run(f"%%sql\n{many}"))
    whole = best(lambda: session.sql(many).to_arrow_table(), 1)
    report("showing 30e6 rows, over its first rows", f"+{(shown - rows) * 1000:.0f} ms", f"fetching all: {whole:.2f} s")


def report(what: str, measured: str, goal: str) -> None:
    """Print a line of the table."""
    print(f"{what:<42} {measured:>10}   {goal}")


if __name__ == "__main__":
    main()
