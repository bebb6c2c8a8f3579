"""The coordinator under load and at rest, on a real server with real kernels and real WebSocket clients.

    python benchmarks/coordinator.py [--notebooks 20] [--clients 5] [--rate 10] [--seconds 60] [--idle 15]

Rest: the server's CPU with all notebooks open and nobody doing anything.  Load: every client edits its own cell of
its notebook at a rate, and reads all that the others do.  It counts what was lost or came out of order, and measures
the time from an edit to its `cell_updated` at the client that made it, the server's CPU, and its memory on the way.

The clients are raw sockets in this one process: tornado's own would need more CPU than the server that they measure.
Meaningful on an otherwise idle machine; CPU for an edit also on a busy one.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import heapq
import os
import re
import sys
import tempfile
import time
from array import array
from pathlib import Path
from urllib.parse import quote

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.server.live import Server

WAIT_MS, IDLE_SHARE, GROWTH_MB = 100.0, 0.01, 2.0
"""The limits: p99 of an edit to its `cell_updated`, a core's share at rest, memory from the middle to the end."""

SEQ = re.compile(rb'"seq": ?(\d+)\}$')
UPDATED = re.compile(rb'^\{"type": ?"cell_updated".*?"code": ?"c(\d+) = (\d+)"')
TICK = 0.002


class Client(asyncio.Protocol):
    """One client: edits the cell `own`, checks everything that it is told."""

    def __init__(self, server: Server, path: str, own: int, cells: int) -> None:
        self._request = _handshake(server, path)
        self._own = own
        self._buffer = bytearray()
        self._seq = 0
        self.opened = asyncio.get_running_loop().create_future()
        self.ready = asyncio.get_running_loop().create_future()
        self.closed = False
        self.sent: list[float] = []  # when edit number n was sent
        self.waits = array("d")
        self.latest = [-1] * cells  # the newest number seen of each cell
        self.joined = self.gaps = self.reordered = self.messages = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, fault: Exception | None) -> None:
        self.closed = True

    def edit(self) -> None:
        """Send the next edit; masked with zeros, as the protocol allows."""
        text = b'{"type":"cell_update","cellId":"c%d","code":"c%d = %d"}' % (self._own, self._own, len(self.sent))
        self.sent.append(time.perf_counter())
        self._transport.write(bytes((0x81, 0x80 | len(text), 0, 0, 0, 0)) + text)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.opened.set_result(self._buffer.startswith(b"HTTP/1.1 101"))
            del self._buffer[: end + 4]
        now, place = time.perf_counter(), 0
        while (frame := _frame(self._buffer, place)) is not None:
            opcode, start, place = frame
            payload = bytes(self._buffer[start:place])
            if opcode == 9:
                self._transport.write(bytes((0x8A, 0x80 | len(payload), 0, 0, 0, 0)) + payload)
            elif opcode == 1:
                self._take(payload, now)
        del self._buffer[:place]

    def _take(self, text: bytes, now: float) -> None:
        if (
            not self.ready.done()
            and b'"status": "idle"' in text
            and (b'"reachable": true' in text or b"kernel_s" in text)
        ):
            self.ready.set_result(None)
        self.messages += 1
        seq = int(SEQ.search(text)[1])  # type: ignore[index]
        self.gaps += self._seq not in (0, seq - 1)
        self._seq = seq
        updated = UPDATED.match(text)
        if updated is None:
            return
        cell, number = int(updated[1]), int(updated[2])
        before = self.latest[cell]
        self.reordered += number <= before
        self.latest[cell] = number
        if cell == self._own:
            self.joined += number - before - 1
            self.waits.extend(now - self.sent[each] for each in range(before + 1, number + 1))


def _handshake(server: Server, path: str) -> bytes:
    head = f"GET /reactive-kernel/notebooks/{quote(path)}/channel HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    head += f"Authorization: token {server.token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = base64.b64encode(os.urandom(16)).decode()
    return f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()


def _frame(buffer: bytearray, place: int) -> tuple[int, int, int] | None:
    """The frame at a place: its opcode, where its payload starts, where it ends; None while it is not whole."""
    if len(buffer) < place + 2:
        return None
    length, start = buffer[place + 1] & 0x7F, place + 2
    if length >= 126:
        more = 2 if length == 126 else 8
        length, start = int.from_bytes(buffer[start : start + more], "big"), start + more
    return (buffer[place] & 0x0F, start, start + length) if len(buffer) >= start + length else None


async def connect(server: Server, paths: list[str], count: int) -> list[Client]:
    loop, clients = asyncio.get_running_loop(), []
    for path in paths:
        for own in range(count):
            client = Client(server, path, own, count)
            await loop.create_connection(lambda client=client: client, "127.0.0.1", server.port)
            assert await client.opened, "the server refused a client"
            clients.append(client)
    await asyncio.gather(*(client.ready for client in clients))
    return clients


async def edit(clients: list[Client], rate: float, seconds: float) -> float:
    """Edit at a steady rate, whatever comes back; the longest delay of an edit by this process itself."""
    start, late = time.perf_counter() + 0.1, 0.0
    queue = [(start + (index * 0.618 % 1) / rate, index, client) for index, client in enumerate(clients)]
    heapq.heapify(queue)
    while queue:
        due, index, client = queue[0]
        ahead = due - time.perf_counter()
        if ahead > 0:
            await asyncio.sleep(max(ahead, TICK))
            continue
        late = max(late, -ahead)
        client.edit()
        heapq.heappop(queue)
        if due + 1 / rate < start + seconds:
            heapq.heappush(queue, (due + 1 / rate, index, client))
    return late


async def watch_memory(process: psutil.Process, seconds: float) -> list[tuple[float, float]]:
    """Seconds and megabytes, at a sixth, a half and the whole of the time."""
    seen, start = [], time.monotonic()
    for share in (1 / 6, 1 / 2, 1):
        await asyncio.sleep(start + share * seconds - time.monotonic())
        seen.append((share * seconds, process.memory_info().rss / 2**20))
    return seen


async def load(server: Server, paths: list[str], options: argparse.Namespace) -> bool:
    clients = await connect(server, paths, options.clients)
    process, ourselves = psutil.Process(server.process.pid), psutil.Process()
    parties = {"server": [process], "kernels": server.kernels(), "these clients": [ourselves]}
    before = {name: spent(processes) for name, processes in parties.items()}
    memory, late = await asyncio.gather(
        watch_memory(process, options.seconds), edit(clients, options.rate, options.seconds)
    )
    await asyncio.sleep(5)  # for what is on its way
    used = {name: spent(processes) - before[name] for name, processes in parties.items()}
    edits = sum(len(client.sent) for client in clients)
    for name, seconds in used.items():
        print(
            f"  {name}: {seconds / options.seconds:.2f} of a core, {seconds / edits * 1000:.2f} ms of CPU for an edit"
        )
    print(f"  the clients' own longest delay {late * 1000:.0f} ms; load {os.getloadavg()[0]:.1f} at the end")
    return report(clients, memory)


def spent(processes: list[psutil.Process]) -> float:
    """Their CPU seconds so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def verdict(holds: bool, text: str) -> bool:
    print(f"  {'PASS' if holds else 'FAIL'}  {text}")
    return holds


def report(clients: list[Client], memory: list[tuple[float, float]]) -> bool:
    waits = sorted(wait * 1000 for client in clients for wait in client.waits)
    sent, messages = sum(len(client.sent) for client in clients), sum(client.messages for client in clients)
    # The last text of every cell has to have come to every client of its notebook.
    ends = {id(client): len(client.sent) - 1 for client in clients}
    groups = [clients[at : at + len(clients[0].latest)] for at in range(0, len(clients), len(clients[0].latest))]
    unseen = sum(c.latest != [ends[id(each)] for each in group] for group in groups for c in group)
    lost = sum(len(client.sent) - len(client.waits) for client in clients)
    gaps, reordered = sum(client.gaps for client in clients), sum(client.reordered for client in clients)
    closed, joined = sum(client.closed for client in clients), sum(client.joined for client in clients)
    p50, p99 = (waits[int(len(waits) * share)] for share in (0.5, 0.99))
    growth = memory[-1][1] - memory[1][1]
    at = ", ".join(f"{megabytes:.1f} MB at {seconds:.0f} s" for seconds, megabytes in memory)
    print(f"  {sent:,} edits, {joined:,} of them overtaken by the same cell's next; {messages:,} messages to clients")
    return all(
        [
            verdict(
                not (lost or unseen or closed), f"lost: {lost} edits; {unseen} clients differ, {closed} were closed"
            ),
            verdict(not gaps, f"messages missing: {gaps}"),
            verdict(not reordered, f"out of order: {reordered}"),
            verdict(
                p99 < WAIT_MS, f"edit to cell_updated: p50 {p50:.0f} ms, p99 {p99:.0f} ms, longest {waits[-1]:.0f} ms"
            ),
            verdict(growth < GROWTH_MB, f"server memory: {at}"),
        ]
    )


def rest(server: Server, seconds: float) -> bool:
    process = psutil.Process(server.process.pid)
    time.sleep(3)
    before = spent([process])
    time.sleep(seconds)
    share = (spent([process]) - before) / seconds
    return verdict(share < IDLE_SHARE, f"server at rest: {share:.2%} of a core")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("notebooks", 20), ("clients", 5), ("rate", 10.0), ("seconds", 60.0), ("idle", 15.0)):
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--bare", action="store_true", help="at rest only, and without the coordinator, to compare")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start")
    with tempfile.TemporaryDirectory() as root:
        server = Server(Path(root), bare=options.bare)
        try:
            paths = [server.open(*["pass"] * options.clients)[0] for _ in range(options.notebooks)]
            print(f"{options.notebooks} notebooks open")
            well = rest(server, options.idle) if options.idle else True
            if options.bare:
                return 0
            print(f"{options.clients} clients each, {options.rate:g} edits a second each, {options.seconds:g} s")
            return 0 if asyncio.run(load(server, paths, options)) and well else 1
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
