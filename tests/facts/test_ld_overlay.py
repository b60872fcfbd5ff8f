"""Which file would answer to a path if one folder lay over another."""

import os
from pathlib import Path

import pytest

from envguard.facts.ld_overlay import Overlay


@pytest.fixture
def over(tmp_path: Path) -> Overlay:
    for name in ("env/lib/stays.so", "env/lib/goes.so", "env/lib/both.so", "new/lib/comes.so", "new/lib/both.so"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    for name, target in {
        "env/lib/to-stays.so": "stays.so",
        "env/lib/to-goes.so": "goes.so",
        "env/lib/to-both.so": "both.so",
        "env/lib/to-comes.so": "comes.so",
        "env/lib/out.so": "/etc/passwd",
        "env/lib/round.so": "round.so",
        "new/lib/new-to-comes.so": "comes.so",
        "new/lib/new-to-stays.so": "../lib/stays.so",
        "new/lib/new-to-goes.so": "goes.so",
        "new/lib/new-to-nothing.so": "nothing.so",
    }.items():
        (tmp_path / name).symlink_to(target)
    hidden = frozenset({str(tmp_path / "env/lib/goes.so")})
    return Overlay(str(tmp_path / "env"), str(tmp_path / "new"), hidden)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("stays.so", "env/lib/stays.so"),
        ("goes.so", ""),
        ("both.so", "new/lib/both.so"),
        ("comes.so", "new/lib/comes.so"),
        ("to-stays.so", "env/lib/to-stays.so"),
        ("to-goes.so", ""),
        ("to-both.so", "new/lib/both.so"),
        ("to-comes.so", "new/lib/comes.so"),
        ("new-to-comes.so", "new/lib/new-to-comes.so"),
        ("new-to-stays.so", "env/lib/stays.so"),
        ("new-to-goes.so", ""),
        ("out.so", "env/lib/out.so"),
        ("round.so", ""),
    ],
)
def test_from_either_side(over: Overlay, tmp_path: Path, asked: str, answer: str) -> None:
    wanted = str(tmp_path / answer) if answer else ""
    assert over.real(f"{over.place}/lib/{asked}") == wanted
    assert over.real(f"{over.folder}/lib/{asked}") == wanted
    assert not answer or Path(wanted).exists()


def test_what_is_nowhere_and_what_lies_outside(over: Overlay, tmp_path: Path) -> None:
    assert not os.path.exists(over.real(f"{over.place}/lib/none.so"))
    assert not os.path.exists(over.real(f"{over.place}/lib/new-to-nothing.so"))
    assert over.real("/usr/lib/x.so") == "/usr/lib/x.so"
    assert over.twin(f"{over.place}/lib") == f"{over.folder}/lib"
    assert over.twin(over.folder) == over.place
    assert over.twin(f"{over.place}-other") == ""
