"""Attributes that cells set on installed modules and their classes are there below the cell, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")

IMPORT = "import pandas as pd, numpy as np\ndf = pd.DataFrame({'a': [1, 2]})"
SUM = "def total(self):\n    return int(self['a'].sum()) * {}\npd.DataFrame.total = total"


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    kept = dict(pd.DataFrame.__dict__), dict(np.__dict__)
    yield
    for owner, before in zip((pd.DataFrame, np), kept, strict=True):
        for name in owner.__dict__.keys() - before.keys():
            delattr(owner, name)


def settled(*cells: str) -> Notebook:
    notebook = Notebook(IMPORT, *cells)
    notebook.all()
    assert not notebook.stale_cells
    return notebook


def test_a_method_given_to_frames_is_followed() -> None:
    notebook = settled(SUM.format(1), "print(df.total())", "print(len(df))")
    assert notebook.run("b", SUM.format(3)) == "bc"
    assert notebook.text("c") == "9"
    assert notebook.run("b", SUM.format(3) + "  # the same") in ("b", "bc")
    notebook.delete("b")
    notebook.all()
    assert "no attribute 'total'" in notebook.text("c")
    assert not hasattr(pd.DataFrame, "total")
    notebook.insert(1, SUM.format(2))
    notebook.all()
    assert notebook.text("c") == "6"


def test_what_the_method_reads_is_read_where_it_is_called() -> None:
    notebook = settled("k = 2", SUM.format("k"), "print(df.total())", "y = len(df)")
    assert notebook.run("b", "k = 5") == "bd"
    assert notebook.text("d") == "15"


def test_a_method_called_by_a_function_of_another_cell() -> None:
    notebook = settled(SUM.format(1), "def show(f):\n    return f.total()", "print(show(df))")
    assert notebook.run("b", SUM.format(2)).endswith("d")
    assert notebook.text("d") == "6"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("np.limit = 3", "np.limit = 4"),
        ("setattr(np, 'limit', 3)", "setattr(np, 'limit', 4)"),
        ("def patch(): np.limit = 3\npatch()", "def patch(): np.limit = 4\npatch()"),
        ("import numpy\nnumpy.limit = 3", "import numpy\nnumpy.limit = 4"),
    ],
)
def test_an_attribute_of_a_module(one: str, other: str) -> None:
    notebook = settled(one, "print(np.limit)", "print(np.pi)")
    assert notebook.run("b", other) == "bc"
    assert notebook.text("c") == "4"
    assert notebook.run("b", other) == "b"
    notebook.delete("b")
    notebook.all()
    assert not hasattr(np, "limit")


def test_above_the_cell_the_attribute_is_what_it_was() -> None:
    head = "print(df.head(1).to_dict('list'))"
    notebook = settled(head, "pd.DataFrame.head = lambda self, n: 'mine'\n0", "print(df.head(1))")
    kept = pd.DataFrame.head
    assert (notebook.text("b"), notebook.text("d")) == ("{'a': [1]}", "mine")
    notebook.run("b", head + "\nprint(1)")
    assert notebook.text("b") == "{'a': [1]}\n1"
    assert pd.DataFrame.head is kept
    notebook.delete("c")
    notebook.all()
    assert notebook.text("d") == "a\n0  1"
    assert pd.DataFrame.head is not kept
    assert pd.DataFrame.head.__module__.startswith("pandas")


def test_a_failed_cell_leaves_nothing() -> None:
    notebook = settled("y = 1")
    notebook.insert(1, SUM.format(1) + "\n1 / 0")
    notebook.all()
    assert not hasattr(pd.DataFrame, "total")


def test_accessors_are_registered_once() -> None:
    accessor = (
        "import warnings\nwarnings.simplefilter('error')\n@pd.api.extensions.register_dataframe_accessor('mine')\n"
        "class Mine:\n    def __init__(self, frame): self.frame = frame\n"
        "    def size(self): return len(self.frame) * {}"
    )
    notebook = settled(accessor.format(1), "print(df.mine.size())")
    assert notebook.run("b", accessor.format(4)) == "bc"
    assert notebook.text("c") == "8"


def test_attributes_of_other_objects_of_that_name_only_cost_a_run() -> None:
    notebook = settled("class A: total = 4", SUM.format(1), "print(A.total)", "A.total")
    notebook.run("b", "class A: total = 5")
    assert (notebook.text("d"), notebook.text("e")) == ("5", "5")
