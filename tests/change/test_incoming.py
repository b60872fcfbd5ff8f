"""What a wheel says before it is installed is what the environment says afterwards."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envguard.change.wheels import incoming
from envguard.environment import scan
from envguard.errors import EnvguardError
from envguard.facts import evidence
from envguard.facts.natives import Natives
from support import site_packages
from wheel_making import NATIVE_TAG, download, make, new_venv, the

if TYPE_CHECKING:
    from envguard.model import Environment


@pytest.fixture(scope="module")
def installed(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    patterns = ("requests-2.32.5*", "?illow-10*", "PyJWT-*", "fast_histogram-*")
    venv = new_venv(tmp_path_factory.mktemp("installed"), *(the(wheels, pattern) for pattern in patterns))
    return scan(python=str(venv / "bin" / "python"))


@pytest.mark.parametrize("pattern", ["requests-2.32.5*", "?illow-10*", "PyJWT-*", "fast_histogram-*"])
def test_it_says_what_the_installation_will_say(wheels: Path, installed: Environment, pattern: str) -> None:
    read = incoming.read(the(wheels, pattern), native=True)
    (there,) = [each for each in installed.distributions if each.name == read.name]
    assert read.record == there.record
    assert read.record
    with Natives(installed) as natives:
        proven = evidence.of(there, natives.rows(there.name))
        assert read.natives == proven.files
        assert read.traits == tuple(sorted({*there.traits, *proven.traits}))
    site = there.location
    will_be = read.distribution(site)
    assert will_be.path == there.path
    assert will_be.replace(traits=(), installer="uv") == there.replace(traits=(), source=None, installer="uv")
    listed = {row.path for row in read.files if not row.path.startswith("../")}
    assert all((Path(site) / path).is_file() for path in listed)
    on_disk = sum((Path(site) / path).stat().st_size for path in listed if not path.endswith("RECORD"))
    assert read.unpacked == pytest.approx(on_disk, rel=0.02)


def test_without_native_reads_it_says_so(wheels: Path) -> None:
    light = incoming.read(the(wheels, "fast_histogram-*"))
    assert (light.read_natively, light.natives, light.traits) == (False, (), ("abi3", "code", "native"))
    deep = incoming.read(the(wheels, "fast_histogram-*"), native=True)
    assert deep.traits == ("abi3", "code", "native", "numpy-1")
    assert [facts.numpy for facts in deep.natives] == ["np1-eager"]
    assert incoming.read(the(wheels, "PyJWT-*")).read_natively


def test_what_is_unpacked_lies_as_in_site_packages(wheels: Path, tmp_path: Path) -> None:
    folder = tmp_path / "future"
    read = incoming.read(the(wheels, "fast_histogram-*"), native=True, unpack=str(folder))
    assert read.unpacked_in == str(folder)
    assert {row.path for row in read.files if row.path.endswith((".py", ".so"))} == {
        str(path.relative_to(folder)) for path in folder.rglob("*.*") if path.suffix in (".py", ".so")
    }
    sources = tmp_path / "sources"
    light = incoming.read(the(wheels, "fast_histogram-*"), unpack=str(sources))
    assert not light.read_natively
    assert list(sources.rglob("*.py"))
    assert not list(sources.rglob("*.so"))


def test_files_of_the_data_folder_land_in_site_packages(tmp_path: Path) -> None:
    files = {
        "thing-1.0.data/purelib/thing/__init__.py": "",
        "thing-1.0.data/platlib/thing/deep.py": "A = 1\n",
        "thing-1.0.data/scripts/thing": "#!python\n",
        "thing-1.0.data/data/share/thing.txt": "text",
    }
    wheel = make(tmp_path, "thing", files=files)
    folder = tmp_path / "future"
    read = incoming.read(wheel, native=True, unpack=str(folder))
    venv = new_venv(tmp_path, wheel)
    (there,) = scan(python=str(venv / "bin" / "python")).distributions
    assert (read.record, read.top_level, read.traits) == (there.record, there.top_level, there.traits)
    assert (folder / "thing" / "deep.py").read_text() == "A = 1\n"
    assert not (folder / "thing-1.0.data").exists()
    assert {row.path for row in read.files if row.path.startswith("../")} == {
        "../../../bin/thing",
        "../../../share/thing.txt",
    }


def test_headers(tmp_path: Path) -> None:
    headers = "Requires-Python: >=3.8\nRequires-Python: >=4\n"
    wheel = make(tmp_path, "Odd.Name", "1.0+cpu", tag=NATIVE_TAG, requires=["six>1; extra == 'x'"], headers=headers)
    read = incoming.read(wheel, yanked="broken")
    assert (read.name, read.version, read.requires_python) == ("odd-name", "1.0+cpu", ">=3.8")
    assert (read.requires, read.tags, read.yanked) == (("six>1; extra == 'x'",), (NATIVE_TAG,), "broken")


@pytest.mark.parametrize(
    ("version_py", "variant"),
    [
        ("__version__ = '2.5.0+cu124'\ncuda: Optional[str] = '12.4'\nhip = None\n", "cu124"),
        ("__version__ = '2.5.0+cpu'\ncuda = None\n", "cpu"),
        ("raise SystemExit\n", None),
    ],
)
def test_the_variant_is_what_version_py_says(tmp_path: Path, version_py: str, variant: str | None) -> None:
    wheel = make(tmp_path, "torch", "2.5.0", {"torch/__init__.py": "", "torch/version.py": version_py})
    read = incoming.read(wheel)
    assert read.variant == variant
    venv = new_venv(tmp_path, wheel)
    (there,) = scan(python=str(venv / "bin" / "python")).distributions
    assert there.variant == variant


def test_other_packages_have_no_variant(wheels: Path) -> None:
    assert incoming.read(the(wheels, "requests-2.32.5*")).variant is None


def test_a_wheel_that_contradicts_itself(tmp_path: Path) -> None:
    with pytest.raises(EnvguardError, match=r"one \.dist-info folder, this has 2"):
        incoming.read(make(tmp_path, "thing", files={"other-2.0.dist-info/METADATA": "Name: other\n"}))


@pytest.mark.parametrize("record", ["", "nonsense", "../../../../out,sha256=x,1\n", "thing.py,md5=abc,1\n"])
def test_a_record_that_says_nothing_reliable(tmp_path: Path, record: str) -> None:
    wheel = make(tmp_path, "thing")
    with zipfile.ZipFile(wheel) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, record if name.endswith("RECORD") else content)
    with pytest.raises(EnvguardError, match="RECORD"):
        incoming.read(wheel)


def test_metadata_and_folder_must_agree(tmp_path: Path) -> None:
    wheel = make(tmp_path, "thing", headers="")
    data = wheel.read_bytes()
    other = tmp_path / "thing-1.0-py3-none-any.whl"
    other.write_bytes(data.replace(b"thing-1.0.dist-info", b"thinx-1.0.dist-info"))
    with pytest.raises(EnvguardError, match=r"METADATA says 'thing' '1\.0', the name of its folder says"):
        incoming.read(other)


def test_what_only_looks_like_a_shared_object(tmp_path: Path) -> None:
    wheel = make(
        tmp_path, "thing", files={"thing/a.so": b"\x7fELF" + bytes(2000), "thing/b.so": "text"}, tag=NATIVE_TAG
    )
    read = incoming.read(wheel, native=True)
    assert (read.natives, read.read_natively) == ((), True)


def test_an_installed_copy_changes_nothing(wheels: Path, tmp_path: Path) -> None:
    """Reading writes nothing into the environment."""
    venv = new_venv(tmp_path, the(wheels, "PyJWT-*"))
    before = sorted(path for path in site_packages(venv).rglob("*"))
    incoming.read(the(wheels, "?illow-10*"), native=True)
    assert sorted(path for path in site_packages(venv).rglob("*")) == before


@pytest.mark.wheels
@pytest.mark.parametrize("requirement", ["pyarrow==21.0.0", "opencv-python-headless==4.10.0.84"])
def test_facts_take_less_than_half_a_second(tmp_path: Path, requirement: str) -> None:
    download(tmp_path, requirement)
    wheel = the(tmp_path, "*.whl")
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        assert incoming.read(wheel).files
        taken.append(time.perf_counter() - started)
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.0f} MB, {min(taken):.3f} s")
    assert min(taken) < 0.5
