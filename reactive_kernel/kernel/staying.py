"""After a run: which of a cell's old objects stay in place of the new ones, and by which token readers know each value.

An object that stays keeps its version, so that nothing that reads it runs again (early cut-off).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Set
from functools import partial
from typing import Any

from reactive_kernel.core.graph import descendants
from reactive_kernel.core.notebook import Cell
from reactive_kernel.core.operations import Lost
from reactive_kernel.core.options import taken_from
from reactive_kernel.core.session import Session
from reactive_kernel.core.sharing import sharers
from reactive_kernel.core.versions import name_version, same_as
from reactive_kernel.kernel.borrowed import lent
from reactive_kernel.kernel.changes import Changes, Watch, deadline, has_changed, made_here
from reactive_kernel.kernel.equals import Pairing, Pairs, alike, made_of_others, nobody_else_holds
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.state import State
from reactive_kernel.kernel.store import MISSING, Store, put_back
from reactive_kernel.kernel.survey import Survey
from reactive_kernel.kernel.tokens import identity_matters, token

__all__ = ["Staying"]


class Staying:
    """Decides for one kernel; remembers the tokens of each cell's last run."""

    def __init__(self, session: Session, store: Store, look: Callable[[Any], Survey]) -> None:
        self.session = session
        self.store = store
        self.look = look
        self.tokens: dict[str, dict[str, str | None]] = {}  # raw tokens of the last run, by cell
        self._dropped: dict[str, dict[str, tuple[str, Any]]] = {}  # of a cell that has failed since, with the values
        self._salt = 0
        self._own: tuple[str, Set[str]] = ("", frozenset())

    def decide(
        self, watch: Watch, bound: dict[str, Any], changes: Changes, mutated: Iterable[str], changed: bool
    ) -> dict[str, str | None]:
        """Tokens of what was bound; what stays is put into ``bound`` and into the variables."""
        self._own = ("", frozenset())
        raw = {name: token(value, self.store.main) for name, value in bound.items()}
        if watch.again:
            # What it changed in place, under a name that it bound to the same object too (``d = d``).
            here = {n for n in changes.names if bound.get(n, MISSING) is watch.before.get(n)}
            tokens = self._keep_held(watch, bound, raw, here.union(mutated))
        else:
            tokens = self._tokens(watch, bound, raw, self._keep_alike(watch, bound, raw, changes), changed)
            self._keep_equal(watch, bound, raw)
        self.tokens[watch.cell.id] = raw
        return tokens

    def effects(
        self, watch: Watch, changes: Changes, changed: frozenset[str], drawn: Mapping[str, Any]
    ) -> dict[str, str]:
        """Tokens of names that the run changed in place, where it left them as the cell's last run did."""
        cell, ran = watch.cell, watch.cell.ran
        if ran is None:
            return {}
        if watch.again:
            return dict(ran.stays)
        kept = self.store.values.get(cell.id, {})
        names = {n for n, state in drawn.items() if n in ran.mutated and kept.get(n, MISSING) == state}
        same = {n for n in changed & watch.held if kept.get(n, MISSING) is self.store.namespace.get(n)}
        if not self._left_alike(watch, changes, changed):
            same = self._left_alike_alone(watch, changes, (same & ran.mutated) - changes.borrowed)
        names |= same
        known = {**ran.stays, **{n: t for n, t in ran.bound.items() if t is not None}}
        return {n: known.get(n) or same_as(name_version(cell.id, ran.version, n)) for n in names}

    def _left_alike(self, watch: Watch, changes: Changes, changed: frozenset[str]) -> bool:
        """True if the cell, given the same, changed the same objects, and left each as it did the last time."""
        ran, left = watch.cell.ran, watch.left
        if ran is None or not (watch.same_inputs and left) or watch.unseen or changes.lost:
            return False
        if changed != {name for name in ran.mutated if not name.startswith("<")}:
            return False
        if not changes.touched.keys() <= left.keys():
            return False
        otherwise = [(value, state) for value, state in left.values() if has_changed(value, state)]
        return not otherwise or self._has_parts_alike(watch, otherwise)

    def _has_parts_alike(self, watch: Watch, otherwise: list[tuple[Any, State]]) -> bool:
        """True if these only have parts that were made anew just as the last time; then they get the old ones."""
        pairs: Pairs = []
        for value, state in otherwise:
            replaced = state.replaced(value) if state.restore is not None else None
            if not replaced:  # it differs otherwise
                return False
            pairs += replaced
        pairing = self._pairing(watch, frozenset())
        if not pairing.fits("", pairs):
            return False
        pairs.clear()
        del replaced
        if pairing.held_by_others(self.store.namespace):
            return False
        return not put_back(otherwise)

    def _left_alike_alone(self, watch: Watch, changes: Changes, names: set[str]) -> set[str]:
        """Those that were left as the last time though the cell was given other things: nothing of these is inside."""
        found: set[str] = set()
        settled = self._settled(watch) if names and watch.left and not watch.unseen else frozenset()
        for name in names:
            seen = watch.surveys.get(name)
            if seen is None or not seen.complete or not seen.states.keys() <= settled - changes.lost:
                continue
            if not self._left_so(watch, changes, seen.states.keys()):
                continue
            now = self.look(self.store.namespace[name])
            # What was put into it may have changed otherwise than the last time, though it itself did not.
            if not now.truncated and now.states.keys() <= settled and self._left_so(watch, changes, now.states.keys()):
                found.add(name)
        return found

    def _left_so(self, watch: Watch, changes: Changes, inside: Set[int]) -> bool:
        """True if the cell changed none of these objects otherwise than the last time."""
        if not changes.touched.keys() & inside <= watch.left.keys():
            return False
        return not any(has_changed(*watch.left[key]) for key in watch.left.keys() & inside)

    def forget(self, cell_id: str) -> None:
        """The cell's last run counts no more; readers may have what it gave, and see the same again after the next."""
        kept = self.store.forget(cell_id)
        self.store.dirty.update(kept)
        tokens = self.tokens.pop(cell_id, {})
        dropped = {n: (t, kept[n]) for n, t in tokens.items() if t is not None and n in kept}
        if dropped:
            self._dropped[cell_id] = dropped

    def _tokens(
        self,
        watch: Watch,
        bound: dict[str, Any],
        raw: dict[str, str | None],
        kept_alike: Mapping[str, str],
        changed: bool,
    ) -> dict[str, str | None]:
        """Tokens of what was bound; if all is provably what it was, the old objects are kept (in ``bound`` too).

        Functions and classes of equal code are told apart by ``is`` and ``isinstance``: they count as
        unchanged only where everything that the cell gives is unchanged, and then stay the same objects.
        """
        matters = {
            name for name, value in bound.items() if raw[name] is not None and identity_matters(value, self.store.main)
        }
        if not matters:
            return {**raw, **kept_alike}
        cell, ran = watch.cell, watch.cell.ran
        kept = self.store.values.get(cell.id, {})
        same = (
            not changed
            and watch.same_inputs
            and self.tokens.get(cell.id) == raw
            and all(t is not None or n in kept_alike for n, t in raw.items())
            and kept.keys() >= bound.keys()
        )
        if same and ran is not None and all(bound[n] is kept[n] or self._made_here(cell, n, kept) for n in matters):
            for name in bound:
                bound[name] = self.store.namespace[name] = kept[name]
            return {**{n: ran.bound.get(n) for n in bound}, **kept_alike}
        again = self._keep_same_code(watch, bound, raw, matters)
        self._salt += 1
        salted = {n: f"{t}@{self._salt}" if n in matters else t for n, t in raw.items()}
        return {**salted, **again, **kept_alike}

    def _keep_same_code(
        self, watch: Watch, bound: dict[str, Any], raw: dict[str, str | None], matters: set[str]
    ) -> dict[str, str]:
        """Keep old functions and classes whose code is the same, if nothing else holds the new ones; their tokens."""
        cell, ran = watch.cell, watch.cell.ran
        before, kept = self.tokens.get(cell.id, {}), self.store.values.get(cell.id, {})
        tokens: dict[str, str] = {}
        new = dict(bound)
        for name in matters:
            known = ran.bound.get(name) if ran is not None and name in watch.held else None
            if known is None or name not in kept or before.get(name) != raw[name]:
                continue
            old = kept[name]
            own = not self._is_of_others(cell, old) and sum(old is value for value in kept.values()) == 1
            own = own and not made_of_others(bound[name], self.store.namespace, self.store.main)
            unchanged = own and token(old, self.store.main) == raw[name]
            unchanged = unchanged and self._from_others(cell, old) == self._from_others(cell, bound[name])
            if unchanged and nobody_else_holds(bound[name], 3):  # but the variables, ``bound`` and ``new``
                bound[name] = self.store.namespace[name] = old
                tokens[name] = known
        reach = ran.reach if ran is not None else {}
        # None without what it was made with: a class and its base are both the old ones, or both new.
        while gone := {id(kept[n]) for n in matters - tokens.keys() if n in kept and kept[n] is not bound[n]}:
            parted = [n for n in tokens if not gone.isdisjoint(reach.get(n, ()))]
            if not parted:
                break
            for name in parted:
                bound[name] = self.store.namespace[name] = new[name]
                del tokens[name]
        return tokens

    def _keep_equal(self, watch: Watch, bound: dict[str, Any], raw: Mapping[str, str | None]) -> None:
        """Keep the old objects of equal texts, tuples and the like, if nobody else holds the new ones.

        What readers have made of the old ones stays, and ``is`` tells one from the other.
        """
        cell, main = watch.cell, self.store.main
        given, tokens = self.store.values.get(cell.id, {}), self.tokens.get(cell.id, {})
        known = {n: (t, given[n]) for n, t in tokens.items() if t is not None and n in given and n in watch.held}
        known = known or self._dropped.pop(cell.id, {})
        kept = {name: value for name, (_, value) in known.items()}
        groups: dict[int, list[str]] = {}
        for name in bound.keys() & known.keys():
            if bound[name] is not kept[name] and raw[name] == known[name][0]:
                groups.setdefault(id(bound[name]), []).append(name)
        for names in groups.values():
            old, new = kept[names[0]], bound[names[0]]
            paired = {n for n in kept if kept[n] is old} == {n for n in bound if bound[n] is new}
            if not paired or identity_matters(new, main) or self._is_of_others(cell, old):
                continue
            if sys.getrefcount(new) == 2 * len(names) + 2:  # ours, and the argument
                for name in names:
                    bound[name] = self.store.namespace[name] = old

    def _keep_alike(
        self, watch: Watch, bound: dict[str, Any], raw: dict[str, str | None], changes: Changes
    ) -> dict[str, str]:
        """Keep the old objects of names whose new values are alike (in ``bound`` too); returns tokens of these."""
        cell, ran = watch.cell, watch.cell.ran
        kept = self.store.values.get(cell.id, {})
        # What lies in an array's memory would have to stay along with it, or go.
        borrowed = lent(bound, self.store.namespace.values)
        lenders = frozenset().union(*borrowed.values())
        staying = (n for n, t in raw.items() if t is None and n in watch.held and n in kept and n not in borrowed)
        old = {n: kept[n] for n in staying if id(bound[n]) not in lenders}
        if ran is None or not old:
            return {}
        # What the cell was given is what it was given the last time only if neither run changed it.
        settled = self._settled(watch) if not (changes.names or ran.mutated or watch.unseen) else frozenset()
        start = partial(self._pairing, watch, settled)
        tokens: dict[str, str] = {}
        found = [name for name, value in old.items() if value is bound[name] and _is_only_imported(cell, name, value)]
        others = {name: value for name, value in old.items() if name not in found}
        for name in [*found, *(alike(others, bound, self.store.namespace, start) if others else ())]:
            bound[name] = self.store.namespace[name] = old[name]
            known = ran.bound.get(name)
            tokens[name] = known if known is not None else same_as(name_version(cell.id, ran.version, name))
        return tokens

    def _pairing(self, watch: Watch, settled: Set[int]) -> Pairing:
        """A comparison of what a cell made with what it made the last time; ``settled`` objects are what they were."""
        before = frozenset().union(*(seen.states for seen in watch.surveys.values()))
        above = partial(self._is_of_others, watch.cell)
        return Pairing(
            self.store.main,
            deadline(watch.cell),
            lambda value: id(value) in settled,
            lambda one, other: id(one) in before or id(other) in before or above(one) or above(other),
        )

    def _settled(self, watch: Watch) -> frozenset[int]:
        """Objects behind inputs that the cell had at the same version the last time, and behind no others."""
        cells, ran = self.session.cells, watch.cell.ran
        known = set(ran.inputs) if ran is not None else set()
        same = {
            name: all((name, cells[p].outs.get(name, "")) in known for p in watch.cell.inputs.get(name, ()))
            for name in watch.surveys
        }
        found = frozenset().union(*(seen.states for name, seen in watch.surveys.items() if same[name]))
        return found.difference(*(seen.states for name, seen in watch.surveys.items() if not same[name]))

    def _made_here(self, cell: Cell, name: str, kept: Mapping[str, Any]) -> bool:
        """True if a function or class, now and the last time, is the cell's own: no other cell has the same object."""
        values = (kept[name], self.store.namespace.get(name))
        return made_here(cell, name) or not any(self._is_of_others(cell, value) for value in values)

    def _from_others(self, cell: Cell, value: Any) -> set[int]:
        """Objects in a value that cells give which don't have them from this one: such as the base of a class."""
        sharing, own = self.session.sharing, self._own_cells(cell)
        return {key for key in self.look(value).states if any(i not in own for i, _ in sharing.get(key, ()))}

    def _is_of_others(self, cell: Cell, value: Any) -> bool:
        """True if a cell that doesn't have it from this one gives the same object, or one deleted since."""
        cells = self.session.cells
        others = {i for i, _ in self.session.sharing.get(id(value), ())} - {cell.id}
        if any(i not in cells or cells[i].key < cell.key for i in others):
            return True
        # What is of a cell below, this one can have had from there, by an earlier text.
        return bool(others) and not others <= self._own_cells(cell)

    def _own_cells(self, cell: Cell) -> Set[str]:
        """A cell and all that depend on it; the same for all of a run."""
        if self._own[0] != cell.id:
            self._own = cell.id, frozenset({cell.id, *descendants(self.session.cells, [cell.id])})
        return self._own[1]

    def _keep_held(
        self, watch: Watch, bound: dict[str, Any], raw: dict[str, str | None], mutated: Iterable[str]
    ) -> dict[str, str | None]:
        """After a cell was made again at its version: what was not used up stays the object that it was.

        Where a new value shares objects with one that was used up, or with one that the cell changes, the
        new one is taken, and other cells' values that share with the old one are used up as well.
        """
        cell, ran = watch.cell, watch.cell.ran
        if ran is None:
            return raw
        kept = self.store.values.get(cell.id, {})
        borrowed = lent(bound, self.store.namespace.values)
        inside = {name: borrowed.get(name, set()).union(self.look(value).states) for name, value in bound.items()}
        changed = frozenset().union(*(self.look(self.store.namespace[name]).states for name in mutated))
        taken = {n for n in bound if n not in watch.held or n not in kept or inside[n] & changed}
        while more := {n for n in bound.keys() - taken if any(inside[n] & inside[t] for t in taken)}:
            taken |= more
        lost: list[tuple[str, str]] = []
        for name in bound:
            if name not in taken:
                bound[name] = self.store.namespace[name] = kept[name]
            elif name in watch.held:
                old = sharers(self.session.sharing, ran.reach.get(name, frozenset()) - inside[name])
                lost.extend(pair for pair in old if pair[0] != cell.id)
        if lost:
            self.session.apply(Lost(tuple(lost)))
        return {n: ran.bound[n] if n in ran.bound else raw[n] for n in bound}


def _is_only_imported(cell: Cell, name: str, value: Any) -> bool:
    """True if the cell does no more with a name than to take it from an installed module: that changes nothing."""
    path, attribute = taken_from(cell.source).get(name, ("", ""))
    module = sys.modules.get(path)
    return module is not None and not LOCAL.is_own(module) and module.__dict__.get(attribute) is value
