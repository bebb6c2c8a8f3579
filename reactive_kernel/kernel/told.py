"""When a client last told of a cell on the control channel: a request sent before that brings no older text back.

The two channels have no common order: an edit or deletion that was sent after a request is mostly read before the
request's turn.  Only the client's own dates tell; those of two clients can't be compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from threading import Lock

from reactive_kernel.protocol import Json

_OF_ONE = ("edit", "insert", "delete")


class Told:
    """Written by the control thread, read by the main thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._cells: dict[str, tuple[str, datetime]] = {}
        self._whole: dict[str, datetime] = {}  # by session: its last `sync`, which tells of every cell

    def note(self, header: Json, command: str, arguments: Json) -> None:
        """A command was carried out."""
        session, date = header.get("session"), header.get("date")
        if not isinstance(session, str) or not isinstance(date, datetime):
            return
        with self._lock:
            if command == "sync":
                self._whole[session] = date
            elif command in _OF_ONE:
                for cell_id in _ids(arguments):
                    self._cells[cell_id] = session, date
            elif command == "forget":
                self._cells.clear()

    def since(self, header: Json, cell_id: str) -> bool:
        """Whether the client that sent this request has told of its cell after it had sent it."""
        session, date = header.get("session"), header.get("date")
        if not isinstance(session, str) or not isinstance(date, datetime):
            return False
        with self._lock:
            whole, (by, told) = self._whole.get(session), self._cells.get(cell_id, ("", date))
        return (whole is not None and whole > date) or (by == session and told > date)


def _ids(arguments: Json) -> Iterable[str]:
    return [cell["cell_id"] for cell in (arguments, *(arguments.get("more") or ()))]
