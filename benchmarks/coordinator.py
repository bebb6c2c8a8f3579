"""The coordinator under load and at rest, on a real server with real kernels and real WebSocket clients.

    python benchmarks/coordinator.py [--notebooks 20] [--clients 5] [--rate 10] [--seconds 60] [--idle 20]

Load: every client edits its own cell of its notebook at a rate.  It counts what was lost or came out of
order, and measures the time from an edit to its `cell_updated`, the server's CPU and its memory in each
quarter of the time.  Rest: the server's CPU with all notebooks open and nobody doing anything.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.server.live import Door, Server


@dataclass
class Tally:
    """What one client sent and saw."""

    cell: str
    sent: dict[int, float] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)
    joined: int = 0  # edits that a later one of the same cell overtook
    gaps: int = 0
    reordered: int = 0
    seq: int = 0
    latest: int = -1


async def read(door: Door, tally: Tally) -> None:
    """Check every message, time those that answer our own edits."""
    needle = f'"cellId": "{tally.cell}"'
    while True:
        text = await door.socket.read_message()
        if text is None:
            return
        now = time.perf_counter()
        seq = int(text[text.rindex(":") + 1 : -1])
        tally.gaps += tally.seq not in (0, seq - 1)
        tally.seq = seq
        if not text.startswith('{"type": "cell_updated"') or needle not in text[:80]:
            continue
        number = int(json.loads(text)["cell"]["code"].split("=")[1])
        tally.reordered += number <= tally.latest
        for skipped in range(tally.latest + 1, number):
            tally.joined += tally.sent.pop(skipped, None) is not None
        tally.latest = number
        if number in tally.sent:
            tally.waits.append(now - tally.sent.pop(number))


async def write(door: Door, tally: Tally, rate: float, until: float, offset: float) -> None:
    """Edit at a steady rate, whatever comes back."""
    number, due = 0, time.perf_counter() + offset
    while due < until:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tally.sent[number] = time.perf_counter()
        await door.send("cell_update", cellId=tally.cell, code=f"{tally.cell} = {number}")
        number += 1
        due += 1 / rate


async def connect(server: Server, paths: list[str], clients: int) -> list[tuple[Door, Tally]]:
    pairs = []
    for path in paths:
        for index in range(clients):
            door = await server.connect(path)
            await door.ready()
            pairs.append((door, Tally(f"c{index}")))
    return pairs


async def load(server: Server, paths: list[str], options: argparse.Namespace) -> bool:
    pairs = await connect(server, paths, options.clients)
    process = psutil.Process(server.process.pid)
    readers = [asyncio.create_task(read(*pair)) for pair in pairs]
    before, kernels_before, start = process.cpu_times(), spent(server), time.perf_counter()
    until = start + options.seconds
    writers = [
        asyncio.create_task(write(door, tally, options.rate, until, (index % 97) / 97 / options.rate))
        for index, (door, tally) in enumerate(pairs)
    ]
    memory = []
    for _ in range(4):
        await asyncio.sleep(options.seconds / 4)
        memory.append(process.memory_info().rss / 2**20)
    await asyncio.gather(*writers)
    used = sum(process.cpu_times()[:2]) - sum(before[:2])
    kernels = spent(server) - kernels_before
    await asyncio.sleep(5)  # for what is on its way
    for task in readers:
        task.cancel()
    edits = sum(tally.latest + 1 for _, tally in pairs)
    print(f"  CPU for an edit: server {used / edits * 1000:.2f} ms, kernel {kernels / edits * 1000:.2f} ms")
    return report([tally for _, tally in pairs], memory, used / options.seconds)


def spent(server: Server) -> float:
    """CPU seconds of the kernels so far."""
    return sum(sum(kernel.cpu_times()[:2]) for kernel in server.kernels())


def report(tallies: list[Tally], memory: list[float], cpu: float) -> bool:
    waits = sorted(wait * 1000 for tally in tallies for wait in tally.waits)
    lost = sum(len(tally.sent) for tally in tallies)
    gaps, reordered = sum(tally.gaps for tally in tallies), sum(tally.reordered for tally in tallies)
    joined = sum(tally.joined for tally in tallies)
    p50, p99 = statistics.median(waits), waits[int(len(waits) * 0.99)]
    print(f"  edits answered {len(waits):,}, overtaken by the same cell's next {joined:,}, lost {lost}")
    print(f"  messages missing {gaps}, out of order {reordered}")
    print(f"  edit to cell_updated: median {p50:.0f} ms, p99 {p99:.0f} ms, longest {waits[-1]:.0f} ms")
    print(f"  server: {cpu:.2f} of a core; MB at each quarter: {', '.join(f'{value:.0f}' for value in memory)}")
    return not (lost or gaps or reordered)


async def rest(server: Server, seconds: float) -> None:
    process = psutil.Process(server.process.pid)
    await asyncio.sleep(3)
    before = sum(process.cpu_times()[:2])
    await asyncio.sleep(seconds)
    share = (sum(process.cpu_times()[:2]) - before) / seconds
    print(f"  server at rest: {share:.2%} of a core")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("notebooks", 20), ("clients", 5), ("rate", 10.0), ("seconds", 60.0), ("idle", 20.0)):
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--bare", action="store_true", help="at rest only, and without the coordinator, to compare")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start")
    with tempfile.TemporaryDirectory() as root:
        server = Server(Path(root), bare=options.bare)
        try:
            paths = [server.open(*["pass"] * options.clients)[0] for _ in range(options.notebooks)]
            print(f"{options.notebooks} notebooks open")
            asyncio.run(rest(server, options.idle))
            if options.bare:
                return 0
            print(f"{options.clients} clients each, {options.rate:g} edits a second each, {options.seconds:g} s")
            return 0 if asyncio.run(load(server, paths, options)) else 1
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
