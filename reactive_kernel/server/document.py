"""Documents as ordered texts: reading a notebook file, joining two parties' changes, the steps between two orders.

Pure functions.  They never look at what a cell's code means and never touch a file.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterable, Sequence
from typing import Any, NamedTuple

from reactive_kernel.protocol import CellText, Json


class Step(NamedTuple):
    """One step from an order of ids to another: what to do with `cell_id`, and at which place it then stands."""

    kind: str  # "delete", "insert", "move"
    cell_id: str
    at: int = -1


def read_cells(content: Json) -> list[tuple[CellText, list[Json]]]:
    """The code cells of a notebook file with their saved outputs; empty if cells have no ids (nbformat before 4.5)."""
    found: list[tuple[CellText, list[Json]]] = []
    seen: set[str] = set()
    for raw in content.get("cells", []):
        if raw.get("cell_type") != "code":
            continue
        cell_id = raw.get("id")
        if not isinstance(cell_id, str) or cell_id in seen:
            return []
        seen.add(cell_id)
        source = raw.get("source", "")
        cell: CellText = {"cell_id": cell_id, "source": "".join(source) if isinstance(source, list) else str(source)}
        settings = (raw.get("metadata") or {}).get("reactive")
        if isinstance(settings, dict):
            _take_settings(cell, settings)
        found.append((cell, raw.get("outputs", [])))
    return found


def _take_settings(cell: CellText, settings: dict[str, Any]) -> None:
    if isinstance(settings.get("disabled"), bool):
        cell["disabled"] = settings["disabled"]
    if settings.get("language") in ("python", "sql"):
        cell["language"] = settings["language"]


def merge(
    base: Sequence[CellText], file: Sequence[CellText], held: Sequence[CellText], older: Container[str] = ()
) -> list[CellText]:
    """The document after a save: what `file` changed since `base` joined to what others changed in `held`.

    A cell that both changed takes the file's text, but for those in `older`, of which the file has an older one.
    """
    before = {cell["cell_id"]: cell for cell in base}
    saved = {cell["cell_id"]: cell for cell in file}
    ours = {cell["cell_id"]: cell for cell in held}
    texts = {
        cell_id: ours[cell_id] if cell_id in ours and (cell == before.get(cell_id) or cell_id in older) else cell
        for cell_id, cell in saved.items()
        if cell_id in ours or cell != before.get(cell_id)  # else: deleted by others, untouched in the file
    }
    added = {cell_id: cell for cell_id, cell in ours.items() if cell_id not in saved and cell_id not in before}
    file_moved = [c for c in saved if c in before] != [c for c in before if c in saved]
    leading, other = (list(saved), list(ours)) if file_moved else (list(ours), list(saved))
    wanted = texts.keys() | added.keys()
    order = woven([c for c in leading if c in wanted], [c for c in other if c in wanted])
    return [texts.get(cell_id) or added[cell_id] for cell_id in order]


def told_document(message: Json, held: Sequence[CellText]) -> list[CellText]:
    """The document after a client's `sync`: what it told, or (if it says what it knew) its changes joined to `held`."""
    cells = [_told_cell(cell) for cell in message["cells"]]
    if "known" not in message:
        return cells
    texts, changed = {cell["cell_id"]: cell for cell in cells}, set(message.get("changed", ()))
    other: CellText = {"cell_id": "", "source": ""}
    base = [texts.get(c, other) if c not in changed else other for c in message["known"]]
    return merge([{**cell, "cell_id": c} for c, cell in zip(message["known"], base, strict=True)], cells, held)


def _told_cell(cell: Json) -> CellText:
    text: CellText = {"cell_id": cell["cellId"], "source": cell["code"]}
    if "cellType" in cell:
        text["language"] = cell["cellType"]
    if cell.get("disabled"):
        text["disabled"] = True
    return text


def woven(order: Sequence[str], other: Iterable[str]) -> list[str]:
    """An order with what only the other has, each behind the cell that it follows there."""
    joined = list(order)
    previous: str | None = None
    for cell_id in other:
        if cell_id not in joined:
            joined.insert(joined.index(previous) + 1 if previous is not None else 0, cell_id)
        previous = cell_id
    return joined


def steps(current: Iterable[str], target: Sequence[str]) -> list[Step]:
    """The fewest deletions, insertions and moves that lead from one order to another."""
    wanted = set(target)
    order = list(current)
    done = [Step("delete", cell_id) for cell_id in order if cell_id not in wanted]
    order = [cell_id for cell_id in order if cell_id in wanted]
    known = set(order)
    staying = _longest_run(order, target)
    previous: str | None = None
    for cell_id in target:
        if cell_id not in known or cell_id not in staying:
            if cell_id in known:
                order.remove(cell_id)
            index = order.index(previous) + 1 if previous is not None else 0
            order.insert(index, cell_id)
            done.append(Step("move" if cell_id in known else "insert", cell_id, index))
        previous = cell_id
    return done


def _longest_run(order: Sequence[str], target: Sequence[str]) -> set[str]:
    """The most cells that stand in the same order in both (longest increasing subsequence)."""
    place = {cell_id: index for index, cell_id in enumerate(target)}
    ends: list[int] = []
    last: list[str] = []
    before: dict[str, str | None] = {}
    for cell_id in order:
        length = bisect_left(ends, place[cell_id])
        before[cell_id] = last[length - 1] if length else None
        ends[length:] = [place[cell_id], *ends[length + 1 :]]
        last[length:] = [cell_id, *last[length + 1 :]]
    found: set[str] = set()
    step = last[-1] if last else None
    while step is not None:
        found.add(step)
        step = before[step]
    return found
