"""The coordinator: a jupyter_server extension between front ends and reactive kernels.

It keeps no graph, analyses no code and executes nothing.  `app` holds the settings, `handlers` the routes,
`keeper` turns sessions into coordinators, `coordinator` orders what clients ask, `notebook` is the pure
state, `life` follows the kernel, `link` carries the messages.  Importing this imports nothing else.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from reactive_kernel.server.app import ReactiveKernelApp

    return [{"module": "reactive_kernel.server", "app": ReactiveKernelApp}]
