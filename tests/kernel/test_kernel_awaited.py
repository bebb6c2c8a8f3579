"""Coroutines and asynchronous generators that one cell makes and another uses up."""

from __future__ import annotations

import pytest

from tests.kernel.driver import Kernel

FETCH = "import asyncio\nasync def fetch(i):\n    await asyncio.sleep(0)\n    return i * 10 * {k}"
COUNT = (
    "import asyncio\nasync def count(n):\n    for i in range(n):\n        await asyncio.sleep(0)\n        yield i * {k}"
)
USES = {
    "await": (FETCH, "c = fetch(1)", "print(await c)", "20\n", "30\n"),
    "in a dict": (
        FETCH,
        "c = {i: fetch(i) for i in (1, 2)}",
        "print([await i for i in c.values()])",
        "[20, 40]\n",
        "[30, 60]\n",
    ),
    "gathered": (FETCH, "c = [fetch(1), fetch(2)]", "print(await asyncio.gather(*c))", "[20, 40]\n", "[30, 60]\n"),
    "asynchronous loop": (COUNT, "c = count(3)", "async for i in c:\n    print(i, end=' ')", "0 2 4 ", "0 3 6 "),
    "first of a loop": (COUNT, "c = count(3)", "print(await anext(c), await anext(c))", "0 2\n", "0 3\n"),
}


@pytest.mark.parametrize(("make", "given", "use", "one", "other"), USES.values(), ids=USES)
def test_what_was_awaited_is_made_again(kernel: Kernel, make: str, given: str, use: str, one: str, other: str) -> None:
    kernel.cells(A=make.format(k=2), B=given, C=use)
    ran = kernel.cell("C", use)
    assert ran.order == ["B", "C"]
    assert ran.text("C") == one
    ran = kernel.cell("A", make.format(k=3))
    assert ran.order == ["A", "B", "C"]
    assert ran.text("C") == other


def test_what_is_left_of_an_asynchronous_generator_goes_to_the_next_cell(kernel: Kernel) -> None:
    kernel.cells(A=COUNT.format(k=1), B="c = count(4)", C="print(await anext(c))", D="print([i async for i in c])")
    ran = kernel.cell("C", "print(await anext(c), await anext(c))")
    assert ran.order == ["B", "C", "D"]
    assert (ran.text("C"), ran.text("D")) == ("0 1\n", "[2, 3]\n")
