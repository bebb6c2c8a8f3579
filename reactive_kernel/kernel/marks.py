"""What of a code object has run, by the traces that CPython 3.11 itself leaves in it.

That interpreter counts how often code is entered; at the eighth time it prepares it to be made fast, and then changes
each look-up of a global in place as it runs.  So code is put back to what it was before its first run, to be prepared
when it is next entered, and looked at afterwards.  Nothing is slowed down.  Other versions keep these numbers
elsewhere: `marks` gives nothing unless a trial shows exactly what is expected.

Code must never be prepared a second time: what the interpreter has noted in it would be taken for instructions.  So
the count and the instructions are put back together, and nothing is marked in code that is yet to be prepared.  What
goes on in the midst of it (a generator into which something is thrown) leaves no traces, therefore.
"""

from __future__ import annotations

import ctypes
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass

from reactive_kernel.kernel.code import LOOKUP, lookups

__all__ = ["Marks", "marks"]

WORDS = 4  # of a code object between what every object has and its numbers: a size and three references
COUNT = object.__basicsize__ + WORDS * ctypes.sizeof(ctypes.c_void_p) + ctypes.sizeof(ctypes.c_int)
BYTES = types.CodeType.__basicsize__  # where the instructions begin
LINES = BYTES - 3 * ctypes.sizeof(ctypes.c_void_p)  # made when a tracer or profiler sees the code for the first time
SOON = -1  # the count of code that is made fast when it is next entered


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks code, and reads the marks."""

    unrun: int  # the instruction that looks up a global, in code that is prepared, where it has not yet run

    def put(self, code: types.CodeType) -> None:
        """Take all of a code object for not yet run; not while something traces this thread."""
        fresh, count = code.co_code, _count(code)
        place = memoryview((ctypes.c_char * len(fresh)).from_address(id(code) + BYTES)).cast("B")
        place[:] = fresh  # from here to the next line no call and no jump: no other thread may come in between
        count.value = SOON

    def has_run(self, code: types.CodeType) -> bool:
        """True if it was entered since then."""
        return _count(code).value != SOON

    def skipped(self, code: types.CodeType) -> frozenset[str]:
        """Globals that code which was entered since then looks up only where it did not come."""
        now, places = _now(code), lookups(code)
        # An instruction, its argument, and a count of two bytes, which is never again zero.
        ran = {name for at, name in places if now[at] != self.unrun or any(now[at + 2 : at + 4])}
        return frozenset(name for _, name in places) - ran

    def traced(self, code: types.CodeType) -> bool:
        """True if a tracer or profiler has seen it at any time: while one looks on, nothing is marked."""
        return ctypes.c_void_p.from_address(id(code) + LINES).value is not None


def _count(code: types.CodeType) -> ctypes.c_short:
    return ctypes.c_short.from_address(id(code) + COUNT)


def _now(code: types.CodeType) -> bytes:
    found: bytes = code._co_code_adaptive  # type: ignore[attr-defined]
    return found


def marks() -> Marks | None:
    """What this Python can do; None where it keeps these things elsewhere, or not at all."""
    told = hasattr(types.CodeType, "_co_code_adaptive") and not hasattr(sys, "gettotalrefcount")
    if not told or sys.version_info[:2] != (3, 11) or sys.gettrace() is not None or sys.getprofile() is not None:
        return None

    def probe(which: bool) -> object:
        return LOOKUP if which else WORDS

    code = probe.__code__ = probe.__code__.replace()
    seen = [_count(code).value]
    for _ in range(9):
        probe(True)
        seen.append(_count(code).value)
    if seen != [*range(-8, 1), 0]:
        return None
    places = {name: at for at, name in lookups(code)}
    found = Marks(_now(code)[places["WORDS"]])
    shown = found.unrun != LOOKUP and _shows(found, probe, code) and _shows_tracing(found, probe, code)
    return found if shown else None


def _shows(found: Marks, probe: Callable[[bool], object], code: types.CodeType) -> bool:
    """True if a trial of calls leaves the marks that are expected."""
    for which, left in (True, {"WORDS"}), (False, {"LOOKUP"}):
        for times in 1, 100:
            found.put(code)
            if found.has_run(code) or _now(code) != code.co_code:
                return False
            for _ in range(times):
                probe(which)
            if not found.has_run(code) or found.skipped(code) != left:
                return False
    return True


def _shows_tracing(found: Marks, probe: Callable[[bool], object], code: types.CodeType) -> bool:
    before = found.traced(code)
    sys.setprofile(lambda *_: None)
    try:
        probe(True)
    finally:
        sys.setprofile(None)
    return not before and found.traced(code)
