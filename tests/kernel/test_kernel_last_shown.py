"""IPython's ``_``: at each cell it is what the nearest cell above has shown, whenever that ran."""

from __future__ import annotations

from tests.kernel.driver import Kernel


def test_another_result_above_runs_the_reader_again(kernel: Kernel) -> None:
    kernel.cells(A="5 + 1", B="print('shows nothing')", C="_ * 2")
    ran = kernel.cell("A", "5 + 2")
    assert ran.order == ["A", "C"]
    assert ran.text("C") == "14"


def test_a_function_that_reads_it_runs_again(kernel: Kernel) -> None:
    kernel.cells(A="4", B="def f(): return _", C="6", D="print(f())")
    ran = kernel.cell("C", "8")
    assert ran.order == ["C", "D"]
    assert ran.text("D") == "8\n"
    kernel.control("delete", cell_id="C")
    assert not kernel.entries()["D"]["fresh"]
    assert kernel.cell("D", "print(f(), 1)").text("D") == "4 1\n"


def test_it_goes_by_place_and_not_by_time(kernel: Kernel) -> None:
    kernel.cells(A="5", B="_ * 2", C="7")
    assert kernel.cell("B", "_ * 3").text("B") == "15"
    assert kernel.cell("C", "8").order == ["C"]
    kernel.control("move", cell_id="A", index=2)
    assert not kernel.entries()["B"]["fresh"], "nothing above shows anything now"
    assert kernel.cell("B", "repr(_)").text("B") == "\"''\""


def test_a_new_or_deleted_result_in_between_makes_the_reader_stale(kernel: Kernel) -> None:
    kernel.cells(A="5", B="_ * 2")
    kernel.control("insert", cell_id="N", source="9", index=1)
    ran = kernel.cell("N", "9")
    assert ran.order == ["N", "B"]
    assert ran.text("B") == "18"
    kernel.control("delete", cell_id="N")
    assert not kernel.entries()["B"]["fresh"]
    assert kernel.cell("B", "_ * 2").text("B") == "10", "A doesn't run for that"


def test_a_semicolon_or_none_shows_nothing(kernel: Kernel) -> None:
    kernel.cells(A="1", B="2;", C="None", D="print(_)")
    assert kernel.cell("D", "print(_)").text("D") == "1\n"
    assert kernel.cell("B", "2").order == ["B", "D"]


def test_a_result_that_is_changed_below_is_seen_changed(kernel: Kernel) -> None:
    kernel.cells(A="xs = [1]\nxs", B="xs.append(2)", C="print(_)")
    ran = kernel.cell("B", "xs.append(3)")
    assert ran.order == ["B", "C"]
    assert ran.text("C") == "[1, 3]\n"


def test_a_result_that_is_changed_under_this_name_is_still_ipythons(kernel: Kernel) -> None:
    kernel.cells(A="3", B="[5]", C="_.append(1)", D="7", E="print(_)")
    kernel.cell("A", "4")
    assert kernel.cell("D", "8").text("E") == "8\n"
    assert kernel.entries()["C"]["mutates"] == []
    kernel.control("delete", cell_id="D")
    assert kernel.cell("E", "print(_, 0)").text("E") == "[5, 1] 0\n"


def test_the_same_result_again_runs_nothing(kernel: Kernel) -> None:
    kernel.cells(A="5 + 1", B="_ * 2")
    assert kernel.cell("A", "5 + 1").order == ["A"]
    assert kernel.cell("A", "4 + 2").order == ["A"]


def test_a_cell_that_shows_its_value_is_not_shown_to_write(kernel: Kernel) -> None:
    kernel.cells(A="5", B="_ * 2")
    assert kernel.entries()["A"]["writes"] == []
    assert kernel.entries()["B"]["upstream"] == ["A"]


def test_a_users_own_underscore_is_left_alone() -> None:
    kernel = Kernel()
    try:
        kernel.cells(A="5", B="_ * 2", C="_ = str.upper", D="print(_('a'))")
        assert kernel.cell("D", "print(_('b'))").text("D") == "B\n"
        assert kernel.cell("A", "6").text("B") == "12"
        assert kernel.cell("C", "_ = str.title").text("D") == "B\n"
    finally:
        kernel.stop()


def test_in_the_console_it_is_the_last_result(kernel: Kernel) -> None:
    kernel.console("5")
    assert kernel.console("_ * 2").text() == "10"
    assert kernel.console("7").text() == "7", "the input above isn't shown again"
    assert kernel.console("x = 1\nx").text() == "1"
    assert kernel.console("_ + 1").text() == "2"


def test_an_edge_names_it_and_not_what_lies_behind_it(kernel: Kernel) -> None:
    kernel.cells(A="xs = [1]\nn = 1", B="xs * n", C="print(_)", D="xs", E="xs.append(2)", F="print(_, n)")
    edges = {(e["from"], e["to"]): e["names"] for e in kernel.control("state")["edges"]}
    assert edges == {
        ("A", "B"): ["n", "xs"], ("B", "C"): ["_"], ("A", "D"): ["xs"], ("A", "E"): ["xs"],
        ("D", "F"): ["_"], ("E", "F"): ["xs"], ("A", "F"): ["n"],
    }  # fmt: skip
    assert "_" in kernel.entries()["C"]["reads"]
