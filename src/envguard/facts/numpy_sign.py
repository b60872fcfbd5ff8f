"""For which NumPy C-API an extension module was compiled, as its constants show.

The headers of NumPy 2 import ``numpy._core._multiarray_umath`` and fall back to ``numpy.core``, those of NumPy 1 know
``numpy.core`` only. What the headers' ``import_array`` says when it fails stands in the file too: with it, the import
of the module fails under the wrong NumPy. pybind11 before 2.12 and Rust's numpy look the same table up on first use,
without those words, and work under NumPy 2, which keeps ``numpy.core.multiarray._ARRAY_API`` for them.

Shown on 54 wheels from before NumPy 2: of 381 files with the sign ``np1-eager`` none could be imported under NumPy
2.4, and no file of 73 current wheels has it.

Source: ``numpy/_core/code_generators/generate_numpy_api.py``, ``numpy/core/multiarray.py`` of NumPy 2.
"""

import os
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from envguard.facts.elf import Elf
from envguard.facts.reading import ReadFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.facts.elf import Reference

NP2_READY = "np2-ready"
"""Works with NumPy 2, and with NumPy 1 down to its floor."""
NP1_EAGER = "np1-eager"
"""Its import fails under NumPy 2."""
NP1_LAZY = "np1-lazy"
"""Looks up what NumPy 1 had when it needs it; those seen work under NumPy 2."""
GENERATIONS = frozenset({NP2_READY, NP1_EAGER, NP1_LAZY})

SCAN_LIMIT = 512 << 20
"""Bytes of constants that are read of one file; the largest seen has 60 MB."""

_CHUNK = 4 << 20
_OVERLAP = 256
"""Bytes; longer than every text that is looked for."""
_NEW, _OLD = b"numpy._core", b"numpy.core"
_TABLES = (b"_ARRAY_API", b"_UFUNC_API")
_EAGER = (b"_ARRAY_API is not PyC", b"_UFUNC_API is not PyC")
_CYTHON = (b"numpy.core.umath failed to import", b"numpy.core.multiarray failed to import")
_CYTHON_TYPES = (b"size changed, may indicate", b"flatiter")
_FLOOR = re.compile(rb"module was compiled against NumPy C-API version 0x%x \(NumPy (\d{1,3}\.\d{1,3})")

_Blocks = Callable[[], "Iterator[bytes]"]


class Sign(NamedTuple):
    """What the constants of one file say."""

    generation: str
    """``np2-ready``, ``np1-eager`` or ``np1-lazy``."""
    floor: str = ""
    """The oldest NumPy that has the C-API it was compiled for, such as ``1.23``; empty where it does not say."""


def may_use_numpy(references: "Iterable[Reference]") -> bool:
    """True for a file that imports modules or opens capsules: nothing else can get at NumPy's C-API."""
    return any(reference.name.startswith((b"PyImport_", b"PyCapsule_")) for reference in references)


def of(elf: Elf) -> Sign | None:
    """The sign of a file, or None where there is none.

    Read are the constants (``.rodata``), or all that is loaded where section headers were stripped.

    Raises:
        ElfError: The file is broken.
        ReadFailure: It cannot be read any more.
    """
    section = elf.section(".rodata")
    if section is None:
        return read(lambda: _loaded(elf))
    with section:
        sign = read(lambda: _windows(section))
    if sign is not None and sign.generation != NP2_READY and _holds_anywhere(elf, _NEW):
        return Sign(NP2_READY, sign.floor)  # a linker may keep some constants elsewhere
    return sign


def read(blocks: _Blocks) -> Sign | None:
    """The sign in some bytes.

    Args:
        blocks: Gives them from the beginning, in pieces that overlap.
    """
    present = _present(blocks, (_NEW, _OLD))
    if not present:
        return None
    present |= _present(blocks, (*_TABLES, *_EAGER, *_CYTHON, *_CYTHON_TYPES))
    if _NEW in present:
        return Sign(NP2_READY, _floor(blocks))
    by_hand = not present.isdisjoint(_EAGER)
    by_cython = not present.isdisjoint(_CYTHON) and present.issuperset(_CYTHON_TYPES)
    if by_hand or by_cython:
        return Sign(NP1_EAGER, _floor(blocks))
    return Sign(NP1_LAZY) if not present.isdisjoint(_TABLES) else None


def _present(blocks: _Blocks, texts: tuple[bytes, ...]) -> set[bytes]:
    """Those of the texts that occur."""
    missing = set(texts)
    for block in blocks():
        missing -= {text for text in missing if text in block}
        if not missing:
            break
    return set(texts) - missing


def _floor(blocks: _Blocks) -> str:
    for block in blocks():
        if found := _FLOOR.search(block):
            return found.group(1).decode("ascii")
    return ""


def _windows(view: memoryview) -> Iterator[bytes]:
    for start in range(0, min(len(view), SCAN_LIMIT), _CHUNK):
        yield bytes(view[start : start + _CHUNK + _OVERLAP])


def _holds_anywhere(elf: Elf, text: bytes) -> bool:
    return any(text in block for block in _loaded(elf))


def _loaded(elf: Elf) -> Iterator[bytes]:
    """What the loader maps into memory, in pieces that overlap."""
    try:
        with open(elf.path, "rb", buffering=0) as file:
            room = SCAN_LIMIT
            for _address, offset, length, _flags in elf.segments():
                end = offset + min(length, room)
                room -= end - offset
                for start in range(offset, end, _CHUNK):
                    yield os.pread(file.fileno(), min(_CHUNK + _OVERLAP, end - start), start)
    except (OSError, OverflowError) as error:
        raise ReadFailure(elf.path, str(error).lower()) from error
