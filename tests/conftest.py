"""The order of the tests, and which are tried a second time."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

# The quicker a part is, the earlier it runs. The browser's tests must be last, also where several processes take a file
# each: Playwright's event loop stays in the process, and what runs one of its own fails beside it.
SLOWER = ["tests/sql", "tests/kernel", "tests/oracle", "tests/clients", "tests/server", "tests/browser"]

# These wait for programs that aren't ours (Chromium, jupyter_server, nbclient, a terminal). A test here that fails is
# run once more, and named in the summary as RERUN, so that what is unsteady is seen. All others have one try.
FOREIGN = ["tests/clients", "tests/server", "tests/browser"]


# A shell that starts something in the background has it ignore SIGINT; tests of interrupts would then wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for IPython's own files: what was typed on this machine before must not be found in its history."""
    folder = tmp_path_factory.mktemp("ipython")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "IPYTHONDIR", str(folder))
        yield folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders into their order, each as one block, and mark what has a second try."""

    def folder(item: pytest.Item) -> str:
        return "/".join(item.nodeid.split("/")[:2])

    items.sort(key=lambda item: SLOWER.index(folder(item)) if folder(item) in SLOWER else -1)
    for item in items:
        if folder(item) in FOREIGN:
            item.add_marker(pytest.mark.flaky(reruns=1))
