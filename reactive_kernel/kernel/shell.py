"""The IPython shell that a namespace belongs to."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

__all__ = ["shell_of"]


def shell_of(namespace: Mapping[str, Any]) -> Any:
    """The shell whose variables these are, also after ``from IPython import get_ipython``; None if there is none."""
    shell = getattr(namespace.get("get_ipython"), "__self__", None)
    if shell is not None:
        return shell
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if getattr(shell, "user_ns", None) is namespace else None
