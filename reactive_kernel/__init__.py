"""A reactive kernel for Jupyter.

    edit -> analysis -> graph -> plan -> execute -> publish -> coordinate -> render

`core` (pure) analyses cells, resolves names to producers and plans what to run; `kernel` runs code
and publishes it; `server` routes notebook edits to the kernel; `labextension` renders.  Importing
this package imports nothing else.
"""

__version__ = "0.1.0"
