"""The coordinator's control requests: asked together, waited for, but not for ever.

Decides when a kernel counts as one that does not answer.  Never looks at what is asked or answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from reactive_kernel.protocol import Json
from reactive_kernel.server.life import KernelLife
from reactive_kernel.server.link import KernelGone


class Asking:
    """Requests to one notebook's kernel, whatever process that is at the time."""

    def __init__(self, kernel: KernelLife, timeout: float, on_late: Callable[[Json | None], None]) -> None:
        """`on_late` gets an answer that was not waited for any more, or None if the kernel went away."""
        self._kernel = kernel
        self._timeout = timeout
        self._on_late = on_late
        self._asked = 0
        self._overdue: set[asyncio.Future[Json]] = set()

    @property
    def waits(self) -> bool:
        """Whether an answer is still to come."""
        return bool(self._asked or self._overdue)

    @property
    def overdue(self) -> bool:
        """Whether the kernel owes answers that it should have given by now."""
        return bool(self._overdue)

    async def tell(self, command: str, arguments: Json) -> Json | None:
        """Tell the kernel something; its answer, or None if there is none in time."""
        return (await self.tell_many([(command, arguments)]))[0]

    async def tell_many(self, orders: list[tuple[str, Json]]) -> list[Json | None]:
        """Tell the kernel several things, one behind the other."""
        link = self._kernel.link
        if link is None or not self._kernel.reachable:
            return [None] * len(orders)
        try:
            futures = [link.control(command, arguments) for command, arguments in orders]
        except KernelGone:
            return [None] * len(orders)
        self._asked += 1
        # A kernel that owes answers already is not waited for again: its clients see edits all the same.
        patience = 0.0 if self._overdue else self._timeout
        try:
            _, late = await asyncio.wait(futures, timeout=patience)
        finally:
            self._asked -= 1
        for future in late:
            self._overdue.add(future)
            future.add_done_callback(self._came_late)
        if late:
            self._kernel.set_status("unresponsive", "The kernel has not answered for some time.")
        return [_answer(future) if future.done() else None for future in futures]

    async def tell_edits(self, edits: list[Json]) -> list[Json | None]:
        """Tell the kernel edits in one message; the answers, of which the first is for all if none was refused."""
        if len(edits) < 2:
            return await self.tell_many([("edit", edit) for edit in edits])
        answer = await self.tell("edit", {**edits[0], "more": edits[1:]})
        if answer is not None and answer.get("status") == "error":  # then none was made: find out which it is
            return await self.tell_many([("edit", edit) for edit in edits])
        return [answer] + [None] * (len(edits) - 1)

    def _came_late(self, future: asyncio.Future[Json]) -> None:
        self._overdue.discard(future)
        self._on_late(_answer(future))


def _answer(future: asyncio.Future[Json]) -> Json | None:
    return None if future.cancelled() or future.exception() else future.result()
