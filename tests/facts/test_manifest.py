"""The manifest: one text for one environment, and nothing else is accepted."""

import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from envguard.environment import scan
from envguard.errors import LockError, UnverifiableError
from envguard.facts import manifest, manifest_lines
from envguard.facts.hashing import Digest, hash_files
from envguard.facts.manifest_lines import Lines
from envguard.facts.tree import Entry, Listing

ROOTS = [("prefix", "/srv/a b/é"), ("site0", "/srv/a b/é/lib/python3.11/site-packages")]


def entry(path: str, kind: str = "f", owner: str = "numpy", target: str = "") -> Entry:
    return Entry(path, kind, False, False, 3, "ab" * 32, owner, target)


def sample() -> bytes:
    return manifest.write(Listing([entry("{site0}/a.py"), entry("{site0}/b.py", "l", "", "a.py")], ROOTS))


def names() -> st.SearchStrategy[str]:
    raw = st.binary(min_size=1, max_size=20).filter(lambda name: b"\0" not in name)
    return st.one_of(raw.map(os.fsdecode), st.text("a\\x0\n\t é", min_size=1))


@given(st.lists(st.tuples(names(), st.sampled_from("flo"), st.booleans(), names()), unique_by=lambda row: row[0]))
def test_what_is_written_is_read_again(rows: list[tuple[str, str, bool, str]]) -> None:
    entries = [
        Entry("{site0}/" + name, kind, flag, not flag, 5, "" if kind == "o" else "0f" * 32, "", target * (kind == "l"))
        for name, kind, flag, target in rows
    ]
    data = manifest.write(Listing(entries, ROOTS))
    back = manifest.read(data, "m")
    assert set(back) == set(entries)
    assert list(back.roots) == ROOTS
    assert manifest.write(back) == data
    assert manifest.write(Listing(reversed(entries), ROOTS)) == data
    assert all(32 <= byte < 127 or byte in b"\n\t" for byte in data)


@given(st.lists(st.tuples(names(), st.sampled_from("flo"), names()), unique_by=lambda row: row[0], min_size=1))
def test_single_lines_are_found_in_the_text(rows: list[tuple[str, str, str]]) -> None:
    entries = [entry("{site0}/" + name, kind, "numpy", target * (kind == "l")) for name, kind, target in rows]
    lines = Lines(manifest.write(Listing(entries, ROOTS)).decode("ascii"), "m")
    assert lines.roots == dict(ROOTS)
    for each in entries:
        assert lines.get(each.path) == each
        assert lines.get(each.path + "!") == next((other for other in entries if other.path == each.path + "!"), None)
        folder = os.path.dirname(each.path)
        below = {other for other in entries if other.path.startswith(folder + "/")}
        assert set(lines.below(folder, 1000)) == below
        assert len(lines.below(folder, 1)) == 1
    assert lines.get("{prefix}/pyvenv.cfg") is None
    assert lines.below("{prefix}", 1000) == []


def test_the_text_is_held_to_its_seal(tmp_path: Path) -> None:
    path = tmp_path / "envguard.lock.files"
    path.write_bytes(sample())
    digest = hashlib.sha256(sample()).hexdigest()
    assert manifest_lines.load(str(path), f"sha256:{digest}").get("{site0}/a.py") == entry("{site0}/a.py")
    path.write_bytes(sample().replace(b"ab", b"ac"))
    with pytest.raises(LockError, match="not the manifest that the lock seals"):
        manifest_lines.load(str(path), digest)
    with pytest.raises(LockError, match="missing"):
        manifest_lines.load(str(tmp_path / "none"), digest)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (b"# envguard: files 1", b"# envguard: files 2", 1),
        (b"root prefix /srv", b"root prefix srv", 2),
        (b"root site0", b"root prefix", 3),
        (b"f --", b"g --", 4),
        (b"f -- 3", b"f -- -3", 4),
        (b"l -- 3", b"l -- 3 ", 5),
        (b"ab numpy", b"aB numpy", 4),
        (b"{site0}/a.py", b"/site0/a.py", 4),
        (b"{site0}/b.py", b"{site0}/a.py", 5),
        (b"{site0}/b.py", b"{site0}/A.py", 5),
        (b"a.py\n# envguard: end", b"a.py\n\n# envguard: end", 6),
        (b"files=2", b"files=3", 6),
        (b"# envguard: end files=2\n", b"", 5),
        (b"files=2\n", b"files=2", 5),
        (b"files=2\n", b"files=2\n\n", 7),
        (b"/b.py", b"/\xc3\xa9.py", 5),
    ],
)
def test_anything_odd_is_an_error_with_its_line(old: bytes, new: bytes, line: int) -> None:
    data = sample()
    assert old in data
    with pytest.raises(LockError) as caught:
        manifest.read(data.replace(old, new, 1), "x.files")
    assert caught.value.path == "x.files"
    assert caught.value.line == line


@given(st.data())
def test_no_edit_of_a_manifest_raises_anything_else(data: st.DataObject) -> None:
    whole = bytearray(sample())
    for _edit in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at : at + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
        whole += b"" if whole else b"x"
    with contextlib.suppress(LockError):
        manifest.read(bytes(whole), "m")


def test_load_verifies_the_seal_before_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "m.files"
    with pytest.raises(LockError, match="missing"):
        manifest.load(str(path))
    path.write_bytes(b"no manifest")
    with pytest.raises(LockError, match="not the manifest that the lock seals"):
        manifest.load(str(path), sha256="00" * 32)
    path.write_bytes(sample())
    assert len(manifest.load(str(path))) == 2


@pytest.mark.slow
def test_the_manifest_is_the_same_whatever_the_locale_and_the_hash_seed(place: Path) -> None:
    site = next(place.glob("lib/python3*/site-packages"))
    (site / "alpha" / "naïve\n\x1b[1m.txt").write_text("x")
    (site / "alpha" / os.fsdecode(b"latin-\xe9.txt")).write_text("x")
    code = (
        "import sys; from envguard.environment import scan; from envguard.facts import manifest\n"
        "sys.stdout.buffer.write(manifest.write(manifest.collect(scan(python=sys.argv[1]))))"
    )
    command = [sys.executable, "-c", code, str(place / "bin" / "python")]
    seen = set()
    path = os.pathsep.join(sys.path[1:])
    for seed, variables in enumerate(({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}, {"LC_ALL": "POSIX", "PYTHONUTF8": "0"})):
        environ = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": str(seed), "PYTHONPATH": path, **variables}
        done = subprocess.run(command, env=environ, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        seen.add(done.stdout)
    assert len(seen) == 1
    assert rb"na\xc3\xafve\x0a\x1b[1m.txt" in seen.pop()


def test_collect_holds_what_lies_there_owned_or_not(place: Path) -> None:
    site = next(place.glob("lib/python3*/site-packages"))
    (site / "sitecustomize.py").write_text("")
    (site / "own.pth").write_text("")
    (site / "link.py").symlink_to("beta.py")
    (site / "dangling.py").symlink_to("nowhere")
    os.mkfifo(site / "fifo.py")
    found = {each.path: each for each in manifest.collect(scan(python=str(place / "bin" / "python")))}
    assert found["{site0}/sitecustomize.py"].owner == ""
    assert found["{site0}/alpha/core.py"].owner == "alpha"
    assert found["{prefix}/bin/alpha-run"].executable
    assert found["{prefix}/bin/alpha-run"].placed
    assert found["{prefix}/bin/alpha-run"].owner == "alpha"
    assert found["{prefix}/pyvenv.cfg"].placed
    assert found["{site0}/link.py"].target == "beta.py"
    assert found["{site0}/link.py"].sha256 == found["{site0}/beta.py"].sha256
    assert found["{site0}/dangling.py"].sha256 == ""
    assert found["{site0}/fifo.py"].kind == "o"
    assert "{site0}/own.pth" in found
    assert any(path.endswith("/RECORD") for path in found)


def test_collect_refuses_to_seal_what_it_cannot_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = next(place.glob("lib/python3*/site-packages"))
    environment = scan(python=str(place / "bin" / "python"))

    def vanish(paths: list[str], *, progress: None) -> list[Digest]:
        (site / "beta.py").unlink()
        return hash_files(paths, progress=progress)

    monkeypatch.setattr(manifest, "hash_files", vanish)
    with pytest.raises(UnverifiableError, match=r"cannot seal .*beta.py: missing"):
        manifest.collect(environment)
