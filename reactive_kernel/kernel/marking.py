"""Stamps every message that belongs to a cell with ``metadata.reactive``.

All messages on iopub, the output thread's ``stream`` included, are made by :meth:`Session.msg`: the one place where
the mark can be set without missing any.  A message belongs to the cell whose parent header it carries.  Nothing here
knows why a cell runs.

It also tells whoever asks of messages on their way in, when ipykernel has read the head of one to see where it goes.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_client.session import Session

from reactive_kernel.protocol import Json, OutputMark

#: What fills a cell's output area: when one of these comes, a pending ``clear_output(wait=True)`` takes effect.
_SHOWN = frozenset({"stream", "display_data", "execute_result", "error"})
_MARKED = _SHOWN | {"execute_input", "update_display_data", "clear_output", "comm_open", "comm_msg", "comm_close"}


@dataclass(slots=True)
class CellOutput:
    """The output of one run of a cell, while and after it runs.

    Attributes:
        mark: ``metadata.reactive`` of its messages.
        shown: something appeared in its output area.
        before_first: called once, before the first thing appears.
    """

    mark: OutputMark
    shown: bool = False
    before_first: Callable[[], None] | None = None


class MarkingSession(Session):
    """A Session that marks what belongs to a cell.

    Attributes:
        outputs: the cells' outputs by the ``msg_id`` of their messages' parent.
        peeked: called, in the thread that reads it, with each message of which only the head is read.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.outputs: dict[str, CellOutput] = {}
        self.peeked: Callable[[Json], None] | None = None
        # Counted here because the control thread sends too, and `message_count += 1` can give two messages one id.
        self._numbers = itertools.count()
        super().__init__(**kwargs)

    @property
    def msg_id(self) -> str:
        """A new id for a message."""
        return f"{self.session}_{os.getpid()}_{next(self._numbers)}"

    def deserialize(self, msg_list: list[Any], content: bool = True, copy: bool = True) -> Json:
        """Read a message, or only its head."""
        message: Json = super().deserialize(msg_list, content, copy)
        if not content and self.peeked is not None:
            self.peeked(message)
        return message

    def msg(
        self,
        msg_type: str,
        content: Json | None = None,
        parent: Json | None = None,
        header: Json | None = None,
        metadata: Json | None = None,
    ) -> Json:
        """Make a message, marked if its parent is a cell's."""
        output = None
        if msg_type in _MARKED and parent:
            output = self.outputs.get(parent.get("msg_id") or parent.get("header", {}).get("msg_id"))
            if output is not None and not output.shown and msg_type in _SHOWN:
                output.shown = True
                if output.before_first is not None:
                    output.before_first()
        message: Json = super().msg(msg_type, content, parent, header, metadata)
        if output is not None:
            message["metadata"]["reactive"] = output.mark
        return message
