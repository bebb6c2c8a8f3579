"""What changes values otherwise than a Python cell's run: files of local modules, widgets in the browser, SQL."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from reactive_kernel.core.operations import Changed, Lost, Rerun, Unshown
from reactive_kernel.kernel.databases import USES
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.tokens import token

if TYPE_CHECKING:
    from reactive_kernel.kernel.executor import Executor

__all__ = ["databases_changed", "look_at_connections", "look_at_modules", "lose_relations", "retoken_widgets"]


def look_at_modules(executor: Executor) -> list[str]:
    """Mark what uses a local module whose file was edited; returns the ids of these cells."""
    edited = LOCAL.check()
    if not edited:
        return []
    session, changes = executor.session, _retoken_modules(executor)
    session.apply(Changed(tuple(changes)))
    names = "|".join(map(re.escape, sorted(edited)))
    imports = re.compile(rf"^([ \t]*)(?:from|import)\b.*\b(?:{names})\b", re.MULTILINE)
    found: dict[str, None] = {}
    for cell in session.document.order:
        indents = imports.findall(cell.source)
        if cell.has_run and indents:  # of one in a function, who calls that is concerned
            found.update(dict.fromkeys([cell.id, *(cell.dependents if any(indents) else ())]))
    for cell_id in found:  # it has to import the new objects, and may fail no more
        session.apply(Unshown(cell_id) if session.cells[cell_id].has_failed else Rerun(cell_id, outside=True))
    readers = {
        reader
        for cell_id, name, _ in changes
        if cell_id in session.cells
        for reader, read in session.cells[cell_id].dependents.items()
        if name in read
    }
    return [*found, *sorted(readers.difference(found))]


def _retoken_modules(executor: Executor) -> list[tuple[str, str, str]]:
    """Values that are, or come from, local modules of which a new edition is known: cell, name, new token."""
    found = []
    for cell_id, tokens in executor.staying.tokens.items():
        for name, old in tokens.items():
            if old is None or "@" not in old or not old.startswith(("module:", "object:")):
                continue
            new = token(executor.store.values.get(cell_id, {}).get(name), executor.main)
            if new is not None and new != old:
                tokens[name] = new
                found.append((cell_id, name, new))
    return found


def retoken_widgets(executor: Executor) -> list[tuple[str, str, str]]:
    """The pseudo-names of widgets' traits that changed since they were last looked at, with new tokens."""
    executor.widgets.changed = False
    found = []
    for cell in executor.session.document:
        for name, old in cell.ran.bound.items() if cell.ran is not None else ():
            if name.endswith(".traits>"):
                value = executor.store.values.get(cell.id, {}).get(name[1:].removesuffix(".traits>"))
                new = executor.widgets.token(executor.look(value).widgets)
                if new != old:
                    found.append((cell.id, name, new))
    return found


def look_at_connections(executor: Executor) -> list[str]:
    """Have connections and cursors made anew, once cells name more of them than can be seen; by which cells."""
    USES.cells = executor.session.document
    pairs = {pair for key in USES.spoilt() for pair in executor.session.sharing.get(key, ())}
    makers = sorted({cell_id for cell_id, _ in pairs})
    for cell_id in makers:
        executor.session.apply(Rerun(cell_id, outside=True))
    return makers


def lose_relations(executor: Executor) -> None:
    """Tell the session which versions of SQL relations are used up (only where SQL was run at all)."""
    catalog = sys.modules.get("reactive_kernel.kernel.sql.catalog")
    if catalog is None or not catalog.take_spent():
        return
    lost = [
        (cell_id, name)
        for cell_id, values in executor.store.values.items()
        for name, value in values.items()
        if name.startswith("sql:") and value.spent
    ]
    executor.session.apply(Lost(tuple(lost)))


def databases_changed() -> tuple[str, ...]:
    """Databases outside the notebook that SQL in the cell has changed."""
    catalog = sys.modules.get("reactive_kernel.kernel.sql.catalog")
    return () if catalog is None else tuple(sorted(catalog.last_run().effects))
