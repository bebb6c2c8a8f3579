"""Values of polars and Arrow: those in an array's memory change with it; writers are made again when that is needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.kernel.inprocess import Notebook

BORROWERS = {
    "frame": "import polars as pl\np = pl.DataFrame({'a': a, 'b': ['x', 'y', 'z']})",
    "column": "import polars as pl\np = pl.Series('a', a)",
    "arrow": "import pyarrow as pa\np = pa.array(a)",
    "table": "import pyarrow as pa\np = pa.table({'a': a})",
    "part of a frame": "import polars as pl\nq = pl.DataFrame({'a': a, 'b': a * 2})\np = q.select('a')",
}


@pytest.mark.parametrize("make", BORROWERS.values(), ids=BORROWERS)
def test_what_lies_in_an_arrays_memory_changes_with_it(make: str) -> None:
    nb = Notebook(f"import numpy as np\na = np.arange(3.0)\n{make}", "print(p)", "a[0] = 9", "print(p)")
    assert nb.all() == "abcd"
    nb.check()
    assert nb.run("c", "a[1] = 9") == "cd"
    nb.check()
    nb.run("b")
    nb.check()
    nb.delete("c")
    nb.stale()
    nb.check()


def test_numpy_1_tells_elsewhere_where_an_array_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "byte_bounds", np.lib.array_utils.byte_bounds, raising=False)
    monkeypatch.delattr(np.lib, "array_utils")
    test_what_lies_in_an_arrays_memory_changes_with_it(BORROWERS["frame"])


def test_a_copy_does_not() -> None:
    make = "import numpy as np, polars as pl\na = np.arange(3.0)\np = pl.DataFrame({'a': a * 2})"
    nb = Notebook(make, "a[0] = 9", "print(p)")
    nb.all()
    assert nb.run("b", "a[1] = 9") == "b"
    nb.check()


def test_a_closed_writer_is_made_again(tmp_path: Path) -> None:
    make = "import pyarrow as pa, pyarrow.parquet as pq\ntable = pa.table({'a': [1, 2]})"
    opened = f"path = {str(tmp_path / 'x.parquet')!r}\nwriter = pq.ParquetWriter(path, table.schema)"
    nb = Notebook(make, opened, "writer.write_table(table)", "writer.close()\nprint(pq.read_table(path).shape)")
    nb.all()
    assert nb.run("c", "writer.write_table(table)\nwriter.write_table(table)") == "bcd"
    assert nb.shown["d"].text == "(4, 1)\n"
    nb.check()


def test_a_stream_that_is_written_to_is_made_again() -> None:
    nb = Notebook("import pyarrow as pa", "out = pa.BufferOutputStream()", "out.write(b'xy')", "print(out.tell())")
    nb.all()
    nb.run("c", "out.write(b'xyz')")
    nb.check()


def test_a_frame_and_the_array_that_it_lies_in_are_made_anew_together() -> None:
    make = "import numpy as np, polars as pl\na = np.arange(3.0)\np = pl.DataFrame({'a': a})"
    nb = Notebook("k = 1", f"{make}\nn = k", "a[0] = 6", "print(p)", "q = p")
    nb.all()
    nb.run("a", "k = 2")
    nb.check()
    nb.run("c", "a[0] = 7")
    nb.check()
    nb.run("b")
    nb.check()
