"""Folders in which conda, mamba, micromamba and rattler keep the archives that they fetched.

Sources: ``pkgs_dirs`` in conda's documentation, ``MAMBA_ROOT_PREFIX`` in mamba's, ``RATTLER_CACHE_DIR`` in rattler's. A
``.condarc`` is not read: what it names can be given with ``--find-links``.
"""

import os
import shutil

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = ("conda", "mamba", "micromamba")


def folders(prefix: str) -> list[str]:
    """The folders that exist, each once.

    Args:
        prefix: Of the environment: one below ``envs`` has its packages beside that folder.
    """
    found = dict.fromkeys(os.path.realpath(path) for path in _candidates(os.path.realpath(prefix)) if path)
    return [path for path in found if os.path.isdir(path)]


def _candidates(prefix: str) -> "Iterator[str]":
    yield from os.environ.get("CONDA_PKGS_DIRS", "").split(os.pathsep)
    yield os.path.join(prefix, "pkgs")
    if os.path.basename(os.path.dirname(prefix)) == "envs":
        yield os.path.join(os.path.dirname(os.path.dirname(prefix)), "pkgs")
    for root in _roots():
        yield os.path.join(root, "pkgs")
    home = os.path.expanduser("~")
    for parts in ((".conda", "pkgs"), (".mamba", "pkgs"), ("micromamba", "pkgs")):
        yield os.path.join(home, *parts)
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(home, ".cache")
    yield os.path.join(os.environ.get("RATTLER_CACHE_DIR") or os.path.join(cache, "rattler", "cache"), "pkgs")


def _roots() -> "Iterator[str]":
    """Where conda and its kin are installed, as far as the variables that they set and PATH tell."""
    for variable in ("MAMBA_ROOT_PREFIX", "CONDA_ROOT"):
        if os.environ.get(variable):
            yield os.environ[variable]
    programs = (os.environ.get("CONDA_EXE"), os.environ.get("MAMBA_EXE"), *map(shutil.which, PROGRAMS))
    for program in filter(None, programs):
        yield os.path.dirname(os.path.dirname(os.path.realpath(program)))
