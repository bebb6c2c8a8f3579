"""How quickly the labextension marks stale cells, and whether typing stays smooth, in a real JupyterLab.

    python benchmarks/browser.py [--cells 300] [--edits 20] [--turns 1] [--ways with panel] [--parts typing edges]

Opens a notebook of that many cells (once JupyterLab has drawn all of them), without the labextension, with it, and
with its panel open, in turns within one session, so that the machine's other load weighs on all alike. Prints

- typing: the page's long tasks (over 50 ms) while somebody types in bursts; how much of each was the labextension's
  code; how long that code worked for each burst; milliseconds from a burst's last key to the stale mark in the page,
- edges: the same long tasks where each burst changes what the cell reads,
- output: milliseconds from the kernel's message with a dependent's output to the frame that shows it,
- busy: milliseconds to the stale mark while a cell runs.
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
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import CDPSession, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM_ARGUMENTS, LABEXTENSION, Server, serve
from tests.browser.extension_fixtures import BUILT, Book, write

WAYS = ("without", "with", "panel")
PARTS = ("typing", "edges", "output", "busy")
# What a burst types, and what takes it away again.
DIGITS = (("2", "3"), ("Backspace", "Backspace"))
READS = (("+", "v", "0"), ("Backspace", "Backspace", "Backspace"))
WATCH = """() => {
    const cell = document.querySelectorAll('.jp-CodeCell')[1];
    const shown = () => cell.querySelector('.jp-OutputArea-output')?.textContent;
    let pressed = 0, sent = 0, text = shown();
    Object.assign(window, { marks: [], tasks: [], outputs: [] });
    document.addEventListener('keydown', () => { pressed = performance.now(); }, true);
    new MutationObserver(() => {
        if (pressed) { window.marks.push(performance.now() - pressed); pressed = 0; }
    }).observe(cell, { attributes: true, attributeFilter: ['data-reactive'] });
    new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(e => [e.startTime, e.duration])))
        .observe({ entryTypes: ['longtask'] });
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    kernel.anyMessage.connect((_, { msg, direction }) => {
        if (direction === 'recv' && msg.header.msg_type === 'stream' && msg.metadata.reactive) {
            sent = performance.now();
        }
    });
    new MutationObserver(() => {
        if (sent && shown() !== text) {
            const since = sent;
            sent = 0;
            text = shown();
            requestAnimationFrame(() => window.outputs.push(performance.now() - since));
        }
    }).observe(cell, { childList: true, subtree: true, characterData: true });
}"""


def notebook(cells: int) -> list[str]:
    """A root, a reader that prints it, one that takes long, and many more in groups of ten."""
    rest = [f"v{n} = {n}" if n % 10 == 0 else f"v{n} = v{n - n % 10} + v{n - 1}" for n in range(cells - 3)]
    return ["x = 1", "print('x is', x)", "import time\ntime.sleep(60)", *rest]


class Profile:
    """Chromium's CPU profiler, and what it saw of the labextension's code."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("Profiler.enable")
        self.session.send("Performance.enable")
        self.session.send("Profiler.setSamplingInterval", {"interval": 500})
        self.session.send("Profiler.start")

    def stop(self) -> list[tuple[float, float]]:
        """When our code was seen, on the page's clock, and for how long each time, in milliseconds."""
        profile: dict[str, Any] = self.session.send("Profiler.stop")["profile"]
        metrics = {item["name"]: item["value"] for item in self.session.send("Performance.getMetrics")["metrics"]}
        ours: set[int] = set()
        below: list[tuple[int, bool]] = [(profile["nodes"][0]["id"], False)]
        nodes = {node["id"]: node for node in profile["nodes"]}
        while below:
            number, inside = below.pop()
            inside = inside or LABEXTENSION in nodes[number]["callFrame"]["url"]
            if inside:
                ours.add(number)
            below += [(child, inside) for child in nodes[number].get("children", [])]
        now = profile["startTime"]
        found = []
        for sample, delta in zip(profile["samples"], profile["timeDeltas"], strict=True):
            now += delta
            if sample in ours:
                found.append((now / 1000 - metrics["NavigationStart"] * 1000, delta / 1000))
        return found


def type_bursts(page: Page, edits: int, keys: tuple[tuple[str, ...], ...] = DIGITS) -> None:
    """Each burst appends something, or takes it away again, at human speed, and then pauses."""
    for number in range(edits):
        page.keyboard.press("Control+End")
        for key in keys[number % 2]:
            page.keyboard.press(key)
            page.wait_for_timeout(30)
        page.wait_for_timeout(300)


def drawn(page: Page) -> None:
    """Wait until JupyterLab has made the editors of all cells, which it does bit by bit."""
    before = -1
    while (now := page.locator(".jp-Notebook .cm-content").count()) != before:
        before = now
        page.wait_for_timeout(1000)


def opened(page: Page, server: Server, name: str, cells: int, way: str) -> Book:
    """One notebook, opened, run once, the cursor in its first cell."""
    write(server.root / name, notebook(cells))
    if way == "without":
        page.route("**/extensions/reactive-kernel-labextension/**", lambda route: route.abort())
    book = Book(server, page, name, "lab").open(reactive=way != "without")
    if way == "panel":
        book.command("reactive:show-dependencies")
        expect(page.locator(".jp-ReactiveNode")).to_have_count(cells)
    book.run(0)
    book.run(1)
    expect(book.output(1)).to_have_count(1)
    drawn(page)
    book.cells.first.locator(".cm-content").click()
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    return book


def measure(book: Book, edits: int, way: str, parts: tuple[str, ...]) -> dict[str, object]:
    """What typing and running in a notebook takes."""
    page = book.page
    found: dict[str, object] = {}
    if "typing" in parts:
        found["typing"] = typing(page, edits, DIGITS, way)
        if way != "without":
            found["mark"] = summary(page.evaluate("window.marks.splice(0)"))
    if "edges" in parts:
        found["edges"] = typing(page, edits, READS, way)
    if way != "without" and "output" in parts:
        for number in range(edits):
            book.edit(0, f"x = {number + 10}")
            book.run(0)
            page.wait_for_timeout(300)
        found["output"] = summary(page.evaluate("window.outputs"))
    if way != "without" and "busy" in parts:
        book.run(2)
        book.marked("fresh", "fresh", "running")
        book.cells.first.locator(".cm-content").click()
        page.evaluate("window.marks.splice(0)")
        type_bursts(page, edits)
        found["mark while a cell runs"] = summary(page.evaluate("window.marks"))
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    return found


def typing(page: Page, edits: int, keys: tuple[tuple[str, ...], ...], way: str) -> dict[str, object]:
    """The long tasks while somebody types."""
    page.evaluate("window.tasks.splice(0)")
    profile = Profile(page)
    type_bursts(page, edits, keys)
    ours = profile.stop()
    tasks = page.evaluate("window.tasks")
    found: dict[str, object] = {"long tasks": [round(lasted) for _, lasted in tasks]}
    if way != "without":
        found["our share of each"] = [
            round(sum(took for when, took in ours if start <= when <= start + lasted)) for start, lasted in tasks
        ]
        found["our work for a burst"] = round(sum(took for _, took in ours) / edits, 1)
    return found


def summary(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and largest, in milliseconds."""
    if len(values) < 2:
        return {"n": len(values)}
    return {
        "n": len(values),
        "median": round(statistics.median(values), 1),
        "p95": round(statistics.quantiles(values, n=20, method="inclusive")[-1], 1),
        "max": round(max(values), 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=300)
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS)
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        for part in ("root", "home", "share/labextensions"):
            (base / part).mkdir(parents=True)
        (base / "share/labextensions" / LABEXTENSION).symlink_to(BUILT)
        os.environ["JUPYTER_PATH"] = str(base / "share")
        with serve(base / "root", base / "home", extension=True) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS)
            for turn in range(options.turns):
                for way in options.ways:
                    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
                    page.set_default_timeout(90_000)
                    book = opened(page, server, f"{way}{turn}.ipynb", options.cells, way)
                    found = measure(book, options.edits, way, tuple(options.parts))
                    print(json.dumps({"extension": way, "cells": options.cells, **found}), flush=True)
                    page.context.close()
            browser.close()


if __name__ == "__main__":
    main()
