"""A real PostgreSQL server for the tests: started on loopback by a user that is not root, gone with the session."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "s3cr3t/pass@word"


def available() -> bool:
    """Whether Debian's package (or another) is installed."""
    return _bin() is not None


def _bin() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server() -> Iterator[str]:
    """Run a server; yields the URL of its database, password included."""
    binaries = _bin()
    assert binaries is not None
    # initdb refuses to run as root: as in CI's containers, "nobody" does it then.
    user = "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="rk-postgres-", dir="/tmp") as folder:
        home = Path(folder)
        secret = home / "password"
        secret.write_text(PASSWORD)
        if user:
            for path in (home, secret):
                os.chown(path, pwd.getpwnam(user).pw_uid, -1)
        data, port = home / "data", _free_port()

        def run(*command: str) -> None:
            subprocess.run(command, check=True, user=user, cwd=home, capture_output=True, timeout=60)

        run(str(binaries / "initdb"), "-D", str(data), "-U", "me", "-A", "scram-sha-256", "--pwfile", str(secret))
        options = f"-p {port} -h 127.0.0.1 -k {home} -c fsync=off"
        run(str(binaries / "pg_ctl"), "-D", str(data), "-o", options, "-w", "-l", str(home / "log"), "start")
        try:
            quoted = PASSWORD.replace("/", "%2F").replace("@", "%40")
            yield f"postgresql://me:{quoted}@127.0.0.1:{port}/postgres"
        finally:
            run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
