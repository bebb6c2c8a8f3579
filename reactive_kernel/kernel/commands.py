"""The commands of ``reactive_request``: checks their arguments, applies them, answers with what changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from reactive_kernel.core.operations import Delete, Edit, Insert, Move, Operation, Refusal, Sync, Text, Unshown
from reactive_kernel.kernel.entries import edges_into, entry
from reactive_kernel.kernel.variables import variables
from reactive_kernel.protocol import Json, Refused

if TYPE_CHECKING:
    from reactive_kernel.kernel.engine import Engine

__all__ = ["answer"]

LANGUAGES = ("python", "sql")
MODES = ("auto", "lazy")


def answer(engine: Engine, command: str, arguments: Json) -> Json:
    """Carry out one command; raises `Refused`, and then nothing has changed."""
    if command not in COMMANDS:
        known = ", ".join(COMMANDS)
        raise Refused("unknown_command", f"There is no command {command!r}; the commands are {known}.")
    if not isinstance(arguments, dict):
        raise Refused("bad_arguments", f"The arguments of {command!r} must be an object, not {_kind(arguments)}.")
    handler, names = COMMANDS[command]
    for name in arguments:
        if names is not None and name not in names:
            raise Refused("unknown_argument", f"{command!r} has no argument {name!r}.")
    try:
        return handler(engine, arguments)
    except Refusal as refusal:
        raise Refused(refusal.code, str(refusal)) from None


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "a list",
        str: "a string",
        int: "a number",
        float: "a number",
        bool: "a boolean",
        type(None): "null",
    }
    return names.get(type(value), type(value).__name__)


def _get(arguments: Json, name: str, kind: type, where: str = "") -> Any:
    """An argument of the right type; raises `Refused` if it is missing or of another."""
    if name not in arguments:
        raise Refused("missing_argument", f"The argument {where + name!r} is missing.")
    value = arguments[name]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        expected = {str: "a string", int: "a whole number", bool: "a boolean", list: "a list", dict: "an object"}[kind]
        raise Refused("bad_argument", f"The argument {where + name!r} must be {expected}, not {_kind(value)}.")
    return value


def _text(arguments: Json, where: str = "") -> Text:
    cell_id = _get(arguments, "cell_id", str, where)
    if not cell_id:
        raise Refused("bad_argument", f"The argument {where + 'cell_id'!r} must not be empty.")
    source = _get(arguments, "source", str, where)
    language = arguments.get("language")
    if language is not None and language not in LANGUAGES:
        raise Refused(
            "bad_argument", f'The argument {where + "language"!r} must be "python" or "sql", not {language!r}.'
        )
    disabled = _get(arguments, "disabled", bool, where) if arguments.get("disabled") is not None else None
    return Text(cell_id, source, language, disabled)


def _texts(arguments: Json, name: str) -> list[Text]:
    texts = []
    for number, cell in enumerate(_get(arguments, name, list)):
        if not isinstance(cell, dict):
            raise Refused("bad_argument", f"The argument '{name}[{number}]' must be an object, not {_kind(cell)}.")
        texts.append(_text(cell, f"{name}[{number}]."))
    return texts


def _sync(engine: Engine, arguments: Json) -> Json:
    texts = _texts(arguments, "cells")
    if arguments.get("path") is not None:
        _get(arguments, "path", str)
    engine.session.apply(Sync(tuple(texts)))
    return _state(engine, {})


def _edit(engine: Engine, arguments: Json) -> Json:
    texts = [_text(arguments)]
    if arguments.get("more") is not None:
        texts += _texts(arguments, "more")
    unknown = [Edit(text) for text in texts if text.cell_id not in engine.session.cells]
    return _apply(engine, *(unknown or map(Edit, texts)))  # an unknown cell is refused before anything has changed


def _insert(engine: Engine, arguments: Json) -> Json:
    return _apply(engine, Insert(_text(arguments), _get(arguments, "index", int)))


def _delete(engine: Engine, arguments: Json) -> Json:
    return _apply(engine, Delete(_get(arguments, "cell_id", str)))


def _move(engine: Engine, arguments: Json) -> Json:
    return _apply(engine, Move(_get(arguments, "cell_id", str), _get(arguments, "index", int)))


def _unshown(engine: Engine, arguments: Json) -> Json:
    cell_id, count = _get(arguments, "cell_id", str), _get(arguments, "execution_count", int)
    # Of a run that is not the last one any more it says nothing: the newer run's outputs are on their way.
    last = engine.session.find(cell_id).execution_count
    return _apply(engine, *([Unshown(cell_id)] if count == last else []))


def _sending(engine: Engine, arguments: Json) -> Json:
    """What it says is for `WaitingRequests`, and noted before: here its form is looked at."""
    if arguments.get("requests") is not None:
        _get(arguments, "requests", int)
    return {}


def _apply(engine: Engine, *operations: Operation) -> Json:
    """Apply edits; the answer has the cells whose entries they changed, and the edges into them."""
    session = engine.session
    earlier, session.changed = session.changed, {}
    try:
        for operation in operations:
            session.apply(operation)
        cells = [session.cells[i] for i in session.changed if i in session.cells]
    finally:
        session.changed = {**earlier, **session.changed}
    cells.sort(key=lambda cell: cell.key)
    return {
        "revision": session.revision,
        "mode": engine.settings["mode"],
        "cells": [entry(session, cell) for cell in cells],
        "edges": edges_into(session, cells),
    }


def _state(engine: Engine, arguments: Json) -> Json:
    session = engine.session
    cells: list[Json] = [dict(entry(session, cell)) for cell in session.document]
    if "sources" in arguments and _get(arguments, "sources", bool):
        for shown, cell in zip(cells, session.document, strict=True):
            shown["source"] = cell.source
    return {
        "revision": session.revision,
        "mode": engine.settings["mode"],
        "cells": cells,
        "edges": edges_into(session, session.document),
    }


def _configure(engine: Engine, arguments: Json) -> Json:
    changes: Json = {}
    for name, value in arguments.items():
        if name == "mode":
            if value not in MODES:
                raise Refused("bad_argument", f'The argument \'mode\' must be "auto" or "lazy", not {value!r}.')
        elif name == "autoreload" and value not in ("all", "off"):
            raise Refused("bad_argument", f'The argument \'autoreload\' must be "all" or "off", not {value!r}.')
        elif name in engine.settings:
            _get(arguments, name, type(engine.settings[name]))
        else:
            raise Refused(
                "unknown_argument", f"There is no setting {name!r}; the settings are {', '.join(engine.settings)}."
            )
        changes[name] = value
    engine.settings.update(changes)
    engine.executor.max_superseded_bytes = engine.settings["max_superseded_bytes"]
    return {"settings": dict(engine.settings)}


def _connect(engine: Engine, arguments: Json) -> Json:
    from reactive_kernel.kernel.sql.connections import connect

    name, url = _get(arguments, "name", str), _get(arguments, "url", str)
    default = _get(arguments, "default", bool) if arguments.get("default") is not None else False
    try:
        made = dict(connect(name, url, default))
    except ValueError as error:
        raise Refused("bad_connection", str(error)) from None
    engine.connected(name, default)
    return made


def _schema(engine: Engine, arguments: Json) -> Json:
    from reactive_kernel.kernel.sql import browse

    path = _get(arguments, "path", list) if arguments.get("path") is not None else []
    if not all(isinstance(part, str) for part in path):
        raise Refused("bad_argument", "The argument 'path' must be a list of texts: [connection, schema, table].")
    try:
        return {"path": path, **browse.children(path, engine.namespace)}
    except ValueError as error:
        raise Refused("bad_path", str(error)) from None


def _variables(engine: Engine, arguments: Json) -> Json:
    names = _get(arguments, "names", list) if arguments.get("names") is not None else None
    if names is not None and not all(isinstance(name, str) for name in names):
        raise Refused("bad_argument", "The argument 'names' must be a list of texts.")
    return variables(engine.session, engine.executor.store, names)


def _forget(engine: Engine, arguments: Json) -> Json:
    engine.forget()
    return _state(engine, {})


Handler = Callable[["Engine", Json], Json]
COMMANDS: dict[str, tuple[Handler, tuple[str, ...] | None]] = {
    "sync": (_sync, ("cells", "path")),
    "edit": (_edit, ("cell_id", "source", "language", "disabled", "more")),
    "insert": (_insert, ("cell_id", "source", "index", "language", "disabled")),
    "delete": (_delete, ("cell_id",)),
    "move": (_move, ("cell_id", "index")),
    "unshown": (_unshown, ("cell_id", "execution_count")),
    "sending": (_sending, ("requests",)),
    "state": (_state, ("sources",)),
    "configure": (_configure, None),
    "connect": (_connect, ("name", "url", "default")),
    "schema": (_schema, ("path",)),
    "variables": (_variables, ("names",)),
    "forget": (_forget, ()),
}
