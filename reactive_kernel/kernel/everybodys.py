"""The random generators that modules keep for everybody: Python's own, and that behind numpy's functions.

To ask for their states takes longer than most cells do; as long as nobody has drawn, a look at their memory tells that.
Neither module is imported for it.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from reactive_kernel.kernel.random_states import exactly

__all__ = ["get_numpy", "get_python", "set_numpy", "set_python"]

_MERSENNE_BYTES = 4 * 625  # a key of 624 words, and the place in it


@dataclass(slots=True)
class _Last:
    """The state of a generator as it was last seen, and its memory then (None: that doesn't tell)."""

    generator: Any = None
    memory: Any = None
    state: Any = None

    def still_is(self, generator: Any, memory: Any) -> bool:
        """True if nobody has drawn since."""
        return memory is not None and generator is self.generator and memory == self.memory


_python, _numpy = _Last(), _Last()


# -- Python's


def get_python() -> Any:
    """State of the generator behind `random`'s functions, comparable."""
    random = sys.modules["random"]
    memory = _python_memory(random._inst)
    if not _python.still_is(random._inst, memory):
        _see_python(random._inst, random.getstate(), memory)
    return _python.state


def set_python(state: Any) -> None:
    """Put into effect what `get_python` gave."""
    random = sys.modules["random"]
    random.setstate(state)
    _see_python(random._inst, state, _python_memory(random._inst))


def _see_python(generator: Any, state: Any, memory: Any) -> None:
    _python.generator, _python.state, _python.memory = generator, state, memory


def _python_memory(generator: Any) -> Any:
    if not _is_behind_the_head():
        return None
    # A second normal number that was drawn along with the last one is kept in `gauss_next`.
    return _behind_the_head(generator), generator.gauss_next


def _behind_the_head(generator: Any) -> bytes:
    basis = type(generator).__mro__[-2]  # that which is written in C
    return ctypes.string_at(id(generator) + object.__basicsize__, basis.__basicsize__ - object.__basicsize__)


@lru_cache
def _is_behind_the_head() -> bool:
    """True if Python keeps a generator's state right behind the object's head, as CPython always did."""
    if sys.implementation.name != "cpython":
        return False
    generator = sys.modules["random"].Random(1)
    first, state = _behind_the_head(generator), generator.getstate()
    generator.getrandbits(1)
    second = _behind_the_head(generator)
    generator.setstate(state)
    return first == _behind_the_head(generator) != second


# -- numpy's


@dataclass(frozen=True, slots=True)
class _OfNumpy:
    """Which bit generator it is, and what it holds."""

    bits: Any
    exactly: Any
    held: Any = field(compare=False)


def get_numpy() -> Any:
    """State of the generator behind `numpy.random`'s functions, comparable."""
    bits = _legacy()._bit_generator
    memory = _numpy_memory(bits)
    if not _numpy.still_is(bits, memory):
        held = _legacy().get_state(legacy=False)
        _see_numpy(_OfNumpy(bits, exactly(held), held), memory)
    return _numpy.state


def set_numpy(state: Any) -> None:
    """Put into effect what `get_numpy` gave."""
    if _legacy()._bit_generator is not state.bits:
        sys.modules["numpy.random"].set_bit_generator(state.bits)
    _legacy().set_state(state.held)
    _see_numpy(state, _numpy_memory(state.bits))


def _see_numpy(state: _OfNumpy, memory: bytes | None) -> None:
    # A second normal number that was drawn along with the last one will be taken without a trace in this memory.
    _numpy.generator, _numpy.state, _numpy.memory = state.bits, state, None if state.held["has_gauss"] else memory


def _numpy_memory(bits: Any) -> bytes | None:
    if type(bits).__name__ != "MT19937":
        return None
    return ctypes.string_at(bits.ctypes.state_address, _MERSENNE_BYTES)


def _legacy() -> Any:
    return sys.modules["numpy.random"].mtrand._rand
