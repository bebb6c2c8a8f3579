"""Functions with a cache of their results (`functools.lru_cache`): emptied when what they read has changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.iterator_states import CACHED

__all__ = ["Caches"]


class Caches:
    """Which versions of their globals the cached functions were last used with."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._versions: dict[int, set[tuple[str, str | None]]] = {}

    def counts(self, value: Any) -> bool:
        """False for a cache's change where nobody looks at it: then each call stands for itself."""
        return type(value) is not CACHED or any("cache_info" in cell.source for cell in self.session.document)

    def clear_outdated(self, cell: Cell, wrapper: Any, direct: Iterable[str]) -> None:
        """Empty a function's cache if what the function reads has changed since the cache was last used.

        ``direct``: the names that the function's own code reads.
        """
        reads: set[str] = set()
        todo = set(direct)
        while todo:
            name = todo.pop()
            reads.add(name)
            for producer in map(self.session.cells.__getitem__, cell.inputs.get(name, ())):
                code = producer.carried.get(name)
                todo |= code.reads - reads if code is not None else set()
        versions = {(n, self.session.cells[p].outs.get(n)) for n in reads for p in cell.inputs.get(n, ())}
        if self._versions.setdefault(id(wrapper), versions) != versions:
            wrapper.cache_clear()
            self._versions[id(wrapper)] = versions
