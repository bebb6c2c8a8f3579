"""The document: cells in order, each with its text, its facts, and what its last run taught.

Order is kept as sparse float keys, so that an insertion touches no other cell (renumbering is the
caller's duty when `Document.place` says so).  Nothing here resolves names or decides what runs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Literal, NamedTuple

from reactive_kernel.core.facts import Deferred, Facts, Problem

__all__ = ["DEFINES", "DELETES", "MAYBE", "MUTATES", "Cell", "Document", "Kind", "Ran", "Start", "longest_common_run"]

Kind = Literal["notebook", "console", "batch"]

# How a cell produces a name (bits).
DEFINES, MUTATES, DELETES, MAYBE = 1, 2, 4, 8

GAP = 1024.0


OUTSIDE = "<sql:effect:"  # prefix in `Facts.effects`


@dataclass(slots=True)
class Ran:
    """What the last successful run of a cell showed.

    Attributes:
        version: the cell's version when it ran; ``code``: its code hash then.
        bound: name -> token of the value where it is provably known, else None.
        mutated: names whose objects were changed in place.
        stays: mutated name -> token, where the object was left as the run before had left it.
        deleted: names unbound.
        carried: name -> what code inside the value does when called.
        reach: name -> tokens of the mutable objects inside the value (equal token, same object).
        cleared: ``(name, version)`` of visible values that share objects with what was mutated, and were
            seen not to change.
        held: names whose values of this run are still to be had.
        without: names defined below that the run was not given, and could do without.
        unread: names that code which the cell can call reads, none of which was called.
        found: names that code read of which nothing else shows that the cell can call it.
        libraries: name -> those of `core.options` whose objects are in the value.
    """

    version: str
    code: str
    bound: Mapping[str, str | None] = field(default_factory=dict)
    mutated: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    carried: Mapping[str, Deferred] = field(default_factory=dict)
    reach: Mapping[str, frozenset[int]] = field(default_factory=dict)
    cleared: frozenset[tuple[str, str]] = frozenset()
    held: set[str] = field(default_factory=set)
    without: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()
    found: frozenset[str] = frozenset()
    stays: Mapping[str, str] = field(default_factory=dict)
    libraries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    inputs: tuple[tuple[str, str], ...] = ()  # (name, version of the value) of all that the run read


class Start(NamedTuple):
    """How things stood when a cell began to run: its code and text, what it was given, and the counts till then.

    ``given``: name -> ``(producer, version of the value)``.
    """

    code: str
    text: str
    given: dict[str, tuple[tuple[str, str], ...]]
    losses: int
    edits: int


@dataclass(slots=True, eq=False)
class Cell:
    """One cell: what clients told, what the analysis says, what the graph makes of it, how it last ran."""

    id: str
    kind: Kind
    source: str
    language: str
    facts: Facts
    problem: Problem | None = None  # of the text: a syntax error
    text: str = ""  # hash of the text as it stands (the code hash where it parses)
    disabled: bool = False
    edited: int = 0  # the session's count of edits at the last one of this cell
    key: float = 0.0
    nonce: int = 0
    # graph
    inputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # Reads that no run is sure to make, followed or not: from below, or because an opaque cell may read anything.
    soft: dict[str, tuple[str, ...]] = field(default_factory=dict)
    given_up: frozenset[str] = frozenset()  # those of `soft` that would close a loop: not among the inputs
    rivals: frozenset[str] = frozenset()  # the cells that would have given them, and are in the loop
    wishes: dict[str, tuple[str, ...]] | None = None  # the inputs if nothing had been given up
    produces: dict[str, int] = field(default_factory=dict)
    carried: dict[str, Deferred] = field(default_factory=dict)
    outs: dict[str, str] = field(default_factory=dict)
    dependents: dict[str, set[str]] = field(default_factory=dict)
    orphans: set[str] = field(default_factory=set)  # read from the cell before it was edited
    version: str | None = None
    loop: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()
    trusted: bool = False  # what its last run showed is taken to hold, though that had other inputs
    blocking: bool = False  # had failed as it stood when last looked at
    unknown: bool = False  # may bind any name, until it has run: those below that find none of their own wait for it
    # runs
    ran: Ran | None = None
    failed: tuple[str | None, str] | None = None  # (version, text) of a failure
    error: str = ""
    last: Literal["idle", "success", "error"] = "idle"  # how the last run ended
    activity: Literal["", "queued", "running"] = ""
    has_run: bool = False
    execution_count: int | None = None
    seconds: float | None = None
    remarks: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()  # databases outside the notebook that the last run changed
    late: tuple[str, frozenset[str]] = ("", frozenset())  # code, and names that a run changed though defined below
    missed: tuple[str, frozenset[str]] = ("", frozenset())  # code, and names that its star imports do not bind
    drawn: tuple[str, frozenset[str]] = ("", frozenset())  # code, and hidden state that a failed run changed

    @property
    def may_bind_any(self) -> bool:
        """True if the text doesn't show which names the cell binds, no run has shown it, and it can run."""
        if not any(reason.binds for reason in self.facts.opaque) or self.kind != "notebook" or self.held_back:
            return False
        ran = self.ran is not None and self.ran.code == self.facts.code
        failed = self.last == "error" and self.drawn[0] == self.facts.code  # be it at other inputs
        return not (ran or failed or self.problem or (self.blockers and not self.loop))

    @property
    def looks_below(self) -> bool:
        """True if it failed for a name that its star imports might have bound, and has found it further down since."""
        return self.last == "error" and self.failed is None and self.missed[0] == self.facts.code

    @property
    def exact(self) -> bool:
        """True if the last successful run was at today's version: what it taught holds."""
        return self.ran is not None and self.ran.version == self.version

    @property
    def shown(self) -> bool:
        """True if what the cell last made is still in effect: a blocked cell's is not, a stale one's is."""
        return not (self.blockers or self.loop) or self.fresh

    @property
    def effects(self) -> tuple[str, ...]:
        """Databases outside the notebook that the cell changes: no cascade does that without the user's word."""
        marked = (n.removeprefix(OUTSIDE).removesuffix(">") for n in self.facts.effects if n.startswith(OUTSIDE))
        return tuple(sorted({*self.outside, *marked}))

    @property
    def held_back(self) -> bool:
        """True if only the user runs the cell, by asking for it."""
        return self.disabled or bool(self.effects)

    @property
    def has_failed(self) -> bool:
        """True if the cell failed as it now stands."""
        return self.failed is not None and self.failed == (self.version, self.text) and not self.loop

    @property
    def status(self) -> Literal["idle", "queued", "running", "success", "error", "blocked"]:
        """The cell's status as the protocol has it."""
        if self.activity:
            return self.activity
        if self.blockers and not self.fresh and not self.has_failed:
            return "blocked"
        return self.last

    @property
    def fresh(self) -> bool:
        """True if the last run shows what a clean run would show."""
        # After a failure at other inputs the values of this version may still be there, but the error is what shows.
        shows = self.last == "success" and not self.has_failed
        return self.exact and shows and not self.loop and self.text == self.facts.code


class Document:
    """Cells in document order; console and batch inputs stand below the notebook's."""

    def __init__(self) -> None:
        self.cells: dict[str, Cell] = {}
        self.order: list[Cell] = []

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Cell]:
        return iter(self.order)

    def index(self, cell: Cell) -> int:
        """Position of a cell in document order, from 0."""
        return bisect_left(self.order, cell.key, key=attrgetter("key"))

    def notebook_length(self) -> int:
        """Number of cells that belong to the notebook (console and batch inputs come after them)."""
        return bisect_left(self.order, True, key=lambda cell: cell.kind != "notebook")

    def place(self, cell: Cell, index: int) -> bool:
        """Put a cell at ``index``; True if there was no room between its neighbours' keys (renumber then)."""
        before = self.order[index - 1].key if index > 0 else None
        after = self.order[index].key if index < len(self.order) else None
        if before is None:
            cell.key = 0.0 if after is None else after - GAP
        elif after is None:
            cell.key = before + GAP
        else:
            cell.key = (before + after) / 2
        self.order.insert(index, cell)
        self.cells[cell.id] = cell
        return cell.key in (before, after)

    def remove(self, cell: Cell) -> None:
        """Take a cell out."""
        del self.order[self.index(cell)]
        del self.cells[cell.id]

    def renumber(self) -> None:
        """Give all cells fresh, evenly spaced keys."""
        for number, cell in enumerate(self.order):
            cell.key = number * GAP


def longest_common_run(old: list[str], new: list[str]) -> set[str]:
    """Ids that can keep their place when ``old`` becomes ``new``: a longest increasing
    subsequence (patience sorting).
    """
    place = {cell_id: index for index, cell_id in enumerate(new)}
    tails: list[int] = []
    back: dict[int, int] = {}
    for cell_id in old:
        position = place[cell_id]
        slot = bisect_left(tails, position)
        back[position] = tails[slot - 1] if slot else -1
        if slot == len(tails):
            tails.append(position)
        else:
            tails[slot] = position
    kept: set[str] = set()
    position = tails[-1] if tails else -1
    while position != -1:
        kept.add(new[position])
        position = back[position]
    return kept
