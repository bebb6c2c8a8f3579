"""States of what is used up as it is used: generators, iterators, locks, caches of results.

Iterators over lists and texts can be wound back until they have come to their end; most others are made again by the
cell that made them.
"""

from __future__ import annotations

import functools
import gc
import io
import itertools
import os
import queue
import re
import stat
import threading
from collections.abc import Iterable
from operator import is_
from typing import Any

from reactive_kernel.kernel.code import SUSPENDED, frame_of, stack_of
from reactive_kernel.kernel.container_states import Maker, Taken, same_items
from reactive_kernel.kernel.state import State

__all__ = ["CACHED", "ITERATORS"]

CACHED: type = type(functools.lru_cache(len))


def _generator(value: Any) -> Taken:
    """Where it is, its variables, what it is in the midst of: a loop's iterator, a generator that it yields from."""
    frame = frame_of(value)
    at = frame.f_lasti if frame is not None else -1
    line = dict(frame.f_locals) if frame is not None else {}
    keys, items, stack = list(line.keys()), list(line.values()), stack_of(value)
    inner = _states_inside(stack, {id(value)})

    def changed(now: Any) -> bool:
        place = frame_of(now)
        if place is None or frame is None:
            return place is not frame
        if place.f_lasti != at or not same_items(keys, items, dict(place.f_locals)):
            return True
        there = stack_of(now)
        same = len(there) == len(stack) and all(map(is_, there, stack))
        return not same or any(state.changed(item) for item, state in inner)

    return State(changed, None), "whole"


def _states_inside(items: Iterable[Any], seen: set[int]) -> list[tuple[Any, State]]:
    """States of the iterators among some objects, and of those that these go through."""
    found: list[tuple[Any, State]] = []
    todo = [item for item in items if type(item) in ITERATORS]
    while todo:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        kind = type(item)
        state = (_transparent if kind in COUNTING else _frame_alone if kind in SUSPENDED else ITERATORS[kind])(item)[0]
        found += [(item, state)] if state is not None else []
        todo += [other for other in _inside(item) if type(other) in ITERATORS]
    return found


def _frame_alone(value: Any) -> Taken:
    """Where a generator is."""
    frame = frame_of(value)
    at = frame.f_lasti if frame is not None else -1

    def changed(now: Any) -> bool:
        place = frame_of(now)
        return (place.f_lasti if place is not None else -1) != at

    return State(changed, None), "whole"


def _iterator(value: Any) -> Taken:
    """Iterators over lists, tuples and texts tell how far they are by what pickle would keep.

    At their end they let go of what they go through, and can't be wound back.
    """
    at = _place(value)

    def restore(target: Any) -> None:
        held = target.__reduce__()[1][0]
        if at is not None and isinstance(held, list) and at >= (size := list.__len__(held)):
            # Beyond the end of a list that has become shorter: nobody may be put there while that is so.
            list.extend(held, [None] * (at + 1 - size))
            try:
                target.__setstate__(at)
            finally:
                list.__delitem__(held, slice(size, None))
        else:
            target.__setstate__(at)
        if _place(target) != at:  # it has ended
            raise ValueError("the iterator can't be put there")

    return State(lambda now: _place(now) != at, restore if at is not None else None), "whole"


def _place(value: Any) -> int | None:
    """How far an iterator over a sequence is; None at its end."""
    state = value.__reduce__()[2:]
    return state[0] if state else None


def _range_iterator(value: Any) -> Taken:
    """What is left of a range, or how far in it the iterator is: Python 3.12 changed its mind."""
    before = value.__reduce__()[1:]

    def restore(target: Any) -> None:
        target.__setstate__(before[1])

    winds_back = before[1] is not None
    return State(lambda now: now.__reduce__()[1:] != before, restore if winds_back else None), "whole"


def _transparent(value: Any) -> Taken:
    """Iterators that only pass on what the iterators inside them give: these are visited, and tell.

    At their end they let go of these.
    """
    inside = gc.get_referents(value)

    def changed(now: Any) -> bool:
        left = gc.get_referents(now)
        return len(left) != len(inside) or not all(map(is_, inside, left))

    return State(changed, None), "whole"


def _counting(value: Any) -> Taken:
    """The same of those that also count, or have a switch, which can't be put back when what is inside can."""
    found = [*_states_inside([value], set())]
    return State(lambda now: any(state.changed(item) for item, state in found), None), "whole"


def _inside(value: Any) -> list[Any]:
    """What an iterator goes through: several it keeps in a tuple, of which only the collector may ask what is left."""
    found = gc.get_referents(value)
    several = [item for item in found if type(item) is tuple] if type(value) in SEVERAL else ()
    return [*found, *(item for parts in several for item in gc.get_referents(parts))]


def _by_repr(value: Any) -> Taken:
    before = repr(value)
    return State(lambda now: repr(now) != before, None), "whole"


def _lock(value: Any) -> Taken:
    held = value.locked()

    def restore(target: Any) -> None:
        if held:
            target.acquire(blocking=False)
        elif target.locked():
            target.release()

    return State(lambda now: now.locked() != held, restore), "whole"


def _depth(lock: Any) -> int:
    """How often the present thread holds a reentrant lock; -1: another thread has it."""
    found = re.search(r"owner=(\d+) count=(\d+)", repr(lock))
    if found is None or found[2] == "0":
        return 0
    return int(found[2]) if int(found[1]) == threading.get_ident() else -1


def _reentrant_lock(value: Any) -> Taken:
    depth = _depth(value)

    def restore(target: Any) -> None:
        for _ in range(_depth(target) - depth if depth >= 0 else 0):
            target.release()
        for _ in range(depth - max(_depth(target), 0)):
            target.acquire(blocking=False)

    return State(lambda now: _depth(now) != depth, restore), "whole"


def _cached(value: Any) -> Taken:
    """A function with a cache of its results, and its attributes: empty it can be made again, not filled."""
    before = value.cache_info()
    keys, items = list(value.__dict__.keys()), list(value.__dict__.values())

    def changed(now: Any) -> bool:
        return now.cache_info() != before or not same_items(keys, items, now.__dict__)

    def restore(target: Any) -> None:
        target.cache_clear()
        target.__dict__.clear()
        target.__dict__.update(zip(keys, items, strict=True))

    empty = not (before.hits or before.misses or before.currsize)
    return State(changed, restore if empty else None), "whole"


def _simple_queue(value: Any) -> Taken:
    """A queue written in C: its length, and what is in it."""
    size, inside = value.qsize(), gc.get_referents(value)

    def changed(now: Any) -> bool:
        left = gc.get_referents(now)
        return now.qsize() != size or len(left) != len(inside) or not all(map(is_, inside, left))

    return State(changed, None), "whole"


def _file(value: Any) -> Taken:
    """A file on disk that is only read: the place in it.  Of others, and in the middle of a loop, it can't be told."""
    if value.closed:
        return State(lambda now: not now.closed, None), "whole"
    try:
        read = value.mode in ("r", "rt", "rb") and stat.S_ISREG(os.fstat(value.fileno()).st_mode)
        place = value.tell() if read else None
    except (AttributeError, OSError, ValueError):
        place = None
    if place is None:
        return None, "iterator"
    return State(lambda now: now.closed or now.tell() != place, lambda target: target.seek(place)), "whole"


PASSING = "chain starmap accumulate zip_longest compress filterfalse pairwise"
TRANSPARENT = (zip, map, filter, *(getattr(itertools, name) for name in PASSING.split()))
SEVERAL = (zip, map, itertools.zip_longest)
COUNTING = (enumerate, itertools.islice, itertools.takewhile, itertools.dropwhile)
SEQUENCES: tuple[Any, ...] = ([], (), "", "\xe9", b"", bytearray())

ITERATORS: dict[type, Maker] = {
    **dict.fromkeys(TRANSPARENT, _transparent),
    **dict.fromkeys(COUNTING, _counting),
    **dict.fromkeys((type(iter(sequence)) for sequence in SEQUENCES), _iterator),
    type(reversed([])): _iterator,
    itertools.count: _by_repr,
    itertools.repeat: _by_repr,
    **dict.fromkeys(SUSPENDED, _generator),
    type(iter(range(0))): _range_iterator,
    type(iter(range(1 << 70))): _range_iterator,
    type(threading.Lock()): _lock,
    type(threading.RLock()): _reentrant_lock,
    CACHED: _cached,
    queue.SimpleQueue: _simple_queue,
    io.TextIOWrapper: _file,
    io.BufferedReader: _file,
}
