"""Loops: only forward references close them; they name cells and names, and heal when edited away."""

from __future__ import annotations

import pytest

from tests.core.scripted import Script

# sources -> ids of the cells in loops
LOOPS = {
    "two cells": (["x = y + 1", "y = x + 1"], "ab"),
    "three cells": (["x = z", "y = x", "z = y"], "abc"),
    "with others between": (["x = z", "n = 1", "z = x", "print(z)"], "ac"),
    "two loops": (["x = y", "y = x", "v = w", "w = v"], "abcd"),
    "no loop: an update": (["x = 1", "x = x + 1", "x = x + 1"], ""),
    "no loop: an update on top": (["x = x + 1", "x = 1"], ""),
    "no loop: a swap": (["x, y = 1, 2", "x, y = y, x", "x, y = y, x"], ""),
    "no loop: recursion": (["def f(n): return n and f(n - 1)", "f(2)"], ""),
    "no loop: functions that call each other": (["def f(n): return g(n)", "def g(n): return n and f(n)", "f(1)"], ""),
    "no loop: a change and a reader above": (["x = []", "print(x)", "x.append(1)"], ""),
    "no loop: read top to bottom": (["x = 1", "y = x", "x = y"], ""),
}


def looping(nb: Script) -> str:
    return "".join(cell.id for cell in nb.session.document if cell.loop)


@pytest.mark.parametrize("case", LOOPS)
def test_who_is_in_a_loop(case: str) -> None:
    sources, loop = LOOPS[case]
    assert looping(Script(*sources)) == loop


@pytest.mark.parametrize("case", LOOPS)
def test_put_together_from_the_end(case: str) -> None:
    sources, loop = LOOPS[case]
    nb = Script(*("" for _ in sources))
    for cell, source in reversed(list(zip("abcdef", sources, strict=False))):
        nb.edit(cell, source)
    assert looping(nb) == loop


def test_the_message_names_cells_and_names() -> None:
    nb = Script("k = 1", "x = y + 1", "y = x + 1", "print(y)")
    message = (
        "These cells need each other, so none of them can run first: "
        "cell 2 reads y from cell 3; cell 3 reads x from cell 2."
    )
    assert (nb.says("b"), nb.says("c")) == (message, message)
    assert nb.says("d") == "Not run (it needs y): cell 2 and cell 3 are in a loop."
    assert nb.says("a") == ""


def test_cells_in_a_loop_are_blocked_and_the_others_run() -> None:
    nb = Script("k = 1", "x = y + 1", "y = x + 1", "print(y)", "print(k)")
    assert nb.all() == "ae"
    assert nb.status() == "sbbbs"
    assert nb.run("b") == ""
    assert nb.problem is not None
    assert "need each other" in nb.problem


@pytest.mark.parametrize(
    ("cell", "source", "ran"),
    [("a", "x = 0", "abc"), ("b", "y = 0", "bac"), ("b", "z = 0", "b"), ("a", "y = 1", "abc")],
)
def test_an_edit_heals(cell: str, source: str, ran: str) -> None:
    nb = Script("x = y + 1", "y = x + 1", "print(y)")
    nb.all()
    nb.edit(cell, source)
    assert looping(nb) == ""
    assert nb.run(cell).startswith(cell)
    assert all("need each other" not in nb.says(c) for c in "abc")


def test_a_healed_loop_runs_as_if_it_never_was() -> None:
    nb = Script("x = y + 1", "y = x + 1", "print(y)")
    nb.all()
    nb.edit("b", "y = 0")
    assert nb.run("b") == "bac"
    assert nb.fresh == "abc"


def test_deleting_a_member_heals() -> None:
    nb = Script("x = z", "y = x", "z = y")
    nb.delete("b")
    assert looping(nb) == ""
    assert nb.edges() == "c-z-a"


def test_moving_a_member_heals_when_a_definition_comes_to_stand_above() -> None:
    nb = Script("x = y", "y = x", "y = 0")
    assert looping(nb) == "ab"
    nb.move("c", 0)
    assert looping(nb) == ""
    assert nb.edges() == "c-y-a a-x-b"


def test_inserting_a_definition_above_heals() -> None:
    nb = Script("x = y", "y = x")
    nb.insert(0, "y = 0")
    assert looping(nb) == ""
    assert nb.all() == "cab"


def test_a_loop_closed_by_an_edit_blocks_what_had_run() -> None:
    nb = Script("x = 1", "y = x", "print(y)")
    nb.all()
    nb.edit("a", "x = y")
    assert looping(nb) == "ab"
    assert nb.fresh == ""
    assert nb.status() == "bbb"
    nb.edit("a", "x = 1")
    assert nb.fresh == "abc"


def test_one_of_two_loops_through_a_cell_heals_alone() -> None:
    nb = Script("x = y + z", "y = x", "z = x")
    assert looping(nb) == "abc"
    nb.edit("b", "y = 0")
    assert looping(nb) == "ac"
    nb.edit("c", "z = 0")
    assert looping(nb) == ""


def test_a_forward_reference_by_code_that_is_not_called_closes_no_loop() -> None:
    nb = Script("def f(): return k", "g = f", "k = g")
    assert looping(nb) == ""


# A read that no run is sure to make gives way: the cell runs, and says itself if it misses the name.
NO_LOOPS = {
    "in a branch": ["if flag: n = b + 1", "b = n"],
    "in the other branch": ["n = 0 if flag else b", "b = n"],
    "in a loop of no rounds": ["print([n for q in rows])\nb = 1", "n = b"],
    "under try": ["try: print(b)\nexcept NameError: pass\nn = 1", "b = n"],
    "after or": ["n = flag or b", "b = n"],
    "in a function that is only shown": ["def f(): return b\nprint(f)", "b = f"],
    "in a function of another cell": ["def f(): return b", "n = f()", "b = n"],
    "in a class body's branch": ["class C:\n    if flag: x = b", "b = C"],
    "after a star": ["from math import *\nb = floor(1)", "print(b)\nfrom math import *"],
}


@pytest.mark.parametrize("case", NO_LOOPS)
def test_a_read_that_may_never_be_made_closes_no_loop(case: str) -> None:
    nb = Script("flag = rows = 0", *NO_LOOPS[case])
    assert looping(nb) == ""
    assert nb.all() == "abcde"[: len(nb.order)]
    assert nb.fresh == nb.order
    assert looping(nb) == ""


@pytest.mark.parametrize("case", sorted(NO_LOOPS.keys() - {"after a star"}))
def test_without_the_loop_the_read_from_below_counts(case: str) -> None:
    nb = Script("flag = rows = 0", *NO_LOOPS[case])
    last = nb.order[-1]
    nb.edit(last, "b = n = floor = 1")
    assert f"{last}-" in nb.edges()
    assert nb.all().index(last) < len(nb.order) - 1


def test_after_a_star_a_read_from_below_counts_once_the_run_missed_it() -> None:
    nb = Script("from math import *\nb = floor(1)", "from math import *\nfloor = 1")
    assert nb.edges() == ""
    nb = Script("from math import *\nprint(flor)", "flor = 1")
    assert nb.edges() == ""
    nb.fails, nb.error = {"a"}, "NameError: name 'flor' is not defined"
    nb.all()
    assert nb.edges() == "b-flor-a"


def test_all_reads_that_close_loops_give_way_whichever_came_first() -> None:
    sources = {"a": "if flag: n = b + c", "b": "b = n", "c": "c = n"}
    states = []
    for first in "abc":
        nb = Script("", "", "")
        for cell in sorted("abc", key=lambda cell: cell != first):
            nb.edit(cell, sources[cell])
        states.append((nb.edges(), [nb.session.cells[cell].given_up for cell in "abc"]))
    assert states[0] == states[1] == states[2]
    assert states[0] == ("a-n-b a-n-c", [{"b", "c"}, frozenset(), frozenset()])


def test_what_was_given_up_comes_back_when_the_loop_is_edited_away() -> None:
    nb = Script("flag = 0", "if flag: n = b", "b = n")
    assert nb.edges() == "a-flag-b b-n-c"
    nb.edit("c", "b = 1")
    assert nb.edges() == "a-flag-b c-b-b"


def test_a_cell_that_may_read_anything_closes_no_loop() -> None:
    nb = Script("n = b", "globals()['z'] = 1\nb = 1", "print(n)")
    assert looping(nb) == ""
    assert nb.all() == "bac"
    assert nb.fresh == "abc"


def test_the_newest_console_input_closes_no_loop() -> None:
    nb = Script()
    for source in "x = 1", "y = x", "x = y":
        cell = nb.insert(None, source, "console")
        nb.run(cell)
    assert looping(nb) == ""


def test_what_changes_an_object_from_below_is_tied_to_nothing_above() -> None:
    nb = Script("f = []", "d.update(k=1)", "d = {'f': f}")
    nb.show("a", reach={"f": frozenset({1})})
    nb.show("c", reach={"d": frozenset({1, 2})})
    nb.run("a", lazy=True)
    nb.run("c", lazy=True)
    assert nb.edges() == "a-f-c c-d-b"
    assert looping(nb) == ""
