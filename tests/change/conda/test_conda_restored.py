"""restore with packages of conda's made by hand: the steps, what is left and why, and what is never touched."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packing import PLACEHOLDER, members_of, pack, pin_of, row, written

from envguard import making
from envguard.change.conda import archive, layout, record
from envguard.change.mending import restoring
from envguard.change.mending.restoring import Options, Outcome
from no_caches import no_conda_caches
from support import run

TEXT = f"#!{PLACEHOLDER}/bin/python\n".encode()


class Yard:
    """A venv that says it is conda's, with two packages, and its golden file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.prefix = folder / "env"
        self.channel = folder / "channel"
        self.lock = folder / "project" / "envguard.lock"

    @property
    def python(self) -> str:
        return str(self.prefix / "bin" / "python")

    @property
    def site(self) -> Path:
        return next((self.prefix / "lib").glob("python3*")) / "site-packages"

    def install(
        self, path: Path, name: str, version: str = "1.0", build: str = "h1_0", at: "Path | None" = None
    ) -> None:
        """As an installer of conda's would.

        Args:
            path: The archive.
            name: Of the package.
            version: Of the package.
            build: Of the package.
            at: The prefix as it is to stand in files.
        """
        pin = pin_of(path, name=name, version=version, build=build)
        where = layout.Place(
            prefix=str(self.prefix),
            written=(str(at or self.prefix),),
            site=str(self.site.relative_to(self.prefix)),
            version=f"{sys.version_info[0]}.{sys.version_info[1]}",
        )
        with archive.opened(str(path), pin.hashes, str(self.folder)) as contents:
            laid = layout.lay_out(contents, name, where)
            for target, file in laid.files.items():
                os.makedirs(os.path.dirname(target), exist_ok=True)
                Path(target).write_bytes(contents.read(file.member) if file.member else file.data)
                os.chmod(target, file.mode)
            for target, said in laid.links.items():
                os.symlink(said, target)
            data = record.made(pin, laid, contents, url=path.as_uri(), before={})
        folder = self.prefix / "conda-meta"
        folder.mkdir(exist_ok=True)
        (folder / record.file_name(pin)).write_bytes(data)

    def record(self, name: str) -> Path:
        return next((self.prefix / "conda-meta").glob(f"{name}-*.json"))

    def restore(self, **more: object) -> Outcome:
        given = {"python": self.python, "find_links": (str(self.channel),), "offline": True, **more}
        return restoring.restore(str(self.lock), Options(**given))  # type: ignore[arg-type]

    def state(self) -> dict[str, tuple[str, object]]:
        found: dict[str, tuple[str, object]] = {}
        for path in self.prefix.rglob("*"):
            if path.is_symlink():
                found[str(path)] = ("link", os.readlink(path))
            elif path.is_file() and "__pycache__" not in path.parts:
                found[str(path)] = (f"{path.stat().st_mode:o}", path.read_bytes())
        return found


def python_package(yard: Yard, version: str = "1.0") -> Path:
    """conda's py-bar, which brings the distribution bar."""
    info = f"site-packages/bar-{version}.dist-info"
    files = {
        "site-packages/bar/__init__.py": f"version = {version!r}\n".encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: bar\nVersion: {version}\n".encode(),
        f"{info}/INSTALLER": b"conda\n",
        f"{info}/RECORD": f"bar/__init__.py,,\nbar-{version}.dist-info/METADATA,,\n".encode(),
    }
    if version == "2.0":
        files["site-packages/bar/new.py"] = b"new\n"
    members = members_of(files, name="py-bar", version=version, noarch="python", subdir="noarch")
    return pack(yard.channel, members, name=f"py-bar-{version}-h1_0")


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    no_conda_caches(monkeypatch, tmp_path / "home")
    yard = Yard(tmp_path)
    yard.channel.mkdir()
    yard.lock.parent.mkdir()
    assert run(sys.executable, "-m", "venv", "--without-pip", yard.prefix).returncode == 0
    files = {"bin/foo": TEXT, "lib/foo/data": b"data\n", "share/foo/deep/note": b"note\n"}
    rows = [written("bin/foo", TEXT, "text"), *(row(path, files[path]) for path in list(files)[1:])]
    foo = pack(yard.channel, members_of(files, rows=rows, links={"lib/foo/link": "data"}))
    yard.install(foo, "libfoo")
    yard.install(python_package(yard), "py-bar")
    making.freeze(yard.lock, depth="files", python=yard.python)
    return yard


def edited(yard: Yard) -> None:
    (yard.prefix / "bin" / "foo").write_text("other")
    (yard.prefix / "lib" / "foo" / "link").unlink()
    (yard.prefix / "lib" / "foo" / "link").symlink_to("/etc/passwd")
    (yard.site / "bar" / "__init__.py").write_text("version = 'x'\n")


def emptied(yard: Yard) -> None:
    for path in ("bin/foo", "lib/foo/data", "lib/foo/link", "share/foo/deep/note"):
        (yard.prefix / path).unlink()
    shutil.rmtree(yard.prefix / "share")
    shutil.rmtree(yard.site / "bar-1.0.dist-info")
    for name in ("libfoo", "py-bar"):
        yard.record(name).unlink()


def upgraded(yard: Yard) -> None:
    shutil.rmtree(yard.site / "bar")
    shutil.rmtree(yard.site / "bar-1.0.dist-info")
    yard.record("py-bar").unlink()
    yard.install(python_package(yard, "2.0"), "py-bar", "2.0")


def overwritten_by_pip(yard: Yard) -> None:
    old = yard.site / "bar-1.0.dist-info"
    new = old.with_name("bar-3.0.dist-info")
    old.rename(new)
    (new / "METADATA").write_text("Metadata-Version: 2.1\nName: bar\nVersion: 3.0\n")
    (new / "INSTALLER").write_text("pip\n")
    (new / "RECORD").write_text("bar/__init__.py,,\nbar/more.py,,\nbar-3.0.dist-info/METADATA,,\n")
    (yard.site / "bar" / "more.py").write_text("x = 1\n")


def two_records(yard: Yard) -> None:
    path = yard.record("py-bar")
    said = json.loads(path.read_text())
    path.with_name("py-bar-0.9-h1_0.json").write_text(json.dumps({**said, "version": "0.9"}))
    path.unlink()


@pytest.mark.parametrize("damage", [edited, emptied, upgraded, overwritten_by_pip, two_records])
def test_a_damage_is_mended(yard: Yard, damage: Callable[[Yard], None]) -> None:
    golden = yard.state()
    damage(yard)
    outcome = yard.restore()
    assert outcome.report.findings == (), outcome.left
    assert outcome.left == ()
    now = yard.state()
    assert now == golden


def test_a_record_that_is_right_is_left_byte_for_byte(yard: Yard) -> None:
    path = yard.record("libfoo")
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, "link": {"source": "/cache", "type": 1}}))
    before = path.read_bytes()
    (yard.prefix / "lib" / "foo" / "data").write_text("other")
    assert yard.restore().complete
    assert path.read_bytes() == before


def test_an_extra_package_goes_only_when_asked_and_others_files_stay(yard: Yard) -> None:
    golden = yard.state()
    extra = {"lib/foo/data": b"data\n", "lib/extra/deep/x": b"x"}
    yard.install(pack(yard.channel, members_of(extra, name="extra"), name="extra-1.0-h1_0"), "extra")
    outcome = yard.restore()
    assert [(step.package, "--prune" in step.what) for step in outcome.left][:1] == [("extra", True)]
    outcome = yard.restore(prune=True)
    assert outcome.report.findings == (), outcome.left
    assert yard.state() == golden
    assert not (yard.prefix / "lib" / "extra").exists()


def test_without_archive_or_digest_it_is_named_and_left(yard: Yard) -> None:
    golden = yard.state()
    (yard.prefix / "lib" / "foo" / "data").unlink()
    shutil.move(yard.channel, yard.folder / "away")
    (left,) = yard.restore(find_links=()).left
    assert left.package == "libfoo"
    assert left.what.endswith("no archive of it was found, and the network was not asked")
    lock = yard.folder / "environment.yml"
    lock.write_text("dependencies:\n  - libfoo=2.0=h1_0\n  - py-bar=1.0=h1_0\n")
    outcome = restoring.restore(str(lock), Options(python=yard.python, offline=True))
    (left,) = [step for step in outcome.left if step.package == "libfoo"]
    assert "no digest of its archive" in left.what
    assert "conda install --force-reinstall --no-deps 'libfoo=2.0=h1_0'" in left.what
    assert golden.keys() - yard.state().keys() == {str(yard.prefix / "lib" / "foo" / "data")}


def test_a_link_that_leads_away_is_replaced_and_not_followed(yard: Yard) -> None:
    golden = yard.state()
    outside = yard.folder / "outside"
    shutil.move(yard.site / "bar", outside)
    (outside / "__init__.py").write_text("mine\n")
    (yard.site / "bar").symlink_to(outside)
    assert yard.restore().complete
    assert yard.state() == golden
    assert (outside / "__init__.py").read_text() == "mine\n"


def test_a_folder_of_links_outside_site_packages_is_not_followed_either(yard: Yard) -> None:
    golden = yard.state()
    outside = yard.folder / "outside"
    shutil.move(yard.prefix / "lib" / "foo", outside)
    (outside / "data").write_text("mine\n")
    (yard.prefix / "lib" / "foo").symlink_to(outside)
    assert yard.restore().complete
    assert yard.state() == golden
    assert (outside / "data").read_text() == "mine\n"
    assert not (yard.prefix / ".envguard").exists()


def test_a_prefix_that_is_reached_by_a_link(yard: Yard) -> None:
    link = yard.folder / "link"
    link.symlink_to(yard.prefix)
    text = f"at {PLACEHOLDER}\n".encode()
    members = members_of({"lib/where": text}, rows=[written("lib/where", text, "text")], name="where")
    yard.install(pack(yard.channel, members, name="where-1.0-h1_0"), "where", at=link)
    python = str(link / "bin" / "python")
    making.freeze(yard.lock, depth="files", python=python)
    golden = yard.state()
    assert (yard.prefix / "lib" / "where").read_text() == f"at {link}\n"
    (yard.prefix / "lib" / "where").unlink()
    assert yard.restore(python=python).complete
    assert yard.state() == golden


def test_nothing_is_put_where_another_python_would_look(yard: Yard) -> None:
    """The golden file is of an environment with another Python."""
    short = f"{sys.version_info[0]}.{sys.version_info[1]}"
    version = f"{short}.{sys.version_info[2]}"
    python = pack(
        yard.channel, members_of({"lib/py": b"x"}, name="python", version=version), name=f"python-{version}-h1_0"
    )
    yard.install(python, "python", version)
    making.freeze(yard.lock, python=yard.python)
    (yard.prefix / "lib" / "py").unlink()
    assert yard.restore().complete
    record = yard.record("python")
    text = record.read_text()
    record.unlink()
    for other, left in (("3.7.0", {"libfoo", "python"}), (f"{short}.99", {"python"})):
        changed = text.replace(f'"version": "{version}"', f'"version": "{other}"')
        record.with_name(f"python-{other}-h1_0.json").write_text(changed)
        making.freeze(yard.lock, python=yard.python)
        record.with_name(f"python-{other}-h1_0.json").unlink()
        (yard.prefix / "lib" / "foo" / "data").unlink()
        outcome = yard.restore()
        assert {step.package for step in outcome.left} == left
        assert all("the environment's Python is" in step.what for step in outcome.left)
        (yard.prefix / "lib" / "foo" / "data").write_bytes(b"data\n")


def test_pips_package_of_the_same_name_is_not_condas(yard: Yard) -> None:
    golden = yard.state()
    folder = yard.site / "libfoo-9.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: libfoo\nVersion: 9.0\n")
    (folder / "INSTALLER").write_text("pip\n")
    rows = "".join(f"{folder.name}/{name},,\n" for name in ("METADATA", "INSTALLER", "RECORD"))
    (folder / "RECORD").write_text(rows)
    (yard.prefix / "lib" / "foo" / "data").unlink()
    outcome = yard.restore()
    assert [(step.package, "--prune" in step.what) for step in outcome.left] == [("libfoo", True)]
    assert yard.restore(prune=True).complete
    assert yard.state() == golden


def test_a_script_of_a_package_is_not_run_and_that_is_said(yard: Yard) -> None:
    script = b"#!/bin/sh\ntouch $PREFIX/ran\n"
    members = members_of({"bin/.noisy-post-link.sh": script, "lib/noisy": b"x"}, name="noisy")
    yard.install(pack(yard.channel, members, name="noisy-1.0-h1_0"), "noisy")
    making.freeze(yard.lock, depth="files", python=yard.python)
    yard.record("noisy").unlink()
    (yard.prefix / "lib" / "noisy").unlink()
    told: list[str] = []
    options = Options(python=yard.python, find_links=(str(yard.channel),), offline=True)
    assert restoring.restore(str(yard.lock), options, tell=told.append).complete
    assert told == ["noisy: its script that conda runs after an installation is not run"]
    assert not (yard.prefix / "ran").exists()


def test_packages_of_condas_are_not_put_into_another_kind_of_environment(yard: Yard) -> None:
    """A venv that is checked against a golden file of conda's is the wrong one, and not a damaged one."""
    venv = yard.folder / "venv"
    assert run(sys.executable, "-m", "venv", "--without-pip", venv).returncode == 0
    outcome = yard.restore(python=str(venv / "bin" / "python"))
    assert outcome.done == ()
    assert {step.package for step in outcome.left} >= {"libfoo", "py-bar"}
    assert all("no conda-meta" in step.what for step in outcome.left if step.package == "libfoo")
    assert not (venv / "conda-meta").exists()


def test_records_that_are_all_gone_come_back(yard: Yard) -> None:
    golden = yard.state()
    shutil.rmtree(yard.prefix / "conda-meta")
    assert yard.restore().complete
    assert yard.state() == golden


def test_a_package_that_brings_two_distributions_goes_as_a_whole(yard: Yard) -> None:
    golden = yard.state()
    files = {
        f"site-packages/{name}-1.0.dist-info/{file}": text.encode()
        for name in ("one", "two")
        for file, text in (
            ("METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"),
            ("INSTALLER", "conda\n"),
            ("RECORD", f"{name}.py,,\n{name}-1.0.dist-info/METADATA,,\n"),
        )
    }
    files |= {f"site-packages/{name}.py": b"x = 1\n" for name in ("one", "two")}
    both = pack(yard.channel, members_of(files, name="both", noarch="python"), name="both-1.0-h1_0")
    yard.install(both, "both")
    assert yard.restore(prune=True).report.findings == ()
    assert yard.state() == golden
