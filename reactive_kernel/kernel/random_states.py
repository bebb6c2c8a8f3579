"""States of numpy's random generators, which is not imported for it."""

from __future__ import annotations

import sys
from typing import Any

from reactive_kernel.kernel.state import State, Tells

__all__ = ["exactly", "is_generator", "numpy_random_state", "same_generator", "seeds_state"]


def numpy_random_state(value: Any) -> tuple[State | None, Tells]:
    """State of a bit generator, of a `Generator` (which has no other than its bit generator's) or a `RandomState`."""
    if not hasattr(value, "get_state"):
        held = _bits(value).state
        bits = exactly(held)

        def restore(target: Any) -> None:
            _bits(target).state = held

        return State(lambda now: exactly(_bits(now).state) != bits, restore), "whole"
    old = value.get_state(legacy=False)
    all_bits = exactly(old)

    def restore_legacy(target: Any) -> None:
        target.set_state(old)

    return State(lambda now: exactly(now.get_state(legacy=False)) != all_bits, restore_legacy), "whole"


def exactly(held: Any) -> Any:
    """A generator's state as something to compare: an array in it by its bytes, for showing one takes milliseconds."""
    if type(held) is dict:
        return {name: exactly(part) for name, part in held.items()}
    return held.tobytes() if hasattr(held, "tobytes") else held


def _bits(value: Any) -> Any:
    return getattr(value, "bit_generator", value)


def seeds_state(value: Any) -> tuple[State | None, Tells]:
    """State of a numpy `SeedSequence`: how many seeds were made of it, which can't be set back."""
    made = value.n_children_spawned
    return State(lambda now: now.n_children_spawned != made, None), "whole"


def is_generator(kind: type) -> bool:
    """True for numpy's `Generator` and `RandomState`."""
    found = sys.modules.get("numpy.random")
    return found is not None and kind in (found.Generator, found.RandomState)


def same_generator(one: Any, other: Any) -> bool:
    """True if two of one class give the same numbers from now on, and the same generators when they are asked for new
    ones.
    """
    if not hasattr(one, "bit_generator"):
        return bool(exactly(one.get_state(legacy=False)) == exactly(other.get_state(legacy=False)))
    a, b = one.bit_generator, other.bit_generator
    seeds = [getattr(getattr(bits, "seed_seq", None), "state", None) for bits in (a, b)]
    return type(a) is type(b) and exactly(a.state) == exactly(b.state) and seeds[0] == seeds[1]
