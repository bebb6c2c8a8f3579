"""Objects that can't be copied pass from cell to cell; odd namespaces disturb nothing."""

from __future__ import annotations

import gc
import re
import sys
from pathlib import Path

import pytest

from tests.kernel.inprocess import Notebook, settled

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


# name: cells; each of them run again shows what a clean run shows
PASSING = {
    name: text.split("\n# then\n")
    for name, text in re.findall(
        r"^### ([^\n]*)\n```python\n(.*?)\n```$",
        (Path(__file__).parent / "cases" / "passing.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
}


@pytest.mark.parametrize("case", PASSING)
def test_objects_pass_from_cell_to_cell(case: str, tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("one\ntwo\nthree\n")
    nb = settled(*(source.replace("PATH", repr(str(path))) for source in PASSING[case]))
    for cell in "abcde"[: len(PASSING[case])]:
        nb.run(cell)
        nb.check()


@pytest.mark.parametrize(
    "case", [case for case in PASSING if case != "lock"]
)  # releasing it twice is an error anywhere
def test_readers_run_again_on_what_a_clean_run_has(case: str, tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("one\ntwo\nthree\n")
    sources = [source.replace("PATH", repr(str(path))) for source in PASSING[case]]
    nb = settled(*sources)
    for cell, source in reversed(list(zip("abcde", sources, strict=False))):
        nb.run(cell, "0\n" + source)
        nb.check()


def test_an_object_whose_del_raises_or_binds_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "unraisablehook", lambda what: None)  # what `__del__` raises is nobody's fault here
    nb = settled(
        "class D:\n    def __del__(self):\n        global left\n        left = 1\n        1 / 0\nd = D()",
        "x = 1",
        "print(x)",
    )
    nb.run("a", "d = 0")
    gc.collect()
    assert nb.run("b", "x = 2") == "bc"
    assert nb.text("c") == "2"
    del nb
    gc.collect()


def test_names_that_hide_builtins_do_not_disturb_the_kernel() -> None:
    names = "list dict set tuple type isinstance len id getattr hasattr sorted map all any zip iter object repr".split()
    nb = Notebook(*(f"{name} = None" for name in names), "x = [1]")
    nb.all()
    assert nb.fresh == "".join(c.id for c in nb.engine.session.document)


def test_modules_made_useless_do_not_disturb_the_kernel() -> None:
    nb = Notebook("import types\nm = types.ModuleType('m')\nm.__dict__.clear()", "print(type(m).__name__)")
    assert nb.all() == "ab"


def test_a_cell_that_exits() -> None:
    nb = Notebook("x = 1", "try:\n    raise SystemExit(0)\nexcept SystemExit:\n    x = 2", "print(x)")
    assert nb.all() == "abc"
    nb.check()


def test_a_cell_that_clears_the_namespace() -> None:
    nb = Notebook(
        "x = 1; y = 2",
        "for n in list(globals()):\n    if not n.startswith('__'): del globals()[n]",
        "print('x' in globals())",
    )
    nb.all()
    nb.check()


def test_a_partial_of_a_partial_is_flat_as_in_a_clean_run() -> None:
    nb = settled("from functools import partial", "p = partial(max, 1)", "q = partial(p, 2)", "print(q)")
    assert nb.text("d") == "functools.partial(<built-in function max>, 1, 2)"


def test_small_things_that_the_text_names_are_looked_at_whatever_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reactive_kernel.kernel.changes.BUDGET", 0.0)
    nb = Notebook("rows = [1]", "print(rows)", "globals()['rows'].append(2)\ndel rows", "x = 1")
    nb.all()
    nb.run("b")
    nb.all()
    nb.check()


@pytest.mark.parametrize("change", ["d.move_to_end('a')", "d.mark = 3", "d['c'] = 4", "d.clear()", "d['a'].append(5)"])
def test_an_ordered_dict_is_put_back_with_its_order_and_attributes(change: str) -> None:
    notebook = Notebook(
        "from collections import OrderedDict\nd = OrderedDict(a=[1], b=2)", change, "print(d, vars(d))", "print(d)"
    )
    assert notebook.all() == "abcd"
    assert notebook.engine.command("state", {})["cells"][1]["mutates"] == ["d"]
    notebook.check()
    notebook.edit("b", "d['b'] = 3")
    assert notebook.all() == "bcd"
    notebook.check()
    notebook.edit("b", "1")
    notebook.all()
    notebook.check()
