"""Which edges a run leaves: only what the cell read or changed, from the cell that gave it."""

from __future__ import annotations

from configparser import ConfigParser

import pytest

from tests.kernel.inprocess import Notebook


def edges(notebook: Notebook) -> dict[str, str]:
    """``reader: "name<producer …"`` for every cell that reads anything."""
    found: dict[str, list[str]] = {}
    for edge in notebook.engine.command("state", {})["edges"]:
        found.setdefault(edge["to"], []).extend(f"{name}<{edge['from']}" for name in edge["names"])
    return {reader: " ".join(sorted(names)) for reader, names in found.items()}


def test_a_loop_variable_that_held_what_changes_is_not_read() -> None:
    notebook = Notebook(
        'people = [{"a": 1}, {"a": 2}]',
        'for person in people:\n    person["b"] = 1',
        'for person in people:\n    person["b"] = 2',
        "print(people, person)",
    )
    assert notebook.all() == "abcd"
    assert edges(notebook) == {"b": "people<a", "c": "people<b", "d": "people<c person<c"}
    notebook.insert(2, "person = dict(person)\nprint(person)")
    notebook.all()
    notebook.check()
    notebook.edit("b", 'for person in people[:1]:\n    person["b"] = 5')
    notebook.all()
    notebook.check()
    notebook.edit("c", 'for person in []:\n    person["b"] = 2\npeople[1]["b"] = 7')
    notebook.all()
    notebook.check()


def test_what_a_cut_off_look_saw_whole_is_not_taken_for_changed() -> None:
    notebook = Notebook(
        "import collections\ndata = [1.0, 2.0]",
        "class Result:\n    def report(self):\n        print(len(self.all))",
        "result = Result()\nresult.data = data\nresult.all = [[number] for number in range(20_000)]",
        "result.report()",
        "print(data)",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["e"] == "data<a"
    notebook.check()


def test_names_that_share_with_what_was_seen_unchanged_are_not_taken_for_changed() -> None:
    # The cell may change `view`; it has no time for all the others that share memory with it.
    many = "\n".join(f"v{n} = [view, view[:], {{'k': base}}, [{n}]]" for n in range(300))
    notebook = Notebook(
        "import numpy as np\nbase = np.arange(200_000.0)\nview = base[:50_000]",
        many,
        "def show(x):\n    print(x.sum())",
        "show(view)",
        "print(v7[3], base[3])",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["d"] == "show<c view<a"
    assert edges(notebook)["e"] == "base<a v7<b"
    notebook.check()
    assert notebook.run("c", "def show(x):\n    x[3] = 8\n    print(x.sum())") == "cde"
    notebook.check()
    assert edges(notebook)["e"] == "base<d v7<d"


MAKERS = {
    "a decorator": (
        "def log(f):\n    def run(*a):\n        print(k)\n        return f(*a)\n    return run",
        "@log\ndef use(): print(1)",
    ),
    "a decorator with wraps": (
        "from functools import wraps\ndef log(f):\n    @wraps(f)\n    def run(*a):\n        print(k)\n"
        "        return f(*a)\n    return run",
        "@log\ndef use(): print(1)",
    ),
    "a closure": ("def make(n):\n    def add(): print(n + k)\n    return add", "use = make(1)"),
    "a lambda": ("def make(n): return lambda: print(n + k)", "use = make(1)"),
}
CALLERS = {
    "called at once": ("def make(n): return lambda: print(n + k)", "use = make(1)\nuse()"),
    "called as it is made": ("def make(n): return lambda: print(n + k)", "use = print\nmake(1)()"),
    "called by the maker": (
        "def make(n):\n    def add(): print(n + k)\n    add()\n    return add",
        "use = make(1)",
    ),
    "called by another that is made": (
        "def make(n):\n    def add(): return n + k\n    def more(): return add()\n    print(more())\n    return add",
        "use = make(1)",
    ),
    "a decorated function that is called": (
        "def log(f):\n    def run(*a):\n        print(k)\n        return f(*a)\n    return run",
        "@log\ndef use(): print(1)\nuse()",
    ),
    "handed to another decorator": (
        "def now(f):\n    f()\n    return f\nfrom functools import wraps\ndef log(f):\n    @now\n    def run(*a):\n"
        "        print(k)\n    wraps(f)(run)\n    return run",
        "@log\ndef use(): print(1)",
    ),
}


@pytest.mark.parametrize("case", MAKERS)
def test_making_code_is_not_running_it(case: str) -> None:
    make, keep = MAKERS[case]
    notebook = Notebook("k = 1", make, keep, "use()")
    assert notebook.all() == "abcd"
    found = edges(notebook)
    assert "k<a" not in found["c"]
    assert "k<a" in found["d"]
    assert notebook.run("a", "k = 2") == "ad"
    notebook.check()


@pytest.mark.parametrize("case", CALLERS)
def test_code_that_runs_where_it_is_made_counts(case: str) -> None:
    make, keep = CALLERS[case]
    notebook = Notebook("k = 1", make, keep, "use()" if "use()" not in keep else "0")
    assert notebook.all() == "abcd"
    assert "k<a" in edges(notebook)["c"]
    assert notebook.run("a", "k = 2").startswith("ac")
    notebook.check()


def test_a_generator_that_is_only_kept_has_not_run() -> None:
    notebook = Notebook("k = 1", "def count():\n    yield k\n    yield k + 1", "it = count()", "print(next(it))")
    assert notebook.all() == "abcd"
    assert edges(notebook)["c"] == "count<b"
    assert "k<a" in edges(notebook)["d"]
    notebook.run("a", "k = 2")
    notebook.check()


SHOWS = """\
class Show:
    def __init__(self, *texts):
        self.texts = texts
    def __repr__(self):
        return repr([eval(text) for text in self.texts])"""
LOOK_UPS = {
    "a class that evaluates strings": (SHOWS, "Show('x', 'y + 1')", "print(Show('x'))", "Show<c x<b"),
    "a function that does": ("def show(s): return eval(s)", "show('x')", "print(show('x + 1'))", "show<c x<b"),
    "a string of its own": ("def show(): return eval('x + 1')", "show()", "print(show())", "show<c x<b"),
    "a name of the cell's own": (SHOWS, "Show('x')", "w = 3\nprint(Show('w'), x)", "Show<c x<b"),
    "a name made up": ("def show(s): return eval(chr(120) + s)", "show('')", "print(show(' '))", "show<c x<b y<b z<a"),
    "globals": ("def show(): return globals()['x']", "show()", "print(show())", "show<c x<b y<b z<a"),
}


@pytest.mark.parametrize("case", LOOK_UPS)
def test_who_calls_code_that_looks_names_up_reads_them(case: str) -> None:
    make, show, again, reads = LOOK_UPS[case]
    notebook = Notebook("z = 0", "x = 1\ny = 2", make, show, again)
    assert notebook.all() == "abcde"
    assert "c" not in edges(notebook)
    assert edges(notebook)["e"] == reads
    assert notebook.run("b", "x = 5\ny = 3") == "bde"
    notebook.check()
    late = notebook.insert(3, "x = 7")
    assert notebook.run(late) == late + "de"
    notebook.check()
    notebook.delete(late)
    notebook.all()
    notebook.check()


CLASS = """\
class C:
    def __init__(self, v):
        self.v = v
        self.start = start
    def m(self): return k
    def n(self): return [self.q() for _ in range(2)]
    def q(self): return z
    @property
    def p(self): return k
    def fit(self):
        self.v += z
        return self
    def out(self): return f(self)"""
CONSTANTS = "k = 1\nz = 2\nstart = 3"
USES = {
    "an attribute": ("print(o.v)", "o"),
    "an attribute of an attribute": ("print(o.v.real)", "o"),
    "a method": ("print(o.m())", "k o"),
    "a method that calls another": ("print(o.n())", "o z"),
    "a bound method": ("g = o.m\nprint(g())", "k o"),
    "a property": ("print(o.p)", "k o"),
    "a store": ("o.v = 4\nprint(o.v)", "o"),
    "a method that returns the instance, dropped": ("o.fit()\nprint(o.v)", "o z"),
    "a method that returns the instance": ("print(o.fit().m())", "f k o start z", "k o z"),
    "a method that hands the instance on": ("print(o.out())", "f k o start z", "f k o"),
    "the instance itself": ("print(o.v, type(o).__name__)", "f k o start z", "o"),
    "getattr": ("print(getattr(o, 'm')())", "f k o start z", "k o"),
    "a string": ("print(eval('o.m()'))", "f k o start z", "k o"),
    "another function": ("print(f(o))", "f k o start z", "f k o"),
}


DECK = """\
class Deck:
    def __init__(self, cards):
        self.cards, self.drawn = cards, 0
    def __len__(self): return len(self.cards) + one
    def __iter__(self): return iter(self.cards[:two])
    def __repr__(self): return f"Deck {self.cards} {three}"
    def __call__(self): return four
    def __eq__(self, other): return five
    kind = "of cards"
    @staticmethod
    def count(): return two
    def shuffle(self): random.shuffle(self.cards)
    def all(self): return [card for card in self]"""
NUMBERS = "import random\none, two, three, four, five = 1, 2, 3, 4, 5"
DECK_USES = {  # what the text shows that it may read, and what it read if that was less
    "len": ("n = len(deck)\nprint(n)", "one"),
    "list": ("print(list(deck))", "one two"),
    "a loop": ("for card in deck: print(card)", "one two", "two"),
    "a comprehension": ("[card for card in deck]", "one two", "two"),
    "print": ("print(deck)", "three"),
    "in a text": ("print(f'{deck}')", "three"),
    "shown": ("deck", "three"),
    "called": ("print(deck())", "four"),
    "two things": ("print(deck, len(deck))", "one three"),
    "a method that hands itself on": ("print(deck.all())", "five four one random three two", "two"),
    "compared": ("print(deck == 1)", "five four one random three two", "five"),
    "in a list": ("print([deck])", "five four one random three two", "three"),
    "a print of one's own": ("print = max\nprint(deck)", "five four one random three two", "two"),
}


@pytest.mark.parametrize("use", DECK_USES)
def test_what_python_does_with_an_instance_runs_only_its_own_methods(use: str) -> None:
    source, may, *did = DECK_USES[use]
    notebook = Notebook(NUMBERS, DECK, "deck = Deck([7, 8, 9])")
    assert notebook.all() == "abc"
    notebook.insert(3, source)
    assert from_the_first(notebook, "d") == may.split()
    assert notebook.all() == "d"
    assert from_the_first(notebook, "d") == (did or [may])[0].split()
    notebook.check()


def from_the_first(notebook: Notebook, reader: str) -> list[str]:
    """The names that a cell reads from the first one."""
    found = edges(notebook).get(reader, "").split()
    return sorted(edge.removesuffix("<a") for edge in found if edge.endswith("<a"))


MADE_USES = {
    "kept": ("deck = Deck([7])", ""),
    "made and asked": ("deck = Deck([7])\nprint(len(deck))", "one"),
    "made and used by an attribute": ("deck = Deck([7])\nprint(deck.drawn, deck.cards)", ""),
    "made and shuffled": ("deck = Deck([7])\ndeck.shuffle()\nprint(deck.cards)", "random"),
    "made and shown": ("deck = Deck([7])\ndeck", "three"),
    "made and handed on": ("deck = Deck([7])\nprint([deck])", "five four one random three two", "three"),
    "made twice": ("deck = Deck([7])\ndeck = Deck([8])\nprint(len(deck))", "five four one random three two", "one"),
    "asked of the class": ("print(Deck.kind, Deck.count())", "two"),
    "asked of the class, and made": ("print(Deck.count())\ndeck = Deck([7])\nprint(len(deck))", "one two"),
    "made in a list": ("print(len([Deck([7])]))", "five four one random three two", ""),
}


@pytest.mark.parametrize("use", MADE_USES)
def test_of_what_a_cell_makes_only_what_it_uses_counts(use: str) -> None:
    source, may, *did = MADE_USES[use]
    notebook = Notebook(NUMBERS, DECK)
    assert notebook.all() == "ab"
    notebook.insert(2, source)
    assert from_the_first(notebook, "c") == may.split()
    assert notebook.all() == "c"
    assert from_the_first(notebook, "c") == (did or [may])[0].split()
    notebook.check()


def test_what_a_made_instance_was_given_may_run() -> None:
    notebook = Notebook(
        "k = 1",
        "def g(): print(k)",
        "class C:\n    def __init__(self, f): self.f = f\n    def go(self): self.f()",
        "c = C(g)\nc.go()",
    )
    assert notebook.all() == "abcd"
    assert "k<a" in edges(notebook)["d"]
    assert notebook.run("a", "k = 2") == "ad"
    notebook.check()


def test_a_builtin_that_another_cell_binds_does_anything() -> None:
    notebook = Notebook(
        "k = 1", "class C:\n    def m(self): return k\nc = C()", "def print(x): return x.m()", "print(c)"
    )
    assert notebook.all() == "abcd"
    assert "k<a" in edges(notebook)["d"]
    assert notebook.run("a", "k = 2") == "ad"


def test_data_of_a_librarys_object_that_holds_code_runs_none() -> None:
    notebook = Notebook(
        "k = 1",
        "from argparse import ArgumentParser\ndef number(text): return int(text) + k",
        "parser = ArgumentParser(prog='p', description='numbers')\naction = parser.add_argument('n', type=number)",
        "print(parser.prog, parser.description)",
        "print(parser.parse_args(['4']).n)",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["d"] == "parser<c"
    assert "k<a" in edges(notebook)["e"]
    notebook.run("a", "k = 2")
    notebook.check()


def test_elements_that_a_loop_hands_out_may_run_their_own_code() -> None:
    notebook = Notebook(
        "k = 1",
        "class E:\n    def m(self): return k\nclass Bag:\n    def __init__(self): self.inside = [E(), E()]\n"
        "    def __iter__(self): return iter(self.inside)",
        "bag = Bag()",
        "for e in bag: print(e.m())",
    )
    assert notebook.all() == "abcd"
    assert "k<a" in edges(notebook)["d"]
    assert notebook.run("a", "k = 2").endswith("d")
    notebook.check()


@pytest.mark.parametrize("use", USES)
def test_only_the_code_that_a_cell_can_reach_counts(use: str) -> None:
    source, may, *did = USES[use]
    notebook = Notebook(CONSTANTS, CLASS, "def f(o): return o.m()", "o = C(1)")
    assert notebook.all() == "abcd"
    notebook.insert(4, source)
    changed = notebook.engine.command("state", {})["cells"][4]["mutates"]
    assert changed == (["C", "o"] if "o.v =" in source or "fit" in source else [])  # perhaps what the class holds
    assert edges(notebook)["d"] == "C<b start<a"
    makers = {"C": "b", "f": "c", "o": "d"}
    for reads in (may, *did):
        assert edges(notebook)["e"] == " ".join(f"{name}<{makers.get(name, 'a')}" for name in reads.split())
        notebook.all()
    notebook.edit("a", "k = 10\nz = 20\nstart = 30")
    notebook.all()
    notebook.check()


UNKNOWN = {
    "a hook": "class C:\n    def __getattr__(self, name): return lambda: k",
    "a library's base": "import collections\nclass C(collections.UserDict):\n    def __getitem__(self, i): return k",
    "super": "class B:\n    def m(self): return k\nclass C(B):\n    def m(self): return super().m()",
    "a decorator": (
        "import functools\ndef d(f):\n    @functools.wraps(f)\n    def g(*a): return f(*a) + k\n    return g\n"
        "class C:\n    @d\n    def m(self): return 1"
    ),
    "a base": "class B:\n    def m(self): return k\nclass C(B): pass",
    "a lambda": "class C:\n    def __init__(self): self.m = lambda: k",
    "its own class": "class C:\n    def h(self): return k\n    def m(self): return type(self)().h()",
    "an inner function": "class C:\n    def h(self): return k\n    def m(self):\n        return (lambda: self.h())()",
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_code_reached_in_devious_ways_counts(kind: str) -> None:
    make, call = ("o = C({1: 0})", "print(o.get(1))") if "UserDict" in UNKNOWN[kind] else ("o = C()", "print(o.m())")
    notebook = Notebook("k = 1", UNKNOWN[kind], make, call)
    assert notebook.all() == "abcd"
    assert "k<a" in edges(notebook)["d"]
    notebook.edit("a", "k = 2")
    notebook.all()
    notebook.check()


def test_making_an_instance_reads_what_its_making_reads() -> None:
    notebook = Notebook(
        "k = 1", "class C:\n    def m(self): return k", "o = C()", "print(o.m())", "p = C()\nprint(p.m())"
    )
    assert notebook.all() == "abcde"
    assert edges(notebook) == {"c": "C<b", "d": "k<a o<c", "e": "C<b k<a"}
    assert notebook.run("a", "k = 2") == "ade"
    notebook.check()
    assert notebook.run("b", "class C:\n    def __init__(self): self.v = k\n    def m(self): return k + 1") == "bcde"
    notebook.check()
    assert notebook.run("a", "k = 3") == "acde"
    notebook.check()


def test_a_change_seen_in_a_large_object_does_not_spread_to_all_that_shares_with_it() -> None:
    notebook = Notebook(
        "class Result: pass\nshared = [[1]]",
        "result = Result()\nresult.shared = shared\nresult.cache = {}\nresult.all = [[i] for i in range(20_000)]",
        "def value(r):\n    r.cache['mean'] = 1\n    return 1",
        "print(value(result))",
        "print(shared, result.cache)",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["e"] == "result<d shared<a"
    notebook.check()
    assert notebook.run("d", "print(value(result) + 1)") in ("bde", "de")
    notebook.check()


@pytest.mark.usefixtures("no_hurry")
def test_nor_to_what_shares_with_the_part_that_was_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = Notebook(
        "class Result: pass\nshared = [[1]]",
        "result = Result()\nresult.cache = {}\nresult.all = [[i] for i in range(100)]\nresult.deep = [[[shared]]]",
        "def value(r):\n    r.cache['mean'] = 1\n    return 1",
        "",
        "print(shared, result.cache)",
    )
    notebook.all()
    assert edges(notebook)["e"] == "result<b shared<a"
    monkeypatch.setattr("reactive_kernel.kernel.survey.MAX_OBJECTS", 50)
    assert notebook.run("d", "print(value(result))") == "de"
    assert edges(notebook) == {"b": "Result<a shared<a", "d": "result<b value<c", "e": "result<d shared<a"}
    notebook.check()


LARGE = (
    "class Result: pass\n"
    "def large():\n    result = Result()\n    result.all = [[i] for i in range(20_000)]\n    return result"
)
TOUCH = "result.all[-1].append(0)"


@pytest.mark.usefixtures("no_hurry")
def test_what_was_looked_at_whole_is_not_taken_for_changed_with_what_holds_it() -> None:
    notebook = Notebook(
        LARGE,
        "shared = [[i] for i in range(600)]",
        "result = large()\nresult.shared = shared",
        TOUCH,
        "print(len(shared), result.all[-1])",
    )
    assert notebook.all() == "abcde"
    assert edges(notebook)["e"] == "result<d shared<b"
    notebook.check()


@pytest.mark.usefixtures("no_hurry")
def test_values_that_share_a_class_or_a_member_of_an_enumeration_do_not_change_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in "changes", "suspicion":  # on a busy machine too
        monkeypatch.setattr(f"reactive_kernel.kernel.{module}.PATIENCE", 5.0)
    notebook = Notebook(
        LARGE + "\nfrom http import HTTPStatus",
        "result, other = large(), large()\nresult.status = other.status = HTTPStatus.OK",
        TOUCH,
        "print(other.status, len(other.all))",
    )
    assert notebook.all() == "abcd"
    assert edges(notebook)["d"] == "other<b"
    notebook.check()


@pytest.mark.usefixtures("no_hurry")
def test_adding_to_a_text_out_of_something_large_does_not_change_that() -> None:
    notebook = Notebook(
        LARGE,
        "result = large()\nresult.name = 'a'\nname = 'b'",
        "for r in [result]:\n    name = r.name\n    name += ' (old)'\n    print(name)",
        "print(result.name)",
    )
    assert notebook.all() == "abcd"
    assert edges(notebook)["d"] == "result<b"
    notebook.check()


def test_predicting_with_a_tree_does_not_change_it() -> None:
    pytest.importorskip("sklearn")
    notebook = Notebook(
        "from sklearn.tree import DecisionTreeClassifier, export_text",
        "tree = DecisionTreeClassifier(max_depth=1, random_state=0)\ntree.fit([[0], [1]], [0, 1])",
        "print(export_text(tree))\ntree.apply([[1.0]])",
        "print(tree.predict([[1]]))",
    )
    notebook.all()
    assert edges(notebook)["d"] == "tree<b"


@pytest.mark.parametrize(
    ("make", "kept", "giver"),
    [
        ("ConfigParser()", "", "c"),
        ("ConfigParser()", "_1 = 2\n", "b"),
        ("ConfigParser()", "_1 = result\n", "c"),
        ("Own()", "_1 = 2\n", "c"),  # what methods of the user's own classes do is anybody's guess
    ],
)
def test_what_a_cell_shows_an_answer_of_was_not_called_for_its_effect(make: str, kept: str, giver: str) -> None:
    # The object is too large to be looked at; IPython keeps as `_1` what the last expression gave.
    notebook = Notebook(
        "from configparser import ConfigParser\nclass Own:\n    def sections(self): return len(self.all)",
        f"result = {make}\nresult.all = [[number] for number in range(20_000)]",
        f"{kept}result.sections()",
        "print(len(result.all))",
    )
    assert notebook.all() == "abcd"
    assert edges(notebook)["d"] == f"result<{giver}"
    notebook.check()


@pytest.mark.parametrize(
    ("last", "giver"),
    [
        ("_1 = 2\nresult.add(1)", "b"),
        ("result.add(1)\n_1 = 2", "c"),
        ("result.add(0)", "c"),
        ("_1 = 2\nresult.pop(1)", "c"),
    ],
)
def test_what_would_answer_nothing_if_it_changed_something_has_not_if_it_answers(
    last: str, giver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The object is too large to be looked at; IPython keeps as `_1` what the last expression gave.
    for name in "add", "pop":
        monkeypatch.setattr(ConfigParser, name, lambda result, n: result.all[:n] or None, raising=False)
    notebook = Notebook(
        "from configparser import ConfigParser",
        "result = ConfigParser()\nresult.all = [[number] for number in range(20_000)]",
        last,
        "print(len(result.all))",
    )
    assert notebook.all() == "abcd"
    assert edges(notebook)["d"] == f"result<{giver}"
