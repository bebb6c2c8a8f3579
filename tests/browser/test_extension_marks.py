"""Cells say what they are: stale, running, blocked, failed, disabled, opaque; and what they read and write."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import screenshot
from tests.browser.extension_fixtures import CONTEXT, PLAIN, Book, Books, books, both, extended  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser
CHAIN = ["x = 10", "y = x * 2\ny", "print('y is', y)"]
EVERYTHING = [
    "§# Marks",
    "x = 10",
    "y = x * 2\ny",
    "from math import *\nprint(floor(x / 3))",
    "bad = y / (x - 10)",
    "print(bad)",
    "a = b + 1",
    "b = a + 1",
    "off = x",
]


def dark(page: Page, name: str) -> None:
    """A screenshot in each theme."""
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        expect(page.locator(f"body[data-jp-theme-name='{theme}']")).to_be_attached()
        page.wait_for_timeout(300)
        screenshot(page, f"{name}-{theme.split()[1].lower()}")
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")


@both
def test_every_mark_in_both_themes(books: Books, app: str) -> None:
    book = books.new(EVERYTHING, app)
    expect(book.page.locator(".jp-ReactiveNotice")).to_contain_text("8 cells analysed, none run")
    screenshot(book.page, f"notice-light-{app}")
    book.select(7)
    book.command("reactive:toggle-disabled")
    book.marked("new", "new", "new", "new", "new", "blocked", "blocked", "disabled")
    book.run(0)
    book.marked("fresh", "fresh", "fresh", "error", "blocked", "blocked", "blocked", "disabled")
    expect(book.page.locator(".jp-ReactiveNotice")).to_be_hidden()
    expect(book.line(2)).to_contain_text("opaque")
    # From a blocked cell to the culprit.
    book.line(4).get_by_role("button", name="go to cell 4").click()
    assert book.page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.model.id") == "cell-4"
    book.edit(1, "y = x * 3\ny")
    book.marked("fresh", "stale")
    # A word and a shape for each mark, a sentence for screen readers.
    for index, word in ((1, "stale"), (3, "error"), (5, "blocked"), (6, "blocked"), (7, "disabled")):
        chip = book.line(index).locator(f".jp-ReactiveChip[data-kind={word}]")
        expect(chip).to_have_text(word)
        expect(chip.locator("svg path")).to_have_count(1)
        expect(book.line(index)).to_have_role("note")
        said = "failed." if word == "error" else f"is {word}."
        assert said in (book.line(index).get_attribute("aria-label") or "")
    # As much as is to be seen: of many names a few.
    assert book.line(2).get_attribute("aria-label") == (
        "cell 3. Opaque: `from math import *` binds names that only the run can show. Reads floor, x. "
        "Writes acos, acosh, asin, asinh, atan, atan2 and 54 more."
    )
    expect(book.line(1)).to_match_aria_snapshot("""
        - note "cell 2 is stale. Its code changed since it ran. Reads x. Writes y.":
          - text: stale Its code changed since it ran. reads
          - 'button "x: go to where it is defined"'
          - 'button "y: go to where it is used"'
    """)
    dark(book.page, f"marks-{app}")


@both
def test_every_kind_of_edit(books: Books, app: str) -> None:
    book = books.new([*CHAIN, "§x = 5"], app)
    book.run(0)
    book.marked("fresh", "fresh", "fresh")
    # Prose becomes code: x is bound anew below, nobody reads it there; moved above its reader, it is.
    book.command("notebook:move-cursor-down")
    book.page.locator(".jp-MarkdownCell").click()
    book.command("notebook:change-cell-to-code")
    expect(book.cells).to_have_count(4)
    book.marked("fresh", "fresh", "fresh", "new")
    book.command("notebook:move-cell-up")
    book.command("notebook:move-cell-up")
    book.marked("fresh", "new", "stale", "stale")
    book.command("notebook:delete-cell")
    book.marked("fresh", "fresh", "fresh")
    # Merged with the one below, it is another cell; undone, it is as before.
    book.select(1)
    book.command("notebook:merge-cell-below")
    expect(book.cells).to_have_count(2)
    expect(book.line(1)).to_contain_text("reads x")
    book.command("notebook:undo-cell-action")
    expect(book.cells).to_have_count(3)
    expect(book.line(2)).to_contain_text("reads y")


@both
def test_a_changed_file_is_read_again(books: Books, app: str) -> None:
    book = books.new(CHAIN, app)
    book.run(0)
    book.marked("fresh", "fresh", "fresh")
    book.saved()
    book.path.write_text(book.path.read_text().replace("x * 2", "x * 7"))
    book.page.evaluate("window.jupyterapp.shell.currentWidget.context.revert()")
    book.marked("fresh", "stale", "stale")


@both
def test_names_lead_to_where_they_are_defined_and_used(books: Books, app: str) -> None:
    book = books.new([*CHAIN, "y + 1"], app)
    active = "window.jupyterapp.shell.currentWidget.content.activeCell.model.id"
    book.line(1).get_by_role("button", name="x: go to where it is defined").click()
    assert book.page.evaluate(active) == "cell-0"
    book.line(1).get_by_role("button", name="y: go to where it is used").click()
    menu = book.page.locator(".lm-Menu-content")
    expect(menu).to_contain_text("cell 3: print('y is', y)")
    screenshot(book.page, f"marks-users-{app}")
    menu.get_by_text("cell 4: y + 1").click()
    book.page.wait_for_function(f"{active} === 'cell-3'")
    book.line(1).hover()
    expect(book.cells.nth(0)).to_contain_class("jp-mod-reactiveUpstream")
    expect(book.cells.nth(2)).to_contain_class("jp-mod-reactiveDownstream")
    expect(book.cells.nth(3)).to_contain_class("jp-mod-reactiveDownstream")
    screenshot(book.page, f"marks-hover-{app}")
    book.page.mouse.move(5, 5)
    expect(book.page.locator(".jp-mod-reactiveUpstream")).to_have_count(0)


@both
def test_other_kernels_show_nothing(books: Books, app: str) -> None:
    book = books.new(["x = 10", "x"], app, PLAIN)
    book.run(0)
    book.run(1)
    expect(book.output(1)).to_have_text("10")
    assert book.page.evaluate("window.jupyterapp.hasPlugin('reactive-kernel-labextension:plugin')")
    seen = book.page.locator("[class*=jp-Reactive]:visible, [class*=jp-mod-reactive]:visible, [data-reactive]")
    expect(seen).to_have_count(0)
    assert book.page.evaluate("window.jupyterapp.commands.isVisible('reactive:run-stale')") is False
    book.page.locator(".lm-MenuBar-item", has_text="Run").click()
    expect(book.page.locator(".lm-Menu-item", has_text="Run All Cells").first).to_be_visible()
    expect(book.page.locator(".lm-Menu-item", has_text="Reactive")).to_have_count(0)
    book.page.keyboard.press("Escape")
    screenshot(book.page, f"plain-{app}")


@both
def test_choosing_the_reactive_kernel_analyses_without_running(books: Books, app: str) -> None:
    book = books.new(CHAIN, app, PLAIN)
    book.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.changeKernel({ name: 'reactive_python' })")
    book.marked("new", "new", "new")
    notice = book.page.locator(".jp-ReactiveNotice")
    expect(notice).to_contain_text("3 cells analysed, none run. Found nothing unusual.")
    notice.get_by_role("button", name="Run all").click()
    book.marked("fresh", "fresh", "fresh")
    book.prompts(1, 2, 3)
    book.shows("", "20", "y is 20")
    expect(notice).to_be_hidden()
    book.command("reactive:show-dependencies")
    overview = book.page.locator(".jp-ReactiveOverview")
    expect(overview).to_contain_text("Settled")
    book.page.evaluate(f"{CONTEXT}.sessionContext.changeKernel({{ name: 'python3' }})")
    expect(book.page.locator("[data-reactive]")).to_have_count(0)
    expect(overview).to_have_text("The kernel is starting, or is not a reactive one.")
    screenshot(book.page, f"panel-without-{app}")
    book.page.evaluate(f"{CONTEXT}.sessionContext.shutdown()")
    expect(overview).to_have_text("The kernel is not running.")
    if app == "lab":
        book.saved()  # else it asks
        book.command("application:close")
        expect(overview).to_have_text("Open a notebook with a reactive kernel.")


def test_a_notebook_is_not_made_dirty_by_looking_at_it(books: Books) -> None:
    book = books.new([*CHAIN, "%%sql\nselect 1"])
    book.marked("new", "new", "new", "new")
    book.page.wait_for_timeout(500)
    language = book.page.evaluate("window.jupyterapp.shell.currentWidget.context.model.getMetadata('language_info')")
    book.saved()
    book.open()
    book.marked("new", "new", "new", "new")
    book.page.wait_for_timeout(500)
    assert language
    assert book.page.evaluate("window.jupyterapp.shell.currentWidget.context.model.dirty") is False
