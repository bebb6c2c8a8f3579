"""A cell's request runs the cell and what follows from it, and every message goes to the right cell."""

from __future__ import annotations

import pytest

from reactive_kernel.protocol import OutputMark, RanCell, ReplyMark
from tests.kernel.driver import Kernel, Ran, cell_of

ABC = {"A": "x = 10", "B": "y = x * 2", "C": "print(y)"}
SHOWS = ("stream", "display_data", "execute_result", "error")


def parents(ran: Ran, cell: str) -> set[str]:
    """The requests that a cell's messages belong to."""
    return {m["parent_header"]["msg_id"] for m in ran.messages if cell_of(m) == cell}


def test_dependents_follow(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    ran = kernel.cell("A", "x = 20")
    assert ran.order == ["A", "B", "C"]
    assert ran.text("C") == "40\n"
    assert ran.content["status"] == "ok"


def test_known_cells_run_though_they_never_ran(kernel: Kernel) -> None:
    kernel.control("sync", cells=[{"cell_id": c, "source": s} for c, s in ABC.items()])
    ran = kernel.cell("A", "x = 10")
    assert ran.order == ["A", "B", "C"]
    assert ran.text("C") == "20\n"


def test_independent_cells_are_left_alone(kernel: Kernel) -> None:
    kernel.cells(**ABC, D="z = 1")
    assert kernel.cell("D", "z = 2").order == ["D"]
    assert kernel.cell("B", "y = x * 3").order == ["B", "C"]


def test_stale_ancestors_run_first(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    kernel.control("edit", cell_id="A", source="x = 7")
    ran = kernel.cell("C", "print(y)")
    assert ran.order == ["A", "B", "C"]
    assert ran.text("C") == "14\n"
    assert ran.content["execution_count"] == ran.content["reactive"]["cells"][2]["execution_count"]


def test_a_trigger_that_runs_twice_shows_its_last_run_alone(kernel: Kernel) -> None:
    source = "import sqlite3\ncur = sqlite3.connect(':memory:').execute('select {}')\nprint('made')"
    kernel.cells(A=source.format(1), B="cur.fetchone()\nundefined")
    ran = kernel.cell("A", source.format(2))
    assert ran.order == ["A", "B", "A"], "a failed cell used up what A made"
    second_run = ran.of_cell("A")[ran.of_cell("A").index("stream") + 1 :]
    assert second_run[:3] == ["execute_input", "clear_output", "stream"]
    assert set(second_run[3:]) <= {"stream"}, "on a busy machine the line's end comes by itself"


def test_a_cell_that_was_blocked_when_asked_to_run_is_not_fresh_when_the_edit_is_undone(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="y = undefined", C="print(x)", D="z = 1")
    assert kernel.cell("C", "print(x + y)").content["ename"] == "CellBlocked"
    kernel.control("edit", cell_id="C", source="print(x)")
    assert kernel.entries()["C"]["fresh"] is False, "the message about the block is what it shows"
    assert kernel.result(kernel.send("", {"reactive": {"run": "stale"}})).text("C") == "1\n"
    assert kernel.entries()["C"]["fresh"] is True


def test_a_magic_that_hides_a_syntax_error_runs_once_and_is_in_error(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="print(x)")
    kernel.control("edit", cell_id="A", source="%%capture out\nx = '")
    ran = kernel.result(kernel.send("", {"reactive": {"run": "all"}}))
    assert [c["cell_id"] for c in ran.content["reactive"]["cells"]] in (["A"], [])
    assert kernel.entries()["A"]["status"] in ("error", "blocked")
    assert kernel.entries()["B"]["status"] == "blocked"
    assert kernel.cell("A", "%%capture out\nx = 2").text("B") == "2\n"


def test_lazy_mode_only_marks(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    kernel.control("configure", mode="lazy")
    ran = kernel.cell("A", "x = 20")
    assert ran.order == ["A"]
    assert ran.content["reactive"]["stale"] == ["B", "C"]
    assert kernel.entries()["C"]["fresh"] is False
    ran = kernel.cell("C", "print(y)")
    assert ran.order == ["B", "C"]
    assert ran.text("C") == "40\n"


def test_disabled_cells_and_their_dependents_wait(kernel: Kernel) -> None:
    kernel.cells(A="x = 10", C="print(x)")
    kernel.cell("B", "y = x * 2", reactive={"disabled": True})
    kernel.cell("D", "print(y)")
    assert kernel.entries()["B"]["disabled"] is True
    ran = kernel.cell("A", "x = 20")
    assert ran.order == ["A", "C"]
    assert kernel.cell("B", "y = x * 2", reactive={"disabled": False}).order == ["B", "D"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"run": "upstream"}, ["A", "B"]),
        ({"run": "cell"}, ["A", "B", "C"]),
        ({}, ["A", "B", "C"]),
        ({"cascade": False}, ["B"]),
    ],
)
def test_what_a_request_may_ask_for(kernel: Kernel, asked: dict[str, object], expected: list[str]) -> None:
    kernel.cells(**ABC)
    kernel.control("edit", cell_id="A", source="x = 11")
    assert kernel.cell("B", "y = x * 2", reactive=asked).order == expected


def test_run_stale_runs_what_had_run(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    kernel.control("insert", cell_id="N", source="print(x)", index=3)
    kernel.control("edit", cell_id="A", source="x = 30")
    ran = kernel.result(kernel.send("", {"reactive": {"run": "stale"}}))
    assert ran.content["status"] == "ok"
    assert ran.order == ["A", "B", "C"]
    assert ran.text("C") == "60\n"


def test_run_all_makes_every_cell_fresh(kernel: Kernel) -> None:
    kernel.control("sync", cells=[{"cell_id": c, "source": s} for c, s in ABC.items()])
    ran = kernel.result(kernel.send("", {"reactive": {"run": "all"}}))
    assert ran.order == ["A", "B", "C"]
    assert all(entry["fresh"] for entry in kernel.entries().values())
    again = kernel.result(kernel.send("", {"reactive": {"run": "all"}}))
    assert again.order == []
    assert again.content["status"] == "ok"


def test_reply_tells_what_ran(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    ran = kernel.cell("A", "x = 20")
    told = ran.content["reactive"]
    assert set(told) == set(ReplyMark.__annotations__)
    assert [cell["cell_id"] for cell in told["cells"]] == ["A", "B", "C"]
    counts = [m["content"]["execution_count"] for m in ran.of_type("execute_input")]
    assert [cell["execution_count"] for cell in told["cells"]] == counts
    assert len(set(counts)) == 3
    assert ran.content["execution_count"] == counts[0]
    for cell in told["cells"]:
        assert set(cell) == set(RanCell.__annotations__)
        assert cell["status"] == "success"
        assert cell["seconds"] >= 0


def test_marks(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    ran = kernel.cell("A", "x = 20\nprint('a')")
    marked = [m for m in ran.messages if m["msg_type"] not in ("status", "reactive_event")]
    for message in marked:
        mark = message["metadata"]["reactive"]
        assert set(mark) == set(OutputMark.__annotations__)
        assert mark["cascade_id"] == ran.content["reactive"]["cascade_id"]
        assert mark["cascade_total"] == 3
        assert mark["cascade_index"] == ["A", "B", "C"].index(mark["cell_id"])
        assert mark["is_last"] is (mark["cell_id"] == "C")
    assert {m["msg_type"] for m in marked} == {"execute_input", "stream", "clear_output"}


def test_outputs_have_the_cells_own_parents(kernel: Kernel) -> None:
    first = {ran.reply["parent_header"]["msg_id"]: ran for ran in kernel.cells(**ABC)}
    _, b, c = first
    ran = kernel.cell("A", "x = 20")
    assert parents(ran, "A") == {ran.reply["parent_header"]["msg_id"]}
    assert parents(ran, "B") == {b}
    assert parents(ran, "C") == {c}
    newer = kernel.cell("B", "y = x * 3")
    ran = kernel.cell("A", "x = 30")
    assert parents(ran, "B") == {newer.reply["parent_header"]["msg_id"]}


def test_a_cell_without_request_gets_a_parent_of_its_own(kernel: Kernel) -> None:
    kernel.control("sync", cells=[{"cell_id": c, "source": s} for c, s in ABC.items()])
    ran = kernel.cell("A", "x = 10")
    (b,), (c,) = parents(ran, "B"), parents(ran, "C")
    trigger = ran.reply["parent_header"]
    assert len({trigger["msg_id"], b, c}) == 3
    for message in ran.of_type("stream", cell="C"):
        assert message["parent_header"]["session"] == trigger["session"]
        assert message["parent_header"]["msg_type"] == "execute_request"
    assert parents(kernel.cell("A", "x = 11"), "C") == {c}


def test_one_busy_first_and_one_idle_last(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    ran = kernel.cell("A", "x = 20")
    states = [m for m in ran.messages if m["msg_type"] == "status"]
    assert [m["content"]["execution_state"] for m in states] == ["busy", "idle"]
    assert {m["parent_header"]["msg_id"] for m in states} == {ran.reply["parent_header"]["msg_id"]}
    assert ran.messages[0] is states[0]
    assert ran.messages[-1] is states[1]
    assert kernel.quiet() == []


def test_old_output_stands_until_new_comes(kernel: Kernel) -> None:
    kernel.cells(**ABC, D="if x < 15: print(x)")
    ran = kernel.cell("A", "x = 20")
    assert ran.of_cell("A") == ["execute_input"]
    assert ran.of_cell("C") == ["execute_input", "clear_output", "stream"]
    assert ran.of_type("clear_output", cell="C")[0]["content"] == {"wait": True}
    assert ran.of_cell("D") == ["execute_input", "clear_output", "clear_output"]
    assert [m["content"]["wait"] for m in ran.of_type("clear_output", cell="D")] == [True, False]


@pytest.mark.parametrize("code", ["x", "display(x)", "1 / (x - 20)", "import sys; print(x, file=sys.stderr)"])
def test_what_counts_as_output(kernel: Kernel, code: str) -> None:
    kernel.cells(A="x = 10", B=code)
    ran = kernel.cell("A", "x = 20")
    assert [m["content"]["wait"] for m in ran.of_type("clear_output", cell="B")] == [True]
    assert ran.of_type(*SHOWS, cell="B")


def test_updating_another_display_is_no_output_of_the_cell(kernel: Kernel) -> None:
    kernel.cells(A="x = 10", H="h = display('start', display_id='the-display')", B="h.update(x)")
    ran = kernel.cell("A", "x = 20")
    assert "update_display_data" in ran.of_cell("B")
    assert [m["content"]["wait"] for m in ran.of_type("clear_output", cell="B")] == [True, False]


def test_a_failed_dependent_is_not_the_roots_fault(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="y = 1 / x", C="print(y)")
    ran = kernel.cell("A", "x = 0")
    assert ran.content["status"] == "ok"
    (error,) = ran.of_type("error")
    assert cell_of(error) == "B"
    assert error["content"]["ename"] == "ZeroDivisionError"
    statuses = {cell["cell_id"]: cell["status"] for cell in ran.content["reactive"]["cells"]}
    assert statuses == {"A": "success", "B": "error"}
    entry = kernel.entries()["C"]
    assert entry["status"] == "blocked"
    assert entry["problem"]["cells"] == ["B"]
    assert kernel.cell("A", "x = 2").text("C") == "0.5\n"


def test_a_failed_root_runs_nothing_else(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    ran = kernel.cell("A", "x = 1 / 0")
    assert ran.order == ["A"]
    assert ran.content["status"] == "error"
    assert ran.content["ename"] == "ZeroDivisionError"
    assert ran.content["reactive"]["cells"][0]["status"] == "error"


def test_a_blocked_root_says_why(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="y = 1 / x", C="print(y)")
    kernel.cell("A", "x = 0")
    ran = kernel.cell("C", "print(y)")
    assert ran.content["status"] == "error"
    assert ran.content["ename"] == "CellBlocked"
    (error,) = ran.of_type("error", cell="C")
    assert error["content"]["evalue"] == ran.content["evalue"] != ""
    assert error["parent_header"]["msg_id"] == ran.reply["parent_header"]["msg_id"]
    assert "Traceback" not in "".join(error["content"]["traceback"])


def test_a_loop_is_explained_and_heals(kernel: Kernel) -> None:
    loop = [{"cell_id": "A", "source": "p = q + 1"}, {"cell_id": "B", "source": "q = p + 1"}]
    kernel.control("sync", cells=loop)
    ran = kernel.cell("A", "p = q + 1")
    assert ran.content["ename"] == "CellBlocked"
    assert "p" in ran.content["evalue"]
    assert "q" in ran.content["evalue"]
    assert kernel.cell("B", "q = 1").order == ["B", "A"]


def test_history_and_counts_stay_in_step(fresh_kernel: Kernel) -> None:
    kernel = fresh_kernel
    kernel.cells(A="x = 1", B="x * 2")
    kernel.control("edit", cell_id="A", source="x = 1 / 0")
    assert kernel.cell("B", "x * 2").content["ename"] == "CellBlocked"
    ran = kernel.cell("A", "x = 4")
    assert ran.of_type("execute_result", cell="B")[0]["content"]["execution_count"] == 6
    shown = kernel.cell("H", "print(len(In), In[1:7], Out)").text()
    assert shown == "8 ['x = 1', 'x * 2', 'x = 1 / 0', 'x * 2', 'x = 4', 'x * 2'] {2: 2, 6: 8}\n"


def test_user_expressions_are_of_the_root(kernel: Kernel) -> None:
    kernel.cells(A="x = 10", B="x = x + 1", C="print(x)")
    ran = kernel.cell("A", "x = 20", user_expressions={"now": "x"})
    assert ran.content["user_expressions"]["now"]["data"]["text/plain"] == "20"
    assert ran.text("C") == "21\n"


def test_payloads_are_of_the_root(kernel: Kernel) -> None:
    kernel.cells(A="x = 10", B="get_ipython().set_next_input(f'{x}')")
    assert kernel.cell("A", "x = 20").content["payload"] == []
    (payload,) = kernel.cell("B", "get_ipython().set_next_input(f'{x}')").content["payload"]
    assert payload["text"] == "20"


def test_the_kernel_itself_is_never_put_back(kernel: Kernel) -> None:
    """What a cell's objects held before is put back for cells above it; the shell, the kernel, the streams go on."""
    kernel.cells(
        A="x = 10",
        B="import sys\nip = get_ipython()\nout = sys.stdout\nlog = [ip, ip.kernel]",
        C="ip.set_next_input(f'{x}')\nlog.append(print(x, file=out))",
    )
    counts = [kernel.cell("A", f"x = {n}").content["execution_count"] for n in (20, 30, 40)]
    assert counts == [counts[0], counts[0] + 2, counts[0] + 4]
    ran = kernel.cell("A", "x = 50")
    assert (ran.order, ran.text("C"), ran.content["payload"]) == (["A", "C"], "50\n", [])


def test_a_dependent_cannot_ask(kernel: Kernel) -> None:
    kernel.control("sync", cells=[{"cell_id": "A", "source": "x = 1"}, {"cell_id": "B", "source": "y = input(x)"}])
    ran = kernel.cell("A", "x = 1")
    (error,) = ran.of_type("error")
    assert cell_of(error) == "B"
    assert error["content"]["ename"] == "StdinNotImplementedError"


def test_deleted_cells_in_metadata_are_a_hint_only(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    metadata = {"cellId": "A", "deletedCells": ["C"]}
    assert kernel.result(kernel.send("x = 5", metadata)).order == ["A", "B", "C"]


def test_a_minimal_client_sends_only_the_id(fresh_kernel: Kernel) -> None:
    for cell_id, code in ABC.items():
        fresh_kernel.result(fresh_kernel.send(code, {"cellId": cell_id}))
    assert fresh_kernel.result(fresh_kernel.send("x = 20", {"cellId": "A"})).text("C") == "40\n"


@pytest.mark.parametrize(
    ("reactive", "says"),
    [
        ("all", "object"),
        ([], "object"),
        ({"run": "everything"}, "everything"),
        ({"run": 3}, "run"),
        ({"run": ["cell"]}, "run"),
        ({"cascade": "no"}, "cascade"),
        ({"disabled": 1}, "disabled"),
        ({"run": "stale"}, "code"),
    ],
)
def test_wrong_metadata_runs_nothing(kernel: Kernel, reactive: object, says: str) -> None:
    kernel.cells(**ABC)
    before = kernel.control("state")
    ran = kernel.cell("A", "x = 99", reactive=reactive)
    assert ran.content["status"] == "error"
    assert says in ran.content["evalue"]
    assert ran.order == []
    assert ran.of_type("error")[0]["content"]["evalue"] == ran.content["evalue"]
    assert kernel.control("state") == before
    assert kernel.cell("Z", "print(x)").text() == "10\n"


def test_upstream_needs_an_id(kernel: Kernel) -> None:
    ran = kernel.result(kernel.send("x = 1", {"reactive": {"run": "upstream"}}))
    assert ran.content["status"] == "error"
    assert "cellId" in ran.content["evalue"]


@pytest.mark.parametrize(
    "show", ["!echo $RK_TEST", "said = !echo $RK_TEST\nprint(said)", "%%bash\necho $RK_TEST", "%env RK_TEST"]
)
def test_a_program_that_a_cell_starts_follows_the_environment(kernel: Kernel, show: str) -> None:
    kernel.cells(A="import os\nos.environ['RK_TEST'] = 'one'", B=show)
    assert "two" in kernel.cell("A", "import os\nos.environ['RK_TEST'] = 'two'").text("B")


@pytest.mark.parametrize("env", ["%set_env RK_TEST {}", "%env RK_TEST={}"])
def test_an_environment_set_by_a_magic_is_followed(kernel: Kernel, env: str) -> None:
    kernel.cells(A=env.format(1), B="x=!echo $RK_TEST\nprint(x)", C=env.format(2), D="!echo $RK_TEST")
    ran = kernel.cell("A", env.format(5))
    assert "5" in ran.text("B")
    assert "2" in kernel.cell("D", "!echo $RK_TEST ").text("D")


def test_tests_of_whatever_is_found_follow_what_they_test(kernel: Kernel) -> None:
    make = "def add(a, b):\n    '''\n    >>> add(1, 2)\n    3\n    '''\n    return a + b"
    case = "class TestAdd(unittest.TestCase):\n    def test(self): self.assertEqual(add(1, 2), 3)"
    unit = "print(unittest.main(argv=[''], exit=False).result.wasSuccessful())"
    kernel.cells(tools="import unittest, doctest", add=make, case=case, unit=unit)
    kernel.cells(doc="print(doctest.testmod().failed)", other="x = 1")
    ran = kernel.cell("add", make.replace("a + b", "a - b"))
    assert ran.text("unit").endswith("False\n")
    assert ran.text("doc").endswith("1\n")
    assert "other" not in ran.order
