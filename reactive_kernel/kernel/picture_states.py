"""States of Pillow's pictures, which isn't imported for it."""

from __future__ import annotations

import sys
from typing import Any

from reactive_kernel.kernel.container_states import Attributes, Taken
from reactive_kernel.kernel.state import MAX_BYTES, State
from reactive_kernel.kernel.typewise import attributes_of

__all__ = ["is_picture", "picture_state", "with_a_picture"]

BYTES_A_POINT = 4
SAMPLE = (64, 64)


def is_picture(kind: type) -> bool:
    """True for a picture of Pillow's."""
    image = getattr(sys.modules.get("PIL.Image"), "Image", None)
    return image is not None and issubclass(kind, image)


def with_a_picture(value: Any) -> tuple[Any, ...]:
    """What is in a picture that anybody else may hold."""
    return (value.info,)


def picture_state(value: Any) -> Taken:
    """Size, mode and points of a picture; of a large one a sample of them.

    One that was only opened is read from its file when somebody first asks for its points: that is no change.
    """
    if _points(value) is None:
        size = value.size, value.mode
        return State(lambda now: (now.size, now.mode) != size, None), "partly"
    large = value.width * value.height * BYTES_A_POINT > MAX_BYTES
    look = _look(value, large)
    if large:
        return State(lambda now: _look(now, True) != look, None), "partly"
    attributes = Attributes(attributes_of(value), type(value))
    bare = value.mode not in ("P", "PA")  # without a palette, which the points in C have as well

    def restore(target: Any) -> None:
        attributes.restore(target)
        target.frombytes(look[-1])

    return State(lambda now: _look(now, False) != look, restore if bare else None, len(look[-1])), "whole"


def _points(value: Any) -> Any:
    held = attributes_of(value)
    return held.get("_im", held.get("im"))


def _look(value: Any, large: bool) -> tuple[Any, ...]:
    """What is seen of a picture."""
    if large:
        nearest: Any = sys.modules["PIL.Image"].NEAREST
        return value.size, value.mode, value.resize(SAMPLE, nearest).tobytes()
    palette = value.getpalette() if value.mode in ("P", "PA") else None
    return value.size, value.mode, palette, value.tobytes()
