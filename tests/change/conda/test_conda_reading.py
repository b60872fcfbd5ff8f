"""Archives of conda that are read before they are installed: sound ones, others, and what is left behind."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from channel_server import Server, serve
from packing import Member, members_of, pack, pack_new, row

from envguard.change.conda import archive
from envguard.change.installers import _conda_transaction, conda_archive
from envguard.change.installers.conda_archive import Archive
from envguard.change.planning import arriving_conda
from envguard.change.planning.arriving import Arriving
from envguard.errors import UsageError
from envguard.model import CondaPackage, Environment
from support import LINUX

SITE = "lib/python3.11/site-packages"


@pytest.fixture(autouse=True)
def no_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caches of the one who runs the tests are none of a test's business."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    for name in (
        "CONDA_PKGS_DIRS", "RATTLER_CACHE_DIR", "MAMBA_ROOT_PREFIX", "CONDA_ROOT", "CONDA_EXE", "MAMBA_EXE",
        "XDG_CACHE_HOME",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def live(tmp_path: Path) -> Environment:
    record = tmp_path / "env" / "conda-meta" / "python-3.11.7-h1_0.json"
    record.parent.mkdir(parents=True)
    record.write_text(json.dumps({"name": "python", "version": "3.11.7", "build": "h1_0", "files": []}))
    python = CondaPackage(name="python", version="3.11.7", build="h1_0", path=str(record))
    return Environment(prefix=str(tmp_path / "env"), interpreter=LINUX, paths=(), conda=(python,))


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    (tmp_path / "channel").mkdir()
    return tmp_path / "channel"


def told(path: Path, **more: Any) -> Archive:
    """What the channel says of an archive."""
    stem = path.name.removesuffix(".conda").removesuffix(".tar.bz2")
    name, version, build = stem.rsplit("-", 2)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    record = {"name": name, "version": version, "build": build, "url": path.as_uri(), "sha256": digest}
    return conda_archive.of_record({**record, "depends": [], **more})


def look(live: Environment, *archives: Archive, native: bool = True, **more: Any) -> Arriving:
    resolution = _conda_transaction.resolution("test", archives, (), (), live)
    folder = Path(live.prefix).parent / "unpack"
    folder.mkdir(exist_ok=True)
    given = {"offline": True, "find_links": (), **more}
    return arriving_conda.look(resolution, live, native=native, unpack=str(folder), **given)


def why(found: Arriving) -> str:
    (unread,) = found.unread
    assert (unread.code, unread.kind, unread.traits) == ("EG208", "unopened", ("conda",))
    assert found.coming is not None
    assert [each.record for each in found.coming.packages] == [None]
    return unread.evidence[0]


def python_package(name: str = "tool", version: str = "1.0", **more: bytes) -> dict[str, bytes]:
    said = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.8\nRequires-Dist: six\n"
    info = f"site-packages/{name}-{version}.dist-info"
    return {f"site-packages/{name}/__init__.py": b"A = 1\n", f"{info}/METADATA": said.encode(), **more}


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("packed", [pack, pack_new])
def test_python_code_for_any_platform(live: Environment, channel: Path, packed: Any) -> None:
    members = members_of(python_package(), name="tool", build="pyh1_0", noarch="python")
    path = packed(channel, members, name="tool-1.0-pyh1_0")
    found = look(live, told(path, noarch="python"))
    assert found.unread == ()
    (said,) = found.read
    assert (said.name, said.version, said.how, said.verified) == ("tool", "1.0", "file", True)
    assert (said.traits, said.size, said.read_natively) == (("conda", "pure"), path.stat().st_size, True)
    (item,) = found.distributions
    assert (item.name, item.requires, item.requires_python) == ("tool", ("six",), ">=3.8")
    assert found.coming is not None
    (package,) = found.coming.packages
    assert {each.path for each in package.files} == {
        f"{SITE}/tool/__init__.py", f"{SITE}/tool-1.0.dist-info/METADATA",
    }  # fmt: skip
    installed = item.distribution("/env/site")
    assert (installed.path, installed.installer) == ("/env/site/tool-1.0.dist-info", "conda")


def test_several_distributions_eggs_and_no_distribution(live: Environment, channel: Path) -> None:
    info = b"Metadata-Version: 1.0\nName: Old\nVersion: 2\n"
    files = {path.replace("site-packages", SITE): data for path, data in python_package().items()}
    files |= {path.replace("site-packages", SITE): data for path, data in python_package("more", "3").items()}
    files |= {
        f"{SITE}/Old-2-py3.11.egg-info/PKG-INFO": info,
        f"{SITE}/Older-1.egg-info": info.replace(b"Old\nVersion: 2", b"Older\nVersion: 1"),
    }
    several = pack(channel, members_of(files, name="several"), name="several-1.0-h1_0")
    data = pack(channel, members_of({"share/x": b"x"}, name="data"), name="data-1.0-h1_0")
    found = look(live, told(several), told(data))
    assert found.unread == ()
    assert sorted((item.name, item.version) for item in found.distributions) == [
        ("more", "3"), ("old", "2"), ("older", "1"), ("tool", "1.0"),
    ]  # fmt: skip
    assert [said.traits for said in found.read] == [("conda",), ("conda",)]


def test_compiled_files_are_read_where_they_are_asked_for(live: Environment, channel: Path) -> None:
    path = pack(channel, members_of({"lib/liba.so.1": b"\x7fELF"}, links={"lib/liba.so": "liba.so.1"}))
    assert not look(live, told(path), native=False).read[0].read_natively
    root = Path(live.prefix).parent / "unpack" / "prefix"
    assert files_below(root) == {"conda-meta/libfoo-1.0-h1_0.json", "lib/liba.so"}


def test_the_archives_are_found_in_folders_and_nothing_of_them_is_left(live: Environment, channel: Path) -> None:
    path = pack(channel, members_of({"lib/a": b"a"}))
    asked = told(path, url="https://channel.invalid/linux-64/libfoo-1.0-h1_0.tar.bz2")
    assert why(look(live, asked)) == (
        "no archive of it was found, and the network was not asked (give the folder that it lies in with --find-links)"
    )
    assert look(live, asked, find_links=(str(channel),)).unread == ()
    assert files_below(Path(live.prefix).parent / "unpack") == {"prefix/conda-meta/libfoo-1.0-h1_0.json"}
    with pytest.raises(UsageError, match="--find-links"):
        look(live, asked, find_links=(str(channel / "none"),))


def test_other_bytes_are_not_read(live: Environment, channel: Path) -> None:
    path = pack(channel, members_of({"lib/a": b"a"}))
    asked = told(path)
    path.write_bytes(path.read_bytes() + b"\0")
    assert "its SHA256 is not the one that the channel gives" in why(look(live, asked))
    assert "the channel gives no digest of its archive" in why(look(live, told(path, sha256="")))


@pytest.mark.parametrize("packed", [pack, pack_new])
def test_a_broken_archive(live: Environment, channel: Path, packed: Any) -> None:
    path = packed(channel, members_of({"lib/a": b"a" * 100_000}))
    path.write_bytes(path.read_bytes()[:-40])
    said = why(look(live, told(path)))
    assert any(word in said for word in ("cannot be decompressed", "not a readable archive", "is broken"))


def test_without_zstandard_the_extra_is_named(
    live: Environment, channel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = pack_new(channel, members_of({"lib/a": b"a"})), pack(channel, members_of({"lib/a": b"a"}))
    monkeypatch.setattr(archive, "_zstandard", lambda: None)
    assert why(look(live, told(new))) == (f"{new}: it is compressed with zstandard, which envguard-lock[conda] reads")
    new.unlink()
    assert look(live, told(old)).unread == ()


HOSTILE: dict[str, tuple[list[Member], str]] = {
    "a member that leads out": ([*members_of({"lib/a": b"a"}), ("../out", b"x", 0o644)], "is no path"),
    "a row that leads out": (members_of({"lib/a": b"a"}, rows=[row("../../out", b"a")]), "is no path"),
    "a row of records": (members_of({"conda-meta/x.json": b"{}"}), "lies where conda keeps its records"),
    "a file behind a link": (members_of({"lib/a": b"a"}, links={"lib": "/tmp"}), "lies behind a link"),
    "a file that is listed as another": (
        members_of({f"{SITE}/a.py": b"a"}, rows=[row(f"{SITE}/a.py", b"b")]),
        "is not what its info/paths.json lists",
    ),
    "a file that is listed and not there": (members_of({}, rows=[row(f"{SITE}/a.py", b"b")]), "is not in it"),
    "no list": ([each for each in members_of({}) if each[0] != "info/paths.json"], "it has no info/paths.json"),
    "another package": (members_of({}, name="other"), "it is the package 'other'"),
    "another version": (members_of({}, version="2"), "it is 'libfoo 2 h1_0' inside, and the channel says libfoo 1.0"),
    "another spelling": (members_of({}, name="LibFoo"), "it is 'LibFoo 1.0 h1_0' inside"),
    "a version that is no text": (members_of({}, version=1.0), "makes no record that conda could use"),
    "metadata that says nothing": (
        members_of({f"{SITE}/libfoo-1.0.dist-info/METADATA": b"Name: ../x\n"}),
        "libfoo-1.0.dist-info: ",
    ),
}


@pytest.mark.parametrize(("members", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive(live: Environment, channel: Path, members: "list[Member]", said: str) -> None:
    path = pack(channel, members)
    around = files_below(channel.parent)
    assert said in why(look(live, told(path)))
    unpacked = channel.parent / "unpack"
    assert files_below(channel.parent) - around <= {f"unpack/{each}" for each in files_below(unpacked)}
    assert not any("out" in name for name in files_below(channel.parent))


def test_nothing_is_written_behind_the_link_of_another_package(live: Environment, channel: Path) -> None:
    outside = channel.parent / "outside"
    outside.mkdir()
    links = {"lib/x.so": str(outside), "lib/inner": "../share", f"{SITE}/y": "../../../../outside"}
    one = pack(channel, members_of({}, links=links, name="one"), name="one-1.0-h1_0")
    two = pack(channel, members_of({"lib/x.so/a.so": b"\x7fELF"}, name="two"), name="two-1.0-h1_0")
    three = pack(channel, members_of({f"{SITE}/y/a.py": b""}, name="three"), name="three-1.0-h1_0")
    found = look(live, told(one), told(two), told(three))
    (unread,) = found.unread
    assert "lies behind a link of another package" in unread.evidence[0]
    assert list(outside.iterdir()) == []


def test_names_that_no_package_has(live: Environment, channel: Path) -> None:
    path = pack(channel, members_of({}))
    for more in ({"name": "../../x"}, {"version": "1/2"}, {"build": "../h"}):
        assert "is no name, version and build of a package" in why(look(live, told(path, **more)))


def test_another_python_makes_everything_unknown(live: Environment, channel: Path) -> None:
    files = members_of({"bin/x": b""}, name="python", version="3.12.1")
    python = told(pack(channel, files, name="python-3.12.1-h1_0"))
    other = told(pack(channel, members_of({"lib/a": b"a"})))
    found = look(live, python, other)
    assert [each.package for each in found.unread] == ["python", "libfoo"]
    assert {each.evidence for each in found.unread} == {
        ("Python 3.12 would come in the place of 3.11: what it would find is not known before",)
    }
    same = members_of({"bin/python3.11": b""}, name="python", version="3.11.9")
    found = look(live, told(pack(channel, same, name="python-3.11.9-h1_0")))
    assert found.unread == ()
    assert (channel.parent / "unpack" / "prefix" / "bin" / "python3.11").is_file()


def test_a_script_that_conda_runs_is_named(live: Environment, channel: Path) -> None:
    found = look(live, told(pack(channel, members_of({"bin/.libfoo-post-link.sh": b"true\n"}))))
    assert found.unread == ()
    assert found.unseen == ("libfoo: what its script does, which conda runs when it puts it in place",)


@pytest.fixture
def server(channel: Path) -> Iterator[Server]:
    with serve(channel) as running:
        yield running


def test_the_network_gives_an_archive_that_is_not_kept(live: Environment, channel: Path, server: Server) -> None:
    path = pack(channel, members_of({"lib/a": b"a"}))
    url = f"http://user:secret@127.0.0.1:{server.server_port}/{path.name}"
    assert "the network was not asked" in why(look(live, told(path, url=url)))
    assert server.asked == []
    (said,) = look(live, told(path, url=url), offline=False).read
    assert (said.how, said.verified, "secret" in said.origin) == ("download", True, False)
    assert server.asked == [f"/{path.name}"]
    assert list((channel.parent / "unpack" / "archives").iterdir()) == []
    asked = told(path, url=url, sha256="0" * 64)
    assert "its SHA256 is not the one that the channel gives" in why(look(live, asked, offline=False))
    assert list((channel.parent / "unpack" / "archives").iterdir()) == []
