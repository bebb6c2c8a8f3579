"""Sessions through the protocol: a front end shows what a clean run shows, and no output twice or left over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kernel.driver import Kernel

from . import disk
from .example import Example
from .execute import parses
from .session import play
from .sql_plain import is_sql
from .wire import Remote, WireDriver

pytestmark = pytest.mark.oracle


def _texts(example: Example) -> list[str]:
    return [*example.cells, *(str(part) for op in example.ops for part in op if isinstance(part, str))]


def _plain(example: Example) -> bool:
    """True if nothing in the session differs in a process of its own.

    Random numbers would, and SQL, IPython's own words, and the modules on disk, which only this process finds.
    """
    texts = _texts(example)
    if any(name in text for name in disk.NAMES for text in texts):
        return False
    return not any(is_sql(t) or "random" in t or "rng" in t or not parses(t) for t in texts)


KEPT = {path.stem: Example.load(path) for path in sorted((Path(__file__).parent / "kept").glob("*.json"))}
PLAIN = [name for name, example in KEPT.items() if _plain(example)]
CHOSEN = [name for name in PLAIN if name.startswith("wire-") or PLAIN.index(name) % 4 == 0]


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.stop()


@pytest.mark.parametrize("name", CHOSEN)
def test_a_front_end_shows_what_a_clean_run_shows(kernel: Kernel, name: str) -> None:
    report = play(KEPT[name], Remote(kernel).factory, names=False, patience=60, driver=WireDriver)
    assert report.comparisons
    assert not report.differences, "\n".join([str(KEPT[name]), *map(str, report.differences[:3])])
