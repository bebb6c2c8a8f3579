"""States of frames, series, indexes and groups of pandas, which is not imported for it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary, ref

from reactive_kernel.kernel.frame_memory import Part, is_old, is_small, lies_in, owner_of, same_memory, viewed_memory
from reactive_kernel.kernel.memos import lasting
from reactive_kernel.kernel.state import MAX_BYTES, State, Tells
from reactive_kernel.kernel.typewise import attributes_of

__all__ = [
    "LOOKS",
    "SmallFrame",
    "arrow_state",
    "given_to",
    "grouping_state",
    "index_state",
    "pandas_state",
    "remembers",
    "written_into",
]

MAX_COMPARED = 1 << 20  # bytes of a frame


def pandas_state(value: Any) -> tuple[State | None, Tells]:
    """A frame or series: with copy-on-write a shallow copy costs nothing, and a change moves the data elsewhere.

    Which a cell can see that takes an array out (`to_numpy()`) and then changes the frame: a small one is copied.
    """
    if is_old():
        return _old_pandas(value)
    if viewed := viewed_memory(value):
        _set_states_apart(value, viewed)
    elif not is_small(value._mgr):
        return _Frame(value), "whole"
    return SmallFrame(value, viewed), "whole"


# The blocks of states that share memory with a frame, and where in which state each is.
_SHARING: WeakKeyDictionary[Any, tuple[Callable[[], _Frame | None], int]] = WeakKeyDictionary()


class _Frame(State):
    """What a frame or series holds: one of many such in a model, and so without closures."""

    __slots__ = ("__weakref__", "arrays", "axes", "blocks", "labels")

    def __init__(self, value: Any) -> None:
        manager = value._mgr
        self.blocks: list[Any] = [block.copy(deep=False) for block in manager.blocks]
        self.arrays = [_weakly(block.values) for block in manager.blocks]
        for number, block in enumerate(self.blocks):
            _SHARING[block] = ref(self), number
        self.axes = _Axes(manager)
        self.labels = _Labels(value)
        self.size = sum(getattr(block.values, "nbytes", 0) for block in self.blocks)

    def changed(self, now: Any) -> bool:
        old, new = self.blocks, now._mgr.blocks
        if not self.axes.are_in(now._mgr) or not self.labels.are_on(now):
            return True
        found = zip(self.arrays, old, new, strict=False)
        same = (
            a.is_in(b) if type(a) is Part else array() is b.values or same_memory(a.values, b.values)
            for array, a, b in found
        )
        return not (len(old) == len(new) and all(same)) and not self._are_held_again(now._mgr)

    def _are_held_again(self, manager: Any) -> bool:
        if self.size > MAX_COMPARED or any(type(block) is Part for block in self.blocks):
            return False
        return _is_held_again(self.blocks, self.axes, manager)

    def restore(self, target: Any) -> None:
        blocks = [block.block() if type(block) is Part else block.copy(deep=False) for block in self.blocks]
        object.__setattr__(target, "_mgr", type(target._mgr).from_blocks(blocks, self.axes.put_back()))
        self.labels.put_on(target)


class SmallFrame(State):
    """What a small frame holds; and one whose memory others look at: of that memory the arrays as they are, for their
    own states tell and put back what is in them, and copies of all else.
    """

    __slots__ = ("axes", "labels", "parts", "shared", "viewed")

    def __init__(self, value: Any, viewed: list[Any]) -> None:
        self.shared = any(block.refs.has_reference() for block in value._mgr.blocks)
        owners = set(map(id, viewed))
        # Never the blocks themselves: pandas would take us for somebody who shares them.
        self.parts = [Part(block, lies_in(block, owners)) for block in value._mgr.blocks]
        self.axes, self.labels = _Axes(value._mgr), _Labels(value)
        self.viewed = bool(viewed)
        self.size = sum(part.size for part in self.parts)

    def has_moved(self, now: Any) -> bool:
        """True if what the frame holds lies elsewhere in memory, be it the same."""
        inside = now._mgr.blocks
        return len(inside) != len(self.parts) or not all(
            part.is_in(block) for part, block in zip(self.parts, inside, strict=True)
        )

    def changed(self, now: Any) -> bool:
        if not self.axes.are_in(now._mgr) or not self.labels.are_on(now):
            return True
        if not self.has_moved(now):
            return False
        return self.viewed or not _is_held_again([part.block() for part in self.parts], self.axes, now._mgr)

    def restore(self, target: Any) -> None:
        blocks = [part.block() for part in self.parts]
        object.__setattr__(target, "_mgr", type(target._mgr).from_blocks(blocks, self.axes.put_back()))
        self.labels.put_on(target)


def _is_held_again(blocks: list[Any], axes: _Axes, manager: Any) -> bool:
    """True if all columns are equal to the last bit, wherever they lie now: only views of memory could tell."""
    old = type(manager).from_blocks(blocks, list(axes.named))
    return old.shape == manager.shape and all(map(_same_column, _columns(old), _columns(manager)))


def _columns(manager: Any) -> Iterator[Any]:
    """A frame's columns, or the values of a series."""
    return iter([manager.array]) if manager.ndim == 1 else map(manager.iget_values, range(manager.shape[0]))


def _same_column(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or one.dtype != other.dtype or len(one) != len(other):
        return False
    return bool(one.tobytes() == other.tobytes() if hasattr(one, "strides") else one.equals(other))


def _set_states_apart(frame: Any, viewed: list[Any]) -> None:
    """Have states that were taken before somebody looked at a frame's memory keep it as later ones do.

    As pandas counts their blocks among those who share it, a change in place would go elsewhere.
    """
    owners = set(map(id, viewed))
    for block in frame._mgr.blocks:
        if lies_in(block, owners):
            for other in [reference() for reference in block.refs.referenced_blocks]:
                reference, number = _SHARING.pop(other, (lambda: None, 0))
                if (state := reference()) is not None:
                    state.blocks[number] = Part(other, True)


def written_into(entries: Iterable[tuple[Any, State]]) -> set[int]:
    """Ids of the arrays in whose memory a frame's data is put back, as others look at it."""
    parts = (part for _, state in entries if type(state) is SmallFrame and state.viewed for part in state.parts)
    return {id(owner_of(part.values)) for part in parts if part.values is not None}


def _weakly(array: Any) -> Callable[[], Any]:
    """A reference to an array that isn't counted; to what is no array of numpy's, none."""
    return ref(array) if type(array) is sys.modules["numpy"].ndarray else lambda: None


_KEPT: Counter[int] = Counter()  # how many states keep an index, by its id
LOOKS: list[Mapping[int, Any]] = []  # by the ids of objects, what is compared with what it was just now


class _Axes:
    """The indexes of a frame, their names and steps: two frames, or a frame and its groups, may share an index."""

    __slots__ = ("axes", "named", "steps")

    def __init__(self, manager: Any) -> None:
        self.axes = list(manager.axes)
        _KEPT.update(map(id, self.axes))
        self.named = [axis.view() for axis in self.axes]
        self.steps = list(map(_step, self.axes))

    def __del__(self) -> None:
        for key in map(id, self.axes):
            _KEPT[key] -= 1
            if not _KEPT[key]:
                del _KEPT[key]

    def are_in(self, manager: Any) -> bool:
        """True if a frame has them, named so; or others like them, if nobody else has these."""
        for number, now in enumerate(manager.axes):
            axis = self.axes[number]
            if axis is not now:
                looks = {id(states[id(axis)]) for states in LOOKS if id(axis) in states}
                # The rest of our own: the variable here, and the argument.
                if sys.getrefcount(axis) > _KEPT[id(axis)] + len(looks) + 2:
                    return False
        return all(map(_same_axis, self.named, manager.axes)) and self.steps == list(map(_step, manager.axes))

    def put_back(self) -> list[Any]:
        """The indexes, named so again."""
        for axis, named, step in zip(self.axes, self.named, self.steps, strict=True):
            if list(axis.names) != list(named.names):
                axis.names = named.names
            if _step(axis) != step:
                _stepped(axis)["_freq"] = step
        return list(self.axes)


def _stepped(index: Any) -> dict[str, Any]:
    """Where an index of times keeps the time from one to the next: before pandas 3 where its views find it too."""
    held = attributes_of(index)
    return held if "_freq" in held else attributes_of(held.get("_data"))


def _step(index: Any) -> Any:
    return _stepped(index).get("_freq")


class _Labels:
    """What a frame or series has beside its data: its name, ``attrs``, flag, and attributes given by the notebook."""

    def __init__(self, frame: Any) -> None:
        self.name, self.attrs, self.given = attributes_of(frame).get("_name"), dict(frame.attrs), given_to(frame)
        self.doubles = frame.flags.allows_duplicate_labels

    def are_on(self, frame: Any) -> bool:
        """True if a frame has them all, and no others."""
        given = given_to(frame)
        return (
            attributes_of(frame).get("_name") is self.name
            and frame.attrs == self.attrs
            and frame.flags.allows_duplicate_labels == self.doubles
            and given.keys() == self.given.keys()
            and all(given[name] is value for name, value in self.given.items())
        )

    def put_on(self, frame: Any) -> None:
        """Give them to a frame."""
        held = attributes_of(frame)
        if "_name" in held:
            held["_name"] = self.name
        for name in given_to(frame):
            del held[name]
        held.update(self.given)
        frame.attrs.clear()
        frame.attrs.update(self.attrs)
        frame.flags.allows_duplicate_labels = self.doubles


def given_to(frame: Any) -> dict[str, Any]:
    """Attributes of a frame that are the notebook's: pandas' own begin with an underscore, or are kept accessors."""
    held = attributes_of(frame)
    given = {name: value for name, value in held.items() if name[:1] != "_"}
    return lasting(type(frame), given) if given else given


def _same_axis(one: Any, other: Any) -> bool:
    """True if two indexes are the same: as a rule one is a view of the other, which is told quickly."""
    a, b = attributes_of(one), attributes_of(other)
    data = "_range" if "_range" in a else "_data"
    if one is other or (data in a and all(a.get(name) is b.get(name) for name in (data, "_name", "_freq"))):
        return True
    return bool(one.identical(other))


def index_state(value: Any) -> tuple[State | None, Tells]:
    """Of an index only the names can be changed, and the time from one to the next."""
    names, step = list(value.names), _step(value)

    def restore(target: Any) -> None:
        target.names = names
        if _step(target) != step:
            _stepped(target)["_freq"] = step

    return State(lambda now: list(now.names) != names or _step(now) != step, restore), "whole"


def arrow_state(value: Any) -> tuple[State | None, Tells]:
    """A column of Arrow's, which can't be changed: it is replaced."""
    held = attributes_of(value).get("_pa_array")

    def restore(target: Any) -> None:
        attributes_of(target)["_pa_array"] = held
        attributes_of(target).get("_cache", {}).clear()

    return State(lambda now: attributes_of(now).get("_pa_array") is not held, restore), "whole"


def _old_pandas(value: Any) -> tuple[State | None, Tells]:
    """Without copy-on-write, frames and series may be views of each other: their arrays tell of what is in these, and
    put it back.  Large ones are not kept.
    """
    manager, owners = value._mgr, set(map(id, viewed_memory(value)))
    if sum(getattr(block.values, "nbytes", 0) for block in manager.blocks) > MAX_BYTES:
        return None, "partly"
    parts = [Part(block, lies_in(block, owners), True) for block in manager.blocks]
    axes, labels = _Axes(manager), _Labels(value)

    def made_again(indexes: list[Any]) -> Any:
        return type(manager).from_blocks([part.block() for part in parts], indexes)

    def changed(now: Any) -> bool:
        inside = now._mgr.blocks
        if not labels.are_on(now) or not axes.are_in(now._mgr):
            return True
        if len(inside) == len(parts) and all(part.is_in(block) for part, block in zip(parts, inside, strict=True)):
            return False
        return not made_again(list(axes.named)).equals(now._mgr)  # laid out in another way

    def restore(target: Any) -> None:
        object.__setattr__(target, "_mgr", made_again(axes.put_back()))
        attributes_of(target).get("_item_cache", {}).clear()  # columns that were taken out, of the data that was
        labels.put_on(target)

    return State(changed, restore, sum(part.size for part in parts)), "whole"


def grouping_state(value: Any) -> tuple[State | None, Tells]:
    """What groups of a frame remember of the frame's data: filling it is no change, but it goes with the data."""
    known = dict(value.__dict__.get("_cache", ()))

    def restore(target: Any) -> None:
        target.__dict__["_cache"] = dict(known)

    return State(lambda now: False, restore), "whole"


def remembers(kind: type) -> bool:
    """True for groups of a frame, whose state is what they remember."""
    groupby = getattr(sys.modules.get("pandas.core.groupby"), "GroupBy", None)
    return groupby is not None and issubclass(kind, groupby)
