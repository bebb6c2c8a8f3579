"""README and docs: links lead somewhere, the page of the protocol and its code agree, the site builds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from reactive_kernel import protocol
from reactive_kernel.kernel.commands import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINE = "edit analysis graph plan execute publish coordinate render".split()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()) + re.findall(r'src="([^"]+)"', page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.resolve().parent / target).exists() or (page.parent / target).exists(), target


def test_the_readme_links_each_word_of_the_line_to_its_file() -> None:
    text = (ROOT / "README.md").read_text()
    linked = re.findall(r"\[(\w+)\]\(([^)]+)\)(?: ->|\n)", text)
    assert [word for word, _ in linked if word in LINE] == LINE
    assert len({target for word, target in linked if word in LINE}) == len(LINE)


def test_the_code_map_names_files_that_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.partition("## Code map")[2].partition("## Invariants")[0]
    named = re.findall(r"`((?:core|kernel|server|labextension|[a-z]+\.py)[\w/.*]*)`", table)
    assert len(named) > 20
    for name in named:
        assert [*(ROOT / "reactive_kernel").glob(name), *ROOT.glob(name)], name


def table_of_commands() -> list[str]:
    page = (ROOT / "docs" / "protocol.md").read_text()
    table = page.partition("| command |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


def test_the_page_of_the_protocol_names_every_field_of_the_code() -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    for shape in (protocol.Entry, protocol.State, protocol.OutputMark, protocol.RanCell, protocol.ReplyMark):
        for field in get_type_hints(shape):
            assert f"`{field}`" in page, f"{shape.__name__}.{field}"
    for name in (protocol.REQUEST, protocol.REPLY, protocol.FEATURE):
        assert name in page


def test_the_page_lists_the_commands_of_the_kernel() -> None:
    assert table_of_commands() == list(COMMANDS)


def test_the_page_names_every_status_and_mode() -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    for words in (protocol.Status, protocol.Mode, protocol.RunKind):
        assert get_origin(words) is Literal
        assert all(f'"{word}"' in page for word in get_args(words))


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "index.html").exists()
