"""Changes in place (issue 6, points 2 and 4): who runs again, and that nothing else does.

Each case is a notebook of three cells: a makes a value, b changes it, c shows it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")

# name: [what a is, what b is, what b may be instead, what c is]
EVERY = {
    name: re.split(r"\n# (?:then|or|show)\n", text)
    for name, text in re.findall(
        r"^### ([^\n]*)\n```python\n(.*?)\n```$",
        (Path(__file__).parent / "cases" / "mutation.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
}


def notebook(case: str) -> Notebook:
    make, change, _, show = EVERY[case]
    nb = Notebook(make, change, show)
    assert nb.all() == "abc"
    nb.check()
    return nb


@pytest.mark.parametrize("case", EVERY)
def test_another_change_takes_the_place_of_the_first(case: str) -> None:
    nb = notebook(case)
    ran = nb.run("b", EVERY[case][2])
    nb.check()
    assert ran in ("bc", "abc")


@pytest.mark.parametrize("case", EVERY)
def test_without_the_change_the_value_is_as_it_was_made(case: str) -> None:
    nb = notebook(case)
    nb.edit("b", "y = 0")
    nb.all()
    nb.check()


@pytest.mark.parametrize("case", EVERY)
def test_a_deleted_change_is_taken_back(case: str) -> None:
    nb = notebook(case)
    nb.delete("b")
    nb.all()
    nb.check()


@pytest.mark.parametrize("case", EVERY)
def test_a_change_that_then_fails_leaves_no_trace(case: str) -> None:
    nb = notebook(case)
    ran = nb.run("b", EVERY[case][1] + "\n1 / 0")
    assert ran in ("b!", "ab!", "b!a", "ab!a"), "what can't be put back is made again"
    assert nb.fresh == "a"
    nb.delete("b")
    assert nb.run("c").removesuffix("!") == "c"
    nb.check()
    nb.engine.command("insert", {"cell_id": "b", "source": "1 / 0", "index": 1})
    nb.edit("b", EVERY[case][2])
    nb.all()
    nb.check()


@pytest.mark.parametrize("case", EVERY)
def test_running_the_change_by_hand_changes_once(case: str) -> None:
    nb = notebook(case)
    nb.run("b")
    nb.check()
    nb.run("b")
    nb.check()


@pytest.mark.parametrize("case", EVERY)
def test_what_stands_between_sees_the_value_before_the_change(case: str) -> None:
    nb = notebook(case)
    nb.insert(1, EVERY[case][3])
    nb.all()
    nb.check()
    nb.edit("d", "0\n" + EVERY[case][3])
    nb.all()
    nb.check()


@pytest.mark.parametrize("call", ["w.step()", "w.step();", "w.step()\nprint(1)", "w.advance()"])
def test_a_method_of_ones_own_class_counts_as_a_change_where_it_is_too_large_to_be_looked_at(call: str) -> None:
    make = (
        "class World:\n    def __init__(self):\n        self.d = {n: [n] for n in range(100_000)}\n"
        "    def step(self):\n        self.d[99_999].append(1)\n        return len(self.d[99_999])\n"
        "    advance = step\nw = World()"
    )
    nb = Notebook(make, call, "print(len(w.d[99_999]))")
    nb.all()
    nb.check()
    nb.run("b", f"w.step()\n{call}")
    nb.check()


def test_text_written_through_to_bytes_in_memory_changes_these() -> None:
    made = "import io\nraw = io.BytesIO()\ntext = io.TextIOWrapper(raw, write_through=True)"
    nb = Notebook(made, "text.write('ab')", "text.write('cd')", "print(raw.getvalue())")
    nb.all()
    nb.check()
    assert nb.run("b", "text.write('zz')") == "abcd"
    nb.check()
