"""The namespace at each place of a notebook: what is remembered of the way there is what binding anew gives."""

from __future__ import annotations

import random
from typing import Any

import pytest

from reactive_kernel.kernel.store import MISSING, Store
from tests.kernel.inprocess import Notebook

LINES = (
    "x = 9|x = 8|y = 9|y = 8|x = 8; y = 9|x, y = y, x|x = x + 1|del x|if y > 8: x = 8|y = [x]|y.append(9)|"
    "def f(): return x|y = f()|globals()['x'] = 9|raise KeyError|import math as x|"
    "try:\n    del y\nexcept NameError:\n    x = 9"
).split("|")


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What every move of a store binds otherwise than a look at all names would; fills as cells run."""
    wrong: list[str] = []
    plain = Store.move

    def move(store: Store, key: float) -> None:
        plain(store, key)
        for name in store.managed:
            bound, due = store.namespace.get(name, MISSING), store.lookup(name, key)
            if bound is not due:
                wrong.append(f"{name} at {key}: {bound!r}, not {due!r}")

    monkeypatch.setattr(Store, "move", move)
    return wrong


@pytest.mark.parametrize("seed", range(40))
def test_every_place_has_what_binding_anew_gives(moves: list[str], seed: int) -> None:
    chance = random.Random(seed)
    nb = Notebook(*chance.choices(LINES, k=7))
    nb.all()
    for _ in range(40):
        ids = [cell.id for cell in nb.engine.session.document]
        cell = chance.choice(ids)
        match chance.randrange(8):
            case 0 if len(ids) < 12:
                nb.insert(chance.randrange(len(ids) + 1), chance.choice(LINES))
            case 1 if len(ids) > 4:
                nb.delete(cell)
            case 2:
                nb.move(cell, chance.randrange(len(ids)))
            case 3 | 4:
                nb.run(cell, chance.choice(LINES))
            case 5:
                nb.run(cell, cascade=False)
            case _:
                nb.run(cell)  # the place that most runs go to: again and again the same
                nb.run(cell)
    assert not moves


def test_a_cell_that_runs_again_finds_its_place_without_a_look_at_those_below(monkeypatch: pytest.MonkeyPatch) -> None:
    nb = Notebook("a = 1", *[f"v{n} = {n}" for n in range(20)])
    nb.all()
    nb.run("a")
    looked: list[str] = []
    plain = Store.lookup

    def lookup(store: Store, name: str, *arguments: Any) -> Any:
        looked.append(name)
        return plain(store, name, *arguments)

    monkeypatch.setattr(Store, "lookup", lookup)
    way = nb.engine.executor.store.excursion
    nb.run("a", "a = [sorted(n for n in globals() if n[0] == 'v')]")
    assert nb.namespace["a"] == [[]]
    assert nb.namespace["v19"] == 19
    assert nb.engine.executor.store.excursion is way
    assert {name for name in looked if name[0] != "<"} == {"a"}


def test_the_same_object_bound_again_where_another_was() -> None:
    nb = Notebook("x = 9", "x = 8")
    nb.all()
    nb.run("b", "x = 9")
    assert nb.namespace["x"] == 9


def test_values_that_are_let_go_are_not_held_by_what_is_remembered_of_a_way() -> None:
    nb = Notebook("data = bytes(300_000)", "m = 1", "data = len(data)", max_superseded_bytes=500_000)
    nb.all()
    nb.run("b")

    def held() -> list[Any]:
        way = nb.engine.executor.store.excursion
        return [] if way is None else [v for v in (*way.here.values(), *way.end.values()) if isinstance(v, bytes)]

    assert held()
    nb.engine.command("configure", {"max_superseded_bytes": 100_000})
    nb.engine.settle()
    assert not held()
