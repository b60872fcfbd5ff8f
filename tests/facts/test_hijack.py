"""EG408: which libraries LD_LIBRARY_PATH and LD_PRELOAD replace, and what is normal."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from shared_objects import MACHINES, interpreter_of, shared_object, write

from envguard.environment import scan
from envguard.facts import hijack
from envguard.facts.natives import Natives
from envguard.model import Change, Distribution, Environment, Interpreter
from support import run, scrubbed, site_packages

pytestmark = [
    pytest.mark.skipif(os.uname().machine not in MACHINES, reason="objects are written for two machines"),
    pytest.mark.skipif("ld-linux" not in interpreter_of(sys.executable), reason="for glibc"),
]

PYTHON = Interpreter(
    implementation="cpython", version="3.11.7", soabi="cpython-311", system="linux", machine=os.uname().machine
)


class Place:
    """An environment that is written by hand: distributions with libraries, and an interpreter."""

    def __init__(self, top: Path) -> None:
        self.prefix = top / "env"
        self.site = self.prefix / "lib" / "python3.11" / "site-packages"
        self.executable = sys.executable
        self.distributions: dict[str, list[str]] = {}

    def add(self, owner: str, path: str, content: bytes) -> Path:
        """A file of a distribution."""
        self.distributions.setdefault(owner, []).append(path)
        return write(self.site / path, content)

    def environment(self) -> Environment:
        found = []
        for name, paths in self.distributions.items():
            folder = self.site / f"{name}-1.0.dist-info"
            rows = "".join(f"{path},,\n" for path in paths)
            write(folder / "RECORD", (rows + f"{name}-1.0.dist-info/RECORD,,\n").encode())
            found.append(Distribution(name=name, version="1.0", path=str(folder), location=str(self.site)))
        return Environment(
            prefix=str(self.prefix),
            paths=(str(self.site),),
            interpreter=PYTHON,
            executable=self.executable,
            distributions=tuple(found),
        )

    def observe(self, *, library_path: object = "", preload: object = "") -> list[Change]:
        with Natives(self.environment(), library_path=str(library_path), preload=str(preload)) as natives:
            return list(hijack.observe(natives))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """``alpha`` has a module that needs its own libalpha.so, and the loader may look elsewhere first (RUNPATH)."""
    place = Place(tmp_path)
    place.add("alpha", "alpha/module.so", shared_object(needed=["libalpha.so"], runpath="$ORIGIN/lib"))
    place.add("alpha", "alpha/lib/libalpha.so", shared_object(soname="libalpha.so"))
    return place


OTHER = shared_object(soname="libalpha.so", rpath="/other")


def test_without_the_variables_there_is_nothing_to_say(place: Place) -> None:
    assert place.observe() == []


def test_a_foreign_library_that_wins_is_named_with_both_files_and_owners(place: Place, tmp_path: Path) -> None:
    foreign = write(tmp_path / "opt" / "libalpha.so", OTHER)
    (change,) = place.observe(library_path=foreign.parent)
    own = place.site / "alpha" / "lib" / "libalpha.so"
    assert change == Change(
        code="EG408",
        kind="hijacked",
        package="alpha",
        locked=str(own),
        installed=str(foreign),
        path=str(foreign),
        evidence=(
            f"with LD_LIBRARY_PATH libalpha.so is {foreign}",
            "without it libalpha.so is alpha/lib/libalpha.so of alpha 1.0",
            "needed by alpha/module.so",
        ),
    )


@pytest.mark.parametrize("separator", [":", ";"])
def test_only_the_folder_that_comes_first_counts(place: Place, tmp_path: Path, separator: str) -> None:
    first = write(tmp_path / "one" / "libalpha.so", OTHER)
    second = write(tmp_path / "two" / "libalpha.so", OTHER)
    (change,) = place.observe(library_path=f"{tmp_path}/none{separator}{first.parent}{separator}{second.parent}")
    assert change.installed == str(first)


def test_a_library_that_is_found_by_rpath_cannot_be_replaced(place: Place, tmp_path: Path) -> None:
    place.add("alpha", "alpha/module.so", shared_object(needed=["libalpha.so"], rpath="$ORIGIN/lib"))
    foreign = write(tmp_path / "opt" / "libalpha.so", OTHER)
    assert place.observe(library_path=foreign.parent) == []


def test_the_same_bytes_elsewhere_are_only_noted(place: Place, tmp_path: Path) -> None:
    own = place.site / "alpha" / "lib" / "libalpha.so"
    copied = write(tmp_path / "opt" / "libalpha.so", own.read_bytes())
    (change,) = place.observe(library_path=copied.parent)
    assert (change.kind, change.evidence[-1]) == ("noted", "their bytes are the same")


def test_one_byte_makes_it_another_library(place: Place, tmp_path: Path) -> None:
    own = (place.site / "alpha" / "lib" / "libalpha.so").read_bytes()
    write(tmp_path / "opt" / "libalpha.so", own[:8] + b"\1" + own[9:])
    (change,) = place.observe(library_path=tmp_path / "opt")
    assert change.kind == "hijacked"


def test_the_same_file_by_another_path_is_nothing(place: Place, tmp_path: Path) -> None:
    own = place.site / "alpha" / "lib"
    (tmp_path / "link").symlink_to(own)
    hard = tmp_path / "hard" / "libalpha.so"
    hard.parent.mkdir()
    hard.hardlink_to(own / "libalpha.so")
    for folder in (own, tmp_path / "link", hard.parent):
        assert place.observe(library_path=folder) == []


def test_a_library_of_another_distribution_names_both_owners(place: Place) -> None:
    place.add("beta", "beta/libalpha.so", OTHER)
    (change,) = place.observe(library_path=place.site / "beta")
    assert change.kind == "hijacked"
    assert change.package == "alpha"
    assert "beta/libalpha.so of beta 1.0" in change.evidence[0]
    assert "alpha/lib/libalpha.so of alpha 1.0" in change.evidence[1]


def test_the_environments_own_folder_of_libraries_is_only_noted(place: Place) -> None:
    """As LD_LIBRARY_PATH=$CONDA_PREFIX/lib does: what lies there belongs to the environment."""
    own = write(place.prefix / "lib" / "libalpha.so", OTHER)
    (change,) = place.observe(library_path=own.parent)
    assert (change.kind, change.installed) == ("noted", str(own))


def test_an_own_library_in_place_of_the_systems_is_only_noted(place: Place, tmp_path: Path) -> None:
    place.executable = str(
        write(
            tmp_path / "bin" / "python",
            shared_object(needed=["libalpha.so"], runpath="$ORIGIN", interp=interpreter_of(sys.executable)),
        )
    )
    write(tmp_path / "bin" / "libalpha.so", OTHER)
    (change,) = place.observe(library_path=place.site / "alpha" / "lib")
    assert (change.kind, change.locked) == ("noted", f"{tmp_path}/bin/libalpha.so")


def test_what_the_interpreter_itself_needs_counts_as_well(place: Place, tmp_path: Path) -> None:
    program = shared_object(needed=["libalpha.so"], runpath="$ORIGIN", interp=interpreter_of(sys.executable))
    place.executable = str(write(tmp_path / "python" / "bin" / "python", program))
    write(tmp_path / "python" / "bin" / "libalpha.so", shared_object(soname="libalpha.so"))
    foreign = write(tmp_path / "opt" / "libalpha.so", OTHER)
    (change,) = place.observe(library_path=foreign.parent)
    assert (change.kind, change.installed) == ("hijacked", str(foreign))
    assert change.evidence[-1] == f"needed by alpha/module.so, {place.executable}"


def test_a_library_that_lies_nowhere_else_is_what_the_variable_is_for(place: Place, tmp_path: Path) -> None:
    place.add("gamma", "gamma/module.so", shared_object(needed=["libcudart.so.12"]))
    write(tmp_path / "cuda" / "libcudart.so.12", shared_object(soname="libcudart.so.12"))
    assert place.observe(library_path=tmp_path / "cuda") == []


def test_the_driver_that_a_container_mounts_is_normal(place: Place, tmp_path: Path) -> None:
    place.add(
        "gamma", "gamma/module.so", shared_object(needed=["libcuda.so.1", "libnvidia-ml.so.1"], runpath="$ORIGIN")
    )
    for name in ("libcuda.so.1", "libnvidia-ml.so.1"):
        place.add("gamma", f"gamma/{name}", shared_object(soname=name))  # a stub, as toolkits bring it
        write(tmp_path / "nvidia" / "lib64" / name, shared_object(soname=name, rpath="/real"))
    paths = f"{tmp_path}/nvidia/lib:{tmp_path}/nvidia/lib64:/usr/local/cuda/lib64"
    assert place.observe(library_path=paths) == []


def test_an_allocator_that_is_preloaded_is_only_noted(place: Place, tmp_path: Path) -> None:
    allocator = write(tmp_path / "libjemalloc.so.2", shared_object(soname="libjemalloc.so.2"))
    own = place.add("ray", "ray/libjemalloc.so", shared_object(soname="libjemalloc.so.1"))
    first, second, third = place.observe(preload=f"{allocator}:{own} libnowhere.so")
    assert {change.kind for change in (first, second, third)} == {"noted"}
    assert first.evidence == (f"{allocator} is preloaded and replaces no library of the environment",)
    assert (second.package, second.path) == ("ray", str(own))
    assert third.evidence == ("libnowhere.so is to be preloaded and cannot be loaded: the loader goes on without it",)


def test_a_preloaded_library_that_takes_the_place_of_an_own_one_is_a_finding(place: Place, tmp_path: Path) -> None:
    place.add("alpha", "alpha/module.so", shared_object(needed=["libalpha.so"], rpath="$ORIGIN/lib"))
    foreign = write(tmp_path / "opt" / "renamed.so", OTHER)
    (change,) = place.observe(preload=foreign)
    assert change.kind == "hijacked"
    assert change.evidence[0] == f"with LD_PRELOAD libalpha.so is {foreign}"
    assert place.observe(preload=foreign, library_path=tmp_path) == [change]


def test_what_a_foreign_library_brings_along_is_named_too(place: Place, tmp_path: Path) -> None:
    needs = ["libbeta.so"]
    place.add("alpha", "alpha/lib/libalpha.so", shared_object(soname="libalpha.so", needed=needs, runpath="$ORIGIN"))
    place.add("alpha", "alpha/lib/libbeta.so", shared_object(soname="libbeta.so"))
    write(tmp_path / "opt" / "libalpha.so", shared_object(needed=needs, soname="libalpha.so", rpath="$ORIGIN/beta"))
    brought = write(tmp_path / "opt" / "beta" / "libbeta.so", shared_object(soname="libbeta.so", rpath="/other"))
    first, second = place.observe(library_path=tmp_path / "opt")
    assert (first.kind, first.installed) == ("hijacked", f"{tmp_path}/opt/libalpha.so")
    assert (second.kind, second.installed) == ("hijacked", str(brought))
    assert second.locked == str(place.site / "alpha" / "lib" / "libbeta.so")


def test_an_own_library_that_the_loader_would_not_find_by_itself_is_noted(place: Place, tmp_path: Path) -> None:
    """onnxruntime-gpu finds nvidia's wheels only after torch has loaded them; a CUDA on the path comes first."""
    place.add("gamma", "gamma/provider.so", shared_object(needed=["libcudnn.so.9"]))
    place.add("cudnn", "nvidia/cudnn/lib/libcudnn.so.9", shared_object(soname="libcudnn.so.9"))
    write(tmp_path / "cuda" / "libcudnn.so.9", shared_object(soname="libcudnn.so.9", rpath="/other"))
    (change,) = place.observe(library_path=tmp_path / "cuda")
    assert (change.kind, change.package) == ("noted", "cudnn")
    assert change.evidence == (
        f"with LD_LIBRARY_PATH libcudnn.so.9 is {tmp_path}/cuda/libcudnn.so.9",
        "nvidia/cudnn/lib/libcudnn.so.9 of cudnn 1.0 is used if it was loaded before",
        "needed by gamma/provider.so",
    )


def test_where_the_loader_is_not_modelled_that_is_said_and_nothing_else(place: Place, tmp_path: Path) -> None:
    program = shared_object(needed=["libc.so"], interp="/lib/ld-musl-x86_64.so.1")
    place.executable = str(write(tmp_path / "python", program))
    for library_path, said in (("", 0), ("/opt", 1)):
        with Natives(place.environment(), library_path=library_path, preload="") as natives:
            assert list(hijack.observe(natives)) == []
            assert len(natives.blind) == said
            assert all("musl" in each for each in natives.blind)


def test_names_that_no_terminal_likes_and_garbage_are_survived(place: Place, tmp_path: Path) -> None:
    name = "lib\udcff\n" + "x" * 200 + ".so"
    place.add("alpha", "alpha/other.so", shared_object(needed=[name], runpath="$ORIGIN/lib"))
    write(place.site / "alpha" / "lib" / name, shared_object(soname=name))
    write(tmp_path / "opt" / name, shared_object(soname=name, rpath="/other"))
    (change,) = place.observe(library_path=f"{tmp_path}/opt")
    assert change.kind == "hijacked"
    write(tmp_path / "opt" / name, b"garbage")
    assert place.observe(library_path=f"{tmp_path}/opt:\udcfe/\n", preload="\udcfe\x01") != []


@pytest.fixture(scope="module")
def numpy_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    uv, venv = Path(sys.executable).parent / "uv", tmp_path_factory.mktemp("numpy") / "venv"
    assert run(uv, "venv", "-q", "--python", sys.executable, venv).returncode == 0
    python = venv / "bin" / "python"
    command = (uv, "pip", "install", "-q", "--no-deps", "--only-binary=:all:", "--python", python, "numpy==2.2.6")
    done = run(*command)
    assert done.returncode == 0, done.stderr
    return python


def loaded_with(python: Path, module: str, **variables: str) -> Iterator[str]:
    """Paths of the files that are mapped once a module is imported."""
    code = f"import {module}; print(open('/proc/self/maps').read())"
    done = subprocess.run([python, "-c", code], env=scrubbed(**variables), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        if len(row := line.split(None, 5)) == 6:
            yield os.path.realpath(row[5])


@pytest.mark.parametrize("variable", ["LD_LIBRARY_PATH", "LD_PRELOAD"])
def test_a_foreign_libstdcxx_is_found_and_is_what_a_real_import_loads(
    numpy_python: Path, tmp_path: Path, variable: str
) -> None:
    environment = scan(python=str(numpy_python))
    usual = next(path for path in loaded_with(numpy_python, "numpy") if "libstdc++.so.6" in path)
    foreign = tmp_path / "libstdc++.so.6"
    shutil.copyfile(usual, foreign)
    with foreign.open("ab") as file:
        file.write(b"another build")
    value = str(tmp_path if variable == "LD_LIBRARY_PATH" else foreign)
    loaded = set(loaded_with(numpy_python, "numpy", **{variable: value}))
    assert str(foreign) in loaded
    assert usual not in loaded
    options = {"library_path": value, "preload": ""} if variable == "LD_LIBRARY_PATH" else {"preload": value}
    with Natives(environment, **{"library_path": "", **options}) as natives:  # type: ignore[arg-type]
        (change,) = [each for each in hijack.observe(natives) if each.kind != "noted"]
    assert (change.kind, change.package, change.installed) == ("hijacked", "numpy", str(foreign))
    assert os.path.realpath(change.locked) == usual
    assert change.evidence[0] == f"with {variable} libstdc++.so.6 is {foreign}"


def test_a_healthy_environment_is_silent_under_the_paths_of_containers(numpy_python: Path, tmp_path: Path) -> None:
    environment = scan(python=str(numpy_python))
    site = site_packages(numpy_python.parent.parent)
    nvidia = "/usr/local/nvidia/lib:/usr/local/nvidia/lib64:/usr/local/cuda/lib64:/usr/local/cuda/compat/lib"
    for path in (nvidia, f"{site}/numpy.libs", f"{sys.base_prefix}/lib", str(tmp_path), "", ":", "."):
        with Natives(environment, library_path=path, preload="") as natives:
            assert [change for change in hijack.observe(natives) if change.kind != "noted"] == [], path
