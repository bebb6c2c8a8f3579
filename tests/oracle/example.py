"""A session as plain data: the cells it starts from and the operations, positions modulo the length.

Any list of operations fits any notebook, so an example can be cut anywhere and kept as a JSON file.
"""

from __future__ import annotations

import io
import json
import tokenize
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import sql_plain

Op = tuple[Any, ...]
KINDS = ("edit", "editrun", "tweak", "format", "undo", "run", "insert", "delete", "move", "stale", "disk")
CHANGES = frozenset(KINDS) - {"run", "stale", "disk"}
WITHOUT_CELL = ("stale", "disk")


@dataclass(frozen=True, slots=True)
class Example:
    """``start``: run all before the first operation; ``every``: settle after so many operations."""

    cells: tuple[str, ...]
    ops: tuple[Op, ...]
    start: bool = True
    every: int = 1
    note: str = ""

    def to_json(self) -> str:
        """Return the file form: one cell or operation per line."""
        lines = ["{", f' "note": {json.dumps(self.note)},']
        lines += [f' "start": {json.dumps(self.start)}, "every": {self.every},', ' "cells": [']
        lines += [",\n".join(f"  {json.dumps(cell)}" for cell in self.cells), ' ],\n "ops": [']
        lines += [",\n".join(f"  {json.dumps(list(op))}" for op in self.ops), " ]\n}\n"]
        return "\n".join(lines)

    @classmethod
    def from_json(cls, text: str) -> Example:
        """Read the file form."""
        data = json.loads(text)
        ops = tuple(tuple(op) for op in data["ops"])
        return cls(tuple(data["cells"]), ops, data["start"], data["every"], data.get("note", ""))

    @classmethod
    def load(cls, path: Path) -> Example:
        """Read a kept example."""
        return cls.from_json(path.read_text(encoding="utf-8"))

    def but(self, **changes: Any) -> Example:
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def __str__(self) -> str:
        cells = "\n".join(f"  [{i}] " + cell.replace("\n", "\n      ") for i, cell in enumerate(self.cells))
        ops = "\n".join(
            "  - " + " ".join(repr(part) if i else str(part) for i, part in enumerate(op)) for op in self.ops
        )
        return f"start={self.start} every={self.every}\n{cells}\n{ops}"


@dataclass(frozen=True, slots=True)
class Change:
    """An operation with its position resolved: what to tell the engine.

    ``kind`` is "edit", "editrun", "insert", "delete", "move", "run" or "stale"; "disk": the module
    ``source`` beside the notebook is saved with the number ``index`` in it.
    """

    kind: str
    cell_id: str = ""
    source: str = ""
    index: int = 0


@dataclass(slots=True)
class Document:
    """The notebook as its author sees it: ids in order, sources, and earlier sources for undo."""

    ids: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    earlier: dict[str, str] = field(default_factory=dict)
    made: int = 0

    @classmethod
    def of(cls, cells: tuple[str, ...]) -> Document:
        """Return a document with ids c0, c1, …"""
        document = cls()
        for source in cells:
            document._insert(len(document.ids), source)
        return document

    def _insert(self, index: int, source: str) -> str:
        cell_id = f"c{self.made}"
        self.made += 1
        self.ids.insert(index, cell_id)
        self.sources[cell_id] = source
        return cell_id

    def apply(self, op: Op) -> Change | None:
        """Change the document by ``op`` and return what it meant here; None if it means nothing here."""
        kind, *rest = op
        if kind == "stale":
            return Change("stale")
        if kind == "disk":
            return Change("disk", source=rest[0], index=rest[1])
        if kind == "insert":
            index = rest[0] % (len(self.ids) + 1)
            return Change("insert", self._insert(index, rest[1]), rest[1], index)
        if not self.ids:
            return None
        cell_id = self.ids[rest[0] % len(self.ids)]
        if kind == "run":
            return Change("run", cell_id, self.sources[cell_id])
        if kind == "delete":
            self.ids.remove(cell_id)
            del self.sources[cell_id]
            self.earlier.pop(cell_id, None)
            return Change("delete", cell_id)
        if kind == "move":
            self.ids.remove(cell_id)
            index = rest[1] % (len(self.ids) + 1)
            self.ids.insert(index, cell_id)
            return Change("move", cell_id, index=index)
        source = self._edited(kind, cell_id, rest)
        if source is None:
            return None
        self.earlier[cell_id] = self.sources[cell_id]
        self.sources[cell_id] = source
        return Change("editrun" if kind == "editrun" else "edit", cell_id, source)

    def _edited(self, kind: str, cell_id: str, rest: list[Any]) -> str | None:
        old = self.sources[cell_id]
        if kind in ("edit", "editrun"):
            return str(rest[1])
        if kind == "undo":
            return self.earlier.get(cell_id)
        if kind == "format":
            return sql_plain.reformatted(old) if sql_plain.is_sql(old) else f"# a remark\n\n{old}\n"
        if kind == "tweak":
            return tweak(old, rest[1], rest[2])
        raise ValueError(f"unknown operation {kind!r}")


def tweak(source: str, which: int, delta: int) -> str | None:
    """Return ``source`` with one of its numbers changed, or None if it has none."""
    places = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NUMBER and token.string.replace(".", "", 1).isdigit():
                places.append(token)
    except (tokenize.TokenError, SyntaxError):
        return None
    if not places:
        return None
    token = places[which % len(places)]
    lines = source.split("\n")
    row, start, end = token.start[0] - 1, token.start[1], token.end[1]
    number = float(token.string) if "." in token.string else int(token.string)
    changed = max(0, number + delta) if isinstance(number, int) else round(abs(number + delta / 10), 4)
    lines[row] = f"{lines[row][:start]}{changed}{lines[row][end:]}"
    return "\n".join(lines)
