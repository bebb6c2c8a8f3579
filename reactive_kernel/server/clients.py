"""One client of a notebook: a cursor into its history, and the answers that are for it alone.

Decides what the client is sent next and when it is hopeless.  A client that stops reading holds back
nobody: what it missed is told from the history, or as a fresh `notebook` if the history is past that.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from reactive_kernel.protocol import Json
from reactive_kernel.server.history import History, stamped

MAX_ANSWERS = 1000
"""Answers that a client may leave unread before it is dropped."""

AT_ONCE = 256 * 1024
"""Characters that are sent to a client in one go, if one message alone is not longer."""


class Source(Protocol):
    """Where a client's messages come from: the coordinator."""

    history: History

    @property
    def revision(self) -> int: ...

    def whole(self) -> Json: ...


class Client:
    """Sends one connection what it has to know, in order, as fast as it reads."""

    def __init__(self, source: Source, send: Callable[[list[str]], Awaitable[None]], since: int | None) -> None:
        self._source = source
        self._send = send
        self._cursor = since
        self._answers: deque[tuple[int, str]] = deque()
        self._news = asyncio.Event()
        self._finished = False
        self.overrun = False

    def wake(self) -> None:
        """There is news in the history."""
        self._news.set()

    def answer(self, message: Json) -> None:
        """Tell this client alone, after all that the history has up to now."""
        if len(self._answers) >= MAX_ANSWERS:
            self.overrun = True
            self._finished = True
        else:
            seq = self._source.history.last
            self._answers.append((seq, stamped(message, self._source.revision, seq)))
        self._news.set()

    def refuse(self, why: str, request: object) -> None:
        """Tell this client what was wrong with its message."""
        self.answer({"type": "error", "message": why, "request": request})

    def finish(self) -> None:
        """The notebook is closed: send what is left, then end."""
        self._finished = True
        self._news.set()

    async def pump(self) -> None:
        """Send until finished or the connection fails; all that there is to say goes out together."""
        while not self.overrun:
            texts = self._gathered()
            if texts:
                await self._send(texts)
            elif self._finished:
                return
            else:
                self._news.clear()
                await self._news.wait()

    def _gathered(self) -> list[str]:
        texts: list[str] = []
        room = AT_ONCE
        while room > 0 and (text := self._next()) is not None:
            texts.append(text)
            room -= len(text)
        return texts

    def _next(self) -> str | None:
        history = self._source.history
        if self._cursor is None or not history.reaches(self._cursor):
            self._cursor = history.last
            return stamped(self._source.whole(), self._source.revision, self._cursor)
        if self._answers and self._answers[0][0] <= self._cursor:
            return self._answers.popleft()[1]
        text = history.after(self._cursor)
        if text is not None:
            self._cursor += 1
        return text
