"""Kernels that die, stop, or are left alone; servers that end: nothing is lost, nothing is left running."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reactive_kernel.mirror import Mirror
from tests.server.live import PATIENCE, Server, is_kernel
from tests.server.test_live_door import CHAIN, gate, mirrored, outputs

KILL = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


async def back(door) -> Mirror:
    """Wait until the kernel is there again."""
    await door.until("kernel_status", status="restarting")
    await door.until("kernel_status", status="idle")
    return mirrored(door)


async def test_a_kernel_killed_while_idle(server: Server) -> None:
    path, session = server.open(*CHAIN)
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_all")
    server.kernel_of(session).kill()
    fault = await door.until("kernel_error")
    assert fault["restarted"]
    assert fault["cells"] == []
    assert "SIGKILL" in fault["error"]
    mirror = await back(door)
    assert outputs(mirror) == ["", "", "20\n"]
    assert [cell["fresh"] for cell in mirror.cells] == [False, False, False]
    assert [cell["code"] for cell in mirror.cells] == list(CHAIN)
    assert (await door.ask("run_cell", cellId="c2"))["ok"]
    assert mirrored(door).cell("c2")["fresh"]


async def test_a_kernel_killed_in_a_cascade(server: Server, tmp_path) -> None:
    path, session = server.open("x = 1", "y = x\nprint('old', y)", gate(tmp_path / "go") + "\ny", "y")
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_cell", cellId="c1", run="upstream")
    await door.ask("cell_update", cellId="c0", code="x = 2")
    await door.send("run_cell", cellId="c0", requestId="cascade")
    await door.until("cell_status", cellId="c2", status="running")
    await door.ask("cell_update", cellId="c3", code="y + 1")
    server.kernel_of(session).kill()
    fault = await door.until("kernel_error")
    assert (fault["cellId"], fault["cells"]) == ("c2", ["c2"])
    assert "while cell 3 was running" in fault["error"]
    mirror = await back(door)
    assert not next(m for m in door.seen if m.get("requestId") == "cascade")["ok"]
    assert mirror.text("c1") == "old 2\n"
    assert [cell["code"] for cell in mirror.cells][::3] == ["x = 2", "y + 1"]
    assert not any(cell["fresh"] for cell in mirror.cells)


async def test_a_cell_that_kills_is_blocked_after_a_few_deaths_until_it_is_edited(server: Server) -> None:
    path, _ = server.open("x = 1", KILL, "print(x)")
    door = await server.connect(path)
    await door.ready()
    for _ in range(2):  # the limit of this server
        await door.send("run_cell", cellId="c1")
        assert (await door.until("kernel_error"))["cellId"] == "c1"
        mirror = await back(door)
    cell = mirror.cell("c1")
    assert cell["status"] == "blocked"
    assert "2 times" in cell["problem"]["message"]
    await door.send("run_cell", cellId="c1")
    assert "2 times" in (await door.until("error"))["message"]
    await door.ask("run_all")
    assert mirrored(door).text("c2") == "1\n"
    await door.ask("cell_update", cellId="c1", code="print('tamed')")
    assert (await door.ask("run_cell", cellId="c1"))["ok"]
    assert mirrored(door).text("c1") == "tamed\n"


async def test_a_stopped_process_holds_back_no_edit(server: Server) -> None:
    path, session = server.open(*CHAIN)
    door, other = await server.connect(path), await server.connect(path)
    await door.ready()
    await door.ask("run_all")
    process = server.kernel_of(session)
    process.suspend()
    try:
        await door.ask("cell_update", cellId="c0", code="x = 3")
        assert mirrored(door).kernel_status == "unresponsive"
        await door.ask("cell_update", cellId="c0", code="x = 4")
        await other.until("cell_updated", lambda message: message["cell"]["code"] == "x = 4")
    finally:
        process.resume()
    await door.until("kernel_status", status="idle")
    await door.ask("run_cell", cellId="c2")
    assert mirrored(door).text("c2") == "8\n"


@pytest.fixture(scope="module")
def odd(tmp_path_factory) -> Iterator[Server]:
    """A server with settings out of the ordinary, whose kernels don't start while a file `broken` is there."""
    root = tmp_path_factory.mktemp("odd")
    shim = tmp_path_factory.mktemp("shim")
    condition = f"'reactive_kernel' in sys.orig_argv and os.path.exists({str(root / 'broken')!r})"
    (shim / "sitecustomize.py").write_text(f"import os, sys\nif {condition}: os._exit(7)")
    options = ("rerun_after_death=True", "restart_delay=0.05", "max_restart_delay=0.1", "stop_kernel_after=0.5")
    running = Server(
        root,
        *(f"--ReactiveKernelApp.{option}" for option in (*options, "session_poll=0.2")),
        env={"PYTHONPATH": f"{shim}:{Path(__file__).parents[2]}"},
    )
    yield running
    running.stop()


async def test_what_had_been_fresh_is_run_again_without_the_killer(odd: Server) -> None:
    server = odd
    path, session = server.open("x = 1", "y = x\nprint(y)", KILL + "\nz = x", "print(z)", "print('never run')")
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_cell", cellId="c1", run="upstream")
    await door.send("run_cell", cellId="c2")
    assert (await door.until("kernel_error"))["cellId"] == "c2"
    await back(door)
    await door.until("cell_status", cellId="c1", fresh=True)
    await door.until("kernel_status", status="idle")
    fresh = [cell["fresh"] for cell in server.state(path)["cells"]]
    assert fresh == [True, True, False, False, False]
    server.kernel_of(session).kill()
    assert (await door.until("kernel_error"))["cells"] == []  # nothing was running this time
    await door.until("cell_status", cellId="c1", fresh=True)
    await door.until("kernel_status", status="idle")
    await end(server, door)


async def end(server: Server, door) -> None:
    """Leave; this server then stops the kernel."""
    door.close()
    await no_sessions(server)


async def test_a_kernel_that_dies_at_every_start_is_given_up_and_said_so(odd: Server) -> None:
    server, broken = odd, odd.root / "broken"
    path, session = server.open("x = 1")
    door = await server.connect(path)
    await door.ready()
    await door.ask("cell_update", cellId="c0", code="x = 'kept'")
    broken.touch()
    server.kernel_of(session).kill()
    while (await door.until("kernel_error"))["restarted"]:
        pass
    assert "exit code 7" in door.seen[-1]["error"]
    assert "not started again" in door.seen[-1]["error"]
    await door.until("kernel_status", status="dead")
    assert mirrored(door).cell("c0")["code"] == "x = 'kept'"
    broken.unlink()
    await no_sessions(server)
    await door.ask("cell_update", cellId="c0", code="x = 'edited'\nx")
    await door.ask("restart_kernel")
    await door.ask("run_all")
    assert mirrored(door).text("c0") == "'edited'\n"
    await end(server, door)


async def test_interrupted_commands_leave_no_process_behind(server: Server) -> None:
    path, session = server.open("import time\ntime.sleep(1000)")
    door = await server.connect(path)
    await door.ready()
    process = server.kernel_of(session)
    await door.send("run_cell", cellId="c0")
    await door.until("cell_status", status="running")
    server.http.delete(f"/api/sessions/{session['id']}")
    await gone([process])


async def gone(processes: list[psutil.Process]) -> None:
    """Until none of these is in the process table."""
    deadline = time.monotonic() + PATIENCE
    for _ in iter(lambda: any(p.is_running() and is_kernel(p) for p in processes), False):
        assert time.monotonic() < deadline, processes
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "crashed"])
async def test_no_kernel_outlives_its_server(start, how: int) -> None:
    server = start()
    opened = [server.open("x = 1"), server.open("while True: pass")]
    for path, _ in opened:
        door = await server.connect(path)
        await door.ready()
    await door.send("run_cell", cellId="c0")
    await door.until("cell_status", status="running")
    kernels = server.kernels()
    assert len(kernels) == 2
    server.stop(how)
    await gone(kernels)


async def test_a_kernel_nobody_looks_at_is_stopped_if_so_configured(odd: Server) -> None:
    server = odd
    path, _ = server.open("x = 1")
    door = await server.connect(path)
    await door.ready()
    await asyncio.sleep(1.0)  # somebody looks: it stays
    assert len(server.kernels()) == 1
    kernels = server.kernels()
    door.close()
    await gone(kernels)
    await no_sessions(server)


async def no_sessions(server: Server) -> None:
    """Until the server has forgotten all sessions."""
    deadline = time.monotonic() + PATIENCE
    for _ in iter(lambda: server.http.get("/api/sessions").json(), []):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def test_no_kernel_of_the_tests_is_left(server: Server) -> None:
    """Every kernel process below the server belongs to a session that is still open."""
    ids = {session["kernel"]["id"] for session in server.http.get("/api/sessions").json()}
    for process in server.kernels():
        assert any(kernel_id in part for part in process.cmdline() for kernel_id in ids), process.cmdline()
    assert os.getpid() != server.process.pid
