"""The tour of `make lab`, followed in the browser as its text says."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, screenshot
from tests.browser.extension_fixtures import ROOT, Book, Books, books, both, extended  # noqa: F401 (fixtures)
from tests.browser.test_extension_panels import scale

pytestmark = pytest.mark.browser
DATA, WARM, DROP, FLAG, TABLE, CHART, INCOME, TICKET, TOTAL, BUDGET, WAGES, SHARES, WHY = range(1, 14)


def numbers(book: Book) -> list[int]:
    """The prompts' numbers."""
    prompts = book.cells.locator(".jp-InputPrompt").all_inner_texts()
    return [int(text.strip("[]: \n\u200b") or 0) for text in prompts]


def ran(book: Book, index: int, source: str) -> set[int]:
    """Change a cell and run it; the cells that have new numbers when all is settled."""
    before = numbers(book)
    book.edit(index, source)
    book.run(index)
    expect(book.cells.nth(index).locator(".jp-InputPrompt")).not_to_have_text(f"[{before[index]}]:")
    expect(book.page.locator(".jp-ReactiveStatus")).to_contain_text("settled")
    expect(book.cells.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(0)
    after = numbers(book)
    return {cell for cell, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}


@both
def test_the_tour(extended: Server, books: Books, page: Page, app: str) -> None:
    shutil.copy(ROOT / "examples" / "tour.ipynb", extended.root / f"tour-{app}.ipynb")
    page.set_viewport_size({"width": 1600, "height": 1000})
    book = Book(extended, page, f"tour-{app}.ipynb", app).open()
    book.command("notebook:run-all-cells")
    book.prompts(*range(1, 15))
    income = book.output(TOTAL).inner_text()
    book.command("reactive:show-dependencies")
    book.select(WARM)
    screenshot(page, f"tour-run-{app}")
    # 1
    changed = ran(book, WARM, "warm_from = 20")
    assert {WARM, FLAG, TABLE, CHART} <= changed
    assert not {0, DATA, DROP, INCOME, TICKET, BUDGET} & changed
    expect(book.cells.nth(CHART).locator("img")).to_be_visible()
    screenshot(page, f"tour-changed-{app}")
    assert ran(book, WARM, "warm_from = 20  # degrees") == {WARM}
    # 2
    dropped = book.cells.nth(DROP).locator(".cm-content").inner_text()
    for _ in range(2):
        book.edit(DROP, dropped.replace("dropna()", 'dropna().query("visitors > 600")'))
        book.run(DROP)
        expect(book.output(DROP)).not_to_contain_text("111 days")
        expect(page.locator(".jp-ReactiveStatus")).to_contain_text("settled")
    book.edit(DROP, dropped)
    book.run(DROP)
    expect(book.output(DROP)).to_contain_text("111 days")
    expect(book.output(TOTAL)).to_have_text(income)
    expect(page.locator(".jp-ReactiveStatus")).to_contain_text("settled")
    # 3
    changed = ran(book, TICKET, "ticket = 5.00")
    expect(book.output(TOTAL)).not_to_have_text(income)
    assert TOTAL in changed
    assert INCOME not in changed
    # 4
    book.edit(TICKET, "ticket = 4,50")
    book.run(TICKET)
    expect(book.cells.nth(TOTAL)).to_have_attribute("data-reactive", "error")
    expect(book.cells.nth(BUDGET)).to_have_attribute("data-reactive", "blocked")
    book.line(BUDGET).get_by_role("button", name="go to cell 10").click()
    page.wait_for_timeout(1500)
    screenshot(page, f"tour-error-{app}")
    book.edit(TICKET, "ticket = 4.50")
    book.run(TICKET)
    expect(book.output(TOTAL)).to_have_text(income)
    expect(page.locator(".jp-ReactiveStatus")).to_contain_text("settled")
    # 5
    book.edit(BUDGET, "budget = total - wages")
    book.run(BUDGET)
    for cell in (BUDGET, WAGES):
        expect(book.cells.nth(cell)).to_have_attribute("data-reactive", "blocked")
    screenshot(page, f"tour-loop-{app}")
    book.edit(BUDGET, "budget = 0.8 * total")
    book.run(BUDGET)
    expect(page.locator(".jp-ReactiveStatus")).to_contain_text("settled")
    # 6
    book.edit(WARM, "warm_from = 22")
    for cell in (WARM, FLAG, TABLE, CHART):
        expect(book.cells.nth(cell)).to_have_attribute("data-reactive", "stale")
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    expect(page.locator("body[data-jp-theme-name='JupyterLab Dark']")).to_be_attached()
    book.select(WARM)
    page.wait_for_timeout(1500)
    screenshot(page, f"tour-dark-{app}")
    # However narrow the panel is, the graph can be read.
    assert scale(page) > 0.7
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    book.select(TICKET)
    book.command("notebook:delete-cell")
    expect(book.line(TOTAL - 1)).to_contain_text("ticket")
    book.command("notebook:undo-cell-action")
    book.command("reactive:run-all")
    expect(page.locator(".jp-ReactiveStatus")).to_contain_text("settled")
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    expect(page.locator(".jp-ReactiveStatus")).to_contain_text("not run yet")
    book.run(SHARES)
    for cell in (0, DATA, TOTAL, SHARES):
        expect(book.cells.nth(cell)).to_have_attribute("data-reactive", "fresh")
    expect(page.locator(".jp-ReactiveStatus")).to_contain_text("not run yet")
    expect(book.cells.nth(TABLE)).to_have_attribute("data-reactive", "new")
