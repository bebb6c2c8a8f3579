"""The kernel against ipykernel, alternately in one run: start, idle memory, cascades and single cells.

    python -m benchmarks.kernel [--cells 1000] [--rounds 3]

Prints one line for each ratio; the last column says whether the limit is kept.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_client.manager import KernelManager

from tests.kernel.driver import Kernel, Specs, is_status


class PlainSpecs(Specs):
    """ipykernel itself."""

    module = "ipykernel_launcher"


def resident_megabytes(kernel: Kernel) -> float:
    """Memory that the process holds, without what it shares with others."""
    rollup = Path(f"/proc/{kernel.manager.provisioner.pid}/smaps_rollup").read_text()
    fields = dict(line.split(":") for line in rollup.splitlines()[1:])
    return sum(int(fields[name].split()[0]) for name in ("Private_Clean", "Private_Dirty")) / 1024


def start(specs: type[Specs]) -> tuple[float, float]:
    """Seconds from the start to the first answer: by the clock, and of the kernel's CPU time."""
    begin = time.perf_counter()
    manager = KernelManager(kernel_name="benchmark", kernel_spec_manager=specs())
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.kernel_info()
    client.get_shell_msg(timeout=60)
    seconds = time.perf_counter() - begin
    tasks = Path(f"/proc/{manager.provisioner.pid}/task").glob("*/schedstat")
    cpu = sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return seconds, cpu


def idle(specs: type[Specs]) -> float:
    """Megabytes after the first cell."""
    kernel = Kernel(specs)
    kernel.console("1")
    time.sleep(0.5)
    megabytes = resident_megabytes(kernel)
    kernel.stop()
    return megabytes


def wait_idle(kernel: Kernel, msg_id: str) -> None:
    """Until the request is done: its idle on iopub and its reply."""
    kernel.wait_for(lambda m: is_status(m, msg_id, "idle"))
    kernel.client.get_shell_msg(timeout=60)


def chain(count: int) -> list[tuple[str, str]]:
    """Cells that each need the one before."""
    return [("c0", "x0 = 0")] + [(f"c{i}", f"x{i} = x{i - 1} + 1") for i in range(1, count)]


def wide(count: int) -> list[tuple[str, str]]:
    """Cells that all need the first."""
    return [("c0", "x0 = 0")] + [(f"c{i}", f"y{i} = x0 + {i}") for i in range(1, count)]


def one_by_one(kernel: Kernel, cells: list[tuple[str, str]]) -> float:
    """Seconds to run the cells as a client does: each when the one before is done."""
    begin = time.perf_counter()
    for cell_id, code in cells:
        wait_idle(kernel, kernel.send_cell(cell_id, code))
    return time.perf_counter() - begin


def cascade(kernel: Kernel, value: int) -> float:
    """Seconds to change the first cell and have all of them run."""
    begin = time.perf_counter()
    wait_idle(kernel, kernel.send_cell("c0", f"x0 = {value}"))
    return time.perf_counter() - begin


def compare(measure: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of each, measured in turn."""
    found: dict[str, list[float]] = {name: [] for name in measure}
    for _ in range(rounds):
        for name, run in measure.items():
            found[name].append(run())
    return {name: statistics.median(values) for name, values in found.items()}


def compare_cascade(what: str, cells: list[tuple[str, str]], reactive: Kernel, plain: Kernel, rounds: int) -> None:
    """A cascade against the same cells run one by one through ipykernel."""
    reactive.control("sync", cells=[{"cell_id": cell_id, "source": code} for cell_id, code in cells])
    one_by_one(plain, cells)
    values = iter(range(1, 1000))
    cascade(reactive, next(values))
    found = compare(
        {"ours": lambda: cascade(reactive, next(values)), "ipykernel": lambda: one_by_one(plain, cells)}, rounds
    )
    ours, theirs = found["ours"], found["ipykernel"]
    report(f"cascade of {len(cells)} cells ({what}), s", ours, theirs, ours <= theirs)


def report(what: str, ours: float, theirs: float, kept: bool) -> None:
    """One line."""
    ratio = ours / theirs
    print(f"{what:<34} ours {ours:9.4f}  ipykernel {theirs:9.4f}  ratio {ratio:6.3f}  {'ok' if kept else 'OVER'}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=9)
    args = parser.parse_args()

    # The least disturbed of each: whatever else the machine does only adds.
    starts = [(start(Specs), start(PlainSpecs)) for _ in range(args.starts)]
    for number, what in enumerate(("start, s", "start, s of CPU")):
        ours, theirs = (min(pair[i][number] for pair in starts) for i in (0, 1))
        report(what, ours, theirs, ours <= theirs * 1.05)
    found = compare({"ours": lambda: idle(Specs), "ipykernel": lambda: idle(PlainSpecs)}, args.rounds)
    report("idle memory, MB", found["ours"], found["ipykernel"], found["ours"] <= found["ipykernel"] + 10)

    reactive, plain = Kernel(Specs), Kernel(PlainSpecs)
    for what, cells in (("wide", wide(args.cells)), ("chain", chain(args.cells))):
        compare_cascade(what, cells, reactive, plain, args.rounds)

    single = [(f"s{i}", f"z{i} = 1") for i in range(200)]
    reactive.control("forget")
    found = compare(
        {
            "ours": lambda: one_by_one(reactive, single) / len(single),
            "ipykernel": lambda: one_by_one(plain, single) / len(single),
        },
        args.rounds,
    )
    report("one independent cell, s", found["ours"], found["ipykernel"], found["ours"] <= found["ipykernel"] * 1.5)
    reactive.stop()
    plain.stop()


if __name__ == "__main__":
    main()
