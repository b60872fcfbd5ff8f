import re
from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Selection, Snapshot

Golden = Callable[..., Snapshot]
LINUX = Selection(platform="linux-64")
URL = "https://example.org/conda-forge/linux-64/numpy-1.26.4-py311_0.conda"
MD5, SHA256 = "0123456789abcdef" * 2, "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("ending", "hashes"),
    [
        ("", ()),
        (f"#{MD5}", (f"md5:{MD5}",)),
        (f"#{SHA256}", (f"sha256:{SHA256}",)),
        (f"#sha256:{SHA256}", (f"sha256:{SHA256}",)),
    ],
)
def test_the_three_digests(golden: Golden, ending: str, hashes: tuple[str, ...]) -> None:
    for name in ("spec.txt", "conda-lock.yml"):
        found = golden(f"# x\n@EXPLICIT\n{URL}{ending}\n", name, selection=LINUX)
        (pin,) = found.pins
        assert (found.format, found.complete) == ("conda-explicit", True)
        assert (pin.manager, pin.name, pin.version, pin.build) == ("conda", "numpy", "1.26.4", "py311_0")
        assert (pin.channel, pin.hashes, pin.line, pin.unverifiable) == ("conda-forge", hashes, 3, "")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://u:pw@example.org/t/pw/conda-forge/label/dev/noarch/a-b-1!2.0+x-h_1.tar.bz2",
            ("a-b", "1!2.0+x", "h_1", "conda-forge/label/dev"),
        ),
        ("https://example.org/pkgs/main/linux-64/_x-1-0.conda", ("_x", "1", "0", "pkgs/main")),
        ("file:///srv/channel/linux-64/a-1-0.conda", ("a", "1", "0", "channel")),
        ("/srv/channel/linux-64/a-1-0.conda", ("a", "1", "0", "channel")),
        ("a-1-0.conda", ("a", "1", "0", "")),
        ("https://example.org/somewhere/a-1%2B2-0.conda", ("a", "1+2", "0", "")),
    ],
)
def test_names_are_cut_from_the_right(golden: Golden, url: str, expected: tuple[str, ...]) -> None:
    found = golden(f"@EXPLICIT\n{url}\n", selection=LINUX)
    (pin,) = found.pins
    assert (pin.name, pin.version, pin.build, pin.channel) == expected
    assert "pw" not in repr(found)


def test_pip_lines_are_pins(lockfiles: Path) -> None:
    found = load(lockfiles / "conda_explicit" / "rendered.lock", selection=LINUX)
    assert [(pin.manager, pin.name, pin.version, len(pin.hashes)) for pin in found.pins] == [
        ("conda", "numpy", "1.26.4", 1),
        ("conda", "six", "1.16.0", 1),
        ("pip", "a", "1.0", 1),
    ]
    assert found.pins[2].text == "a==1.0"


def test_another_platform_is_refused_unless_asked_for(golden: Golden) -> None:
    windows = "# platform: win-64\n@EXPLICIT\n" + URL.replace("linux", "win") + "\n"
    assert len(golden(windows, selection=Selection(platform="win-64")).pins) == 1
    with pytest.raises(LockError, match="written for 'win-64', and linux-64 is asked for") as caught:
        golden(windows, selection=LINUX)
    assert caught.value.line == 1
    with pytest.raises(LockError, match="written for 'win-64'"):
        golden(windows.partition("\n")[2], selection=LINUX)


@pytest.mark.parametrize(
    "line",
    [
        "numpy=1.26.4",
        URL + "#1234",
        URL.replace("-py311_0", ""),
        "https://u:secret@example.org/x.whl",
        URL + "#" + MD5.upper(),
    ],
)
def test_a_line_that_is_no_archive(golden: Golden, line: str) -> None:
    with pytest.raises(LockError, match="not the URL of a conda package") as caught:
        golden(f"@EXPLICIT\n{URL}\n{line}\n", selection=LINUX)
    assert caught.value.line == 3
    assert "secret" not in str(caught.value)


def test_merge_conflicts(golden: Golden) -> None:
    with pytest.raises(LockError, match="merge conflict") as caught:
        golden(f"@EXPLICIT\n<<<<<<< HEAD\n{URL}\n=======\n{URL}\n>>>>>>> x\n", selection=LINUX)
    assert caught.value.line == 2


def test_two_builds_of_one_package_contradict(golden: Golden) -> None:
    found = golden(f"@EXPLICIT\n{URL}\n{URL.replace('_0', '_1')}\n", selection=LINUX)
    assert all("contradicts" in pin.unverifiable for pin in found.pins)


def test_every_url_of_the_corpus_is_read_as_conda_reads_it(corpus: Path) -> None:
    # conda: path, file name, and md5 or sha256 behind a hash sign (conda/misc.py).
    grammar = re.compile(
        r"(?:.+[/\\])?([^/\\#]+?)(?:\.tar\.bz2|\.conda)(?:#(?:[0-9a-f]{32}|(?:sha256:)?[0-9a-f]{64}))?"
    )
    files = [*(corpus / "conda-explicit").iterdir(), *(corpus / "generated").glob("*explicit*")]
    total = 0
    for path in files:
        lines = [line.strip() for line in path.read_text().splitlines() if line and line[0] not in "#@"]
        matches = [grammar.fullmatch(line) for line in lines]
        expected = [tuple(match[1].rsplit("-", 2)) for match in matches if match]
        platform = "win-64" if "win" in path.name else "linux-64"
        found = [pin for pin in load(path, selection=Selection(platform=platform)).pins if pin.manager == "conda"]
        assert len(lines) == len(expected)
        assert [(pin.name, pin.version, pin.build) for pin in found] == expected
        total += len(expected)
    assert total > 1500
