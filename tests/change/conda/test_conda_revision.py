"""``conda-meta/history``: a restore adds a revision where packages change, and where somebody keeps that log at all."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from test_conda_restored import (
    Yard,
    edited,
    emptied,
    two_records,
    upgraded,
    yard as yard,  # noqa: PLC0414 - a fixture
)

from dying import in_child
from envguard.change.conda import revision
from envguard.model import CondaPackage

CONDA = shutil.which("conda")
HEAD = re.compile(r"==>\s*(.+?)\s*<==")  # as conda/history.py reads it
COMMAND = re.compile(r"#\s*cmd:\s*(.+)")
SPECS = re.compile(r"#\s*(\w+)\s*specs:\s*(.+)?")


def log_of(yard: Yard) -> Path:
    return yard.prefix / "conda-meta" / "history"


def line(yard: Yard, name: str, version: str = "1.0", subdir: str = "linux-64") -> str:
    """A package as conda calls it: a channel that is a folder by its URL."""
    return f"{yard.channel.parent.as_uri()}/{subdir}::{name}-{version}-h1_0"


def kept(yard: Yard, *more: str) -> bytes:
    """The log of one who installed everything and asked for py-bar."""
    lines = ["==> 2026-01-02 03:04:05 <==", "# cmd: conda create -p here py-bar", "# conda version: 26.7.1"]
    lines += [f"+{text}" for text in installed(yard)]
    lines += ["# update specs: ['py-bar', \"libfoo[version='>=1']\"]", *more]
    log_of(yard).write_text("".join(f"{text}\n" for text in lines))
    return log_of(yard).read_bytes()


def installed(yard: Yard) -> list[str]:
    found = []
    for path in sorted((yard.prefix / "conda-meta").glob("*.json")):
        said = json.loads(path.read_text())
        base = said["url"].rpartition("/")[0].removesuffix("/" + said["subdir"])
        found.append(f"{base}/{said['subdir']}::{said['name']}-{said['version']}-{said['build']}")
    return found


def blocks(data: bytes) -> list[list[str]]:
    found: list[list[str]] = []
    for text in data.decode().splitlines():
        if HEAD.match(text):
            found.append([])
        found[-1].append(text)
    return found


def state(data: bytes) -> set[str]:
    """As conda adds it up."""
    now: set[str] = set()
    for block in blocks(data):
        content = {text for text in block[1:] if not text.startswith("#")}
        if not any(text[0] in "+-" for text in content):
            now = content
        else:
            now -= {text[1:] for text in content if text[0] == "-"}
            now |= {text[1:] for text in content if text[0] == "+"}
    return now


def drifted(yard: Yard, *more: str) -> bytes:
    """conda itself upgraded py-bar, which somebody asked for, and says so."""
    old = next(text for text in installed(yard) if "py-bar" in text)
    kept(yard)
    upgraded(yard)
    new = next(text for text in installed(yard) if "py-bar" in text)
    with log_of(yard).open("a") as file:
        lines = ["==> 2026-02-02 03:04:05 <==", "# cmd: conda install py-bar=2.0", "# conda version: 26.7.1"]
        file.writelines(f"{text}\n" for text in (*lines, f"-{old}", f"+{new}", "# update specs: ['py-bar=2.0']", *more))
    assert state(log_of(yard).read_bytes()) == set(installed(yard))
    return log_of(yard).read_bytes()


def test_a_change_of_packages_is_one_more_revision(yard: Yard) -> None:
    before = drifted(yard)
    log_of(yard).chmod(0o640)
    assert yard.restore().complete
    data = log_of(yard).read_bytes()
    assert data.startswith(before)
    added = blocks(data)[2:]
    (block,) = added
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", HEAD.match(block[0])[1])  # type: ignore[index] # it matches
    assert COMMAND.match(block[1])[1] == "envguard restore"  # type: ignore[index] # it matches
    (gone, come, asked) = block[2:]
    assert (gone.partition("::")[2], come.partition("::")[2]) == ("py-bar-2.0-h1_0", "py-bar-1.0-h1_0")
    assert (gone[0], come[0]) == ("-", "+")
    assert SPECS.match(asked).groups() == ("update", "['py-bar==1.0=h1_0']")  # type: ignore[union-attr] # it matches
    assert state(data) == set(installed(yard))
    assert log_of(yard).stat().st_mode & 0o777 == 0o640
    assert yard.restore().done == ()
    assert log_of(yard).read_bytes() == data


@pytest.mark.parametrize("damage", [edited, emptied])
def test_what_comes_back_as_it_was_is_no_revision(yard: Yard, damage: Callable[[Yard], None]) -> None:
    before = kept(yard)
    damage(yard)
    assert yard.restore().complete
    assert log_of(yard).read_bytes() == before


def test_a_drift_that_the_log_does_not_know_leaves_it_as_it_is(yard: Yard) -> None:
    """rattler or another tool changed packages and wrote nothing: the log speaks of the golden state already."""
    for damage in (upgraded, two_records):
        before = kept(yard)
        damage(yard)
        assert yard.restore().complete
        assert log_of(yard).read_bytes() == before


@pytest.mark.parametrize("data", [None, b""])
def test_where_nobody_keeps_it_nothing_is_written(yard: Yard, data: "bytes | None") -> None:
    if data is not None:
        log_of(yard).write_bytes(data)
    upgraded(yard)
    assert yard.restore().complete
    assert log_of(yard).exists() is (data is not None)
    assert data is None or log_of(yard).read_bytes() == data


@pytest.mark.parametrize("odd", [b"\xff\xfe", b"==> x <==\n+a::b-1-0\nc\n", b"==> x <==\n+nothing\n"])
def test_a_log_that_conda_did_not_write_stays_and_is_named(yard: Yard, odd: bytes) -> None:
    log_of(yard).write_bytes(odd)
    upgraded(yard)
    told: list[str] = []
    from envguard.change.mending import restoring
    from envguard.change.mending.restoring import Options

    links = (str(yard.channel),)
    asked = Options(python=yard.python, find_links=links, offline=True)
    assert restoring.restore(str(yard.lock), asked, tell=told.append).complete
    assert log_of(yard).read_bytes() == odd
    assert any("is not as conda writes it" in text for text in told)


def test_a_removal_is_told_and_no_longer_asked_for(yard: Yard) -> None:
    from packing import members_of, pack

    yard.install(pack(yard.channel, members_of({"lib/x": b"x"}, name="extra"), name="extra-1.0-h1_0"), "extra")
    kept(yard, "# update specs: ['extra=1.0']")
    assert yard.restore(prune=True).complete
    block = blocks(log_of(yard).read_bytes())[-1]
    assert [text.partition("::")[2] for text in block if text[0] == "-"] == ["extra-1.0-h1_0"]
    assert "# remove specs: ['extra']" in block
    assert state(log_of(yard).read_bytes()) == set(installed(yard))


@pytest.mark.slow
def test_an_interruption_neither_loses_nor_doubles_it(yard: Yard) -> None:
    before = drifted(yard)
    damaged = yard.folder / "damaged"
    shutil.copytree(yard.prefix, damaged, symlinks=True)
    ended, calls = in_child(yard.restore, 0)
    assert ended == 0
    golden = len(blocks(log_of(yard).read_bytes()))
    for at in range(1, calls + 1):
        shutil.rmtree(yard.prefix)
        shutil.copytree(damaged, yard.prefix, symlinks=True)
        in_child(yard.restore, at)
        assert log_of(yard).read_bytes().startswith(before), at
        assert yard.restore().complete, at
        data = log_of(yard).read_bytes()
        assert len(blocks(data)) == golden == 3, at
        assert state(data) == set(installed(yard)), at


def package(name: str, version: str, url: str, subdir: str = "linux-64") -> CondaPackage:
    return CondaPackage(
        name=name, version=version, build="0", subdir=subdir, url=f"{url}/{subdir}/{name}-{version}-0.conda"
    )


@pytest.mark.parametrize(
    ("channel", "told"),
    [
        ("https://conda.anaconda.org/conda-forge", "conda-forge"),
        ("https://conda.anaconda.org/conda-forge/label/rc", "conda-forge/label/rc"),
        ("https://repo.anaconda.com/pkgs/main", "defaults"),
        ("https://mirror.example.org/conda-forge", "https://mirror.example.org/conda-forge"),
        ("file:///srv/channel", "file:///srv/channel"),
    ],
)
def test_a_channel_is_called_as_conda_calls_it(channel: str, told: str) -> None:
    old, new = package("six", "2", channel), package("six", "1", channel)
    other = f"{told}/noarch::other-1-0"
    log = f"==> now <==\n# cmd: conda\n+{told}/linux-64::six-2-0\n+{other}\n"
    data = revision.with_revision(
        log.encode(), [old], [new, package("other", "1", channel, "noarch")], "envguard restore"
    )
    assert data.decode().splitlines()[-2:] == [f"-{told}/linux-64::six-2-0", f"+{told}/linux-64::six-1-0"]


def test_a_channel_is_called_as_the_log_calls_it() -> None:
    """mamba writes whole URLs."""
    forge = "https://conda.anaconda.org/conda-forge"
    log = f"==> now <==\n# cmd: mamba\n+{forge}/linux-64::six-2-0\n"
    data = revision.with_revision(log.encode(), [package("six", "2", forge)], [package("six", "1", forge)], "x")
    assert data.decode().splitlines()[-1] == f"+{forge}/linux-64::six-1-0"


def test_specs_in_the_forms_of_all_versions_of_conda_are_read() -> None:
    lines = [
        "==> a <==", "# install specs: python>=3.5.1,<4,six =1", '# update specs: ["numpy[version=\\">=1\\"]"]',
        "==> b <==", "# remove specs: ['six']", "# neutered specs: ['numpy']",
        "# update specs: ['conda-forge::idna==3']",
    ]  # fmt: skip
    assert revision.parse("\n".join(lines)).requested == {"python": ">=3.5.1", "numpy": "", "idna": "==3"}


@pytest.mark.skipif(CONDA is None, reason="no conda is on PATH")
def test_conda_itself_lists_the_revision(yard: Yard) -> None:
    drifted(yard)
    assert yard.restore().complete
    assert CONDA is not None
    command = [CONDA, "list", "--revisions", "--json", "--prefix", str(yard.prefix)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert [each["rev"] for each in told] == [0, 1, 2]
    (move,) = told[2]["downgrade"]
    assert "py-bar-2.0-h1_0" in move["old"]
    assert "py-bar-1.0-h1_0" in move["new"]
