"""One kernel's life as its notebook sees it: reached, told the document, lost, reached again.

Decides the kernel's status and when the document has to be told again.  It never edits the document and
never decides what runs, but for one thing: a cell that ended the kernel too often.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from reactive_kernel.protocol import FEATURE, Json
from reactive_kernel.server.deaths import Deaths, describe
from reactive_kernel.server.link import KernelGone, Link, Unreachable, is_remote, make_link
from reactive_kernel.server.log import note
from reactive_kernel.server.notebook import Notebook
from reactive_kernel.server.restarter import watch
from reactive_kernel.server.settings import Settings


class KernelLife:
    """Reaches the kernel, keeps its status, and starts over when its process does."""

    def __init__(
        self,
        notebook: Notebook,
        settings: Settings,
        log: logging.Logger,
        publish: Callable[[list[Json]], None],
        on_iopub: Callable[[Json], None],
        on_lost: Callable[[], None],
    ) -> None:
        self.notebook = notebook
        self.settings = settings
        self.log = log
        self.publish = publish
        self._on_iopub = on_iopub
        self._on_lost = on_lost
        self.kernel_id: str | None = None
        self.kernel_name = ""
        self.status = "starting"
        self.reason: str | None = None
        self.link: Link | None = None
        self.connections: dict[str, str] = {}  # database connections to make again; never shown
        self.deaths = Deaths(settings.max_deaths_per_cell)
        self._km: Any = None
        self._process = ""  # the process that was told the document, by the session id on its messages
        self._ended: set[str] = set()  # processes that are gone, of which messages may still come
        self._heard = ""
        self._was_fresh: list[str] = []
        self._reaching: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()

    @property
    def reachable(self) -> bool:
        """Whether the kernel can be told things now."""
        return self.link is not None and self._settled.is_set() and self.status not in ("dead", "unreachable")

    @property
    def remote(self) -> bool:
        """Whether the kernel is behind a gateway."""
        return is_remote(self._km)

    async def until_settled(self) -> None:
        """Wait until the kernel is reachable, or is known not to be."""
        await self._settled.wait()

    def view(self) -> Json:
        """The kernel as clients see it."""
        return {
            "id": self.kernel_id,
            "name": self.kernel_name,
            "status": self.status,
            "reachable": self.reachable,
            "reason": self.reason,
        }

    def set_status(self, status: str, reason: str | None = None) -> None:
        """Tell clients if it is news."""
        if (status, reason) == (self.status, self.reason):
            return
        self.status, self.reason = status, reason
        self.publish([{"type": "kernel_status", "status": status, **({"reason": reason} if reason else {})}])

    # --- reaching ---

    def attach(self, km: Any, kernel_id: str, kernel_name: str) -> None:
        """Take the notebook's kernel from now on."""
        self.detach()
        self._km, self.kernel_id, self.kernel_name = km, kernel_id, kernel_name
        self._watch()
        self.set_status("starting")
        self._reach()

    def detach(self) -> None:
        """Let go of the kernel, which is not ours to stop."""
        self._settled.clear()
        if self._reaching:
            self._reaching.cancel()
        if self.link:
            self.link.close()
        self.link = None

    def goes_down(self) -> None:
        """The process is about to end, or has ended, because somebody asked for it."""
        self._lose()
        self.set_status("restarting")

    def started_over(self) -> None:
        """The kernel has a new process (however that came about): reach it and tell it the document."""
        note(self.log, "kernel_started_over", self.notebook.path, kernel=self.kernel_id)
        self.goes_down()
        self._watch()
        self._reach()

    def _watch(self) -> None:
        watch(self._km, self.died, self.settings.restart_delay, self.settings.max_restart_delay)

    def heard(self, process: str, state: str) -> None:
        """A message came on iopub: notice a process that was not told the document, however it came about."""
        if state in ("restarting", "dead"):  # said by a gateway, not by the kernel itself
            if self._settled.is_set():
                self.died(None, state == "restarting")
                if state == "restarting":
                    self._reach()  # the new process's first words may be lost on the way: ask
            return
        self._heard = process
        reaching = self._reaching is not None and not self._reaching.done()
        if not reaching and process != self._process and process not in self._ended:
            self.started_over()

    def _reach(self) -> None:
        if self._reaching:
            self._reaching.cancel()
        self._settled.clear()
        self._reaching = asyncio.create_task(self._reach_kernel())

    async def _reach_kernel(self) -> None:
        try:
            async with asyncio.timeout(self.settings.start_timeout):
                link = await self._open_link()
                await self._greet(link)
                await self._tell_all(link)
        except Unreachable as fault:
            self._give_up(str(fault))
        except TimeoutError:
            self._give_up("The kernel does not answer.")
        except KernelGone:
            return  # it died on the way; whoever noticed starts over
        except Exception:
            self.log.exception("reactive_kernel could not reach the kernel of %s", self.notebook.path)
            self._give_up("The coordinator failed to reach the kernel; the server's log has the cause.")

    def _give_up(self, reason: str) -> None:
        note(self.log, "kernel_unreachable", self.notebook.path, kernel=self.kernel_id, reason=reason)
        self.set_status("unreachable", reason)
        self._process = self._heard
        self._settled.set()

    async def _open_link(self) -> Link:
        if self.link is None or not self.link.current():
            if self.link:
                self.link.close()
            self.link = make_link(self._km, self._on_iopub, self._link_lost)
            await self.link.open()
        return self.link

    def _link_lost(self) -> None:
        """A gateway closed the connection."""
        if self._settled.is_set():
            self.started_over()

    async def _greet(self, link: Link) -> None:
        info = await link.greet()
        if FEATURE not in (info.get("supported_features") or []):
            raise Unreachable(f"The kernel {self.kernel_name!r} is not a reactive kernel.")

    async def _tell_all(self, link: Link) -> None:
        """Tell the kernel the whole document, until it has the newest."""
        if self.notebook.mode != "auto":
            await link.control("configure", {"mode": self.notebook.mode})
        for name, url in self.connections.items():
            await link.control("connect", {"name": name, "url": url})
        # Somebody may have told or run cells before us.
        state = await link.control("state", {"sources": True})
        self.publish(self.notebook.adopt(state, newer=False))
        told = None
        while told != self.notebook.document():
            told = self.notebook.document()
            state = await link.control("sync" if told else "state", {"cells": told} if told else {})
            if state.get("status") == "error":
                raise Unreachable(f"The kernel refused the document: {state.get('evalue')}")
            self.publish(self.notebook.take_reply(state, structure=True) + self.notebook.told_edits())
        note(self.log, "kernel_ready", self.notebook.path, kernel=self.kernel_id, cells=len(told or []))
        self._process = link.process
        self._settled.set()
        self.set_status("idle")
        self._run_again(link)

    # --- losing ---

    def died(self, code: int | None, restarting: bool) -> None:
        """The process ended without anybody having asked for it."""
        running = self.notebook.suspects()
        note(self.log, "kernel_died", self.notebook.path, kernel=self.kernel_id, code=code, cells=running)
        text = describe(code, [self.notebook.label(cell_id) for cell_id in running], restarting)
        lost = self.notebook.dependents(running)
        self._was_fresh = [c for c in self.notebook.order() if self.notebook.cells[c].entry["fresh"] and c not in lost]
        self._lose()
        blocked: list[Json] = []
        for cell_id in self.deaths.count(running):
            blocked += self.notebook.keep_from_running(cell_id, self.deaths.reason(cell_id))
        told = {"type": "kernel_error", "error": text, "restarted": restarting, "cells": running}
        self.publish([{**told, "cellId": running[0] if running else None}, *blocked])
        self.set_status("restarting" if restarting else "dead")
        if not restarting:
            self._settled.set()  # nobody waits for a kernel that will not come

    def _lose(self) -> None:
        """What was asked of the old process will not be answered."""
        self._settled.clear()
        self._ended.add(self._process)
        self._process = ""
        if self._reaching:
            self._reaching.cancel()
        if self.link:
            self.link.give_up()  # the sockets stay: they find the new process
        self._on_lost()
        self.publish(self.notebook.kernel_lost())

    def _run_again(self, link: Link) -> None:
        """After a death, if the settings say so: run what had been fresh, but not what hung on the killer."""
        again, self._was_fresh = self._was_fresh, []
        if not self.settings.rerun_after_death:
            return
        for cell_id in again:
            if cell_id in self.notebook.cells:
                metadata = {"cellId": cell_id, "reactive": {"run": "upstream"}}
                message_id, reply = link.execute(self.notebook.cells[cell_id].source, metadata)
                self.notebook.requests[message_id] = cell_id
                reply.add_done_callback(partial(self._ran_again, message_id))

    def _ran_again(self, message_id: str, reply: asyncio.Future[Json]) -> None:
        self.notebook.requests.pop(message_id, None)
