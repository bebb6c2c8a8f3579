"""IPython's syntax as text: finds magics, shell lines and help lines, and puts Python in their place.

``translate`` keeps every line and column where it was: a magic becomes a name of its own that stands where it stood,
exchanged for a :class:`Magic` node once the text is parsed.  What a magic does to names is in ``magics.py``.
IPython itself is not needed.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from .codehash import register

__all__ = ["CellMagic", "Magic", "Translation", "split_magic", "translate"]


class Magic(ast.expr):
    """A magic, shell or help line in the syntax tree."""

    _fields = ("escape", "text")
    text: str
    escape: str  # "%", "!" or "?"

    def __init__(self, text: str, escape: str, line: int, column: int, body_column: int) -> None:
        super().__init__()
        self.text = text  # what stands after the escape character
        self.escape = escape
        self.lineno = line
        self.col_offset = column
        self.body_column = body_column  # where ``text`` begins


register(Magic)


@dataclass
class CellMagic:
    """The first line of a cell that begins with ``%%``, and what stands below it."""

    name: str
    line: str
    body: str


@dataclass
class Translation:
    """A cell's text as Python, with what was taken out of it."""

    text: str
    magics: dict[str, Magic] = field(default_factory=dict)
    cell_magics: list[CellMagic] = field(default_factory=list)  # outermost first
    indents: dict[int, int] = field(default_factory=dict)  # line -> columns cut off at its left

    @property
    def line_magics(self) -> list[str]:
        """Names of the line magics, in order."""
        return [split_magic(magic.text)[0] for magic in self.magics.values() if magic.escape == "%"]

    @property
    def foreign(self) -> bool:
        """Tell whether the cell's body is not Python."""
        return bool(self.cell_magics) and self.cell_magics[-1].name not in PYTHON_BODIES

    def restore(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """Put the magics back in place of the names that stand for them."""
        if self.magics:
            for node in ast.walk(ast.Module(body=body, type_ignores=[])):
                value = getattr(node, "value", None)
                if isinstance(value, ast.Name) and value.id in self.magics:
                    node.value = self.magics[value.id]  # type: ignore[attr-defined]
        return body


# Line magics: those that may bind any name, those that bind none, those that only show, those that run Python.
BINDING = frozenset(
    "run load loadpy pylab store macro edit ed recall rep rerun reset reset_selective aimport R octave julia".split()
)
HARMLESS = frozenset(
    """alias alias_magic autoawait autocall autoindent automagic autoreload bookmark cat cd clear cls code_wrap colors
    conda config connect_info cp debug dhist dirs doctest_mode env gui hist history killbgscripts ldir less lf lk ll
    load_ext logoff logon logstart logstate logstop ls lsmagic lx magic mamba man matplotlib micromamba mkdir more mv
    notebook page pastebin pdb pinfo pip popd pprint precision profile psearch pushd pwd pycat qtconsole quickref
    reactive rehashx reload_ext rm rmdir sc set_env sx subshell system tb tensorboard unalias unload_ext uv watermark
    who who_ls whos writefile file xmode save pwd_ls autosave !""".split()
)
INSPECTING = frozenset("pdef pdoc pfile pinfo pinfo2 psource page".split())
RUNNING = frozenset("time prun memit mprun lprun pyinstrument".split())
# Cell magics whose body is Python in the user's namespace.
PYTHON_BODIES = frozenset("time timeit capture prun memit mprun lprun pyinstrument scalene snakeviz debug".split())

# IPython takes a line that is a cell of its own for a magic without its %, if it begins with the name of one.
_AUTOMAGIC = re.compile(r"\s*([^\W\d]\w*)(?:[ \t]+(?![=,]).*)?\n?")
_KNOWN = BINDING | HARMLESS | INSPECTING | RUNNING | {"timeit", "xdel"}
_ASSIGNED = re.compile(r"(\s*[^=\n#'\"!%]*?[^=\n#'\"!%<>+\-*/&|^@:]=\s*)([%!])(?![=\s])(.*)", re.DOTALL)
_HELP_END = re.compile(r"(%{0,2}(?!\d)[\w*]+(?:\.\w+|\[-?[0-9]+\])*)\?{1,2}\s*$")
_TOKEN = re.compile(r"'''|\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|#.*|[\[({]|[\])}]|\\$")
_CLOSING = {quote: re.compile(r"(?:\\.|[^\\])*?" + quote, re.DOTALL) for quote in ("'''", '"""')}
# Prompts of pasted sessions: the first line must have one; then they are cut off every line that has.
_PROMPTS = (
    (re.compile(r">>>( |$)"), re.compile(r"(>>>|\.\.\.)( |$)")),
    (re.compile(r"In \[\d+\]: "), re.compile(r"(In \[\d+\]: |\s*\.{3,}: ?)")),
)


def split_magic(text: str) -> tuple[str, str]:
    """Split ``time f(x)`` in the magic's name and the rest."""
    parts = text.split(None, 1)
    return (parts[0] if parts else ""), (parts[1] if len(parts) > 1 else "")


def translate(source: str) -> Translation | None:
    """Return ``source`` as Python, or None if it has no IPython syntax in it."""
    lines = source.replace("\r\n", "\n").split("\n")
    translation = Translation("")
    _strip_prompts(lines, translation)
    start = _cell_magics(lines, translation)
    if translation.foreign:
        return translation
    _dedent(lines, start, translation)
    automagic = _AUTOMAGIC.fullmatch("\n".join(lines).lstrip("\n"))
    _Lines(lines, translation, bool(automagic and automagic[1] in _KNOWN)).run(start)
    if not (translation.magics or translation.cell_magics or translation.indents):
        return None
    translation.text = "\n".join(lines)
    return translation


def _cell_magics(lines: list[str], translation: Translation) -> int:
    """Take leading ``%%`` lines out; return the number of the line where the body begins."""
    at = 0
    while True:
        first = at
        while first < len(lines) and not lines[first].strip():
            first += 1
        if first == len(lines) or not lines[first].startswith("%%") or _HELP_END.match(lines[first]):
            return at
        name, rest = split_magic(lines[first][2:])
        if not name:
            return at
        translation.cell_magics.append(CellMagic(name, rest.strip(), "\n".join(lines[first + 1 :])))
        if name not in PYTHON_BODIES:
            return first + 1
        lines[first] = ""
        at = first + 1


def _strip_prompts(lines: list[str], translation: Translation) -> None:
    first = next((line for line in lines if line.strip()), "")
    for initial, prompt in _PROMPTS:
        if initial.match(first):
            for number, line in enumerate(lines):
                if found := prompt.match(line):
                    lines[number] = line[found.end() :]
                    translation.indents[number + 1] = found.end()


def _dedent(lines: list[str], start: int, translation: Translation) -> None:
    """Cut the first line's indentation off all lines, as IPython does."""
    first = next((line for line in lines[start:] if line.strip()), "")
    margin = first[: len(first) - len(first.lstrip())]
    if not margin:
        return
    for number in range(start, len(lines)):
        if lines[number].startswith(margin):
            lines[number] = lines[number][len(margin) :]
            translation.indents[number + 1] = translation.indents.get(number + 1, 0) + len(margin)


class _Lines:
    """Goes through the lines, knowing where a statement begins and where a string or bracket is still open."""

    def __init__(self, lines: list[str], translation: Translation, automagic: bool) -> None:
        self.lines = lines
        self.automagic = automagic
        self.translation = translation
        self.quote = ""
        self.depth = 0
        self.joined = False  # the line before ended in a backslash

    def run(self, start: int) -> None:
        """Replace every magic from line ``start`` on."""
        number = start
        while number < len(self.lines):
            if not self.quote and not self.depth and not self.joined:
                taken = self._magic(number)
                if taken:
                    number += taken
                    continue
            self._scan(self.lines[number])
            number += 1

    def _magic(self, number: int) -> int:
        """Replace the magic that begins in this line; return how many lines it took, 0 if there is none."""
        line = self.lines[number]
        stripped = line.lstrip()
        indent = len(line) - len(stripped)
        if not stripped or stripped[0] == "#":
            return 0
        if stripped[0] in "%!" and not stripped.startswith("!="):
            return self._replace(number, indent, indent, stripped[0])
        if stripped[0] in "?,;/":
            return self._replace(number, indent, indent, "?")
        if self.automagic:
            return self._replace(number, indent, indent - 1, "%")
        match = _ASSIGNED.match(line)
        if match is not None:
            return self._replace(number, len(match[1]), match.start(2), match[2])
        if stripped.rstrip().endswith("?") and _HELP_END.search(line) and not self._in_comment(line):
            return self._replace(number, indent, indent - 1, "?")
        return 0

    @staticmethod
    def _in_comment(line: str) -> bool:
        return any(match[0].startswith("#") for match in _TOKEN.finditer(line))

    def _replace(self, number: int, keep: int, escape: int, kind: str) -> int:
        last = number
        while self.lines[last].endswith("\\") and last + 1 < len(self.lines):
            last += 1
        begin = escape + 1
        if kind == "!" and self.lines[number].startswith("!", begin):
            begin += 1
        text = "\n".join([self.lines[number][begin:], *self.lines[number + 1 : last + 1]])
        if kind == "%" and text.rstrip().endswith("?"):
            kind, text = "?", "%" + text
        name = f"__ipython_{len(self.translation.magics)}__"
        body = begin + len(text) - len(text.lstrip())
        self.translation.magics[name] = Magic(text.strip(), kind, number + 1, escape if escape >= 0 else 0, body)
        self.lines[number] = self.lines[number][:keep] + name
        for rest in range(number + 1, last + 1):
            self.lines[rest] = ""
        return last - number + 1

    def _scan(self, line: str) -> None:
        """Follow strings and brackets through a line that is Python."""
        self.joined = False
        at = 0
        while at <= len(line):
            if self.quote:
                closing = _CLOSING[self.quote].match(line, at)
                if closing is None:
                    return
                at, self.quote = closing.end(), ""
                continue
            token = _TOKEN.search(line, at)
            if token is None:
                return
            at = token.end()
            text = token[0]
            if text in ("'''", '"""'):
                self.quote = text
            elif text in "([{":
                self.depth += 1
            elif text in ")]}":
                self.depth = max(self.depth - 1, 0)
            elif text == "\\":
                self.joined = True
            elif text[0] == "#":
                return
