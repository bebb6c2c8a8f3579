"""Whatever works in ipykernel works here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.driver import Kernel


def test_magics(kernel: Kernel) -> None:
    assert "Wall time" in kernel.cell("A", "%%time\nx = 1").text()
    assert kernel.cell("B", "print(x)").text() == "1\n"
    assert kernel.cell("C", "%%capture out\nprint('caught')").of_type("stream") == []
    assert kernel.cell("D", "print(out.stdout)").text() == "caught\n\n"
    assert "hello" in kernel.cell("E", "!echo hello").text()
    assert kernel.cell("F", "lines = !echo one\nprint(lines)").text() == "['one']\n"
    assert kernel.cell("G", "%%bash\necho from bash").text() == "from bash\n"


def test_top_level_await(kernel: Kernel) -> None:
    kernel.cells(I="import asyncio", A="x = 1")
    assert kernel.cell("B", "await asyncio.sleep(0)\ny = x\nprint(y)").text() == "1\n"
    assert kernel.cell("A", "x = 2").text("B") == "2\n"


def test_input_of_a_root(kernel: Kernel) -> None:
    msg_id = kernel.send_cell("A", "name = input('who? ')")
    request = kernel.client.get_stdin_msg(timeout=30)
    assert request["content"]["prompt"] == "who? "
    kernel.client.input("Ada")
    kernel.result(msg_id)
    assert kernel.cell("B", "print(name)").text() == "Ada\n"


def test_input_where_nobody_can_answer(kernel: Kernel) -> None:
    ran = kernel.cell("A", "input()", allow_stdin=False)
    assert ran.content["ename"] == "StdinNotImplementedError"


def test_silent_requests_are_no_cells(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="print(x)")
    before = kernel.cell("N", "1").content["execution_count"]
    ran = kernel.result(kernel.send("x", silent=True, user_expressions={"x": "x"}))
    assert ran.content["user_expressions"]["x"]["data"]["text/plain"] == "1"
    assert ran.of_type("execute_input", "execute_result") == []
    assert "reactive" not in ran.content
    ran = kernel.result(kernel.send("print(x)", store_history=False))
    assert ran.text() == "1\n"
    assert kernel.cell("N", "2").content["execution_count"] == before + 1
    assert set(kernel.entries()) == {"A", "B", "N"}


def test_history_has_what_a_cascade_ran(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="print(x, 'in b')")
    kernel.cell("A", "x = 2")
    content = {"hist_access_type": "tail", "n": 2, "output": False, "raw": True}
    reply = kernel.ask("history_request", content, "shell")["content"]
    assert [line for _, _, line in reply["history"]] == ["x = 2", "print(x, 'in b')"]


def test_a_request_without_code(kernel: Kernel) -> None:
    ran = kernel.result(kernel.send("", user_expressions={"two": "1 + 1"}))
    assert ran.content["status"] == "ok"
    assert ran.content["user_expressions"]["two"]["data"]["text/plain"] == "2"


def test_an_emptied_cell(kernel: Kernel) -> None:
    kernel.cells(A="x = 1", B="print(x)")
    assert kernel.cell("A", "").content["status"] == "ok"
    assert kernel.cell("B", "print(x)").content["ename"] in ("NameError", "CellBlocked")


def test_completion_and_inspection_see_the_notebooks_end(kernel: Kernel) -> None:
    kernel.cells(A="table = {'first_key': 1}", B="total = 5")
    reply = kernel.ask("complete_request", {"code": "tot", "cursor_pos": 3}, "shell")["content"]
    assert "total" in reply["matches"]
    kernel.cell("A", "table = [1, 2]")
    content = {"code": "table", "cursor_pos": 3, "detail_level": 0}
    reply = kernel.ask("inspect_request", content, "shell")["content"]
    assert reply["found"]
    assert "list" in reply["data"]["text/plain"]
    reply = kernel.ask("is_complete_request", {"code": "for i in x:"}, "shell")["content"]
    assert reply["status"] == "incomplete"


def test_errors_look_as_they_do_in_ipykernel(kernel: Kernel) -> None:
    ran = kernel.cell("A", "def f():\n    raise ValueError('no')\nf()")
    text = "\n".join(ran.content["traceback"])
    assert "ValueError" in text
    assert "reactive_kernel" not in text
    assert kernel.cell("B", "x = (").content["ename"] in ("SyntaxError", "_IncompleteInputError")
    assert kernel.cell("C", "return 1").content["ename"] == "SyntaxError"


def test_figures_go_to_the_cell_that_drew(kernel: Kernel) -> None:
    pytest.importorskip("matplotlib")
    kernel.cells(I="%matplotlib inline\nimport matplotlib.pyplot as plt", A="x = [1, 2]")
    first = kernel.cell("B", "plt.plot(x);")
    kernel.cells(C="print(len(x))")
    assert len(first.of_type("display_data", cell="B")) == 1
    ran = kernel.cell("A", "x = [1, 2, 3]")
    assert len(ran.of_type("display_data", cell="B")) == 1
    assert ran.of_type("display_data", cell="C") == []
    assert [m["content"]["wait"] for m in ran.of_type("clear_output", cell="B")] == [True]


def test_figures_go_to_the_cell_that_drew_also_below_one_that_sets_its_looks(kernel: Kernel) -> None:
    pytest.importorskip("matplotlib")
    kernel.cells(I="import matplotlib.pyplot as plt", A="x = [1, 2]")
    kernel.cells(B="fig, ax = plt.subplots()\nax.plot(x)\nax.set(title='B')\nplt.show()", C="plt.plot(x);")
    for text in ("x = [1, 2, 3]", "x = [3]"):
        ran = kernel.cell("A", text)
        assert [len(ran.of_type("display_data", cell=cell)) for cell in "BC"] == [1, 1]
    # Drawing is not setting how figures look: who draws below has no need to draw again.
    kernel.cells(D="plt.plot([3]);")
    ran = kernel.cell("B", "fig, ax = plt.subplots()\nax.plot(x, linestyle=':')\nax.set(title='new')\nplt.show()")
    assert len(ran.of_type("display_data", cell="B")) == 1
    assert ran.of_type("display_data", cell="D") == []


def test_payloads(kernel: Kernel, tmp_path: Path) -> None:
    (payload,) = kernel.cell("A", "len?").content["payload"]
    assert payload["source"] == "page"
    script = tmp_path / "script.py"
    script.write_text("loaded = 1\n")
    (payload,) = kernel.cell("B", f"%load {script}").content["payload"]
    assert payload["source"] == "set_next_input"
    assert "loaded = 1" in payload["text"]


def test_a_comm_sees_the_settled_namespace(kernel: Kernel) -> None:
    code = """
def on_open(comm, message):
    comm.on_msg(lambda message: comm.send({'x': x}))
get_ipython().kernel.comm_manager.register_target('probe', on_open)
"""
    kernel.cells(A="x = 1", T=code)
    session, shell = kernel.client.session, kernel.client.shell_channel
    shell.send(session.msg("comm_open", {"comm_id": "c", "target_name": "probe", "data": {}}))
    kernel.cell("A", "x = 2")
    shell.send(session.msg("comm_msg", {"comm_id": "c", "data": {}}))
    message = kernel.wait_for(lambda m: m["msg_type"] == "comm_msg")
    assert message["content"]["data"] == {"x": 2}


def test_widgets_of_a_dependent_are_marked(kernel: Kernel) -> None:
    pytest.importorskip("ipywidgets")
    kernel.cells(I="import ipywidgets", A="x = 1", B="ipywidgets.IntSlider(value=x)")
    ran = kernel.cell("A", "x = 2")
    assert "comm_open" in ran.of_cell("B")
    (shown,) = ran.of_type("execute_result", cell="B")
    assert "application/vnd.jupyter.widget-view+json" in shown["content"]["data"]


def test_a_subshell_runs_beside_the_cell(kernel: Kernel) -> None:
    reply = kernel.ask("create_subshell_request", {})["content"]
    kernel.cell("A", "x = 1")
    waiting = kernel.send_cell("W", "answer = input('?')")
    kernel.client.get_stdin_msg(timeout=30)
    message = kernel.client.session.msg("execute_request", {"code": "print('beside', x)", "silent": False})
    message["header"]["subshell_id"] = reply["subshell_id"]
    kernel.client.shell_channel.send(message)
    beside = kernel.wait_for_text("beside 1")
    assert beside["parent_header"]["msg_id"] == message["header"]["msg_id"]
    assert "reactive" not in beside["metadata"]
    kernel.client.input("done")
    assert kernel.result(waiting).content["status"] == "ok"
    assert kernel.ask("delete_subshell_request", {"subshell_id": reply["subshell_id"]})["content"]["status"] == "ok"


def test_the_debugger_attaches(fresh_kernel: Kernel) -> None:
    def debug(command: str, seq: int, **arguments: object) -> dict[str, object]:
        content = {"type": "request", "command": command, "seq": seq, "arguments": arguments}
        return fresh_kernel.ask("debug_request", content)["content"]

    info = debug("debugInfo", 1)
    assert info["success"]
    started = debug("initialize", 2, clientID="t", clientName="t", adapterID="", pathFormat="path", linesStartAt1=True)
    assert started["success"], started
    assert debug("attach", 3)["success"]
    code = "x = 1\ny = x + 1\nprint(y)"
    dumped = debug("dumpCell", 4, code=code)
    path = dumped["body"]["sourcePath"]  # type: ignore[index]
    stops = debug("setBreakpoints", 5, source={"path": path}, breakpoints=[{"line": 2}], sourceModified=False)
    assert stops["success"]
    debug("configurationDone", 6)
    waiting = fresh_kernel.send_cell("A", code)
    event = fresh_kernel.wait_for(lambda m: m["msg_type"] == "debug_event" and m["content"]["event"] == "stopped")
    thread = event["content"]["body"]["threadId"]
    frames = debug("stackTrace", 7, threadId=thread)
    assert frames["body"]["stackFrames"][0]["line"] == 2  # type: ignore[index]
    debug("continue", 8, threadId=thread)
    ran = fresh_kernel.result(waiting)
    assert ran.content["status"] == "ok"
    assert debug("disconnect", 9, restart=False, terminateDebuggee=True)["success"]


def test_a_module_of_the_users_shadows_none_of_pythons(tmp_path: Path) -> None:
    (tmp_path / "tornado.py").write_text("raise SystemExit('shadowed')\n")
    (tmp_path / "mine.py").write_text("value = 3\n")
    kernel = Kernel(cwd=tmp_path)
    try:
        assert kernel.cell("A", "import mine; print(mine.value)").text() == "3\n"
    finally:
        kernel.stop()


def test_settings_come_from_the_command_line() -> None:
    kernel = Kernel(extra_arguments=["--ReactiveKernel.mode=lazy"])
    try:
        assert kernel.control("state")["mode"] == "lazy"
    finally:
        kernel.stop()


def test_shutdown(fresh_kernel: Kernel) -> None:
    reply = fresh_kernel.ask("shutdown_request", {"restart": False})
    assert reply["content"]["status"] == "ok"
    assert fresh_kernel.manager.provisioner is not None


def test_exit_ends_the_kernel(fresh_kernel: Kernel) -> None:
    payload = fresh_kernel.cell("A", "exit").content["payload"]
    assert payload[0]["source"] == "ask_exit"


def test_garbage_is_collected_in_a_running_kernel(kernel: Kernel) -> None:
    assert "True" in kernel.cell("A", "import gc\nprint(gc.isenabled())").text()
