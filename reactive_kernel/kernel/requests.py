"""Decides what an ``execute_request`` asks for: a run of cells, or plain ipykernel.

Pure: reads the message, touches nothing.  What is wrong with a request is said by `protocol.Refused`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from reactive_kernel.protocol import Json, Refused, RunKind

if TYPE_CHECKING:
    from reactive_kernel.kernel.engine import RunRequest

_KINDS: tuple[str, ...] = get_args(RunKind)
_WITHOUT_CELL = ("stale", "all")


def is_plain(message: Json) -> bool:
    """Whether the request is not a cell's: silent, left out of the history, without code, or on a subshell.

    >>> is_plain({"header": {}, "metadata": {}, "content": {"code": "x", "silent": True}})
    True
    """
    content = message["content"]
    if not isinstance(content, dict) or not isinstance(message["metadata"], dict):
        return True
    if not isinstance(content.get("code"), str):
        return True
    silent = content.get("silent", False)
    if silent or not content.get("store_history", not silent) or message["header"].get("subshell_id") is not None:
        return True
    return not content["code"].strip() and not message["metadata"].get("reactive") and not cell_id_of(message)


def cell_id_of(message: Json) -> str | None:
    """The cell that the client says it runs."""
    cell_id = message["metadata"].get("cellId")
    return cell_id if isinstance(cell_id, str) and cell_id else None


def read_request(message: Json, cell_id: str | None) -> RunRequest:
    """What to run; ``cell_id`` is None for clients without cell ids."""
    from reactive_kernel.kernel.engine import RunRequest

    content = message["content"]
    asked = message["metadata"].get("reactive", {})
    if not isinstance(asked, dict):
        raise Refused("bad_metadata", f"metadata.reactive must be an object, not {_kind_of(asked)}")
    kind = asked.get("run", "cell")
    if kind not in _KINDS:
        raise Refused("bad_metadata", f"metadata.reactive.run must be one of {', '.join(_KINDS)}, not {kind!r}")
    cascade = _flag(asked, "cascade")
    disabled = _flag(asked, "disabled")
    code = content["code"]
    if kind in _WITHOUT_CELL:
        if code.strip():
            raise Refused("bad_metadata", f'metadata.reactive.run "{kind}" runs no code of its own: send empty code')
        return RunRequest(kind=kind)
    if kind == "upstream" and cell_id is None:
        raise Refused("bad_metadata", 'metadata.reactive.run "upstream" needs metadata.cellId')
    return RunRequest(
        kind=kind,
        cell_id=cell_id,
        source=code,
        cascade=cascade is not False,
        interactive=bool(content.get("allow_stdin", False)),
        disabled=disabled,
    )


def _flag(asked: Json, name: str) -> bool | None:
    value = asked.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refused("bad_metadata", f"metadata.reactive.{name} must be true or false, not {_kind_of(value)}")
    return value


def _kind_of(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", int: "a number", float: "a number"}
    return names.get(type(value), "null")
