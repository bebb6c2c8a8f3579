"""The coordinator's settings as plain values (the traits in `app.py` are their home for users)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """What a coordinator may be told; see the traits of the same names for their meaning."""

    kernel_names: tuple[str, ...] = ("reactive_python",)
    edit_delay: float = 0.04
    control_timeout: float = 3.0
    start_timeout: float = 60.0
    max_message_bytes: int = 4 * 2**20
    max_pending: int = 10_000
    max_output_bytes: int = 32 * 2**20
    history_messages: int = 1_000
    history_bytes: int = 8 * 2**20
    session_poll: float = 10.0
    restart_delay: float = 1.0
    max_restart_delay: float = 60.0
    max_deaths_per_cell: int = 3
    rerun_after_death: bool = False
    stop_kernel_after: float = 0.0
