"""JupyterLab and Notebook 7 with the labextension as built in this checkout, and a driver for a notebook on screen."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import LABEXTENSION, Server, serve
from tests.browser.screen import READY, Screen

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "reactive_kernel" / "labextension"
REACTIVE = {"name": "reactive_python", "display_name": "Python (reactive)", "language": "python"}
PLAIN = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
ADDRESSES = {"lab": "lab/tree/{name}?reset", "notebook": "notebooks/{name}"}
CONTEXT = "window.jupyterapp.shell.currentWidget.context"
both = pytest.mark.parametrize("app", ["lab", "notebook"])


@contextmanager
def serve_extended(
    tmp_path_factory: pytest.TempPathFactory, collaboration: bool = False, arguments: tuple[str, ...] = ()
) -> Iterator[Server]:
    """A server whose front ends have the labextension as built, and with the coordinator."""
    if not (BUILT / "package.json").exists():
        pytest.fail("the labextension is not built: run `jlpm install && jlpm build` in labextension/")
    share = tmp_path_factory.mktemp("share")
    (share / "labextensions").mkdir()
    (share / "labextensions" / LABEXTENSION).symlink_to(BUILT)
    before = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = os.pathsep.join([str(share), *([before] if before else [])])
    root, home = tmp_path_factory.mktemp("notebooks"), tmp_path_factory.mktemp("home")
    try:
        with serve(root, home, extension=True, collaboration=collaboration, arguments=arguments) as server:
            yield server
    finally:
        os.environ.pop("JUPYTER_PATH")
        if before is not None:
            os.environ["JUPYTER_PATH"] = before


@pytest.fixture(scope="session")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The one server that most tests share."""
    with serve_extended(tmp_path_factory) as server:
        yield server


class Book(Screen):
    """A notebook on screen."""

    def __init__(self, server: Server, page: Page, name: str, app: str) -> None:
        super().__init__(page)
        self.server = server
        self.name = name
        self.app = app

    @property
    def path(self) -> Path:
        return self.server.root / self.name

    def open(self, reactive: bool = True) -> Book:
        self.page.goto(self.server.page_url(ADDRESSES[self.app].format(name=self.name)))
        expect(self.cells.first).to_be_attached()
        if reactive:
            expect(self.page.locator(".jp-NotebookPanel.jp-mod-reactive")).to_be_attached()
        else:
            self.page.evaluate(READY)
        return self

    def again(self, page: Page) -> Book:
        """The same notebook on another page."""
        return Book(self.server, page, self.name, self.app).open()

    # --- what people do ---

    def select(self, index: int) -> None:
        """Make a cell the active one, in command mode."""
        self.cells.nth(index).locator(".jp-InputPrompt").click()

    def command(self, name: str, **arguments: Any) -> None:
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [name, arguments])

    # --- what they see ---

    def line(self, index: int) -> Locator:
        return self.cells.nth(index).locator(".jp-ReactiveLine")

    def marked(self, *kinds: str) -> None:
        for index, kind in enumerate(kinds):
            expect(self.cells.nth(index)).to_have_attribute("data-reactive", kind)

    def sources(self) -> list[str]:
        """The text of all cells, prose included, from the document."""
        return list(self.page.evaluate(f"{CONTEXT}.model.sharedModel.cells.map(cell => cell.getSource())"))

    def saved(self) -> nbformat.NotebookNode:
        """Save; what is in the file."""
        self.page.evaluate(f"{CONTEXT}.save()")
        notebook = nbformat.read(self.path, as_version=4)
        nbformat.validate(notebook)
        return notebook


def write(path: Path, cells: Sequence[str], kernel: dict[str, str] = REACTIVE) -> None:
    """A notebook file; cells that begin with "§" are prose."""
    made = [
        new_markdown_cell(text[1:], id=f"prose-{number}")
        if text.startswith("§")
        else new_code_cell(text, id=f"cell-{number}")
        for number, text in enumerate(cells)
    ]
    language = {"name": "python", "mimetype": "text/x-python", "file_extension": ".py"}
    nbformat.write(new_notebook(cells=made, metadata={"kernelspec": kernel, "language_info": language}), path)


class Books:
    """Makes notebooks and opens them."""

    def __init__(self, server: Server, page: Page, prefix: str) -> None:
        self.server = server
        self.page = page
        self.prefix = prefix

    def new(self, cells: Sequence[str], app: str = "lab", kernel: dict[str, str] = REACTIVE) -> Book:
        """A new notebook, opened."""
        name = f"{self.prefix}.ipynb"
        write(self.server.root / name, cells, kernel)
        return Book(self.server, self.page, name, app).open(reactive=kernel is REACTIVE)


@pytest.fixture
def books(extended: Server, page: Page, request: pytest.FixtureRequest) -> Iterator[Books]:
    """Makes notebooks; at the end of the test their kernels are shut down."""
    yield Books(extended, page, request.node.name.replace("[", "-").replace("]", ""))
    page.evaluate(
        "async () => { const manager = window.jupyterapp?.serviceManager; await manager?.sessions.shutdownAll(); }"
    )
