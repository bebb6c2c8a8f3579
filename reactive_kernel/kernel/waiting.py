"""Which cells have their own request waiting in the queue (a Run All sends all of its requests at once).

A cascade leaves such cells to their own request, or they would run twice.  Our extension says when it begins to send,
and when it has sent all, since a slow page may take longer for the second cell than the kernel for the first; of
other front ends only the pace tells.  Written by the threads of the shell and control channels, read by the main one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

#: The requests of one Run All come 1 to 2 ms apart: a longer silence means that all are there.
_GAP = 0.006
_LONGEST = 0.5
#: What a front end sent on the control channel just before a request may be read just after it.
_OVERTAKEN = 0.15


class WaitingRequests:
    """The queue's requests by message id, as seen from outside of the queue."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._cells: dict[str, str] = {}
        self._last_arrival = 0.0
        self._sending: set[str] = set()  # clients that are in the middle of it
        self._sent = float("-inf")  # when a client had sent the last of several
        self._silent: set[str] = set()  # clients whose inserts were awaited in vain

    def arrived(self, msg_id: str, cell_id: str) -> None:
        """A cell's request is in the queue."""
        with self._lock:
            self._cells[msg_id] = cell_id
            self._last_arrival = self._clock()

    def sending(self, client: str, requests: int | None) -> None:
        """A client begins to send what may be several requests (None), or has sent the last of that many."""
        with self._lock:
            if requests is None:
                self._sending.add(client)
                return
            self._sending.discard(client)
            if requests > 1:
                self._sent = self._clock()

    def taken(self, msg_id: str) -> None:
        """A request left the queue, to be handled or aborted."""
        with self._lock:
            self._cells.pop(msg_id, None)

    def cells(self) -> frozenset[str]:
        """Ids of the cells that wait."""
        if not self._cells:
            return frozenset()
        with self._lock:
            return frozenset(self._cells.values())

    def tells(self, client: str) -> None:
        """A client has told of cells by the control channel."""
        self._silent.discard(client)

    def let_insert_arrive(self, client: str, expected: Callable[[], bool]) -> None:
        """A cell is to run that was not heard of: give its insert, which was sent before, a moment to be read.

        Only once to a client that tells of none.
        """
        if client in self._silent:
            return
        end = self._clock() + _OVERTAKEN
        while awaited := expected():
            if self._clock() >= end:
                break
            self._sleep(_GAP / 4)
        if awaited:
            self._silent.add(client)

    def let_burst_finish(self) -> None:
        """If requests are coming in just now, give the rest of them a few milliseconds to arrive."""
        end = self._clock() + _LONGEST
        while self._is_coming() and self._clock() < end:
            self._sleep(_GAP / 4)
        if self._clock() >= end:
            self._sending.clear()  # they went away in the middle of it

    def _is_coming(self) -> bool:
        since = self._clock() - _GAP
        return bool(self._sending) or self._sent > since or (bool(self._cells) and self._last_arrival > since)
