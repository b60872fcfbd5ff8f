"""Outputs before and after a change: what counts as the same, and what is said where it is not."""

import io
import json
import math
import struct
import zipfile

import pytest

from envguard.change.trial.outputs import compare
from envguard.change.trial.tolerance import Compared, Tolerance, checked
from envguard.errors import UsageError

LOOSE = Tolerance(rtol=1e-3, atol=0.0)


def array(
    descr: str, shape: tuple[int, ...], body: bytes, *, fortran: bool = False, version: tuple[int, int] = (1, 0)
) -> bytes:
    """A file in NumPy's format, written by hand after its description."""
    header = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode() + b"\n"
    size = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + size + header + body


def floats(*numbers: float, shape: "tuple[int, ...] | None" = None) -> bytes:
    return array("<f8", shape or (len(numbers),), struct.pack(f"<{len(numbers)}d", *numbers))


def as_json(before: object, after: object, tolerance: Tolerance = LOOSE) -> Compared:
    return compare("out.json", json.dumps(before).encode(), json.dumps(after).encode(), tolerance)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 1.0, "b": [1, "x", None, True]}, {"b": [1, "x", None, True], "a": 1.0005}),
        (math.nan, math.nan),
        ([math.inf, -math.inf], [math.inf, -math.inf]),
        (1, 1.0005),
        ([], []),
    ],
)
def test_json_that_is_the_same_within_the_tolerance(before: object, after: object) -> None:
    assert as_json(before, after).same


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (1.0, 1.1, "$: 1.0 before, 1.1 after"),
        ({"a": 1}, {"a": 2}, "$.a: 1 before, 2 after"),
        (1000000, 1000001, "$: 1000000 before, 1000001 after"),
        ({"a": 1}, {}, "$.a: gone"),
        ({}, {"a": 1}, "$.a: new"),
        ([1.0], [1.0, 2.0], "$: 1 items before, 2 after"),
        ([True], [1], "$[0]: a truth value before, a number after"),
        (True, False, "$: True before, False after"),
        ("x", "y", "$: 'x' before, 'y' after"),
        (1.0, math.nan, "$: 1.0 before, nan after"),
        (math.inf, -math.inf, "$: inf before, -inf after"),
        (1e308, math.inf, "$: 1e+308 before, inf after"),
        (10**400, 1.0, "$: 1000"),
    ],
)
def test_json_that_differs_names_the_place(before: object, after: object, said: str) -> None:
    found = as_json(before, after)
    assert not found.same
    assert found.problems[0].startswith(said)


def test_json_that_is_none_is_said_and_deep_json_is_compared() -> None:
    assert "no JSON after" in compare("o.json", b"{}", b"{", LOOSE).problems[0]
    assert "no JSON before" in compare("o.json", b"[" * 200_000, b"[]", LOOSE).problems[0]
    deep = b"[" * 900 + b"1.5" + b"]" * 900
    assert compare("o.json", deep, deep.replace(b"1.5", b"2.5"), LOOSE).differing == 1


def test_only_the_first_few_differences_are_named_and_all_are_counted() -> None:
    found = as_json([float(number) for number in range(100)], [number + 50.0 for number in range(100)])
    assert (found.values, found.differing, found.worst) == (100, 100, 50.0)
    assert len(found.problems) == 6
    assert found.problems[-1] == "and 95 more"


def test_arrays_are_compared_element_by_element_without_numpy() -> None:
    same = compare("o.npy", floats(1.0, math.nan, math.inf), floats(1.0005, math.nan, math.inf), LOOSE)
    assert same.same
    assert same.values == 3
    found = compare("o.npy", floats(1, 2, 3, 4, 5, 6, shape=(2, 3)), floats(1, 2, 3, 4, 9, 6, shape=(2, 3)), LOOSE)
    assert found.problems == ("[1, 1]: 5.0 before, 9.0 after",)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (floats(1, 2), floats(1, 2, shape=(2, 1)), "shape (2,) before, (2, 1) after"),
        (floats(1), array("<f4", (1,), struct.pack("<f", 1)), "elements of type <f8 before, <f4 after"),
        (floats(math.nan), floats(0.0), "[0]: nan before, 0.0 after"),
        (floats(math.inf), floats(-math.inf), "[0]: inf before, -inf after"),
        (array("|O", (1,), b"\x80\x04N."), array("|O", (1,), b"\x80\x04)."), "it holds pickled Python objects"),
        (floats(1.0), b"nothing", "no array file of NumPy"),
        (floats(1.0), floats(1.0)[:-1], "7 bytes of elements where its shape asks for 8"),
        (floats(1.0), b"\x93NUMPY\x01\x00\x04\x00abcd", "its header is none"),
        (floats(1.0), b"\x93NUMPY\x01\x00\xff\xffabcd", "its header is cut off"),
        (array("<U2", (1,), b"a\0\0\0b\0\0\0"), array("<U2", (1,), b"a\0\0\0c\0\0\0"), "elements of type <U2 differ"),
        (array("<i8", (1,), struct.pack("<q", 1)), array("<i8", (1,), struct.pack("<q", 2)), "[0]: 1 before, 2 after"),
        (array("|b1", (1,), b"\x01"), array("|b1", (1,), b"\x00"), "[0]: True before, False after"),
    ],
)
def test_arrays_that_differ_say_how(before: bytes, after: bytes, said: str) -> None:
    found = compare("o.npy", before, after, LOOSE)
    assert not found.same
    assert found.problems[0].startswith(said)


def test_arrays_of_other_orders_and_widths_are_the_same_numbers() -> None:
    rows = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
    columns = struct.pack("<6f", 1, 4, 2, 5, 3, 6)
    one, other = array("<f4", (2, 3), rows), array("<f4", (2, 3), columns, fortran=True)
    assert compare("o.npy", one, other, LOOSE).same
    assert compare("o.npy", other, one, LOOSE).same
    big = array(">f8", (2,), struct.pack(">2d", 1.5, 2.5), version=(2, 0))
    assert compare("o.npy", big, floats(1.5, 2.5), LOOSE).same
    assert compare("o.npy", big, array(">f8", (2,), struct.pack(">2d", 1.5, 2.7)), LOOSE).problems == (
        "[1]: 2.5 before, 2.7 after",
    )
    half = array("<f2", (2,), struct.pack("<2e", 1.0, 2.0))
    assert compare("o.npy", half, array("<f2", (2,), struct.pack("<2e", 1.0, 4.0)), LOOSE).differing == 1
    pair = array("<c8", (1,), struct.pack("<2f", 1.0, 2.0))
    assert compare("o.npy", pair, array("<c8", (1,), struct.pack("<2f", 1.0, 3.0)), LOOSE).problems == (
        "[0].imag: 2.0 before, 3.0 after",
    )


def archive(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, content in members.items():
            made.writestr(f"{name}.npy", content)
    return data.getvalue()


def test_archives_of_arrays_are_compared_member_by_member() -> None:
    one = archive(a=floats(1.0), b=floats(2.0))
    assert compare("o.npz", one, archive(b=floats(2.0), a=floats(1.0001)), LOOSE).same
    assert compare("o.npz", one, archive(a=floats(1.0)), LOOSE).problems == ("b.npy: gone",)
    assert compare("o.npz", one, archive(a=floats(1.0), b=floats(3.0)), LOOSE).problems == (
        "b[0]: 2.0 before, 3.0 after",
    )
    assert "no archive of arrays" in compare("o.npz", one, b"PK", LOOSE).problems[0]


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("loss 0.12345 after 3 steps", "loss 0.12346 after 3 steps", True),
        ("loss 0.12345 after 3 steps", "loss 0.12345 after 4 steps", False),
        ("loss 0.12345", "cost 0.12345", False),
        ("version 2.32.5", "version 2.32.6", False),
        ("nan inf -inf", "nan inf -inf", True),
        ("nan", "0.0", False),
        ("a 1e-3", "a 1.0001e-3", True),
        ("x1 y2", "x1 y3", False),
        ("one\ntwo", "one", False),
        ("9" * 400, "9" * 399 + "8", False),
    ],
)
def test_text_is_compared_with_the_numbers_in_it(before: str, after: str, same: bool) -> None:
    assert compare("out.txt", before.encode(), after.encode(), LOOSE).same is same


def test_what_is_no_text_is_compared_byte_by_byte() -> None:
    found = compare("out.bin", b"\xff\xfe", b"\xff\xfd", LOOSE)
    assert (found.kind, found.same) == ("bytes", False)
    assert compare("out.bin", b"\xff\xfe", b"\xff\xfe", LOOSE).same


def test_a_hostile_output_is_told_safely() -> None:
    found = as_json({"\x1b[31m": 1}, {"\x1b[31m": 2})
    assert "\x1b" not in found.problems[0]
    assert "\x1b" not in compare("t", b"\x1b[2J", b"x", LOOSE).problems[0]


@pytest.mark.parametrize("odd", [-1.0, math.nan, math.inf])
def test_a_tolerance_that_is_none_is_refused(odd: float) -> None:
    with pytest.raises(UsageError, match="no tolerance"):
        checked(odd, 0.0)
    with pytest.raises(UsageError, match="--atol"):
        checked(0.0, odd)
