"""What code that was not called would have read is none of a cell's inputs, where that is certain."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

from reactive_kernel.kernel.called import Calls
from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges

FIRST = "j, k, m = 1, 2, 3"
FUNCTIONS = "def f(*a): return k\ndef g(*a): return m"


def reads(notebook: Notebook, cell: str) -> str:
    """The numbers of the first cell that a cell reads."""
    found = {
        name for edge in notebook.engine.command("state", {})["edges"] if edge["to"] == cell for name in edge["names"]
    }
    return "".join(sorted(found & {"j", "k", "m"}))


def test_code_that_was_entered(calls: Calls) -> None:
    def used() -> int:
        return 1

    def unused() -> int:
        return 2

    for rounds in (1, 30, 1):  # also when it has been called so often that Python has made it faster
        for function in (used, unused):
            calls.note(function.__code__)
        for _ in range(rounds):
            used()
        assert [code for code, _ in calls.entered()] == [used.__code__]
    assert calls.entered() == []


def test_a_generator_that_goes_on(calls: Calls) -> None:
    def count() -> object:
        yield 1
        yield 2

    kept, going = count(), count()
    next(going)  # type: ignore[call-overload]
    calls.note(count.__code__)
    assert calls.entered() == []
    calls.note(count.__code__)
    next(going)  # type: ignore[call-overload]
    assert [code for code, _ in calls.entered()] == [count.__code__]
    assert next(kept) == 1  # type: ignore[call-overload]


def test_code_that_has_run_often_stays_the_same(calls: Calls) -> None:
    def used(a: int, b: int = 2) -> int:
        return sum(n for n in range(a)) + b + (len(FIRST) if a > 100 else 0)

    code = used.__code__
    copy = code.replace()
    for _ in range(30):
        calls.note(code)
        assert [used(n) for n in (1, 30, 101)] == [2, 437, 5052 + len(FIRST)]
        calls.entered()
    assert used.__code__ is code
    assert (code, code.co_code, hash(code)) == (copy, copy.co_code, hash(copy))


CELLS = {  # what the cell makes of the functions, and what it has read
    "kept": ("pair = [f, g]", ""),
    "one called": ("print(f())", "k"),
    "handed on": ("table = dict(a=f, b=g)\nprint(table['b']())", "m"),
    "handed to what calls it": ("print(list(map(g, [1])))", "m"),
    "handed to what has nothing to call it with": ("print(list(map(g, [])))", ""),
    "compared": ("print(f == g, f.__name__)", ""),
    "in a function of its own": ("def h(): return f() + j\nprint(h())", "jk"),
    "in one that is not called": ("def h(): return f() + j\nprint(sorted([h], key=id)[0].__name__)", ""),
    "in a branch": ("def h(x): return f() if x else j\nprint([h(0), g][0])", "j"),
    "in a method that is not called": (
        "class C:\n    def m(self): return f() + j\n    def n(self): return g()\nprint([C()][0].n())",
        "m",
    ),
    "in a lambda that is not called": ("import functools\nfunctools.reduce(lambda a, b: f(), [1])", ""),
    "in a text that is evaluated": ("def h(): return eval('f()')\nprint([h][0]())", "k"),
    "in a text that is not": ("def h(): return eval('f()')\nprint([h][0].__name__)", ""),
    "evaluated at a time": ("def h(text): return eval(text)\nprint(h('g()'))", "m"),
    "in a query": (
        "import pandas as pd\ndf = pd.DataFrame({'x': [1, 5]})\ndef a(): return len(df.query('x > @k'))\n"
        "def b(): return k\nprint([a, b][0]())",
        "k",
    ),
    "a coroutine": ("async def h(): return f()\nrun = [h][0]()\nrun.close()", "k"),
    "a generator, consumed": ("def h():\n    yield f()\nprint(list([h][0]()))", "k"),
    "a generator, kept": ("def h():\n    yield f()\nit = [h][0]()", ""),
}


@pytest.mark.parametrize("case", CELLS)
def test_only_what_code_that_ran_reads_is_read(case: str) -> None:
    source, read = CELLS[case]
    notebook = Notebook(FIRST, FUNCTIONS, source)
    assert notebook.all() == "abc"
    assert reads(notebook, "c") == read
    assert notebook.run("a", "j, k, m = 10, 20, 30") == ("ac" if read else "a")
    notebook.check()
    assert notebook.run("c") == "c"
    assert reads(notebook, "c") == read
    notebook.check()


def test_a_read_comes_back_when_the_code_may_run() -> None:
    notebook = Notebook(FIRST, FUNCTIONS, "some = []", "for function in [f, g][:len(some)]: print(function())")
    assert notebook.all() == "abcd"
    assert reads(notebook, "d") == ""
    assert notebook.run("a", "j, k, m = 1, 5, 3") == "a"
    assert notebook.run("c", "some = [1]") == "cd"
    assert reads(notebook, "d") == "k"
    assert notebook.run("a", "j, k, m = 1, 6, 7") == "ad"
    notebook.check()


def test_before_a_run_all_counts() -> None:
    notebook = Notebook(FIRST, FUNCTIONS)
    notebook.all()
    notebook.insert(2, "print([f, g] == [])")
    assert reads(notebook, "c") == "km"
    notebook.all()
    assert reads(notebook, "c") == ""
    notebook.edit("c", "print([f, g] == [1])")
    assert reads(notebook, "c") == "km"


def test_what_a_generator_of_another_cell_has_not_come_to() -> None:
    make = "def h():\n    yield 1\n    yield f()\nit = h()"
    notebook = Notebook(FIRST, FUNCTIONS, make, "print(next(it))", "print(next(it))", "print(it is None)")
    assert notebook.all() == "abcdef"
    assert [reads(notebook, cell) for cell in "cdef"] == ["", "", "k", ""]
    notebook.run("a", "j, k, m = 1, 7, 3")
    notebook.check()


KEPT = {  # a result of which the next call makes use
    "a cache": ("import functools\n@functools.lru_cache\ndef h(): return k", "h()"),
    "a cache of one's own": ("seen = {}\ndef h():\n    if not seen: seen[0] = k\n    return seen[0]", "h()"),
    "a cached property": (
        "import functools\nclass C:\n    @functools.cached_property\n    def p(self): return k\nc = C()", "c.p"),
    "a closure's": (
        "def memo(f):\n    seen = {}\n    def run():\n        if not seen: seen[0] = f()\n        return seen[0]\n"
        "    return run\n@memo\ndef h(): return k", "h()"),
    "a library's": (
        "class C:\n    def __init__(self): self._cache = {}\n    def p(self):\n        if not self._cache:\n"
        "            self._cache[0] = k\n        return self._cache[0]\nc = C()", "c.p()"),
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
def test_what_an_earlier_call_has_kept_counts(case: str) -> None:
    make, use = KEPT[case]
    notebook = Notebook(FIRST, make, f"print({use})", f"print({use}, {use})")
    assert notebook.all() == "abcd"
    assert "d" in notebook.run("a", "j, k, m = 1, 7, 3")
    notebook.check()


ELSEWHERE = {  # where code runs without being entered here
    "in a process": (
        "import multiprocessing\np = multiprocessing.get_context('fork').Process(target=f)\np.start()\np.join()"
    ),
    "in a fork": "import os\nif os.fork() == 0:\n    f()\n    os._exit(0)\n_ = os.wait()",
    "in a thread that goes on": (
        "import threading\nstop = threading.Event()\n"
        "thread = threading.Thread(target=lambda: (stop.wait(), f()))\nthread.start()"
    ),
    "compiled": "import numba\nprint(numba.njit(f).__name__)",
    "compiled by PyTorch": "import torch\nprint(torch.compile(f).__name__)",
    "compiled by what a library asked of PyTorch": "import torch._dynamo.utils\nprint(f.__name__)",
    "sent away": "import cloudpickle\nprint(len(cloudpickle.dumps(f)) > 0)",
    "with other code": "print(f())\nf.__code__ = (lambda *a: 0).__code__",
}


def pretend_torch(monkeypatch: pytest.MonkeyPatch, compiled: bool) -> None:
    """A module as if it were PyTorch, and had compiled something or nothing."""
    torch, dynamo, utils = (types.ModuleType(name) for name in ("torch", "torch._dynamo", "torch._dynamo.utils"))
    given = {"__path__": [], "_dynamo": dynamo, "compile": lambda f: f, "frombuffer": lambda *_, **__: None, "uint8": 0}
    vars(torch).update(given, get_rng_state=lambda: np.zeros(1, np.uint8).view(_Tensor), set_rng_state=lambda _: None)
    vars(dynamo).update(__path__=[], utils=utils)
    vars(utils)["counters"] = {"frames": {"total": 1}} if compiled else {}
    for module in (torch, dynamo, utils):
        monkeypatch.setitem(sys.modules, module.__name__, module)


class _Tensor(np.ndarray[Any, Any]):
    def numpy(self) -> Any:
        return self


@pytest.mark.parametrize("case", ELSEWHERE)
def test_where_code_may_run_unseen_all_counts(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    numba, cloudpickle = types.ModuleType("numba"), types.ModuleType("cloudpickle")
    numba.njit, cloudpickle.dumps = (lambda f: f), (lambda f: b"code")  # type: ignore[attr-defined]
    if "torch" in ELSEWHERE[case]:
        pretend_torch(monkeypatch, compiled="utils" in ELSEWHERE[case])
    monkeypatch.setitem(sys.modules, "numba", numba)
    monkeypatch.setitem(sys.modules, "cloudpickle", cloudpickle)
    notebook = Notebook(FIRST, FUNCTIONS, ELSEWHERE[case])
    try:
        assert notebook.all() == "abc"
        assert reads(notebook, "c") == "k"
    finally:
        if (stop := notebook.namespace.get("stop")) is not None:
            stop.set()
            notebook.namespace["thread"].join()


def test_code_beside_pytorch_runs_as_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_torch(monkeypatch, compiled=False)
    notebook = Notebook(FIRST, FUNCTIONS + "\nimport torch", "print([f, g][1]())")
    assert notebook.all() == "abc"
    assert reads(notebook, "c") == "m"


def test_a_name_that_the_cell_binds_before_called_code_reads_it_through_another() -> None:
    notebook = Notebook(
        "class State: pass\nstate = State()\nstate.n = 1",
        "def move(): state.n += 1",
        "def step(): move()",
        "state = State()\nstate.n = 5\nstep()\nprint(state.n)",
    )
    assert notebook.all() == "abcd"
    found = {
        (e["from"], name)
        for e in notebook.engine.command("state", {})["edges"]
        if e["to"] == "d"
        for name in e["names"]
    }
    assert found == {("a", "State"), ("b", "move"), ("c", "step")}
    notebook.check()


LARGE = "box = {'many': [[[n] for n in range(2_000)] for _ in range(9)], 'deep': [[[[]]]]}"
INSIDE = {  # what is put into an object too large to be looked at whole, what is done with that, and what it reads
    "called": ("[f, g]", "print(box['deep'][0][0][0][1]())", "m"),
    "not called": ("[f, g]", "print(len(box['deep']))", ""),
    "a lambda": ("[lambda: j]", "print(box['deep'][0][0][0][0]())", "j"),
    "a method": ("[type('C', (), {'m': lambda self: f()})()]", "print(box['deep'][0][0][0][0].m())", "k"),
    "a branch": ("[lambda x: k if x else j]", "print(box['deep'][0][0][0][0](0))", "j"),
    "a name that the cell binds": ("[f, g]", "m = 7\nprint(box['deep'][0][0][0][1]())", ""),
}


@pytest.mark.parametrize("case", INSIDE)
def test_code_in_what_is_too_large_counts_as_it_runs(case: str) -> None:
    inside, use, read = INSIDE[case]
    notebook = Notebook(FIRST, FUNCTIONS, LARGE, f"box['deep'][0][0][0] = {inside}", use)
    assert notebook.all() == "abcde"
    assert reads(notebook, "e") == read
    notebook.check()
    assert notebook.run("a", "j, k, m = 10, 20, 30") == ("ae" if read else "a")
    notebook.check()
    assert notebook.run("e") == "e"
    assert reads(notebook, "e") == read
    assert notebook.run("a", "j, k, m = 11, 21, 31") == ("ae" if read else "a")
    notebook.check()


LATER = {
    "a generator": "[(k for _ in [1])]",
    "a cached function": "[__import__('functools').lru_cache(f)]",
    "evaluated": "[lambda: eval('f')()]",
}


@pytest.mark.parametrize("case", LATER)
def test_code_in_what_is_too_large_that_may_run_unseen_counts_anyway(case: str) -> None:
    made = f"inner = {LATER[case]}\nbox = {{'many': [[[n] for n in range(2_000)] for _ in range(9)], 'deep': inner}}"
    notebook = Notebook(FIRST, FUNCTIONS, made, "print(len(box['deep']))")
    assert notebook.all() == "abcd"
    assert reads(notebook, "d") == "k"
    notebook.check()


def test_what_only_a_run_showed_is_not_forgotten_when_all_can_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(FIRST, FUNCTIONS, LARGE, "box['deep'][0][0][0] = [f, g]", "print(box['deep'][0][0][0][1]())")
    assert notebook.all() == "abcde"
    monkeypatch.setattr("reactive_kernel.kernel.changes.BUDGET", 60.0)
    monkeypatch.setattr("reactive_kernel.kernel.survey.MAX_OBJECTS", 1_000_000)
    for number in (5, 6, 7):
        assert notebook.run("a", f"j, k, m = 1, 2, {number}") == "ae"
        assert reads(notebook, "e") == "m"
        notebook.check()


def test_code_that_is_seen_only_before_the_run_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(FIRST, FUNCTIONS, LARGE, "box['deep'][0][0][0] = [f, g]")
    assert notebook.all() == "abcd"
    monkeypatch.setattr("reactive_kernel.kernel.changes.BUDGET", 60.0)
    monkeypatch.setattr("reactive_kernel.kernel.survey.MAX_OBJECTS", 1_000_000)
    notebook.insert(4, "print(box['deep'][0][0][0][1]())")
    assert notebook.run("e") == "e"
    assert reads(notebook, "e") == "m"
    assert notebook.run("a", "j, k, m = 1, 2, 5") == "ae"
    notebook.check()


SHOWN = {
    "an f-string": 'f"Vector({self.x}, {self.y})"',
    "a format": '"Vector({}, {})".format(self.x, self.y)',
    "a percent sign": '"Vector(%r, %r)" % (self.x, self.y)',
    "joined": '"Vector" + ", ".join([str(self.x), str(self.y)])',
}


@pytest.mark.parametrize("shown", SHOWN)
def test_a_text_that_is_only_shown_names_nothing(shown: str) -> None:
    notebook = Notebook(
        "class Vector:\n    def __init__(self, x, y): self.x, self.y = x, y\n"
        "    def __add__(self, o): return Vector(self.x + o.x, self.y + o.y)\n"
        f"    def __repr__(self): return {SHOWN[shown]}",
        "vs = [Vector(1, 2), Vector(3, 4)]",
        "print(vs)",
        "print([vs[0] + vs[1]])",
    )
    assert notebook.all() == "abcd"
    assert edges(notebook) == {"b": "Vector<a", "c": "vs<b", "d": "Vector<a vs<b"}


def test_a_text_that_is_given_to_something_may_name_what_that_looks_up() -> None:
    pytest.importorskip("pandas")
    notebook = Notebook(
        "k = 1",
        "import pandas as pd\ndf = pd.DataFrame({'x': [1, 5]})",
        "class Show:\n    def __repr__(self): return f\"k {df.query('x > @k')}\"\n    def other(self): return k",
        "shows = [Show()]",
        "print(shows)",
    )
    assert notebook.all() == "abcde"
    assert "k<a" in edges(notebook)["e"]
    notebook.run("a", "k = 5")
    notebook.check()


BINDS_FIRST = {
    "m = a\n    print(m)": "",
    "n = 2; m = a + n\n    for _ in 'xy': m += 1": "",
    "if a: m = a\n    print(m)": "m",
    "for m in a * [1]: pass\n    print(m)": "m",
    "print(m); m = a": "m",
    "try: m = int('x')\n    except ValueError: print(m)": "m",
    "m = a\n    del m\n    m = 4\n    print(m)": "m",
    "with suppress(ValueError): m = int('x')\n    print(m)": "m",
    "m = m + a": "m",
    "assert a < 5\n    m = a\n    print(m)": "",
    "if a > 4: return\n    m = a\n    print(m)": "",
    "if a > 4: return\n    m = [a]\n    m.append(a)": "",
    "for i in range(3):\n        if i: m = a\n    print(m)": "m",
    "while True:\n        m = a\n        if m < 5: break\n    print(m)": "",
    "m = a\n    show = lambda: m\n    print(show())": "",
    "m = a\n    print(shown())": "",
    "print(shown())\n    m = a": "m",
    "for m in [5] * a: pass\n    print(shown())": "m",
    "m = a\n    print(shown(), shown_twice())": "",
    "shown_twice()\n    m = a\n    shown()": "m",
}
IN_THE_CELL = {**BINDS_FIRST, "m = a\n    del m\n    m = 4\n    print(m)": ""}  # where the text tells more


@pytest.mark.parametrize("body", BINDS_FIRST)
def test_a_function_that_binds_a_global_first_does_not_read_it(body: str) -> None:
    function = f"def f(a):\n    global m\n    {body}"
    shown = "from contextlib import suppress\ndef shown(): return m\ndef shown_twice(): return shown(), shown()\n"
    notebook = Notebook(FIRST, shown + function, "f(1)", f"{function}\nf(0)")
    assert notebook.all() == "abcd"
    assert reads(notebook, "c") == BINDS_FIRST[body]
    assert reads(notebook, "d") == IN_THE_CELL[body]
    notebook.check()
    notebook.edit("a", "j, k, m = 1, 2, 8")
    notebook.all()
    notebook.check()
