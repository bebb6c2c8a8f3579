"""What users read when a SQL cell can't run."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.sql.conftest import Shell


@pytest.fixture
def users(ip: Shell) -> Shell:
    ip.names.update(users=pd.DataFrame({"id": [1], "name": ["Ann"]}), numbers=[1, 2], when="yesterday", f=print)
    ip.run("%%sql\nCREATE TABLE orders (id INT, amount DOUBLE)")
    return ip


CASES = [
    ("SELECT *\nFRM users", "syntax error at or near", "    3 | FRM users"),
    ("SELECT nam FROM users", "There is no column `nam`. Did you mean `name`? (line 2, column 8)", "^^^"),
    ("FROM usrs", "There is no table `usrs`. Did you mean `users`? (line 2, column 6)", "^^^^"),
    ("FROM ordes", "There is no table `ordes`. Did you mean `orders`?", "^^^^^"),
    ("FROM Users", "Python has `users`: its names are case-sensitive.", "^^^^^"),
    ("FROM numbers", "`numbers` in Python is a list, not a frame. Make one of it: pd.DataFrame(numbers).", "^^^^^^^"),
    ("SELECT lenth(name) FROM users", "There is no function `lenth`. Did you mean `length`?", "^^^^^"),
    ("SELECT {user_idd}", "`user_idd` has no value in Python", "^^^^^^^^^^"),
    ("SELECT {{ 1 / 0 }}", "`1 / 0` could not be worked out: ZeroDivisionError: division by zero", "^^^"),
    ("SELECT {f}", "`f` is the function `print`, which SQL has no value for", "^^^"),
    ("SELECT {users}", "`users` is a table, not a value: name it after FROM, without braces.", "^^^^^^^"),
    ("SELECT * FROM users WHERE id = {when}", "`when` is the text 'yesterday', but the query needs INT64", "^^^^^^"),
    ("SELECT '{{ when }}'", "Write {{ when }}, without quotes around the braces.", "^"),
    ("FROM {{ numbers | id }}", "`numbers | id` needs text for a name, not a list.", "^^^"),
    ("FROM {when}", "A bound value can't be a table's name. Write {{ when | id }}", "^"),
    ("SELECT 1/'a'", "Could not convert string 'a'", "^^^"),
    ("INSERT INTO orders VALUES (1)", "has 2 columns but 1 values were supplied", "^"),
    ("CREATE TABLE orders (x INT)", 'Table with name "orders" already exists', "^"),
    ("-- nothing", "The cell has no statement.", ""),
]


@pytest.mark.parametrize(("sql", "sentence", "mark"), CASES)
def test_a_fault_is_a_sentence_with_its_place(users: Shell, sql: str, sentence: str, mark: str) -> None:
    shown = users.fail(f"%%sql\n{sql}")
    assert sentence.lower() in shown.lower()
    assert mark in shown
    assert "Traceback" not in shown
    assert ".py" not in shown


def test_the_mark_is_under_the_word(users: Shell) -> None:
    lines = users.fail("%%sql\nSELECT {numbers}, -- first\n       nam FROM users").splitlines()
    line, mark = (line.split(" | ", 1)[1] for line in lines[-2:])
    assert line[mark.index("^") : mark.rindex("^") + 1] == "nam"


def test_an_unknown_connection(ip: Shell) -> None:
    shown = ip.fail("%%sql --on warehouse\nSELECT 1")
    assert "There is no connection `warehouse`. Make it with: %sql --connect warehouse URL" in shown
    ip.names["warehouse"] = 3
    assert "`warehouse` in Python is a int" in ip.fail("%%sql --on warehouse\nSELECT 1")
