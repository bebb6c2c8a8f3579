"""Every way to change a notebook, the settings, widgets in cascades, SQL with completion."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Server, screenshot
from tests.browser.extension_fixtures import CONTEXT, Book, Books, books, both, extended  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser
CHAIN = ["x = 10", "y = x * 2\ny", "print('y is', y)"]
Set = Callable[[dict[str, object]], None]


@both
def test_split_merged_pasted_changed_in_type_and_undone(books: Books, app: str) -> None:
    book = books.new(["x = 10\ny = x * 2", "print('y is', y)"], app)
    book.run(0)
    book.shows("", "y is 20")
    # Split: the second half is a new cell, on which the reader hangs.
    book.cells.nth(0).locator(".cm-line").nth(1).click()
    book.page.keyboard.press("Home")
    book.command("notebook:split-cell-at-cursor")
    expect(book.cells).to_have_count(3)
    expect(book.line(1)).to_contain_text("reads x · writes y")
    expect(book.cells.nth(2)).to_have_attribute("data-reactive", "stale")
    book.run(0)
    book.shows("", "", "y is 20")
    book.marked("fresh", "fresh", "fresh")
    # Merged again, and undone: apart from what came before, which within half a second would be one step with it.
    book.select(0)
    book.page.evaluate(f"{CONTEXT}.model.sharedModel.undoManager.stopCapturing()")
    book.command("notebook:merge-cell-below")
    expect(book.cells).to_have_count(2)
    expect(book.line(0)).to_contain_text("writes x, y")
    book.command("notebook:undo-cell-action")
    expect(book.cells).to_have_count(3)
    expect(book.line(1)).to_contain_text("reads x · writes y")
    book.command("notebook:redo-cell-action")
    expect(book.cells).to_have_count(2)
    expect(book.line(0)).to_contain_text("writes x, y")
    # A copy is a cell of its own, below its original.
    book.select(1)
    book.command("notebook:copy-cell")
    book.command("notebook:paste-cell-below")
    expect(book.cells).to_have_count(3)
    expect(book.line(2)).to_contain_text("reads y")
    book.edit(0, "x = 1\ny = x * 2")
    book.run(0)
    book.shows("", "y is 2")
    book.run(2)
    book.shows("", "y is 2", "y is 2")
    # Prose is no cell for the kernel; code again, it is.
    book.select(0)
    book.command("notebook:change-cell-to-markdown")
    expect(book.cells).to_have_count(2)
    expect(book.line(0)).to_contain_text("y")
    expect(book.cells.nth(0)).to_have_attribute("data-reactive", "stale")
    book.command("notebook:change-cell-to-code")
    expect(book.cells).to_have_count(3)
    book.run(0)
    book.shows("", "y is 2", "y is 2")


@both
def test_typing_while_cells_run(books: Books, extended: Server, app: str) -> None:
    # The first cell waits for a file; meanwhile the cell asked for, and one that depends on it, are typed in.
    door = extended.root / f"open-{app}"
    wait = f"while not Path('{door.name}').exists():\n    time.sleep(0.05)"
    gate = f"from pathlib import Path\nimport time\n{wait}\na = 1"
    door.unlink(missing_ok=True)
    book = books.new([gate, "b = a + 1\nb", "print('b is', b)"], app)
    book.run(1)
    book.marked("running")
    book.edit(1, "b = a + hal")
    book.edit(2, "print('b wa")
    door.touch()
    book.shows("", "2", "")
    book.marked("fresh", "stale")
    screenshot(book.page, f"editing-typed-while-running-{app}")
    book.edit(1, "b = a + 2\nb")
    book.edit(2, "print('b was', b)")
    book.run(1)
    book.shows("", "3", "b was 3")
    book.marked("fresh", "fresh", "fresh")


@both
def test_a_cells_own_time_is_without_what_depends_on_it(books: Books, app: str) -> None:
    book = books.new(["x = 10", "import time\ntime.sleep(1.5)\ny = x", "print('y', y)"], app)
    book.page.evaluate(
        "window.jupyterapp.shell.currentWidget.content.notebookConfig = "
        "{...window.jupyterapp.shell.currentWidget.content.notebookConfig, recordTiming: true}"
    )
    for _ in range(2):
        book.run(0)
        book.page.wait_for_function(
            f"""() => {{
                const at = (times, key) => Date.parse((times ?? {{}})[key]);
                const took = [...{CONTEXT}.model.cells].map(cell => cell.getMetadata('execution')).map(
                    times => at(times, 'shell.execute_reply') - at(times, 'iopub.execute_input'));
                return took[0] < 1000 && took[1] >= 1400 && took[2] < 1000;
            }}"""
        )
        book.edit(0, "x = 11")


@pytest.fixture
def settings(extended: Server) -> Iterator[Set]:
    """Sets the user's settings for pages opened from now on."""
    path = extended.log.parent / "settings" / "reactive-kernel-labextension" / "plugin.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)

    def store(values: dict[str, object]) -> None:
        path.write_text(json.dumps(values))

    yield store
    path.unlink(missing_ok=True)


@both
def test_each_setting_has_its_effect(books: Books, settings: Set, app: str) -> None:
    settings({"mode": "lazy", "showFlow": False, "highlight": False, "notices": False})
    book = books.new([*CHAIN, "a = b", "b = a"], app)
    toolbar = book.page.locator(".jp-ReactiveToolbar")
    expect(toolbar.get_by_role("button", name="Lazy", exact=True)).to_be_visible()
    book.marked("new", "new", "new", "blocked", "blocked")
    expect(book.line(3).locator(".jp-ReactiveChip")).to_be_visible()
    expect(book.page.locator(".jp-ReactiveNotice")).to_be_hidden()
    expect(book.page.locator(".jp-ReactiveLine-flow:visible")).to_have_count(0)
    book.line(3).hover()
    expect(book.page.locator(".jp-mod-reactiveUpstream, .jp-mod-reactiveDownstream")).to_have_count(0)
    for index in range(3):
        book.run(index)
    book.marked("fresh", "fresh", "fresh")
    book.edit(0, "x = 1")
    book.run(0)
    book.marked("fresh", "stale", "stale")
    # Changed while the notebook is open: at once in JupyterLab, where the editor is on the same page; the mode holds
    # for fresh kernels only.
    page = book.page
    if app == "notebook":
        page = book.page.context.new_page()
        page.goto(book.server.page_url("tree"))
        page.wait_for_function("window.jupyterapp?.commands.hasCommand('settingeditor:open')")
    page.evaluate("window.jupyterapp.commands.execute('settingeditor:open', {query: 'Reactive Notebook'})")
    editor = page.locator(".jp-SettingsPanel")
    with page.expect_response(lambda answer: answer.request.method == "PUT" and "labextension" in answer.url):
        editor.get_by_label("Show what cells read and write").check()
    screenshot(page, f"settings-{app}")
    if app == "notebook":
        book.open()
    expect(book.page.locator(".jp-ReactiveLine-flow").first).to_be_attached()
    book.page.wait_for_function("!document.querySelector('.jp-mod-reactiveQuiet')")


@both
def test_widgets_and_the_output_widget_in_a_cascade(books: Books, app: str) -> None:
    cells = [
        "x = 3",
        "import ipywidgets as w",
        "slider = w.IntSlider(value=x, max=50)\nslider",
        "out = w.Output()\nwith out:\n    print('inside', x)\nout",
    ]
    book = books.new(cells, app)
    own = book.cells.nth(3).locator(".jp-Cell-outputArea > .jp-OutputArea-child")
    book.command("reactive:run-all")
    expect(book.output(2).locator(".widget-readout")).to_have_text("3")
    expect(own).to_have_count(1)
    expect(own.locator(".jp-OutputArea .jp-OutputArea-output")).to_contain_text("inside 3")
    book.edit(0, "x = 7")
    book.run(0)
    expect(book.output(2).locator(".widget-readout")).to_have_text("7")
    expect(own).to_have_count(1)
    expect(own.locator(".jp-OutputArea .jp-OutputArea-output")).to_contain_text("inside 7")
    screenshot(book.page, f"widgets-{app}")


def complete(book: Book, index: int, text: str, *offered: str) -> None:
    """Type at the end of a cell and ask for completion; the only choice is put in, of several one can choose."""
    book.cells.nth(index).locator(".cm-content").click()
    book.page.keyboard.press("Control+End")
    book.page.keyboard.insert_text(text)
    for name in offered:
        items = book.page.locator(".jp-Completer-item", has_text=name)
        typed = book.cells.nth(index).locator(".cm-content", has_text=name)
        for _ in range(10):
            if items.or_(typed).count() == 0:
                book.page.keyboard.press("Tab")
                book.page.wait_for_timeout(1000)
        expect(items.or_(typed).first).to_be_visible()


@both
def test_sql_is_completed_with_tables_and_columns(books: Books, app: str) -> None:
    frame = "import pandas as pd\nsales = pd.DataFrame({'city_name': ['Oslo', 'Rome'], 'price': [3, 5]})"
    book = books.new([frame, "%%sql\n", "%%sql\n", "%%sql\n"], app)
    book.run(0)
    book.marked("fresh")
    complete(book, 1, "select sales.", "city_name", "price")
    expect(book.page.locator(".jp-Completer-item")).to_have_count(2)
    screenshot(book.page, f"sql-completion-{app}")
    book.page.keyboard.press("Escape")
    complete(book, 2, "select * from sal", "sales")
    book.page.keyboard.press("Escape")
    complete(book, 3, "select * from sales where city_n", "city_name")
    expect(book.cells.nth(1).locator(".cm-content span", has_text="select").first).to_be_visible()
