"""Functions with a cache of their results (`functools.lru_cache`), or of what was compiled of them (numba).

Where nobody can tell a call that the cache answers from one that computes, calls stand for themselves, and the cache is
emptied when what the function reads has changed.  Elsewhere filling it is a change of the function like any other.
"""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.operations import Rerun
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.iterator_states import CACHED
from reactive_kernel.kernel.jitted import compiled, forget_compiled, is_jitted, tells_of_compiling

__all__ = ["Caches"]

SHOWING = frozenset({"print", "display"})
OFTEN = 1  # times that one begins to be followed; from then on it always is


class Caches:
    """Which versions of their globals the cached functions were last used with."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._versions: dict[int, set[tuple[str, str | None]]] = {}
        self._filled: dict[int, tuple[int, int]] = {}
        self._attributes: dict[int, dict[str, Any]] = {}
        self._users: dict[int, tuple[weakref.ref[Any], set[str]]] = {}  # cells that could call it
        # How often one began to be followed: whether it is to be may hang on what a cell does that runs again for it.
        self._begun: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._unsure: set[str] = set()  # of these, those of which nobody knows what they left in the cache

    def begin(self) -> None:
        """A cell is about to run: what was noted for the last one is over."""
        self._filled.clear()
        self._attributes.clear()

    def counts(self, value: Any) -> bool:
        """False for a cache's change that nobody can tell: then each call stands for itself."""
        asked: Callable[[str], object]
        if is_jitted(type(value)):
            asked = tells_of_compiling
        elif type(value) is CACHED:
            asked = _tells_of_cache
        else:
            return True
        if any(asked(cell.source) for cell in self.session.document):
            return True
        old, new = self._attributes.get(id(value), {}), _attributes(value)
        if old.keys() != new.keys() or any(old[name] is not new[name] for name in old):
            return True
        return self._filled.get(id(value)) != _filling(value) and self._tells(value)

    def _tells(self, wrapper: Any) -> bool:
        """True if computing differs from answering out of the cache.

        So it does if the code shows something, binds or changes a global, or reads one that changes on the way down.
        (What numba compiled shows it every time.)
        """
        if self._begun.get(wrapper, 0) > OFTEN:
            return True
        showing = frozenset() if is_jitted(type(wrapper)) else SHOWING
        cells, producers = self.session.cells, self.session.graph.producers
        todo = list(self.session.sharing.get(id(wrapper), ()))
        own, done = {name for _, name in todo}, set()
        while todo:
            cell_id, name = todo.pop()
            code = cells[cell_id].carried.get(name) if cell_id in cells else None
            if code is None or (cell_id, name) in done:
                continue
            done.add((cell_id, name))
            if code.writes or code.mutates or not code.reads.isdisjoint(showing):
                return True
            for read in code.reads - own:
                makers = [maker for _, maker in producers.get(read, ())]
                if len({cells[maker].outs.get(read) for maker in makers}) > 1:
                    return True
                todo += [(maker, read) for maker in makers]
        return False

    def look_after(self, cell: Cell, wrapper: Any, direct: Iterable[str]) -> None:
        """Before a cell runs: note how full a cache is, and what attributes the function has.

        The cache is emptied first if what its function reads has changed since.

        ``direct``: the names that the function's own code reads.
        """
        if not self._tells(wrapper):
            self._clear_outdated(cell, wrapper, direct)
        else:
            self._begin_to_follow(wrapper)
            self._unsure.discard(cell.id)
        self._users.setdefault(id(wrapper), (weakref.ref(wrapper), set()))[1].add(cell.id)
        self._filled[id(wrapper)] = _filling(wrapper)
        self._attributes[id(wrapper)] = dict(_attributes(wrapper))

    def _begin_to_follow(self, wrapper: Any) -> None:
        """From now on what fills the cache counts: until now nobody followed that, and so all begin anew."""
        if self._versions.pop(id(wrapper), None) is not None:
            _clear(wrapper)
            self._begun[wrapper] = self._begun.get(wrapper, 0) + 1
            _, users = self._users.pop(id(wrapper), (None, set()))
            self._unsure |= users

    def no_longer_alone(self) -> list[str]:
        """Make stale the cells whose calls stood for themselves when they ran, and don't any more: some global now
        changes on the way down.  They have to run again, to be known for what they leave in the cache.
        """
        for ref, _ in list(self._users.values()):
            wrapper = ref()
            if wrapper is not None and id(wrapper) in self._versions and self._tells(wrapper):
                self._begin_to_follow(wrapper)
        found = sorted(i for i in self._unsure if i in self.session.cells)
        self._unsure.clear()
        for cell_id in found:
            self.session.apply(Rerun(cell_id))
        return found

    def roll_back(self, wrapper: Any) -> None:
        """After a run that is not to count: a cache that was empty before it is empty again."""
        if self._filled.get(id(wrapper)) == (0, 0):
            _clear(wrapper)

    def _clear_outdated(self, cell: Cell, wrapper: Any, direct: Iterable[str]) -> None:
        reads: set[str] = set()
        todo = set(direct)
        while todo:
            name = todo.pop()
            reads.add(name)
            for producer in map(self.session.cells.__getitem__, cell.inputs.get(name, ())):
                code = producer.carried.get(name)
                todo |= code.reads - reads if code is not None else set()
        reads -= {name for _, name in self.session.sharing.get(id(wrapper), ())}  # that it was filled is no reason
        versions = {(n, self.session.cells[p].outs.get(n)) for n in reads for p in cell.inputs.get(n, ())}
        if self._versions.setdefault(id(wrapper), versions) != versions:
            _clear(wrapper)
            self._versions[id(wrapper)] = versions


def _filling(wrapper: Any) -> tuple[int, int]:
    if is_jitted(type(wrapper)):
        return compiled(wrapper), compiled(wrapper)
    info = wrapper.cache_info()
    return info.misses, info.currsize


def _clear(wrapper: Any) -> None:
    if not is_jitted(type(wrapper)):
        wrapper.cache_clear()
        return
    with suppress(Exception):  # what is wrong now is shown by the next call
        forget_compiled(wrapper)


def _attributes(wrapper: Any) -> dict[str, Any]:
    """What the user may have set; numba keeps things of its own there."""
    return {} if is_jitted(type(wrapper)) else wrapper.__dict__


_tells_of_cache = re.compile("cache_info").search
