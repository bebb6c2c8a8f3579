"""Cell magics that the notebook, or a module of the user's, has itself: what they read is known when they have run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.driver import Kernel

FIRST = "unrelated, x, y, told = 1, 2, 3, 4"
REGISTER = "from IPython.core.magic import register_cell_magic\nfrom IPython import get_ipython\n"
AGAIN = "@register_cell_magic\ndef again(line, cell):\n    {}"
# the magic's body; what the cell reads
BODIES = {
    "runs it": ("get_ipython().run_cell(cell)", {"x"}),
    "executes it": ("exec(cell, get_ipython().user_ns)", {"x"}),
    "reads something itself": ("print(y)\n    get_ipython().run_cell(cell)", {"x", "y"}),
    "reads by a name in its text": (
        "print(get_ipython().user_ns['told'])\n    get_ipython().run_cell(cell)",
        {"x", "told"},
    ),
    "reads what the line names": (
        "print(get_ipython().user_ns.get(line))\n    get_ipython().run_cell(cell)",
        {"x", "y"},
    ),
    "looks at all": ("print(sorted(get_ipython().user_ns.items())[0])", {"unrelated", "x", "y", "told"}),
}
NAMES = {"unrelated", "x", "y", "told"}


def read(kernel: Kernel, cell: str) -> set[str]:
    """Names of the first cell that a cell reads."""
    edges = kernel.control("state")["edges"]
    return {name for edge in edges if edge["to"] == cell and edge["from"] == "A" for name in edge["names"]} & NAMES


@pytest.mark.parametrize("case", BODIES)
def test_what_a_magic_of_the_notebook_reads(kernel: Kernel, case: str) -> None:
    body, expected = BODIES[case]
    line = " y" if "line names" in case else ""
    kernel.cells(A=FIRST, B=REGISTER + AGAIN.format(body), C=f"%%again{line}\nz = x")
    assert read(kernel, "C") == expected


def test_what_depends_on_a_magics_text_follows(kernel: Kernel) -> None:
    kernel.cells(A=FIRST, B=REGISTER + AGAIN.format("get_ipython().run_cell(cell)"), C="%%again\nz = x", D="print(z)")
    ran = kernel.cell("A", FIRST.replace("2", "7"))
    assert [cell["cell_id"] for cell in ran.content["reactive"]["cells"]] == ["A", "C", "D"]
    assert ran.text("D") == "7\n"


def test_a_magic_of_a_module_of_the_users(kernel: Kernel, tmp_path: Path) -> None:
    (tmp_path / "own_magics_of_a_test.py").write_text(REGISTER + AGAIN.format("get_ipython().run_cell(cell)"))
    load = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport own_magics_of_a_test"
    kernel.cells(A=FIRST, B=load, C="%%again\nz = x")
    assert read(kernel, "C") == {"x"}


def test_a_magic_of_nobody_knows_whom_reads_all(kernel: Kernel) -> None:
    load = "from functools import partial\nget_ipython().register_magic_function(partial(print), 'cell', 'again')"
    kernel.cells(A=FIRST, B=load, C="%%again\nz = x")
    assert read(kernel, "C") == NAMES
