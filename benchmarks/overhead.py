"""What the engine adds to a cell's own run: bind, fingerprint, version, plan; in one process, without Jupyter.

    python -m benchmarks.overhead [--rounds 60] [--profile NAME]

Prints milliseconds of the thread's own time added to a cell (median and 95th percentile) with 1,000 names and a
1e6-row frame in the namespace, and the ratio of a CPU-heavy cell to a plain run of it.  Ordinary cells run again and
again; cells that read or change something large are new ones at the notebook's end each time.  The last column says
whether the limit is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import io
import pstats
import statistics
import sys
from pathlib import Path
from time import thread_time

sys.path.insert(0, str(Path(__file__).parents[1]))

from reactive_kernel.kernel.engine import Engine, Outcome, RunRequest

NAMES = 1000
SETUP = {
    "imports": "import numpy as np\nimport pandas as pd\nimport random",
    "frame": "df = pd.DataFrame({'a': np.arange(1_000_000), 'b': np.arange(1_000_000) / 7, 'c': ['x', 'y'] * 500_000})",
    "list": "numbers = list(range(1_000_000))",
    "strings": "words = [str(n) for n in range(200_000)]",
    "dict": "table = {n: n for n in range(1_000_000)}",
    "set": "members = set(range(500_000))",
    "nested": "nested = {n: [n] for n in range(200_000)}",
    "records": "records = [{'a': n, 'b': [str(n)]} for n in range(100_000)]",
    "array": "array = np.zeros(5_000_000)",
    "array of objects": "boxes = np.empty(200_000, dtype=object)\nboxes[:] = [[n] for n in range(200_000)]",
    "small": "rows = [1, 2, 3]\nd = {'k': [1]}\ndef f(n): return n + v0\nclass C:\n    v = 1\no = C()",
}
# name: (source of the cell, limit in milliseconds)
CELLS = {
    "a number": ("u1 = v1 + 1", 1.0),
    "print": ("print(v2)", 1.0),
    "a function": ("u2 = f(3)", 1.0),
    "a small list changed": ("rows.append(4)", 1.0),
    "a nested list changed": ("d['k'].append(2)", 1.0),
    "an instance changed": ("o.v = 2", 1.0),
    "a new function": ("def g(n): return f(n) + v3", 1.0),
    "frame: shape": ("u3 = df.shape", 1.0),
    "frame: mean": ("u4 = df['b'].mean()", 1.0),
    "frame: head": ("u5 = df.head()", 1.0),
    "frame: column": ("df['e'] = 1", 2.0),
    "list: read": ("u6 = len(numbers)", 2.0),
    "list: passed on": ("u7 = max(numbers[:5])", 2.0),
    "list: append": ("numbers.append(1)", 2.0),
    "strings: append": ("words.append('x')", 2.0),
    "dict: read": ("u8 = table[5]", 2.0),
    "dict: item": ("table[5] = 6", 2.0),
    "set: add": ("members.add(-1)", 2.0),
    "nested: read": ("u9 = len(nested)", 2.0),
    "nested: append": ("nested[5].append(6)", 2.0),
    "records: read": ("u11 = records[7]", 2.0),
    "records: item": ("records[7]['a'] = 8", 2.0),
    "array: item": ("array[3] = 1", 2.0),
    "array of objects: append": ("boxes[3].append(1)", 2.0),
    "nested: another name": ("u10 = nested", 2.0),
}
ORDINARY = 1.0  # limit of cells that have to do with nothing large, or ask only little of it
HEAVY = """
total = 0
for i in range(1_500_000):
    total += i * i % 7
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
fib(21)
"""


class Bench:
    """An engine whose cells are timed."""

    def __init__(self) -> None:
        self.namespace: dict[str, object] = {"__name__": "__main__"}
        self.engine = Engine(self.namespace)
        cells = list(SETUP.items())
        cells += [("names", "\n".join(f"v{n} = {n}" for n in range(NAMES)))]
        cells += [(name, source) for name, (source, _) in CELLS.items()]
        self.engine.command("sync", {"cells": [{"cell_id": name, "source": source} for name, source in cells]})
        self.codes: dict[str, object] = {}
        self.run("names", dict(cells)["names"])
        for name, source in cells:
            if name != "names":
                self.run(name, source)

    def run(self, cell: str, source: str) -> tuple[float, float, int]:
        """Seconds in the engine on account of a cell, seconds in its own code, number of cells that ran."""
        own, others, count = 0.0, 0.0, 0
        begin = thread_time()
        run = self.engine.begin(RunRequest(cell_id=cell, source=source), "c")
        while (step := run.next()) is not None:
            code = self.codes.get(step.source) or self.codes.setdefault(step.source, compile(step.source, "c", "exec"))
            times = [thread_time()]
            run.enter(step)
            times.append(thread_time())
            with contextlib.redirect_stdout(io.StringIO()):
                exec(code, self.namespace)  # type: ignore[call-overload]
            times.append(thread_time())
            count += 1
            run.leave(step, Outcome("success", count, times[2] - times[1]))
            if step.cell_id == cell:
                own += times[2] - times[1]
                others += times[2] - times[1]
            else:
                others += thread_time() - times[0]
        run.finish()
        self.engine.take_event()
        return thread_time() - begin - others, own, count

    def run_new(self, source: str) -> tuple[float, float, int]:
        """The same for a new cell at the notebook's end."""
        at = len(self.engine.session.cells)
        cell = f"new {at}"
        self.engine.command("insert", {"cell_id": cell, "source": source, "index": at})
        return self.run(cell, source)


def added(bench: Bench, name: str, rounds: int) -> tuple[list[float], float]:
    """Milliseconds added to a cell that runs again and again; and its own."""
    found, own = [], []
    source, limit = CELLS[name]
    for _ in range(rounds if limit == ORDINARY else min(rounds, 8)):
        extra, inside, _ = bench.run(name, source) if limit == ORDINARY else bench.run_new(source)
        found.append(extra * 1e3)
        own.append(inside * 1e3)
    return found, statistics.median(own)


def heavy_ratio(bench: Bench, rounds: int) -> float:
    """A CPU-heavy cell through the engine over a plain run, alternately; best of each."""
    plain_times, engine_times = [], []
    code = compile(HEAVY, "c", "exec")
    namespace = dict(bench.namespace)  # as large as the engine's
    for _ in range(rounds):
        start = thread_time()
        exec(code, namespace)
        plain_times.append(thread_time() - start)
        start = thread_time()
        bench.run("heavy", HEAVY)
        engine_times.append(thread_time() - start)
    return min(engine_times) / min(plain_times)


def profile(bench: Bench, name: str, rounds: int) -> None:
    """Where the time goes for one kind of cell."""
    profiler = cProfile.Profile()
    profiler.enable()
    added(bench, name, rounds)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--profile", help="kind of cell to profile instead")
    options = parser.parse_args()
    bench = Bench()
    if options.profile:
        profile(bench, options.profile, options.rounds)
        return
    every: list[float] = []
    print(f"{'cell':24} {'own ms':>8} {'median':>8} {'95 %':>8} {'limit':>6}")
    for name, (_, limit) in CELLS.items():
        found, own = added(bench, name, options.rounds)
        every += found if limit == ORDINARY else []
        median, high = statistics.median(found), sorted(found)[int(len(found) * 0.95)]
        allowed = max(limit, 0.02 * own)
        print(f"{name:24} {own:8.3f} {median:8.3f} {high:8.3f} {allowed:6.2f}  {'ok' if median <= allowed else 'OVER'}")
    median = statistics.median(every)
    print(f"{'ordinary cells':24} {'':8} {median:8.3f} {'':8} {1.0:6.2f}  {'ok' if median <= 1 else 'OVER'}")
    ratio = heavy_ratio(bench, 5)
    print(f"CPU-heavy cell, engine over plain: {ratio:.3f} (limit 1.02)  {'ok' if ratio <= 1.02 else 'OVER'}")


if __name__ == "__main__":
    main()
