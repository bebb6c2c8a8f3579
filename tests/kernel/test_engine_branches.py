"""What only a branch not taken would have read is none of a cell's inputs, until the branch may be taken."""

from __future__ import annotations

import cProfile
import sys
from collections.abc import Callable
from typing import Any

import pytest

from reactive_kernel.kernel.called import Calls
from tests.kernel.inprocess import Notebook

FIRST = "j, k, m = 1, 2, 3"


def reads(notebook: Notebook, cell: str) -> str:
    """Which of the first cell's numbers a cell reads."""
    edges = notebook.engine.command("state", {})["edges"]
    found = {name for edge in edges if edge["to"] == cell for name in edge["names"]}
    return "".join(sorted(found & {"j", "k", "m"}))


def made(source: str, scope: dict[str, Any] | None = None) -> Any:
    """The function ``f`` of a text."""
    namespace: dict[str, Any] = {} if scope is None else scope
    exec(source, namespace)
    return namespace["f"]


def skipped(calls: Calls) -> set[str]:
    """Globals that the code which was entered did not come to."""
    entered = calls.entered()
    assert entered
    return set().union(*(skipped for _, skipped in entered))


TWO_WAYS = "def f(x):\n    if x: return yes\n    return no"


@pytest.mark.parametrize("rounds", [1, 2, 7, 8, 9, 60, 2000])
def test_each_look_up_tells_whether_it_ran(calls: Calls, rounds: int) -> None:
    f = made(TWO_WAYS, {"yes": 1, "no": 2})
    for which in (True, False, False, True):
        calls.note(f.__code__)
        for _ in range(rounds):
            f(which)
        assert skipped(calls) == ({"no"} if which else {"yes"})
    calls.note(f.__code__)
    f(True), f(False)
    assert skipped(calls) == set()


def test_a_look_up_counts_however_the_names_move(calls: Calls) -> None:
    scope: dict[str, Any] = {"yes": 1}
    f = made(TWO_WAYS, scope)
    calls.note(f.__code__)
    for number in range(5000):  # the interpreter gives up on what it knew, and at last altogether
        scope[f"n{number}"] = number
        f(True)
    assert skipped(calls) == {"no"}


def test_a_look_up_counts_where_it_finds_nothing(calls: Calls) -> None:
    f = made(TWO_WAYS)
    for rounds in (1, 100):
        calls.note(f.__code__)
        for _ in range(rounds):
            with pytest.raises(NameError):
                f(True)
        assert skipped(calls) == {"no"}


def test_a_look_up_counts_in_a_mapping_of_ones_own(calls: Calls) -> None:
    class Scope(dict[str, Any]):
        """Looked up in otherwise."""

    f = made(TWO_WAYS, Scope(yes=1, no=2))
    for rounds in (1, 100):
        calls.note(f.__code__)
        for _ in range(rounds):
            f(False)
        assert skipped(calls) == {"yes"}


def test_many_names(calls: Calls) -> None:
    names = {f"{which}{number}": number for which in ("yes", "no") for number in range(300)}
    ways = ["\n".join(f"        {name}" for name in names if name.startswith(which)) for which in ("yes", "no")]
    f = made(f"def f(x):\n    if x:\n{ways[0]}\n    else:\n{ways[1]}", dict(names))
    for which in (True, False):
        calls.note(f.__code__)
        f(which)
        assert skipped(calls) == {name for name in names if name.startswith("no" if which else "yes")}


def test_code_noted_while_it_runs(calls: Calls) -> None:
    source = "def f(n):\n    if n == 0: return end\n    if n == 2: note()\n    return f(n - 1) + step"
    scope: dict[str, Any] = {"end": 1, "step": 2}
    f = made(source, scope)
    for rounds in range(12):
        scope["note"] = lambda: calls.note(f.__code__)
        assert f(5) == 11
        assert skipped(calls) == {"note"}, rounds  # before it was noted


def test_generators_that_were_at_work(calls: Calls) -> None:
    source = "def f():\n    try:\n        yield one\n        yield two\n    finally:\n        end"
    f = made(source, {"one": 1, "two": 2, "end": 3})
    for _ in range(12):
        going, closed, thrown = f(), f(), f()
        assert [next(going), next(closed), next(thrown)] == [1, 1, 1]
        calls.note(f.__code__, at_work=True)
        assert next(going) == 2
        assert "two" not in skipped(calls)
        calls.note(f.__code__, at_work=True)
        closed.close()
        assert "end" not in skipped(calls)
        calls.note(f.__code__, at_work=True)
        with pytest.raises(ValueError, match="here"):
            thrown.throw(ValueError("here"))
        assert "end" not in skipped(calls)


@pytest.mark.parametrize("way", ["close", "throw", "collect"])
def test_code_that_goes_on_in_the_midst_stays_right(calls: Calls, way: str) -> None:
    """Where the interpreter notes something in code that it is yet to prepare, it later takes that for instructions."""
    scope = {f"n{number}": number for number in range(300)}
    names = ", ".join(scope)
    body = f"    try:\n        yield 1\n    except ValueError: pass\n    finally: out.extend([{names}])"
    f = made(f"def f(out):\n{body}", scope)
    for _ in range(12):
        out: list[int] = []
        going = f(out)
        next(going)
        calls.note(f.__code__)
        if way == "throw":
            with pytest.raises(StopIteration):
                going.throw(ValueError)
        elif way == "close":
            going.close()
        del going
        assert out == list(range(300))
        for _ in range(3):
            out.clear()
            assert list(f(out)) == [1]
            assert out == list(range(300))
        calls.entered()


def profiled(run: Callable[[], object]) -> None:
    """Run under a profiler."""
    with cProfile.Profile():
        run()


def traced(run: Callable[[], object]) -> None:
    """Run under a tracer."""
    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        run()
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("how", [profiled, traced])
def test_under_a_tracer_nothing_that_ran_is_taken_for_skipped(calls: Calls, how: Any) -> None:
    f = made(TWO_WAYS, {"yes": 1, "no": 2})
    calls.note(f.__code__)
    how(lambda: f(True))
    assert "yes" not in skipped(calls)


WAYS = {  # a function, and what its two ways read
    "if": ("def h(x):\n    if x: return k\n    return m", "k", "m"),
    "on one line": ("def h(x): return k if x else m", "k", "m"),
    "and": ("def h(x): return x and k", "k", ""),
    "or": ("def h(x): return x or k", "", "k"),
    "a loop": ("def h(x):\n    for _ in range(x): print(k)\n    else: return m", "km", "m"),
    "while": ("def h(x):\n    while x: x = max(0, x - k)\n    return m", "km", "m"),
    "a comprehension": ("def h(x): return [k for _ in range(x)] + [m]", "km", "m"),
    "its filter": ("def h(x): return [n for n in range(3) if x and n < k]", "k", ""),
    "a failure": ("def h(x):\n    try: return 1 / x + k\n    except ZeroDivisionError: return m", "k", "m"),
    "finally": ("def h(x):\n    try:\n        if x: return k\n    finally: print(m)", "km", "m"),
    "match": ("def h(x):\n    match x:\n        case 0: return m\n        case _: return k", "k", "m"),
    "a function called": ("def f(): return k\ndef g(): return m\ndef h(x): return (f if x else g)()", "k", "m"),
    "an inner function": ("def h(x):\n    def inner(): return k if x else m\n    return inner()", "k", "m"),
    "one not called": ("def h(x):\n    def inner(): return k\n    return inner() if x else m", "k", "m"),
    "a method": (
        "class C:\n    def f(self): return k\n    def h(self, x): return self.f() if x else m\nh = C().h", "k", "m"),
    "a generator": ("def made(x):\n    if x: yield k\n    yield m\ndef h(x): return list(made(x))", "km", "m"),
    "one not consumed": ("def made():\n    yield k\n    yield m\ndef h(x): return sum(made()) if x else next(made())",
        "km", "k"),
    "a class": ("def h(x):\n    if not x: return m\n    class C: n = k\n    return C.n", "k", "m"),
    "a text that is evaluated": ("def h(x): return eval('k') if x else m", "km", "km"),
    "a default": (
        "def h(x, *more):\n    def inner(n=k): return n\n    return inner(*more) if x else inner(m)", "k", "km"),
    "a name that is also an attribute": (
        "class N: k = 5\ndef h(x): return k if x else N.k", "k", ""),
    "a name in the description": ("def h(x):\n    'k, if x'\n    return k if x else m", "k", "m"),
    "a decorator": (
        "import functools\ndef d(f):\n    @functools.wraps(f)\n    def run(x): return f(x) if x else m\n"
        "    return run\n@d\ndef h(x): return k", "k", "m"),
}  # fmt: skip


@pytest.mark.parametrize("case", WAYS)
def test_of_a_function_only_the_way_taken_counts(case: str) -> None:
    function, yes, no = WAYS[case]
    notebook = Notebook(FIRST, function, "x = 0", "print(h(x))")
    assert notebook.all() == "abcd"
    for value, now in ((0, no), (1, yes), (0, no)):
        if notebook.namespace["x"] != value:
            assert notebook.run("c", f"x = {value}") == "cd"
        assert reads(notebook, "d") == now
        for at, name in enumerate("jkm"):
            numbers = [1, 2, 3]
            numbers[at] += 4
            assert notebook.run("a", f"j, k, m = {numbers}") == ("ad" if name in now else "a")
            notebook.check()
            notebook.run("a", FIRST)


CONDITIONS = {  # what decides, what a cell below it sets, and how that is changed
    "an item": ("on = {'x': 0}", "if on['x']", "on = {'x': 1}"),
    "an object changed in place": ("class C: on = 0\nc = C()\nc.on = 0", "if c.on",
        "class C: on = 0\nc = C()\nc.on = 1"),
    "random numbers": ("import random\nrandom.seed(1)", "if random.random() > 0.5", "import random\nrandom.seed(2)"),
    "the environment": ("import os\nos.environ['RK_ON'] = ''", "if os.environ['RK_ON']",
        "import os\nos.environ['RK_ON'] = 'x'"),
    "an option": ("import pandas as pd\npd.set_option('display.precision', 6)",
        "if pd.get_option('display.precision') < 6", "import pandas as pd\npd.set_option('display.precision', 3)"),
    "a function": ("def on(): return 0", "if on()", "def on(): return 1"),
    "a closure": ("def make(n): return lambda: n\non = make(0)", "if on()",
        "def make(n): return lambda: n\non = make(1)"),
    "a type": ("on = 0", "if isinstance(on, str)", "on = ''"),
    "a method of its own": ("class C:\n    def __bool__(self): return False\non = C()", "if on",
        "class C:\n    def __bool__(self): return True\non = C()"),
    "a default": ("def on(n=0): return n", "if on()", "def on(n=1): return n"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONDITIONS)
def test_when_what_decides_changes_the_other_way_is_seen(case: str) -> None:
    first, condition, second = CONDITIONS[case]
    imports = "import os, random\nimport pandas as pd\n" if "." in condition else ""
    notebook = Notebook(FIRST, f"{imports}def h():\n    {condition}: return k\n    return m", first, "print(h())")
    assert notebook.all() == "abcd"
    assert reads(notebook, "d") == "m"
    assert notebook.run("a", "j, k, m = 1, 5, 3") == "a"
    assert notebook.run("c", second) == "cd"
    assert reads(notebook, "d") == "k"
    notebook.check()
    assert notebook.run("a", "j, k, m = 1, 6, 3") == "ad"
    notebook.check()
    assert notebook.run("c", first) == "cd"
    assert reads(notebook, "d") == "m"
    notebook.check()


def test_what_decides_may_be_a_change_on_the_way() -> None:
    count = "class C: n = 0\nc = C()\nc.n = 0"
    decide = "def h():\n    c.n += 1\n    return k if c.n > 1 else m"
    notebook = Notebook(FIRST, count, decide, "print(h())", "print(h())")
    assert notebook.all() == "abcde"
    assert (reads(notebook, "d"), reads(notebook, "e")) == ("m", "k")
    assert notebook.run("a", "j, k, m = 1, 5, 3") == "ae"
    notebook.check()
    assert notebook.run("b", "class C: n = 0\nc = C()\nc.n = 1") == "bde"
    assert (reads(notebook, "d"), reads(notebook, "e")) == ("k", "k")
    notebook.check()


SEEN_BADLY = {  # where no one can tell which way was taken, both count
    "a profiler": "import cProfile\ndef run(x):\n    with cProfile.Profile(): y = k if x else m\n    return y\n"
    "print(run(0))",
    "a tracer": "import sys\ndef run(x):\n    sys.settrace(lambda *_: None)\n    y = k if x else m\n"
    "    sys.settrace(None)\n    return y\nprint(run(0))",
    "a text for a query": "import pandas as pd\ndf = pd.DataFrame({'x': [1, 5]})\n"
    "def run(x): return len(df.query('x > @k') if x else df.query('x > @m'))\nprint(run(0))",
}


@pytest.mark.parametrize("case", SEEN_BADLY)
def test_where_the_way_can_not_be_told_all_counts(case: str) -> None:
    notebook = Notebook(FIRST, SEEN_BADLY[case])
    before = sys.gettrace()
    try:
        assert notebook.all() == "ab"
    finally:
        sys.settrace(before)
    assert {"k", "m"} <= set(reads(notebook, "b"))


def test_a_name_of_an_exception_is_deleted_also_where_it_was_not_yet_bound() -> None:
    caught = "try:\n    x = missing\nexcept NameError as err:\n    print(type(err).__name__)"
    nb = Notebook("1", caught, "print(err)")
    nb.run("b")
    nb.run("a", "err = 5")
    nb.run("c")
    nb.check()
    assert "err" not in nb.namespace
    nb.run("b", "x = 1")
    nb.check()
    nb.run("b", caught)
    nb.check()


def test_what_stands_for_an_unbound_name_is_gone_after_the_run() -> None:
    caught = "try:\n    x = {}\nexcept NameError as err:\n    print(err)"
    nb = Notebook(caught.format(1), "def f(): return 'err' in globals()", caught.format("f()"))
    nb.all()
    assert "err" not in nb.namespace
    nb.check()
    nb.run("a", caught.format(1) + "\n1 / 0")
    assert "err" not in nb.namespace


def test_what_was_read_from_below_before_a_star_binds_it_stays_an_input() -> None:
    star = "print(floor(5 / 3))\nfrom math import *\nprint(sqrt(4))"
    nb = Notebook("1", star, "from math import floor", "k = 2\ndef sqrt_of(x): return floor(x) + k")
    nb.all()
    assert nb.stale() == ""
    nb.run("b", star + "\nprint(sqrt_of.__name__)")
    nb.stale()
    assert nb.stale() == ""
