"""What shared objects prove about their distribution, against readelf and real wheels."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from native_places import add, look, new_venv

from envguard.facts import evidence
from envguard.facts.elf import Elf
from envguard.facts.evidence import Evidence, FileFacts
from envguard.facts.ownership import Owned, read_ownership
from envguard.model import Distribution
from envguard.versions import normalise

BuildWheel = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("ENVGUARD_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "envguard" / "evidence-1"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_venv(
        tmp_path_factory.mktemp("evidence"), "fast-histogram==0.14", "markupsafe==3.0.2", "cuda-bindings==12.8.0"
    )


def installed(venv: Path, name: str) -> tuple[Distribution, list[Owned]]:
    environment = look(venv)
    [distribution] = [each for each in environment.distributions if each.name == normalise(name)]
    return distribution, [row for row in read_ownership(environment).rows if row.owner == distribution.name]


def a_file(path: str = "x.so", **facts: object) -> FileFacts:
    return FileFacts(**{"path": path, "size": 1, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((), ()),
        ((a_file(),), ("native",)),
        ((a_file(needed=("libc.so.6", "libstdc++.so.6", "libtorchaudio.so", "libc10d.so")),), ("native",)),
        ((a_file(needed=("libcudart.so.12",)),), ("cuda", "native")),
        ((a_file(needed=("libcuda.so.1",)),), ("cuda", "native")),
        ((a_file(needed=("libnvidia-ml.so.1",)),), ("native",)),
        ((a_file(soname="libcudnn.so.9"),), ("cuda", "native")),
        ((a_file(needed=("libtorch_cpu.so", "libc10.so")),), ("native", "torch-linked")),
        ((a_file("torch/lib/libc10.so"), a_file("torch/_C.so", needed=("libc10.so",))), ("native",)),
        ((a_file(needed=("libpython3.11.so.1.0",)),), ("native", "python-linked")),
        ((a_file(numpy="np2-ready"),), ("native", "numpy-2")),
        ((a_file(numpy="np1-lazy"),), ("native", "numpy-1")),
        ((a_file(numpy="np1-eager"), a_file(numpy="np2-ready")), ("native", "numpy-1", "numpy-2")),
    ],
)
def test_traits(files: tuple[FileFacts, ...], expected: tuple[str, ...]) -> None:
    assert Evidence(name="demo", files=files).traits == expected


def test_numpy_itself_was_built_for_no_numpy() -> None:
    assert Evidence(name="numpy", files=(a_file(numpy="np1-eager"),)).traits == ("native",)


def test_cuda_families_with_their_generation() -> None:
    needed = ("libcudart.so.12", "libcublasLt.so.12", "libcudart.so.11.0", "libcuda.so.1", "libnccl.so", "libc.so.6")
    found = Evidence(name="demo", files=(a_file(needed=needed, soname="libcudnn_ops.so.9"),))
    assert found.families == ("cublasLt.12", "cudart.11.0", "cudart.12", "cudnn_ops.9")


def test_real_wheels(wheels: Path) -> None:
    assert evidence.of(*installed(wheels, "fast-histogram")).traits == ("native", "numpy-2")
    assert evidence.of(*installed(wheels, "markupsafe")).traits == ("native",)
    assert evidence.traits(*installed(wheels, "markupsafe")) == ("code", "native")
    assert "cuda" in evidence.traits(*installed(wheels, "cuda-bindings"))  # by its name


def test_what_is_needed_is_what_readelf_shows(wheels: Path) -> None:
    readelf = shutil.which("readelf")
    if readelf is None:
        pytest.skip("needs readelf")
    checked = 0
    for name in ("fast-histogram", "markupsafe", "cuda-bindings"):
        distribution, rows = installed(wheels, name)
        for file in evidence.of(distribution, rows).files:
            path = os.path.join(distribution.location, file.path)
            said = subprocess.run([readelf, "-dVW", path], capture_output=True, text=True, check=True).stdout
            named = re.findall(r"\(NEEDED\).*\[(.+)\]|File: (\S+)", said)
            assert set(file.needed) == {one or other for one, other in named}
            assert file.size == os.path.getsize(path)
            checked += 1
    assert checked > 5


def test_without_a_record_there_is_what_the_metadata_says(wheels: Path) -> None:
    distribution, _rows = installed(wheels, "markupsafe")
    assert evidence.traits(distribution, ()) == distribution.traits == ("code", "native")


def test_what_is_no_elf_file_is_left_out(tmp_path: Path, build_wheel: BuildWheel) -> None:
    venv = new_venv(tmp_path, build_wheel(tmp_path, "odd", {"odd/a.so": "INPUT(-lb)\n", "odd/b.so": ""}))
    distribution, rows = installed(venv, "odd")
    (Path(distribution.location) / "odd" / "b.so").unlink()
    assert evidence.of(distribution, rows) == Evidence(name="odd")
    assert evidence.traits(distribution, rows) == ("code", "native")  # RECORD lists shared objects


def counting(opened: list[str]) -> Callable[[str], Elf]:
    def opener(path: str) -> Elf:
        opened.append(path)
        return Elf.open(path)

    return opener


def test_a_second_time_no_file_is_opened(wheels: Path, cache_folder: Path) -> None:
    distribution, rows = installed(wheels, "cuda-bindings")
    opened: list[str] = []
    first = evidence.of(distribution, rows, counting(opened))
    assert len(opened) == len(first.files) > 5
    [entry] = cache_folder.iterdir()
    assert entry.name == distribution.record.removeprefix("sha256:") + ".json"
    again: list[str] = []
    assert evidence.of(distribution, rows, counting(again)) == first
    assert again == []
    elsewhere = distribution.replace(record="sha256:" + "0" * 64)
    assert evidence.of(elsewhere, rows, counting(again)) == first
    assert len(again) == len(first.files)


def test_only_a_file_of_another_size_is_read_again(tmp_path: Path, cache_folder: Path) -> None:
    venv = new_venv(tmp_path, "markupsafe==3.0.2")
    distribution, rows = installed(venv, "markupsafe")
    before = evidence.of(distribution, rows)
    path = os.path.join(distribution.location, before.files[0].path)
    with open(path, "ab") as file:
        file.write(b"\0")
    opened: list[str] = []
    after = evidence.of(distribution, rows, counting(opened))
    assert opened == [os.path.realpath(path)]
    assert after.files[0].size == before.files[0].size + 1
    opened.clear()
    assert evidence.of(distribution, rows, counting(opened)) == after
    assert opened == []


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"extension":true', '"extension":1'),
        lambda text: re.sub(r'"size":\d+', '"size":"1"', text),
        lambda text: text.replace('"soname":""', '"soname":null'),
        lambda text: text.replace('"needed":[', '"needed":[1,'),
        lambda text: text.replace('"needed":[', '"need":['),
        lambda text: text.replace('"floor"', '"flaw"'),
        lambda text: text.replace('"files":[', '"files":[null,'),
        lambda text: text.replace('"files":[', '"files":{},"other":['),
    ],
)
def test_an_entry_of_another_form_is_not_believed(
    change: Callable[[str], str], wheels: Path, cache_folder: Path
) -> None:
    distribution, rows = installed(wheels, "markupsafe")
    first = evidence.of(distribution, rows)
    [entry] = cache_folder.iterdir()
    changed = change(entry.read_text())
    assert changed != entry.read_text()
    entry.write_text(changed)
    opened: list[str] = []
    assert evidence.of(distribution, rows, counting(opened)) == first
    assert len(opened) == len(first.files)


def test_without_a_record_digest_nothing_is_kept(wheels: Path, cache_folder: Path) -> None:
    distribution, rows = installed(wheels, "markupsafe")
    assert evidence.of(distribution.replace(record=""), rows).files
    assert not cache_folder.exists()


def test_a_package_whose_init_is_compiled_is_a_module(wheels: Path, tmp_path: Path) -> None:
    distribution, rows = installed(wheels, "markupsafe")
    [file] = evidence.of(distribution, rows).files
    assert file.extension
    source = os.path.join(distribution.location, file.path)
    package = tmp_path / "_speedups" / "__init__.so"
    package.parent.mkdir()
    shutil.copy(source, package)
    shutil.copy(source, tmp_path / "other.so")
    assert evidence.facts_of(Elf.open(str(package)), "x").extension
    assert not evidence.facts_of(Elf.open(str(tmp_path / "other.so")), "x").extension


@pytest.mark.wheels
def test_torchvision_links_torch_and_names_its_cuda(tmp_path: Path) -> None:
    venv = new_venv(tmp_path)
    add(venv, "torchvision==0.20.0")
    found = evidence.of(*installed(venv, "torchvision"))
    assert set(found.traits) >= {"cuda", "native", "torch-linked"}
    assert "cudart.12" in found.families
