"""An interrupt ends the cascade; the kernel and what had run survive."""

from __future__ import annotations

import signal
import time
from textwrap import indent

import pytest

from reactive_kernel.kernel.interrupts import Interrupts
from tests.kernel.driver import Kernel

WAIT = "print('started', flush=True)\nwhile True: time.sleep(0.01)"
WAIT_IF_CHANGED = "if x > 1:\n" + indent(WAIT, "    ")
SWALLOW = f"import time\nx = 2\ntry:\n{indent(WAIT, '    ')}\nexcept KeyboardInterrupt:\n    x = 5"


def interrupt(kernel: Kernel) -> None:
    """Interrupt when the cell is running."""
    kernel.wait_for_text("started")
    kernel.manager.interrupt_kernel()


def test_interrupting_the_root(kernel: Kernel) -> None:
    kernel.cells(T="import time", A="x = 1", B="y = x")
    msg_id = kernel.send_cell("A", f"x = 2\n{WAIT}")
    interrupt(kernel)
    ran = kernel.result(msg_id)
    assert ran.content["status"] == "error"
    assert ran.content["ename"] == "KeyboardInterrupt"
    assert [cell["cell_id"] for cell in ran.content["reactive"]["cells"]] == ["A"]
    assert kernel.cell("A", "x = 3").order == ["A", "B"]


def test_interrupting_a_dependent(kernel: Kernel) -> None:
    kernel.cells(T="import time", A="x = 1", B=WAIT_IF_CHANGED, C="print(x)")
    kernel.control("edit", cell_id="C", source="print(x, 'again')")
    msg_id = kernel.send_cell("A", "x = 2")
    interrupt(kernel)
    ran = kernel.result(msg_id)
    assert ran.content["status"] == "ok"
    assert [cell["cell_id"] for cell in ran.content["reactive"]["cells"]] == ["A", "B"]
    (error,) = ran.of_type("error", cell="B")
    assert error["content"]["ename"] == "KeyboardInterrupt"
    entries = kernel.entries()
    assert entries["A"]["fresh"] is True
    assert entries["B"]["fresh"] is False
    assert entries["C"]["fresh"] is False
    assert "C" in ran.content["reactive"]["stale"]
    assert kernel.cell("A", "x = 0").text("C") == "0 again\n"


def test_interrupting_an_awaiting_cell(kernel: Kernel) -> None:
    kernel.cells(T="import asyncio", A="x = 1", B="print(x)")
    msg_id = kernel.send_cell("A", "x = 2\nprint('started', flush=True)\nawait asyncio.sleep(600)")
    interrupt(kernel)
    ran = kernel.result(msg_id)
    assert ran.content["status"] == "error"
    assert [cell["cell_id"] for cell in ran.content["reactive"]["cells"]] == ["A"]
    assert kernel.cell("A", "x = 3").text("B") == "3\n"


def test_an_interrupt_stops_the_queue(kernel: Kernel) -> None:
    kernel.cells(T="import time", A="x = 1", B=WAIT_IF_CHANGED)
    msg_id = kernel.send_cell("A", "x = 2")
    kernel.wait_for_text("started")
    queued = kernel.send_cell("Q", "print('never')")
    time.sleep(0.5)  # for the request to be in the queue, which nothing tells
    kernel.manager.interrupt_kernel()
    assert kernel.result(msg_id).content["status"] == "ok"
    assert kernel.result(queued).content["status"] == "aborted"


def test_an_interrupt_between_many_short_cells(kernel: Kernel) -> None:
    cells = {f"c{i}": f"x{i} = x{i - 1} + 1; time.sleep(0.002)" for i in range(1, 150)}
    kernel.cells(T="import time")
    sources = {"T": "import time", "c0": "x0 = 0", **cells}
    kernel.control("sync", cells=[{"cell_id": c, "source": s} for c, s in sources.items()])
    msg_id = kernel.send_cell("c0", "x0 = 0\nprint('started')")
    interrupt(kernel)
    ran = kernel.result(msg_id)
    assert ran.content["status"] == "ok"
    told = [cell["cell_id"] for cell in ran.content["reactive"]["cells"]]
    assert told == [f"c{i}" for i in range(len(told))]
    assert len(told) < 150
    assert kernel.result(kernel.send("", {"reactive": {"run": "all"}})).content["status"] == "ok"
    assert kernel.cell("P", "print(x149)").text() == "149\n"


def test_a_cell_that_swallows_the_interrupt_goes_on(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="print(x)")
    msg_id = kernel.send_cell("A", SWALLOW)
    interrupt(kernel)
    assert kernel.result(msg_id).text("B") == "5\n"


LATE = """
import os, signal
kernel = get_ipython().kernel
def late(*args, finish=kernel.finish_metadata):
    kernel.finish_metadata = finish
    os.kill(os.getpid(), signal.SIGINT)
    return finish(*args)
kernel.finish_metadata = late
"""


def test_an_interrupt_while_the_reply_is_made_loses_no_reply(kernel: Kernel) -> None:
    assert kernel.cell("A", LATE).content["status"] == "ok"
    assert kernel.cell("B", "print(1)").text("B") == "1\n"


def test_an_idle_kernel_ignores_interrupts(kernel: Kernel) -> None:
    kernel.manager.interrupt_kernel()
    assert kernel.cell("A", "print(1)").text() == "1\n"


def test_interrupts_are_noted_in_our_own_code() -> None:
    interrupts = Interrupts()
    before = signal.getsignal(signal.SIGINT)
    with interrupts.held():
        with pytest.raises(KeyboardInterrupt), interrupts.raised():
            signal.raise_signal(signal.SIGINT)
        assert not interrupts.noted
        signal.raise_signal(signal.SIGINT)
        assert interrupts.noted
        began = []
        with pytest.raises(KeyboardInterrupt), interrupts.raised():
            began.append("the user's code")  # which a SIGINT just before it must not let run for ever
        assert not began
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
