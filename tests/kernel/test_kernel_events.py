"""Events tell what changed, with an empty parent, and never drown the rest."""

from __future__ import annotations

from reactive_kernel.protocol import Entry
from tests.kernel.driver import Kernel, Ran

ABC = {"A": "x = 10", "B": "y = x * 2", "C": "print(y)"}


def kinds(ran: Ran) -> list[str]:
    """The events of a run, by name."""
    return [event["event"] for event in ran.events]


def test_a_control_edit_is_told(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    reply = kernel.control("edit", cell_id="A", source="x = 1")
    (message,) = [m for m in kernel.quiet() if m["msg_type"] == "reactive_event"]
    assert message["parent_header"] == {}
    content = message["content"]
    assert content["event"] == "cells"
    assert content["revision"] == reply["revision"]
    assert [entry["cell_id"] for entry in content["cells"]] == ["A", "B", "C"]
    assert content["removed"] == []
    for entry in content["cells"]:
        assert set(entry) >= set(Entry.__annotations__)


def test_a_deleted_cell_is_told(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    kernel.control("delete", cell_id="A")
    (event,) = [m["content"] for m in kernel.quiet() if m["msg_type"] == "reactive_event"]
    assert event["removed"] == ["A"]


def test_a_state_request_changes_nothing_and_tells_nothing(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    kernel.quiet(0.1)
    kernel.control("state")
    kernel.control("edit", cell_id="nobody", source="")
    assert kernel.quiet() == []


def test_a_cascade_begins_and_ends(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    ran = kernel.cell("A", "x = 20")
    assert [kind for kind in kinds(ran) if kind != "cells"] == ["cascade_started", "cascade_finished"]
    assert kinds(ran)[-1] == "cascade_finished"
    started, finished = (event for event in ran.events if event["event"] != "cells")
    assert started["cells"] == ["A", "B", "C"]
    assert finished["cells"] == ["A", "B", "C"]
    assert {started["cascade_id"], finished["cascade_id"]} == {ran.content["reactive"]["cascade_id"]}


def test_the_last_cells_event_is_the_state(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    ran = kernel.cell("A", "x = 20")
    told: dict[str, object] = {}
    for event in ran.events:
        told.update({entry["cell_id"]: entry for entry in event.get("cells", []) if isinstance(entry, dict)})
    assert told == kernel.entries()


def test_never_more_than_two_for_each_cell(kernel: Kernel) -> None:
    cells = {"c0": "x0 = 0"} | {f"c{i}": f"x{i} = x{i - 1} + 1" for i in range(1, 40)}
    for ran in kernel.cells(**cells):
        assert len(ran.events) <= 2
    ran = kernel.cell("c0", "x0 = 1")
    assert len(ran.order) == 40
    assert len(ran.events) <= 40
    ran = kernel.cell("c0", "x0 = 1 / 0")
    assert len(ran.order) == 1
    assert 1 <= len(ran.events) <= 2


def test_a_long_cell_is_told_while_it_runs(kernel: Kernel) -> None:
    kernel.cells(A="x = 10", B="print(input() if x > 10 else x)")
    waiting = kernel.send_cell("B", "answer = input('?')")
    event = kernel.wait_for(lambda m: m["msg_type"] == "reactive_event")["content"]
    assert {entry["cell_id"]: entry["status"] for entry in event["cells"]}["B"] == "running"
    kernel.client.get_stdin_msg(timeout=30)
    kernel.client.input("go")
    kernel.result(waiting)


def test_a_long_second_cell_is_told_after_a_long_first_one(kernel: Kernel) -> None:
    kernel.cells(A="import time\nx = 1", B="time.sleep(x - 1)")
    ran = kernel.cell("A", "import time\ntime.sleep(0.5)\nx = 1.5")
    assert len(ran.events) <= 4
    states: dict[str, str] = {}
    told = []
    for event in ran.events:
        for entry in event.get("entries") or [c for c in event["cells"] if isinstance(c, dict)]:
            states[entry["cell_id"]] = entry["status"]
        told.append((states.get("A"), states.get("B")))
    assert ("success", "running") in told


def test_a_cell_that_could_not_run_is_told_of_as_one_that_ended(kernel: Kernel) -> None:
    # All front ends were told that it begins, those that didn't ask, too.
    kernel.cells(A="x = 1 / 0", B="print(x)")
    ran = kernel.cell("B", "print(x)")
    assert ran.order == ["B"]
    assert ran.content["ename"] == "CellBlocked"
    told = [entry["cell_id"] for event in ran.events if event["event"] == "cells" for entry in event["cells"]]
    assert told[-1] == "B"


def test_revisions_only_grow(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    kernel.control("edit", cell_id="A", source="x = 1")
    kernel.cell("A", "x = 2")
    kernel.control("delete", cell_id="C")
    revisions = [m["content"]["revision"] for m in kernel.quiet() if m["content"].get("event") == "cells"]
    assert revisions == sorted(revisions)


def test_clients_that_don_t_speak_the_protocol_hear_nothing(fresh_kernel: Kernel) -> None:
    for code in ABC.values():
        assert fresh_kernel.console(code).events == []
    assert fresh_kernel.console("x = 20").events == []
    fresh_kernel.control("state")
    assert fresh_kernel.console("x = 30").events != []
