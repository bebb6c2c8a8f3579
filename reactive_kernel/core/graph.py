"""Who produces the name that a cell reads: indexes from names to producers and readers, by position.

Resolution (semantics.md): the nearest cell above that produces the name; if none, the nearest cell
below that defines it (a forward reference); if none, a builtin or an undefined name.  A producer that
*may* bind lets the one above it through.  Among console inputs the newest definition wins.

Work per question: one bisection, plus the producers passed over.
"""

from __future__ import annotations

import builtins
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Mapping

from reactive_kernel.core.facts import SHOWN
from reactive_kernel.core.notebook import DEFINES, DELETES, MAYBE, Cell, Document
from reactive_kernel.core.patched import PATCHED

__all__ = ["BUILTINS", "Graph", "ancestors", "components", "depends", "descendants", "find_loop"]

# Names that a run finds without any cell; a forward reference never replaces them.
BUILTINS = frozenset(dir(builtins)) | {"display", "get_ipython", "exit", "quit", "In", "Out", "_", "__", "___", SHOWN}

Line = list[tuple[float, str]]
LAST = "\U0010ffff"  # above every cell id


class Graph:
    """Name indexes over a document; the session tells it what each cell produces and reads."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.producers: dict[str, Line] = {}
        self.readers: dict[str, Line] = {}
        self.forward: dict[str, set[str]] = {}  # reader -> producers below it
        self.unknown: Line = []  # cells that may bind any name
        self.patched: set[str] = set()  # attributes that cells set on what is installed

    # -- upkeep

    def add(self, index: dict[str, Line], name: str, cell: Cell) -> None:
        """Enter a cell under a name."""
        line = index.get(name)
        if line is None:
            index[name] = [(cell.key, cell.id)]
            if index is self.producers and name.startswith(PATCHED):
                self.patched.add(name)
        elif line[-1][0] < cell.key:
            line.append((cell.key, cell.id))
        else:
            insort(line, (cell.key, cell.id))

    def discard(self, index: dict[str, Line], name: str, cell: Cell) -> None:
        """Take a cell from under a name."""
        line = index[name]
        del line[bisect_left(line, (cell.key, cell.id))]
        if not line:
            del index[name]
            if index is self.producers:
                self.patched.discard(name)

    def rebuild(self) -> None:
        """Make both indexes anew, after keys were renumbered."""
        self.producers, self.readers = {}, {}
        self.unknown = [(cell.key, cell.id) for cell in self.document if cell.unknown]
        for cell in self.document:
            for name in cell.produces:
                self.add(self.producers, name, cell)
            for name in cell.inputs:
                self.add(self.readers, name, cell)

    # -- questions

    def resolve(self, name: str, cell: Cell) -> tuple[str, ...]:
        """Producers that the value read at ``cell`` may come from, nearest first; empty if none is known."""
        line = self.producers.get(name)
        if line is None:
            return ()
        if cell.kind == "console":
            return self._resolve_console(name, line, cell)
        above = self._above(name, line, cell.key, cell.kind == "batch")
        return above or self._below(name, line, cell)

    def later(self, cell: Cell) -> set[str]:
        """Cells that depend on this one, if any reads from below: what those above it made, it can't have changed."""
        return descendants(self.document.cells, [cell.id]) if self.forward else set()

    def at_end(self, name: str) -> tuple[str, ...]:
        """Producers that a reader after the last cell would find."""
        line = self.producers.get(name)
        return self._above(name, line, float("inf"), True) if line else ()

    def above(self, name: str, key: float, skip: Collection[str] = ()) -> tuple[str, ...]:
        """Producers above a position only (no forward reference); what the namespace shows there, but for ``skip``."""
        line = self.producers.get(name)
        return self._above(name, line, key, True, skip) if line else ()

    def in_effect_above(self, name: str, key: float) -> tuple[str, ...]:
        """Producers above of what a name stands for at a position: those that failed let others through."""
        cells, found = self.document.cells, self.above(name, key)
        while found and all(cells[producer].has_failed for producer in found):
            further = self.above(name, cells[found[-1]].key)
            if not further:
                break
            found = further
        return found

    def still_given(self, names: Iterable[str], key: float) -> set[str]:
        """Variables that the nearest cell above did not fail to give: what others share may be theirs no more."""
        found = {name: () if name[:1] == "<" else self.above(name, key) for name in names}
        return {n for n, above in found.items() if not above or not self.document.cells[above[0]].has_failed}

    def may_bind(self, name: str, found: tuple[str, ...], cell: Cell) -> list[str]:
        """Cells above that may bind a name for all that is known, nearer than what was ``found``, nearest first."""
        cells = self.document.cells
        last = cells[found[-1]] if found else None
        sure = last is not None and last.key < cell.key and not last.produces[name] & MAYBE
        start = bisect_right(self.unknown, (last.key, last.id)) if sure and last is not None else 0
        return [cell_id for _, cell_id in reversed(self.unknown[start : bisect_left(self.unknown, (cell.key,))])]

    def _above(self, name: str, line: Line, key: float, console: bool, skip: Collection[str] = ()) -> tuple[str, ...]:
        found: list[str] = []
        cells = self.document.cells
        for position in range(bisect_left(line, (key,)) - 1, -1, -1):
            producer = cells[line[position][1]]
            if (producer.kind == "console" and not console) or producer.id in skip:
                continue
            found.append(producer.id)
            if not producer.produces[name] & MAYBE:
                break
        return tuple(found)

    def _below(self, name: str, line: Line, cell: Cell) -> tuple[str, ...]:
        if name in BUILTINS:
            return ()
        cells = self.document.cells
        for _, cell_id in line[bisect_right(line, (cell.key, cell.id)) :]:
            producer = cells[cell_id]
            # One that updates what it reads (x = f(x)) is no place where a name begins.
            if producer.kind != "console" and producer.produces[name] & DEFINES and name not in producer.facts.reads:
                return (cell_id,)
        return ()

    def _resolve_console(self, name: str, line: Line, cell: Cell) -> tuple[str, ...]:
        """The newest definition wins, except where it needs the reader itself."""
        cells = self.document.cells
        for key, cell_id in reversed(line):
            producer = cells[cell_id]
            if key <= cell.key or producer.kind != "console":
                break
            if producer.produces[name] & (DEFINES | DELETES) and not depends(cells, cell_id, cell.id):
                return (cell_id,)
        return self._above(name, line, cell.key, True)

    def affected(self, name: str, cell: Cell) -> Iterator[str]:
        """Readers whose resolution of ``name`` may change when ``cell`` begins or ceases to produce it."""
        line = self.readers.get(name)
        if line is None:
            return
        producers = self.producers.get(name, [])
        cells = self.document.cells
        end = float("inf")
        for key, cell_id in producers[bisect_right(producers, (cell.key, cell.id)) :]:
            if not cells[cell_id].produces[name] & MAYBE:
                end = key
                break
        for _, reader in line[bisect_right(line, (cell.key, cell.id)) : bisect_right(line, (end, LAST))]:
            yield reader
        if cell.kind == "console":
            yield from (reader for key, reader in line if key < cell.key and cells[reader].kind == "console")
        elif name not in BUILTINS:
            # Readers with no producer above themselves read forward.
            limit = min(cell.key, producers[0][0]) if producers else cell.key
            yield from (reader for _, reader in line[: bisect_right(line, (limit, LAST))])


def depends(cells: dict[str, Cell], reader: str, producer: str) -> bool:
    """True if the cell ``reader`` is ``producer`` or depends on it, directly or through others."""
    return reader == producer or reader in descendants(cells, [producer])


def descendants(cells: dict[str, Cell], roots: Iterable[str]) -> set[str]:
    """Ids of all cells that depend on any of ``roots``, directly or through others, roots excluded
    (unless they depend on themselves through a loop).  On a cell that was deleted, perhaps while it ran, none depends.
    """
    seen: set[str] = set()
    todo = list(roots)
    while todo:
        cell = cells.get(todo.pop())
        for dependent in cell.dependents if cell is not None else ():
            if dependent not in seen:
                seen.add(dependent)
                todo.append(dependent)
    return seen


def ancestors(cells: dict[str, Cell], cell: Cell) -> set[str]:
    """Ids of all cells that a cell depends on, directly or through others (itself only through a loop)."""
    seen: set[str] = set()
    todo = [cell]
    while todo:
        for producers in todo.pop().inputs.values():
            for producer in producers:
                if producer not in seen:
                    seen.add(producer)
                    todo.append(cells[producer])
    return seen


def components(cells: dict[str, Cell], roots: Iterable[str], rivals: Mapping[str, Collection[str]]) -> dict[str, int]:
    """Numbers the strongly connected components of ``roots`` and of all that they depend on (Tarjan's algorithm, with
    a stack of its own).

    The reads that were given up count, but for those of a cell's ``rivals``.
    """
    number: dict[str, int] = {}  # when first seen
    low: dict[str, int] = {}  # the earliest one on the stack that it leads to
    found: dict[str, int] = {}
    stack: list[str] = []
    for root in roots:
        if root in number:
            continue
        todo: list[tuple[str, Iterator[str]]] = [(root, _reads(cells, root, rivals))]
        number[root] = low[root] = len(number)
        stack.append(root)
        while todo:
            cell_id, rest = todo[-1]
            for producer in rest:
                if producer not in number:
                    number[producer] = low[producer] = len(number)
                    stack.append(producer)
                    todo.append((producer, _reads(cells, producer, rivals)))
                    break
                if producer not in found:
                    low[cell_id] = min(low[cell_id], number[producer])
            else:
                todo.pop()
                if todo:
                    reader = todo[-1][0]
                    low[reader] = min(low[reader], low[cell_id])
                while low[cell_id] == number[cell_id] and cell_id not in found:
                    found[stack.pop()] = number[cell_id]
    return found


def _reads(cells: dict[str, Cell], cell_id: str, rivals: Mapping[str, Collection[str]]) -> Iterator[str]:
    cell, barred = cells[cell_id], rivals.get(cell_id, ())
    for name, found in (cell.inputs if cell.wishes is None else cell.wishes).items():
        for producer in found:
            if producer in cells and not (producer in barred and name in cell.soft):
                yield producer


def find_loop(cells: dict[str, Cell], cell: Cell) -> tuple[str, ...]:
    """The strongly connected component of ``cell`` if it is a loop, in document order, else ``()``.

    Forward and backward reachability from one node (the first step of the forward-backward SCC
    algorithm of Fleischer, Hendrickson and Pınar): an edit asks about one cell only.
    """
    down = descendants(cells, [cell.id])
    if cell.id not in down:
        return ()
    members = {cell.id}
    todo = [cell.id]
    while todo:
        for producers in cells[todo.pop()].inputs.values():
            for producer in producers:
                if producer in down and producer not in members:
                    members.add(producer)
                    todo.append(producer)
    return tuple(sorted(members, key=lambda cell_id: cells[cell_id].key))
