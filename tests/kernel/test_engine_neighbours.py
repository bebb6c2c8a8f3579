"""Frames in one memory, at which an array looks: whether a change in place is seen there hinges on all of them."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook

MADE = "import pandas as pd\nsub = pd.DataFrame({'x': [1.0, 2.5, 4.0], 'n': [1, 2, 3]})"
ARRAY = "arr = sub['x'].values"
CHANGED = "sub.loc[0, 'x'] = 3.0"
SHARED = "df = sub[['x', 'n']]"
SHOWN = "print(arr, sub.x.tolist())"
APART = {
    "changed in place to what it is": "df.replace(1, 1, inplace=True)",
    "changed in place": "df.loc[1, 'x'] = 7.0",
    "given to something else": "df = 5",
    "deleted": "del df",
}


@pytest.mark.parametrize("case", APART)
def test_a_frame_that_comes_apart_is_no_longer_in_the_way(case: str) -> None:
    notebook = Notebook(MADE, SHARED, ARRAY, "1", CHANGED, SHOWN)
    assert notebook.all() == "abcdef"
    notebook.check()
    assert "e" in notebook.run("d", APART[case])
    notebook.check()
    if case.startswith("changed"):  # else the frame is set apart, and made again only when it is read
        assert "e" in notebook.run("d", "1")
        notebook.check()


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_frame_that_is_put_in_is_in_the_way(place: int) -> None:
    notebook = Notebook(MADE, ARRAY, "1", CHANGED, SHOWN)
    assert notebook.all() == "abcde"
    notebook.check()
    assert "d" in notebook.run(notebook.insert(place, SHARED))
    notebook.check()
    notebook.delete("f")
    notebook.stale()
    notebook.check()
    assert notebook.run("c", "2") == "c"


def test_what_lies_elsewhere_or_is_looked_at_by_nobody_is_no_input() -> None:
    notebook = Notebook(
        MADE, "df = sub[['x', 'n']]\nother = sub.copy()", "arr = other['x'].values", CHANGED, "print(sub)"
    )
    assert notebook.all() == "abcde"
    assert notebook.run("b", "df = sub.head(1)\nother = sub.copy()") == "b"
    notebook.check()


MEMORIES = {
    "columns": "sub = pd.DataFrame({'x': [5.0, 1, 9], 'n': [3, 7, 9]})",
    "by columns": "sub = pd.DataFrame(np.asfortranarray(np.arange(6.0).reshape(3, 2)), columns=['x', 'n'], copy=False)",
    "bytes": "sub = pd.DataFrame(np.frombuffer(bytearray(48)).reshape(3, 2), columns=['x', 'n'], copy=False)",
    "bytes as they are": "sub = pd.DataFrame(np.frombuffer(bytes(48)).reshape(3, 2), columns=list('xn'), copy=False)",
    "times": "sub = pd.DataFrame({'x': pd.to_datetime(['2020-01-01'] * 3), 'n': [3, 7, 9]})",
}


@pytest.mark.parametrize("make", MEMORIES.values(), ids=MEMORIES)
def test_a_superseded_frame_that_comes_back_lies_in_its_memory_again(make: str) -> None:
    setup = f"import numpy as np, pandas as pd\n{make}\nw = sub['x'].values"
    change = "try: sub.iloc[0, 0] = 2\nexcept (TypeError, ValueError) as error: print(error)"
    notebook = Notebook(setup, "sub = sub.rename(columns={'n': 'm'})", change, "print(sub, w)")
    notebook.all()
    notebook.check()
    for cell, text in (("b", "n = 1"), ("b", "sub = sub.assign(q=1)"), ("c", "k = 1")):
        notebook.run(cell, text)
        notebook.check()
