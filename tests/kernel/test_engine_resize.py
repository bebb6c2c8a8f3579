"""Arrays that are resized: numpy refuses where anybody but the variable holds the array."""

from __future__ import annotations

import pytest

from reactive_kernel.kernel.engine import RunRequest
from tests.kernel.inprocess import Notebook, settled

pytestmark = pytest.mark.usefixtures("no_hurry")

MAKE = "import numpy as np\na = np.arange(4)"


@pytest.mark.parametrize(
    "resize",
    [
        "a.resize(6)",
        "a.resize((2, 3))",
        "a[0] = 9\na.resize(2)",
        "a.resize(3)\na = a + 1",
        "a.resize(3)\na = 5",
        "a.resize(3)\ndel a\na = [1]",
    ],
)
def test_an_array_is_resized(resize: str) -> None:
    notebook = settled(MAKE, "print(a)", resize, "print(a)")
    assert notebook.run("c", resize.replace("3", "8").replace("2)", "7)")) in ("cd", "acd", "c", "ac")
    notebook.check()
    notebook.run("b", "print(a, 1)")
    notebook.check()
    notebook.delete("c")
    notebook.all()
    notebook.check()


def test_a_resized_array_is_put_back_and_its_cell_does_not_run_again() -> None:
    notebook = settled(MAKE, "a.resize(6)", "print(a)")
    assert notebook.run("b", "a.resize(3)") == "bc"
    assert notebook.text("c") == "[0 1 2]"
    notebook.check()


def test_one_that_the_notebook_itself_holds_twice_is_not() -> None:
    notebook = Notebook(MAKE, "b = a", "a.resize(6)", "print(a)")
    assert notebook.all() == "abc!"
    assert "references" in str(notebook.shown["c"])
    assert notebook.run("b", "b = 1") == "bcd"
    notebook.check()


def test_a_cell_that_resizes_and_fails_leaves_no_trace() -> None:
    notebook = Notebook(MAKE, "a.resize(6)\n1 / 0", "print(a)")
    assert notebook.all().startswith("ab!")
    assert notebook.namespace["a"].shape == (4,)
    notebook.run("b", "a.resize(6)\na = 2\n1 / 0")
    notebook.all()
    assert notebook.namespace["a"].shape == (4,)
    assert notebook.run("b", "a.resize(2)").endswith("bc")
    notebook.check()


def test_inputs_of_a_batch_resize() -> None:
    notebook = Notebook()
    for number, source in enumerate((MAKE, "a.resize(6)", "a.resize(2)\na = a + 1", "print(a)")):
        assert notebook.request(RunRequest(source=source, interactive=False)) == f"batch-{number + 1}"
    assert notebook.text("batch-4") == "[1 2]"
