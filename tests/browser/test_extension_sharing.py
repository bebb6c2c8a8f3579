"""Two browsers on one document, with jupyter-collaboration: no double outputs, no lost edits, an agent among them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from reactive_kernel.client import Notebook
from tests.browser.conftest import Server
from tests.browser.extension_fixtures import CONTEXT, Book, Books, both, serve_extended
from tests.browser.test_extension_routing import prose_and_code_again, undo

pytestmark = pytest.mark.browser
CELLS = f"""{CONTEXT}.model.sharedModel.cells.map(cell => [
    cell.getSource(), cell.getOutputs().map(output => String(output.text ?? output.data['text/plain'])).join('|')])"""


HEARD_OF = f"[...{CONTEXT}.model.sharedModel.awareness.getStates().values()].filter(s => s.reactiveKernelSession)"


def agree(book: Book, other: Book, cells: list[list[str]]) -> None:
    for view in (book, other):
        view.page.wait_for_function(f"cells => JSON.stringify({CELLS}) === JSON.stringify(cells)", arg=cells)


@pytest.fixture(scope="module")
def sharing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_extended(tmp_path_factory, collaboration=True) as server:
        yield server


@both
def test_two_browsers_and_an_agent(sharing: Server, page: Page, app: str) -> None:
    books = Books(sharing, page, f"shared-{app}")
    book = books.new(["x = 10", "y = x * 2\ny", "print('y is', y)"], app)
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
    # Both type at once, and an agent edits a third cell.
    with Notebook.open(sharing.url, book.name, token=sharing.token) as agent:
        for view, index in ((book, 0), (other, 1)):
            view.cells.nth(index).locator(".cm-content").click()
            view.page.keyboard.press("Control+End")
        for number in range(10):
            book.page.keyboard.type("0")
            other.page.keyboard.type(" ")
            agent.update(2, f"print('y is', y) # {number}")
        texts = ["x = 4" + "0" * 10, "y = x * 3\ny" + " " * 10, "print('y is', y) # 9"]
        for view in (book, other):
            view.page.wait_for_function(
                f"texts => JSON.stringify({CELLS}.map(cell => cell[0])) === JSON.stringify(texts)", arg=texts
            )
        for _ in range(600):
            if [cell["code"] for cell in agent.cells] == texts:
                break
            page.wait_for_timeout(100)
        assert [cell["code"] for cell in agent.cells] == texts
        other.edit(0, "x = 4")
        other.edit(1, "y = x * 3\ny")
        book.edit(2, "print('y is', y)")
        agree(book, other, [["x = 4", ""], ["y = x * 3\ny", "8"], ["print('y is', y)", "y is 8\n"]])
    guest.close()
    # The cells were last run from a browser that is gone: who is left writes their outputs.
    book.command("reactive:run-stale")
    expect(book.output(2)).to_contain_text("y is 12")
    agree(book, book, [["x = 4", ""], ["y = x * 3\ny", "12"], ["print('y is', y)", "y is 12\n"]])


@both
def test_a_browser_that_has_just_come_doubles_no_output(sharing: Server, page: Page, app: str) -> None:
    cells = ["import time\ntime.sleep(0.3)\nx = 12\nx", "print('other')", "print('x is', x)"]
    book = Books(sharing, page, f"come-{app}").new(cells, app)
    book.select(2)
    browser = page.context.browser
    assert browser is not None
    guest = browser.new_context(viewport={"width": 1280, "height": 900})
    other = book.again(guest.new_page())
    # Both at once: the first cell runs because the last one needs it, before its own turn.
    page.evaluate(
        "void ['run-cell', 'run-all-cells'].map(name => window.jupyterapp.commands.execute(`notebook:${name}`))"
    )
    agree(book, other, [[cells[0], "12"], [cells[1], "other\n"], [cells[2], "x is 12\n"]])
    book.marked("fresh", "fresh", "fresh")
    # An output that comes twice comes at once.
    page.wait_for_timeout(500)
    agree(book, other, [[cells[0], "12"], [cells[1], "other\n"], [cells[2], "x is 12\n"]])
    guest.close()


@both
def test_a_browser_that_hears_of_the_other_in_mid_run_clears_nothing(sharing: Server, page: Page, app: str) -> None:
    cells = ["import time\ntime.sleep(2)\nx = 12\nprint(x)\ntime.sleep(1)", "print('x is', x)"]
    book = Books(sharing, page, f"late-{app}").new(cells, app)
    browser = page.context.browser
    assert browser is not None
    guest = browser.new_context(viewport={"width": 1280, "height": 900})
    other = book.again(guest.new_page())
    awareness = f"{CONTEXT}.model.sharedModel.awareness"
    other.page.evaluate(f"{awareness}.getStates = () => new Map()")
    book.run(0)
    other.marked("running")
    other.page.evaluate(f"delete {awareness}.getStates")
    for view in (book, other):
        view.marked("fresh", "fresh")
    page.wait_for_timeout(500)
    agree(book, other, [[cells[0], "12\n"], [cells[1], "x is 12\n"]])
    guest.close()


SLOW = ["x = 10", "import time\ntime.sleep(4)\nprint('slow', x)", "print('after', x)\nz = x", "print('z', z)"]
RAN = [[SLOW[0], ""], [SLOW[1], "slow 10\n"], [SLOW[2], "after 10\n"], [SLOW[3], "z 10\n"]]


@both
def test_outputs_whose_writer_goes_away_in_mid_run_are_not_lost(sharing: Server, page: Page, app: str) -> None:
    book = Books(sharing, page, f"gone-{app}").new(SLOW, app)
    browser = page.context.browser
    assert browser is not None
    guest = browser.new_context(viewport={"width": 1280, "height": 900})
    other = book.again(guest.new_page())
    knows_the_other(other)
    book.run(0)
    other.marked("fresh", "running")
    page.goto("about:blank")
    agree(other, other, RAN)
    other.prompts(1, 2, 3, 4)
    other.marked("fresh", "fresh", "fresh", "fresh")
    guest.close()


@both
def test_a_browser_that_is_opened_again_leaves_nobody_behind_who_speaks_for_all(
    sharing: Server, page: Page, app: str
) -> None:
    book = Books(sharing, page, f"again-{app}").new(["x = 10", "print('x is', x)"], app)
    browser = page.context.browser
    assert browser is not None
    guest = browser.new_context(viewport={"width": 1280, "height": 900})
    other = book.again(guest.new_page())
    knows_the_other(other)
    for _ in range(2):
        book.open()
        knows_the_other(book)
        # By themselves those who are gone are forgotten after half a minute.
        other.page.wait_for_function(f"() => {HEARD_OF}.length === 2", timeout=15_000)
    guest.close()


@both
def test_outputs_that_come_while_the_only_browser_is_opened_again_are_not_lost(
    sharing: Server, page: Page, app: str
) -> None:
    book = Books(sharing, page, f"reloaded-{app}").new(SLOW, app)
    book.run(0)
    book.marked("fresh", "running")
    book.open()
    agree(book, book, RAN)
    book.prompts(1, 2, 3, 4)
    book.marked("fresh", "fresh", "fresh", "fresh")


@both
def test_a_cell_that_an_undo_brings_back_never_shows_an_old_output_as_if_it_were_fresh(
    sharing: Server, page: Page, app: str
) -> None:
    book = Books(sharing, page, f"undone-{app}").new(["import time\nx = time.time_ns()\nx", "print(x)"], app)
    browser = page.context.browser
    assert browser is not None
    guest = browser.new_context(viewport={"width": 1280, "height": 900})
    other = book.again(guest.new_page())
    for view in (book, other):
        knows_the_other(view)
    # First the browser that speaks for all undoes, then the other.
    for editor in (book, other):
        editor.command("reactive:run-all")
        alike(book, other)
        first = editor.output(0).inner_text()
        prose_and_code_again(editor)
        editor.run(0)
        alike(book, other)
        last = editor.output(0).inner_text()
        assert last != first
        # The cell of the first run comes back, while the kernel knows of the later one.
        undo(editor, 2)
        for view in (book, other):
            view.marked("stale", "fresh")
            view.shows(first, last)
            expect(view.line(0)).to_contain_text("What its last run showed is there no more.")
        (other if editor is book else book).command("reactive:run-all")
        alike(book, other)
        assert editor.output(0).inner_text() not in {first, last}
    guest.close()


def knows_the_other(book: Book) -> None:
    """Wait until the browser has heard of the other one, and of the kernel session that it has."""
    book.page.wait_for_function(f"() => {HEARD_OF}.length > 1")


def alike(book: Book, other: Book) -> None:
    """Wait until both cells show the same number, in both browsers."""
    for view in (book, other):
        view.marked("fresh", "fresh")
    shown = """() => new Set([...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output')].map(
        output => output.innerText.trim())).size"""
    for view in (book, other):
        expect(view.output(0)).to_have_count(1)
        expect(view.output(1)).to_have_count(1)
        view.page.wait_for_function(f"({shown})() === 1")
    other.shows(book.output(0).inner_text(), book.output(0).inner_text())
