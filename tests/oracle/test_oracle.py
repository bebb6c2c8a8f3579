"""The oracle itself: it is quiet about what is right, sees what is wrong, and makes failing examples small."""

from __future__ import annotations

from random import Random

import pytest

from .canon import namespace_form
from .clean import clean_run
from .example import Document, Example, tweak
from .execute import execute, new_namespace
from .grammar import Grammar, from_seed
from .reference import ENGINES
from .session import play
from .shrink import shrink


def forms(source: str) -> dict[str, object]:
    namespace = new_namespace()
    assert execute(source, namespace).error is None
    return dict(namespace_form(namespace))


SHARED_OR_NOT = [
    ("xs = [1]\nys = xs", "xs = [1]\nys = [1]"),
    ("xs = [1]\nd = {'k': xs}", "xs = [1]\nd = {'k': [1]}"),
    ("xs = []\ndef f(x, acc=xs): return acc", "xs = []\ndef f(x, acc=[]): return acc"),
    ("import numpy as np\nv = np.arange(3)\nw = v[1:]", "import numpy as np\nv = np.arange(3)\nw = v[1:].copy()"),
    ("class C: pass\nobj = C()", "class C: pass\nobj = C()\nclass C: pass"),
]


@pytest.mark.parametrize(("one", "other"), SHARED_OR_NOT)
def test_sharing_is_seen(one: str, other: str) -> None:
    assert forms(one) == forms(one)
    assert forms(one) != forms(other)


DIFFERENT = [
    ("a = 1", "a = 1.0"),
    ("xs = [1, 2]", "xs = [2, 1]"),
    ("def f(x): return x + 1", "def f(x): return x + 2"),
    ("def f(x, k=1): return k", "def f(x, k=2): return k"),
    ("make = lambda k: lambda: k\nf = make(1)", "make = lambda k: lambda: k\nf = make(2)"),
    ("class C:\n    rate = 1", "class C:\n    rate = 2"),
    ("it = iter([1, 2])", "it = iter([1, 2])\nnext(it)"),
    ("g = (q for q in [1, 2])", "g = (q for q in [1, 2])\nnext(g)"),
    ("import numpy as np\nv = np.zeros(2)", "import numpy as np\nv = np.zeros(2)\nv[0] = 1"),
    ("import pandas as p\nd = p.DataFrame({'x': [1]})", "import pandas as p\nd = p.DataFrame({'x': [1]}, index=[5])"),
    ("import random\nr = random.Random(1)", "import random\nr = random.Random(1)\nr.random()"),
    ("import io\nb = io.StringIO()", "import io\nb = io.StringIO()\nb.write('x')\ndel b\nb = io.StringIO('y')"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_values_are_told_apart(one: str, other: str) -> None:
    assert forms(one) == forms(one)
    assert forms(one) != forms(other)


def test_a_clean_run_leaves_no_trace_of_a_failing_cell() -> None:
    cells = (("1", "xs = [1]"), ("2", "xs.append(2)\n1 / 0"), ("3", "print(xs)"))
    clean = clean_run(cells)
    assert clean.failed == {"2"}
    assert clean.shown["2"].error == "ZeroDivisionError: division by zero"
    assert clean.shown["3"].text == "[1]\n"


def test_a_clean_run_puts_what_is_needed_from_below_first() -> None:
    cells = (("1", "x = 1"), ("2", "print(f(2))"), ("3", "x = 5"), ("4", "def f(q): return q * x"), ("5", "print(x)"))
    x, f = frozenset("x"), frozenset("f")
    edges = frozenset({("4", "2", f), ("1", "2", x), ("3", "5", x)})
    clean = clean_run(cells, edges=edges)
    assert [str(clean.shown[i]) for i in "25"] == ["2\n", "5\n"]
    assert not clean.murky


def test_a_forward_reference_that_changes_its_target_is_not_judged() -> None:
    cells = (("1", "xs.append(1)"), ("2", "xs = []"))
    assert clean_run(cells, edges=frozenset({("2", "1", frozenset({"xs"}))})).murky


def test_examples_are_plain_data() -> None:
    for number in range(20):
        example = from_seed(3, number)
        assert Example.from_json(example.to_json()) == example
        assert from_seed(3, number) == example


def test_a_cell_that_would_go_on_for_ever_is_not_written() -> None:
    class Endless(Grammar):
        seconds = 0.2

        def draft(self) -> str:
            return "xs = []" if not self.written else "xs.append(1)\nwhile True:\n    pass"

    grammar = Endless(Random(1))
    assert [grammar.cell(), grammar.cell()] == ["xs = []", 'print("end")']
    assert grammar.namespace["xs"] == []


def test_positions_are_modulo_the_length() -> None:
    document = Document.of(("a = 1", "b = 2"))
    assert document.apply(("delete", 7)) is not None
    assert document.ids == ["c0"]
    change = document.apply(("insert", 3, "c = 3"))
    assert change is not None
    assert change.index == 1
    document.apply(("delete", 0))
    document.apply(("delete", 0))
    assert document.apply(("run", 4)) is None


def test_tweak_changes_one_number() -> None:
    assert tweak("a = 1 + 22", 1, 5) == "a = 1 + 27"
    assert tweak("a = 2.5", 0, 1) == "a = 2.6"
    assert tweak("a = b", 0, 1) is None


def test_running_everything_shows_no_difference() -> None:
    for number in range(60):
        assert play(from_seed(1, number), ENGINES["run everything"]).differences == []


@pytest.mark.parametrize("name", ["ghosts", "plain kernel"])
def test_wrong_engines_are_seen_and_the_example_made_small(name: str) -> None:
    def fails(example: Example) -> bool:
        return bool(play(example, ENGINES[name]).differences)

    found = next(example for number in range(200) if fails(example := from_seed(2, number)))
    small = shrink(found, fails, seconds=5)
    assert fails(small)
    assert len(small.cells) + len(small.ops) < len(found.cells) + len(found.ops)
