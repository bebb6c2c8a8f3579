"""Widgets as inputs through a real kernel: what a client's comm messages make run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kernel.driver import Kernel, Message, cell_of

pytest.importorskip("ipywidgets")

CELLS = {
    "a": "import ipywidgets as w\ns = w.IntSlider(3)",
    "b": "y = s.value * 2\nprint('y', y)",
    "c": "print('z', y + 1)",
    "d": "s",
    "e": "print('beside')",
}


@pytest.fixture
def slider(kernel: Kernel) -> tuple[Kernel, str, dict[str, str]]:
    """A notebook with a slider that ran; the slider's comm and each cell's own request."""
    requests = {cell: kernel.send_cell(cell, code) for cell, code in CELLS.items()}
    messages: list[Message] = []
    for msg_id in requests.values():
        messages += kernel.result(msg_id).messages
    opened = [m["content"] for m in messages if m["msg_type"] == "comm_open"]
    [comm] = [c["comm_id"] for c in opened if c["data"]["state"].get("_model_name") == "IntSliderModel"]
    kernel.quiet()
    return kernel, comm, requests


def slide(kernel: Kernel, comm: str, *values: int) -> list[Message]:
    """Move the slider as the browser does; returns all that iopub then says."""
    for value in values:
        data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
        message = kernel.client.session.msg("comm_msg", {"comm_id": comm, "data": data})
        kernel.client.shell_channel.send(message)
    return kernel.quiet(1.0)


def ran(messages: list[Message]) -> list[str | None]:
    return [cell_of(m) for m in messages if m["msg_type"] == "execute_input"]


def printed(messages: list[Message]) -> str:
    return "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


def test_exactly_the_readers_and_their_dependents_run(slider: Any) -> None:
    kernel, comm, _ = slider
    messages = slide(kernel, comm, 5)
    assert ran(messages) == ["b", "c"]
    assert printed(messages) == "y 10\nz 11\n"
    assert all(entry["fresh"] for entry in kernel.entries().values())


def test_a_burst_gives_one_cascade_with_the_last_value(slider: Any) -> None:
    kernel, comm, _ = slider
    messages = slide(kernel, comm, *range(10, 30))
    assert ran(messages) == ["b", "c"]
    assert printed(messages) == "y 58\nz 59\n"


def test_outputs_go_to_the_readers_own_cells(slider: Any) -> None:
    kernel, comm, requests = slider
    outputs = [m for m in slide(kernel, comm, 7) if m["msg_type"] in ("stream", "execute_input", "clear_output")]
    assert outputs
    for message in outputs:
        assert message["parent_header"]["msg_id"] == requests[cell_of(message)]
    marks = [m["metadata"]["reactive"] for m in outputs if m["msg_type"] == "execute_input"]
    assert [(m["cell_id"], m["cascade_index"]) for m in marks] == [("b", 0), ("c", 1)]
    assert marks[-1]["is_last"]
    assert len({m["cascade_id"] for m in marks}) == 1


def test_busy_and_idle_once_for_each_message_and_the_cascade_between_two(slider: Any) -> None:
    kernel, comm, _ = slider
    messages = slide(kernel, comm, 9)
    states = [m["content"]["execution_state"] for m in messages if m["msg_type"] == "status"]
    assert states == ["busy", "idle"] * (len(states) // 2)
    assert len(states) <= 4
    busy = [m for m in messages if m["msg_type"] in ("status", "execute_input", "stream")]
    assert (busy[0]["msg_type"], busy[-1]["msg_type"]) == ("status", "status")
    assert busy[-1]["content"]["execution_state"] == "idle"


def test_in_mode_lazy_readers_are_only_marked(slider: Any) -> None:
    kernel, comm, _ = slider
    kernel.control("configure", mode="lazy")
    messages = slide(kernel, comm, 4)
    assert ran(messages) == []
    assert [cell for cell, entry in kernel.entries().items() if not entry["fresh"]] == ["b", "c"]
    assert kernel.cell("c", CELLS["c"]).order == ["b", "c"]


def test_the_value_that_it_has_runs_nothing(slider: Any) -> None:
    kernel, comm, _ = slider
    assert ran(slide(kernel, comm, 3)) == []


def test_a_disabled_reader_does_not_run(slider: Any) -> None:
    kernel, comm, _ = slider
    kernel.control("edit", cell_id="b", source=CELLS["b"], disabled=True)
    assert ran(slide(kernel, comm, 8)) == []


def test_a_failing_reader_says_so_in_its_cell(slider: Any) -> None:
    kernel, comm, _ = slider
    kernel.cell("b", "y = 6 // s.value\nprint('y', y)")
    messages = slide(kernel, comm, 0)
    [error] = [m for m in messages if m["msg_type"] == "error"]
    assert cell_of(error) == "b"
    assert kernel.entries()["c"]["status"] == "blocked"
    assert ran(slide(kernel, comm, 2)) == ["b", "c"]


def test_interact_goes_on_working(kernel: Kernel) -> None:
    result = kernel.cell("a", "from ipywidgets import interact\n@interact(n=4)\ndef show(n): print('n', n)")
    states = [m["content"] for m in result.messages if m["msg_type"] == "comm_open"]
    [comm] = [c["comm_id"] for c in states if c["data"]["state"].get("_model_name") == "IntSliderModel"]
    kernel.cell("b", "print('beside')")
    kernel.quiet()
    messages = slide(kernel, comm, 6)
    assert ran(messages) == []
    updates = [m["content"]["data"] for m in messages if m["msg_type"] == "comm_msg"]
    texts = str([u.get("state", {}).get("outputs") for u in updates]) + printed(messages)
    assert "n 6" in texts


def told(messages: list[Message], comm: str) -> dict[str, Any]:
    """What the browser's slider is after these messages, as far as they say."""
    sent = [m["content"] for m in messages if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == comm]
    return {key: value for content in sent for key, value in content["data"].get("state", {}).items()}


def test_the_browser_is_told_what_a_widget_is_put_back_to(slider: Any) -> None:
    kernel, comm, _ = slider
    kernel.cells(f="s.value = 7\ns.max = 50", g="print('g', s.value, s.max)")
    assert ran(slide(kernel, comm, 9)) == ["b", "c", "g"]  # not f, which would take the slider out of the user's hands
    assert told(kernel.cell("f", "s.value = 8\ns.max = 50").messages + kernel.quiet(), comm)["value"] == 8
    result = kernel.cell("b", "y = s.value * 3\nprint('y', y)")
    assert result.text() == "y 27\nz 28\n"
    assert told(result.messages + kernel.quiet(), comm).get("value", 8) == 8
    kernel.control("delete", cell_id="f")
    result = kernel.cell("g", "print('g', s.value, s.max)")
    assert result.text() == "g 9 100\n"
    assert told(result.messages + kernel.quiet(), comm) == {"value": 9, "max": 100}
