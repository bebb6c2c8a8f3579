"""Runs notebooks with the command-line tools people use, and makes their results comparable."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

EXAMPLES = Path(__file__).parents[2] / "examples"

# What differs between any two runs: addresses, times, process ids, generated ids.
_NOISE = [
    (re.compile(r"0x[0-9a-f]{6,}"), "0xADDRESS"),
    (re.compile(r"ipykernel_\d+"), "ipykernel_PID"),
    (re.compile(r"(CPU times|Wall time): .*"), r"\1: TIME"),
    (re.compile(r"Writing \d+ bytes"), "Writing N bytes"),
    (re.compile(r"\[\w*KernelApp\]"), "[KernelApp]"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
]


@dataclass(frozen=True)
class Batch:
    """What one run of a tool over all notebooks left: the notebooks by name, and what it printed."""

    notebooks: dict[str, nbformat.NotebookNode]
    returncode: int
    stderr: str


def run_execute(sources: list[Path], kernel: str, folder: Path) -> Batch:
    """`jupyter execute --inplace` over copies of the notebooks."""
    return _run(["execute", "--inplace", f"--kernel_name={kernel}"], sources, folder, kernel)


def run_nbconvert(sources: list[Path], kernel: str, folder: Path) -> Batch:
    """`jupyter nbconvert --execute` over copies of the notebooks."""
    arguments = ["nbconvert", "--to=notebook", "--execute", "--inplace", f"--ExecutePreprocessor.kernel_name={kernel}"]
    return _run(arguments, sources, folder, kernel)


def _copies(sources: list[Path], folder: Path) -> list[Path]:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return [Path(shutil.copy(source, folder)) for source in sources]


def _run(arguments: list[str], sources: list[Path], folder: Path, kernel: str) -> Batch:
    """Run copies of the notebooks, once more if another process took a port first.

    jupyter_client looks for free ports and lets go of them before the kernel binds them; with any kernel, the tool then
    waits for 60 s and gives up.
    """
    for _ in range(2):
        copies = _copies(sources, folder)
        done = _jupyter([*arguments, *map(str, copies)], folder, 300)
        if "Address already in use" not in done.stderr:
            break
    stderr = done.stderr.replace(str(copies[0].parent), "FOLDER").replace(kernel, "KERNEL")
    notebooks = {copy.name: nbformat.read(copy, as_version=4) for copy in copies}
    return Batch(notebooks, done.returncode, plain(stderr))


def _jupyter(arguments: list[str], folder: Path, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "jupyter", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def comparable(notebook: nbformat.NotebookNode) -> list[dict[str, Any]]:
    """The code cells' ids, prompts and outputs, without what differs between any two runs."""
    return [
        {"id": cell.id, "execution_count": cell.execution_count, "outputs": plain(_joined(cell.outputs))}
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def _joined(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The outputs with neighbouring pieces of a stream as one: how it is cut depends on when it was flushed."""
    joined: list[dict[str, Any]] = []
    for output in outputs:
        if joined and output["output_type"] == "stream" and joined[-1].get("name") == output["name"]:
            joined[-1] = {**joined[-1], "text": joined[-1]["text"] + output["text"]}
        else:
            joined.append(dict(output))
    return joined


def plain(value: Any) -> Any:
    """`value` with addresses, times, process ids and generated ids replaced, at any depth."""
    if isinstance(value, str):
        for pattern, replacement in _NOISE:
            value = pattern.sub(replacement, value)
        return value
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
