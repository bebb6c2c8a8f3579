"""Tells of each piece of code that IPython compiles, before it runs."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType
from typing import Any

__all__ = ["tell_compiled"]


def tell_compiled(shell: Any, tell: Callable[[CodeType], object]) -> None:
    """From now on ``tell`` gets what the shell's compiler makes, of cells and for magics."""
    kind: Any = type(shell.compile)

    def __call__(self: Any, *args: Any, **options: Any) -> Any:  # noqa: N807
        code = kind.__call__(self, *args, **options)
        if isinstance(code, CodeType):
            tell(code)
        return code

    # Not an object around it: whoever asks what the compiler is should find what IPython has.
    shell.compile.__class__ = type(kind.__name__, (kind,), {"__call__": __call__, "__module__": kind.__module__})
