"""Runs the literate cases in ``cases/*.md``: a heading, a cell, and the facts that are expected of it.

A case is ``## name``, a ```` ```python ```` fence with the cell and a ```` ```facts ```` fence.  Each line of the facts
is ``key: value`` and is compared exactly; keys that are not given are not compared.  Values are words between blanks.

- ``reads``: builtins are left out unless written ``reads!``; ``mutates``: ``name=strength``; ``carries``: ``name<a,b``;
- ``deferred``: ``name(reads; writes; mutates)``, between blanks outside the brackets; ``sites``:
  ``name@line:column`` of any; ``opaque`` and ``problem``: a part of the sentence, ``-`` for none;
  ``hides``: ``reads`` if it is opaque in what it reads.
- ``key from 3.14: value`` is what is expected instead from that Python on.
- A heading that ends in ``(gap)`` names a known gap: the case must fail until it is closed.
"""

from __future__ import annotations

import builtins
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from reactive_kernel.core.facts import Deferred, Facts
from reactive_kernel.core.python import analyse

CASES = Path(__file__).parent / "cases"
_CASE = re.compile(
    r"^## (?P<name>.+?)\n(?P<text>.*?)^```python\n(?P<cell>.*?)^```\n+```facts\n(?P<facts>.*?)^```$", re.M | re.S
)
_DEFERRED = re.compile(r"(\S+)\(([^;)]*)(?:;([^;)]*))?(?:;([^;)]*))?\)")


class Case(NamedTuple):
    """One scenario: a cell and what is expected of it."""

    name: str
    cell: str
    facts: dict[str, str]


def load(path: Path) -> list[Case]:
    """Return the cases of one file."""
    text = path.read_text(encoding="utf-8")
    cases = [
        Case(match["name"], match["cell"].removesuffix("\n"), _expected(match["facts"]))
        for match in _CASE.finditer(text)
    ]
    assert len(cases) == len(re.findall(r"^## ", text, re.M)), f"{path.name}: a case that can't be read"
    return cases


def _expected(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.strip().split("\n"):
        key, _, value = line.partition(":")
        name, _, since = key.strip().partition(" from ")
        if not since or sys.version_info >= tuple(map(int, since.split("."))):
            found[name] = value.strip()
    return found


def _deferred(name: str, deferred: Deferred) -> tuple[str, frozenset[str], frozenset[str], frozenset[str]]:
    return name, deferred.reads, deferred.writes, deferred.mutates


def actual(facts: Facts, key: str) -> object:
    """Return what the facts say under ``key``, in a form to compare."""
    if key == "reads":
        return {name for name in facts.reads if not hasattr(builtins, name)}
    if key == "reads!":
        return set(facts.reads)
    if key == "mutates":
        return {f"{name}={mutation.strength}" for name, mutation in facts.mutates.items()}
    if key == "carries":
        own = {name: {item for item in names if not hasattr(builtins, item)} for name, names in facts.carries.items()}
        return {f"{name}<{','.join(sorted(names))}" for name, names in own.items() if names}
    if key == "deferred":
        return {_deferred(name, deferred) for name, deferred in facts.deferred.items()}
    if key == "sites":
        mutations = {name: mutation.site for name, mutation in facts.mutates.items()}
        sites = [*facts.reads.items(), *facts.writes.items(), *mutations.items(), *facts.deletes.items()]
        return {f"{name}@{site.line}:{site.column}" for name, site in sites}
    if key == "hides":
        return {"reads"} if any(item.hides_reads for item in facts.opaque) else set()
    if key == "cell_magic":
        return {facts.cell_magic} if facts.cell_magic else set()
    return set(getattr(facts, key))


def expected(key: str, value: str) -> object:
    """Return the expectation in the same form."""
    if key == "deferred":
        return {
            (match[1], *(frozenset((match[part] or "").split()) for part in (2, 3, 4)))
            for match in _DEFERRED.finditer(value)
        }
    return set(value.split())


def check(case: Case) -> None:
    """Compare the facts of a case's cell with what it expects."""
    facts = analyse(case.cell)
    if "problem" not in case.facts:
        assert facts.problem is None, facts.problem
    for key, value in case.facts.items():
        if key in ("problem", "opaque"):
            problem = facts.problem.message if facts.problem is not None else ""
            said = " ".join(item.reason for item in facts.opaque) if key == "opaque" else problem
            assert (said == "") if value == "-" else (value in said), (key, said)
        elif key == "sites":
            assert expected(key, value) <= actual(facts, key), (key, actual(facts, key))  # type: ignore[operator]
        else:
            assert actual(facts, key) == expected(key, value), key


def _parameters() -> list[object]:
    out: list[object] = []
    for path in sorted(CASES.glob("*.md")):
        needs = re.match(r".*_py3(\d+)$", path.stem)
        if needs and sys.version_info < (3, int(needs[1])):
            continue
        for case in load(path):
            marks = [pytest.mark.xfail(reason="known gap", strict=True)] if case.name.endswith("(gap)") else []
            out.append(pytest.param(case, id=f"{path.stem}: {case.name}", marks=marks))
    return out


@pytest.mark.parametrize("case", _parameters())
def test_case(case: Case) -> None:
    check(case)
