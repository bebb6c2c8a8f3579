"""The messages of the coordinator's door, typed (see docs/protocol.md and docs/coordinator.md).

Shapes only: what is well formed is checked, and written as JSON Schema, by `door`.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from reactive_kernel.protocol import Edge, Entry, Json, Mode, ProblemDict, Status

CellType = Literal["python", "sql"]


class DoorCell(TypedDict):
    """One cell of a document told as a whole (`sync`)."""

    cellId: str
    code: str
    cellType: NotRequired[CellType]
    disabled: NotRequired[bool]


class CellUpdate(TypedDict):
    """The cell's text, or its settings, are now these."""

    type: Literal["cell_update"]
    cellId: str
    code: str
    cellType: NotRequired[CellType]
    disabled: NotRequired[bool]
    requestId: NotRequired[str]


class RunCell(TypedDict):
    """Run a cell; `run` and `cascade` as in the kernel's `metadata.reactive`."""

    type: Literal["run_cell"]
    cellId: str
    run: NotRequired[Literal["cell", "upstream"]]
    cascade: NotRequired[bool]
    requestId: NotRequired[str]


class RunStale(TypedDict):
    """Run every stale cell that had run before."""

    type: Literal["run_stale"]
    requestId: NotRequired[str]


class RunAll(TypedDict):
    """Make every cell fresh."""

    type: Literal["run_all"]
    requestId: NotRequired[str]


class CreateCell(TypedDict):
    """A new cell: after another, at the top (`afterCellId` null), or at the end (`afterCellId` left out)."""

    type: Literal["create_cell"]
    cellType: CellType
    afterCellId: NotRequired[str | None]
    cellId: NotRequired[str]
    code: NotRequired[str]
    requestId: NotRequired[str]


class DeleteCell(TypedDict):
    """The cell is gone."""

    type: Literal["delete_cell"]
    cellId: str
    requestId: NotRequired[str]


class MoveCell(TypedDict):
    """The cell now stands after another, or at the top."""

    type: Literal["move_cell"]
    cellId: str
    afterCellId: NotRequired[str | None]
    requestId: NotRequired[str]


class SyncDocument(TypedDict):
    """The whole document, in order; what is unchanged is kept.

    With `known` (the cells that the client's document had when it was last in step) and `changed` (those of them
    whose text it changed since) only its own changes are taken: what others did meanwhile stays.
    """

    type: Literal["sync"]
    cells: list[DoorCell]
    known: NotRequired[list[str]]
    changed: NotRequired[list[str]]
    requestId: NotRequired[str]


class UpdateDbConnection(TypedDict):
    """The URL of a database connection; it never comes back out of the door."""

    type: Literal["update_db_connection"]
    connectionString: str
    name: NotRequired[str]
    requestId: NotRequired[str]


class Interrupt(TypedDict):
    """Interrupt the kernel."""

    type: Literal["interrupt"]
    requestId: NotRequired[str]


class RestartKernel(TypedDict):
    """Restart the kernel; the document and the old outputs stay."""

    type: Literal["restart_kernel"]
    requestId: NotRequired[str]


class CellView(Entry):
    """A cell as clients see it: the kernel's entry, the text, and (in `notebook`) the outputs as nbformat has them."""

    cellId: str  # noqa: N815 (the door's own names are in camel case)
    cellType: str  # noqa: N815
    code: str
    outputs: NotRequired[list[Json]]


class Stamp(TypedDict):
    """What every message from the coordinator has: the kernel's revision and the message's own number."""

    revision: int
    seq: int


class KernelView(TypedDict):
    """The kernel as clients see it; `reachable` false: `reason` says why the coordinator can't speak to it."""

    id: str | None
    name: str
    status: str
    reachable: bool
    reason: str | None


class Notebook(Stamp):
    """The whole state; first of all messages."""

    type: Literal["notebook"]
    path: str
    mode: Mode
    cells: list[CellView]
    edges: list[Edge]
    kernel: KernelView


class CellStatus(Stamp):
    """A cell's state changed, its text and names did not."""

    type: Literal["cell_status"]
    cellId: str
    status: Status
    fresh: bool
    hasRun: bool
    executionCount: int | None
    seconds: float | None
    problem: ProblemDict | None


class CellStdout(Stamp):
    """More text on a cell's stdout or stderr."""

    type: Literal["cell_stdout"]
    cellId: str
    data: str
    name: Literal["stdout", "stderr"]


class CellOutput(Stamp):
    """An output: `output` is its mime bundle, `index` its place in the cell (a place in use: it is replaced)."""

    type: Literal["cell_output"]
    cellId: str
    output: Json
    metadata: Json
    kind: Literal["display_data", "execute_result"]
    executionCount: int | None
    index: int


class CellError(Stamp):
    """A cell raised: `error` for people, the rest as Jupyter's own error output has it."""

    type: Literal["cell_error"]
    cellId: str
    error: str
    ename: str
    evalue: str
    traceback: list[str]


class CellCleared(Stamp):
    """The cell's outputs so far are void."""

    type: Literal["cell_cleared"]
    cellId: str


class CellUpdated(Stamp):
    """A cell's text or names changed."""

    type: Literal["cell_updated"]
    cellId: str
    cell: CellView


class CellCreated(Stamp):
    """A new cell at `index`."""

    type: Literal["cell_created"]
    cellId: str
    cell: CellView
    index: int


class CellDeleted(Stamp):
    """A cell is gone."""

    type: Literal["cell_deleted"]
    cellId: str


class CellMoved(Stamp):
    """A cell now stands at `index`."""

    type: Literal["cell_moved"]
    cellId: str
    index: int


class EdgesChanged(Stamp):
    """Who reads from whom, whole."""

    type: Literal["edges"]
    edges: list[Edge]


class ModeChanged(Stamp):
    """The kernel's mode."""

    type: Literal["mode"]
    mode: Mode


class Cascade(Stamp):
    """A cascade's progress; `cascadeIndex` counts from 0."""

    type: Literal["cascade"]
    cascadeId: str
    cascadeIndex: int
    cascadeTotal: int
    isLast: bool
    cellId: str


class DbConnectionUpdated(Stamp):
    """A connection was made or refused."""

    type: Literal["db_connection_updated"]
    name: str
    status: Literal["connected", "error"]
    dialect: NotRequired[str]
    error: NotRequired[str]


class KernelStatus(Stamp):
    """`starting`, `idle`, `busy`, `restarting`, `unresponsive`, `dead`."""

    type: Literal["kernel_status"]
    status: str
    reason: NotRequired[str]


class KernelError(Stamp):
    """The kernel died: in plain words, with the cells that were running."""

    type: Literal["kernel_error"]
    error: str
    restarted: bool
    cellId: str | None
    cells: list[str]


class Done(Stamp):
    """To one client: its message with this `requestId` has been dealt with, outputs included."""

    type: Literal["done"]
    requestId: str
    ok: bool
    result: NotRequired[Json]


class Error(Stamp):
    """To one client: what was wrong with its message (`request`, shortened); nothing was changed."""

    type: Literal["error"]
    message: str
    request: Any


CLIENT_MESSAGES: tuple[Any, ...] = (
    CellUpdate,
    RunCell,
    RunStale,
    RunAll,
    CreateCell,
    DeleteCell,
    MoveCell,
    SyncDocument,
    UpdateDbConnection,
    Interrupt,
    RestartKernel,
)
SERVER_MESSAGES: tuple[Any, ...] = (
    Notebook,
    CellStatus,
    CellStdout,
    CellOutput,
    CellError,
    CellCleared,
    CellUpdated,
    CellCreated,
    CellDeleted,
    CellMoved,
    EdgesChanged,
    ModeChanged,
    Cascade,
    DbConnectionUpdated,
    KernelStatus,
    KernelError,
    Done,
    Error,
)
