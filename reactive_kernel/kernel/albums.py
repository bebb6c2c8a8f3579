"""What was seen inside figures and models is kept from look to look: what hasn't changed isn't walked through anew.

Comparing an object with its state costs a fraction of walking to it and taking that.  A walk that was cut off for lack
of time goes on with the next look, so that what is too large for one look is known whole after a few.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from time import thread_time
from typing import Any

from reactive_kernel.kernel.changes import Touched, touched_in
from reactive_kernel.kernel.figure_states import renew_owned
from reactive_kernel.kernel.openers import way_into
from reactive_kernel.kernel.state import State
from reactive_kernel.kernel.survey import NOTHING_SEEN, Survey, Walk

__all__ = ["Albums"]

MANY = 64  # instances of libraries' classes: what has fewer is quickly walked through
SOME = 16  # the same of what was cut off
MOST = 5  # looks at one value that may be cut off, before it counts as too large
SELDOM = 16  # moments
GROWN = 1.5  # times as much, of which some may not be inside any more
WALKED = 5e-6  # seconds for an object, cautiously
AT_ONCE = 64  # objects, between two looks at the time


class _Album:
    """One kept walk; ``at``: the moment for which it holds; ``values``: those whose walk it is, by id."""

    def __init__(self, walk: Walk, seen: Survey, at: int) -> None:
        self.walk, self.seen, self.at, self.looks = walk, seen, at, 1
        self.size = len(seen.states)  # when it was made
        self.tried, self.cut = -1, seen  # the moment for which it was last compared, and what came of that if cut off
        self.values: dict[int, Any] = {}


class _Known:
    """What is known of values that a walk comes to, by id: from looks just before it, or kept."""

    def __init__(self, albums: Albums, deadline: float | None, done: Mapping[int, Survey]) -> None:
        self.albums, self.deadline, self.done = albums, deadline, done

    def get(self, key: int) -> Survey | None:
        """What is in the value with that id, if that is known."""
        return self.done.get(key) or self.albums.part(key, self.deadline)


class Albums:
    """The kept walks of one kernel.

    Each moment ends with anything that may change objects: a cell's run, a way to another place in the notebook.
    """

    def __init__(self, namespace: dict[str, Any], main: str) -> None:
        self._namespace, self._main = namespace, main
        self._kept: dict[int, _Album] = {}
        self._moment = self._pruned = 0

    def begin(self) -> None:
        """A new moment: what was seen has to be compared again."""
        self._moment += 1

    def survey(self, value: Any, deadline: float, taken: dict[int, State], done: Mapping[int, Survey]) -> Survey:
        """Look at a value, and take states; ``done`` has what was looked at just before, by id of the value."""
        if (album := self._kept.get(id(value))) is not None:
            if album.at == self._moment or self._compare(album, deadline):
                return self._go(album, deadline, True, taken, done)
            if id(value) in self._kept:  # there was no time
                return album.cut
        walk = self._walk(value)
        seen = walk.go(deadline, True, taken, _Known(self, deadline, done))
        self._keep(value, walk, seen)
        return seen

    def look(self, value: Any, deadline: float, done: Mapping[int, Survey] = NOTHING_SEEN) -> Survey:
        """Look at a value that a cell gives, without taking states; but such as cost next to nothing are kept."""
        if (known := self.known(value, deadline, done)) is not None:
            return known
        walk = self._walk(value)
        seen = walk.go(deadline, False, None, _Known(self, None, done), light=is_of_a_library(value))
        self._keep(value, walk, seen)
        return seen

    def _walk(self, value: Any) -> Walk:
        if is_of_a_library(value):
            renew_owned()
        return Walk((value,), self._namespace, self._main)

    def known(self, value: Any, deadline: float, done: Mapping[int, Survey] = NOTHING_SEEN) -> Survey | None:
        """What is known to be in a value at this moment, if it is one that is kept."""
        album = self._kept.get(id(value))
        if album is None or album.at != self._moment:
            return None
        return self._go(album, deadline, False, {}, done)

    def part(self, value: int, deadline: float | None) -> Survey | None:
        """What is in the value with that id, if it is kept and was walked through to the end; compared if need be."""
        album = self._kept.get(value)
        if album is None or album.seen.truncated:
            return None
        if album.at != self._moment and not (deadline and self._compare(album, deadline)):
            return None
        return album.seen if album.walk.over else None

    def rank(self, value: Any) -> float:
        """In which order values are best looked at: what is known well first, and what may only hold others last."""
        if (album := self._kept.get(id(value))) is not None:
            return 1 / (1 + len(album.seen.states)) if album.seen.truncated else 0
        return 2 if is_of_a_library(value) else 3

    def is_at_hand(self, value: Any) -> bool:
        """True if a look at a value costs next to nothing at this moment: it is known, or perhaps what it holds."""
        if (album := self._kept.get(id(value))) is not None:
            return album.at == self._moment
        return not is_of_a_library(value) and any(album.at == self._moment for album in self._albums())

    def goes_on(self, value: Any) -> bool:
        """True if the next look at a value goes on where this one was cut off."""
        album = self._kept.get(id(value))
        return album is not None and album.looks < MOST

    def _albums(self) -> Collection[_Album]:
        return {id(album): album for album in self._kept.values()}.values()

    def _drop(self, album: _Album) -> None:
        for key in album.values:
            self._kept.pop(key, None)

    def after(self, touched: Touched) -> None:
        """A cell ran; of all that is seen in what was looked at before, only this changed."""
        before, self._moment = self._moment, self._moment + 1
        for album in self._albums():
            if album.at == before:
                states = album.seen.states
                self._again(album, {key: touched[key] for key in touched.keys() & states.keys()}, False)

    def forget(self) -> None:
        """Keep nothing, and hold nothing."""
        self._kept.clear()

    def prune(self) -> None:
        """Keep only what variables have; asked once in a while."""
        if self._kept and self._moment - self._pruned >= SELDOM:
            self._pruned = self._moment
            alive = set(map(id, self._namespace.values()))
            for key in self._kept.keys() - alive:
                self._kept.pop(key).values.pop(key)

    def _compare(self, album: _Album, deadline: float) -> bool:
        """See what has changed since the album was made; False if there is no time for that, or it was thrown away."""
        many = len(album.seen.states)
        if album.walk.loose and many > album.size * GROWN and many * WALKED < deadline - thread_time():
            self._drop(album)  # to be made anew
            return False
        if album.tried == self._moment:
            return False
        album.tried = self._moment
        touched, items = dict[int, tuple[Any, State]](), list(album.seen.states.items())
        for start in range(0, many, AT_ONCE):
            if thread_time() > deadline:  # then as much is known as was compared
                album.walk.again(touched, False)  # what changed just now is most likely to change with the cell
                album.seen = album.walk.result
                same = {key: album.seen.states[key] for key, _ in items[:start]}
                album.cut = replace(album.seen, states=same, truncated=True, hurried=True)
                return False
            touched.update(touched_in(dict(items[start : start + AT_ONCE])))
        self._again(album, touched, True)
        return True

    def _again(self, album: _Album, touched: Touched, capture: bool) -> None:
        album.walk.again(touched, capture)
        album.seen, album.at = album.walk.result, self._moment

    def _go(
        self, album: _Album, deadline: float, capture: bool, taken: dict[int, State], done: Mapping[int, Survey]
    ) -> Survey:
        if not album.walk.over:
            album.looks += album.seen.truncated
            known = _Known(self, deadline if capture else None, done)
            album.seen = album.walk.go(deadline, capture, taken, known, light=not capture)
            if not album.seen.truncated:
                album.size = len(album.seen.states)
                self._join(album)
        return album.seen

    def _join(self, album: _Album) -> None:
        """What turned out to be the same as another is kept once: a figure and its axes hold each other."""
        for other in self._albums():
            if other is not album and other.seen is album.seen:
                other.values.update(album.values)
                self._kept.update(dict.fromkeys(album.values, other))
                break

    def _keep(self, value: Any, walk: Walk, seen: Survey) -> None:
        """Keep a walk through much that is a library's, whole or cut off by time."""
        if seen.untold or seen.caches or seen.widgets or (seen.truncated and not seen.hurried):
            return
        if not is_of_a_library(value):
            return
        album = next((album for album in self._albums() if album.seen is seen), None)
        if album is None and walk.plain >= (SOME if seen.truncated else MANY):
            album = _Album(walk, seen, self._moment)
        if album is not None:
            album.values[id(value)] = value
            self._kept[id(value)] = album


def is_of_a_library(value: Any) -> bool:
    """True for a plain instance of a library's class; what is in others is better known from these than from them."""
    return way_into(type(value)).memos is not None
