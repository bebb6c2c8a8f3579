"""The literate cases of sql_cases/*.md, and properties of the analysis of SQL cells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactive_kernel.core import sql_statements
from reactive_kernel.core.facts import Facts
from reactive_kernel.core.sql import analyse_sql
from reactive_kernel.core.sql_render import render
from reactive_kernel.core.sql_text import parse_script, site_at

CASES = Path(__file__).with_name("sql_cases")
_CASE = re.compile(r"^## ([^\n]+)\n```sql\n(.*?)\n```\n((?:[^#\n][^\n]*\n)*)", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True, scope="module")
def _on_its_own() -> Iterator[None]:
    """Without DuckDB's second opinion, which a kernel in this process may have left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sql_statements, "_opinion", None)
        yield


def cases() -> Iterator[pytest.ParameterSet]:
    for path in sorted(CASES.glob("*.md")):
        text = path.read_text(encoding="utf-8") + "\n"
        for title, sql, facts in _CASE.findall(text):
            yield pytest.param(sql, facts.splitlines(), id=f"{path.stem}: {title}")


def told(facts: Facts, expected: set[str]) -> list[str]:
    """The facts in the form of the cases; what every statement has is left out unless the case names it."""

    def line(key: str, names: set[str]) -> str:
        return f"{key}: {' '.join(sorted(names))}"

    def usual(name: str) -> bool:
        return name == "<sql:session>" or name.endswith("()") or (name in facts.writes and name.startswith("sql:"))

    reads = {n for n in facts.reads if n in expected or not usual(n)}
    lines = [
        line(key, set(names))
        for key, names in (
            ("reads", reads),
            ("writes", facts.writes),
            ("maybe", facts.maybe),
            ("mutates", facts.mutates),
            ("deletes", facts.deletes),
            ("effects", facts.effects),
        )
        if names
    ]
    for carrier, deferred in facts.deferred.items():
        kept = {n for n in deferred.reads if n in expected or not n.endswith("()")}
        lines.append(line(f"deferred {carrier}", kept))
    lines += [f"opaque: {opaque.reason}" for opaque in facts.opaque]
    if facts.problem:
        site = facts.problem.site
        assert site is not None
        lines.append(f"problem: {facts.problem.code} {site.line}:{site.column} {facts.problem.message}")
    return sorted(lines)


def wanted(lines: list[str]) -> list[str]:
    result = []
    for line in lines:
        key, _, rest = line.partition(": ") if not line.endswith(":") else (line[:-1], "", "")
        if key.startswith("deferred") or key in ("reads", "writes", "maybe", "mutates", "deletes", "effects"):
            names = re.findall(r'"sql:.*?"(?= |$)|\S+', rest)
            names = [n[1:-1] if n.startswith('"sql:') else n for n in names]
            result.append(f"{key}: {' '.join(sorted(names))}")
        else:
            result.append(line)
    return sorted(result)


@pytest.mark.parametrize(("sql", "lines"), list(cases()))
def test_case(sql: str, lines: list[str]) -> None:
    expected = wanted(lines)
    names = {n for line in expected if line.startswith(("reads", "deferred")) for n in line.split()}
    assert told(analyse_sql(sql), names) == expected


def test_there_are_at_least_120_cases() -> None:
    assert len(list(cases())) >= 120


def test_every_heading_is_a_case() -> None:
    headings = sum(path.read_text(encoding="utf-8").count("\n## ") for path in CASES.glob("*.md"))
    assert len(list(cases())) == headings


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t", "SELECT  a\n  FROM t -- with a comment"),
        ("SELECT {x}", "SELECT { x }"),
        ("SELECT {{ x+1 }}", "SELECT /* one more */ {{x+1}}"),
        ("%%sql r <<\nSELECT 1", "%%sql   r <<\n\nSELECT 1;"),
    ],
)
def test_comments_and_layout_do_not_count(one: str, other: str) -> None:
    assert analyse_sql(one).code == analyse_sql(other).code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t", "SELECT A FROM t"),
        ("SELECT '-- a'", "SELECT '-- b'"),
        ("SELECT {x}", "SELECT {y}"),
        ("SELECT {{ x | id }}", "SELECT {{ x }}"),
        ("%%sql r <<\nSELECT 1", "%%sql s <<\nSELECT 1"),
        ("%%sql --limit 3\nSELECT 1", "SELECT 1"),
        ("%%sql --on a\nSELECT 1", "%%sql --on b\nSELECT 1"),
    ],
)
def test_what_changes_the_result_counts(one: str, other: str) -> None:
    assert analyse_sql(one).code != analyse_sql(other).code


def test_sites_are_in_the_cell() -> None:
    facts = analyse_sql("%%sql\nSELECT {a},\n  {b} FROM users\n  JOIN {{ c | id }}.x")
    assert facts.reads["a"] == (2, 7)
    assert facts.reads["b"] == (3, 2)
    assert facts.reads["users"] == (3, 11)


def test_rendering_maps_back_to_the_cell() -> None:
    source = "SELECT {a}, $bb, {{ ccc }}, word FROM t"
    statement = parse_script(source).statements[0]
    rendered = render(source, statement, lambda i, p: f"<{'long' * i}{i}>")
    for word in ("SELECT", "word", "FROM", ", word"):
        assert rendered.to_source(rendered.text.index(word)) == source.index(word)
    assert [rendered.text.count(f"{i}>") for i in range(3)] == [1, 1, 1]


def test_a_very_long_insert_is_read_by_its_words() -> None:
    rows = ",".join(f"({i}, 'name {i}')" for i in range(20_000))
    facts = analyse_sql(f"INSERT INTO t (a, b) VALUES {rows}")
    assert set(facts.mutates) == {"sql:t"}
    assert not facts.opaque


def test_a_very_long_insert_from_a_query_is_not() -> None:
    rows = ",".join(f"({i}, 'name {i}')" for i in range(8_000))
    facts = analyse_sql(f"INSERT INTO t SELECT * FROM (VALUES {rows}) JOIN u USING (a)")
    assert "sql:u" in facts.reads


def test_deep_nesting_is_no_fault_of_ours() -> None:
    facts = analyse_sql("SELECT " + "(" * 3000 + "1" + ")" * 3000)
    assert facts.opaque
    conjunction = " AND ".join(f"x <> {i}" for i in range(5_000))
    facts = analyse_sql(f"SELECT * FROM t WHERE {conjunction}")
    assert "sql:t" in facts.reads or facts.opaque


@given(st.text(alphabet="SELECTFROM tx'\"`${}();-/*|\n%1.,?:", max_size=60))
def test_no_text_breaks_the_analysis(text: str) -> None:
    facts = analyse_sql(text)
    assert facts.language == "sql"
    assert facts == analyse_sql(text)


@given(st.text(max_size=40), st.integers(0, 40))
def test_sites_count_lines_and_columns(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    line, column = site_at(text, offset)
    lines = text.split("\n")
    assert sum(len(one) + 1 for one in lines[: line - 1]) + column == offset
