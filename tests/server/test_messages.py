"""The door's messages: types, schema, and the page that describes them agree; what is malformed is said."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import jsonschema
import pytest

from reactive_kernel.door import SHOWN, Malformed, message_type, parse, schema
from reactive_kernel.messages import CLIENT_MESSAGES, SERVER_MESSAGES
from reactive_kernel.server.coordinator import without_secrets
from reactive_kernel.server.deaths import Deaths, describe

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text()


def described(start: str, end: str) -> dict[str, set[str]]:
    """Messages named in a part of the page, with the fields that it names without a question mark."""
    part = PAGE[PAGE.index(start) : PAGE.index(end)]
    found = re.findall(r"`([a-z_]+)(?: \{((?:[^{}]|\{[^{}]*\})*)\})?`", part)
    own = re.compile(r"[A-Za-z]+\??(?=[:,]|$|\s*,)")
    messages = {}
    for name, fields in found:
        outer = re.sub(r"\{[^{}]*\}|\"[^\"]*\"(\|\"[^\"]*\")*", "", fields)
        messages[name] = {f for f in own.findall(re.sub(r":\s*", ":", outer).replace(" ", "")) if not f.endswith("?")}
    return messages


def required(shape) -> set[str]:
    return set(schema()["$defs"][shape.__name__]["required"])


def test_the_page_and_the_types_have_the_same_client_messages() -> None:
    page = described("Client to server:", "Server to client:")
    types = {message_type(shape): shape for shape in CLIENT_MESSAGES}
    assert len(page) == 10
    assert set(types) - set(page) == {"sync"}  # an addition
    for name, fields in page.items():
        assert required(types[name]) == fields | {"type"}, name


def test_the_page_and_the_types_have_the_same_server_messages() -> None:
    page = described("Server to client:", "Every message has `type`")
    types = {message_type(shape): shape for shape in SERVER_MESSAGES}
    assert len(page) == 13
    assert set(types) - set(page) == {"cell_cleared", "edges", "mode", "done", "error"}
    for name, fields in page.items():
        assert fields - {"mimebundle"} <= required(types[name]), name
        assert {"type", "revision", "seq"} <= required(types[name])


def test_the_schema_is_a_schema_and_accepts_what_the_check_accepts() -> None:
    whole = schema()
    jsonschema.Draft202012Validator.check_schema(whole)
    client = jsonschema.Draft202012Validator({**whole, "$ref": "#/$defs/client"})
    for text in GOOD:
        client.validate(parse(text))
    for text, _ in BAD:
        if text.startswith("{") and text.endswith("}"):
            assert not client.is_valid(json.loads(text)), text


GOOD = [
    '{"type": "cell_update", "cellId": "a", "code": "x"}',
    '{"type": "cell_update", "cellId": "a", "code": "x", "disabled": true, "requestId": "1", "more": 1}',
    '{"type": "create_cell", "cellType": "sql", "afterCellId": null}',
    '{"type": "sync", "cells": [{"cellId": "a", "code": ""}]}',
    '{"type": "run_stale"}',
    '{"type": "update_db_connection", "connectionString": "duckdb:///x"}',
]
BAD = [
    ("", "not JSON"),
    ("{", "not JSON"),
    ("[" * 100_000, "not JSON"),
    ("[1]", "not a JSON object"),
    ("null", "not a JSON object"),
    ('{"cellId": "a"}', "no message of type"),
    ('{"type": 7}', "no message of type"),
    ('{"type": ["run_all"]}', "no message of type"),
    ('{"type": "drop_tables"}', "no message of type 'drop_tables'"),
    ('{"type": "cell_update", "cellId": "a"}', "code is missing"),
    ('{"type": "cell_update", "cellId": 1, "code": ""}', "cellId must be a string"),
    ('{"type": "cell_update", "cellId": "a", "code": null}', "code must be a string"),
    ('{"type": "cell_update", "cellId": "a", "code": "", "disabled": 1}', "disabled must be true or false"),
    ('{"type": "create_cell", "cellType": "r"}', "cellType must be one of 'python', 'sql'"),
    ('{"type": "run_cell", "cellId": "a", "run": "all"}', "run must be one of"),
    ('{"type": "sync", "cells": {}}', "cells must be a list"),
    ('{"type": "sync", "cells": [{"cellId": "a"}]}', r"cells\[0\].code is missing"),
    ('{"type": "sync", "cells": ["a"]}', r"cells\[0\] must be an object"),
]


@pytest.mark.parametrize(("text", "why"), BAD)
def test_what_is_malformed_is_named(text: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        parse(text)


def test_half_a_surrogate_and_binary_frames_are_no_text() -> None:
    with pytest.raises(Malformed, match="surrogate"):
        parse('{"type": "cell_update", "cellId": "a", "code": "\\ud800"}')
    with pytest.raises(Malformed, match="binary"):
        parse(b"\x00\x01")


def test_a_refused_message_is_shown_short_and_without_credentials() -> None:
    with pytest.raises(Malformed) as fault:
        parse('{"type": "update_db_connection", "connectionString": "pg://me:secret@x", "name": 3}')
    assert "secret" not in json.dumps(fault.value.request)
    with pytest.raises(Malformed) as fault:
        parse("x" * 10_000)
    assert len(fault.value.request) <= SHOWN + 1


def test_deaths_are_told_in_plain_words() -> None:
    text = describe(-9, ["cell 3"], True)
    assert "while cell 3 was running" in text
    assert "SIGKILL, often a sign of too little memory" in text
    assert "started again" in text
    assert describe(None, [], False) == "The kernel died. It is not started again."
    assert "exit code 1" in describe(1, [], True)
    assert "signal 99" in describe(-99, [], True)


def test_a_cell_is_blocked_after_its_last_allowed_death_and_edits_forgive() -> None:
    deaths = Deaths(2)
    assert deaths.count(["a"]) == []
    assert deaths.count(["a"]) == ["a"]
    assert "2 times" in deaths.reason("a")
    deaths.forgive("a")
    assert deaths.count(["a"]) == []
    assert Deaths(0).count(["a"]) == []


def test_no_part_of_a_database_url_that_is_secret_is_shown() -> None:
    url = "postgresql://me:p%40ss@host/db"
    text = f"could not connect to {url}: password p@ss (p%40ss) of me is wrong"
    assert without_secrets(text, url) == "could not connect to …: password … (…) of me is wrong"
    assert without_secrets("bad [url", "http://[bad") == "bad [url"


SERVER = sorted((ROOT / "reactive_kernel" / "server").glob("*.py"))
SHELLS = ("reactive_kernel.core", "reactive_kernel.kernel", "reactive_kernel.batch")
FORBIDDEN = (*SHELLS, "IPython", "sqlglot", "symtable")
RUNNERS = {"exec", "eval", "compile", "__import__"}


def reached() -> dict[str, ast.Module]:
    """All modules of the package that the coordinator imports, directly or not."""
    waiting = [f"reactive_kernel.server.{path.stem}" for path in SERVER]
    found: dict[str, ast.Module] = {}
    while waiting:
        name = waiting.pop()
        base = ROOT / Path(*name.split("."))
        path = base.with_suffix(".py") if base.with_suffix(".py").exists() else base / "__init__.py"
        if name in found or not path.exists():
            continue
        found[name] = ast.parse(path.read_text())
        waiting += [imported for imported in imports(found[name]) if imported.startswith("reactive_kernel")]
    return found


def imports(tree: ast.Module) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names


def test_the_coordinator_keeps_no_graph_analyses_no_code_and_executes_nothing() -> None:
    modules = reached()
    assert "reactive_kernel.server.coordinator" in modules
    assert "reactive_kernel.door" in modules
    for name, tree in modules.items():
        for imported in imports(tree):
            assert not imported.startswith(FORBIDDEN), f"{name} imports {imported}"
            assert imported.split(".")[0] != "ast", f"{name} imports {imported}"
        calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
        assert not RUNNERS & {call.id for call in calls if isinstance(call, ast.Name)}, name


PURE = ("cells", "clients", "deaths", "document", "history", "notebook", "outputs", "pending", "runs", "settings")
OUTSIDE = {"socket", "zmq", "tornado", "jupyter_server", "jupyter_client", "time", "random", "os", "threading"}


@pytest.mark.parametrize("name", PURE)
def test_the_state_is_pure(name: str) -> None:
    tree = ast.parse((ROOT / "reactive_kernel" / "server" / f"{name}.py").read_text())
    assert not OUTSIDE & {imported.split(".")[0] for imported in imports(tree)}
