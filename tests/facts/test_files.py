"""Depth files: every change of a file is seen, and nothing else is called one."""

import base64
import hashlib
import importlib.util
import json
import marshal
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from envguard.environment import scan
from envguard.facts import files, hashing, manifest
from envguard.facts.manifest_reading import Reading
from envguard.facts.ownership import nearest_owner, owned_folders, read_ownership
from envguard.facts.tree import Entry, Listing
from envguard.model import Change, CondaPackage, Environment, Pin

PINS = (Pin(name="alpha", version="1.0"), Pin(name="beta", version="1.0"))


def look(place: Path) -> Environment:
    return scan(python=str(place / "bin" / "python"), depth="files")


def site_of(place: Path) -> Path:
    return next(place.glob("lib/python3*/site-packages"))


@pytest.fixture
def site(place: Path) -> Path:
    return site_of(place)


@pytest.fixture
def sealed(place: Path) -> Listing:
    return manifest.read(manifest.write(manifest.collect(look(place))), "m")


def kinds(changes: tuple[Change, ...]) -> set[tuple[str, str]]:
    assert {change.code for change in changes} <= {"EG108"}
    return {(change.package, change.kind) for change in changes}


def against(sealed: Listing | None, place: Path) -> set[tuple[str, str]]:
    return kinds(files.compare(look(place), sealed, PINS)[0])


def import_all(place: Path, *flags: str) -> None:
    command = [str(place / "bin" / "python"), *flags, "-c", "import alpha, beta"]
    subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, check=True)


def replace(path: Path, data: bytes) -> None:
    status = path.stat()
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    replace(path, bytes(data))


def write(path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("")


def make_fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def relink(path: Path) -> None:
    copy = path.with_suffix(".moved")
    path.rename(copy.parent.parent.parent / copy.name)
    path.symlink_to(copy.parent.parent.parent / copy.name)


def test_an_untouched_environment_has_no_difference(place: Path, sealed: Listing) -> None:
    assert files.compare(look(place), sealed, PINS) == ((), ())
    changes, blind = files.compare(look(place), None, PINS)
    assert changes == ()
    assert any("executable bits" in line for line in blind)
    assert any("which the lock does not seal: alpha, beta" in line for line in blind)


def test_files_may_be_read_before_anything_is_known_of_the_environment(
    place: Path, site: Path, sealed: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(files.reading(sealed), nullcontext)  # it speaks of another environment than this process's
    monkeypatch.setattr(sys, "prefix", str(place))
    with files.reading(sealed) as begun:
        assert begun is not None
        assert files.compare(look(place), sealed, PINS, begun=begun) == ((), ())
    flip(site / "beta.py")
    with files.reading(sealed) as begun:
        assert kinds(files.compare(look(place), sealed, PINS, begun=begun)[0]) == {("beta", "edited")}


def test_what_was_read_in_another_place_is_read_again(place: Path, site: Path, sealed: Listing, tmp_path: Path) -> None:
    elsewhere = {**dict(sealed.roots), "site0": str(tmp_path / "elsewhere")}
    flip(site / "alpha" / "core.py")
    with Reading(sealed, elsewhere) as begun:
        assert kinds(files.compare(look(place), sealed, PINS, begun=begun)[0]) == {("alpha", "edited")}


WITH_BOTH: dict[str, tuple[Callable[[Path], object], tuple[str, str]]] = {
    "a bit of a .py": (lambda site: flip(site / "alpha" / "core.py"), ("alpha", "edited")),
    "a bit of a .so": (lambda site: flip(site / "alpha" / "native.abi3.so"), ("alpha", "edited")),
    "a bit of data": (lambda site: flip(site / "alpha" / "data.json"), ("alpha", "edited")),
    "METADATA": (lambda site: flip(site / "beta-1.0.dist-info" / "WHEEL"), ("beta", "edited")),
    "deleted": (lambda site: (site / "alpha" / "core.py").unlink(), ("alpha", "deleted-file")),
    "truncated": (lambda site: replace(site / "beta.py", b""), ("beta", "edited")),
    "a link to a copy": (lambda site: relink(site / "alpha" / "core.py"), ("alpha", "edited")),
    "a module added": (lambda site: (site / "alpha" / "new.py").write_text(""), ("alpha", "added-file")),
    "a shadowing .so": (lambda site: (site / "alpha" / "core.abi3.so").write_text(""), ("alpha", "added-file")),
    "byte code without source": (lambda site: (site / "alpha" / "g.pyc").write_text(""), ("alpha", "added-file")),
    "a top-level module": (lambda site: (site / "gamma.py").write_text(""), ("", "added-file")),
    "a .pth": (lambda site: (site / "x.pth").write_text("import os"), ("", "startup")),
    "sitecustomize": (lambda site: (site / "sitecustomize.py").write_text(""), ("", "startup")),
    "usercustomize, a package": (lambda site: write(site / "usercustomize" / "__init__.py"), ("", "startup")),
    "a FIFO for a module": (lambda site: make_fifo(site / "beta.py"), ("beta", "edited")),
    "a script": (lambda site: flip(site.parents[2] / "bin" / "alpha-run"), ("alpha", "edited")),
}  # fmt: skip

WITH_MANIFEST: dict[str, tuple[Callable[[Path], object], tuple[str, str]]] = {
    "RECORD": (lambda site: flip(site / "beta-1.0.dist-info" / "RECORD"), ("beta", "edited")),
    "INSTALLER": (lambda site: flip(site / "beta-1.0.dist-info" / "INSTALLER"), ("beta", "edited")),
    "RECORD removed": (lambda site: (site / "beta-1.0.dist-info" / "RECORD").unlink(), ("beta", "deleted-file")),
    "executable": (lambda site: (site / "alpha" / "core.py").chmod(0o755), ("alpha", "mode")),
    "not executable": (lambda site: (site.parents[2] / "bin" / "alpha-run").chmod(0o644), ("alpha", "mode")),
    "pyvenv.cfg": (lambda site: flip(site.parents[2] / "pyvenv.cfg"), ("", "startup")),
    "pyvenv.cfg removed": (lambda site: (site.parents[2] / "pyvenv.cfg").write_text(""), ("", "startup")),
    "data added": (lambda site: (site / "alpha" / "new.bin").write_text(""), ("alpha", "added-file")),
    "a script removed": (lambda site: (site.parents[2] / "bin" / "alpha-run").unlink(), ("alpha", "deleted-file")),
    "a link added": (lambda site: (site / "alpha" / "l").symlink_to("core.py"), ("alpha", "added-file")),
}


@pytest.mark.parametrize("what", [*WITH_BOTH, *WITH_MANIFEST])
def test_every_change_is_seen_with_a_manifest(place: Path, site: Path, sealed: Listing, what: str) -> None:
    environment = look(place)
    change, expected = {**WITH_BOTH, **WITH_MANIFEST}[what]
    change(site)
    changes, _blind = files.compare(environment, sealed, PINS)
    assert kinds(changes) == {expected}
    assert changes[0].path.startswith(str(place))
    assert changes[0].evidence[0] == "1 file"


@pytest.mark.parametrize("what", WITH_BOTH)
def test_most_changes_are_seen_without_a_manifest(place: Path, site: Path, what: str) -> None:
    environment = look(place)
    change, expected = WITH_BOTH[what]
    change(site)
    assert kinds(files.compare(environment, None, PINS)[0]) == {expected}


def test_a_file_and_its_record_changed_together_need_the_manifest(place: Path, site: Path, sealed: Listing) -> None:
    record = site / "beta-1.0.dist-info" / "RECORD"
    new = b"VALUE = 2\n"
    digest = base64.urlsafe_b64encode(hashlib.sha256(new).digest()).rstrip(b"=").decode()
    rows = [row for row in record.read_text().splitlines() if not row.startswith("beta.py,")]
    replace(site / "beta.py", new)
    record.write_text("\n".join([f"beta.py,sha256={digest},{len(new)}", *rows]) + "\n")
    assert against(None, place) == set()
    assert against(sealed, place) == {("beta", "edited")}


def test_many_files_of_a_package_are_one_change_with_an_exact_count(place: Path, site: Path, sealed: Listing) -> None:
    for number in range(57):
        (site / "alpha" / f"new{number:02}.py").write_text("")
    changes, _blind = files.compare(look(place), sealed, PINS)
    (change,) = changes
    assert change.evidence[0] == "57 files"
    assert change.evidence[-1] == "and 37 more"
    assert len(change.evidence) == 22
    assert change.path == str(site / "alpha" / "new00.py")


def test_hard_links_are_mentioned_where_they_spread_an_edit(place: Path, site: Path, sealed: Listing) -> None:
    os.link(site / "beta.py", place / "elsewhere.py")
    assert against(sealed, place) == set()
    flip(site / "beta.py")
    changes, _blind = files.compare(look(place), sealed, PINS)
    assert "2 hard links" in changes[0].evidence[1]


def test_byte_code_that_python_writes_is_no_difference(place: Path, site: Path, sealed: Listing) -> None:
    for flags in ((), ("-O",), ("-OO",)):
        import_all(place, *flags)
    assert len(list(site.rglob("*.pyc"))) == 9
    assert files.compare(look(place), sealed, PINS) == ((), ())
    again = manifest.collect(look(place))
    shutil.rmtree(site / "__pycache__")
    assert files.compare(look(place), again, PINS) == ((), ())


def poison(source: Path) -> None:
    status = source.stat()
    header = struct.pack("<III", 0, int(status.st_mtime), status.st_size)
    code = compile("print('poison')", str(source), "exec")
    cached = Path(importlib.util.cache_from_source(str(source)))
    cached.parent.mkdir(exist_ok=True)
    cached.write_bytes(importlib.util.MAGIC_NUMBER + header + marshal.dumps(code))


@pytest.mark.parametrize("compiled_before", [False, True])
def test_poisoned_byte_code_is_found(place: Path, site: Path, compiled_before: bool) -> None:
    if compiled_before:
        import_all(place)
    sealed = manifest.collect(look(place))
    poison(site / "alpha" / "core.py")
    done = subprocess.run([place / "bin" / "python", "-c", "import alpha.core"], capture_output=True, check=False)
    assert b"poison" in done.stdout  # it is a real one
    assert against(sealed, place) == {("alpha", "bytecode")}


def test_byte_code_of_a_module_without_a_folder_belongs_to_the_owner_of_its_source(
    place: Path, site: Path, sealed: Listing
) -> None:
    poison(site / "beta.py")
    assert against(sealed, place) == {("beta", "bytecode")}
    # Of a folder that one distribution alone recorded, a neighbour's byte code is still the neighbour's.
    with (site / "alpha-1.0.dist-info" / "RECORD").open("a") as record:
        record.write("__pycache__/alpha_only.cpython-311.pyc,,\n")
    ownership = read_ownership(look(place))
    folders = owned_folders(look(place), ownership)
    cached = f"{site.resolve()}/__pycache__/{{}}.cpython-311.pyc"
    assert nearest_owner(cached.format("beta"), ownership, folders) == "beta"
    assert nearest_owner(cached.format("alpha_only"), ownership, folders) == "alpha"
    assert nearest_owner(cached.format("nobody"), ownership, folders) == ""


def test_frozen_byte_code_that_was_damaged_is_found_even_if_python_would_not_run_it(place: Path, site: Path) -> None:
    import_all(place)
    sealed = manifest.collect(look(place))
    cached = next((site / "alpha" / "__pycache__").glob("core.*.pyc"))
    cached.write_bytes(b"\0" + cached.read_bytes()[1:])
    assert against(sealed, place) == {("alpha", "bytecode")}


def test_caches_that_numba_writes_are_mentioned_and_no_difference(place: Path, site: Path, sealed: Listing) -> None:
    import_all(place)
    (site / "__pycache__" / "beta.f-1.py311.nbi").write_bytes(b"x")
    changes, blind = files.compare(look(place), sealed, PINS)
    assert changes == ()
    assert blind == ("1 compiled functions that numba keeps in __pycache__ and writes at run time",)


def test_a_copy_elsewhere_is_equal_but_for_what_depends_on_the_place(place: Path, sealed: Listing) -> None:
    other = place.with_name("other place")
    shutil.copytree(place, other, symlinks=True)
    script = other / "bin" / "alpha-run"
    script.write_text(script.read_text().replace("place", "other place"))
    changes, blind = files.compare(look(other), sealed, PINS)
    assert changes == ()
    assert len(blind) == 1
    assert blind[0].endswith(f"the manifest was made in {place}")
    flip(site_of(other) / "beta.py")
    assert against(sealed, other) == {("beta", "edited")}


def test_another_installer_elsewhere_may_write_other_notes_and_nothing_else(place: Path, sealed: Listing) -> None:
    other = place.with_name("other")
    shutil.copytree(place, other, symlinks=True)
    script = other / "bin" / "alpha-run"
    script.write_text(script.read_text().replace("place", "other"))
    info = site_of(other) / "beta-1.0.dist-info"
    (info / "provenance_url.json").write_text("{}")
    assert against(sealed, other) == set()
    (info / "more.json").write_text("{}")
    assert against(sealed, other) == {("beta", "added-file")}
    (info / "more.json").unlink()
    (site_of(other) / "provenance_url.json").write_text("{}")
    assert against(sealed, other) == {("", "added-file")}
    (site_of(place) / "beta-1.0.dist-info" / "provenance_url.json").write_text("{}")
    assert against(sealed, place) == {("beta", "added-file")}


def test_a_link_to_what_conda_wrote_the_prefix_into_depends_on_the_place(place: Path) -> None:
    (place / "lib" / "tool.so.6").write_text(f"in {place}")
    (place / "lib" / "tool.so").symlink_to("tool.so.6")
    rows = [
        {"_path": "lib/tool.so.6", "sha256": "0" * 64, "prefix_placeholder": "/build", "file_mode": "text"},
        {"_path": "lib/tool.so", "path_type": "softlink"},
    ]
    record = place / "conda-meta" / "tool-1.0-0.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"paths_data": {"paths": rows}}))
    package = CondaPackage(name="tool", version="1.0", build="0", path=str(record))
    placed = {entry.path for entry in manifest.collect(look(place).replace(conda=(package,))) if entry.placed}
    assert {"{prefix}/lib/tool.so", "{prefix}/lib/tool.so.6"} <= placed


def test_a_further_folder_on_sys_path_shifts_nothing(place: Path, site: Path, tmp_path: Path, sealed: Listing) -> None:
    more = tmp_path / "more"
    shutil.copytree(site / "beta-1.0.dist-info", more / "delta-1.0.dist-info")
    (more / "delta-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: delta\nVersion: 1.0\n")
    (more / "delta-1.0.dist-info" / "RECORD").write_text("delta-1.0.dist-info/RECORD,,\n")
    environment = scan(paths=[str(more), str(site)], prefix=str(place)).replace(prefix=str(place))
    changes, _blind = files.compare(environment, sealed, PINS)
    assert {change.package for change in changes} == {"delta"}


@pytest.mark.parametrize("kept", ["consistent", "edited"])
def test_another_version_is_compared_with_its_own_record(place: Path, site: Path, sealed: Listing, kept: str) -> None:
    """The change of version is a finding of its own; the manifest has nothing to say about the new files."""
    new = b"VALUE = 2\n"
    (site / "beta.py").write_bytes(new)
    info = site / "beta-1.0.dist-info"
    info = info.rename(site / "beta-2.0.dist-info")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: beta\nVersion: 2.0\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(new).digest()).rstrip(b"=").decode()
    names = os.listdir(info)
    rows = [f"beta.py,sha256={digest},{len(new)}", *(f"beta-2.0.dist-info/{name},," for name in names)]
    (info / "RECORD").write_text("\n".join(rows) + "\n")
    if kept == "edited":
        flip(site / "beta.py")
    assert against(sealed, place) == ({("beta", "edited")} if kept == "edited" else set())


def test_a_folder_that_cannot_be_listed_is_a_difference(
    place: Path, site: Path, sealed: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = look(place)
    real = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("/alpha"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse)
        changes, _blind = files.compare(environment, sealed, PINS)
        without, _blind = files.compare(environment, None, PINS)
    assert [change.evidence for change in changes] == [("1 file", f"{site}/alpha: not listed: permission denied")]
    assert without[0].path == f"{site}/alpha"


def test_a_file_outside_site_packages_of_which_nothing_can_be_told_is_a_difference(
    place: Path, sealed: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = look(place)
    real = os.lstat

    def fail(path: str) -> os.stat_result:
        if path.endswith("/alpha-run"):
            raise OSError(5, "Input/output error")
        return real(path)

    with monkeypatch.context() as patched:
        patched.setattr(os, "lstat", fail)
        changes, _blind = files.compare(environment, sealed, PINS)
    assert kinds(changes) == {("alpha", "edited")}
    assert changes[0].evidence == ("1 file", f"{place}/bin/alpha-run: not listed: input/output error")


def test_a_manifest_may_name_what_no_file_system_can_hold(place: Path, sealed: Listing) -> None:
    odd = Entry("{prefix}/a\0b", "f", False, False, 1, "00" * 32, "alpha")
    changes, _blind = files.compare(look(place), Listing([odd, *sealed], sealed.roots), PINS)
    assert kinds(changes) == {("alpha", "deleted-file")}


@pytest.mark.parametrize("change", ["none", "edited", "deleted", "link", "folder link", "added", "mode"])
def test_workers_and_this_process_find_the_same(
    place: Path, site: Path, sealed: Listing, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    environment = look(place)
    core = site / "alpha" / "core.py"
    if change == "edited":
        flip(core)
    elif change == "deleted":
        core.unlink()
    elif change == "link":  # to the very same bytes, which a worker reads through it
        relink(core)
    elif change == "folder link":
        relink(site / "alpha")
    elif change == "added":
        (site / "alpha" / "new.py").write_text("")
    elif change == "mode":
        core.chmod(0o755)
    here = files.compare(environment, sealed, PINS)
    assert bool(here[0]) == (change != "none")
    monkeypatch.setattr(hashing, "suitable_workers", lambda _files, _size: 2)
    assert files.compare(environment, sealed, PINS) == here


def test_files_of_a_worker_that_died_are_differences(
    place: Path, sealed: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = look(place)
    real = hashing._hash
    parent = os.getpid()

    def die(path: str, is_right: Callable[[str, bool], bool]) -> tuple[int, bool, int, bytes]:
        if path.endswith("/alpha/core.py") and os.getpid() != parent:
            os._exit(0)
        return real(path, is_right)

    monkeypatch.setattr(hashing, "_hash", die)
    monkeypatch.setattr(hashing, "suitable_workers", lambda _files, _size: 2)
    changes, _blind = files.compare(environment, sealed, PINS)
    assert ("alpha", "edited") in kinds(changes)
    assert any("the worker that was to read it died" in line for change in changes for line in change.evidence)


@pytest.mark.parametrize("with_manifest", [True, False])
def test_a_file_that_cannot_be_read_is_a_difference(
    place: Path, site: Path, sealed: Listing, monkeypatch: pytest.MonkeyPatch, with_manifest: bool
) -> None:
    real = hashing._hash

    def fail(path: str) -> tuple[int, bool, int, bytes]:
        return (5, False, 0, b"") if path.endswith("beta.py") else real(path)

    monkeypatch.setattr(hashing, "_hash", fail)
    changes, _blind = files.compare(look(place), sealed if with_manifest else None, PINS)
    assert kinds(changes) == {("beta", "edited")}
    assert changes[0].evidence[1].endswith("beta.py: cannot be read: input/output error")


def test_a_file_that_vanishes_between_listing_and_reading_is_deleted(
    place: Path, site: Path, sealed: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = hashing.Hashing.wait

    def vanish(running: hashing.Hashing, progress: None) -> dict[int, hashing.Digest]:
        (site / "beta.py").unlink(missing_ok=True)
        return real(running, progress)

    environment = look(place)
    monkeypatch.setattr(hashing.Hashing, "wait", vanish)
    assert kinds(files.compare(environment, sealed, PINS)[0]) == {("beta", "deleted-file")}


def test_links_of_an_installer_are_told_from_a_link_put_there_later(place: Path, site: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for path in [*(site / "alpha").iterdir(), *(site / "alpha-1.0.dist-info").iterdir()]:
        if path.name not in {"RECORD", "INSTALLER", "REQUESTED"}:
            cache.mkdir(exist_ok=True)
            path.rename(cache / path.name)
            path.symlink_to(cache / path.name)
    changes, blind = files.compare(look(place), None, PINS)
    assert changes == ()
    assert any(line.endswith("put there later: alpha") for line in blind)
    sealed = manifest.collect(look(place))
    flip(cache / "core.py")
    assert against(None, place) == {("alpha", "edited")}
    assert against(sealed, place) == {("alpha", "edited")}


def test_what_virtualenv_puts_beside_the_packages_is_no_difference(place: Path, site: Path) -> None:
    (site / "_virtualenv.pth").write_text("import _virtualenv")
    (site / "_virtualenv.py").write_text("")
    assert against(None, place) == set()


def test_added_data_is_counted_where_nothing_seals_it(place: Path, site: Path) -> None:
    (site / "alpha" / "cache.bin").write_text("")
    changes, blind = files.compare(look(place), None, PINS)
    assert changes == ()
    assert "1 files that no RECORD lists and Python does not import" in blind


def test_a_module_beside_a_distribution_without_record_may_be_its_own(place: Path, site: Path) -> None:
    (site / "beta-1.0.dist-info" / "RECORD").unlink()
    changes, blind = files.compare(look(place), None, PINS)
    assert changes == ()
    assert "1 modules that may belong to a distribution without RECORD: beta" in blind


def test_conda_rewrites_the_prefix_in_files_and_knows_their_digests(place: Path, site: Path) -> None:
    flip(site / "beta.py")
    (site / "by_conda.py").write_text("")
    digest = hashlib.sha256((site / "beta.py").read_bytes()).hexdigest()
    rows = [
        {"_path": str((site / "beta.py").relative_to(place)), "sha256": "0" * 64, "sha256_in_prefix": digest},
        {"_path": str((site / "by_conda.py").relative_to(place)), "sha256": hashlib.sha256(b"").hexdigest()},
    ]
    record = place / "conda-meta" / "beta-1.0-0.json"
    record.parent.mkdir()
    record.write_text(json.dumps({"paths_data": {"paths": rows}}))
    package = CondaPackage(name="beta", version="1.0", build="0", path=str(record))
    environment = look(place).replace(conda=(package,))
    assert files.compare(environment, None, PINS)[0] == ()
    record.write_text("{}")
    assert kinds(files.compare(environment, None, PINS)[0]) == {("beta", "edited"), ("", "added-file")}


def test_a_row_that_leads_outside_the_environment_is_never_opened(tmp_path: Path) -> None:
    target = tmp_path / "app" / "target"
    info = target / "beta-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: beta\nVersion: 1.0\n")
    (info / "RECORD").write_text("../../secret,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n")
    (tmp_path / "secret").write_text("secret")
    environment = scan(paths=[str(target)])
    changes, blind = files.compare(environment, None, ())
    assert changes == ()
    assert "1 files that a RECORD claims outside the environment" in blind
    assert "secret" not in manifest.write(manifest.collect(environment)).decode()


def test_a_project_that_is_worked_on_is_not_sealed(place: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "gamma.egg-info").mkdir(parents=True)
    (project / "gamma.egg-info" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: gamma\nVersion: 1.0\n")
    (project / "gamma.py").write_text("")
    environment = scan(paths=[str(project), str(site_of(place))])
    assert not any("gamma" in entry.path for entry in manifest.collect(environment))


def test_the_detection_benchmark_runs(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "detection.py"
    assert script.exists()
    done = subprocess.run([sys.executable, script, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.wheels
def test_a_sample_of_live_mutations_is_detected_without_exception(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "detection.py"
    command = [sys.executable, str(script), "--quick", "--work", str(tmp_path), "--json", str(tmp_path / "counts.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert counts["missed"] == 0
    assert counts["mutations"] > 80
