"""Settings of libraries decide how values look, also where no cell that shows one names the library."""

from __future__ import annotations

import decimal
from collections.abc import Iterator

import pytest

from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry", "as_before")

PANDAS, NUMPY = "import pandas as pd", "import numpy as np"
POLARS = "import polars as pl"
FRAME, ARRAY = "df = pd.DataFrame({'x': [1 / 3] * 9})", "m = np.ones(2) / 3"

# an import, a value, a setting, another, what looks otherwise then
CASES = {
    "a frame shown": (PANDAS, FRAME, "pd.set_option('display.precision', {})", "df"),
    "a frame printed": (PANDAS, FRAME, "pd.options.display.precision = {}", "print(df)"),
    "a frame as text": (PANDAS, FRAME, "pd.set_option('display.precision', {})", "t = df.to_string()\nprint(t)"),
    "a column of a frame": (PANDAS, FRAME, "pd.set_option('display.precision', {})", "df['x'].head(2)"),
    "in a list": (PANDAS, FRAME + "\nframes = [df]\ndel df", "pd.set_option('display.precision', {})", "frames"),
    "by a function": (
        PANDAS, FRAME + "\ndef show(d): print(d)", "pd.set_option('display.precision', {})", "show(df)"),
    "by a function that reads it": (
        PANDAS, FRAME + "\ndef show(): print(df)", "pd.set_option('display.precision', {})", "show()"),
    "a polars frame shown": (POLARS, "df = pl.DataFrame({'x': range(9)})", "pl.Config.set_tbl_rows({})", "df"),
    "a polars frame in an f-string": (
        POLARS, "df = pl.DataFrame({'x': range(9)})", "pl.Config(tbl_rows={})", "t = f'{df}'\nprint(t)"),
    "an array shown": (NUMPY, ARRAY, "np.set_printoptions(precision={})", "m * 2"),
    "an array in an f-string": (NUMPY, ARRAY, "np.set_printoptions(precision={})", "t = f'{m}'\nprint(t)"),
    "an attribute of one's own object": (
        NUMPY, ARRAY + "\nclass Net:\n    w = m\nnet = Net()\ndel m", "np.set_printoptions(precision={})", "net.w"),
    "set by a function": (
        PANDAS + "\ndef setup(k): pd.options.display.precision = k", FRAME, "setup({})", "df"),
    "decimals in a list": (
        "import decimal", "ps = [decimal.Decimal(1)]", "decimal.getcontext().prec = {}", "q = sum(ps) / 3\nprint(q)"),
    "scikit-learn's, for a class of one's own": (
        "import sklearn", "from sklearn.base import BaseEstimator\nclass Own(BaseEstimator): pass",
        "sklearn.set_config(working_memory={})", "print(Own(), sklearn.get_config()['working_memory'])"),
    "a decimal": (
        "import decimal", "p = decimal.Decimal(1)", "decimal.getcontext().prec = {}", "q = p / 3\nprint(q)"),
}  # fmt: skip


@pytest.fixture
def as_before() -> Iterator[None]:
    """The settings are what they were, afterwards."""
    import matplotlib
    import numpy as np
    import pandas as pd
    import polars as pl
    import sklearn
    from matplotlib import pyplot

    settings = sklearn.get_config()
    printing = np.get_printoptions()
    yield
    np.set_printoptions(**printing)
    pd.reset_option("display.precision")
    pl.Config.restore_defaults()
    decimal.setcontext(decimal.Context())
    sklearn.set_config(**settings)
    matplotlib.rcdefaults()
    pyplot.close("all")


@pytest.mark.parametrize("case", CASES)
def test_a_setting_put_in_changed_and_taken_out(case: str) -> None:
    module, value, setting, show = CASES[case]
    nb = Notebook(module, value, show, "x = 1")
    nb.all()
    plain = nb.text("c")
    nb.insert(2, setting.format(3))
    assert nb.run("e") == "ec"
    assert nb.text("c") != plain
    coarse = nb.text("c")
    assert nb.run("e", setting.format(2)) == "ec"
    assert nb.text("c") not in (plain, coarse)
    nb.delete("e")
    assert nb.all() == "c"
    assert nb.text("c") == plain


@pytest.mark.parametrize("text", ["df['y'] = df['x'] * 2", "part = df[df['x'] > 0]"])
def test_what_only_computes_does_not_run_for_how_things_look(text: str) -> None:
    nb = Notebook(PANDAS, FRAME, text)
    nb.all()
    nb.insert(2, "pd.set_option('display.precision', 3)")
    assert nb.run("d") == "d"


@pytest.mark.parametrize(
    ("module", "value", "setting"),
    [
        (PANDAS, FRAME, "with pd.option_context('display.precision', 3): print(df)"),
        (POLARS, "df = pl.DataFrame({'x': range(9)})", "with pl.Config(tbl_rows=3): print(df)"),
        (NUMPY, "df = np.ones(2) / 3", "with np.printoptions(precision=3): print(df)"),
    ],
)
def test_a_setting_that_is_taken_back_is_none(module: str, value: str, setting: str) -> None:
    nb = Notebook(module, value, "print(df)")
    nb.all()
    nb.insert(2, setting)
    assert nb.run("d") == "d"
    assert nb.run("d", setting.replace("3", "4")) == "d"


def test_what_draws_frames_follows_the_settings_of_matplotlib() -> None:
    nb = Notebook(PANDAS, FRAME, "ax = df.plot()", "print(ax.lines[0].get_linewidth())")
    nb.all()
    nb.insert(2, "import matplotlib\nmatplotlib.rcParams['lines.linewidth'] = 7")
    assert nb.run("e") == "ecd"
    assert nb.text("d") == "7.0"
    nb.delete("e")
    nb.all()
    assert nb.text("d") == "1.5"


def test_an_estimator_follows_the_settings_of_scikit_learn() -> None:
    nb = Notebook(
        "from sklearn import set_config",
        "from sklearn.preprocessing import StandardScaler\nscaler = StandardScaler()\ndel StandardScaler",
        "import pandas as pd\nX = pd.DataFrame({'x': [1.0, 2.0]})",
        "print(type(scaler.fit_transform(X)).__name__)",
    )
    nb.all()
    nb.insert(3, "set_config(transform_output='pandas')")
    nb.insert(5, "set_config(transform_output='default')")
    assert nb.run("e") == "edf"
    assert nb.text("d") == "DataFrame"
    assert nb.run("b", "from sklearn.preprocessing import StandardScaler\nscaler = StandardScaler(copy=False)") == "bd"
    assert nb.text("d") == "DataFrame"
    nb.delete("e")
    nb.all()
    assert nb.text("d") == "ndarray"


@pytest.mark.parametrize(
    "draw",
    [
        "shown = display.plot()",
        "shown = metrics.ConfusionMatrixDisplay.from_predictions(*y)",
        "from sklearn.metrics import ConfusionMatrixDisplay\nshown = ConfusionMatrixDisplay.from_predictions(*y)",
    ],
)
def test_what_any_library_draws_follows_the_settings_of_matplotlib(draw: str) -> None:
    nb = Notebook(
        "import matplotlib",
        "from sklearn import metrics\ny = [[0, 1], [0, 1]]\n"
        "display = metrics.ConfusionMatrixDisplay(metrics.confusion_matrix(*y))",
        f"{draw}\nprint(shown.figure_.get_size_inches())",
    )
    nb.all()
    plain = nb.text("c")
    nb.insert(2, "matplotlib.rc('figure', figsize=(3, 2))")
    assert nb.run("d") == "dc"
    assert nb.text("c") == "[3. 2.]" != plain


def test_a_setting_of_how_things_look_runs_nothing_that_shows_nothing() -> None:
    load = "df = pd.DataFrame({'a': [1.5, 2.0]})\nm = np.arange(3.0)"
    notebook = Notebook(f"{PANDAS}\n{NUMPY}", load, "s = sum(df['a'])", "df", "print(m)", "x = pd.concat([df, df])")
    notebook.all()
    cell = notebook.insert(1, "pd.set_option('display.precision', 2)\nnp.set_printoptions(precision=2)")
    assert notebook.run(cell) == "gde"
    notebook.delete(cell)
    assert notebook.all() == "de"


def test_a_setting_of_how_pandas_computes_is_read_by_who_computes() -> None:
    notebook = Notebook(PANDAS, "t = str(pd.get_option('mode.sim_interactive'))", "print(t)")
    notebook.all()
    cell = notebook.insert(1, "pd.set_option('mode.sim_interactive', True)")
    assert notebook.run(cell) == "dbc"
    assert notebook.text("c") == "True"
    notebook.delete(cell)
    notebook.all()
    assert notebook.text("c") == "False"


def test_what_pandas_draws_follows_matplotlib_though_it_is_not_shown() -> None:
    setup = "import pandas as pd, matplotlib.pyplot as plt\ndf = pd.DataFrame({'a': [1, 2, 3], 'b': [2, 1, 3]})"
    notebook = Notebook(setup, "axes = pd.plotting.scatter_matrix(df)", "ax = df.plot()", "s = pd.concat([df, df])")
    notebook.all()
    cell = notebook.insert(1, "plt.rcParams['lines.linewidth'] = 5")
    assert notebook.run(cell) == "ebc"
    notebook.delete(cell)
    assert notebook.all() == "bc"
