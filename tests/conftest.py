"""The order of the tests, and which are tried a second time."""

from __future__ import annotations

import signal

import pytest

# One after the other: the quicker a part is, the earlier it runs. By several processes, which take one file each: the
# other way round, so that none has much left when the others are done.
SLOWER = ["tests/sql", "tests/kernel", "tests/oracle", "tests/clients", "tests/server", "tests/browser"]

# These wait for programs that aren't ours (Chromium, jupyter_server, nbclient, a terminal). A test here that fails is
# run once more, and named in the summary as RERUN, so that what is unsteady is seen. All others have one try.
FOREIGN = ["tests/clients", "tests/server", "tests/browser"]


# A shell that starts something in the background has it ignore SIGINT; tests of interrupts would then wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the folders into their order, each as one block, and mark what has a second try."""
    shared_out = hasattr(config, "workerinput")

    def folder(item: pytest.Item) -> str:
        return "/".join(item.nodeid.split("/")[:2])

    items.sort(key=lambda item: SLOWER.index(folder(item)) if folder(item) in SLOWER else -1, reverse=shared_out)
    for item in items:
        if folder(item) in FOREIGN:
            item.add_marker(pytest.mark.flaky(reruns=1))
