"""What installers left before wheels: egg-info, eggs, egg-links, working copies."""

import os
import zipfile
from pathlib import Path

import pytest
from building import broken, dist_info, installed, named, only_broken, run, scan

INFO = "Metadata-Version: 1.1\nName: {name}\nVersion: {version}\n\ntext\n"


def _egg_info(folder: Path, name: str = "pkg", version: str = "1.0") -> Path:
    folder.mkdir(parents=True)
    (folder / "PKG-INFO").write_text(INFO.format(name=name, version=version))
    return folder


@pytest.mark.parametrize(
    ("folder", "name", "version"),
    [
        ("Legacy.Pkg_Name-1.0rc1-py3.11.egg-info", "Legacy.Pkg-Name", "1.0rc1"),
        ("cryptography.egg-info", "cryptography", "38.0.4"),
        ("foo_e-1.0.0_1.egg-info", "foo-e", "1.0.0-1"),
        ("x-1.0-py3.11-linux-x86_64.egg-info", "x", "1.0"),
    ],
)
def test_egg_info_folder(tmp_path: Path, folder: str, name: str, version: str) -> None:
    _egg_info(tmp_path / folder, name, version)
    live = scan(tmp_path)
    assert live.observations == ()
    (found,) = live.distributions
    assert (found.kind, found.version) == ("egg-info", version)
    assert live.blind == (f"without a usable RECORD, so which artifact they come from is not known: {found.name}",)


def test_egg_info_file(tmp_path: Path) -> None:
    (tmp_path / "six-1.16.0.egg-info").write_text(INFO.format(name="six", version="1.16.0"))
    (six,) = scan(tmp_path).distributions
    assert (six.kind, six.version) == ("egg-info", "1.16.0")


def test_description_in_another_encoding_is_tolerated_in_old_metadata_only(tmp_path: Path) -> None:
    text = INFO.format(name="pkg", version="1.0").encode() + b"caf\xe9"
    (tmp_path / "pkg-1.0.egg-info").write_bytes(text)
    assert scan(tmp_path).observations == ()
    dist_info(tmp_path, "new", "1.0", files={"METADATA": text})
    assert "METADATA is not UTF-8" in only_broken(scan(tmp_path)).evidence


@pytest.mark.parametrize(
    ("folder", "text", "words"),
    [
        ("pkg-2.0-py3.11.egg-info", INFO.format(name="pkg", version="1.0"), "says 'pkg' '1.0'"),
        ("other.egg-info", INFO.format(name="pkg", version="1.0"), "says 'pkg' '1.0'"),
        ("pkg.egg-info", "", "PKG-INFO is empty"),
        ("pkg.egg-info", "Name: pkg\n", "PKG-INFO has no Version"),
    ],
)
def test_broken_egg_info(tmp_path: Path, folder: str, text: str, words: str) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "PKG-INFO").write_text(text)
    assert words in only_broken(scan(tmp_path)).evidence[0]


def test_broken_egg_info_file(tmp_path: Path) -> None:
    (tmp_path / "pkg-1.0.egg-info").write_bytes(b"")
    change = only_broken(scan(tmp_path))
    assert (change.package, change.evidence) == ("pkg", ("this file is empty",))


def test_egg_info_without_pkg_info(tmp_path: Path) -> None:
    (tmp_path / "pkg-1.0.egg-info").mkdir()
    change = only_broken(scan(tmp_path))
    assert (change.package, change.evidence) == ("pkg", ("PKG-INFO: missing",))


def test_egg_info_beside_a_wheel_that_says_the_same_is_one_distribution(tmp_path: Path) -> None:
    dist_info(tmp_path, "cryptography", "38.0.4")
    _egg_info(tmp_path / "cryptography.egg-info", "cryptography", "38.0.4")
    (only,) = scan(tmp_path).distributions
    assert only.kind == "dist-info"


def test_egg_info_beside_a_wheel_that_says_otherwise_stays(tmp_path: Path) -> None:
    dist_info(tmp_path, "cryptography", "38.0.4")
    _egg_info(tmp_path / "cryptography.egg-info", "cryptography", "37.0")
    assert [each.version for each in scan(tmp_path).distributions] == ["38.0.4", "37.0"]


def test_egg_folder_counts_on_the_path_and_beside_it_once(tmp_path: Path) -> None:
    egg = tmp_path / "X-1.5-py3.11.egg"
    _egg_info(egg / "EGG-INFO", "X", "1.5")
    for live in (scan(egg), scan(tmp_path), scan(tmp_path, egg), scan(egg, tmp_path)):
        (found,) = live.distributions
        assert (found.name, found.version, found.kind, found.location) == ("x", "1.5", "egg", str(egg))
        assert live.observations == ()


def test_egg_file_counts_on_the_path_and_beside_it_once(tmp_path: Path) -> None:
    egg = tmp_path / "X-1.5-py3.11.egg"
    with zipfile.ZipFile(egg, "w") as made:
        made.writestr("EGG-INFO/PKG-INFO", INFO.format(name="X", version="1.5"))
        made.writestr("x.py", "")
    for live in (scan(egg), scan(tmp_path), scan(tmp_path, egg)):
        (found,) = live.distributions
        assert (found.name, found.version, found.kind, found.location) == ("x", "1.5", "zip", str(egg))
        assert live.observations == ()


@pytest.mark.parametrize("as_folder", [True, False])
def test_what_is_only_named_like_an_egg(site: Path, as_folder: bool) -> None:
    egg = site / "X-1.5-py3.11.egg"
    if as_folder:
        egg.mkdir()
    else:
        egg.write_text("no zip")
    change = only_broken(scan(site))
    assert (change.package, change.path) == ("X", str(egg))


def test_egg_whose_metadata_disagrees(tmp_path: Path) -> None:
    _egg_info(tmp_path / "X-1.5-py3.11.egg" / "EGG-INFO", "X", "1.6")
    assert "says 'X' '1.6'" in only_broken(scan(tmp_path)).evidence[0]


def test_develop_is_one_distribution_with_its_working_copy(tmp_path: Path) -> None:
    site, copy = tmp_path / "site-packages", tmp_path / "my copy"
    dist_info(site, "six", "1.17.0")
    _egg_info(copy / "ed_pkg.egg-info", "ed-pkg", "2.0")
    (site / "ed-pkg.egg-link").write_text(f"{copy}\n../\n")
    for live in (scan(site), scan(site, copy), scan(copy, site)):
        (found,) = named(live, "ed-pkg")
        assert (found.version, found.kind, found.location) == ("2.0", "egg-link", str(copy))
        assert found.source is not None
        assert (found.source.url, found.source.editable) == (f"file://{tmp_path}/my%20copy", True)
        assert "editable" in found.traits
        assert live.observations == ()


@pytest.mark.parametrize("content", ["", "\n", "/nowhere/at/all\n", "a\0b\n"])
def test_egg_link_that_leads_nowhere(site: Path, content: str) -> None:
    (site / "ed-pkg.egg-link").write_text(content)
    change = only_broken(scan(site))
    assert (change.package, change.path) == ("ed-pkg", str(site / "ed-pkg.egg-link"))


def test_egg_link_and_egg_info_that_are_no_files(site: Path) -> None:
    (site / "ed-pkg.egg-link").mkdir()
    os.mkfifo(site / "pipe-1.0.egg-info")
    (site / "gone-1.0.egg-info").symlink_to("nowhere")
    live = scan(site)
    assert {(each.package, each.evidence) for each in broken(live)} == {
        ("ed-pkg", ("not a regular file",)),
        ("pipe", ("not a regular file",)),
        ("gone", ("a link that leads nowhere",)),
    }


def test_egg_info_in_the_sources_of_an_editable_installation_is_the_same(tmp_path: Path) -> None:
    site, source = tmp_path / "site-packages", tmp_path / "project"
    info = f'{{"url": "file://{source}", "dir_info": {{"editable": true}}}}'.encode()
    dist_info(site, "pkg", "1.0", files={"direct_url.json": info})
    egg_info = _egg_info(source / "src" / "pkg.egg-info")
    assert [each.kind for each in scan(site, source / "src").distributions] == ["dist-info"]
    (egg_info / "PKG-INFO").write_text(INFO.format(name="pkg", version="2.0"))
    assert [each.version for each in scan(site, source / "src").distributions] == ["1.0", "2.0"]


@pytest.mark.slow
def test_real_editable_installation(pip_venv: Path, tmp_path: Path) -> None:
    """setuptools puts the source folder on sys.path by a ``.pth`` and leaves an egg-info in it."""
    import shutil

    shutil.copytree(pip_venv, tmp_path / "venv", symlinks=True)
    project = tmp_path / "project"
    (project / "src" / "demo_pkg").mkdir(parents=True)
    (project / "src" / "demo_pkg" / "__init__.py").touch()
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        '[project]\nname = "demo.pkg"\nversion = "1.0rc1"\n'
    )
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "-e", project)
    from envguard.environment import scan as scan_other

    live = scan_other(python=str(python))
    (found,) = named(live, "demo-pkg")
    assert (found.version, found.kind) == ("1.0rc1", "dist-info")
    assert str(project / "src") in live.paths
    assert "editable" in found.traits
    assert live.observations == ()
    assert ("six", "1.17.0") in installed(live)
