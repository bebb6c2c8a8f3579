"""What looking at values is spared, so that it comes to an end within its time; and what that time allows."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from reactive_kernel.kernel import figure_states
from reactive_kernel.kernel.changes import deadline
from reactive_kernel.kernel.engine import RunRequest
from reactive_kernel.kernel.survey import Survey
from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")

RING = """
class Part: pass
def ring():
    whole, part = Part(), Part()
    whole.parts, part.whole, whole.log = [part], whole, [0]
    return whole, part
whole, part = ring()
"""


def surveys(notebook: Notebook, cell: str) -> dict[str, Survey]:
    """What is noted of each input before a cell runs."""
    run = notebook.engine.begin(RunRequest(cell_id=cell, source=notebook.engine.session.cells[cell].source), "c")
    step = run.next()
    assert step is not None
    run.enter(step)
    watch = notebook.engine.executor.watch
    assert watch is not None
    return watch.surveys


def test_values_that_hold_each_other_are_looked_at_once() -> None:
    notebook = Notebook(RING, "whole, part", "part.whole.log.append(1)", "print(whole.log)")
    notebook.all()
    found = surveys(notebook, "b")
    assert found["whole"] is found["part"]
    assert id(notebook.namespace["whole"].log) in found["part"].states


def test_a_value_inside_another_is_looked_at_once_and_told_apart() -> None:
    notebook = Notebook("xs = [[1], [2]]\nlast = xs[1]", "last, xs", "last.append(3)", "print(xs, last)")
    notebook.all()
    found = surveys(notebook, "b")
    assert len(found["xs"].states) == 3
    assert len(found["last"].states) == 1


@pytest.mark.parametrize(
    "change", ["part.whole.log.append(1)", "whole.parts.append(2)", "part.x = 5", "whole.log = []"]
)
def test_a_change_of_one_of_a_ring_is_a_change_of_all(change: str) -> None:
    notebook = Notebook(RING, change, "print(whole.log, len(whole.parts))", "print(part.whole.log, vars(part).keys())")
    assert notebook.all() == "abcd"
    notebook.check()
    assert notebook.run("b", f"{change}\npart.y = 1") == "bcd"
    notebook.check()
    notebook.delete("b")
    assert notebook.all() == "cd"
    notebook.check()


def test_readers_of_parts_have_what_code_in_them_reads() -> None:
    notebook = Notebook("k = 1\ndef f(): return k", "d = {'f': f}", "e = [d, f]", "print(d['f'](), e[1]())", "k = 2")
    notebook.all()
    notebook.edit("a", "k = 5\ndef f(): return k + 1")
    notebook.all()
    notebook.check()


@pytest.mark.parametrize("source", ["ys = xs", "xs.append(1)", "print(xs)"])
def test_a_run_looks_again_at_no_cell_above_it(source: str) -> None:
    notebook = Notebook("xs = [[0]]", *["xs[0].append(1)", "len(xs)"] * 5, source, "xs")
    notebook.all()
    looked: list[str] = []
    session = notebook.engine.session
    refresh = session._refresh
    session._refresh = lambda cell: (looked.append(cell.id), refresh(cell))[1]  # type: ignore[method-assign]
    notebook.run("l", f"print(0)\n{source}")
    assert set(looked) <= {"l", "m"}


@pytest.fixture
def collected() -> Iterator[list[str]]:
    """The functions of ours in which garbage was collected, with a collection as often as possible."""
    found: list[str] = []

    def note(phase: str, info: Any) -> None:
        frame = sys._getframe(1)
        while frame is not None:
            if "reactive_kernel/kernel" in frame.f_code.co_filename.replace("\\", "/"):
                found.append(frame.f_code.co_name)
            frame = frame.f_back  # type: ignore[assignment]

    old = gc.get_threshold()
    gc.callbacks.append(note)
    gc.set_threshold(1)
    yield found
    gc.set_threshold(*old)
    gc.callbacks.remove(note)


def test_no_garbage_is_collected_while_values_are_looked_at(collected: list[str]) -> None:
    notebook = Notebook("rows = [[n] for n in range(99)]", "rows[5].append(1)", "print(rows[5])")
    notebook.all()
    assert collected, "the callback sees what the engine does otherwise"
    assert "survey" not in collected
    assert gc.isenabled()


def test_who_has_no_garbage_collected_keeps_it_so() -> None:
    try:
        Notebook("import gc\ngc.disable()", "rows = [1]", "rows.append(2)").all()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_axes_are_not_made_again_for_what_is_drawn_on_them() -> None:
    notebook = Notebook(
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt",
        "fig, ax = plt.subplots()",
        "line, = ax.plot([1, 2])",
        "title = ax.set_title('one')",
        "print(ax.get_title(), len(ax.lines), ax.get_ylim())",
        "fig.savefig('/dev/null', format='png')",
        "print(fig.axes[0].get_title(), fig.axes[0].get_xlim())",
    )
    notebook.all()
    notebook.check()
    assert notebook.run("c", "line, = ax.plot([1, 2, 5], [3, 4, 9])").startswith("cd")
    notebook.check()
    assert notebook.run("d", "title = ax.set_title('two')").startswith("de")
    notebook.check()
    notebook.delete("d")
    assert notebook.stale().startswith("e")
    notebook.check()
    assert notebook.namespace["ax"].get_title() == ""


def test_what_is_matplotlibs_own_is_collected_before_the_clock_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot  # noqa: F401

    known: dict[int, Any] = {}
    monkeypatch.setattr(figure_states, "_owned", known)
    deadline()
    assert known
