"""Write src/protocol.ts from reactive_kernel/protocol.py, so that the wire has one home.

``python labextension/generate_protocol.py`` writes the file; with ``--check`` it fails if the file is not current.
"""

from __future__ import annotations

import sys
import types
import typing
from pathlib import Path
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

ROOT = Path(__file__).resolve().parents[1]
TARGET = Path(__file__).with_name("src") / "protocol.ts"
HEADER = "// Generated from reactive_kernel/protocol.py by labextension/generate_protocol.py: do not edit.\n"
PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", Any: "unknown"}


def typescript(kind: Any, names: dict[int, str]) -> str:
    """Translate a Python annotation to TypeScript; a named alias is written by its name."""
    if id(kind) in names:
        return names[id(kind)]
    if kind in PLAIN:
        return PLAIN[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return " | ".join(f"'{value}'" for value in arguments)
    if origin is NotRequired:
        return typescript(arguments[0], names)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(typescript(argument, names) for argument in arguments)
    if origin is list:
        inner = typescript(arguments[0], names)
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if origin is dict:
        return f"Record<{typescript(arguments[0], names)}, {typescript(arguments[1], names)}>"
    raise TypeError(f"no TypeScript for {kind!r}")


def interface(name: str, shape: Any, names: dict[int, str]) -> str:
    """One TypedDict as an interface."""
    lines = []
    for field, kind in get_type_hints(shape, include_extras=True).items():
        optional = "?" if get_origin(kind) is NotRequired or field in shape.__optional_keys__ else ""
        lines.append(f"  {field}{optional}: {typescript(kind, names)};")
    return f"export interface {name} {{\n" + "\n".join(lines) + "\n}\n"


def generate() -> str:
    """Return the whole file."""
    sys.path.insert(0, str(ROOT))
    from reactive_kernel import protocol

    public = {name: value for name, value in vars(protocol).items() if name[0].isupper()}
    own = {n: v for n, v in public.items() if is_typeddict(v) or (get_origin(v) is Literal and n != "Literal")}
    names = {id(value): name for name, value in own.items()}
    parts = [HEADER]
    for name, value in public.items():
        if isinstance(value, (str, int)):
            parts.append(f"export const {name} = {value!r};\n")
    for name, value in own.items():
        if is_typeddict(value):
            parts.append(interface(name, value, names))
        else:
            parts.append(f"export type {name} = {typescript(value, {})};\n")
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    """Write or check; the exit code."""
    text = generate()
    if "--check" not in arguments:
        TARGET.write_text(text)
        return 0
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    print("labextension/src/protocol.ts is not current: run python labextension/generate_protocol.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
