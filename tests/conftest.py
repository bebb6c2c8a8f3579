"""The order of the tests (the quicker a part is, the earlier it runs), and which are tried a second time."""

from __future__ import annotations

import signal

import pytest

SLOWER = ["tests/sql", "tests/kernel", "tests/oracle", "tests/clients", "tests/server", "tests/browser"]

# These wait for programs that aren't ours (Chromium, jupyter_server, nbclient, a terminal). A test here that fails is
# run once more, and named in the summary as RERUN, so that what is unsteady is seen. All others have one try.
FOREIGN = ["tests/clients", "tests/server", "tests/browser"]


# A shell that starts something in the background has it ignore SIGINT; tests of interrupts would then wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slower folders last, each as one block, and mark what has a second try."""

    def folder(item: pytest.Item) -> str:
        return "/".join(item.nodeid.split("/")[:2])

    items.sort(key=lambda item: SLOWER.index(folder(item)) + 1 if folder(item) in SLOWER else 0)
    for item in items:
        if folder(item) in FOREIGN:
            item.add_marker(pytest.mark.flaky(reruns=1))
