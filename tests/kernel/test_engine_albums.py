"""What was seen inside figures is kept from look to look, and a look that was cut off is gone on with."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from reactive_kernel.kernel.changes import BUDGET
from reactive_kernel.kernel.survey import Walk
from tests.kernel.inprocess import Notebook

IMPORT = "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt"
GRID = "fig, axes = plt.subplots(2, 2)"
TITLES = "print([a.get_title() for a in fig.axes], [len(a.lines) for a in fig.axes])"
CLOCKED = "albums changes executor survey suspicion staying equals parts".split()


@pytest.fixture
def slow_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a little whenever it is asked: a walk through four axes takes more than one look has."""
    ticks = count()
    for module in CLOCKED:
        name = f"reactive_kernel.kernel.{module}.thread_time"
        monkeypatch.setattr(name, lambda: next(ticks) * 0.00013, raising=False)


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many objects were walked to, look by look."""
    found: list[int] = []
    look = Walk._look_at

    def counted(self: Walk, level: list[Any]) -> list[Any]:
        before = self._count
        inside = look(self, level)
        found.append(self._count - before)
        return inside

    monkeypatch.setattr(Walk, "_look_at", counted)
    return found


@pytest.mark.usefixtures("slow_clock")
def test_what_is_too_large_for_one_look_is_known_after_some() -> None:
    notebook = Notebook(
        IMPORT, GRID, "print(len(fig.axes))", "print(fig.get_figwidth())", "axes[0, 1].set_title('q')", TITLES
    )
    assert notebook.all() == "abcdef"
    assert notebook.run("e", "axes[0, 1].set_title('r')") == "ef"
    assert notebook.run("e", "_ = axes[1, 1].plot([1, 2])") == "ef"
    notebook.check()


@pytest.mark.parametrize("looks", range(2, 12))
def test_what_the_way_to_a_cell_changed_is_looked_at_first(monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += step
        return now

    step = 0.0
    for module in CLOCKED:
        monkeypatch.setattr(f"reactive_kernel.kernel.{module}.thread_time", clock, raising=False)
    notebook = Notebook(
        f"{IMPORT}\nimport io", "x = [0, 1, 2]", "y = [0, 6, 12]", "fig, ax = plt.subplots()", "ax.plot(x, y)",
        "other = ax.twinx()", "other.plot(x, [8, 20, 90])", "ax.set_ylabel('q')", "other.set_ylim(0, 6)",
        "other.axhline(9)", "fig.savefig(io.BytesIO())",
    )  # fmt: skip
    notebook.all()
    step = BUDGET / looks  # the time is up after so many looks at the clock
    notebook.insert(7, "fig.savefig(io.BytesIO())")  # which moves the labels of the axes
    notebook.all()
    notebook.check()


@pytest.mark.usefixtures("no_hurry")
def test_what_is_known_is_not_walked_through_anew(walked: list[int]) -> None:
    notebook = Notebook(IMPORT, GRID, "axes[0, 1].set_title('q')", "_ = axes[1, 0].plot([1, 2])", TITLES)
    assert notebook.all() == "abcde"
    assert sum(walked) > 500
    walked.clear()
    assert notebook.run("d", "_ = axes[1, 0].plot([1, 2, 4])") == "de"
    assert 0 < sum(walked) < 200
    notebook.check()


CHANGES = [
    "ax.clear()",
    "ax.legend(['a'])",
    "other = ax.twinx()\n_ = other.plot([3])",
    "line.remove()\nline, = ax.plot([7, 8])",
    "ax.own = [line]",
    "ax.own = [*getattr(ax, 'own', []), fig.add_axes((0, 0, 1, 1))]\nax.own.append(ax)",
    "def told(axes):\n    line.set_label(f'moved {len(axes.lines)}')\nn = ax.callbacks.connect('ylim_changed', told)",
    "fig.clear()\nax = fig.add_subplot()\nline, = ax.plot([1, 5])",
]
LOOK = """
fig.canvas.draw()
print([(a.get_title(), a.get_ylim(), getattr(a, 'own', None) and len(a.own)) for a in fig.axes])
print([(l.get_label(), [float(y) for y in l.get_ydata()]) for a in fig.axes for l in a.lines], line.get_label())
"""


@pytest.mark.usefixtures("no_hurry")
@pytest.mark.parametrize(("first", "second"), [*zip(CHANGES, CHANGES[1:] + CHANGES[:1], strict=True)])
def test_what_is_kept_follows_what_cells_do(first: str, second: str) -> None:
    notebook = Notebook(
        IMPORT, "fig, ax = plt.subplots()", "line, = ax.plot([1, 2])", first, "_ = ax.set_ylim(0, 5)", second, LOOK
    )
    notebook.all()
    notebook.check()
    for cell, source in (("d", "_ = ax.set_title('t')"), ("f", "_ = ax.set_title('u')"), ("d", first), ("f", second)):
        notebook.run(cell, source)
        notebook.check()


@pytest.mark.usefixtures("no_hurry")
def test_figures_do_not_share_what_options_were_set_to() -> None:
    style = "plt.rcParams['axes.formatter.limits'] = [-4, 5]\nplt.rcParams['font.serif'] = ['DejaVu Serif']"
    notebook = Notebook(
        IMPORT, style, "one, a = plt.subplots()", "two, b = plt.subplots()", "b.set_title('t')", "print(a.get_title())"
    )
    assert notebook.all() == "abcdef"
    given = notebook.engine.session.cells
    both = [frozenset().union(*given[cell].ran.reach.values()) for cell in "cd"]  # type: ignore[union-attr]
    notebook.run("b", "plt.rcdefaults()")
    assert both[0].isdisjoint(both[1])
