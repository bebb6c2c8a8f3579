"""The tour does what its text says, section by section."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest

from tests.clients.notebooks import EXAMPLES
from tests.clients.talk import Notebook, opened, sources_of

TOUR = EXAMPLES / "tour.ipynb"
CHAIN = ["total", "budget", "wages", "report", "ask"]


def test_it_has_the_length_of_a_tour() -> None:
    assert 12 <= len(nbformat.read(TOUR, as_version=4).cells) <= 20


@pytest.fixture(scope="module")
def kernel() -> Iterator[Notebook]:
    with opened(sources_of(TOUR)) as notebook:
        notebook.run_all()
        yield notebook


@pytest.fixture
def tour(kernel: Notebook) -> Iterator[Notebook]:
    """The tour with every cell fresh; what a test changes is changed back."""
    saved = dict(kernel.sources)
    yield kernel
    for cell_id, source in saved.items():
        if kernel.sources[cell_id] != source:
            kernel.run(cell_id, source)
    assert all(kernel.entry(cell_id)["fresh"] for cell_id in saved)


def test_changing_a_number_changes_what_follows_from_it(tour: Notebook) -> None:
    before = tour.text("table")
    ran = tour.run("warm-from", "warm_from = 20")
    assert ran[0] == "warm-from"
    assert {"mark", "table", "chart"} <= set(ran)
    assert not {"imports", "season", "clean"} & set(ran)
    assert tour.text("table") != before
    assert tour.outputs["chart"], "the chart is there again"


def test_a_comment_changes_nothing(tour: Notebook) -> None:
    assert tour.run("warm-from", tour.sources["warm-from"] + "  # degrees") == ["warm-from"]


def test_a_redefinition_starts_from_the_value_above(tour: Notebook) -> None:
    for _ in range(2):
        ran = tour.run("clean", 'df = df.dropna().query("visitors > 600")\nf"{len(df)} days with a count"')
        assert "season" not in ran
        fewer = tour.text("clean")
    assert fewer != "'111 days with a count'"
    tour.run("clean", 'df = df.dropna()\nf"{len(df)} days with a count"')
    assert tour.text("clean") == "'111 days with a count'"


def test_a_function_follows_the_global_that_it_reads(tour: Notebook) -> None:
    before = tour.text("total")
    ran = tour.run("ticket", "ticket = 5.00")
    assert ran[:2] == ["ticket", "total"]
    assert not {"income", "season", "clean", "mark", "table", "chart"} & set(ran)
    assert tour.text("total") != before


def test_an_error_blocks_what_depends_on_it_and_heals(tour: Notebook) -> None:
    before = tour.text("total")
    tour.run("ticket", "ticket = 4,50")
    assert "tuple" in tour.text("total")
    assert tour.entry("total")["status"] == "error"
    for cell_id in ("budget", "wages", "report"):
        entry = tour.entry(cell_id)
        assert (entry["status"], entry["fresh"]) == ("blocked", False)
        assert entry["problem"]["cells"] == ["total"]
    ran = tour.run("ticket", "ticket = 4.50")
    assert ran[0] == "ticket"
    assert tour.text("total") == before
    assert all(tour.entry(cell_id)["fresh"] for cell_id in CHAIN)


def test_a_loop_blocks_its_cells_and_heals(tour: Notebook) -> None:
    tour.run("budget", "budget = total - wages")
    for cell_id in ("budget", "wages"):
        entry = tour.entry(cell_id)
        assert entry["status"] == "blocked"
        assert set(entry["problem"]["cells"]) == {"budget", "wages"}
        assert set(entry["problem"]["names"]) == {"budget", "wages"}
    assert tour.entry("total")["fresh"]
    tour.run("budget", "budget = 0.8 * total")
    assert tour.entry("wages")["fresh"]
    assert tour.entry("report")["fresh"]


def test_deleting_a_cell_deletes_its_names(tour: Notebook) -> None:
    saved = dict(tour.sources)
    del tour.sources["ticket"]
    tour.sync()
    tour.run("total")
    assert "ticket" in tour.text("total")
    assert tour.entry("total")["status"] == "error"
    tour.sources = saved
    tour.sync()
    tour.run("ticket")
    assert tour.entry("report")["fresh"]
