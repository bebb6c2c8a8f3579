"""Whose values have objects inside that a run changed, or may have changed."""

from __future__ import annotations

from collections.abc import Iterable

from reactive_kernel.core.session import Session
from reactive_kernel.core.sharing import sharers
from reactive_kernel.kernel.changes import Changes, Watch
from reactive_kernel.kernel.store import MISSING, Store

__all__ = ["Sharers"]


class Sharers:
    """Looks among what the cells above have given."""

    def __init__(self, session: Session, store: Store) -> None:
        self.session, self.store = session, store

    def of(self, watch: Watch, tokens: Iterable[int]) -> set[str]:
        """The visible names whose values contain one of these objects."""
        found: set[str] = set()
        later = self.session.graph.later(watch.cell)
        for cell_id, name in sharers(self.session.sharing, tokens):
            if cell_id in later:
                continue
            value = self.store.values.get(cell_id, {}).get(name, MISSING)
            if value is not MISSING and watch.before.get(name, MISSING) is value:
                found.add(name)
        return found

    def cleared(self, watch: Watch, changes: Changes) -> frozenset[str]:
        """Visible names that share objects with what changed, or may, and did not change."""
        found = {name for name, seen in (watch.surveys | watch.beside).items() if seen.complete}
        whole = watch.unseen.isdisjoint(changes.names)
        for name in changes.names:
            if (seen := watch.surveys.get(name)) is not None:
                found |= self.of(watch, seen.states)
                whole &= not seen.truncated
        # All that the cell can have changed was looked at: of what only shares with that, the rest is as it was.
        # Nor did what wasn't seen of a value change where nothing but what was seen says that it did.
        told = changes.names - changes.presumed
        for name in told | (changes.names - watch.surveys.keys()) if whole else told:
            for producer in map(self.session.cells.__getitem__, self.session.graph.above(name, watch.cell.key)):
                found |= self.of(watch, producer.ran.reach.get(name, ()) if producer.ran is not None else ())
        return frozenset(found - changes.names)
