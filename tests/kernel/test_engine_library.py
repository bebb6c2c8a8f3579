"""What using objects of libraries changes in them, and what it doesn't: caches, equal values, parts without a state."""

from __future__ import annotations

import sys
import types

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_budget import surveys
from tests.kernel.test_engine_edges import edges

pytestmark = pytest.mark.usefixtures("no_hurry", "library")

LIBRARY = """
from functools import cached_property

class kept:
    def __init__(self, function):
        self.function = function
    def __get__(self, one, kind=None):
        one.__dict__[self.function.__name__] = found = self.function(one)
        return found

class Result:
    def __init__(self, data):
        self.data, self._cache, self._lock, self.unit = data, {}, object(), 1.0
        self._room = {"unit": [1.0]}
    @cached_property
    def total(self):
        return sum(self.data)
    @kept
    def mean(self):
        return self.total / len(self.data)
    def top(self):
        return self._cache.setdefault("top", max(self.data))
    def scaled(self):
        self.unit = float(str(self.unit))
        self._room = {"unit": [self.unit]}
        return [x * self.unit for x in self.data]
    def add(self, number):
        self.data = [*self.data, number]
        vars(self).pop("total", None)
        vars(self).pop("mean", None)
        self._cache.clear()
"""


LOOKS = {
    "a cached property": "print(r.total)",
    "a descriptor that stores what it gave": "print(r.mean)",
    "a dict of results": "r.top()",
    "attributes set to equal numbers and private containers": "r.scaled()",
}


@pytest.mark.parametrize("look", LOOKS)
def test_what_a_library_only_remembers_is_no_change(look: str) -> None:
    notebook = Notebook("from some_library import Result\nr = Result([1, 2])", LOOKS[look], "print(r.data)")
    assert notebook.all() == "abc"
    assert edges(notebook) == {"b": "r<a", "c": "r<a"}
    assert notebook.entries()["b"]["mutates"] == []


@pytest.mark.parametrize("look", LOOKS)
def test_what_was_remembered_is_of_the_state_that_is(look: str) -> None:
    notebook = Notebook(
        "from some_library import Result\nr = Result([1, 2])",
        "r.add(5)",
        LOOKS[look],
        "print(r.total, r.mean, r.top(), r.scaled())",
    )
    assert notebook.all() == "abcd"
    notebook.check()
    assert notebook.run("b", "r.add(7)") == "bcd"
    notebook.check()
    notebook.delete("b")
    notebook.all()
    notebook.check()
    assert notebook.shown["d"].text == "3 1.5 2 [1.0, 2.0]\n"


def test_a_private_container_that_differs_is_a_change() -> None:
    make = "from some_library import Result\nr = Result([1, 2])"
    notebook = Notebook(make, "r.unit, r._room = 1.0, {'unit': [1]}", "print(r.scaled(), r._room)")
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "r<b"
    notebook.check()


def test_a_class_of_the_notebook_has_no_such_caches() -> None:
    notebook = Notebook(
        "from functools import cached_property\nk = 1",
        "class C:\n    @cached_property\n    def p(self):\n        return k\nc = C()",
        "c.p",
        "k = 2",
        "print(c.p)",
    )
    assert notebook.all() == "abcde"
    notebook.check()
    notebook.delete("c")
    notebook.all()
    notebook.check()


def test_a_copy_of_an_instance_changes_nothing_of_its_class() -> None:
    notebook = Notebook("import copy\nclass C:\n    v = [1]\nc = C()", "d = copy.deepcopy(c)", "print(c.v, C.v)")
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "C<a c<a"


EQUAL = {
    "an item": ("d = {'k': 1000}", "d['k'] = int('1000')", "print(d)"),
    "an attribute": ("class C: pass\nd = C()\nd.v = 0.5", "d.v = 1 / 2", "print(d.v)"),
    "an item of a list": ("d = ['ab', 1]", "d[0] = ''.join('ab')", "print(d)"),
}
OTHER = {
    "another type": ("d = {'k': 1}", "d['k'] = True", "print(d)"),
    "a zero of another sign": ("d = {'k': 0.0}", "d['k'] = -0.0", "print(d)"),
    "an equal list": ("d = {'k': [1]}", "d['k'] = [1]", "print(d)"),
    "an equal function": ("d = {'k': lambda: 1}", "d['k'] = lambda: 1", "print(d['k']())"),
}


@pytest.mark.parametrize("case", EQUAL)
def test_an_equal_value_in_its_place_is_no_change(case: str) -> None:
    notebook = Notebook(*EQUAL[case])
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "d<a"
    notebook.check()


@pytest.mark.parametrize("case", OTHER)
def test_a_value_that_can_be_told_from_the_old_one_is_a_change(case: str) -> None:
    notebook = Notebook(*OTHER[case])
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "d<b"
    notebook.check()


def test_a_masked_array_changes_with_its_data_and_its_mask() -> None:
    notebook = Notebook(
        "import numpy as np\nm = np.ma.MaskedArray([1, {}, 'a'], mask=[0, 0, 1], dtype=object)",
        "m.mask, m[1], m.max",
        "print(m)",
        "m[0] = 5",
        "m.mask[1] = True",
        "print(m)",
    )
    assert notebook.all() == "abcdef"
    assert edges(notebook) == {"b": "m<a", "c": "m<a", "d": "m<a", "e": "m<d", "f": "m<e"}
    notebook.delete("d")
    notebook.all()
    notebook.check()
    notebook.edit("e", "m.mask[0] = True")
    notebook.all()
    notebook.check()


PANDAS = "import pandas as pd\ndf = pd.DataFrame({'k': [1, 1, 2], 'v': [1.0, 2.0, 3.0]})"
ASKED = {
    "an index": ("x = pd.period_range('2020-01', periods=3, freq='M')", "x.is_unique, x.get_loc('2020-02')"),
    "a multi-index": ("x = pd.MultiIndex.from_product([[1, 2], [3]])", "x.get_loc((1, 3))"),
    "groups": ("x = df.groupby('k')", "x.mean()\nx.groups\nx['v'].sum()"),
    "a window": ("x = df.rolling(2)", "x.mean()"),
    "a type": ("x = pd.PeriodDtype('M')", "x.name\nstr(x)"),
}


@pytest.mark.parametrize("case", ASKED)
def test_asking_pandas_changes_nothing(case: str) -> None:
    make, ask = ASKED[case]
    notebook = Notebook(PANDAS, make, ask, "print(x, df)")
    assert notebook.all() == "abcd"
    assert "x<b" in edges(notebook)["d"]
    assert "df<a" in edges(notebook)["d"]


def test_the_name_of_an_index_can_be_changed() -> None:
    notebook = Notebook(PANDAS, "x = pd.Index([1, 2], name='a')", "x.name = 'b'", "print(x.name, df.index.name)")
    assert notebook.all() == "abcd"
    assert "x<c" in edges(notebook)["d"]
    notebook.check()
    assert notebook.run("c", "x.name = 'c'") == "cd"
    notebook.check()
    notebook.delete("c")
    notebook.all()
    notebook.check()


def test_a_cache_that_calls_itself_is_not_emptied_for_having_been_filled() -> None:
    notebook = Notebook(
        "from functools import lru_cache\nk = 1",
        "@lru_cache(maxsize=None)\ndef fib(n):\n    return n * k if n < 2 else fib(n - 1) + fib(n - 2)",
        "print(fib(30))",
        "print(fib.cache_info())",
    )
    assert notebook.all() == "abcd"
    assert notebook.shown["d"].text == "CacheInfo(hits=28, misses=31, maxsize=None, currsize=31)\n"
    notebook.run("c", "print(fib(10))")
    notebook.check()
    assert notebook.run("a", "from functools import lru_cache\nk = 2").endswith("cd")
    notebook.check()


ASTEVAL = """
class Interpreter:
    def __init__(self):
        self.symtable, self.error, self.code_text, self.start_time = {}, [], [], 0.0
    def __call__(self, text):
        self.error, self.start_time = [], self.start_time + 1
        self.code_text.append(text)
        return eval(text, {}, self.symtable)
"""


def test_an_interpreter_that_a_model_keeps_is_not_changed_by_what_it_works_out(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("asteval")
    module.__file__ = "/usr/lib/python3/site-packages/asteval.py"
    monkeypatch.setitem(sys.modules, "asteval", module)
    exec(ASTEVAL, module.__dict__)
    make = "import asteval\nmodel = [asteval.Interpreter()]"
    notebook = Notebook(make, "print(model[0]('1 + 2'))", "model[0].symtable['x'] = 1", "print(model[0]('x'))")
    assert notebook.all() == "abcd"
    assert edges(notebook) == {"b": "model<a", "c": "model<a", "d": "model<c"}
    notebook.check()


def test_a_distribution_that_scipy_has_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook("from scipy import stats\nkinds = [stats.norm, stats.poisson]", "kinds.append(stats.beta)", "1")
    notebook.all()
    found = surveys(notebook, "b")["kinds"]
    assert len(found.states) == 1


def test_what_was_shortened_where_it_is_shown_is_compared_whole() -> None:
    make = "import numpy as np\nnp.set_printoptions(threshold=5)\nr = np.random.RandomState(1)"
    change = "s = r.get_state(legacy=False)\ns['state']['key'][300] += 1\nr.set_state(s)"
    notebook = Notebook(make, change, "print(r.get_state(legacy=False)['state']['key'][300])")
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "r<b"
    notebook.run("a")
    notebook.check()


def test_the_frequency_of_a_frames_index_is_the_frames() -> None:
    days = "pd.to_datetime(['2020-1-1', '2020-1-2', '2020-1-3'])"
    make = f"import pandas as pd\ndf = pd.DataFrame({{'a': [1, 2, 3]}}, index={days})"
    notebook = Notebook(make, "df.index.freq = 'D'", "print(df.index.freq)")
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "df<b"
    notebook.check()


PARAMETERS = """
class Space:
    def __get__(self, one, kind=None):
        if one is None:
            return self
        try:
            return one.__dict__["_space"]
        except KeyError:
            raise AttributeError("not made yet")

class Parameters:
    _space = Space()
    def __init__(self):
        self.__dict__["_space"] = {}
    def set(self, **values):
        self._space.update(values)
    def get(self, name):
        return self._space[name]
"""


def test_a_descriptor_that_works_nothing_out_gives_what_the_object_holds() -> None:
    # As the library `param` keeps the parameters of an object.
    exec(PARAMETERS, sys.modules["some_library"].__dict__)
    notebook = Notebook(
        "from some_library import Parameters\np = Parameters()\np.set(x=1)",
        "p.set(x=2)",
        "print(p.get('x'))",
        "k = 3\np.set(f=lambda: k)",
        "print(p.get('f')())",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook) == {"b": "p<a", "c": "p<b", "d": "p<b", "e": "k<d p<d"}
    notebook.run("b", "p.set(x=5)")
    notebook.check()


def test_looking_at_a_masked_array_does_not_work_out_what_fills_it() -> None:
    make = "import numpy as np\nm = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])"
    notebook = Notebook(make, "n = m[1:]", "m.fill_value = 9", "print(n.filled(), m.filled())")
    notebook.all()
    assert notebook.text("d") == "[1.e+20 3.e+00] [1. 9. 3.]"
    assert notebook.run("c", "m.fill_value = 8") == "cd"
    assert notebook.text("d") == "[1.e+20 3.e+00] [1. 8. 3.]"
