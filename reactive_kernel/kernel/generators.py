"""Hidden state: the random generators of `random`, numpy's legacy functions and torch, as variables.

Each is a pseudo-name (``<random>``) whose value is the generator's state; nothing is imported for it.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["Generators"]


def _get_random() -> Any:
    return sys.modules["random"].getstate()


def _set_random(state: Any) -> None:
    sys.modules["random"].setstate(state)


def _numpy() -> Any:
    return sys.modules["numpy.random"].mtrand._rand


def _get_numpy() -> Any:
    state = _numpy().get_state(legacy=False)
    inner = state["state"]
    return (state["bit_generator"], inner["key"].tobytes(), inner["pos"], state["has_gauss"], state["gauss"])


def _set_numpy(state: Any) -> None:
    numpy = sys.modules["numpy"]
    key = numpy.frombuffer(state[1], dtype=numpy.uint32)
    _numpy().set_state((state[0], key, state[2], state[3], state[4]))


def _get_torch() -> Any:
    return sys.modules["torch"].get_rng_state().numpy().tobytes()


def _set_torch(state: Any) -> None:
    torch = sys.modules["torch"]
    torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))


KINDS = {
    "<random>": ("random", _get_random, _set_random),
    "<numpy.random>": ("numpy.random", _get_numpy, _set_numpy),
    "<torch.random>": ("torch", _get_torch, _set_torch),
}


class Generators:
    """The states now in effect, and those before any cell drew."""

    def __init__(self) -> None:
        self.base: dict[str, Any] = {}

    def loaded(self) -> list[str]:
        """Pseudo-names of the generators whose module is imported."""
        return [name for name, (module, _, _) in KINDS.items() if module in sys.modules]

    def get(self, name: str) -> Any:
        """The state now; hashable and comparable."""
        return KINDS[name][1]()

    def set(self, name: str, state: Any) -> None:
        """Put a generator into a state that `get` gave."""
        KINDS[name][2](state)
