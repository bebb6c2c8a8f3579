"""A statement's text with its Python values replaced, for a parser or for an engine, and the way back.

Decides nothing about what a value becomes: the caller says it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from reactive_kernel.core.sql_text import Parameter, Statement

__all__ = ["Rendered", "render"]


class Rendered(NamedTuple):
    """A statement's text with its Python values replaced, and how to find one's way back."""

    text: str
    spans: tuple[tuple[int, int, int], ...]  # (offset in text, length in text, offset in source)
    start: int

    def to_source(self, offset: int) -> int:
        """Map an offset in the text to one in the cell's source."""
        at, shift = offset, self.start
        for text_start, length, source_end in self.spans:
            if offset < text_start:
                break
            if offset < text_start + length:
                return source_end
            shift = source_end - (text_start + length)
        return at + shift


def render(source: str, statement: Statement, write: Callable[[int, Parameter], str]) -> Rendered:
    """Replace each Python value of the statement by what ``write`` says."""
    parts: list[str] = []
    spans: list[tuple[int, int, int]] = []
    at, length = statement.start, 0
    for index, parameter in enumerate(statement.parameters):
        before, text = source[at : parameter.start], write(index, parameter)
        parts += [before, text]
        length += len(before)
        spans.append((length, len(text), parameter.end))
        length += len(text)
        at = parameter.end
    parts.append(source[at : statement.end])
    return Rendered("".join(parts), tuple(spans), statement.start)
