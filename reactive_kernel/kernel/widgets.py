"""ipywidgets as inputs: the traits of a widget that a name holds, as a variable of their own.

The pseudo-name ``<slider.traits>`` has a token made from the widget's traits.  When the browser changes
a trait, the token changes, and cells that read ``slider.value`` become stale; cells that only show the
widget don't read the pseudo-name.  Changes are noted as they happen, by the widget's own events.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any

from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.typewise import attributes_of

__all__ = ["DISPATCHERS", "LOOKS", "Widgets", "called_by", "inside_widget", "is_a_widgets", "is_widget", "pseudo_name"]

DISPATCHERS = frozenset({"_click_handlers", "_submission_callbacks"})
LOOKS = frozenset({"layout", "style", "comm", "keys", "outputs", "msg_id", "tooltip", "description_allow_html"})


def is_widget(value: Any) -> bool:
    """True for an ipywidget; ipywidgets isn't imported for it."""
    return is_a_widgets(type(value))


def is_a_widgets(kind: type) -> bool:
    """True for a class of ipywidgets."""
    module = sys.modules.get("ipywidgets")
    return module is not None and issubclass(kind, module.Widget)


def inside_widget(value: Any) -> list[Any]:
    """The widgets in a widget or linked with it, and the notebook's code that it calls."""
    return [*getattr(value, "children", ()), *_linked(value), *called_by(value)]


def called_by(value: Any) -> list[Any]:
    """The notebook's code that a widget calls when it changes, or is clicked."""
    return list(filter(_is_own, _called(value)))


def links_of(value: Any) -> list[Any]:
    """What makes a widget's traits follow another's (`ipywidgets.link`)."""
    owners = (getattr(handler, "__self__", None) for handler in _handlers(value))
    return [owner for owner in owners if type(owner).__module__ == "traitlets.traitlets"]


def _linked(value: Any) -> Iterator[Any]:
    for held in map(attributes_of, links_of(value)):
        yield from (held[end][0] for end in ("source", "target") if end in held)


def _handlers(value: Any) -> Iterator[Any]:
    for handlers in attributes_of(value).get("_trait_notifiers", {}).values():
        for found in handlers.values():
            yield from found


def _called(value: Any) -> Iterator[Any]:
    held = attributes_of(value)
    yield held.get("f")  # of `interactive`
    for handler in _handlers(value):
        owner = getattr(handler, "__self__", None)
        yield attributes_of(owner).get("f") if is_widget(owner) else handler
    for name in DISPATCHERS & held.keys():
        yield from attributes_of(held[name]).get("_trait_values", {}).get("callbacks", ())


def _is_own(handler: Any) -> bool:
    """True for what a cell, or a module of the user's, has made to be called."""
    owner = handler.__self__ if type(handler) is types.MethodType else handler
    module = owner.__module__ if type(owner) is types.FunctionType else type(owner).__module__
    if module in ("__main__", "functools", "builtins"):
        return handler is not None
    own = getattr(sys.modules.get(module), "__file__", None) is None or LOCAL.edition(module) is not None
    return own and module.partition(".")[0] != "reactive_kernel"


def pseudo_name(name: str) -> str:
    """What the traits of the widgets behind a name are called."""
    return f"<{name}.traits>"


class Widgets:
    """The widgets that cells made, and whether any changed outside of a cell's run.

    ``follow`` is told of each such change: the widget, the trait's name, its value.
    """

    def __init__(self, follow: Callable[[Any, str, Any], None]) -> None:
        self._watched: dict[int, Any] = {}
        self._follow = follow
        self.running = False
        self.changed = False

    def token(self, widgets: Iterable[Any]) -> str:
        """Token of the traits of these widgets; from now on they are watched."""
        parts = []
        for widget in widgets:
            if id(widget) not in self._watched:
                self._watched[id(widget)] = widget
                widget.observe(self._note)
            values = {
                key: getattr(widget, key) for key in sorted(widget.keys) if not key.startswith("_") and key not in LOOKS
            }
            parts.append(repr(values))
        return "widget:" + blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def _note(self, change: Any) -> None:
        if not self.running and change["name"] not in LOOKS and not change["name"].startswith("_"):
            self.changed = True
            self._follow(change["owner"], change["name"], change["new"])
