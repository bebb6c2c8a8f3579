"""States of matplotlib's axes of a plot (x, y): how each tick looks goes with them.

Where ticks are, what they say, and how many there are is worked out anew whenever a figure is drawn, which is no change
of it; their colours, sizes and angles are the notebook's (``plt.setp(ax.get_xticklabels(), rotation=45)``).
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from operator import is_
from typing import Any

from reactive_kernel.kernel.container_states import Attributes, Taken
from reactive_kernel.kernel.memos import lasting
from reactive_kernel.kernel.tokens import equal
from reactive_kernel.kernel.typewise import about, attributes_of, per_type

__all__ = ["axis_state", "is_axis"]

_LISTS = ("majorTicks", "minorTicks")
_TICK = ("_base_pad", "_color", "_labelrotation", "_markeredgecolor", "_size", "_tickdir", "_width", "_visible")
_TEXT = (
    "_alpha", "_bbox_patch", "_color", "_horizontalalignment", "_multialignment", "_rotation", "_rotation_mode",
    "_transform", "_verticalalignment", "_visible",
)  # fmt: skip
_LINE = (
    "_alpha", "_color", "_dash_pattern", "_linestyle", "_linewidth", "_marker", "_markeredgecolor", "_markeredgewidth",
    "_markersize", "_unscaled_dash_pattern", "_visible", "zorder",
)  # fmt: skip
_PARTS = (("label1", _TEXT), ("label2", _TEXT), ("tick1line", _LINE), ("tick2line", _LINE), ("gridline", _LINE))
_MISSING = object()
Look = list[tuple[dict[str, Any], tuple[str, ...], list[Any]]]  # whose attributes, which, and what they are


@per_type
def is_axis(kind: type) -> bool:
    """True for an x or y axis of a plot."""
    axis = sys.modules.get("matplotlib.axis")
    return axis is not None and about(kind).attributes is not None and issubclass(kind, axis.Axis)


def _look(tick: Any) -> Look:
    """How a tick looks."""
    held = attributes_of(tick)
    found: Look = [(held, _TICK, [held.get(name, _MISSING) for name in _TICK])]
    for part, names in _PARTS:
        inner = attributes_of(held.get(part))
        found.append((inner, names, [inner.get(name, _MISSING) for name in names]))
        if (font := inner.get("_fontproperties")) is not None:
            letters = attributes_of(font)
            found.append((letters, tuple(letters), list(letters.values())))
    return found


def _same(one: Look, other: Look) -> bool:
    pairs = ((a[2], b[2]) for a, b in zip(one, other, strict=True))
    return len(one) == len(other) and all(
        len(old) == len(new)
        and (all(map(is_, old, new)) or all(a is b or equal(a, b) for a, b in zip(old, new, strict=True)))
        for old, new in pairs
    )


class _Axis(Attributes):
    """An axis's attributes, and how its ticks look."""

    __slots__ = ("looks",)

    def __init__(self, value: Any) -> None:
        held = attributes_of(value)
        super().__init__(held, type(value))
        self.looks = {name: [(tick, _look(tick)) for tick in held.get(name, ())] for name in _LISTS}

    def changed(self, now: Any) -> bool:
        return super().changed(now) or not all(self._are_on(name, now) for name in _LISTS)

    def _are_on(self, name: str, axis: Any) -> bool:
        """True if the ticks look as they did; new ones like the first, as matplotlib makes them."""
        looks = self.looks[name]
        known = {id(tick): look for tick, look in looks}
        ticks = attributes_of(axis).get(name, ()) if looks else ()
        return all(_same(known.get(id(tick), looks[0][1]), _look(tick)) for tick in ticks)

    def restore(self, target: Any) -> None:
        super().restore(target)
        held = attributes_of(target)
        for name, looks in self.looks.items():
            if name in held:
                held[name][:] = [tick for tick, _ in looks]
            for _, look in looks:
                for attributes, names, items in look:
                    attributes.update((n, item) for n, item in zip(names, items, strict=True) if item is not _MISSING)

    def inside(self) -> Iterable[Any]:
        return lasting(self.kind, self.held).values()


def axis_state(value: Any) -> Taken:
    """State of an x or y axis of a plot."""
    return _Axis(value), "whole"
