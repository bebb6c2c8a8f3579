"""What texts read that a cell evaluates is known once it has run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges

SETUP = "a, b, c = 1, 2, [3]\nk = 5\ndef f(): return k\ndef g(): return b"

CASES = {  # a cell's text, and what it reads of the first
    "rows = [eval(line) for line in [\"{'a': 1, 'k': 'a b c'}\"] * 3]\nprint(rows)": "",
    "print(eval('a + ' + 'f()'))": "a f k",
    "exec('d = a' + ' + 1')\nprint(d)": "a",
    "def show(text): return eval(text)\nprint([show(x + '[0]') for x in 'c'])": "c",
    'print(eval("eval(\'" + "b\')"))': "b",
    "print(eval('(lambda: ' + 'a)()'))": "a",
    "print([eval('a' + '+ n') for n in range(2)])": "a",
    "print(eval('1' + '1'))": "",
    "exec('c.append' + '(4)')\nprint(1)": "c",
    "print(eval('a' + '+ q', {'q': 1, 'a': 2}))": "a",
    "print(sorted(set(eval('globals' + '()')) & {'a'}))": "a b c f g k",
    "print(eval('sorted(vars' + '())[:0]'))": "a b c f g k",
    "print(eval('len(dir' + '()) > 3'))": "a b c f g k",
    "print(eval('g' + '()'), b)": "b g",
    "def run(text): return eval(text) if text else k\nprint(run('a'))": "a",
}


@pytest.mark.parametrize("text", CASES)
def test_what_a_text_reads(text: str) -> None:
    notebook = Notebook(SETUP, "z = 1", text, "print(a, c)")
    assert notebook.all() == "abcd"
    read = {edge.partition("<")[0] for edge in edges(notebook).get("c", "").split()}
    assert read - {"z"} == set(CASES[text].split())
    notebook.check()
    for setup in (SETUP.replace("1, 2", "7, 2"), SETUP.replace("1, 2", "7, 8"), SETUP.replace("[3]", "[4, 5]"), SETUP):
        notebook.edit("a", setup)
        notebook.all()
        notebook.check()
    notebook.edit("b", "a = 9")
    notebook.all()
    notebook.check()
    notebook.edit("b", "def f(): return 3")
    notebook.all()
    notebook.check()
    notebook.delete("b")
    notebook.all()
    notebook.check()


def test_names_bound_by_key_need_no_others() -> None:
    notebook = Notebook(
        "names, other = ['p', 'q'], 1",
        "for place, name in enumerate(names):\n    globals()[name] = [place]",
        "p.append(other)",
        "print(p, q)",
        "globals()[names[0]] += [7]",
        "print(p)",
    )
    assert notebook.all() == "abcdef"
    found = edges(notebook)
    assert [found[cell] for cell in "bcdf"] == ["names<a", "other<a p<b", "p<c q<b", "p<e"]
    assert "p<c" in found["e"]
    notebook.check()
    for setup in ("names, other = ['q', 'p'], 1", "names, other = ['q', 'p'], 2", "names, other = ['p', 'q', 'r'], 2"):
        notebook.edit("a", setup)
        notebook.all()
        notebook.check()


def test_a_name_bound_by_key_is_not_waited_for_from_below() -> None:
    notebook = Notebook("globals()['c'] = 6\nrows = [c, 6]", "c = rows.pop()", "print(c)")
    assert notebook.all() == "abc"
    notebook.check()


def test_a_name_bound_by_key_to_the_object_that_it_has_is_bound() -> None:
    notebook = Notebook("c = 4", "b = max(c, c)", "globals()['b'] = 4", "print(b)")
    assert notebook.all() == "abcd"
    assert edges(notebook)["d"] == "b<c"
    notebook.run("a", "c = 5")
    notebook.check()
    notebook.delete("c")
    notebook.all()
    notebook.check()


def test_other_texts_are_looked_at_anew() -> None:
    notebook = Notebook("a, b = 1, 2", "name = 'a'", "print(eval(name))")
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "a<a name<b"
    assert notebook.run("b", "name = 'b'") == "bc"
    assert edges(notebook)["c"] == "b<a name<b"
    assert notebook.run("a", "a, b = 1, 3") == "ac"
    notebook.check()


def test_a_cell_that_failed_may_read_anything() -> None:
    notebook = Notebook("a, b = 1, 2", "print(eval('a'))\neval('1 /' + '0')", "print(eval('b' + '+ 1'))")
    assert notebook.all() == "ab!c"
    assert edges(notebook)["c"] == "b<a"
    notebook.check()
    notebook.edit("b", "print(eval('b' + '* 2'))")
    notebook.all()
    notebook.check()


@pytest.mark.parametrize("cell", ["exec(open(path).read())", "n = eval(open(path).read())"])
def test_a_text_from_a_file_may_change_something_else_when_it_is_run_by_hand(cell: str, tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("xs.append(1)")
    notebook = Notebook("xs = [1]\nys = [2]", f"path = {str(tmp_path / 'code.py')!r}", cell, "print(xs)", "print(ys)")
    assert notebook.all() == "abcde"
    (tmp_path / "code.py").write_text("ys.append(9)")
    assert notebook.run("c") == "cde"
    notebook.check()


@pytest.mark.parametrize("budget", [0.0, 5.0])
def test_what_a_text_may_change_counts_as_changed_where_there_was_no_time_to_look(
    budget: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reactive_kernel.kernel.changes.BUDGET", budget)
    notebook = Notebook(
        "xs = []\nys = []", "text = 'xs.append(8)'", "from math import *", "eval(text)", "print(xs)", "print(ys)"
    )
    notebook.all()
    assert notebook.entries()["d"]["mutates"] == ["xs"]
    notebook.check()
    assert "f" not in notebook.run("d")
    notebook.check()
    notebook.move("b", 4)
    notebook.all()
    assert notebook.namespace["xs"] == []
    assert notebook.stale_cells == "de"
