"""Makes threads print under the cell that started them.

ipykernel sends what a thread prints to the cell that runs at that moment.  In a cascade that is soon another cell, so a
thread inherits the parent of the code that started it.  Workers of a ThreadPoolExecutor are left alone: they serve
whichever cell submits.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

_POOL_MODULE = "concurrent.futures.thread"


def follow_starting_cell(get_parent: Callable[[], Any], set_parent: Callable[[Any], object]) -> None:
    """From now on a new thread calls ``set_parent`` with what ``get_parent`` said in the thread that started it."""
    start = threading.Thread.start

    @functools.wraps(start)
    def start_with_parent(thread: threading.Thread) -> None:
        parent = get_parent()
        if parent and not _is_pool_worker(thread) and hasattr(thread, "_bootstrap"):
            _run_first(thread, functools.partial(set_parent, parent))
        start(thread)

    threading.Thread.start = start_with_parent  # type: ignore[assignment,method-assign]


def _is_pool_worker(thread: threading.Thread) -> bool:
    return getattr(getattr(thread, "_target", None), "__module__", None) == _POOL_MODULE


def _run_first(thread: Any, action: Callable[[], object]) -> None:
    # Not around `run`: a frame of ours would show in the traceback of every exception in a thread.
    bootstrap = thread._bootstrap

    def prepared() -> None:
        del thread._bootstrap
        action()
        bootstrap()

    thread._bootstrap = prepared
