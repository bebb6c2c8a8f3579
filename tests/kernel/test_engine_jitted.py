"""Functions that numba compiles: calls stand for themselves, and a global that has changed is compiled in anew."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges

pytest.importorskip("numba")
pytestmark = pytest.mark.usefixtures("no_hurry")

SETUP = "import numpy as np\nfrom numba import njit\nk = 2"
FUNCTIONS = "@njit\ndef f(x):\n    return x * k\n@njit\ndef g(x):\n    return f(x) + 1"


def test_compiling_is_no_change() -> None:
    notebook = Notebook(SETUP, FUNCTIONS, "print(f(3))", "print(f(3.5), g(2))", "f(7)", "print(g(2.5))")
    assert notebook.all() == "abcdef"
    for cell in "cdef":
        assert not {"f<c", "f<d", "f<e", "g<d"} & set(edges(notebook)[cell].split())
    notebook.check()
    assert notebook.run("c", "print(f(4))") == "c"
    assert notebook.run("a", SETUP.replace("2", "5")) == "acdef"
    notebook.check()
    notebook.edit("b", FUNCTIONS.replace("+ 1", "+ 2"))
    notebook.all()
    notebook.check()


def test_what_is_compiled_keeps_globals_that_change_on_the_way_down() -> None:
    notebook = Notebook(SETUP, FUNCTIONS, "print(g(3))", "k = 5", "print(g(3), g(3.5))", "print(f(3))")
    notebook.all()
    notebook.check()
    for cell, text in (
        ("d", "k = 7"),
        ("c", "print(g(3.5))"),
        ("a", SETUP.replace("2", "4")),
        ("d", "1"),
        ("d", "k = 9"),
    ):
        notebook.edit(cell, text)
        notebook.all()
        notebook.check()
    notebook.delete("c")
    notebook.all()
    notebook.check()


def test_a_call_that_fails_leaves_nothing() -> None:
    notebook = Notebook(SETUP, FUNCTIONS, "print(f('a'), f(2))\n1 / 0", "print(f(2))")
    notebook.all()
    notebook.check()
    notebook.edit("c", "print(f(2))")
    notebook.edit("a", SETUP.replace("2", "3"))
    notebook.all()
    notebook.check()


def test_what_is_compiled_when_it_is_made() -> None:
    function = "from numba import int64\n@njit(int64(int64))\ndef f(x):\n    return x * k"
    notebook = Notebook(SETUP, function, "print(f(3))", "print(f(3), f.signatures)")
    notebook.all()
    notebook.check()
    notebook.edit("a", SETUP.replace("2", "6"))
    notebook.all()
    notebook.check()


def test_who_asks_what_was_compiled_sees_the_calls_above() -> None:
    notebook = Notebook(SETUP, FUNCTIONS, "print(f(3))", "print(len(f.signatures))")
    notebook.all()
    notebook.check()
    notebook.edit("c", "print(f(3), f(3.5))")
    notebook.all()
    notebook.check()
    notebook.delete("c")
    notebook.all()
    notebook.check()
