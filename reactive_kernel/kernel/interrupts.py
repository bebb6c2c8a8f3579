"""SIGINT during a cascade: stops the user's code at once, and our own between two cells.

A KeyboardInterrupt in the middle of the engine's bookkeeping would leave it half done, so there it is only noted.
Main thread only, as Python's signals are.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """Notes SIGINT while it is in force; `noted` says whether one came."""

    def __init__(self) -> None:
        self.noted = False
        self._held = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """In here a SIGINT is noted, not raised."""
        if self._held:
            yield
            return
        self._held = True
        before = signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            self._held = False
            signal.signal(signal.SIGINT, before)

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Within `held`: here a SIGINT raises KeyboardInterrupt, for the user's code; so does one that came before."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            if self.noted:
                raise KeyboardInterrupt
            yield
        finally:
            signal.signal(signal.SIGINT, self._note)

    def _note(self, _signum: int, _frame: FrameType | None) -> None:
        self.noted = True
