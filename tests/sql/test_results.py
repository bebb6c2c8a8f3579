"""How rows are shown: HTML, plain text, a data resource."""

from __future__ import annotations

import datetime
import decimal
import json
import math

import pytest

from reactive_kernel.kernel.sql.results import Shown
from tests.sql.conftest import Shell

SHOWN = Shown(
    ("id", "<name>", "when"),
    ("bigint", "varchar", "date"),
    ((1, "Ann & <b>Bo</b>", datetime.date(2024, 2, 29)), (None, None, None)),
    1_234_567,
    more=True,
    notes=("A note <here>.",),
)


def test_the_count_is_in_words() -> None:
    assert SHOWN.count() == "first 2 of 1,234,567 rows × 3 columns"
    assert Shown(("a",), ("int32",), (), 0).count() == "0 rows × 1 column"
    assert Shown(("a",), ("int32",), ((1,),), None, more=True).count() == "first 1 of more rows × 1 column"


def test_html_is_escaped_and_says_types() -> None:
    html = SHOWN.html()
    assert "<b>Bo</b>" not in html
    assert "Ann &amp; &lt;b&gt;Bo&lt;/b&gt;" in html
    assert "&lt;name&gt;<small>varchar</small>" in html
    assert "A note &lt;here&gt;." in html
    assert html.count("NULL") == 3


def test_html_takes_its_colours_from_the_page() -> None:
    style = SHOWN.html().partition("</style>")[0]
    assert "var(--jp-content-font-color1,inherit)" in style
    assert "#" not in style.replace("#rk", "")


def test_plain_text_is_aligned() -> None:
    lines = SHOWN.text().splitlines()
    assert lines[0] == "    id  <name>           when"
    assert lines[1] == "bigint  varchar          date"
    assert lines[3] == "     1  Ann & <b>Bo</b>  2024-02-29"
    assert lines[-2:] == ["first 2 of 1,234,567 rows × 3 columns", "A note <here>."]


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (2**60, str(2**60)),
        (math.nan, None),
        (math.inf, None),
        (decimal.Decimal("1.10"), "1.10"),
        (b"\x01\xff", "0x01ff"),
        ([1, None], [1, None]),
        ({"a": datetime.date(2024, 1, 1)}, {"a": "2024-01-01"}),
        (datetime.timedelta(days=1), "1 day, 0:00:00"),
        (True, True),
    ],
)
def test_the_data_resource_is_json(value: object, plain: object) -> None:
    resource = Shown(("v",), ("varchar",), ((value,),), 1).resource()
    assert json.loads(json.dumps(resource, allow_nan=False))["data"] == [{"v": plain}]


def test_the_types_of_the_data_resource() -> None:
    kinds = {
        "bigint": "integer",
        "double": "number",
        "decimal(10,2)": "number",
        "boolean": "boolean",
        "timestamp with time zone": "datetime",
        "date": "date",
        "integer[]": "array",
        "struct(a integer)": "object",
        "varchar": "string",
        "interval": "string",
    }
    fields = Shown(tuple(kinds), tuple(kinds), (), 0).resource()["schema"]["fields"]
    assert {field["name"]: field["type"] for field in fields} == kinds


def test_wide_and_long_results_are_cut(ip: Shell) -> None:
    ip.run("%%sql\nSELECT " + ", ".join(f"{i} AS c{i}" for i in range(150)))
    assert "50 more columns are not shown" in ip.bundles[0]["text/html"]
    ip.run("%%sql\nSELECT repeat('x', 5000) AS long")
    assert len(ip.bundles[0]["text/html"]) < 6000
    assert len(ip.bundles[0]["text/plain"]) < 300


def test_the_total_is_counted_where_that_is_cheap(ip: Shell) -> None:
    assert "first 20 of 1,234,567 rows × 1 column" in ip.run("%%sql\nSELECT range AS x FROM range(1234567)")
    assert "first 3 of 1,234,567 rows × 1 column" in ip.run("%%sql --limit 3\nSELECT range AS x FROM range(1234567)")


def test_a_query_with_effects_is_not_run_again_to_count(ip: Shell) -> None:
    ip.run("%%sql\nCREATE SEQUENCE ids")
    assert "first 2 of more rows" in ip.run("%%sql --limit 2\nSELECT nextval('ids') AS id FROM range(10)")
    assert ip.rows("%%sql\nSELECT nextval('ids') < 12 AS few") == [{"few": True}]


def test_names_that_occur_twice(ip: Shell) -> None:
    ip.run("%%sql\nSELECT 1 AS a, 2 AS a")
    assert "2 columns" in ip.bundles[0]["text/plain"]
    ip.run("%%sql r <<\nSELECT 1 AS a, 2 AS a")
    assert ip.names["r"].shape == (1, 2)


def test_results_of_every_type_are_shown(ip: Shell) -> None:
    ip.run("%%sql\nFROM test_all_types()")
    assert "3 rows × " in ip.bundles[0]["text/plain"]
    json.dumps(ip.bundles[0]["application/vnd.dataresource+json"], allow_nan=False)
