"""Watching a local kernel's process: its death noticed within a second, the next start after a pause that grows.

Decides when a dead kernel is started again.  What that means to a notebook is the coordinator's affair.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from jupyter_client.ioloop.restarter import AsyncIOLoopKernelRestarter
from traitlets import Bool, Float

OnDeath = Callable[[int | None, bool], None]
"""Told the exit code (negative: the signal) and whether the kernel will be started again."""


class BackOffRestarter(AsyncIOLoopKernelRestarter):
    """jupyter_client's restarter with a pause before each start after the first: 0, then `first_delay`, doubled."""

    time_to_dead = Float(1.0, help="Seconds between looks at the process.")
    first_delay = Float(1.0)
    max_delay = Float(60.0)
    forgive_after = Float(120.0, help="Seconds of life after which earlier deaths are forgotten.")
    restarts = Bool(True)

    on_death: OnDeath | None = None
    _deaths = 0
    _last_death = 0.0
    _start_at: float | None = None

    def start(self) -> None:
        """Start watching (again, after a restart that was asked for)."""
        self._start_at = None
        super().start()

    async def poll(self) -> None:  # type: ignore[override]  # as jupyter_client's own
        """Look at the process; start it again when its time has come."""
        now = time.monotonic()
        if self._start_at is None and not await self.kernel_manager.is_alive():
            gives_up = not self.restarts or (self._restarting and self._restart_count >= self.restart_limit)
            self._start_at = now if gives_up else now + self._pause(now)
            if self.on_death:
                self.on_death(await exit_code(self.kernel_manager), not gives_up)
            if not self.restarts:
                self.stop()
                return
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
