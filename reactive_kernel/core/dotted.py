"""Which names a cell uses by their attributes only, and which: so that not all code inside a value need count.

Knows the text only; what the attributes are is the kernel's to tell (`Deferred.parts`).
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from reactive_kernel.core.facts import Deferred, together
from reactive_kernel.core.parsed import parsed

__all__ = [
    "CALLED", "EVALUATORS", "MADE", "PROTOCOLS", "attributes_used", "builtins_used", "named_in", "named_in_strings",
    "narrowed",
]  # fmt: skip

CALLED = "()"  # alone: the name itself is called, for what is kept; after an attribute: called, and the result dropped
MADE = CALLED + "."  # before an attribute: of what calling the name makes
EVALUATORS = frozenset({"eval", "exec", "globals"})  # builtins that look up names which the text of a function hides
# What Python itself does with an object where a cell does no more than this with it: how it is written in the set of
# attributes used, and the methods that it runs.
PROTOCOLS = {
    "<call>": ("__call__",),
    "<len>": ("__len__",),
    "<items>": ("__iter__", "__next__", "__getitem__", "__len__", "__length_hint__"),
    "<text>": ("__str__", "__repr__", "__format__"),
    "<shown>": ("__repr__", "_repr_html_", "_repr_mimebundle_", "_repr_pretty_", "_repr_svg_", "_repr_png_",
                "_repr_jpeg_", "_repr_latex_", "_repr_json_", "_repr_markdown_", "_repr_javascript_",
                "_ipython_display_"),
}  # fmt: skip
_BUILTINS = {
    **dict.fromkeys(("print", "str", "repr", "format"), "<text>"),
    **dict.fromkeys(("list", "tuple", "enumerate"), "<items>"),
    "len": "<len>",
}
_WORD = re.compile(r"[^\W\d]\w*")


@lru_cache(maxsize=1024)
def attributes_used(source: str) -> Mapping[str, frozenset[str]]:
    """Names that appear as ``name.attribute`` only (or are called for a value that is only kept), with the attributes.

    What else is done with a name counts as an attribute of `PROTOCOLS`.
    No name of a cell that isn't plain Python, none that is bound in it, or that a string spells.
    """
    tree = parsed(source)
    body = tree.body
    counts = Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    made: dict[int, tuple[str, str]] = {}  # calls whose value gets a name, by id: what is called, and the name
    dropped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and node is not body[-1]}
    found: dict[str, set[str]] = {}
    taken: Counter[str] = Counter()  # how often a name stands in such a place
    other: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) in dropped and isinstance(node.func, ast.Attribute):
            dropped.add(id(node.func))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.setdefault(node.value.id, set()).add(node.attr + (CALLED if id(node) in dropped else ""))
            taken[node.value.id] += 1
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node in body and not counts[node.name]:
            for name in (d.id for d in node.decorator_list if isinstance(d, ast.Name)):
                found.setdefault(name, set()).add(CALLED)
                taken[name] += 1
            other.add(node.name)
        elif (
            isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name)
        ):
            target = node.targets[0]
            if len(node.targets) == 1 and isinstance(target, ast.Name) and node in body:
                made[id(node.value)] = (node.value.func.id, target.id)
        else:
            other.update(_spelt(node))
        for name, use in _protocols(node, body, id(node) in made):
            found.setdefault(name, set()).add(use)
            taken[name] += 1
    for maker, target_name in made.values():
        known = target_name not in other and taken[target_name] == counts[target_name] - 1
        uses = {MADE + use for use in found.get(target_name, ())} if known else {"<call>"}
        found.setdefault(maker, set()).update(uses | ({CALLED} if known else set()))
        taken[maker] += 1
    return {n: frozenset(a) for n, a in found.items() if n not in other and taken[n] == counts[n]}


def _protocols(node: ast.AST, body: list[ast.stmt], made: bool) -> list[tuple[str, str]]:
    """Names with which a node does no more than one thing of `PROTOCOLS`; ``made``: what is called is known already."""
    uses: list[tuple[ast.AST, str]] = []
    if isinstance(node, ast.Call):
        uses += [] if made else [(node.func, "<call>")]
        if isinstance(node.func, ast.Name) and node.func.id in _BUILTINS:
            uses += [(arg, _BUILTINS[node.func.id]) for arg in node.args]
    elif isinstance(node, ast.FormattedValue):
        uses.append((node.value, "<text>"))
    elif isinstance(node, (ast.For, ast.comprehension)):
        uses.append((node.iter, "<items>"))
    elif isinstance(node, ast.Expr) and node is body[-1]:
        uses.append((node.value, "<shown>"))
    return [(part.id, use) for part, use in uses if isinstance(part, ast.Name)]


@lru_cache(maxsize=1024)
def builtins_used(source: str) -> tuple[str, ...]:
    """Builtins that `attributes_used` relies on to be what they are."""
    return tuple(name for name in _BUILTINS if re.search(rf"\b{name}\(", source))


def named_in(text: str) -> frozenset[str]:
    """Names that a piece of code uses; none if it isn't code."""
    return frozenset(node.id for node in ast.walk(parsed(text.strip())) if isinstance(node, ast.Name))


@lru_cache(maxsize=256)
def named_in_strings(source: str) -> frozenset[str]:
    """Names in those strings of a cell that are code themselves: ``show("df.head()")``."""
    nodes = ast.walk(parsed(source))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return frozenset().union(*map(named_in, texts))


def _spelt(node: ast.AST) -> list[str]:
    """Names that a node holds as text."""
    if isinstance(node, ast.Constant):
        return _WORD.findall(node.value) if isinstance(node.value, str) else []
    found = [getattr(node, part, None) for part in ("name", "arg", "asname", "rest")]
    return [text for text in [*found, *getattr(node, "names", ())] if isinstance(text, str)]


def narrowed(code: Deferred, used: frozenset[str] | None) -> Deferred:
    """What runs of ``code`` if the value that holds it is used by these attributes only."""
    if not code.parts or used is None:
        return code
    parts = []
    for key in used:
        plain = key if key == CALLED else key.removesuffix(CALLED)
        of = MADE if plain.startswith(MADE) else ""
        hidden = plain.removeprefix(of).startswith(("__", "<"))
        part = code.parts.get(key, code.parts.get(plain, None if hidden else code.parts.get(of + "*")))
        if part is None:
            return code
        parts.append(part)
    found = together(parts)
    return replace(found, mutates=frozenset(n for n in code.mutates if n in found.reads or n.startswith("<")))
