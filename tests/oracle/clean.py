"""What a clean top-to-bottom run in plain Python shows: the standard that everything is judged by.

A cell that fails leaves no trace: the run is made again without it.  Cells that use a name defined only
below run after the cell that defines it; then each cell sees the namespace of its place in the document.
Knows nothing of engines, except the order in which the caller says that forward references must run.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from . import disk
from .bindings import created, deleted, mentioned
from .canon import Form, inputs_form, namespace_form
from .execute import Namespace, Recorder, Shown, execute, hidden_state_kept, new_namespace, normal_form, process_state

Cells = tuple[tuple[str, str], ...]  # (id, source) in document order
Edges = frozenset[tuple[str, str, frozenset[str]]]  # (producer, reader, names)


@dataclass(slots=True)
class Clean:
    """What a clean run shows.

    Attributes:
        shown: what each cell shows, failing ones included.
        failed: the cells that raise.
        names: the forms of the names at the end.
        inputs: for each cell, its code and the forms of what it could see (for counting what had to run).
        murky: True if a cell that waited for one below it changes something in place, or would have seen
            something changed by a cell that did not wait: then no order is *the* clean one.  Nor is one where a
            cell waits and arrays look into frames.
    """

    shown: dict[str, Shown] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    names: dict[str, Form] = field(default_factory=dict)
    inputs: dict[str, Form] = field(default_factory=dict)
    murky: bool = False


_VIEWS = re.compile(r"\.values\b(?!\()|\bto_numpy\b")  # arrays that look into a frame's memory
_OF_THE_PROCESS = {"random", "shuffle", "randint", "seed", "np", "os", "decimal", "Decimal"}


def _inputs(source: str, namespace: Namespace) -> Form:
    """What the cell can see; the state of generators and of the process is an input of whoever can reach it."""
    names = set(mentioned(source))
    form = inputs_form(names, namespace)
    text = repr(form)
    draws = "'random'" in text or "numpy" in text or names & _OF_THE_PROCESS
    imports = disk.state() if any(name in source for name in disk.NAMES) else ()
    return (normal_form(source), form, _hidden() if draws else (), imports)


Needs = dict[int, dict[int, frozenset[str]]]  # reader -> producer -> names, by position


class _Run:
    """One attempt, without the cells known to fail."""

    def __init__(self, cells: Sequence[tuple[str, str]], needs: Needs) -> None:
        self.cells = cells
        self.needs = needs
        self.by_position = any(j > i for i, others in needs.items() for j in others)
        self.order = _order(len(cells), needs) if self.by_position else list(range(len(cells)))
        self.namespace = new_namespace()
        self.bound: dict[int, dict[str, Any]] = {}
        self.gone: dict[int, set[str]] = {}  # deleted by the cell, though it had not bound them
        self.dropped: dict[int, frozenset[str]] = {}  # deleted: what is above doesn't show below
        # Values that are kept for places above are others' in a plain run, which pandas would not copy for.
        self.result = Clean(murky=self.by_position and any(_VIEWS.search(source) for _, source in cells))

    def go(self) -> str | None:
        """Run all; return the id of the first cell that fails, or None."""
        with hidden_state_kept():
            for index in self.order:
                cell_id, source = self.cells[index]
                if self.by_position:
                    self._place(index)
                self.result.inputs[cell_id] = _inputs(source, self.namespace)
                shown = self._run(index, source)
                self.result.shown[cell_id] = shown
                if shown.error is not None:
                    return cell_id
            if self.by_position:
                self._place(len(self.cells))
            self.result.names = namespace_form(self.namespace)
        return None

    def _run(self, index: int, source: str) -> Shown:
        if not self.by_position:
            return execute(source, self.namespace)
        below = any(other > index for other in self.bound)
        waiting = [other for other in range(index) if other not in self.bound]
        views = [(self._names(other), self._at(other)) for other in waiting]
        before = dict(self.namespace)
        if below:
            views.append((self._names(index), before))
        forms = [inputs_form(names, there) for names, there in views]
        state = _hidden() if views else None
        recorder = Recorder(self.namespace)
        shown = execute(source, self.namespace, recorder)
        now = self.namespace
        new = {n for n, v in now.items() if n not in before or before[n] is not v}  # bound by functions, too
        self.bound[index] = {n: now[n] for n in now.keys() & (recorder.bound | new | created(source))}
        self.gone[index] = set(before) - set(now)
        self.dropped[index] = (deleted(source) | recorder.bound) - set(now)  # also by `except … as error`
        if views and "globals" in mentioned(source):
            self.result.murky = True
        if views and (state != _hidden() or forms != [inputs_form(names, there) for names, there in views]):
            self.result.murky = True
        return shown

    def _names(self, index: int) -> set[str]:
        """What a cell may read, itself or through a function that it calls."""
        return set(mentioned(self.cells[index][1])).union(*self.needs.get(index, {}).values())

    def _at(self, index: int) -> Namespace:
        """What the document has at ``index``: of each name the nearest above.

        From below comes only what the caller says that the cell needs, from where the caller says; all else isn't
        there, as in a plain run.
        """
        there = new_namespace()
        settled: set[str] = set()
        hidden: set[str] = set()
        needs = self.needs.get(index, {})
        chosen = {name: j for j, names in sorted(needs.items(), reverse=True) if j > index for name in names}
        for j in [*range(index - 1, -1, -1), *range(index + 1, len(self.cells))]:
            for name, value in self.bound.get(j, {}).items():
                below = chosen.get(name) == j
                if name not in settled and (name not in hidden if j < index else below):
                    there[name] = value
                    settled.add(name)
            if j < index:
                settled |= self.gone.get(j, set())
                hidden |= self.dropped.get(j, set())
        return there

    def _place(self, index: int) -> None:
        there = self._at(index)
        self.namespace.clear()
        self.namespace.update(there)


def _hidden() -> tuple[Any, ...]:
    _, keys, position, *gauss = np.random.get_state()
    return hash(random.getstate()), np.asarray(keys).tobytes(), position, tuple(gauss), process_state()


def _order(count: int, needs: Needs) -> list[int]:
    """Document order, except that a cell waits for what it needs from below."""
    order: list[int] = []
    left = list(range(count))
    while left:
        ready = (index for index in left if needs.get(index, {}).keys() <= set(order))
        index = next(ready, left[0])  # a loop: then the order is as good as any other
        left.remove(index)
        order.append(index)
    return order


def _needs(cells: Sequence[tuple[str, str]], edges: Edges) -> Needs:
    place = {cell_id: i for i, (cell_id, _) in enumerate(cells)}
    needs: Needs = {}
    for producer, reader, names in edges:
        if producer in place and reader in place:
            needs.setdefault(place[reader], {})[place[producer]] = names
    return needs


def clean_run(cells: Cells, left_out: frozenset[str] = frozenset(), edges: Edges = frozenset()) -> Clean:
    """Run the notebook cleanly, without the cells ``left_out``.

    ``edges`` count only if some of them point upwards: then they say what has to wait for what.
    """
    return _clean_run(cells, left_out, edges, disk.state())


@lru_cache(maxsize=8)
def _clean_run(cells: Cells, left_out: frozenset[str], edges: Edges, modules: tuple[int, ...]) -> Clean:
    failed: dict[str, Shown] = {}
    inputs: dict[str, Form] = {}
    murky = False
    while True:
        kept = [cell for cell in cells if cell[0] not in left_out and cell[0] not in failed]
        run = _Run(kept, _needs(kept, edges))
        culprit = run.go()
        if culprit is None:
            break
        murky = murky or run.result.murky
        failed[culprit] = run.result.shown[culprit]
        inputs[culprit] = run.result.inputs[culprit]
    run.result.shown.update(failed)
    run.result.inputs.update(inputs)
    run.result.failed = set(failed)
    run.result.murky |= murky
    return run.result
