"""Where the loader looks for libraries: what is predicted is what the loader of this machine says it would load."""

import os
import random
import subprocess
import time
from pathlib import Path

import pytest
from random_worlds import random_world
from shared_objects import MACHINES, interpreter_of, same_spelling, shared_object, trace, write

from envguard.facts import ld_program
from envguard.facts.elf import Elf
from envguard.facts.ld_files import Files
from envguard.facts.ld_processor import Processor
from envguard.facts.ld_search import Search
from envguard.facts.ld_so import LdSo

pytestmark = pytest.mark.skipif(os.uname().machine not in MACHINES, reason="objects are written for two machines")


@pytest.fixture(scope="module")
def interp() -> str:
    return interpreter_of("/proc/self/exe")


def predicted(program: Path, **variables: str) -> tuple[list[str], list[str]]:
    names = {"LD_LIBRARY_PATH": "library_path", "LD_PRELOAD": "preload"}
    options = {names[name]: value for name, value in variables.items()}
    with LdSo(str(program), preload_file="/nonexistent", **options) as loader:  # type: ignore[arg-type]
        assert loader.unmodelled == ""
        return [elf.path for elf in loader.scope[1:]], [name for _, name in loader.missing]


def agree(program: Path, **variables: str) -> list[str]:
    """What the loader would load, which must be what was predicted. Paths are compared as files."""
    found, missing = trace(program, cwd=Path.cwd(), **variables)
    expected, expected_missing = predicted(program, **variables)
    assert [list(map(os.path.realpath, expected)), list(map(same_spelling, expected_missing))] == [
        list(map(os.path.realpath, found)),
        list(map(same_spelling, missing)),
    ]
    return [os.path.realpath(path) for path in found]


def test_the_cache_s_path_for_a_better_processor_comes_first_if_it_is_one(tmp_path: Path, interp: str) -> None:
    for folder in ("lib", "lib/glibc-hwcaps/best", "lib/glibc-hwcaps/x86-64-v9"):
        write(tmp_path / folder / "liba.so", shared_object())
    program = write(tmp_path / "program", shared_object(needed=["liba.so"], interp=interp))
    plain, unknown = f"{tmp_path}/lib/liba.so", f"{tmp_path}/lib/glibc-hwcaps/x86-64-v9/liba.so"
    with LdSo(str(program), cache={"liba.so": (unknown, plain)}) as loader:
        assert loader.names["liba.so"].path == plain
    elf = Elf.open(str(program))
    system = ld_program.examine(interp, elf.machine, elf.bits)
    best = f"{tmp_path}/lib/glibc-hwcaps/best/liba.so"
    search = Search(
        elf,
        system=system,
        processor=Processor("", ("best",), ()),
        files=Files(),
        cache={"liba.so": (unknown, plain, best)},
        library_path="",
    )
    found = search.find("liba.so", elf, [elf])
    assert found is not None
    assert (found.elf.path, found.how) == (best, "cache")


def test_a_path_from_the_cache_that_is_gone_leads_to_the_usual_folders(tmp_path: Path, interp: str) -> None:
    program = write(tmp_path / "program", shared_object(needed=["libz.so.1"], interp=interp))
    with LdSo(str(program), cache={"libz.so.1": (f"{tmp_path}/libz.so.1",)}) as loader:
        assert [name for _, name in loader.missing] == trace(program)[1]


@pytest.mark.parametrize(
    "content",
    [
        b"/* GNU ld script */",
        b"",
        b"\x7fELF\x02",
        b"\x7fELF" + bytes(60),
        b"\x7fELF\x01\x01\x01" + b"\xff" * 57,
        shared_object(machine=40)[:64] + bytes(300),
        shared_object()[:64],
        shared_object()[:16] + b"\x02" + shared_object()[17:],
        shared_object()[:56] + bytes(8) + shared_object()[64:],
    ],
    ids=["script", "empty", "short", "no class", "other class", "other machine", "cut", "program", "no headers"],
)
def test_a_file_that_cannot_be_loaded_is_passed_over_or_ends_the_search_as_in_the_loader(
    tmp_path: Path, interp: str, content: bytes
) -> None:
    write(tmp_path / "one" / "liba.so", content)
    write(tmp_path / "two" / "liba.so", shared_object())
    paths = f"{tmp_path}/one:{tmp_path}/two"
    program = write(tmp_path / "program", shared_object(needed=["liba.so"], rpath=paths, interp=interp))
    done = subprocess.run([program], env={"LD_TRACE_LOADED_OBJECTS": "1"}, capture_output=True, text=True, check=False)
    if done.returncode:
        assert "liba.so: " in done.stderr
        assert predicted(program) == ([], ["liba.so"])
    else:
        agree(program)


def test_folders_that_may_be_entered_but_not_listed_are_looked_into(
    tmp_path: Path, interp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests may run as root, to whom everything may be listed."""
    write(tmp_path / "lib" / "tls" / "liba.so", shared_object(soname="liba.so"))
    program = write(tmp_path / "program", shared_object(needed=["liba.so"], rpath="$ORIGIN/lib", interp=interp))
    found = predicted(program)
    listdir = os.listdir

    def refuse(folder: str) -> list[str]:
        if folder.startswith(str(tmp_path)):
            raise PermissionError
        return listdir(folder)

    monkeypatch.setattr(os, "listdir", refuse)
    assert predicted(program) == found


def test_endless_paths_end(tmp_path: Path, interp: str) -> None:
    library = shared_object(needed=[f"lib{number}.so" for number in range(9000)], rpath="$ORIGIN:" * 8000)
    write(tmp_path / "liba.so", library)
    program = write(tmp_path / "program", shared_object(needed=["liba.so"], rpath="$ORIGIN", interp=interp))
    started = time.thread_time()
    assert len(predicted(program)[1]) == 4096
    assert time.thread_time() - started < 5


def compare_worlds(seeds: range, top: Path, interp: str, monkeypatch: pytest.MonkeyPatch) -> int:
    loaded = 0
    for seed in seeds:
        print("seed", seed)
        world = top / str(seed)
        world.mkdir()
        monkeypatch.chdir(world)
        program, variables = random_world(random.Random(seed), world, interp)
        print(variables)
        loaded += len(agree(program, **variables))
    return loaded


def test_random_worlds_are_loaded_as_predicted(tmp_path: Path, interp: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = random.randrange(10**9)
    assert compare_worlds(range(first, first + 60), tmp_path, interp, monkeypatch) > 60


@pytest.mark.slow
def test_many_random_worlds_are_loaded_as_predicted(
    tmp_path: Path, interp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = random.randrange(10**9)
    assert compare_worlds(range(first, first + 2000), tmp_path, interp, monkeypatch) > 2000
