"""Which edges a run leaves: only what the cell read or changed, from the cell that gave it."""

from __future__ import annotations

from tests.kernel.inprocess import Notebook


def edges(notebook: Notebook) -> dict[str, str]:
    """``reader: "name<producer …"`` for every cell that reads anything."""
    found: dict[str, list[str]] = {}
    for edge in notebook.engine.command("state", {})["edges"]:
        found.setdefault(edge["to"], []).extend(f"{name}<{edge['from']}" for name in edge["names"])
    return {reader: " ".join(sorted(names)) for reader, names in found.items()}


def test_a_loop_variable_that_held_what_changes_is_not_read() -> None:
    notebook = Notebook(
        'people = [{"a": 1}, {"a": 2}]',
        'for person in people:\n    person["b"] = 1',
        'for person in people:\n    person["b"] = 2',
        "print(people, person)",
    )
    assert notebook.all() == "abcd"
    assert edges(notebook) == {"b": "people<a", "c": "people<b", "d": "people<c person<c"}
    notebook.insert(2, "person = dict(person)\nprint(person)")
    notebook.all()
    notebook.check()
    notebook.edit("b", 'for person in people[:1]:\n    person["b"] = 5')
    notebook.all()
    notebook.check()
    notebook.edit("c", 'for person in []:\n    person["b"] = 2\npeople[1]["b"] = 7')
    notebook.all()
    notebook.check()


def test_what_a_cut_off_look_saw_whole_is_not_taken_for_changed() -> None:
    notebook = Notebook(
        "import collections\ndata = [1.0, 2.0]",
        "class Result:\n    def report(self):\n        print(len(self.all))",
        "result = Result()\nresult.data = data\nresult.all = [[number] for number in range(20_000)]",
        "result.report()",
        "print(data)",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["e"] == "data<a"
    notebook.check()
