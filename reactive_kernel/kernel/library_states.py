"""States of polars' frames and of XML, neither of which is imported for it."""

from __future__ import annotations

from operator import is_
from typing import Any

from reactive_kernel.kernel.state import MAX_BYTES, State, Tells

__all__ = ["element_state", "polars_state"]


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
