"""What a cell does to a frame that leaves it as it was, to the last bit, is no change of it: until it is one."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges

pytestmark = pytest.mark.usefixtures("no_hurry")

MAKE = """import pandas as pd
df = pd.DataFrame({'a': [3, 1, 2], 'b': list('xyz'), 'c': [.5, 1, 2], 't': pd.date_range('2020', periods=3)})
s = df['a'].copy()"""
OTHER = MAKE.replace("3,", "6,").replace("list('xyz')", "[' x', 'y', None]")

IDLE = [
    "df['a'] = df['a'] * 1",
    "df.fillna({'b': ''}, inplace=True)",
    "df.dropna(inplace=True)",
    "df['t'] = pd.to_datetime(df['t'])",
    "df['b'] = df['b'].str.strip()",
    "df.sort_index(inplace=True)",
    "df.loc[df.a > 5, 'a'] = 0",
    "s[s > 5] = 0",
]
BUSY = [
    "df['b'] = df['b'].astype('category')",
    "df['a'] = df['a'].astype('int32')",
    "df['c'] = df['c'] * -1",
    "df['c'] = df['c'].where(df['c'] > 1)",
    "df['a'], df['c'] = df['c'], df['a']",
    "df.sort_values('a', inplace=True)",
]


@pytest.mark.parametrize("operation", IDLE)
def test_what_changes_nothing(operation: str) -> None:
    notebook = Notebook(MAKE, operation, "print(df, s)")
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "df<a s<a"
    notebook.check()
    notebook.edit("a", OTHER)
    notebook.all()
    notebook.check()
    notebook.edit("a", MAKE)
    notebook.all()
    notebook.check()
    notebook.delete("b")
    notebook.all()
    notebook.check()


@pytest.mark.parametrize("operation", BUSY)
def test_what_changes_something(operation: str) -> None:
    notebook = Notebook(MAKE, operation, "print(df.dtypes, df)")
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "df<b"
    notebook.delete("b")
    notebook.all()
    notebook.check()


def test_an_array_that_looks_at_the_frame_tells() -> None:
    notebook = Notebook(MAKE, "v = df['a'].to_numpy()", "df['a'] = df['a'] * 1", "df.loc[0, 'a'] = 9", "print(df, v)")
    assert notebook.all() == "abcde"
    notebook.check()
    notebook.edit("c", "1")
    notebook.all()
    notebook.check()


@pytest.mark.parametrize(("first", "expected"), [("pass", "df<a"), ("labels = df.index", "df<b")])
def test_equal_labels_in_the_place_of_those_that_nobody_else_has_are_no_change(first: str, expected: str) -> None:
    notebook = Notebook(
        f"import pandas as pd\ndf = pd.DataFrame({{'a': [1, 2]}}, index=['p', 'q'])\n{first}",
        "df.index = df.index.set_names(['n'])\ndf.index = df.index.set_names([None])",
        "print(df)",
    )
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == expected
    notebook.check()


@pytest.mark.parametrize(("step", "expected"), [("0", "bump<a"), ("1", "bump<b"), ("0.0", "bump<b")])
def test_a_captured_number_that_is_what_it_was_is_not_changed(step: str, expected: str) -> None:
    notebook = Notebook(
        "def make(n):\n    def bump(by):\n        nonlocal n\n        n += by\n        return n\n    return bump\n"
        "bump = make(1000)",
        f"print(bump({step}))",
        "print(bump(2))",
    )
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == expected
    notebook.check()
