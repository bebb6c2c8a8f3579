"""The notebook's variables for people to look at: type, size, a short text, and which cells give and use each.

Bounded in number and in length.  Asked for while cells run, so it takes what the store holds for the notebook's
end and runs no code of the user's: types are asked, never the objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from reactive_kernel.core.facts import visible
from reactive_kernel.core.notebook import DEFINES, MUTATES
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.store import MISSING, Store
from reactive_kernel.protocol import Json

__all__ = ["MOST", "variables"]

MOST = 500
MOST_TEXT = 80
SHAPED = frozenset({"numpy", "pandas", "polars", "pyarrow", "torch", "scipy", "xarray", "geopandas"})
COUNTED = frozenset({str, bytes, bytearray, list, tuple, dict, set, frozenset, range})
SHORT = frozenset({int, float, complex, bool, type(None)})
MAX_BITS = 256  # of a number that is shown

_name_of = type.__dict__["__name__"].__get__  # a metaclass may have another idea of it
_module_of = type.__dict__["__module__"].__get__


def variables(session: Session, store: Store, names: Iterable[str] | None = None) -> Json:
    """The variables that the notebook's end has, by name; ``names``: only these."""
    wanted = None if names is None else frozenset(names)
    cells: dict[str, tuple[list[str], list[str]]] = {}
    for cell in session.document:
        for name in visible(n for n, how in cell.produces.items() if how & (DEFINES | MUTATES)):
            if wanted is None or name in wanted:
                cells.setdefault(name, ([], []))[0].append(cell.id)
    for cell in session.document:
        for name in visible(n for n, found in cell.inputs.items() if found):
            if name in cells:
                cells[name][1].append(cell.id)
    shown = sorted(cells)[:MOST]
    rows = [{**_told(store, name), "defined_in": cells[name][0], "used_in": cells[name][1]} for name in shown]
    return {"revision": session.revision, "variables": rows, "more": len(cells) > MOST}


def _told(store: Store, name: str) -> Json:
    value = store.lookup(name, inf)
    if value is MISSING:
        is_relation = store.lookup(f"sql:{name}", inf) is not MISSING
        return {"name": name, "type": "relation" if is_relation else "", "size": "", "summary": ""}
    kind = type(value)
    return {"name": name, "type": _name_of(kind)[:MOST_TEXT], "size": _size(value, kind), "summary": _text(value, kind)}


def _size(value: Any, kind: type) -> str:
    """A plain container's length, an array's or frame's shape; else nothing."""
    if kind in COUNTED:
        return str(len(value))
    for base in kind.__mro__:
        shape = vars(base).get("shape")
        if hasattr(type(shape), "__get__") and _package(base) in SHAPED:
            try:
                return "x".join(str(int(n)) for n in shape.__get__(value, kind))  # type: ignore[union-attr]
            except Exception:  # half made, or in use by the cell that runs
                return ""
    return ""


def _package(kind: type) -> str:
    module = _module_of(kind)
    return module.partition(".")[0] if isinstance(module, str) else ""


def _text(value: Any, kind: type) -> str:
    """What a plain short value is."""
    if kind in SHORT:
        return "" if kind is int and value.bit_length() > MAX_BITS else repr(value)
    if kind is str:
        return repr(value if len(value) <= MOST_TEXT else value[:MOST_TEXT] + "…")
    return ""
