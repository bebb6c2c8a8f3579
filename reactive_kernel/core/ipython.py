"""IPython's syntax in a cell (stub)."""
from __future__ import annotations
import ast
from .facts import Facts

class Translation:
    text: str
    facts: Facts | None
    marks: list[str]
    line_magics: list[str]
    cell_magic: str | None
    indents: dict[int, int]
    def restore(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return body

def translate(source: str) -> Translation | None:
    return None
