"""The entries of sys.path: which count, how often, and what is refused."""

import os
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from building import broken, dist_info, installed, named, only_broken, run, scan

from envguard.environment import folders
from envguard.errors import UnverifiableError, UsageError


def test_order_is_that_of_sys_path(tmp_path: Path) -> None:
    for name in ("b", "a"):
        dist_info(tmp_path / name, "pkg", f"1.{name == 'b':d}")
    live = scan(tmp_path / "b", tmp_path / "missing", tmp_path / "a")
    assert [each.version for each in live.distributions] == ["1.1", "1.0"]
    assert live.paths == (str(tmp_path / "b"), str(tmp_path / "a"))


def test_empty_entry_is_the_working_folder(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site)
    assert len(scan("").distributions) == 5


def test_relative_entry(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.parent)
    live = scan(site.name)
    assert {each.location for each in live.distributions} == {str(site)}


def test_entries_that_are_no_text_are_ignored_as_import_does(site: Path) -> None:
    listed = folders.listings([site, str(site), None])
    assert [each.path for each in listed] == [str(site)]


def test_working_folder_that_was_deleted(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert len(scan("", "relative", site).distributions) == 5


def test_the_same_folder_by_two_names_counts_once(site: Path, tmp_path: Path) -> None:
    (tmp_path / "lib64").symlink_to(site)
    assert len(scan(site, tmp_path / "lib64", f"{site}/").distributions) == 5


def test_the_placeholder_of_an_editable_finder_is_nothing(site: Path) -> None:
    assert len(scan("__editable__.pkg-1.0.finder.__path_hook__", site).distributions) == 5


def test_entry_that_is_a_plain_file(site: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(UnverifiableError, match=r"notes\.txt: this entry of sys\.path is neither a folder nor a zip"):
        scan(site, tmp_path / "notes.txt")


def test_entry_that_is_a_fifo_does_not_hang(site: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnverifiableError, match="pipe: this entry"):
        scan(site, tmp_path / "pipe")


@pytest.mark.parametrize("entry", ["loop", "n" * 5000, "nul\0"])
def test_entry_that_the_system_refuses(site: Path, tmp_path: Path, entry: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UnverifiableError, match="cannot be listed"):
        scan(site, f"{tmp_path}/{entry}")


def test_nothing_installed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnverifiableError, match="no distribution is installed") as caught:
        scan(tmp_path)
    assert str(tmp_path) in caught.value.problem
    assert caught.value.remedy
    with pytest.raises(UnverifiableError, match="no distribution is installed"):
        scan(tmp_path / "missing")
    with pytest.raises(UnverifiableError, match="no distribution is installed"):
        scan()


def test_unknown_depth(site: Path) -> None:
    from envguard.environment import scan as scan_at

    with pytest.raises(UsageError, match="unknown depth 'deep'"):
        scan_at(paths=[str(site)], depth="deep")  # type: ignore[arg-type]


def test_zip_on_the_path(site: Path, tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w") as made:
        for file in sorted(site.rglob("*")):
            if "idna" in str(file):
                made.write(file, file.relative_to(site))
    for path in [*site.glob("idna*")]:
        path.rename(tmp_path / path.name)
    live = scan(archive, site)
    (idna,) = named(live, "idna")
    assert (idna.version, idna.kind, idna.location) == ("3.10", "zip", str(archive))
    assert live.blind == ("in a zip file, so their files are not verified: idna",)
    assert broken(live) == []


def test_folder_in_a_zip_on_the_path(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("lib/pkg-1.0.dist-info/METADATA", "Name: pkg\nVersion: 1.0\n")
        made.writestr("other-2.0.dist-info/METADATA", "Name: other\nVersion: 2.0\n")
    assert installed(scan(f"{archive}/lib")) == {("pkg", "1.0")}
    assert installed(scan(archive, f"{archive}/lib")) == {("pkg", "1.0"), ("other", "2.0")}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"pkg-1.0.dist-info/RECORD": ""}, "METADATA: missing"),
        ({"pkg-1.0.dist-info/METADATA": ""}, "METADATA is empty"),
        ({"pkg-1.0.dist-info/METADATA": "Name: pkg\nVersion: 2.0\n"}, "says 'pkg' '2.0'"),
        ({"pkg-1.0.dist-info/METADATA": " " * (2 << 20)}, "more than the"),
    ],
)
def test_broken_metadata_in_a_zip(tmp_path: Path, members: dict[str, str], words: str) -> None:
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in members.items():
            made.writestr(name, text)
    change = only_broken(scan(archive))
    assert words in "; ".join(change.evidence)
    assert change.package == "pkg"


def test_damaged_member_of_a_zip(tmp_path: Path) -> None:
    archive = tmp_path / "bundle.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("pkg-1.0.dist-info/METADATA", "Name: pkg\nVersion: 1.0\n")
    archive.write_bytes(archive.read_bytes().replace(b"Version: 1.0", b"Version: 9.0"))
    assert "cannot be unpacked" in only_broken(scan(archive)).evidence[0]


def test_vendored_metadata_is_not_of_this_environment(tmp_path: Path) -> None:
    """As after ``import setuptools``, which appends ``setuptools/_vendor`` to sys.path."""
    site = tmp_path / "site-packages"
    vendor = site / "setuptools" / "_vendor"
    dist_info(vendor, "zipp", "3.19.2")
    owner = dist_info(site, "setuptools", "80.0")
    record = (owner / "RECORD").read_bytes()
    (owner / "RECORD").write_bytes(record + b"setuptools/_vendor/zipp-3.19.2.dist-info/METADATA,,\n")
    dist_info(site, "zipp", "3.23.0")
    assert installed(scan(site, vendor)) == {("setuptools", "80.0"), ("zipp", "3.23.0")}


def test_metadata_below_another_package_that_nobody_owns_counts(tmp_path: Path) -> None:
    vendor = tmp_path / "setuptools" / "_vendor"
    dist_info(vendor, "zipp", "3.19.2")
    dist_info(tmp_path, "setuptools", "80.0")
    assert ("zipp", "3.19.2") in installed(scan(tmp_path, vendor))


def test_a_name_imported_from_elsewhere_is_observed(site: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "six.py").write_text("x = 1\n")
    (change,) = scan(tmp_path / "work", site).observations
    assert (change.code, change.kind, change.package) == ("EG112", "shadowed", "six")


def test_a_second_owner_of_the_guard_is_observed(tmp_path: Path) -> None:
    made = dist_info(tmp_path, "envguard", "0.3")
    (made / "RECORD").write_bytes((made / "RECORD").read_bytes() + b"envguard/__init__.py,,\n")
    assert [each.code for each in scan(tmp_path).observations] == ["EG904"]


# A folder that may not be listed, seen by a user who is not root: root reads whatever the mode says.


def _as_nobody(site: Path, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """A scan in a process that gives up root, if it has it. Modules are loaded before, as nobody may not read them."""
    program = (
        "import os, sys, zipfile, json, posixpath, encodings.idna\n"
        f"sys.path.insert(0, {str(Path(folders.__file__).parents[2])!r})\n"
        "from envguard.environment import scan\n"
        "from envguard.errors import EnvguardError\n"
        "scan(paths=sys.argv[2:])\n"
        "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "try: live = scan(paths=sys.argv[1:2])\n"
        "except EnvguardError as error: print(type(error).__name__, error)\n"
        "else: print(len(live.distributions), [c.evidence for c in live.observations])\n"
    )
    spare = tmp_path / "spare"
    dist_info(spare, "spare", "1.0")
    for folder in (tmp_path, *tmp_path.parents):
        if os.getuid() == 0 and folder.owner() == "root" and not folder.stat().st_mode & stat.S_IXOTH:
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)  # pytest's own folders, which it removes later
    command = [sys.executable, "-c", program, str(site), str(spare)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)


@pytest.mark.parametrize("mode", [0o000, 0o711])
def test_folder_that_may_not_be_listed(site: Path, tmp_path: Path, mode: int) -> None:
    site.chmod(mode)
    try:
        done = _as_nobody(site, tmp_path)
    finally:
        site.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        f"UnverifiableError {site}: this entry of sys.path cannot be listed (permission denied)"
    )
    assert "make it readable" in done.stdout


def test_parent_that_may_not_be_entered(site: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    site.rename(closed / "site-packages")
    closed.chmod(0o700 if os.getuid() == 0 else 0o000)
    try:
        done = _as_nobody(closed / "site-packages", tmp_path)
    finally:
        closed.chmod(0o755)
    assert "UnverifiableError" in done.stdout, done.stderr
    assert "permission denied" in done.stdout


def test_metadata_folder_that_may_not_be_listed(site: Path, tmp_path: Path) -> None:
    (site / "six-1.17.0.dist-info").chmod(0o000)
    try:
        done = _as_nobody(site, tmp_path)
    finally:
        (site / "six-1.17.0.dist-info").chmod(0o755)
    assert done.stdout == "5 [('permission denied',)]\n", done.stderr


# What only a process of its own can show.


def test_python_without_site_cannot_tell(tmp_path: Path) -> None:
    program = "import sys; sys.path[:0] = sys.argv[1:]\nfrom envguard.environment import scan\nscan()"
    source = Path(folders.__file__).parents[2]
    command = [sys.executable, "-S", "-c", program, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert "UnverifiableError: python runs with -S, so site-packages is not on sys.path" in done.stderr


def test_frozen_application_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    from envguard.environment import scan as scan_here

    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(UnverifiableError, match="frozen application"):
        scan_here()


def test_this_process_and_a_listing_of_its_path_agree() -> None:
    from envguard.environment import scan as scan_here

    live = scan_here()
    assert installed(live) == installed(scan_here(paths=sys.path))
    assert live.prefix == sys.prefix


def test_a_source_checkout_in_the_working_folder_counts(venv: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "six.egg-info").mkdir()
    (work / "six.egg-info" / "PKG-INFO").write_text("Name: six\nVersion: 0.0.1\n")
    (site,) = venv.glob("lib/python3*/site-packages")
    found = named(scan(work, site), "six")
    assert [(each.version, each.kind) for each in found] == [("0.0.1", "egg-info"), ("1.17.0", "dist-info")]


# While an installer is at work.


@pytest.fixture
def meddle(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], None]], None]:
    """Do something the first times that a file is about to be read: a race without luck."""
    from envguard.environment import contents
    from envguard.facts import reading

    def arrange(name: str, act: Callable[[], None]) -> None:
        def read(path: str, limit: int = reading.METADATA_LIMIT) -> bytes:
            if path.endswith(name):
                act()
            return reading.read(path, limit)

        monkeypatch.setattr(contents, "read", read)

    return arrange


def test_distribution_removed_while_it_is_read(site: Path, meddle: Callable[[str, Callable[[], None]], None]) -> None:
    folder = site / "six-1.17.0.dist-info"

    def remove() -> None:
        for file in folder.glob("*"):
            file.unlink()
        folder.rmdir()

    meddle("six-1.17.0.dist-info/METADATA", remove)
    live = scan(site)  # the folder is listed and read once more, and then nothing moves
    assert named(live, "six") == []
    assert len(live.distributions) == 4


def test_folder_removed_while_it_is_read(
    site: Path, tmp_path: Path, meddle: Callable[[str, Callable[[], None]], None]
) -> None:
    other = tmp_path / "other"
    dist_info(other, "other", "1.0")

    def move() -> None:
        site.rename(tmp_path / "moved")

    meddle("six-1.17.0.dist-info/METADATA", move)
    with pytest.raises(UnverifiableError, match="changed while it was read"):
        scan(other, site)


def test_file_added_while_the_folder_is_read(site: Path, meddle: Callable[[str, Callable[[], None]], None]) -> None:
    meddle("six-1.17.0.dist-info/METADATA", (site / "six-1.17.0.dist-info" / "REQUESTED").touch)
    (site / "six-1.17.0.dist-info" / "REQUESTED").unlink(missing_ok=True)
    with pytest.raises(UnverifiableError, match=r"changed while it was read.*wait until the installer is done"):
        scan(site)


def test_distribution_added_while_the_folder_is_read(
    site: Path, meddle: Callable[[str, Callable[[], None]], None]
) -> None:
    def add() -> None:
        if not (site / "new-1.0.dist-info").exists():
            dist_info(site, "new", "1.0")

    meddle("six-1.17.0.dist-info/METADATA", add)
    with pytest.raises(UnverifiableError, match="changed while it was read"):
        scan(site)


def test_file_that_flickers(site: Path, meddle: Callable[[str, Callable[[], None]], None]) -> None:
    """It is listed every time, and gone every time it is opened."""
    file = site / "six-1.17.0.dist-info" / "METADATA"

    def flicker() -> None:
        file.unlink()

    meddle("six-1.17.0.dist-info/METADATA", flicker)
    meddle_again = folders.look

    def look(entry: str) -> folders.Listing | None:
        file.touch()
        return meddle_again(entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders, "look", look)
        with pytest.raises(UnverifiableError, match="changed while it was read"):
            scan(site)


def test_what_does_not_matter_may_change(site: Path, meddle: Callable[[str, Callable[[], None]], None]) -> None:
    meddle("six-1.17.0.dist-info/METADATA", (site / "note.txt").touch)
    assert len(scan(site).distributions) == 5


def test_setuptools_itself_after_its_import(tmp_path: Path) -> None:
    """The real one, where a recent release can be had."""
    from building import uv

    if not uv().exists():
        pytest.skip("uv is not installed beside the interpreter that runs the tests")
    run(uv(), "pip", "install", "--quiet", "--target", tmp_path / "site", "setuptools==80.9.0", "zipp==3.21.0")
    vendor = tmp_path / "site" / "setuptools" / "_vendor"
    assert vendor.is_dir()
    assert installed(scan(tmp_path / "site", vendor)) == {("setuptools", "80.9.0"), ("zipp", "3.21.0")}
