"""Hidden state as variables: random generators, and a short table of options that modules keep.

Each has a pseudo-name (``<random>``, ``<pandas.options>``) whose value is a snapshot of the state; a
cell that changes it is its producer from there on down, and every cell runs with the state that a
clean run would have there.  So has each attribute that a cell sets on an installed module or class (`Patches`).
Nothing is imported for it (but what the cell that is about to run would import itself).

Options count only where the cell's text names what changes them: libraries that set something while
they are imported would otherwise look like cells that do.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Container, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from reactive_kernel.kernel.everybodys import get_numpy, get_python, set_numpy, set_python
from reactive_kernel.kernel.own_tables import get_duckdb, set_duckdb
from reactive_kernel.kernel.patches import Patches

__all__ = ["Hidden"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One piece of hidden state.

    ``module``: what has to be imported for it to exist.  ``get`` gives something comparable, ``set``
    takes what ``get`` gave.  ``marks``: a cell changes it only if its text contains one of these
    (empty: any cell may, as with random draws).  ``initial``: the state of a module just imported.
    ``sets``: a cell with one of these in its text sets it, changed or not (with ``effect``: if the analysis agrees).
    Who reads it is said in `core.options`.
    """

    module: str
    get: Callable[[], Any]
    set: Callable[[Any], None]
    marks: tuple[str, ...] = ()
    initial: Callable[[], Any] | None = None
    sets: tuple[str, ...] = ()
    effect: bool = False


def _get_torch() -> Any:
    return sys.modules["torch"].get_rng_state().numpy().tobytes()


def _set_torch(state: Any) -> None:
    torch = sys.modules["torch"]
    torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


def _flat(options: Any, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in options.items():
        found.update(_flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value})
    return found


# Those of pandas' options that decide how values look; the others, how it computes and reads.
_LOOKS = ("display.", "styler.", "plotting.")


def _get_pandas(looks: bool) -> Any:
    options = _flat(sys.modules["pandas._config.config"]._global_config)
    return {name: value for name, value in options.items() if name.startswith(_LOOKS) is looks}


def _set_pandas(looks: bool, state: Any) -> None:
    now, pandas = _get_pandas(looks), sys.modules["pandas"]
    for name, value in state.items():
        if now.get(name) is not value and now.get(name) != value:
            pandas.set_option(name, value)


def _initial_pandas(looks: bool) -> Any:
    options = sys.modules["pandas._config.config"]._registered_options.items()
    return {name: option.defval for name, option in options if name.startswith(_LOOKS) is looks}


def _of_pandas(looks: bool, sets: tuple[str, ...]) -> Kind:
    get, set_, initial = (partial(f, looks) for f in (_get_pandas, _set_pandas, _initial_pandas))
    return Kind("pandas", get, set_, ("option",), initial, sets)


# How figures reach the page is set up once, with a process's first figure: no matter of the place in the notebook.
_OF_THE_PROCESS = ("backend", "interactive")


def _styles(params: Any) -> dict[str, Any]:
    return {name: value for name, value in dict.items(params) if name not in _OF_THE_PROCESS}


def _get_matplotlib() -> Any:
    return _styles(sys.modules["matplotlib"].rcParams)


def _set_matplotlib(state: Any) -> None:
    dict.update(sys.modules["matplotlib"].rcParams, state)


def _set_printing(state: Any) -> None:
    sys.modules["numpy"].set_printoptions(**state)


def _get_sklearn() -> Any:
    return sys.modules["sklearn._config"].get_config()


def _set_sklearn(state: Any) -> None:
    sys.modules["sklearn._config"].set_config(**state)


def _get_polars() -> Any:
    return sys.modules["polars"].Config.save()


def _set_polars(state: Any) -> None:
    sys.modules["polars"].Config.load(state)


def _initial_polars() -> Any:
    config, now = sys.modules["polars"].Config, _get_polars()
    config.restore_defaults()
    state = _get_polars()
    config.load(now)
    return state


def _set_path(state: Any) -> None:
    sys.path[:] = state


def _set_recursion(state: Any) -> None:
    with suppress(RecursionError):  # deeper than that by now
        sys.setrecursionlimit(state)


_POLARS = "POLARS_FMT_"  # it keeps its options among the variables


def _get_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(_POLARS)}


def _set_environ(state: Any) -> None:
    for name in _get_environ().keys() - state.keys():
        del os.environ[name]
    for name, value in state.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # deleted under our feet
        return ""


def _set_directory(state: str) -> None:
    if state and state != _directory():
        os.chdir(state)


_PRECISION = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")


def _get_decimal() -> Any:
    context = sys.modules["decimal"].getcontext()
    return tuple(getattr(context, name) for name in _PRECISION), tuple(context.traps.items())


def _set_decimal(state: Any) -> None:
    context = sys.modules["decimal"].getcontext()
    for name, value in zip(_PRECISION, state[0], strict=True):
        setattr(context, name, value)
    context.traps.update(state[1])


def _initial_matplotlib() -> Any:
    return _styles(sys.modules["matplotlib"].rcParamsOrig)


def _initial_printing() -> Any:
    known = sys.modules["numpy"].get_printoptions()
    standard = {
        "edgeitems": 3,
        "threshold": 1000,
        "precision": 8,
        "linewidth": 75,
        "suppress": False,
        "nanstr": "nan",
        "infstr": "inf",
        "floatmode": "maxprec",
        "formatter": None,
        "sign": "-",
        "legacy": False,
        "override_repr": None,
    }
    return {name: standard.get(name, value) for name, value in known.items()}


_SETTERS = ("rcParams", "rcdefaults", ".rc(", "set_theme", "set_context", "set_palette")
STYLES = (*_SETTERS, "style", ".set(")
# Sure to set them, which `ax.set(…)` and `linestyle=` are not.
SET_STYLES = (*_SETTERS, "style.use", "set_style", "sns.set(", "seaborn.set(")

# Not by ``with pd.option_context(…)`` or ``with pl.Config(…)``, which take back what they set.
SET_PANDAS = ("set_option", "reset_option", "options.")
SET_POLARS = ("Config.set_", "Config.load", "Config.restore_defaults")

SEEDS = ("seed", "set_state", "setstate", "set_rng_state")

KINDS = {
    "<random>": Kind("random", get_python, set_python, sets=SEEDS, effect=True),
    "<numpy.random>": Kind("numpy.random", get_numpy, set_numpy, sets=SEEDS, effect=True),
    "<torch.random>": Kind("torch", _get_torch, _set_torch, sets=SEEDS, effect=True),
    "<pandas.options>": _of_pandas(True, SET_PANDAS),
    "<pandas.modes>": _of_pandas(False, ()),
    "<matplotlib.options>": Kind(
        "matplotlib", _get_matplotlib, _set_matplotlib, STYLES, _initial_matplotlib, SET_STYLES
    ),
    "<numpy.options>": Kind(
        "numpy",
        lambda: sys.modules["numpy"].get_printoptions(),
        _set_printing,
        ("printoptions",),
        _initial_printing,
        ("set_printoptions",),
    ),
    "<sklearn.options>": Kind(
        "sklearn._config",
        _get_sklearn,
        _set_sklearn,
        ("set_config",),
        lambda: dict(sys.modules["sklearn._config"]._global_config),
        ("set_config",),
    ),
    "<polars.options>": Kind("polars", _get_polars, _set_polars, ("Config", _POLARS), _initial_polars, SET_POLARS),
    "<duckdb>": Kind("duckdb", get_duckdb, set_duckdb, ("duckdb.",), dict),
    "<decimal.context>": Kind("decimal", _get_decimal, _set_decimal, ("context", ".prec", ".rounding")),
    "<sys.path>": Kind("sys", lambda: list(sys.path), _set_path, ("sys.path",)),
    "<sys.recursionlimit>": Kind("sys", sys.getrecursionlimit, _set_recursion, ("recursionlimit",)),
    "<environ>": Kind("os", _get_environ, _set_environ, ("environ", "putenv", "%env", "%set_env")),
    "<directory>": Kind("os", _directory, _set_directory, ("chdir", "%cd")),
}


@lru_cache(maxsize=256)
def _named_in(source: str) -> tuple[str, ...]:
    """Pseudo-names of what a cell with this text may change, once it is there."""
    return tuple(n for n, k in KINDS.items() if not k.marks or any(mark in source for mark in k.marks))


class Hidden:
    """The states before any cell changed them, and access to those now in effect."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.base: dict[str, Any] = {}
        self._current: dict[str, Any] = {}
        self._kinds = dict(KINDS)
        self._patches = Patches(namespace)

    def names(self, source: str) -> list[str]:
        """Pseudo-names of the state that exists now and that a cell with this text may change."""
        found = [name for name in _named_in(source) if KINDS[name].module in sys.modules]
        for name in self._patches.names(source):
            if name not in self._kinds:
                self._kinds[name] = Kind("", partial(self._patches.get, name), partial(self._patches.set, name))
            found.append(name)
        return found

    def note(self, source: str, *called: str) -> dict[str, Any]:
        """Before a cell with this text runs, which may call code that is in others: the states that it may change."""
        text = "\n".join((source, *called))
        if "random" in text and "numpy" in sys.modules and "numpy.random" not in sys.modules:
            import numpy.random  # noqa: F401 (numpy does so when it is first named: the first draw must not go unseen)
        states = {name: self.get(name) for name in self.names(text)}
        for name, state in states.items():
            self.base.setdefault(name, state)
        return states

    def changed(self, source: str, before: dict[str, Any], effects: Container[str]) -> dict[str, Any]:
        """After it ran: the states that it changed.

        Of a module that it imported, a change is seen by its ``initial`` state, or told by ``effects``.
        """
        found: dict[str, Any] = {}
        for name in dict.fromkeys((*before, *self.names(source))):
            now, kind = self.get(name), self._kinds[name]
            if name in before:
                # What a cell sets to what it already was, it sets all the same.
                if (now is not before[name] and now != before[name]) or (
                    (not kind.effect or name in effects) and any(mark in source for mark in kind.sets)
                ):
                    found[name] = now
                continue
            self.base[name] = kind.initial() if kind.initial is not None else now
            if name in effects or self.base[name] != now:
                found[name] = now
        self._current.update(found)
        return found

    def get(self, name: str) -> Any:
        """The state now; comparable."""
        return self._kinds[name].get()

    def set(self, name: str, state: Any) -> None:
        """Put a state into effect that `get` gave; nothing to do if it is the one last set."""
        if self._current.get(name) is not state:
            self._kinds[name].set(state)
            self._current[name] = state

    def restore(self, states: dict[str, Any]) -> frozenset[str]:
        """Put states back after a run that is not to count; returns those that it had changed."""
        changed = frozenset(name for name, state in states.items() if self.get(name) != state)
        for name, state in states.items():
            self._kinds[name].set(state)
            self._current.pop(name, None)
        return changed
