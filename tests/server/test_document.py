"""Orders, notebook files, and two parties' changes joined."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reactive_kernel.server.document import merge, read_cells, steps, told_document

ids = st.lists(st.sampled_from("abcdefgh"), unique=True)


@given(ids, ids)
def test_steps_lead_from_one_order_to_the_other(current: list[str], target: list[str]) -> None:
    order = list(current)
    for kind, cell_id, at in steps(current, target):
        if kind in ("delete", "move"):
            order.remove(cell_id)
        if kind in ("insert", "move"):
            order.insert(at, cell_id)
    assert order == target


@given(ids)
def test_nothing_to_do_is_no_step(order: list[str]) -> None:
    assert steps(order, order) == []


def test_a_cell_moved_far_is_one_step() -> None:
    assert [step.kind for step in steps("abcdef", list("bcdefa"))] == ["move"]
    assert [step.kind for step in steps("abcdef", list("fabcde"))] == ["move"]


def texts(*pairs: str) -> list[Any]:
    return [{"cell_id": pair[0], "source": pair[1:]} for pair in pairs]


def joined(cells: list[Any]) -> list[str]:
    return [cell["cell_id"] + cell["source"] for cell in cells]


BASE = texts("a1", "b1", "c1")


def test_a_save_changes_what_the_front_end_changed() -> None:
    assert joined(merge(BASE, texts("a2", "b1", "c1"), BASE)) == ["a2", "b1", "c1"]


def test_what_others_changed_stays() -> None:
    assert joined(merge(BASE, BASE, texts("a1", "b9", "c1"))) == ["a1", "b9", "c1"]
    assert joined(merge(BASE, texts("a2", "b1", "c1"), texts("a1", "b9", "c1"))) == ["a2", "b9", "c1"]


def test_both_changed_a_cell_the_save_wins_unless_it_is_the_older_text() -> None:
    saved, held = texts("a2", "b1", "c1"), texts("a3", "b1", "c1")
    assert joined(merge(BASE, saved, held)) == ["a2", "b1", "c1"]
    assert joined(merge(BASE, saved, held, older={"a"})) == ["a3", "b1", "c1"]


def test_cells_made_by_others_stay_where_they_were_put() -> None:
    assert joined(merge(BASE, BASE, texts("a1", "x1", "b1", "c1"))) == ["a1", "x1", "b1", "c1"]
    assert joined(merge(BASE, texts("b1", "a1", "c1"), texts("a1", "b1", "x1", "c1"))) == ["b1", "x1", "a1", "c1"]


def test_cells_made_in_the_front_end_and_deleted_on_either_side() -> None:
    assert joined(merge(BASE, texts("a1", "n1", "b1", "c1"), BASE)) == ["a1", "n1", "b1", "c1"]
    assert joined(merge(BASE, texts("a1", "c1"), BASE)) == ["a1", "c1"]
    assert joined(merge(BASE, BASE, texts("a1", "c1"))) == ["a1", "c1"]


def test_a_cell_deleted_by_others_but_edited_in_the_front_end_lives() -> None:
    assert joined(merge(BASE, texts("a1", "b2", "c1"), texts("a1", "c1"))) == ["a1", "b2", "c1"]


@given(ids, ids, ids)
def test_a_merge_has_every_cell_once_and_untouched_sides_pass_through(base, file, held) -> None:
    make = lambda names: [{"cell_id": name, "source": name} for name in names]  # noqa: E731
    result = joined(merge(make(base), make(file), make(held)))
    assert len(result) == len(set(result))
    assert joined(merge(make(base), make(file), make(base))) == [name * 2 for name in file]
    assert joined(merge(make(base), make(base), make(held))) == [name * 2 for name in held]


def cell(cell_id: str | None, source: Any, kind: str = "code", **metadata: Any) -> dict[str, Any]:
    raw = {"cell_type": kind, "source": source, "metadata": metadata, "outputs": []}
    return raw if cell_id is None else raw | {"id": cell_id}


def test_a_file_is_read_as_code_cells_with_their_settings() -> None:
    content = {
        "cells": [
            cell("m", "# words", "markdown"),
            cell("a", ["x = 1\n", "y"], reactive={"disabled": True, "language": "sql"}),
            cell("b", "z", reactive="nonsense"),
        ]
    }
    assert [text for text, _ in read_cells(content)] == [
        {"cell_id": "a", "source": "x = 1\ny", "disabled": True, "language": "sql"},
        {"cell_id": "b", "source": "z"},
    ]


def test_cells_without_ids_or_with_the_same_id_are_not_guessed_at() -> None:
    assert read_cells({"cells": [cell("a", "1"), cell(None, "2")]}) == []
    assert read_cells({"cells": [cell("a", "1"), cell("a", "2")]}) == []
    assert read_cells({}) == []


def test_a_sync_that_says_what_it_knew_takes_nothing_back() -> None:
    """Others edited A, deleted B and made N; the client, which knows none of it, edited C, made M and deleted D."""
    held = texts("Aothers", "Cc", "Nnew", "Dd")
    cells = [{"cellId": name, "code": code} for name, code in (("A", "a"), ("B", "b"), ("C", "mine"), ("M", "made"))]
    told = told_document({"cells": cells, "known": ["A", "B", "C", "D"], "changed": ["C"]}, held)
    assert {cell["cell_id"]: cell["source"] for cell in told} == {"A": "others", "C": "mine", "N": "new", "M": "made"}
    assert [cell["cell_id"] for cell in told_document({"cells": cells}, held)] == ["A", "B", "C", "M"]


def test_a_sync_that_moved_cells_moves_them_and_keeps_what_others_put_in() -> None:
    held = texts("Aa", "Nnew", "Bb", "Cc")
    cells = [{"cellId": name, "code": name.lower()} for name in "CAB"]
    told = told_document({"cells": cells, "known": ["A", "B", "C"], "changed": []}, held)
    assert [cell["cell_id"] for cell in told] == ["C", "A", "N", "B"]
