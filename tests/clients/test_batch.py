"""Batch tools run a notebook under the reactive kernel exactly as they do under ipykernel."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.clients.notebooks import EXAMPLES, Batch, comparable, run_execute, run_nbconvert

# No Output widget and no interact() among them: nbclient answers their outputs on the channel on which it waits for
# the reply, and now and then misses the reply, for ever (seen with ipykernel too, in one of about 15 runs).
SOURCES = sorted((EXAMPLES / "batch").glob("*.ipynb"))
TOOLS = {"execute": run_execute, "nbconvert": run_nbconvert}


@pytest.fixture(scope="module", params=sorted(TOOLS))
def runs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Batch]:
    """All notebooks, run by one tool under both kernels."""
    folder = tmp_path_factory.mktemp(request.param)
    return {kernel: TOOLS[request.param](SOURCES, kernel, folder / kernel) for kernel in ("python3", "reactive_python")}


def test_there_are_ten_notebooks_or_more() -> None:
    assert len(SOURCES) >= 10


def test_every_notebook_runs_to_its_end(runs: dict[str, Batch]) -> None:
    for kernel, batch in runs.items():
        assert batch.returncode == 0, f"{kernel}: {batch.stderr}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_outputs_are_those_of_ipykernel(runs: dict[str, Batch], source: Path) -> None:
    plain, reactive = (comparable(runs[kernel].notebooks[source.name]) for kernel in ("python3", "reactive_python"))
    assert sum(len(cell["outputs"]) for cell in plain) >= 5, "the notebook shows too little to compare"
    assert reactive == plain


def test_stderr_says_nothing_that_ipykernel_would_not(runs: dict[str, Batch]) -> None:
    # As a process ends libzmq may stumble, and plain ipykernel complain of its streams: more may be theirs.
    stumbles = re.compile(r"Assertion failed: .*signaler\.cpp")
    lines = {kernel: batch.stderr.splitlines() for kernel, batch in runs.items()}
    said = {kernel: Counter(line for line in found if not stumbles.match(line)) for kernel, found in lines.items()}
    assert not said["reactive_python"] - said["python3"]
