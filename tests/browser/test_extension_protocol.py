"""The TypeScript types of the wire are those of reactive_kernel/protocol.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_generated_types_are_current() -> None:
    command = [sys.executable, str(ROOT / "labextension" / "generate_protocol.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
