"""What each attribute of an instance, or the making of one, can run: read off the bytecode of the notebook's classes.

A method counts with all that it reaches through ``self``.  Where an instance gets out of sight (``self`` handed on,
``super()``, a hook like ``__getattr__``, a library's method) nothing is said of the attribute, and all counts.
"""

from __future__ import annotations

import dis
import types
from abc import ABC, ABCMeta
from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from time import thread_time
from typing import Any

from reactive_kernel.core.dotted import CALLED, MADE, PROTOCOLS
from reactive_kernel.core.facts import Deferred
from reactive_kernel.kernel.code import names_of_a_call
from reactive_kernel.kernel.memos import of_a_library
from reactive_kernel.kernel.survey import Survey
from reactive_kernel.kernel.typewise import attributes_of, members_of, module_of

__all__ = ["parts_of"]

HOOKS = frozenset({"__getattr__", "__getattribute__", "__setattr__", "__delattr__", "__del__", "__new__", "__slots__"})
MAX_PARTS = 100
BUDGET = 0.001  # seconds for one value
ACCESS = frozenset({"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR"})
NO_USE: tuple[frozenset[str], bool] = (frozenset(), False)
Look = Callable[[Any], Survey]


def parts_of(value: Any, code: Deferred, main: str, look: Look) -> dict[str, Deferred]:
    """The parts of ``code``, which is inside ``value``, by attribute (``"*"``: any other); empty if not to be told."""
    if type(value) is types.FunctionType:
        return _parts_of_function(value, code)
    kind = value if issubclass(type(value), type) else type(value)
    if type(kind) not in (type, ABCMeta):
        return {}
    if value is not kind and of_a_library(kind):
        return _data_of(value, kind, look)
    if module_of(kind) != main:
        return {}
    classes = tuple(cls for cls in type.mro(kind)[:-1] if cls is not ABC)
    if any(not HOOKS.isdisjoint(members_of(cls)) for cls in classes):
        return {}
    if value is not kind:
        return _named(_Reach(attributes_of(value), classes, main, look), code, "")
    reach = _Reach({}, classes, main, look)  # what an instance of it is given, the cell that makes it names
    part = reach.part(("__init__", "__post_init__"), False) if reach.pure else None
    if part is None:
        return {}
    own = {name: found for name, found in _named(reach, code, "").items() if name not in PROTOCOLS}
    return {**own, **_named(reach, code, MADE), CALLED: part}


def _named(reach: _Reach, code: Deferred, prefix: str) -> dict[str, Deferred]:
    """What each attribute of an instance runs, and what each thing does that Python itself does with one."""
    members = (n for cls in reach.classes if module_of(cls) == reach.main for n in members_of(cls) if n[:2] != "__")
    names = {*reach.own, *members}
    found: dict[str, Deferred] = {prefix + "*": Deferred()} if reach.pure else {}
    for use, methods in PROTOCOLS.items() if reach.pure else ():
        if (part := reach.part(methods, False)) is not None:
            found[prefix + use] = part
    deadline = thread_time() + BUDGET
    if len(names) > MAX_PARTS:
        return {}
    for name in sorted(names):
        if thread_time() > deadline:
            return {}
        kept, dropped = reach.part((name,), False), reach.part((name,), True)
        if kept is not None:
            found[prefix + name] = kept
        elif dropped is not None:
            found[prefix + name + CALLED] = dropped
        if kept is None:  # not one of the others either
            found[prefix + name] = code
    return found


def _parts_of_function(value: types.FunctionType, code: Deferred) -> dict[str, Deferred]:
    """What making something by calling a function runs, if less than using what it makes."""
    if value.__closure__ or value.__defaults__ or value.__kwdefaults__ or value.__dict__:
        return {}
    part = names_of_a_call(value.__code__)
    return {} if part.reads == code.reads else {CALLED: part}


def _data_of(value: Any, kind: type, look: Look) -> dict[str, Deferred]:
    """Of a library's object: what is in attributes that are nothing but data; getting at them runs nothing."""
    classes = type.mro(kind)
    if any("__getattribute__" in members_of(cls) for cls in classes[:-1]):
        return {}
    found: dict[str, Deferred] = {}
    deadline = thread_time() + BUDGET
    for name, item in attributes_of(value).items():
        if thread_time() > deadline or len(found) > MAX_PARTS:
            break
        if not any(name in members_of(cls) for cls in classes):
            inside = look(item)
            if not inside.truncated:
                found[name] = inside.code
    return found


class _Reach:
    """What can be reached from one instance."""

    def __init__(self, own: dict[str, Any], classes: tuple[type, ...], main: str, look: Look) -> None:
        self.own, self.classes, self.main = own, classes, main
        self.pure = all(module_of(cls) == main for cls in classes)
        self._look = look
        self._seen: dict[int, Survey] = {}

    def look(self, value: Any) -> Survey:
        """What is inside a value, asked once."""
        if id(value) not in self._seen:
            self._seen[id(value)] = self._look(value)
        return self._seen[id(value)]

    def part(self, start: tuple[str, ...], dropped: bool) -> Deferred | None:
        """What these attributes can run; ``dropped``: what they return is used no more.  None if that can't be told."""
        does = Survey()
        todo, seen = list(start), set(start)
        while todo:
            name = todo.pop()
            if name[:2] == "__" and name not in start:
                return None
            found = self.find(name)
            if found is None:
                return None
            for value, method in found:
                inside = self.look(value)
                used = uses(value.__code__) if method else NO_USE
                if inside.truncated or used is None or (used[1] and not (dropped and name in start)):
                    return None
                does.add_code(inside)
                todo.extend(used[0] - seen)
                seen |= used[0]
        return does.code

    def find(self, name: str) -> list[tuple[Any, bool]] | None:
        """What an attribute may be, and whether it is code that gets the instance; None if it is a library's."""
        found: list[tuple[Any, bool]] = [(self.own[name], False)] if name in self.own else []
        for cls in self.classes:
            if name not in members_of(cls):
                continue
            if module_of(cls) != self.main:
                return None
            member = members_of(cls)[name]
            for value in _functions(member):
                if not isinstance(value, types.FunctionType):
                    return None
                found.append((value, not isinstance(member, staticmethod)))
            if not isinstance(member, _CODE):
                if hasattr(type(member), "__get__") or hasattr(type(member), "__set__"):
                    return None
                found.append((member, False))
            return found
        return found if found or self.pure else None


_CODE = (types.FunctionType, staticmethod, classmethod, property, cached_property)


def _functions(member: Any) -> Iterable[Any]:
    """The functions that getting or calling a class's member runs."""
    parts: tuple[Any, ...] = ()
    if isinstance(member, types.FunctionType):
        parts = (member,)
    elif isinstance(member, (staticmethod, classmethod)):
        parts = (member.__func__,)
    elif isinstance(member, property):
        parts = (member.fget, member.fset, member.fdel)
    elif isinstance(member, cached_property):
        parts = (member.func,)
    return [part for part in parts if part is not None]


@lru_cache(maxsize=4096)
def uses(code: types.CodeType, name: str = "") -> tuple[frozenset[str], bool] | None:
    """Attributes that a method takes of its first argument, and whether it returns it; None if that gets elsewhere."""
    if not name:
        if not code.co_argcount:
            return None
        name = code.co_varnames[0]
    if "super" in code.co_names:
        return None
    found: set[str] = set()
    returns = False
    steps = [step for step in dis.get_instructions(code) if step.opname != "CACHE"]
    for step, after in zip(steps, [*steps[1:], steps[-1]], strict=True):
        spelt = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        if name not in spelt or step.opname in ("LOAD_CONST", "MAKE_CELL", "LOAD_CLOSURE", "LOAD_GLOBAL", *ACCESS):
            continue
        if step.opname == "COPY_FREE_VARS":
            continue
        if spelt[-1] != name or name in spelt[:-1] or not step.opname.startswith(("LOAD_", "STORE_FAST_LOAD_")):
            return None
        if after.opname == "COPY":
            after = steps[steps.index(after) + 1]
        if after.opname in ACCESS:
            found.add(str(after.argval))
        elif after.opname == "RETURN_VALUE":
            returns = True
        else:
            return None
    for const in code.co_consts:
        if isinstance(const, types.CodeType) and name in const.co_freevars:
            inner = uses(const, name)
            if inner is None or inner[1]:
                return None
            found |= inner[0]
    return frozenset(found), returns
