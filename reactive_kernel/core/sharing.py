"""Upkeep of the index that says which values share objects, and what follows when a cell no longer gives its own.

Equal token, same object; what a token stands for is the executor's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reactive_kernel.core.graph import Graph, descendants
from reactive_kernel.core.notebook import Cell, Ran

__all__ = ["Reach", "Sharing", "enter", "orphaned", "sharers", "withdraw"]

Pairs = frozenset[tuple[str, str]]
Reach = Mapping[str, frozenset[int]]
NOBODY: Pairs = frozenset()


class Sharing(dict[int, Pairs]):
    """Object token -> the (cell id, name) pairs whose values contain the object.

    Attributes:
        known: what `sharers` found since the last change; a cell's dependents all ask for the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[frozenset[int], list[tuple[str, str]]] = {}


def sharers(sharing: Sharing, tokens: Iterable[int]) -> list[tuple[str, str]]:
    """The values, by cell and name, that contain any of these objects."""
    tokens = frozenset(tokens)
    if tokens not in sharing.known:
        found = set(map(sharing.get, tokens))  # most of a value's objects have one set of sharers in common
        sharing.known[tokens] = sorted(NOBODY.union(*(pairs for pairs in found if pairs is not None)))
    return sharing.known[tokens]


def enter(sharing: Sharing, cell_id: str, reach: Reach) -> None:
    """Note what the values of a cell contain."""
    sharing.known.clear()
    for name, tokens in reach.items():
        pair = frozenset({(cell_id, name)})
        grown: dict[Pairs, Pairs] = {}  # most of a value's objects share one set
        for token in tokens:
            old = sharing.get(token, NOBODY)
            new = grown.get(old)
            if new is None:
                new = grown[old] = old | pair
            sharing[token] = new


def withdraw(sharing: Sharing, cell_id: str, reach: Reach) -> None:
    """Forget what the values of a cell contained."""
    sharing.known.clear()
    for name, tokens in reach.items():
        pair = frozenset({(cell_id, name)})
        shrunk: dict[Pairs, Pairs] = {}
        for token in tokens:
            old = sharing[token]
            new = shrunk.get(old)
            if new is None:
                new = shrunk[old] = old - pair
            if new:
                sharing[token] = new
            else:
                del sharing[token]


def orphaned(cell: Cell, ran: Ran, graph: Graph, sharing: Sharing, kept: Reach) -> list[tuple[str, str]]:
    """Values of cells below that hold objects which this cell made in a run, and which it no longer gives.

    They would be of the right version, once the cell has run at that version again, but of another object.
    """
    if not ran.reach:
        return []
    made = frozenset().union(*ran.reach.values()).difference(*kept.values())
    if all(pair[0] == cell.id for pair in sharers(sharing, made)):
        return []
    cells = graph.document.cells
    for name in {*cell.inputs, *(name for name, _ in ran.inputs)}:  # what was handed to it, it did not make
        for producer in {*cell.inputs.get(name, ()), *graph.above(name, cell.key)}:
            other = cells[producer].ran if producer in cells else None
            made = made.difference(other.reach.get(name, ()) if other is not None else ())
    below = descendants(cells, [cell.id, *(o for o in cell.orphans if o in cells)]) | cell.orphans
    # Those further down that read from it before another cell came between them are not its dependents any more.
    return [
        pair
        for pair in sharers(sharing, made)
        if pair[0] != cell.id and (pair[0] in below or (pair[0] in cells and cells[pair[0]].key > cell.key))
    ]
