"""What the commands do, tried as people would: palette, toolbar, menu."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import screenshot
from tests.browser.extension_fixtures import Books, books, both, extended  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser
CHAIN = ["x = 10", "y = x * 2\ny", "print('y is', y)"]


@both
def test_lazy_mode_and_run_stale(books: Books, app: str) -> None:
    book = books.new([*CHAIN, "x + 1"], app)
    book.run(0)
    book.prompts(1, 2, 3, 4)
    toolbar = book.page.locator(".jp-ReactiveToolbar")
    toolbar.get_by_role("button", name="Auto", exact=True).click()
    expect(toolbar.get_by_role("button", name="Lazy", exact=True)).to_be_visible()
    book.edit(0, "x = 1")
    book.run(0)
    book.marked("fresh", "stale", "stale", "stale")
    book.prompts(5, 2, 3, 4)
    assert book.page.evaluate("window.jupyterapp.commands.label('reactive:run-stale')") == "Run Stale Cells (3)"
    toolbar.get_by_role("button", name="3 stale", exact=True).click()
    book.marked("fresh", "fresh", "fresh", "fresh")
    book.shows("", "2", "y is 2", "2")
    book.prompts(5, 6, 7, 8)
    toolbar.get_by_role("button", name="Lazy", exact=True).click()
    expect(toolbar.get_by_role("button", name="Auto", exact=True)).to_be_visible()


@both
def test_run_all_upstream_and_alone(books: Books, app: str) -> None:
    book = books.new([*CHAIN, "x + 1"], app)
    book.select(1)
    book.command("reactive:run-upstream")
    book.prompts(1, 2)
    book.marked("fresh", "fresh", "new", "new")
    book.edit(0, "x = 3")
    book.marked("stale", "stale", "new", "new")
    book.command("reactive:run-alone")
    book.marked("fresh", "stale", "new", "new")
    book.command("reactive:run-all")
    book.shows("", "6", "y is 6", "4")
    book.prompts(3, 4, 5, 6)
    saved = book.saved()
    assert all("reactive" not in cell.metadata for cell in saved.cells)


@both
def test_running_queued_and_interrupted(books: Books, app: str) -> None:
    book = books.new(["x = 1", "import time\ntime.sleep(600)\ny = x", "print('y', y)", "print('x', x)"], app)
    book.run(0)
    book.marked("fresh", "running", "queued", "queued")
    for index, word in ((1, "running"), (2, "queued"), (3, "queued")):
        expect(book.line(index).locator(f".jp-ReactiveChip[data-kind={word}]")).to_have_text(word)
    expect(book.cells.nth(1).locator(".jp-InputPrompt")).to_have_text("[*]:")
    expect(book.page.locator(".jp-ReactiveStatus")).to_contain_text("running 2 of 4")
    screenshot(book.page, f"running-{app}")
    book.command("reactive:interrupt")
    expect(book.output(1)).to_contain_text("KeyboardInterrupt")
    book.marked("fresh", "error", "new", "new")
    expect(book.line(1)).to_contain_text("failed, or was interrupted")
    expect(book.page.locator(".jp-ReactiveStatus")).to_contain_text("1 failed")
    book.edit(1, "y = x")
    book.run(1)
    book.shows("", "", "y 1", "")


@pytest.mark.parametrize("slower", [1, 20])
@both
def test_stock_run_all_runs_each_cell_once(books: Books, app: str, slower: int) -> None:
    book = books.new(CHAIN, app)
    page = book.page.context.new_cdp_session(book.page)
    page.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    book.command("notebook:run-all-cells")
    book.prompts(1, 2, 3)
    book.shows("", "20", "y is 20")


@both
def test_disable_is_saved_with_the_cell(books: Books, app: str) -> None:
    book = books.new(CHAIN, app)
    book.select(1)
    book.command("reactive:toggle-disabled")
    book.marked("new", "disabled")
    assert book.saved().cells[1].metadata.reactive == {"disabled": True}
    book.run(0)
    book.marked("fresh", "disabled")
    book.open()
    book.marked("fresh", "disabled")
    book.select(1)
    book.command("reactive:toggle-disabled")
    book.marked("fresh", "new")
    assert "reactive" not in book.saved().cells[1].metadata


@both
def test_sort_is_one_undoable_step(books: Books, app: str) -> None:
    sources = ["§About y", "y = x + w", "print('y is', y)", "§About x", "x = 10", "w = v", "v = 1", "z = 1"]
    book = books.new(sources, app)
    book.marked("new", "new", "new", "new")
    book.command("reactive:sort-cells")
    expect(book.cells.first).to_contain_text("x = 10")
    after = ["About x", "x = 10", "v = 1", "w = v", "About y", "y = x + w", "print('y is', y)", "z = 1"]
    assert book.sources() == after
    book.run(0)
    book.marked("fresh", "fresh", "fresh", "fresh", "fresh", "new")
    book.command("notebook:undo-cell-action")
    expect(book.cells.last).to_contain_text("z = 1")
    assert book.sources() == [text.lstrip("§") for text in sources]
    book.marked("fresh", "fresh", "fresh", "fresh", "fresh", "new")


@both
def test_sql_cells(books: Books, app: str) -> None:
    frame = "import pandas as pd\nsales = pd.DataFrame({'city': ['Oslo', 'Rome'], 'n': [3, 5]})"
    book = books.new([frame, "x = 1"], app)
    book.select(1)
    book.command("reactive:new-sql-cell")
    expect(book.cells).to_have_count(3)
    book.page.keyboard.insert_text("select city, n from sales where n > 3")
    expect(book.line(2)).to_contain_text("reads sales")
    expect(book.cells.nth(2).locator(".cm-content span", has_text="select").first).to_be_visible()
    assert book.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.model.mimeType") == "text/x-sql"
    toolbar = book.cells.nth(2).locator(".jp-cell-toolbar")
    screenshot(book.page, f"sql-cell-{app}")
    toolbar.get_by_role("button", name="SQL").click()
    assert book.sources()[2] == "select city, n from sales where n > 3"
    toolbar.get_by_role("button", name="Python").click()
    assert book.sources()[2] == "%%sql\nselect city, n from sales where n > 3"
    book.command("reactive:run-all")
    expect(book.output(2)).to_contain_text("Rome")
    screenshot(book.page, f"sql-result-{app}")


@both
def test_menu_palette_and_why(books: Books, app: str) -> None:
    book = books.new(CHAIN, app)
    book.run(0)
    book.marked("fresh", "fresh", "fresh")
    book.edit(0, "x = 11")
    book.marked("stale", "stale", "stale")
    page = book.page
    book.select(2)
    page.keyboard.press("Control+Alt+Y")
    toast = page.locator(".jp-toast-message, .Toastify__toast").first
    expect(toast).to_contain_text("Cell 3 is stale: y is out of date.")
    page.locator(".lm-MenuBar-item", has_text="Run").click()
    page.locator(".lm-Menu-item", has_text="Reactive").click()
    expect(page.locator(".lm-Menu-item", has_text="Run Stale Cells (3)")).to_be_visible()
    screenshot(page, f"menu-{app}")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+C")
    page.keyboard.type("make all cells")
    expect(page.get_by_text("Make All Cells Fresh")).to_be_visible()
    page.keyboard.press("Enter")
    book.marked("fresh", "fresh", "fresh")
