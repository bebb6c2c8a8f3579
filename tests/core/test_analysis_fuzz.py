"""The analysis never raises, is deterministic, and its facts hold together, whatever the text."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_kernel.core.facts import Facts
from reactive_kernel.core.python import analyse

from .blocks import generate

PIECES = (
    "x y f ( ) [ ] { } : = += := , . ; \\ \n \n    \t % %% ! !! ? ?? %time %%time %%capture %%bash %%sql $x {x} "
    "''' \"\"\" ' \" # @ * ** -> def class lambda for in if else while try except as finally with import from global "
    "nonlocal del return yield await async match case _ 1 1.5 None True \0 \r \r\n \f é ﬁ 𝒙 \ud800 \u2028 "
    "get_ipython().run_line_magic('time','x') f'{x!r:>{y}}' 0x1 1_0 \\N{DASH}"
).split(" ")


def hold_together(source: str) -> Facts:
    """Check what must be true of any facts."""
    facts = analyse(source)
    assert analyse(source) == facts
    assert facts.inert <= set(facts.reads)
    assert facts.maybe <= set(facts.writes)
    assert facts.maybe_deletes <= set(facts.deletes)
    assert facts.plain <= set(facts.writes)
    assert set(facts.deferred) <= set(facts.writes) | set(facts.mutates)
    assert set(facts.carries) <= set(facts.writes) | set(facts.mutates)
    assert all(names <= set(facts.reads) for names in facts.carries.values())
    lines = source.count("\n") + source.count("\r") + source.count("\f") + 1
    for site in (*facts.reads.values(), *facts.writes.values(), *facts.deletes.values()):
        assert 1 <= site.line <= lines
        assert site.column >= 0
    if facts.problem is not None and facts.cell_magic != "sql":
        assert facts.problem.code == "syntax_error"
        assert facts.problem.message.endswith(".")
        assert not facts.reads
        assert not facts.writes
    return facts


@settings(max_examples=400, deadline=None)
@given(st.text())
def test_any_text(source: str) -> None:
    hold_together(source)


@settings(max_examples=1200, deadline=None)
@given(st.lists(st.sampled_from(PIECES)).map(" ".join) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_pieces_of_code(source: str) -> None:
    hold_together(source)


def test_valid_code_with_a_character_changed() -> None:
    rng = random.Random(7)
    for _ in range(500):
        text = list(generate(rng))
        for _ in range(rng.randint(0, 2)):
            at = rng.randrange(len(text))
            text[at] = rng.choice(("", "\n", "%", "!", "?", "(", ")", "'", '"', "\\", ":", " "))
        hold_together("".join(text))


@pytest.mark.parametrize(
    "source",
    [
        "(" * 5000,
        "(" * 150 + "x" + ")" * 150,
        "[" * 80 + "x" + "]" * 80,
        "-" * 4000 + "x",
        " + ".join(["x"] * 8000),
        "x" + ".a" * 3000,
        "f" + "(1)" * 2000,
        "x = " + "not " * 3000 + "y",
        "lambda: " * 400 + "k",
        "if x:\n  pass\n" + "elif y:\n  pass\n" * 1500,
        "\n".join("    " * n + "if x:" for n in range(99)) + "\n" + "    " * 99 + "y = z",
        "\n".join("    " * n + "class C:" for n in range(60)) + "\n" + "    " * 60 + "y = z",
        "\n".join("    " * n + "for a in b:" for n in range(18)) + "\n" + "    " * 18 + "y = z",
        "\n".join("    " * n + "def f():" for n in range(60)) + "\n" + "    " * 60 + "y = z",
        "x = 0x" + "f" * 20000,
        "x = " + "9" * 20000,
        "'" * 100000,
        "%" * 1000,
        "%%time\n" * 1500,
        "\ud800 = 1",
        "'\ud800'",
        "x = 1\0",
        "f'{" * 200,
        "\\" * 1000,
        "!ls \\\n" * 1000,
        "!echo {" + "(" * 1000 + "}",
        "eval('" + "(" * 1000 + "')",
        "exec('exec(\"exec(x)\")')",
    ],
    ids=lambda text: repr(text[:16]),
)
def test_extreme(source: str) -> None:
    hold_together(source)


def test_deep_code_is_not_lost() -> None:
    facts = analyse("r = x" + ".a" * 950)
    assert set(facts.reads) == {"x"}
    assert set(facts.writes) == {"r"}
