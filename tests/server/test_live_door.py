"""The door on a real server with real kernels: every message, several clients, hostile ones."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from urllib.parse import quote

import jsonschema
import pytest
from tornado.httpclient import HTTPClientError

from reactive_kernel.door import message_type, schema
from reactive_kernel.messages import SERVER_MESSAGES
from reactive_kernel.mirror import Mirror
from tests.server.live import TOKEN, Door, Server

CHAIN = ("x = 10", "y = x * 2", "print(y)")


def gate(path: Path) -> str:
    """Code that waits until a file is there."""
    return f"import os, time\nwhile not os.path.exists({str(path)!r}): time.sleep(0.01)\nprint('opened')"


def mirrored(door: Door) -> Mirror:
    mirror = Mirror()
    for message in door.seen:
        mirror.take(json.loads(json.dumps(message)))
    return mirror


def outputs(mirror: Mirror) -> list[str]:
    return [mirror.text(cell["cellId"]) for cell in mirror.cells]


def check_schema(door: Door) -> None:
    whole = schema()
    for message in door.seen:
        name = next(shape.__name__ for shape in SERVER_MESSAGES if message_type(shape) == message["type"])
        jsonschema.validate(message, {**whole, "$ref": f"#/$defs/{name}"})


async def test_a_cascade_through_the_door_is_seen_alike_by_all(server: Server) -> None:
    path, _ = server.open(*CHAIN)
    first, second = await server.connect(path), await server.connect(path)
    assert (await first.ready())["type"] == "notebook"
    await first.ask("run_cell", cellId="c0")
    await first.ask("cell_update", cellId="c0", code="x = 21")
    assert [c["fresh"] for c in mirrored(first).cells] == [False, False, False]
    answer = await first.ask("run_cell", cellId="c0")
    assert [cell["cell_id"] for cell in answer["result"]["reactive"]["cells"]] == ["c0", "c1", "c2"]
    await second.until("kernel_status", lambda _: second.texts("c2").endswith("42\n"), status="idle")
    late = await server.connect(path)
    await late.next()
    for door in (first, second, late):
        mirror = mirrored(door)
        assert outputs(mirror) == ["", "", "42\n"]
        assert [cell["fresh"] for cell in mirror.cells] == [True, True, True]
        check_schema(door)
    assert [m for m in first.seen if m["type"] != "done"] == second.seen
    seqs = [m["seq"] for m in second.seen]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
    revisions = [m["revision"] for m in second.seen]
    assert revisions == sorted(revisions)
    cascade = [m for m in first.seen if m["type"] == "cascade"][-3:]
    assert [(m["cellId"], m["cascadeIndex"]) for m in cascade] == [("c0", 0), ("c1", 1), ("c2", 2)]
    assert cascade[-1]["isLast"]


async def test_rest_shows_what_the_channel_shows(server: Server) -> None:
    path, session = server.open("1 + 1", name="sub dir ü.ipynb")
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_cell", cellId="c0")
    shown = server.state(path)
    assert shown["cells"][0]["outputs"][0]["data"] == {"text/plain": "2"}
    assert shown["seq"] == door.seen[-1]["seq"]
    mirror = mirrored(door)
    for ours, theirs in zip(mirror.cells, shown["cells"], strict=True):
        assert {k: v for k, v in theirs.items() if k not in ("version", "index")} == {
            k: v for k, v in ours.items() if k not in ("version", "index")
        }
    asked = server.http.get(f"/reactive-kernel/notebooks/{quote(path)}", params={"outputs_of": ["c0", "none"]}).json()
    assert asked["cells"] == [{**shown["cells"][0], "outputs_run": shown["cells"][0]["execution_count"]}]
    others = server.http.get(f"/reactive-kernel/notebooks/{quote(path)}", params={"outputs_of": "none"}).json()
    assert "outputs" not in others["cells"][0]
    listed = {entry["path"]: entry for entry in server.http.get("/reactive-kernel/notebooks").json()}
    assert listed[path]["kernel"]["id"] == session["kernel"]["id"]
    assert listed[path]["kernel"]["status"] == "idle"
    assert server.http.get("/reactive-kernel/notebooks/none.ipynb").status_code == 404


async def test_structure_through_the_door(server: Server) -> None:
    path, _ = server.open(*CHAIN)
    door = await server.connect(path)
    await door.ready()
    await door.send("create_cell", cellType="python", afterCellId="c0")
    made = await door.until("cell_created")
    assert made["index"] == 1
    await door.ask("cell_update", cellId=made["cellId"], code="x = 5")
    await door.ask("run_all")
    assert mirrored(door).text("c2") == "10\n"
    await door.ask("move_cell", cellId=made["cellId"])
    assert (door.seen[-1]["type"], mirrored(door).cells[0]["cellId"]) == ("done", made["cellId"])
    await door.ask("run_stale")
    assert mirrored(door).text("c2") == "20\n"
    await door.ask("delete_cell", cellId="c0")
    await door.ask("run_stale")
    assert mirrored(door).text("c2") == "10\n"
    await door.ask("create_cell", cellType="sql", cellId="q", code="select 1 as one")
    assert mirrored(door).cell("q")["cellType"] == "sql"
    assert [cell["cellId"] for cell in server.state(path)["cells"]] == [made["cellId"], "c1", "c2", "q"]


async def test_a_whole_document_is_told_as_its_changes(server: Server) -> None:
    path, _ = server.open(*CHAIN)
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_all")
    start = len(door.seen)
    cells = [{"cellId": "c0", "code": "x = 10"}, {"cellId": "n", "code": "z = x"}, {"cellId": "c2", "code": "print(x)"}]
    await door.ask("sync", cells=cells)
    kinds = {m["type"]: m["cellId"] for m in door.seen[start:] if m["type"] in ("cell_created", "cell_deleted")}
    assert kinds == {"cell_created": "n", "cell_deleted": "c1"}
    state = server.state(path)
    assert [(c["cellId"], c["code"], c["fresh"]) for c in state["cells"]] == [
        ("c0", "x = 10", True),
        ("n", "z = x", False),
        ("c2", "print(x)", False),
    ]
    assert state["cells"][2]["reads"] == ["x"]


async def test_edits_reach_a_busy_kernel_and_staleness_is_known_before_the_cell_ends(server: Server, tmp_path) -> None:
    path, _ = server.open("x = 1", "y = x", gate(tmp_path / "go"))
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_cell", cellId="c0")
    await door.send("run_cell", cellId="c2", requestId="gate")
    await door.until("cell_status", cellId="c2", status="running")
    await door.ask("cell_update", cellId="c0", code="x = 2")
    mirror = mirrored(door)
    assert mirror.cell("c1")["fresh"] is False
    assert mirror.cell("c2")["status"] == "running"
    (tmp_path / "go").touch()
    await door.until("done", requestId="gate")
    assert mirrored(door).text("c2") == "opened\n"


async def test_an_edit_of_a_cell_that_waits_to_run_is_not_lost(server: Server, tmp_path) -> None:
    path, _ = server.open(gate(tmp_path / "go"), "v = 1")
    door = await server.connect(path)
    await door.ready()
    await door.send("run_cell", cellId="c0")
    await door.send("run_cell", cellId="c1", requestId="old")
    await door.until("cell_status", cellId="c0", status="running")
    await door.ask("cell_update", cellId="c1", code="v = 2")
    (tmp_path / "go").touch()
    await door.until("done", requestId="old")
    await door.ask("cell_update", cellId="c0", code="pass")  # after what was told again
    cell = server.state(path)["cells"][1]
    assert (cell["code"], cell["fresh"]) == ("v = 2", False)


async def test_bursts_of_edits_are_joined_and_end_in_the_last_text(server: Server) -> None:
    path, _ = server.open("x = 0", "y = 0")
    doors = [await server.connect(path) for _ in range(3)]
    for door in doors:
        await door.ready()
    for number in range(300):
        await doors[number % 3].send("cell_update", cellId=f"c{number % 2}", code=f"x = {number}")
    for door in doors:
        await door.ask("cell_update", cellId="c1", code="y = 'end'")
    state = server.state(path)
    assert state["cells"][1]["code"] == "y = 'end'"
    assert state["cells"][0]["code"] in ("x = 294", "x = 296", "x = 298")  # the last of one of the clients
    for cell_id in ("c0", "c1"):
        told = [m["cell"]["code"] for m in doors[0].seen if m["type"] == "cell_updated" and m["cellId"] == cell_id]
        numbers = [int(code[4:]) for code in told if code.startswith("x")]
        for client in range(3):
            own = [number for number in numbers if number % 3 == client]
            assert own == sorted(own)


async def test_errors_and_rich_outputs(server: Server) -> None:
    display = "from IPython.display import display, HTML\nh = display(HTML('<b>1</b>'), display_id=True)\n"
    path, _ = server.open("1/0", display + "h.update(HTML('<b>2</b>'))", "import sys; print('e', file=sys.stderr)")
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_all")
    fault = next(m for m in door.seen if m["type"] == "cell_error")
    assert fault["error"] == "ZeroDivisionError: division by zero"
    told = [m for m in door.seen if m["type"] == "cell_output"]
    assert [(m["index"], m["output"]["text/html"]) for m in told] == [(0, "<b>1</b>"), (0, "<b>2</b>")]
    assert [m["name"] for m in door.seen if m["type"] == "cell_stdout"] == ["stderr"]
    assert len(server.state(path)["cells"][1]["outputs"]) == 1


async def test_text_that_is_no_text_holds_up_nothing(server: Server) -> None:
    path, _ = server.open("print('half \\ud800 a pair')", "'no byte \\udcff of UTF-8'", "print('after')")
    door = await server.connect(path)
    await door.ready()
    for cell_id in ("c0", "c1", "c2"):
        await door.ask("run_cell", cellId=cell_id)
    assert mirrored(door).text("c2") == "after\n"
    shown = [cell["status"] for cell in server.state(path)["cells"]]
    assert shown == [cell["status"] for cell in mirrored(door).cells]


async def test_outputs_while_nobody_is_connected_are_kept_once_in_their_cells(server: Server, tmp_path) -> None:
    path, _ = server.open("x = 1", gate(tmp_path / "go") + "\nx", "print('c', x)", "for i in range(5): print(i, x)")
    door = await server.connect(path)
    await door.ready()
    await door.send("run_all")
    await door.until("cell_status", cellId="c1", status="running")
    seq = door.seen[-1]["seq"]
    door.close()
    (tmp_path / "go").touch()
    back = await server.connect(path, since=seq)
    await back.until("kernel_status", status="idle")
    fresh = await server.connect(path)
    await fresh.next()
    assert outputs(mirrored(fresh)) == ["", "opened\n1\n", "c 1\n", "".join(f"{i} 1\n" for i in range(5))]
    assert back.seen[0]["type"] != "notebook"
    assert [m["seq"] for m in back.seen] == list(range(seq + 1, seq + 1 + len(back.seen)))
    joined = Door(None)
    joined.seen = door.seen + back.seen
    assert outputs(mirrored(joined)) == outputs(mirrored(fresh))


async def test_a_cursor_that_is_too_old_or_wrong_gets_a_fresh_notebook(server: Server) -> None:
    path, _ = server.open("pass")
    for since in (0, 10**15):
        door = await server.connect(path, since=since)
        assert (await door.next())["type"] == "notebook"


async def test_interrupt_and_restart(server: Server) -> None:
    path, _ = server.open("x = 1\nx", "import time\nprint('in the middle', flush=True)\ntime.sleep(1000)")
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_cell", cellId="c0")
    await door.send("run_cell", cellId="c1", requestId="long")
    await door.until("cell_stdout", cellId="c1")  # before that IPython's own code may swallow an interrupt
    await door.ask("interrupt")
    assert (await door.until("done", requestId="long"))["ok"] is False
    assert "KeyboardInterrupt" in mirrored(door).text("c1")
    await door.send("restart_kernel")
    await door.until("kernel_status", status="restarting")
    await door.until("kernel_status", status="idle")
    mirror = mirrored(door)
    assert [cell["fresh"] for cell in mirror.cells] == [False, False]
    assert mirror.text("c0") == "1\n"
    assert not [m for m in door.seen if m["type"] == "kernel_error"]
    await door.ask("run_cell", cellId="c0")
    assert mirrored(door).cell("c0")["fresh"]


async def test_a_restart_by_another_client_of_the_server_is_noticed(server: Server) -> None:
    path, session = server.open("x = 1")
    door = await server.connect(path)
    await door.ready()
    await door.ask("run_all")
    server.http.post(f"/api/kernels/{session['kernel']['id']}/restart")
    await door.until("kernel_status", status="restarting")
    await door.until("kernel_status", status="idle")
    assert mirrored(door).cell("c0")["fresh"] is False
    assert (await door.ask("run_all"))["ok"]


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ({"type": "cell_update", "cellId": "none", "code": ""}, "no cell 'none'"),
        ({"type": "run_cell", "cellId": "none"}, "no cell 'none'"),
        ({"type": "delete_cell", "cellId": "none"}, "no cell 'none'"),
        ({"type": "move_cell", "cellId": "c0", "afterCellId": "none"}, "no cell 'none'"),
        ({"type": "create_cell", "cellType": "python", "cellId": "c0"}, "already"),
        ({"type": "create_cell", "cellType": "python", "afterCellId": "none"}, "no cell 'none'"),
        ({"type": "sync", "cells": [{"cellId": "d", "code": ""}] * 2}, "same id"),
        ({"type": "nonsense"}, "no message of type"),
        ({"type": "cell_update", "cellId": "c0"}, "code is missing"),
        ({"type": "cell_update", "cellId": "c0", "code": "#" * 200_000}, "the limit is 100,000"),
    ],
)
async def test_wrong_messages_are_answered_to_their_sender_alone(server: Server, hostile, message, why) -> None:
    path, bad, good = hostile
    before = server.state(path)
    await bad.socket.write_message(json.dumps(message))
    answer = await bad.until("error")
    assert why in answer["message"]
    assert server.state(path) == before
    await good.ask("cell_update", cellId="c0", code=before["cells"][0]["code"] + "#")
    assert "error" not in [m["type"] for m in good.seen]


@pytest.fixture
async def hostile(server: Server):
    if not hasattr(server, "hostile"):
        server.hostile, _ = server.open("x = 1")  # type: ignore[attr-defined]
    bad, good = await server.connect(server.hostile), await server.connect(server.hostile)
    await bad.ready()
    await good.ready()
    return server.hostile, bad, good


async def test_garbage_frames_hurt_nobody_else(server: Server, hostile) -> None:
    path, bad, good = hostile
    await bad.socket.write_message(b"\x00\xff\x00", binary=True)
    assert "binary" in (await bad.until("error"))["message"]
    await bad.socket.write_message("{")
    assert "not JSON" in (await bad.until("error"))["message"]
    for garbage in (b"\xff" * 50, b"\x81\xfe\xff", b"\x81\x85abcd\xff\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"):
        raw = await asyncio.to_thread(raw_channel, server, path)
        raw.sendall(garbage)
        raw.close()
    half = await asyncio.to_thread(raw_channel, server, path)
    half.sendall(b"\x81\xfe\x10\x00abcd" + b"x" * 100)  # a frame of 4,096 bytes that ends after 100
    half.close()
    assert (await good.ask("cell_update", cellId="c0", code="x = 2"))["ok"]
    await bad.until("cell_updated", lambda message: message["cell"]["code"] == "x = 2")


def raw_channel(server: Server, path: str) -> socket.socket:
    """A WebSocket opened by hand."""
    raw = socket.create_connection(("127.0.0.1", server.port))
    head = f"GET /reactive-kernel/notebooks/{path}/channel?token={TOKEN} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n"
    head += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    raw.sendall((head + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").encode())
    answer = raw.recv(200)
    assert b" 101 " in answer, answer
    return raw


async def test_a_hundred_clients_see_the_same(server: Server) -> None:
    path, _ = server.open(*CHAIN)
    doors = await asyncio.gather(*(server.connect(path) for _ in range(100)))
    await doors[0].ready()
    for door in doors[1:]:
        await door.next()
    await doors[0].ask("run_all")
    last = doors[0].seen[-1]["seq"]

    async def read_up(door: Door) -> None:
        while door.seen[-1]["seq"] < last:
            await door.next()

    await asyncio.gather(*(read_up(door) for door in doors))
    assert {tuple(outputs(mirrored(door))) for door in doors} == {("", "", "20\n")}
    for door in doors:
        door.close()
    assert len(server.state(path)["cells"]) == 3


async def test_fifty_megabytes_and_a_client_that_stops_reading(server: Server) -> None:
    path, _ = server.open("for _ in range(50): print('x' * 999_999)\nprint('end')", "print('after')")
    good = await server.connect(path)
    await good.ready()
    stuck = await asyncio.to_thread(raw_channel, server, path)
    await good.ask("run_cell", cellId="c0")
    await good.ask("run_cell", cellId="c1")
    assert mirrored(good).text("c1") == "after\n"
    text = server.state(path)["cells"][0]["outputs"][0]["text"]
    assert "earlier characters were cut" in text.split("\n")[0]
    assert text.endswith("x\nend\n")
    assert len(text) <= 4_100_000
    stuck.close()


async def test_a_stock_front_end_is_followed(server: Server) -> None:
    """It runs cells over the kernel's own channel and saves the file; it knows nothing of the door."""
    path, session = server.open(*CHAIN)
    door = await server.connect(path)
    await door.ready()
    kernel = await Door.open_kernel(server, session)
    await kernel.execute("x = 4", "c0")
    await door.until("kernel_status", status="idle")
    mirror = mirrored(door)
    assert mirror.cell("c0")["code"] == "x = 4"
    assert mirror.text("c2") == "8\n"
    model = server.http.get(f"/api/contents/{path}?content=1").json()
    model["content"]["cells"][0]["source"] = "x = 6"
    model["content"]["cells"].insert(1, {**model["content"]["cells"][1], "id": "new", "source": "x = x + 1"})
    assert server.http.put(f"/api/contents/{path}", json=model).status_code == 200
    await door.until("cell_updated", lambda message: message["cell"]["writes"] == ["x"], cellId="new")
    await door.ask("run_all")
    assert mirrored(door).text("c2") == "14\n"
    assert [cell["code"] for cell in mirrored(door).cells] == ["x = 6", "x = x + 1", "y = x * 2", "print(y)"]
    kernel.socket.close()


async def test_a_front_end_that_tells_the_kernel_itself_is_followed(server: Server) -> None:
    path, session = server.open(*CHAIN)
    door = await server.connect(path)
    await door.ready()
    kernel = await Door.open_kernel(server, session)
    await kernel.control("insert", cell_id="own", source="x = 3", index=1)
    made = await door.until("cell_created", cellId="own")
    assert (made["index"], made["cell"]["code"]) == (1, "x = 3")
    await door.ask("run_all")
    assert mirrored(door).text("c2") == "6\n"
    await kernel.control("delete", cell_id="own")
    await door.until("cell_deleted", cellId="own")
    await kernel.control("edit", cell_id="c0", source="x = 30")
    await door.until("cell_updated", lambda message: message["cell"]["code"] == "x = 30", cellId="c0")
    server.kernel_of(session).kill()  # the new process is told the newest text
    await door.until("kernel_error")
    await door.until("kernel_status", status="idle")
    await door.ask("run_all")
    assert mirrored(door).text("c2") == "60\n"
    kernel.socket.close()


async def test_database_connections_never_show_their_url(server: Server, tmp_path) -> None:
    path, _ = server.open("%%sql --on shop\nselect 1 as one")
    door = await server.connect(path)
    await door.ready()
    url = f"duckdb:///{tmp_path}/geheim-7.duckdb"
    await door.ask("update_db_connection", connectionString=url, name="shop")
    told = next(m for m in door.seen if m["type"] == "db_connection_updated")
    assert (told["name"], told["status"]) == ("shop", "connected"), told
    await door.ask("update_db_connection", connectionString="nonsense://me:geheim-7@nowhere", name="bad")
    failed = [m for m in door.seen if m["type"] == "db_connection_updated"][-1]
    assert failed["status"] == "error"
    assert failed["error"]
    everything = json.dumps(door.seen) + json.dumps(server.state(path)) + server.log()
    assert "geheim-7" not in everything
    await door.send("restart_kernel")
    await door.until("kernel_status", status="restarting")
    await door.until("kernel_status", status="idle")
    assert (await door.ask("run_cell", cellId="c0"))["ok"]


async def test_a_deleted_session_closes_its_clients(server: Server) -> None:
    path, session = server.open("pass")
    door = await server.connect(path)
    await door.ready()
    server.http.delete(f"/api/sessions/{session['id']}")
    await door.until("kernel_status", status="dead")
    with pytest.raises(ConnectionError):
        await door.next()
    with pytest.raises(HTTPClientError, match="404"):
        await server.connect(path)


async def test_a_renamed_notebook_is_found_under_its_new_path(server: Server) -> None:
    path, session = server.open("x = 1")
    door = await server.connect(path)
    await door.ready()
    new = "renamed-" + path
    server.http.patch(f"/api/contents/{path}", json={"path": new})
    server.http.patch(f"/api/sessions/{session['id']}", json={"path": new})
    assert (await door.until("notebook"))["path"] == new
    assert server.state(new)["cells"][0]["code"] == "x = 1"


async def test_a_kernel_that_is_not_reactive_has_no_coordinator(server: Server) -> None:
    path = server.notebook("x = 1")
    server.session(path, "python3")
    assert server.http.get(f"/reactive-kernel/notebooks/{path}").status_code == 404


def test_the_log_says_what_happened_and_never_what_is_in_cells(server: Server) -> None:
    log = server.log()
    assert 'reactive_kernel event="opened" notebook=' in log
    assert 'event="kernel_ready"' in log
    for content in ("x * 2", "print(y)", "ZeroDivision", TOKEN):
        assert content not in log.replace(f"token={TOKEN}", "")
