"""Edits that come while a cascade goes on: between two cells, and while one runs (issue 6, the promise)."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook, settled

pytestmark = pytest.mark.usefixtures("no_hurry")
moments = pytest.mark.parametrize("moment", ["chosen", "ran"])


def catch_up(nb: Notebook) -> str:
    """Make all fresh, and see that it is right; returns what ran."""
    ran = nb.all()
    nb.check()
    return ran


@moments
@pytest.mark.parametrize("source", ["rows = [2]", "rows.append(2)", "del rows", "1 / 0"])
def test_the_running_cell_is_deleted(moment: str, source: str) -> None:
    nb = settled("rows = [1]", "rows.append(1)", "print(rows)")
    nb.meanwhile[moment, "b"] = lambda: nb.delete("b")
    nb.run("b", source)
    nb.shown.pop("b", None)
    catch_up(nb)
    assert nb.namespace["rows"] == [1]


@moments
def test_a_reader_from_below_is_deleted_while_it_runs(moment: str) -> None:
    """There a run asks what depends on it."""
    nb = Notebook("print(late)", "rows = [1]", "rows.append(2)", "late = 1")
    nb.all()
    nb.meanwhile[moment, "c"] = lambda: nb.delete("c")
    nb.run("c", "rows.append(3)")
    nb.all()
    assert (nb.fresh, nb.text("a"), nb.namespace["rows"]) == ("abd", "1", [1])


def test_the_cell_asked_for_is_deleted_before_its_turn() -> None:
    nb = Notebook("a = 1", "b = a + 1", "print(b)")
    nb.meanwhile["ran", "a"] = lambda: nb.delete("c")
    assert nb.run("c") == "a"
    assert nb.problem == "The cell was deleted before it could run."
    catch_up(nb)


@moments
@pytest.mark.parametrize("then", ["print(missing)", "print(7)", "rows = [5]", "%%sql\nSELECT 1", "(", "rows.append(4)"])
@pytest.mark.parametrize("now", ["print(rows)", "print(nothing)", "rows = [2]", "rows.append(3)", "del rows"])
def test_the_running_cell_is_edited(moment: str, now: str, then: str) -> None:
    nb = settled("rows = [1]", "0", "print(len(rows))")
    nb.meanwhile[moment, "b"] = lambda: nb.edit("b", then)
    nb.run("b", now)
    if then[0] in "%(":  # this notebook shows no SQL, and an error of syntax is not run
        nb.edit("b", "0")
    catch_up(nb)


@moments
def test_what_cannot_be_put_back_is_made_again(moment: str) -> None:
    make = "import sqlite3\ncon = sqlite3.connect(':memory:')\ncon.execute('create table t (x)') and None"
    look = "print(con.execute('select * from t').fetchall())"
    nb = settled(make, "con.execute('insert into t values (1)') and None", look)
    nb.meanwhile[moment, "b"] = lambda: nb.edit("b", "0")
    nb.run("b", "con.execute('insert into t values (2)') and None")
    catch_up(nb)
    assert nb.text("c") == "[]"


@moments
@pytest.mark.parametrize("index", [1, 3, 4])
def test_the_running_cell_is_moved(moment: str, index: int) -> None:
    nb = settled("a = 1", "a *= 2", "print(a)", "a += 5", "print(a)")
    nb.meanwhile[moment, "c"] = lambda: nb.move("c", index)
    nb.run("c", "print(a, a)")
    catch_up(nb)
    assert nb.namespace["a"] == 7


@moments
def test_a_cell_that_fails_is_moved_to_where_it_would_not(moment: str) -> None:
    nb = Notebook("rows.append(2)\nprint(rows)", "rows = [1]", "0")
    nb.all()
    nb.meanwhile[moment, "a"] = lambda: nb.move("a", 1)
    nb.run("a")
    catch_up(nb)
    assert nb.text("a") == "[1, 2]"


@moments
def test_another_definition_comes_between(moment: str) -> None:
    nb = settled("a = 1", "print(a)", "a = 2", "print(a)")
    nb.meanwhile[moment, "b"] = lambda: nb.move("c", 1)
    nb.run("b")
    catch_up(nb)
    assert nb.text("b") == "2"


@moments
def test_an_input_is_edited_while_its_reader_runs(moment: str) -> None:
    nb = settled("a = 1", "print(a)", "b = a")
    nb.meanwhile[moment, "b"] = lambda: nb.edit("a", "a = 2")
    nb.run("b")
    catch_up(nb)
    assert nb.text("b") == "2"


@moments
@pytest.mark.parametrize("cell", ["b", "c"])
def test_what_an_opaque_cell_may_read_is_below_it_at_last(moment: str, cell: str) -> None:
    nb = settled("n = 1", "a = 2", "print(*(q for q in ('a', 'n') if q in globals()))")
    nb.meanwhile[moment, "c"] = lambda: nb.move(cell, {"b": 2, "c": 1}[cell])
    nb.run("a", "n = 3")
    catch_up(nb)
    assert nb.text("c") == "n"


def test_run_alone_a_cell_finds_nothing_of_one_that_is_blocked() -> None:
    nb = Notebook("n = k", "print('n' in globals())", "n")
    nb.engine.command("insert", {"cell_id": "first", "source": "k = 1", "index": 0})
    nb.all()
    nb.shown.pop("first")
    nb.run("first", "k = missing")
    assert nb.run("b", cascade=False) == "b"
    assert nb.text("b") == "False"
    nb.run("first", "k = 1")
    assert (nb.text("b"), nb.stale_cells) == ("True", "")


# -- nothing runs that somebody is typing


@moments
def test_the_cell_asked_for_runs_as_it_was_asked_for(moment: str) -> None:
    nb = Notebook("a = 1", "print(a)", "b = 2")
    nb.meanwhile[moment, "a"] = lambda: nb.edit("b", "print(a, hal")
    assert nb.run("b") == "ab"
    assert (nb.text("b"), nb.fresh) == ("1", "a")
    assert nb.run("b", "print(a, a)") == "b"
    assert nb.run("a", "a = 3") == "ab"
    assert nb.text("b") == "3 3"


@moments
def test_a_dependent_that_is_edited_waits(moment: str) -> None:
    nb = settled("a = 1", "b = a", "print(b)")
    nb.meanwhile[moment, "a"] = lambda: nb.edit("b", "b = a + hal")
    assert nb.run("a", "a = 2") == "a"
    assert nb.fresh == "a"
    assert nb.run("b", "b = a + 3") == "bc"
    nb.check()


@moments
def test_a_new_cell_waits(moment: str) -> None:
    nb = settled("a = 1", "print(a)")
    nb.meanwhile[moment, "a"] = lambda: nb.insert(1, "a = a + 1")
    assert nb.run("a", "a = 2") == "a"
    assert nb.all() == "cb"
    nb.check()


@moments
def test_what_the_cell_asked_for_needs_is_edited(moment: str) -> None:
    nb = Notebook("a = 1", "b = a + 1", "print(b)")
    nb.meanwhile[moment, "a"] = lambda: nb.edit("b", "b = a + hal")
    assert nb.run("c") == "a"
    assert nb.problem == "Not run: it needs cell 2, which was edited meanwhile and has not run since."
    nb.edit("b", "b = a + 2")
    assert nb.run("c") == "bc"
    nb.check()


@moments
def test_another_layout_is_no_edit(moment: str) -> None:
    nb = settled("a = 1", "print(a)")
    nb.meanwhile[moment, "a"] = lambda: nb.edit("b", "# shown\nprint( a )")
    assert nb.run("a", "a = 2") == "ab"
    nb.check()


@moments
def test_a_cell_that_is_edited_has_deleted_nothing(moment: str) -> None:
    nb = settled("a = 7", "del a")
    nb.meanwhile[moment, "b"] = lambda: nb.edit("b", "h = 1")
    nb.run("a", "a = 8")
    assert nb.namespace["a"] == 8


def test_a_change_in_place_that_is_out_of_effect_when_its_reader_runs() -> None:
    nb = settled("xs = [1]; pair = (xs,)", "h = [xs]", "xs[0] = 2", "print(pair)")
    assert nb.run("b", "h = [xs, 0]") == "bcd"
    nb.meanwhile["chosen", "d"] = lambda: nb.edit("b", "k = 0")
    nb.run("b", "h = [xs, 1]")
    catch_up(nb)
    assert nb.text("d") == "([2],)"
