"""The side panel (what needs attention, graph, variables), the status bar and the toolbar."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import screenshot
from tests.browser.extension_fixtures import Books, books, both, extended  # noqa: F401 (fixtures)

pytestmark = pytest.mark.browser
ACTIVE = "window.jupyterapp.shell.currentWidget.content.activeCell.model.id"
TOUCHED = """() => {
    const found = { nodes: new Set(), lines: new Set(), rows: new Set(), listed: 0 };
    const id = node => window.jupyterapp.shell.currentWidget.content.widgets.find(cell => cell.node === node).model.id;
    new MutationObserver(records => {
        for (const { target, addedNodes } of records) {
            const at = target.closest?.(
                '.jp-ReactiveNode, .jp-ReactiveLine, .jp-ReactiveVariables, .jp-ReactiveOverview');
            if (at?.matches('.jp-ReactiveNode')) found.nodes.add(at.dataset.cell);
            if (at?.matches('.jp-ReactiveLine')) found.lines.add(id(at.closest('.jp-CodeCell')));
            if (at?.matches('.jp-ReactiveVariables')) found.rows.add(target.closest('tr')?.dataset.name ?? 'table');
            if (at?.matches('.jp-ReactiveOverview')) found.listed += target.tagName === 'UL' ? addedNodes.length : 0;
        }
        const sorted = set => [...set].sort();
        window.touched = {
            nodes: sorted(found.nodes), lines: sorted(found.lines), rows: sorted(found.rows), listed: found.listed
        };
    }).observe(document.body, { attributes: true, childList: true, characterData: true, subtree: true });
}"""
FLOW = [
    "import time",
    "rows = [1, 2, 3]",
    "scale = 10",
    "total = sum(rows) * scale",
    "time.sleep(5)\nslow = total",
    "print('total', total)",
    "same = scale > 0",
    "print('same', same)",
    "1 + 1",
]


@both
def test_the_graph_lives(books: Books, app: str) -> None:
    book = books.new(FLOW, app)
    page = book.page
    book.command("reactive:show-dependencies")
    nodes = page.locator(".jp-ReactiveNode")
    expect(nodes).to_have_count(9)
    expect(page.locator(".jp-ReactiveEdge")).to_have_count(7)
    expect(nodes.first).to_have_attribute("data-kind", "new")
    book.command("reactive:run-all")
    running = page.locator(".jp-ReactiveNode[data-kind=running]")
    expect(running).to_have_attribute("data-cell", "cell-4")
    expect(page.locator(".jp-ReactiveStatus")).to_contain_text(re.compile(r"running \d of 9"))
    screenshot(page, f"panel-running-{app}")
    expect(page.locator(".jp-ReactiveNode[data-kind=done]")).to_have_count(9)
    expect(page.locator(".jp-ReactiveStatus")).to_contain_text("settled")
    expect(page.locator(".jp-ReactiveOverview")).to_contain_text("Settled")
    # A cell whose value stays the same lets its dependents be.
    book.edit(2, "scale = 20")
    expect(page.locator(".jp-ReactiveNode[data-kind=stale]")).to_have_count(6)
    expect(page.locator(".jp-ReactiveOverview li")).to_have_count(6)
    expect(page.locator(".jp-ReactiveToolbar")).to_contain_text("6 stale")
    screenshot(page, f"panel-stale-{app}")
    book.edit(4, "slow = total")
    book.run(2)
    expect(page.locator("[data-cell=cell-5].jp-ReactiveNode")).to_have_attribute("data-kind", "done")
    expect(page.locator("[data-cell=cell-7].jp-ReactiveNode")).to_have_attribute("data-kind", "skipped")
    expect(page.locator(".jp-ReactiveEdge")).to_have_count(6)
    page.locator(".jp-ReactiveNode[data-cell=cell-5]").click()
    page.wait_for_function(f"{ACTIVE} === 'cell-5'")
    page.locator(".jp-ReactiveNode[data-cell=cell-1]").focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{ACTIVE} === 'cell-1'")
    content = page.locator(".jp-ReactiveGraph-frame > g")
    before = content.get_attribute("transform")
    page.get_by_role("button", name="Zoom in").click()
    assert content.get_attribute("transform") != before
    page.get_by_role("button", name="Show the whole graph").click()
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_timeout(500)
    screenshot(page, f"panel-dark-{app}")


@both
def test_the_panel_by_keyboard(books: Books, app: str) -> None:
    book = books.new(["x = 1", "y = x + 1", "z = y + 1", "print(y)"], app)
    page = book.page
    book.command("reactive:show-dependencies")
    expect(page.locator(".jp-ReactiveNode")).to_have_count(4)
    # One stop for the Tab key, from where the arrows lead along the edges.
    expect(page.locator(".jp-ReactiveNode[tabindex='0']")).to_have_count(1)
    page.get_by_role("button", name="Show the whole graph").focus()
    page.keyboard.press("Tab")
    focused = page.locator(".jp-ReactiveNode:focus")
    expect(focused).to_have_attribute("data-cell", "cell-0")
    expect(focused).to_have_attribute("aria-label", "cell 1, x, new")
    for key, cell in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("ArrowRight", 2), ("End", 3), ("Home", 0)):
        page.keyboard.press(key)
        expect(focused).to_have_attribute("data-cell", f"cell-{cell}")
    page.keyboard.press("ArrowDown")
    before = scale(page)
    page.keyboard.press("-")
    assert scale(page) < before
    page.keyboard.press("Enter")
    page.wait_for_function(f"{ACTIVE} === 'cell-1'")
    book.command("reactive:run-all")
    book.marked("fresh", "fresh", "fresh", "fresh")
    book.edit(0, "x = 2")
    rows = page.locator(".jp-ReactiveOverview li")
    expect(rows).to_have_count(4)
    # A row that changes under the fingers stays the one in focus.
    rows.nth(2).get_by_role("button").focus()
    book.command("reactive:toggle-disabled")
    expect(rows.nth(0)).to_contain_text("stale")
    page.keyboard.press("Enter")
    page.wait_for_function(f"{ACTIVE} === 'cell-2'")
    row = page.locator(".jp-ReactiveVariables tr[data-name=y]")
    used = row.get_by_role("button", name="Go to cell 4, where it is used")
    used.focus()
    page.keyboard.press("Enter")
    page.wait_for_function(f"{ACTIVE} === 'cell-3'")


@both
def test_variables(books: Books, app: str) -> None:
    frame = "import pandas as pd\ndf = pd.DataFrame({'a': range(4), 'b': 1})"
    book = books.new([frame, "rows = [1, 2]", "n = len(df) + len(rows)"], app)
    book.command("reactive:show-dependencies")
    book.command("reactive:run-all")
    book.marked("fresh", "fresh", "fresh")
    row = book.page.locator(".jp-ReactiveVariables tr[data-name=df]").get_by_role("cell")
    expect(row).to_have_text(["DataFrame", "4x2", "1", "3"])
    expect(book.page.locator(".jp-ReactiveVariables tr[data-name=rows]").get_by_role("cell")).to_have_text(
        ["list", "2", "2", "3"]
    )
    expect(book.page.locator(".jp-ReactiveVariables tr[data-name=n]").get_by_role("cell")).to_have_text(
        ["int", "6", "3", ""]
    )
    screenshot(book.page, f"panel-variables-{app}")
    row.nth(3).get_by_role("button").click()
    book.page.wait_for_function(f"{ACTIVE} === 'cell-2'")


def scale(page: Page) -> float:
    """How large the graph is drawn."""
    placed = str(page.locator(".jp-ReactiveGraph-frame > g").get_attribute("transform"))
    return float(placed.split("scale(")[1].rstrip(")"))


def test_a_graph_wider_than_the_panel_can_be_read(books: Books) -> None:
    book = books.new(["x = 1", *[f"name_{number} = x" for number in range(9)]])
    page = book.page
    book.command("reactive:show-dependencies")
    expect(page.locator(".jp-ReactiveNode")).to_have_count(10)
    assert scale(page) > 0.9
    # JupyterLab asks all widgets to fit themselves anew.
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        expect(page.locator(f"body[data-jp-theme-name='{theme}']")).to_be_attached()
        assert scale(page) > 0.9
    page.get_by_role("button", name="Show the whole graph").click()
    assert scale(page) < 0.6


def test_five_hundred_cells(books: Books) -> None:
    cells = [f"v{n} = {n}" if n % 10 == 0 else f"v{n} = v{n - n % 10} + v{n - 1}" for n in range(500)]
    book = books.new(cells)
    book.command("reactive:show-dependencies")
    expect(book.page.locator(".jp-ReactiveNode")).to_have_count(500)
    expect(book.page.locator(".jp-ReactiveEdge[d]")).to_have_count(850)
    screenshot(book.page, "panel-500")
    book.page.locator(".jp-ReactiveNode[data-cell=cell-0]").click()
    book.page.wait_for_function(f"{ACTIVE} === 'cell-0'")
    book.run(0)
    expect(book.page.locator(".jp-ReactiveNode[data-kind=done]")).to_have_count(10)
    # An edit touches what it changes on the page, and nothing of the other cells.
    book.page.wait_for_timeout(500)
    book.page.evaluate(TOUCHED)
    book.edit(0, "v0 = 5")
    expect(book.page.locator(".jp-ReactiveNode[data-kind=stale]")).to_have_count(10)
    book.page.wait_for_timeout(500)
    stale = [f"cell-{number}" for number in range(10)]
    assert book.page.evaluate("window.touched") == {"nodes": stale, "lines": stale, "rows": [], "listed": 10}
