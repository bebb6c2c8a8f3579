"""The kernelspec says that the kernel can encrypt its connections, as ipykernel's does; here it does."""

from __future__ import annotations

from jupyter_client.manager import KernelManager


def test_the_kernel_runs_over_encrypted_connections() -> None:
    manager = KernelManager(kernel_name="reactive_python", transport_encryption="required")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        assert client.curve_publickey
        reply = client.execute_interactive("1 + 1", timeout=60, output_hook=lambda message: None)
        assert reply["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
