"""Tells clients what changed: ``reactive_event`` messages with an empty parent header.

Few and late rather than many: while cells run, changes are gathered and sent from the control thread every 50 ms, and
never more than two events for each cell that ran.  Silent until a client speaks the protocol (a control request, or an
execute_request with a cell id): to all others the kernel looks like ipykernel.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING

from tornado.ioloop import IOLoop

from reactive_kernel.protocol import Json

if TYPE_CHECKING:
    from reactive_kernel.kernel.engine import Event, Run

_INTERVAL = 0.05


class Events:
    """Sends events, from any thread; an event's revision is never older than that of the one before."""

    def __init__(
        self,
        take: Callable[[], Event | None],
        look: Callable[[list[str]], Json],
        send: Callable[[Json], None],
        loop: IOLoop | None,
    ) -> None:
        self._take = take
        self._look = look
        self._send = send
        self._loop = loop
        self._lock = RLock()
        self._audible = False
        self._timer_set = False
        self._next_time = 0.0
        # Of the cascade in progress: how many more events its cells allow, beyond those that its end needs.
        self._running = False
        self._budget = 0
        self._announced: str | None = None

    def listen(self) -> None:
        """A client speaks the protocol: send from now on."""
        self._audible = True

    def cascade_begins(self) -> None:
        """Until `cascade_ends`, send only what the cells run allow."""
        with self._lock:
            self._running, self._budget, self._announced = True, -1, None

    def cell_starts(self, cascade_id: str, started: list[str], run: Run) -> None:
        """A cell of the cascade has started: the last of those that ``started``."""
        if not self._audible:
            return
        with self._lock:
            self._budget += 2
            if len(started) == 2:  # A single cell is no cascade worth two events more.
                self._announced = cascade_id
                self._budget -= 2
                planned = [*started, *(cell for cell in run.planned if cell not in started)]
                # How the first one ended is told here: if it took long, no more events are left while the second runs.
                news = self._look(started)
                self._send({"event": "cascade_started", "cascade_id": cascade_id, "cells": planned, **news})
        self._set_timer()

    def cascade_ends(self, ran: list[str]) -> None:
        """Send the rest, and that the cascade is over."""
        with self._lock:
            self._running = False
            self.publish()
            if self._announced is not None:
                self._send({"event": "cascade_finished", "cascade_id": self._announced, "cells": ran})
                self._announced = None

    def publish(self) -> None:
        """Send what changed, now."""
        if not self._audible:
            return
        with self._lock:
            event = self._take()
            if event is None:
                return
            self._next_time = time.monotonic() + _INTERVAL
            content: Json = {
                "event": "cells",
                "revision": event.revision,
                "cells": event.cells,
                "removed": event.removed,
            }
            if event.edges is not None:
                content["edges"] = event.edges
            self._send(content)

    def _set_timer(self) -> None:
        if self._loop is None or self._timer_set:
            return
        self._timer_set = True
        self._loop.add_callback(self._wait)

    def _wait(self) -> None:
        assert self._loop is not None
        self._loop.call_later(max(_INTERVAL / 2, self._next_time - time.monotonic()), self._tick)

    def _tick(self) -> None:
        self._timer_set = False
        with self._lock:
            if self._running and self._budget > 0:
                self._budget -= 1
                self.publish()
