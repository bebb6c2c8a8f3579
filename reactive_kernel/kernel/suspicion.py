"""How likely a cell is to change what it was given, and what counts as changed where no look could tell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Set
from time import thread_time
from typing import Any

from reactive_kernel.core.dotted import EVALUATORS
from reactive_kernel.core.facts import WEAK
from reactive_kernel.core.notebook import MUTATES, Cell
from reactive_kernel.core.session import Session
from reactive_kernel.core.sharing import sharers
from reactive_kernel.kernel.changes import PATIENCE, Watch, called_reads, longer, seen_whole
from reactive_kernel.kernel.memos import of_a_library
from reactive_kernel.kernel.survey import Survey
from reactive_kernel.kernel.typewise import about

__all__ = ["FEW", "look_beside", "objects_held", "presumed", "reads_of", "suspicion"]

FEW = 32  # objects: what has no more is looked at though the time is up
MODEST = 200  # objects: what has no more may be looked at besides
MANY = 20  # ties between two values that are looked at


def objects_held(session: Session, cell: Cell, name: str) -> int:
    """How many objects the value of an input held when it was bound."""
    found = [session.cells[p].ran for p in cell.inputs[name]]
    return sum(len(ran.reach.get(name, ())) for ran in found if ran is not None)


def suspicion(cell: Cell, name: str, answered: bool = False, own: bool = False) -> int:
    """0: the source or the last run says that the cell changes it; 1: it may; 2: nothing says so.

    ``answered``: the cell's last expression gave something: what was asked for that was not asked for its effect.
    ``own``: it is of a class of the user's own: what its methods do is anybody's guess.
    """
    if cell.ran is not None and name in cell.ran.mutated:
        return 0
    mutation = cell.facts.mutates.get(name)
    if mutation is not None:
        if own and mutation.strength in ("drawn", "asked"):
            return 0
        return 1 if mutation.strength in WEAK or (answered and mutation.strength == "asked") else 0
    if cell.produces.get(name, 0) & MUTATES:
        return 0
    return 2 if name in cell.facts.reads else 1


def reads_of(session: Session, cell: Cell) -> Set[str]:
    """Names that the cell may read: not those that only share objects with what it changes."""
    called = called_reads(session, cell)
    hidden = any(reason.hides_reads for reason in cell.facts.opaque) or not EVALUATORS.isdisjoint(called)
    return cell.inputs.keys() if hidden else cell.facts.reads.keys() | called


def look_beside(session: Session, watch: Watch, look: Callable[[Any], Survey]) -> None:
    """Look at values of names that the cell doesn't read, but which were met in what it may change and is large.

    Should they be as they were after the run, what changed is not in them.
    """
    cell, own = watch.cell, reads_of(session, watch.cell)
    cut = {name for name, seen in watch.surveys.items() if seen.truncated} | watch.unseen
    met = set().union(*(_reach(session, watch, name) for name in cut if suspicion(cell, name) == 0))
    found = sharers(session.sharing, met) if met else []
    held = {pair: len(ran.reach[pair[1]]) for pair in found if (ran := session.cells[pair[0]].ran) is not None}
    until = longer(0.0)
    for cell_id, name in sorted(held, key=lambda pair: (held[pair], pair)):
        if name in watch.surveys or name in own or name not in watch.before:
            continue
        if cell_id not in session.graph.above(name, cell.key):
            continue
        if held[cell_id, name] <= MODEST and thread_time() < until:
            seen = look(watch.before[name])
            if seen.complete:
                (watch.surveys if name in watch.unseen else watch.beside)[name] = seen
                watch.unseen.discard(name)


def presumed(
    session: Session,
    watch: Watch,
    namespace: Mapping[str, Any],
    touched: Collection[int],
    look: Callable[[Any], Survey],
) -> set[str]:
    """Inputs that can't be told and count as changed.

    Names that the cell doesn't read, but which share objects with what it may change, do so only if
    something that it reads was not looked at whole, and what they are known to share neither: else that is known.
    """
    cell = watch.cell
    doubtful = {n: seen for n, seen in watch.surveys.items() if not seen.complete}
    answered = bool(doubtful or watch.unseen) and _answered(watch, namespace)

    own = {n for n in doubtful.keys() | watch.unseen if _is_own(watch.before.get(n))}
    found = {n for n, seen in doubtful.items() if _untold(session, watch, n, seen, answered, n in own)}
    found |= {n for n in watch.unseen if suspicion(cell, n, answered, n in own) == 0}
    if any(reason.evaluates for reason in cell.facts.opaque):  # what it does to them stands in none of its lines
        found |= watch.unseen - watch.unread - cell.facts.reads.keys()
    read = found & reads_of(session, cell)
    cut = any(n in watch.unseen or watch.surveys[n].truncated for n in read)
    return found - _apart(session, watch, found, touched, look) if cut else read


def _apart(
    session: Session, watch: Watch, guessed: Set[str], touched: Collection[int], look: Callable[[Any], Survey]
) -> set[str]:
    """Of these names, those that the cell doesn't read, and whose ties to what it reads were seen whole, unchanged."""
    read = guessed & reads_of(session, watch.cell)
    if read == guessed:
        return set()
    whole = seen_whole(watch, touched)
    told = {
        key: value
        for seen in watch.surveys.values()
        for key, (value, state) in seen.states.items()
        if state is not None and key not in seen.untold and key not in touched
    }
    held = set().union(*(_reach(session, watch, name) for name in read))
    until = thread_time() + PATIENCE

    def unchanged(ties: set[int]) -> bool:
        if len(ties) > MANY or not ties <= told.keys() or thread_time() > until:
            return False
        return all(seen.complete and seen.states.keys() <= told.keys() for seen in map(look, map(told.get, ties)))

    return {name for name in guessed - read if unchanged((_reach(session, watch, name) & held) - whole)}


def _reach(session: Session, watch: Watch, name: str) -> set[int]:
    """Objects that are known to be in an input."""
    seen = watch.surveys.get(name)
    given = [ran.reach.get(name, ()) for p in watch.cell.inputs[name] if (ran := session.cells[p].ran) is not None]
    return set(seen.states if seen is not None else ()).union(*given)


def _answered(watch: Watch, namespace: Mapping[str, Any]) -> bool:
    """True if the cell's last expression gave something (IPython keeps it as ``_1``, …) that it had not been given."""
    given = [n for n in watch.rebound if n[:1] == "_" and n[1:].isdigit() and n not in watch.before]
    inputs = [watch.before[n] for n in watch.surveys.keys() | watch.unseen if n in watch.before]
    return bool(given) and not any(namespace[n] is value for n in given for value in inputs)


def _is_own(value: Any) -> bool:
    """True for an instance of a class of the notebook's, or of a module of the user's."""
    return about(type(value)).module != "builtins" and not of_a_library(type(value))


def _untold(session: Session, watch: Watch, name: str, seen: Survey, answered: bool, own: bool) -> bool:
    """Whether an input that can't be told counts as changed."""
    cell = watch.cell
    if any(session.cells[p].key > cell.key for p in cell.inputs.get(name, ())):
        # From below: were it presumed changed, a clean run could not have given it.
        return suspicion(cell, name, answered, own) <= (1 if seen.iterator and name in cell.facts.mutates else 0)
    if seen.iterator and name not in cell.facts.inert:
        return hasattr(type(watch.before[name]), "__next__") or suspicion(cell, name, answered, own) == 0
    return suspicion(cell, name, answered, own) <= (1 if seen.unknown and name in cell.facts.mutates else 0)
