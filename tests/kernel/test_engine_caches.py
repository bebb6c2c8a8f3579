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
