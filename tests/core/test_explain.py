"""Sentences for people: why, what is wrong, the graph as text."""

from __future__ import annotations

import pytest

from reactive_kernel.core.explain import graph_text, label, status_text, why
from reactive_kernel.core.operations import Started
from tests.core.scripted import Script


def reason(nb: Script, cell: str) -> str:
    return why(nb.session, nb.session.cells[cell])


def ran() -> Script:
    nb = Script("x = 1", "y = x", "print(y)")
    nb.all()
    return nb


def edited() -> Script:
    nb = ran()
    nb.edit("a", "x = 2")
    return nb


def failed() -> Script:
    nb = ran()
    nb.fails = {"b"}
    nb.run("b")
    return nb


def interrupted() -> Script:
    nb = ran()
    nb.interrupts = {"b"}
    nb.run("b")
    return nb


def moved() -> Script:
    nb = Script("x = 1", "x = 2", "print(x)")
    nb.all()
    nb.delete("b")
    return nb


def disabled() -> Script:
    nb = ran()
    nb.edit("b", "y = x", disabled=True)
    nb.run("a")
    return nb


WHY = {
    "fresh": (ran, "b", "Cell 2 is fresh: neither its code nor anything that it reads has changed since it ran."),
    "never run": (lambda: Script("x = 1"), "a", "Cell 1 has not run yet."),
    "edited": (edited, "a", "Cell 1 is stale: its code has changed since it ran."),
    "a stale input": (edited, "b", "Cell 2 is stale: x from cell 1 is out of date."),
    "an input of a stale input": (edited, "c", "Cell 3 is stale: y from cell 2 is out of date."),
    "another producer": (
        moved, "c", "Cell 2 is stale: what it reads has changed, or comes from other cells, since it ran."),
    "failed": (failed, "b", "Cell 2 is error. ValueError: no"),
    "blocked": (failed, "c", "Cell 3 is blocked. Not run (it needs y): cell 2 failed: ValueError: no"),
    "interrupted": (interrupted, "b", "Cell 2 is stale: its last run was interrupted."),
    "after an interrupt": (interrupted, "c", "Cell 3 is stale: y from cell 2 is out of date."),
    "a syntax error": (lambda: Script("x = ("), "a", "Cell 1 is never run. "),
    "a loop": (
        lambda: Script("x = y", "y = x"), "a",
        "Cell 1 is blocked. These cells need each other, so none of them can run first: "
        "cell 1 reads y from cell 2; cell 2 reads x from cell 1."),
    "a disabled producer": (disabled, "c", "Cell 3 is stale: y from cell 2 is out of date."),
}  # fmt: skip


@pytest.mark.parametrize("case", WHY)
def test_why(case: str) -> None:
    make, cell, sentence = WHY[case]
    found = reason(make(), cell)
    assert found == sentence or (sentence.endswith(" ") and found.startswith(sentence))


def test_the_graph_as_text() -> None:
    nb = Script("x = 1", "y = x; z = x", "print(y, z, len)", "")
    nb.cascade("upstream", "b")
    nb.edit("b", "y = x; z = x + 1")
    assert graph_text(nb.session).splitlines() == [
        "cell 1 [fresh] defines x",
        "cell 2 [stale] defines y, z",
        "    reads x from cell 1",
        "cell 3 [never run]",
        "    reads y, z from cell 2",
        "cell 4 [never run]",
    ]
    assert graph_text(Script().session) == "No cells yet."


def test_the_status_counts_and_says_what_is_wrong() -> None:
    nb = failed()
    assert status_text(nb.session, "auto").splitlines() == [
        "Reactive kernel, mode auto: 3 cells, 1 blocked, 1 error, 1 fresh",
        "  cell 2: ValueError: no",
        "  cell 3: Not run (it needs y): cell 2 failed: ValueError: no",
    ]


def test_the_status_says_which_cells_are_opaque_and_why() -> None:
    assert "cell 1: opaque (" in status_text(Script("exec(code)").session, "auto")


def test_a_running_cell_is_called_so() -> None:
    nb = ran()
    nb.apply(Started("b"))
    assert "cell 2 [running]" in graph_text(nb.session)


def test_console_inputs_are_named_by_their_number() -> None:
    nb = Script()
    cell = nb.insert(None, "x = 1", "console")
    assert label(nb.session, nb.session.cells[cell]) == "this input"
    nb.run(cell)
    assert label(nb.session, nb.session.cells[cell]) == "In [1]"


def test_several_culprits_are_all_named() -> None:
    nb = Script("x = 1", "y = 1", "print(x, y)")
    nb.fails = {"a", "b"}
    nb.all()
    assert nb.says("c") == "Not run (it needs x, y): cell 1 and cell 2 failed"


def test_hidden_state_is_shown_without_its_marks() -> None:
    nb = Script("import random\nrandom.seed(1)", "random.random()", "random.random()")
    assert "<" not in graph_text(nb.session)
