"""JupyterLab and Notebook 7 as they come, without our extension: dependents are updated in place and saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect

from tests.browser.conftest import Server, screenshot, serve
from tests.browser.screen import READY, Screen

pytestmark = pytest.mark.browser
PAGES = {"lab": "lab/tree/{name}?reset", "notebook": "notebooks/{name}"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("notebooks")
    with serve(root, tmp_path_factory.mktemp("home"), extension=False) as server:
        yield server


class Document(Screen):
    """A notebook on screen: its cells, the keys that people press, and its file."""

    def __init__(self, page: Page, path: Path) -> None:
        super().__init__(page)
        self.path = path

    def saved(self) -> list[tuple[int | None, str]]:
        """Save; the file's cells: prompt number and text of all outputs."""
        # The server writes into the file itself: it is whole only when the server says so.
        with self.page.expect_response(lambda answer: answer.request.method == "PUT" and self.path.name in answer.url):
            self.page.keyboard.press("Control+S")
        notebook = nbformat.read(self.path, as_version=4)
        nbformat.validate(notebook)
        return [(cell.execution_count, "".join(map(text_of, cell.outputs))) for cell in notebook.cells]


def text_of(output: nbformat.NotebookNode) -> str:
    return str(output.get("text") or output.get("evalue") or output.data["text/plain"])


@pytest.fixture(params=sorted(PAGES))
def document(request: pytest.FixtureRequest, server: Server, page: Page) -> Iterator[Document]:
    """Cells A, B and C, opened in one of the front ends, with the reactive kernel connected."""
    name = f"{request.node.name.replace('[', '-').replace(']', '')}.ipynb"
    sources = ["x = 10", "y = x * 2\ny", "print('y is', y)"]
    notebook = new_notebook(
        cells=[new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)],
        metadata={"kernelspec": {"name": "reactive_python", "display_name": "Python (reactive)", "language": "python"}},
    )
    path = server.root / name
    nbformat.write(notebook, path)
    page.goto(server.page_url(PAGES[request.param].format(name=name)))
    expect(page.locator(".jp-Notebook .jp-CodeCell")).to_have_count(3)
    page.evaluate(READY)
    yield Document(page, path)
    # Another try of the test begins with a kernel of its own.
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")


def test_the_extension_is_not_there(document: Document) -> None:
    assert not document.page.evaluate("window.jupyterapp.hasPlugin('reactive-kernel-labextension:plugin')")
    loaded = document.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert not [name for name in loaded if "reactive-kernel-labextension" in name]


def test_dependents_are_updated_in_place_and_saved(document: Document, request: pytest.FixtureRequest) -> None:
    for index in range(3):
        document.run(index)
        document.prompts(*range(1, index + 2))
    document.shows("", "20", "y is 20")
    document.edit(0, "x = 21")
    document.run(0)
    document.shows("", "42", "y is 42")
    # A stock front end takes a prompt's number from the reply to the cell's own request.
    document.prompts(4, 2, 3)
    screenshot(document.page, f"stock-{request.node.callspec.id}-cascade")
    assert document.saved() == [(4, ""), (2, "42"), (3, "y is 42\n")]


def test_errors_and_their_recovery(document: Document, request: pytest.FixtureRequest) -> None:
    for index in range(3):
        document.run(index)
        document.prompts(*range(1, index + 2))
    document.edit(1, "y = 100 // x\ny")
    document.run(1)
    document.shows("", "10", "y is 10")
    document.edit(0, "x = 0")
    document.run(0)
    expect(document.output(1)).to_contain_text("ZeroDivisionError")
    screenshot(document.page, f"stock-{request.node.callspec.id}-error")
    document.edit(0, "x = 5")
    document.run(0)
    document.shows("", "20", "y is 20")
    assert [text for _, text in document.saved()] == ["", "20", "y is 20\n"]


def test_run_all_runs_each_cell_once(document: Document) -> None:
    document.cells.nth(0).locator(".cm-content").click()
    for numbers in ((1, 2, 3), (4, 5, 6)):
        document.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        document.prompts(*numbers)
        document.shows("", "20", "y is 20")
    assert document.saved() == [(4, ""), (5, "20"), (6, "y is 20\n")]
