"""What clients asked and the kernel was not told yet, in order.

Decides what may be left out: an edit of a cell that a later edit of the same cell overtakes, with nothing
but edits in between.  Nothing else is ever dropped, and what is kept stays in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reactive_kernel.protocol import Json


@dataclass(eq=False, slots=True)
class Request:
    """One message of a client; `client` is told when it is dealt with, and so are those whose edits it overtook."""

    message: Json
    client: Any = None
    overtaken: list[Request] = field(default_factory=list)


class Pending:
    """The queue of requests."""

    def __init__(self) -> None:
        self._queue: dict[int, Request] = {}
        self._next = 0
        self._edits: dict[str, int] = {}  # the waiting edit of each cell, since the last request of another kind

    def __len__(self) -> int:
        return len(self._queue)

    def has(self, kind: str) -> bool:
        """Whether a request of this kind is waiting."""
        return any(request.message["type"] == kind for request in self._queue.values())

    def only_edits(self) -> bool:
        """Whether nothing waits but edits."""
        return all(request.message["type"] == "cell_update" for request in self._queue.values())

    def add(self, request: Request) -> None:
        if request.message["type"] == "cell_update":
            self._add_edit(request)
        else:
            self._edits.clear()
        self._queue[self._next] = request
        self._next += 1

    def _add_edit(self, request: Request) -> None:
        cell_id = request.message["cellId"]
        place = self._edits.get(cell_id)
        if place is not None and place in self._queue:
            older = self._queue.pop(place)
            request.message = {**_settings(older.message), **request.message}
            request.overtaken = [*older.overtaken, older]
        self._edits[cell_id] = self._next

    def take(self) -> list[Request]:
        """The next requests to deal with: all edits up to the next request of another kind, or that one request."""
        batch: list[Request] = []
        for place, request in list(self._queue.items()):
            is_edit = request.message["type"] == "cell_update"
            if batch and not is_edit:
                break
            batch.append(self._queue.pop(place))
            if not is_edit:
                break
        return batch

    def drop_runs(self) -> list[Request]:
        """Take out the requests to run something (the kernel they were meant for is gone)."""
        places = [p for p, request in self._queue.items() if request.message["type"].startswith("run_")]
        return [self._queue.pop(place) for place in places]


def _settings(message: Json) -> Json:
    """What an overtaken edit said beside the text."""
    return {key: message[key] for key in ("cellType", "disabled") if key in message}
