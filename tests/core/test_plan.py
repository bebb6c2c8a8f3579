"""What a cascade runs, in which order, and when it stops: logs of scripted runs."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reactive_kernel.core.operations import Lost
from tests.core.scripted import Script

# sources, root -> what runs when all else is new / when all had run
ORDER = {
    "itself": (["x = 1"], "a", "a", "a"),
    "dependents": (["x = 1", "y = x", "print(y)"], "a", "abc", "abc"),
    "what it needs, then itself, then dependents": (["x = 1", "y = x", "print(y)"], "b", "abc", "bc"),
    "not cells beside it": (["x = 1", "k = 0", "print(x)", "print(k)"], "a", "ac", "ac"),
    "ties in document order": (["x = 1", "p = x", "q = x", "p + q"], "a", "abcd", "abcd"),
    "a forward reference after what it needs": (["print(x)", "x = 1"], "b", "ba", "ba"),
    "the root is a forward reader": (["print(x)", "x = 1"], "a", "ba", "a"),
    "dependency order before document order": (["print(y)", "y = x", "x = 1"], "c", "cba", "cba"),
    "a dependent pulls in what else it needs": (["k = 0", "x = 1", "print(x + k)"], "b", "bac", "bc"),
    "changes in place in a row": (["x = []", "x.append(1)", "x.append(2)", "print(x)"], "b", "abcd", "bcd"),
    "readers above a change don't run for it": (["x = []", "print(x)", "x.append(1)", "print(x)"], "c", "acd", "cd"),
    "rebinding doesn't re-run the one above": (["x = 1", "x = x + 1", "print(x)"], "b", "abc", "bc"),
}


@pytest.mark.parametrize("case", ORDER)
def test_running_a_cell_of_a_new_notebook(case: str) -> None:
    sources, root, first, _ = ORDER[case]
    assert Script(*sources).run(root) == first


@pytest.mark.parametrize("case", ORDER)
def test_running_a_cell_again(case: str) -> None:
    sources, root, _, again = ORDER[case]
    nb = Script(*sources)
    nb.all()
    assert nb.run(root) == again
    assert nb.fresh == nb.order


@pytest.mark.parametrize("case", ORDER)
def test_after_a_cascade_nothing_is_left_to_run(case: str) -> None:
    nb = Script(*ORDER[case][0])
    assert sorted(nb.all()) == sorted(nb.order)
    assert nb.all() == ""
    assert nb.stale() == ""


def chain(count: int = 4) -> Script:
    """x0 = 1; x1 = x0; … all run."""
    nb = Script("x0 = 1", *(f"x{n} = x{n - 1}" for n in range(1, count)))
    assert nb.all() == "abcdefgh"[:count]
    return nb


def test_kind_upstream_runs_what_the_cell_needs_and_the_cell() -> None:
    nb = chain()
    nb.edit("a", "x0 = 2")
    assert nb.cascade("upstream", "c") == "abc"
    assert nb.fresh == "abc"


def test_kind_upstream_of_a_fresh_cell_runs_just_the_cell() -> None:
    assert chain().cascade("upstream", "c") == "c"


def test_alone_runs_just_the_cell_even_if_what_it_needs_is_stale() -> None:
    nb = chain()
    nb.edit("a", "x0 = 2")
    assert nb.run("c", alone=True) == "c"


def test_a_cell_run_alone_on_stale_values_is_not_fresh() -> None:
    nb = chain()
    nb.edit("a", "x0 = 2")
    nb.run("c", alone=True)
    assert nb.fresh == ""
    assert nb.run("a") == "abcd"


def test_a_cell_run_alone_on_stale_values_is_fresh_once_these_are_right_again() -> None:
    nb = chain()
    nb.edit("a", "x0 = 2")
    nb.run("c", alone=True)
    nb.edit("a", "x0 = 1")
    assert nb.fresh == "abcd"


def test_a_failure_on_stale_values_says_nothing_of_the_cell_as_it_stands() -> None:
    nb = chain()
    nb.edit("b", "x1 = x0 + 2")
    nb.fails = {"b", "c"}
    assert nb.all() == "b!"
    assert nb.status() == "sebb"
    assert nb.run("c", alone=True) == "c!"
    assert nb.status() == "sebb"  # not failed as it stands: it can't run before b does


def test_a_cell_run_alone_on_used_up_values_is_not_fresh() -> None:
    nb = chain()
    nb.apply(Lost((("b", "x1"),)))
    nb.run("c", alone=True)
    assert nb.fresh == "ab"
    assert nb.run("c") == "bcd"
    assert nb.fresh == "abcd"


def test_what_a_blocked_cell_gives_when_run_alone_is_bound_anew() -> None:
    nb = Script("x = y + 1", "y = x + 1")
    nb.session.rebound.clear()
    nb.run("a", alone=True)
    assert nb.status() == "bb"
    assert "x" in nb.session.rebound  # the namespace has to be set to what a clean run has


def test_cells_that_a_run_makes_stale_by_what_it_taught_run_too() -> None:
    nb = Script("xs = ys = [0]", "xs.append(1)", "print(xs)", "xs.append(2)")
    nb.all()
    nb.show("b", mutated=frozenset({"xs", "ys"}))
    nb.apply(Lost((("b", "xs"),)))
    nb.edit("d", "xs.append(3)")
    assert nb.run("d", by_hand=False) == "bdc"  # c had run on what b was taken to do
    assert nb.fresh == "abcd"


def test_moving_a_definition_away_shows_who_shares_with_what_was_behind_it() -> None:
    nb = Script("xs = rows = []", "xs = [1]", "rows.append(1)", "print(xs)")
    nb.show("a", reach={"xs": frozenset({1}), "rows": frozenset({1})})
    nb.all()
    assert nb.edges() == "a-rows-c b-xs-d"
    nb.move("b", 3)
    assert nb.edges() == "a-rows,xs-c c-xs-d"
    assert "c" not in nb.fresh


def test_lazy_runs_what_the_cell_needs_and_marks_its_dependents() -> None:
    nb = chain()
    nb.edit("a", "x0 = 2")
    assert nb.run("b", lazy=True) == "ab"
    assert nb.fresh == "ab"
    assert nb.stale() == "cd"


def test_kind_stale_leaves_cells_that_never_ran() -> None:
    nb = chain()
    nb.insert(4, "print(x0)")
    nb.edit("b", "x1 = 0")
    assert nb.stale() == "bcd"
    assert nb.all() == "e"


def test_kind_stale_with_only_some() -> None:
    nb = Script("x = 1", "print(x)", "y = x", "print(y)")
    nb.all()
    nb.edit("a", "x = 2")
    assert nb.stale(only=frozenset("c")) == "acd"


def test_only_cells_that_had_run_if_so_set() -> None:
    nb = Script("x = 1", "print(x)", "print(x, 2)")
    nb.run("b", only_run_before=True)
    assert nb.fresh == "ab"
    assert nb.run("a", only_run_before=True) == "ab"


def test_disabled_cells_and_their_dependents_are_left_out() -> None:
    nb = chain()
    nb.edit("b", "x1 = x0", disabled=True)
    assert nb.run("a") == "a"
    assert nb.fresh == "a"
    assert nb.all() == ""
    assert nb.says("c") == "" or "disabled" in nb.says("c")
    assert nb.run("c") == ""
    assert nb.problem == "Not run (it needs x1): cell 2 is disabled and not up to date."
    nb.edit("b", "x1 = x0", disabled=False)
    assert nb.all() == "bcd"


def test_a_disabled_cell_runs_when_it_is_asked_for() -> None:
    nb = chain()
    nb.edit("b", "x1 = x0", disabled=True)
    assert nb.run("b") == "bcd"


def test_a_waiting_cell_is_left_to_its_own_request_and_so_is_what_needs_it() -> None:
    nb = Script("x = 1", "y = x", "print(x)", "print(y)")
    nb.all()
    assert nb.run("a", waiting={"b"}) == "ac"
    assert nb.run("b", by_hand=False) == "bd"


def test_early_cut_off() -> None:
    nb = Script("x = 1", "y = abs(x)", "print(y)")
    nb.show("b", bound={"y": "int:1"})
    nb.all()
    nb.edit("a", "x = -1")
    assert nb.run("a") == "ab"
    assert nb.fresh == "abc"
    assert nb.skipped == 1


def test_no_cut_off_if_one_of_two_values_changed() -> None:
    nb = Script("x = 1", "y, z = abs(x), x", "print(y)", "print(z)")
    nb.show("b", bound={"y": "int:1", "z": "int:1"})
    nb.all()
    nb.edit("a", "x = -1")
    nb.show("b", bound={"y": "int:1", "z": "int:-1"})
    assert nb.run("a") == "abd"
    assert nb.fresh == "abcd"


def test_running_by_hand_makes_new_values_unless_they_are_proved_equal() -> None:
    nb = Script("x = read()", "print(x)")
    nb.all()
    assert nb.run("a") == "ab"
    nb.show("a", bound={"x": "int:1"})
    assert nb.run("a") == "ab"
    assert nb.run("a") == "a"


def test_a_failed_cell_blocks_its_dependents_and_names_itself() -> None:
    nb = chain()
    nb.fails = {"b"}
    assert nb.run("a") == "ab!"
    assert nb.status() == "sebb"
    assert nb.fresh == "a"
    assert nb.says("b") == "ValueError: no"
    assert nb.says("c") == "Not run (it needs x1): cell 2 failed: ValueError: no"
    assert nb.says("d") == "Not run (it needs x2): cell 2 failed: ValueError: no"


def test_a_failed_root_starts_nothing_else() -> None:
    nb = chain()
    nb.fails = {"a"}
    assert nb.run("a") == "a!"
    assert nb.status() == "ebbb"


def test_cells_beside_a_failed_one_run() -> None:
    nb = Script("x = 1", "y = x", "print(y)", "print(x)")
    nb.fails = {"b"}
    assert nb.all() == "ab!d"


def test_a_mended_cell_heals_its_dependents() -> None:
    nb = chain()
    nb.fails = {"b"}
    nb.run("a")
    nb.fails = set()
    nb.edit("b", "x1 = 7")
    assert nb.status() == "sess"
    assert nb.run("b") == "bcd"
    assert nb.fresh == "abcd"


def test_a_failed_cell_is_tried_again_when_asked_for_and_not_otherwise() -> None:
    nb = chain()
    nb.fails = {"b"}
    assert nb.run("a") == "ab!"
    assert nb.stale() == ""
    assert nb.run("b") == "b!"
    nb.fails = set()
    assert nb.run("b") == "bcd"


def test_run_all_tries_a_failure_again_only_if_the_cause_may_lie_outside() -> None:
    nb = chain()
    nb.fails = {"b"}
    assert nb.run("a") == "ab!"
    assert nb.all() == ""  # the same code on the same inputs
    for nb.error in ("ConnectionError: refused", "ModuleNotFoundError: no module", "JSONDecodeError: line 1"):
        nb.run("b")
        assert nb.all() == "b!"
    nb.fails = set()
    assert nb.all() == "bcd"


@pytest.mark.parametrize(("error", "ran"), [("ValueError: no", ""), ("ConnectionError: no", "b!")])
def test_running_what_a_failed_cell_blocks_tries_the_failed_cell_once_if_it_may_pass(error: str, ran: str) -> None:
    nb = chain()
    nb.fails, nb.error = {"b"}, error
    nb.run("a")
    assert nb.run("d") == ran
    assert nb.problem == f"Not run (it needs x2): cell 2 failed: {error}"


def test_a_failure_heals_when_an_input_changes() -> None:
    nb = chain()
    nb.fails = {"b"}
    nb.run("a")
    nb.fails = set()
    nb.edit("a", "x0 = 5")
    assert nb.run("a") == "abcd"


def test_a_failure_at_other_inputs_is_not_fresh_when_the_inputs_are_back() -> None:
    nb = Script("x = 1", "print(1 / x)")
    nb.all()
    nb.edit("a", "x = 0")
    nb.fails = {"b"}
    nb.run("a")
    nb.edit("a", "x = 1")
    nb.fails = set()
    assert nb.run("a") == "ab"
    assert nb.fresh == "ab"


def test_an_interrupt_ends_the_cascade_and_leaves_the_rest_stale() -> None:
    nb = chain()
    nb.interrupts = {"b"}
    assert nb.run("a") == "ab?"
    assert nb.fresh == "a"
    nb.interrupts = set()
    assert nb.stale() == "bcd"


def test_a_root_whose_producer_fails_does_not_run() -> None:
    nb = Script("x = 1", "print(x)")
    nb.fails = {"a"}
    assert nb.run("b") == "a!"
    assert nb.problem == "Not run (it needs x): cell 1 failed: ValueError: no"
    assert nb.status() == "eb"


def test_a_cell_below_a_syntax_error_does_not_run_on_the_last_good_value() -> None:
    nb = chain()
    nb.edit("a", "x0 = (")
    nb.fails = {"a"}
    assert nb.run("b") == "a!"


def test_used_up_versions_are_made_again_without_making_others_stale() -> None:
    nb = Script("x = load()", "y = x", "x.clear()", "print(x)")
    nb.all()
    nb.apply(Lost((("a", "x"),)))
    assert nb.fresh == "abcd"
    nb.edit("b", "y = x + 1")
    assert nb.run("b").startswith("ab")
    assert nb.fresh == "abcd"


class Asked(dict[Any, Any]):
    """A dict that counts how often all of it is gone through."""

    times = 0

    def __iter__(self) -> Iterator[Any]:
        self.times += 1
        return super().__iter__()


def test_used_up_values_are_gone_through_once_in_a_cascade() -> None:
    nb = Script("x = load()", *(f"y{n} = x + {n}" for n in range(9)), "x.clear()", "print(x)")
    nb.all()
    nb.apply(Lost((("a", "x"),)))
    nb.session.lost = asked = Asked(nb.session.lost)
    nb.edit("b", "y0 = x")
    nb.edit("a", "x = load(2)")
    assert nb.run("a") == "abcdefghijkl"
    assert asked.times == 1


def test_an_edited_cell_takes_along_what_it_was_read_by() -> None:
    nb = Script("x = 1", "print(x)")
    nb.all()
    nb.edit("a", "w = 1")
    assert nb.run("a") == "ab"


def test_a_run_that_shows_another_reader_is_followed() -> None:
    nb = Script("x = []", "f(x)", "print(x)")
    nb.all()
    nb.edit("b", "g(x)")
    nb.show("b", mutated=frozenset("x"))
    assert nb.run("b") == "bc"


def test_the_same_operations_give_the_same_plans() -> None:
    def played() -> list[str]:
        chance = random.Random(5)
        lines = [
            "x = 1",
            "y = x",
            "x = y + z",
            "z = [x]",
            "z.append(y)",
            "print(x, y, z)",
            "def f(): return x",
            "z = f()",
            "del y",
        ]
        nb = Script(*chance.choices(lines, k=9))
        log = [nb.all()]
        for _ in range(60):
            nb.edit(cell := chance.choice(nb.order), chance.choice(lines))
            nb.fails = set(chance.choices(nb.order, k=2)) if chance.random() < 0.2 else set()
            log.append(nb.run(cell))
            log.append(nb.edges())
            log.append(nb.status())
        return log

    assert played() == played()


def test_no_set_order_shows_through() -> None:
    program = """
        import sys
        sys.path.insert(0, sys.argv[1])
        from tests.core.scripted import Script
        nb = Script("a1 = b1 = c1 = d1 = e1 = 1", *(f"{n}2 = {n}1 + {m}1" for n in "abcde" for m in "abcde"))
        nb.insert(26, "print(a2, b2, c2, d2, e2)")
        print(nb.all())
        print(nb.run("a"))
        print(nb.edges())
        print([c.version for c in nb.session.document])
    """
    root = str(Path(__file__).parents[2])
    outs = {
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program), root],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in "123"
    }  # fmt: skip
    assert len(outs) == 1


def test_a_syntax_error_makes_dependents_stale_until_it_is_gone() -> None:
    nb = chain()
    nb.all()
    nb.edit("b", "x1 = = 7")
    assert nb.fresh == "a"
    nb.edit("b", "x1 = x0  # as it was")
    assert nb.fresh == "abcd"
    assert nb.all() == ""
