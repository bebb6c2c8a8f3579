"""Every example runs from top to bottom; the one about changes in place does what its text says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.clients.notebooks import EXAMPLES
from tests.clients.talk import Notebook, opened, sources_of


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "reactive_python"
    assert not any(cell.get("outputs") for cell in notebook.cells)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, kernel_name="reactive_python", timeout=120, resources=resources).execute()
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.get("name") == "stderr"]


@pytest.fixture(scope="module")
def in_place() -> Iterator[Notebook]:
    with opened(sources_of(EXAMPLES / "in_place.ipynb")) as notebook:
        notebook.run_all()
        yield notebook


def test_an_append_may_run_as_often_as_one_likes(in_place: Notebook) -> None:
    for _ in range(3):
        in_place.run("append")
        assert in_place.text("shopping") == "tea, milk, sugar\n"
    assert "rows" not in in_place.run("append", 'rows.append("honey")')
    assert in_place.text("shopping") == "tea, milk, honey\n"


def test_two_names_of_one_object(in_place: Notebook) -> None:
    assert in_place.run("bread", 'basket["food"].append("butter")') == ["bread", "count"]
    assert in_place.text("count") == "'4 things, butter is the last'"
    assert "butter" not in in_place.text("shopping")


def test_a_changed_frame_is_not_loaded_again(in_place: Notebook) -> None:
    ran = in_place.run("column", 'sales["total"] = sales["price"] * sales["count"] * 1.19')
    assert ran[0] == "column"
    assert {"drop", "summary", "fit", "value"} <= set(ran)
    assert not {"load", "model"} & set(ran)
    assert "14.875" in in_place.text("summary")
    assert in_place.text("value") == "mean: 7.81\n"


def test_random_numbers_are_those_of_a_clean_run(in_place: Notebook) -> None:
    shown = in_place.text("second-throw")
    for _ in range(2):
        in_place.run("second-throw")
        assert in_place.text("second-throw") == shown
    assert in_place.run("dice", "import random\n\nrandom.seed(2)") == ["dice", "first-throw", "second-throw"]
