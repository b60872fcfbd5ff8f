"""What a test wrote before and after a change: the same, apart from what floating-point numbers may differ by?

JSON and NumPy's arrays are compared number by number, text line by line with the numbers in it, all else byte by byte.
"""

import io
import json
import os
import re
import zipfile

from envguard.change.trial import npy
from envguard.change.trial.tolerance import Compared, Tally, Tolerance
from envguard.reporters.safe import safe

LIMIT = 1 << 30
"""Bytes of an output that are compared."""
_NUMBER = re.compile(
    r"(?<![\w.])[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|NaN|inf(?:inity)?|Infinity)(?![\w.])"
)
"""A number that stands by itself: neither a part of a name nor of a version such as 2.32.5."""
_SHOWN_TEXT = 80
_LONGEST_NUMBER = 300
"""Characters; beyond it a number in a text is compared as text, since a float would not hold it."""


def compare(name: str, before: bytes, after: bytes, tolerance: Tolerance) -> Compared:
    """Compare two versions of an output.

    Args:
        name: Its file name, whose suffix says what it is: ``.json``, ``.npy``, ``.npz``, anything else is text.
        before: What the test wrote before the change.
        after: What it wrote after it.
        tolerance: For floating-point numbers.
    """
    suffix = os.path.splitext(name)[1].lower()
    tally = Tally(tolerance)
    kind = {".json": "json", ".npy": "npy", ".npz": "npz"}.get(suffix, "text")
    if kind == "json":
        _compare_json(before, after, tally)
    elif kind == "npy":
        _compare_arrays("", before, after, tally)
    elif kind == "npz":
        _compare_archives(before, after, tally)
    else:
        kind = _compare_text(before, after, tally)
    return tally.result(kind)


def _compare_json(before: bytes, after: bytes, tally: Tally) -> None:
    when = "before"
    try:
        one = json.loads(before)
        when = "after"
        other = json.loads(after)
    except (ValueError, RecursionError) as error:
        tally.unlike(f"no JSON {when} the change: {safe(str(error))[:_SHOWN_TEXT]}")
        return
    _compare_values("$", one, other, tally)


def _compare_values(where: str, before: object, after: object, tally: Tally) -> None:
    """Walks without recursion: depth is the test's, not ours."""
    left = [(where, before, after)]
    while left:
        where, before, after = left.pop()
        if _is_number(before) and _is_number(after):
            tally.number(where, before, after)  # type: ignore[arg-type] # both are, as was just asked
        elif type(before) is not type(after):
            tally.unlike(f"{where}: {_kind(before)} before, {_kind(after)} after")
        elif isinstance(before, dict) and isinstance(after, dict):
            for key in sorted(before.keys() - after.keys()):
                tally.unlike(f"{where}.{safe(key)}: gone")
            for key in sorted(after.keys() - before.keys()):
                tally.unlike(f"{where}.{safe(key)}: new")
            left += [(f"{where}.{safe(key)}", before[key], after[key]) for key in reversed(before) if key in after]
        elif isinstance(before, list) and isinstance(after, list):
            if len(before) != len(after):
                tally.unlike(f"{where}: {len(before)} items before, {len(after)} after")
            else:
                pairs = zip(before, after, strict=True)
                left += [(f"{where}[{index}]", one, other) for index, (one, other) in reversed([*enumerate(pairs)])]
        elif before != after:
            tally.unlike(f"{where}: {_short(before)} before, {_short(after)} after")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")


def _short(value: object) -> str:
    text = safe(repr(value))
    return text if len(text) <= _SHOWN_TEXT else text[:_SHOWN_TEXT] + "..."


def _compare_arrays(where: str, before: bytes, after: bytes, tally: Tally) -> None:
    label = f"{where}: " if where else ""
    if before == after:
        tally.values += _count(before)
        return
    try:
        one, other = npy.read(before), npy.read(after)
        if one.shape != other.shape:
            tally.unlike(f"{label}shape {one.shape} before, {other.shape} after")
            return
        if one.descr.lstrip("<>=|") != other.descr.lstrip("<>=|"):  # the order of bytes is no difference
            tally.unlike(f"{label}elements of type {safe(one.descr)} before, {safe(other.descr)} after")
            return
        if not one.is_numeric:
            if (one.body, one.fortran) != (other.body, other.fortran):
                tally.unlike(f"{label}elements of type {safe(one.descr)} differ, and are compared byte by byte")
            return
        _compare_elements(where, one, other, tally)
    except npy.NpyError as error:
        tally.unlike(f"{label}{error}")


def _count(data: bytes) -> int:
    try:
        array = npy.read(data)
        return len(array.numbers())
    except npy.NpyError:
        return 0


def _compare_elements(where: str, one: npy.Array, other: npy.Array, tally: Tally) -> None:
    before, after = one.numbers(), other.numbers()
    if one.fortran != other.fortran:
        before = npy.in_c_order(one, before) if one.fortran else before
        after = npy.in_c_order(other, after) if other.fortran else after
        one = one.replace(fortran=False)
    width = 2 if one.is_complex else 1
    tolerance = tally.tolerance
    for number, (left, right) in enumerate(zip(before, after, strict=True)):
        if left == right:
            tally.values += 1
            continue
        if left != left and right != right and tolerance.allows(left, right):  # noqa: PLR0124 - NaN, which may fill an array
            tally.values += 1
            continue
        part = ("", ".imag")[number % width] if width == 2 else ""
        tally.number(f"{where}{npy.place(number // width, one)}{part}", left, right)


def _compare_archives(before: bytes, after: bytes, tally: Tally) -> None:
    try:
        one, other = _members(before), _members(after)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        tally.unlike(f"no archive of arrays: {safe(str(error))[:_SHOWN_TEXT]}")
        return
    for name in sorted(one.keys() ^ other.keys()):
        tally.unlike(f"{safe(name)}: {'gone' if name in one else 'new'}")
    for name in sorted(one.keys() & other.keys()):
        _compare_arrays(safe(name.removesuffix(".npy")), one[name], other[name], tally)


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(info.file_size for info in archive.infolist()) > LIMIT:
            problem = f"more than {LIMIT >> 20} MiB unpacked are not compared"
            raise ValueError(problem)
        return {name: archive.read(name) for name in archive.namelist()}


def _compare_text(before: bytes, after: bytes, tally: Tally) -> str:
    """Returns what they were compared as."""
    try:
        one, other = before.decode(), after.decode()
    except UnicodeDecodeError:
        if before != after:
            tally.unlike(f"other bytes: {len(before)} before, {len(after)} after")
        return "bytes"
    lines, others = one.splitlines(), other.splitlines()
    if len(lines) != len(others):
        tally.unlike(f"{len(lines)} lines before, {len(others)} after")
    for number, (line, changed) in enumerate(zip(lines, others, strict=False), 1):
        _compare_line(f"line {number}", line, changed, tally)
    return "text"


def _compare_line(where: str, before: str, after: str, tally: Tally) -> None:
    numbers, others = _NUMBER.findall(before), _NUMBER.findall(after)
    if len(numbers) != len(others) or _NUMBER.split(before) != _NUMBER.split(after):
        tally.unlike(f"{where}: {_short(before)} before, {_short(after)} after")
        return
    for one, other in zip(numbers, others, strict=True):
        if one != other and max(len(one), len(other)) > _LONGEST_NUMBER:
            tally.unlike(f"{where}: {_short(one)} before, {_short(other)} after")
        else:
            tally.number(where, _value(one), _value(other))


def _value(text: str) -> "int | float":
    try:
        return int(text)
    except ValueError:
        return float(text)
