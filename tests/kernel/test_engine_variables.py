"""The command ``variables``: what the notebook's end has, bounded, and without running the user's code."""

from __future__ import annotations

from typing import Any

import pytest

from reactive_kernel.protocol import Refused
from tests.kernel.inprocess import Notebook


def rows(notebook: Notebook, **arguments: Any) -> dict[str, dict[str, Any]]:
    answer = notebook.engine.command("variables", arguments)
    return {row["name"]: row for row in answer["variables"]}


def test_types_sizes_and_cells() -> None:
    notebook = Notebook("x = 5\nrows = [1, 2]\nword = 'ab'", "rows.append(x)", "print(rows)", "late = never")
    notebook.all()
    found = rows(notebook)
    assert found["x"] == {
        "name": "x",
        "type": "int",
        "size": "",
        "summary": "5",
        "defined_in": ["a"],
        "used_in": ["b"],
    }
    assert (found["rows"]["type"], found["rows"]["size"], found["rows"]["summary"]) == ("list", "3", "")
    assert found["rows"]["defined_in"] == ["a", "b"]
    assert found["rows"]["used_in"] == ["b", "c"]
    assert (found["word"]["size"], found["word"]["summary"]) == ("2", "'ab'")
    assert found["late"] == {
        "name": "late",
        "type": "",
        "size": "",
        "summary": "",
        "defined_in": ["d"],
        "used_in": [],
    }
    assert rows(notebook, names=["x", "nothing"]).keys() == {"x"}


def test_shapes() -> None:
    notebook = Notebook(
        "import numpy as np\nimport pandas as pd\narray = np.zeros((3, 4))",
        "df = pd.DataFrame({'a': [1, 2]})\ns = df['a']",
    )
    notebook.all()
    found = rows(notebook)
    assert {n: found[n]["size"] for n in ("array", "df", "s", "np")} == {
        "array": "3x4",
        "df": "2x1",
        "s": "2",
        "np": "",
    }


def test_it_is_bounded() -> None:
    many = "\n".join(f"v{n:04} = {n}" for n in range(700))
    notebook = Notebook(
        many,
        "text = 'a' * 100_000\nbig = 10 ** 5_000\nclass " + "C" * 5_000 + ": pass\no = [C" + "C" * 4_999 + "()][0]",
    )
    notebook.all()
    answer = notebook.engine.command("variables", {})
    assert len(answer["variables"]) == 500
    assert answer["more"] is True
    found = rows(notebook, names=["text", "big", "o"])
    assert len(found["text"]["summary"]) < 100
    assert found["big"]["summary"] == ""
    assert len(found["o"]["type"]) <= 80


def test_no_code_of_the_users_runs() -> None:
    notebook = Notebook(
        """
asked = []
class Meta(type):
    @property
    def __name__(cls):
        asked.append("name")
class Odd(list, metaclass=Meta):
    def __len__(self):
        asked.append("len")
        return 3
    def __getattribute__(self, name):
        asked.append(name)
        return object.__getattribute__(self, name)
    def __repr__(self):
        asked.append("repr")
        return "Odd"
odd = Odd()
""",
        "print(asked)",
    )
    notebook.all()
    before = list(notebook.namespace["asked"])
    assert rows(notebook)["odd"]["type"] == "Odd"
    assert notebook.namespace["asked"] == before


@pytest.mark.parametrize("names", ["x", [1], {"x": 1}])
def test_wrong_names_are_refused(names: object) -> None:
    with pytest.raises(Refused, match="names"):
        Notebook("x = 1").engine.command("variables", {"names": names})
