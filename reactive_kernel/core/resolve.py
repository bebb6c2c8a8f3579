"""What one cell reads and produces in the notebook as it stands: its facts, seen from its position.

Pure questions about one cell and the graph; the session stores the answers and tells the neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from reactive_kernel.core.candidates import candidates, suggested
from reactive_kernel.core.dotted import EVALUATORS, attributes_used, builtins_used, named_in_strings, narrowed
from reactive_kernel.core.facts import SHOWN, Deferred, Facts, together
from reactive_kernel.core.graph import BUILTINS, Graph
from reactive_kernel.core.notebook import DEFINES, DELETES, MAYBE, MUTATES, Cell, Ran
from reactive_kernel.core.options import imported, is_used, options_of, settings, surroundings
from reactive_kernel.core.patched import patched_in
from reactive_kernel.core.queried import queried
from reactive_kernel.core.registered import by_definitions
from reactive_kernel.core.sharing import Sharing, sharers
from reactive_kernel.core.versions import name_version, token_version

NONE: frozenset[str] = frozenset()
UNKNOWN = "<unknown>"  # whatever a cell may bind of which nothing is known before its run

__all__ = ["View", "carried", "outs", "produces", "view"]


@dataclass(slots=True)
class View:
    """A cell's reads, resolved; and what code of other cells that it calls does to names."""

    inputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    soft: dict[str, tuple[str, ...]] = field(default_factory=dict)  # that no run is sure to make: see `Cell.soft`
    writes: set[str] = field(default_factory=set)
    mutates: set[str] = field(default_factory=set)
    evaluates: bool = False  # code that it calls looks names up which nothing shows
    shared: set[str] = field(default_factory=set)  # names that share objects with what the cell mutates


def view(cell: Cell, graph: Graph, sharing: Sharing, known: bool, without: frozenset[str] = frozenset()) -> View:
    """Resolve everything that a cell reads at its position; names in ``without`` not from below, if they needn't be.

    With ``known``, what its last run showed stands; else it is only a hint, and the source's candidates count too.
    """
    facts = cell.facts
    result = View()
    ran = cell.ran if cell.ran is not None and cell.ran.code == facts.code else None
    options = _own_options(cell, ran)
    unread = ran.unread if known and ran is not None else frozenset()
    handed = by_definitions(cell, graph) | queried(cell, graph)  # to those who may do anything with it
    direct = ((facts.reads.keys() | handed) - unread) | options
    if ran is not None:
        direct |= ran.found | graph.still_given(ran.mutated, cell.key)
    if not known:
        direct |= facts.effects.keys() | suggested(facts) | (cell.drawn[1] if cell.drawn[0] == facts.code else set())
    if "_" in facts.reads and cell.kind == "notebook":
        direct.add(SHOWN)
    direct |= patched_in(cell.source, graph.patched)
    _close(cell, direct, _changed_here(cell, known) | options | handed, graph, result, without, unread)
    for name in result.writes & result.inputs.keys():  # the cell may bind it itself: as in a clean run, nothing below
        if cell.kind == "notebook":
            result.inputs[name] = graph.above(name, cell.key)
            result.soft.pop(name, None)
    if _hides_reads(facts) or result.evaluates:
        leave = _bound_before_hidden_reads(facts) | unread | {SHOWN}
        for name in graph.producers:
            if name not in result.inputs and name not in leave and (found := _there(name, cell, graph)):
                result.soft[name] = found
                if name in without:
                    found = graph.above(name, cell.key, cell.rivals)
                if found:
                    result.inputs[name] = found
    if graph.unknown and cell.kind == "notebook":
        _wait_for_unknown(cell, graph, result, without)
    if cell.kind != "batch":
        _add_shared(cell, graph, sharing, result, known)
    return result


def _there(name: str, cell: Cell, graph: Graph) -> tuple[str, ...]:
    """Producers above of a name that is there: not where the nearest would only change what begins below."""
    found, cells = graph.above(name, cell.key), graph.document.cells
    for producer in map(cells.__getitem__, found):
        if producer.produces[name] & ~(MUTATES | MAYBE) or name[:1] == "<":
            return found
        if any(cells[source].key < producer.key for source in producer.inputs.get(name, ())):
            return found
    return ()


def _wait_for_unknown(cell: Cell, graph: Graph, result: View, without: frozenset[str]) -> None:
    """Let a cell read, under a name of its own, what cells above that have yet to run may bind of its names."""
    found: dict[str, None] = {}
    for name, producers in result.inputs.items():
        if not name.startswith(("<", "sql:")) and (producers or name not in BUILTINS):
            found.update(dict.fromkeys(graph.may_bind(name, producers, cell)))
    if found:
        result.soft[UNKNOWN] = tuple(found)
        barred = cell.rivals if UNKNOWN in without else ()
        if waited := tuple(cell_id for cell_id in found if cell_id not in barred):
            result.inputs[UNKNOWN] = waited


def _hides_reads(facts: Facts) -> bool:
    """True if the cell may read anything, for all that its text shows."""
    return any(reason.hides_reads for reason in facts.opaque)


def _may_be_own(facts: Facts) -> bool:
    """True if the cell may have bound any name that it reads, for all that its text shows."""
    return any(reason.hides_reads or reason.binds_by_key for reason in facts.opaque)


def _bound_before_hidden_reads(facts: Facts) -> set[str]:
    """Names that the cell surely binds on a line above the first that may read anything."""
    line = min((reason.site.line for reason in facts.opaque if reason.hides_reads), default=0)
    own = {name for name, site in facts.writes.items() if site.line < line and name not in facts.maybe}
    return own - facts.reads.keys() - facts.deletes.keys()


@lru_cache(maxsize=1024)
def _looks_inside(source: str, name: str) -> bool:
    """True if the text takes an attribute or item of a name other than to set it, to show it or to listen to it."""
    attribute = r"\s*(?:\[|\.\s*(?!(?:un)?observe|on_|layout|style|close\b|add_class|remove_class)\w+(?!\w|\s*=[^=]))"
    return re.search(rf"(?<![\w.]){re.escape(name)}{attribute}", source) is not None


def _own_options(cell: Cell, ran: Ran | None) -> set[str]:
    """Hidden state that the cell reads by modules which it imports itself, and uses, or by words of its text."""
    bound = ran.bound.items() if ran is not None else ()
    tokens = {**imported(cell.source), **{name: token for name, token in bound if token is not None}}
    own = ((name, options_of(token, cell.source)) for name, token in tokens.items())
    found = {option for name, options in own if options and is_used(cell.source, name) for option in options}
    return found.union(surroundings(cell.source))


def _changed_here(cell: Cell, known: bool) -> set[str]:
    """Names that the cell itself binds or surely changes: as in a clean run, a definition below comes too late."""
    found = {name for name, mutation in cell.facts.mutates.items() if mutation.strength == "sure"}
    found.update(cell.facts.writes)
    if cell.late[0] == cell.facts.code:
        found |= cell.late[1]
    if cell.ran is not None and cell.ran.code == cell.facts.code:
        found |= cell.ran.mutated
        # What a star binds, the run may have been given before it came to that.
        given = {name for name, _ in cell.ran.inputs} if known else cell.facts.reads.keys()
        found |= cell.ran.bound.keys() - given
    return found


def _close(
    cell: Cell,
    direct: Iterable[str],
    here: set[str],
    graph: Graph,
    result: View,
    without: frozenset[str],
    unread: frozenset[str],
) -> None:
    """Resolve ``direct`` and whatever the code that these names carry reads when called here, but for ``unread``.

    Names in ``here``, those of which it asks, and all that it may have bound itself, are looked for above only.
    """
    cells, facts = graph.document.cells, cell.facts
    inputs = result.inputs
    opaque = _hides_reads(facts)
    held = frozenset() if opaque else _only_shared(cell, direct, graph)
    todo = [(name, name in facts.inert or name in held, _bound_before(facts, name)) for name in direct]
    own_reads = set(direct) - (cell.ran.found if cell.ran is not None else frozenset())
    called: set[str] = set()  # read by called code, which may do anything with them
    followed: dict[str, frozenset[str]] = {}  # with the names that the cell had bound itself by then
    spelt: frozenset[str] | None = None  # names that the cell spells for code which looks names up
    while todo:
        name, inert, own = todo.pop()
        if name in inputs and (inert or (name in followed and followed[name] <= own)):
            continue
        if name not in inputs:
            above = name in here or name in result.writes or name in facts.asked or _may_be_own(facts)
            found = _find(name, cell, graph, above)
            if found and cells[found[0]].key > cell.key and not (name in own_reads and _is_sure(cell, name)):
                if name in without or (name in own_reads and _bound_by_star(cell, name)):
                    found = ()
                else:
                    result.soft[name] = found
            inputs[name] = found
            beside = _along_with(name, found, cell, graph, name in own_reads)
            todo.extend((hidden, hidden not in graph.patched, own) for hidden in beside)
        if inert:
            continue
        narrow = name not in called and not opaque
        if not narrow:
            followed[name] = followed.get(name, own) & own
        for producer in inputs[name]:
            code = cells[producer].carried.get(name)
            if code is None:
                continue
            code = _used(name, code, cell, graph) if narrow and code.parts else code
            its_own = frozenset(name for name, bound in code.after.items() if name in bound) if code.after else NONE
            reads = (code.reads | code.mutates) - own - unread - its_own
            if spelt is None and any(not graph.resolve(n, cell) for n in EVALUATORS & reads):
                named = named_in_strings(cell.source)
                spelt = frozenset(n for n in named - facts.writes.keys() if graph.above(n, cell.key))
                result.evaluates = not opaque and not spelt and named.isdisjoint(facts.writes)
                reads |= spelt
            if "_" in reads and cell.kind == "notebook" and not graph.resolve("_", cell):
                reads |= {SHOWN}
            todo.extend((read, False, own | code.after.get(read, NONE)) for read in reads)
            called |= reads
            result.writes |= code.writes
            result.mutates |= code.mutates - own - its_own


def _only_shared(cell: Cell, direct: Iterable[str], graph: Graph) -> frozenset[str]:
    """Those that only share objects with what the cell changed: that is no way for it to call what they hold."""
    return frozenset(direct) - cell.facts.reads.keys() - by_definitions(cell, graph) - graph.patched


def _find(name: str, cell: Cell, graph: Graph, above: bool) -> tuple[str, ...]:
    """The cells that a name is read from; ``above``: nothing below counts."""
    if cell.kind == "notebook" and (above or _found_nearer(name, cell, graph)):
        return graph.above(name, cell.key)
    return graph.resolve(name, cell)


def _used(name: str, code: Deferred, cell: Cell, graph: Graph) -> Deferred:
    """What runs of the code in an input by the attributes that the cell's text uses of it."""
    own_builtins = any(n in cell.facts.writes or graph.resolve(n, cell) for n in builtins_used(cell.source))
    return narrowed(code, None if own_builtins else attributes_used(cell.source).get(name))


def _along_with(name: str, found: Iterable[str], cell: Cell, graph: Graph, own: bool) -> Iterator[str]:
    """Hidden state that is read with a name: options of a module or of its values, the traits of widgets."""
    for producer in map(graph.document.cells.__getitem__, found):
        token = producer.ran.bound.get(name) if producer.ran is not None else None
        token = token or imported(producer.source).get(name)  # os.environ has none of its own
        yield from options_of(token, cell.source)
        if producer.ran is not None and (libraries := producer.ran.libraries.get(name)):
            yield from settings(cell.source, libraries)
        if name == SHOWN and token is None:  # an object, that is perhaps changed on the way
            yield from (n for n in (*producer.facts.reads, *producer.facts.writes) if graph.above(n, cell.key))
        yield from patched_in(producer.source, graph.patched, name)
        traits = f"<{name}.traits>"
        if traits in producer.produces and (not own or _looks_inside(cell.source, name)):
            yield traits


def _bound_by_star(cell: Cell, name: str) -> bool:
    """True if a star import of the cell is taken to bind a name, until a run fails for lack of it."""
    stars = bool(cell.facts.stars) and (cell.ran is None or cell.ran.code != cell.facts.code)
    return stars and not _was_missed(cell, name)


def _is_sure(cell: Cell, name: str) -> bool:
    """True if a run will surely come to a read that the text shows."""
    return name not in cell.facts.unsure or _was_missed(cell, name)


def _was_missed(cell: Cell, name: str) -> bool:
    """True if the cell has failed for lack of a name."""
    return cell.missed[0] == cell.facts.code and name in cell.missed[1]


def _found_nearer(name: str, cell: Cell, graph: Graph) -> bool:
    """True if what a query names is above already: a frame, where ``name`` is the table's, or the other way round.

    Or below, but nearer than what ``name`` stands for.
    """
    reads, inert = cell.facts.reads, cell.facts.inert
    if name.startswith("sql:"):
        others = [n for n in inert if n.lower() == name[4:]]
    else:
        others = [n for n in (f"sql:{name.lower()}",) if name in inert and n in reads]
    if not others:
        return False
    if any(graph.above(other, cell.key) for other in others):
        return True
    cells, own = graph.document.cells, graph.resolve(name, cell)
    found = [cells[p].key for other in others for p in graph.resolve(other, cell)]
    return bool(own and found) and min(found) < cells[own[0]].key


def _bound_before(facts: Facts, reader: str) -> frozenset[str]:
    """Names that the cell surely binds on a line above its first use of ``reader``."""
    site = facts.reads.get(reader)
    if site is None:
        return frozenset()
    found = {n for n, s in facts.writes.items() if s.line < site.line and n not in facts.maybe and n not in facts.reads}
    if facts.language == "sql":  # the variable that its first line names is bound last
        results = {n for n in found if not n.startswith(("sql:", "<"))}
        found -= results | {f"sql:{n.lower()}" for n in results}
    return frozenset(found)


def _add_shared(cell: Cell, graph: Graph, sharing: Sharing, result: View, known: bool) -> None:
    """Add the visible names that share objects with what the cell mutates: they are mutated with it.

    A name that the last run saw unchanged, at the version that it still has, is not added.
    """
    cells = graph.document.cells
    cleared = cell.ran.cleared if cell.ran is not None and cell.ran.code == cell.facts.code else frozenset()
    bound = cell.ran.bound.keys() if known and cell.ran is not None else ()  # what it gives is new, unless it reads it
    above: dict[str, tuple[str, ...]] = {}  # many share under one name
    for name in candidates(cell, result.inputs, result.mutates, cells, known):
        for producer in result.inputs.get(name, ()):
            if cells[producer].key > cell.key and cell.kind == "notebook":
                continue  # from below: a change of it is none of what is above
            ran = cells[producer].ran
            for other_id, other in sharers(sharing, ran.reach.get(name, ())) if ran is not None else ():
                if other in result.shared or other_id == cell.id or other_id not in cells or not cells[other_id].shown:
                    continue
                if other in bound and other not in result.inputs:
                    continue
                if other not in above:
                    above[other] = graph.in_effect_above(other, cell.key)
                if other_id not in above[other]:
                    continue
                if cells[other_id].key < cell.key and other_id in graph.later(cell):
                    continue
                if other not in result.inputs and (other, cells[other_id].outs.get(other, "")) in cleared:
                    continue
                result.shared.add(other)
                result.inputs.setdefault(other, above[other])


def produces(cell: Cell, seen: View, cells: Mapping[str, Cell]) -> dict[str, int]:
    """How a cell produces names: exactly, when its run at this version told; else what it may do."""
    facts, ran = cell.facts, cell.ran
    result: dict[str, int] = {}
    if ran is not None and (cell.exact or (cell.trusted and ran.code == facts.code)):
        result.update(dict.fromkeys(ran.mutated, MUTATES))
        result.update(dict.fromkeys(ran.bound, DEFINES))
        result.update(dict.fromkeys(ran.deleted, DELETES))
        return result
    for name in candidates(cell, seen.inputs, seen.mutates, cells, False) | seen.shared:
        if seen.inputs.get(name) or name.startswith("<"):
            result[name] = MUTATES
    if ran is not None and ran.code == facts.code:
        for name in ran.bound:
            result[name] = DEFINES | MAYBE
        for name in ran.deleted:
            result[name] = DELETES | MAYBE
    for name in seen.writes:
        result[name] = DEFINES | MAYBE
    for name in facts.deletes:
        result[name] = DELETES | (MAYBE if name in facts.maybe_deletes else 0)
    if facts.shows and cell.kind == "notebook":
        result[SHOWN] = DEFINES | MAYBE
    for name in facts.writes:
        result[name] = DEFINES | (MAYBE if name in facts.maybe else 0)
    return {n: how for n, how in result.items() if not (n in facts.maybe_deletes and n not in facts.writes)}


def carried(cell: Cell, seen: View, cells: Mapping[str, Cell]) -> dict[str, Deferred]:
    """What the code inside each produced value does when called: known from the value, else from the source."""
    facts, ran = cell.facts, cell.ran
    if ran is not None and (cell.exact or (cell.trusted and ran.code == facts.code)):
        return dict(ran.carried)
    result: dict[str, Deferred] = {}
    for name, how in cell.produces.items():
        parts = [facts.deferred[name]] if name in facts.deferred else []
        sources = facts.carries.get(name, frozenset())
        if how & MUTATES and not how & DEFINES:
            sources = sources | {name} | facts.reads.keys()
        for source in sources:
            for producer in seen.inputs.get(source, ()):
                if (code := cells[producer].carried.get(source)) is not None:
                    parts.append(replace(code, parts={}) if code.parts else code)
        if parts:
            result[name] = parts[0] if len(parts) == 1 else together(parts)
    return result


def outs(cell: Cell) -> dict[str, str]:
    """The version of the value that a cell gives to each name it produces.

    Of a cell that has to run first it is not known, and the same whatever changes above: so the work
    of a cascade along a chain of stale cells grows with the chain, not with its square.
    """
    if not cell.exact or cell.ran is None or cell.version is None:
        unknown = (UNKNOWN,) if cell.unknown else ()
        return {name: name_version(cell.id, "to run", name) for name in (*cell.produces, *unknown)}
    tokens, result = {**cell.ran.stays, **{n: t for n, t in cell.ran.bound.items() if t is not None}}, {}
    for name in cell.produces:
        token = tokens.get(name)
        result[name] = name_version(cell.id, cell.version, name) if token is None else token_version(token)
    return result
