"""A notebook on screen: what people press in its cells, and what the cells show."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

# The page shows the notebook before its kernel can take requests.
READY = """async () => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    await context.ready;
    await context.session.kernel.info;
}"""
expect.set_options(timeout=30_000)


class Screen:
    """The code cells of a notebook on a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cells = page.locator(".jp-Notebook .jp-CodeCell")

    def edit(self, index: int, source: str) -> None:
        self.cells.nth(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def run(self, index: int) -> None:
        self.cells.nth(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def output(self, index: int) -> Locator:
        return self.cells.nth(index).locator(".jp-OutputArea-output")

    def shows(self, *outputs: str) -> None:
        """Wait until the cells show these texts, one output each ("" for none)."""
        for index, text in enumerate(outputs):
            expect(self.output(index)).to_have_count(1 if text else 0)
            if text:
                expect(self.output(index)).to_contain_text(text)

    def prompts(self, *numbers: int) -> None:
        for index, number in enumerate(numbers):
            expect(self.cells.nth(index).locator(".jp-InputPrompt")).to_have_text(f"[{number}]:")
