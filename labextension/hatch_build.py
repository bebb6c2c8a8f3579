"""Build hook of the Python package: makes the prebuilt labextension when it is missing or old.

Called by hatch-jupyter-builder (see pyproject.toml) from the project's root.  Without Node, or when
told to by SKIP_LABEXTENSION=1, the package installs without the labextension and says so: kernel
and coordinator work without it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path("labextension")
TARGET = Path("reactive_kernel") / "labextension"
INPUTS = ("package.json", "tsconfig.json", "yarn.lock", "src", "schema", "style")


def build(target_name: str, version: str) -> None:
    """Build the labextension into the package unless what is there is current."""
    reason = _why_not()
    if reason:
        print(f"reactive-kernel: the JupyterLab extension is not built: {reason}.", file=sys.stderr)
        print("reactive-kernel: kernel and coordinator install without it.", file=sys.stderr)
    elif not _current():
        print("reactive-kernel: building the JupyterLab extension (minutes the first time) ...", file=sys.stderr)
        subprocess.check_call(["jlpm", "install", "--immutable"], cwd=SOURCE)
        subprocess.check_call(["jlpm", "run", "build"], cwd=SOURCE)
    TARGET.mkdir(parents=True, exist_ok=True)  # the wheel's shared data names it


def _why_not() -> str | None:
    """Why the extension can't or needn't be built here; None when it can."""
    if os.environ.get("SKIP_LABEXTENSION") == "1":
        return "SKIP_LABEXTENSION=1"
    if not (SOURCE / "package.json").exists():
        return "its sources are not in this distribution"
    for command in ("node", "jlpm"):
        if shutil.which(command) is None:
            return f"there is no `{command}` on the PATH (Node 20 or newer is needed)"
    return None


def _current() -> bool:
    """Whether the built extension is there and newer than every file it is made from."""
    built = TARGET / "package.json"
    if not built.exists():
        return False
    when = built.stat().st_mtime
    return all(path.stat().st_mtime <= when for path in _inputs())


def _inputs() -> list[Path]:
    found: list[Path] = []
    for name in INPUTS:
        path = SOURCE / name
        found.extend(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else found.append(path)
    return [path for path in found if path.exists()]
