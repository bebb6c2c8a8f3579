"""``python -m tests.oracle --sessions N --seed S``: play N random sessions and say what they showed.

Every fourth session has SQL cells; with ``--sql`` all have.  With ``--meddle`` edits come in the midst of cascades,
cells are interrupted, disabled, run alone (see `meddling`).
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import secrets
import sys
import time
from pathlib import Path

from .driver import Driver, Factory
from .example import Example
from .grammar import from_seed
from .meddling import Meddling
from .reference import ENGINES
from .session import IGNORED, Report, play
from .shrink import shrink
from .sql_cells import sql_from_seed


def factory_named(name: str) -> Factory:
    """Return the engine under test, or one of the oracle's own."""
    if name in ENGINES:
        return ENGINES[name]
    from reactive_kernel.kernel.engine import Engine

    return Engine


def smallest(
    example: Example, report: Report, factory: Factory, seconds: float, driver: type[Driver] = Driver
) -> tuple[Example, Report]:
    """Shrink a failing example, keeping the kind of its first difference."""
    kind = report.differences[0].kind

    def fails(candidate: Example) -> bool:
        found = play(candidate, factory, patience=5, driver=driver).differences
        return bool(found) and found[0].kind == kind

    if not fails(example):  # once in a while: what there is time to look at differs
        return example, report
    small = shrink(example, fails, seconds)
    found = play(small, factory, driver=driver)
    return (small, found) if found.differences else (example, report)


def main(argv: list[str] | None = None) -> int:
    """Run from the command line; the exit code is 1 if anything differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument("--sessions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", type=int, default=None, help="play this session of the seed alone, and print it")
    parser.add_argument("--sql", action="store_true", help="only sessions with SQL cells")
    parser.add_argument("--meddle", action="store_true", help="edits in the midst of cascades, and the like")
    parser.add_argument("--engine", default="kernel", help="kernel, or one of: " + ", ".join(ENGINES))
    parser.add_argument("--shrink", type=float, default=0.0, help="seconds to spend on making a failing session small")
    parser.add_argument("--keep", type=Path, default=None, help="folder to write failing sessions to")
    parser.add_argument("--stop", type=int, default=5, help="stop after so many failing sessions")
    parser.add_argument("--ignore", default="", help="kinds of differences to overlook, with commas")
    parser.add_argument("--replay", type=Path, default=None, help="play this kept session alone")
    options = parser.parse_args(argv)
    IGNORED.update(filter(None, options.ignore.split(",")))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # a runaway session must not take the machine
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    factory, driver = factory_named(options.engine), Meddling if options.meddle else Driver
    if options.replay is not None:
        return replay(options.replay, factory, driver)
    total, failing, began = Report(), 0, time.monotonic()
    for number in [options.only] if options.only is not None else range(options.sessions):
        with_sql = options.sql or number % 4 == 3
        example = sql_from_seed(seed, number) if with_sql else from_seed(seed, number)
        report = play(example, factory, patience=120 if with_sql else 20, driver=driver)
        total.add(report)
        if report.differences:
            failing += 1
            if options.shrink:
                example, report = smallest(example, report, factory, options.shrink, driver)
            show(f"seed {seed} session {number}", example, report, options.keep)
            if failing >= options.stop:
                break
    print(summary(total, seed, number + 1, failing, time.monotonic() - began))
    return 1 if failing else 0


def replay(path: Path, factory: Factory, driver: type[Driver]) -> int:
    """Play a kept session and print what differs."""
    example = Example.load(path)
    report = play(example, factory, driver=driver)
    print(example, *report.differences, sep="\n")
    return 1 if report.differences else 0


def show(title: str, example: Example, report: Report, keep: Path | None) -> None:
    """Print a failing session, and keep it if there is a place."""
    print(f"--- {title}", *report.differences[:3], example, sep="\n", flush=True)
    if keep is not None:
        kind = report.differences[0].kind.replace(" ", "-")
        digest = hashlib.sha1(str(example).encode()).hexdigest()[:6]
        (keep / f"{kind}-{digest}.json").write_text(
            example.but(note=str(report.differences[0])).to_json(), encoding="utf-8"
        )


def summary(total: Report, seed: int, sessions: int, failing: int, seconds: float) -> str:
    """Say in one paragraph how it went."""
    per_op = total.ran / max(1, total.operations)
    again, first = total.again / max(1, total.operations), total.first / max(1, total.operations)
    excess = total.ran / max(1, total.needed)
    return (
        f"seed {seed}: {sessions} sessions, {failing} with differences, {total.operations} operations, "
        f"{total.comparisons} cells compared ({total.failed} failing, {total.blocked} blocked, "
        f"{total.murky} states not judged); {per_op:.2f} cells run per operation "
        f"(of these {first:.2f} the notebooks' first runs, {again:.2f} failed ones tried again in vain), "
        f"{excess:.2f} per cell that had to run" + (f"; {seconds:.0f} s" if seconds else "")
    )


if __name__ == "__main__":
    sys.exit(main())
