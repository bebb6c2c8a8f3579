"""Compares the analysis with CPython's own reading (``bytecode.py``) on generated cells and on the standard library."""

from __future__ import annotations

import ast
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from .blocks import generate
from .bytecode import Compiled, differences

SEED = 20_261_122


def _blocks_of(path: Path, rng: random.Random) -> Iterator[str]:
    """Yield groups of one to twelve top-level statements of a file, as cells."""
    try:
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
    except (UnicodeDecodeError, SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = source.split("\n")
    at = 0
    while at < len(tree.body):
        group = tree.body[at : at + rng.choice((1, 1, 2, 3, 5, 12))]
        at += len(group)
        first = min([group[0].lineno, *(item.lineno for item in getattr(group[0], "decorator_list", []))])
        last = group[-1].end_lineno or first
        if last - first < 400:
            yield "\n".join(lines[first - 1 : last])


def _report(found: list[tuple[str, list[str]]]) -> str:
    shown = "\n\n".join(f"{source[:1500]}\n=> {'; '.join(problems)}" for source, problems in found[:5])
    return f"{len(found)} blocks differ\n{shown}"


pytestmark = pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")


@pytest.mark.parametrize("part", range(4))
def test_generated_blocks(part: int) -> None:
    rng = random.Random(SEED + part)
    blocks = [generate(rng) for _ in range(700)]
    found = [(block, problems) for block in blocks if (problems := differences(block))]
    assert not found, _report(found)


def test_generated_blocks_are_of_many_kinds() -> None:
    rng = random.Random(SEED)
    kinds = {type(node).__name__ for _ in range(1500) for node in ast.walk(ast.parse(generate(rng)))}
    wanted = (
        "FunctionDef AsyncFunctionDef ClassDef Lambda ListComp DictComp GeneratorExp NamedExpr Match Try With For While"
        " Delete Global Nonlocal Import ImportFrom AugAssign AnnAssign JoinedStr Starred IfExp BoolOp Raise"
    )
    assert set(wanted.split()) <= kinds


@pytest.mark.parametrize("part", range(4))
def test_standard_library(part: int) -> None:
    root = Path(sysconfig.get_paths()["stdlib"])
    files = sorted(path for path in root.rglob("*.py") if not {"site-packages", "lib2to3"} & set(path.parts))
    rng = random.Random(SEED + part)
    files = rng.sample(files, min(110, len(files)))
    found: list[tuple[str, list[str]]] = []
    count = 0
    for path in files:
        for block in _blocks_of(path, rng):
            count += 1
            if problems := differences(block):
                found.append((f"# {path.name}\n{block}", problems))
    assert count > 300
    assert not found, _report(found)


def test_the_comparison_sees() -> None:
    """A known gap of the simple reading is reported: the oracle isn't blind."""
    compiled = Compiled("x = y\ndef f():\n    return k\n")
    assert compiled.loads == {"y"}
    assert compiled.stores == {"x", "f"}
    assert compiled.inner_loads == {"k"}
