"""Bytes of an ELF file by offset, and how its numbers are laid out.

An ELF file that is judged may be hostile. All bytes are therefore fetched through ``Source.read``, which checks every
range against the size of the file, so that no other module needs to.
"""

import os
import struct
import sys
from array import array
from collections.abc import Sequence
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mmap import mmap


class ElfError(Exception):
    """A file is no ELF file, or one that is broken.

    Attributes:
        why: What is wrong with it, in a few words. It quotes nothing but numbers.
    """

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Layout(NamedTuple):
    """Sizes and byte order of the records of a file."""

    bits: int
    little: bool
    header: struct.Struct
    """From ``e_type`` on."""
    segment: struct.Struct
    section: struct.Struct
    dynamic: struct.Struct
    symbol: struct.Struct
    """Without ``st_size``."""

    def unpacker(self, fields: str) -> struct.Struct:
        """A record of other fields (``struct`` codes) in this byte order."""
        return struct.Struct(("<" if self.little else ">") + fields)

    def numbers(self, data: bytes, code: str) -> Sequence[int]:
        """The bytes as numbers of one ``array`` type (H, I, Q): a view where the byte order is this machine's."""
        if self.little == (sys.byteorder == "little"):
            return memoryview(data).cast(code)  # type: ignore[call-overload, no-any-return]
        swapped = array(code, data)
        swapped.byteswap()
        return swapped


def _layout(bits: int, little: bool) -> Layout:
    order = "<" if little else ">"
    header, segment, section, dynamic, symbol = (
        ("HHIQQQIHHHHHH", "IIQQQQQQ", "IIQQQQIIQQ", "QQ", "IBBHQ8x")
        if bits == 64
        else ("HHIIIIIHHHHHH", "IIIIIIII", "IIIIIIIIII", "II", "II4xBBH")
    )
    records = (struct.Struct(order + fields) for fields in (header, segment, section, dynamic, symbol))
    return Layout(bits, little, *records)


LAYOUTS = {
    (kind, order): _layout(bits, little)
    for kind, bits in ((1, 32), (2, 64))
    for order, little in ((1, True), (2, False))
}
"""By the bytes EI_CLASS and EI_DATA of the head."""


class Source:
    """A file of known size, read piece by piece.

    Attributes:
        size: Bytes.
    """

    __slots__ = ("_data", "_descriptor", "size")

    def __init__(self, size: int, *, data: "bytes | mmap" = b"", descriptor: int = -1) -> None:
        self.size = size
        self._data = data
        self._descriptor = descriptor

    def read(self, offset: int, length: int) -> bytes:
        """Exactly so many bytes.

        Raises:
            ElfError: They do not all lie in the file.
            OSError: The system refused.
        """
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ElfError(f"{length} bytes at {offset} lie outside the file of {self.size} bytes")
        if self._descriptor < 0:
            return bytes(self._data[offset : offset + length])
        data = os.pread(self._descriptor, length, offset)
        while len(data) < length:
            more = os.pread(self._descriptor, length - len(data), offset + len(data))
            if not more:
                raise ElfError(f"ended at {offset + len(data)} of {self.size} bytes while it was read")
            data += more
        return data

    def unpack(self, record: struct.Struct, offset: int) -> tuple[int, ...]:
        """The fields of one record."""
        return record.unpack(self.read(offset, record.size))
