"""Cells that may bind any name, and have not run yet: who finds no nearer name of its own waits for them."""

from __future__ import annotations

import pytest

from reactive_kernel.core.explain import why
from tests.kernel.inprocess import Notebook

MAY_BIND = {
    "a star import": ("from math import *", "y = sqrt(4)", "print(y)"),
    "globals()": ("globals()['k'] = 4", "y = k", "print(y)"),
    "exec": ("exec('k' + ' = 4')", "y = k", "print(y)"),
    "over another": ("k = 1\nexec('k' + ' = 4')", "y = k", "print(y)"),
}


@pytest.mark.parametrize("case", MAY_BIND)
def test_a_cell_below_runs_it_first(case: str) -> None:
    nb = Notebook(*MAY_BIND[case])
    assert nb.run("c") == "abc"
    nb.check()


def test_it_may_bind_anew_what_is_bound_above_it() -> None:
    nb = Notebook("k = 1", "globals()['k'] = 4", "print(k)")
    assert nb.run("c") == "abc"
    nb.check()


def test_what_finds_a_nearer_name_does_not_wait() -> None:
    nb = Notebook("globals()['k'] = 4", "k = 1", "print(k)")
    assert nb.run("c") == "bc"


def test_put_in_or_edited_it_makes_stale_what_is_below_until_it_has_run() -> None:
    nb = Notebook("k = 1", "print(k)", "m = 2", "print(m)")
    nb.all()
    nb.insert(1, "exec('k' + ' = 4')")
    assert nb.stale_cells == "eb"
    assert nb.run("b") == "eb"
    nb.check()
    nb.edit("e", "exec('z' + ' = 4')")
    assert nb.run("e") == "eb"
    nb.check()
    nb.edit("e", "exec('z' + ' = 5')")
    assert set(nb.stale_cells) == set("be")
    assert nb.run("e") == "e"
    nb.check()
    nb.move("e", 4)
    nb.edit("e", "exec('z' + ' = 6')")
    assert nb.stale_cells == "e"


def test_nobody_waits_for_one_that_failed_or_cannot_run() -> None:
    nb = Notebook("j = 5", "1 / 0\nn = 1", "exec('k' + ' = n')", "print(j)")
    nb.all()
    assert nb.entries()["d"]["status"] == "success"
    nb.edit("b", "n = 2")
    assert set(nb.stale_cells) == set("bcd")
    assert nb.run("d") == "bcd"
    nb.check()


def test_why_says_what_a_cell_waits_for() -> None:
    nb = Notebook("k = 1", "print(k)")
    nb.all()
    nb.insert(1, "exec('k' + ' = 4')")
    session = nb.engine.session
    assert why(session, session.cells["b"]) == "Cell 3 is stale: cell 2 may bind names that it reads, and has not run."


def test_frozen_it_is_not_waited_for() -> None:
    nb = Notebook("exec('k' + ' = 4')", "k = 3", "print(k, print)")
    nb.engine.command("edit", {"cell_id": "a", "source": "exec('k' + ' = 5')", "disabled": True})
    nb.move("a", 1)
    assert nb.run("c") == "bc"


def test_it_closes_no_loop() -> None:
    nb = Notebook("y = k", "s = 'j = 1'", "exec(s)", "k = 3 + j", "j = 1")
    nb.all()
    assert all(entry["status"] in ("success", "error") for entry in nb.entries().values()), nb.entries()
