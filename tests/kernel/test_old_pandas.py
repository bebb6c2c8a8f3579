"""States of frames as they are taken where pandas has no copy-on-write (before 3.0)."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time
from typing import Any

import pandas as pd
import pytest

from reactive_kernel.kernel.frame_memory import viewed_memory
from reactive_kernel.kernel.state import State
from reactive_kernel.kernel.survey import survey


@pytest.fixture(autouse=True)
def old_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if pandas were older; what it has is the same, but for the sharing of memory."""
    monkeypatch.setattr(pd, "__version__", "2.3.3")


def frame() -> Any:
    """A frame, made anew."""
    return pd.DataFrame({"a": [3, 1, 2], "b": list("xyz")})


def series() -> Any:
    """A series."""
    return pd.Series([1, 2], name="s")


def levels() -> Any:
    """A frame with two levels of labels."""
    index = pd.MultiIndex.from_tuples([(1, 2), (3, 4)], names=["i", "j"])
    return pd.DataFrame({"a": [1, 2]}, index=index)


def times() -> Any:
    """A frame whose labels are times."""
    return pd.DataFrame({"a": [1, 2, 3]}, index=pd.to_datetime(["2020-1-1", "2020-1-2", "2020-1-3"]))


CHANGES: list[tuple[Callable[[], Any], str]] = [
    (frame, "value.index.name = 'row'"),
    (frame, "value.columns.name = 'kind'"),
    (frame, "value.attrs['unit'] = 'm'"),
    (frame, "value.index = [0, 1, 2]"),
    (frame, "value.flags.allows_duplicate_labels = False"),
    (frame, "value.a; value.loc[0, 'a'] = 9; value.a"),
    (frame, "value['c'] = 1"),
    (frame, "value.sort_values('a', inplace=True)"),
    (series, "value.name = 't'"),
    (series, "value.index.name = 'row'"),
    (series, "value[0] = 5"),
    (levels, "value.index.names = ['k', 'l']"),
    (times, "value.index.freq = 'D'"),
]


class Looked:
    """A look at a frame with all that is in it."""

    def __init__(self, value: Any) -> None:
        found = survey([value], {}, thread_time() + 1, True, "__main__")
        assert found.complete
        self.states = found.states.values()

    def touched(self) -> list[tuple[Any, State]]:
        """What changed since."""
        return [(value, state) for value, state in self.states if state is not None and state.changed(value)]

    def put_back(self) -> None:
        """Let it be as it was."""
        for value, state in self.touched():
            assert state.restore is not None
            state.restore(value)


@pytest.mark.parametrize(("make", "change"), CHANGES, ids=[f"{make.__name__}: {change}" for make, change in CHANGES])
def test_a_change_is_seen_and_put_back(make: Callable[[], Any], change: str) -> None:
    value, other = make(), make()
    look = Looked(value)
    assert not look.touched()
    exec(change, {"value": value})
    assert look.touched()
    look.put_back()
    assert not look.touched()
    assert value.equals(other)
    assert value.attrs == other.attrs
    assert getattr(value, "name", 0) == getattr(other, "name", 0)
    assert all(a.identical(b) for a, b in zip(value.axes, other.axes, strict=True))
    assert value.flags.allows_duplicate_labels


def test_an_axis_that_two_frames_have_is_put_back_in_each() -> None:
    one = frame()
    other = pd.DataFrame({"c": [1, 2, 3]}, index=one.index)
    looks = [Looked(one), Looked(other)]
    one.index.name = "row"
    for look in looks:
        look.put_back()
    assert one.index.name is None
    assert other.index.name is None


def test_data_is_put_back_where_views_look_at_it() -> None:
    value = frame()
    memory = value._mgr.blocks[0].values
    look = Looked(value)
    memory[0, 0] = 9
    assert look.touched()
    look.put_back()
    assert value._mgr.blocks[0].values is memory
    assert memory.tolist() == [[3, 1, 2]]
    value["a"] = [7, 8, 9]
    look.put_back()
    assert value._mgr.blocks[0].values is memory


def test_another_layout_of_the_same_columns_is_no_change() -> None:
    value = frame()
    value["c"] = [4, 5, 6]
    look = Looked(value)
    before = len(value._mgr.blocks)
    object.__setattr__(value, "_mgr", value._mgr.consolidate())
    assert len(value._mgr.blocks) < before
    assert not look.touched()
    value.loc[0, "c"] = 0
    assert look.touched()


def test_a_frame_and_what_may_be_taken_out_of_it_have_their_memory_in_common() -> None:
    value = frame()
    memory = {id(array) for array in viewed_memory(value)}
    assert {id(array) for array in viewed_memory(value["a"])} & memory


@pytest.mark.parametrize(("make", "accessor"), [(frame, "plot"), (series, "plot"), (series, "str")])
def test_an_accessor_that_pandas_keeps_in_the_frame_is_no_change(make: Callable[[], Any], accessor: str) -> None:
    value = make().astype(str)
    look = Looked(value)
    object.__setattr__(value, accessor, getattr(value, accessor))
    assert not look.touched()
    object.__setattr__(value, "unit", "m")
    assert look.touched()
