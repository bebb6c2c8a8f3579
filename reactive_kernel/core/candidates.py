"""What a cell is taken to change in place: candidates, which a run confirms or refutes."""

from __future__ import annotations

from collections.abc import Mapping, Set

from reactive_kernel.core.facts import WEAK, Facts
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.versions import SAME

__all__ = ["candidates", "suggested"]


def suggested(facts: Facts) -> set[str]:
    """Names that the source alone makes us take for mutated."""
    return {name for name, mutation in facts.mutates.items() if mutation.strength not in WEAK}


def candidates(
    cell: Cell, inputs: Mapping[str, tuple[str, ...]], called: Set[str], cells: Mapping[str, Cell], known: bool
) -> set[str]:
    """Names that the cell is taken to change in place: as its run showed, else as the source suggests.

    ``called``: what code of other cells changes that this one calls.
    """
    if known and cell.ran is not None:
        return set(cell.ran.mutated)
    facts = cell.facts
    found = suggested(facts) | facts.effects.keys() | called
    if cell.ran is not None and cell.ran.code == facts.code:
        found |= cell.ran.mutated
    return {n for n in found if n.startswith("<") or any(not _fixed(cells[p], n) for p in inputs.get(n, ()))}


def _fixed(producer: Cell, name: str) -> bool:
    """True if the value that a producer gives to a name can't be changed in place."""
    if producer.exact and producer.ran is not None and name in producer.ran.bound:
        token = producer.ran.bound[name]
        return token is not None and not token.startswith(("function:", "class:", SAME))
    return name in producer.facts.plain and name in producer.facts.writes
