"""The magics `%%sql` and `%sql`: IPython's side of a SQL cell.

Decides how results are displayed and bound.  Never runs a statement itself (running.py).
"""

from __future__ import annotations

import dis
import sys
from types import FrameType
from typing import Any

from reactive_kernel.core.sql_text import Header, parse_script
from reactive_kernel.kernel.sql import catalog, connections, prepare
from reactive_kernel.kernel.sql.errors import SqlError
from reactive_kernel.kernel.sql.running import Result, remember_result, run_script

__all__ = ["register"]


def register(shell: Any, managed: bool = False) -> None:
    """Replace the stubs of `%%sql` and `%sql`."""
    from IPython.core.magic import no_var_expand

    prepare()
    connections.configure(dict(shell.config.get("Sql", {}).get("connections", {})))

    # IPython would put the values of {name} and $name into the text; here they are bound.
    @no_var_expand
    def sql(line: str, cell: str | None = None) -> Any:
        """Run SQL: see docs/sql.md."""
        if cell is None:
            return _line(shell, line, managed)
        # `--` alone: the kernel's own line above a cell that is SQL by its language, which has no such line.
        return _run(shell, cell if line.strip() == "--" else f"%%sql {line}\n{cell}", False, managed)

    shell.register_magic_function(sql, "line_cell", "sql")
    shell.events.register("pre_run_cell", _before_cell)


def _before_cell(info: Any) -> None:
    catalog.start_run()


def _line(shell: Any, line: str, managed: bool) -> Any:
    return _run(shell, f"%sql {line}", _is_value_used(sys._getframe(1)), managed)


def _run(shell: Any, source: str, keep_last: bool, managed: bool) -> Any:
    script = parse_script(source)
    if script.header.command:
        return _command(script.header, shell, managed)
    display = _Display(shell)
    namespace = shell.user_ns
    options: dict[str, Any] = {"keep_last": keep_last, "managed": managed, "progress": display.progress}
    try:
        value = run_script(source, namespace, display.show, **options)
    finally:
        display.end()
    if managed:
        _hide(shell)
    if script.header.target:
        namespace[script.header.target] = value
        remember_result(script.header.target)
        return None
    return value if keep_last else None


def _hide(shell: Any) -> None:
    """Keep pseudo-names from listings such as %whos."""
    shell.user_ns_hidden.update({name: None for name in shell.user_ns if name.startswith(("sql:", "<sql:"))})


def _command(header: Header, shell: Any, managed: bool) -> None:
    namespace = shell.user_ns
    words = [word for word in header.words if not word.startswith("--")]
    if header.command == "connections":
        for name, dialect in connections.names(namespace):
            print(f"{name}  {dialect}")
        return
    if header.command == "close":
        if len(words) != 1 or not connections.close(words[0], namespace if managed else None):
            raise SqlError("sql-connection", f"There is no open connection `{' '.join(words)}`.")
        return
    if len(words) != 2:
        raise SqlError("sql-connection", "Write %sql --connect NAME URL, with --default for cells that name none.")
    try:
        default = "--default" in header.words
        if managed:
            made = connections.connect_here(words[0], words[1], default, namespace)
            _hide(shell)
        else:
            made = connections.connect(words[0], words[1], default)
    except ValueError as error:
        raise SqlError("sql-connection", str(error)) from None
    print(f"connected: {made['name']} ({made['dialect']})")


def _is_value_used(frame: FrameType | None) -> bool:
    """Whether the cell does something with the value of its ``%sql`` call, other than dropping or displaying it.

    A query that is only displayed fetches only the rows shown.
    """
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    if frame is None:
        return True
    after = [i for i in dis.get_instructions(frame.f_code) if i.offset > frame.f_lasti and i.opname != "CACHE"]
    return bool(after) and after[0].opname not in ("POP_TOP", "PRINT_EXPR", "CALL_INTRINSIC_1")


class _Display:
    """Shows results in turn; a progress line, once there, becomes the next result."""

    def __init__(self, shell: Any) -> None:
        self.interactive = hasattr(shell, "kernel")
        self.handle: Any = None

    def show(self, result: Result) -> None:
        from IPython.display import display

        if self.handle is not None:
            self.handle.update(_bundle(result), raw=True)
            self.handle = None
        elif result.shown or result.line:
            display(_bundle(result), raw=True)

    def end(self) -> None:
        """A progress line of a cell that came to nothing says so."""
        if self.handle is not None:
            self.handle.update({"text/plain": "stopped"}, raw=True)
            self.handle = None

    def progress(self, done: float | None, seconds: float) -> None:
        from IPython.display import display

        if not self.interactive:
            return
        share = f"{done:.0%}, " if done is not None else ""
        bundle = {"text/plain": f"running: {share}{seconds:.0f} s"}
        if self.handle is None:
            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)


def _bundle(result: Result) -> dict[str, Any]:
    if result.shown:
        return result.shown._repr_mimebundle_()
    return {"text/plain": result.line or ""}
