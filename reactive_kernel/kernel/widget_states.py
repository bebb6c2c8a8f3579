"""States of ipywidgets: their traits, the attributes that cells gave them, and whom they call.

What a cell does to a widget (``slider.max = 9``, ``button.on_click(go)``) is a change in place like any other.
To put a widget back its traits are set without its own events, which would run the user's callbacks; the
browser is told at the end.  What the browser sets counts at every place in the notebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reactive_kernel.kernel.state import State, Tells
from reactive_kernel.kernel.tokens import equal
from reactive_kernel.kernel.typewise import attributes_of
from reactive_kernel.kernel.widgets import DISPATCHERS, LOOKS, Widgets, called_by, links_of

__all__ = ["WidgetState", "tell_browser", "widget_state"]

# How a widget talks to the browser; whom it calls is kept otherwise.
MACHINERY = LOOKS | {
    "_cross_validation_lock", "_display_callbacks", "_holding_sync", "_initializing_traits_", "_model_id",
    "_msg_callbacks", "_property_lock", "_states_to_send", "_trait_notifiers", "_trait_validators", "_trait_values",
    "_view_count", *DISPATCHERS,
}  # fmt: skip


class WidgetState(State):
    """Traits, attributes and callbacks of a widget."""

    __slots__ = ("attributes", "callbacks", "notifiers", "own", "traits")

    def __init__(self, widget: Any) -> None:
        held = attributes_of(widget)
        self.attributes = {name: value for name, value in held.items() if name not in MACHINERY}
        self.traits = {name: value for name, value in held["_trait_values"].items() if name not in MACHINERY}
        self.notifiers = _copied(held["_trait_notifiers"])
        self.callbacks = {name: list(held[name].callbacks) for name in DISPATCHERS & held.keys()}
        self.own = [*called_by(widget), *links_of(widget)]
        self.size = 16 * (len(self.attributes) + len(self.traits))

    def changed(self, now: Any) -> bool:
        """True if a cell would see another widget; what it works out for itself (``_…``) and defaults don't count."""
        held = attributes_of(now)
        if _differ(self.traits, held["_trait_values"]) or _differ(self.attributes, held):
            return True
        if any(name[0] != "_" and name not in MACHINERY for name in held.keys() - self.attributes.keys()):
            return True
        own = [*called_by(now), *links_of(now)]
        return len(own) != len(self.own) or any(one is not other for one, other in zip(own, self.own, strict=True))

    def restore(self, target: Any) -> None:
        """Put it back behind the back of the widget's own events; `tell_browser` makes up for it."""
        held = attributes_of(target)
        values, notifiers = held["_trait_values"], held["_trait_notifiers"]
        _untold.setdefault(id(target), (target, dict(values)))
        ours = {names: _ours(kinds) for names, kinds in notifiers.items()}
        for name in [n for n in held if n not in MACHINERY and n not in self.attributes]:
            del held[name]
        held.update(self.attributes)
        for name in values.keys() - self.traits.keys() - MACHINERY:  # nobody had asked for its default
            del values[name]
        values.update(self.traits)
        notifiers.clear()
        notifiers.update(_copied(self.notifiers))
        for names, kinds in ours.items():
            for kind, handlers in kinds.items():
                known = notifiers.setdefault(names, {}).setdefault(kind, [])
                known += [handler for handler in handlers if handler not in known]
        for name, callbacks in self.callbacks.items():
            held[name].callbacks[:] = callbacks


_Notifiers = dict[Any, dict[Any, list[Any]]]
_untold: dict[int, tuple[Any, dict[str, Any]]] = {}  # by id: widgets that were put back, and the traits that they had


def widget_state(value: Any) -> tuple[State, Tells]:
    """The state of a widget."""
    return WidgetState(value), "whole"


def _copied(notifiers: Mapping[Any, Mapping[Any, Iterable[Any]]]) -> _Notifiers:
    return {names: {kind: list(found) for kind, found in kinds.items()} for names, kinds in notifiers.items()}


def _ours(kinds: Mapping[Any, Iterable[Any]]) -> dict[Any, list[Any]]:
    """Those of the handlers that watch a widget for us."""
    return {
        kind: found
        for kind, handlers in kinds.items()
        if (found := [handler for handler in handlers if isinstance(getattr(handler, "__self__", None), Widgets)])
    }


def _differ(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """True if a public value of ``old`` is another one, or none, in ``new``."""
    return any(
        name not in new or not (value is new[name] or equal(value, new[name]))
        for name, value in old.items()
        if name[0] != "_"
    )


def tell_browser() -> None:
    """Send what became of widgets that were put back."""
    while _untold:
        _, (widget, told) = _untold.popitem()
        values = attributes_of(widget)["_trait_values"]
        keys = [key for key in widget.keys if key in told and values[key] is not told[key]]
        if keys and widget.comm is not None:
            widget.send_state(keys)
