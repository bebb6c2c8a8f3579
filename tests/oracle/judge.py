"""The judgements: what the user sees against what a clean run shows.

Settled states are judged in full: outputs, names (values and sharing), ghosts, and cells left stale.
States between are judged as far down as everything above is fresh, since below a stale cell nobody can know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .bindings import mentioned
from .canon import Form, namespace_form, sharing_lost
from .clean import Cells, Clean, Edges, clean_run
from .driver import Seen
from .execute import Namespace, parses


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that breaks the promise; ``kind`` groups them for shrinking.

    An "old" ghost, value or sharing is one while some cell has failed or is blocked: what that cell once gave.
    """

    kind: str
    what: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}" + (f" (after {self.where})" if self.where else "")


def clean_for(cells: Cells, seen: Sequence[Seen]) -> Clean:
    """Make the clean run that ``seen`` is to be compared with: all cells that are not blocked."""
    blocked = frozenset(cell.cell_id for cell in seen if cell.status == "blocked")
    return clean_run(cells, blocked, _edges(seen))


def _edges(seen: Sequence[Seen]) -> Edges:
    """The engine's edges, if any of them is a forward reference; they only decide the order."""
    place = {cell.cell_id: i for i, cell in enumerate(seen)}
    blocked = {cell.cell_id for cell in seen if cell.status == "blocked"}
    edges = {(up, cell.cell_id, names) for cell in seen for up, names in cell.reads.items() if up in place}
    edges = {edge for edge in edges if not {edge[0], edge[1]} & blocked}
    return frozenset(edges) if any(place[up] > place[reader] for up, reader, _ in edges) else frozenset()


def between(cells: Cells, seen: Sequence[Seen]) -> list[Difference]:
    """Judge a state that may not be settled: fresh cells with nothing stale above them."""
    clean = clean_for(cells, seen)
    if clean.murky:
        return []
    judged: list[Seen] = []
    for cell in seen:
        if cell.status == "blocked" or (cell.status == "error" and cell.cell_id in clean.failed):
            continue
        if not cell.fresh:
            break
        judged.append(cell)
    above = {cell.cell_id for cell in judged}
    upstream = {cell.cell_id: set(cell.reads) for cell in seen}
    sure = [cell for cell in judged if _ancestors(cell.cell_id, upstream) <= above]  # not from below a stale cell
    return [found for cell in sure if (found := _output(cell, clean))]


def settled(cells: Cells, seen: Sequence[Seen], clean: Clean, namespace: Namespace) -> list[Difference]:
    """Judge a settled state in full."""
    found = [d for cell in seen if (d := _status(cell, clean) or _output(cell, clean))]
    found += _blocked_in_vain(cells, seen, clean)
    return found or _names(cells, seen, clean, namespace)


def _status(cell: Seen, clean: Clean) -> Difference | None:
    if cell.status == "blocked":
        if cell.fresh:
            return Difference("status", f"{cell.cell_id} is both blocked and fresh")
        return None if cell.problem else Difference("status", f"{cell.cell_id} is blocked and nothing says why")
    if cell.status == "error":
        return Difference("status", f"{cell.cell_id} is both failed and fresh") if cell.fresh else None
    if not cell.fresh:
        return Difference("stale", f"{cell.cell_id} is left {cell.status} and not fresh")
    return None


def _output(cell: Seen, clean: Clean) -> Difference | None:
    if cell.status == "blocked":
        return None
    expected = clean.shown[cell.cell_id]
    if cell.shown is None:
        if expected.error and expected.error.startswith(("SyntaxError", "IndentationError")):
            return None
        return (
            None if str(expected) == "" else Difference("output", f"{cell.cell_id} never ran, clean: {str(expected)!r}")
        )
    if str(cell.shown) == str(expected):
        return None
    return Difference("output", f"{cell.cell_id} shows {str(cell.shown)!r}, clean: {str(expected)!r}")


def _blocked_in_vain(cells: Cells, seen: Sequence[Seen], clean: Clean) -> list[Difference]:
    """A blocked cell needs a failing cell or a loop among its ancestors, and a notebook where all runs has none."""
    upstream = {cell.cell_id: {*cell.reads, *((cell.problem or {}).get("cells") or ())} for cell in seen}
    faults = clean.failed | {cell_id for cell_id, source in cells if not parses(source)}
    faults |= {cell_id for cell_id in upstream if cell_id in _ancestors(cell_id, upstream)}
    blocked = [cell for cell in seen if cell.status == "blocked"]
    if blocked and not clean_run(cells).failed:
        return [Difference("blocked", f"{c.cell_id} is blocked: {c.problem}, but everything runs") for c in blocked]
    return [
        Difference("blocked", f"{cell.cell_id} is blocked: {cell.problem}, but nothing above it fails")
        for cell in blocked
        if not faults & {cell.cell_id, *_ancestors(cell.cell_id, upstream)}
    ]


def _ancestors(cell_id: str, upstream: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(upstream[cell_id])
    while todo:
        other = todo.pop()
        if other in upstream and other not in found:
            found.add(other)
            todo.extend(upstream[other])
    return found


def _names(cells: Cells, seen: Sequence[Seen], clean: Clean, namespace: Namespace) -> list[Difference]:
    sources = dict(cells)
    excused = [sources[cell.cell_id] for cell in seen if cell.status in ("blocked", "error")]
    missing = {name for name in clean.names if name not in namespace}
    touched = {name for source in excused for name in mentioned(source)}
    ghosts = sorted(name for name in namespace if not name.startswith("__") and name not in clean.names)
    if ghosts:
        # Told apart only to find other differences while one kind is known.
        return [
            Difference("old ghost" if name in touched else "ghost", f"{name} = {namespace[name]!r:.80}")
            for name in ghosts
        ]
    # What failed or blocked cells would have changed may be missing, and so may what shares with it.
    lost = sorted(name for name in missing if not excused or (not touched & missing and name not in touched))
    if lost:
        return [Difference("missing", f"{name} is not defined, clean: {clean.names[name]!r:.80}") for name in lost]
    if missing:
        return []
    mine = namespace_form(namespace)
    for name in sorted(mine):
        if mine[name] != clean.names[name]:
            kind = "value" if sharing_lost(mine[name]) != sharing_lost(clean.names[name]) else "sharing"
            kind = f"old {kind}" if excused else kind
            return [Difference(kind, f"{name}: {_first(mine[name], clean.names[name])}")]
    return []


def _first(mine: Form, other: Form) -> str:
    """The innermost place where two forms differ, with what is around it."""
    if len(mine) == len(other):
        for one, two in zip(mine, other, strict=True):
            if one != two and not (isinstance(one, tuple) and isinstance(two, tuple)):
                return f"{one!r:.150}, clean: {two!r:.150}"
            if one != two:
                inner = _first(one, two)
                return inner if len(inner) > 60 or "\n" in inner else f"{mine[0]!r:.30} … {inner}"
    return f"{mine!r:.150}, clean: {other!r:.150}"


def really_changed(before: dict[str, Form], clean: Clean) -> set[str]:
    """The cells whose code or inputs are not what they were: what an omniscient scheduler would run."""
    return {cell_id for cell_id, form in clean.inputs.items() if before.get(cell_id) != form}
