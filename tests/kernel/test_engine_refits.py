"""Models of a library that are fitted again, and frames that are changed: what was in them is as a clean run has it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges

pytestmark = pytest.mark.usefixtures("no_hurry", "library")

LIBRARY = """
import numpy as np

class Part:
    def __init__(self, mean, owner):
        self.mean, self.owner, self.ask = mean, owner, self.tell
    def tell(self):
        return self.mean

class Model:
    def fit(self, data):
        self.parts_ = [Part(sum(data) / len(data), self)]
        self.names_ = np.array([["a"], "b"], dtype=object)
        self.range_ = {"low": np.array([min(data)]), "high": np.array([max(data)])}
        return self
"""
SETUP = "from some_library import Model\ndata = [1, 2, 3]\nmodel = Model()"
FIT = "_ = model.fit(data)"


CHANGES: dict[str, Callable[[Notebook, str], object]] = {
    "the second fit goes": lambda notebook, refit: notebook.delete(refit),
    "it does nothing": lambda notebook, refit: notebook.edit(refit, "1"),
    "it fits to other data": lambda notebook, refit: notebook.edit(refit, "_ = model.fit([5])"),
    "the data change": lambda notebook, refit: notebook.edit("a", SETUP.replace("3]", "7]")),
    "the first fits to other data": lambda notebook, refit: notebook.edit("b", "_ = model.fit([4])"),
    "a third comes in between": lambda notebook, refit: notebook.insert(2, "_ = model.fit([9])"),
    "it moves": lambda notebook, refit: notebook.move(refit, 4),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("refit", ["c", "d"])
def test_parts_of_a_model_that_is_fitted_again_are_whose_they_would_be(change: str, refit: str) -> None:
    cells = [SETUP, FIT, "kept = model.parts_", "kept.append(kept[0])", "print(len(model.parts_), len(kept))"]
    cells.insert("abcdef".index(refit), "_ = model.fit([1, 2, 3])")
    notebook = Notebook(*cells)
    notebook.all()
    notebook.check()
    CHANGES[change](notebook, refit)
    notebook.all()
    notebook.check()


FRAME = "import pandas as pd\ndf = pd.DataFrame({'a': [1.5, float('nan')], 'b': ['p', 'q'], 'c': [3, 4]})"


@pytest.mark.parametrize(
    "change",
    [
        "df.dropna(inplace=True)",
        "df['c'] = df['c'] * 2",
        "df['c'] = df['c'] * 1.0",
        "df['d'] = 1",
        "df.index = [5, 6]",
        "df.sort_values('c', ascending=False, inplace=True)",
        "df.loc[0, 'b'] = 'r'",
        "df.attrs['from'] = 'here'",
    ],
)
def test_a_frame_in_which_something_changes_is_the_changing_cells(change: str) -> None:
    notebook = Notebook(FRAME, change, "print(df, df.dtypes, df.attrs)")
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "df<b"
    notebook.check()
