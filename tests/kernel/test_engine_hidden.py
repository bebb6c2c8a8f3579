"""Hidden state: random generators, options, local modules on disk (issue 6, point 7)."""

from __future__ import annotations

import decimal
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.protocol import Refused
from tests.kernel.inprocess import Notebook, settled

pytestmark = pytest.mark.usefixtures("no_hurry")


# -- random state

# how to seed, another seed, a draw that can be shown
RANDOM = {
    "random": ("import random\nrandom.seed({})", "random.random()"),
    "random, by from": ("from random import seed, randint\nseed({})", "randint(0, 10**9)"),
    "random's sample": ("import random\nrandom.seed({})", "random.sample(range(99), 3)"),
    "numpy's legacy functions": ("import numpy as np\nnp.random.seed({})", "np.random.rand(2)"),
    "numpy's numbers that come in pairs": ("import numpy as np\nnp.random.seed({})", "np.random.randn()"),
    "numpy's shuffle": (
        "import numpy as np\nnp.random.seed({})", "(lambda v: (np.random.shuffle(v), v))(list(range(9)))"),
    "default_rng": ("import numpy as np\nrng = np.random.default_rng({})", "rng.random()"),
    "spawned": ("import numpy as np\nrng = np.random.default_rng({})", "rng.spawn(2)[1].random()"),
    "RandomState": ("import numpy as np\nrng = np.random.RandomState({})", "rng.rand()"),
    "random.Random": ("import random\nrng = random.Random({})", "rng.random()"),
    "through a function": ("import random\nrandom.seed({})\ndef draw(): return random.random()", "draw()"),
    "through pandas": (
        "import numpy as np, pandas as pd\nnp.random.seed({})\ndf = pd.DataFrame({{'q': range(99)}})",
        "df.sample(2).index.tolist()"),
    "through scikit-learn": (
        "import numpy as np\nfrom sklearn.model_selection import train_test_split\nnp.random.seed({})",
        "train_test_split(list(range(20)), test_size=3)[1]"),
}  # fmt: skip


def drawing(case: str) -> Notebook:
    seed, draw = RANDOM[case]
    return settled(seed.format(1), draw, f"[{draw}]", f"({draw}, 0)")


@pytest.mark.parametrize("case", RANDOM)
def test_drawing_again_draws_the_same(case: str) -> None:
    nb = drawing(case)
    for cell in "cbdb":
        nb.run(cell)
        nb.check()


@pytest.mark.parametrize("case", RANDOM)
def test_another_seed_draws_anew(case: str) -> None:
    nb = drawing(case)
    before = nb.text("d")
    assert nb.run("a", RANDOM[case][0].format(2)) == "abcd"
    nb.check()
    assert nb.text("d") != before


@pytest.mark.parametrize("case", RANDOM)
def test_a_draw_put_in_taken_out_moved(case: str) -> None:
    nb = drawing(case)
    nb.insert(1, RANDOM[case][1])
    nb.all()
    nb.check()
    nb.move("c", 1)
    nb.all()
    nb.check()
    nb.delete("b")
    nb.all()
    nb.check()
    nb.edit("d", "0")
    nb.all()
    nb.check()


def test_cells_that_draw_nothing_do_not_run_for_a_seed() -> None:
    nb = settled("import random\nrandom.seed(1)", "random.random()", "x = 1", "print(x)")
    assert nb.run("a", "import random\nrandom.seed(2)") == "ab"


def test_the_same_seed_twice_and_one_taken_out() -> None:
    nb = settled("import random\nrandom.seed(7)", "random.seed(7)", "random.random()")
    nb.edit("a", "import random\nrandom.seed(1)")
    nb.all()
    nb.check()
    nb.edit("b", "0")
    nb.all()
    nb.check()


# -- options

OPTIONS = {
    "pandas": (
        "import pandas as pd\npd.set_option('display.max_rows', 4)", "pd.set_option('display.max_rows', 6)",
        "print(pd.get_option('display.max_rows'))"),
    "pandas, by attribute": (
        "import pandas as pd\npd.options.display.precision = 2", "pd.options.display.precision = 3",
        "print(pd.Series([1 / 3]))"),
    "numpy": (
        "import numpy as np\nnp.set_printoptions(precision=2)", "np.set_printoptions(precision=3)",
        "print(np.array([1 / 3]))"),
    "matplotlib": (
        "import matplotlib as mpl\nmpl.rcParams['lines.linewidth'] = 5", "mpl.rcParams['lines.linewidth'] = 7",
        "print(mpl.rcParams['lines.linewidth'])"),
    "matplotlib's styles": (
        "import matplotlib.pyplot as plt\nplt.style.use('ggplot')", "plt.rc('lines', linewidth=7)",
        "print(plt.rcParams['lines.linewidth'], plt.rcParams['axes.grid'])"),
    "environ": (
        "import os\nos.environ['RK_TEST'] = 'one'", "os.environ['RK_TEST'] = 'two'",
        "print(os.environ.get('RK_TEST'))"),
    "environ, deleted": (
        "import os\nos.environ['RK_TEST'] = 'one'", "del os.environ['RK_TEST']", "print(os.environ.get('RK_TEST'))"),
    "environ, imported by all": (
        "import os\nos.environ['RK_TEST'] = 'one'", "import os\nos.environ['RK_TEST'] = 'two'",
        "import os\nprint(os.environ.get('RK_TEST'))"),
    "environ, imported from os": (
        "from os import environ\nenviron['RK_TEST'] = 'one'", "environ['RK_TEST'] = 'two'",
        "from os import getenv\nprint(getenv('RK_TEST'))"),
    "environ, by its name": (
        "from os import environ as env\nenv.update(RK_TEST='one')  # environ", "env['RK_TEST'] = 'two'  # environ",
        "print(env['RK_TEST'])"),
    "environ of another program": (
        "import os\nos.environ['RK_TEST'] = 'one'", "os.environ['RK_TEST'] = 'two'",
        "import subprocess\nprint(subprocess.run('echo $RK_TEST', shell=True, capture_output=True).stdout)"),
    "environ in a path": (
        "import os\nos.environ['RK_TEST'] = 'one'", "os.environ['RK_TEST'] = 'two'",
        "from os.path import expandvars as full\nprint(full('$RK_TEST'))"),
    "sys.path": ("import sys\nsys.path.append('/one')", "sys.path.append('/two')", "print(sys.path[-2:])"),
    "decimal": (
        "from decimal import Decimal, getcontext\ngetcontext().prec = 4", "getcontext().prec = 6",
        "print(Decimal(1) / 3)"),
    "decimal, by a name of its context": (
        "import decimal\nctx = decimal.getcontext()\nctx.prec = 4", "ctx.prec = 6", "print(decimal.Decimal(1) / 3)"),
    "decimal, imported by all": (
        "from decimal import getcontext as of\nof().prec = 4", "from decimal import getcontext as of\nof().prec = 6",
        "from decimal import Decimal\nprint(Decimal(1) / 3)"),
    "recursion limit": (
        "import sys\nsys.setrecursionlimit(3000)", "sys.setrecursionlimit(4000)", "print(sys.getrecursionlimit())"),
    "recursion limit, imported": (
        "import sys\nsys.setrecursionlimit(3000)", "from sys import setrecursionlimit as f\nf(4000)",
        "from sys import getrecursionlimit\nprint(getrecursionlimit())"),
    "chdir": ("import os\nos.chdir('/')", "os.chdir('/usr')", "print(os.getcwd())"),
    "chdir, a path": (
        "import os\nos.chdir('/')", "os.chdir('/usr')", "from pathlib import Path\nprint(Path('.').resolve())"),
    "chdir, an opened file": (
        "import os\nos.chdir('/')", "os.chdir('/proc/self')", "try: print(open('comm').read()[:0], 'is there')\n"
        "except FileNotFoundError: print('none')"),
}  # fmt: skip


@pytest.fixture
def world() -> Iterator[None]:
    """Process-wide settings as they were, before and after."""
    import matplotlib as mpl
    import numpy as np
    import pandas as pd

    path, environ, cwd, printing = list(sys.path), dict(os.environ), os.getcwd(), np.get_printoptions()
    limit = sys.getrecursionlimit()
    params = dict(dict.items(mpl.rcParams))
    yield
    sys.path[:] = path
    sys.setrecursionlimit(limit)
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    np.set_printoptions(**printing)
    pd.reset_option("display.max_rows")
    pd.reset_option("display.precision")
    dict.update(mpl.rcParams, params)
    decimal.setcontext(decimal.Context())


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("case", OPTIONS)
def test_options_are_state_by_position(case: str) -> None:
    one, two, show = OPTIONS[case]
    nb = Notebook(one, show, two, show)
    assert nb.all() == "abcd"
    first, second = nb.text("b"), nb.text("d")
    assert first != second
    nb.run("b", show + "\n0")
    assert nb.text("b").splitlines()[0] == first.splitlines()[0]
    nb.delete("c")
    nb.all()
    assert nb.text("d") == first
    assert nb.stale_cells == ""


FIRST_DRAW = """
from reactive_kernel.kernel.engine import Engine, Outcome, RunRequest
names = {"__name__": "__main__"}
engine = Engine(names)
def run(cell, source):
    run = engine.begin(RunRequest(cell_id=cell, source=source), "cascade")
    while (step := run.next()) is not None:
        run.enter(step)
        exec(step.source, names)
        run.leave(step, Outcome("success", 1, 0.0))
    run.finish()
run("a", "import numpy as np")
run("b", "x = np.random.random()")
run("c", "y = np.random.random()")
before = names["x"], names["y"]
run("b", "x = np.random.random()")
print(before == (names["x"], names["y"]))
"""


def test_the_first_draw_of_all_is_drawn_again_without_a_seed() -> None:
    """numpy imports its generators only when they are first named."""
    ran = subprocess.run([sys.executable, "-c", FIRST_DRAW], capture_output=True, text=True, check=False)
    assert ran.stdout == "True\n", ran.stderr


def test_another_generator_behind_numpys_functions() -> None:
    import numpy as np

    before = np.random.get_bit_generator()
    try:
        nb = settled("import numpy as np\nnp.random.set_bit_generator(np.random.PCG64(1))", "np.random.rand()", "0")
        nb.run("a", "import numpy as np\nnp.random.set_bit_generator(np.random.PCG64(2))")
        nb.check()
        assert nb.log == ["a", "b", "c", "a", "b"]
        nb.run("b")
        nb.check()
    finally:
        np.random.set_bit_generator(before)


@pytest.mark.usefixtures("world")
def test_a_cell_that_fails_reads_the_state_too() -> None:
    show = "import os\nprint(os.environ.get('RK_TEST'))\nprint(missing)"
    nb = Notebook("import os\nos.environ['RK_TEST'] = 'one'", show)
    nb.all()
    assert nb.text("b").startswith("one")
    nb.edit("a", "0")
    nb.all()
    assert nb.text("b").startswith("None")


@pytest.mark.parametrize("star", ["from random import *", "from numpy.random import *"])
def test_a_cell_that_fails_when_it_has_drawn_reads_the_state_too(star: str) -> None:
    """That names from a star import draw is seen only by running them."""
    nb = Notebook(star, "0", "print(uniform(0, 1))\nprint(missing)")
    nb.all()
    nb.run("b", "from random import seed\nseed(3)" if "numpy" not in star else "from numpy.random import seed\nseed(3)")
    nb.check()
    assert nb.log == ["a", "b", "c!", "b", "c!"]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("case", OPTIONS)
def test_changing_an_option_runs_what_uses_it_and_nothing_else(case: str) -> None:
    one, two, show = OPTIONS[case]
    nb = Notebook(one, show, two, show, "x = 1")
    nb.all()
    second = nb.text("d")
    ran = nb.run("a", one + "\n0")
    assert "e" not in ran
    ran = nb.run("c", two + "\n0")
    assert "a" not in ran
    assert "b" not in ran
    assert nb.text("d") == second


@pytest.mark.usefixtures("world")
def test_a_failed_cell_puts_options_back() -> None:
    nb = Notebook(
        "import pandas as pd", "pd.set_option('display.max_rows', 4)\n1 / 0", "print(pd.get_option('display.max_rows'))"
    )
    nb.all()
    assert nb.text("c") == "60"


# -- local modules


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to import from, as a notebook's own; its modules are forgotten afterwards."""
    known = set(sys.modules)
    LOCAL.__init__()  # type: ignore[misc]
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in set(sys.modules) - known:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    LOCAL.__init__()  # type: ignore[misc]


def write(path: Path, text: str) -> None:
    """Save a file so that its time of change is another, however quick the test is."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(max(before, path.stat().st_mtime_ns) + 2_000_000_000,) * 2)
    importlib.invalidate_caches()


IMPORTS = {
    "import": ("import rk_mod", "print(rk_mod.value())"),
    "import as": ("import rk_mod as m", "print(m.value())"),
    "from": ("from rk_mod import value", "print(value())"),
    "from as": ("from rk_mod import value as v", "print(v())"),
    "star": ("from rk_mod import *", "print(value())"),
    "class": ("from rk_mod import Thing", "print(Thing().get())"),
    "instance": ("from rk_mod import Thing\nt = Thing()", "print(t.get())"),
    "constant by name": ("import rk_mod\nk = rk_mod.CONSTANT", "print(k)"),
    "constant": ("from rk_mod import CONSTANT", "print(CONSTANT)"),
}
TEXT = "CONSTANT = {0}\ndef value(): return {0}\nclass Thing:\n    def get(self): return {0}\n"


@pytest.mark.parametrize("case", IMPORTS)
def test_an_edited_module_makes_its_users_stale(case: str, project: Path) -> None:
    write(project / "rk_mod.py", TEXT.format(1))
    nb = Notebook(*IMPORTS[case], "z = 0")
    assert nb.all() == "abc"
    write(project / "rk_mod.py", TEXT.format(2))
    assert "b" in "".join(cell for cell, entry in nb.entries().items() if not entry["fresh"])
    ran = nb.all()
    assert "b" in ran
    assert "c" not in ran
    assert nb.text("b") == "2"
    assert nb.stale_cells == ""


def rewrite(text: str) -> str:
    """A cell that saves a module's file."""
    return f"n = open('rk_mod.py', 'w').write({text!r})"


@pytest.mark.parametrize("case", IMPORTS)
def test_who_uses_a_module_runs_along_with_the_cell_that_writes_its_file(case: str, project: Path) -> None:
    nb = Notebook(rewrite(TEXT.format(1)), *IMPORTS[case], "z = 0")
    assert nb.all() == "abcd"
    assert nb.run("a", rewrite(TEXT.format(2))) in ("abc", "ac")
    assert nb.text("c") == "2"
    assert nb.stale_cells == ""
    assert nb.run("a") == "a"
    assert nb.run("a", rewrite("def value(:")) == "a"
    assert "b" in nb.stale_cells
    with pytest.raises(Refused, match="rk_mod"):
        nb.all()
    nb.edit("a", rewrite(TEXT.format(3)))
    write(project / "rk_mod.py", TEXT.format(0))  # by hand, so that a cell can run
    nb.all()
    assert nb.text("c") == "3"
    assert nb.stale_cells == ""


@pytest.mark.usefixtures("project")
def test_a_cell_that_imports_what_it_writes() -> None:
    nb = Notebook(f"{rewrite(TEXT.format(1))}\nimport rk_mod\nprint(rk_mod.value())")
    assert nb.all() == "a"
    assert nb.run("a", f"{rewrite(TEXT.format(2))}\nimport rk_mod\nprint(rk_mod.value())") == "aa"
    assert nb.text("a") == "2"
    assert nb.stale_cells == ""
    ever_new = "import time\nn = open('rk_mod.py', 'w').write(f'x = {time.time_ns()}')\nimport rk_mod"
    assert nb.run("a", ever_new) == "aa"  # and no more


def test_a_module_written_so_that_it_does_not_load_is_tried_once_in_a_cascade(project: Path) -> None:
    fails = "import sys\nsys.rk_tries = getattr(sys, 'rk_tries', 0) + 1\n1 / 0"
    nb = Notebook(rewrite(TEXT.format(1)), *IMPORTS["import"], "print(n)", "print(n + 1)", "print(n + 2)")
    nb.all()
    try:
        assert nb.run("a", rewrite(fails)) == "adef"
        assert sys.rk_tries == 1  # type: ignore[attr-defined]
    finally:
        del sys.rk_tries  # type: ignore[attr-defined]


def test_a_module_that_is_not_edited_makes_nothing_stale(project: Path) -> None:
    write(project / "rk_mod.py", TEXT.format(1))
    nb = Notebook(*IMPORTS["import"])
    nb.all()
    assert all(entry["fresh"] for entry in nb.entries().values())
    assert nb.run("a") == "a"


def test_the_kernels_own_modules_are_not_the_users() -> None:
    assert LOCAL.edition("reactive_kernel.core.graph") is None
    assert LOCAL.edition(__name__) is not None


def test_a_module_imported_by_an_imported_one(project: Path) -> None:
    write(project / "rk_inner.py", "VALUE = 1\n")
    write(project / "rk_outer.py", "import rk_inner\ndef value(): return rk_inner.VALUE\n")
    nb = Notebook("import rk_outer", "print(rk_outer.value())")
    nb.all()
    write(project / "rk_inner.py", "VALUE = 2\n")
    nb.all()
    assert nb.text("b") == "2"


def test_a_package_with_modules(project: Path) -> None:
    (project / "rk_package").mkdir()
    write(project / "rk_package" / "__init__.py", "")
    write(project / "rk_package" / "part.py", "def value(): return 1\n")
    nb = Notebook("from rk_package import part", "print(part.value())")
    nb.all()
    write(project / "rk_package" / "part.py", "def value(): return 2\n")
    nb.all()
    assert nb.text("b") == "2"


def test_a_module_edited_so_that_it_does_not_load_says_so_and_heals(project: Path) -> None:
    write(project / "rk_mod.py", TEXT.format(1))
    nb = Notebook(*IMPORTS["import"])
    nb.all()
    write(project / "rk_mod.py", "def value(:\n")
    with pytest.raises(Refused, match="rk_mod"):
        nb.all()
    write(project / "rk_mod.py", TEXT.format(3))
    nb.all()
    assert nb.text("b") == "3"


def test_modules_stay_as_they_are_if_so_set(project: Path) -> None:
    write(project / "rk_mod.py", TEXT.format(1))
    nb = Notebook(*IMPORTS["import"], autoreload="off")
    nb.all()
    write(project / "rk_mod.py", TEXT.format(2))
    assert nb.stale() == ""
    assert nb.text("b") == "1"


def test_the_state_that_a_cell_keeps_follows_the_seed() -> None:
    nb = Notebook(
        "import random\nrandom.seed(1)",
        "kept = random.getstate()",
        "x = random.random()",
        "random.setstate(kept)\nprint(x, random.random())",
    )
    nb.all()
    nb.check()
    nb.run("a", "import random\nrandom.seed(2)")
    nb.check()
