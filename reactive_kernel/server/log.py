"""Log lines that say what happened to which notebook, as `key=value`; never a cell's text, never a credential."""

from __future__ import annotations

import json
import logging
from typing import Any


def note(log: logging.Logger, event: str, notebook: str, level: int = logging.INFO, **facts: Any) -> None:
    """Log one event."""
    pairs = {"event": event, "notebook": notebook, **facts}
    log.log(level, "reactive_kernel %s", " ".join(f"{key}={json.dumps(value)}" for key, value in pairs.items()))
