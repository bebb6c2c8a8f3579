"""Watching a local kernel's process: its death noticed at once, the next start after a pause that grows.

Decides when a dead kernel is started again.  What that means to a notebook is the coordinator's affair.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

from jupyter_client.ioloop.restarter import AsyncIOLoopKernelRestarter
from traitlets import Bool, Float

OnDeath = Callable[[int | None, bool], None]
"""Told the exit code (negative: the signal) and whether the kernel will be started again."""


class BackOffRestarter(AsyncIOLoopKernelRestarter):
    """jupyter_client's restarter with a pause before each start after the first: 0, then `first_delay`, doubled.

    Where the system tells of a process's end by itself (Linux), looking at it often is not needed.
    """

    time_to_dead = Float(3.0 if hasattr(os, "pidfd_open") else 1.0, help="Seconds between looks at the process.")
    first_delay = Float(1.0)
    max_delay = Float(60.0)
    forgive_after = Float(120.0, help="Seconds of life after which earlier deaths are forgotten.")
    restarts = Bool(True)

    on_death: OnDeath | None = None
    _deaths = 0
    _last_death = 0.0
    _start_at: float | None = None
    _looking = False
    _watched: int | None = None  # a descriptor that is readable when the process has ended

    def start(self) -> None:
        """Start watching (again, when there is a new process)."""
        self._start_at = None
        super().start()
        self._watch()

    def stop(self) -> None:
        """Stop watching."""
        super().stop()
        self._unwatch()

    def _watch(self) -> None:
        self._unwatch()
        pid = getattr(getattr(self.kernel_manager, "provisioner", None), "pid", None)
        if pid is None or not hasattr(os, "pidfd_open"):
            return
        try:
            self._watched = os.pidfd_open(pid)
        except OSError:  # it has ended already: the next look will see it
            return
        asyncio.get_running_loop().add_reader(self._watched, self._ended)

    def _unwatch(self) -> None:
        if self._watched is not None:
            asyncio.get_running_loop().remove_reader(self._watched)
            os.close(self._watched)
            self._watched = None

    def _ended(self) -> None:
        self._unwatch()
        self._look_in(0.0)

    def _look_in(self, seconds: float) -> None:
        """Look at the process then, unless watching has stopped."""
        loop = asyncio.get_running_loop()
        loop.call_later(seconds, lambda: self._pcallback and asyncio.ensure_future(self.poll()))

    async def poll(self) -> None:  # type: ignore[override]  # as jupyter_client's own
        """Look at the process; start it again when its time has come."""
        if self._looking:
            return
        self._looking = True
        try:
            await self._look()
        finally:
            self._looking = False

    async def _look(self) -> None:
        if self.kernel_manager.shutting_down:
            return  # somebody ends it, perhaps to start it again: it does not die
        now = time.monotonic()
        if self._start_at is None and not await self.kernel_manager.is_alive():
            gives_up = not self.restarts or (self._restarting and self._restart_count >= self.restart_limit)
            pause = 0.0 if gives_up else self._pause(now)
            self._start_at = now + pause
            if self.on_death:
                self.on_death(await exit_code(self.kernel_manager), not gives_up)
            if not self.restarts:
                self.stop()
                return
            self._look_in(pause + 0.01)
        if self._start_at is None or now >= self._start_at:
            self._start_at = None
            await super().poll()

    def _pause(self, now: float) -> float:
        self._deaths = 1 if now - self._last_death > self.forgive_after else self._deaths + 1
        self._last_death = now
        return 0.0 if self._deaths == 1 else min(self.first_delay * 2.0 ** (self._deaths - 2), self.max_delay)


async def exit_code(km: Any) -> int | None:
    """How a dead kernel's process ended, where that can be known."""
    provisioner = getattr(km, "provisioner", None)
    code = await provisioner.poll() if provisioner is not None else None
    return code if isinstance(code, int) else None


def watch(km: Any, on_death: OnDeath, first_delay: float, max_delay: float) -> bool:
    """Watch a kernel of this server in place of jupyter_client's own restarter; False if that can't be done here.

    Not done for a gateway's kernels, nor when a deployment has configured a restarter of its own.
    """
    old = getattr(km, "_restarter", None)
    if isinstance(old, BackOffRestarter):
        old.on_death = on_death
        if not old.restarts:  # then nobody else starts it again for a new process
            old.start()
        return True
    if not hasattr(km, "restarter_class") or (old is not None and type(old) is not AsyncIOLoopKernelRestarter):
        return False
    new = BackOffRestarter(kernel_manager=km, parent=km, log=km.log, first_delay=first_delay, max_delay=max_delay)
    new.restarts = old is not None
    new.on_death = on_death
    if old is not None:
        old.stop()
        new.callbacks = old.callbacks  # browsers are told of restarts through these
    km._restarter = new
    new.start()
    return True
