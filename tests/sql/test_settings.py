"""Settings and connections in the graph: place, deletion and a client's own `connect` count for them too."""

from __future__ import annotations

from pathlib import Path

from tests.kernel.driver import Kernel
from tests.sql.test_kernel import ran_cells, rows


def test_a_setting_goes_with_its_cell(kernel: Kernel) -> None:
    look = "%%sql\nSELECT getvariable('k') AS k, current_setting('default_order') AS o, current_schema() AS s"
    before = rows(kernel.cell("look", look), "look")
    kernel.control("insert", cell_id="set", source="", index=0)
    kernel.cell("set", "%%sql\nCREATE SCHEMA s; USE s; SET VARIABLE k = [1, 2]; SET default_order = 'DESC'")
    assert rows(kernel.cell("look", look), "look") == [[[1, 2], "DESC", "s"]]
    kernel.control("delete", cell_id="set")
    assert rows(kernel.cell("look", look), "look") == before


def test_a_setting_counts_from_its_cell_on(kernel: Kernel) -> None:
    above, below = "%%sql\nSELECT getvariable('k') AS k", "%%sql\nSELECT getvariable('k') AS k, 1 AS one"
    kernel.cell("above", above)
    kernel.cell("set", "%%sql\nSET VARIABLE k = 7")
    kernel.cell("below", below)
    assert rows(kernel.cell("above", above), "above") == [[None]]
    assert rows(kernel.cell("below", below), "below") == [[7, 1]]
    kernel.control("move", cell_id="set", index=0)
    assert rows(kernel.cell("", "", reactive={"run": "stale"}), "above") == [[7]]


def test_a_setting_of_a_failed_cell_is_taken_back(kernel: Kernel) -> None:
    assert kernel.cell("bad", "%%sql\nSET VARIABLE k = 7; SELECT nothing").content["status"] == "error"
    kernel.control("delete", cell_id="bad")
    assert rows(kernel.cell("look", "%%sql\nSELECT getvariable('k') AS k"), "look") == [[None]]


def test_a_connection_goes_with_its_cell(kernel: Kernel, tmp_path: Path) -> None:
    kernel.cell("connect", f"%sql --connect shop sqlite:///{tmp_path}/shop.db")
    kernel.cell("make", "%%sql --on shop\nCREATE TABLE t AS SELECT 5 AS x")
    show = "%%sql --on shop\nSELECT x FROM t"
    assert rows(kernel.cell("show", show), "show") == [[5]]
    kernel.control("delete", cell_id="connect")
    assert not kernel.entries()["show"]["fresh"]
    ran = kernel.cell("other", "%%sql --on shop\nSELECT 1 AS x")
    assert "There is no connection `shop`" in ran.content["evalue"]


def test_two_connections_of_one_name_are_told_apart_by_place(kernel: Kernel, tmp_path: Path) -> None:
    look = "%%sql --on db\nSELECT name FROM pragma_database_list WHERE file LIKE '%{}%'"
    for name in ("one", "two"):
        kernel.cell(f"connect {name}", f"%sql --connect db sqlite:///{tmp_path}/{name}.db")
        assert rows(kernel.cell(f"look {name}", look.format(name)), f"look {name}") == [["main"]]
    assert rows(kernel.cell("look one", look.format("one")), "look one") == [["main"]]


def test_a_clients_connect_makes_its_readers_stale(kernel: Kernel, tmp_path: Path) -> None:
    kernel.control("connect", name="mine", url=f"sqlite:///{tmp_path}/one.db")
    kernel.cell("ask", "%%sql r << --on mine\nSELECT file FROM pragma_database_list")
    kernel.cell("show", "print(r.file[0])")
    kernel.cell("other", "x = 1")
    kernel.control("connect", name="mine", url=f"sqlite:///{tmp_path}/two.db")
    entries = kernel.entries()
    assert [cell for cell, entry in entries.items() if not entry["fresh"]] == ["ask", "show"]
    ran = kernel.cell("", "", reactive={"run": "stale"})
    assert ran_cells(ran) == ["ask", "show"]
    assert "two.db" in ran.text("show")


def test_cells_of_another_default_connection_are_read_for_it(kernel: Kernel, tmp_path: Path) -> None:
    kernel.control("insert", cell_id="n", source="n = 1", index=0)
    kernel.control("insert", cell_id="add", source="%%sql\nINSERT INTO log VALUES ({n})", index=1)
    assert kernel.cell("n", "n = 1").content["status"] == "ok"
    assert kernel.entries()["add"]["status"] == "error"  # there is no such table in memory
    kernel.control("delete", cell_id="add")
    kernel.control("insert", cell_id="connect", source="", index=0)
    kernel.cell("connect", f"%sql --connect shop sqlite:///{tmp_path}/shop.db --default")
    kernel.cell("make", "%%sql --on shop\nCREATE TABLE log (x INTEGER)")
    kernel.control("insert", cell_id="add", source="%%sql\nINSERT INTO log VALUES ({n})", index=3)
    kernel.control("insert", cell_id="pragma", source="%%sql\nSELECT x FROM log WHERE x GLOB '*'", index=4)
    assert not kernel.entries()["pragma"]["opaque"]
    ran = kernel.cell("n", "n = 2")
    assert "add" not in ran_cells(ran)
    kernel.cell("add", "%%sql\nINSERT INTO log VALUES ({n})")
    assert "add" not in ran_cells(kernel.cell("n", "n = 3"))
    assert "changes data outside the notebook (shop)" in kernel.entries()["add"]["problem"]["message"]
    kernel.cell("add", "%%sql\nINSERT INTO log VALUES ({n})")
    assert rows(kernel.cell("look", "%%sql\nSELECT x FROM log"), "look") == [[2], [3]]
    kernel.control("delete", cell_id="connect")
    assert rows(kernel.cell("look", "%%sql\nSELECT 1 AS x, version() LIKE 'v%' AS duck"), "look") == [[1, True]]
