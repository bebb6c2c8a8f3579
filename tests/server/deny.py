"""A deployment's authorizer for the tests: what it lets a user do stands in a file."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_server.auth import Authorizer


class Deny(Authorizer):
    """Allows the listed actions on the listed resource and no others."""

    def is_authorized(self, handler, user, action, resource) -> bool:
        return f"{action}:{resource}" in Path(os.environ["ALLOWED"]).read_text().split()
