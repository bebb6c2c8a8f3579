"""What definitions run that the text of their cell doesn't show: decorators of the notebook's own, hooks of bases."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges

METRICS = "M = {}\ndef metric(f):\n    M[f.__name__] = f\n    return f"
MAE = "@metric\ndef mae(x): return x + T"
SCORES = "print({n: f(1) for n, f in M.items()})"
BUS = """
class Bus:
    def __init__(self): self.handlers = []
    def on(self, name): return lambda f: (self.handlers.append(f), f)[1]
    def fire(self): return [f() for f in self.handlers]
bus = Bus()
"""
SINGLE = "import functools\n@functools.singledispatch\ndef show(x): return 'other'"
# cells after the first, which binds T; and those that run when T changes
CALLED = {
    "a registry": ((METRICS, f"{MAE}\n{SCORES}"), "ac"),
    "all in one cell": ((f"{METRICS}\n{MAE}\n{SCORES}",), "ab"),
    "a method of an object": ((BUS, "@bus.on('x')\ndef one(): return T\nprint(bus.fire())"), "ac"),
    "a dispatcher": ((SINGLE, "@show.register\ndef _(x: int): return x + T\nprint(show(1))"), "ac"),
    "through a function": (("def more(): return T", METRICS, MAE.replace("T", "more()") + f"\n{SCORES}"), "ad"),
    "called further down": ((METRICS, MAE, SCORES), "ad"),
    "never called": ((METRICS, MAE), "a"),
    "an imported decorator": (("from functools import cache", MAE.replace("metric", "cache"), "print(mae(1))"), "ad"),
    "not there yet": ((METRICS, "@metric\ndef one(x): return below(x) + T", "def below(x): return x", "one(1)"), "ae"),
}


@pytest.mark.parametrize(("cells", "run"), CALLED.values(), ids=CALLED)
def test_what_a_registered_function_reads(cells: tuple[str, ...], run: str) -> None:
    notebook = Notebook("T = 2", *cells)
    notebook.all()
    notebook.check()
    assert notebook.run("a", "T = 3") == run
    notebook.check()
    assert ("T<a" in edges(notebook).get(run[-1], "")) == (len(run) > 1)


def test_a_registered_class() -> None:
    notebook = Notebook("T = 2", METRICS, "@metric\nclass C:\n    def __init__(self): self.x = T\nprint(M['C']().x)")
    notebook.all()
    assert notebook.run("a", "T = 3") == "ac"
    notebook.check()


HOOK = """
R = {}
class Base:
    def __init_subclass__(cls, **options):
        R[cls.__name__] = cls
    def other(self): return K
"""
META = """
R = {}
class Meta(type):
    def __init__(cls, name, bases, members):
        R[name] = cls
        super().__init__(name, bases, members)
class Base(metaclass=Meta):
    def other(self): return K
"""
SHOWN = "print({name: cls.v for name, cls in sorted(R.items()) if name != 'Base'})"


@pytest.mark.parametrize("base", [HOOK, META], ids=["__init_subclass__", "metaclass"])
def test_a_class_changes_what_the_hooks_of_its_bases_change(base: str) -> None:
    notebook = Notebook(base, "K = 1", "class A(Base):\n    v = 1", SHOWN)
    notebook.all()
    assert "K" not in edges(notebook)["c"]  # the run came to no method that reads it
    assert notebook.run("c", "class A(Base):\n    v = 3") == "cd"
    notebook.check()
    assert notebook.run(notebook.insert(3, "class B(A):\n    v = 9")) == "ed"
    notebook.check()
    notebook.run("c", "class A2(Base):\n    v = 3\nA = A2")
    notebook.check()
    notebook.delete("e")
    notebook.all()
    notebook.check()
    assert notebook.run("b", "K = 2") == "b"


def test_bases_without_hooks_run_nothing() -> None:
    plain = "class Base:\n    def other(self): return K"
    notebook = Notebook("K = 1", plain, "class A(Base):\n    v = K2 = 1", "print(A.v)")
    notebook.edit("a", "K = 2")
    assert notebook.all() == "abcd"
    assert edges(notebook)["c"] == "Base<b"
