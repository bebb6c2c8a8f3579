"""The pure state: what clients and kernel say goes in, what clients are told comes out."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from reactive_kernel.mirror import Mirror
from reactive_kernel.server.cells import blank_entry
from reactive_kernel.server.notebook import Notebook, Refused


def text(cell_id: str, source: str = "") -> Any:
    return {"cell_id": cell_id, "source": source}


def entry(cell_id: str, **fields: Any) -> Any:
    return {**blank_entry(cell_id), **fields}


def state(revision: int, *entries: Any, **more: Any) -> dict[str, Any]:
    return {"revision": revision, "cells": list(entries), **more}


def mark(cell_id: str, index: int = 0, total: int = 1) -> dict[str, Any]:
    place = {"cascade_id": "k", "cascade_index": index, "cascade_total": total, "is_last": index + 1 == total}
    return {"cell_id": cell_id, **place}


@pytest.fixture
def book() -> Notebook:
    book = Notebook("a.ipynb", 10**6)
    book.place([text("a", "x = 1"), text("b", "y = x"), text("c", "print(y)")])
    return book


def types(messages: list[Any]) -> list[str]:
    return [message["type"] for message in messages]


def test_an_edit_is_told_with_the_kernels_word(book: Notebook) -> None:
    assert book.update("a", "x = 2", None, None) == []
    (told,) = book.take_state(state(1, entry("a", writes=["x"])))
    assert told["type"] == "cell_updated"
    assert (told["cell"]["code"], told["cell"]["writes"]) == ("x = 2", ["x"])
    assert book.told_edits() == []


def test_an_edit_is_told_without_the_kernels_word_if_none_comes(book: Notebook) -> None:
    book.update("a", "x = 2", None, None)
    assert [m["cell"]["code"] for m in book.told_edits()] == ["x = 2"]
    assert book.told_edits() == []


def test_what_became_stale_is_told_as_status(book: Notebook) -> None:
    book.take_state(state(1, entry("b", fresh=True, status="success")))
    (told,) = book.take_state(state(2, entry("b", fresh=False, status="success")))
    assert (told["type"], told["cellId"], told["fresh"]) == ("cell_status", "b", False)


def test_what_is_no_news_is_not_told(book: Notebook) -> None:
    book.take_state(state(1, entry("a", writes=["x"])))
    assert book.take_state(state(2, entry("a", writes=["x"], version="other"))) == []


def test_an_older_entry_does_not_replace_a_newer(book: Notebook) -> None:
    book.take_state(state(5, entry("a", writes=["new"])))
    assert book.take_state(state(4, entry("a", writes=["old"]))) == []
    assert book.cell_view("a")["writes"] == ["new"]


def test_edges_are_joined_by_the_cell_that_they_end_in(book: Notebook) -> None:
    ab, bc = {"from": "a", "to": "b", "names": ["x"]}, {"from": "b", "to": "c", "names": ["y"]}
    book.take_state(state(1, entry("a"), entry("b"), entry("c"), edges=[ab, bc]))
    book.take_state(state(2, entry("c"), edges=[]))
    assert book.edges == [ab]
    assert book.take_state(state(3, entry("b"), edges=[ab])) == []


def test_revisions_never_go_back_when_a_kernel_starts_over(book: Notebook) -> None:
    book.take_state(state(7, entry("a")))
    before = book.revision
    book.kernel_lost()
    lost = book.revision
    book.take_state(state(0, entry("a", writes=["x"])))
    assert before < lost <= book.revision
    assert book.cell_view("a")["writes"] == ["x"]


def test_a_lost_kernel_leaves_texts_and_outputs_and_nothing_fresh(book: Notebook) -> None:
    book.take_state(state(1, entry("c", fresh=True, has_run=True, status="success")))
    book.take_output("stream", {"name": "stdout", "text": "1\n"}, mark("c"), "")
    (told,) = book.kernel_lost()
    assert (told["cellId"], told["fresh"], told["status"]) == ("c", False, "idle")
    assert book.outputs.view("c")[0]["text"] == "1\n"
    assert [cell["source"] for cell in book.document()] == ["x = 1", "y = x", "print(y)"]


def test_outputs_go_to_the_cell_of_their_mark_or_of_the_request(book: Notebook) -> None:
    book.requests["m1"] = "b"
    assert book.take_output("stream", {"name": "stdout", "text": "!"}, {}, "m1")[0]["cellId"] == "b"
    assert book.take_output("stream", {"name": "stdout", "text": "!"}, mark("c"), "m1")[1]["cellId"] == "c"
    assert book.take_output("stream", {"name": "stdout", "text": "!"}, {}, "unknown") == []


def test_a_cascades_progress_is_told_once_for_each_cell(book: Notebook) -> None:
    told = book.take_output("execute_input", {"code": "y = x"}, mark("b", 0, 2), "")
    told += book.take_output("stream", {"name": "stdout", "text": "1"}, mark("b", 0, 2), "")
    told += book.take_output("execute_input", {"code": "print(y)"}, mark("c", 1, 2), "")
    cascade = [(m["cellId"], m["cascadeIndex"], m["isLast"]) for m in told if m["type"] == "cascade"]
    assert cascade == [("b", 0, False), ("c", 1, True)]


def test_a_cell_that_starts_is_running_at_once_and_suspect(book: Notebook) -> None:
    told = book.take_output("execute_input", {"code": "y = x"}, mark("b"), "")
    assert [m["status"] for m in told if m["type"] == "cell_status"] == ["running"]
    assert book.suspects() == ["b"]
    book.take_state(state(3, entry("b", status="success")))
    assert book.suspects() == []


def test_news_that_a_cell_ran_after_the_word_that_it_ended_does_not_leave_it_running(book: Notebook) -> None:
    book.take_reply(state(5, entry("b", status="success", fresh=True)))
    book.take_output("execute_input", {"code": "y = x"}, mark("b"), "")
    assert book.take_state(state(4, entry("b", status="success"))) == []
    (told,) = book.idle()
    assert (told["status"], told["fresh"]) == ("success", True)


def test_the_word_that_a_cell_ended_says_nothing_of_its_outputs(book: Notebook) -> None:
    book.take_output("execute_input", {"code": "y = x", "execution_count": 3}, mark("b"), "")
    # The answer to a request of ours overtakes what the cell showed.
    book.take_reply(state(5, entry("b", status="success", fresh=True, execution_count=3)))

    def asked() -> list[Any]:
        cells = book.view(outputs_of=["b", "gone"])["cells"]
        assert [cell["cellId"] for cell in cells if "outputs" in cell or "outputs_run" in cell] == ["b"]
        return [cells[1][key] for key in ("fresh", "execution_count", "outputs_run")] + cells[1]["outputs"]

    assert asked() == [True, 3, None]
    book.take_output("stream", {"name": "stdout", "text": "1"}, mark("b"), "")
    assert asked()[2] is None
    book.idle()
    assert asked() == [True, 3, 3, {"output_type": "stream", "name": "stdout", "text": "1"}]


def test_a_run_that_was_asked_for_makes_its_cell_suspect_before_it_starts(book: Notebook) -> None:
    book.requests["m1"] = "c"
    assert book.suspects() == ["c"]


def test_a_text_run_by_a_front_end_that_tells_no_edits_is_learnt(book: Notebook) -> None:
    told = book.take_output("execute_input", {"code": "x = 9"}, mark("a"), "")
    assert book.cells["a"].source == "x = 9"
    assert "cell_updated" in types(told)


def test_a_text_run_from_the_queue_does_not_replace_an_edit_that_came_later(book: Notebook) -> None:
    book.update("a", "x = 2", None, None)
    book.cells["a"].edited_while_busy = True
    book.take_output("execute_input", {"code": "x = 1"}, mark("a"), "")
    assert book.cells["a"].source == "x = 2"
    assert book.retell == {"a"}


def test_cells_of_which_only_the_kernel_knows_are_noticed(book: Notebook) -> None:
    book.take_state(state(3, entry("new")))
    assert book.strange
    told = book.adopt(
        state(3, *(entry(c, index=n, source=f"{c}!") for n, c in enumerate(["b", "new", "a"]))), newer=True
    )
    assert [cell["source"] for cell in book.document()] == ["b!", "new!", "a!"]
    assert not book.strange
    assert {"cell_created", "cell_deleted", "cell_moved"} <= set(types(told))


def test_an_event_from_before_our_own_deletion_is_not_strange(book: Notebook) -> None:
    book.delete("c")
    book.take_reply(state(9), structure=True)
    book.take_state(state(8, entry("c")))
    assert not book.strange


def test_a_kernel_that_knows_fewer_cells_tells_only_their_texts(book: Notebook) -> None:
    book.adopt(state(1, entry("b", index=0, source="y = 5")), newer=False)
    assert [cell["source"] for cell in book.document()] == ["x = 1", "y = 5", "print(y)"]


def test_a_kernel_that_knows_only_what_was_run_adds_to_the_document(book: Notebook) -> None:
    told = book.adopt(state(1, entry("b", index=0, source="y = 5"), entry("n", index=1, source="new")), newer=False)
    assert [cell["source"] for cell in book.document()] == ["x = 1", "y = 5", "new", "print(y)"]
    assert types(told) == ["cell_created", "cell_updated"]
    assert not book.told_by_others


def test_cells_that_someone_else_deleted_are_gone(book: Notebook) -> None:
    book.take_state(state(1, removed=["c"]))
    assert book.strange
    book.adopt(state(2, entry("a", index=0, source="x = 1"), entry("b", index=1, source="y = x")), newer=True)
    assert book.order() == ["a", "b"]


def test_a_cell_that_ended_the_kernel_too_often_is_blocked_until_it_is_edited(book: Notebook) -> None:
    (told,) = book.keep_from_running("b", "It died.")
    assert (told["status"], told["problem"]["message"]) == ("blocked", "It died.")
    assert book.document()[1]["disabled"]
    book.take_state(state(1, entry("b", status="idle", disabled=True)))
    assert book.cell_view("b")["status"] == "blocked"
    assert book.cell_view("b")["disabled"] is False
    with pytest.raises(Refused, match="died"):
        book.run_request({"type": "run_cell", "cellId": "b"})
    (told,) = book.update("b", "y = 0", None, None)
    assert told["status"] == "idle"
    assert "disabled" not in book.document()[1]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda book: book.update("nope", "", None, None),
        lambda book: book.delete("nope"),
        lambda book: book.move("nope", 0),
        lambda book: book.insert(text("a"), 0),
        lambda book: book.place([text("z"), text("z")]),
        lambda book: book.index_after("nope"),
        lambda book: book.index_behind("a", "a"),
        lambda book: book.run_request({"type": "run_cell", "cellId": "nope"}),
    ],
)
def test_what_is_refused_changes_nothing(book: Notebook, wrong) -> None:
    before = json.dumps(book.view())
    with pytest.raises(Refused):
        wrong(book)
    assert json.dumps(book.view()) == before


def test_places_behind_another_cell_are_final_places(book: Notebook) -> None:
    for cell, after, expected in (("a", "c", "bca"), ("c", None, "cab"), ("c", "a", "acb"), ("a", "b", "bac")):
        book.place([text("a", "x = 1"), text("b", "y = x"), text("c", "print(y)")])
        book.move(cell, book.index_behind(cell, after))
        assert "".join(book.order()) == expected


def test_run_requests_carry_text_and_wish(book: Notebook) -> None:
    assert book.run_request({"type": "run_all"}) == ("", {"reactive": {"run": "all"}})
    assert book.run_request({"type": "run_stale"}) == ("", {"reactive": {"run": "stale"}})
    code, metadata = book.run_request({"type": "run_cell", "cellId": "b", "run": "upstream"})
    assert (code, metadata) == ("y = x", {"cellId": "b", "reactive": {"run": "upstream"}})


def test_a_mirror_fed_with_messages_equals_the_whole_at_the_end() -> None:
    """Random operations; clients that joined at different times see the same."""
    for seed in range(100):
        rng = random.Random(seed)
        book = Notebook("a.ipynb", 10**6)
        mirrors = [Mirror()]
        mirrors[0].take({**book.view(), "kernel": {"status": "idle"}, "seq": 0, "revision": 0})
        for step in range(40):
            told = random_step(rng, book, step) + book.told_edits()
            for mirror in mirrors:
                for message in told:
                    mirror.take(json.loads(json.dumps({**message, "seq": step, "revision": step})))
            if step == 20:
                mirrors.append(Mirror())
                whole = {**book.view(), "kernel": {"status": "idle"}, "seq": 0, "revision": 0}
                mirrors[1].take(json.loads(json.dumps(whole)))
        expected = [comparable(cell) for cell in book.view()["cells"]]
        for mirror in mirrors:
            assert [comparable(cell) for cell in mirror.cells] == expected, seed
            assert mirror.edges == book.edges


def comparable(cell: Any) -> Any:
    """Without what clients are not told of each time: place and version are in the order and the freshness."""
    return {key: value for key, value in cell.items() if key not in ("index", "version")}


def random_step(rng: random.Random, book: Notebook, step: int) -> list[Any]:
    order = book.order()
    cell = rng.choice(order) if order else None
    kind = rng.randrange(8) if cell else 0
    if cell is None or kind == 0:
        return book.insert(text(f"n{step}", "code"), rng.randint(0, len(order)))
    if kind == 1:
        return book.update(cell, f"s{step}", None, None)
    if kind == 2:
        return book.delete(cell) if rng.random() < 0.5 else []
    if kind == 3:
        return book.move(cell, rng.randrange(len(order)))
    if kind == 4:
        status = rng.choice(["success", "error", "running", "idle"])
        told_of = entry(cell, status=status, fresh=status == "success", writes=[f"w{rng.randrange(3)}"])
        return book.take_state(state(step, told_of, edges=[{"from": order[0], "to": cell, "names": ["x"]}]))
    if kind == 5:
        return book.take_output("stream", {"name": "stdout", "text": str(step)}, mark(cell), "")
    if kind == 6:
        return book.take_output("execute_input", {"code": book.cells[cell].source}, mark(cell), "") + book.idle()
    return book.kernel_lost() if rng.random() < 0.2 else []
