"""``%reactive`` answers in words, and is harmless to the graph."""

from __future__ import annotations

import pytest

from tests.kernel.driver import Kernel

ABC = {"A": "x = 10", "B": "y = x * 2", "C": "print(y)"}


def test_status_and_graph(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    assert kernel.cell("S", "%reactive status").text().strip()
    assert kernel.cell("G", "%reactive graph").text().strip()
    assert kernel.cell("A", "x = 1").order == ["A", "B", "C"]


def test_mode(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    kernel.cell("M", "%reactive mode lazy")
    assert kernel.control("state")["mode"] == "lazy"
    assert kernel.cell("A", "x = 1").order == ["A"]
    kernel.cell("M", "%reactive mode auto")
    assert kernel.cell("A", "x = 2").order == ["A", "B", "C"]


def test_run_stale_runs_after_the_cell(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    kernel.control("configure", mode="lazy")
    kernel.cell("A", "x = 3")
    ran = kernel.cell("R", "%reactive run stale\nprint('first')")
    assert ran.order == ["R", "B", "C"]
    assert ran.text("C") == "6\n"
    assert [cell["cell_id"] for cell in ran.content["reactive"]["cells"]] == ["R", "B", "C"]
    assert ran.content["reactive"]["stale"] == []


def test_why(kernel: Kernel) -> None:
    kernel.cells(**ABC)
    kernel.control("configure", mode="lazy")
    kernel.cell("A", "x = 3")
    assert "Cell 2 is stale" in kernel.cell("W", "%reactive why y").text()
    assert "Cell 3 is stale" in kernel.cell("W", "%reactive why C").text()
    assert "Cell 3 is stale" in kernel.cell("W", "%reactive why 3").text()
    assert "nothing_of_this_name" in kernel.cell("W", "%reactive why nothing_of_this_name").text()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%reactive", "%reactive why"),
        ("%reactive fly", "fly"),
        ("%reactive mode", "auto or lazy"),
        ("%reactive mode sometimes", "sometimes"),
        ("%reactive run", "stale"),
        ("%reactive run away", "away"),
        ("%reactive why", "name"),
        ("%reactive status please", "please"),
    ],
)
def test_help_when_it_is_used_wrongly(kernel: Kernel, line: str, says: str) -> None:
    ran = kernel.cell("A", line)
    assert says in ran.text()
    assert "Traceback" not in ran.text()


def test_help(kernel: Kernel) -> None:
    (payload,) = kernel.cell("A", "%reactive?").content["payload"]
    assert "run stale" in payload["data"]["text/plain"]


@pytest.mark.parametrize(
    ("line", "offers"),
    [("%reactive ", "graph"), ("%reactive st", "status"), ("%reactive mode ", "lazy"), ("%reactive run s", "stale")],
)
def test_completion(kernel: Kernel, line: str, offers: str) -> None:
    reply = kernel.ask("complete_request", {"code": line, "cursor_pos": len(line)}, "shell")["content"]
    assert offers in reply["matches"]
