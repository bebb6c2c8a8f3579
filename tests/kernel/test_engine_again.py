"""What is made again after a failure, an undone edit or an undone deletion is one with what depends on it."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook


def opened(*sources: str) -> Notebook:
    notebook = Notebook(*sources)
    notebook.all()
    return notebook


def test_an_alias_of_what_failed_in_between_is_made_again() -> None:
    notebook = opened("xs = [0]", "ys = xs", "print(ys)")
    notebook.run("a", "1 / 0")
    assert notebook.run("a", "xs = [0]") == "ab"
    assert notebook.namespace["xs"] is notebook.namespace["ys"]
    notebook.insert(2, "xs.append(1)")
    notebook.all()
    notebook.check()


def test_only_what_holds_an_object_of_the_cell_is_made_again() -> None:
    notebook = opened("base = []", "xs = [base]", "ys = base\nprint(xs)", "zs = len(xs)", "print(ys, zs)")
    notebook.run("b", "1 / 0")
    assert notebook.run("b", "xs = [base]") == "b"
    notebook.check()


def test_a_container_of_what_was_deleted_and_put_back_is_made_again() -> None:
    notebook = opened("xs = [0]", "d = {'k': xs}", "print(d)")
    notebook.delete("a")
    notebook.engine.command("insert", {"cell_id": "a", "source": "xs = [0]", "index": 0})
    notebook.all()
    notebook.insert(2, "xs.append(1)")
    notebook.all()
    notebook.check()


ITERATORS = {
    "generator": "it = (n for n in range(9))",
    "list": "it = iter([1, 2, 3])",
    "islice": "from itertools import count, islice\nit = islice(count(4), 2)",
    "zip": "it = zip([1, 2], 'ab')",
    "map": "it = map(str, [1, 2, 3])",
    "file": "import io\nit = io.StringIO('a\\nb\\nc\\n')",
    "enumerate": "it = enumerate('abc')",
}


@pytest.mark.parametrize("make", ITERATORS.values(), ids=ITERATORS)
def test_an_iterator_that_a_failing_cell_consumed_is_made_again(make: str) -> None:
    notebook = opened(make, "print(next(it))", "print(next(it, None), next(it, None))", "print(list(it))")
    notebook.check()
    notebook.run("c", "print(next(it, None), next(it, None), next(it, None))\n1 / 0")
    notebook.run("d")
    notebook.run("c", "print(next(it, None))")
    notebook.all()
    notebook.check()


def test_what_an_exhausting_reader_took_is_made_again() -> None:
    notebook = opened(
        "from itertools import count, islice\nit = islice(count(4), 2)", "print(list(it))", "print(list(it))"
    )
    notebook.run("c", "1 / 0")
    assert "(4, 4, 1)" not in repr(notebook.namespace["it"].__reduce__())
    notebook.edit("b", "print(next(it))")
    notebook.run("c", "print(list(it))")
    notebook.check()


@pytest.mark.parametrize("call", ["bump()", "if True:\n    bump()", "for _ in range(2):\n    bump()"])
def test_a_global_that_a_called_function_binds_to_the_same_object(call: str) -> None:
    notebook = opened("def bump():\n    global n\n    n = 9", "n = 3", call, call, "print(n)")
    notebook.edit("c", "pass")
    notebook.all()
    notebook.check()
    notebook.edit("d", "pass")
    notebook.all()
    notebook.check()


def test_a_global_that_a_function_would_bind_if_it_were_called() -> None:
    notebook = opened("def bump():\n    global n\n    n = 9", "n = 3", "if n > 5:\n    bump()\nf = bump", "print(n)")
    notebook.check()
    notebook.edit("b", "n = 4")
    assert notebook.all() == "bcd"
    notebook.check()


# -- what the run shows and the text doesn't


def test_a_change_that_only_the_run_shows_is_an_edge_and_a_remark() -> None:
    notebook = opened(
        "class Log:\n    def __init__(self):\n        self.asked = 0\n"
        "    def __len__(self):\n        self.asked += 1\n        return 3\nlog = Log()",
        "n = len(log)",
        "print(log.asked)",
    )
    entries = notebook.entries()
    assert entries["b"]["mutates"] == ["log"]
    assert "b" in entries["c"]["upstream"]
    assert any("log" in remark for remark in entries["b"]["remarks"])
    assert not entries["a"]["remarks"]
    assert not entries["c"]["remarks"]
    notebook.run("b", "n = len(log) + len(log)")
    assert notebook.text("c") == "2"
    assert any("log" in remark for remark in notebook.entries()["b"]["remarks"])
    notebook.check()
    assert "changed log in place" in notebook.engine.status_text()
    notebook.run("b", "n = 3")
    assert not notebook.entries()["b"]["remarks"]


@pytest.mark.parametrize(
    "change",
    [
        "rows.append(1)",
        "m = rows\nm.append(1)",
        "add(rows)",
        "rows += [1]",
        "last = rows.pop()",
        "import random\nrandom.shuffle(rows)",
    ],
)
def test_a_change_that_the_text_shows_needs_no_remark(change: str) -> None:
    notebook = opened("rows = [3, 4]\ndef add(to):\n    to.append(1)", change, "print(rows)")
    assert not notebook.entries()["b"]["remarks"]
    assert "b" in notebook.entries()["c"]["upstream"]


def test_all_in_mode_lazy_leaves_nothing_stale_that_a_run_made_so() -> None:
    nb = Notebook("rows = [[0], [4]]", "it = iter(rows)", "rows[0].append(7)", "print(rows)", mode="lazy")
    assert nb.run("d") == "acd"
    assert nb.all() == "bcd", "the change is now one of the iterator's list too"
    assert nb.stale_cells == ""
    nb.check()
