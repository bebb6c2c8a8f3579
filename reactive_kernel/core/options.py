"""Which hidden state those read who use a module, or a name out of it: by that one's token."""

from __future__ import annotations

__all__ = ["OPTIONS_OF"]

OPTIONS_OF: dict[str, tuple[str, ...]] = {
    "module:pandas": ("<pandas.options>", "<matplotlib.options>"),
    "module:matplotlib": ("<matplotlib.options>",),
    "module:matplotlib.pyplot": ("<matplotlib.options>",),
    "module:seaborn": ("<matplotlib.options>",),
    "module:numpy": ("<numpy.options>",),
    "module:sys": ("<sys.path>",),
    "module:os": ("<environ>", "<directory>"),
    "module:decimal": ("<decimal.context>",),
    "object:decimal.Decimal": ("<decimal.context>",),
    "object:decimal.getcontext": ("<decimal.context>",),
}
