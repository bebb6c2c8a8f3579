"""Objects that fight back: they break no run, and the kernel runs none of their code for its own sake."""

from __future__ import annotations

import gc

import pytest

from tests.kernel.inprocess import Notebook

# what a cell's class does
HOSTILE = {
    "eq raises": "def __eq__(self, other): raise RuntimeError('eq')",
    "eq is an array": "def __eq__(self, other):\n        import numpy as np\n        return np.array([True, False])",
    "hash raises": "def __hash__(self): raise RuntimeError('hash')",
    "repr raises": "def __repr__(self): raise RuntimeError('repr')",
    "bool raises": "def __bool__(self): raise RuntimeError('bool')",
    "len raises": "def __len__(self): raise RuntimeError('len')",
    "getattr raises": "def __getattr__(self, name): raise RuntimeError(name)",
    "getattribute raises": "def __getattribute__(self, name): raise RuntimeError(name)",
    "setattr raises": "def __setattr__(self, name, value): raise RuntimeError(name)",
    "delattr raises": "def __delattr__(self, name): raise RuntimeError(name)",
    "dict raises": "@property\n    def __dict__(self): raise RuntimeError('dict')",
    "dict is no dict": "@property\n    def __dict__(self): return 5",
    "class lies": "@property\n    def __class__(self): return int",
    "class lies: list": "@property\n    def __class__(self): return list",
    "class lies: dict": "@property\n    def __class__(self): return dict",
    "class lies: a frame": "@property\n    def __class__(self): return __import__('pandas').DataFrame",
    "class lies: a widget": "@property\n    def __class__(self): return __import__('ipywidgets').IntSlider",
    "class raises": "@property\n    def __class__(self): raise RuntimeError('class')",
    "iter raises": "def __iter__(self): raise RuntimeError('iter')",
    "iter never ends": "def __iter__(self):\n        while True: yield 1",
    "next raises": "def __next__(self): raise RuntimeError('next')",
    "reduce raises": "def __reduce_ex__(self, protocol): raise RuntimeError('reduce')",
    "copy raises": "def __copy__(self): raise RuntimeError('copy')",
    "deepcopy raises": "def __deepcopy__(self, memo): raise RuntimeError('deepcopy')",
    "sizeof raises": "def __sizeof__(self): raise RuntimeError('sizeof')",
    "del raises": "def __del__(self): raise RuntimeError('del')",
    "says yes to all": "def __getattr__(self, name): return lambda *a, **k: self",
    "dtype lies": "dtype = property(lambda self: 1 / 0)\n    shape = ()",
    "module lies": "__module__ = 'numpy'",
    "module is no text": "__module__ = 5",
    "qualname": "__name__ = property(lambda self: 1 / 0)\n    __wrapped__ = property(lambda self: 1 / 0)",
    "slots": "__slots__ = ('a', '__dict__')",
    "dir raises": "def __dir__(self): raise RuntimeError('dir')",
    "format raises": "def __format__(self, spec): raise RuntimeError('format')",
    "instancecheck": "@classmethod\n    def __instancecheck__(cls, other): raise RuntimeError('instance')",
}


def hostile(case: str, base: str = "") -> str:
    return f"class H{base}:\n    {HOSTILE[case]}\nh = H()"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_object_breaks_no_run(case: str) -> None:
    nb = Notebook(hostile(case), "k = [h]\nd = {'h': h}\nt = (h, 1)", "k, h", "x = 1\nprint(x)")
    assert nb.run("a").startswith("a")
    nb.all()
    assert nb.fresh.replace("c", "") == "abd"  # showing it in c may fail, as it may in any kernel
    nb.run("b", "k = [h, h]\nd = {'h': h}\nt = (h, 1)")
    assert nb.run("d", "x = 2\nprint(x)") == "d"
    assert nb.text("d") == "2"
    nb.delete("b")
    nb.all()
    assert "a" in nb.fresh


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "case",
    [
        f"{case}({base})"
        for case in HOSTILE
        for base in "list dict set int str tuple Exception type".split()
        if case not in ("slots", "hash raises", "module is no text")
    ],
)
def test_a_hostile_subclass_breaks_no_run(case: str) -> None:
    case, base = case.removesuffix(")").split("(")
    make = hostile(case, f"({base})")
    if base == "type":
        make = make.replace("h = H()", "class h(metaclass=H): pass")
    nb = Notebook(make, "k = [h]", "x = 1", "try:\n    k[0].append(5)\nexcept Exception: pass", "print(x)")
    nb.all()
    ran = {cell: str(shown.error) for cell, shown in nb.shown.items() if shown.error}
    assert set(ran) <= {"a", "b"}  # making it may fail by itself
    assert nb.text("e") == "1"
    nb.run("b", "k = [h, h]")
    nb.run("c", "x = 2")
    assert nb.text("e") == "2"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [c for c in HOSTILE if "raise Runt" in HOSTILE[c]])
def test_a_hostile_class_runs_none_of_its_code_for_the_kernels_sake(case: str) -> None:
    """A method that notes its calls in place of the one that raises: nothing is noted."""
    body = HOSTILE[case]
    noting = body.replace("raise RuntimeError(", "calls.append(")
    fallback = {
        "getattribute raises": "return object.__getattribute__(self, name)",
        "setattr raises": "return object.__setattr__(self, name, value)",
        "delattr raises": "return object.__delattr__(self, name)",
        "getattr raises": "raise AttributeError(name)",
        "class raises": "return H",
        "dict raises": "return {}",
    }.get(case, "return None")
    head, _, tail = noting.rpartition(": ")
    nb = Notebook(
        "calls = []", f"class H:\n    {head}:\n        {tail}; {fallback}\nh = H()", "k = [h]", "x = 1; h; k; None"
    )
    nb.all()
    nb.run("b")
    nb.run("c")
    gc.collect()
    expected = {"del raises"}
    assert nb.namespace["calls"] == [] or case in expected, nb.namespace["calls"]
