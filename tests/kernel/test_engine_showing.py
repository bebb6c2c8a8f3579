"""What a library's object makes for itself when it is first shown is no change of it."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry", "library")

LIBRARY = """
class Chart:
    def __init__(self, **sizes):
        self._sizes, self._drawn = sizes, {}
    def __repr__(self):
        for name, size in self._sizes.items():
            self._drawn.setdefault(name, [size])
        return f'Chart {sorted(self._drawn)}'
    def draw(self):
        return repr(self)
    def grow(self):
        self._sizes = {name: size + 1 for name, size in self._sizes.items()}
        return self
"""


def mutates(notebook: Notebook, cell: str) -> list[str]:
    return list(notebook.entries()[cell]["mutates"])


@pytest.mark.parametrize("show", ["chart", "print(chart)", "charts.chart", "chart\nprint(chart)"])
def test_showing_is_no_change(show: str) -> None:
    notebook = Notebook(
        "from some_library import Chart\nimport types",
        "chart = Chart(x=1)\ncharts = types.SimpleNamespace(chart=chart)",
        show,
        "print(len(chart._drawn))",
    )
    assert notebook.all() == "abcd"
    assert mutates(notebook, "c") == []
    notebook.check()
    assert notebook.run("c") == "c"


@pytest.mark.parametrize("change", ["chart.draw()", "print(chart.grow())", "chart._drawn.update(y=2)"])
def test_what_is_called_may_change_it(change: str) -> None:
    notebook = Notebook("from some_library import Chart", "chart = Chart(x=1)", change, "print(chart)")
    assert notebook.all() == "abcd"
    assert mutates(notebook, "c") == ["chart"]
    notebook.check()


def test_what_the_users_own_class_keeps_while_it_is_shown_is_a_change() -> None:
    make = "from some_library import Chart\nclass Own(Chart):\n    pass\nchart = Own(x=1)"
    notebook = Notebook(make, "chart", "print(len(chart._drawn))")
    assert notebook.all() == "abc"
    assert mutates(notebook, "b") == ["chart"]
    notebook.check()
