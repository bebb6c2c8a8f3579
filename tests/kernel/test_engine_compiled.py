"""Objects written in C: what they say they are made from tells whether a cell changed them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_budget import surveys
from tests.kernel.test_engine_edges import edges

NUMBERS = {
    "an array": "import array\na = array.array('d', [1, 2])",
    "an array with attributes": "import array\nclass A(array.array): pass\na = A('d', [1, 2])",
    "an array with slots": "import array\nclass A(array.array):\n    __slots__ = ('name',)\na = A('d', [1, 2])",
    "numbers of C": "import ctypes\na = (ctypes.c_double * 2)(1, 2)",
    "bytes with attributes": "class A(bytearray): pass\na = A([1, 2])",
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_what_is_held_in_c_changes_and_is_seen_to(kind: str) -> None:
    notebook = Notebook(NUMBERS[kind], "a[1] = 5", "print(list(a))")
    assert notebook.all() == "abc"
    assert edges(notebook) == {"b": "a<a", "c": "a<b"}
    notebook.run("b", "a[1] = 7")
    notebook.check()
    notebook.edit("b", "a[0] = 3")
    notebook.all()
    notebook.check()


@pytest.mark.parametrize("kind", NUMBERS)
def test_what_is_held_in_c_and_only_asked_has_not_changed(kind: str) -> None:
    notebook = Notebook(NUMBERS[kind], "def top(x):\n    return max(x)", "b = top(a)\nprint(len(a))", "print(a[0])")
    assert notebook.all() == "abcd"
    assert edges(notebook)["d"] == "a<a"
    assert notebook.run("c", "b = top(a)\nprint(len(a), b)") == "c"


@pytest.mark.usefixtures("no_hurry")
def test_what_is_large_is_not_copied_to_be_looked_at() -> None:
    notebook = Notebook(
        "import array\nlarge = array.array('d', [0.0]) * 20_000_000\nsmall = array.array('d', [1.0])",
        "print(max(small), len(large))",
    )
    assert notebook.all() == "ab"
    seen = surveys(notebook, "b")
    assert (seen["large"].complete, seen["small"].complete) == (False, True)


def test_code_of_the_users_is_not_run_to_see_what_changed() -> None:
    notebook = Notebook(
        "import array\nasked = []\nclass A(array.array):\n    def __reduce_ex__(self, protocol):\n"
        "        asked.append(protocol)\n        return super().__reduce_ex__(protocol)\na = A('d', [1, 2])",
        "a[1] = 5",
        "print(list(a), asked)",
    )
    assert notebook.all() == "abc"
    assert notebook.text("c") == "[1.0, 5.0] []"
    assert "a<b" in edges(notebook)["c"]  # what can't be told, and was called for its effect, has changed
    notebook.check()


PICTURE = "from PIL import Image\nim = Image.new('RGB', (4, 3), 'red')"


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_looking_at_a_picture_does_not_change_it(mode: str) -> None:
    pytest.importorskip("PIL")
    notebook = Notebook(
        f"from PIL import Image\nim = Image.new({mode!r}, (4, 3), 1)",
        "small = im.resize((2, 2))\nprint(im.getpixel((0, 0)))",
        "im.rotate(90).size",
        "im",
        "im.putpixel((0, 0), 9)" if mode != "RGB" else "im.putpixel((0, 0), (9, 9, 9))",
        "print(im.getpixel((0, 0)), im.size)",
    )
    assert notebook.all() == "abcdef"
    assert [edges(notebook)[cell] for cell in "bcdef"] == ["im<a"] * 4 + ["im<e"]
    again = "abe" if mode == "P" else "b"  # a palette is not put back
    assert notebook.run("b", "small = im.resize((3, 2))") == again
    assert notebook.run("e", "im.putpixel((1, 1), im.getpixel((2, 2)))").endswith("ef")
    notebook.check()


def test_a_picture_is_put_back() -> None:
    pytest.importorskip("PIL")
    notebook = Notebook(PICTURE, "im.putpixel((0, 0), (1, 2, 3))", "print(im.getpixel((0, 0)), im.size, im.mode)")
    assert notebook.all() == "abc"
    assert notebook.run("b", "im.putpixel((1, 0), (1, 2, 3))") == "bc"
    notebook.check()
    assert notebook.run("b", "im.thumbnail((2, 2))") == "bc"
    notebook.check()
    assert notebook.run("b", "print(im.size)") == "bc"
    notebook.check()


def test_what_draws_on_a_picture_changes_it() -> None:
    pytest.importorskip("PIL")
    notebook = Notebook(
        PICTURE + "\nfrom PIL import ImageDraw\ndraw = ImageDraw.Draw(im)",
        "draw.rectangle((0, 0, 2, 2), fill='blue')",
        "print(im.getpixel((1, 1)))",
    )
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "im<b"
    notebook.run("b", "draw.rectangle((0, 0, 2, 2), fill='green')")
    notebook.check()


def test_a_picture_that_is_only_now_read_from_its_file_has_not_changed(tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    path = str(tmp_path / "picture.png")
    notebook = Notebook(
        PICTURE + f"\nim.save({path!r})\nphoto = Image.open({path!r})",
        "grey = photo.convert('L')",
        "print(photo.size, grey.getpixel((1, 1)))",
        "photo.putpixel((1, 1), (0, 0, 0))",
        "print(photo.getpixel((1, 1)))",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["c"] == "grey<b photo<a"
    assert edges(notebook)["e"] == "photo<d"
    notebook.check()


def test_code_that_an_object_in_c_holds_counts_where_it_runs() -> None:
    notebook = Notebook(
        "k = 1",
        "import itertools, array\ndef f(x):\n    return x + k",
        "row = itertools.starmap(f, [(1,), (2,)])",
        "print(next(row))",
    )
    assert notebook.all() == "abcd"
    assert "k<a" in edges(notebook)["d"]
