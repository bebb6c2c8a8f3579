"""What a library's object keeps for itself while a cell only shows it: as with any memo, filling it changes nothing.

HoloViews and param, for instance, give an object copies of its parameters when it is first shown.  A class of the
user's may keep there what others see, so nothing is left out where such an object is inside.
"""

from __future__ import annotations

import ast
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from reactive_kernel.core.parsed import parsed
from reactive_kernel.kernel.memos import of_a_library
from reactive_kernel.kernel.typewise import module_of, per_type

if TYPE_CHECKING:
    from reactive_kernel.kernel.changes import Touched
    from reactive_kernel.kernel.survey import Survey

__all__ = ["only_shows", "without_filled"]


@lru_cache(maxsize=1024)
def only_shows(source: str) -> bool:
    """True if a text has nothing but names, and attributes of names, to show."""
    body = parsed(source).body
    return bool(body) and all(isinstance(node, ast.Expr) and _is_shown(node.value) for node in body)


def _is_shown(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        shows = isinstance(node.func, ast.Name) and node.func.id in ("display", "print") and not node.keywords
        return shows and all(map(_is_shown, node.args))
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name | ast.Constant)


def without_filled(seen: Survey, touched: Touched) -> Touched:
    """What changed in a value that was only shown, without dicts that have only got more entries."""
    if any(_is_users(type(value)) for value, _ in seen.states.values()):
        return touched
    return {key: (value, state) for key, (value, state) in touched.items() if not state.has_grown(value)}


@per_type
def _is_users(kind: type) -> bool:
    return not of_a_library(kind) and module_of(kind) not in sys.builtin_module_names
