"""Edits go through the coordinator's channel, and other clients' edits arrive in the open notebook; or they don't
need it, where there is none."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, WebSocket, expect

from reactive_kernel.client import Notebook
from tests.browser.conftest import screenshot
from tests.browser.extension_fixtures import CONTEXT, PLAIN, Book, Books, books, both, extended  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser
CHAIN = ["x = 10", "y = x * 2\ny", "print('y is', y)"]
CONTROL = """() => {
    window.control = [];
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, { msg, direction }) => {
        if (direction === 'send' && msg.header.msg_type === 'reactive_request') {
            window.control.push(msg.content.command);
        }
    });
}"""


@pytest.fixture
def sent(page: Page) -> list[str]:
    """The types of the messages that pages send through the door's channel."""
    found: list[str] = []

    def listen(socket: WebSocket) -> None:
        if "/reactive-kernel/" in socket.url:
            socket.on("framesent", lambda frame: found.append(json.loads(frame)["type"]))

    page.on("websocket", listen)
    return found


@pytest.fixture
def agents() -> Iterator[list[Notebook]]:
    """Clients of the door, closed at the end."""
    made: list[Notebook] = []
    yield made
    for agent in made:
        agent.close()


def join(book: Book, agents: list[Notebook]) -> Notebook:
    agent = Notebook.open(book.server.url, book.name, token=book.server.token)
    agents.append(agent)
    return agent


def says(book: Book, *sources: str) -> None:
    """Wait until the notebook's document has these cells."""
    book.page.wait_for_function(
        f"sources => JSON.stringify({CONTEXT}.model.sharedModel.cells.map(cell => cell.getSource())) "
        "=== JSON.stringify(sources)",
        arg=list(sources),
    )


def knows(book: Book, agent: Notebook, *sources: str) -> None:
    """Wait until the agent has been told of these cells."""
    for _ in range(600):
        if [cell["code"] for cell in agent.cells] == list(sources):
            return
        book.page.wait_for_timeout(100)
    assert [cell["code"] for cell in agent.cells] == list(sources)


def agree(book: Book, agent: Notebook, *sources: str) -> None:
    """Wait until the page and the coordinator have the same cells, and nothing more is on its way."""
    says(book, *sources)
    knows(book, agent, *sources)
    says(book, *sources)


@both
def test_edits_go_through_the_channel_in_bursts_also_while_a_cell_runs(books: Books, sent: list[str], app: str) -> None:
    book = books.new([*CHAIN, "import time\ntime.sleep(8)"], app)
    book.run(0)
    book.marked("fresh", "fresh", "fresh")
    book.page.evaluate(CONTROL)
    book.run(3)
    book.marked("fresh", "fresh", "fresh", "running")
    sent.clear()
    book.edit(0, "x = 11")
    book.marked("stale", "stale", "stale", "running")
    assert sent == ["cell_update"]
    book.edit(0, "x = 10")
    book.marked("fresh", "fresh", "fresh", "running")
    sent.clear()
    book.page.evaluate(
        f"{CONTEXT}.model.sharedModel.transact(() => {{"
        f"for (const cell of {CONTEXT}.model.sharedModel.cells.slice(1, 3)) cell.setSource('z = 1');"
        f"{CONTEXT}.model.sharedModel.moveCell(0, 2); }})"
    )
    book.marked("stale", "stale", "fresh", "running")
    assert sent == ["sync"]
    assert set(book.page.evaluate("window.control")) <= {"state", "sending"}  # the run says that it comes


@both
def test_an_agents_edits_arrive_in_the_open_notebook(books: Books, agents: list[Notebook], app: str) -> None:
    book = books.new(["§# Title", *CHAIN], app)
    book.run(0)
    book.shows("", "20", "y is 20")
    agent = join(book, agents)
    agent.update(0, "x = 30")
    says(book, "# Title", "x = 30", *CHAIN[1:])
    book.marked("stale", "stale", "stale")
    book.edit(1, "y = x + 1\ny")
    book.marked("stale", "stale", "stale")
    made = agent.create("print('made', y)", after=2)
    expect(book.cells).to_have_count(4)
    agent.run(made)
    expect(book.output(3)).to_have_text("made 31")
    agent.move(made, after=0)
    says(book, "# Title", "x = 30", "print('made', y)", "y = x + 1\ny", CHAIN[2])
    expect(book.output(1)).to_have_text("made 31")
    agent.delete(made)
    says(book, "# Title", "x = 30", "y = x + 1\ny", CHAIN[2])
    book.run(0)
    book.shows("", "31", "y is 31")
    agree_code = ["x = 30", "y = x + 1\ny", CHAIN[2]]
    knows(book, agent, *agree_code)
    assert [cell.source for cell in book.saved().cells] == ["# Title", *agree_code]
    # What an agent did is not undone by the user's undo; what the user did is.
    book.command("notebook:undo-cell-action")
    assert book.sources()[1] == "x = 30"


def test_typing_and_an_agent_at_once_lose_nothing(books: Books, agents: list[Notebook]) -> None:
    book = books.new(["a = 1", "b = 2", "c = 3"])
    agent = join(book, agents)
    book.cells.nth(0).locator(".cm-content").click()
    book.page.keyboard.press("Control+End")
    for number in range(30):
        book.page.keyboard.type("1")
        agent.update(1, f"b = {number}")
        if number % 10 == 5:
            agent.create(f"n{number} = 1", after=2)
    agree(book, agent, "a = 1" + "1" * 30, "b = 29", "c = 3", "n25 = 1", "n15 = 1", "n5 = 1")
    # One deletes the cell in which the other types: the text stays.
    book.page.keyboard.type(" # kept")
    agent.delete(0)
    book.page.keyboard.type("!")
    kept = "a = 1" + "1" * 30 + " # kept!"
    agree(book, agent, kept, "b = 29", "c = 3", "n25 = 1", "n15 = 1", "n5 = 1")


def test_two_tabs_follow_each_other(books: Books, page: Page) -> None:
    book = books.new(CHAIN)
    other = book.again(page.context.new_page())
    book.edit(0, "x = 7")
    says(other, "x = 7", *CHAIN[1:])
    other.select(2)
    other.command("notebook:insert-cell-below")
    other.edit(3, "print('new', x)")
    says(book, "x = 7", *CHAIN[1:], "print('new', x)")
    book.run(0)
    for view in (book, other):
        view.shows("", "14", "y is 14", "new 7")
    other.page.close()


def test_a_cell_that_is_there_twice_gets_an_id_of_its_own_in_both_tabs(books: Books, page: Page) -> None:
    book = books.new(CHAIN)
    other = book.again(page.context.new_page())
    book.run(0)
    # JupyterLab pastes what was cut under its old id, also when an undo has brought it back.
    book.select(2)
    book.command("notebook:cut-cell")
    expect(book.cells).to_have_count(2)
    book.command("notebook:undo-cell-action")
    expect(book.cells).to_have_count(3)
    book.command("notebook:paste-cell-below")
    for view in (book, other):
        says(view, *CHAIN, CHAIN[2])
    ids = f"{CONTEXT}.model.sharedModel.cells.map(cell => cell.getId())"
    assert len(set(book.page.evaluate(ids))) == 4
    assert book.page.evaluate(ids) == other.page.evaluate(ids)
    book.edit(0, "x = 3")
    book.run(0)
    for view in (book, other):
        view.shows("", "6", "y is 6")
    book.run(3)
    for view in (book, other):
        view.shows("", "6", "y is 6", "y is 6")
    other.page.close()


@both
def test_a_dropped_channel_comes_back(books: Books, agents: list[Notebook], page: Page, app: str) -> None:
    page.add_init_script(
        "const Socket = WebSocket; window.doors = []; window.WebSocket = class extends Socket {"
        " constructor(...args) { super(...args); if (String(args[0]).includes('/reactive-kernel/')) doors.push(this); }"
        "};"
    )
    book = books.new(CHAIN, app)
    book.run(0)
    book.marked("fresh", "fresh", "fresh")
    agent = join(book, agents)
    opened = page.evaluate("window.doors.length")
    page.evaluate("window.doors.at(-1).close()")
    book.edit(0, "x = 5")
    agent.update(2, "print('agent', y)")
    agree(book, agent, "x = 5", CHAIN[1], "print('agent', y)")
    assert page.evaluate("window.doors.length") == opened + 1
    book.marked("stale", "stale", "stale")


def test_structure_changed_just_before_a_run(books: Books) -> None:
    book = books.new(["x = 1"])
    page = book.page
    page.evaluate(
        """() => {
            const panel = window.jupyterapp.shell.currentWidget;
            panel.context.model.sharedModel.insertCells(1, [
                { cell_type: 'code', source: 'a = x + 1', id: 'made-a' },
                { cell_type: 'code', source: 'b = a + 1', id: 'made-b' },
                { cell_type: 'code', source: 'print("b", b)', id: 'made-c' }
            ]);
            panel.content.activeCellIndex = 3;
            window.jupyterapp.commands.execute('notebook:run-cell');
        }"""
    )
    book.shows("", "", "", "b 3")
    book.marked("fresh", "fresh", "fresh", "fresh")


@both
def test_unsaved_edits_of_others_are_brought_in_with_a_notice(
    books: Books, agents: list[Notebook], page: Page, app: str
) -> None:
    book = books.new(CHAIN, app)
    book.run(0)
    agent = join(book, agents)
    page.goto("about:blank")
    agent.update(0, "x = 50")
    book.open()
    says(book, "x = 50", *CHAIN[1:])
    notice = page.locator(".jp-ReactiveNotice")
    expect(notice).to_contain_text("1 cell that are not in the notebook's file were brought in")
    screenshot(page, f"notice-adopted-{app}")
    notice.get_by_role("button", name="Use the file").click()
    agree(book, agent, *CHAIN)


def test_many_edits_of_others_are_brought_in_at_once(books: Books, agents: list[Notebook], page: Page) -> None:
    before = [f"v{number} = {number}" for number in range(6)]
    book = books.new(before)
    book.marked(*["new"] * 6)
    agent = join(book, agents)
    page.goto("about:blank")
    agent.delete(1)
    agent.create("a = 1", after=0)
    agent.create("b = 2", after=1)
    agent.move(6, after=0)
    agent.move(5, after=0)
    agent.update(0, "v0 = 7")
    agent.create("c = 3", after=6)
    after = ["v0 = 7", "v3 = 3", "v5 = 5", "a = 1", "b = 2", "v2 = 2", "v4 = 4", "c = 3"]
    knows(book, agent, *after)
    book.open()
    agree(book, agent, *after)


def test_a_file_changed_behind_the_servers_back_is_what_a_new_page_shows(books: Books, page: Page) -> None:
    book = books.new(CHAIN)
    book.run(0)
    book.saved()
    page.goto("about:blank")
    page.wait_for_timeout(1000)  # the server reads what was saved before somebody writes another text
    book.path.write_text(book.path.read_text().replace("x * 2", "x * 7"))
    book.open()
    assert book.sources()[1] == "y = x * 7\ny"
    book.marked("fresh", "stale", "stale")
    assert book.sources()[1] == "y = x * 7\ny"
    expect(page.locator(".jp-ReactiveNotice")).to_be_hidden()


def test_a_kernel_chosen_for_an_edited_notebook_keeps_the_edits(books: Books) -> None:
    book = books.new(CHAIN, kernel=PLAIN)
    book.edit(0, "x = 77")
    book.select(2)
    book.command("notebook:delete-cell")
    expect(book.cells).to_have_count(2)
    book.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.changeKernel({ name: 'reactive_python' })")
    book.marked("new", "new")
    book.run(0)
    book.shows("", "154")
    assert book.sources() == ["x = 77", CHAIN[1]]
