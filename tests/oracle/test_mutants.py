"""The oracle sees: an engine with one part taken out must differ within 200 sessions, where the whole one doesn't."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from reactive_kernel.core import resolve
from reactive_kernel.core.plan import Cascade
from reactive_kernel.kernel.changes import Changes
from reactive_kernel.kernel.engine import Engine
from reactive_kernel.kernel.executor import Executor
from reactive_kernel.kernel.hidden import Hidden
from reactive_kernel.kernel.sharers import Sharers
from reactive_kernel.kernel.store import MISSING, Store

from .grammar import from_seed
from .session import play

pytestmark = pytest.mark.oracle


def cascade_off(patch: pytest.MonkeyPatch) -> None:
    """Every request runs one cell."""
    whole, asked = Cascade.next, set()

    def once(self: Cascade, waiting: Any = ()) -> Any:
        if id(self) in asked:
            return None
        asked.add(id(self))
        return whole(self, waiting)

    patch.setattr(Cascade, "next", once)


def no_aliases(patch: pytest.MonkeyPatch) -> None:
    """Names that share an object know nothing of each other."""
    patch.setattr(resolve, "_add_shared", lambda *_: None)
    patch.setattr(Sharers, "of", lambda *_: set())


def no_deferred_reads(patch: pytest.MonkeyPatch) -> None:
    """A function's globals are nobody's inputs."""
    patch.setattr(resolve, "carried", lambda *_: {})


def no_changes_in_place(patch: pytest.MonkeyPatch) -> None:
    """No cell is ever seen to change an object."""
    patch.setattr(Executor, "_changes", lambda *_: Changes())


def no_hidden_state(patch: pytest.MonkeyPatch) -> None:
    """Drawing random numbers goes unnoticed."""
    patch.setattr(Hidden, "changed", lambda *_: {})


def purging_off(patch: pytest.MonkeyPatch) -> None:
    """A name once bound stays."""

    def bind(self: Store, names: Iterable[str]) -> None:
        seen = {name: self.lookup(name, self.at) for name in names if name[0] != "<"}
        self.namespace.update({name: value for name, value in seen.items() if value is not MISSING})

    patch.setattr(Store, "_bind", bind)


MUTANTS = [cascade_off, no_aliases, no_deferred_reads, no_changes_in_place, no_hidden_state, purging_off]


def differs(number: int) -> bool:
    return bool(play(from_seed(4, number), Engine).differences)


@pytest.mark.parametrize("mutate", MUTANTS, ids=lambda mutate: mutate.__name__)
def test_a_part_taken_out_is_missed(mutate: Callable[[pytest.MonkeyPatch], None]) -> None:
    for number in range(200):
        with pytest.MonkeyPatch.context() as patch:
            mutate(patch)
            seen = differs(number)
        if seen and not differs(number):
            return
    pytest.fail("200 sessions showed no difference")
