"""What is made again after a failure, an undone edit or an undone deletion is one with what depends on it."""

from __future__ import annotations

import pytest

from reactive_kernel.kernel.engine import RunRequest
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


WOUND_BACK = {
    "list": "it = iter([1, 2, 3, 4])",
    "tuple": "it = iter((1, 2, 3, 4))",
    "text": "it = iter('abcd')",
    "text beyond ascii": "it = iter('\xe4bcd')",
    "bytes": "it = iter(b'abcd')",
    "backwards": "it = reversed([1, 2, 3, 4])",
    "zip": "it = zip([1, 2, 3, 4], 'abcd')",
    "map": "it = map(str, [1, 2, 3, 4])",
    "a filter of a zip": "it = filter(None, zip([1, 2, 3, 4], 'abcd'))",
    "in an instance": "class Box:\n    pass\nit = iter([1, 2, 3, 4])\nbox = Box()\nbox.it = it",
}


@pytest.mark.parametrize("make", WOUND_BACK.values(), ids=WOUND_BACK)
def test_an_iterator_over_a_sequence_is_wound_back(make: str) -> None:
    notebook = opened(make, "print(next(it))", "print(next(it, None))")
    assert notebook.run("b", "print(next(it), next(it))") == "bc"
    notebook.check()
    assert notebook.run("b", "print(list(it), next(it, None))") == "bc"
    notebook.check()
    assert notebook.run("b", "print(next(it))") == "abc", "at its end it can't be wound back"
    notebook.check()


def test_an_iterator_is_wound_back_with_its_list() -> None:
    notebook = opened("xs = [1, 2, 3, 4]\nit = iter(xs)", "print(next(it), next(it))\nxs.clear()", "print(xs)")
    assert notebook.run("b", "print(next(it), next(it), next(it))") == "bc"
    notebook.check()


COUNTING = {
    "enumerate": "it = enumerate([3, 4, 5, 6])",
    "islice": "from itertools import islice\nit = islice([3, 4, 5, 6], 2)",
    "takewhile": "from itertools import takewhile\nit = takewhile(lambda x: x < 5, [3, 4, 5, 6])",
    "dropwhile": "from itertools import dropwhile\nit = dropwhile(lambda x: x < 5, [3, 4, 5, 6, 1])",
    "pairwise": "from itertools import pairwise\nit = pairwise([3, 4, 5, 6])",
    "accumulate": "from itertools import accumulate\nit = accumulate([3, 4, 5, 6])",
    "enumerate of a zip": "it = enumerate(zip([3, 4, 5, 6], 'abcd'))",
}


def test_an_iterator_beyond_the_end_of_its_list_is_put_there_again() -> None:
    use = "c = next(gen)\nd = next(back)\nrows.clear()"
    more = "print(k)\nrows.extend([7, 8, 9])"
    nb = Notebook(
        "k = 1", "rows = [4, 5]", "gen = iter(rows)\nback = reversed(rows)", use, more, "print(next(gen), next(back))"
    )
    assert nb.all() == "abcdef"
    assert nb.text("f") == "8 7"
    for number in (2, 3):
        assert nb.run("a", f"k = {number}") == "ae"
        nb.check()
    assert nb.run("f") == "f"
    nb.check()


@pytest.mark.parametrize("make", COUNTING.values(), ids=COUNTING)
def test_an_iterator_that_counts_is_made_again(make: str) -> None:
    notebook = opened(make, "print(next(it, None))", "print(next(it, None))")
    assert notebook.run("b", "print(next(it, None), next(it, None))") == "abc"
    notebook.check()


@pytest.mark.parametrize("make", WOUND_BACK.values(), ids=WOUND_BACK)
def test_an_iterator_that_a_failing_cell_moved_is_wound_back(make: str) -> None:
    notebook = opened(make, "first = next(it)")
    kept = notebook.namespace["it"]
    notebook.insert(2, "next(it)\nit2 = next(it), next(it)\n1 / 0")
    assert notebook.run("c") == "c!"
    assert notebook.namespace["it"] is kept
    assert len(list(kept)) == 3


MADE_AGAIN = {"generator": ITERATORS["generator"], "used up": "it = iter([1, 2])", **COUNTING}


@pytest.mark.parametrize("make", MADE_AGAIN.values(), ids=MADE_AGAIN)
def test_the_variables_have_nothing_used_up_by_a_failing_cell(make: str) -> None:
    notebook = opened(make, "first = next(it)")
    left = list(notebook.namespace["it"])
    notebook = opened(make, "first = next(it)")
    notebook.insert(2, "for _ in it:\n    pass\n1 / 0")
    assert notebook.run("c") == "c!ab"
    assert list(notebook.namespace["it"]) == left
    assert notebook.stale_cells == "c"


def test_after_a_failure_nothing_else_runs() -> None:
    notebook = opened("it = (n for n in range(9))", "first = next(it)", "k = 1", "print(k)", "print(first)")
    notebook.edit("c", "k = 2")
    assert notebook.run("b", "first = next(it), next(it)\n1 / 0") == "ab!a"
    assert notebook.text("d") == "1"


def test_what_a_failing_producer_of_the_asked_cell_used_up_is_made_again() -> None:
    notebook = opened("it = (n for n in range(9))", "pass", "print(k)")
    notebook.edit("b", "k = next(it)\n1 / 0")
    assert notebook.run("c") == "b!a"
    assert list(notebook.namespace["it"]) == list(range(9))
    assert "failed" in (notebook.problem or "")


def test_after_an_interrupt_nothing_runs() -> None:
    notebook = opened("it = (n for n in range(9))", "pass")
    assert notebook.request(RunRequest(cell_id="b", source="next(it)"), interrupt="b") == "b!"
    notebook.insert(2, "1")
    assert notebook.run("c") == "ca", "until something runs again"


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


def array(**settings: str) -> Notebook:
    """A value of which no change can be put back, and a cell that changes it."""
    notebook = Notebook("import array\nx = array.array('i', [1])", "k = 2", "x.append(k)", "z = 0", **settings)
    notebook.all()
    return notebook


def test_what_a_blocked_cell_had_changed_is_made_again_with_the_failure_that_blocks_it() -> None:
    notebook = array()
    assert notebook.run("b", "k = 1 / 0") == "b!a"
    assert list(notebook.namespace["x"]) == [1]
    assert notebook.run("b", "k = 3") == "bc"
    assert list(notebook.namespace["x"]) == [1, 3]


def test_what_a_deleted_cell_had_changed_is_made_again_with_the_next_run_of_any_cell() -> None:
    notebook = array()
    notebook.delete("c")
    assert list(notebook.namespace["x"]) == [1, 2], "an edit runs nothing"
    assert notebook.run("d", "z = 1") == "da"
    assert list(notebook.namespace["x"]) == [1]


def test_in_mode_lazy_it_is_made_again_when_all_that_is_stale_is_run() -> None:
    notebook = array(mode="lazy")
    notebook.delete("c")
    assert notebook.run("d", "z = 1") == "d"
    assert notebook.stale() == "a"
    assert list(notebook.namespace["x"]) == [1]


@pytest.mark.parametrize("use", ["print(list(it))", "print(sum(box[0]))", "for n in it:\n    print(n)"])
def test_what_a_cell_uses_up_under_another_name_is_no_reason_to_run_it_again(use: str) -> None:
    notebook = Notebook("it = (n for n in range(3))\nbox = [it]", use, "print(len(box))")
    assert notebook.all() == "abc"
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


def test_what_a_cell_changes_under_a_name_that_it_binds_again_is_one_with_what_it_takes_out() -> None:
    text = "from collections import defaultdict\nd = defaultdict(list)"
    notebook = opened("0", text, "d = d\nys = []\nrows = d['k']")
    notebook.run("a", "import bisect\nbisect.insort(ys, 4)")  # ys from below is used up, and made again
    assert notebook.namespace["rows"] is notebook.namespace["d"]["k"]
    notebook.delete("a")
    notebook.check()


def test_an_opaque_cell_does_not_do_without_what_is_above_for_a_failing_cell_that_reads_from_below() -> None:
    shows = "rows = rows + [1]\nprint([n for n in ('n', 'xs') if n in globals()])"
    notebook = opened("rows = []", "globals()['n'] = 1", shows, "xs = rows")
    notebook.insert(0, "knob.observe(lambda change: xs.append(change.new), 'value')")
    assert notebook.all() == "e!"
    notebook.run("c")
    assert notebook.shown["c"].text == "['n']\n"
    assert notebook.namespace["n"] == 1


def test_an_iterator_over_several_some_of_which_have_ended() -> None:
    make = "from itertools import zip_longest\npairs = zip_longest('abc', 'x', iter([1, 2, 3, 4]))"
    notebook = Notebook(make, "print(next(pairs), next(pairs))", "print(list(pairs))")
    assert notebook.all() == "abc"
    notebook.check()
    notebook.run("b", "print(next(pairs))")
    notebook.check()
    notebook.run("c", "print(next(pairs))")
    notebook.check()
