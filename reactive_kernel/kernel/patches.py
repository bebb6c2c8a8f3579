"""What cells set on installed modules and their classes, as hidden state: see `core.patched`.

Nothing is looked up but by the modules' and classes' own dictionaries, so that none of their code runs.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from typing import Any

from reactive_kernel.core.patched import PATCHED, attributes_set, imports
from reactive_kernel.kernel.memos import of_a_library
from reactive_kernel.kernel.modules import LOCAL
from reactive_kernel.kernel.tokens import equal
from reactive_kernel.kernel.typewise import members_of

__all__ = ["Held", "Patches", "patches_in"]

NOTHING = object()


class Held:
    """What an attribute is, or that there is none; equal to another if it is the same object, or an equal number."""

    __slots__ = ("value",)

    def __init__(self, value: Any = NOTHING) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and (self.value is other.value or equal(self.value, other.value))

    __hash__ = None  # type: ignore[assignment]


class Patches:
    """The owners of attributes that cells may set, by the attributes' pseudo-names."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._owners: dict[str, Any] = {}

    def names(self, text: str) -> list[str]:
        """Pseudo-names of the attributes that a text may set, where the owners are loaded."""
        found, imported = [], imports(text)
        for *path, attribute in attributes_set(text):
            owner = self._owner([*imported.get(path[0], path[:1]), *path[1:]])
            if owner is not None:
                name = f"{PATCHED}{_name_of(owner)}.{attribute}>"
                if self._owners.setdefault(name, owner) is owner:
                    found.append(name)
        return found

    def _owner(self, path: list[str]) -> Any:
        """The installed module or class that a chain of names leads to; else None."""
        value = self._namespace.get(path[0], sys.modules.get(path[0]))
        for part in path[1:]:
            if not isinstance(value, (types.ModuleType, type)):
                return None
            value = _members(value).get(part)
        if isinstance(value, types.ModuleType):
            return None if LOCAL.is_own(value) or not hasattr(value, "__file__") else value
        return value if isinstance(value, type) and of_a_library(value) else None

    def get(self, name: str) -> Held:
        """What an attribute is now."""
        return Held(_members(self._owners[name]).get(_attribute(name), NOTHING))

    def set(self, name: str, held: Held) -> None:
        """Set an attribute, or take it away."""
        owner, attribute = self._owners[name], _attribute(name)
        now = _members(owner).get(attribute, NOTHING)
        if held.value is NOTHING and now is not NOTHING:
            delattr(owner, attribute)
        elif held.value is not now:
            setattr(owner, attribute, held.value)


def patches_in(states: Mapping[str, Any]) -> dict[str, Any]:
    """What is set, of attributes among hidden states: code that runs where they are used."""
    found = {name: state.value for name, state in states.items() if name.startswith(PATCHED)}
    return {name: value for name, value in found.items() if value is not NOTHING}


def _members(owner: Any) -> Mapping[str, Any]:
    return members_of(owner) if isinstance(owner, type) else owner.__dict__


def _name_of(owner: Any) -> str:
    return f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else str(owner.__name__)


def _attribute(name: str) -> str:
    return name[:-1].rpartition(".")[2]
