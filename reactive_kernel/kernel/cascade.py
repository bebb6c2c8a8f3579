"""One execute_request as a run of cells: asks the engine what to run, runs it in IPython, publishes what it shows.

The plan is the engine's, the wire the publisher's; here is only the order of things.
"""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from reactive_kernel.kernel.engine import Outcome, Run, RunRequest, Step
from reactive_kernel.kernel.interrupts import Interrupts
from reactive_kernel.protocol import Json, ReplyMark

if TYPE_CHECKING:
    from reactive_kernel.kernel.kernel import ReactiveKernel

_INTERRUPTS = ("KeyboardInterrupt", "CancelledError")


class Cascade:
    """What one request runs.

    Attributes:
        interrupted: the user interrupted it.
        then_stale: a cell asked that every stale cell be run afterwards.
    """

    def __init__(
        self, kernel: ReactiveKernel, idents: Any, trigger: Json, request: RunRequest, interrupts: Interrupts
    ) -> None:
        self._kernel = kernel
        self._idents = idents
        self._trigger = trigger
        self._request = request
        self._id = uuid.uuid4().hex
        self._interrupts = interrupts
        self._cleanup = ExitStack()
        self._root_reply: Json | None = None
        self._ran: list[str] = []
        self._mark: ReplyMark = {"cascade_id": self._id, "cells": [], "skipped": 0, "stale": []}
        self.interrupted = False
        self.then_stale = False

    async def run(self) -> Json:
        """Run all of it; returns the content of the reply."""
        self._kernel.events.cascade_begins()
        try:
            with self._interrupts.held(), self._cleanup:
                await self._run(self._request)
                if self.then_stale and not self.interrupted:
                    await self._run(RunRequest(kind="stale"))
        finally:
            self._kernel.publisher.back_to(self._trigger, self._idents)
            self._kernel.events.cascade_ends(self._ran)
        reply: Json = self._root_reply or {"status": "ok", "user_expressions": {}, "payload": []}
        if self._request.cell_id is None or "execution_count" not in reply:
            # A client without ids numbers its next prompt by it.
            reply["execution_count"] = self._kernel.shell.execution_count - 1
        return {**reply, "reactive": self._mark}

    async def _run(self, request: RunRequest) -> None:
        engine, cell_id = self._kernel.engine, request.cell_id
        if cell_id is not None:
            client = self._trigger["header"].get("session", "")
            expected = lambda: engine.expects(cell_id) and not self._told_since(cell_id)  # noqa: E731
            self._kernel.waiting.let_insert_arrive(client, expected)
        run = self._begin(request)
        if run is None:
            self._explain_missing_root(None)
            return
        try:
            while not self.interrupted:
                if self._ran:
                    self._kernel.waiting.let_burst_finish()
                step = run.next(self._kernel.waiting.cells())
                if step is None:
                    break
                await self._run_step(run, step)
                self.interrupted |= self._interrupts.noted
        finally:
            self._add(run.finish())
        if request.kind in ("cell", "upstream") and self._root_reply is None:
            self._explain_missing_root(run)

    def _begin(self, request: RunRequest) -> Run | None:
        """Start; None if the client has deleted the cell since.  If it has edited it, that text stays the cell's."""
        engine, cell_id = self._kernel.engine, request.cell_id
        with engine.lock:
            if cell_id is None or not self._told_since(cell_id):
                return engine.begin(request, self._id)
            if cell_id not in engine.session.cells:
                return None
            newer = engine.session.cells[cell_id].source
            run = engine.begin(request, self._id)  # which runs what it was asked for, whatever the cell says then
            engine.command("edit", {"cell_id": cell_id, "source": newer})
            return run

    def _told_since(self, cell_id: str) -> bool:
        return self._kernel.told.since(self._trigger["header"], cell_id)

    async def _run_step(self, run: Run, step: Step) -> None:
        publisher = self._kernel.publisher
        code = self._trigger["content"]["code"] if step.root else step.source
        # The front end has cleared the trigger's own cell, but a cell may have to run twice: its first try used up what
        # another needs; or have run for another's request while its own was on the way.
        replaces = not step.root or step.cell_id in self._ran or publisher.is_filled(step.cell_id)
        output = publisher.open(step, self._id, self._trigger, self._idents, code, replaces)
        self._ran.append(step.cell_id)
        if len(self._ran) == 2:
            self._cleanup.enter_context(_history_gathered(self._kernel.shell))
        run.enter(step)
        self._kernel.events.cell_starts(self._id, self._ran, run)
        start = time.perf_counter()
        reply = await self._execute(step)
        seconds = time.perf_counter() - start
        publisher.close(step, output, replaces)
        outcome = _outcome(reply, seconds)
        run.leave(step, outcome)
        self.interrupted |= outcome.status == "interrupted"
        if step.root:
            self._root_reply = reply

    async def _execute(self, step: Step) -> Json:
        content = self._trigger["content"]
        try:
            with self._interrupts.raised():
                reply: Json = await self._kernel.do_execute(
                    step.source,
                    silent=False,
                    store_history=True,
                    user_expressions=content.get("user_expressions") if step.root else None,
                    allow_stdin=step.root and content.get("allow_stdin", False),
                    cell_meta=self._trigger["metadata"] if step.root else {},
                    cell_id=step.cell_id if step.has_id else None,
                )
                return reply
        except KeyboardInterrupt:
            # Not in the user's code, which IPython guards, but just before or after it.
            self._kernel.publisher.error("KeyboardInterrupt", "", self._kernel.get_parent("shell"))
            return self._error("KeyboardInterrupt", "")

    def _explain_missing_root(self, run: Run | None) -> None:
        if run is None:
            reply = self._error("CellBlocked", "The cell was deleted before its turn came")
        elif run.root_problem is not None:
            reply = self._error("CellBlocked", str(run.root_problem["message"]))
        elif self.interrupted:
            reply = self._error("KeyboardInterrupt", "Interrupted before the cell ran")
        else:
            reply = self._error("CellBlocked", "The cell did not run")
        request = self._request
        cell_id = request.cell_id or (run.root_id if run is not None else None) or ""
        count = len(self._ran)
        step = Step(cell_id, request.source, "", count, count + 1, True, True, request.cell_id is not None, "")
        publisher, trigger = self._kernel.publisher, self._trigger
        publisher.open(step, self._id, trigger, self._idents, request.source, publisher.is_filled(cell_id))
        publisher.error(reply["ename"], reply["evalue"], trigger)
        self._kernel.skip_input(request.source)
        self._kernel.engine.unshown(cell_id)
        self._root_reply = reply

    def _error(self, ename: str, evalue: str) -> Json:
        return {
            "status": "error",
            "ename": ename,
            "evalue": evalue,
            "traceback": [],
            "execution_count": self._kernel.shell.execution_count,
            "user_expressions": {},
            "payload": [],
        }

    def _add(self, mark: ReplyMark) -> None:
        self._mark["cells"] += mark["cells"]
        self._mark["skipped"] += mark["skipped"]
        self._mark["stale"] = mark["stale"]


@contextmanager
def _history_gathered(shell: Any) -> Iterator[None]:
    # IPython commits each input to a file of its own accord, and the next input waits for it: milliseconds a cell.
    history = shell.history_manager
    size = history.db_cache_size
    history.db_cache_size = sys.maxsize
    try:
        yield
    finally:
        history.db_cache_size = size
        if history.save_flag is not None and len(history.db_input_cache) >= max(size, 1):
            history.save_flag.set()


def _outcome(reply: Json, seconds: float) -> Outcome:
    count = reply["execution_count"]
    if reply["status"] == "ok":
        return Outcome("success", count, seconds)
    error = f"{reply['ename']}: {reply['evalue']}"
    return Outcome("interrupted" if reply["ename"] in _INTERRUPTS else "error", count, seconds, error)
