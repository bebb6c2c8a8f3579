"""Engines to test the oracle itself: one that runs everything again, and ones that are wrong on purpose."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from reactive_kernel.kernel.engine import Outcome, RunRequest, Step

from .execute import Namespace, new_namespace, reset_hidden_state


@dataclass(slots=True)
class _Cell:
    source: str
    status: str = "idle"
    current: bool = False


@dataclass
class RunAll:
    """Trivially right: every request runs the whole notebook in an empty namespace.

    A failing cell is left out and all begins again.  It has no forward references.
    ``keeps_ghosts`` and ``runs_changed_only`` make it wrong in two ways.
    """

    namespace: Namespace
    keeps_ghosts: bool = False
    runs_changed_only: bool = False
    cells: dict[str, _Cell] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    def command(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Answer the commands that the driver uses."""
        cell_id = arguments.get("cell_id", "")
        if command == "sync":
            for text in arguments["cells"]:
                self.command("insert", {**text, "index": len(self.order)})
        elif command == "insert":
            self.cells[cell_id] = _Cell(arguments["source"])
            self.order.insert(arguments["index"], cell_id)
        elif command == "edit":
            self.cells[cell_id] = _Cell(arguments["source"])
        elif command == "delete":
            del self.cells[cell_id]
            self.order.remove(cell_id)
        elif command == "move":
            self.order.remove(cell_id)
            self.order.insert(arguments["index"], cell_id)
        if command != "state" and not self.runs_changed_only:
            for cell in self.cells.values():
                cell.current = False
        return {"cells": [self._entry(cell_id) for cell_id in self.order], "edges": []}

    def _entry(self, cell_id: str) -> dict[str, Any]:
        cell = self.cells[cell_id]
        fresh = cell.current and cell.status == "success"
        return {"cell_id": cell_id, "status": cell.status, "fresh": fresh, "problem": None, "upstream": []}

    def compiled(self, code: CodeType) -> None:
        """Of no interest."""

    def settle(self) -> None:
        """Nothing to do: a run ends at the notebook's end."""

    def begin(self, request: RunRequest, cascade_id: str) -> _RunAllRun:
        """Start over."""
        if request.cell_id is not None and request.source != self.cells[request.cell_id].source:
            self.command("edit", {"cell_id": request.cell_id, "source": request.source})
        return _RunAllRun(self)


class _RunAllRun:
    def __init__(self, engine: RunAll) -> None:
        self.engine = engine
        self.failed: set[str] = set()
        self._again()

    def _again(self) -> None:
        engine = self.engine
        if not engine.keeps_ghosts and not engine.runs_changed_only:
            engine.namespace.clear()
            engine.namespace.update(new_namespace())
        if not engine.runs_changed_only:
            reset_hidden_state()
        wanted = [i for i in engine.order if i not in self.failed]
        self.todo = [i for i in wanted if not (engine.runs_changed_only and engine.cells[i].current)]

    def next(self, waiting: Collection[str] = ()) -> Step | None:
        if not self.todo:
            return None
        cell_id = self.todo.pop(0)
        return Step(cell_id, self.engine.cells[cell_id].source, "python", 0, 1, not self.todo, False, True, cell_id)

    def enter(self, step: Step) -> None:
        pass

    def leave(self, step: Step, outcome: Outcome) -> None:
        cell = self.engine.cells[step.cell_id]
        cell.status = outcome.status
        cell.current = True
        if outcome.status == "error":
            self.failed.add(step.cell_id)
            if not self.engine.runs_changed_only:
                self._again()

    def finish(self) -> None:
        pass


ENGINES: dict[str, Callable[[Namespace], Any]] = {
    "run everything": RunAll,
    "ghosts": lambda namespace: RunAll(namespace, keeps_ghosts=True),
    "plain kernel": lambda namespace: RunAll(namespace, runs_changed_only=True),
}
