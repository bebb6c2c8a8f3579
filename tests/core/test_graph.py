"""The graph's questions: reachability, strongly connected parts, and that the indexes stay true."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import permutations

import pytest

from reactive_kernel.core.graph import depends, descendants, find_loop
from tests.core.scripted import Script

LINES = (
    "x = 1|y = x|x = y + 1|z = x + y|print(z)|if k: x = 2|x.append(y)|del y|def f(): return z|f()|z = f|k = z|import m|"
    "from m import *|y = [z for z in x]|x = y = 0|w += 1|w = f()|print(x, y, z, w)|class C:\n    def g(self): return w|"
    "c = C()|c.g()|x[0] = z|exec(w)||("
).split("|")


def rebuilt(nb: Script) -> Script:
    """The same cells in a new session."""
    other = Script()
    other.sync(**{cell.id: cell.source for cell in nb.session.document})
    return other


def told(nb: Script) -> dict[str, object]:
    """What the graph says of each cell (facts of a text that doesn't parse are those of an earlier text)."""
    return {
        cell.id: (
            cell.inputs,
            cell.produces,
            cell.loop,
            {k: sorted(v) for k, v in cell.dependents.items()},
            cell.version,
        )
        for cell in nb.session.document
    }


def edit_somehow(nb: Script, chance: random.Random, lines: Sequence[str]) -> None:
    """One edit, insertion, deletion or move."""
    cells = nb.order
    match chance.randrange(5):
        case 0 if len(cells) < 14:
            nb.insert(chance.randrange(len(cells) + 1), chance.choice(lines))
        case 1 if len(cells) > 4:
            nb.delete(chance.choice(cells))
        case 2:
            nb.move(chance.choice(cells), chance.randrange(len(cells)))
        case _:
            nb.edit(chance.choice(cells), chance.choice(lines))


@pytest.mark.parametrize("seed", range(25))
def test_the_incremental_graph_equals_the_one_built_at_once(seed: int) -> None:
    chance = random.Random(seed)
    lines = [line for line in LINES if line != "("]
    nb = Script(*chance.choices(lines, k=8))
    for _ in range(40):
        edit_somehow(nb, chance, lines)
    assert told(nb) == told(rebuilt(nb))


@pytest.mark.parametrize("seed", range(20))
def test_the_stale_cells_are_those_that_a_look_at_all_cells_finds(seed: int) -> None:
    chance = random.Random(seed)
    nb = Script(*chance.choices(LINES, k=8))
    for _ in range(60):
        match chance.randrange(4):
            case 0:
                nb.fails = set(chance.sample(nb.order, 1))
                nb.run(chance.choice(nb.order))
            case 1:
                nb.run(chance.choice(nb.order))
            case _:
                edit_somehow(nb, chance, LINES)
        found = [c.id for c in nb.session.document if c.has_run and not c.fresh and not c.has_failed]
        assert [c.id for c in nb.session.stale()] == found


@pytest.mark.parametrize("seed", range(10))
def test_both_directions_of_the_edges_and_both_indexes_agree(seed: int) -> None:
    chance = random.Random(seed)
    nb = Script(*chance.choices(LINES, k=8))
    for _ in range(40):
        cell = chance.choice(nb.order)
        chance.choice([lambda c: nb.edit(c, chance.choice(LINES)), lambda c: nb.move(c, chance.randrange(8)), nb.run])(
            cell
        )
    cells = nb.session.cells
    forward = {(p, c.id, n) for c in cells.values() for n, found in c.inputs.items() for p in found}
    assert forward == {(c.id, d, n) for c in cells.values() for d, names in c.dependents.items() for n in names}
    graph = nb.session.graph
    for index, of in (graph.producers, lambda c: c.produces), (graph.readers, lambda c: c.inputs):
        expected = {n: sorted((c.key, c.id) for c in cells.values() if n in of(c)) for n in index}
        assert index == expected
        assert set(index) == {n for c in cells.values() for n in of(c)}


def test_descendants_are_transitive_and_leave_the_roots_out() -> None:
    nb = Script("x = 1", "y = x", "z = y", "w = 0", "print(w)")
    cells = nb.session.cells
    assert descendants(cells, ["a"]) == {"b", "c"}
    assert descendants(cells, ["a", "d"]) == {"b", "c", "e"}
    assert descendants(cells, ["e"]) == set()


def test_who_depends_on_whom() -> None:
    nb = Script("x = 1", "y = x", "z = y", "w = 0")
    cells = nb.session.cells
    assert depends(cells, "c", "a")
    assert depends(cells, "a", "a")
    assert not depends(cells, "a", "c")
    assert not depends(cells, "d", "a")


def test_a_loop_is_a_strongly_connected_part_in_document_order() -> None:
    nb = Script("x = z", "y = x", "print(y)", "z = y", "v = z")
    cells = nb.session.cells
    assert [find_loop(cells, cells[c]) for c in "abcde"] == [("a", "b", "d"), ("a", "b", "d"), (), ("a", "b", "d"), ()]


def test_an_opaque_cell_depends_on_everything_above_it() -> None:
    nb = Script("x = 1", "y = 2", "exec(code)", "print(x)")
    assert nb.edges() == "a-x-c a-x-d b-y-c"
    nb.insert(0, "z = 3")
    assert nb.edges() == "e-z-c a-x-c a-x-d b-y-c"


def test_an_opaque_cell_does_not_read_what_it_binds_before() -> None:
    nb = Script("x, y, z = 1, 2, 3", "x = 4\nif y: z = 5\nexec('print(x, z)')", "exec('x')\nx = 5")
    assert set(nb.session.cells["b"].inputs) - {"exec", "print"} == {"y", "z"}
    assert "x" in nb.session.cells["c"].inputs


def test_an_opaque_cell_that_only_hides_what_it_binds_reads_nothing() -> None:
    nb = Script("x = 1", "from m import *", "print(x)")
    assert "a-x-b" not in nb.edges()


def test_the_newest_console_input_wins_everywhere() -> None:
    nb = Script()
    a, b, c = (nb.insert(None, source, "console") for source in ("x = 10", "y = x * 2", "print(y)"))
    for cell in a, b, c:
        nb.run(cell)
    assert nb.edges() == "a-x-b b-y-c"
    d = nb.insert(None, "x = 20", "console")
    assert nb.edges() == "b-y-c d-x-b"
    assert nb.run(d) == "dbc"


def test_console_inputs_do_not_concern_the_notebook() -> None:
    nb = Script("x = 1", "print(x)")
    nb.all()
    cell = nb.insert(None, "x = 2", "console")
    assert nb.run(cell) == "c"
    assert nb.fresh == "abc"
    assert nb.edges() == "a-x-b"
    assert nb.run(nb.insert(None, "print(x)", "console")) == "d"
    assert nb.edges() == "a-x-b c-x-d"


def test_batch_inputs_read_upward_only() -> None:
    nb = Script()
    for source in "x = 1", "print(x)", "x = 2", "print(x)":
        cell = nb.insert(None, source, "batch")
        assert nb.run(cell, alone=True) == cell
    assert nb.edges() == "a-x-b c-x-d"


@pytest.mark.parametrize("order", list(permutations("abcd")))
def test_a_sync_that_moves_many_cells_leads_where_a_new_session_leads(order: tuple[str, ...]) -> None:
    sources = dict(zip("abcd", ["xs = []", "xs.append(1)", "ys = [xs]", "print(xs, ys)"], strict=True))
    nb = Script(*sources.values())
    nb.sync(**{cell: sources[cell] for cell in order})
    new = Script()
    new.sync(**{cell: sources[cell] for cell in order})
    assert nb.edges() == new.edges()
    assert {c.id: set(c.dependents) for c in nb.session.document} == {
        c.id: set(c.dependents) for c in new.session.document
    }
