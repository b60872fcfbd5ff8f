"""Whether an earlier folder of sys.path hides a module of a later one; asked once two of their names clash.

It loads nothing that a bare interpreter has not loaded.
"""

import os


def hides(path: str, name: str, place: str, names: "set[str]") -> bool:
    """True where importing the stem of ``name`` would, or might, find ``path`` instead of what ``place`` holds.

    Args:
        path: What lies in the earlier folder.
        name: Its name there.
        place: The later folder.
        names: What lies in it.
    """
    import _imp  # built in and loaded at every start

    stem, dot, suffix = name.partition(".")
    if name == "__pycache__" or (dot and suffix not in ("py", "pyc") and name[-3:] != ".so"):
        return False
    is_module = f"{stem}.py" in names or any(f"{stem}{ending}" in names for ending in _imp.extension_suffixes())
    if not is_module and stem not in names:
        return False
    # A folder without __init__ loses to any regular package or module, wherever that lies (PEP 420).
    return bool(dot) or _is_package(path) or not (is_module or _is_package(f"{place}/{stem}"))


def _is_package(folder: str) -> bool:
    try:
        return any(name.startswith("__init__.") for name in os.listdir(folder))
    except OSError:
        return False
