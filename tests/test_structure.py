"""The invariants of docs/architecture.md that the text of the code shows: who imports whom, sizes, purity."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "reactive_kernel"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "labextension" not in path.parts)
CORE = [path for path in MODULES if path.is_relative_to(PACKAGE / "core")]
SHELLS = ("kernel", "server", "batch")

# Clocks, id generators, environment, logs, threads and the outside world: they come into core inside operations.
IMPURE = set(
    "asyncio concurrent datetime io logging multiprocessing os pathlib random secrets select shutil signal socket "
    "sqlite3 subprocess tempfile threading time urllib uuid weakref".split()
)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    """Absolute names of all that a module imports, wherever in it, for type checking only or not."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join(filter(None, [*package.split(".")[: len(package.split(".")) - node.level + 1], base]))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def test_the_walk_sees_imports(tmp_path: Path) -> None:
    sample = PACKAGE / "core" / "facts.py"
    assert "dataclasses.dataclass" in set(imports(sample))
    assert len(CORE) >= 5


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_core_imports_the_standard_library_only(path: Path) -> None:
    allowed = set(sys.stdlib_module_names)
    if path.stem.startswith("sql") or "sql" in path.relative_to(PACKAGE / "core").parts[:-1]:
        allowed.add("sqlglot")
    for name in imports(path):
        top = name.partition(".")[0]
        assert top in allowed or name.startswith("reactive_kernel.core"), f"{relative(path)} imports {name}"


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_core_is_pure(path: Path) -> None:
    tops = {name.partition(".")[0] for name in imports(path)}
    assert not tops & IMPURE
    for node in ast.walk(ast.parse(path.read_text())):
        assert not isinstance(node, ast.Await | ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input", "exec", "eval"}, f"line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_shells_do_not_import_each_other(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0]
    for name in imports(path):
        parts = name.split(".")
        if own in SHELLS and parts[0] == "reactive_kernel" and len(parts) > 1:
            assert parts[1] == own or parts[1] not in SHELLS, f"{relative(path)} imports {name}"


@pytest.mark.parametrize("path", [p for p in MODULES if p.is_relative_to(PACKAGE / "server")], ids=relative)
def test_the_coordinator_keeps_no_graph_and_runs_nothing(path: Path) -> None:
    for name in imports(path):
        assert not name.startswith("reactive_kernel.core"), name
        assert name.partition(".")[0] not in {"ast", "duckdb", "ipykernel", "IPython", "sqlglot", "symtable"}, name


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text()
    lines = text.count("\n")
    assert lines <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 60, f"{node.name} at line {node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert path.read_text() == "" or ast.get_docstring(ast.parse(path.read_text()))


def modules_after(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after a statement, beyond those it starts with."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_imports_nothing_else() -> None:
    assert modules_after("import reactive_kernel") == {"reactive_kernel"}


def test_the_kernel_starts_without_heavy_libraries() -> None:
    loaded = modules_after("import reactive_kernel.kernel.app")
    assert "reactive_kernel.kernel.app" in loaded
    assert not loaded & {"sqlglot", "duckdb", "pandas", "numpy", "pyarrow", "polars", "jupyterlab", "jupyter_server"}
