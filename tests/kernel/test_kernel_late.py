"""Output that comes when the cell is over goes to the cell that started it."""

from __future__ import annotations

from tests.kernel.driver import Kernel, cell_of

THREAD = """
import threading, sys
def speak():
    gate.wait(30)
    print('thread of', x)
    display('shown by a thread')
thread = threading.Thread(target=speak)
thread.start()
"""


def test_a_thread_of_a_dependent(kernel: Kernel) -> None:
    kernel.cells(G="import threading; gate = threading.Event()", A="x = 1")
    started = kernel.cell("B", THREAD)
    kernel.cells(C="print(x)")
    kernel.cell("R", "gate.set(); thread.join()")
    kernel.cell("G", "import threading; gate = threading.Event(); 1")
    ran = kernel.cell("A", "x = 2")
    assert "C" in ran.order
    last = kernel.cell("S", "gate.set(); thread.join()")
    outputs = [m for m in [*ran.messages, *last.messages] if "thread" in str(m["content"].get("text", ""))]
    assert outputs
    for message in outputs:
        assert cell_of(message) == "B"
        assert message["parent_header"]["msg_id"] == started.reply["parent_header"]["msg_id"]


def test_a_thread_started_by_a_thread(kernel: Kernel) -> None:
    code = """
import threading
gate = threading.Event()
def inner(): gate.wait(30); print('inner thread')
def outer(): t = threading.Thread(target=inner); t.start(); threads.append(t)
threads = []
first = threading.Thread(target=outer); first.start(); first.join()
"""
    kernel.cell("A", code)
    ran = kernel.cell("B", "gate.set(); threads[0].join()")
    (message,) = [m for m in ran.of_type("stream") if "inner" in m["content"]["text"]]
    assert cell_of(message) == "A"


def test_a_subclass_with_its_own_run(kernel: Kernel) -> None:
    code = """
import threading
gate = threading.Event()
class Speaker(threading.Thread):
    def run(self): gate.wait(30); print('speaker', self.name)
speaker = Speaker(); speaker.start()
"""
    kernel.cell("A", code)
    ran = kernel.cell("B", "gate.set(); speaker.join()")
    (message,) = [m for m in ran.of_type("stream") if "speaker" in m["content"]["text"]]
    assert cell_of(message) == "A"


def test_the_traceback_of_a_thread_shows_no_frame_of_ours(kernel: Kernel) -> None:
    ran = kernel.cell("A", "import threading\nt = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()")
    text = ran.text("A")
    assert "ZeroDivisionError" in text
    assert "reactive_kernel" not in text


def test_a_pool_prints_under_the_cell_that_uses_it(kernel: Kernel) -> None:
    code = "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(1)\nlist(pool.map(print, 'a'))"
    kernel.cell("A", code)
    ran = kernel.cell("B", "list(pool.map(print, 'b'))")
    (message,) = [m for m in ran.of_type("stream") if "b" in m["content"]["text"]]
    assert cell_of(message) == "B"


def test_a_task_of_a_dependent(kernel: Kernel) -> None:
    kernel.cells(I="import asyncio", A="x = 1")
    code = "async def later():\n    await asyncio.sleep(0.05); print('task of', x)\ntask = asyncio.create_task(later())"
    started = kernel.cell("B", code)
    kernel.wait_for_text("task of 1")
    kernel.cells(C="print(x)")
    kernel.cell("A", "x = 2")
    message = kernel.wait_for_text("task of")
    assert cell_of(message) == "B"
    assert message["parent_header"]["msg_id"] == started.reply["parent_header"]["msg_id"]


def test_what_a_subprocess_writes_is_the_cells(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="import os\nos.system(f'echo from B {x}')", C="print('from C', x)")
    ran = kernel.cell("A", "x = 2")
    assert "from B 2" in ran.text("B")
    assert ran.text("C") == "from C 2\n"
