"""Values by version, used-up versions, roll-back (issue 6, points 1 and 4): what ran, and what is shown."""

from __future__ import annotations

import builtins
from collections.abc import Iterator

import pytest

from reactive_kernel.kernel.engine import RunRequest
from tests.kernel.inprocess import Counter, Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter]:
    """A slow loader that every notebook can call: ``load(value)``."""
    counter = Counter()
    monkeypatch.setattr(builtins, "load", counter, raising=False)
    return counter


def settled(*sources: str, **settings: object) -> Notebook:
    """A notebook that ran."""
    nb = Notebook(*sources, **settings)
    assert nb.all() == "abcdefghij"[: len(sources)]
    nb.check()
    return nb


# -- rebinding

REBINDING = {
    "an update": ("x = 1", "x += 1", "print(x)", "x += 5"),
    "an update of itself": ("x = 1", "x = x * 2", "print(x)", "x = x * 3"),
    "a swap": ("x, y = 1, 2", "x, y = y, x", "print(x, y)", "y, x = x, y + 1"),
    "a frame without gaps": (
        "import pandas as pd\nx = pd.DataFrame({'q': [1, None, 3]})", "x = x.dropna()", "print(x)", "x = x.fillna(7)"),
    "a list made anew": ("x = [1, 2]", "x = x + [3]", "print(x)", "x = [0] + x"),
    "a function wrapped": (
        "def f(): return 1", "g = f\ndef f(): return g() + 1", "print(f())", "g = f\ndef f(): return g() + 5"),
    "a loop's variable": ("x = 0", "for x in range(3): pass", "print(x)", "for x in range(5): pass"),
}  # fmt: skip


@pytest.mark.parametrize("case", REBINDING)
def test_editing_the_later_cell_does_not_run_the_producer_again(case: str) -> None:
    make, update, show, other = REBINDING[case]
    nb = settled(make, update, show)
    assert nb.run("b", other) == "bc"
    nb.check()


@pytest.mark.parametrize("case", REBINDING)
def test_running_the_update_twice_updates_once(case: str) -> None:
    nb = settled(*REBINDING[case][:3])
    for _ in range(3):
        nb.run("b")
        nb.check()


@pytest.mark.parametrize("case", REBINDING)
def test_a_cell_between_sees_the_value_before(case: str) -> None:
    nb = settled(*REBINDING[case][:3])
    nb.insert(1, REBINDING[case][2])
    assert nb.all() == "d"
    nb.check()


@pytest.mark.parametrize("case", REBINDING)
def test_moving_the_update_below_the_reader(case: str) -> None:
    nb = settled(*REBINDING[case][:3])
    nb.move("b", 2)
    assert nb.all() == "c"
    nb.check()


@pytest.mark.parametrize("case", REBINDING)
def test_deleting_the_update(case: str) -> None:
    nb = settled(*REBINDING[case][:3])
    nb.delete("b")
    assert nb.all() == "c"
    nb.check()


def test_three_versions_of_a_name_side_by_side() -> None:
    nb = settled("x = [0]", "print(x)", "x = x + [1]", "print(x)", "x = x + [2]", "print(x)")
    assert [nb.run(c, nb.engine.session.cells[c].source + " # again") for c in "bdf"] == ["b", "d", "f"]
    nb.check()
    assert nb.namespace["x"] == [0, 1, 2]


def test_the_namespace_shows_the_notebooks_end() -> None:
    nb = settled("x = 1", "y = x", "x = 2", "del y")
    assert nb.namespace["x"] == 2
    assert "y" not in nb.namespace
    nb.run("b", "y = x + 5")
    assert nb.namespace["x"] == 2
    assert "y" not in nb.namespace


def test_a_deleted_cells_names_vanish() -> None:
    nb = settled("x = 1", "y = 2", "print(y)")
    nb.delete("b")
    nb.all()
    nb.check()
    assert "y" not in nb.namespace
    assert nb.text("c").startswith("!! NameError")


def test_a_forward_reference_is_what_a_clean_run_with_the_definition_first_shows() -> None:
    nb = Notebook("print(x)", "x = [1]")
    assert nb.all() == "ba"
    assert nb.text("a") == "[1]"
    assert nb.run("b", "x = [2]") == "ba"
    assert nb.text("a") == "[2]"


# -- failures

BREAKS = {
    "a binding": ("x = 1", "x = 2; 1 / 0", "print(x)"),
    "a new name": ("x = 1", "y = 2; 1 / 0", "print(x, 'y' in globals())"),
    "a deletion": ("x = 1", "del x; 1 / 0", "print(x)"),
    "a list": ("x = [1]", "x.append(2); 1 / 0", "print(x)"),
    "a nested change": ("x = {'k': [1]}", "x['k'].append(2); x['j'] = 3; 1 / 0", "print(x)"),
    "an array": ("import numpy as np\nx = np.zeros(3)", "x += 1; 1 / 0", "print(x)"),
    "a frame": (
        "import pandas as pd\nx = pd.DataFrame({'q': [1]})",
        "x['w'] = 2; x.loc[0, 'q'] = 5; 1 / 0",
        "print(x)",
    ),
    "an instance": ("class P: pass\nx = P(); x.v = 1", "x.v = 2; x.w = 3; 1 / 0", "print(vars(x))"),
    "an object whose name is rebound": ("x = [1]; y = x", "x.append(2); x = 0; 1 / 0", "print(x, y)"),
    "a change through an alias": ("x = [1]\nd = {'r': x}", "d['r'].append(2); 1 / 0", "print(x, d)"),
    "random state": ("import random\nrandom.seed(1)\nx = 0", "random.random(); x; 1 / 0", "print(x, random.random())"),
    "a function's change": ("x = []\ndef f(): x.append(1)", "f(); 1 / 0", "print(x)"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_failed_cell_leaves_no_trace(case: str) -> None:
    make, breaks, show = BREAKS[case]
    nb = Notebook(make, breaks, show)
    nb.all()
    before = nb.fresh
    assert before[0] == "a"
    nb.delete("b")
    nb.all()
    nb.check()


@pytest.mark.parametrize("case", BREAKS)
def test_an_interrupted_cell_leaves_no_trace(case: str) -> None:
    make, breaks, show = BREAKS[case]
    nb = Notebook(make, breaks.replace("1 / 0", "0"), show)
    nb.run("a", cascade=False)
    nb.request(RunRequest(cell_id="b", source=nb.engine.session.cells["b"].source), interrupt="b")
    nb.delete("b")
    nb.all()
    nb.check()


@pytest.mark.parametrize("case", BREAKS)
def test_readers_of_a_failed_cell_are_blocked_not_run(case: str) -> None:
    make, breaks, show = BREAKS[case]
    nb = Notebook(make, breaks, show)
    ran = nb.all()
    entry = nb.entries()["c"]
    if entry["upstream"] and "b" in entry["upstream"]:
        assert ran == "ab!"
        assert entry["status"] == "blocked"
        assert entry["problem"]["cells"] == ["b"]
        assert "cell 2" in entry["problem"]["message"]
    else:
        assert ran == "ab!c"


@pytest.mark.parametrize(
    ("last", "value"),
    [
        ("del c\ntry: c = nowhere\nexcept NameError: pass", 1),
        ("try: nowhere\nexcept NameError as c: pass", 3),
    ],
)
def test_what_is_above_does_not_show_through_where_a_cell_deletes_and_perhaps_binds(last: str, value: int) -> None:
    nb = settled("c = 5", f"c = 3\n{last}", "print('c' in globals())")
    assert nb.text("c") == "False"
    assert "c" not in nb.namespace
    nb.run("a", "c = 6")
    nb.check()
    nb.run("b", f"nowhere = 1\n{nb.engine.session.cells['b'].source}")
    nb.check()
    assert nb.namespace["c"] == value


def test_a_blocked_cell_deletes_nothing() -> None:
    nb = Notebook("xs = undefined", "c = 5", "print(len(xs))\ndel c")
    assert nb.all() == "a!b"
    assert nb.entries()["c"]["status"] == "blocked"
    assert nb.namespace["c"] == 5
    assert nb.run("a", "xs = [1]") == "ac"
    assert "c" not in nb.namespace


@pytest.mark.parametrize("case", BREAKS)
def test_a_failed_cell_mended_runs_on_what_was_there_before(case: str) -> None:
    make, breaks, show = BREAKS[case]
    nb = Notebook(make, breaks, show)
    nb.all()
    ran = nb.run("b", breaks.replace("1 / 0", "0"))
    assert "a" not in ran
    nb.all()
    nb.check()


def test_a_cell_that_fails_again_and_again_heals() -> None:
    nb = settled("x = [1]", "x.append(2)", "print(x)")
    for _ in range(3):
        assert nb.run("b", "x.append(2)\nx.append(nope)") == "b!"
        assert nb.run("b", "x.append(2)") == "b"  # c still shows what this version gives
        nb.check()


# -- used-up versions and slow producers

USES = {
    "frame column": (
        "import pandas as pd\ndf = load(pd.DataFrame({'q': [1, 2]}))", "df['a'] = 2", "df['a'] = 0", "print(df)"),
    "frame in place": (
        "import pandas as pd\ndf = load(pd.DataFrame({'q': [2, 1]}))", "df.sort_values('q', inplace=True)",
        "df.dropna(inplace=True)", "print(df)"),
    "big frame": (
        "import pandas as pd, numpy as np\ndf = load(pd.DataFrame({'q': np.arange(1_000_000)}))",
        "df['a'] = df['q'] * 2",
        "df['a'] = 1", "print(df.shape, df.sum().sum())"),
    "polars": (
        "import polars as pl\ndf = load(pl.DataFrame({'q': [1, 2]}))", "df[0, 'q'] = 9", "df[1, 'q'] = 9",
        "print(df.rows())"),
    "list": ("x = load(list(range(100)))", "x.append(1)", "x.pop()", "print(sum(x))"),
    "dict of lists": ("x = load({n: [n] for n in range(50)})", "x[3].append(1)", "x[4].append(1)", "print(x)"),
    "array": ("import numpy as np\nx = load(np.arange(1000))", "x[0] = 5", "x *= 2", "print(x.sum())"),
    "model": (
        "from sklearn.linear_model import LinearRegression\nm = load(LinearRegression())", "m.fit([[0], [1]], [0, 2])",
        "m.fit([[0], [1]], [0, 4])", "print(getattr(m, 'coef_', None))"),
}  # fmt: skip


@pytest.mark.parametrize("case", USES)
def test_editing_a_change_does_not_load_again(case: str, load: Counter) -> None:
    make, change, other, show = USES[case]
    nb = Notebook(make, change, show)
    assert nb.all() == "abc"
    for source in (other, change, "0", change):
        assert nb.run("b", source) == "bc"
    nb.edit("b", other)
    assert nb.all() == "bc"
    assert load.calls == 1
    nb.check()


@pytest.mark.parametrize("case", USES)
def test_a_cell_between_does_not_load_again(case: str, load: Counter) -> None:
    make, change, _, show = USES[case]
    nb = Notebook(make, change, show)
    nb.all()
    nb.insert(1, show)
    assert nb.all() == "d"
    assert load.calls == 1
    nb.check()


def test_a_used_up_generator_is_made_again_by_its_producer_for_a_reader() -> None:
    nb = settled("g = (n for n in range(3))", "print(list(g))", "print('end')")
    assert nb.run("b", "print(list(g), 2)") == "ab"
    nb.check()


def test_a_used_up_file_is_made_again(tmp_path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("one\ntwo\n")
    nb = settled(f"f = open({str(path)!r})", "print(f.readline())", "print(f.read())")
    nb.run("b", "print(f.readline(), 2)")
    nb.check()
    nb.run("c", "print(f.read(), 3)")
    nb.check()


def test_superseded_values_above_the_limit_are_dropped_and_made_again(load: Counter) -> None:
    nb = settled(
        "import numpy as np\nx = load(np.ones(1_000_000))", "x[0] = 5", "print(x.sum())", max_superseded_bytes=1 << 20
    )
    assert nb.run("b", "x[0] = 6") in ("abc", "bac")
    assert load.calls == 2 + 1  # and once for the clean run
    nb.check()


def test_values_below_the_limit_are_kept(load: Counter) -> None:
    nb = settled(
        "import numpy as np\nx = load(np.ones(10_000))", "x[0] = 5", "print(x.sum())", max_superseded_bytes=1 << 20
    )
    assert nb.run("b", "x[0] = 6") == "bc"


def test_a_large_value_superseded_by_rebinding_is_dropped(load: Counter) -> None:
    nb = settled(
        "import numpy as np\nx = load(np.ones(1_000_000))", "x = x * 2", "print(x.sum())", max_superseded_bytes=1 << 20
    )
    assert nb.run("b", "x = x * 3") == "abc"
    nb.check()


def test_the_limit_is_of_all_superseded_values_together(load: Counter) -> None:
    makes = [f"x{n} = load(np.ones(50_000))" for n in range(4)]
    changes = [f"x{n}[0] = 5" for n in range(4)]
    nb = settled("import numpy as np", *makes, *changes, max_superseded_bytes=1 << 20)
    kept = sum(delta.size for delta in nb.engine.executor.store.deltas.values())
    assert kept <= 1 << 20


def test_making_a_used_up_version_again_makes_nobody_else_stale() -> None:
    nb = settled("g = iter([1, 2, 3]); k = [0]", "print(next(g))", "print(k)", "print(next(g))")
    assert "c" not in nb.run("b", "print(next(g), 'x')")
    nb.check()
