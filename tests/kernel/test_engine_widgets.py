"""Widgets as inputs, and what cells do to them (issue 6, point 8)."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook, settled

pytest.importorskip("ipywidgets")


def slid(nb: Notebook, name: str, value: object) -> str:
    """Move a slider as the browser does; returns what ran."""
    nb.namespace[name].value = value
    request = nb.engine.widgets_changed()
    return "" if request is None else nb.request(request)


def test_a_sliders_readers_and_their_dependents_follow() -> None:
    nb = Notebook("import ipywidgets as w\ns = w.IntSlider(3)", "y = s.value * 2", "print(y)", "s", "z = 1")
    assert nb.all() == "abcde"
    assert slid(nb, "s", 5) == "bc"
    assert nb.text("c") == "10"
    assert nb.stale_cells == ""


def test_a_value_that_is_what_it_was_runs_nothing() -> None:
    nb = Notebook("import ipywidgets as w\ns = w.IntSlider(3)", "y = s.value > 2", "print(y)")
    nb.all()
    assert slid(nb, "s", 3) == ""
    assert slid(nb, "s", 4) == "b"


def test_in_mode_lazy_readers_are_only_marked() -> None:
    nb = Notebook("import ipywidgets as w\ns = w.IntSlider(3)", "print(s.value)", mode="lazy")
    nb.all()
    assert slid(nb, "s", 5) == ""
    assert nb.stale_cells == "b"


def test_widgets_in_containers_and_through_functions() -> None:
    nb = Notebook(
        "import ipywidgets as w\ns = w.IntSlider(3)\nbox = w.VBox([s])\nd = {'s': s}\ndef f(): return s.value",
        "print(box.children[0].value)", "print(d['s'].value)", "print(f())")  # fmt: skip
    nb.all()
    assert slid(nb, "s", 5) == "bcd"
    assert [nb.text(c) for c in "bcd"] == ["5"] * 3


def test_a_widget_changed_by_a_cell_starts_nothing() -> None:
    nb = Notebook("import ipywidgets as w\ns = w.IntSlider(3)", "s.value = 7", "print(s.value)")
    nb.all()
    assert nb.engine.widgets_changed() is None
    assert nb.text("c") == "7"


def test_observers_of_the_users_go_on_working() -> None:
    nb = Notebook(
        "import ipywidgets as w\ns = w.IntSlider(3)\nseen = []",
        "s.observe(lambda change: seen.append(change.new), 'value')",
    )
    nb.all()
    slid(nb, "s", 6)
    assert nb.namespace["seen"] == [6]


def test_a_slider_made_again_starts_at_its_own_value() -> None:
    nb = Notebook("import ipywidgets as w\ns = w.IntSlider(3)", "print(s.value)")
    nb.all()
    slid(nb, "s", 5)
    assert nb.run("a") == "ab"
    assert nb.text("b") == "3"


CALLBACKS = {
    "observe": ("s = w.IntSlider(3)\ndef f(change): seen.append(change.new * k)\ns.observe(f, 'value')", "s.value = 7"),
    "click": ("s = w.Button()\ns.on_click(lambda _: seen.append(k))", "s.click()"),
    "method": (
        "class App:\n    def on(self, change): seen.append(change.new * k)\napp = App()\ns = w.IntSlider(3)\n"
        "s.observe(app.on, 'value')",
        "s.value = 7",
    ),
    "interactive": (
        "def f(x): seen.append(x * k)\nip = w.interactive(f, x=(0, 9))\ns = ip.children[0]",
        "s.value = 7",
    ),
    "in a box": ("b = w.Button()\nb.on_click(lambda _: seen.append(k))\ns = w.VBox([b])", "s.children[0].click()"),
}


@pytest.mark.parametrize("case", CALLBACKS)
def test_a_cell_that_sets_off_a_widgets_code_reads_and_changes_what_that_does(case: str) -> None:
    make, use = CALLBACKS[case]
    nb = Notebook("import ipywidgets as w\nk = 10\nseen = []", make, use, "print(seen)")
    nb.all()
    assert {"k", "s", "seen"} <= set(nb.entries()["c"]["reads"])
    assert "seen" in nb.entries()["c"]["mutates"]
    assert nb.engine.session.cells["d"].inputs["seen"] == ("c",)
    assert nb.text("d") == nb.clean()["d"].text.strip()


def test_code_of_a_widget_that_is_not_set_off_is_not_read() -> None:
    make = "s = w.IntSlider(3)\ns.observe(lambda _: print(k))"
    nb = Notebook("import ipywidgets as w\nk = 10", make, "print(s.value)")
    nb.all()
    assert "k" not in nb.entries()["c"]["reads"]


def test_code_that_a_widget_got_in_another_cell_is_known_once_it_ran() -> None:
    nb = Notebook(
        "import ipywidgets as w\nk = 10\nseen = []",
        "s = w.IntSlider(3)",
        "s.observe(lambda change: seen.append(change.new * k), 'value')",
        "s.value = 7",
        "print(s.value)",
    )
    nb.all()
    assert {"k", "s", "seen"} <= set(nb.entries()["d"]["reads"])
    assert "k" not in nb.entries()["e"]["reads"]


# -- what cells do to widgets

SLIDER = "import ipywidgets as w\ns = w.IntSlider(3)"


def test_readers_follow_the_cell_that_sets_a_widget() -> None:
    nb = settled(SLIDER, "print(s.value)", "s.value = 7", "print(s.value * 2)")
    assert nb.run("c", "s.value = 8") == "cd"
    nb.check()
    nb.delete("c")
    assert nb.all() == "d"
    nb.check()
    assert nb.namespace["s"].value == 3


def test_what_the_browser_sets_counts_above_and_below_the_cell_that_sets_it() -> None:
    nb = settled(SLIDER, "print(s.value)", "s.value = 7\ns.max = 50", "print(s.value, s.max)")
    assert slid(nb, "s", 9) == "bd"  # not c, which would take the slider out of the user's hands
    assert [nb.text("b"), nb.text("d"), nb.namespace["s"].value] == ["9", "9 50", 9]
    assert nb.run("b") == "b"
    assert [nb.text("b"), nb.namespace["s"].value, nb.namespace["s"].max] == ["9", 9, 50]
    nb.delete("c")
    nb.all()
    assert [nb.text("d"), nb.namespace["s"].value] == ["9 100", 9]


def test_a_cell_that_works_on_a_widgets_value_does_so_again() -> None:
    nb = settled(SLIDER, "s.value = min(s.value, 5)", "print(s.value)")
    assert slid(nb, "s", 9) == "bc"
    assert [nb.text("c"), nb.namespace["s"].value] == ["5", 5]
    assert slid(nb, "s", 4) == "bc"
    assert nb.text("c") == "4"


def test_choices_that_a_cell_offers() -> None:
    made = "import ipywidgets as w\nd = w.Dropdown(options=['a', 'b'])"
    nb = settled(made, "d.options = ['x', 'y']", "print(d.value)")
    assert nb.run("b", "d.options = ['u', 'v']") == "bc"
    nb.check()
    slid(nb, "d", "v")
    assert nb.text("c") == "v"
    nb.run("b", "d.options = ['v', 'w']")
    nb.check()


def test_callbacks_are_registered_once() -> None:
    follow = "s.observe(lambda change: seen.append(change.new), 'value')"
    nb = settled(f"{SLIDER}\nseen = []", follow, "s.value = 7", "print(seen)")
    nb.run("b")
    nb.check()
    nb.run("b", "s.observe(lambda change: seen.append(-change.new), 'value')")
    nb.check()
    nb.run("c", "s.value = 8")
    nb.check()
    nb.delete("b")
    nb.all()
    nb.check()
    assert slid(nb, "s", 2) == ""
    assert nb.namespace["seen"] == []


def test_callbacks_of_a_button_are_registered_once() -> None:
    made = "import ipywidgets as w\nb = w.Button()\nn = []"
    nb = settled(made, "b.on_click(lambda _: n.append(1))", "b.click()\nprint(n)")
    nb.run("b")
    nb.run("b", "b.on_click(lambda _: n.append(2))")
    nb.check()


@pytest.mark.parametrize("link", ["link", "dlink"])
def test_what_is_linked_with_a_widget_is_set_with_it(link: str) -> None:
    nb = settled(
        f"{SLIDER}\nt = w.IntSlider(4)", f"l = w.{link}((s, 'value'), (t, 'value'))", "s.value = 7", "print(t.value)"
    )
    assert "d" in nb.run("c", "s.value = 8")
    nb.check()
    slid(nb, "s", 1)
    assert nb.text("d") == "1"


def test_a_link_goes_with_the_cell_that_made_it() -> None:
    nb = settled(f"{SLIDER}\nt = w.IntSlider(4)", "l = w.link((s, 'value'), (t, 'value'))", "print(t.value)")
    nb.run("b", "s.value += 1")
    nb.check()


def test_a_failed_cell_leaves_no_trace_in_a_widget() -> None:
    nb = settled(SLIDER, "s.value = 7", "print(s.value)")
    assert nb.run("b", "s.value = 8\ns.foo = 1\n1 / 0") == "b!"
    assert nb.namespace["s"].value == 3
    assert not hasattr(nb.namespace["s"], "foo")


def test_an_attribute_that_a_cell_gives_a_widget() -> None:
    nb = settled(SLIDER, "s.unit = 'm'", "print(s.unit)")
    assert nb.run("b", "s.unit = 'km'") == "bc"
    nb.check()
