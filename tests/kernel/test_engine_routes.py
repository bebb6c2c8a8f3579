"""Ways to an object that go past the names bound to it: a kept `df.loc`, annotations, one's own module's functions."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest

from reactive_kernel.kernel.modules import LOCAL
from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")

FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3], 'g': ['x', 'y', 'x']})"
ANNOTATED = "class C:\n    x: int = 1"

# name: the cells; the third changes, and may be one of the others instead
ROUTES = {
    "loc": ([FRAME, "way = df.loc", "way[0, 'a'] = 9", "print(df)", "print(way[0, 'a'])"], "way[1, 'b'] = 8"),
    "iloc": ([FRAME, "way = df.iloc", "way[0, 0] = 9", "print(df)", "print(way[0, 0])"], "way[1, 0] = 8"),
    "at": ([FRAME, "way = df.at", "way[0, 'a'] = 9", "print(df)", "print(way[0, 'a'])"], "way[1, 'a'] = 8"),
    "in a list": ([FRAME, "ways = [df.loc]", "ways[0][0, 'a'] = 9", "print(df)"], "ways[0][0, 'g'] = 'z'"),
    "of a series": ([FRAME, "s = df['a'].copy()\nway = s.loc", "way[0] = 9", "print(s)", "print(df)"], "way[1] = 8"),
    "annotations": ([ANNOTATED, "c = C()", "C.__annotations__['y'] = str", "print(C.__annotations__)"],
        "C.__annotations__['z'] = str"),
    "kept annotations": (
        [ANNOTATED, "way = C.__annotations__", "way['y'] = str", "print(C.__annotations__)"], "way['z'] = str"),
}  # fmt: skip


@pytest.mark.parametrize("case", ROUTES)
def test_a_change_by_another_way_is_followed_and_taken_back(case: str) -> None:
    cells, other = ROUTES[case]
    notebook = Notebook(*cells)
    assert notebook.all() == "abcde"[: len(cells)]
    notebook.check()
    assert notebook.run("c", other).startswith("cd"), "what made the object does not run again"
    notebook.check()
    notebook.delete("c")
    assert notebook.all().startswith("d")
    notebook.check()


MODULE = """
count, results = 0, {}
def bump():
    global count
    count += 1
    return count
def keep(name, value):
    results[name] = value
def told():
    return count, dict(results)
class Book:
    def write(self, name):
        results[name] = self
        return len(results)
"""


@pytest.fixture
def module() -> Iterator[None]:
    """A module as if from the user's own file, imported before."""
    made = types.ModuleType("rk_results")
    made.__file__ = "rk_results.py"
    exec(MODULE, made.__dict__)
    sys.modules["rk_results"] = made
    LOCAL._foreign.discard("rk_results")
    yield
    del sys.modules["rk_results"]
    LOCAL._stamps.pop("rk_results", None)


FROM = "from rk_results import bump, keep, told"
OWN = {
    "a number": ([FROM, "bump()", "print(told())"], "bump()\nbump()", "(2, {})"),
    "its answer": ([FROM, "n = bump()", "print(told(), n)"], "n = bump() + bump()", "(2, {}) 3"),
    "a dict": ([FROM, "keep('a', 1)", "print(told())"], "keep('b', 2)", "(0, {'b': 2})"),
    "handed on": (["import rk_results as m\nf = {'k': m.keep}", "f['k']('a', 1)", "print(m.told())"],
        "f['k']('b', 2)", "(0, {'b': 2})"),
    "in a partial": ([f"{FROM}\nfrom functools import partial\np = partial(keep, 'a')", "p(1)", "print(told())"],
        "p(2)", "(0, {'a': 2})"),
}  # fmt: skip


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("case", OWN)
def test_what_a_function_of_ones_own_module_keeps_there_is_followed(case: str) -> None:
    cells, other, text = OWN[case]
    notebook = Notebook(*cells)
    assert notebook.all() == "abc"
    assert notebook.run("b", other) == "bc"
    assert notebook.text("c") == text
    notebook.edit("b", "n = 0")
    notebook.all()
    assert notebook.text("c").startswith("(0, {})")


@pytest.mark.usefixtures("module")
def test_a_function_of_ones_own_module_that_only_tells_changes_nothing() -> None:
    notebook = Notebook(FROM, "print(told())", "print(told(), 2)")
    notebook.all()
    assert notebook.entries()["b"]["mutates"] == []
    assert notebook.run("b", "print(told()[0])") == "b"
