"""States of arrays, frames and generators of libraries, none of which is imported for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from operator import is_
from typing import Any
from weakref import WeakKeyDictionary, ref

from reactive_kernel.kernel.memos import lasting
from reactive_kernel.kernel.state import MAX_BYTES, State, Tells
from reactive_kernel.kernel.typewise import attributes_of

__all__ = [
    "element_state",
    "given_to",
    "grouping_state",
    "index_state",
    "pandas_state",
    "polars_state",
    "remembers",
    "viewed_memory",
]

MAX_COMPARED = 1 << 20  # bytes of a frame


def _is_old() -> bool:
    """True for a pandas without copy-on-write."""
    return int(sys.modules["pandas"].__version__.split(".")[0]) < 3


def pandas_state(value: Any) -> tuple[State | None, Tells]:
    """A frame or series: with copy-on-write a shallow copy costs nothing, and a change moves the data elsewhere."""
    if _is_old():
        return _old_pandas(value)
    if viewed := viewed_memory(value):
        _set_apart(value, viewed)
        return _viewed_state(value, viewed)
    return _Frame(value), "whole"


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
            a.is_in(b) if type(a) is _Part else array() is b.values or _same_memory(a.values, b.values)
            for array, a, b in found
        )
        return not (len(old) == len(new) and all(same)) and not self._is_held_again(now._mgr)

    def _is_held_again(self, manager: Any) -> bool:
        """True if all columns are equal to the last bit, wherever they lie now: only views of memory could tell."""
        if self.size > MAX_COMPARED or any(type(block) is _Part for block in self.blocks):
            return False
        old = type(manager).from_blocks(self.blocks, list(self.axes.named))
        return old.shape == manager.shape and all(map(_same_column, _columns(old), _columns(manager)))

    def restore(self, target: Any) -> None:
        blocks = [block.block() if type(block) is _Part else block.copy(deep=False) for block in self.blocks]
        object.__setattr__(target, "_mgr", type(target._mgr).from_blocks(blocks, self.axes.put_back()))
        self.labels.put_on(target)


def _columns(manager: Any) -> Iterator[Any]:
    """A frame's columns, or the values of a series."""
    return iter([manager.array]) if manager.ndim == 1 else map(manager.iget_values, range(manager.shape[0]))


def _same_column(one: Any, other: Any) -> bool:
    if type(one) is not type(other) or one.dtype != other.dtype or len(one) != len(other):
        return False
    return bool(one.tobytes() == other.tobytes() if hasattr(one, "strides") else one.equals(other))


def _set_apart(frame: Any, viewed: list[Any]) -> None:
    """Have states that were taken before somebody looked at a frame's memory keep it as later ones do.

    As pandas counts their blocks among those who share it, a change in place would go elsewhere.
    """
    owners = set(map(id, viewed))
    for block in frame._mgr.blocks:
        if {id(block.values), id(getattr(block.values, "base", None))} & owners:
            for other in [reference() for reference in block.refs.referenced_blocks]:
                reference, number = _SHARING.pop(other, (lambda: None, 0))
                if (state := reference()) is not None:
                    state.blocks[number] = _Part(other, True)


def _weakly(array: Any) -> Callable[[], Any]:
    """A reference to an array that isn't counted; to what is no array of numpy's, none."""
    return ref(array) if type(array) is sys.modules["numpy"].ndarray else lambda: None


def viewed_memory(frame: Any) -> list[Any]:
    """Arrays behind a frame that numpy arrays of the notebook look at as well (`to_numpy()`); none of a large frame.

    A shallow copy of such a frame would be seen: a later change in place would go elsewhere, past those arrays.  They
    are told by the references that pandas' own blocks don't account for.  Before pandas 3 any may be looked at.
    """
    numpy, blocks, old = sys.modules["numpy"], frame._mgr.blocks, _is_old()
    if sum(getattr(block.values, "nbytes", 0) for block in blocks) > MAX_BYTES:
        return []
    found = []
    for block in blocks:
        values = block.values
        if type(values) is not numpy.ndarray:
            continue
        owner = values if values.base is None else values.base
        if type(owner) is not numpy.ndarray:
            continue
        if old:
            found.append(owner)
            continue
        block.refs.has_reference()  # asked, pandas forgets the blocks that are gone
        sharing = len(block.refs.referenced_blocks)
        ours = 3 if owner is values else 2  # the variables here, and the argument
        if sys.getrefcount(owner) > sharing + ours:
            found.append(owner)
    return found


def _viewed_state(value: Any, viewed: list[Any]) -> tuple[State | None, Tells]:
    """A frame whose memory others look at: of that memory the arrays as they are, for their own states tell and put
    back what is in them, and copies of all else.
    """
    manager = value._mgr
    owners = {id(owner) for owner in viewed}
    # Never the blocks themselves: pandas would take us for somebody who shares them.
    parts = [_Part(b, bool({id(b.values), id(getattr(b.values, "base", None))} & owners)) for b in manager.blocks]
    axes, labels = _Axes(manager), _Labels(value)

    def changed(now: Any) -> bool:
        inside = now._mgr.blocks
        if len(inside) != len(parts) or not all(part.is_in(b) for part, b in zip(parts, inside, strict=True)):
            return True
        if not labels.are_on(now):
            return True
        return not axes.are_in(now._mgr)

    def restore(target: Any) -> None:
        blocks = [part.block() for part in parts]
        object.__setattr__(target, "_mgr", type(target._mgr).from_blocks(blocks, axes.put_back()))
        labels.put_on(target)

    return State(changed, restore, sum(part.size for part in parts)), "whole"


class _Axes:
    """The indexes of a frame, their names and steps: two frames, or a frame and its groups, may share an index."""

    __slots__ = ("axes", "named", "steps")

    def __init__(self, manager: Any) -> None:
        self.axes = list(manager.axes)
        self.named = [axis.view() for axis in self.axes]
        self.steps = list(map(_step, self.axes))

    def are_in(self, manager: Any) -> bool:
        """True if a frame has them, named so."""
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


class _Part:
    """What a block of a frame held."""

    def __init__(self, block: Any, viewed: bool, old: bool = False) -> None:
        self.kind, self.place, self.ndim = type(block), block.mgr_locs, block.ndim
        self.values: Any = block.values if viewed else None
        self.refs: Any = block.refs if viewed and not old else None
        self.copy: Any = None if viewed and old else block.values.copy()
        self.size = int(getattr(self.copy, "nbytes", 0))

    def is_in(self, block: Any) -> bool:
        """True if a block holds the same now."""
        now = block.values
        if type(block) is not self.kind or (self.values is not None and not _same_memory(now, self.values)):
            return False
        if self.copy is not None and (now.shape != self.copy.shape or now.dtype != self.copy.dtype):
            return False
        if block.mgr_locs.as_array.tolist() != self.place.as_array.tolist():
            return False
        if self.copy is None:
            return True
        if not hasattr(now, "strides"):
            return bool(now.equals(self.copy))
        return bool(now.tobytes() == self.copy.tobytes())  # of objects: where they are

    def block(self) -> Any:
        """A block like the one that was, in the same memory where others look at that.

        Other frames may use that memory until somebody changes it: pandas has to know of them.
        """
        values = self.copy.copy() if self.values is None else self.values
        more = {} if self.refs is None else {"refs": self.refs}
        return self.kind(values, placement=self.place, ndim=self.ndim, **more)


def index_state(value: Any) -> tuple[State | None, Tells]:
    """Of an index only the names can be changed."""
    names = list(value.names)

    def restore(target: Any) -> None:
        target.names = names

    return State(lambda now: list(now.names) != names, restore), "whole"


def _old_pandas(value: Any) -> tuple[State | None, Tells]:
    """Without copy-on-write, frames and series may be views of each other: their arrays tell of what is in these, and
    put it back.  Large ones are not kept.
    """
    manager, owners = value._mgr, set(map(id, viewed_memory(value)))
    if sum(getattr(block.values, "nbytes", 0) for block in manager.blocks) > MAX_BYTES:
        return None, "partly"
    parts = [_Part(b, bool({id(b.values), id(getattr(b.values, "base", None))} & owners), True) for b in manager.blocks]
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


def _same_memory(old: Any, new: Any) -> bool:
    """True if two blocks' values lie in the same memory."""
    if old is new:
        return True
    if type(old) is not type(new) or old.dtype != new.dtype:
        return False
    if hasattr(old, "__array_interface__"):
        a, b = old.__array_interface__, new.__array_interface__
        return bool((a["data"], a["shape"], a["strides"]) == (b["data"], b["shape"], b["strides"]))
    found = False
    for part in ("_ndarray", "_data", "_mask", "_pa_array"):
        a, b = getattr(old, part, None), getattr(new, part, None)
        if a is None or b is None:
            continue
        found = True
        if part == "_pa_array":
            if a is not b and [x.address for c in a.chunks for x in c.buffers() if x] != [
                x.address for c in b.chunks for x in c.buffers() if x
            ]:
                return False
        elif not _same_memory(a, b):
            return False
    return found or bool(old.equals(new))


def polars_state(value: Any) -> tuple[State | None, Tells]:
    """State of a polars frame or series: a clone, which shares its memory."""
    if value.estimated_size() > MAX_BYTES:
        shape = value.shape
        return State(lambda now: now.shape != shape, None), "partly"
    copy = value.clone()
    attribute = "_df" if hasattr(value, "_df") else "_s"

    def restore(target: Any) -> None:
        setattr(target, attribute, getattr(copy.clone(), attribute))

    def changed(now: Any) -> bool:
        names = now.columns != copy.columns if attribute == "_df" else now.name != copy.name
        return bool(names) or not copy.equals(now)

    return State(changed, restore, int(copy.estimated_size())), "whole"


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


def element_state(value: Any) -> tuple[State | None, Tells]:
    """State of an XML element; its attributes are a dict inside it, with a state of its own."""
    tag, text, tail, attributes, inside = value.tag, value.text, value.tail, value.attrib, list(value)

    def changed(now: Any) -> bool:
        parts = (now.tag, now.text, now.tail, now.attrib)
        return not all(map(is_, parts, (tag, text, tail, attributes))) or not (
            len(now) == len(inside) and all(map(is_, now, inside))
        )

    def restore(target: Any) -> None:
        target.tag, target.text, target.tail, target.attrib = tag, text, tail, attributes
        target[:] = inside

    return State(changed, restore), "whole"
