"""One server for all tests that do it no harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server.live import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(
        tmp_path_factory.mktemp("server"),
        "--ReactiveKernelApp.restart_delay=0.1",
        "--ReactiveKernelApp.max_deaths_per_cell=2",
        "--ReactiveKernelApp.control_timeout=2",
        "--ReactiveKernelApp.max_message_bytes=100000",
        "--ReactiveKernelApp.max_output_bytes=4000000",
    )
    yield running
    running.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers of one's own."""
    started: list[Server] = []

    def starter(*options: str, **kwargs) -> Server:
        root = tmp_path / f"root{len(started)}"
        root.mkdir()
        started.append(Server(root, *options, **kwargs))
        return started[-1]

    yield starter
    for one in reversed(started):
        one.stop()
