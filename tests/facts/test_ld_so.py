"""What the loader would load, held against what it does load in a child of the real interpreter."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from glob import glob
from pathlib import Path
from typing import NamedTuple

import pytest
from random_worlds import OTHER_MACHINE, random_world
from shared_objects import interpreter_of, same_spelling, shared_object, trace, write

from envguard.facts.elf import Elf
from envguard.facts.ld_so import LdSo
from support import run, scrubbed, site_packages

pytestmark = pytest.mark.skipif("ld-linux" not in interpreter_of(sys.executable), reason="for glibc")

OPENING = Path(__file__).parent / "opening.py"
UV = Path(sys.executable).parent / "uv"
SMALL_WHEELS = (
    "numpy==2.2.6",
    "lxml==5.3.0",
    "pyzmq==26.2.0",
    "orjson==3.10.11",
    "pillow==11.0.0",
    "psycopg-binary==3.2.3",
)
MORE_WHEELS = (
    *SMALL_WHEELS,
    "scipy==1.15.3",
    "pandas==2.2.3",
    "scikit-learn==1.6.1",
    "opencv-python-headless==4.11.0.86",
    "pyarrow==18.1.0",
    "onnxruntime==1.20.1",
    "matplotlib==3.10.0",
    "h5py==3.12.1",
    "shapely==2.0.6",
    "grpcio==1.68.0",
    "cryptography==43.0.3",
)


NOT_FOUND = ": cannot open shared object file"


class Opened(NamedTuple):
    """What dlopen did with one file."""

    path: str
    error: str
    loaded: list[str]
    before: frozenset[str]
    """Canonical paths of what the process had loaded."""


def interpreters() -> list[str]:
    """Every Python of this machine, each once: shared libpython, static libpython, and the distribution's own."""
    places = [sys.executable, "/usr/bin/python3", *glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python3"))]
    return sorted({os.path.realpath(place) for place in places if os.path.exists(place)})


def opened(python: str | Path, paths: list[str], **variables: str) -> Iterator[Opened]:
    """Open each file in a child of its own, with RTLD_NOW."""
    assert paths
    done = subprocess.run(
        [python, OPENING],
        input="\n".join(paths),
        env=scrubbed(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    there, *answers = map(json.loads, done.stdout.splitlines())
    before = frozenset(map(os.path.realpath, there))
    assert [answer["path"] for answer in answers] == paths
    for answer in answers:
        yield Opened(answer["path"], answer.get("error", ""), answer.get("loaded", []), before)


def prediction(loader: LdSo, path: str, before: frozenset[str]) -> tuple[list[str], list[str]]:
    """The errors of which dlopen would name one, and the files that it would load, in its order."""
    elf = loader.load(path)
    assert elf is not None, path
    order, missing, _ = loader.closure(elf)
    if missing:
        return [f"{same_spelling(missing[0][1])}{NOT_FOUND}"], []
    errors = [loader.worded(each, need, order) for each in order for need in loader.missing_versions(each, order)]
    if not errors:
        symbols = [(each, wanted) for each in order for wanted in loader.unresolved(each, order)]
        errors = [f"{each.path}: undefined symbol: {wanted.name.decode()}" for each, wanted in symbols]
        errors += [f"{error}, version {wanted.version}" for error, (_, wanted) in zip(errors, symbols, strict=True)]
    loaded = [os.path.realpath(each.path) for each in order if each not in loader.scope]
    return errors, [path for path in loaded if path not in before]


def disagreements(python: str | Path, paths: list[str], **variables: str) -> list[str]:
    """Where the prediction and dlopen differ."""
    given = {"LD_LIBRARY_PATH": "library_path", "LD_PRELOAD": "preload"}
    options = {given[name]: value for name, value in variables.items()}
    found = []
    with LdSo(str(python), **options) as loader:  # type: ignore[arg-type]
        if loader.missing:
            return ["it starts"] if run(python, "-c", "", cwd=Path.cwd(), **variables).returncode == 0 else []
        for each in opened(python, paths, **variables):
            if os.path.realpath(each.path) in each.before:
                continue  # this very process had it
            errors, loaded = prediction(loader, each.path, each.before)
            name, cannot, _why = each.error.partition(NOT_FOUND)
            error = same_spelling(name) + cannot
            agrees = error in errors if errors else not error
            if not agrees or (not errors and loaded != list(map(os.path.realpath, each.loaded))):
                found.append(f"{each.path}: {errors or loaded} predicted, {each.error or each.loaded} seen")
    return found


def shared_objects_below(folder: str | Path) -> list[str]:
    found = [path for path in glob(f"{folder}/**/*.so*", recursive=True) if os.path.isfile(path)]
    return sorted(path for path in found if path.endswith(".so") or path[-1].isdigit())


Install = Callable[..., Path]


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """Make a venv with wheels from the index; gives its interpreter."""

    def make(wheels: tuple[str, ...], *options: str) -> Path:
        venv = tmp_path_factory.mktemp("wheels") / "venv"
        assert run(UV, "venv", "-q", "--python", sys.executable, venv).returncode == 0
        python = venv / "bin" / "python"
        command = (UV, "pip", "install", "-q", "--no-deps", "--only-binary=:all:", *options, "--python", python)
        done = run(*command, *wheels)
        assert done.returncode == 0, done.stderr
        return python

    return make


@pytest.fixture(scope="module")
def small(install: Install) -> Path:
    """Not to be changed."""
    return install(SMALL_WHEELS, "--link-mode=copy")


@pytest.fixture
def python(small: Path, tmp_path: Path) -> Path:
    """The interpreter of a copy, to do anything with."""
    shutil.copytree(small.parent.parent, tmp_path / "venv", symlinks=True)
    return tmp_path / "venv" / "bin" / "python"


@pytest.mark.parametrize("python", interpreters())
def test_an_interpreter_is_loaded_with_what_was_predicted(python: str) -> None:
    found, missing = trace(Path(python))
    with LdSo(python, preload_file="/nonexistent") as loader:
        assert ([elf.path for elf in loader.scope[1:]], loader.missing) == (found, ())
    assert missing == []


@pytest.mark.parametrize("python", interpreters())
def test_the_standard_library_of_every_interpreter_opens_as_predicted(python: str) -> None:
    said = run(python, "-c", "import sysconfig; print(sysconfig.get_path('platstdlib'))").stdout.strip()
    assert disagreements(python, shared_objects_below(f"{said}/lib-dynload")) == []


def test_real_wheels_open_as_predicted(small: Path) -> None:
    paths = shared_objects_below(site_packages(small.parent.parent))
    assert len(paths) > 60
    assert disagreements(small, paths) == []


@pytest.mark.slow
def test_many_real_wheels_open_as_predicted(install: Install) -> None:
    python = install(MORE_WHEELS)
    paths = shared_objects_below(site_packages(python.parent.parent))
    assert len(paths) > 350
    assert disagreements(python, paths) == []


def test_wheels_that_are_links_into_a_cache_find_their_libraries_beside_the_links(install: Install) -> None:
    python = install(("numpy==2.2.6", "pillow==11.0.0"), "--link-mode=symlink")
    paths = shared_objects_below(site_packages(python.parent.parent))
    assert any(map(os.path.islink, paths))
    assert disagreements(python, paths) == []


def compare_worlds(seeds: range, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in seeds:
        print("seed", seed)
        world = top / str(seed)
        world.mkdir()
        monkeypatch.chdir(world)
        _program, variables = random_world(random.Random(seed), world, interpreter_of(sys.executable))
        print(variables)
        libraries = [path for path in world.glob("d*/**/lib*.so") if Elf.open(str(path)).machine != OTHER_MACHINE]
        paths = sorted(map(str, libraries))
        assert disagreements(sys.executable, paths, **variables) == []


def test_random_libraries_open_as_predicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = random.randrange(10**9)
    compare_worlds(range(first, first + 10), tmp_path, monkeypatch)


@pytest.mark.slow
def test_many_random_libraries_open_as_predicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = random.randrange(10**9)
    compare_worlds(range(first, first + 300), tmp_path, monkeypatch)


def some_extension(python: Path, pattern: str) -> Path:
    return next(iter(sorted(site_packages(python.parent.parent).glob(pattern))))


def test_a_library_that_was_removed_is_missing_in_the_words_of_dlopen(python: Path) -> None:
    extension = some_extension(python, "numpy/_core/_multiarray_umath*.so")
    removed = some_extension(python, "numpy.libs/libscipy_openblas*")
    removed.unlink()
    (answer,) = opened(python, [str(extension)])
    assert answer.error.startswith(f"{removed.name}: cannot open")
    assert disagreements(python, [str(extension)]) == []


def test_a_version_that_the_c_library_lacks_is_worded_as_dlopen_does(python: Path) -> None:
    extension = some_extension(python, "numpy/_core/_multiarray_umath*.so")
    known = max(need.version for need in Elf.open(str(extension)).version_needs() if need.file == "libc.so.6").encode()
    future = b"GLIBC_" + b"9" * (len(known) - len(b"GLIBC_"))
    # The loader compares hashes first; that of the name stands beside it, see elf/dl-version.c.
    data = extension.read_bytes().replace(known + b"\0", future + b"\0").replace(sysv_hash(known), sysv_hash(future))
    extension.write_bytes(data)
    (answer,) = opened(python, [str(extension)])
    assert f"version `{future.decode()}' not found" in answer.error
    with LdSo(str(python)) as loader:
        elf = loader.load(str(extension))
        assert elf is not None
        order = loader.closure(elf).order
        assert loader.worded(elf, loader.missing_versions(elf, order)[0], order) == answer.error


def sysv_hash(name: bytes) -> bytes:
    value = 0
    for letter in name:
        value = (value << 4) + letter
        value = (value ^ (value & 0xF0000000) >> 24) & 0x0FFFFFFF
    return value.to_bytes(4, "little")


def test_a_symbol_that_nobody_has_is_named_as_dlopen_does(python: Path) -> None:
    extension = some_extension(python, "PIL/_imagingmath*.so")
    symbols = [each.name for each in Elf.open(str(extension)).undefined() if not each.weak]
    known = next(name for name in symbols if name.startswith(b"PyArg_"))
    extension.write_bytes(extension.read_bytes().replace(known + b"\0", b"QyArg_" + known[6:] + b"\0"))
    (answer,) = opened(python, [str(extension)])
    assert "undefined symbol: QyArg_" in answer.error
    assert disagreements(python, [str(extension)]) == []


@pytest.mark.parametrize("variable", ["LD_LIBRARY_PATH", "LD_PRELOAD"])
def test_a_library_of_the_same_name_is_loaded_first_as_predicted(small: Path, tmp_path: Path, variable: str) -> None:
    extension = str(some_extension(small, "numpy/_core/_multiarray_umath*.so"))
    with LdSo(str(small)) as loader:
        elf = loader.load(extension)
        assert elf is not None
        usual = loader.closure(elf).names["libstdc++.so.6"].path
    copied = tmp_path / "libstdc++.so.6"
    shutil.copyfile(usual, copied)
    value = str(tmp_path) if variable == "LD_LIBRARY_PATH" else str(copied)
    assert disagreements(small, [extension], **{variable: value}) == []
    options = {"library_path": value} if variable == "LD_LIBRARY_PATH" else {"preload": value}
    with LdSo(str(small), **options) as loader:  # type: ignore[arg-type]
        elf = loader.load(extension)
        assert elf is not None
        assert str(copied) in {each.path for each in (*loader.scope, *loader.closure(elf).order)}


def test_what_is_already_loaded_is_asked_before_any_folder(small: Path, tmp_path: Path) -> None:
    """A second file of the C library's name on the way is not looked at: the interpreter has one."""
    extension = str(some_extension(small, "numpy/_core/_multiarray_umath*.so"))
    with LdSo(str(small)) as loader:
        elf = loader.load(extension)
        assert elf is not None
        closure = loader.closure(elf)
        assert "libc.so.6" not in closure.names
        assert loader.names["libc.so.6"] in closure.order


@pytest.mark.parametrize(
    ("interp", "said"),
    [("/lib/ld-musl-x86_64.so.1", "musl"), (None, "statically"), ("/system/bin/linker64", "Android")],
)
def test_other_loaders_are_not_modelled_and_that_is_said(tmp_path: Path, interp: str | None, said: str) -> None:
    program = write(tmp_path / "python", shared_object(interp=interp, needed=["libc.so"]))
    with LdSo(str(program)) as loader:
        assert said in loader.unmodelled
        assert loader.scope == ()
        elf = loader.load(str(program))
        assert elf is not None
        assert loader.find("libc.so", elf, [elf]) is None


@pytest.mark.parametrize("content", [b"#!/bin/sh\nexec python3\n", b"", b"\x7fELF"])
def test_a_program_that_is_none_is_not_modelled_and_that_is_said(tmp_path: Path, content: bytes) -> None:
    program = write(tmp_path / "python", content)
    assert "can be read" in LdSo(str(program)).unmodelled
    assert "can be read" in LdSo(str(tmp_path / "absent")).unmodelled
    assert "not known" in LdSo("").unmodelled


def test_a_cache_that_cannot_be_read_is_left_out_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from envguard.facts import ld_cache

    garbage = tmp_path / "ld.so.cache"
    garbage.write_bytes(b"nonsense")
    read = ld_cache.read
    monkeypatch.setattr(ld_cache, "read", lambda _path: read(str(garbage)))
    with LdSo(sys.executable) as loader:
        assert "left out" in loader.remarks[0]
        assert "libc.so.6" in loader.names


def test_preloading_by_file_is_read_without_comments(tmp_path: Path) -> None:
    listed = tmp_path / "ld.so.preload"
    library = write(tmp_path / "liba.so", shared_object(soname="liba.so"))
    listed.write_text(f"# first\n{library}:libnowhere.so # last libz.so.1\n")
    with LdSo(sys.executable, preload_file=str(listed)) as loader:
        assert [(entry, elf is not None) for entry, elf in loader.preloaded] == [
            (str(library), True),
            ("libnowhere.so", False),
        ]
        assert loader.scope[1].path == str(library)
