"""Random notebooks of SQL and Python cells: after any edits, every fresh cell shows what a clean run would.

Two kernels: one gets the edits, the other the notebook as it then stands, from top to bottom.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kernel.driver import Kernel

SEEDS = (1, 4, 117, 120, 123)
OPERATIONS = 10
PRELUDE = [
    "n = 1\nm = 2",
    "import pandas as pd\ndf = pd.DataFrame({'x': [1, 5, n]})",
    "%%sql\nCREATE TABLE t AS SELECT x FROM df",
    "%%sql\nCREATE TABLE u AS SELECT {m} AS x",
    "%%sql\nCREATE VIEW v AS SELECT x FROM df WHERE x > 1",
    "%%sql r <<\nSELECT x FROM t ORDER BY x",
    "%%sql k << --as table\nSELECT x FROM v",
]
RESOURCE = "application/vnd.dataresource+json"


class Notebook:
    """Cells in order, and a random choice of what to do with them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.cells: list[tuple[str, str]] = []
        self.count = 0
        for source in PRELUDE:
            self.count += 1
            self.cells.append((f"c{self.count}", source))
        for _ in range(6):
            self.insert()

    def source(self) -> str:
        """A cell: tables t and u, view v, frame df, results r and k, numbers n and m."""
        pick, number = self.random.choice, self.random.randint(1, 9)
        relation = pick(["t", "u", "t", "v", "df", "r", "k"])
        table, value = pick(["t", "u"]), pick(["n", "m"])
        forms = [
            f"{value} = {number}",
            f"{value} = {pick(['n', 'm'])} + {number}",
            f"import pandas as pd\ndf = pd.DataFrame({{'x': [{number}, {value}]}})",
            f"df = df[df.x > {number}]",
            f"print(r.x.tolist())\n{value} = len(r)",
            f"%%sql\nCREATE TABLE {table} AS SELECT {{{value}}} + {number} AS x",
            f"%%sql\nCREATE TABLE {table} AS SELECT x + {number} AS x FROM {relation}",
            f"%%sql\nCREATE OR REPLACE TABLE {table} AS SELECT x * 2 AS x FROM {relation}",
            f"%%sql\nCREATE TABLE IF NOT EXISTS {table} AS SELECT {number} AS x",
            f"%%sql\nINSERT INTO {table} VALUES ({{{value}}})",
            f"%%sql\nINSERT INTO {table} SELECT x + {number} FROM {relation}",
            f"%%sql\nUPDATE {table} SET x = x + {{{value}}}",
            f"%%sql\nDELETE FROM {table} WHERE x > {{{value}}}",
            f"%%sql\nDROP TABLE {table}",
            f"%%sql\nDROP TABLE IF EXISTS {table}; CREATE TABLE {table} AS SELECT {number} AS x",
            f"%%sql\nCREATE OR REPLACE VIEW v AS SELECT x + {number} AS x FROM {pick(['t', 'u', 'df', 'r'])}",
            f"%%sql r <<\nSELECT x FROM {relation} ORDER BY x",
            f"%%sql k << --as table\nSELECT x + {number} AS x FROM {relation}",
            *[f"%%sql\nSELECT count(*) AS n, sum(x)::BIGINT AS s FROM {relation}"] * 6,
        ]
        return str(pick(forms))

    def insert(self) -> tuple[str, str, int]:
        self.count += 1
        index = self.random.randint(min(5, len(self.cells)), len(self.cells))
        cell = (f"c{self.count}", self.source())
        self.cells.insert(index, cell)
        return (*cell, index)


def shown(messages: list[Any]) -> list[Any]:
    """What a cell's output says, errors by their kind."""
    found: list[Any] = []
    for message in messages:
        content = message["content"]
        if message["msg_type"] == "execute_input":
            found = []  # it ran again in the same cascade
        elif message["msg_type"] == "display_data":
            data = content["data"]
            found.append(data[RESOURCE]["data"] if RESOURCE in data else data.get("text/plain"))
        elif message["msg_type"] == "stream":
            text = found.pop() if found and isinstance(found[-1], str) else ""
            found.append(text + content["text"])
        elif message["msg_type"] == "error":
            found.append("error")
    return found


class Live:
    """A kernel with what each cell shows."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.outputs: dict[str, list[Any]] = {}

    def run(self, cell_id: str, source: str, **options: Any) -> None:
        ran = self.kernel.cell(cell_id, source, **options)
        mark = ran.reply["content"].get("reactive", {"cells": []})
        for cell in mark["cells"]:
            mine = (m for m in ran.messages if (m["metadata"].get("reactive") or {}).get("cell_id") == cell["cell_id"])
            self.outputs[cell["cell_id"]] = shown(list(mine))


def clean(kernel: Kernel, notebook: Notebook, left_out: set[str]) -> dict[str, list[Any]]:
    """A run of the notebook from top to bottom, each cell alone."""
    kernel.control("forget")
    kernel.control("sync", cells=[{"cell_id": i, "source": s} for i, s in notebook.cells])
    live = Live(kernel)
    for cell_id, source in notebook.cells:
        if cell_id not in left_out:
            live.run(cell_id, source, reactive={"cascade": False})
    return live.outputs


def differences(live: Live, other: Kernel, notebook: Notebook) -> list[str]:
    entries = live.kernel.entries()
    # What is not fresh is not promised; what reads from below has no place in a run from top to bottom.
    left_out = {i for i, e in entries.items() if not e["fresh"] or e["forward_reads"]}
    waiting = [i for i in left_out if entries[i]["forward_reads"]]
    while waiting:
        below = set(entries[waiting.pop()]["downstream"]) - left_out
        left_out |= below
        waiting += below
    expected = clean(other, notebook, left_out)
    return [
        f"{cell_id}: {source!r} shows {live.outputs.get(cell_id)}, a clean run {expected[cell_id]}"
        for cell_id, source in notebook.cells
        if cell_id not in left_out and live.outputs.get(cell_id) != expected[cell_id]
    ]


@pytest.fixture(scope="module")
def kernels() -> Iterator[tuple[Kernel, Kernel]]:
    pair = (Kernel(), Kernel())
    yield pair
    for kernel in pair:
        kernel.stop()


def session(kernels: tuple[Kernel, Kernel], seed: int) -> tuple[list[str], int]:
    """One random session; the differences found, and how many fresh cells were compared."""
    one, other = kernels
    one.control("forget")
    notebook, live = Notebook(seed), Live(one)
    one.control("sync", cells=[{"cell_id": i, "source": s} for i, s in notebook.cells])
    live.run("", "", reactive={"run": "all"})
    found, fresh = differences(live, other, notebook), 0
    for _ in range(OPERATIONS):
        operation = notebook.random.randrange(5)
        index = notebook.random.randrange(len(notebook.cells))
        cell_id, source = notebook.cells[index]
        if operation == 0:
            cell_id, source, at = notebook.insert()
            one.control("insert", cell_id=cell_id, source=source, index=at)
        elif operation == 1 and len(notebook.cells) > 3:
            del notebook.cells[index]
            one.control("delete", cell_id=cell_id)
        elif operation in (2, 3):
            source = notebook.source()
            notebook.cells[index] = (cell_id, source)
        live.run(cell_id, source) if operation != 1 else None
        live.run("", "", reactive={"run": "stale"})
        found += differences(live, other, notebook)
        fresh += sum(entry["fresh"] for entry in one.entries().values())
        if found:
            cells = "\n".join(f"[{i}] {s}" for i, s in notebook.cells)
            return [f"seed {seed}, after {operation} on {cell_id}:\n{cells}\n", *found], fresh
    return found, fresh


@pytest.mark.parametrize("seed", SEEDS)
def test_fresh_cells_show_what_a_clean_run_shows(kernels: tuple[Kernel, Kernel], seed: int) -> None:
    found, fresh = session(kernels, seed)
    assert not found, "\n".join(found)
    assert fresh > 3 * OPERATIONS
