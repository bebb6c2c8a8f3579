"""While a cell runs, its code doesn't feel that values are kept for other places in the notebook.

`ndarray.resize` refuses where more than its caller refers to the array, weak references included; in a plain kernel
only the variable does.  And pandas writes into a frame's memory, where arrays see it, if no other frame shares that.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from reactive_kernel.core.operations import Lost
from reactive_kernel.kernel.albums import Albums
from reactive_kernel.kernel.changes import Watch
from reactive_kernel.kernel.frame_memory import is_frame, shared_memory, viewed_memory
from reactive_kernel.kernel.store import Store

__all__ = ["LetGo", "let_go"]

_RESIZED = re.compile(r"(?<![\w.])(\w+)\s*\.\s*resize\s*\(")
_GONE = object()


def let_go(watch: Watch, store: Store, albums: Albums) -> LetGo | None:
    """Set superseded frames apart, and let go of the arrays that a cell resizes by a name of its own text."""
    _set_apart(watch, store)
    source, numpy = watch.cell.source, sys.modules.get("numpy")
    if numpy is None or "resize" not in source:
        return None
    values = ((name, watch.before.get(name)) for name in _RESIZED.findall(source))
    names = {id(value): name for name, value in values if type(value) is numpy.ndarray}
    if not names:
        return None
    albums.forget()
    return LetGo(names, watch, store)


def _set_apart(watch: Watch, store: Store) -> None:
    """Give frames that the cell does not see memory of their own, where arrays look at what one has that it sees.

    Of small frames always: the cell may take such an array out itself.
    """
    if "pandas" not in sys.modules:
        return
    given = (watch.before.get(name) for name in watch.cell.inputs)
    frames = list(filter(is_frame, given))
    viewed = {id(owner) for frame in frames for look in (viewed_memory, shared_memory) for owner in look(frame)}
    kept = [value for values in store.values.values() for value in values.values()] if viewed else []
    store.apart.set_apart((frame for frame in filter(is_frame, kept) if not _is_seen(frame, watch, store)), viewed)


def _is_seen(value: Any, watch: Watch, store: Store) -> bool:
    """True if a variable that the cell sees holds a frame; an array of numbers only looks at its memory."""
    array = getattr(sys.modules.get("numpy"), "ndarray", None)
    for cell_id, name in store.session.sharing.get(id(value), ()):
        held: Any = watch.before.get(name, _GONE)
        looks = array is not None and type(held) is array and not held.dtype.hasobject
        if held is store.values.get(cell_id, {}).get(name) and not looks:
            return True
    return False


class LetGo:
    """The arrays that the store and a watch have let go of, until `take_back`.

    Such an array is known again by its name; if the cell may have bound that to another one, it counts as used up.
    """

    def __init__(self, names: dict[int, str], watch: Watch, store: Store) -> None:
        self._names, self._watch, self._store = names, watch, store
        self._held: list[tuple[int, Any, Any]] = []  # which array was where, and by which key or index
        for holder, key, value in [*self._places()]:
            if id(value) in names:
                self._held.append((id(value), holder, key))
                self._put(holder, key, _GONE)
        self._drop_views()
        store.excursion = None

    def _drop_views(self) -> None:
        """Views of the arrays that only cells below have are made anew: as those run, there are none yet."""
        watch, store = self._watch, self._store
        here, array = set(map(id, watch.before.values())), sys.modules["numpy"].ndarray

        def is_view(value: Any) -> bool:
            return type(value) is array and id(value.base) in self._names and id(value) not in here

        cells = store.session.cells
        lost = []
        for cell_id, variables in store.values.items():
            if cell_id not in cells or cells[cell_id].key > watch.cell.key:
                lost += [(cell_id, name) for name, value in variables.items() if is_view(value)]
        for cell_id, name in lost:
            del store.values[cell_id][name]
        for delta in store.deltas.values() if lost else ():
            delta.entries = [entry for entry in delta.entries if not is_view(entry[0])]
        if lost:
            store.session.apply(Lost(tuple(sorted(lost))))

    def _places(self) -> Iterator[tuple[Any, Any, Any]]:
        watch, store = self._watch, self._store
        for variables in (watch.before, *store.values.values()):
            yield from ((variables, name, value) for name, value in variables.items())
        surveys = {id(seen): seen for seen in (*watch.surveys.values(), *watch.beside.values())}.values()
        noted: list[dict[int, Any]] = [watch.left, *(seen.states for seen in surveys)]
        for states in noted:
            yield from ((states, key, value) for key, (value, _) in states.items())
        for delta in store.deltas.values():
            yield from ((delta.entries, index, value) for index, (value, _) in enumerate(delta.entries))

    @staticmethod
    def _put(holder: Any, key: Any, value: Any) -> None:
        holder[key] = (value, holder[key][1]) if type(holder[key]) is tuple else value

    def take_back(self) -> None:
        """Have the arrays again."""
        watch, store = self._watch, self._store
        facts, now = watch.cell.facts, store.namespace
        unsure = facts.writes.keys() | facts.deletes.keys()
        found = {
            key: now[name]
            for key, name in self._names.items()
            if id(now.get(name)) == key and name not in unsure and not facts.opaque
        }
        for key, holder, place in reversed(self._held):
            if key in found:
                self._put(holder, place, found[key])
            else:
                del holder[place]
        lost = {pair for key in self._names.keys() - found.keys() for pair in store.session.sharing.get(key, ())}
        if lost:
            store.session.apply(Lost(tuple(sorted(lost))))
