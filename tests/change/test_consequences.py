"""What a change would do, held against what happens when it is really made."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from envguard.change.planning import consequences
from envguard.change.wheels import incoming
from envguard.environment import scan
from envguard.errors import UsageError
from envguard.rules import catalog, judge
from support import run, site_packages
from wheel_making import NATIVE_TAG, download, install, make, new_venv, the

if TYPE_CHECKING:
    from pathlib import Path

    from envguard.model import Change, Environment


def live(venv: Path) -> Environment:
    return scan(python=str(venv / "bin" / "python"))


def of(venv: Path, *wheels: Path, leaving: tuple[str, ...] = (), folder: Path | None = None) -> list[Change]:
    """What installing the wheels would do, natively read where a folder is given."""
    unpack = str(folder) if folder is not None else ""
    arriving = [incoming.read(wheel, native=folder is not None, unpack=unpack) for wheel in wheels]
    found = consequences.of(live(venv), arriving, leaving)
    for change in found:
        assert change.code in catalog.CODES
        assert change.kind == "noted" or change.kind in catalog.KINDS
    return list(found)


def codes(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [(each.code, each.kind, each.package) for each in changes if each.kind != "noted"]


def digests(venv: Path) -> dict[str, str]:
    site = site_packages(venv)
    files = [path for path in site.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(site)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


# ---- files of others


def test_files_of_another_distribution(wheels: Path, tmp_path: Path) -> None:
    """Two projects own ``jwt/``; what pip does is the oracle."""
    venv = new_venv(tmp_path, the(wheels, "PyJWT-*"))
    before = digests(venv)
    found = of(venv, the(wheels, "jwt-*"))
    (change,) = [each for each in found if each.code == "EG220"]
    install(venv, the(wheels, "jwt-*"))
    after = digests(venv)
    mine = set(zipfile.ZipFile(the(wheels, "jwt-*")).namelist())
    shared = {path for path in before if path in mine and ".dist-info/" not in path}
    differing = {path for path in shared if before[path] != after[path]}
    assert len(differing) > 2
    assert change.evidence[0] == (
        f"{len(shared)} files of pyjwt 2.8.0 would be overwritten: "
        f"{len(differing)} with other bytes, {len(shared) - len(differing)} with the same"
    )
    assert (change.kind, change.package, change.locked, change.installed) == (
        "overwrites",
        "jwt",
        "pyjwt 2.8.0",
        "jwt 1.3.1",
    )
    assert change.path.startswith(str(site_packages(venv)))


def test_files_of_one_that_leaves_are_nobodys(wheels: Path, tmp_path: Path) -> None:
    venv = new_venv(tmp_path, the(wheels, "PyJWT-*"))
    assert "EG220" not in {each.code for each in of(venv, the(wheels, "jwt-*"), leaving=("PyJWT",))}
    assert "EG220" not in {each.code for each in of(venv, the(wheels, "PyJWT-*"))}


def test_two_that_arrive_together(wheels: Path, tmp_path: Path) -> None:
    venv = new_venv(tmp_path, the(wheels, "requests-2.31*"))
    found = of(venv, the(wheels, "PyJWT-*"), the(wheels, "jwt-*"))
    assert ("EG220", "overwrites", "jwt") in codes(found)


def test_equal_content_stubs_and_data_are_no_harm(tmp_path: Path) -> None:
    pkgutil = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    one = {"space/__init__.py": f"{pkgutil}# one\n", "space/one.py": "", "shared.py": "A = 1\n", "notes.txt": "one"}
    two = {"space/__init__.py": f"{pkgutil}# two\n", "space/two.py": "", "shared.py": "A = 1\n", "notes.txt": "two"}
    venv = new_venv(tmp_path, make(tmp_path / "one", "one", files=one))
    wheel = make(tmp_path / "two", "two", files=two)
    (change,) = of(venv, wheel)
    assert (change.code, change.kind) == ("EG220", "noted")
    assert change.evidence[0] == "3 files of one 1.0 would be overwritten: 2 with other bytes, 1 with the same"
    (venv / "lib").joinpath(*site_packages(venv).relative_to(venv / "lib").parts, "space/__init__.py").write_text(
        "A=1\n"
    )
    same = make(
        tmp_path / "three", "three", files={"shared.py": "A = 1\n", "space/__init__.py": one["space/__init__.py"]}
    )
    assert of(venv, same) == []


# ---- compiled files


@pytest.fixture(scope="module")
def old_numpy(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """An extension of NumPy 1 beside something that calls itself NumPy 1."""
    folder = tmp_path_factory.mktemp("old")
    numpy = make(folder, "numpy", "1.26.4", {"numpy/__init__.py": ""}, tag=NATIVE_TAG)
    return new_venv(folder, numpy, the(wheels, "fast_histogram-*"))


@pytest.mark.parametrize("native", [False, True])
def test_numpy_2_under_an_extension_of_numpy_1(old_numpy: Path, tmp_path: Path, native: bool) -> None:
    numpy = make(tmp_path, "numpy", "2.3.5", {"numpy/__init__.py": ""}, tag=NATIVE_TAG)
    found = of(old_numpy, numpy, folder=tmp_path / "future" if native else None)
    (change,) = [each for each in found if each.code == "EG222"]
    assert (change.kind, change.package, change.locked) == ("breaks", "fast-histogram", "numpy<2")
    assert "numpy 2.3.5 would be installed" in change.evidence[1]
    assert change.path.startswith(str(site_packages(old_numpy)))
    assert codes(of(old_numpy, make(tmp_path / "b", "numpy", "1.26.5", tag=NATIVE_TAG))) == []


def test_an_extension_of_numpy_1_beside_numpy_2(wheels: Path, tmp_path: Path) -> None:
    numpy = make(tmp_path, "numpy", "2.3.5", {"numpy/__init__.py": ""}, tag=NATIVE_TAG)
    venv = new_venv(tmp_path, numpy)
    found = of(venv, the(wheels, "fast_histogram-*"), folder=tmp_path / "future")
    assert codes(found) == [("EG222", "breaks", "fast-histogram")]
    assert found[0].path.startswith(str(site_packages(venv)))
    (noted,) = of(venv, the(wheels, "fast_histogram-*"))
    assert (noted.code, noted.kind) == ("EG221", "noted")
    assert "not read natively were fast-histogram 0.12" in noted.evidence[0]


needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc makes the files")


def shared_object(folder: Path, name: str, source: str, *options: str) -> bytes:
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "code.c").write_text(source)
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-o", str(folder / name), str(folder / "code.c"), f"-Wl,-soname,{name}", *options],
        check=True,
    )
    return (folder / name).read_bytes()


class Pair:
    """A package with a library, and one with a module that links it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        first = shared_object(folder / "1", "libprovider.so.1", "int kept(void) {return 1;} int lost(void) {return 2;}")
        second = shared_object(folder / "2", "libprovider.so.1", "int kept(void) {return 1;}")
        third = shared_object(folder / "3", "libprovider.so.2", "int kept(void) {return 1;} int lost(void) {return 2;}")
        (folder / "1" / "libprovider.so").symlink_to("libprovider.so.1")
        module = shared_object(
            folder / "module",
            "_consumer.so",
            "int kept(void); int lost(void); void *PyInit__consumer(void) {return kept() + lost() ? 0 : 0;}",
            f"-L{folder / '1'}",
            "-lprovider",
            "-Wl,-rpath,$ORIGIN/../provider/lib",
        )
        self.old = self._provider("1.0", "libprovider.so.1", first)
        self.same = self._provider("1.1", "libprovider.so.1", first)
        self.without_symbol = self._provider("2.0", "libprovider.so.1", second)
        self.without_library = self._provider("3.0", "libprovider.so.2", third)
        files: dict[str, bytes | str] = {
            "consumer/__init__.py": "from consumer import _consumer\n",
            "consumer/_consumer.so": module,
        }
        self.consumer = make(folder, "consumer", "1.0", files, tag=NATIVE_TAG, requires=["provider"])

    def _provider(self, version: str, name: str, content: bytes) -> Path:
        files: dict[str, bytes | str] = {"provider/__init__.py": "", f"provider/lib/{name}": content}
        return make(self.folder, "provider", version, files, tag=NATIVE_TAG)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair(tmp_path_factory.mktemp("pair"))


def loader_says(venv: Path) -> str:
    module = next(site_packages(venv).glob("consumer/_consumer.so"))
    done = run(venv / "bin" / "python", "-c", f"import ctypes; ctypes.CDLL({str(module)!r}, 2)")  # 2: RTLD_NOW
    return done.stderr.strip().rpartition("\n")[2]


@needs_gcc
@pytest.mark.parametrize("version", ["same", "without_symbol", "without_library"])
def test_an_installed_module_loses_what_it_links(pair: Pair, tmp_path: Path, version: str) -> None:
    venv = new_venv(tmp_path, pair.old, pair.consumer)
    assert loader_says(venv) == ""
    wheel: Path = getattr(pair, version)
    found = [each for each in of(venv, wheel, folder=tmp_path / "future") if each.kind != "noted"]
    install(venv, wheel)
    said = loader_says(venv)
    if version == "same":
        assert (found, said) == ([], "")
        return
    (change,) = found
    assert (change.code, change.kind, change.package) == ("EG221", "breaks", "consumer")
    assert change.path == str(site_packages(venv) / "consumer/_consumer.so")
    missing = "undefined symbol: lost" if version == "without_symbol" else "libprovider.so.1: cannot open shared object"
    assert missing in said
    assert change.locked == ("lost" if version == "without_symbol" else "libprovider.so.1")
    assert str(tmp_path / "future") not in repr(change)


@needs_gcc
def test_an_arriving_module_does_not_find_what_it_links(pair: Pair, tmp_path: Path) -> None:
    venv = new_venv(tmp_path, pair.without_symbol)
    found = of(venv, pair.consumer, folder=tmp_path / "future")
    assert codes(found) == [("EG221", "breaks", "consumer")]
    assert any("provider 2.0" in line for line in found[0].evidence)
    fits = of(venv, pair.consumer, pair.same, folder=tmp_path / "both")
    assert codes(fits) == []
    install(venv, pair.consumer)
    assert "undefined symbol: lost" in loader_says(venv)
    # What is broken already is no consequence of anything.
    assert codes(of(venv, pair.consumer, folder=tmp_path / "again")) == []
    install(venv, pair.same)
    assert loader_says(venv) == ""


@needs_gcc
def test_a_library_that_is_removed(pair: Pair, tmp_path: Path) -> None:
    venv = new_venv(tmp_path, pair.old, pair.consumer)
    assert codes(of(venv, leaving=("Provider",))) == [
        ("EG221", "breaks", "consumer"),
        ("EG223", "unmet-after", "consumer"),
    ]
    run(venv / "bin" / "python", "-c", "import shutil, provider; shutil.rmtree(provider.__path__[0])")
    assert "libprovider.so.1: cannot open shared object" in loader_says(venv)


@needs_gcc
def test_wheels_must_be_unpacked_together(pair: Pair, tmp_path: Path) -> None:
    venv = new_venv(tmp_path, pair.old)
    arriving = [
        incoming.read(pair.same, native=True, unpack=str(tmp_path / "a")),
        incoming.read(pair.consumer, native=True, unpack=str(tmp_path / "b")),
    ]
    with pytest.raises(UsageError, match="unpacked into one folder"):
        consequences.of(live(venv), arriving)
    shutil.rmtree(tmp_path / "a")
    with pytest.raises(UsageError, match="is gone"):
        consequences.of(live(venv), arriving[:1])
    with pytest.raises(UsageError, match="2 wheels of provider would be installed at once"):
        consequences.of(live(venv), [arriving[0], arriving[0]])


@needs_gcc
def test_a_loader_that_is_not_modelled_is_said(pair: Pair, tmp_path: Path) -> None:
    venv = new_venv(tmp_path, pair.old, pair.consumer)
    read = incoming.read(pair.without_symbol, native=True, unpack=str(tmp_path / "future"))
    (noted,) = consequences.of(live(venv).replace(executable=""), [read])
    assert (noted.code, noted.kind) == ("EG221", "noted")
    assert "which compiled files would load" in noted.evidence[0]


# ---- what metadata says


@pytest.fixture
def small(wheels: Path, tmp_path: Path) -> Path:
    return new_venv(tmp_path, the(wheels, "PyJWT-*"), make(tmp_path, "needs", requires=["pyjwt<3", "absent>=1"]))


def test_requirements_that_would_no_longer_be_met(small: Path, tmp_path: Path) -> None:
    found = of(small, make(tmp_path, "pyjwt", "3.0"))
    (change,) = found
    assert (change.code, change.kind, change.package, change.locked, change.installed) == (
        "EG223",
        "unmet-after",
        "needs",
        "pyjwt<3",
        "3.0",
    )
    assert change.evidence == ("needs 1.0 has Requires-Dist: pyjwt<3", "3.0 would be installed")
    (gone,) = of(small, leaving=("PyJWT",))
    assert gone.evidence[1] == "it would not be installed"
    assert of(small, make(tmp_path, "pyjwt", "2.9")) == []  # absent>=1 is unmet today: that is EG407's


def test_requirements_of_what_arrives(small: Path, tmp_path: Path) -> None:
    requires = ["pyjwt>=2.9", "needs", "newcomer==1.0", "absent; python_version < '3'", "absent; extra == 'x'"]
    found = of(small, make(tmp_path, "asks", requires=requires), make(tmp_path, "newcomer", "1.0"))
    assert [(each.package, each.locked) for each in found] == [("asks", "pyjwt>=2.9")]


def test_the_torch_family_moves_together(tmp_path: Path) -> None:
    torch = make(tmp_path, "torch", "2.5.0", {"torch/__init__.py": ""})
    vision = make(tmp_path, "torchvision", "0.20.0", {"torchvision/__init__.py": ""}, requires=["torch==2.5.0"])
    venv = new_venv(tmp_path, torch, vision)
    (change,) = of(venv, make(tmp_path, "torch", "2.6.0"))
    assert (change.code, change.part, verdict(change)) == ("EG223", "family", "forbidden")
    newer = make(tmp_path, "torchvision", "0.21.0", requires=["torch==2.6.0"])
    assert verdict(*of(venv, newer)) == "forbidden"
    assert of(venv, newer, make(tmp_path, "torch", "2.6.0")) == []


@pytest.mark.parametrize(
    ("headers", "tag", "expected"),
    [
        ("Requires-Python: >=3.8\n", "py3-none-any", []),
        ("Requires-Python: <3\n", "py3-none-any", ["unfit"]),
        ("Requires-Python: three\n", "py3-none-any", ["noted"]),
        ("", "cp27-cp27mu-manylinux1_x86_64", ["unfit"]),
        ("", "cp39-abi3-win_amd64", ["unfit"]),
        ("Requires-Python: <3\n", "cp27-none-any", ["unfit", "unfit"]),
    ],
)
def test_python_and_platform(small: Path, tmp_path: Path, headers: str, tag: str, expected: list[str]) -> None:
    found = of(small, make(tmp_path, "fits", tag=tag, headers=headers))
    assert [each.kind for each in found if each.code == "EG224"] == expected


def test_withdrawn_releases(small: Path, tmp_path: Path) -> None:
    read = incoming.read(make(tmp_path, "thing"), yanked="a CVE\x1b[31m")
    (change,) = consequences.of(live(small), [read])
    assert (change.code, change.kind) == ("EG225", "withdrawn")
    assert "a CVE" in change.evidence[0]


def torch(folder: Path, build: str, version: str = "2.5.0", requires: tuple[str, ...] = ()) -> Path:
    cuda = "None" if build == "cpu" else "'12.4'"
    files: dict[str, bytes | str] = {
        "torch/__init__.py": "",
        "torch/version.py": f"__version__ = '{version}+{build}'\ncuda = {cuda}\n",
    }
    return make(folder, "torch", version, files, requires=requires)


CUDA = ("nvidia-cublas-cu12==12.4.5.8; platform_system == 'Linux'", "nvidia-nccl-cu12; platform_machine == 'none'")


def test_another_variant_and_the_cuda_that_it_brings(tmp_path: Path) -> None:
    venv = new_venv(tmp_path, torch(tmp_path / "cpu", "cpu"))
    found = of(venv, torch(tmp_path / "cu", "cu124", requires=CUDA))
    assert codes(found) == [
        ("EG223", "unmet-after", "torch"),
        ("EG226", "brings-cuda", "torch"),
        ("EG228", "variant", "torch"),
    ]
    assert (found[1].part, found[1].installed) == ("first", "1 CUDA library")
    assert "nvidia-cublas-cu12==12.4.5.8" in found[1].evidence[0]
    assert (found[2].locked, found[2].installed) == ("cpu", "cu124")
    assert verdict(found[1]) == verdict(found[2]) == "forbidden"


def test_cuda_that_is_there_already_is_not_brought(tmp_path: Path) -> None:
    cublas = make(tmp_path, "nvidia_cublas_cu12", "12.4.5.8", {"nvidia/cublas/lib/a.txt": ""})
    venv = new_venv(tmp_path, torch(tmp_path / "a", "cu124", requires=CUDA), cublas)
    assert of(venv, torch(tmp_path / "b", "cu124", "2.5.1", requires=CUDA)) == []
    more = (*CUDA, "nvidia-cufft-cu12")
    found = of(venv, torch(tmp_path / "c", "cu124", "2.5.1", requires=more))
    (change,) = [each for each in found if each.code == "EG226"]
    assert (change.part, verdict(change)) == ("", "cautious")


# ---- verdicts, and words


def verdict(*changes: Change) -> str:
    (change,) = changes
    (finding,) = judge(changes, (), today="2026-11-28")
    assert finding.rule != "unforeseen"
    assert change.kind in catalog.KINDS
    return finding.verdict


def test_every_code_is_explained() -> None:
    done = run(sys.executable, "-m", "envguard", "rule", "EG220")
    assert done.returncode == 0, done.stderr
    assert "would-overwrite" in done.stdout
    known = [code for code in catalog.CODES if code.startswith("EG22")]
    assert known == ["EG220", "EG221", "EG222", "EG223", "EG224", "EG225", "EG226", "EG227", "EG228", "EG229"]


@pytest.mark.wheels
def test_onnxruntime_gpu_beside_onnxruntime(tmp_path: Path) -> None:
    download(tmp_path, "onnxruntime==1.23.2")
    download(tmp_path, "onnxruntime-gpu==1.23.2")
    venv = new_venv(tmp_path, the(tmp_path, "onnxruntime-1*"))
    before = digests(venv)
    found = of(venv, the(tmp_path, "onnxruntime_gpu-*"), folder=tmp_path / "future")
    (change,) = [each for each in found if each.code == "EG220"]
    install(venv, the(tmp_path, "onnxruntime_gpu-*"))
    after = digests(venv)
    mine = set(zipfile.ZipFile(the(tmp_path, "onnxruntime_gpu-*")).namelist())
    shared = {path for path in before if path in mine}
    differing = sum(before[path] != after[path] for path in shared)
    assert change.evidence[0].startswith(
        f"{len(shared)} files of onnxruntime 1.23.2 would be overwritten: {differing} "
    )
    assert verdict(change) == "cautious"
    (provider,) = [each for each in found if each.code == "EG227"]
    assert "libcudart.so.12" in provider.evidence[0]


@pytest.mark.wheels
def test_numpy_2_under_real_wheels(tmp_path: Path) -> None:
    download(tmp_path, "numpy==1.26.4", "opencv-python-headless==4.8.1.78")
    download(tmp_path, "numpy==2.2.6")
    venv = new_venv(tmp_path, the(tmp_path, "numpy-1*"), the(tmp_path, "opencv*"))
    importing = (venv / "bin" / "python", "-c", "import cv2")
    assert run(*importing).returncode == 0
    found = of(venv, the(tmp_path, "numpy-2*"), folder=tmp_path / "future")
    assert ("EG222", "breaks", "opencv-python-headless") in codes(found)
    install(venv, the(tmp_path, "numpy-2*"))
    assert "numpy.core.multiarray failed to import" in run(*importing).stderr
