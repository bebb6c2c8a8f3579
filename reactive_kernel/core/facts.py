"""What one cell's source says about names: the result of the analysis, the input of the graph.

A *binding* is a place where a name gets a value, a *reference* a place where its value is used.
Nothing here knows other cells, values or runs: facts are what the text alone shows, and the same
text always gives the same facts.

Names are Python identifiers after NFKC normalisation.  Two kinds of pseudo-name share the maps:
``sql:users`` (a relation of the SQL catalog, case-folded) and ``<random>`` (hidden state, such as
``<random>``, ``<numpy.random>``, ``<torch.random>``).  :func:`visible` turns a set of them into what users are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

__all__ = [
    "EVALUATES",
    "REACHES",
    "SHOWN",
    "WEAK",
    "Deferred",
    "Facts",
    "Mutation",
    "Opaque",
    "Problem",
    "Site",
    "Strength",
    "together",
    "visible",
]

Strength = Literal["sure", "likely", "asked", "drawn", "possible"]
REACHES = "() can reach any name"
EVALUATES = "() runs code that is known at run time only"
SHOWN = "<shown>"  # what a cell has shown last: IPython's ``_``
WEAK: tuple[Strength, ...] = ("drawn", "possible")  # no candidates of the source's own


class Site(NamedTuple):
    """A position in a cell's source: ``line`` from 1, ``column`` from 0, in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mutation:
    """A candidate for an in-place change of the object behind a name.

    ``sure``: a store or deletion inside it (``x[k] = v``, ``x.a = v``, ``del x[k]``, ``x += …``).
    ``likely``: called for effect, the result thrown away (``x.append(1)``, ``model.fit(X)``,
    ``shuffle(x)``), or a method known to mutate (``rows.pop()`` whose result is kept).
    ``asked``: a method is called whose result the cell shows (``results.report()`` at its end; also ``x.append(1)``
    there: if it shows something, it was another kind of ``append``).
    ``drawn``: so called, by a name that most often draws something (``world.step()``, ``df.plot()``): only of an object
    of the user's own class it tells more than nothing.
    ``possible``: any other method call on it or call that it is passed to.
    """

    site: Site
    strength: Strength


@dataclass(frozen=True, slots=True)
class Deferred:
    """What a piece of code (function, lambda, method, generator) will do to globals when it runs.

    The first three are names of module-level (notebook) variables, nested code included.  ``parts`` (of instances
    and classes, known from the value only) is what the use of one attribute can run (see ``dotted.py``).
    ``after``: of what it reads, the names that it has surely bound itself by then.
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    mutates: frozenset[str] = frozenset()
    parts: Mapping[str, Deferred] = field(default_factory=dict, hash=False)
    after: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Opaque:
    """Why the text alone can't tell what the cell reads and binds (``exec``, ``import *``, …).

    ``reason`` is a sentence for people.  ``hides_reads`` is False if only what is bound is not known, which a run
    tells (``import *``, ``%run``).  ``binds``: it may bind any name, for all that the text shows.
    """

    reason: str
    site: Site
    hides_reads: bool = True
    binds: bool = False

    @property
    def binds_by_key(self) -> bool:
        """True if it only binds a name that its text doesn't tell: ``globals()[key] = value``."""
        return self.reason.endswith(REACHES) and not self.hides_reads

    @property
    def magic(self) -> str:
        """The cell magic that isn't known; empty if it is something else."""
        return self.reason[2:].partition(" ")[0] if self.reason.startswith("%%") else ""

    @property
    def evaluates(self) -> bool:
        """True if what it reads is in a text that it evaluates: a run tells."""
        return self.reason.endswith(EVALUATES)


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of the user's, as data: a code for programs, a sentence for people.

    ``cells`` are ids of the cells concerned (empty in facts, which know no other cell).
    """

    code: str
    message: str
    names: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the analysis of one cell's source yields.

    Attributes:
        code: hash (hex) of the normalised source; comments, blank lines and formatting don't count.
        reads: eager references to names of other cells: read while the cell runs, on some path
            before the cell itself binds them.  Includes what functions defined *in this cell* read
            when the cell also uses them eagerly.
        unsure: the subset of ``reads`` that some run may not make: in a branch, a loop, a ``try``, a function.
        in_code: the subset of ``reads`` that only functions defined in the cell make.
        inert: the subset of ``reads`` that is only passed on and can't be called by this cell
            (``g = f``, ``table = {"a": f}``, ``partial(f, 1)``): its deferred reads don't count here.
        asked: the subset of ``reads`` of which the cell asks whether they are there (``"x" in globals()``).
        writes: names bound at the end of the cell on some path (deleted ones excluded).
        maybe: the subset of ``writes`` that some path leaves alone (``if``, ``for``, ``try`` …),
            so that an earlier value may flow through.
        deletes: names that some path unbinds, and does not bind again (``del x``).
        maybe_deletes: the subset of ``deletes`` that some path leaves alone (``except E as e``).
        mutates: candidates for in-place changes of objects of *other* cells (or of own ones that
            other names may share), by name.
        deferred: carrier name (function, class, lambda's target) -> what its code does when called.
        carries: written name -> names (read by this cell) whose deferred code it may carry onward
            (``g = f``, ``h = partial(f)``, ``obj = C()``, ``y = f(1)``).  Names bound to plain values don't appear.
        plain: written names whose value certainly can't be mutated or shared (numbers, strings …).
        effects: hidden state that the cell reads and advances, by pseudo-name (``<random>``).
        opaque: reasons why the rest is not all there is; empty for an ordinary cell.
        stars: modules of ``from m import *``: a run binds their public names, also where they were bound to the same
            objects before.
        problem: a syntax error, as data, or None.
        shows: its last statement is an expression, whose value is shown unless it is None: IPython's ``_`` below.
        line_magics: names of line magics used; ``cell_magic``: name of the cell magic, or None.
    """

    code: str
    reads: Mapping[str, Site] = field(default_factory=dict)
    unsure: frozenset[str] = frozenset()
    in_code: frozenset[str] = frozenset()
    inert: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()
    writes: Mapping[str, Site] = field(default_factory=dict)
    maybe: frozenset[str] = frozenset()
    deletes: Mapping[str, Site] = field(default_factory=dict)
    maybe_deletes: frozenset[str] = frozenset()
    mutates: Mapping[str, Mutation] = field(default_factory=dict)
    deferred: Mapping[str, Deferred] = field(default_factory=dict)
    carries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    effects: Mapping[str, Site] = field(default_factory=dict)
    opaque: tuple[Opaque, ...] = ()
    stars: tuple[str, ...] = ()
    problem: Problem | None = None
    line_magics: tuple[str, ...] = ()
    cell_magic: str | None = None
    language: str = "python"
    shows: bool = False


def together(parts: Iterable[Deferred]) -> Deferred:
    """What several pieces of code do, as one; what the use of their attributes runs is not kept."""
    parts = list(parts)
    after: dict[str, frozenset[str]] = {}
    for name in {name for part in parts for name in part.after}:
        users = [part for part in parts if name in part.reads or name in part.mutates or name in part.after]
        after[name] = frozenset.intersection(*(part.after.get(name, frozenset()) for part in users))
    return Deferred(
        frozenset().union(*(part.reads for part in parts)),
        frozenset().union(*(part.writes for part in parts)),
        frozenset().union(*(part.mutates for part in parts)),
        after=after,
    )


def visible(names: Iterable[str]) -> list[str]:
    """Return what users are shown of ``names``: sorted, hidden state left out, SQL prefix dropped."""
    return sorted({name.removeprefix("sql:") for name in names if not name.startswith("<")})
