"""Open files, passed from cell to cell: one that is only read is put back to its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.inprocess import Notebook

pytestmark = pytest.mark.usefixtures("no_hurry")


@pytest.fixture
def opened(tmp_path: Path) -> str:
    """The text of a cell that opens a file of five lines."""
    path = tmp_path / "lines.txt"
    path.write_text("eins\nzwei\ndrei\nvier\nfünf\n", encoding="utf-8")
    return f"f = open({str(path)!r}, encoding='utf-8')"


@pytest.mark.parametrize("mode", ["text", "bytes"])
def test_a_file_that_is_read_is_put_back(opened: str, mode: str) -> None:
    if mode == "bytes":
        opened = opened.replace("encoding='utf-8'", "'rb'")
    notebook = Notebook(opened, "print(f.readline())", "print(f.tell(), f.readline())", "print(f.read())")
    assert notebook.all() == "abcd"
    notebook.check()
    assert notebook.run("c", "print(f.read(2))") == "cd"
    notebook.check()
    assert notebook.run("b", "print(f.seek(10))") == "bcd"
    notebook.check()
    notebook.insert(1, "f.seek(3)")
    notebook.all()
    notebook.check()
    assert notebook.log.count("a") == 1
    notebook.run("c", "print(f.closed)\nf.close()")
    assert notebook.shown["d"].error == notebook.clean()["d"].error
    notebook.run("c", "print(f.readline())")
    notebook.check()


def test_asking_a_file_something_changes_nothing(opened: str) -> None:
    notebook = Notebook(opened, "print(f.closed, f.tell())", "print(f.readline())")
    assert notebook.all() == "abc"
    assert notebook.run("b", "print(f.tell())") == "b"
    notebook.check()


def test_what_a_failing_cell_read_is_unread(opened: str) -> None:
    notebook = Notebook(opened, "print(f.readline())", "print(f.read())")
    notebook.all()
    assert notebook.run("b", "f.readline() + 1") == "b!"
    assert notebook.run("b", "print(f.readline(), 2)") == "bc"
    notebook.check()
    assert notebook.log.count("a") == 1


def test_in_the_middle_of_a_loop_a_file_can_only_be_made_again(opened: str) -> None:
    notebook = Notebook(opened, "for line in f:\n    print(line)\n    break", "print(f.readline())", "print(f.read())")
    notebook.all()
    notebook.check()
    notebook.run("b", "for line in f:\n    print('*', line)\n    break")
    notebook.check()
    notebook.run("c", "print(next(f))")
    notebook.check()


def test_a_file_that_is_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.txt"
    notebook = Notebook(f"f = open({str(path)!r}, 'w')", "n = f.write('one')", "n = f.write('two')", "f.flush()")
    assert notebook.all() == "abcd"
    notebook.run("c", "n = f.write('three')")
    assert path.read_text() == "onethree"
