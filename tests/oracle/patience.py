"""Gives up on what goes on for ever; only in the main thread, and only where the time that it takes is no result."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


class Slow(BaseException):
    """It took far too long; a BaseException so that no cell catches it."""


@contextlib.contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise `Slow` after so many seconds; inside another one, that one goes on afterwards with what it had left."""

    over = False

    def give_up(*_: object) -> None:
        nonlocal over
        over = True
        raise Slow

    old = signal.signal(signal.SIGALRM, give_up)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except RuntimeError as error:  # what DuckDB makes of it in the middle of a query
        if over:
            raise Slow from error
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, old)
