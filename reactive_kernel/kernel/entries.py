"""The session's cells as the wire shows them: entries and edges."""

from __future__ import annotations

from collections.abc import Iterable, Set

from reactive_kernel.core import explain
from reactive_kernel.core.facts import SHOWN, Problem, visible
from reactive_kernel.core.graph import BUILTINS
from reactive_kernel.core.notebook import DEFINES, MUTATES, Cell
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.suspicion import reads_of
from reactive_kernel.protocol import Edge, Entry, ProblemDict

__all__ = ["edges_into", "entry", "problem_form"]


def entry(session: Session, cell: Cell) -> Entry:
    """A cell's state in the form of protocol.md."""
    cells = session.cells
    reads = ["_" if n == SHOWN else n for n, found in cell.inputs.items() if found or n not in BUILTINS]
    ids = {p: None for found in cell.inputs.values() for p in found}
    forward = [n for n, found in cell.inputs.items() if found and cells[found[0]].key > cell.key]
    found = explain.problem(session, cell)
    return {
        "cell_id": cell.id,
        "index": session.document.index(cell),
        "language": cell.language,
        "status": cell.status,
        "fresh": cell.fresh,
        "has_run": cell.has_run,
        "reads": visible(reads),
        "writes": visible(n for n, how in cell.produces.items() if how & DEFINES),
        "mutates": visible(n for n, how in cell.produces.items() if how & MUTATES),
        "opaque": bool(cell.facts.opaque),
        "forward_reads": visible(forward),
        "upstream": sorted(ids, key=lambda i: cells[i].key),
        "downstream": sorted(cell.dependents, key=lambda i: cells[i].key),
        "version": cell.version,
        "execution_count": cell.execution_count,
        "seconds": cell.seconds,
        "disabled": cell.disabled,
        "problem": problem_form(found) if found is not None else None,
        "remarks": [*(f"Opaque: {o.reason}" for o in cell.facts.opaque), *cell.remarks],
    }


def problem_form(found: Problem) -> ProblemDict:
    """Why a cell can't run, in the form of protocol.md."""
    return {"code": found.code, "message": found.message, "names": list(found.names), "cells": list(found.cells)}


def edges_into(session: Session, readers: Iterable[Cell]) -> list[Edge]:
    """All edges that end in ``readers``, by reader, then by producer, in document order.

    What a reader only changes along with what it reads (``rows``, where it says ``m.append(1)`` after ``m = rows``), or
    what is behind IPython's ``_`` that it reads, stands there only if no other edge leads to that producer, from the
    reader or from one whose value it reads.
    """
    found: list[Edge] = []
    for reader in readers:
        names: dict[str, list[str]] = {}
        for name, producers in reader.inputs.items():
            for producer in producers:
                names.setdefault(producer, []).append(name if name != SHOWN else "_")
        read = _read_by(session, reader)
        shown = {producer: visible(some) for producer, some in names.items()}
        of_these = {producer: visible(name for name in some if name in read) for producer, some in names.items()}
        behind: set[str] = set()
        if of_these != shown:
            behind = _behind(session, [producer for producer, some in of_these.items() if some])
        for producer in sorted(names, key=lambda i: session.cells[i].key):
            if told := of_these[producer] or ([] if producer in behind else shown[producer]):
                found.append({"from": producer, "to": reader.id, "names": told})
    return found


def _read_by(session: Session, reader: Cell) -> Set[str]:
    """What a cell reads, without names that only share objects with what it changes, or are behind IPython's ``_``."""
    if SHOWN not in reader.inputs and not any(how & MUTATES for how in reader.produces.values()):
        return reader.inputs.keys()
    found = reader.ran.found if reader.ran is not None else frozenset()
    return reads_of(session, reader) | found | {"_"}


def _behind(session: Session, producers: Iterable[str]) -> set[str]:
    """The cells that others read from, by names that are shown."""
    inputs = [item for producer in producers for item in session.cells[producer].inputs.items()]
    return {source for name, found in inputs if name[:1] != "<" for source in found}
