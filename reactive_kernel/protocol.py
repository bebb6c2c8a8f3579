"""The wire's names and shapes, in one place (see docs/protocol.md).

Everything that travels between clients, coordinator and kernel is named here; the JSON schemas and
the TypeScript types are generated from this module.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

PROTOCOL = 1
FEATURE = "reactive"
REQUEST = "reactive_request"
REPLY = "reactive_reply"
EVENT = "reactive_event"

Status = Literal["idle", "queued", "running", "success", "error", "blocked"]
Mode = Literal["auto", "lazy"]
RunKind = Literal["cell", "stale", "all", "upstream"]


class ProblemDict(TypedDict):
    """What is wrong with a cell: a code for programs, a sentence for people."""

    code: str
    message: str
    names: list[str]
    cells: list[str]


class CellText(TypedDict):
    """One cell of a document, as a client tells it."""

    cell_id: str
    source: str
    language: NotRequired[Literal["python", "sql"]]
    disabled: NotRequired[bool]


class Entry(TypedDict):
    """A cell's state as the kernel tells it."""

    cell_id: str
    index: int
    language: str
    status: Status
    fresh: bool
    has_run: bool
    reads: list[str]
    writes: list[str]
    mutates: list[str]
    opaque: bool
    forward_reads: list[str]
    upstream: list[str]
    downstream: list[str]
    version: str | None
    execution_count: int | None
    seconds: float | None
    disabled: bool
    problem: ProblemDict | None
    remarks: list[str]


Edge = TypedDict("Edge", {"from": str, "to": str, "names": list[str]})


class State(TypedDict):
    """The answer to ``sync`` and ``state``; ``edit`` and its like answer only changed cells."""

    revision: int
    mode: Mode
    cells: list[Entry]
    edges: list[Edge]


class OutputMark(TypedDict):
    """``metadata.reactive`` of an output that belongs to a cell run in a cascade."""

    cell_id: str
    cascade_id: str
    cascade_index: int
    cascade_total: int
    is_last: bool


class RanCell(TypedDict):
    """One line of ``execute_reply.content.reactive.cells``."""

    cell_id: str
    status: Status
    execution_count: int | None
    seconds: float | None


class ReplyMark(TypedDict):
    """``execute_reply.content.reactive``."""

    cascade_id: str
    cells: list[RanCell]
    skipped: int
    stale: list[str]


class Refused(Exception):
    """A request that breaks the protocol; ``str()`` names what is wrong, and nothing has changed."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


Json = dict[str, Any]
