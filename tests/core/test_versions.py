"""Versions: equal for equal code and inputs, different for all else."""

from __future__ import annotations

import pytest

from reactive_kernel.core.operations import Changed, Rerun
from reactive_kernel.core.versions import digest, name_version, token_version, version
from tests.core.scripted import Script

INPUTS = [("x", "1"), ("y", "2")]


@pytest.mark.parametrize(
    "other",
    [
        ("code2", 0, INPUTS),
        ("code", 1, INPUTS),
        ("code", 0, []),
        ("code", 0, INPUTS[:1]),
        ("code", 0, [("x", "1"), ("y", "3")]),
        ("code", 0, [("x", "1"), ("z", "2")]),
        ("code", 0, [("x", "2"), ("y", "1")]),
        ("code", 0, [("x1", ""), ("y", "2")]),
    ],
)
def test_anything_that_differs_gives_another_version(other: tuple) -> None:
    assert version(*other) != version("code", 0, INPUTS)
    assert version(*other) == version(*other)


def test_the_parts_boundaries_count() -> None:
    assert digest("ab", "c") != digest("a", "bc") != digest("abc")


def test_text_that_is_no_unicode_can_be_hashed() -> None:
    assert digest("\ud800") != digest("\ud801")


def test_values_of_equal_code_in_two_cells_are_two_objects() -> None:
    assert name_version("a", "v", "x") != name_version("b", "v", "x")
    assert name_version("a", "v", "x") != name_version("a", "v", "y")
    assert token_version("int:1") == token_version("int:1")


def of(nb: Script) -> dict[str, str | None]:
    return {cell.id: cell.version for cell in nb.session.document}


def settled(*sources: str) -> Script:
    nb = Script(*sources)
    nb.all()
    return nb


def test_versions_depend_on_code_and_inputs() -> None:
    nb = settled("x = 1", "y = x", "z = 0")
    before = of(nb)
    nb.edit("a", "x = 2")
    assert of(nb)["a"] != before["a"]
    assert of(nb)["b"] != before["b"]
    assert of(nb)["c"] == before["c"]
    nb.edit("a", "x = 1 # again")
    assert of(nb) == before


def test_versions_do_not_depend_on_history() -> None:
    nb = settled("x = 5", "print(x)", "z = 0")
    nb.edit("b", "y = x")
    nb.all()
    nb.edit("a", "x = 1")
    nb.all()
    assert of(nb) == of(settled("x = 1", "y = x", "z = 0"))


def test_a_run_that_shows_what_the_source_says_does_not_change_its_own_version() -> None:
    nb = Script("x = 1", "y = x", "print(y)")
    before = of(nb)
    nb.run("a", alone=True)
    assert of(nb)["a"] == before["a"]


def test_a_run_by_hand_is_a_new_version_only_of_what_was_fresh() -> None:
    nb = Script("x = 1", "y = x")
    before = of(nb)
    nb.apply(Rerun("a"))
    assert of(nb) == before
    nb.all()
    before = of(nb)
    nb.apply(Rerun("a"))
    assert of(nb)["a"] != before["a"]
    assert of(nb)["b"] != before["b"]


def test_a_run_by_hand_that_gives_a_proved_value_is_no_new_version_for_readers() -> None:
    nb = Script("x = 1", "y = x")
    nb.show("a", bound={"x": "int:1"})
    nb.all()
    known = of(nb)["b"]
    nb.apply(Rerun("a"))
    nb.cascade("cell", "a")
    assert of(nb)["b"] == known


def test_readers_of_a_proved_value_do_not_care_who_made_it() -> None:
    nb = Script("x = 1", "x = 1", "print(x)")
    for cell in "ab":
        nb.show(cell, bound={"x": "int:1"})
    nb.all()
    nb.delete("b")
    assert nb.fresh == "ac"


def test_readers_of_an_unproved_value_do() -> None:
    nb = Script("x = []", "x = []", "print(x)")
    nb.all()
    nb.delete("b")
    assert nb.fresh == "a"


def test_a_change_outside_of_any_cell_makes_readers_stale() -> None:
    nb = Script("import m", "print(m)", "n = 1")
    nb.show("a", bound={"m": "module:m"})
    nb.all()
    nb.apply(Changed((("a", "m", "module:m@1"), ("nope", "m", "t"), ("c", "other", "t"))))
    assert nb.fresh == "ac"
    nb.apply(Changed((("a", "m", "module:m"),)))
    assert nb.fresh == "abc"


def test_cells_in_a_loop_have_no_version() -> None:
    assert of(Script("x = y", "y = x", "print(x)"))["a"] is None
