"""The dynamic loader that an executable names: what is compiled into it.

Distributions build glibc with folders of their own (``/lib64`` here, ``/lib/x86_64-linux-gnu`` there, a store path
elsewhere). The loader's own bytes are the one place where that stands, so they are asked instead of the machine's name.
"""

import os
import re
from typing import NamedTuple

from envguard.facts.reading import ReadFailure, read

_LIMIT = 2 << 20
"""Bytes; a loader has 300 KB."""
_LONGEST = 256
_MOST = 16
"""Folders; glibc has two to four."""
_LIBRARIES = re.compile(rb"/(?:[\x21-\x7e]*/)?lib(?:64|32|x32)?/(?:[\w.-]+-[\w.-]+/)?\Z")
_LIB = re.compile(r"/(lib(?:64|32|x32)?(?:/[^/]+)?)\Z")

_MULTIARCH = {
    3: "i386-linux-gnu",
    21: "powerpc64le-linux-gnu",
    22: "s390x-linux-gnu",
    40: "arm-linux-gnueabihf",
    62: "x86_64-linux-gnu",
    183: "aarch64-linux-gnu",
    243: "riscv64-linux-gnu",
}
"""ELF machine to Debian's name of the folder, for a loader that cannot be read."""


class LoaderProgram(NamedTuple):
    """What is known of a dynamic loader."""

    path: str
    """As the executable names it."""
    folders: tuple[str, ...]
    """Where it looks last, without trailing slashes."""
    cache: str
    """The path of ld.so.cache."""
    lib: str
    """What ``$LIB`` stands for, such as ``lib64``."""
    hwcaps: bool
    """It looks into ``glibc-hwcaps`` (glibc 2.33 and newer)."""
    legacy: bool
    """It looks into the folders that were there before (glibc until 2.36)."""


def examine(path: str, machine: int, bits: int) -> LoaderProgram:
    """What the loader at ``path`` says of itself; the usual folders where it cannot be read.

    Args:
        path: PT_INTERP of the executable.
        machine: e_machine of the executable.
        bits: 32 or 64.
    """
    try:
        data = read(os.path.realpath(path), _LIMIT)
    except ReadFailure:
        data = b""
    texts = data.split(b"\0")
    folders = _system_folders(texts) or _usual_folders(machine, bits)
    cache = next(
        (os.fsdecode(text) for text in texts if text[:1] == b"/" and text.endswith(b"/ld.so.cache")), "/etc/ld.so.cache"
    )
    lib = _LIB.search(folders[0])
    return LoaderProgram(
        path=path,
        folders=folders,
        cache=cache,
        lib=lib.group(1) if lib else "lib",
        hwcaps=not data or b"glibc-hwcaps" in data,
        legacy=bool(data) and (b"glibc-hwcaps" not in data or b"Legacy HWCAP" in data),
    )


def _system_folders(texts: list[bytes]) -> tuple[str, ...]:
    """``system_dirs`` of glibc's elf/dl-load.c: folders of libraries that end in a slash, one after the other."""
    run: list[str] = []
    for text in [*texts, b""]:
        if text[:1] == b"/" and len(text) < _LONGEST and _LIBRARIES.match(text):
            run.append(os.fsdecode(text.rstrip(b"/")))
        elif len(run) > 1:
            break
        else:
            run = []
    return tuple(run[:_MOST])


def _usual_folders(machine: int, bits: int) -> tuple[str, ...]:
    name = _MULTIARCH.get(machine)
    multiarch = (f"/lib/{name}", f"/usr/lib/{name}") if name else ()
    wide = ("/lib64", "/usr/lib64") if bits == 64 else ()
    return (*multiarch, *wide, "/lib", "/usr/lib")
