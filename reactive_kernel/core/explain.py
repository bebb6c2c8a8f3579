"""Sentences for people: what is wrong with a cell, why it is stale, what the graph looks like."""

from __future__ import annotations

from collections.abc import Iterable

from reactive_kernel.core.facts import Problem, visible
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.resolve import UNKNOWN
from reactive_kernel.core.session import Session

__all__ = ["blocked_by", "edges", "graph_text", "label", "problem", "status_text", "why"]


def label(session: Session, cell: Cell) -> str:
    """How a cell is named to people: ``cell 3``, or ``In [4]`` for a console input."""
    if cell.kind == "notebook":
        return f"cell {session.document.index(cell) + 1}"
    return f"In [{cell.execution_count}]" if cell.execution_count is not None else "this input"


def _labels(session: Session, cell_ids: Iterable[str]) -> str:
    names = [label(session, session.cells[cell_id]) for cell_id in cell_ids if cell_id in session.cells]
    if len(names) < 2:
        return names[0] if names else "another cell"
    return ", ".join(names[:-1]) + " and " + names[-1]


def problem(session: Session, cell: Cell) -> Problem | None:
    """What is wrong with a cell as it stands, or None."""
    if cell.problem is not None:
        return cell.problem
    if cell.loop:
        return _loop(session, cell.loop)
    if cell.has_failed:
        return Problem("error", cell.error)
    if cell.blockers and not cell.fresh:
        return blocked_by(session, cell, cell.blockers)
    if cell.effects and cell.has_run and not cell.fresh:
        where = ", ".join(cell.effects)
        message = (
            f"Not run again by itself: it changes data outside the notebook ({where}). "
            "Run it by hand, or allow it with --rerun."
        )
        return Problem("outside", message, cell.effects)
    return None


def _loop(session: Session, members: tuple[str, ...]) -> Problem:
    parts, names = [], set()
    for member_id in members:
        member = session.cells[member_id]
        for name, producers in sorted(member.inputs.items()):
            for producer_id in producers:
                if producer_id in members:
                    names.add(name)
                    shown = visible([name]) or [name]
                    source = label(session, session.cells[producer_id])
                    parts.append(f"{label(session, member)} reads {shown[0]} from {source}")
    message = f"These cells need each other, so none of them can run first: {'; '.join(parts)}."
    return Problem("loop", message, tuple(sorted(names)), members)


def blocked_by(session: Session, cell: Cell, culprits: tuple[str, ...]) -> Problem:
    """Why a cell can't run, given the cells that are at fault."""
    if cell.loop:
        return _loop(session, cell.loop)
    cells = [session.cells[cell_id] for cell_id in culprits if cell_id in session.cells]
    names = tuple(visible(_names_from(session, cell, set(culprits))))
    reads = f" (it needs {', '.join(names)})" if names else ""
    looped = [c for c in cells if c.loop]
    if looped:
        message = f"Not run{reads}: {_labels(session, culprits)} {'is' if len(cells) == 1 else 'are'} in a loop."
        return Problem("blocked_by_loop", message, names, culprits)
    disabled = [c for c in cells if c.disabled and not c.has_failed]
    if disabled and len(disabled) == len(cells):
        message = f"Not run{reads}: {_labels(session, culprits)} is disabled and not up to date."
        return Problem("blocked_by_disabled", message, names, culprits)
    outside = [c for c in cells if c.effects and not c.has_failed]
    if outside and len(outside) == len(cells):
        who = _labels(session, culprits)
        message = f"Not run{reads}: {who} changes data outside the notebook and is not up to date. Run it by hand."
        return Problem("blocked_by_outside", message, names, culprits)
    rest = [c for c in cells if c.last != "error"]
    failed = [c for c in cells if c not in rest]
    detail = f": {failed[0].error}" if len(cells) == 1 and failed and failed[0].error else ""
    what = [f"{_labels(session, [c.id for c in failed])} failed{detail}"] if failed or not rest else []
    if rest:
        verb = "is" if len(rest) == 1 else "are"
        what.append(f"{_labels(session, [c.id for c in rest])} {verb} not up to date")
    return Problem("blocked_by_error", f"Not run{reads}: {' and '.join(what)}", names, culprits)


def _names_from(session: Session, cell: Cell, culprits: set[str]) -> set[str]:
    """Names that a cell reads from the culprits or from cells that these block."""
    found = set()
    for name, producers in cell.inputs.items():
        for producer_id in producers:
            if producer_id in culprits or culprits & set(session.cells[producer_id].blockers):
                found.add(name)
    return found


def edges(session: Session) -> list[tuple[str, str, list[str]]]:
    """All edges as (producer, reader, visible names), in document order."""
    found = []
    for cell in session.document:
        by_id = sorted(cell.dependents.items(), key=lambda item: session.cells[item[0]].key)
        for reader, names in by_id:
            if shown := visible(names):
                found.append((cell.id, reader, shown))
    return found


def _state(cell: Cell) -> str:
    if cell.activity:
        return cell.activity
    if cell.fresh:
        return "fresh"
    if cell.status in ("blocked", "error"):
        return cell.status
    return "stale" if cell.has_run else "never run"


def status_text(session: Session, mode: str) -> str:
    """One paragraph: how many cells are in which state, and what is wrong."""
    counts: dict[str, int] = {}
    for cell in session.document:
        counts[_state(cell)] = counts.get(_state(cell), 0) + 1
    lines = [
        f"Reactive kernel, mode {mode}: {len(session.document)} cells"
        + "".join(f", {n} {s}" for s, n in sorted(counts.items()))
    ]
    for cell in session.document:
        found = problem(session, cell)
        if found is not None:
            lines.append(f"  {label(session, cell)}: {found.message}")
        for reason in cell.facts.opaque:
            what = "what it reads or binds can't be told from its text"
            lines.append(f"  {label(session, cell)}: opaque ({reason.reason}): {what}")
        for remark in cell.remarks:
            lines.append(f"  {label(session, cell)}: {remark}")
    return "\n".join(lines)


def graph_text(session: Session) -> str:
    """The graph as text: a line per cell, with what it reads from where and what it defines."""
    lines = []
    for cell in session.document:
        writes = visible(cell.produces)
        lines.append(f"{label(session, cell)} [{_state(cell)}]" + (f" defines {', '.join(writes)}" if writes else ""))
        sources: dict[str, list[str]] = {}
        for name, producers in sorted(cell.inputs.items()):
            for producer in producers:
                sources.setdefault(producer, []).append(name)
        for producer_id, names in sorted(sources.items(), key=lambda item: session.cells[item[0]].key):
            if shown := visible(names):
                lines.append(f"    reads {', '.join(shown)} from {label(session, session.cells[producer_id])}")
    return "\n".join(lines) or "No cells yet."


def why(session: Session, cell: Cell) -> str:
    """Why a cell is fresh, stale, blocked or failed, in words."""
    name = label(session, cell).capitalize() if cell.kind == "notebook" else label(session, cell)
    found = problem(session, cell)
    if found is not None:
        return f"{name} is {_state(cell)}. {found.message}"
    if cell.fresh:
        return f"{name} is fresh: neither its code nor anything that it reads has changed since it ran."
    if not cell.has_run:
        return f"{name} has not run yet."
    if cell.error == "interrupted":
        return f"{name} is stale: its last run was interrupted."
    if cell.last == "idle":
        return f"{name} is stale: what its last run showed is there no more."
    if cell.ran is not None and cell.ran.code != cell.facts.code:
        return f"{name} is stale: its code has changed since it ran."
    reasons = []
    for read, producers in sorted(cell.inputs.items()):
        for producer in map(session.cells.__getitem__, producers):
            if read == UNKNOWN:
                reasons.append(f"{label(session, producer)} may bind names that it reads, and has not run")
            elif not producer.fresh and (shown := visible([read])):
                reasons.append(f"{shown[0]} from {label(session, producer)} is out of date")
    if reasons:
        return f"{name} is stale: {'; '.join(reasons)}."
    return f"{name} is stale: what it reads has changed, or comes from other cells, since it ran."
