"""numpy arrays that look at the memory of a frame: a later change of the frame shows in them, as in plain pandas."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")

SERIES = "import pandas as pd\ndf = pd.Series([1, 2, 3], index=list('abc'))"
FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2], 'b': [3, 4], 'c': [0.5, 1.5], 'd': ['x', 'y']})"

CASES = {
    "series": (SERIES, "v = df.to_numpy()", "df['a'] = 10", "df['a'] = 11"),
    "column": (FRAME, "v = df['a'].to_numpy()", "df.loc[0, 'a'] = 10", "df.loc[1, 'a'] = 11"),
    "another column": (FRAME, "v = df['a'].values", "df.loc[0, 'c'] = 7.5", "df.loc[0, 'd'] = 'z'"),
    "array": (FRAME, "import numpy as np\nv = np.asarray(df['c'])", "df.loc[0, 'c'] = 9.5", "df['c'] = 0.0"),
    "and a frame that shares it for now": (
        FRAME,
        "s = df.set_index('d')['a']\nv = df['a'].to_numpy()",
        "df.loc[0, 'a'] = 10\nprint(s, v)",
        "df.loc[1, 'a'] = 11\nprint(s, v)",
    ),
    "replaced": (FRAME, "v = df['a'].values", "df['a'] = df['a'] * 2", "df.drop(columns='a', inplace=True)"),
}


@pytest.mark.parametrize(("make", "look", "one", "other"), CASES.values(), ids=CASES)
def test_as_in_plain_pandas(make: str, look: str, one: str, other: str) -> None:
    nb = Notebook(make, look, one, "print(v)", "print(df)")
    nb.all()
    nb.check()
    for source in (other, one, "pass", f"{one}\n{other}"):
        nb.run("c", source)
        nb.check()
    nb.run("b")
    nb.check()
    nb.run("a", make.replace("[1, 2", "[6, 2"))
    nb.check()


def test_changes_above_and_below_are_put_back_and_made_again() -> None:
    look, change = "v = df['a'].values", "df.loc[0, 'a'] = 10"
    nb = Notebook(FRAME, look, change, "print(v, df)", "df['e'] = 1", "df['a'] = df['a'] * 2", "print(v, df)")
    nb.all()
    nb.check()
    for index in (1, 5, 4):
        nb.move("e", index)
        nb.all()
        nb.check()
    nb.run("c", "df.loc[1, 'a'] = 20")
    nb.check()
    nb.delete("c")
    nb.all()
    nb.check()


BEFORE = ["df['e'] = df['a'] * 2", "df.loc[1, 'c'] = 8.5", "df.index.name = 'n'"]
SUPERSEDED = ["df = df.assign(e=1)", "df = df[df.columns]", "frames = [df]\ndf = df.assign(e=1)"]


@pytest.mark.parametrize("before", BEFORE + SUPERSEDED)
@pytest.mark.parametrize("case", sorted(CASES.keys() - {"series"}))
def test_what_was_kept_of_a_frame_before_somebody_looked_does_not_show(before: str, case: str) -> None:
    make, look, one, other = CASES[case]
    nb = Notebook(make, before, look, one, "print(v)", "print(df)")
    nb.all()
    nb.check()
    for source in (other, one, "pass", f"{one}\n{other}"):
        nb.run("d", source)
        nb.check()
    nb.run("b", "df['f'] = 3")
    nb.check()
    nb.delete("b")
    nb.all()
    nb.check()


def test_a_file_read_in_chunks_is_read_anew_for_a_cell_that_runs_again() -> None:
    make = "import io\nimport pandas as pd\nreader = pd.read_csv(io.StringIO('a\\n1\\n2\\n3\\n'), chunksize=1)"
    nb = Notebook(make, "one = next(reader)", "two = next(reader)", "print(one, two)")
    nb.all()
    nb.check()
    nb.run("b", "one = next(reader) * 10")
    nb.check()
    nb.run("c", "two = 0")
    nb.check()


def test_a_shallow_copy_is_kept_where_nobody_looks() -> None:
    nb = Notebook(FRAME, "df.loc[0, 'a'] = 10", "print(df)")
    nb.all()
    assert nb.run("b", "df.loc[0, 'a'] = 11") == "bc"  # the loader doesn't run
    nb.check()


def test_what_groups_remember_of_a_frame_goes_with_its_data() -> None:
    make = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3], 'g': list('xxy')})"
    nb = Notebook(make, "g = df.groupby('g')", "df.loc[0, 'a'] = 10", "print(g.sum())")
    nb.all()
    nb.check()
    assert nb.run("c", "df.loc[0, 'a'] = 20") == "cd"
    nb.check()
    nb.run("c", "df['n'] = 1")
    nb.check()
    nb.delete("c")
    nb.all()
    nb.check()


@pytest.mark.parametrize(
    "change", ["df.loc[1, 'a'] = 9", "df.update(pd.DataFrame({'a': [5]}))", "df['a'] += 1", "df['z'] = 1"]
)
@pytest.mark.parametrize("look", ["x = df['a'].values", "x = [df['a'].to_numpy()[1:]]", "s = df['a']\nx = s.values"])
def test_an_array_taken_out_of_a_frame_above_a_cell_that_changes_that(look: str, change: str) -> None:
    nb = Notebook("import pandas as pd", "df = pd.DataFrame({'a': [1, 4, 3], 'b': [0.5, 0.5, 1.5]})", change)
    nb.all()
    nb.insert(2, look)
    nb.insert(4, "print(x)")
    nb.all()
    nb.check()
    assert nb.run("c") == "c"
    nb.check()


def test_an_array_taken_out_in_the_cell_that_supersedes_the_frame_sees_later_changes() -> None:
    make = "df = df.reset_index(drop=True)\nv = df['a'].to_numpy()"
    nb = Notebook(FRAME, make, "df.loc[0, 'a'] = 10", "print(v, df)")
    nb.all()
    nb.check()
    nb.run("c", "df.loc[1, 'a'] = 11")
    nb.check()
    nb.run("b", "v = df['a'].to_numpy()\ndf = df.rename(columns={'b': 'z'})")
    nb.check()
    nb.run("b", "frames = [df]\ndf = df.assign(n=1)\nv = df['a'].to_numpy()")
    nb.check()


@pytest.mark.parametrize("before", ["", "df = df.assign(e=1)", "df['e'] = 1"])
@pytest.mark.parametrize("change", ["df.loc[1, 'a'] = 9", "df.replace(1, 7, inplace=True)"])
def test_an_array_taken_out_in_the_cell_that_changes_the_frame_sees_that(before: str, change: str) -> None:
    nb = Notebook(FRAME, before, f"v = df['a'].to_numpy()\n{change}\nprint(v)", "print(v, v.flags.writeable)")
    nb.all()
    nb.check()
    nb.run("c", f"v = df['b'].to_numpy()\n{change}\nprint(v)")
    nb.check()


def test_an_earlier_state_put_back_into_memory_is_not_put_into_later_frames() -> None:
    nb = Notebook(FRAME, "print(df)", "v = df['a'].values", "df.replace(1, 0, inplace=True)", "df = df[['a', 'b']]")
    nb.all()
    nb.delete("c")
    nb.run("d")
    nb.run("b")  # the frame is what it was, for this cell
    nb.check()


NOTHING = ["df.drop_duplicates(inplace=True)", "df.drop(columns=['q'], errors='ignore', inplace=True)"]


@pytest.mark.parametrize("change", NOTHING)
def test_labels_that_others_hold_are_changed_where_the_frame_gets_new_ones(change: str) -> None:
    nb = Notebook(FRAME, "i = df.index", change, "print(i is df.index)")
    nb.all()
    nb.check()
    nb.run("b")
    nb.check()
    nb.run("c", "df.index.name = 'n'")
    nb.check()


@pytest.mark.parametrize("change", NOTHING)
def test_a_frame_with_new_labels_like_those_that_it_had_is_not_changed(change: str) -> None:
    nb = Notebook(FRAME, change, "print(df)")
    nb.all()
    assert nb.run("b", f"{change}\n0") == "b"
    nb.check()


def test_names_given_to_labels_that_were_taken_out_of_a_frame_are_the_frames() -> None:
    nb = Notebook(FRAME, "i = df.index", "c = [df.columns]", "i.name = 'row'\nc[0].name = 'kind'", "print(df)")
    nb.all()
    nb.check()
    assert nb.run("d", "i.name = 'r'") == "de"
    nb.check()
    nb.delete("d")
    nb.all()
    nb.check()
