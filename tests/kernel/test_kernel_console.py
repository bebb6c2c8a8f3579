"""Clients without cell ids: the console's newest definition wins, a batch run is a plain run."""

from __future__ import annotations

from reactive_kernel.kernel.engine import Step
from reactive_kernel.kernel.publisher import _heading
from tests.kernel.driver import Kernel


def test_the_newest_definition_wins(fresh_kernel: Kernel) -> None:
    for code in ("x = 10", "y = x * 2"):
        fresh_kernel.console(code)
    assert fresh_kernel.console("print(y)").text() == "20\n"
    ran = fresh_kernel.console("x = 20")
    assert "40\n" in ran.text()
    assert [m["content"]["code"] for m in ran.of_type("execute_input")] == ["x = 20", "y = x * 2", "print(y)"]


def test_a_dependents_output_says_whose_it_is(fresh_kernel: Kernel) -> None:
    for code in ("x = 10", "y = x * 2", "print(y)"):
        fresh_kernel.console(code)
    ran = fresh_kernel.console("x = 20")
    assert ran.text() == "\x1b[2m↻ In [3]: print(y)\x1b[0m\n40\n"
    assert ran.of_type("clear_output") == []


def test_all_has_the_triggers_parent(fresh_kernel: Kernel) -> None:
    for code in ("x = 10", "x"):
        fresh_kernel.console(code)
    ran = fresh_kernel.console("x = 20")
    assert {m["parent_header"]["msg_id"] for m in ran.messages} == {ran.reply["parent_header"]["msg_id"]}


def test_prompt_numbers_go_on(fresh_kernel: Kernel) -> None:
    counts = [fresh_kernel.console(code).content["execution_count"] for code in ("x = 10", "y = x * 2", "print(y)")]
    assert counts == [1, 2, 3]
    ran = fresh_kernel.console("x = 20")
    used = [m["content"]["execution_count"] for m in ran.of_type("execute_input")]
    assert used == [4, 5, 6]
    assert ran.content["execution_count"] == 6
    assert fresh_kernel.console("z = 1").content["execution_count"] == 7


def test_a_heading_is_short() -> None:
    source = "for i in range(10):\n    print(i)"
    assert _heading(Step("a", source, "python", 0, 1, True, False, False, "In [1]")) == (
        "\x1b[2m↻ In [1]: for i in range(10): …\x1b[0m\n"
    )
    heading = _heading(Step("a", "y = " + "x" * 100, "python", 0, 1, True, False, False, "In [1]"))
    assert heading.endswith(" …\x1b[0m\n")
    assert len(heading) < 90


def test_a_batch_is_a_plain_run(fresh_kernel: Kernel) -> None:
    for number, code in enumerate(("x = 10", "y = x * 2", "print(y)", "x = 20", "print(x, y)"), 1):
        ran = fresh_kernel.batch(code)
        assert len(ran.of_type("execute_input")) == 1
        assert ran.content["execution_count"] == number
    assert ran.text() == "20 20\n"


def test_a_batch_goes_on_after_a_wanted_error(fresh_kernel: Kernel) -> None:
    fresh_kernel.batch("x = 1")
    assert fresh_kernel.batch("x = 2; 1 / 0", stop_on_error=False).content["status"] == "error"
    assert fresh_kernel.batch("print(x)").text() == "2\n"


def test_a_console_beside_a_notebook(fresh_kernel: Kernel) -> None:
    fresh_kernel.cells(A="x = 10", B="y = x * 2")
    assert fresh_kernel.console("print(y)").text() == "20\n"
    # JupyterLab's code console sends an id for each input, of no notebook's cell.
    code_console = fresh_kernel.result(fresh_kernel.send("y + 1", {"cellId": "an-input-of-the-code-console"}))
    assert code_console.text() == "21"
    assert "an-input-of-the-code-console" not in fresh_kernel.entries()


def test_other_clients_beside_a_notebook_may_send_the_id_alone(fresh_kernel: Kernel) -> None:
    fresh_kernel.cells(A="x = 10")
    cells = [{"cell_id": "A", "source": "x = 10"}, {"cell_id": "B", "source": "print(x)"}]
    fresh_kernel.control("sync", cells=cells)
    ran = fresh_kernel.result(fresh_kernel.send("print(x)", {"cellId": "B"}))
    assert ran.order == ["B"]
    assert list(fresh_kernel.entries()) == ["A", "B"]


def test_prompts_of_a_blocked_input(fresh_kernel: Kernel) -> None:
    fresh_kernel.console("x = 0")
    ran = fresh_kernel.console("1 / x")
    assert ran.content["status"] == "error"
    assert ran.content["execution_count"] == 2
    assert fresh_kernel.console("x = 5").content["execution_count"] >= 3
