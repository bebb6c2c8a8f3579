"""When something can't be reached the notebook stays an ordinary one, and people are told once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Error, Page, expect

from tests.browser.conftest import LABEXTENSION, Server, screenshot
from tests.browser.extension_fixtures import (  # noqa: F401 (fixtures)
    Book,
    Books,
    books,
    both,
    extended,
    serve_extended,
    write,
)

pytestmark = pytest.mark.browser
CHAIN = ["x = 10", "y = x * 2\ny", "print('y is', y)"]


def listen(page: Page, app: str) -> list[str]:
    """What goes wrong on the page; Notebook 7 has errors of its own as it opens, with or without us: of there, ours."""
    errors: list[str] = []

    def take(error: Error) -> None:
        if app == "lab" or LABEXTENSION in (error.stack or ""):
            errors.append(f"{error}\n{error.stack}")

    page.on("pageerror", take)
    return errors


@both
def test_without_a_coordinator(books: Books, page: Page, app: str) -> None:
    page.route("**/reactive-kernel/**", lambda route: route.abort())
    errors = listen(page, app)
    book = books.new(CHAIN, app)
    book.run(0)
    book.shows("", "20", "y is 20")
    book.open()
    book.edit(0, "x = 1")
    book.run(0)
    book.shows("", "2", "y is 2")
    notice = page.locator(".jp-ReactiveNotice")
    expect(notice.filter(visible=True)).to_have_count(1)
    expect(notice).to_contain_text("The coordinator can't be reached. Cells run and are marked, but")
    screenshot(page, f"notice-apart-{app}")
    # Within reach again, it goes by itself.
    page.unroute("**/reactive-kernel/**")
    expect(notice).to_be_hidden()
    book.marked("fresh", "fresh", "fresh")
    assert errors == []


def test_that_there_is_no_coordinator_is_said_once(books: Books, page: Page) -> None:
    page.route("**/reactive-kernel/**", lambda route: route.fulfill(status=404))
    # What the first analysis found comes first; then that; never both.
    book = books.new(["print('read', y)", "y = 1"])
    notice = page.locator(".jp-ReactiveNotice")
    expect(notice).to_contain_text("1 cell that reads from further down")
    page.wait_for_timeout(6000)
    expect(notice).to_have_count(1)
    expect(notice).to_contain_text("1 cell that reads from further down")
    book.run(1)
    expect(notice).to_contain_text("The coordinator can't be reached.")
    expect(notice).not_to_contain_text("further down")
    notice.get_by_role("button", name="Dismiss").click()
    expect(notice).to_be_hidden()
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    book.marked("new", "new")
    page.wait_for_timeout(6000)
    expect(notice.filter(has_text="The coordinator can't be reached.").filter(visible=True)).to_have_count(0)


def test_with_a_coordinator_whose_channel_never_opens(books: Books, page: Page) -> None:
    page.add_init_script(
        "const Socket = WebSocket; window.WebSocket = class extends Socket { constructor(url, ...rest) {"
        " const door = String(url).includes('/reactive-kernel/');"
        " super(door ? String(url).replace('/channel', '/nothing') : url, ...rest); } };"
    )
    book = books.new(CHAIN)
    book.run(0)
    book.shows("", "20", "y is 20")
    book.edit(0, "x = 1")
    book.marked("stale", "stale", "stale")
    book.run(0)
    book.shows("", "2", "y is 2")
    notice = page.locator(".jp-ReactiveNotice")
    expect(notice.filter(visible=True)).to_have_count(1)
    expect(notice).to_contain_text("The coordinator can't be reached.")


@both
def test_a_kernel_that_is_too_old(books: Books, extended: Server, page: Page, app: str) -> None:
    specification = extended.log.parent / "data" / "kernels" / "old_reactive"
    specification.mkdir(parents=True)
    # Looks like ours, and knows nothing of it.
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "reactive_kernel"]
    described = {"argv": command, "display_name": "Old", "language": "python"}
    (specification / "kernel.json").write_text(json.dumps(described))
    try:
        old = {"name": "old_reactive", "display_name": "Old", "language": "python"}
        write(extended.root / "old.ipynb", CHAIN, old)
        book = Book(extended, page, "old.ipynb", app).open(reactive=False)
        notice = page.locator(".jp-ReactiveNotice")
        expect(notice).to_contain_text("too old for the extension")
        expect(notice).to_have_count(1)
        screenshot(page, f"notice-old-{app}")
        for index in range(3):
            book.run(index)
        book.shows("", "20", "y is 20")
        expect(page.locator("[data-reactive]")).to_have_count(0)
        notice.get_by_role("button", name="Dismiss").click()
        expect(notice).to_be_hidden()
        assert book.saved().cells[1].outputs[0].data["text/plain"] == "20"
    finally:
        shutil.rmtree(specification)


@both
def test_a_kernel_that_is_shut_down(books: Books, page: Page, app: str) -> None:
    errors = listen(page, app)
    book = books.new(CHAIN, app)
    book.run(0)
    book.marked("fresh", "fresh", "fresh")
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    expect(page.locator("[data-reactive]")).to_have_count(0)
    expect(page.locator(".jp-ReactiveStatus")).to_be_hidden()
    notice = page.locator(".jp-ReactiveNotice")
    expect(notice.filter(visible=True)).to_have_count(1)
    expect(notice).to_contain_text("The kernel is not running, so cells are not marked.")
    screenshot(page, f"notice-bereft-{app}")
    # As the notice says.
    book.command("kernelmenu:restart")
    book.marked("new", "new", "new")
    expect(notice).to_be_hidden()
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    expect(notice.filter(visible=True)).to_have_count(1)
    notice.get_by_role("button", name="Dismiss").click()
    # Ordinary editing goes on; another kernel learns of it.
    book.edit(0, "x = 3")
    book.select(2)
    book.command("notebook:insert-cell-below")
    book.edit(3, "print('more', x)")
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.changeKernel({ name: 'reactive_python' })")
    book.marked("new", "new", "new", "new")
    expect(notice).to_be_hidden()
    book.run(0)
    book.shows("", "6", "y is 6", "more 3")
    assert errors == []


def test_a_restarted_kernel_is_told_the_notebook(books: Books) -> None:
    book = books.new(CHAIN)
    book.run(0)
    book.marked("fresh", "fresh", "fresh")
    book.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    book.marked("new", "new", "new")
    book.run(0)
    book.prompts(1, 2, 3)
    book.marked("fresh", "fresh", "fresh")


@both
def test_a_kernel_that_dies_in_a_cascade(books: Books, app: str) -> None:
    death = "import os, time\ntime.sleep(3)\nos.kill(os.getpid(), 9)\ny = x"
    book = books.new(["x = 1", death, "print('y', y)"], app)
    book.run(0)
    # Before it ran all is new as well.
    book.marked("fresh", "running")
    # Lab's own dialogs say that the kernel died.
    book.page.add_locator_handler(book.page.locator(".jp-Dialog"), lambda: book.page.keyboard.press("Enter"))
    book.marked("new", "new", "new")
    expect(book.page.locator(".jp-ReactiveStatus")).to_contain_text("not run yet")
    book.edit(1, "y = x")
    book.run(0)
    book.shows("", "", "y 1")


@pytest.fixture(scope="module")
def unforgiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that starts no kernel anew: one that dies is dead for good."""
    with serve_extended(tmp_path_factory, arguments=("--KernelRestarter.restart_limit=0",)) as server:
        yield server


@both
def test_a_kernel_that_is_dead_for_good(unforgiving: Server, page: Page, app: str) -> None:
    errors = listen(page, app)
    book = Books(unforgiving, page, f"dead-{app}").new([*CHAIN, "import os\nos.getpid()"], app)
    book.run(0)
    book.run(3)
    book.shows("", "20", "y is 20")
    expect(book.output(3)).to_have_count(1)
    page.evaluate(
        "window.jupyterapp.shell.currentWidget.sessionContext.statusChanged.connect("
        "(_, status) => { window.died ||= status === 'dead'; })"
    )
    os.kill(int(book.output(3).inner_text()), signal.SIGKILL)
    page.wait_for_function("window.died")
    notice = page.locator(".jp-ReactiveNotice")
    expect(notice.filter(visible=True)).to_have_count(1)
    expect(notice).to_contain_text("The kernel is not running, so cells are not marked.")
    expect(page.locator("[data-reactive]")).to_have_count(0)
    screenshot(page, f"notice-dead-{app}")
    # An ordinary notebook: it is edited and saved as always, with what it showed.
    book.edit(0, "x = 7")
    book.select(1)
    book.command("notebook:insert-cell-below")
    expect(book.cells).to_have_count(5)
    saved = book.saved()
    assert [cell.source for cell in saved.cells[:3]] == ["x = 7", CHAIN[1], ""]
    assert saved.cells[1].outputs[0].data["text/plain"] == "20"
    # As the notice says, and without Lab's question whether to: no kernel is there to lose.
    book.command("kernelmenu:restart")
    book.marked("new", "new", "new", "new", "new")
    expect(notice).to_be_hidden()
    # It has heard of what was typed while there was none.
    book.run(3)
    book.shows("", "14", "", "y is 14")
    book.marked("fresh", "fresh", "new", "fresh", "new")
    assert errors == []


@both
def test_a_kernel_that_does_not_answer(books: Books, app: str) -> None:
    book = books.new(["import os\nos.getpid()", "x = 1"], app)
    book.run(0)
    expect(book.output(0)).to_have_count(1)
    process = int(book.output(0).inner_text())
    book.saved()
    os.kill(process, signal.SIGSTOP)
    try:
        book.page.reload()
        notice = book.page.locator(".jp-ReactiveNotice")
        expect(notice).to_contain_text("does not answer", timeout=60_000)
        screenshot(book.page, f"notice-trouble-{app}")
        book.edit(1, "x = 2")
        assert book.sources()[1] == "x = 2"
    finally:
        os.kill(process, signal.SIGCONT)
    book.marked("fresh", "new")
    expect(notice).to_be_hidden()
