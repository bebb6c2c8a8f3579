"""Play an example against an engine and report every difference and what it cost."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field

from reactive_kernel.core.plan import OF_A_TEXT, REPEATS

from . import sql_kernel
from .canon import Form
from .clean import Cells, Clean
from .driver import Driver, Factory, NoEnd
from .example import Document, Example
from .judge import Difference, between, clean_for, really_changed, settled
from .patience import Slow
from .patience import patience as patience_of

IGNORED: set[str] = set()  # kinds of differences to overlook, while looking for others


@dataclass(slots=True)
class Report:
    """How one session went; counts are over the whole session.

    ``needed`` is what an omniscient scheduler would have run; ``first`` are runs of the notebook as it was opened,
    ``again`` runs of cells that had failed in the same way before; ``comparisons`` are outputs compared;
    ``excess`` says after which operation how many cells more than that ran.
    """

    differences: list[Difference] = field(default_factory=list)
    operations: int = 0
    ran: int = 0
    needed: int = 0
    again: int = 0
    first: int = 0
    comparisons: int = 0
    murky: int = 0
    blocked: int = 0
    failed: int = 0
    excess: list[tuple[str, int]] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Sum up."""
        self.differences += other.differences
        for name in ("operations", "ran", "needed", "again", "first", "comparisons", "murky", "blocked", "failed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Session:
    """One example in progress."""

    def __init__(self, example: Example, factory: Factory, names: bool = True, driver: type[Driver] = Driver) -> None:
        """Open the notebook; ``names``: judge the namespace too, not only outputs."""
        self.document = Document.of(example.cells)
        self.driver = driver(factory)
        self.report = Report()
        self.inputs: dict[str, Form] = {}
        self.by_hand: set[str] = set()
        self.names = names
        self.where = "start"
        self.driver.open(list(self.cells))

    @property
    def cells(self) -> Cells:
        """The document now."""
        return tuple((cell_id, self.document.sources[cell_id]) for cell_id in self.document.ids)

    def operate(self, op: tuple[object, ...]) -> None:
        """Apply one operation and judge what can be judged."""
        self.report.operations += 1
        self.where = f"operation {self.report.operations}: {op[0]}"
        change = self.document.apply(op)
        if change is None:
            return
        if change.kind in ("run", "editrun"):
            self.by_hand.add(change.cell_id)
        self.driver.change(change)
        self._note(between(self.cells, self.driver.look()))

    def settle(self) -> None:
        """Run what is left and judge in full."""
        self.driver.settle()
        seen = self.driver.look()
        clean = clean_for(self.cells, seen)
        ran = len(self.driver.ran)
        self.report.ran += ran
        changed = really_changed(self.inputs, clean) | (self.by_hand & clean.inputs.keys())
        changed |= {cell_id for cell_id in clean.failed & set(self.driver.ran) if _may_pass(clean, cell_id)}
        self.report.needed += len(changed)
        if self.inputs:
            self.report.again += len(clean.failed & set(self.driver.ran) - changed)
        else:
            self.report.first += ran
        self.driver.ran.clear()
        self.report.excess.append((self.where, ran - len(changed)))
        self.inputs = clean.inputs
        self.by_hand.clear()
        if clean.murky:
            self.report.murky += 1
            return
        self.report.comparisons += len(seen)
        self.report.blocked += sum(cell.status == "blocked" for cell in seen)
        self.report.failed += len(clean.failed)
        namespace = sql_kernel.seen(self.driver.namespace) if self.names else {}
        found = settled(self.cells, seen, clean, namespace)
        self._note([d for d in found if self.names or d.kind not in ("missing", "value", "sharing", "ghost")])

    def _note(self, found: list[Difference]) -> None:
        self.report.differences += [Difference(d.kind, d.what, self.where) for d in found if d.kind not in IGNORED]


def _may_pass(clean: Clean, cell_id: str) -> bool:
    """True if "run all" is to try a failed cell once more: the cause may lie outside the notebook."""
    return str(clean.shown[cell_id].error).partition(":")[0] not in REPEATS | OF_A_TEXT


def play(
    example: Example, factory: Factory, names: bool = True, patience: int = 20, driver: type[Driver] = Driver
) -> Report:
    """Play ``example`` to its end or to the first difference."""
    session: Session | None = None
    try:
        with patience_of(patience):
            session = Session(example, factory, names, driver)
            if example.start:
                session.settle()
            for number, op in enumerate(example.ops, 1):
                if session.report.differences:
                    break
                session.operate(op)
                if number % example.every == 0 or number == len(example.ops):
                    session.settle()
    except Slow:
        return _broken(session, "slow", f"no end after {patience} s")
    except NoEnd as problem:
        return _broken(session, "no end", str(problem))
    except Exception as problem:  # the engine's own fault, whatever it is
        lines = traceback.format_exc().strip().splitlines()
        return _broken(session, f"crash {type(problem).__name__}", "\n".join(lines[-8:]))
    return session.report


def _broken(session: Session | None, kind: str, what: str) -> Report:
    report = session.report if session else Report()
    report.differences.append(Difference(kind, what, session.where if session else "opening"))
    return report
