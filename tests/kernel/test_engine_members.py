"""What is stored where no attribute of Python's own holds it: edits of such stores are seen, and taken back."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook

CASES = {
    "factory": (
        "from collections import defaultdict\nd = defaultdict(list)",
        "d.default_factory = {}", "print(d['x'])", "int", "str",
    ),
    "exception": ("err = ValueError('a')", "err.args = ({},)", "print(err)", "'b'", "'c'"),
    "cause": ("err = ValueError('a')", "err.__cause__ = {}", "print([err.__cause__])", "KeyError(1)", "KeyError(2)"),
    "number of an error": ("err = OSError(1, 'x')", "err.errno = {}", "print(err)", "5", "6"),
    "exceptions in a list": ("errs = [KeyError(1)]", "errs[0].args = {}", "print(errs)", "(2,)", "(3, 4)"),
    "what an exception holds": ("err = ValueError([1])", "err.args[0].append({})", "print(err)", "2", "3"),
    "context": (
        "import decimal\nc = decimal.Context(prec=3)", "c.prec = {}", "print(c.divide(decimal.Decimal(1), 3))", "5", "6"
    ),
    "name of a class": ("class A: pass", "A.__name__ = {}", "print(A.__name__)", "'B'", "'C'"),
    "base": (
        "class X:\n    def go(self): return 'x'\nclass Y(X):\n    def go(self): return 'y'\nclass A(X): pass",
        "A.__bases__ = {}", "print(A().go())", "(Y,)", "(X,)",
    ),
    "keyword": ("def f(*, a=1): return a", "f.__kwdefaults__['a'] = {}", "print(f())", "2", "3"),
    "file in memory": ("import io\nbuf = io.BytesIO()", "buf.name = {}", "print(vars(buf))", "'a'", "'b'"),
    "generator": ("import random\nrng = random.Random(1)", "rng.name = {}", "print(vars(rng))", "'a'", "'b'"),
    "categories": ("import pandas as pd\nc = pd.Categorical(list('aba'))", "c[0] = {}", "print(list(c))", "'b'", "'a'"),
    "text of arrow": (
        "import pandas as pd\nc = pd.array(['a', 'b'], dtype='string')", "c[0] = {}", "print(c)", "'y'", "'z'"
    ),
    "times": (
        "import pandas as pd\nc = pd.date_range('2024-01-01', periods=3).array.copy()",
        "c[0] = pd.Timestamp({})", "print(c)", "'2020-01-01'", "'2021-01-01'",
    ),
    "spans": (
        "import pandas as pd\nc = pd.timedelta_range('1D', periods=3).array.copy()",
        "c[0] = pd.Timedelta({})", "print(c)", "'2h'", "'3h'",
    ),
    "numbers": ("import pandas as pd\nc = pd.Series([1, 2]).array", "c[0] = {}", "print(list(c))", "8", "9"),
    "in a dict": (
        "import pandas as pd\nd = {'c': pd.Categorical(list('aba'))}",
        "d['c'][0] = {}", "print(list(d['c']))", "'b'", "'a'",
    ),
    "of a column": (
        "import pandas as pd\ns = pd.Series(list('aba'), dtype='category')\nv = s.values.copy()",
        "v[0] = {}", "print(list(v), list(s))", "'b'", "'a'",
    ),
    "step of an index": (
        "import pandas as pd\nix = pd.date_range('2024-01-01', periods=3, freq='D')",
        "ix.freq = {}", "print(ix.freq)", "None", "'D'",
    ),
    "written through": (
        "import io\nraw = io.BytesIO()\ntext = io.TextIOWrapper(raw)",
        "text.write({})\ntext.flush()", "print(raw.getvalue())", "'a'", "'b'",
    ),
    "flushed": (
        "import io\nraw = io.BytesIO()\nout = io.BufferedWriter(raw)",
        "out.write({})\nout.flush()", "print(raw.getvalue())", "b'a'", "b'b'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "store", "show", "one", "other"), CASES.values(), ids=CASES)
def test_another_store_is_seen_and_a_deleted_one_taken_back(
    make: str, store: str, show: str, one: str, other: str
) -> None:
    nb = Notebook(make, show, store.format(one), show)
    assert nb.all() == "abcd"
    nb.check()
    nb.run("b")
    nb.check()
    assert "d" in nb.run("c", store.format(other))
    nb.check()
    nb.delete("c")
    nb.stale()
    nb.check()
