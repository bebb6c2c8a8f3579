"""What a wheel of the package holds, built from this checkout and from a clean one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import reactive_kernel

ROOT = Path(__file__).parents[1]
LABEXTENSION = "share/jupyter/labextensions/reactive-kernel-labextension"
BUILT = ROOT / "reactive_kernel" / "labextension"
KERNELSPEC = "share/jupyter/kernels/reactive_python"


def build(source: Path, target: Path, environment: dict[str, str]) -> zipfile.ZipFile:
    """A wheel of the sources, built with the build backend of this environment."""
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(target)]
    done = subprocess.run(
        [*command, str(source)], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = target.glob("*.whl")
    return zipfile.ZipFile(wheel)


def versioned() -> set[str]:
    """The files under version control."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed: what belongs to a clean checkout can't be known")
    # The checkout may belong to another user than the tests run as.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).exists()}


def clean_checkout(target: Path) -> Path:
    """A copy without anything that was built."""
    for name in versioned():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    return target


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel of a clean checkout, built as on a machine without Node."""
    source = clean_checkout(tmp_path_factory.mktemp("checkout"))
    return build(source, tmp_path_factory.mktemp("wheel"), {"PATH": str(source / "nothing-here")})


def data(wheel: zipfile.ZipFile) -> dict[str, str]:
    """Shared data: path below the prefix -> path in the wheel."""
    return {name.partition(".data/data/")[2]: name for name in wheel.namelist() if ".data/data/" in name}


def test_the_package_is_in_it_and_nothing_else_of_the_tree(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    expected = {name for name in versioned() if name.startswith("reactive_kernel/")}
    assert "reactive_kernel/protocol.py" in expected
    assert expected <= set(names)
    assert "reactive_kernel/py.typed" in names
    tops = {name.split("/")[0] for name in names}
    assert {re.sub(r"-[\d.]+\w*\.", ".", top) for top in tops} == {
        "reactive_kernel", "reactive_kernel.data", "reactive_kernel.dist-info",
    }  # fmt: skip
    assert not [name for name in names if name.startswith("reactive_kernel/labextension/")]


def test_the_kernelspec_is_installed_with_its_logos(wheel: zipfile.ZipFile) -> None:
    files = data(wheel)
    names = {name.rpartition("/")[2] for name in files if name.startswith(KERNELSPEC)}
    assert names == {"kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"}
    spec = json.loads(wheel.read(files[f"{KERNELSPEC}/kernel.json"]))
    assert spec["argv"] == ["python", "-m", "reactive_kernel", "-f", "{connection_file}"]
    assert spec["display_name"] == "Python (reactive)"
    assert spec["language"] == "python"
    assert spec["metadata"]["debugger"] is True


def test_the_server_extension_is_enabled_by_installing(wheel: zipfile.ZipFile) -> None:
    config = json.loads(wheel.read(data(wheel)["etc/jupyter/jupyter_server_config.d/reactive_kernel.json"]))
    assert config == {"ServerApp": {"jpserver_extensions": {"reactive_kernel.server": True}}}


def test_metadata(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(wheel.read(name).decode())
    assert metadata["Version"] == reactive_kernel.__version__
    assert metadata["License-Expression"] == "BSD-3-Clause"
    lines = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    required = {re.split(r"[<>=!;\[ ]", line)[0].lower().replace("-", "_") for line in lines}
    assert {"ipykernel", "jupyter_client", "jupyterlab", "pyzmq", "traitlets", "sqlglot", "duckdb"} <= required


def test_one_version_for_kernel_and_labextension() -> None:
    package = json.loads((ROOT / "labextension" / "package.json").read_text())
    assert package["version"] == reactive_kernel.__version__
    assert LABEXTENSION.endswith(f"/{package['name']}")


@pytest.mark.skipif(not (BUILT / "package.json").exists(), reason="the labextension is not built")
def test_the_built_labextension_ships_once(tmp_path: Path) -> None:
    source = clean_checkout(tmp_path / "checkout")
    shutil.copytree(BUILT, source / BUILT.relative_to(ROOT), dirs_exist_ok=True)
    built = build(source, tmp_path / "wheel", {"SKIP_LABEXTENSION": "1"})
    files = data(built)
    assert f"{LABEXTENSION}/package.json" in files
    assert f"{LABEXTENSION}/install.json" in files
    assert [name for name in files if name.startswith(f"{LABEXTENSION}/static/remoteEntry.")]
    assert not [name for name in built.namelist() if name.startswith("reactive_kernel/labextension/")]
