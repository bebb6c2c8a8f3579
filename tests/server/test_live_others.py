"""Front ends that know nothing of the door, two that disagree, and servers that are set up otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.live import Door, Server
from tests.server.test_live_door import CHAIN, mirrored, outputs


async def test_a_front_end_without_a_file_is_followed(server: Server) -> None:
    """As VS Code: a session for a path that the server does not have, and nothing but the kernel's own channel."""
    path = "analysis-jvsc-7f3a.ipynb"
    session = server.session(path)
    door = await server.connect(path)
    await door.ready()
    kernel = await Door.open_kernel(server, session)
    ids = [f"vscode-notebook-cell:/home/me/analysis.ipynb#W{number}sZmlsZQ==" for number in range(2)]
    await kernel.execute("x = 2\nprint('first', x)", ids[0])
    await kernel.execute("print('second', x)", ids[1])
    await kernel.execute("x = 3\nprint('first', x)", ids[0])
    await door.until("kernel_status", lambda _: door.texts(ids[1]).endswith("second 3\n"), status="idle")
    await door.ask("run_stale")
    for shown in (mirrored(door).cells, server.state(path)["cells"]):
        assert [cell["cellId"] for cell in shown] == ids
        assert [cell["code"] for cell in shown] == ["x = 3\nprint('first', x)", "print('second', x)"]
        assert [cell["outputs"][0]["text"] for cell in shown] == ["first 3\n", "second 3\n"]
    assert door.texts(ids[0]).startswith("first 2\n")  # the first run of a cell that nobody had told before
    kernel.socket.close()


async def test_an_edit_that_another_front_end_overwrites_is_not_lost_silently(server: Server) -> None:
    path, session = server.open(*CHAIN)
    agent = await server.connect(path)
    await agent.ready()
    await agent.ask("cell_update", cellId="c0", code="x = 'of the agent'")
    kernel = await Door.open_kernel(server, session)
    cells = [{"cell_id": f"c{index}", "source": source} for index, source in enumerate(CHAIN)]
    cells[1]["source"] = "y = x * 3"
    assert (await kernel.control("sync", cells=cells))["status"] == "ok"  # it never saw the agent's edit
    await agent.until("cell_updated", lambda message: message["cell"]["code"] == CHAIN[0], cellId="c0")
    await agent.ask("run_all")
    assert mirrored(agent).text("c2") == "30\n"
    assert [cell["code"] for cell in server.state(path)["cells"]] == [CHAIN[0], "y = x * 3", CHAIN[2]]
    await agent.ask("cell_update", cellId="c0", code="x = 7")  # and the agent may try again
    state = await kernel.control("state", sources=True)
    assert [cell["source"] for cell in state["cells"]] == ["x = 7", "y = x * 3", CHAIN[2]]
    kernel.socket.close()


async def test_without_clients_a_kernel_is_kept_if_nothing_else_is_configured(server: Server) -> None:
    path, session = server.open("x = 'kept'", "print(x)")
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_cell", cellId="c0")
    process = server.kernel_of(session)
    door.close()
    listed = {one["path"]: one["clients"] for one in server.http.get("/reactive-kernel/notebooks").json()}
    while listed[path]:
        listed = {one["path"]: one["clients"] for one in server.http.get("/reactive-kernel/notebooks").json()}
    again = await server.connect(path)
    await again.ready()
    await again.ask("run_cell", cellId="c1", cascade=False)
    assert mirrored(again).text("c1") == "kept\n"
    assert server.kernel_of(session).pid == process.pid


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that restarts no kernels, on a system that does not tell of a process's end."""
    shim = tmp_path_factory.mktemp("shim")
    (shim / "sitecustomize.py").write_text("import os\nif hasattr(os, 'pidfd_open'): del os.pidfd_open")
    running = Server(
        tmp_path_factory.mktemp("plain"),
        "--KernelManager.autorestart=False",
        env={"PYTHONPATH": f"{shim}:{Path(__file__).parents[2]}"},
    )
    yield running
    running.stop()


async def test_a_kernel_that_is_not_restarted_by_itself_is_by_request(plain: Server) -> None:
    path, session = plain.open("x = 1", "print(x)")
    door = await plain.connect(path)
    await door.ready()
    await door.ask("run_all")
    for _ in range(2):
        plain.kernel_of(session).kill()
        fault = await door.until("kernel_error")
        assert not fault["restarted"]
        assert "not started again" in fault["error"]
        await door.until_kernel("dead")
        await door.send("run_all")
        assert "dead" in (await door.until("error"))["message"]
        await door.ask("cell_update", cellId="c0", code="x = 2")
        assert outputs(mirrored(door))[1] in ("1\n", "2\n")
        await door.ask("restart_kernel")
        assert (await door.ask("run_all"))["ok"]
        assert mirrored(door).text("c1") == "2\n"
    before = len(door.seen)
    await door.ask("restart_kernel")  # which is no death
    assert (await door.ask("run_all"))["ok"]
    assert "kernel_error" not in [message["type"] for message in door.seen[before:]]
    sessions = plain.http.get("/api/sessions").json()
    assert [one["id"] for one in sessions] == [session["id"]]
    assert len(plain.kernels()) == 1
