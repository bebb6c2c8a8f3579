"""Keeps superseded values within a limit: the largest are let go, and made again when they are needed.

Superseded are values that the notebook's end doesn't show (``df`` before ``df = df.dropna()``), and the
states that objects had before cells changed them in place.
"""

from __future__ import annotations

from typing import Any

from reactive_kernel.core.operations import Lost
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.store import Store

__all__ = ["SMALL", "size_of", "trim"]

SMALL = 1 << 16  # bytes; what is smaller isn't counted


def size_of(value: Any) -> int:
    """Bytes that a value holds, where that is quickly told: arrays, frames, series, text; else 0."""
    try:
        return _size_of(value)
    except Exception:  # an object that doesn't let itself be looked at
        return 0


def _size_of(value: Any) -> int:
    kind = type(value)  # the object itself isn't asked: it may be a proxy, and asking may cost
    if issubclass(kind, (bytes, bytearray, str)):
        return len(value)
    package = kind.__module__.partition(".")[0]
    bases = {base.__module__.partition(".")[0] for base in kind.__mro__}
    if "pandas" in bases and (manager := getattr(value, "_mgr", None)) is not None and hasattr(manager, "blocks"):
        return sum(int(getattr(block.values, "nbytes", 0)) for block in manager.blocks)
    if package == "polars":
        return int(value.estimated_size()) if hasattr(value, "estimated_size") else 0
    if package in ("pyarrow", "torch") or "numpy" in bases:
        size = getattr(value, "nbytes", 0)
        return size if isinstance(size, int) else 0
    return 0


def trim(store: Store, session: Session, limit: int) -> None:
    """Let go of superseded values, largest first, until at most ``limit`` bytes of them are kept."""
    found: list[tuple[int, str, str]] = []  # size, cell, name ("": the cell's delta)
    for (cell_id, name), size in store.large.items():
        if store.namespace.get(name) is not store.values.get(cell_id, {}).get(name):
            found.append((size, cell_id, name))
    found.extend(
        (delta.size, cell_id, "")
        for cell_id, delta in store.deltas.items()
        if delta.size >= SMALL and cell_id in store.applied
    )
    total = sum(size for size, _, _ in found)
    lost: list[tuple[str, str]] = []
    for size, cell_id, name in sorted(found, reverse=True):
        if total <= limit:
            break
        total -= size
        if name:
            del store.values[cell_id][name]
            del store.large[(cell_id, name)]
            lost.append((cell_id, name))
        else:
            lost.extend((producer, n) for n, producers in store.deltas[cell_id].names.items() for producer in producers)
            store.keep_delta(cell_id)
    if lost:
        store.excursion = None
        session.apply(Lost(tuple(lost)))
