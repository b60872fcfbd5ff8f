"""The same version from other files, and a side that does not say which files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import envguard

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO, THREE = ("sha256:" + digit * 64 for digit in "123")


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ((ONE,), (ONE,), []),
        ((ONE,), (TWO,), ["EG107"]),
        ((ONE, TWO), (TWO, THREE), []),  # wheels for more platforms came later
        ((ONE, TWO), (THREE,), ["EG107"]),
        ((ONE,), (), []),
        ((ONE,), ("sha512:" + "1" * 128,), []),  # nothing to compare
    ],
)
def test_no_hash_in_common(tmp_path: Path, old: tuple[str, ...], new: tuple[str, ...], codes: list[str]) -> None:
    for name, hashes in (("old.txt", old), ("new.txt", new)):
        (tmp_path / name).write_text("six==1.16.0" + "".join(f" --hash={each}" for each in hashes) + "\n")
    found = envguard.diff(tmp_path / "old.txt", tmp_path / "new.txt").findings
    assert [each.change.code for each in found] == codes


def test_another_source_of_the_same_version(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("six==1.16.0\n")
    (tmp_path / "new.txt").write_text("six @ https://example.org/six-1.16.0-py2.py3-none-any.whl\n")
    found = envguard.diff(tmp_path / "old.txt", tmp_path / "new.txt").findings
    assert [each.change.code for each in found] == ["EG105"]


def test_a_side_without_digests_is_no_difference_and_is_said(tmp_path: Path, venv: Path) -> None:
    lock, plain = tmp_path / "envguard.lock", tmp_path / "r.txt"
    frozen = envguard.freeze(lock, python=venv)
    plain.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in frozen.snapshot.pins))
    report = envguard.diff(lock, plain)
    assert report.findings == ()
    assert any("seals no record digest" in line for line in report.blind)
    assert envguard.diff(plain, lock).findings == ()
    assert envguard.diff(lock, "live", python=venv).findings == ()
    assert envguard.diff("live", plain, python=venv).findings == ()
