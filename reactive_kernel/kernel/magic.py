"""The ``%reactive`` line magic, and ``%%sql`` that loads its machinery when first used.

Words in, the engine's words out; no knowledge of graph or values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand

from reactive_kernel.protocol import Mode, Refused

if TYPE_CHECKING:
    from reactive_kernel.kernel.kernel import ReactiveKernel

_MODES: tuple[str, ...] = get_args(Mode)
_COMMANDS = ("status", "graph", "mode", "run", "why")
_USAGE = """\
%reactive status             what is fresh, stale, blocked or failed
%reactive graph              which cell needs which
%reactive mode auto|lazy     auto: dependents run at once; lazy: they are only marked stale
%reactive run stale          after this cell, run every stale cell
%reactive why CELL or NAME   why a cell (its number or id), or the cell that makes a name,
                             is stale, blocked or about to run\
"""


@magics_class
class ReactiveMagics(Magics):
    """``%reactive``: ask and steer the reactive kernel."""

    def __init__(self, shell: Any, kernel: ReactiveKernel) -> None:
        super().__init__(shell)
        self._kernel = kernel

    @line_magic
    def reactive(self, line: str) -> None:
        """Ask and steer the reactive kernel.

        %reactive status             what is fresh, stale, blocked or failed
        %reactive graph              which cell needs which
        %reactive mode auto|lazy     auto: dependents run at once; lazy: they are only marked stale
        %reactive run stale          after this cell, run every stale cell
        %reactive why CELL or NAME   why a cell (its number or id), or the cell that makes a name,
                                     is stale, blocked or about to run
        """
        command, _, rest = line.strip().partition(" ")
        answer = {
            "": self._usage,
            "status": self._status,
            "graph": self._graph,
            "mode": self._mode,
            "run": self._run,
            "why": self._why,
        }.get(command)
        if answer is None:
            raise UsageError(f"%reactive knows no {command!r}. Use:\n{_USAGE}")
        text = answer(rest.strip())
        if text:
            print(text)

    def _usage(self, _rest: str) -> str:
        return _USAGE

    def _status(self, rest: str) -> str:
        _expect_nothing("status", rest)
        return self._kernel.engine.status_text()

    def _graph(self, rest: str) -> str:
        _expect_nothing("graph", rest)
        return self._kernel.engine.graph_text()

    def _mode(self, rest: str) -> str:
        if rest not in _MODES:
            raise UsageError(f"%reactive mode takes auto or lazy, not {rest!r}")
        self._kernel.engine.command("configure", {"mode": rest})
        return f"mode: {rest}"

    def _run(self, rest: str) -> str:
        if rest != "stale":
            raise UsageError(f"%reactive run takes stale, not {rest!r}")
        self._kernel.run_stale_after_this()
        return ""

    def _why(self, rest: str) -> str:
        if not rest:
            raise UsageError("%reactive why takes a cell (its number or id) or a name")
        try:
            return self._kernel.engine.why_text(rest)
        except Refused as refused:
            raise UsageError(str(refused)) from None


def register_magics(shell: Any, kernel: ReactiveKernel) -> None:
    """Give the shell ``%reactive``, its completion, and ``%sql``/``%%sql``."""
    shell.register_magics(ReactiveMagics(shell, kernel))
    shell.set_hook("complete_command", _complete, re_key=r"%?reactive\b")

    # IPython would put the values of {name} and $name into the text; SQL cells bind them.
    @no_var_expand
    def sql(line: str, cell: str | None = None) -> Any:
        """Run SQL: the cell's result is a frame (needs the SQL part of the kernel, loaded now)."""
        return _load_sql(shell, kernel, sql)(line, cell)

    shell.register_magic_function(sql, magic_kind="line_cell", magic_name="sql")


def _load_sql(shell: Any, kernel: ReactiveKernel, stub: Callable[..., Any]) -> Callable[..., Any]:
    from reactive_kernel.kernel import sql

    sql.register(shell, kernel.engine)
    loaded: Callable[..., Any] = shell.find_cell_magic("sql")
    if loaded is stub:
        raise UsageError("SQL cells are not available: the SQL part of the kernel registered no %%sql")
    return loaded


def _complete(_shell: Any, event: Any) -> list[str]:
    words = event.line.split()
    if event.line.endswith(" "):
        words.append("")
    following = {"mode": list(_MODES), "run": ["stale"]}
    return list(_COMMANDS) if len(words) == 2 else following.get(words[1], []) if len(words) == 3 else []


def _expect_nothing(command: str, rest: str) -> None:
    if rest:
        raise UsageError(f"%reactive {command} takes nothing more, not {rest!r}")
