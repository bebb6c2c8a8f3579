"""What magics, shell lines and help lines do to names.

Three kinds of magic are known: those that run Python (``%time``), those that bind nothing (``%matplotlib``) and those
that may bind anything (``%run``).  One that is not known may bind anything.  Nothing is run or looked up here.
"""

from __future__ import annotations

import ast
import re

from .codehash import text_hash
from .control import block
from .facts import Facts, Opaque, Site
from .frames import CodeFrame
from .ipython import BINDING, HARMLESS, INSPECTING, PYTHON_BODIES, RUNNING, CellMagic, Magic, split_magic, translate
from .values import NOTHING
from .walker import Walker

__all__ = ["foreign_cell", "run_body", "run_magic", "shell_call"]

_OPTION_WITH_VALUE = {
    "timeit": "nrp", "prun": "DlsT", "memit": "rti", "mprun": "fTr", "lprun": "fmTDsuzr",
    "time": "", "pyinstrument": "",
}  # fmt: skip
_SCRIPTS = frozenset("bash sh script perl ruby python python2 python3 pypy cmd powershell".split())
_TEXTS = frozenset("html HTML markdown javascript js latex svg SVG writefile file system sx ! reactive".split())
_DOLLAR = re.compile(r"\$([^\W\d]\w*)|\$\$")
_BRACES = re.compile(r"\{([^{}]+)\}")
_BOUND_BY_SCRIPT = re.compile(r"--(?:out|err|proc)[ =]+([^\W\d]\w*)")


def parse_python(text: str) -> list[ast.stmt] | None:
    """Parse Python with IPython syntax in it; None if it can't be."""
    try:
        return ast.parse(text).body
    except SyntaxError:
        translation = translate(text)
        if translation is None or translation.cell_magics:
            return None
        try:
            return translation.restore(ast.parse(translation.text).body)
        except SyntaxError:
            return None


def run_magic(w: Walker, node: Magic) -> None:
    """Walk a magic where it stands."""
    if node.escape == "!":
        _interpolate(w, node.text, node)
    elif node.escape == "?":
        _help(w, node)
    else:
        name, rest = split_magic(node.text)
        begin = node.body_column + node.text.find(rest, len(name)) if rest else 0
        line_magic(w, node, name, rest, begin)


def line_magic(w: Walker, node: ast.expr, name: str, rest: str, column: int) -> None:
    """Walk ``%name rest``."""
    if name == "timeit" or name in RUNNING:
        code, skipped = _without_options(w, node, name, rest)
        body = parse_python(code)
        if body is not None:
            _move(body, node.lineno, column + skipped)
            if name == "timeit":
                scratch(w, body)
            else:
                w.visit_all(body)
    elif name == "sql":
        _merge(w, sql_facts("%%sql " + rest), node)
    elif name == "xdel":
        for item in rest.split():
            if item.isidentifier():
                w.frame.delete(item, node)
    elif name in INSPECTING:
        _read_root(w, rest, node)
    else:
        _interpolate(w, rest, node)
        if name == "whos":
            w.cell.opaque.append(("%whos shows the values of all names", node, True, False))
        if name == "autoreload" or name in HARMLESS or (name == "store" and "-r" not in rest.split()):
            return
        reason = f"%{name} may bind any name" if name in BINDING else f"%{name} is not a magic that is known here"
        w.cell.opaque.append((reason, node, name not in BINDING or "-i" in rest.split(), name in BINDING))


def _without_options(w: Walker, node: ast.expr, name: str, rest: str) -> tuple[str, int]:
    """Cut leading options off; return the code and where in ``rest`` it begins."""
    at = 0
    takes_value = _OPTION_WITH_VALUE[name]
    option = re.compile(rf"-([{takes_value}])\s*(\S+)\s*|-\w+\s+|--\S*\s*" if takes_value else r"-\w+\s+|--\S*\s*")
    while match := option.match(rest, at):
        if match.lastindex and match[1] == "f" and name in ("lprun", "mprun"):
            _read_root(w, match[2], node)
        at = match.end()
    return rest[at:], at


def _move(body: list[ast.stmt], line: int, column: int) -> None:
    """Move a tree parsed on its own to where its text stands in the cell."""
    for item in ast.walk(ast.Module(body=body, type_ignores=[])):
        if isinstance(item, (ast.stmt, ast.expr, ast.arg, ast.keyword, ast.excepthandler, ast.pattern)):
            if item.lineno == 1:
                item.col_offset += column
            item.lineno += line - 1


def scratch(w: Walker, body: list[ast.stmt]) -> None:
    """Walk code that runs now in a function of its own: what it assigns is lost."""
    made = len(w.cell.codes)
    frame = CodeFrame(w.frame)
    outer, w.frame = w.frame, frame
    w.visit_all(body)
    w.frame = outer
    frame.close()
    w.cell.run(w.cell.codes[made:])


def _help(w: Walker, node: Magic) -> None:
    text = node.text.strip("?,;/ ")
    _read_root(w, text.split("=")[-1].strip(), node, inert=not node.text.startswith((",", ";", "/")))


def _read_root(w: Walker, text: str, node: ast.expr, inert: bool = True) -> None:
    match = re.match(r"[^\W\d]\w*", text)
    if match is not None:
        w.frame.load(match[0], node, inert)


def _interpolate(w: Walker, text: str, node: ast.expr) -> None:
    """``$x`` and ``{expression}`` in a command or a magic's arguments are read."""
    for match in _DOLLAR.finditer(text):
        if match[1]:
            w.frame.load(match[1], node)
    for expression in _BRACES.findall(text):
        try:
            tree = ast.parse(expression.strip(), mode="eval")
        except (SyntaxError, ValueError):
            continue
        for item in ast.walk(tree):
            ast.copy_location(item, node)
        w.visit(tree.body)


def _merge(w: Walker, facts: Facts, node: ast.expr) -> None:
    """Take over what another language's analysis found in a line."""
    for name in facts.reads:
        w.frame.load(name, node)
    for name in facts.writes:
        w.frame.bind(name, node, NOTHING)
    for name, mutation in facts.mutates.items():
        w.frame.mutate(name, mutation.strength, node)
    for item in facts.opaque:
        w.cell.opaque.append((item.reason, node, item.hides_reads, item.binds))


def sql_facts(source: str) -> Facts:
    """Return the facts of a whole SQL cell."""
    from .sql import analyse_sql  # only notebooks with SQL pay for it

    return analyse_sql(source)


def shell_call(w: Walker, node: ast.Call) -> bool:
    """``get_ipython().run_line_magic("time", "f()")`` and its like, written out; True if it was one."""
    func = node.func
    assert isinstance(func, ast.Attribute)
    owner = func.value
    if not (isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "get_ipython"):
        return False
    texts = [item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    if len(texts) != len(node.args) or not texts:
        return False
    if func.attr == "run_line_magic" and len(texts) > 1:
        line_magic(w, node, texts[0], texts[1], node.col_offset)
    elif func.attr == "magic":
        line_magic(w, node, *split_magic(texts[0].lstrip("%")), node.col_offset)
    elif func.attr == "run_cell_magic" and len(texts) == 3:
        _cell_magic_call(w, node, CellMagic(*texts))
    elif func.attr in ("system", "getoutput"):
        _interpolate(w, texts[0], node)
    else:
        return False
    w.visit(owner)
    return True


def _cell_magic_call(w: Walker, node: ast.Call, magic: CellMagic) -> None:
    if magic.name not in PYTHON_BODIES:
        facts = foreign_cell(Walker(w.handlers, False), f"%%{magic.name} {magic.line}\n{magic.body}", [magic])
        _merge(w, facts, node)
        return
    body = parse_python(magic.body) or []
    for item in ast.walk(ast.Module(body=body, type_ignores=[])):
        if hasattr(item, "lineno"):
            ast.copy_location(item, node)
    run_body(w, [magic], body, node)


def run_body(w: Walker, magics: list[CellMagic], body: list[ast.stmt], node: ast.AST) -> None:
    """Walk the Python below cell magics (outermost first)."""
    setup: list[ast.stmt] = []
    for magic in magics:
        if magic.name in _OPTION_WITH_VALUE:
            at = ast.Constant(None, lineno=node.lineno, col_offset=0)  # type: ignore[attr-defined]
            setup += parse_python(_without_options(w, at, magic.name, magic.line)[0]) or []
    if any(magic.name == "timeit" for magic in magics):
        scratch(w, [*setup, *body])
    else:
        block(w, [*setup, *body])
    for magic in magics:
        name = _captured(magic)
        if name is not None:
            w.frame.bind(name, node, NOTHING)


def _captured(magic: CellMagic) -> str | None:
    """Return the name that ``%%capture name`` binds."""
    words = [word for word in magic.line.split() if not word.startswith("-")] if magic.name == "capture" else []
    return words[0] if words and words[0].isidentifier() else None


def foreign_cell(w: Walker, source: str, magics: list[CellMagic]) -> Facts:
    """Return the facts of a cell whose innermost body is not Python."""
    magic = magics[-1]
    if magic.name == "sql":
        return sql_facts(source)
    line = source[: len(source) - len(source.lstrip("\n"))].count("\n") + len(magics)
    site = Site(line, 0)
    at = ast.Constant(None, lineno=line, col_offset=0)
    _interpolate(w, magic.line, at)
    if magic.name in ("sx", "system", "!"):
        _interpolate(w, magic.body, at)
    names = _BOUND_BY_SCRIPT.findall(magic.line) if magic.name in _SCRIPTS else []
    names += [name for name in map(_captured, magics) if name is not None]
    known = magic.name in _SCRIPTS or magic.name in _TEXTS
    reason = f"%%{magic.name} is not a magic that is known here: it may bind any name"
    return Facts(
        code=text_hash((source.strip(),)),
        reads=dict.fromkeys(w.cell.reads, site),
        writes=dict.fromkeys(names, site),
        opaque=() if known else (Opaque(reason, site, binds=True),),
        cell_magic=magics[0].name,
    )
