"""Outputs of a cascade appear in their own cells, once, wherever those are and whoever ran them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Server, screenshot
from tests.browser.extension_fixtures import CONTEXT, Book, Books, books, both, extended  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser
CHAIN = ["x = 10", "y = x * 2\ny", "print('y is', y)"]


def texts(book: Book) -> list[str]:
    return [
        "".join(str(o.get("text") or o.get("evalue") or o.data["text/plain"]) for o in cell.outputs)
        for cell in book.saved().cells
        if cell.cell_type == "code"
    ]


@both
def test_cells_that_never_ran(books: Books, app: str) -> None:
    book = books.new(CHAIN, app)
    book.run(0)
    book.shows("", "20", "y is 20")
    book.prompts(1, 2, 3)
    book.edit(0, "x = 21")
    book.run(0)
    book.shows("", "42", "y is 42")
    book.prompts(4, 5, 6)
    saved = book.saved()
    assert texts(book) == ["", "42", "y is 42\n"]
    assert [cell.execution_count for cell in saved.cells] == [4, 5, 6]
    screenshot(book.page, f"routing-{app}")


@both
def test_after_a_reload(books: Books, app: str) -> None:
    book = books.new(CHAIN, app)
    book.run(0)
    book.prompts(1, 2, 3)
    book.run(2)
    book.prompts(1, 2, 4)
    book.saved()
    book.open()
    book.shows("", "20", "y is 20")
    book.edit(0, "x = 3")
    book.run(0)
    book.shows("", "6", "y is 6")
    book.prompts(5, 6, 7)
    assert texts(book) == ["", "6", "y is 6\n"]


@both
def test_in_another_tab(books: Books, page: Page, app: str) -> None:
    book = books.new([*CHAIN, "print('loose')"], app)
    other = book.again(page.context.new_page())
    book.run(0)
    book.run(3)
    for view in (book, other):
        view.shows("", "20", "y is 20", "loose")
        view.prompts(1, 2, 3, 4)
    other.edit(0, "x = 4")
    other.run(0)
    for view in (book, other):
        view.shows("", "8", "y is 8", "loose")
    other.prompts(5, 6, 7)
    book.edit(3, "print('tight')")
    book.run(3)
    for view in (book, other):
        view.shows("", "8", "y is 8", "tight")
    other.page.close()


@both
def test_a_cell_that_another_needs_before_its_own_turn(books: Books, page: Page, app: str) -> None:
    book = books.new(["print('read', y)", "x = 1", "y = x\ny"], app)
    other = book.again(page.context.new_page())
    for turn in (1, 2):
        for view in (book, other):
            view.edit(1, f"x = {turn}")
            # The first cell needs the last one, which so runs before the request that is its own.
            view.command("notebook:run-all-cells")
            expect(view.cells.locator(".jp-InputPrompt", has_text="*")).to_have_count(0)
            for seen in (book, other):
                seen.shows(f"read {turn}", "", str(turn))
    other.page.close()


@both
def test_moved_cut_pasted_and_undone(books: Books, app: str) -> None:
    book = books.new([*CHAIN, "§The end"], app)
    book.run(0)
    book.prompts(1, 2, 3)
    book.run(2)
    book.prompts(1, 2, 4)
    book.select(2)
    book.page.keyboard.press("Control+Shift+ArrowDown")
    assert book.sources()[3] == CHAIN[2]
    book.edit(0, "x = 1")
    book.run(0)
    book.shows("", "2", "y is 2")
    book.select(1)
    book.command("notebook:cut-cell")
    expect(book.cells).to_have_count(2)
    book.command("notebook:paste-cell-above")
    expect(book.cells).to_have_count(3)
    book.edit(0, "x = 5")
    book.run(0)
    book.shows("", "10", "y is 10")
    book.select(2)
    book.command("notebook:delete-cell")
    expect(book.cells).to_have_count(2)
    book.command("notebook:undo-cell-action")
    expect(book.cells).to_have_count(3)
    book.edit(0, "x = 6")
    book.run(0)
    book.shows("", "12", "y is 12")
    assert texts(book) == ["", "12", "y is 12\n"]


@both
def test_off_screen(books: Books, app: str) -> None:
    filler = [f"'filler {number}'" for number in range(60)]
    book = books.new(["x = 10", *filler, "print('far', x)"], app)
    book.run(0)
    last = f"{CONTEXT}.model.sharedModel.cells[61].execution_count"
    book.page.wait_for_function(f"() => {last} !== null")
    assert texts(book)[-1] == "far 10\n"
    book.page.keyboard.press("Escape")
    book.page.keyboard.press("Control+End")
    book.command("notebook:move-cursor-down")
    book.page.evaluate("window.jupyterapp.shell.currentWidget.content.scrollToItem(61).then(() => true)")
    expect(book.page.get_by_text("far 10", exact=True)).to_be_visible()


@both
def test_displays_streams_and_trusted_html(books: Books, app: str) -> None:
    book = books.new(
        [
            "x = 1",
            "from IPython.display import HTML, display, clear_output\n"
            "handle = display('first', display_id=True)\nhandle.update(f'second {x}')",
            "for number in range(3):\n    print('line', number, x)",
            "display(HTML(f'<b>bold {x}</b><script>window.cascaded = {x}</script>'))",
            "print('gone')\nclear_output()\nprint('kept', x)",
        ],
        app,
    )
    book.run(0)
    book.shows("", "second 1", "line 2 1", "bold 1", "kept 1")
    assert book.page.evaluate("window.cascaded") == 1
    book.saved()
    book.open()
    book.edit(0, "x = 2")
    book.run(0)
    book.shows("", "second 2", "line 2 2", "bold 2", "kept 2")
    assert book.page.evaluate("window.cascaded") == 2
    assert texts(book)[2] == "line 0 2\nline 1 2\nline 2 2\n"


@both
def test_old_output_goes_when_a_cell_ends_without_any(books: Books, page: Page, app: str) -> None:
    book = books.new(["x = 10", "if x > 5:\n    print('large')"], app)
    book.run(0)
    book.shows("", "large")
    book.saved()
    other = book.again(page.context.new_page())
    other.shows("", "large")
    other.edit(0, "x = 1")
    other.run(0)
    for view in (book, other):
        view.shows("", "")
        view.prompts(3, 4)
    other.page.close()


def test_the_old_output_stays_until_the_new_one_comes(books: Books, extended: Server) -> None:
    # The second cell waits for a file, which the test makes when it has seen enough.
    gate = "from pathlib import Path\nimport time\nwhile not Path(f'go-{x}').exists():\n    time.sleep(0.05)\n"
    for name in ("go-1", "go-2"):
        (extended.root / name).unlink(missing_ok=True)
    (extended.root / "go-1").touch()
    book = books.new(["x = 1", gate + "print('x is', x)"])
    book.run(0)
    book.shows("", "x is 1")
    book.run(1)
    book.prompts(1, 3)
    book.edit(0, "x = 2")
    book.run(0)
    book.marked("fresh", "running")
    book.shows("", "x is 1")
    (extended.root / "go-2").touch()
    book.shows("", "x is 2")
    book.prompts(4, 5)


@both
def test_errors_and_their_recovery(books: Books, app: str) -> None:
    book = books.new(["x = 0", "y = 10 // x\ny", "print('y is', y)"], app)
    book.run(0)
    expect(book.output(1)).to_contain_text("ZeroDivisionError")
    book.marked("fresh", "error", "blocked")
    screenshot(book.page, f"routing-error-{app}")
    book.edit(0, "x = 5")
    book.run(0)
    book.shows("", "2", "y is 2")
    book.marked("fresh", "fresh", "fresh")


def undo(book: Book, steps: int) -> None:
    """Undo steps in one transaction of the document: nobody hears of what is between them."""
    undone = f"{{ while (steps--) {CONTEXT}.model.sharedModel.undo(); }}"
    book.page.evaluate(f"steps => {CONTEXT}.model.sharedModel.transact(() => {undone}, false)", steps)


def prose_and_code_again(book: Book) -> None:
    """Change the first cell's type there and back, each a step to undo: JupyterLab makes another cell each time."""
    separate = f"{CONTEXT}.model.sharedModel.undoManager.stopCapturing()"
    book.select(0)
    book.page.evaluate(separate)
    book.command("notebook:change-cell-to-markdown")
    expect(book.cells).to_have_count(1)
    book.marked("stale")  # so the kernel has heard of it; both within one pause would be no change at all
    book.page.evaluate(separate)
    book.command("notebook:change-cell-to-code")
    book.marked("new", "stale")


@both
@pytest.mark.parametrize("coordinator", [True, False])
def test_an_undone_cell_never_shows_an_old_output_as_if_it_were_fresh(
    books: Books, page: Page, app: str, coordinator: bool
) -> None:
    if not coordinator:
        page.route("**/reactive-kernel/**", lambda route: route.abort())
    book = books.new(["import time\nx = time.time_ns()\nx", "print(x)"], app)
    book.run(0)
    book.prompts(1, 2)
    first = book.output(0).inner_text()
    prose_and_code_again(book)
    book.run(0)
    book.prompts(3, 4)
    last = book.output(0).inner_text()
    # The cell of the first run comes back, while the kernel knows of the later one.
    undo(book, 2)
    if coordinator:
        book.shows(last, last)
        book.prompts(3, 4)
        book.marked("fresh", "fresh")
    else:
        book.marked("stale", "fresh")
        book.shows(first, last)
        expect(book.line(0)).to_contain_text("What its last run showed is there no more.")
        book.command("reactive:run-stale")
        book.marked("fresh", "fresh")
        book.prompts(5, 6)
        last = book.output(0).inner_text()
        book.shows(last, last)
    # Step by step the kernel sees a cell go and another one come, which it has not run.
    prose_and_code_again(book)
    undo(book, 1)
    book.marked("stale")
    undo(book, 1)
    book.marked("new", "stale")
    expect(book.line(0).locator(".jp-ReactiveChip")).to_have_text("not run")
    screenshot(page, f"not-run-{app}")
    book.run(0)
    book.marked("fresh", "fresh")
    expect(book.line(0).locator(".jp-ReactiveChip")).to_have_count(0)


@both
def test_closed_and_opened_in_the_middle_of_a_cascade(books: Books, page: Page, app: str) -> None:
    slow = "import time\ntime.sleep(8)\nprint('slow', x)"
    book = books.new(["x = 10", slow, "print('after', x)\nz = x", "print('z', z)"], app)
    book.run(0)
    book.marked("fresh", "running")
    page.goto("about:blank")
    page.wait_for_timeout(1000)
    book.open()
    book.shows("", "slow 10", "after 10", "z 10")
    book.prompts(1, 2, 3, 4)
    book.marked("fresh", "fresh", "fresh", "fresh")
    expect(page.locator(".jp-ReactiveStatus")).to_contain_text("settled")
    assert texts(book) == ["", "slow 10\n", "after 10\n", "z 10\n"]


def test_opened_after_a_cascade_that_nobody_saw(books: Books, page: Page) -> None:
    book = books.new(["x = 10", "import time\ntime.sleep(4)\nprint('slow', x)", "print('after', x)"])
    book.run(0)
    book.marked("fresh", "running")
    page.goto("about:blank")
    page.wait_for_timeout(5000)
    book.open()
    book.shows("", "slow 10", "after 10")
    book.prompts(1, 2, 3)


def test_opened_before_the_outputs_of_a_run_have_come(books: Books, page: Page) -> None:
    """The kernel's word that a cell ended has another way than what it showed."""
    book = books.new(["x = 10", "print('x is', x)"])
    book.run(0)
    book.shows("", "x is 10")
    early: list[str] = []

    def answer(route: Route) -> None:
        told = route.fetch()
        if len(early) < 2:
            early.append(route.request.url)
            whole = told.json()
            for cell in whole["cells"]:
                cell |= {"outputs": [], "outputs_run": None} if "outputs" in cell else {}
            route.fulfill(response=told, json=whole)
        else:
            route.fulfill(response=told)

    page.route(lambda url: f"/reactive-kernel/notebooks/{book.name}" in url, answer)
    book.open()
    book.shows("", "x is 10")
    book.prompts(1, 2)
    book.marked("fresh", "fresh")
    assert len(early) == 2


@both
def test_execution_times_are_recorded(books: Books, app: str) -> None:
    book = books.new(["x = 10", "import time\ntime.sleep(0.2)\ny = x"], app)
    book.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.notebookConfig = "
        "{...window.jupyterapp.shell.currentWidget.content.notebookConfig, recordTiming: true}"
    )
    book.run(0)
    book.prompts(1, 2)
    times = book.saved().cells[1].metadata.execution
    assert times["iopub.execute_input"] < times["shell.execute_reply"]
