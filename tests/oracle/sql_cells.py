"""Random notebooks of SQL and Python cells: creates, inserts, views, macros, frames, parameters, settings.

Few names, so that they meet: tables t and u (and one that is also a frame's name), views v and w, results r and k,
the numbers, lists and frames of the Python fragments.
"""

from __future__ import annotations

from random import Random

from .example import Example
from .execute import execute, hidden_state_kept
from .grammar import Grammar

THEMES = ("df", "list", "num")
_SHARE = 0.6  # of the cells are SQL
_START = (
    "import pandas as pd\ndf = pd.DataFrame({'x': [3, 1, 2], 'g': ['p', 'q', 'p']})",
    "a = 2",
    "%%sql\nCREATE TABLE t AS SELECT x FROM df",
)
_FORMS = (
    # (how often, text); {T} a table, {V} a view, {Q} anything to read, {P} a parameter, {I} a number
    (5, "CREATE TABLE {T} AS SELECT x + {I} AS x FROM {Q}"),
    (3, "CREATE TABLE {T} AS SELECT {P} AS x"),
    (3, "CREATE TABLE {T} (x INTEGER)"),
    (3, "CREATE OR REPLACE TABLE {T} AS SELECT x * 2 AS x FROM {Q}"),
    (2, "CREATE TABLE IF NOT EXISTS {T} AS SELECT {I} AS x"),
    (5, "INSERT INTO {T} VALUES ({P})"),
    (4, "INSERT INTO {T} SELECT x + {I} FROM {Q}"),
    (3, "UPDATE {T} SET x = x + {P}"),
    (3, "DELETE FROM {T} WHERE x > {P}"),
    (1, "ALTER TABLE {T} ADD COLUMN y INTEGER DEFAULT {I}"),
    (1, "ALTER TABLE {T} RENAME TO {T}"),
    (2, "DROP TABLE {T}"),
    (1, "DROP TABLE IF EXISTS {T}"),
    (2, "DROP TABLE IF EXISTS {T}; CREATE TABLE {T} AS SELECT {I} AS x"),
    (2, "CREATE TABLE IF NOT EXISTS {T} (x INTEGER); INSERT INTO {T} VALUES ({P}); SELECT count(*) AS n FROM {T}"),
    (3, "CREATE VIEW {V} AS SELECT x + {I} AS x FROM {Q}"),
    (3, "CREATE OR REPLACE VIEW {V} AS SELECT x FROM {Q} WHERE x > {I}"),
    (1, "DROP VIEW IF EXISTS {V}"),
    (2, "CREATE OR REPLACE MACRO f(q) AS q + {I}"),
    (2, "SELECT f(x) AS x FROM {Q} ORDER BY ALL"),
    (1, "CREATE OR REPLACE MACRO f(q) AS q + (SELECT count(*) FROM {T})"),
    (2, "SET VARIABLE z = {P}"),
    (2, "SELECT getvariable('z') AS z"),
    (1, "SET default_order = 'DESC'"),
    (1, "RESET default_order"),
    (4, "SELECT x FROM {Q} WHERE x > {P} ORDER BY ALL"),
    (3, "SELECT x FROM {Q} WHERE x IN ({{xs}}) ORDER BY ALL"),
    (3, "SELECT a.x, b.x AS y FROM {Q} AS a JOIN {Q} AS b USING (x) ORDER BY ALL"),
    (3, "WITH t AS (SELECT x FROM {Q}) SELECT count(*) AS n FROM t"),
    (6, "SELECT count(*) AS n, sum(x)::BIGINT AS s FROM {Q}"),
    (2, "FROM {Q} ORDER BY ALL"),
)
_KEEPING = (
    "%%sql r <<\nSELECT x FROM {Q} ORDER BY ALL",
    "%%sql r <<\nSELECT x + {P} AS x FROM {Q} ORDER BY ALL",
    "%%sql df <<\nSELECT x, 'p' AS g FROM {Q} ORDER BY ALL",
    "%%sql k << --as table\nSELECT x + {I} AS x FROM {Q} ORDER BY ALL",
)
_PYTHON = (
    "print(r.x.tolist())",
    "a = len(r)",
    "b = int(r.x.sum())",
    "df = r",
    "print(len(k), sorted(k.df().x.tolist()))",
    "m = k",
)


class SqlGrammar(Grammar):
    """Writes the cells of a notebook, most of them SQL."""

    def __init__(self, random: Random) -> None:
        super().__init__(random, THEMES)
        self.bound = {"df": ["df"], "num": ["a"]}

    def draft(self) -> str:
        """Return a cell, whether it can run or not."""
        dice = self.random.random()
        if dice < 0.08:
            return self.random.choice(_PYTHON)
        if dice < 0.2:
            return self._filled(self.random.choice(_KEEPING))
        if dice < 0.2 + _SHARE:
            text = self.random.choices([form for _, form in _FORMS], [weight for weight, _ in _FORMS])[0]
            return "%%sql\n" + self._filled(text)
        return super().draft()

    def _filled(self, text: str) -> str:
        choice = self.random.choice
        text = text.replace("{{xs}}", "\0")
        while (at := text.find("{")) >= 0:
            hole = text[at + 1]
            name = {
                "T": lambda: choice(("t", "t", "t", "u", "u", "T", "sub")),
                "V": lambda: choice(("v", "v", "w")),
                "Q": lambda: choice(("t", "t", "u", "U", "v", "v", "w", "df", "df", "sub", "r", "k")),
                "P": lambda: choice(("\1a}", "\1b}", "$a", "\1\1 a + 1 }}", "3")),
                "I": lambda: str(self.random.randint(0, 9)),
            }[hole]()
            text = f"{text[:at]}{name}{text[at + 3 :]}"
        return text.replace("\0", "{xs}").replace("\1", "{")


def sql_example(random: Random, operations: int = 12) -> Example:
    """Return a random session with SQL cells."""
    grammar = SqlGrammar(random)
    with hidden_state_kept():
        for source in _START:
            execute(source, grammar.namespace)
        cells = (*_START, *(grammar.cell() for _ in range(random.randint(6, 10))))
        ops = tuple(grammar.op() for _ in range(operations))
    every = 1 if random.random() < 0.8 else random.choice((2, 3, operations))
    return Example(cells, ops, random.random() < 0.75, every, "sql")


def sql_from_seed(seed: int, number: int) -> Example:
    """Return SQL session ``number`` of the run with ``seed``."""
    return sql_example(Random(f"sql/{seed}/{number}"))
