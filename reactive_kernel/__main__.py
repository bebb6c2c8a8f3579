"""``python -m reactive_kernel -f connection.json``: the kernel."""

import gc
import sys
from pathlib import Path

if __name__ == "__main__":
    # As ipykernel does: a file of the user's named like a module of Python's must not be imported instead of it.
    # InteractiveShellApp.init_path() puts the directory back.
    if sys.path[0] == "" or Path(sys.path[0]) == Path.cwd():
        del sys.path[0]

    # What is imported stays: looking for garbage meanwhile is a twentieth of the start. The app's start ends it.
    gc.disable()
    from reactive_kernel.kernel.app import main

    main()
