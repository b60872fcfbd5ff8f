"""Archives with anything in the place of anything: each is laid out inside the prefix, or refused in one line."""

import bz2
import json
import random
from pathlib import Path
from typing import Any

import pytest
from packing import PLACEHOLDER, members_of, pack_new, pin_of, place, row, tar, written

from envguard.change.conda import archive, layout
from envguard.change.placing.artifact import ArtifactError

ODD: tuple[Any, ...] = (
    None, 0, -1, 1e308, True, "", [], {}, "../x", "/x", "a\0b", "x" * 5000, "\ud800", ["a"], {"a": 1}, "softlink",
    "directory", "python", "text", "binary", PLACEHOLDER,
)  # fmt: skip
SCRIPT = f"#!{PLACEHOLDER}/bin/python\n".encode()
BINARY = b"\x7fELF\0" + PLACEHOLDER.encode() + b"\0"
POINTS = {"noarch": {"type": "python", "entry_points": ["foo = foo:main"]}}
MEMBERS = members_of(
    {"site-packages/foo.py": b"x\n", "python-scripts/foo-script": SCRIPT, "lib/a": BINARY},
    rows=[
        row("site-packages/foo.py", b"x\n"),
        written("python-scripts/foo-script", SCRIPT, "text"),
        written("lib/a", BINARY, "binary"),
    ],
    links={"lib/l": "a"},
    about={"info/link.json": json.dumps(POINTS).encode()},
    noarch="python",
)


def places(value: Any) -> "list[tuple[Any, Any]]":
    """Every container with every key in it."""
    found = []
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found += [(value, key), *places(value[key])]
    return found


def odd(data: bytes, chance: random.Random) -> bytes:
    """JSON with something else in one place."""
    value = json.loads(data)
    container, key = chance.choice(places(value))
    container[key] = chance.choice(ODD)
    return json.dumps(value).encode()


def broken(data: bytes, chance: random.Random) -> bytes:
    """Bytes with some changed, cut out or put in."""
    made = bytearray(data)
    for _time in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(len(made))
        made[at : at + chance.choice((0, 1, 40))] = chance.randbytes(chance.choice((0, 1, 9)))
    return bytes(made)


def is_refused(path: Path, scratch: Path) -> bool:
    try:
        with archive.opened(str(path), pin_of(path).hashes, str(scratch)) as contents:
            laid = layout.lay_out(contents, "libfoo", place("/srv/env"))
            for target, file in laid.files.items():
                assert target.startswith("/srv/env/")
                assert not {"..", ".", ""} & set(target.split("/")[1:])
                if file.member:
                    contents.read(file.member)
    except ArtifactError as error:
        return len(error.why.splitlines()) == 1
    return False


@pytest.fixture
def chance() -> random.Random:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    return random.Random(seed)


def test_odd_values(tmp_path: Path, chance: random.Random) -> None:
    path = tmp_path / "libfoo-1.0-h1_0.tar.bz2"
    path.write_bytes(bz2.compress(tar(MEMBERS)))
    assert not is_refused(path, tmp_path)
    refused = 0
    for _time in range(300):
        at = chance.randrange(3)
        members = [(name, odd(data, chance) if at == number and isinstance(data, bytes) else data, mode)
                   for number, (name, data, mode) in enumerate(MEMBERS)]  # fmt: skip
        path.write_bytes(bz2.compress(tar(members), 1))
        refused += is_refused(path, tmp_path)
    assert 0 < refused < 300


def test_broken_bytes(tmp_path: Path, chance: random.Random) -> None:
    old, new = tar(MEMBERS), pack_new(tmp_path, MEMBERS)
    whole = new.read_bytes()
    path = tmp_path / "libfoo-1.0-h1_0.tar.bz2"
    refused = 0
    for _time in range(150):
        path.write_bytes(bz2.compress(broken(old, chance), 1))
        new.write_bytes(broken(whole, chance))
        refused += is_refused(path, tmp_path) + is_refused(new, tmp_path)
    assert refused > 0
