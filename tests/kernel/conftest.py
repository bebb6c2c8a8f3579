"""Kernels for the tests: one process for each file, emptied before each test."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator

import pytest

from reactive_kernel.kernel.called import Calls, find
from tests.kernel.driver import Kernel


@pytest.fixture(scope="module")
def process() -> Iterator[Kernel]:
    """A kernel that the tests of a file share."""
    kernel = Kernel()
    yield kernel
    kernel.stop()


@pytest.fixture
def kernel(process: Kernel) -> Kernel:
    """An empty notebook in mode auto."""
    process.control("configure", mode="auto")
    assert process.control("forget")["status"] == "ok"
    process.quiet(0.05)
    return process


@pytest.fixture
def fresh_kernel() -> Iterator[Kernel]:
    """A kernel of one's own: counts and settings as at the start."""
    kernel = Kernel()
    yield kernel
    kernel.stop()


@pytest.fixture
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give engines in this process time to look at values, so that a busy machine changes no log."""
    monkeypatch.setattr("reactive_kernel.kernel.changes.BUDGET", 5.0)


@pytest.fixture
def calls() -> Calls:
    """What counts calls, as this Python can."""
    found = find()
    assert found is not None
    return found


@pytest.fixture
def library(request: pytest.FixtureRequest) -> Iterator[None]:
    """A module as if it were installed, ``some_library``: the test file's LIBRARY."""
    module = types.ModuleType("some_library")
    module.__file__ = "/usr/lib/python3/site-packages/some_library.py"
    sys.modules["some_library"] = module
    exec(request.module.LIBRARY, module.__dict__)
    yield
    del sys.modules["some_library"]
