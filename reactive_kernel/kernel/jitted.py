"""Functions that numba compiles when they are called; numba isn't imported for it.

What was compiled is a cache: it answers as compiling anew would, as long as the globals that went into it are the same.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from reactive_kernel.kernel.container_states import Taken
from reactive_kernel.kernel.state import State

__all__ = ["compiled", "forget_compiled", "is_jitted", "jitted_state", "tells_of_compiling"]

# Attributes of such a function that tell what was compiled.
tells_of_compiling = re.compile(
    r"\.(?:\w*signatures|overloads|stats|inspect_\w+|\w*metadata|recompile|\w*compile)\b"
).search


def is_jitted(kind: type) -> bool:
    """True for numba's functions, if what was compiled of them can be let go."""
    dispatcher = getattr(sys.modules.get("numba.core.dispatcher"), "Dispatcher", None)
    return dispatcher is not None and issubclass(kind, dispatcher) and hasattr(dispatcher, "_reset_overloads")


def compiled(value: Any) -> int:
    """For how many combinations of types one was compiled."""
    return len(value.overloads)


def jitted_state(value: Any) -> Taken:
    """What it was compiled for."""
    types = tuple(value.overloads)
    return State(lambda now: tuple(now.overloads) != types, None), "whole"


def forget_compiled(value: Any) -> None:
    """Let it be compiled anew, by the next call; what is compiled only when it is made, at once."""
    if value._can_compile:
        value._reset_overloads()
    else:
        value.recompile()
