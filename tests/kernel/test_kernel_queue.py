"""Requests that wait: Run All runs each cell once, failures stop the queue as in ipykernel."""

from __future__ import annotations

import time
from typing import Any

from reactive_kernel.kernel.waiting import WaitingRequests
from tests.kernel.driver import Kernel, Message, Ran


def burst(kernel: Kernel, cells: dict[str, str], gap: float = 0.001) -> list[Ran]:
    """Send all at once, as JupyterLab's Run All does."""
    ids = []
    for cell_id, code in cells.items():
        ids.append(kernel.send_cell(cell_id, code))
        time.sleep(gap)
    last = ids[-1]
    messages: list[Message] = list(
        kernel.iopub_until(
            lambda m: (
                m["parent_header"].get("msg_id") == last
                and m["msg_type"] == "status"
                and m["content"]["execution_state"] == "idle"
            )
        )
    )
    replies = [kernel.client.get_shell_msg(timeout=60) for _ in ids]
    assert [reply["parent_header"]["msg_id"] for reply in replies] == ids
    return [Ran(reply, messages) for reply in replies]


def chain(count: int, first: str) -> dict[str, str]:
    """Cells that each need the one before."""
    return {"c0": first} | {f"c{i}": f"x{i} = x{i - 1} + 1" for i in range(1, count)}


def test_run_all_runs_each_cell_once(kernel: Kernel) -> None:
    kernel.cells(**chain(12, "x0 = 0"))
    ran = burst(kernel, chain(12, "import time; time.sleep(0.5); x0 = 5"))
    assert ran[0].order == [f"c{i}" for i in range(12)]
    assert [len(one.content["reactive"]["cells"]) for one in ran] == [1] * 12
    assert kernel.cell("P", "print(x11)").text() == "16\n"


def test_run_all_of_a_slow_front_end_runs_each_cell_once(kernel: Kernel) -> None:
    cells = {"A": "x = 1", "B": "y = x", "C": "print(y)"}
    kernel.cells(**cells)
    assert kernel.control("sending") == {"status": "ok"}
    ran = burst(kernel, {**cells, "A": "x = 5"}, gap=0.1)
    assert [len(one.content["reactive"]["cells"]) for one in ran] == [1] * 3
    assert kernel.control("sending", requests="many")["ename"] == "bad_argument"


def test_run_all_leaves_each_output_to_its_own_request(kernel: Kernel) -> None:
    cells = {"A": "x = 1", "B": "print(x)", "C": "print(x + 1)"}
    kernel.cells(**cells)
    ran = burst(kernel, {**cells, "A": "import time; time.sleep(0.3); x = 5"})
    parents = {m["parent_header"]["msg_id"] for m in ran[0].of_type("stream")}
    assert parents == {ran[1].reply["parent_header"]["msg_id"], ran[2].reply["parent_header"]["msg_id"]}
    assert ran[0].of_type("clear_output") == []


def test_a_request_that_was_on_its_way_while_its_cell_ran_for_another_replaces_that_output(kernel: Kernel) -> None:
    # The front end had emptied the cell by then, and has what came since.
    kernel.cells(A="x = 1", B="print(x)", C="if x > 2: print(x)")
    kernel.cell("A", "x = 3")
    assert kernel.cell("B", "print(x)").of_cell("B")[:3] == ["execute_input", "clear_output", "stream"]
    assert kernel.cell("B", "print(x)").of_cell("B")[:2] == ["execute_input", "stream"]
    waits = [m["content"]["wait"] for m in kernel.cell("C", "if x > 3: print(x)").of_type("clear_output")]
    assert waits == [True, False]


def test_cells_outside_of_the_burst_still_follow(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="y = x", C="z = x", D="print(y + z)")
    ran = burst(kernel, {"A": "import time; time.sleep(0.3); x = 2", "B": "y = x"})
    assert set(ran[0].order) == {"A", "B", "C", "D"}
    assert ran[0].text("D") == "4\n"
    assert ran[0].order.count("D") == 1


def test_a_failed_root_aborts_what_waits(kernel: Kernel) -> None:
    kernel.cell("A", "import time")
    ids = [kernel.send_cell("B", "time.sleep(0.5); 1 / 0"), kernel.send_cell("C", "print('never')")]
    first, second = kernel.result(ids[0]), kernel.result(ids[1])
    assert first.content["status"] == "error"
    assert second.content["status"] == "aborted"
    assert kernel.cell("C", "print('now')").text() == "now\n"


def test_a_cell_whose_request_was_aborted_is_stale(kernel: Kernel) -> None:
    # Its front end emptied it when it sent the request.
    kernel.cells(A="import time", C="print('shown')", D="print('too')")
    for msg_id in [kernel.send_cell("B", "time.sleep(0.5); 1 / 0"), kernel.send_cell("C", "print('shown')")]:
        kernel.result(msg_id)
    fresh = {cell: entry["fresh"] for cell, entry in kernel.entries().items()}
    assert fresh == {"A": True, "B": False, "C": False, "D": True}
    ran = kernel.result(kernel.send("", {"reactive": {"run": "stale"}}))
    assert ran.text("C") == "shown\n"
    assert ran.order == ["C"]


def test_outputs_go_by_the_aborted_request_which_is_the_cells_latest(kernel: Kernel) -> None:
    kernel.cells(a="print('A')", b="1 / 0")
    kernel.cell("a", "print('A')")
    _, aborted = burst(kernel, {"b": "import time; time.sleep(0.5); 1 / 0", "a": "print('A')"})
    assert aborted.content["status"] == "aborted"
    ran = kernel.result(kernel.send("", {"reactive": {"run": "all"}}))
    parents = {
        m["parent_header"]["msg_id"] for m in ran.messages if m["metadata"].get("reactive", {}).get("cell_id") == "a"
    }
    assert parents == {aborted.reply["parent_header"]["msg_id"]}


def test_the_text_that_an_aborted_request_brought_is_the_cells(kernel: Kernel) -> None:
    kernel.cells(a="x = 1", b="y = 0", c="print(x)")
    _, aborted = burst(kernel, {"b": "import time; time.sleep(0.5); 1 / 0", "a": "x = 2"})
    assert aborted.content["status"] == "aborted"
    assert sources(kernel)["a"] == ("x = 2", False)
    assert kernel.result(kernel.send("", {"reactive": {"run": "stale"}})).text("c") == "2\n"


def test_an_edit_told_before_the_request_was_aborted_stays(kernel: Kernel) -> None:
    kernel.cells(a="x = 1", b="y = 0")
    kernel.send_cell("b", "import time; time.sleep(0.3); 1 / 0")
    waits = kernel.send_cell("a", "x = 2")
    kernel.control("edit", cell_id="a", source="x = 3")
    assert kernel.result(waits).content["status"] == "aborted"
    assert sources(kernel)["a"] == ("x = 3", False)


def test_an_aborted_request_no_longer_waits(kernel: Kernel) -> None:
    kernel.cells(A="import time; x = 1", C="print(x)")
    ids = [kernel.send_cell("B", "time.sleep(0.5); 1 / 0"), kernel.send_cell("C", "print(x)")]
    for msg_id in ids:
        kernel.result(msg_id)
    assert kernel.cell("A", "import time; x = 2").text("C") == "2\n"


def test_a_failed_dependent_aborts_nothing(kernel: Kernel) -> None:
    kernel.cells(A="import time; x = 1", B="time.sleep(0.5); y = 1 / x")
    ids = [kernel.send_cell("A", "import time; x = 0"), kernel.send_cell("C", "print('runs')")]
    first, second = kernel.result(ids[0]), kernel.result(ids[1])
    assert first.content["status"] == "ok"
    assert first.of_type("error", cell="B")
    assert second.content["status"] == "ok"
    assert second.text("C") == "runs\n"


def test_errors_that_are_wanted_abort_nothing(kernel: Kernel) -> None:
    kernel.cell("A", "import time")
    ids = [
        kernel.send_cell("B", "time.sleep(0.5); 1 / 0", stop_on_error=False),
        kernel.send_cell("C", "print('runs')"),
    ]
    assert kernel.result(ids[0]).content["status"] == "error"
    assert kernel.result(ids[1]).text("C") == "runs\n"


class Clock:
    """A clock that the test moves; each sleep may bring a request."""

    def __init__(self) -> None:
        self.now = 0.0
        self.arrivals: list[tuple[float, str]] = []
        self.queue: WaitingRequests | None = None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds
        while self.arrivals and self.arrivals[0][0] <= self.now:
            _, cell_id = self.arrivals.pop(0)
            assert self.queue is not None
            self.queue.arrived(f"m-{cell_id}", cell_id)


def waiting(*arrivals: tuple[float, str]) -> tuple[WaitingRequests, Clock]:
    """A queue to which these come."""
    clock = Clock()
    queue = WaitingRequests(clock, clock.sleep)
    clock.queue = queue
    clock.arrivals = list(arrivals)
    return queue, clock


def test_no_waiting_when_nothing_waits() -> None:
    queue, clock = waiting((0.001, "B"))
    queue.let_burst_finish()
    assert clock.now == 0
    assert queue.cells() == frozenset()


def test_a_burst_is_awaited_to_its_end() -> None:
    queue, clock = waiting((0.002, "B"), (0.004, "C"), (0.006, "D"), (5.0, "E"))
    queue.arrived("m-A", "A")
    queue.let_burst_finish()
    assert queue.cells() == {"A", "B", "C", "D"}
    assert clock.now < 0.1


def test_a_slow_front_end_that_says_that_it_is_sending_is_awaited() -> None:
    queue, clock = waiting((0.05, "B"), (0.11, "C"))
    queue.sending("page", None)
    queue.arrived("m-A", "A")
    queue.taken("m-A")
    queue.let_burst_finish()  # it goes away: no longer than a moment
    assert queue.cells() == {"B", "C"}
    assert 0.1 < clock.now < 1
    queue, clock = waiting()
    queue.sending("page", None)
    queue.sending("page", 1)
    queue.let_burst_finish()
    assert clock.now == 0
    queue.sending("page", None)
    queue.sending("page", 3)  # heard before their last: the channels have no common order
    clock.arrivals = [(0.004, "C")]
    queue.let_burst_finish()
    assert queue.cells() == {"C"}
    assert clock.now < 0.03


def test_an_old_burst_costs_no_time() -> None:
    queue, clock = waiting()
    queue.arrived("m-A", "A")
    clock.now = 10.0
    queue.let_burst_finish()
    assert clock.now == 10.0


def test_an_endless_burst_is_not_awaited_for_ever() -> None:
    queue, clock = waiting(*((i / 1000, f"c{i}") for i in range(1, 5000)))
    queue.arrived("m-A", "A")
    queue.let_burst_finish()
    assert clock.now < 1


def test_an_insert_that_its_run_overtook_is_awaited_a_moment() -> None:
    queue, clock = waiting()
    queue.let_insert_arrive("page", lambda: clock.now < 0.03)
    assert 0.03 <= clock.now < 0.04
    queue.let_insert_arrive("page", lambda: True)
    assert 0.1 < clock.now < 0.3


def test_a_client_that_tells_of_no_insert_is_awaited_once() -> None:
    queue, clock = waiting()
    queue.let_insert_arrive("script", lambda: True)
    clock.now = 1.0
    queue.let_insert_arrive("script", lambda: True)
    assert clock.now == 1.0
    queue.tells("script")
    queue.let_insert_arrive("script", lambda: True)
    assert clock.now > 1.1


def test_a_cell_runs_where_its_insert_says_though_that_comes_later(kernel: Kernel) -> None:
    kernel.control("sync", cells=[{"cell_id": "A", "source": "x = 1"}, {"cell_id": "C", "source": "x = 7"}])
    ran = kernel.send_cell("B", "print(x)")
    kernel.control("insert", cell_id="B", source="print(x)", index=1)
    assert kernel.result(ran).text("B") == "1\n"


def behind_a_slow_one(kernel: Kernel, cell: str, code: str, command: str, **arguments: Any) -> Ran:
    """Send a request that has to wait, and tell something before its turn comes."""
    kernel.send_cell("S", "import time; time.sleep(0.3)")
    waits = kernel.send_cell(cell, code)
    kernel.control(command, **arguments)
    return kernel.result(waits)


def sources(kernel: Kernel) -> dict[str, tuple[str, bool]]:
    """Each cell's text, and whether it is fresh."""
    return {c["cell_id"]: (c["source"], c["fresh"]) for c in kernel.control("state", sources=True)["cells"]}


def test_an_edit_told_while_the_request_waits_stays_the_cells_text(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="print(x)")
    ran = behind_a_slow_one(kernel, "A", "x = 2", "edit", cell_id="A", source="x = 3")
    assert (ran.content["status"], ran.of_type("execute_input", cell="A")[0]["content"]["code"]) == ("ok", "x = 2")
    assert sources(kernel)["A"] == ("x = 3", False)
    assert kernel.result(kernel.send("", {"reactive": {"run": "stale"}})).text("B") == "3\n"


def test_a_sync_told_while_the_request_waits_has_the_newer_text(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="print(x)")
    told = [{"cell_id": "A", "source": "x = 4"}, {"cell_id": "B", "source": "print(x)"}]
    behind_a_slow_one(kernel, "A", "x = 2", "sync", cells=told)
    assert sources(kernel) == {"A": ("x = 4", False), "B": ("print(x)", False)}


def test_a_cell_deleted_while_its_request_waits_does_not_come_back(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="print(x)")
    ran = behind_a_slow_one(kernel, "A", "x = 2", "delete", cell_id="A")
    assert (ran.content["ename"], ran.content["reactive"]["cells"]) == ("CellBlocked", [])
    assert list(sources(kernel)) == ["B", "S"]


def test_a_request_sent_after_the_edit_has_the_newer_text(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="print(x)")
    kernel.control("edit", cell_id="A", source="x = 3")
    assert kernel.cell("A", "x = 4").text("B") == "4\n"
    assert sources(kernel) == {"A": ("x = 4", True), "B": ("print(x)", True)}


def test_two_requests_of_one_cell() -> None:
    queue, _ = waiting()
    queue.arrived("m1", "A")
    queue.arrived("m2", "A")
    queue.taken("m1")
    assert queue.cells() == {"A"}
    queue.taken("m2")
    assert queue.cells() == frozenset()
