"""The syntax tree of a text, for those who ask what else stands in a cell that is plain Python."""

from __future__ import annotations

import ast
from functools import lru_cache

__all__ = ["parsed"]

_NOTHING = ast.Module([], [])


@lru_cache(maxsize=64)
def parsed(source: str) -> ast.Module:
    """The tree, which nobody may change; an empty one where the text isn't Python."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _NOTHING
