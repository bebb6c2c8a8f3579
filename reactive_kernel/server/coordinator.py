"""One notebook's coordinator: requests of clients go in, in order; what the kernel says goes out to all.

Decides the order in which the kernel is told things, and who is told of what.  It keeps no graph,
analyses no code and executes nothing: state is `Notebook`'s, the kernel's life is `KernelLife`'s.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from reactive_kernel.door import shown
from reactive_kernel.protocol import EVENT, CellText, Json
from reactive_kernel.server.asking import Asking
from reactive_kernel.server.clients import Client
from reactive_kernel.server.document import told_document
from reactive_kernel.server.history import History
from reactive_kernel.server.life import KernelLife
from reactive_kernel.server.link import KernelGone
from reactive_kernel.server.log import note
from reactive_kernel.server.notebook import Notebook, Refused
from reactive_kernel.server.pending import Pending, Request
from reactive_kernel.server.runs import Runs
from reactive_kernel.server.settings import Settings

OUTPUTS = ("execute_input", "stream", "display_data", "update_display_data", "execute_result", "error", "clear_output")
EDITS = ("cell_update", "sync", "create_cell", "delete_cell", "move_cell")
REST = 0.5
"""Seconds of idleness after which no run that was asked for earlier can be waiting in the kernel's queue."""


class Coordinator:
    """Stands between one notebook's clients and its kernel."""

    def __init__(self, path: str, settings: Settings, log: logging.Logger) -> None:
        self.settings = settings
        self.log = log
        self.notebook = Notebook(path, settings.max_output_bytes)
        first = int(time.time() * 1000)  # past every number of an earlier coordinator of this notebook
        self.history = History(first, settings.history_messages, settings.history_bytes)
        self.clients: set[Client] = set()
        self.left_at = time.monotonic()  # when the last client left
        self.kernel = KernelLife(self.notebook, settings, log, self.publish, self._take_iopub, self._kernel_lost)
        self.runs = Runs()
        self._pending = Pending()
        self._work_waits = asyncio.Event()
        self._urgent = asyncio.Event()  # there is more than edits
        self._resting: asyncio.TimerHandle | None = None
        self._file: list[CellText] = []
        self._asking = Asking(self.kernel, settings.control_timeout, self._came_late)
        self._busy = False
        self._worker = asyncio.create_task(self._work())

    # --- clients ---

    @property
    def revision(self) -> int:
        return self.notebook.revision

    def whole(self, outputs_of: list[str] | None = None) -> Json:
        """The `notebook` message; or with the outputs of these cells alone."""
        return {**self.notebook.view(outputs_of), "kernel": self.kernel.view()}

    def summary(self) -> Json:
        """The notebook in a list of notebooks."""
        shown = {"path": self.notebook.path, "kernel": self.kernel.view(), "cells": len(self.notebook.cells)}
        return {**shown, "clients": len(self.clients), "revision": self.revision, "seq": self.history.last}

    def publish(self, messages: list[Json]) -> None:
        """Tell all clients."""
        for message in messages:
            self.history.append(message, self.revision)
        if messages:
            for client in self.clients:
                client.wake()

    def join(self, client: Client) -> None:
        self.clients.add(client)

    def leave(self, client: Client) -> None:
        self.clients.discard(client)
        self.left_at = time.monotonic()

    def left_since(self, seconds: float) -> bool:
        """Whether no client has been there for so long."""
        return not self.clients and time.monotonic() - self.left_at > seconds

    def close(self) -> None:
        """The session has ended."""
        self.publish([{"type": "kernel_status", "status": "dead", "reason": "The notebook's session has ended."}])
        self._worker.cancel()
        self.kernel.detach()
        if self._resting:
            self._resting.cancel()
        for client in self.clients:
            client.finish()
        note(self.log, "closed", self.notebook.path)

    def ask(self, message: Json, client: Client | None = None) -> None:
        """Take a client's message: it is dealt with in its turn."""
        if len(self._pending) >= self.settings.max_pending:
            raise Refused("Too many requests are waiting; try again later.")
        if message["type"] in EDITS and client is not None:
            self.notebook.told_by_others = False
        self._pending.add(Request(message, client))
        self._work_waits.set()
        if message["type"] != "cell_update":
            self._urgent.set()

    # --- the document's file ---

    def take_file(self, cells: list[tuple[CellText, list[Json]]]) -> None:
        """The notebook's file was read: take what it changed since it was read before."""
        texts = [text for text, _ in cells]
        known, before = set(self.notebook.cells), self.notebook.document()
        self.publish(self.notebook.merge_file(self._file, texts))
        self._file = texts
        for text, outputs in cells:
            if text["cell_id"] not in known and text["cell_id"] in self.notebook.cells:
                self.notebook.outputs.load(text["cell_id"], outputs)
        if self.notebook.document() == before:
            return
        if self.notebook.told_by_others or not self.kernel.reachable:
            self.publish(self.notebook.told_edits())
        else:
            self.ask({"type": "tell_document"})

    # --- the kernel ---

    def _take_iopub(self, message: Json) -> None:
        header, parent = message["header"], message.get("parent_header") or {}
        kind, content = header["msg_type"], message["content"]
        self.kernel.heard(header.get("session", ""), content.get("execution_state", ""))
        if kind == "status":
            self._take_status(content["execution_state"], parent)
        elif kind == EVENT:
            if content.get("event") == "cells":
                self.publish(self.notebook.take_state(content))
                self._look_for_strangers(content.get("revision", 0))
            elif "entries" in content:
                self.publish(self.notebook.take_state({**content, "cells": content["entries"]}))
        elif kind in OUTPUTS:
            mark = (message.get("metadata") or {}).get("reactive") or {}
            self.publish(self.notebook.take_output(kind, content, mark, parent.get("msg_id", "")))

    def _take_status(self, state: str, parent: Json) -> None:
        # Others come of what is answered in between, on control, and say nothing of the cell that runs.
        if state not in ("busy", "idle") or parent.get("msg_type") != "execute_request":
            return
        if self._resting:
            self._resting.cancel()
            self._resting = None
        self._busy = state == "busy"
        if self.kernel.reachable:
            self.kernel.set_status(state)
        if state == "idle":
            self._resting = asyncio.get_running_loop().call_later(REST, self._rested)
            self.publish(self.notebook.idle())
            self.runs.rested(parent.get("msg_id", ""))
            if self.notebook.retell:
                self.ask({"type": "retell"})

    def _rested(self) -> None:
        self._resting = None
        self.notebook.rested()
        if self.notebook.told_by_others:
            self._adopt_soon()

    def _look_for_strangers(self, revision: int) -> None:
        """A change that neither a run nor a request of ours made: someone else tells the kernel edits."""
        waiting = self._busy or self._asking.waits
        unasked = not waiting and revision > self.notebook.own_revision
        if unasked or self.notebook.strange:
            self._adopt_soon()

    def _adopt_soon(self) -> None:
        if self.kernel.reachable and not self._pending.has("adopt"):
            self.ask({"type": "adopt"})

    def _kernel_lost(self) -> None:
        for request in self._pending.drop_runs():
            self._done(request, False)
        self.runs.lost()

    # --- the work, in order ---

    async def _work(self) -> None:
        while True:
            await self._work_waits.wait()
            self._work_waits.clear()
            while len(self._pending):
                batch = self._pending.take()
                try:
                    await self._deal_with(batch)
                except Exception:
                    self.log.exception("reactive_kernel failed at a request for %s", self.notebook.path)
                    for request in batch:
                        self._refuse(request, "The coordinator failed at this; the server's log has the cause.")
                if batch[0].message["type"] == "cell_update":
                    await self._gather()

    async def _gather(self) -> None:
        """After edits: let further ones gather for a while, unless there is something else to do."""
        if self._pending.only_edits():
            self._urgent.clear()
        try:
            async with asyncio.timeout(self.settings.edit_delay):
                await self._urgent.wait()
        except TimeoutError:
            pass

    async def _deal_with(self, batch: list[Request]) -> None:
        kind = batch[0].message["type"]
        if kind == "cell_update":
            await self._edit(batch)
        elif kind in ("run_cell", "run_stale", "run_all"):
            await self._run(batch[0])
        elif kind == "update_db_connection":
            await self._connect(batch[0])
        elif kind == "retell":
            await self._retell()
        elif kind == "adopt":
            state = await self._asking.tell("state", {"sources": True})
            self.publish(self.notebook.adopt(state, newer=True) + self.notebook.told_edits() if state else [])
        else:
            await self._restructure(batch[0])

    def _came_late(self, answer: Json | None) -> None:
        if answer is None:
            return
        if not self._asking.overdue and self.kernel.status == "unresponsive":
            self.kernel.set_status("busy" if self.runs else "idle")
        if answer.get("status") == "ok":
            self.publish(self.notebook.take_reply(answer))

    async def _edit(self, batch: list[Request]) -> None:
        taken: list[Request] = []
        edits: list[Json] = []
        for request in batch:
            message = request.message
            try:
                told = self.notebook.update(
                    message["cellId"], message["code"], message.get("cellType"), message.get("disabled")
                )
            except Refused as refused:
                self._refuse(request, str(refused))
                continue
            cell = self.notebook.cells[message["cellId"]]
            cell.edited_while_busy = bool(self.runs) or self._busy or self._resting is not None
            self.kernel.deaths.forgive(cell.cell_id)
            self.publish(told)
            taken.append(request)
            edits.append({**cell.text(), "disabled": cell.disabled})
        for request, answer in zip(taken, await self._asking.tell_edits(edits), strict=True):
            self._take_answer(request, answer)

    def _take_answer(self, request: Request, answer: Json | None, structure: bool = False) -> None:
        refused = answer is not None and answer.get("status") == "error"
        if answer is not None and not refused:
            self.publish(self.notebook.take_reply(answer, structure))
        # Before the answer to the client: who has it knows all that came of the request.
        self.publish(self.notebook.told_edits())
        if refused:
            self._refuse(request, f"The kernel refused this: {(answer or {}).get('evalue')}")
        else:
            self._done(request, True)

    async def _restructure(self, request: Request) -> None:
        """Insertions, deletions, moves, whole documents."""
        try:
            command, arguments, told = self._structure(request.message)
        except Refused as refused:
            self._refuse(request, str(refused))
            return
        self.publish(told)
        answer = await self._asking.tell(command, arguments)
        self._take_answer(request, answer, structure=True)

    def _structure(self, message: Json) -> tuple[str, Json, list[Json]]:
        """Change the document; what to tell the kernel and the clients."""
        kind, notebook = message["type"], self.notebook
        if kind == "create_cell":
            at_end = "afterCellId" not in message
            index = len(notebook.cells) if at_end else notebook.index_after(message["afterCellId"])
            cell: CellText = {"cell_id": message.get("cellId") or uuid4().hex[:8], "source": message.get("code", "")}
            if message["cellType"] == "sql":
                cell["language"] = "sql"  # else the kernel tells by the text
            return "insert", {**cell, "index": index}, notebook.insert(cell, index)
        if kind == "delete_cell":
            return "delete", {"cell_id": message["cellId"]}, notebook.delete(message["cellId"])
        if kind == "move_cell":
            index = notebook.index_behind(message["cellId"], message.get("afterCellId"))
            return "move", {"cell_id": message["cellId"], "index": index}, notebook.move(message["cellId"], index)
        told = notebook.place(told_document(message, notebook.own_document())) if kind == "sync" else []
        return "sync", {"cells": notebook.document()}, told

    async def _retell(self) -> None:
        """The kernel ran older texts than the cells have: tell it the newer ones again."""
        cells = [self.notebook.cells[c] for c in sorted(self.notebook.retell) if c in self.notebook.cells]
        self.notebook.retell.clear()
        for answer in await self._asking.tell_many([("edit", {**cell.text()}) for cell in cells]):
            if answer and answer.get("status") == "ok":
                self.publish(self.notebook.take_reply(answer))

    async def _run(self, request: Request) -> None:
        await self.kernel.until_settled()
        link = self.kernel.link
        try:
            code, metadata = self.notebook.run_request(request.message)
            if link is None or not self.kernel.reachable:
                raise Refused(f"The kernel can't run anything: it is {self.kernel.status}.")
            message_id, answer = link.execute(code, metadata)
        except (Refused, KernelGone) as refused:
            self._refuse(request, str(refused) or "The kernel is gone.")
            return
        if "cellId" in metadata:
            self.notebook.requests[message_id] = metadata["cellId"]
        self.runs.add(message_id, answer, lambda reply: self._ran(request, message_id, reply))

    def _ran(self, request: Request, message_id: str, reply: Json | None) -> None:
        """A run of ours ended, and all its outputs came."""
        cell_id = self.notebook.requests.pop(message_id, None)
        if reply is None:
            self._done(request, False)
            return
        if cell_id and reply.get("status") == "ok":
            self.kernel.deaths.forgive(cell_id)
        result = {"status": reply.get("status"), "reactive": reply.get("reactive")}
        self._done(request, reply.get("status") == "ok", result)

    async def _connect(self, request: Request) -> None:
        name, url = request.message.get("name", "default"), request.message["connectionString"]
        await self.kernel.until_settled()
        answer = await self._asking.tell(
            "connect", {"name": name, "url": url, "default": "name" not in request.message}
        )
        told: Json = {"type": "db_connection_updated", "name": name, "status": "connected"}
        if answer is None or answer.get("status") != "ok":
            fault = str(answer.get("evalue")) if answer else "The kernel did not answer."
            told |= {"status": "error", "error": without_secrets(fault, url)}
        else:
            self.kernel.connections[name] = url
            told |= {"dialect": str(answer.get("dialect", ""))}
        self.publish([told])
        self._done(request, told["status"] == "connected")

    # --- answers to one client ---

    def _done(self, request: Request, ok: bool, result: Any = None) -> None:
        """Tell the client, and those whose edits this one overtook, that their message was dealt with."""
        for each in (*request.overtaken, request):
            request_id = each.message.get("requestId")
            if each.client is not None and request_id is not None:
                answer = {"type": "done", "requestId": request_id, "ok": ok}
                each.client.answer(answer if result is None else {**answer, "result": result})

    def _refuse(self, request: Request, why: str) -> None:
        if request.client is not None:
            request.client.refuse(why, shown(request.message))
        self._done(request, False)


def without_secrets(text: str, url: str) -> str:
    """A text that may quote a database's URL, without the URL and the password in it."""
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    for secret in (url, unquote(password or ""), password):
        text = text.replace(secret, "…") if secret else text
    return text
