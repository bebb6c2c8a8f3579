"""Notebooks of a kind each, in which every cell in turn is emptied, fails, is run again and changed.

The notebooks are in kinds.txt: a heading ``== name``, then the cells, divided by ``--``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from reactive_kernel.kernel.engine import Engine
from tests.oracle.example import Example, Op
from tests.oracle.session import play

UNNAMED = ("lru", "lru2")  # how full a cache is, is compared only where a cell shows it


def read_notebooks() -> dict[str, list[str]]:
    """The notebooks by name."""
    found = {}
    text = (Path(__file__).parent / "kinds.txt").read_text()
    for part in text.removeprefix("== ").split("\n== "):
        name, _, cells = part.partition("\n")
        found[name] = [cell.strip("\n") for cell in cells.split("\n--\n")]
    return found


NOTEBOOKS = read_notebooks()


def perturbed(cells: list[str], at: int) -> tuple[Op, ...]:
    """What is done to one cell; in the end it is what it was."""
    return (
        ("edit", at, "pass"),
        ("undo", at),
        ("edit", at, cells[at] + "\n1 / 0"),
        ("undo", at),
        ("run", at),
        ("tweak", at, 0, 1),
        ("undo", at),
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_cell_in_turn(name: str) -> None:
    cells = NOTEBOOKS[name]
    assert len(cells) > 2
    for at in range(len(cells)):
        report = play(Example(tuple(cells), perturbed(cells, at)), Engine, names=name not in UNNAMED)
        assert not report.differences, f"cell {at}: {report.differences[0]}"
