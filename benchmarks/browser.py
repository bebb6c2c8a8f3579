"""How quickly the labextension marks stale cells, and whether typing stays smooth, in a real JupyterLab.

    python benchmarks/browser.py [--cells 300] [--edits 40]

Prints, for a notebook of that many cells: milliseconds from the last key of a burst to the stale mark in the page
(median, 95th percentile, largest), from the kernel's message of a dependent's output to its text in the page, and
the long tasks (over 50 ms) of the page while somebody types, with the labextension and without it (same kernel), in
alternating runs of one session, so that the machine's other load weighs on both alike.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_ARGUMENTS, LABEXTENSION, Server, serve
from tests.browser.extension_fixtures import BUILT, Book, write

WATCH = """() => {
    const first = document.querySelectorAll('.jp-CodeCell')[1];
    window.pressed = 0; window.marks = []; window.tasks = []; window.outputs = []; window.sent = 0;
    document.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
    new MutationObserver(() => {
        if (window.pressed) { window.marks.push(performance.now() - window.pressed); window.pressed = 0; }
    }).observe(first, { attributes: true, attributeFilter: ['data-reactive'] });
    new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(e => e.duration)))
        .observe({ entryTypes: ['longtask'] });
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, { msg, direction }) => {
        if (direction === 'recv' && msg.header.msg_type === 'stream' && msg.metadata.reactive) {
            window.sent = performance.now();
        }
    });
    new MutationObserver(() => {
        if (window.sent) { window.outputs.push(performance.now() - window.sent); window.sent = 0; }
    }).observe(first, { childList: true, subtree: true, characterData: true });
}"""


def notebook(cells: int) -> list[str]:
    """A root, a reader that prints it, and many more in groups of ten."""
    rest = [f"v{n} = {n}" if n % 10 == 0 else f"v{n} = v{n - n % 10} + v{n - 1}" for n in range(cells - 2)]
    return ["x = 1", "print('x is', x)", *rest]


def type_bursts(page: Page, book: Book, edits: int) -> None:
    """Each burst appends two digits, or takes them away again, at human speed, and then pauses."""
    book.cells.first.locator(".cm-content").click()
    for number in range(edits):
        page.keyboard.press("Control+End")
        for key in ("2", "3") if number % 2 == 0 else ("Backspace", "Backspace"):
            page.keyboard.press(key)
            page.wait_for_timeout(30)
        page.wait_for_timeout(500)


def measure(page: Page, server: Server, name: str, cells: int, edits: int, extension: bool) -> dict[str, object]:
    """One notebook, opened, run once, typed in."""
    write(server.root / name, notebook(cells))
    if not extension:
        page.route("**/extensions/reactive-kernel-labextension/**", lambda route: route.abort())
    book = Book(server, page, name, "lab").open(reactive=extension)
    book.run(0)
    book.run(1)
    expect(book.output(1)).to_have_count(1)
    page.wait_for_timeout(3000)
    page.evaluate(WATCH)
    type_bursts(page, book, edits)
    found: dict[str, object] = {"long tasks while typing": page.evaluate("window.tasks")}
    if extension:
        found["mark"] = page.evaluate("window.marks")
        for number in range(20):
            book.edit(0, f"x = {number}")
            book.run(0)
            page.wait_for_timeout(500)
        found["output"] = page.evaluate("window.outputs")
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    return found


def summary(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and largest, in milliseconds."""
    if len(values) < 2:
        return {"n": len(values)}
    return {
        "n": len(values),
        "median": round(statistics.median(values), 1),
        "p95": round(statistics.quantiles(values, n=20)[-1], 1),
        "max": round(max(values), 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=300)
    parser.add_argument("--edits", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for part in ("root", "home", "share/labextensions"):
            (base / part).mkdir(parents=True)
        (base / "share/labextensions" / LABEXTENSION).symlink_to(BUILT)
        os.environ["JUPYTER_PATH"] = str(base / "share")
        with serve(base / "root", base / "home", extension=True) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS)
            for turn in range(2):
                for label in ("with", "without"):
                    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
                    name = f"{label}{turn}.ipynb"
                    found = measure(page, server, name, options.cells, options.edits, label == "with")
                    shown = {key: summary(value) if isinstance(value, list) else value for key, value in found.items()}
                    print(json.dumps({"extension": label, "cells": options.cells, **shown}), flush=True)
                    page.context.close()
            browser.close()


if __name__ == "__main__":
    main()
