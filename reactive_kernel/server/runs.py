"""The coordinator's own requests to run something: over when both the reply and the last output came.

Decides when a run is over.  Knows nothing of what was run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from reactive_kernel.protocol import Json


@dataclass(slots=True)
class _Run:
    reply: asyncio.Future[Json]
    ended: Callable[[Json | None], None]
    idle: bool = False


class Runs:
    """Runs in progress, by message id."""

    def __init__(self) -> None:
        self._runs: dict[str, _Run] = {}

    def __len__(self) -> int:
        return len(self._runs)

    def add(self, message_id: str, reply: asyncio.Future[Json], ended: Callable[[Json | None], None]) -> None:
        """A run was asked for; `ended` gets the reply, or None if the kernel is gone."""
        self._runs[message_id] = _Run(reply, ended)
        reply.add_done_callback(lambda _: self._look(message_id))

    def rested(self, message_id: str) -> None:
        """The kernel published idle for this request: no output of it comes any more."""
        if message_id in self._runs:
            self._runs[message_id].idle = True
            self._look(message_id)

    def lost(self) -> None:
        """The kernel is gone, and so are all runs."""
        runs, self._runs = self._runs, {}
        for run in runs.values():
            run.ended(None)

    def _look(self, message_id: str) -> None:
        run = self._runs.get(message_id)
        if run is None or not run.reply.done():
            return
        failed = run.reply.cancelled() or run.reply.exception() is not None
        if failed or run.idle:
            del self._runs[message_id]
            run.ended(None if failed else run.reply.result())
