"""Versions: a cell's version is a hash of its code, the versions of its inputs, and a nonce.

Input-addressed results as in Nix and Bazel; early cut-off as in Salsa: where the value of a name is
provably known (its *token*), readers see the token's version, whichever way it came about.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

__all__ = ["SAME", "digest", "name_version", "same_as", "token_version", "version"]


def digest(*parts: str) -> str:
    """Hash of the parts (32 hex digits); the parts' boundaries count."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def version(code: str, nonce: int, inputs: Iterable[tuple[str, str]]) -> str:
    """Version of a cell from its code hash, its nonce and ``(name, version of the value)`` pairs, sorted."""
    return digest(code, str(nonce), *(part for pair in inputs for part in pair))


def name_version(cell_id: str, cell_version: str, name: str) -> str:
    """Version of the value that a cell at a version gives to a name, when only its origin is known.

    The cell's id takes part: two cells with the same code make equal values, but not one object.
    """
    return digest(cell_id, cell_version, name)


def token_version(token: str) -> str:
    """Version of a value that is provably known: equal tokens, equal values."""
    return token[len(SAME) :] if token.startswith(SAME) else "=" + token


SAME = "same as "


def same_as(value_version: str) -> str:
    """Token of a value that is still the object, in the state, that had this version: it keeps it."""
    return SAME + value_version
