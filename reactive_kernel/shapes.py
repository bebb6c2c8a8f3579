"""Checks and JSON Schema made from TypedDicts, for the messages of the wire.

Decides whether a value has a type's shape and how the type is written as JSON Schema.  Knows no message.
"""

from __future__ import annotations

import types
from functools import cache
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

Json = dict[str, Any]

_WORDS = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
    type(None): "null",
}
_SCHEMA_TYPES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    dict: "object",
    type(None): "null",
}


def misfit(value: Any, kind: Any, where: str = "") -> str | None:
    """What is wrong with a value of this type, in a few words, or None. Unknown fields are let pass."""
    if is_typeddict(kind):
        return _misfit_fields(value, kind, where)
    origin: Any = get_origin(kind)
    arguments = get_args(kind)
    if origin is NotRequired:
        return misfit(value, arguments[0], where)
    if kind is Any:
        return None
    if origin is Literal:
        if value in arguments and isinstance(value, str):
            return None
        return f"{where} must be one of {', '.join(map(repr, arguments))}"
    if origin in (Union, types.UnionType):
        faults = [misfit(value, argument, where) for argument in arguments]
        return None if None in faults else faults[0]
    if origin is list:
        if not isinstance(value, list):
            return f"{where} must be a list"
        faults = [misfit(item, arguments[0], f"{where}[{index}]") for index, item in enumerate(value)]
        return next((fault for fault in faults if fault), None)
    python = dict if origin is dict else kind
    accepted = (int, float) if python is float else python
    if isinstance(value, accepted) and (python is bool or not isinstance(value, bool)):
        return None
    return f"{where} must be {_WORDS[python]}"


def _misfit_fields(value: Any, kind: Any, where: str) -> str | None:
    if not isinstance(value, dict):
        return f"{where} must be an object"
    for name, (hint, required) in _fields(kind).items():
        place = f"{where}.{name}" if where else name
        if name in value:
            fault = misfit(value[name], hint, place)
            if fault:
                return fault
        elif required:
            return f"{place} is missing"
    return None


@cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:
    """The fields of a TypedDict: their types, and whether they are required."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: (hint, "NotRequired[" not in repr(hint)[:30]) for name, hint in hints.items()}


def reference(shape: Any) -> Json:
    """A pointer to the definition of a TypedDict."""
    return {"$ref": f"#/$defs/{shape.__name__}"}


def define(shape: Any, definitions: Json) -> None:
    """Add a TypedDict, and those it uses, to the definitions."""
    if shape.__name__ in definitions:
        return
    definitions[shape.__name__] = {}
    hints = get_type_hints(shape, include_extras=True)
    definitions[shape.__name__] = {
        "type": "object",
        "description": (shape.__doc__ or "").strip(),
        "properties": {name: _schema_of(hint, definitions) for name, hint in hints.items()},
        "required": [name for name, hint in hints.items() if get_origin(hint) is not NotRequired],
    }


def _schema_of(kind: Any, definitions: Json) -> Json:
    origin: Any = get_origin(kind)
    arguments = get_args(kind)
    if is_typeddict(kind):
        define(kind, definitions)
        return reference(kind)
    if kind is Any:
        return {}
    if origin is NotRequired:
        return _schema_of(arguments[0], definitions)
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema_of(argument, definitions) for argument in arguments]}
    if origin is list:
        return {"type": "array", "items": _schema_of(arguments[0], definitions)}
    return {"type": _SCHEMA_TYPES[dict if origin is dict else kind]}
