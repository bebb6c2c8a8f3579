"""Notebooks as people write them (``notebooks/*.py``, percent format), edited with their own constants and lines.

The same judgement as for random ones, on outputs; and how much of each notebook an edit made run.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

from .driver import Factory
from .example import Document, Example, Op
from .session import Report, play

FOLDER = Path(__file__).parent / "notebooks"


def notebooks() -> list[Path]:
    """Return the notebooks' files."""
    return sorted(FOLDER.glob("*.py"))


def cells_of(path: Path) -> tuple[str, ...]:
    """Read a percent-format file."""
    parts = path.read_text(encoding="utf-8").split("# %%\n")
    return tuple(part.strip("\n") for part in parts if part.strip())


def edits(cells: tuple[str, ...], random: Random, count: int) -> tuple[Op, ...]:
    """Return ``count`` edits made of the notebook's own material, and undoings of them."""
    document = Document.of(cells)
    ops: list[Op] = []
    while len(ops) < count:
        op = _edit(document, random)
        if document.apply(op) is None:
            continue
        ops.append(op)
        if op[0] == "edit":  # tried out and taken back
            ops.append(("undo", op[1]))
            document.apply(ops[-1])
    return tuple(ops[:count])


def _edit(document: Document, random: Random) -> Op:
    position = random.randrange(len(document.ids))
    kind = random.choices(("tweak", "cut", "borrow", "undo"), (70, 10, 10, 10))[0]
    source = document.sources[document.ids[position]]
    if kind == "tweak":
        return ("tweak", position, random.randint(0, 9), random.choice((1, 1, 2)))
    if kind == "undo":
        return ("undo", position)
    if kind == "cut":
        lines = source.split("\n")
        at = random.randrange(len(lines))
        flat = all(line[:1].strip() for line in lines)
        return ("edit", position, "\n".join(lines[:at] + lines[at + 1 :])) if flat else ("tweak", position, 0, 1)
    other = document.sources[random.choice(document.ids)].split("\n")[-1]
    return ("edit", position, f"{source}\n{other}") if other[:1].strip() else ("tweak", position, 0, 1)


def example_of(path: Path, seed: int, count: int) -> Example:
    """Return a session on the notebook at ``path``."""
    cells = cells_of(path)
    return Example(cells, edits(cells, Random(f"{seed}/{path.stem}"), count), note=path.stem)


def play_notebook(path: Path, factory: Factory, seed: int, count: int) -> Report:
    """Play a session on a real notebook; ``ran`` leaves the first run of all out."""
    example = example_of(path, seed, count)
    first = play(example.but(ops=()), factory, names=False, patience=60)
    report = play(example, factory, names=False, patience=120)
    report.ran -= first.ran
    return report
