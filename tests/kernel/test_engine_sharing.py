"""Names that only share objects with what a cell changes: what follows from that, and what doesn't."""

from __future__ import annotations

from math import inf

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges


def test_code_in_what_only_shares_with_what_changes_is_not_called() -> None:
    notebook = Notebook(
        "k = 1\ndef rate(): return k",
        "class Account:\n    n = 0\n    def add(self): self.n += 1\n"
        "class Bank:\n    def __init__(self, *all): self.all = all\n"
        "    def total(self): return sum(a.n for a in self.all) * rate()",
        "account = Account()\nbank = Bank(account)",
        "account.add()",
        "print(bank.total())",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["d"] == "account<c"
    assert notebook.engine.command("state", {})["cells"][3]["mutates"] == ["account", "bank"]
    assert edges(notebook)["e"] == "bank<d k<a rate<a"
    assert notebook.run("a", "k = 3\ndef rate(): return k") == "ae"
    notebook.check()
    assert notebook.run("d", "account.add()\nprint(bank.total())") == "d"
    assert edges(notebook)["d"] == "account<c bank<c k<a rate<a"  # now it says so
    notebook.check()


def test_an_edge_tells_what_is_read_and_not_what_only_changes_with_it() -> None:
    notebook = Notebook(
        "train, test = [1], [2]",
        "both = [train, test]\nfor part in both:\n    part.append(3)",
        "for part in both:\n    part.append(4)",
        "train.append(5)",
        "print(both, test)",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook) == {
        "b": "test<a train<a", "c": "both<b", "d": "train<c", "e": "both<d test<c",
    }  # fmt: skip
    mutates = [entry["mutates"] for entry in notebook.engine.command("state", {})["cells"]]
    assert mutates[2:4] == [["both", "test", "train"], ["both", "train"]]
    assert notebook.run("a", "train, test = [0], [2]") == "abcde"
    notebook.edit("c", "1")
    notebook.all()
    notebook.check()


def test_an_edge_by_which_a_change_alone_follows_is_there_too() -> None:
    notebook = Notebook(
        "rows = [1]",
        "m = rows\nkept = {'rows': rows, 'n': 1}",
        "kept['n'] = 2",
        "m.append(2)",
        "print(kept)",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook) == {"b": "rows<a", "c": "kept<b", "d": "kept<c m<b", "e": "kept<d"}
    assert notebook.run("c", "kept['n'] = 3") == "cde"
    notebook.check()


# -- figures


LARGE = "figure, many = plt.subplots(6, 6)\nfor ax in many.flat: ax.plot([1, 2]); ax.set_title('x')"


def test_two_figures_have_nothing_in_common() -> None:
    pytest.importorskip("matplotlib")
    notebook = Notebook(
        "import matplotlib.pyplot as plt",
        "small, axes = plt.subplots()\naxes.scatter([1, 2], [3, 4], c=[1, 2])\naxes.set_ylim(0, 9)",
        LARGE + "\ndots = many[0, 0].scatter([1, 2], [3, 4], c=[1, 2])",
        "dots.set_sizes([3])\nmany[1, 0].ticklabel_format(style='sci')",
        "print(axes.get_title(), many[0, 0].get_title())",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["e"] == "axes<b many<d"
    assert "axes" not in edges(notebook)["d"]


def test_what_a_large_figure_was_given_is_looked_at_beside_it() -> None:
    pytest.importorskip("matplotlib")
    notebook = Notebook(
        "import matplotlib.pyplot as plt",
        "marks = [[1], [2]]\ncolours = plt.get_cmap('viridis').copy()",
        LARGE,
        "last = many[5, 5]\nlast.marks, last.colours = marks, colours",
        "last.set_title('t')",
        "print(marks, colours.name)",
        "last.marks[0].append(3)",
        "print(marks)",
    )
    assert notebook.all() == "abcdefgh"
    assert edges(notebook)["f"] == "colours<b marks<b"
    assert edges(notebook)["h"] == "marks<g"
    notebook.check()


def test_what_is_not_so_small_is_looked_at_beside_a_large_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactive_kernel.kernel.changes.BUDGET", 0.0)
    for module in ("executor", "suspicion"):
        monkeypatch.setattr(f"reactive_kernel.kernel.{module}.longer", lambda until: inf)
    notebook = Notebook(
        "marks = [[n] for n in range(60)]",
        "many = [marks, *([n] for n in range(400))]",
        "many[9].append(1)",
        "print(marks)",
    )
    assert notebook.all() == "abcd"
    assert edges(notebook)["d"] == "marks<a"
    notebook.check()


def test_callbacks_of_a_figure_are_taken_out_with_the_cell_that_put_them_in() -> None:
    pytest.importorskip("matplotlib")
    notebook = Notebook(
        "import matplotlib.pyplot as plt\nseen = []",
        "figure, axes = plt.subplots()",
        "n = axes.callbacks.connect('xlim_changed', lambda ax: seen.append('b'))",
        "axes.set_xlim(0, 5)\nprint(seen)",
        "print(axes.callbacks.connect('ylim_changed', print))",
    )
    assert notebook.all() == "abcde"
    assert notebook.text("d") == "['b']"
    notebook.edit("c", "n = [axes.callbacks.connect('xlim_changed', lambda ax, k=k: seen.append(k)) for k in 'xy']")
    notebook.all()
    assert notebook.text("d") == "['x', 'y']"
    notebook.check()
    notebook.edit("c", "n = 0")
    notebook.all()
    assert notebook.text("d") == "[]"
    notebook.check()


def test_what_installed_modules_have_is_in_no_value() -> None:
    pytest.importorskip("numpy")
    notebook = Notebook(
        "import json, numpy as np\ndef f(): return k",
        "table = {'a': np.mean, 'b': np.sin, 'c': json.dumps, 'own': f, 'made': np.frompyfunc(f, 0, 1)}",
        "g = json.dumps",
    )
    notebook.all()
    executor = notebook.engine.executor
    names = {getattr(value, "__name__", "") for value, _ in executor.look(notebook.namespace["table"]).states.values()}
    assert names & {"mean", "sin", "dumps", "f"} == {"f"}
    assert executor.look(notebook.namespace["table"]).reads == {"k"}
    assert len(executor.look(notebook.namespace["g"]).states) == 1


@pytest.mark.parametrize(
    ("make", "index"),
    [
        ("groups = df.groupby('k')", "groups._grouper.groupings[0]._index"),
        ("turned = df.T", "turned.columns"),
        ("twice = df * 2", "twice.index"),
    ],
)
def test_frames_that_have_one_index_between_them_have_it_after_another_run_too(make: str, index: str) -> None:
    frame = "import pandas as pd\ndf = pd.DataFrame({'k': [1, 1], 'a': [2, 3]})"
    notebook = Notebook(frame, make, "df.index.name = 'n'", f"print({index} is df.index, {index}.name)")
    notebook.all()
    assert notebook.text("d") == "True n"
    assert notebook.run("c") == "c"
    notebook.run("d")
    notebook.check()
    notebook.run("c", "df.index.name = 'm'")
    notebook.check()
