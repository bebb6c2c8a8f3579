"""The messages that a notebook's clients were told, numbered, the newest kept for those who reconnect.

Decides numbers (`seq`) and what can still be told again.  Each client is a cursor into this one list, so
a client that stops reading costs nothing.  Never knows what messages mean or who reads them.
"""

from __future__ import annotations

import json
from collections import deque

from reactive_kernel.protocol import Json


class History:
    """Numbered messages, as JSON text, within a bound of count and of size."""

    def __init__(self, first: int, max_messages: int, max_bytes: int) -> None:
        """Number from `first`: a number no earlier history of the notebook reached, so that cursors never mix."""
        self.last = first
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._texts: deque[str] = deque()
        self._bytes = 0

    def append(self, message: Json, revision: int) -> None:
        """Number and keep a message."""
        self.last += 1
        text = stamped(message, revision, self.last)
        self._texts.append(text)
        self._bytes += len(text)
        while len(self._texts) > self._max_messages or self._bytes > self._max_bytes:
            self._bytes -= len(self._texts.popleft())

    def after(self, seq: int) -> str | None:
        """The message numbered `seq` + 1; None if there is none yet.  Ask `reaches` first."""
        position = seq + 1 - (self.last - len(self._texts) + 1)
        return self._texts[position] if 0 <= position < len(self._texts) else None

    def reaches(self, seq: int) -> bool:
        """Whether everything after `seq` can still be told."""
        return self.last - len(self._texts) <= seq <= self.last


_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


def stamped(message: Json, revision: int, seq: int) -> str:
    """A message as it goes to clients."""
    return _encode({**message, "revision": revision, "seq": seq})
