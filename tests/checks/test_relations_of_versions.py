"""Names and versions: when two are the same, in which direction one moved, and which part of it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings, strategies as st
from packaging.version import Version

from envguard import versions


@pytest.mark.parametrize(
    ("name", "normalised"),
    [("Foo", "foo"), ("foo.bar", "foo-bar"), ("FOO-_.Bar", "foo-bar"), ("a__b--c", "a-b-c"), ("x", "x")],
)
def test_names(name: str, normalised: str) -> None:
    assert versions.normalise(name) == normalised


@pytest.mark.parametrize("name", ["a", "A1", "a-b", "a_b.c", "0x", "Z9"])
def test_what_is_a_name(name: str) -> None:
    assert versions.is_name(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", ".a", "a b", "ä", "a\n", "a/b", "\u0131", "a[b]"])
def test_what_is_no_name(name: str) -> None:
    assert not versions.is_name(name)


@pytest.mark.parametrize(
    ("version", "parts"),
    [
        ("2.5.0", ("2.5.0", "")),
        ("2.5.0+cu124", ("2.5.0", "cu124")),
        ("2.5.0+CU-12_4", ("2.5.0", "cu.12.4")),
        ("1+a+b", ("1", "a+b")),
    ],
)
def test_local_labels(version: str, parts: tuple[str, str]) -> None:
    assert versions.split_local(version) == parts


@pytest.mark.parametrize(
    ("locked", "installed", "relation", "part"),
    [
        ("1.0", "1.0", "equal", "local"),
        ("1.0", "1.0.0", "equal", "local"),
        ("1.0+CU.1", "1.0+cu-1", "equal", "local"),
        ("1.0", "1.0+cpu", "local", "local"),
        ("1.0+cpu", "1.0", "local", "local"),
        ("1.0+cpu", "1.0.0+cu124", "local", "local"),
        ("1.0.post1", "1.0.post1+x", "local", "local"),
        ("1.0", "2.0", "upgraded", "major"),
        ("1.9", "1.10", "upgraded", "minor"),
        ("1", "1.1", "upgraded", "minor"),
        ("1.1", "1", "downgraded", "minor"),
        ("1.0", "1.0.1", "upgraded", "micro"),
        ("1.0.0.1", "1.0.0.0.9", "downgraded", "micro"),
        ("2.9.9", "3.0.0", "upgraded", "major"),
        ("2026.1", "1!1.0", "upgraded", "epoch"),
        ("1!1.0", "3.0", "downgraded", "epoch"),
        ("1.0a1", "1.0b1", "upgraded", "pre"),
        ("1.0", "1.0rc1", "downgraded", "pre"),
        ("1.0", "1.0.post1", "upgraded", "post"),
        ("1.0.dev1", "1.0", "upgraded", "dev"),
        ("1.0.post1.dev1", "1.0.post2", "upgraded", "post"),
        ("1.0+cpu", "1.1+cu124", "upgraded", "minor"),
        ("2004d", "2004d", "equal", "other"),
        ("2004d", "2004e", "different", "other"),
        ("1.0", "2004d", "different", "other"),
        ("2004d", "1.0", "different", "other"),
        ("1.0", "9" * 5000, "different", "other"),
    ],
)
def test_relations(locked: str, installed: str, relation: str, part: str) -> None:
    assert versions.relation(locked, installed) == relation
    assert versions.moved_part(locked, installed) == part


def test_what_is_a_version() -> None:
    assert versions.parse("v1.0") == Version("1.0")
    assert versions.parse("2004d") is None
    assert versions.parse("") is None
    assert versions.parse("9" * 5000) is None


numbers = st.integers(0, 3)
pep440 = st.builds(
    lambda epoch, release, tail, local: f"{epoch}!" * (epoch > 0) + ".".join(map(str, release)) + tail + local,
    numbers,
    st.lists(numbers, min_size=1, max_size=4),
    st.sampled_from(["", "a1", "rc2", ".post1", ".dev3", "rc1.post2.dev1"]),
    st.sampled_from(["", "+cpu", "+cu124"]),
)


@settings(deadline=None)  # a slow machine is no failure
@given(pep440, pep440)
def test_relations_mirror_each_other_and_the_part_does_not_depend_on_the_direction(left: str, right: str) -> None:
    mirror = {"upgraded": "downgraded", "downgraded": "upgraded"}
    relation = versions.relation(left, right)
    assert versions.relation(right, left) == mirror.get(relation, relation)
    assert versions.moved_part(left, right) == versions.moved_part(right, left)
    assert (relation == "upgraded") == (Version(Version(right).public) > Version(Version(left).public))
    assert (relation == "equal") == (Version(left) == Version(right))


def test_equal_spellings_are_told_without_packaging() -> None:
    code = (
        "import sys; sys.modules['packaging'] = None\n"
        "from envguard import versions\n"
        "assert versions.relation('1.0', '1.0') == 'equal'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
