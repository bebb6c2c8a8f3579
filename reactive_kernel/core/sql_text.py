"""SQL cells as text: the first line's options, statements, and the Python values in them.

Decides where a statement ends, which `{{ expr }}`, `$name` and `{name}` are values from Python and what a
cell's text looks like without comments and layout.  Never knows the grammar of SQL (that is sql_statements.py),
catalogs, connections or values.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

from reactive_kernel.core.facts import Problem, Site

__all__ = ["Header", "Parameter", "Script", "Statement", "Token", "parse_script", "placeholder", "site_at", "tokens"]

Filter = Literal["value", "id", "sql"]
TokenKind = Literal["word", "quoted", "string", "number", "punct", "value", "unclosed"]

_TOKEN = re.compile(
    r"""
    (?P<skip>\s+ | --[^\n]*)
  | (?P<comment>/\*)
  | (?P<string>[eE]'(?:[^'\\]|\\.|'')*(?:'|(?P<open1>\Z)) | '(?:[^']|'')*(?:'|(?P<open2>\Z)))
  | (?P<quoted>"(?:[^"]|"")*(?:"|(?P<open3>\Z)) | `[^`]*(?:`|(?P<open4>\Z)))
  | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|(?P<open5>\Z)))
  | (?P<named>\$[^\W\d]\w*)
  | (?P<numbered>\$\d+ | \?\d*(?![|&]|->))
  | (?P<braces>\{\{)
  | (?P<brace>\{\s*[^\W\d]\w*\s*\})
  | (?P<word>[^\W\d][\w$]*)
  | (?P<number>\d[\w.]*|\.\d+)
  | (?P<arrow>->>?|<<|>>|::|:=|=>|<>|!=|<=|>=|\|\|)
  | (?P<punct>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPTION = re.compile(r"--(?P<key>on|as|limit|dialect)(?:=|[ \t]+)(?P<value>[^\s;]+)[ \t]*")
_RERUN = re.compile(r"--rerun\b[ \t]*")
_TARGET = re.compile(r"(?P<name>[^\W\d]\w*)[ \t]*<<[ \t]*")
_MAGIC = re.compile(r"\s*%{1,2}sql\b[ \t]*")
_IN_QUOTES = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)


class Token(NamedTuple):
    """A lexical piece; ``start`` and ``end`` are offsets in the cell's source."""

    kind: TokenKind
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value from Python in the SQL: ``{{ expr }}``, ``$name`` or ``{name}``.

    ``filter`` is "id" for ``{{ x | id }}`` (an identifier) and "sql" for ``{{ x | sql }}`` (raw text);
    ``alone_in`` is True where it stands alone in ``IN ( … )``, so that a list may be spread out.
    """

    source: str
    start: int
    end: int
    filter: Filter = "value"
    names: tuple[str, ...] = ()
    alone_in: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its offsets in the cell, its tokens, and its Python values in order."""

    start: int
    end: int
    tokens: tuple[Token, ...]
    parameters: tuple[Parameter, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """The options on the first line.

    ``rerun`` allows cascades to change data outside; ``command`` is a connection command ("connect", …) with its words.
    """

    target: str | None = None
    target_start: int = 0
    on: str | None = None
    on_start: int = 0
    kind: str | None = None
    limit: str | None = None
    dialect: str | None = None
    rerun: bool = False
    command: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A whole cell."""

    source: str
    header: Header
    statements: tuple[Statement, ...]
    problem: Problem | None = None


def site_at(source: str, offset: int) -> Site:
    r"""Turn an offset into a line and column.

    >>> site_at("a\nbc", 3)
    Site(line=2, column=1)
    """
    line = source.count("\n", 0, offset) + 1
    return Site(line, offset - (source.rfind("\n", 0, offset) + 1))


def placeholder(index: int) -> str:
    """The identifier that stands for a statement's ``index``-th value where SQL is parsed."""
    return f"__rk_value_{index}__"


class _Fault(Exception):
    def __init__(self, code: str, message: str, offset: int) -> None:
        super().__init__(message)
        self.code, self.message, self.offset = code, message, offset


@lru_cache(maxsize=512)
def parse_script(source: str) -> Script:
    r"""Split a cell (with or without its ``%%sql`` line) into options and statements.

    >>> parse_script("%%sql big <<\nSELECT * FROM t WHERE id = {user_id}").statements[0].parameters[0].names
    ('user_id',)
    """
    header = Header()
    try:
        header, start = _header(source)
        if header.command:
            return Script(source, header, ())
        return Script(source, header, tuple(_statements(source, start, foreign=header.on is not None)))
    except _Fault as fault:
        problem = Problem(fault.code, fault.message, site=site_at(source, fault.offset))
        return Script(source, header, (), problem)


def _header(source: str) -> tuple[Header, int]:
    magic = _MAGIC.match(source)
    if magic is None:
        return Header(), 0
    line_end = source.find("\n", magic.end())
    line_end = len(source) if line_end < 0 else line_end
    line = source[magic.end() : line_end]
    if line.startswith("--") and (command := _command(line)):
        return command, line_end
    header, at = Header(), magic.end()
    while True:
        if rerun := _RERUN.match(source, at, line_end):
            header = replace(header, rerun=True)
            at = rerun.end()
        elif option := _OPTION.match(source, at, line_end):
            header = _with_option(header, option)
            at = option.end()
        elif header.target is None and (target := _TARGET.match(source, at, line_end)):
            header = replace(header, target=target["name"], target_start=target.start())
            at = target.end()
        else:
            break
    if re.match(r"--[^\W\d]", source[at:line_end]):
        word = source[at:line_end].split()[0]
        raise _Fault(
            "sql-option",
            f"`{word}` is no option of %%sql: it knows --on, --as, --limit, --dialect and --rerun "
            "(and %sql --connect NAME URL). A comment needs a space after the dashes.",
            at,
        )
    return header, at


def _command(line: str) -> Header | None:
    words = line.split()
    command = words[0][2:]
    if command not in ("connect", "close", "connections"):
        return None
    if "--on" in words or "--as" in words:
        raise _Fault("sql-option", f"`{words[0]}` goes with no other option than --default.", 0)
    return Header(command=command, words=tuple(words[1:]))


def _with_option(header: Header, match: re.Match[str]) -> Header:
    key, value = match["key"], match["value"]
    if key == "on":
        return replace(header, on=value, on_start=match.start("value"))
    if key == "as":
        if value not in ("pandas", "arrow", "polars", "table"):
            message = f"--as {value}: a result can be kept as pandas, polars, arrow or table."
            raise _Fault("sql-option", message, match.start("value"))
        return replace(header, kind=value)
    if key == "limit":
        if not value.isdecimal():
            message = f"--limit takes a number of rows to show, not `{value}`."
            raise _Fault("sql-option", message, match.start("value"))
        return replace(header, limit=value)
    return replace(header, dialect=value.lower())


def tokens(source: str, start: int = 0) -> Iterator[Token]:
    """Yield the pieces of SQL text, without comments; a value from Python is one piece of kind "value"."""
    at, map_before = start, False
    while match := _TOKEN.match(source, at):
        at = match.end()
        if match["comment"]:
            at = _comment_end(source, match.start())
        elif match["skip"] is None:
            token = _token(match, map_before)
            map_before = token.text.upper() == "MAP"
            at = token.end
            yield token


def _token(match: re.Match[str], map_before: bool) -> Token:
    text, start, end = match.group(), match.start(), match.end()
    if any(match[f"open{i}"] is not None for i in range(1, 6)):
        return Token("unclosed", text, start, end)
    if match["string"] is not None or match["dollar"] is not None:
        return Token("string", text, start, end)
    if match["braces"] is not None:
        if map_before:
            return Token("punct", "{", start, start + 1)
        end = _template_end(match.string, start)
        return Token("value", match.string[start:end], start, end)
    if match["brace"] is not None:
        return Token("value", text, start, end)
    if match["named"] is not None:
        return Token("value", text, start, end)
    for kind in ("quoted", "word", "number"):
        if match[kind] is not None:
            return Token(kind, text, start, end)
    return Token("punct", text, start, end)


def _comment_end(source: str, start: int) -> int:
    """The end of a block comment; they nest, as in PostgreSQL and DuckDB."""
    depth, at = 0, start
    for match in re.compile(r"/\*|\*/").finditer(source, start):
        depth += 1 if match.group() == "/*" else -1
        at = match.end()
        if depth == 0:
            return at
    raise _Fault("sql-syntax", "This comment is never closed: it needs a `*/`.", start)


def _template_end(source: str, start: int) -> int:
    """The end of ``{{ expr }}``: the first ``}}`` that leaves a whole Python expression."""
    end = source.find("}}", start)
    first = end
    while end >= 0:
        if _parse(source[start + 2 : end]) is not None:
            return end + 2
        end = source.find("}}", end + 1)
    if first < 0:
        raise _Fault("sql-template", "This `{{` is never closed: it needs a `}}`.", start)
    inner = source[start + 2 : first].strip()
    what = f"`{inner}` is not a Python expression." if inner else "`{{ }}` is empty."
    raise _Fault("sql-template", f"{what} Between {{{{ and }}}} stands what Python should work out.", start)


@lru_cache(maxsize=512)
def _parse(expression: str) -> ast.expr | None:
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _statements(source: str, start: int, foreign: bool) -> Iterator[Statement]:
    pieces: list[Token] = []
    for token in tokens(source, start):
        if token.kind == "unclosed":
            quote = token.text[0] if token.text[0] in "'\"`$" else "'"
            raise _Fault("sql-syntax", f"This text is never closed: it needs another `{quote}`.", token.start)
        if token.text == ";" and token.kind == "punct":
            if pieces:
                yield _statement(pieces)
            pieces = []
        else:
            _check(token, foreign)
            pieces.append(token)
    if pieces:
        yield _statement(pieces)


def _statement(pieces: list[Token]) -> Statement:
    _check_braces(pieces)
    parameters = tuple(
        replace(_parameter(token), alone_in=_alone_in(pieces, at))
        for at, token in enumerate(pieces)
        if token.kind == "value"
    )
    return Statement(pieces[0].start, pieces[-1].end, tuple(pieces), parameters)


def _alone_in(pieces: list[Token], at: int) -> bool:
    around = [t.text.upper() for t in pieces[max(at - 2, 0) : at]] + [t.text for t in pieces[at + 1 : at + 2]]
    return around == ["IN", "(", ")"]


def _check(token: Token, foreign: bool) -> None:
    """Refuse a template inside quotes (its text would not be a value) and numbered parameters."""
    if token.kind in ("string", "quoted") and (found := _IN_QUOTES.search(token.text)):
        inner = found.group(1).strip()
        if token.kind == "quoted":
            fix = f"{{{{ {inner} | id }}}}, without the quotes, for an identifier"
        else:
            before, after = token.text[1 : found.start()], token.text[found.end() : -1]
            if token.text[0] != "'":
                before = after = ""
            parts = [f"'{before}'" * bool(before), f"{{{{ {inner} }}}}", f"'{after}'" * bool(after)]
            fix = " || ".join(filter(None, parts)) + ", without quotes around the braces"
        message = f"{found.group()} stands inside quotes, where it is only text. Write {fix}."
        raise _Fault("sql-template", message, token.start + found.start())
    # `?` is an operator of PostgreSQL's JSON types.
    if token.kind == "punct" and re.fullmatch(r"\$\d+" if foreign else r"\$\d+|\?\d*", token.text):
        message = f"`{token.text}` has no value here. Write {{{{ expr }}}} or $name, with a name from Python."
        raise _Fault("sql-template", message, token.start)


def _check_braces(pieces: list[Token]) -> None:
    """`{user.id}` is neither a struct literal nor a plain name: show the form that works."""
    for at, token in enumerate(pieces[:-2]):
        if token.text != "{" or token.kind != "punct" or (at and pieces[at - 1].text.upper() == "MAP"):
            continue
        key, then = pieces[at + 1], pieces[at + 2]
        if key.kind == "word" and then.text in (".", "[", "("):
            raise _Fault(
                "sql-template",
                f"`{{{key.text}{then.text}…}}` is not a plain name. Write {{{{ {key.text}{then.text}… }}}}, "
                "with two braces, for a Python expression.",
                token.start,
            )


def _parameter(token: Token) -> Parameter:
    if token.text.startswith("$"):
        name = token.text[1:]
        return Parameter(name, token.start, token.end, names=(name,))
    if not token.text.startswith("{{"):
        name = token.text[1:-1].strip()
        return Parameter(name, token.start, token.end, names=(name,))
    source, kind = token.text[2:-2].strip(), "value"
    tree = _parse(source)
    filtered = tree.right if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitOr) else None
    if isinstance(filtered, ast.Name) and filtered.id in ("id", "sql"):
        kind = filtered.id
        source = source[: source.rindex("|")].strip()
    return Parameter(source, token.start, token.end, kind, _free_names(source))  # type: ignore[arg-type]


def _free_names(expression: str) -> tuple[str, ...]:
    """Notebook names that a Python expression reads, nested lambdas and comprehensions included."""
    top = symtable.symtable(expression, "<sql>", "eval")
    found = {s.get_name() for s in top.get_symbols() if s.is_referenced() and not s.is_assigned()}
    tables = list(top.get_children())
    while tables:
        table = tables.pop()
        tables.extend(table.get_children())
        found |= {s.get_name() for s in table.get_symbols() if s.is_global() and s.is_referenced()}
    return tuple(sorted(found))
