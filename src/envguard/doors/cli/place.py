"""The environment that is judged must be the program's, not that of the command line's own start."""

import os
import sys


def leave_own_entry() -> None:
    """Take the first entry of sys.path away where Python put it there to start this program.

    A script gets its own folder, ``python -m`` the working directory: neither is on sys.path of the service that is
    started elsewhere. PYTHONPATH and all else stay. With ``-P`` and ``-I`` Python puts nothing there.
    """
    if getattr(sys.flags, "safe_path", False) or sys.flags.isolated or not sys.path:
        return
    if sys.path[0] == _own_entry():
        del sys.path[0]


def _own_entry() -> "str | None":
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return os.getcwd() if spec.name == "envguard.__main__" else None
    script = getattr(main, "__file__", None)
    return os.path.dirname(os.path.realpath(script)) if script else None
