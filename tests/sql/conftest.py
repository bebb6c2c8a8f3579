"""A plain IPython shell with the SQL magics, without kernel and graph; and real kernels."""

from __future__ import annotations

import atexit
import re
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from reactive_kernel.kernel.sql import catalog, connections, register
from tests.kernel.conftest import kernel, process

__all__ = ["Shell", "ip", "kernel", "process"]


class Shell:
    """Runs cells and keeps what they displayed."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.bundles: list[dict[str, Any]] = []
        self.printed = ""

    @property
    def names(self) -> dict[str, Any]:
        return self.shell.user_ns

    def run(self, code: str) -> str:
        """Run a cell that succeeds; return the plain text of what it displayed."""
        error = self._run(code)
        assert error is None, error
        return "\n".join([bundle["text/plain"] for bundle in self.bundles] or [self.printed.strip()])

    def fail(self, code: str) -> str:
        """Run a cell that fails; return what the user sees, colours left out."""
        error = self._run(code)
        assert error is not None, "the cell succeeded"
        return re.sub(r"\x1b\[\d+m", "", self.printed)

    def rows(self, code: str) -> list[dict[str, Any]]:
        """Run a query and return the displayed rows."""
        self.run(code)
        return list(self.bundles[-1]["application/vnd.dataresource+json"]["data"])

    def _run(self, code: str) -> BaseException | None:
        with capture_output() as captured:
            result = self.shell.run_cell(code)
        self.bundles = [output.data for output in captured.outputs]
        self.printed = captured.stdout + captured.stderr
        return result.error_before_exec or result.error_in_exec


@pytest.fixture
def ip() -> Iterator[Shell]:
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    register(shell)
    yield Shell(shell)
    connections.close_all()
    catalog.reset()
    shell.history_manager.end_session()
    atexit.unregister(shell.atexit_operations)  # a hundred shells that tidy up at the end would take minutes
    InteractiveShell.clear_instance()
