import os
import subprocess
import sys
from pathlib import Path

import packaging
import pytest

from envguard.environment.interpreter import of, running
from envguard.environment.tags import supported
from envguard.model import Interpreter

PYTHONS = sorted((Path.home() / ".pyenv" / "versions").glob("3.1[0-9].*/bin/python"))
ASK = "from packaging.tags import sys_tags; print(*sys_tags())"


def test_the_running_interpreter_computed_and_asked() -> None:
    own = running()
    assert supported() == supported(own)
    other = own.replace(version=own.version + "+")  # another value of the same build
    assert list(map(str, supported(other))) == list(map(str, supported(own)))


@pytest.mark.parametrize("python", PYTHONS, ids=lambda path: path.parts[-3])
def test_another_interpreter_as_packaging_answers_inside_it(python: Path) -> None:
    folder = os.path.dirname(os.path.dirname(packaging.__file__))
    command = [str(python), "-I", "-c", f"import sys; sys.path.insert(0, {folder!r}); {ASK}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert list(map(str, supported(of(str(python))[0]))) == done.stdout.split()


@pytest.mark.parametrize(
    ("soabi", "libc", "machine", "accepts", "refuses"),
    [
        ("cpython-311-x86_64-linux-musl", "musl 1.2.4", "x86_64", "cp311-cp311-musllinux_1_2_x86_64", "manylinux"),
        ("cpython-313t-x86_64-linux-gnu", "glibc 2.36", "x86_64", "cp313-cp313t-manylinux_2_36_x86_64", "abi3-"),
        ("cpython-311-aarch64-linux-gnu", "glibc 2.28", "aarch64", "cp311-abi3-manylinux2014_aarch64", "2_29"),
        ("cpython-311-i386-linux-gnu", "glibc 2.36", "x86_64", "cp311-cp311-manylinux1_i686", "x86_64"),
        ("pypy310-pp73-x86_64-linux-gnu", "glibc 2.36", "x86_64", "pp310-pypy310_pp73-manylinux_2_17_x86_64", "cp310"),
    ],
)
def test_other_platforms(soabi: str, libc: str, machine: str, accepts: str, refuses: str) -> None:
    version = {"cpython-313t": "3.13.1", "pypy310-pp73": "3.10.14"}.get("-".join(soabi.split("-")[:2]), "3.11.7")
    version = "3.13.1" if "313" in soabi else version
    whom = Interpreter(implementation="pypy" if "pypy" in soabi else "cpython", version=version, soabi=soabi,
                       system="linux", machine=machine, libc=libc)  # fmt: skip
    tags = list(map(str, supported(whom)))
    assert accepts in tags
    assert not [tag for tag in tags if refuses in tag]
    assert tags[-1] == "py30-none-any"
    assert sys.platform == "linux"
