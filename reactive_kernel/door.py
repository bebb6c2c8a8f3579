"""The coordinator's door: which messages of its clients are well formed, and the JSON Schema of all messages.

Decides what a well-formed message is, and nothing else: it knows no notebook, no kernel and no socket.
Both the schema (`schema`) and the check of what clients send (`parse`) are made from the types in `messages`.
"""

from __future__ import annotations

import json
from typing import Any, get_args, get_type_hints

from reactive_kernel.messages import CLIENT_MESSAGES, SERVER_MESSAGES
from reactive_kernel.protocol import Json
from reactive_kernel.shapes import define, misfit, reference


def message_type(shape: Any) -> str:
    """The value of a message's `type`."""
    return str(get_args(get_type_hints(shape)["type"])[0])


class Malformed(Exception):
    """A client's message that is no message of the door; `str()` says why, `request` shows what came."""

    def __init__(self, message: str, request: Any) -> None:
        super().__init__(message)
        self.request = request


SHOWN = 200
"""Characters of a refused message that are shown back."""


def shown(request: Any) -> Any:
    """A refused message as its error may show it: whole if short, else its beginning; never a credential."""
    if isinstance(request, dict):
        request = {key: "…" if key == "connectionString" else value for key, value in request.items()}
        text = json.dumps(request, ensure_ascii=False)
        return (
            request
            if len(text) <= SHOWN
            else {k: v for k, v in request.items() if k in ("type", "cellId", "requestId")}
        )
    text = request if isinstance(request, str) else json.dumps(request)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def parse(text: str | bytes) -> Json:
    """Read one message of a client; raises `Malformed`."""
    if isinstance(text, bytes):
        raise Malformed("The message is binary; messages are JSON text.", f"{len(text)} bytes")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("The message is not JSON.", shown(text)) from None
    if not isinstance(message, dict):
        raise Malformed("The message is not a JSON object.", shown(message))
    if "\\ud" in text.lower() and not _encodable(message):
        raise Malformed("The message has half of a surrogate pair, which is no text.", None)
    kind = message.get("type")
    shape = _CLIENT_SHAPES.get(kind) if isinstance(kind, str) else None
    if shape is None:
        known = ", ".join(_CLIENT_SHAPES)
        raise Malformed(f"There is no message of type {str(kind)[:50]!r}; there are: {known}.", shown(message))
    wrong = misfit(message, shape)
    if wrong:
        raise Malformed(f"{kind}: {wrong}.", shown(message))
    return message


def _encodable(message: Json) -> bool:
    try:
        json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


_CLIENT_SHAPES = {message_type(shape): shape for shape in CLIENT_MESSAGES}


def schema() -> Json:
    """JSON Schema of every message: `$defs` by the name of the type, `client` and `server` as unions."""
    definitions: Json = {}
    for shape in CLIENT_MESSAGES + SERVER_MESSAGES:
        define(shape, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "reactive-kernel-door",
        "$defs": {
            **definitions,
            "client": {"oneOf": [reference(shape) for shape in CLIENT_MESSAGES]},
            "server": {"oneOf": [reference(shape) for shape in SERVER_MESSAGES]},
        },
    }
