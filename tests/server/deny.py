"""A deployment's authorizer for the tests: what it lets a user do stands in an environment variable."""

from __future__ import annotations

import os

from jupyter_server.auth import Authorizer


class Deny(Authorizer):
    """Allows the listed actions on the listed resource and no others."""

    def is_authorized(self, handler, user, action, resource) -> bool:
        return f"{action}:{resource}" in os.environ["ALLOWED"].split()
