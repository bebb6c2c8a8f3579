"""What a library's classes hold for their objects elsewhere, in weak mappings of descriptors, is followed."""

from __future__ import annotations

import pytest

from tests.kernel.inprocess import Notebook
from tests.kernel.test_engine_edges import edges

pytestmark = pytest.mark.usefixtures("no_hurry", "library")

LIBRARY = """
import weakref
from collections.abc import MutableMapping

class ById(MutableMapping):
    def __init__(self):
        self._values, self._references = {}, {}
    def __getitem__(self, key):
        return self._values[id(key)]
    def __setitem__(self, key, value):
        self._values[id(key)] = value
        self._references[id(key)] = weakref.ref(key, self._drop)
    def __delitem__(self, key):
        del self._values[id(key)], self._references[id(key)]
    def __iter__(self):
        return (reference() for reference in self._references.values())
    def __len__(self):
        return len(self._values)
    def _drop(self, gone):
        for key in [k for k, reference in self._references.items() if reference is gone]:
            del self._values[key], self._references[key]

class Parameter:
    def __init__(self, mapping, default):
        self.data, self.default = mapping, default
    def __get__(self, one, kind=None):
        return self if one is None else self.data.get(one, self.default)
    def __set__(self, one, value):
        self.data[one] = value
    def __delete__(self, one):
        del self.data[one]

lengths = weakref.WeakKeyDictionary()

class Ensemble:
    size = Parameter(ById(), 1)
    rule = Parameter(weakref.WeakKeyDictionary(), None)
    def length(self):
        return lengths.setdefault(self, len(str(self.size)))

class Net:
    def __init__(self, *parts):
        self.parts = list(parts)
    def sizes(self):
        return [part.size for part in self.parts]
"""
MAKE = "from some_library import Ensemble, Net\ne = Ensemble()\nnet = Net(e)"


@pytest.mark.parametrize("name", ["size", "rule"])
def test_a_set_is_a_change_of_the_object_and_of_what_holds_it(name: str) -> None:
    show, more = f"print(net.parts[0].{name})", f"e.{name}.append(6)"
    notebook = Notebook(MAKE, f"e.{name} = [5]", show, more, f"print(e.{name})")
    assert notebook.all() == "abcde"
    assert edges(notebook) == {"b": "e<a", "c": "net<b", "d": "e<b", "e": "e<d"}
    entries = notebook.engine.command("state", {})["cells"]
    assert [entries[place]["mutates"] for place in (1, 3)] == [["e", "net"]] * 2
    notebook.check()
    assert notebook.run("b", f"e.{name} = [7]") == "bcde"
    notebook.check()
    notebook.delete("b")
    notebook.insert(1, f"e.{name} = [8]\ndel e.{name}\ne.{name} = [9]")
    notebook.all()
    notebook.check()
    notebook.edit("d", "print(1)")
    notebook.all()
    notebook.check()


def test_what_was_not_set_before_is_not_set_after() -> None:
    notebook = Notebook(MAKE, "e.size = 3\ne.rule = 'a'", "print(e.size, e.rule, net.sizes())")
    assert notebook.all() == "abc"
    notebook.edit("b", "e.rule = 'b'")
    notebook.all()
    notebook.check()
    assert notebook.shown["c"].text == "1 b [1]\n"
    notebook.delete("b")
    notebook.all()
    notebook.check()
    assert notebook.shown["c"].text == "1 None [1]\n"


def test_what_is_deleted_is_put_back() -> None:
    notebook = Notebook(MAKE + "\ne.size = 4\ne.rule = 'a'", "del e.size, e.rule", "print(e.size, e.rule)")
    assert notebook.all() == "abc"
    assert edges(notebook)["c"] == "e<b"
    notebook.edit("b", "del e.rule")
    assert notebook.run("b") == "bc"
    notebook.check()


def test_code_that_is_elsewhere_is_followed() -> None:
    notebook = Notebook("k = 1", MAKE, "e.rule = lambda: k", "print(net.parts[0].rule())")
    assert notebook.all() == "abcd"
    assert edges(notebook)["d"] == "k<a net<c"
    assert notebook.run("a", "k = 2") == "ad"
    notebook.check()


def test_what_a_library_remembers_of_objects_is_no_change() -> None:
    notebook = Notebook(MAKE, "print(e.length())", "print(e.size)")
    assert notebook.all() == "abc"
    assert edges(notebook) == {"b": "e<a", "c": "e<a"}
    assert notebook.entries()["b"]["mutates"] == []
