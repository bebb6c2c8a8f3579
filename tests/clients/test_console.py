"""`jupyter console` under a pseudo-terminal: inputs that follow their inputs, and the right prompt numbers."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

import pexpect
import pytest

ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]|\x07")


class Console:
    """A console at its prompt, which says `number`; `enter` returns what an input shows, up to the next prompt."""

    def __init__(self, kernel: str, *options: str) -> None:
        command = ["-m", "jupyter", "console", f"--kernel={kernel}", *options]
        quiet = {"PYDEVD_DISABLE_FILE_VALIDATION": "1", "PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm"}
        self.process = pexpect.spawn(
            sys.executable, command, env={**os.environ, **quiet}, encoding="utf-8", timeout=60, dimensions=(40, 120)
        )
        self.number = 0
        self._to_prompt()

    def enter(self, text: str) -> str:
        self.process.send(f"{text}\r")
        # The echo of the input is one line, whichever way the console draws it.
        return self._to_prompt().partition("\n")[2].strip()

    def _to_prompt(self) -> str:
        """Wait for a prompt with a new number; what was shown before it."""
        shown = ""
        while True:
            shown += self.process.read_nonblocking(4096, timeout=60)
            plain = ANSI.sub("", shown).replace("\r", "")
            prompt = re.search(r"\nIn \[(\d+)\]: $", plain)
            if prompt and int(prompt.group(1)) > self.number:
                self.number = int(prompt.group(1))
                return plain[: prompt.start()]

    def close(self) -> None:
        self.process.close(force=True)


@pytest.fixture(params=["full", "simple"])
def console(request: pytest.FixtureRequest) -> Iterator[Console]:
    """A console of the reactive kernel, with its full prompt or the simple one."""
    console = Console("reactive_python", *(["--simple-prompt"] if request.param == "simple" else []))
    yield console
    console.close()


def test_later_inputs_follow_earlier_ones(console: Console) -> None:
    for number, (text, shown) in enumerate([("x = 10", ""), ("y = x * 2", ""), ("print(y)", "20")], 1):
        assert console.number == number
        assert console.enter(text) == shown
    assert console.number == 4
    shown = console.enter("x = 20")
    assert "40" in shown.splitlines()
    assert "[3]" in shown, "the line above says which input the 40 belongs to"
    assert "20" not in shown.splitlines()
    # Two earlier inputs ran again, as 5 and 6: the prompt says the number that the next input gets.
    assert console.number == 7
    assert console.enter("x, y") == "Out[7]: (20, 40)"
    assert console.number == 8


def test_an_error_and_its_recovery(console: Console) -> None:
    console.enter("rate = 2")
    console.enter("half = 100 / rate")
    console.enter("print('half is', half)")
    assert "ZeroDivisionError" in console.enter("rate = 0")
    assert "half is 25.0" in console.enter("rate = 4")


def test_input_and_magics_work_as_ever(console: Console) -> None:
    assert "CPU times" in console.enter("%time n = 3")
    assert console.enter("n + 1") == "Out[2]: 4"
    console.process.send("name = input('who? ')\r")
    console.process.expect(r"who\? (?!')")
    console.enter("Ada")
    assert console.enter("name") == "Out[4]: 'Ada'"
    assert console.enter("_ + '!'") == "Out[5]: 'Ada!'"
