"""The Python client, in both forms, and kernels behind a gateway."""

from __future__ import annotations

import pytest

from reactive_kernel.client import AsyncNotebook, Notebook, Refused
from tests.server.live import TOKEN, Server
from tests.server.test_live_door import CHAIN


def test_a_script_opens_changes_runs_and_reads(server: Server) -> None:
    path = server.notebook(*CHAIN)
    with Notebook.open(server.url, path, token=TOKEN) as notebook:
        notebook.run_all()
        notebook.update(0, "x = 20")
        assert [cell["fresh"] for cell in notebook.cells] == [False, False, False]
        summary = notebook.run(0)
        notebook.settle()
        assert [cell["cell_id"] for cell in summary["reactive"]["cells"]] == ["c0", "c1", "c2"]
        assert notebook.text(2) == "40\n"
        new = notebook.create("1/0", after=0)
        notebook.run(new)
        assert notebook.errors() == {new: "ZeroDivisionError: division by zero"}
        notebook.delete(new)
        notebook.move("c2", after=None)
        assert [cell["cellId"] for cell in notebook.cells] == ["c2", "c0", "c1"]
        notebook.restart()
        assert not any(cell["fresh"] for cell in notebook.cells)
        notebook.run_all()
        assert notebook.cell("c2")["status"] == "success"


async def test_an_agent_sees_what_another_does_and_what_is_refused(server: Server) -> None:
    path = server.notebook(*CHAIN)
    opened = [await AsyncNotebook.open(server.url, path, TOKEN) for _ in range(2)]
    async with opened[0] as one, opened[1] as two:
        await one.update("c0", "x = 7")
        await one.run("c0")
        await two.wait_for(lambda mirror: mirror.text("c2") == "14\n")
        await two.settle()
        with pytest.raises(Refused, match="no cell"):
            await two.ask("run_cell", cellId="none")
        await one.close()
        with pytest.raises(ConnectionError):
            await one.update("c0", "x = 8")
        await two.update("c0", "x = 9")
        await one.connect()
        await one.wait_for(lambda mirror: mirror.cell("c0")["code"] == "x = 9")


async def test_kernels_behind_a_gateway(start) -> None:
    remote = start("--ServerApp.disable_check_xsrf=True", token="gateway-secret")
    server = start(f"--gateway-url={remote.url}", "--GatewayClient.auth_token=gateway-secret")
    path, session = server.open(*CHAIN)
    door = await server.connect(path)
    await door.ready()
    await door.ask("cell_update", cellId="c0", code="x = 4")
    await door.ask("run_all")
    assert door.texts("c2") == "8\n"
    assert server.state(path)["kernel"]["reachable"]
    remote.kernel_of(session).kill()
    await door.until("kernel_status", status="restarting")
    await door.until("kernel_status", status="idle")
    assert not any(cell["fresh"] for cell in server.state(path)["cells"])
    await door.ask("run_all")
    assert all(cell["fresh"] for cell in server.state(path)["cells"])
    await door.ask("restart_kernel")
    assert not any(cell["fresh"] for cell in server.state(path)["cells"])
    assert (await door.ask("run_all"))["ok"]


@pytest.mark.parametrize("why", ["nobody there", "another token"])
async def test_a_gateway_that_refuses_is_said_in_the_state(start, server: Server, why: str) -> None:
    remote = start("--ServerApp.disable_check_xsrf=True", token="gateway-secret")
    channels = "ws://127.0.0.1:9" if why == "nobody there" else server.url.replace("http", "ws")
    server = start(
        f"--gateway-url={remote.url}", "--GatewayClient.auth_token=gateway-secret", f"--GatewayClient.ws_url={channels}"
    )
    path, _ = server.open(*CHAIN)
    door = await server.connect(path)
    await door.until_kernel("unreachable")
    shown = server.state(path)["kernel"]
    assert shown["reachable"] is False
    assert "gateway" in shown["reason"]
    assert "gateway-secret" not in str(shown) + server.log().replace("auth_token=gateway-secret", "")
    await door.send("run_all")
    assert "unreachable" in (await door.until("error"))["message"]
    await door.ask("cell_update", cellId="c0", code="x = 5")
    assert server.state(path)["cells"][0]["code"] == "x = 5"
