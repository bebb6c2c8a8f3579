"""Which hidden state the users of a module read: options and process-wide settings, by the module's token."""

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
}
