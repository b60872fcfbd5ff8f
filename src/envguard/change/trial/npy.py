"""Arrays in NumPy's file format, without NumPy: what judges an environment must not depend on it.

The format is that of NEP 1: a magic string, the version, the length of a header, the header (a Python literal with
``descr``, ``fortran_order`` and ``shape``), and the elements.
"""

import ast
import math
import struct
import sys

from envguard._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = b"\x93NUMPY"
_HEADER_LIMIT = 1 << 16
_CODES = {
    "b1": "?",
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "f2": "e",
    "f4": "f",
    "f8": "d",
    "c8": "f",
    "c16": "d",
}
"""struct's code of each element type; a complex number is two of them."""


class NpyError(Exception):
    """No array file, or one whose elements are not numbers. ``str()`` says which, in a few words."""


class Array(Value):
    """An array file, taken apart."""

    descr: str
    """NumPy's word for the element type, such as ``<f4``."""
    fortran: bool
    shape: tuple[int, ...]
    body: bytes
    """The elements as they stand in the file."""

    @property
    def is_numeric(self) -> bool:
        """True where the elements are numbers that can be read here."""
        return self.descr[1:] in _CODES

    @property
    def is_complex(self) -> bool:
        """True where each element is two numbers."""
        return self.descr[1:2] == "c"

    def numbers(self) -> "Sequence[float | int]":
        """The elements in the order of the file; of a complex number the real part, then the imaginary one.

        Raises:
            NpyError: They are no numbers, or fewer than the shape says.
        """
        if not self.is_numeric:
            raise NpyError(f"elements of type {self.descr} are no numbers that can be read without NumPy")
        code = _CODES[self.descr[1:]]
        count = math.prod(self.shape) * (2 if self.is_complex else 1)
        size = struct.calcsize(f"={code}")
        if len(self.body) != count * size:
            raise NpyError(f"{len(self.body)} bytes of elements where its shape asks for {count * size}")
        little = self.descr[0] != ">"
        if little == (sys.byteorder == "little") and code not in "e?":
            return memoryview(self.body).cast(code)  # type: ignore[call-overload,no-any-return] # one of _CODES
        return struct.unpack(f"{'<' if little else '>'}{count}{code}", self.body)


def read(data: bytes) -> Array:
    """Take an array file apart.

    Raises:
        NpyError: It is none, or holds pickled objects, which are not opened.
    """
    if data[:6] != MAGIC or len(data) < 10:
        raise NpyError("no array file of NumPy")
    wide = data[6] > 1
    start = 12 if wide else 10
    (length,) = struct.unpack("<I" if wide else "<H", data[8:start])
    if length > _HEADER_LIMIT or len(data) < start + length:
        raise NpyError("its header is cut off")
    try:
        header = ast.literal_eval(data[start : start + length].decode("utf-8" if data[6] > 2 else "latin-1").strip())
        descr, fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise NpyError("its header is none") from error
    if not _is_shape(shape) or not isinstance(fortran, bool):
        raise NpyError("its header is none")
    if isinstance(descr, str) and descr[1:2] == "O":
        raise NpyError("it holds pickled Python objects, which are not opened")
    told = descr if isinstance(descr, str) else repr(descr)
    return Array(descr=told, fortran=fortran, shape=shape, body=data[start + length :])


def _is_shape(shape: object) -> bool:
    return isinstance(shape, tuple) and all(type(size) is int and size >= 0 for size in shape)


def place(number: int, array: Array) -> str:
    """The indices of an element, from its place in the file, as Python would write them: ``[0, 3]``."""
    indices = []
    sizes = array.shape if array.fortran else array.shape[::-1]
    for size in sizes:
        number, index = divmod(number, size)
        indices.append(index)
    return f"[{', '.join(map(str, indices if array.fortran else reversed(indices)))}]"


def in_c_order(array: Array, numbers: "Sequence[float | int]") -> "list[float | int]":
    """The elements of an array that was written column by column, row by row."""
    width = 2 if array.is_complex else 1
    shape = array.shape
    strides = [math.prod(shape[:axis]) for axis in range(len(shape))]
    made: list[float | int] = []
    for number in range(math.prod(shape)):
        rest, offset = number, 0
        for axis in range(len(shape) - 1, -1, -1):
            rest, index = divmod(rest, shape[axis])
            offset += index * strides[axis]
        made += numbers[offset * width : (offset + 1) * width]
    return made
