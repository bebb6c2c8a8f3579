"""A SQL cell's run: statements one after the other, in a worker thread, as one whole or not at all.

Decides what a statement may see of Python, what becomes of its rows and when to commit.  Never knows an engine's
own ways (adapters) nor the graph; the notebook's names reach it as a plain mapping.
"""

from __future__ import annotations

import contextvars
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from reactive_kernel.core.sql_render import Rendered, render
from reactive_kernel.core.sql_statements import analyse_statement
from reactive_kernel.core.sql_text import Header, Script, Statement, parse_script, placeholder
from reactive_kernel.core.sql_walk import Unparsed, transpile
from reactive_kernel.core.sql_words import StatementFacts
from reactive_kernel.kernel.sql import catalog, values
from reactive_kernel.kernel.sql.adapters import Answer, Command, Want
from reactive_kernel.kernel.sql.connections import Connection, resolve
from reactive_kernel.kernel.sql.duckdb_engine import DuckDB
from reactive_kernel.kernel.sql.errors import SqlError, hide_passwords, interrupted
from reactive_kernel.kernel.sql.locate import located
from reactive_kernel.kernel.sql.results import Shown, convert
from reactive_kernel.kernel.sql.settings import step_of

__all__ = ["Result", "busy", "run_script"]

# One cell at a time on the connections; completion and the schema view, perhaps in other threads, stand back.
busy = threading.RLock()
_VOLATILE = frozenset({"nextval", "random", "gen_random_uuid", "uuid", "setseed"})
_SHOWN_ROWS = 20


@dataclass(frozen=True, slots=True)
class Result:
    """What one statement came to: rows to show, a value to bind, or a line that says what was done."""

    shown: Shown | None = None
    value: Any = None
    line: str | None = None


Progress = Callable[[float | None, float], None]


def run_script(
    source: str,
    namespace: MutableMapping[str, Any],
    show: Callable[[Result], None],
    *,
    keep_last: bool = False,
    managed: bool = False,
    progress: Progress | None = None,
) -> Any:
    """Run a cell; ``show`` gets each result in turn.  ``managed``: relations are bound in the namespace.

    Returns the value for ``name <<`` (or, with ``keep_last``, the last statement's rows).
    """
    script = parse_script(source)
    if script.problem:
        raise _problem(script)
    if not script.statements:
        raise SqlError("sql-syntax", "The cell has no statement.")
    with busy:
        connection = resolve(script.header.on, namespace)
        cell = _Cell(script, connection, namespace, show, keep_last, progress)
        if managed:
            catalog.sync(namespace, connection.engine if script.header.on in (None, "default") else None)
        return cell.run(namespace if managed else None)


def _problem(script: Script) -> SqlError:
    problem = script.problem
    assert problem is not None
    error = SqlError(problem.code, problem.message)  # type: ignore[arg-type]
    if problem.site:
        lines = script.source.split("\n")
        offset = sum(len(line) + 1 for line in lines[: problem.site.line - 1]) + problem.site.column
        error.at(script.source, offset)
    return error


class _Cell:
    def __init__(
        self,
        script: Script,
        connection: Connection,
        namespace: Mapping[str, Any],
        show: Callable[[Result], None],
        keep_last: bool,
        progress: Progress | None,
    ) -> None:
        self.script, self.connection, self.namespace, self.show = script, connection, namespace, show
        self.keep_last, self.progress = keep_last, progress
        self.engine = connection.engine
        self.header: Header = script.header
        self.dialect = self.header.dialect or self.engine.dialect
        self.label = None if script.header.on in (None, "default") else script.header.on
        self.notes: list[catalog.Done] = []
        self.open = False  # a BEGIN of the cell's own waits for its COMMIT
        self.inside = False  # in a transaction, or perhaps in one

    def run(self, managed: MutableMapping[str, Any] | None) -> Any:
        facts = [analyse_statement(self.script.source, s, self.dialect) for s in self.script.statements]
        kept: Any = None
        results: list[Result] = []
        with self._whole(facts):
            for at, (statement, its) in enumerate(zip(self.script.statements, facts, strict=True)):
                results.append(self._statement(statement, its, last=at == len(facts) - 1))
                kept = results[-1].value
        # Shown only now: a cell that fails has done nothing, so it has nothing to show.
        for result in results:
            self.show(result)
        for done in self.notes:
            catalog.note(done, self.engine, self.label, managed, self.header.rerun, self.connection.name)
        return kept

    @contextmanager
    def _whole(self, facts: list[StatementFacts]) -> Iterator[None]:
        """Several statements of which one writes are one transaction; the cell's own BEGIN and COMMIT are obeyed."""
        own = any(its.kind == "transaction" for its in facts)
        writes = any(its.kind in ("write", "unknown") or its.opaque for its in facts)
        wrap = not own and writes and (len(facts) > 1 or not isinstance(self.engine, DuckDB))
        try:
            self.inside = wrap or own
            if wrap:
                self._in_thread(self.engine.begin)
            yield
            if wrap:
                self._in_thread(self.engine.commit)
            if self.open:
                message = "The cell began a transaction and did not end it, so it was rolled back. Add a COMMIT."
                raise SqlError("sql-transaction", message)
        except BaseException:
            if wrap or own or self.open:
                self.engine.rollback()
            raise

    def _statement(self, statement: Statement, facts: StatementFacts, last: bool) -> Result:
        if facts.fault:
            message, offset = facts.fault
            # The engine's own word on it is better where there is one; this is for what no engine gets to see.
            if "| id" in message:
                raise SqlError("sql-template", message).at(self.script.source, offset)
        want = self._want(facts, last)
        rendered, bound = self._bind(statement)
        frames = self._frames(facts)
        words = {token.text.lower() for token in statement.tokens}
        command = Command(
            rendered.text,
            tuple(bound),
            want,
            self._limit(),
            facts.kind,
            frames,
            _byte_cap(),
            countable=not (words & _VOLATILE),
        )
        existed = catalog.existing(facts, self.engine, self.label)
        if facts.kind == "transaction":
            self.open = facts.verb in ("BEGIN", "START", "SAVEPOINT")
        try:
            answer = self._in_thread(lambda: self.engine.run(command))
        except SqlError:
            raise
        except Exception as error:
            if self.inside:
                # First: in a transaction that has failed nothing can be asked, such as which names there are.
                self.engine.rollback()
            raise self._explained(error, rendered, statement) from None
        self.notes.append(catalog.Done(facts, command.text, command.values, existed))
        if facts.session and isinstance(self.engine, DuckDB):
            step = step_of(statement, command.text, command.values, self.engine)
            self.engine.applied += (step,) if step else ()
        return self._result(answer, want, facts, frames)

    def _want(self, facts: StatementFacts, last: bool) -> Want:
        if facts.kind not in ("query", "unknown"):
            return "show"
        if last and self.header.target:
            return "table" if self.header.kind == "table" and isinstance(self.engine, DuckDB) else "rows"
        return "rows" if last and self.keep_last else "show"

    def _limit(self) -> int:
        return int(self.header.limit) if self.header.limit else int(os.environ.get("REACTIVE_SQL_LIMIT", _SHOWN_ROWS))

    # Values from Python

    def _bind(self, statement: Statement) -> tuple[Rendered, list[Any]]:
        source, bound = self.script.source, list[Any]()
        texts: list[str] = []
        for parameter in statement.parameters:
            value = values.evaluate(parameter, self.namespace, source)
            if parameter.filter == "id":
                texts.append(values.identifier(value, parameter, source))
            elif parameter.filter == "sql":
                texts.append(str(value))
                self.show(Result(line=f"`{parameter.source} | sql` is put into the statement as text, not bound."))
            else:
                items = value if parameter.alone_in and isinstance(value, list) else [value]
                marks = [self.engine.mark(len(bound) + i, parameter) for i in range(len(items))]
                bound += items
                texts.append(", ".join(marks) or "NULL")
        rendered = render(source, statement, lambda i, p: texts[i])
        if self.header.dialect and self.header.dialect != self.engine.dialect:
            rendered = self._transpiled(statement, texts)
        return rendered, bound

    def _transpiled(self, statement: Statement, texts: list[str]) -> Rendered:
        neutral = render(self.script.source, statement, lambda i, p: placeholder(i))
        try:
            text = transpile(neutral.text, self.dialect, self.engine.dialect)
        except Unparsed as error:
            message = f"This can't be said in {self.engine.dialect}: {str(error).split(chr(10))[0]}"
            raise SqlError("sql-unsupported", message).at(self.script.source, statement.start) from None
        for index, mark in enumerate(texts):
            text = text.replace(placeholder(index), mark)
        return Rendered(text, (), statement.start)

    def _frames(self, facts: StatementFacts) -> dict[str, Any]:
        """The frames of the notebook that this statement names: it sees no other variable."""
        if not self.engine.frames:
            return {}
        relations = [*facts.reads, *catalog.view_reads(facts.reads, self.namespace)]
        wanted = {r.parts[0] for r in relations if len(r.parts) == 1 and r.role == "table"}
        if facts.opaque:
            # What it reads is not known: it may be any frame.
            wanted |= {name for name in self.namespace if not name.startswith("_")}
        found: dict[str, Any] = {}
        for name in sorted(wanted):
            spelled = self._spelled(name)
            if spelled and values.frame_kind(self.namespace[spelled]):
                found[name] = self.namespace[spelled]
        return found

    def _spelled(self, name: str) -> str | None:
        """Python's names are case-sensitive, results of SQL cells (``name <<``) are not."""
        if name in self.namespace:
            return name
        return next((other for other in self.namespace if other.lower() == name.lower() and other in _results), None)

    # Running

    def _in_thread(self, work: Callable[[], Any]) -> Any:
        """Run in a worker while the main thread waits, so that SIGINT reaches it at once."""
        if not getattr(self.engine, "any_thread", True):
            return work()
        outcome: list[Any] = [None, None]
        done = threading.Event()

        def target() -> None:
            try:
                outcome[0] = work()
            except BaseException as error:
                outcome[1] = error
            finally:
                done.set()

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(target,), name="sql", daemon=True).start()
        try:
            self._wait(done)
        except KeyboardInterrupt:
            # The statement may just be about to start: cancel until it has ended.
            while not done.is_set():
                self.engine.cancel()
                done.wait(0.02)
            raise interrupted() from None
        if outcome[1] is not None:
            raise outcome[1]
        return outcome[0]

    def _wait(self, done: threading.Event) -> None:
        start = time.monotonic()
        if self.progress is None:
            done.wait()
        elif not done.wait(1.0):
            while not done.wait(0.25):
                self.progress(self.engine.progress(), time.monotonic() - start)

    def _explained(self, error: Exception, rendered: Rendered, statement: Statement) -> BaseException:
        explained = self.engine.explain(error)
        if explained is None:
            return interrupted()
        explained.message = hide_passwords(explained.message)
        explained.args = (explained.message,)
        bound = [(p, self.namespace.get(p.source)) for p in statement.parameters if p.filter == "value"]
        return located(explained, str(error), rendered, statement, self.script.source, self.namespace, bound)

    def _result(self, answer: Answer, want: Want, facts: StatementFacts, frames: Mapping[str, Any]) -> Result:
        notes = tuple(
            f"`{name}` here is the table of that name, not the frame in Python."
            for name in catalog.shadowed(facts.reads, frames, self.engine)
        )
        name = self.header.target
        if answer.kept is not None and name and isinstance(self.engine, DuckDB):
            table = self.engine.kept(name, answer.kept)
            return Result(value=table, line="\n".join((repr(table)[1:-1], *notes)))
        if want == "rows" and answer.table is not None:
            value = convert(answer.table, self.header.kind or ("pandas" if _has_pandas() else "arrow"))
            columns = answer.table.num_columns
            line = f"{name}: {answer.table.num_rows:,} rows × {columns:,} columns" if name else None
            return Result(value=value, line="\n".join(filter(None, (line, *notes))) or None)
        if answer.shown is not None:
            shown = answer.shown
            return Result(shown=Shown(shown.columns, shown.types, shown.rows, shown.total, shown.more, notes))
        if answer.changed is not None and facts.kind in ("write", "unknown"):
            return Result(line=_done(facts, answer.changed))
        return Result()


_DONE = {"INSERT": "inserted", "UPDATE": "updated", "DELETE": "deleted", "MERGE": "merged", "COPY": "copied"}


def _done(facts: StatementFacts, rows: int) -> str:
    count = f"{rows:,} row{'s' * (rows != 1)}"
    if facts.creates:
        return f"{facts.creates[0].parts[-1]}: {count}"
    return f"{count} {_DONE.get(facts.verb, 'written')}"


# Names bound by ``name <<``: other SQL cells may spell them in any case.
_results: set[str] = set()


def remember_result(name: str) -> None:
    """Note that a variable is the result of a SQL cell."""
    _results.add(name)


def _has_pandas() -> bool:
    import importlib.util

    return importlib.util.find_spec("pandas") is not None


def _byte_cap() -> int:
    return int(os.environ.get("REACTIVE_SQL_MAX_BYTES", 4 * 2**30))
