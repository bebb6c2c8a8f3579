"""Our reading of SQL against DuckDB's own parser, on statements from a grammar and from the literate cases."""

from __future__ import annotations

from collections import Counter

import pytest

from reactive_kernel.core.sql_statements import analyse_statement
from reactive_kernel.core.sql_text import parse_script
from reactive_kernel.core.sql_words import StatementFacts
from reactive_kernel.kernel.sql import fallback
from tests.core.sql_grammar import Grammar

STATEMENTS = 3_000
AGREEMENT = 0.999

Names = frozenset[tuple[str, ...]]


def ours(text: str) -> StatementFacts:
    script = parse_script(text)
    assert script.problem is None, script.problem
    (statement,) = script.statements
    return analyse_statement(text, statement, "duckdb")


def theirs(text: str) -> tuple[Names, Names] | None:
    """What DuckDB reads and changes, or None if it can't say."""
    answer = fallback.serialized(text)
    if answer.get("error"):
        return None
    read, changed = fallback.relations(answer)
    return folded([name.parts for name in read]), folded([name.parts for name in changed])


def folded(names: list[tuple[str, ...]]) -> Names:
    return frozenset(tuple(part.lower() for part in parts) for parts in names)


@pytest.fixture(scope="module")
def corpus() -> list[tuple[str, tuple[Names, Names] | None]]:
    """Statements, each with what DuckDB says of it."""
    grammar = Grammar(seed=20260)
    return [(text, theirs(text)) for text in (grammar.statement() for _ in range(STATEMENTS))]


def test_the_corpus_is_worth_comparing(corpus: list[tuple[str, tuple[Names, Names] | None]]) -> None:
    understood = [answer for _, answer in corpus if answer is not None]
    assert len(understood) > 0.9 * STATEMENTS
    relations = Counter(len(read) for read, _ in understood)
    assert sum(count for number, count in relations.items() if number >= 2) > STATEMENTS / 4
    assert sum(1 for _, changed in understood if changed) > STATEMENTS / 20
    assert len({text for text, _ in corpus}) > 0.95 * STATEMENTS


def test_we_agree_with_duckdb(corpus: list[tuple[str, tuple[Names, Names] | None]]) -> None:
    compared, wrong, silent = 0, [], []
    for text, answer in corpus:
        if answer is None:
            continue
        facts = ours(text)
        if facts.opaque:
            # Said not to be known: never wrong, but it must stay rare.
            silent.append(text)
            continue
        compared += 1
        read = folded([r.parts for r in facts.reads if r.role == "table"])
        if (read, folded([r.parts for r in facts.mutates])) != answer:
            wrong.append((text, sorted(read), answer))
    assert compared > 0.85 * STATEMENTS, silent[:3]
    assert len(wrong) <= (1 - AGREEMENT) * compared, f"{len(wrong)} of {compared}: {wrong[:3]}"
