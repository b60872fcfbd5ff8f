"""Folders in which the loader looks, each listed once: thousands of questions, a few dozen answers."""

import os
import re
from collections.abc import Iterator

_TOKEN = re.compile(r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))")
"""Dynamic string tokens as glibc's elf/dl-load.c reads them (``is_dst``)."""
_MOST_FOLDERS = 512
"""Of one search path; wheels have up to a few dozen."""

_LEVELS = (
    ("x86-64-v4", ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")),
    ("x86-64-v3", ("avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave")),
    ("x86-64-v2", ("cx16", "lahf_lm", "popcnt", "sse4_1", "sse4_2", "ssse3")),
)
"""Folders below glibc-hwcaps, best first, and the processor's flags that each needs beside those of the next (x86-64
psABI, as /proc/cpuinfo spells them)."""
X86_64 = 62
"""e_machine; other machines have no such folders, or rare ones."""


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


def processor_levels(machine: int, cpuinfo: str = "/proc/cpuinfo") -> tuple[str, ...]:
    """Names of the glibc-hwcaps folders that this machine's processor may use, best first."""
    if machine != X86_64:
        return ()
    flags = _processor_flags(cpuinfo)
    supported: list[str] = []
    for level, needed in reversed(_LEVELS):
        if not flags.issuperset(needed):
            break
        supported.insert(0, level)
    return tuple(supported)


def _processor_flags(cpuinfo: str) -> frozenset[str]:
    try:
        with open(cpuinfo, encoding="ascii", errors="replace") as lines:
            return next((frozenset(line.split()) for line in lines if line.startswith("flags")), frozenset())
    except OSError:
        return frozenset()


class Folders:
    """What lies in folders, remembered."""

    def __init__(self, levels: tuple[str, ...] = ()) -> None:
        """Nothing is listed before it is asked for.

        Args:
            levels: Names of the glibc-hwcaps folders that are looked into, best first.
        """
        self.levels = levels
        self._names: dict[str, frozenset[str] | None] = {}
        self._variants: dict[str, tuple[str, ...]] = {}
        self._tidied: dict[str, str] = {}

    def candidates(self, folder: str, name: str) -> Iterator[str]:
        """The paths below one folder of a search path that the loader would open for ``name``, in its order."""
        for each in self._with_variants(folder):
            names = self._list(each)
            if names is None or name in names:
                yield os.path.join(each, name)

    def suits(self, path: str) -> bool:
        """False for a path in a glibc-hwcaps folder that this processor may not use."""
        before, found, after = path.rpartition("/glibc-hwcaps/")
        return not found or not before or after.partition("/")[0] in self.levels

    def rank(self, path: str) -> int:
        """Which of several paths of the cache comes first: the best processor level, then the plain folder."""
        _, found, after = path.rpartition("/glibc-hwcaps/")
        return self.levels.index(after.partition("/")[0]) if found else len(self.levels)

    def _with_variants(self, folder: str) -> tuple[str, ...]:
        known = self._variants.get(folder)
        if known is None:
            tidy = self._tidy(folder)
            names = self._list(tidy)
            below = []
            if names is None or "glibc-hwcaps" in names:
                below = [f"{tidy}/glibc-hwcaps/{level}" for level in self.levels]
            known = (*below, tidy) if names is None or names else ()
            self._variants[folder] = known
        return known

    def _list(self, folder: str) -> frozenset[str] | None:
        """Names in a folder; None where it cannot be listed but may be entered."""
        if folder not in self._names:
            try:
                self._names[folder] = frozenset(os.listdir(folder))
            except PermissionError:
                self._names[folder] = None
            except (OSError, ValueError):  # not there, not a folder, a name that no file can have
                self._names[folder] = frozenset()
        return self._names[folder]

    def _tidy(self, folder: str) -> str:
        """The folder, absolute and without ``..``, under a name that leads to the same place."""
        known = self._tidied.get(folder)
        if known is None:
            absolute = os.path.join(os.getcwd(), folder) if not folder.startswith("/") else folder
            known = os.path.normpath(absolute)
            if ".." in absolute and os.path.realpath(known) != (real := os.path.realpath(absolute)):
                known = real
            self._tidied[folder] = known = known[1:] if known.startswith("//") else known
        return known
