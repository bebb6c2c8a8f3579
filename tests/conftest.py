"""The order of the tests: the quicker a part is, the earlier it runs."""

from __future__ import annotations

import pytest

SLOWER = ["tests/sql", "tests/kernel", "tests/oracle", "tests/clients", "tests/server", "tests/browser"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the slower folders last, each as one block."""

    def place(item: pytest.Item) -> int:
        folder = "/".join(item.nodeid.split("/")[:2])
        return SLOWER.index(folder) + 1 if folder in SLOWER else 0

    items.sort(key=place)
