"""Control requests: answered while a cell runs; wrong ones say what is wrong and change nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kernel.driver import Kernel, is_status

CELLS = [{"cell_id": "A", "source": "x = 10"}, {"cell_id": "B", "source": "y = x"}]
STATE = {"status", "revision", "mode", "cells", "edges"}


def test_finding_out(kernel: Kernel) -> None:
    info = kernel.ask("kernel_info_request", {}, "shell")["content"]
    assert "reactive" in info["supported_features"]
    assert "debugger" in info["supported_features"]
    assert info["reactive"] == {"protocol": 1}
    assert info["implementation"] == "reactive_kernel"
    assert info["language_info"]["name"] == "python"
    assert "eactive" in info["banner"]


def test_sync_answers_the_state(kernel: Kernel) -> None:
    reply = kernel.control("sync", cells=CELLS)
    assert set(reply) >= STATE
    assert [entry["cell_id"] for entry in reply["cells"]] == ["A", "B"]
    assert reply["edges"] == [{"from": "A", "to": "B", "names": ["x"]}]
    assert kernel.control("state") == reply


def test_every_command(kernel: Kernel) -> None:
    kernel.control("sync", cells=CELLS)
    assert kernel.control("insert", cell_id="C", source="print(y)", index=2)["status"] == "ok"
    assert kernel.control("edit", cell_id="A", source="x = 11")["status"] == "ok"
    assert kernel.control("move", cell_id="C", index=0)["status"] == "ok"
    assert [entry["cell_id"] for entry in kernel.control("state")["cells"]] == ["C", "A", "B"]
    assert kernel.control("delete", cell_id="C")["status"] == "ok"
    assert [row["name"] for row in kernel.control("variables")["variables"]] == ["x", "y"]
    assert kernel.control("configure", mode="lazy")["settings"]["mode"] == "lazy"
    assert kernel.control("state")["mode"] == "lazy"
    assert kernel.control("forget")["cells"] == []


@pytest.mark.parametrize(("value", "order"), [("time.time_ns()", ["A", "B"]), ("len('same')", ["A"])])
def test_a_cell_whose_output_is_lost_is_stale_and_runs_again(kernel: Kernel, value: str, order: list[str]) -> None:
    kernel.cell("A", f"import time\nx = {value}\nprint(x)")
    kernel.cell("B", "print(x)")
    kernel.cell("C", "print('apart')")
    last = kernel.control("state")["cells"][0]["execution_count"]
    assert kernel.control("unshown", cell_id="A", execution_count=last - 1)["cells"] == []
    (lost,) = kernel.control("unshown", cell_id="A", execution_count=last)["cells"]
    assert (lost["cell_id"], lost["fresh"], lost["has_run"], lost["status"]) == ("A", False, True, "idle")
    assert kernel.result(kernel.send("", {"reactive": {"run": "stale"}})).order == order
    assert kernel.control("unshown", cell_id="none", execution_count=1)["status"] == "error"


def test_several_edits_in_one_request(kernel: Kernel) -> None:
    kernel.control("sync", cells=[*CELLS, {"cell_id": "C", "source": "pass"}])
    reply = kernel.control("edit", cell_id="A", source="z = 1", more=[{"cell_id": "C", "source": "print(z)"}])
    assert [entry["cell_id"] for entry in reply["cells"]] == ["A", "B", "C"]
    assert reply["edges"] == [{"from": "A", "to": "C", "names": ["z"]}]
    before = kernel.control("state")
    for wrong in ({"cell_id": "none", "source": ""}, {"cell_id": "C"}, "C"):
        assert kernel.control("edit", cell_id="A", source="z = 2", more=[wrong])["status"] == "error"
    assert kernel.control("state") == before


def test_forget_keeps_the_process(kernel: Kernel) -> None:
    pid = kernel.cell("A", "import os; x = 1; print(os.getpid())").text()
    kernel.control("forget")
    assert kernel.cell("B", "import os; print(os.getpid())").text() == pid
    assert kernel.cell("C", "x").content["ename"] == "NameError"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("[]", "object"),
        ("null", "object"),
        ("{}", "command"),
        ('{"command": 3}', "command"),
        ('{"command": "fly"}', "fly"),
        ('{"command": "sync", "arguments": []}', "arguments"),
        ('{"command": "sync", "arguments": {}}', "cells"),
        ('{"command": "sync", "arguments": {"cells": "A"}}', "cells"),
        ('{"command": "sync", "arguments": {"cells": [3]}}', "cell"),
        ('{"command": "sync", "arguments": {"cells": [{"cell_id": "A"}]}}', "source"),
        ('{"command": "sync", "arguments": {"cells": [{"cell_id": 1, "source": ""}]}}', "cell_id"),
        ('{"command": "sync", "arguments": {"cells": [%s, %s]}}' % (('{"cell_id": "Q", "source": ""}',) * 2), "Q"),
        ('{"command": "sync", "arguments": {"cells": [{"cell_id": "A", "source": "", "language": 1}]}}', "language"),
        ('{"command": "sync", "arguments": {"cells": [{"cell_id": "A", "source": "", "disabled": 1}]}}', "disabled"),
        ('{"command": "edit", "arguments": {"cell_id": "A"}}', "source"),
        ('{"command": "edit", "arguments": {"cell_id": "A", "source": 5}}', "source"),
        ('{"command": "edit", "arguments": {"cell_id": "nobody", "source": ""}}', "nobody"),
        ('{"command": "insert", "arguments": {"cell_id": "A", "source": "", "index": 0}}', "A"),
        ('{"command": "insert", "arguments": {"cell_id": "N", "source": "", "index": "0"}}', "index"),
        ('{"command": "insert", "arguments": {"cell_id": "N", "source": ""}}', "index"),
        ('{"command": "insert", "arguments": {"cell_id": "N", "source": "", "index": true}}', "index"),
        ('{"command": "delete", "arguments": {"cell_id": "nobody"}}', "nobody"),
        ('{"command": "delete", "arguments": {}}', "cell_id"),
        ('{"command": "move", "arguments": {"cell_id": "nobody", "index": 0}}', "nobody"),
        ('{"command": "move", "arguments": {"cell_id": "A", "index": null}}', "index"),
        ('{"command": "configure", "arguments": {"mode": "sometimes"}}', "mode"),
        ('{"command": "configure", "arguments": {"mode": 1}}', "mode"),
        ('{"command": "configure", "arguments": {"colour": "red"}}', "colour"),
        ('{"command": "connect", "arguments": {}}', "name"),
        ('{"command": "variables", "arguments": {"names": "x"}}', "names"),
    ],
)
def test_wrong_requests_change_nothing(kernel: Kernel, content: str, says: str) -> None:
    kernel.control("sync", cells=CELLS)
    before = kernel.control("state")
    reply = kernel.ask("reactive_request", content)
    assert reply["msg_type"] == "reactive_reply"
    assert reply["content"]["status"] == "error"
    assert set(reply["content"]) == {"status", "ename", "evalue", "traceback"}
    assert says in reply["content"]["evalue"]
    assert reply["content"]["traceback"] == []
    assert kernel.control("state") == before


def test_answered_while_a_cell_runs(kernel: Kernel) -> None:
    waiting = kernel.send_cell("W", "print('started', flush=True)\nanswer = input('go on?')\nprint(answer)")
    kernel.wait_for_text("started")
    reply = kernel.control("edit", cell_id="W", source="print('edited')")
    assert reply["status"] == "ok"
    assert kernel.entries()["W"]["status"] == "running"
    assert kernel.control("insert", cell_id="N", source="n = 1", index=1)["status"] == "ok"
    assert [row["name"] for row in kernel.control("variables")["variables"]] == ["n"]
    kernel.client.get_stdin_msg(timeout=30)
    kernel.client.input("yes")
    ran = kernel.result(waiting)
    assert ran.content["status"] == "ok"
    assert "yes" in ran.text()
    assert kernel.entries()["W"]["fresh"] is False


@pytest.fixture
def gate(kernel: Kernel, tmp_path: Path) -> Path:
    """B waits for what it needs: A, which goes on once this file is there."""
    path = tmp_path / "open"
    wait = f"import os, time\nprint('started', flush=True)\nwhile not os.path.exists({str(path)!r}): time.sleep(0.01)"
    kernel.control("sync", cells=[{"cell_id": "A", "source": f"{wait}\na = 1"}, {"cell_id": "B", "source": "print(a)"}])
    return path


def test_the_cell_asked_for_is_deleted_before_its_turn(kernel: Kernel, gate: Path) -> None:
    waiting = kernel.send_cell("B", "print(a)")
    kernel.wait_for_text("started")
    assert kernel.control("delete", cell_id="B")["status"] == "ok"
    gate.touch()
    reply = kernel.result(waiting).content
    assert (reply["status"], reply["ename"]) == ("error", "CellBlocked")
    assert "deleted" in reply["evalue"]
    assert kernel.cell("C", "print(a + 1)").text() == "2\n"


def test_the_cell_asked_for_is_typed_in_before_its_turn(kernel: Kernel, gate: Path) -> None:
    waiting = kernel.send_cell("B", "print(a)")
    kernel.wait_for_text("started")
    assert kernel.control("edit", cell_id="B", source="print(a, hal")["status"] == "ok"
    gate.touch()
    ran = kernel.result(waiting)
    assert (ran.content["status"], ran.text("B")) == ("ok", "1\n")
    assert kernel.entries()["B"]["fresh"] is False


def test_no_busy_or_idle_for_control_requests(kernel: Kernel) -> None:
    kernel.quiet(0.1)
    kernel.control("sync", cells=CELLS)
    kernel.control("state")
    assert {m["msg_type"] for m in kernel.quiet()} == {"reactive_event"}


def test_other_control_requests_keep_their_status(kernel: Kernel) -> None:
    message = kernel.ask("usage_request", {})
    msg_id = message["parent_header"]["msg_id"]
    kernel.wait_for(lambda m: is_status(m, msg_id, "busy"))
    kernel.wait_for(lambda m: is_status(m, msg_id, "idle"))


def test_a_fault_of_ours_is_answered_too(kernel: Kernel) -> None:
    # Patched in the kernel's own process: there is no other way to a fault that we don't know of.
    patch = "import ipykernel.kernelapp as _k; _engine = _k.IPKernelApp.instance().kernel.engine"
    kernel.result(kernel.send(f"{patch}; _engine.command = lambda *a: 1 / 0", silent=True))
    try:
        content: dict[str, Any] = kernel.control("state")
    finally:
        kernel.result(kernel.send(f"{patch}; del _engine.command", silent=True))
    assert content["status"] == "error"
    assert content["ename"] == "ZeroDivisionError"
    assert kernel.control("state")["status"] == "ok"


def test_not_json_is_no_end_of_the_kernel(kernel: Kernel) -> None:
    message = kernel.client.session.msg("reactive_request", {"command": "state"})
    broken = {**message, "content": "{nonsense"}
    kernel.client.session.send(kernel.client.control_channel.socket, broken)
    assert kernel.control("state")["status"] == "ok"


def test_replies_are_json(kernel: Kernel) -> None:
    kernel.cells(A="import math; x = math.nan", B="x")
    json.dumps(kernel.control("state"), allow_nan=False)
