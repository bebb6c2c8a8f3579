"""What may happen to a session: edits from clients and news from the executor, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reactive_kernel.core.facts import Deferred
from reactive_kernel.core.notebook import Kind

__all__ = [
    "Changed",
    "Delete",
    "Edit",
    "Failed",
    "Forget",
    "Insert",
    "Interrupted",
    "Lost",
    "Move",
    "Observed",
    "Operation",
    "Refusal",
    "Rerun",
    "Started",
    "Succeeded",
    "Sync",
    "Text",
    "Unshown",
]


class Refusal(Exception):
    """An operation that can't be applied; ``code`` for programs, ``str()`` for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Text:
    """One cell's text, as a client tells it; None: leave as it is."""

    cell_id: str
    source: str
    language: str | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Sync:
    """The whole document, in order."""

    cells: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """New text for a known cell."""

    text: Text


@dataclass(frozen=True, slots=True)
class Insert:
    """A new cell; ``index`` None: after the last one of its kind."""

    text: Text
    index: int | None
    kind: Kind = "notebook"


@dataclass(frozen=True, slots=True)
class Delete:
    """A cell goes, with its names."""

    cell_id: str


@dataclass(frozen=True, slots=True)
class Move:
    """A cell gets another position."""

    cell_id: str
    index: int


@dataclass(frozen=True, slots=True)
class Forget:
    """All cells go."""


@dataclass(frozen=True, slots=True)
class Rerun:
    """The user runs a cell by hand: if nothing it depends on changed, its results count as new.

    ``outside``: something outside the notebook has changed that it read: they count no more, whatever else changed.
    """

    cell_id: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Unshown:
    """Front ends don't have what a cell's last run showed: they dropped it for a run that couldn't be, or lost it."""

    cell_id: str


@dataclass(frozen=True, slots=True)
class Started:
    """A cell begins to run; ``edited`` since it was chosen: what runs is a text that it no longer has."""

    cell_id: str
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """What a run showed: see `core.notebook.Ran`."""

    bound: Mapping[str, str | None] = field(default_factory=dict)
    mutated: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    stays: Mapping[str, str] = field(default_factory=dict)
    carried: Mapping[str, Deferred] = field(default_factory=dict)
    reach: Mapping[str, frozenset[int]] = field(default_factory=dict)
    cleared: frozenset[str] = frozenset()  # names that share objects with mutated ones, seen unchanged
    unread: frozenset[str] = frozenset()
    found: frozenset[str] = frozenset()
    libraries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()  # databases outside the notebook that it changed


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A cell's run ended well."""

    cell_id: str
    seen: Observed
    execution_count: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """A cell's run raised; nothing that it did is kept, but that it read ``drawn``, hidden state, is known now."""

    cell_id: str
    error: str
    execution_count: int | None = None
    seconds: float = 0.0
    drawn: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A cell's run was interrupted; nothing that it did is kept."""

    cell_id: str
    execution_count: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Lost:
    """Values that can't be had any more: ``(cell id, name)`` pairs, used up or dropped."""

    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """Values that changed outside of any cell: ``(cell id, name, new token)``."""

    values: tuple[tuple[str, str, str], ...]


Operation = (
    Sync
    | Edit
    | Insert
    | Delete
    | Move
    | Forget
    | Rerun
    | Unshown
    | Started
    | Succeeded
    | Failed
    | Interrupted
    | Lost
    | Changed
)
