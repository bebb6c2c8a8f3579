"""An engine driven as the kernel drives it, without Jupyter: operations in, what the user sees out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from reactive_kernel.kernel.engine import Engine, Outcome, RunRequest

from . import disk, sql_kernel
from .example import Change
from .execute import Namespace, Shown, execute, new_namespace, reset_hidden_state
from .sql_plain import is_sql, with_relations

Factory = Callable[[Namespace], Engine]
_LANGUAGE = "python"


class NoEnd(Exception):
    """A cascade that goes on and on."""


@dataclass(slots=True)
class Seen:
    """A cell as the user sees it."""

    cell_id: str
    status: str
    fresh: bool
    shown: Shown | None
    problem: dict[str, Any] | None
    reads: dict[str, frozenset[str]]  # producer -> names


@dataclass
class Driver:
    """One engine, its namespace, and what each cell last showed."""

    factory: Factory
    namespace: Namespace = field(default_factory=new_namespace)
    shown: dict[str, Shown] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    cascades: int = 0

    def __post_init__(self) -> None:
        reset_hidden_state()
        disk.reset()
        sql_kernel.reset()
        self.engine = self.factory(self.namespace)

    def open(self, cells: list[tuple[str, str]]) -> None:
        """Tell the engine the whole document."""
        texts = [{"cell_id": cell_id, "source": source, "language": _LANGUAGE} for cell_id, source in cells]
        self.engine.command("sync", {"cells": texts})

    def change(self, change: Change) -> None:
        """Tell the engine of one operation; running operations run."""
        known = {"cell_id": change.cell_id}
        if change.kind == "edit":
            self.engine.command("edit", {**known, "source": change.source, "language": _LANGUAGE})
        elif change.kind == "insert":
            arguments = {**known, "source": change.source, "index": change.index, "language": _LANGUAGE}
            self.engine.command("insert", arguments)
        elif change.kind == "move":
            self.engine.command("move", {**known, "index": change.index})
        elif change.kind == "delete":
            self.engine.command("delete", known)
            self.shown.pop(change.cell_id, None)
        elif change.kind == "disk":
            disk.edit(change.source, change.index)
        elif change.kind == "stale":
            self.run(RunRequest(kind="stale"))
        else:
            self.run(RunRequest(kind="cell", cell_id=change.cell_id, source=change.source))

    def settle(self) -> None:
        """Run what is left to run and put the namespace at the notebook's end."""
        self.run(RunRequest(kind="all"))
        self.engine.settle()

    def run(self, request: RunRequest) -> None:
        """One cascade."""
        self.cascades += 1
        run = self.engine.begin(request, f"k{self.cascades}")
        limit = 6 * len(self.engine.command("state", {})["cells"]) + 20
        while (step := run.next()) is not None:
            limit -= 1
            if limit < 0:
                raise NoEnd(f"still running {step.cell_id} after many steps")
            run.enter(step)
            sql_kernel.before_cell()
            if is_sql(step.source):
                shown = sql_kernel.execute(step.source, self.namespace)
            else:
                shown = execute(step.source, self.namespace, tell=self.engine.compiled)
            self.shown[step.cell_id] = shown
            self.ran.append(step.cell_id)
            status = "success" if shown.error is None else "error"
            run.leave(step, Outcome(status, len(self.ran), 0.0, shown.error))  # type: ignore[arg-type]
        run.finish()

    def look(self) -> list[Seen]:
        """What the user sees now."""
        state = self.engine.command("state", {})
        reads: dict[str, dict[str, frozenset[str]]] = {}
        for edge in state["edges"]:
            reads.setdefault(edge["to"], {})[edge["from"]] = with_relations(edge["names"])
        return [
            Seen(
                entry["cell_id"], entry["status"], entry["fresh"], self.shown.get(entry["cell_id"]), entry["problem"],
                {producer: frozenset() for producer in entry["upstream"]} | reads.get(entry["cell_id"], {}),
            )
            for entry in state["cells"]
        ]  # fmt: skip
