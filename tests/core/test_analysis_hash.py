"""The code hash: comments and formatting don't count, everything that can change a run does."""

from __future__ import annotations

import ast
import random

import pytest

from reactive_kernel.core.python import analyse

from .blocks import generate

SAME = [
    ("x=1", "x = 1  # a comment"),
    ("x = 1\ny = 2", "\n\nx = 1\n\n\n# hello\ny = 2\n"),
    ("x = 1; y = 2", "x = 1\ny = 2"),
    ("f(a, b)", "f(\n    a,\n    b,\n)"),
    ("x = 'a'", 'x = "a"'),
    ("x = 'ab'", "x = ('a'\n     'b')"),
    ("x = (1 + 2)", "x = 1 + 2"),
    ("if a: b()", "if a:\n    b()"),
    ("if a:\n  b()", "if a:\n\tb()"),
    ("x = 1_000", "x = 1000"),
    ("x = 0x10", "x = 16"),
    ("def f(a,b): return a", "def f(a, b):\n    # why\n    return a"),
    ("%matplotlib inline", "%matplotlib inline   "),
    ("x = 1\n%time y = f(x)", "x=1 # one\n\n%time y = f(x)"),
    ("%%time\nx=1", "%%time\nx = 1  # one"),
    ("f(x);", "f(x) ;  "),
    ("x = 1", "    x = 1"),
    ("ﬁle = 1", "file = 1"),
    ("x = 1", "x = 1\r\n"),
    ("x = u'a'", "x = 'a'"),
    ("df.plot();  # quiet", "df.plot();"),
]

DIFFERENT = [
    ("x = 1", "x = 2"),
    ("x = 1", "x = 1.0"),
    ("x = 1", "x = True"),
    ("x = 0.0", "x = -0.0"),
    ("x = 1", "y = 1"),
    ("x = 'a'", "x = b'a'"),
    ("x = None", "x = 'None'"),
    ("x = a", "x = 'a'"),
    ("x", "x;"),
    ("5", "6"),
    ("5", "'5'"),
    ("'a'", "'b'"),
    ("x", "x = x"),
    ("f(a, b)", "f(b, a)"),
    ("f(a)", "f(*a)"),
    ("f(a=b)", "f(b=a)"),
    ("f(*a)", "f(**a)"),
    ("[a]", "(a,)"),
    ("[a, b]", "[[a, b]]"),
    ("[a, [b]]", "[[a], b]"),
    ("a + b", "a - b"),
    ("a < b", "a <= b"),
    ("a and b", "a or b"),
    ("a - (b - c)", "a - b - c"),
    ("def f(): return 1", "def f():\n    'doc'\n    return 1"),
    ("def f():\n    'doc'", "def f():\n    'dog'"),
    ("def f(a, b): pass", "def f(a, /, b): pass"),
    ("def f(a, b): pass", "def f(a, *, b): pass"),
    ("def f(a): pass", "def f(*a): pass"),
    ("def f(a=1): pass", "def f(a): pass"),
    ("def f(a: int): pass", "def f(a): pass"),
    ("def f(): pass", "async def f(): pass"),
    ("@d\ndef f(): pass", "def f(): pass"),
    ("x: int = 1", "x = 1"),
    ("x: int = 1", "(x): int = 1"),
    ("import a", "import b"),
    ("import a", "import a as b"),
    ("import a.b", "import a.b as a"),
    ("from a import b", "from .a import b"),
    ("from . import b", "from .. import b"),
    ("f'{x}'", "f'{x!r}'"),
    ("f'{x:.1f}'", "f'{x:.2f}'"),
    ("f'{x=}'", "f'{x}'"),
    ("for a in b: c()\nd()", "for a in b:\n    c()\n    d()"),
    ("if a:\n    b()\nelse:\n    c()", "if a:\n    b()\nc()"),
    ("try:\n    a()\nexcept E:\n    b()", "try:\n    a()\nexcept E as e:\n    b()"),
    ("[a for a in b if c if d]", "[a for a in b if (c and d)]"),
    ("x = [a for a in b]", "x = {a for a in b}"),
    ("global a\na = 1", "a = 1"),
    ("%matplotlib inline", "%matplotlib widget"),
    ("%time x = 1", "x = 1"),
    ("%time f()", "%timeit f()"),
    ("!ls", "%ls"),
    ("!ls a", "!ls b"),
    ("x?", "x??"),
    ("%%time\nx = 1", "x = 1"),
    ("%%time\nx = 1", "%%timeit\nx = 1"),
    ("%%capture a\nx = 1", "%%capture b\nx = 1"),
    ("%%bash\nls", "%%bash\nls -l"),
    ("%%bash\nls", "%%sh\nls"),
    ("%%html\n<b>", "%%html\n <b>"),
    ("x = (", "x = ["),
    ("match a:\n    case 1: pass", "match a:\n    case b: pass"),
    ("x = ...", "x = None"),
    ("x = 1j", "x = 1"),
    ("x = '\\ud800'", "x = '\\ud801'"),
    ("a = b = c", "a = c\nb = c"),
    ("yield_ = 1", "yield_ = 1\nyield_"),
    ("x = 0x" + "f" * 5000, "x = 0x" + "f" * 4999 + "e"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same(one: str, other: str) -> None:
    assert analyse(one).code == analyse(other).code


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one: str, other: str) -> None:
    assert analyse(one).code != analyse(other).code


def test_blank_lines_and_comments_anywhere() -> None:
    rng = random.Random(11)
    for _ in range(200):
        source = generate(rng)
        spaced = "\n\n# before\n" + "\n".join(f"{line}  # here\n" for line in source.split("\n"))
        assert analyse(source).code == analyse(spaced).code, source


def test_generated_cells_differ() -> None:
    rng = random.Random(12)
    cells = {generate(rng) for _ in range(1000)}
    by_tree = {ast.dump(ast.parse(cell)) for cell in cells}
    assert len({analyse(cell).code for cell in cells}) == len(by_tree)
