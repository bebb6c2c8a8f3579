"""The hash of a cell's code: equal for texts that differ only in comments, blank lines and formatting.

Decides what counts as the same code.  Knows the syntax tree only: no names, scopes or values.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

__all__ = ["code_hash", "text_hash"]

_IGNORED = frozenset({"ctx", "type_comment", "type_ignores", "kind"})


def _fields(node_type: type[ast.AST]) -> tuple[str, ...]:
    return tuple(field for field in node_type._fields if field not in _IGNORED)


# Every node type with the fields that matter, outermost name first: a pre-order walk of name, fields
# and list lengths can be read back in one way only, so different trees give different texts.
_SHAPE: dict[type, tuple[str, tuple[str, ...]]] = {
    node_type: (node_type.__name__, _fields(node_type))
    for node_type in vars(ast).values()
    if isinstance(node_type, type) and issubclass(node_type, ast.AST)
}


def register(node_type: type[ast.AST]) -> None:
    """Let a node type of our own take part in hashes by its ``_fields``."""
    _SHAPE[node_type] = (node_type.__name__, _fields(node_type))


def text_hash(parts: Iterable[str]) -> str:
    """Return the hash of ``parts``, whatever characters they hold (lone surrogates included)."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def code_hash(body: list[ast.stmt], *marks: str) -> str:
    """Return the hash of a module's statements; ``marks`` tell what the tree does not show (a last ``;``)."""
    out: list[Any] = []
    push = out.append
    stack: list[Any] = [body]
    pop = stack.pop
    shape = _SHAPE
    while stack:
        item = pop()
        kind = item.__class__
        if kind in shape:
            name, fields = shape[kind]
            push(name)
            for field in fields:
                stack.append(getattr(item, field))
        elif kind is list:
            push(len(item))
            stack.extend(item)
        else:
            push(item)
    try:
        text = repr(out)
    except ValueError:  # an int literal too long for decimal digits (0x…)
        text = repr([hex(item) if type(item) is int else item for item in out])
    return text_hash((text, *marks))
