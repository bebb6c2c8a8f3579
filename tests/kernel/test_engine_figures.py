"""Figures and axes, passed from cell to cell: what is put back, and what of them only remembers."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")

IMPORT = "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt"
AXES = "fig, ax = plt.subplots()"
PLOT = "line, = ax.plot([1, 2, 3], label='a')"
LOOK = """
def look(ax):
    ax.figure.canvas.draw()
    lines = [([float(y) for y in l.get_ydata()], l.get_color(), l.get_label()) for l in ax.lines]
    texts = [t.get_text() for t in (*ax.texts, *ax.get_xticklabels(), ax.title, ax.xaxis.label)]
    print(lines, texts, ax.get_xlim(), ax.get_ylim(), len(ax.patches), ax.get_position().bounds)
    print(ax.transData.transform((1, 2)).round(6), [len(p) for p in ax.figure.canvas.callbacks.callbacks.values()])
look(ax)
"""

CHANGES = [
    "line.set_ydata([3, {}, 1])",
    "_ = ax.set_title('t{}')",
    "_ = ax.set_xlim(0, {})",
    "_ = ax.bar([1, 2], [{}, 2])",
    "_ = ax.legend(['n{}'])",
    "_ = ax.axhline({})",
    "fig.tight_layout()\n_ = ax.set_xlabel('x{}')",
    "fig.set_size_inches({}, 4)",
    "ax.set_yscale('log')\n_ = ax.text(1, {}, 'here')",
    "other = ax.twinx()\n_ = other.plot([{}, 2])",
    "_ = ax.callbacks.connect('xlim_changed', lambda axes: axes.set_title('moved {}'))",
    "ax.clear()\n_ = ax.plot([{}])",
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_figure_is_put_back(change: str) -> None:
    move = "_ = ax.set_xlim(-1, 9)"
    notebook = Notebook(IMPORT, AXES, PLOT, change.format(7), move, "fig.tight_layout()", LOOK)
    assert notebook.all() == "abcdefg"
    notebook.check()
    assert notebook.run("d", change.format(5)) in ("defg", "dg")
    notebook.check()
    cell = notebook.insert(3, "_ = ax.plot([2, 1], label='b')")
    notebook.run(cell)
    notebook.check()
    notebook.delete("d")
    notebook.all()
    notebook.check()
    assert notebook.log.count("b") == 1


def test_transforms_still_hear_of_changes_once_they_were_put_back() -> None:
    notebook = Notebook(IMPORT, AXES, PLOT, "1", "fig.tight_layout()", "print(ax.get_position().bounds)")
    assert notebook.all() == "abcdef"
    notebook.check()
    assert notebook.run("d", "_ = ax.axhline(9)") == "def"
    notebook.check()


def test_a_register_of_callbacks_is_a_part_of_its_own() -> None:
    notebook = Notebook(
        IMPORT,
        AXES,
        "told = []\nnumber = ax.callbacks.connect('ylim_changed', lambda axes: told.append(len(told)))",
        "_ = ax.set_ylim(0, 5)\nprint(told)",
        "ax.callbacks.disconnect(number)",
        "_ = ax.set_ylim(0, 7)\nprint(told, number)",
    )
    assert notebook.all() == "abcdef"
    notebook.check()
    notebook.run("e", "again = ax.callbacks.connect('ylim_changed', lambda axes: told.append('x'))")
    notebook.check()
    notebook.run("d", "_ = ax.set_ylim(0, 6)\nprint(told)")
    notebook.check()
    notebook.delete("e")
    notebook.all()
    notebook.check()


def test_a_grid_of_axes_is_seen_whole() -> None:
    notebook = Notebook(
        IMPORT, "fig, axes = plt.subplots(2, 2)", "_ = axes[0, 1].set_title('q')", "print(len(fig.axes))"
    )
    assert notebook.all() == "abcd"
    assert notebook.run("c", "_ = axes[0, 1].set_title('r')") == "cd"
    assert notebook.log.count("b") == 1


TICKS = """
def look(fig):
    fig.canvas.draw()
    for ax in fig.axes:
        labels = [*ax.get_xticklabels(), *ax.get_yticklabels()]
        print([(l.get_rotation(), l.get_fontsize(), l.get_visible(), l.get_color(), l.get_ha()) for l in labels])
        print([(t.tick1line.get_markersize(), t.gridline.get_visible()) for t in ax.xaxis.majorTicks])
"""
TICK_CHANGES = {
    "angle": "ax.tick_params(axis='x', rotation={})",
    "size": "ax.tick_params(labelsize={}, length={})",
    "labels": "plt.setp(ax.get_xticklabels(), rotation={}, ha='right')",
    "each label": "for label in ax.get_xticklabels():\n    label.set_rotation({})",
    "one label": "ax.get_xticklabels()[0].set_fontsize({})",
    "dates": "fig.autofmt_xdate(rotation={})",
    "other side": "ax.xaxis.tick_top()\nax.tick_params(pad={})",
    "grid": "ax.grid(True, lw={})",
}


@pytest.mark.parametrize("between", ["1", "look(fig)"], ids=["not drawn", "drawn"])
@pytest.mark.parametrize("change", TICK_CHANGES.values(), ids=TICK_CHANGES)
def test_how_ticks_look_is_put_back(change: str, between: str) -> None:
    notebook = Notebook(IMPORT + TICKS, f"{AXES}\n{PLOT}", between, change.format(7, 7), "look(fig)")
    assert notebook.all() == "abcde"
    notebook.check()
    assert "de" in notebook.run("d", change.format(9, 9))
    notebook.check()
    notebook.run("c", f"{between}\n2")
    notebook.check()
    notebook.delete("d")
    notebook.all()
    notebook.check()


def test_drawing_again_and_moving_ticks_is_no_change_of_how_they_look() -> None:
    notebook = Notebook(
        IMPORT + TICKS, f"{AXES}\n{PLOT}", "look(fig)", "fig.canvas.draw()\nax.get_xticks()", "look(fig)"
    )
    assert notebook.all() == "abcde"
    notebook.check()
    assert notebook.run("d", "fig.canvas.draw()") == "d"
    notebook.check()
