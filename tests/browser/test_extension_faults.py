"""When something can't be reached the notebook stays an ordinary one, and people are told once."""

from __future__ import annotations

import os
import signal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import screenshot
from tests.browser.extension_fixtures import Books, books, extended  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser
CHAIN = ["x = 10", "y = x * 2\ny", "print('y is', y)"]


def test_without_a_coordinator(books: Books, page: Page) -> None:
    page.route("**/reactive-kernel/**", lambda route: route.abort())
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    book = books.new(CHAIN)
    book.run(0)
    book.shows("", "20", "y is 20")
    book.open()
    book.edit(0, "x = 1")
    book.run(0)
    book.shows("", "2", "y is 2")
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


def test_a_kernel_that_dies_in_a_cascade(books: Books) -> None:
    book = books.new(["x = 1", "import os, time\ntime.sleep(1)\nos.kill(os.getpid(), 9)\ny = x", "print('y', y)"])
    book.run(0)
    # Lab's own dialogs say that the kernel died.
    book.page.add_locator_handler(book.page.locator(".jp-Dialog"), lambda: book.page.keyboard.press("Enter"))
    book.marked("new", "new", "new")
    expect(book.page.locator(".jp-ReactiveStatus")).to_contain_text("not run yet")
    book.edit(1, "y = x")
    book.run(0)
    book.shows("", "", "y 1")


def test_a_kernel_that_does_not_answer(books: Books) -> None:
    book = books.new(["import os\nos.getpid()", "x = 1"])
    book.run(0)
    expect(book.output(0)).to_have_count(1)
    process = int(book.output(0).inner_text())
    book.saved()
    os.kill(process, signal.SIGSTOP)
    try:
        book.page.reload()
        notice = book.page.locator(".jp-ReactiveNotice")
        expect(notice).to_contain_text("does not answer", timeout=60_000)
        screenshot(book.page, "notice-trouble")
        book.edit(1, "x = 2")
        assert book.sources()[1] == "x = 2"
    finally:
        os.kill(process, signal.SIGCONT)
    book.marked("fresh", "new")
    expect(notice).to_be_hidden()
