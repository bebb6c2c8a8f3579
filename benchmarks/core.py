"""Cost of the graph: syncing notebooks of 1,000 and 5,000 cells, and editing one leaf among 5,000.

    python benchmarks/core.py

Times are wall-clock on this machine; the notebook is made of cells as people write them (imports,
functions, frames, a chain and many leaves), so that hubs have thousands of readers.
"""

from __future__ import annotations

import time

from reactive_kernel.core.operations import Edit, Sync, Text
from reactive_kernel.core.session import Session
from reactive_kernel.kernel.engine import Engine
from reactive_kernel.kernel.reading import Reading


def notebook(size: int) -> list[Text]:
    """A notebook with two hubs (the imports, one frame), chains of seven cells, and leaves."""
    cells = [
        Text("c0", "import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt"),
        Text(
            "c1",
            "base = pd.DataFrame({'a': np.arange(10)})\n\n"
            "def scale(frame, k):\n    return frame * k + offset\n\noffset = 2",
        ),
    ]
    for i in range(2, size):
        before = f"x{i - 1}" if i % 7 > 2 else "base"
        cells.append(
            Text(
                f"c{i}",
                f"# step {i}\nx{i} = scale({before}, {i})\ny{i} = x{i}['a'].mean()\n"
                f"if y{i} > 3:\n    print('large', y{i})\nz{i} = [k * {i} for k in range(3)]",
            )
        )
    return cells


def main() -> None:
    """Measure and print."""
    for size in (100, 1000, 5000):
        session = Session(Reading().analyse)
        began = time.perf_counter()
        session.apply(Sync(tuple(notebook(size))))
        print(f"sync of {size:5} cells: {time.perf_counter() - began:6.3f} s")
    texts = []
    for i in range(200):
        source = f"x4999 = scale(base, {i})\ny4999 = x4999['a'].mean()"
        facts_ready = time.perf_counter()
        Reading().analyse(source, "python")
        analysed = time.perf_counter()
        session.apply(Edit(Text("c4999", source)))
        texts.append((time.perf_counter() - analysed, analysed - facts_ready))
    texts.sort()
    print(
        f"edit of a leaf among 5000: median {texts[100][0] * 1e3:.2f} ms, worst {texts[-1][0] * 1e3:.2f} ms"
        f" (analysis alone {texts[100][1] * 1e3:.2f} ms)"
    )
    engine = Engine({"__name__": "__main__"})
    engine.command("sync", {"cells": [{"cell_id": t.cell_id, "source": t.source} for t in notebook(5000)]})
    times = []
    for i in range(50):
        began = time.perf_counter()
        engine.command("edit", {"cell_id": "c4999", "source": f"x4999 = scale(base, {i})"})
        engine.take_event()
        times.append(time.perf_counter() - began)
    times.sort()
    print(f"the same by command, with its event: median {times[25] * 1e3:.2f} ms")


if __name__ == "__main__":
    main()
