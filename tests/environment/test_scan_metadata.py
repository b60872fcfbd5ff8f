"""One damaged metadata folder among real ones: each state is named, and the rest is still read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from building import broken, dist_info, installed, named, only_broken, record, scan

import envguard

SIX = "six-1.17.0.dist-info"


def test_a_clean_environment_is_read_without_remarks(site: Path) -> None:
    live = scan(site)
    assert live.observations == ()
    assert live.blind == ()
    assert installed(live) == {
        ("six", "1.17.0"),
        ("idna", "3.10"),
        ("attrs", "25.3.0"),
        ("packaging", "24.2"),
        ("zope-interface", "7.2"),
    }
    assert live.paths == (str(site),)


def test_what_is_read_of_a_distribution(site: Path) -> None:
    live = scan(site)
    (six,) = named(live, "six")
    assert six.path == str(site / SIX)
    assert (six.location, six.kind, six.installer, six.source) == (str(site), "dist-info", "uv", None)
    assert six.record.startswith("sha256:")
    assert len(six.record) == len("sha256:") + 64
    assert six.tags == ("py2-none-any", "py3-none-any")
    assert six.top_level == ("six",)
    assert "pure" in six.traits
    (zope,) = named(live, "zope-interface")
    assert "native" in zope.traits
    assert zope.top_level == ("zope",)
    assert named(live, "attrs")[0].top_level == ("attr", "attrs")


def _replace(name: str, data: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return damage


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _folder(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return damage


def _fifo(name: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)

    return damage


def _edit(name: str, old: bytes, new: bytes) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        data = (folder / name).read_bytes()
        assert old in data
        (folder / name).write_bytes(data.replace(old, new, 1))

    return damage


def _cut(folder: Path) -> None:
    (folder / "METADATA").write_bytes((folder / "METADATA").read_bytes()[:25])


def _cut_in_the_text(folder: Path) -> None:
    (folder / "METADATA").write_bytes((folder / "METADATA").read_bytes()[:-40])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(_remove("METADATA"), "METADATA: missing", id="missing"),
        pytest.param(_replace("METADATA", b""), "METADATA is empty", id="empty"),
        pytest.param(_replace("METADATA", bytes(4096)), "NUL bytes", id="nul"),
        pytest.param(_folder("METADATA"), "not a regular file", id="folder"),
        pytest.param(_fifo("METADATA"), "not a regular file", id="fifo"),
        pytest.param(_cut, "METADATA has no Version", id="truncated in the headers"),
        pytest.param(_edit("METADATA", b"Summary", b"Summ\xe9ry"), "is not UTF-8", id="not utf-8"),
        pytest.param(_replace("METADATA", b"Name: six\nVersion: 1\n" * 60_000), "more than the", id="too large"),
        pytest.param(
            _edit("METADATA", b"Version: 1.17.0", b"Version: 1.18.0"), "says 'six' '1.18.0'", id="other version"
        ),
        pytest.param(_edit("METADATA", b"Name: six", b"Name: seven"), "says 'seven'", id="other name"),
        pytest.param(
            _edit("METADATA", b"Version: 1.17.0", b"Version: 1.17.0\nVersion: 9.0"),
            "two Version headers",
            id="two versions",
        ),
        pytest.param(_edit("METADATA", b"Name: six", b"Name: six\nname: seven"), "two Name headers", id="two names"),
        pytest.param(_edit("METADATA", b"Name: six", b"Name:"), "has no Name", id="no name"),
        pytest.param(_edit("METADATA", b"Version: 1.17.0", b"Version: \x1b[2J"), "characters", id="control characters"),
        pytest.param(_replace("RECORD", b""), "RECORD: lists no file", id="empty record"),
        pytest.param(_replace("RECORD", b"a,b\n"), "RECORD: ", id="record of two columns"),
        pytest.param(_replace("RECORD", b"/etc/passwd,,\n"), "RECORD: ", id="record with an absolute path"),
        pytest.param(_fifo("RECORD"), "RECORD: not a regular file", id="record is a fifo"),
        pytest.param(_replace("direct_url.json", b"{"), "direct_url.json: ", id="broken direct_url"),
        pytest.param(_replace("direct_url.json", b""), "direct_url.json: is empty", id="empty direct_url"),
    ],
)
def test_damaged_file_of_a_metadata_folder(site: Path, damage: Callable[[Path], None], words: str) -> None:
    damage(site / SIX)
    live = scan(site)
    change = only_broken(live)
    assert words in "; ".join(change.evidence)
    assert change.path == str(site / SIX)
    assert change.package in ("six", "seven")
    assert len(live.distributions) == 5  # it still counts, so one cause gives one finding


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_cut_in_the_text, id="truncated in the description"),
        pytest.param(_edit("WHEEL", b"py3", b"py4"), id="edited wheel file"),
        pytest.param(_fifo("WHEEL"), id="wheel file is a fifo"),
        pytest.param(_folder("INSTALLER"), id="installer is a folder"),
    ],
)
def test_what_says_nothing_of_name_and_version_is_left_to_depth_files(
    site: Path, damage: Callable[[Path], None], tmp_path: Path
) -> None:
    """The quick path cannot see these at depth records, and the full pipeline must not say otherwise."""
    lock = tmp_path / "envguard.lock"
    envguard.freeze(lock, paths=[str(site)], depth="files")
    damage(site / SIX)
    assert scan(site).observations == ()
    assert {finding.change.code for finding in envguard.check(lock, paths=[str(site)], depth="files").findings} >= {
        "EG108"
    }


@pytest.mark.parametrize("name", ["METADATA", "RECORD"])
def test_a_dangling_link_is_not_taken_for_a_changing_environment(site: Path, name: str) -> None:
    (site / SIX / name).unlink()
    (site / SIX / name).symlink_to("nowhere")
    assert f"{name}: missing" in only_broken(scan(site)).evidence


def test_without_metadata_the_folder_name_counts(site: Path) -> None:
    (site / SIX / "METADATA").unlink()
    assert ("six", "1.17.0") in installed(scan(site))


def test_renamed_folder_disagrees_with_metadata(site: Path) -> None:
    (site / SIX).rename(site / "six-9.9.dist-info")
    live = scan(site)
    change = only_broken(live)
    assert "METADATA says 'six' '1.17.0', the name of its folder says 'six-9.9'" in change.evidence
    assert ("six", "1.17.0") in installed(live)


def test_leftover_folder_with_nothing_but_requested_counts_as_a_second_copy(site: Path) -> None:
    (site / "six-1.16.0.dist-info").mkdir()
    (site / "six-1.16.0.dist-info" / "REQUESTED").touch()
    live = scan(site)
    assert only_broken(live).package == "six"
    assert sorted(each.version for each in named(live, "six")) == ["1.16.0", "1.17.0"]


def test_duplicated_metadata_is_listed_twice_for_a_check_to_judge(site: Path) -> None:
    dist_info(site, "six", "9.9.9")
    assert sorted(each.version for each in named(scan(site), "six")) == ["1.17.0", "9.9.9"]


def test_linked_folder_is_listed(site: Path, tmp_path: Path) -> None:
    (site / SIX).rename(tmp_path / SIX)
    (site / SIX).symlink_to(tmp_path / SIX)
    live = scan(site)
    assert ("six", "1.17.0") in installed(live)
    assert live.observations == ()


def test_dangling_link_and_file_instead_of_a_folder(site: Path) -> None:
    (site / "gone-1.0.dist-info").symlink_to("nowhere")
    (site / "flat-2.0.dist-info").write_bytes(b"")
    live = scan(site)
    assert {(each.package, each.evidence) for each in broken(live)} == {
        ("gone", ("a link that leads nowhere",)),
        ("flat", ("a file where a folder should be",)),
    }
    assert {("gone", "1.0"), ("flat", "2.0")} <= installed(live)


def test_folder_name_that_is_not_utf_8(site: Path) -> None:
    os.mkdir(os.fsencode(site) + b"/b\xffd-1.0.dist-info")
    live = scan(site)
    assert "METADATA: missing" in only_broken(live).evidence
    assert len(live.distributions) == 5  # no name by PEP 508, so nothing that a lock could name


def test_homoglyph_in_a_name(site: Path) -> None:
    dist_info(site, "requ\u0435sts", "1.0")
    change = only_broken(scan(site))
    assert "none by PEP 508" in change.evidence[0]
    assert change.evidence[0].isascii()


@pytest.mark.parametrize(
    "name",
    ["~ix-1.16.0.dist-info", "~ix", "~-x-1.16.0.dist-info", "-ix-1.16.0.dist-info", "~ix.libs", "~ix-1.0.egg-info"],
)
def test_leftover_of_an_interrupted_installation(site: Path, name: str) -> None:
    (site / name).mkdir()
    live = scan(site)
    change = only_broken(live)
    assert change.path == str(site / name)
    assert repr(name) in change.evidence[0]
    assert len(live.distributions) == 5


def test_a_leftover_metadata_folder_tells_whose_it_was(site: Path) -> None:
    made = dist_info(site, "numpy", "1.26.4")
    made.rename(site / "~umpy-1.26.4.dist-info")
    assert only_broken(scan(site)).package == "numpy"


def test_a_tilde_in_the_working_folder_is_no_leftover(site: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "~backup").mkdir()
    assert scan(work, site).observations == ()


def test_no_record_is_a_remark_and_not_a_defect(site: Path) -> None:
    (site / SIX / "RECORD").unlink()
    live = scan(site)
    assert live.observations == ()
    assert named(live, "six")[0].record == ""
    assert live.blind == ("without a usable RECORD, so which artifact they come from is not known: six",)


def test_no_installer_and_no_wheel_file_is_no_defect(site: Path) -> None:
    (site / SIX / "INSTALLER").unlink()
    (site / SIX / "WHEEL").unlink()
    live = scan(site)
    assert live.observations == ()
    assert (named(live, "six")[0].installer, named(live, "six")[0].tags) == ("", ())


@pytest.mark.parametrize(
    ("name", "version", "folder"),
    [
        ("foo-e", "1.0.0-1", "foo_e-1.0.0_1.dist-info"),
        ("Foo.B", "2.0.0.RC1", "Foo.B-2.0.0.RC1.dist-info"),
        ("torch", "2.5.0+cu124", "torch-2.5.0+cu124.dist-info"),
        ("torch", "2.5.0+cu124", "torch-2.5.0_cu124.dist-info"),
        ("epoch", "1!2.0", "epoch-1!2.0.dist-info"),
        ("old-style", "1.0", "old-style-1.0.dist-info"),
        ("legacy", "unknown", "legacy-unknown.dist-info"),
        ("legacy", "1.17-custom build", "legacy-1.17_custom.build.dist-info"),
        ("padded", "1.0", "padded-1.0.0.dist-info"),
    ],
)
def test_unusual_names_that_agree(tmp_path: Path, name: str, version: str, folder: str) -> None:
    dist_info(tmp_path, name, version, folder=folder)
    live = scan(tmp_path)
    assert broken(live) == []
    assert [each.version for each in live.distributions] == [version]


@pytest.mark.parametrize(
    ("version", "folder"),
    [
        ("1.0", "pkg-1_0.dist-info"),
        ("1.0.0", "pkg-10.0.dist-info"),
        ("2.5.0+cu124", "pkg-2.5.0+cpu.dist-info"),
        ("1.0", "pkg.dist-info"),
    ],
)
def test_unusual_names_that_disagree(tmp_path: Path, version: str, folder: str) -> None:
    dist_info(tmp_path, "pkg", version, folder=folder)
    assert "the name of its folder" in only_broken(scan(tmp_path)).evidence[0]


def test_crlf_and_folded_headers(tmp_path: Path) -> None:
    made = dist_info(tmp_path, "folded", "1.0")
    text = b"Metadata-Version: 2.1\r\nName: folded\r\nSummary: a\r\n Version: 3\r\nVersion: 1.0\r\n\r\nVersion: 2.0\r\n"
    (made / "METADATA").write_bytes(text)
    (made / "RECORD").write_bytes(record(tmp_path, [made / "METADATA"]))
    live = scan(tmp_path)
    assert broken(live) == []
    assert installed(live) == {("folded", "1.0")}


def test_source_of_a_local_wheel_and_of_an_editable_project(tmp_path: Path) -> None:
    info = b'{"url": "file:///src/pkg", "dir_info": {"editable": true}}'
    dist_info(tmp_path, "pkg", "1.0", files={"direct_url.json": info})
    (pkg,) = named(scan(tmp_path), "pkg")
    assert pkg.source is not None
    assert pkg.source.editable
    assert "editable" in pkg.traits


def test_credentials_of_a_source_stay_behind(tmp_path: Path) -> None:
    info = b'{"url": "https://user:s3cret@example.org/pkg.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}'
    dist_info(tmp_path, "pkg", "1.0", files={"direct_url.json": info})
    assert "s3cret" not in repr(scan(tmp_path))


def test_conda_and_the_folder_of_its_build_machine(tmp_path: Path) -> None:
    info = b'{"url": "file:///home/conda/feedstock_root/build_artifacts/pkg_1/work", "dir_info": {}}'
    dist_info(tmp_path, "pkg", "1.0", files={"direct_url.json": info, "INSTALLER": b"conda"})
    (pkg,) = named(scan(tmp_path), "pkg")
    assert (pkg.installer, pkg.source) == ("conda", None)
