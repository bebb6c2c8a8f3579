"""Real servers and a headless Chromium for the browser tests; one of each at a time.

`serve` starts a Jupyter server in an environment of its own (configuration, data and settings of the
user's are not seen).  A failing test leaves a screenshot in artefacts/.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jupyter_core.paths import jupyter_path
from playwright.sync_api import Browser, Page, sync_playwright

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
LABEXTENSION = "reactive-kernel-labextension"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Let fixtures know whether their test failed, tried again or not."""
    report = yield
    if call.when == "call":
        item.stash[FAILED] = report.failed
    return report


@dataclass(frozen=True)
class Server:
    """A running Jupyter server: its address, its token, the folder that it serves, its log."""

    url: str
    token: str
    root: Path
    log: Path

    def page_url(self, path: str) -> str:
        """The address of a page, with the token."""
        return f"{self.url}/{path}{'&' if '?' in path else '?'}token={self.token}"


@contextmanager
def serve(
    root: Path, home: Path, *, extension: bool, collaboration: bool = False, arguments: tuple[str, ...] = ()
) -> Iterator[Server]:
    """A Jupyter server with JupyterLab and Notebook 7 over `root`; `home` takes all that it writes elsewhere.

    Args:
        root: the folder of the notebooks.
        home: an empty folder for configuration, data, settings and the log.
        extension: whether our labextension and our server extension are on.
        collaboration: whether jupyter-collaboration is on (else it is off, installed or not).
        arguments: more command-line arguments.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    _configure(home, extension, collaboration)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}", "--ServerApp.port_retries=0",
        *arguments,
    ]  # fmt: skip
    log = home / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, env=_environment(home), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            server = Server(f"http://127.0.0.1:{port}", token, root, log)
            _wait(server, process)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configure(home: Path, extension: bool, collaboration: bool) -> None:
    config = home / "config"
    (config / "labconfig").mkdir(parents=True)
    # No news from the network in tests.
    disabled = {"@jupyterlab/apputils-extension:announcements": True}
    if not collaboration:
        disabled |= dict.fromkeys(("@jupyter/collaboration-extension", "@jupyter/docprovider-extension"), True)
    quiet = {"disabledExtensions": disabled}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(quiet))
    app: dict[str, object] = {"expose_app_in_browser": True}
    if not extension:
        app["labextensions_path"] = [str(_others(home / "labextensions"))]
    servers = {"reactive_kernel.server": extension}
    servers |= dict.fromkeys(("jupyter_server_ydoc", "jupyter_server_fileid"), collaboration)
    settings = {
        "ServerApp": {"jpserver_extensions": servers},
        "LabApp": app,
        "JupyterNotebookApp": app,
    }
    (config / "jupyter_server_config.json").write_text(json.dumps(settings))


def _others(folder: Path) -> Path:
    """A folder with links to all installed labextensions but ours."""
    folder.mkdir()
    for path in jupyter_path("labextensions"):
        for found in sorted(Path(path).iterdir() if Path(path).is_dir() else ()):
            if found.name != LABEXTENSION and not (folder / found.name).exists():
                (folder / found.name).symlink_to(found)
    return folder


def _environment(home: Path) -> dict[str, str]:
    own = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return {**os.environ, **{name: str(home / folder) for name, folder in own.items()}}


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{server.url}/api/status?token={server.token}", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, server.log.read_text()
            time.sleep(0.1)
    raise AssertionError(f"the server does not answer:\n{server.log.read_text()}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        message = "no Chromium on the PATH (apt-get install chromium)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in a profile of its own; when the test fails, what it shows is kept."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    yield page
    if request.node.stash.get(FAILED, False):
        screenshot(page, f"failed-{request.node.name}")
    context.close()


def screenshot(page: Page, name: str) -> Path:
    """Keep what the page shows as artefacts/NAME.png."""
    ARTEFACTS.mkdir(exist_ok=True)
    path = ARTEFACTS / f"{name.replace('/', '-')}.png"
    page.screenshot(path=path)
    return path
