"""The jupyter_server extension: its settings as traits, its routes, its start and its end."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Float, Integer, List, Unicode

from reactive_kernel.server.handlers import routes
from reactive_kernel.server.keeper import Keeper
from reactive_kernel.server.settings import Settings

DEFAULTS = Settings()


class ReactiveKernelApp(ExtensionApp):
    """Coordinates notebooks, their clients and their reactive kernels."""

    name = "reactive_kernel"
    extension_url = "/reactive-kernel/notebooks"
    load_other_extensions = True

    kernel_names = List(
        Unicode(),
        default_value=list(DEFAULTS.kernel_names),
        config=True,
        help="Kernels that are reactive, beside those whose kernelspec starts `reactive_kernel`.",
    )
    edit_delay = Float(
        DEFAULTS.edit_delay,
        config=True,
        help="Seconds for which edits are gathered and then told together, after some were told.",
    )
    control_timeout = Float(
        DEFAULTS.control_timeout,
        config=True,
        help="Seconds after which a kernel that does not answer is called unresponsive; edits go on without it.",
    )
    start_timeout = Float(
        DEFAULTS.start_timeout, config=True, help="Seconds that a kernel may take to answer for the first time."
    )
    max_message_bytes = Integer(DEFAULTS.max_message_bytes, config=True, help="The longest message of a client.")
    max_pending = Integer(
        DEFAULTS.max_pending, config=True, help="Requests of one notebook that may wait; more are refused."
    )
    max_output_bytes = Integer(
        DEFAULTS.max_output_bytes,
        config=True,
        help="About how much output of one notebook is kept; beyond it the oldest text of streams is cut, with a mark.",
    )
    history_messages = Integer(
        DEFAULTS.history_messages, config=True, help="Messages kept for clients that reconnect with `?since=`."
    )
    history_bytes = Integer(DEFAULTS.history_bytes, config=True, help="The same, in bytes.")
    session_poll = Float(
        DEFAULTS.session_poll,
        config=True,
        help="Seconds between looks at the server's sessions; its events cause further looks at once.",
    )
    restart_delay = Float(
        DEFAULTS.restart_delay,
        config=True,
        help="Seconds before a kernel that died for the second time in a row is started again; doubled each time.",
    )
    max_restart_delay = Float(DEFAULTS.max_restart_delay, config=True, help="The longest such pause.")
    max_deaths_per_cell = Integer(
        DEFAULTS.max_deaths_per_cell,
        config=True,
        help="A cell during which the kernel died so often is blocked until it is edited; 0: never.",
    )
    rerun_after_death = Bool(
        DEFAULTS.rerun_after_death,
        config=True,
        help="After a kernel died and was started again, run what had been fresh, without the cell that killed it.",
    )
    stop_kernel_after = Float(
        DEFAULTS.stop_kernel_after,
        config=True,
        help="Seconds after the last client left at which an idle kernel is stopped; 0: as jupyter_server does.",
    )

    keeper: Keeper | None = None

    def plain_settings(self) -> Settings:
        """The traits' values."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(Settings)}
        return Settings(**{**values, "kernel_names": tuple(self.kernel_names)})

    def initialize_handlers(self) -> None:
        """Add the door's routes."""
        self.keeper = Keeper(self.serverapp, self.plain_settings(), self.log)
        self.handlers.extend(routes(self.keeper))

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        if self.keeper:
            self.keeper.start()

    async def stop_extension(self) -> None:
        """Close what is open; the server itself stops its kernels."""
        if self.keeper:
            await self.keeper.stop()
