"""A smaller example that still shows a difference of the same kind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from .example import CHANGES, WITHOUT_CELL, Document, Example, Op
from .execute import parses

Fails = Callable[[Example], bool]


def shrink(example: Example, fails: Fails, seconds: float = 60.0) -> Example:
    """Return the smallest example found in ``seconds``; ``fails`` must hold for ``example``."""
    end = time.monotonic() + seconds
    best = example
    improved = True
    while improved and time.monotonic() < end:
        improved = False
        for smaller in _smaller(best):
            if time.monotonic() > end:
                break
            if fails(smaller):
                best, improved = smaller, True
                break
    return best


def _smaller(example: Example) -> Iterator[Example]:
    count = len(example.ops)
    for size in (count // 2, count // 4, 1):
        if size > 0:
            for at in range(count - size, -1, -size):
                yield example.but(ops=example.ops[:at] + example.ops[at + size :])
    for at in reversed(range(len(example.cells))):
        yield _without_cell(example, at)
    yield from _simpler_ops(example)
    yield from _simpler_sources(example)
    if not example.start:
        yield example.but(start=True)
    if example.every != 1:
        yield example.but(every=1)


def _positions(example: Example) -> list[tuple[str | None, Op, list[str]]]:
    """Each operation with the id of the cell that it is about and the document before it."""
    document = Document.of(example.cells)
    found = []
    for op in example.ops:
        ids = list(document.ids)
        about = ids[op[1] % len(ids)] if ids and op[0] not in ("insert", *WITHOUT_CELL) else None
        found.append((about, op, ids))
        document.apply(op)
    return found


def _without_cell(example: Example, at: int) -> Example:
    """Drop a first cell and what happens to it; other operations go on meaning what they meant."""
    gone = f"c{at}"
    ops: list[Op] = []
    for about, op, ids in _positions(example):
        if about == gone or (op[0] not in ("insert", *WITHOUT_CELL) and about is None):
            continue
        ops.append(_moved(op, ids, gone))
    return example.but(cells=example.cells[:at] + example.cells[at + 1 :], ops=tuple(ops))


def _moved(op: Op, ids: list[str], gone: str) -> Op:
    if op[0] in WITHOUT_CELL or gone not in ids:
        return _plain(op, ids)
    where = ids.index(gone)
    plain = _plain(op, ids)
    parts = list(plain)
    parts[1] -= parts[1] > where
    if op[0] == "move":
        parts[2] -= parts[2] > where
    return tuple(parts)


def _plain(op: Op, ids: list[str]) -> Op:
    """The operation with its positions in range."""
    parts = list(op)
    if op[0] in WITHOUT_CELL or not ids:
        return op
    parts[1] %= len(ids) + (op[0] == "insert")
    if op[0] == "move":
        parts[2] %= len(ids)
    return tuple(parts)


def _simpler_ops(example: Example) -> Iterator[Example]:
    """Operations spelled out: a tweak or undo as an edit, positions in range."""
    document = Document.of(example.cells)
    for at, op in enumerate(example.ops):
        plain = _plain(op, document.ids)
        change = document.apply(op)
        if op[0] in CHANGES & {"tweak", "undo", "format", "editrun"} and change is not None:
            spelled = ("edit", document.ids.index(change.cell_id), change.source)
            if spelled != op:
                yield example.but(ops=(*example.ops[:at], spelled, *example.ops[at + 1 :]))
        elif plain != op:
            yield example.but(ops=(*example.ops[:at], plain, *example.ops[at + 1 :]))


def _simpler_sources(example: Example) -> Iterator[Example]:
    for at, source in enumerate(example.cells):
        for simpler in _parsing(source):
            yield example.but(cells=(*example.cells[:at], simpler, *example.cells[at + 1 :]))
    for at, op in enumerate(example.ops):
        if op[0] in ("edit", "editrun", "insert"):
            for simpler in _parsing(op[2]):
                yield example.but(ops=(*example.ops[:at], (op[0], op[1], simpler), *example.ops[at + 1 :]))


def _parsing(source: str) -> Iterator[str]:
    """Simpler sources; without errors of syntax that were not there."""
    for simpler in _simpler_source(source):
        if parses(simpler) or not parses(source):
            yield simpler


def _simpler_source(source: str) -> Iterator[str]:
    lines = source.split("\n")
    starts = [i for i, line in enumerate(lines) if line and not line[0].isspace()]
    if len(starts) > 1:
        for begin, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            yield "\n".join(lines[:begin] + lines[end:])
    if len(lines) > 1:
        for at in range(len(lines)):
            yield "\n".join(lines[:at] + lines[at + 1 :])
