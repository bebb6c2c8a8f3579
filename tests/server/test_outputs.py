"""What is kept of a cell's outputs, and what its clients are told."""

from __future__ import annotations

import random
from typing import Any

import pytest

from reactive_kernel.mirror import Mirror
from reactive_kernel.server.outputs import PIECE, Outputs


def stream(text: str, name: str = "stdout") -> tuple[str, dict[str, Any]]:
    return "stream", {"name": name, "text": text}


def display(text: str, display_id: str | None = None, kind: str = "display_data") -> tuple[str, dict[str, Any]]:
    content: dict[str, Any] = {"data": {"text/plain": text}, "metadata": {}, "execution_count": 1}
    return kind, content | ({"transient": {"display_id": display_id}} if display_id else {})


CLEAR_WAIT = ("clear_output", {"wait": True})
CLEAR = ("clear_output", {"wait": False})
ERROR = ("error", {"ename": "E", "evalue": "bad", "traceback": ["t"]})


def shown(outputs: Outputs, cell: str = "a") -> list[str]:
    texts = []
    for output in outputs.view(cell):
        texts.append(output.get("text") or output.get("ename") or output["data"]["text/plain"])
    return texts


def feed(*messages: tuple[str, dict[str, Any]], limit: int = 10**6) -> Outputs:
    outputs = Outputs(limit)
    for kind, content in messages:
        outputs.take("a", kind, content)
    return outputs


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([stream("1"), stream("2")], ["12"]),
        ([stream("1"), stream("2", "stderr"), stream("3")], ["1", "2", "3"]),
        ([stream("1"), display("d"), stream("2")], ["1", "d", "2"]),
        ([stream("1"), CLEAR], []),
        ([stream("1"), CLEAR_WAIT], ["1"]),
        ([stream("1"), CLEAR_WAIT, stream("2")], ["2"]),
        ([stream("1"), CLEAR_WAIT, CLEAR], []),
        ([display("old", "x"), ("update_display_data", display("new", "x")[1])], ["new"]),
        ([display("old", "x"), ("update_display_data", display("new", "y")[1])], ["old"]),
        ([display("r", kind="execute_result"), ERROR], ["r", "E"]),
    ],
)
def test_messages_make_what_a_front_end_would_show(messages, expected) -> None:
    assert shown(feed(*messages)) == expected


def test_old_output_stands_until_the_run_shows_something() -> None:
    outputs = feed(stream("old"))
    outputs.begin_run("a")
    assert shown(outputs) == ["old"]
    assert outputs.take("a", *stream("new"))[0] == {"type": "cell_cleared", "cellId": "a"}
    assert shown(outputs) == ["new"]


def test_a_run_without_output_clears_at_its_end() -> None:
    outputs = feed(stream("old"))
    outputs.begin_run("a")
    assert outputs.end_run("a") == [{"type": "cell_cleared", "cellId": "a"}]
    assert shown(outputs) == []


def test_what_the_user_left_for_the_next_output_stands_at_the_end_of_the_run() -> None:
    outputs = feed(stream("shown"), CLEAR_WAIT)
    assert outputs.end_run("a") == []
    assert shown(outputs) == ["shown"]


def test_a_run_cut_off_by_the_kernels_death_leaves_the_old_output() -> None:
    outputs = feed(stream("old"))
    outputs.begin_run("a")
    outputs.keep("a")
    assert outputs.end_run("a") == []
    assert shown(outputs) == ["old"]


def test_outputs_are_of_a_run_once_the_kernel_sent_something_after_them() -> None:
    outputs = feed(stream("old"))
    assert outputs.run("a") is None  # who knows since when they are there
    outputs.begin_run("a", 3)
    outputs.take("a", *stream("new"))
    assert outputs.run("a") is None
    outputs.begin_run("b", 4)
    assert (outputs.run("a"), outputs.run("b")) == (3, None)
    outputs.all_came()
    assert (outputs.run("a"), outputs.run("b")) == (3, 4)
    outputs.take("a", *stream("of a thread"))
    assert outputs.run("a") == 3


def test_a_run_that_showed_nothing_has_ended_when_another_begins() -> None:
    outputs = feed(stream("old"))
    outputs.begin_run("a", 3)
    assert outputs.begin_run("b", 4) == [{"type": "cell_cleared", "cellId": "a"}]
    assert (outputs.run("a"), outputs.view("a")) == (3, [])


def test_outputs_of_a_kernel_or_a_cell_that_is_gone_are_of_no_run() -> None:
    outputs = Outputs(10**6)
    outputs.begin_run("a", 3)
    outputs.take("a", *stream("old"))
    outputs.begin_run("b", 4)
    outputs.forget("b")
    outputs.load("b", [])
    outputs.all_came()
    assert (outputs.run("a"), outputs.run("b")) == (3, None)
    outputs.keep("a")
    assert (outputs.run("a"), shown(outputs)) == (None, ["old"])


def test_display_ids_are_updated_in_every_cell() -> None:
    outputs = feed(display("one", "x"))
    outputs.take("b", *display("two", "x"))
    told = outputs.take("c", "update_display_data", display("three", "x")[1])
    assert [(m["cellId"], m["index"]) for m in told] == [("a", 0), ("b", 0)]
    assert shown(outputs) == shown(outputs, "b") == ["three"]


def test_long_text_is_told_in_pieces() -> None:
    outputs = Outputs(10**7)
    told = outputs.take("a", *stream("x" * (2 * PIECE + 1)))
    assert [len(message["data"]) for message in told] == [PIECE, PIECE, 1]


def test_beyond_the_bound_the_oldest_text_is_cut_with_a_mark() -> None:
    outputs = feed(*(stream(f"{number:06d}\n") for number in range(1000)), limit=2000)
    text = outputs.view("a")[0]["text"]
    mark, rest = text.split("\n", 1)
    assert "earlier characters were cut" in mark
    assert rest.endswith("000999\n")
    cut = int(mark.split()[1].replace(",", ""))
    assert cut + len(rest) == 7000
    assert outputs.size <= 2000


def test_the_longest_stream_is_cut_not_its_neighbours() -> None:
    outputs = Outputs(1000)
    outputs.take("b", *stream("keep me"))
    outputs.take("b", *display("and me"))
    outputs.take("a", *stream("x" * 5000))
    assert shown(outputs, "b") == ["keep me", "and me"]
    assert outputs.size <= 1000


def test_an_output_that_is_no_text_and_too_large_leaves_a_note() -> None:
    outputs = feed(display("y" * 5000), display("small"), limit=1000)
    big, small = shown(outputs)
    assert "was not kept" in big
    assert small == "small"


def test_a_deleted_cell_takes_its_outputs_along() -> None:
    outputs = feed(stream("x" * 100))
    outputs.forget("a")
    assert outputs.size == 0
    assert shown(outputs) == []


def test_the_size_is_what_is_kept_and_a_mirror_shows_the_same() -> None:
    rng = random.Random(7)
    for _ in range(200):
        outputs, mirror = Outputs(10**6), Mirror()
        mirror.cells = [{"cellId": cell, "outputs": []} for cell in "ab"]
        for _ in range(rng.randrange(30)):
            cell = rng.choice("ab")
            step = rng.randrange(6)
            if step == 0:
                told = outputs.begin_run(cell)
            elif step == 1:
                told = outputs.end_run(cell)
            else:
                shows = [stream("t"), stream("e", "stderr"), display("d"), display("d", "x"), ERROR]
                more = [display("r", None, "execute_result"), ("update_display_data", display("new", "x")[1])]
                kind, content = rng.choice([*shows, *more, CLEAR, CLEAR_WAIT])
                told = outputs.take(cell, kind, content)
            for message in told:
                mirror.take({**message, "seq": 0, "revision": 0})
        for cell in "ab":
            assert mirror.cell(cell)["outputs"] == outputs.view(cell)
        kept = [output for cell in "ab" for output in outputs._cells.get(cell, _NOTHING).items]
        assert outputs.size == sum(output.size for output in kept)


class _Nothing:
    items: tuple[()] = ()


_NOTHING: Any = _Nothing()
