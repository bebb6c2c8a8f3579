"""The page about the coordinator says what is so."""

from __future__ import annotations

import ast
from dataclasses import fields
from pathlib import Path

from reactive_kernel.client import Notebook
from reactive_kernel.server.app import ReactiveKernelApp
from reactive_kernel.server.settings import Settings
from tests.server.live import TOKEN, Server

PAGE = (Path(__file__).parents[2] / "docs" / "coordinator.md").read_text()


def test_every_setting_is_a_trait_with_help_and_stands_on_the_page_with_its_default() -> None:
    written = {}
    for line in PAGE.splitlines():
        if line.startswith("c.ReactiveKernelApp."):
            (statement,) = ast.parse(line).body
            assert isinstance(statement, ast.Assign)
            assert isinstance(statement.targets[0], ast.Attribute)
            written[statement.targets[0].attr] = ast.literal_eval(statement.value)
    traits = ReactiveKernelApp.class_own_traits(config=True)
    app = ReactiveKernelApp()
    for field in fields(Settings):
        assert traits[field.name].help, field.name
        assert written.pop(field.name) == getattr(app, field.name), field.name
    assert written == {}
    assert app.plain_settings() == Settings()


def test_the_script_of_the_page_runs(server: Server, capsys) -> None:
    code = PAGE.split("```python\n")[1].split("```")[0]
    path = server.notebook("x = 10", "y = x * 2", "print(y)")
    code = code.replace("http://localhost:8888", server.url).replace("analysis.ipynb", path).replace("…", TOKEN)
    assert len([line for line in code.splitlines() if line.strip()]) <= 10
    exec(code, {"Notebook": Notebook})
    assert capsys.readouterr().out == "['c0', 'c1', 'c2']\n40\n {}\n"
