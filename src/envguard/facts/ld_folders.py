"""Folders in which the loader looks, each listed once: thousands of questions, a few dozen answers."""

import os
import re
from collections.abc import Iterator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.facts.ld_overlay import Overlay

_TOKEN = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))")
"""Dynamic string tokens as glibc's elf/dl-load.c reads them (``is_dst``)."""
_MOST_FOLDERS = 512
"""Of one search path; wheels have up to a few dozen."""


def expand(text: str, *, origin: str, lib: str, platform: str) -> str:
    """A path with ``$ORIGIN``, ``$LIB`` and ``$PLATFORM`` replaced; anything else stays as it is."""
    values = {"ORIGIN": origin, "LIB": lib, "PLATFORM": platform}
    return _TOKEN.sub(lambda found: values[found.group(1) or found.group(2)], text)


def split(path: str, separators: str = ":") -> tuple[str, ...]:
    """The folders of a search path, each once; an empty one is the current folder, an empty path is none at all."""
    if not path:
        return ()
    parts = re.split(f"[{separators}]", path, maxsplit=_MOST_FOLDERS)[:_MOST_FOLDERS]
    return tuple(dict.fromkeys(part or "." for part in parts))


class Folders:
    """What lies in folders, remembered."""

    def __init__(self, below: tuple[str, ...] = (), over: "Overlay | None" = None) -> None:
        """Nothing is listed before it is asked for.

        Args:
            below: Folders that are looked into before the one that holds them, see ``ld_processor.subfolders``.
            over: What lies over some of them.
        """
        self._over = over
        self._below = below
        self._names: dict[str, frozenset[str] | None] = {}
        self._variants: dict[str, tuple[str, ...]] = {}
        self._tidied: dict[str, str] = {}

    def candidates(self, folder: str, name: str) -> Iterator[str]:
        """The paths below one folder of a search path that the loader would open for ``name``, in its order."""
        for each in self._with_variants(folder):
            names = self._list(each)
            if names is None or name in names:
                yield os.path.join(each, name)

    def asked(self) -> tuple[str, ...]:
        """Every folder that was listed, or was not there to be."""
        return tuple(self._names)

    def _with_variants(self, folder: str) -> tuple[str, ...]:
        known = self._variants.get(folder)
        if known is None:
            tidy = self._tidy(folder)
            names = self._list(tidy)
            listed = [each for each in self._below if names is None or each.partition("/")[0] in names]
            known = (*(f"{tidy}/{each}" for each in listed), tidy) if names is None or names else ()
            self._variants[folder] = known
        return known

    def _list(self, folder: str) -> frozenset[str] | None:
        """Names in a folder; None where it cannot be listed but may be entered."""
        if folder not in self._names:
            names = _names(folder)
            twin = self._over.twin(folder) if self._over is not None else ""
            others = _names(twin) if twin else frozenset()
            self._names[folder] = None if names is None or others is None else names | others
        return self._names[folder]

    def _tidy(self, folder: str) -> str:
        """The folder, absolute and without ``..``, under a name that leads to the same place."""
        known = self._tidied.get(folder)
        if known is None:
            absolute = folder if folder.startswith("/") else os.path.join(os.getcwd(), folder)
            known = os.path.normpath(absolute)
            if ".." in absolute:
                real = os.path.realpath(absolute)
                if self._over is not None and self._over.twin(known):
                    pass  # there may be something on the other side
                elif not os.path.isdir(absolute):
                    known = absolute  # there is nothing above a folder that is not there
                elif os.path.realpath(known) != real:
                    known = real
            self._tidied[folder] = known = known[1:] if known.startswith("//") else known
        return known


def _names(folder: str) -> frozenset[str] | None:
    try:
        return frozenset(os.listdir(folder))
    except PermissionError:
        return None
    except (OSError, ValueError):  # not there, not a folder, a name that no file can have
        return frozenset()
