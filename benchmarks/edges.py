"""The kernel's edges on a folder of notebooks, judged against what happened in an instrumented plain run.

    python -m benchmarks.edges [FOLDER …] [--jobs 2] [--limit 60] [--misses] [--save FILE]

Reads ``.ipynb`` and Python files with ``# %%`` cells (or sphinx-gallery's rows of #), each notebook up to its
first failing cell, and runs each twice in processes of its own: plainly (`happened`) and through the engine.

What is counted.  *Direct*: reads by a cell's own code of what another cell bound.  *Called*: reads only made by
other cells' functions.  An edge is right if it names the cell that bound the value read, or one that changed it in
place in between.  *Must re-run*: pairs of cells (X, Y) where Y depends on X, directly or through others, changes in
place included.  *Precision*: the edges that happened; those through which a cell changes what it reads under another
name count as right.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from IPython.utils.capture import capture_output

from benchmarks.happened import happened, is_users, shell_for
from reactive_kernel.kernel.compiling import tell_compiled
from reactive_kernel.kernel.engine import Engine, Outcome, RunRequest

FORKS = multiprocessing.get_context("forkserver")
Edge = tuple[int, int, str]  # reader, producer, name
DEFAULT = Path(__file__).parent.parent / "tests" / "oracle" / "notebooks"


def cells_of(path: Path) -> list[str]:
    """The code cells of a notebook file."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".ipynb":
        try:
            book = json.loads(text)
        except ValueError:
            return []
        cells = [c for c in book.get("cells", ()) if c["cell_type"] == "code"]
        found = ["".join(c["source"]) for c in cells]
    else:
        parts = re.split(r"^# ?%%.*$|^#{20,}.*$", text, flags=re.MULTILINE)
        found = [part.strip("\n") for part in parts]
    return [source for source in found if re.search(r"^\s*[^#\s]", source, re.MULTILINE)]


def through_the_kernel(cells: list[str]) -> dict[str, Any]:
    """Run all cells through the engine; its edges, what cells showed, and what the engine cost."""
    namespace: dict[str, Any] = {}
    shell = shell_for(namespace)
    engine = Engine(shell.user_ns)
    tell_compiled(shell, engine.compiled)
    ids = [f"c{number}" for number in range(len(cells))]
    texts = [{"cell_id": i, "source": source} for i, source in zip(ids, cells, strict=True)]
    engine.command("sync", {"cells": texts})
    run = engine.begin(RunRequest(kind="all"), "all")
    log: list[str] = []
    shown: dict[str, str] = {}
    costs: list[tuple[str, float, float]] = []
    while (step := run.next()) is not None:
        shell.number = int(step.cell_id[1:])
        times = [time.thread_time()]
        run.enter(step)
        times.append(time.thread_time())
        with capture_output() as output:
            result = shell.run_cell(step.source)
        times.append(time.thread_time())
        if result.result is not None:  # as IPython does where its output is not captured
            shell.user_ns[f"_{len(log) + 1}"] = result.result
        error = None if result.success else repr(result.error_in_exec or result.error_before_exec)
        run.leave(step, Outcome("error" if error else "success", len(log) + 1, times[2] - times[1], error))
        times.append(time.thread_time())
        log.append(step.cell_id)
        shown[step.cell_id] = error or output.stdout + repr(result.result)[:2000]
        costs.append((step.cell_id, times[1] - times[0] + times[3] - times[2], times[2] - times[1]))
        if len(log) > 5 * len(cells) + 10:
            break
    run.finish()
    state = engine.command("state", {})
    return {
        "log": log,
        "shown": [shown.get(i) for i in ids],
        "costs": costs,
        "entries": [{k: e[k] for k in ("status", "fresh", "opaque", "mutates", "problem")} for e in state["cells"]],
        "reads": [e["reads"] for e in state["cells"]],
        "edges": [(int(e["to"][1:]), int(e["from"][1:]), n) for e in state["edges"] for n in e["names"]],
    }


# -- scoring


def closure(edges: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """All (X, Y) where Y depends on X."""
    readers: dict[int, set[int]] = {}
    for reader, producer in edges:
        readers.setdefault(producer, set()).add(reader)
    found = set()
    for root in readers:
        todo, seen = [root], set()
        while todo:
            for reader in readers.get(todo.pop(), ()):
                if reader not in seen:
                    seen.add(reader)
                    todo.append(reader)
        found |= {(root, reader) for reader in seen}
    return found


class Truth:
    """What happened, as sets of edges."""

    def __init__(self, ran: dict[str, Any]) -> None:
        self.direct: set[Edge] = {tuple(e) for e in ran["direct"]}
        self.called = {tuple(e) for e in ran["called"]} - self.direct
        self.reads = self.direct | self.called
        self.changes = [tuple(c) for c in ran["changes"]]

    def changers(self, edge: Edge) -> list[int]:
        """Cells that changed in place what an edge's reader read, between its binding and the read."""
        reader, writer, name = edge
        return [c for c, changed in self.changes if changed == name and writer < c < reader]

    def all_pairs(self) -> set[tuple[int, int]]:
        """Reader and producer, changes included."""
        found = {(r, w) for r, w, _ in self.reads}
        found |= {(e[0], c) for e in self.reads for c in self.changers(e)}
        return {(r, w) for r, w in found if w < r}


def score(plain: dict[str, Any], kernel: dict[str, Any]) -> dict[str, Any]:
    """Counts of one notebook, and what was missed or too much."""
    truth = Truth(plain)
    edges: set[Edge] = {tuple(e) for e in kernel["edges"] if is_users(e[2])}  # others nobody watched
    right = {(e[0], c, e[2]) for e in truth.reads for c in (e[1], *truth.changers(e))}
    aliases = {(c, n) for c, n in truth.changes}
    totals: Counter[str] = Counter()
    problems: list[tuple[str, Any]] = []
    for kind in ("direct", "called"):
        for edge in sorted(getattr(truth, kind)):
            hit = any((edge[0], c, edge[2]) in edges for c in (edge[1], *truth.changers(edge)))
            totals[kind] += 1
            totals[kind + " found"] += hit
            if not hit and edge[2] in plain["blind"]:
                totals[kind + " found"] += 1
            elif not hit:
                problems.append((kind + " missed", edge))
    for edge in truth.reads:
        if changers := truth.changers(edge):
            totals["changed"] += 1
            hit = (edge[0], changers[-1], edge[2]) in edges
            totals["changed found"] += hit
            if not hit and edge[2] in plain["blind"]:  # nor can it be told which change was the last
                totals["changed"] -= 1
            elif not hit:
                problems.append(("change missed", (edge[0], changers[-1], edge[2])))
    for edge in sorted(edges):
        good = edge in right
        alias = not good and (edge[0], edge[2]) in aliases
        totals["edges"] += 1
        totals["right"] += good or alias
        totals["alias"] += alias
        if not (good or alias):
            if edge[2] in plain["blind"]:
                totals["can't tell"] += 1
                totals["edges"] -= 1
                continue
            totals["wrong writer" if any(e[0] == edge[0] and e[2] == edge[2] for e in truth.reads) else "not read"] += 1
            problems.append(("too much", edge))
    wanted, had = closure(truth.all_pairs()), closure((r, p) for r, p, _ in edges)
    totals["pairs"] += len(wanted)
    totals["pairs found"] += len(wanted & had)
    totals["pairs too many"] += len(had - wanted)
    for number, entry in enumerate(kernel["entries"]):
        if entry["status"] != "success" or not entry["fresh"]:
            problems.append((f"cell is {entry['status']}, fresh {entry['fresh']}", number))
    for number, (a, b) in enumerate(zip(plain["shown"], kernel["shown"], strict=False)):
        if plain_text(a) != plain_text(b or ""):
            totals["shows otherwise"] += 1
            problems.append(("shows otherwise", (number, a[:300], (b or "")[:300])))
    if len(kernel["log"]) != plain["count"]:
        totals["ran again"] += len(kernel["log"]) - plain["count"]
        problems.append(("runs", kernel["log"]))
    totals["cells"] = plain["count"]
    totals["perfect"] = not any("missed" in kind for kind, _ in problems)
    return {"totals": totals, "problems": problems, "costs": kernel["costs"]}


def plain_text(text: str) -> str:
    """What a cell showed, without addresses and times."""
    text = re.sub(r"0x[0-9a-f]+|\d+(\.\d+)? ?(s|ms|us|µs|μs|ns|seconds?)\b", "…", text)
    return re.sub(r"\d\d:\d\d(:\d\d)?|\d+\.\d+e-0\d", "…", text)


# -- the command


def judge(path: Path, limit: float, kept: Path | None) -> dict[str, Any]:
    """Run a notebook both ways and score it; a notebook that doesn't run tells why."""
    cells = cells_of(path)
    keep = kept / (hashlib.sha1(json.dumps(cells).encode()).hexdigest() + ".json") if kept else None
    if keep and keep.exists():
        plain = json.loads(keep.read_text())
    else:
        plain = in_process("plain", cells, limit, path.parent)
        if keep:
            keep.write_text(json.dumps(plain))
    if "skipped" in plain or plain["count"] < 2:
        return {"skipped": plain.get("skipped") or f"fails at once: {plain['failure']}"}
    kernel = in_process("kernel", cells[: plain["count"]], limit, path.parent)
    return kernel if "skipped" in kernel else score(plain, kernel)


def in_process(how: str, cells: list[str], limit: float, folder: Path) -> dict[str, Any]:
    """Run cells in a process of their own."""
    with tempfile.NamedTemporaryFile("w+") as file:
        process = FORKS.Process(target=inside, args=(how, cells, str(folder), file.name), daemon=False)
        process.start()
        process.join(limit)
        if process.exitcode is None:
            process.kill()
            process.join()
        text = Path(file.name).read_text()
        return json.loads(text) if text else {"skipped": f"{how}: exit {process.exitcode}"}


def inside(how: str, cells: list[str], folder: str, file: str) -> None:
    """What runs in that process; ends without waiting for threads that the notebook left."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    try:
        result = happened(cells) if how == "plain" else through_the_kernel(cells)
    except BaseException:
        result = {"skipped": f"{how}: {traceback.format_exc()[-2000:]}"}
    Path(file).write_text(json.dumps(result))
    os._exit(0)


def files(folders: list[Path]) -> Iterator[Path]:
    """Notebooks of the folders, and those named themselves."""
    for folder in folders:
        yield from sorted([*folder.rglob("*.ipynb"), *folder.rglob("*.py")]) if folder.is_dir() else [folder]


def report(totals: Counter[str]) -> str:
    """The figures in a few lines."""

    def share(part: str, whole: str) -> str:
        return f"{totals[part] / totals[whole]:.4f} of {totals[whole]}" if totals[whole] else "none"

    return "\n".join(
        (
            f"{totals['notebooks']} notebooks, {totals['cells']} cells; nothing missed {share('perfect', 'notebooks')}",
            f"direct recall     {share('direct found', 'direct')}",
            f"through functions {share('called found', 'called')}",
            f"after a change    {share('changed found', 'changed')}",
            f"must re-run       {share('pairs found', 'pairs')}, {totals['pairs too many']} pairs too many",
            f"precision         {share('right', 'edges')} (aliases changed {totals['alias']}; not right: wrong writer "
            f"{totals['wrong writer']}, not read {totals['not read']})",
            f"cells that show otherwise {totals['shows otherwise']}, runs more than once {totals['ran again']}",
        )
    )


def main() -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, default=[DEFAULT])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=float, default=60, help="seconds for each run of a notebook")
    parser.add_argument("--misses", action="store_true", help="print everything that was not right")
    parser.add_argument("--save", type=Path, help="write all results as JSON lines")
    parser.add_argument("--keep", type=Path, help="a folder to keep the plain runs in, for the next time")
    parser.add_argument("--preload", default="numpy,matplotlib.pyplot,pandas", help="modules to import only once")
    options = parser.parse_args()
    os.environ |= {"MPLBACKEND": "Agg", "PYTHONHASHSEED": "0"}
    FORKS.set_forkserver_preload(["__main__", *options.preload.split(",")])
    totals: Counter[str] = Counter()
    save = options.save.open("w") if options.save else None
    with ThreadPoolExecutor(options.jobs) as pool:
        paths = [path for path in files(options.folders) if len(cells_of(path)) > 1]
        for path, result in zip(paths, pool.map(lambda p: judge(p, options.limit, options.keep), paths), strict=True):
            if save:
                save.write(json.dumps({"path": str(path), **result}) + "\n")
                save.flush()
            if "skipped" in result:
                totals["skipped"] += 1
                continue
            totals.update(result["totals"])
            totals["notebooks"] += 1
            if options.misses and result["problems"]:
                print(path, *(f"  {kind}: {what}" for kind, what in result["problems"]), sep="\n", flush=True)
    print(report(totals))


if __name__ == "__main__":
    main()
