"""Processes that the notebook begins: code that runs there is seen by nobody here."""

from __future__ import annotations

import os
import sys

__all__ = ["processes"]

_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


os.register_at_fork(before=_count_fork)


def processes() -> tuple[int, str] | None:
    """Changes whenever a process is begun; None while some of `multiprocessing`'s are alive."""
    made = sys.modules.get("multiprocessing.process")
    if made is not None and getattr(made, "_children", None):
        return None
    return _forks, repr(getattr(made, "_process_counter", None))
