"""What the README shows and says is so."""

from __future__ import annotations

import re
from pathlib import Path

from tests.clients.talk import opened

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found.group(1).strip()


def test_ten_lines() -> None:
    cells = {f"cell-{number}": source for number, source in enumerate(block("python").split("\n\n"), 1)}
    assert len(cells) == 4
    with opened(cells) as notebook:
        notebook.run_all()
        assert notebook.text("cell-4") == "11.90\n"
        assert notebook.run("cell-3", "rate = 0.07") == ["cell-3", "cell-4"]
        assert notebook.text("cell-4") == "10.70\n"
        notebook.ask("edit", cell_id="cell-1", source="price = 10  # euros")
        assert all(cell["fresh"] for cell in notebook.ask("state")["cells"])
        notebook.ask("delete", cell_id="cell-3")
        assert not notebook.entry("cell-4")["fresh"]
        notebook.run("cell-4")
        assert "'rate' is not defined" in notebook.text("cell-4")


def test_sql_belongs_to_the_graph() -> None:
    cells = {
        "products": 'import pandas as pd\nproducts = pd.DataFrame({"name": ["pen", "desk"], "price": [2, 90]})',
        "limit": "limit = 10",
        "sql": block("sql"),
        "names": 'list(cheap["name"])',
    }
    with opened(cells) as notebook:
        notebook.run_all()
        assert notebook.text("names") == "['pen']"
        ran = notebook.run("limit", "limit = 100")
        assert ran == ["limit", "sql", "names"]
        assert notebook.text("names") == "['pen', 'desk']"
