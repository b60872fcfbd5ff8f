import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.pylock import Pylock

from envguard.environment.interpreter import markers, running
from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Selection, Snapshot

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
Golden = Callable[..., Snapshot]

HEAD = 'lock-version = "1.0"\ncreated-by = "test"\nextras = ["e"]\ndependency-groups = ["dev", "docs"]\n'
HEAD += 'default-groups = ["dev"]\n'
WHEEL = 'wheels = [{ url = "https://h/%s", hashes = { sha256 = "%s" } }]\n'
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def entry(name: str, more: str, version: str = "1.0") -> str:
    wheel = WHEEL % (f"{name}-{version}-py3-none-any.whl", "ab" * 32)
    return f'[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}\n{wheel}'


LOCK = (
    HEAD
    + entry("always", "")
    + entry("extra", "marker = \"'e' in extras\"")
    + entry("dev", "marker = \"'dev' in dependency_groups\"")
    + entry("docs", "marker = \"'docs' in dependency_groups\"")
    + entry("windows", "marker = \"sys_platform == 'win32'\"")
    + entry("two", "marker = \"python_version < '3.11'\"")
    + entry("two", "marker = \"python_version >= '3.11'\"", "2.0")
)


def test_what_is_selected(golden: Golden) -> None:
    old = running().replace(version="3.10.1")
    new = running().replace(version="3.12.1")
    for selection, expected in (
        (Selection(interpreter=old), {"always": "1.0", "dev": "1.0", "two": "1.0"}),
        (Selection(interpreter=new, extras=("E",)), {"always": "1.0", "dev": "1.0", "extra": "1.0", "two": "2.0"}),
        (Selection(interpreter=new, groups=("docs",)), {"always": "1.0", "dev": "1.0", "docs": "1.0", "two": "2.0"}),
    ):
        snapshot = golden(LOCK, "pylock.toml", selection=selection)
        assert {pin.name: pin.version for pin in snapshot.pins} == expected
        assert snapshot.complete
        lines = LOCK.splitlines()
        assert all(
            lines[pin.line - 1 : pin.line + 1] == ["[[packages]]", f'name = "{pin.name}"'] for pin in snapshot.pins
        )
        assert {pin.tags for pin in snapshot.pins} == {("py3-none-any",)}
        assert {pin.hashes for pin in snapshot.pins} == {("sha256:" + "ab" * 32,)}
    for wrong in (Selection(extras=("nope",)), Selection(groups=("nope",))):
        with pytest.raises(LockError, match=r"has no (extra|group) 'nope'"):
            golden(LOCK, "pylock.toml", selection=wrong)


def test_where_packages_come_from(golden: Golden, tmp_path: Path) -> None:
    lock = HEAD + (
        f'[[packages]]\nname = "repo"\nvcs = {{ type = "git", url = "https://u:p@h/r", commit-id = "{COMMIT}", '
        'subdirectory = "s" }\n'
        '[[packages]]\nname = "folder"\ndirectory = { path = "../f", editable = true }\n'
        '[[packages]]\nname = "web"\narchive = { url = "https://h/w.zip?t=1", hashes = { sha256 = "AB" } }\n'
    )
    pins = {pin.name: pin for pin in golden(lock, "pylock.x.toml").pins}
    found = {name: (s.kind, s.url, s.revision, s.digest, s.subdirectory, s.editable)
             for name, pin in pins.items() if (s := pin.source)}  # fmt: skip
    assert found == {
        "repo": ("vcs", "https://h/r", COMMIT, "", "s", False),
        "folder": ("directory", f"file://{tmp_path.parent}/f", "", "", "", True),
        "web": ("archive", "https://h/w.zip", "", "sha256:ab", "", False),
    }
    assert all(pin.version is None and not pin.unverifiable for pin in pins.values())


def test_what_pipenv_writes_out_of_specification(golden: Golden) -> None:
    lock = HEAD + entry("Jaraco.Classes", "").replace("https://h/Jaraco.Classes", "https://h/jaraco_classes")
    lock = lock.replace("hashes", "upload-time = '2022-07-13T14:00:00Z', hashes")
    assert [pin.name for pin in golden(lock, "pylock.toml").pins] == ["jaraco-classes"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('lock-version = "1.0"\ncreated-by = "x"\n', "Missing required value in 'packages'"),
        ('lock-version = "2.0"\ncreated-by = "x"\npackages = []\n', "not what PEP 751 asks for"),
        (HEAD + 'requires-python = "==3.6.*"\npackages = []\n', r"this lock is for Python ==3\.6\.\*"),
        (HEAD + "environments = [\"sys_platform == 'win32'\"]\npackages = []\n", "this lock is not for Python"),
        (HEAD + '[[packages]]\nname = "a"\nversion = "1"\n', "pylock.toml:6: not what PEP 751"),
        (HEAD + entry("a", "") + entry("a", "", "2.0"), "cannot be installed here: Multiple packages"),
        (HEAD + entry("a", "").replace("py3-none-any", "py3-none-win32"), "cannot be installed here: No wheel"),
        (HEAD + entry("a", 'marker = "x y"'), "not what PEP 751"),
    ],
)
def test_what_cannot_be_read(golden: Golden, content: str, why: str) -> None:
    with pytest.raises(LockError, match=why):
        golden(content, "pylock.toml")


def test_a_newer_minor_version_is_read_and_said(golden: Golden, caplog: pytest.LogCaptureFixture) -> None:
    snapshot = golden(LOCK.replace('"1.0"', '"1.7"', 1), "pylock.toml")
    (note,) = snapshot.notes
    assert (note.code, note.kind) == ("EG111", "unverifiable")
    assert "'1.7'" in note.evidence[0]
    assert snapshot.pins
    assert caplog.records == []  # packaging prints where nobody listens
    assert golden(LOCK.replace('"1.0"', '"1"', 1), "pylock.toml").notes == ()


def test_an_older_packaging_is_named(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Pylock, "select")
    with pytest.raises(LockError, match=r"needs packaging 26\.1 or newer, and .* is installed"):
        golden(LOCK, "pylock.toml")


def test_real_locks_against_packagings_own_selection(corpus: Path) -> None:
    """Only the reading of the file and of what was selected is ours, so that is what this compares."""
    whom = running().replace(version="3.11.7")
    for path in (corpus / "pylock" / "oyez-pylock.toml", corpus / "generated" / "pylock.uv-export.toml"):
        lock = Pylock.from_dict(tomllib.loads(path.read_text()))
        environment = {**markers(whom)}
        theirs = {package.name: package.version and str(package.version)
                  for package, _artifact in lock.select(environment=environment)}  # type: ignore[arg-type]  # fmt: skip
        ours = {pin.name: pin.version for pin in load(path, selection=Selection(interpreter=whom)).pins}
        assert ours == theirs
        assert len(ours) > 10


def test_every_real_lock_is_read_or_refused_with_a_reason(corpus: Path) -> None:
    whom = running().replace(version="3.11.7")
    expected = {"oyez-pylock": 80, "pdm-demo-pylock": 1, "pip-fixture-mixed": 2, "pipenv-example-pylock": 3}
    for path in (corpus / "pylock").iterdir():
        if path.stem in expected:
            assert len(load(path, selection=Selection(interpreter=whom)).pins) == expected[path.stem]
        else:
            with pytest.raises(LockError, match=r"3\.6|packages"):
                load(path, selection=Selection(interpreter=whom))
