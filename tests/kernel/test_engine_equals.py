"""A value made again that is, object by object, what it was: the old one stays, and nothing below runs."""

from __future__ import annotations

import pytest

from tests.kernel.driver import Kernel
from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")

NUMPY = "import numpy as np\n"
PANDAS = "import pandas as pd\n"
POLARS = "import polars as pl\n"
FRAME = PANDAS + "x = pd.DataFrame({'a': [1.5, 2.0, None], 'b': ['p', 'q', 'r']}, index=pd.Index([3, 1, 2], name='i'))"
POINT = "class P:\n    def __init__(self, at):\n        self.at = at"


def settled(*sources: str) -> Notebook:
    nb = Notebook(*sources)
    nb.all()
    return nb


SAME = {
    "list": "x = [1, 'a', [2.5, None]]",
    "dict": "x = {'a': [1], 'b': {2: (3, [])}}",
    "set": "x = {1, 2, 3}",
    "deque": "from collections import deque\nx = deque([1, [2]], maxlen=5)",
    "defaultdict": "from collections import defaultdict\nx = defaultdict(list, a=[1])",
    "counter": "from collections import Counter\nx = Counter('abca')",
    "ordered": "from collections import OrderedDict\nx = OrderedDict(a=1, b=[2])",
    "two names for one object": "x = y = [1]",
    "an object in two places": "y = [1]\nx = [y, y, {'k': y}]",
    "an object in itself": "x = [1]\nx.append(x)",
    "array": NUMPY + "x = np.linspace(0, 1, 50)",
    "view": NUMPY + "x = np.arange(12).reshape(3, 4)[1:]",
    "nan": NUMPY + "x = np.array([1.0, np.nan])",
    "frame": FRAME,
    "series": PANDAS + "x = pd.Series([1, 2], name='s')",
    "categories": PANDAS + "x = pd.Series(['a', 'b', 'a'], dtype='category')",
    "times": PANDAS + "x = pd.DataFrame({'t': pd.date_range('2020-01-01', periods=3)})",
    "polars": POLARS + "x = pl.DataFrame({'a': [1.5, None, -0.0], 'b': ['p', None, 'r'], 'c': [1, 2, 3]})",
    "polars series": POLARS + "x = pl.Series('s', [True, None])",
    "namespace": "from types import SimpleNamespace\nx = SimpleNamespace(a=[1])",
    "bytearray": "x = bytearray(b'ab')",
    "numpy's generator": NUMPY + "x = np.random.default_rng(3)",
    "numpy's old generator": NUMPY + "x = np.random.RandomState(3)",
    "Python's generator": "import random\nx = random.Random(3)",
    "an estimator": "from sklearn.linear_model import LinearRegression\nx = LinearRegression()",
    "a pipeline": (
        "from sklearn.pipeline import make_pipeline\nfrom sklearn.linear_model import Ridge\n"
        "from sklearn.preprocessing import StandardScaler\nx = make_pipeline(StandardScaler(), Ridge(2))"
    ),
    "an estimator fitted": (
        f"{NUMPY}from sklearn.linear_model import LinearRegression\n"
        "x = LinearRegression().fit(np.arange(6.0).reshape(3, 2), np.arange(3))"
    ),
    "texts in an array": NUMPY + "x = np.array(['a', None, 'b'], dtype=object)",
}


EQUAL = {
    "tuple": ("x = tuple([1, n])", "x = tuple([1, n]) + ()"),
    "text": ("x = 'ab' * n", "x = 'a' + 'b' + 'ab' * (n - 1)"),
    "number": ("x = 10.0**n", "x = 1e3"),
    "frozen set": ("x = frozenset([n])", "x = frozenset([3])"),
    "date": ("import datetime\nx = datetime.date(2020, 1, n)", "import datetime\nx = datetime.date(2020, 1, 3)"),
    "two names": ("x = y = (n, 1)", "y = (n, 1)\nx = y"),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_an_equal_value_that_cannot_change_is_the_object_that_readers_have(one: str, other: str) -> None:
    nb = settled("n = 3", one, "z = x\nzs = [x]")
    for text in (one, other):
        assert nb.run("b", text) == "b"
        assert nb.run(nb.insert(3, "print(z is x, zs[0] is x)")) in "defg"
        nb.check()


def test_an_equal_value_that_is_two_objects_now_is_not_one() -> None:
    nb = settled("n = 3", "x = y = (n, 1)", "z = x")
    assert nb.run("b", "x, y = (n, 1), (n, 1)") == "b"
    assert nb.run(nb.insert(3, "print(x is y)")) == "d"
    nb.check()


@pytest.mark.parametrize("make", SAME.values(), ids=SAME)
def test_run_again_by_hand_nothing_below_runs(make: str) -> None:
    nb = settled(make, "z = x", "print(z)")
    before = nb.namespace["x"]
    assert nb.run("a") == "a"
    assert nb.namespace["x"] is before
    assert nb.run("a") == "a"
    assert nb.run("a", f"{make}\nmore = 1") == "a"
    nb.check()


def test_what_cells_below_changed_stays_changed() -> None:
    nb = settled("rows = [1]\nd = {'r': rows}", "rows.append(2)", "print(rows, d)")
    assert nb.run("a") == "a"
    assert nb.text("c") == "[1, 2] {'r': [1, 2]}"
    nb.check()
    assert nb.run("b", "rows.append(3)") == "bc"
    nb.check()


def test_an_instance_of_another_cells_class() -> None:
    nb = settled(POINT, "p = P([1, 2])\nq = P(p.at)", "print(p.at is q.at)")
    assert nb.run("b") == "b"
    assert nb.run("b", "p = P([1, 2])\nq = P(list(p.at))") == "bc"
    assert nb.text("c") == "False"
    nb.check()


def test_only_the_names_that_differ_count() -> None:
    nb = settled("x = [1]\ny = [2]\nn = 3", "print(x)", "print(y)", "print(n)")
    assert nb.run("a", "x = [1]\ny = [5]\nn = 3") == "ac"
    assert nb.run("a", "x = [1]\ny = [5]\nn = 4") == "ad"
    nb.check()


def test_a_function_beside_a_list_stays_too() -> None:
    nb = settled("x = [1]\ndef f(): return 2", "print(f())", "print(x)")
    assert nb.run("a") == "a"
    assert nb.run("a", "x = [7]\ndef f(): return 2")[:1] == "a"
    nb.check()


BESIDE = {
    "a function": ("def f(x): return x + 1", "def g(x): return x", "def g(x): return x * 2"),
    "a class": ("class f:\n    def __repr__(self): return super().__repr__()[:3]", "g = abs", "g = len"),
    "a decorated one beside": ("def f(x): return x", "g = (lambda q: q)(1)", "g = (lambda q: q)(2)"),
}


@pytest.mark.parametrize(("stays", "one", "other"), BESIDE.values(), ids=BESIDE)
def test_a_function_or_class_stays_beside_what_is_edited(stays: str, one: str, other: str) -> None:
    nb = settled(f"{stays}\n{one}", "print(f)", "print(g)", "h = f", "print(h is f)")
    before = nb.namespace["f"]
    assert nb.run("a", f"{stays}\n{other}") == "ac"
    assert nb.namespace["f"] is before
    nb.check()
    assert nb.run("a", f"{stays.replace('return ', 'return 1, ')}\n{other}") == "abde"
    nb.check()


@pytest.mark.parametrize("part", ["__name__", "__doc__", "__qualname__"])
def test_a_function_of_another_name_or_docstring_is_another(part: str) -> None:
    nb = settled(f"def f(x): return x\nf.{part} = 'one'", f"print(f.{part})")
    assert nb.run("a", f"def f(x): return x\nf.{part} = 'two'") == "ab"
    nb.check()


FUNCTION = "def f(x): return x + 1\n"
HOLDING = {
    "a list": (FUNCTION + "t = [f]\nn = 1", FUNCTION + "t = [f]\nn = 2"),
    "another name": (FUNCTION + "t = [1]\ng = f", FUNCTION + "t = [1]\ndef g(x): return x + 1"),
    "another name that goes": (FUNCTION + "t = [1]\ndef g(x): return x + 1", FUNCTION + "t = [1]\ng = f"),
    "an instance": ("class f: pass\nt = [f()]\nn = 1", "class f: pass\nt = [f()]\nn = 2"),
    "a subclass": ("class f: pass\nclass g(f): pass\nt = [g]", "class f: pass\nclass g(f): x = 1\nt = [g]"),
}


@pytest.mark.parametrize(("one", "other"), HOLDING.values(), ids=HOLDING)
def test_a_function_or_class_that_others_hold_is_theirs(one: str, other: str) -> None:
    nb = settled(one, "print([t[0] is f, type(t[0]) is f, issubclass(globals().get('g', f), f)] if isinstance(f, type)"
                 " else [t[0] is f, globals().get('g') is f])", "h = f", "print(h is f)")  # fmt: skip
    nb.run("a", other)
    nb.check()
    nb.run("a", one)
    nb.check()


DIFFERENT = {
    "an item": ("x = [1, 2]", "x = [1, 3]"),
    "a type": ("x = [1]", "x = [True]"),
    "a sign": ("x = [0.0]", "x = [-0.0]"),
    "a sign in an array": (NUMPY + "x = np.array([0.0])", NUMPY + "x = np.array([-0.0])"),
    "a sign in a frame": (PANDAS + "x = pd.DataFrame({'a': [0.0]})", PANDAS + "x = pd.DataFrame({'a': [-0.0]})"),
    "a sign in a polars frame": (POLARS + "x = pl.DataFrame({'a': [0.0]})", POLARS + "x = pl.DataFrame({'a': [-0.0]})"),
    "a null in a polars frame": (POLARS + "x = pl.DataFrame({'a': [1]})", POLARS + "x = pl.DataFrame({'a': [None]})"),
    "a type in a polars frame": (
        POLARS + "x = pl.DataFrame({'a': [1]})",
        POLARS + "x = pl.DataFrame({'a': [1]}, schema={'a': pl.Int8})",
    ),
    "the order of a dict": ("x = {1: 1, 2: 2}", "x = {2: 2, 1: 1}"),
    "sharing": ("y = [1]\nx = [y, y]", "y = [1]\nx = [y, [1]]"),
    "sharing that goes": ("y = [1]\nx = [y, [1]]", "y = [1]\nx = [y, y]"),
    "a dtype": (NUMPY + "x = np.array([1, 2])", NUMPY + "x = np.array([1, 2], dtype='int32')"),
    "writeable": (NUMPY + "x = np.array([1])", NUMPY + "x = np.array([1])\nx.flags.writeable = False"),
    "a label": (FRAME, FRAME.replace("[3, 1, 2]", "[3, 1, 4]")),
    "the name of an index": (FRAME, FRAME.replace("'i'", "'k'")),
    "a column": (FRAME, FRAME.replace("'b'", "'c'")),
    "attributes of a frame": (FRAME, FRAME + "\nx.attrs['k'] = 1"),
    "an attribute given to a frame": (FRAME + "\nx.note = 1", FRAME + "\nx.note = 2"),
    "the flag of a frame": (FRAME, FRAME + "\nx.flags.allows_duplicate_labels = False"),
    "the order of a counter": (
        "from collections import Counter\nx = Counter('ab')",
        "from collections import Counter\nx = Counter('ba')",
    ),
    "an attribute of a counter": (
        "from collections import Counter\nx = Counter('ab')",
        "from collections import Counter\nx = Counter('ab')\nx.k = 1",
    ),
    "the length of a deque": (
        "from collections import deque\nx = deque([1])",
        "from collections import deque\nx = deque([1], maxlen=3)",
    ),
    "an alias of what is above": ("x = w", "x = [9]"),
    "no alias of what is above": ("x = [9]", "x = w"),
}


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_differs_runs_what_is_below(one: str, other: str) -> None:
    nb = settled("w = [9]", one, "print(x)", "z = x", "print(z is w)")
    assert nb.run("b", other)[:2] == "bc"
    nb.check()


def test_one_object_with_two_names_becomes_two_and_one_again() -> None:
    nb = settled("x = y = [1]", "print(x)", "print(x is y)", "y.append(2)", "print(x, y)")
    assert nb.run("a", "x = [1]\ny = [1]") == "acde"
    assert (nb.text("c"), nb.text("e")) == ("False", "[1] [1, 2]")
    assert nb.run("a", "x = y = [1]").startswith("a")
    assert (nb.text("c"), nb.text("e")) == ("True", "[1, 2] [1, 2]")
    nb.check()


HELD = {
    "by a closure": "x = []\nhooks.append(lambda q, x=x: x.append(q))",
    "by a list above": "x = []\nhooks.append(x.append)",
    "by an iterator": "x = [1, 2]\nit = iter(x)",
    "by a thread": "import threading\nx = []\nt = threading.Thread(target=x.append, args=(1,))",
    "by a module": "import sys\nx = []\nsys.modules['math'].__dict__['kept_for_test'] = x",
}


@pytest.mark.parametrize("make", HELD.values(), ids=HELD)
def test_what_something_else_holds_is_taken_anew(make: str) -> None:
    nb = settled("hooks = []", make, "print(x)")
    before = nb.namespace["x"]
    assert nb.run("b")[:2] == "bc"
    assert nb.namespace["x"] is not before


def test_the_same_object_changed_above_is_no_equal_value() -> None:
    nb = settled("rows = [1]", "rows.append(2)", "m = rows", "print(m)")
    assert nb.run("b", "rows.append(3)") == "bcd"
    assert nb.text("d") == "[1, 3]"
    assert nb.run("c") == "c"
    nb.check()


@pytest.mark.parametrize("before", ["rows.reverse()", "rows += [5]", "rows[:] = []"])
def test_the_same_object_no_longer_changed_here_is_no_equal_value(before: str) -> None:
    nb = settled("rows = [1, 2]", f"{before}\nrows = rows", "print(rows)")
    assert nb.run("b", "rows = rows") == "bc"
    assert nb.text("c") == "[1, 2]"
    nb.check()


def test_an_object_with_a_last_word_is_taken_anew() -> None:
    nb = settled("class D:\n    def __del__(self): pass", "x = D()", "print(type(x))")
    assert nb.run("b") == "bc"


def test_what_was_used_up_is_taken_anew() -> None:
    nb = settled("x = (q for q in [1, 2])", "print(list(x))")
    assert nb.run("a") == "ab"
    nb.check()


def test_in_the_kernel_also_when_the_value_is_shown(kernel: Kernel) -> None:
    frame = "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\n"
    kernel.cells(A=frame + "df", B="df['b'] = df['a'] * 2", C="print(df['b'].sum())")
    for shown in ("df", "df.head(1)", ""):  # there, a garbage collection may eat up the budget
        assert ["A"] in [kernel.cell("A", frame + shown).order for _ in range(3)]
    assert kernel.cell("C", "print(df['b'].sum())").text("C") == "6\n"


LEFT = {
    "append": ("rows = [3, 1]", "rows.append(2)", "print(rows)"),
    "sort": ("rows = [3, 1]", "rows.sort()", "print(rows)"),
    "augmented": ("rows = [3, 1]", "rows += [5]", "print(rows)"),
    "reset": ("rows = {'a': 1}", "rows.clear()\nrows['a'] = 5", "print(rows)"),
    "alias": ("rows = [1]\nm = rows", "m.append(2)", "print(rows, m)"),
    "instance": ("class P: pass\nrows = P()", "rows.at = 5", "print(rows.at)"),
    "array": (NUMPY + "rows = np.arange(3)", "rows *= 2", "print(rows)"),
    "nested": ("rows = [[1], [2]]", "rows[0].append(7)", "print(rows)"),
    "a list put in": ("rows = {'a': 1}", "rows['b'] = [2, [3]]", "print(rows)"),
    "a list of dicts": ("rows = []", "rows.append({'k': [1]})", "print(rows)"),
    "made by a method": (
        "class P:\n    def go(self): self.at = [1, {2: 3}]\nrows = P()",
        "rows.go()",
        "print(rows.at)",
    ),
    "fitted": (
        f"{NUMPY}from sklearn.linear_model import LinearRegression\nrows = LinearRegression()\nx = np.eye(3)",
        "rows.fit(x, x[0])",
        "print(rows.coef_)",
    ),
    "random": ("import random\nrandom.seed(4)", "x = random.random()", "print(random.random())"),
}


@pytest.mark.parametrize(("make", "change", "show"), LEFT.values(), ids=LEFT)
def test_what_is_changed_again_in_the_same_way_runs_nothing_below(make: str, change: str, show: str) -> None:
    nb = settled(make, change, show)
    assert nb.run("b") == "b"
    assert nb.run("b", f"{change}\nmore = 1") == "b"
    assert nb.run("b") == "b"
    nb.check()
    assert nb.run("b", "pass")[:1] == "b"
    nb.check()
    nb.run("b", change)
    nb.check()


def test_who_holds_a_part_that_is_made_anew_has_it_still() -> None:
    nb = settled("d = {}", "d['b'] = [2]", "e = d['b']", "e.append(5)", "print(d, e, d['b'] is e)")
    assert nb.run("b", "d['b'] = [2]\n1") == "b"
    nb.check()
    assert nb.run("b", "d['b'] = [3]\n1") == "bcde"
    nb.check()


def test_a_part_made_anew_that_something_else_holds_is_taken_anew() -> None:
    nb = settled(
        "d = {}\nkept = []", "x = [2]\nd['b'] = x\nkept.append(x)", "print(d, d['b'] is kept[0], x is kept[0])"
    )
    assert nb.run("b", "x = [2]\nd['b'] = x\nkept.append(x)\n1") == "bc"
    nb.check()


def test_what_is_changed_in_the_same_way_though_the_cell_was_given_something_else() -> None:
    nb = settled("rows = [1]", "k = 1", "rows.append(5)\nprint(k)", "print(rows)")
    assert nb.run("b", "k = 2") == "bc"
    nb.check()
    assert nb.run("b", "k = [3]") == "bc"
    nb.check()
    assert nb.run("a", "rows = [2]") == "acd"
    nb.check()


def test_what_a_change_puts_in_counts_as_it_is_now() -> None:
    nb = settled("rows = [1]", "m = [1]", "m.append(2)", "rows.append(m)", "print(rows)", "rows.append(m[-1])")
    assert nb.run("c", "m.append(3)").startswith("cde")
    nb.check()


PUT_INTO = {
    "a dict": ("{}", "held['k'] = rows"),
    "a list": ("[]", "held[:] = [rows]"),
    "a dict, by a method": ("{}", "held.update(k=rows)"),
    "an instance": ("__import__('types').SimpleNamespace()", "held.rows = rows"),
    "a dict in a dict": ("{'k': {}}", "held['k']['n'] = rows"),
}


@pytest.mark.parametrize(("make", "put"), PUT_INTO.values(), ids=PUT_INTO)
def test_what_is_put_into_another_value_and_then_changed_otherwise_runs_its_readers(make: str, put: str) -> None:
    nb = settled("rows = [0]", f"held = {make}", f"{put}\nrows.append(9)", "print(held)")
    assert nb.run("c", f"{put}\nrows.append(8)") == "cd"
    nb.check()
    nb = settled("n = 2", f"held = {make}", f"rows = []\nfor q in range(n):\n    rows.append(q)\n{put}", "print(held)")
    assert nb.run("a", "n = 3") == "acd"
    nb.check()


IMPORTS = [
    "from scipy.stats import norm as it",
    "from os import environ as it",
    "from pandas import options as it",
    "from matplotlib import colormaps as it",
    "from sys import path as it",
]


@pytest.mark.parametrize("line", IMPORTS)
def test_what_is_imported_again_from_a_module_runs_nothing_else(line: str) -> None:
    nb = settled(line, "type(it)")
    nb.run("a")
    assert nb.run("a") == "a"
    assert nb.run("a", f"import os as more\n{line}") == "a"
    nb.check()


OTHERWISE = {
    "another value": ("rows = [3, 1]", "rows.append(2)", "rows.append(4)"),
    "another object": ("rows = [[1], [2]]", "rows[0].append(7)", "rows[1].append(7)"),
    "one more object": ("rows = [[1], [2]]", "rows[0].append(7)", "rows[0].append(7)\nrows[1].append(7)"),
    "one object less": ("rows = [[1], [2]]", "rows[0].append(7)\nrows[1].append(7)", "rows[0].append(7)"),
    "an object that another name has too": ("rows = []", "rows.append([1])", "x = [1]\nrows.append(x)"),
    "not at all": ("rows = [3, 1]", "rows.append(2)", "rows"),
}


@pytest.mark.parametrize(("make", "one", "other"), OTHERWISE.values(), ids=OTHERWISE)
def test_what_is_changed_in_another_way_runs_what_is_below(make: str, one: str, other: str) -> None:
    nb = settled(make, one, "print(rows)")
    assert nb.run("b", other) == "bc"
    nb.check()
    nb.run("b", one)
    nb.check()


def test_the_same_change_of_something_else_runs_what_is_below() -> None:
    nb = settled("rows = [1]", "rows.append(2)", "rows.clear()", "rows.append(3)", "print(rows)")
    assert nb.run("b", "rows.append(5)") == "bcde"  # given something else, nothing is known of what was left
    nb.check()
    assert nb.run("c") == "c"
    nb.check()


def test_made_again_after_it_was_changed_in_the_same_way() -> None:
    nb = settled("rows = [1]", "rows.append(2)", "it = iter(rows)", "print(next(it))")
    assert nb.run("b") == "b"
    nb.run("d", "print(next(it), next(it))")
    nb.run("d", "print(next(it))")
    nb.check()
    nb.run("a", "rows = [6]")
    nb.check()


@pytest.mark.parametrize("make", ["(t, 1)", "'ab' * t", "float(t)"])
def test_an_equal_value_made_after_a_failure_is_the_object_that_readers_have(make: str) -> None:
    nb = settled("t = 2", f"k = {make}", "m = k")
    assert nb.run("b", "1 / 0") == "b!"
    nb.run("b", f"k = {make}")
    nb.run(nb.insert(3, "print(m is k)"))
    nb.check()
    nb.run("a", "t = 'no' + 1")
    nb.run("a", "t = 2")
    nb.run("d", "print(m is k, 1)")
    nb.check()


@pytest.mark.parametrize("make", ["np.random.default_rng(3)", "np.random.RandomState(3)"])
def test_a_generator_made_again_draws_what_it_drew(make: str) -> None:
    notebook = settled(f"{NUMPY}rng = {make}", "print(rng.integers(99) if hasattr(rng, 'integers') else rng.rand())")
    notebook.insert(2, "print(rng.normal(size=2))")
    notebook.all()
    assert notebook.run("a", f"{NUMPY}import math\nrng = {make}") == "a"
    assert notebook.run("b") == "b"
    notebook.check()
    assert notebook.run("a", f"{NUMPY}rng = {make.replace('3', '4')}") == "abc"
    notebook.check()


def test_a_named_tuple_of_the_same_fields_is_the_class_that_it_was() -> None:
    make = "from collections import namedtuple\nPoint = namedtuple('Point', 'x y', defaults=[3])"
    notebook = settled(make, "p = Point(1)", "print(p, isinstance(p, Point))")
    assert notebook.run("a", f"{make}\nimport math") == "a"
    assert notebook.run("a", make.replace("3", "4")) == "abc"
    notebook.check()
