"""Functions with a cache: a cell shows what a clean run shows, whether the cache answers there or the function."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")

CACHED = "import functools\n@functools.cache\ndef get(n):\n    {}\n    return n"
TIMES_K = CACHED.format("n *= k")
TELLING = {
    "prints": ("", CACHED.format("print('computing', n)")),
    "changes a list": ("log = []", CACHED.format("log.append(n)")),
    "counts": ("log = 0", CACHED.format("global log; log += 1")),
    "calls what prints": ("def say(n):\n    print(n)", CACHED.format("say(n)")),
}


@pytest.mark.parametrize("case", TELLING)
def test_the_first_call_computes_and_the_next_does_not(case: str) -> None:
    first, make = TELLING[case]
    nb = Notebook(first, make, "get(1)", "print(get(1))", "print(get(2), str(globals().get('log')))")
    nb.all()
    nb.check()
    nb.run("c", "get(2)")
    nb.check()
    nb.insert(2, "get(1)")
    nb.all()
    nb.check()
    nb.delete("c")
    nb.all()
    nb.check()


def test_a_global_that_is_bound_anew_further_down_does_not_empty_the_cache() -> None:
    nb = Notebook("k = 1", TIMES_K, "get(1)", "k = 2", "print(get(1))")
    nb.all()
    nb.check()
    assert nb.text("e") == "1", "answered by the cache"
    nb.run("c", "get(3)")
    nb.check()
    nb.run("d", "k = 5")
    nb.check()


def test_calls_that_nobody_can_tell_apart_stand_for_themselves() -> None:
    nb = Notebook("k = 1", TIMES_K, "get(1)", "print(get(1))")
    nb.all()
    assert nb.run("c", "get(2)") == "c"
    assert nb.run("a", "k = 3") == "acd"
    nb.check()


def test_an_attribute_that_a_cell_sets_on_a_cached_function_is_a_change_of_it() -> None:
    nb = Notebook(CACHED.format(""), "box = [[0]]", "get.count = 4\nprint(box)", "get.count = 6", "print(get.count)")
    nb.all()
    nb.check()
    assert nb.run("b", "box = [[2]]") == "bc"
    nb.check()
    assert nb.namespace["get"].count == 6
    nb.run("d", "get(1)")
    nb.check()
    assert nb.text("e") == "4"


# name: the cells, and what then happens: (place, new cell) or (cell, new text)
GLOBALS = {
    "between the calls": (["k = 2", TIMES_K, "print(get(3))", "print(get(3))"], [(3, "k = 5"), ("e", "k = 6")]),
    "between others": (["k = 2", TIMES_K, "print(get(3))", "print(get(4))"], [(3, "k = 5"), ("c", "print(get(4))")]),
    "in a cell that calls": (
        ["k = 2", TIMES_K, "x = get(3)", "y = get(3)", "print(x, y)"], [("d", "k = 7\ny = get(3)")]),
    "in the only one that calls": ([TIMES_K, "k = 2", "k = 7\ny = get(3)", "print(y)"], [(4, "k = 9\nprint(get(3))")]),
    "changed in place": (
        ["k = [2]", TIMES_K.replace("k", "k[0]"), "print(get(3))", "print(get(3))"], [(3, "k[0] = 5"), ("e", "0")]),
    "of a helper": (
        ["k = 2\ndef g(): return k", TIMES_K.replace("k", "g()"), "print(get(3))", "print(get(3))"],
        [(3, "k = 5"), ("e", "0"), (3, "def g(): return 1")]),
    "before all but one": (
        [TIMES_K, "k = 2", "print(get(1))", "print(get(1))", "print(get(1))"],
        [(4, "k = 9"), ("f", "0"), (3, "k = 5"), ("b", "k = 3")]),
}  # fmt: skip


@pytest.mark.parametrize("case", GLOBALS)
def test_a_global_that_comes_in_between_calls(case: str) -> None:
    cells, steps = GLOBALS[case]
    nb = Notebook(*cells)
    nb.all()
    nb.check()
    for where, source in steps:
        if isinstance(where, int):
            nb.insert(where, source)
        else:
            nb.edit(where, source)
        nb.all()
        nb.check()


def test_calls_above_run_again_with_the_cell_that_brings_the_global() -> None:
    nb = Notebook("k = 2", TIMES_K, "print(get(3))", "print(get(3))")
    nb.all()
    new = nb.insert(3, "k = 5")
    assert nb.run(new) == "ecd"
    nb.check()
    assert nb.stale() == ""
