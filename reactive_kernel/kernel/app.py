"""The process: ipykernel's application with the reactive kernel and its Session in it."""

from __future__ import annotations

import gc
from typing import Any

from ipykernel.kernelapp import IPKernelApp
from traitlets import Type, default

from reactive_kernel.kernel.kernel import ReactiveKernel
from reactive_kernel.kernel.marking import MarkingSession


class ReactiveKernelApp(IPKernelApp):
    """Starts a ReactiveKernel from a connection file; reads the same configuration files as ipykernel."""

    classes = [ReactiveKernel, MarkingSession, *IPKernelApp.classes]  # noqa: RUF012 (traitlets')
    kernel_class: Any = Type(
        ReactiveKernel, klass="ipykernel.kernelbase.Kernel", help="The Kernel subclass to be used."
    ).tag(config=True)

    @default("session")
    def _default_session(self) -> MarkingSession:
        return MarkingSession(parent=self)

    def start(self) -> None:
        """Serve requests until the kernel is shut down."""
        gc.enable()  # `python -m reactive_kernel` imports without it
        super().start()


def main(**kwargs: Any) -> None:
    """Run a kernel until it is shut down."""
    ReactiveKernelApp.launch_instance(**kwargs)
