"""Two browsers on one document, with jupyter-collaboration: no double outputs, no lost edits. Else skipped."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.extension_fixtures import CONTEXT, Book, Books, books, extended  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser
pytest.importorskip("jupyter_server_ydoc", reason="jupyter-collaboration is not installed")
CELLS = f"""{CONTEXT}.model.sharedModel.cells.map(cell => [
    cell.getSource(), cell.getOutputs().map(output => String(output.text ?? output.data['text/plain'])).join('|')])"""


def agree(book: Book, other: Book, cells: list[list[str]]) -> None:
    for view in (book, other):
        view.page.wait_for_function(f"cells => JSON.stringify({CELLS}) === JSON.stringify(cells)", arg=cells)


def test_two_browsers(books: Books, page: Page) -> None:
    book = books.new(["x = 10", "y = x * 2\ny", "print('y is', y)"])
    assert book.page.evaluate(f"{CONTEXT}.model.collaborative")
    browser = page.context.browser
    assert browser is not None
    guest = browser.new_context(viewport={"width": 1280, "height": 900})
    other = book.again(guest.new_page())
    book.run(0)
    agree(book, other, [["x = 10", ""], ["y = x * 2\ny", "20"], ["print('y is', y)", "y is 20\n"]])
    other.edit(0, "x = 4")
    book.marked("stale", "stale", "stale")
    other.run(0)
    agree(book, other, [["x = 4", ""], ["y = x * 2\ny", "8"], ["print('y is', y)", "y is 8\n"]])
    book.edit(1, "y = x * 3\ny")
    other.marked("fresh", "stale", "stale")
    guest.close()
    # The cells were last run from a browser that is gone: who is left writes their outputs.
    book.command("reactive:run-stale")
    expect(book.output(2)).to_contain_text("y is 12")
    agree(book, book, [["x = 4", ""], ["y = x * 3\ny", "12"], ["print('y is', y)", "y is 12\n"]])
