"""Which new values of a cell are, object by object, what it gave the last time: then the old ones may stay.

Two values are *alike* if a walk through both at once finds equal leaves, equal shapes and the same sharing
(an isomorphism of object graphs, found by pairing objects as in a union of two depth-first walks).  An old
value that stays keeps its version, so that nothing below runs again.  What can't be told counts as different.
"""

from __future__ import annotations

import random
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Mapping
from time import thread_time
from typing import Any

from reactive_kernel.kernel.compiled_states import hides
from reactive_kernel.kernel.frame_memory import viewed_memory
from reactive_kernel.kernel.frames import given_to
from reactive_kernel.kernel.random_states import is_generator, same_generator
from reactive_kernel.kernel.shell import shell_of
from reactive_kernel.kernel.store import tracked
from reactive_kernel.kernel.tokens import equal, identity_matters, token
from reactive_kernel.kernel.typewise import about, attributes_of, members_of, module_of, slots_of

__all__ = ["Pairing", "Pairs", "alike", "made_of_others", "nobody_else_holds"]

BYTES_A_SECOND = 2e9  # of memory compared, cautiously
BYTES_AN_ITEM = 200  # as much time as for an item of a container
HELD_BY_A_CALL = 2  # references to an argument: the variable, and what counts them
HELD_BY_US = 3  # references to an object that is looked at: in `Pairing.new`, a local variable, an argument

PLAIN: frozenset[type] = frozenset({int, bool, str, bytes, type(None)})

Pairs = list[tuple[Any, Any]]


class Pairing:
    """Pairs of objects, old and new, that would take each other's place.

    ``settled(x)``: x was there before the run and is what it was; ``foreign(old, new)``: one of them is
    nobody's to replace, since a cell above has it too.
    """

    def __init__(
        self, main: str, deadline: float, settled: Callable[[Any], bool], foreign: Callable[[Any, Any], bool]
    ) -> None:
        self.main = main
        self.deadline = deadline
        self.settled = settled
        self.foreign = foreign
        self.partner: dict[int, int] = {}  # id of an old object -> id of the new one
        self.taken: set[int] = set()
        self.old: list[Any] = []
        self.new: list[Any] = []
        self.references: dict[int, int] = {}  # id of a new object -> how often the walk came to it
        self.inside: dict[str, set[int]] = {}  # name -> ids of the new objects in its value
        self.bytes = 0.0

    def fits(self, name: str, pairs: Pairs) -> bool:
        """True if values of a name are alike, given all pairs so far; if not, the pairing is spoilt."""
        inside = self.inside[name] = set()
        todo = pairs[:]
        while todo:
            a, b = todo.pop()
            kind = type(a)
            if kind is not type(b):
                return False
            if a is b:
                if kind in PLAIN or token(a, self.main) is not None or self.settled(a):
                    continue
                return False
            if equal(a, b):
                continue
            inside.add(id(b))
            self.references[id(b)] = self.references.get(id(b), 0) + 1
            partner = self.partner.get(id(a))
            if partner is not None or id(b) in self.taken:
                if partner != id(b):
                    return False
                continue
            if self.foreign(a, b) or not self._affords(BYTES_AN_ITEM):
                return False
            self.partner[id(a)] = id(b)
            self.taken.add(id(b))
            self.old.append(a)  # alive, so that ids stay theirs
            self.new.append(b)
            found = self._inside(a, b, kind)
            if found is None:
                return False
            todo.extend(found)
        return True

    def held_by_others(self, namespace: Mapping[str, Any]) -> set[int]:
        """Ids of new objects that something else than the values looked at holds: a thread, a list of callbacks."""
        found = set()
        for index in range(len(self.new)):
            value = self.new[index]
            more = sys.getrefcount(value) - self.references[id(value)] - HELD_BY_US
            if more > 0 and more > _as_output(value, namespace):
                found.add(id(value))
        return found

    # -- what is inside of two objects of one type; None: they differ, or it can't be told

    def _inside(self, a: Any, b: Any, kind: type) -> Pairs | None:
        if kind is list or kind is tuple or kind is deque:
            return None if kind is deque and a.maxlen != b.maxlen else self._zipped(a, b)
        if kind is dict or kind is defaultdict or kind is Counter or kind is OrderedDict:
            if kind is defaultdict and a.default_factory is not b.default_factory:
                return None
            keys = self._zipped(a.keys(), b.keys())
            items = None if keys is None else self._zipped(a.values(), b.values())
            more = list(attributes_of(a).items()) + list(attributes_of(b).items())
            return None if keys is None or items is None or more else keys + items
        if kind is set or kind is frozenset:
            # In the same order too; of objects that can change, the order tells nothing.
            return [] if self._zipped(a, b) == [] else None
        if kind is bytearray:
            return [] if self._affords(len(a)) and a == b else None
        if kind is random.Random:
            return [] if a.getstate() == b.getstate() else None
        if module_of(kind) == self.main or kind is types.SimpleNamespace:
            return self._instances(a, b, kind)
        if about(kind).package == "sklearn" and about(kind).attributes is not None and not hides(kind):
            one, other = attributes_of(a), attributes_of(b)
            return self._zipped(one.values(), other.values()) if list(one) == list(other) else None
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if numpy is not None and kind is numpy.ndarray:
            return self._arrays(a, b)
        if is_generator(kind):
            return [] if same_generator(a, b) else None
        if pandas is not None and kind in (pandas.DataFrame, pandas.Series):
            return [] if self._frames(a, b) else None
        polars = sys.modules.get("polars")
        if polars is not None and kind in (polars.DataFrame, polars.Series):
            return [] if self._polars(a, b) else None
        return None

    def _zipped(self, one: Collection[Any], other: Collection[Any]) -> Pairs | None:
        """The pairs that have to be looked at."""
        if len(one) != len(other) or not self._affords(BYTES_AN_ITEM * len(one)):
            return None
        found: Pairs = []
        for a, b in zip(one, other, strict=True):
            kind = type(a)
            if kind is not type(b):
                return None
            if kind not in PLAIN:
                found.append((a, b))
            elif a != b:
                return None
        return found

    def _instances(self, a: Any, b: Any, kind: type) -> Pairs | None:
        """Attributes and slots, past whatever the class makes of attribute access; nothing else may be inside.

        A class of the notebook's has to be what it was, too: its attributes are the instance's.
        """
        if kind is not types.SimpleNamespace and not self.settled(kind):
            return None
        if any(module_of(base) not in (self.main, "abc", "typing", "types") for base in kind.__mro__[:-1]):
            return None
        if any("__del__" in members_of(base) for base in kind.__mro__):
            return None
        one, other = attributes_of(a) | slots_of(a), attributes_of(b) | slots_of(b)
        return self._zipped(one.values(), other.values()) if list(one) == list(other) else None

    def _arrays(self, a: Any, b: Any) -> Pairs | None:
        if a.dtype != b.dtype or a.shape != b.shape or a.strides != b.strides:
            return None
        if a.dtype.hasobject:
            plain = a.dtype == object and a.base is None and b.base is None
            return self._zipped(a.ravel().tolist(), b.ravel().tolist()) if plain else None
        if a.flags.writeable != b.flags.writeable or type(a.base) is not type(b.base):
            return None
        if type(a.base) is type(a):  # a view: its memory is its base's
            return [(a.base, b.base)] if _offset(a) == _offset(b) else None
        return [] if a.base is None and self._affords(a.nbytes) and _same_bytes(a, b) else None

    def _frames(self, a: Any, b: Any) -> bool:
        """Exactly: labels, order, types and bits of numbers; no objects inside, and no memory that two may share."""
        if int(sys.modules["pandas"].__version__.partition(".")[0]) < 3 or list(vars(a)) != list(vars(b)):
            return False
        if a.attrs or b.attrs or given_to(a) or given_to(b) or a.flags != b.flags or viewed_memory(b):
            return False
        if getattr(a, "_name", None) != getattr(b, "_name", None):
            return False
        for x, y in zip(a.axes, b.axes, strict=True):
            if x is y and not self.settled(x):  # its name may have changed for both
                return False
            if not (self._affords(BYTES_AN_ITEM + getattr(x, "nbytes", 0)) and x.nlevels == 1 and x.identical(y)):
                return False
        blocks, others = a._mgr.blocks, b._mgr.blocks
        return len(blocks) == len(others) and all(map(self._same_block, blocks, others))

    def _same_block(self, one: Any, other: Any) -> bool:
        a, b = one.values, other.values
        if type(a) is not type(b) or a.dtype != b.dtype or a.shape != b.shape or a.dtype == object:
            return False
        if not (one.mgr_locs.as_array == other.mgr_locs.as_array).all() or not self._affords(a.nbytes):
            return False
        return bool(_same_bytes(a, b) if hasattr(a, "strides") else a.equals(b))

    def _polars(self, a: Any, b: Any) -> bool:
        """Exactly: names, order, types, bits of numbers; of nested types and objects it can't be told."""
        if not self._affords(a.estimated_size() + b.estimated_size()):
            return False
        if hasattr(a, "get_columns"):
            one, other = a.get_columns(), b.get_columns()
            return a.shape == b.shape and all(map(self._polars, one, other))
        if a.name != b.name or a.dtype != b.dtype or a.dtype.is_nested() or a.dtype.is_object():
            return False
        if not a.equals(b, null_equal=True):
            return False
        return not a.dtype.is_float() or bool(_same_bytes(a.to_numpy(), b.to_numpy()))

    def _affords(self, size: float) -> bool:
        self.bytes += size
        return thread_time() + self.bytes / BYTES_A_SECOND < self.deadline


def nobody_else_holds(value: Any, holders: int) -> bool:
    """True if nothing refers to a function or class, or to a method, but ``holders`` and its own parts; not with
    captured variables.
    """
    if type(value) is types.FunctionType:
        return value.__closure__ is None and sys.getrefcount(value) == holders + HELD_BY_A_CALL
    if not isinstance(value, type):
        return False
    own = 1  # its own line of ancestors
    captured: set[int] = set()  # variables that hold it for ``super()`` in its methods, which share one
    members = list(members_of(value).values())
    for member in members:
        if type(member) is types.FunctionType:
            here = 2 * sum(member is other for other in members)  # in the class, and in the list here
            if sys.getrefcount(member) > here + HELD_BY_A_CALL:
                return False
        if isinstance(member, (types.GetSetDescriptorType, types.MemberDescriptorType)):
            own += member.__objclass__ is value
        captured.update(id(variable) for variable in _captured(member) if _holds(variable, value))
    return sys.getrefcount(value) == holders + HELD_BY_A_CALL + own + len(captured)


def made_of_others(value: Any, namespace: Mapping[str, Any], main: str) -> bool:
    """True if in a function or class there is one of the notebook's, as a default, attribute or base, that has lost its
    name: whoever else holds that can't be told.
    """
    if isinstance(value, type):
        own = f"{value.__qualname__}."
        members = (getattr(member, "__func__", member) for member in members_of(value).values())
        parts = [m for m in members if not str(getattr(m, "__qualname__", "")).startswith(own)] + list(value.__bases__)
    elif type(value) is not types.FunctionType:
        return False
    else:
        parts = [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    code = (part for part in parts if type(part) is not tuple and identity_matters(part, main))
    return any(namespace.get(part.__name__) is not part for part in code)


def _captured(member: Any) -> list[types.CellType]:
    """The captured variables of a class's member."""
    kind = type(member)
    if kind is property:
        code = [member.fget, member.fset, member.fdel]
    else:
        code = [member.__func__ if kind is staticmethod or kind is classmethod else member]
    return [v for f in code if type(f) is types.FunctionType for v in f.__closure__ or ()]


def _holds(variable: types.CellType, value: Any) -> bool:
    try:
        return variable.cell_contents is value
    except ValueError:  # empty
        return False


def _offset(view: Any) -> int:
    return int(view.__array_interface__["data"][0] - view.base.__array_interface__["data"][0])


def _same_bytes(a: Any, b: Any) -> bool:
    """The bits, so that ``-0.0`` isn't ``0.0``."""
    numpy = sys.modules["numpy"]
    if a.strides != b.strides:
        return False
    if a.itemsize in (1, 2, 4, 8) and a.flags.c_contiguous:
        return bool(numpy.array_equal(a.view(f"u{a.itemsize}"), b.view(f"u{a.itemsize}")))
    return bool(a.tobytes("A") == b.tobytes("A"))


def _as_output(value: Any, namespace: Mapping[str, Any]) -> int:
    """How often IPython's history holds a value as the last output; there an equal object does as well."""
    if namespace.get("_") is not value:
        return 0
    shell = shell_of(namespace)
    hook, ran = getattr(shell, "displayhook", None), getattr(shell, "last_execution_result", None)
    holders: tuple[Mapping[Any, Any], ...] = (
        {name: held for name, held in namespace.items() if not tracked(name)},
        namespace.get("Out") or {},
        getattr(shell, "user_ns_hidden", {}),
        {name: getattr(hook, name, None) for name in ("_", "__", "___")},
        {"result": getattr(ran, "result", None)},
    )
    return sum(held is value for holder in holders for held in holder.values())


def alike(
    old: Mapping[str, Any], new: Mapping[str, Any], namespace: Mapping[str, Any], start: Callable[[], Pairing]
) -> set[str]:
    """The names whose new values are alike to the old ones, all taken together, and held by nobody else.

    ``new`` values are in ``namespace`` as well.
    """
    names = set(old)
    while names:
        pairing = start()
        unlike = {name for name in sorted(names) if not pairing.fits(name, [(old[name], new[name])])}
        if not unlike:
            for name in names:
                if (key := id(new[name])) in pairing.references:
                    pairing.references[key] += 1
            elsewhere = pairing.held_by_others(namespace)
            unlike = {name for name in names if not elsewhere.isdisjoint(pairing.inside[name])}
        if not unlike:
            break
        names -= unlike
    return names
