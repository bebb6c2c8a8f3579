"""Random SQL from a small grammar of DuckDB's dialect: the same seed always gives the same statements.

The grammar is about names: where relations can stand, what hides them, how they can be written.
"""

from __future__ import annotations

import random

__all__ = ["Grammar"]

_TABLES = [
    "a",
    "b",
    "c",
    "users",
    "Orders",
    '"My Table"',
    "s.t",
    "main.b",
    '"S"."T"',
    "db.s.t",
    "x1",
    "values_",
    "cte1",
]
_COLUMNS = ["x", "y", "id", "name", '"odd col"', "users", "t.x", "cte1"]
_TABLE_FUNCTIONS = ["range(10)", "unnest([1, 2])", "read_csv('f.csv')", "my_macro(3)", "generate_series(1, 2)"]
_FUNCTIONS = ["abs", "lower", "coalesce", "my_macro", "list_value", "concat"]


class Grammar:
    """Makes statements of bounded depth."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.depth = 0
        self.ctes: list[str] = []

    def pick(self, *choices: str) -> str:
        return self.random.choice(choices)

    def maybe(self, text: str, chance: float = 0.3) -> str:
        return text if self.random.random() < chance else ""

    def many(self, make: str, most: int = 3, joiner: str = ", ") -> str:
        return joiner.join(str(getattr(self, make)()) for _ in range(self.random.randint(1, most)))

    def statement(self) -> str:
        """One statement that DuckDB can serialize."""
        self.depth = 0
        kind = self.random.random()
        if kind < 0.1:
            return f"WITH changed AS ({self.change()}) SELECT * FROM changed"
        if kind < 0.14:
            return self.pick("DESCRIBE ", "SUMMARIZE ") + self.pick(self.table_name(), self.select())
        return self.query()

    def change(self) -> str:
        target = self.table_name()
        back = self.maybe(" RETURNING *")
        kind = self.random.randrange(3)
        if kind == 0:
            source = self.pick("VALUES (1, 2)", self.query(), "DEFAULT VALUES", f"SELECT * FROM {self.source()}")
            columns = self.maybe(" (x, y)") if not source.startswith("DEFAULT") else ""
            return f"INSERT INTO {target}{columns} {source}{back}"
        if kind == 1:
            source = self.maybe(f" FROM {self.source()}")
            return f"UPDATE {target} SET x = {self.expression()}{source} WHERE {self.condition()}{back}"
        using = self.maybe(f" USING {self.source()}")
        return f"DELETE FROM {target}{using} WHERE {self.condition()}{back}"

    def query(self) -> str:
        self.depth += 1
        depth_of_names = len(self.ctes)
        with_ = self.with_() if self.depth < 4 and self.random.random() < 0.3 else ""
        body = self.select()
        if self.depth < 4 and self.random.random() < 0.25:
            operator = self.pick("UNION", "UNION ALL", "EXCEPT", "INTERSECT", "UNION BY NAME", "UNION ALL BY NAME")
            body = f"{body} {operator} {self.pick(self.select(), f'({self.query()})')}"
        order = self.maybe(f" ORDER BY {self.column()} {self.pick('', 'DESC', 'NULLS LAST')}", 0.2)
        limit = self.maybe(f" LIMIT {self.pick('10', '5 OFFSET 2', '(SELECT 1)')}", 0.2)
        self.depth -= 1
        del self.ctes[depth_of_names:]
        return f"{with_}{body}{order}{limit}"

    def with_(self) -> str:
        names = []
        recursive = self.random.random() < 0.25
        for _ in range(self.random.randint(1, 3)):
            name = self.pick("cte1", "cte2", "CTE3", "users", '"my cte"', "b")
            if any(name.strip('"').lower() == other.strip('"').lower() for other, _ in names):
                continue
            inner = self.query()
            if recursive and self.random.random() < 0.6:
                inner = f"SELECT 1 AS x UNION ALL SELECT x + 1 FROM {name} WHERE x < 5"
            names.append((name, f"{name}{self.maybe(' (x)', 0.1)} AS {self.maybe('MATERIALIZED ', 0.1)}({inner})"))
            self.ctes.append(name)
        return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(text for _, text in names)} "

    def select(self) -> str:
        self.depth += 1
        where = self.maybe(f" WHERE {self.condition()}", 0.4)
        group = self.maybe(f" GROUP BY {self.pick(self.column(), 'ALL', '1', 'CUBE (x, y)')}", 0.15)
        having = self.maybe(f" HAVING {self.condition()}", 0.5) if group else ""
        window = self.maybe(f" QUALIFY row_number() OVER (PARTITION BY {self.column()}) = 1", 0.08)
        source = self.maybe(f" FROM {self.from_()}", 0.95)
        form = self.random.random()
        items = self.many("item")
        self.depth -= 1
        if source and form < 0.15:
            return f"FROM {source[6:]} SELECT {items}{where}{group}{having}{window}"
        if source and form < 0.2:
            return f"FROM {source[6:]}{where}"
        if form < 0.24:
            return "VALUES (1, 2), (3, 4)"
        return f"SELECT {self.maybe('DISTINCT ', 0.1)}{items}{source}{where}{group}{having}{window}"

    def item(self) -> str:
        star = self.pick("*", "* EXCLUDE (x)", "* REPLACE (y + 1 AS y)", "COLUMNS('x.*')", "t.*")
        return self.pick(star, self.expression(), f"{self.expression()} AS {self.pick('x', 'users', 'total')}")

    def from_(self) -> str:
        text = self.source()
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2])):
            text += self.join()
        return text

    def join(self) -> str:
        kind = self.random.randrange(6)
        if kind == 0:
            return f", {self.source()}"
        if kind == 1:
            return f" {self.pick('CROSS', 'NATURAL', 'POSITIONAL')} JOIN {self.source()}"
        if kind == 2:
            return f", LATERAL ({self.query()}) AS l{self.random.randrange(9)}"
        joins = self.pick("JOIN", "LEFT JOIN", "FULL OUTER JOIN", "ASOF JOIN", "SEMI JOIN", "ANTI JOIN", "INNER JOIN")
        return f" {joins} {self.source()} {self.pick('USING (x)', f'ON {self.condition()}')}"

    def source(self) -> str:
        alias = self.maybe(self.pick(" AS t", " u", ' AS "w"', " AS t(p, q)"), 0.4)
        kind = self.random.random()
        if self.depth < 4 and kind < 0.15:
            return f"({self.query()}){alias or ' AS sub'}"
        if kind < 0.22:
            return (
                self.pick(
                    "range(10)", "unnest([1, 2])", "read_csv('f.csv')", "my_table_macro(3)", "generate_series(1, 2)"
                )
                + alias
            )
        if kind < 0.25:
            return f"(VALUES (1, 'a'), (2, 'b')){alias or ' AS v(x, y)'}"
        if kind < 0.28:
            return f"{self.table_name()} PIVOT (sum(x) FOR y IN (1, 2))"
        if kind < 0.3:
            return f"{self.table_name()} TABLESAMPLE 10%"
        if kind < 0.32:
            return f"({self.source()} JOIN {self.source()} USING (x))"
        return self.table_name() + alias

    def table_name(self) -> str:
        if self.ctes and self.random.random() < 0.4:
            name = self.random.choice(self.ctes)
            return name if name.startswith('"') else self.pick(name, name.upper(), name.lower())
        return self.random.choice(_TABLES)

    def column(self) -> str:
        return self.random.choice(_COLUMNS)

    def condition(self) -> str:
        kind = self.random.random()
        if self.depth < 4 and kind < 0.12:
            return f"{self.column()} {self.pick('IN', 'NOT IN')} ({self.query()})"
        if self.depth < 4 and kind < 0.2:
            return f"{self.pick('', 'NOT ')}EXISTS ({self.query()})"
        if kind < 0.3:
            return f"{self.condition()} {self.pick('AND', 'OR')} {self.condition()}"
        if kind < 0.4:
            return f"{self.column()} {self.pick('IS NULL', 'BETWEEN 1 AND 2', 'IN (1, 2)', 'IS NOT NULL')}"
        return f"{self.expression()} {self.pick('=', '<', '<>', '>=')} {self.expression()}"

    def expression(self) -> str:
        self.depth += 1
        text = self._expression()
        self.depth -= 1
        return text

    def _expression(self) -> str:
        kind = self.random.random()
        if self.depth < 5 and kind < 0.06:
            return f"({self.query()})"
        if self.depth < 6 and kind < 0.2:
            return f"{self.pick(*_FUNCTIONS)}({self.expression()})"
        if self.depth < 6 and kind < 0.3:
            return f"({self.expression()} {self.pick('+', '-', '*', '||')} {self.expression()})"
        if self.depth < 6 and kind < 0.34:
            return f"CASE WHEN {self.condition()} THEN {self.expression()} ELSE {self.expression()} END"
        if kind < 0.5:
            texts = ("1", "'text; FROM z'", "NULL", "[1, 2]", "{'a': 1}", "DATE '2024-02-29'", "$$ FROM q $$", "1.5e3")
            return self.pick(*texts)
        if kind < 0.54:
            return f"{self.column()}::{self.pick('INT', 'VARCHAR', 'mood', 'INT[]')}"
        if kind < 0.57:
            return f"count(*) FILTER (WHERE {self.column()} > 1)"
        if kind < 0.6:
            return f"sum({self.column()}) OVER (ORDER BY {self.column()} ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"
        if kind < 0.63:
            return f"list_transform([1, 2], e -> e + {self.column()})"
        return self.column() + self.maybe(self.pick(" /* FROM z */", " -- FROM z\n"), 0.05)
