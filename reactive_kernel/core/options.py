"""Which hidden state those read who use a module, a name out of it (by that one's token), or a value made by it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from functools import lru_cache

from reactive_kernel.core.parsed import parsed

__all__ = ["OTHER", "SETTABLE", "imported", "is_used", "options_of", "settings", "surroundings", "taken_from"]

_OPTIONS_OF: dict[str, tuple[str, ...]] = {
    "module:pandas": ("<pandas.options>", "<pandas.modes>", "<matplotlib.options>"),
    "module:matplotlib": ("<matplotlib.options>",),
    "module:matplotlib.pyplot": ("<matplotlib.options>",),
    "module:seaborn": ("<matplotlib.options>",),
    "module:numpy": ("<numpy.options>",),
    "module:polars": ("<polars.options>",),
    "module:duckdb": ("<duckdb>",),
    "module:sys": ("<sys.path>", "<sys.recursionlimit>"),
    "object:sys.getrecursionlimit": ("<sys.recursionlimit>",),
    "module:decimal": ("<decimal.context>",),
    "object:decimal.Decimal": ("<decimal.context>",),
    "object:decimal.getcontext": ("<decimal.context>",),
}

# They decide how values look, and not what they are; so do matplotlib's for pandas.
_LOOKS = frozenset({"<pandas.options>", "<numpy.options>", "<polars.options>"})

# Packages that look at the process's environment and directory, or start programs that do.
_OUTWARD = frozenset({"os", "posixpath", "ntpath", "subprocess", "shutil", "glob", "pathlib", "tempfile"})
_SURROUNDINGS = ("<environ>", "<directory>")
_STARTS = re.compile(
    r"^\s*(?:[\w, ]+=\s*)?!|^\s*%%(?:bash|sh|script|system|sx|python\w*|pypy|perl|ruby|!)"
    r"|%(?:env|set_env|system|sx|sc|cd|pwd|ls|run)\b",
    re.MULTILINE,
)
_OPENS = re.compile(
    r"\b(?:open|load|save|savez|savefig|loadtxt|savetxt|genfromtxt|imread|imsave|connect"
    r"|(?:read|scan|load|to|write|save)_\w+)\s*\("
)

# Libraries whose values look, or behave, as the process is set.
SETTABLE = ("pandas", "numpy", "matplotlib", "decimal", "sklearn", "polars", "duckdb")
OTHER = "*"  # stands for any other installed library; what it draws, it draws with matplotlib
_DRAWS = re.compile(r"\.\s*(?:plot|hist|boxplot)\b")
_MAY_DRAW = re.compile(r"plot|draw|hist\b|histogram|imshow|dendrogram|figure|graphics|Display")
_PACKAGE = re.compile(r"(?:module|object):(\w+)")
_WRITES = re.compile(r"\.\s*(?:to_\w+|info|format)\b")


def options_of(token: str | None, source: str) -> tuple[str, ...]:
    """Hidden state that is read by a text which uses a module, or what is imported from it."""
    if token is None or (found := _PACKAGE.match(token)) is None:
        return ()
    if token in _OPTIONS_OF:
        names = _OPTIONS_OF[token]
        if _LOOKS.isdisjoint(names) or _shows(source):
            return names
        draws = _MAY_DRAW.search(source) is not None
        return tuple(name for name in names if name not in _LOOKS and (draws or name != "<matplotlib.options>"))
    if found[1] in _OUTWARD:
        return _SURROUNDINGS
    drawing = ("<matplotlib.options>",) if _draws(found[1], source) else ()
    return ("<sklearn.options>", *drawing) if found[1] == "sklearn" else drawing


@lru_cache(maxsize=1024)
def surroundings(source: str) -> tuple[str, ...]:
    """Hidden state that a text reads whatever its names are: it starts a program, or opens a file by its name."""
    if _STARTS.search(source):
        return _SURROUNDINGS
    return ("<directory>",) if _OPENS.search(source) else ()


def _draws(package: str, source: str) -> bool:
    """True if a text may draw with a library that isn't Python's own."""
    return package not in sys.stdlib_module_names and _MAY_DRAW.search(source) is not None


@lru_cache(maxsize=1024)
def settings(source: str, libraries: frozenset[str]) -> frozenset[str]:
    """Which hidden state may decide what the text does with a value in which there is something of these libraries."""
    found: set[str] = set()
    if "decimal" in libraries:
        found.add("<decimal.context>")
    if "duckdb" in libraries:
        found.add("<duckdb>")
    if "sklearn" in libraries:
        found.add("<sklearn.options>")
    draws = libraries & {OTHER, "sklearn"} and _MAY_DRAW.search(source)
    if "matplotlib" in libraries or draws or ("pandas" in libraries and _DRAWS.search(source)):
        found.add("<matplotlib.options>")
    if libraries & {"pandas", "numpy", "polars"} and _shows(source):
        if libraries & {"pandas", "numpy"}:
            found.add("<numpy.options>")
        found.update(f"<{library}.options>" for library in ("pandas", "polars") if library in libraries)
    return frozenset(found)


_NO_TEXT = frozenset(
    "abs bool dict enumerate float int isinstance len list max min range round set sum tuple zip".split()
)


@lru_cache(maxsize=1024)
def _shows(source: str) -> bool:
    """True if the text has an expression as a statement, which is shown or run for its effect, or makes text."""
    tree = parsed(source)
    return (
        not tree.body
        or bool(_WRITES.search(source))
        or any(
            isinstance(node, ast.Expr | ast.JoinedStr | ast.Mod)
            or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in _NO_TEXT)
            for node in ast.walk(tree)
        )
    )


@lru_cache(maxsize=1024)
def imported(source: str) -> Mapping[str, str]:
    """Names that the text binds by importing, with the tokens of what has options; none where it isn't plain Python."""
    if "import" not in source:
        return {}
    tree = parsed(source)
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                found[item.asname or item.name.partition(".")[0]] = f"module:{item.name}"
        elif isinstance(node, ast.ImportFrom):
            for item in node.names:
                found[item.asname or item.name] = f"object:{node.module}.{item.name}"
    return {name: token for name, token in found.items() if options_of(token, source)}


@lru_cache(maxsize=1024)
def taken_from(source: str) -> Mapping[str, tuple[str, str]]:
    """Names that the text only imports from modules, and does no more with: module, and the name that it has there."""
    if "import" not in source:
        return {}
    tree = parsed(source)
    found = {
        item.asname or item.name: (node.module, item.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module and not node.level
        for item in node.names
    }
    return {name: place for name, place in found.items() if name != "*" and not is_used(source, name)}


@lru_cache(maxsize=1024)
def is_used(source: str, name: str) -> bool:
    """True if the text has more of a name than the import that binds it."""
    return len(re.findall(rf"(?<![\w.]){re.escape(name)}\b", source)) > 1
