"""Byte code: whatever Python writes is fine, whatever it would run and did not write is not."""

import importlib.util
import marshal
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from envguard.environment import scan
from envguard.environment.interpreter import running
from envguard.errors import UnverifiableError
from envguard.facts import bytecode
from envguard.model import Environment

SOURCE = '''
"""A doc string that -OO drops."""
import os.path
VALUES = (1, 1.0, True, -0.0, 0.0, 1j, "text", b"bytes", None, ..., float("nan"))
def outer(a, /, b=2, *, c: int = 3):
    def inner():
        return a in {"x", "y", "z"} and b in {1, 2.5, "é"}
    assert c, "asserted"
    return lambda: (inner, [x for x in range(a)], f"{a!r:>{b}}")
class C:
    async def f(self):
        async with self as x:
            yield x
'''


@pytest.fixture
def environment(place: Path) -> Environment:
    return scan(python=str(place / "bin" / "python"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "package" / "module.py"
    path.parent.mkdir()
    path.write_text(SOURCE, encoding="utf-8")
    return path


def compiled(source: Path, text: str = "", *, flags: int = 0, optimisation: str = "") -> Path:
    """Byte code of ``text`` under a header that names the source's time and size."""
    path = Path(importlib.util.cache_from_source(str(source), optimization=optimisation))
    path.parent.mkdir(exist_ok=True)
    data = text.encode() if text else source.read_bytes()
    code = compile(data, str(source), "exec", dont_inherit=True, optimize=int(optimisation or 0))
    status = source.stat()
    header = struct.pack("<II", int(status.st_mtime), status.st_size)
    if flags & 1:
        header = importlib.util.source_hash(source.read_bytes())
    path.write_bytes(importlib.util.MAGIC_NUMBER + struct.pack("<I", flags) + header + marshal.dumps(code))
    return path


def judged(path: Path, environment: Environment) -> bytecode.Judgement:
    return bytecode.judge([str(path)], environment)[str(path)]


@pytest.mark.parametrize("mode", ["timestamp", "checked-hash"])
@pytest.mark.parametrize("optimisation", ["0", "1", "2"])
def test_what_python_compiles_is_what_its_source_says(
    source: Path, environment: Environment, mode: str, optimisation: str
) -> None:
    command = [sys.executable, "-m", "compileall", "-q", "-o", optimisation, "--invalidation-mode", mode]
    for seed in ("1", "2"):  # sets of constants have another order
        done = subprocess.run([*command, "-f", str(source)], env={"PYTHONHASHSEED": seed}, check=True)
        assert done.returncode == 0
        (path,) = source.parent.glob("__pycache__/*.pyc")
        assert judged(path, environment).verdict == "same"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a in {", "b in {"),
        ("1.0, True", "1, True"),
        ("1, 1.0", "True, 1.0"),
        ("-0.0", "0.0"),
        ('"z"', '"w"'),
        ("b=2", "b=4"),
        ("c: int = 3", "c: float = 3"),
        ("import os.path", "import os"),
        ("async def f", "async def g"),
        ("(inner, ", "(outer, "),
        ("range(a)", "range(b)"),
        ("\nclass", "\n\nclass"),
    ],
)
def test_poison_is_found_however_small(source: Path, environment: Environment, old: str, new: str) -> None:
    assert old in SOURCE
    path = compiled(source, SOURCE.replace(old, new, 1))
    assert judged(path, environment) == ("poisoned", "it is not what its source compiles to")


@pytest.mark.parametrize("optimisation", ["1", "2"])
def test_poison_for_an_optimised_start_is_found(source: Path, environment: Environment, optimisation: str) -> None:
    assert judged(compiled(source, optimisation=optimisation), environment).verdict == "same"
    assert judged(compiled(source, "x = 1", optimisation=optimisation), environment).verdict == "poisoned"


def test_unchecked_byte_code_is_poison_and_checked_is_compared(source: Path, environment: Environment) -> None:
    assert "without a look at its source" in judged(compiled(source, flags=0b01), environment).why
    assert judged(compiled(source, flags=0b11), environment).verdict == "same"
    assert judged(compiled(source, "x = 1", flags=0b11), environment).verdict == "poisoned"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "does not load"),
        (b"N", "not what its source compiles to"),
        (b"\xff" * 40, "does not load"),
        (b"(\xff\xff\xff\x7f", "does not load"),
        (b")\x01" * 100_000 + b"N", ""),
    ],
)
def test_hostile_byte_code_is_poison_and_harms_nothing(
    source: Path, environment: Environment, payload: bytes, why: str
) -> None:
    path = compiled(source)
    path.write_bytes(path.read_bytes()[:16] + payload)
    found = judged(path, environment)
    assert found.verdict == "poisoned"
    assert why in found.why


def test_byte_code_that_ends_the_process_is_poison_and_the_next_file_is_still_judged(
    source: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good = compiled(source)
    program = tmp_path / "program.py"
    text = Path(bytecode._PROGRAM).read_text()
    program.write_text(text.replace("found = marshal", "os.abort() if 'bad' in bytecode else None; found = marshal"))
    monkeypatch.setattr(bytecode, "_PROGRAM", str(program))
    other = source.with_name("bad.py")
    other.write_text(SOURCE)
    bad = compiled(other)
    found = bytecode.judge([str(bad), str(good)], environment)
    assert found[str(bad)] == ("poisoned", "loading it ended the interpreter (-6)")
    assert found[str(good)].verdict == "same"


@pytest.mark.parametrize("what", ["touched", "longer", "magic", "short", "flags", "other tag", "no source", "no name"])
def test_what_python_would_not_run_is_unused(source: Path, environment: Environment, what: str) -> None:
    path = compiled(source, "poison = 1")
    data = path.read_bytes()
    if what == "touched":
        os.utime(source, (1, 1))
    elif what == "longer":
        status = source.stat()
        source.write_text(SOURCE + "\n")
        os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif what == "magic":
        path.write_bytes(b"\0\0\r\n" + data[4:])
    elif what == "short":
        path.write_bytes(data[:15])
    elif what == "flags":
        path.write_bytes(data[:4] + b"\x04" + data[5:])
    elif what == "other tag":
        path = path.rename(path.with_name("module.cpython-27.pyc"))
    elif what == "no source":
        source.unlink()
    else:
        path = path.rename(path.with_name("module.pyc"))
    assert judged(path, environment).verdict == "unused"


def test_a_source_that_does_not_compile_has_no_byte_code(source: Path, environment: Environment) -> None:
    path = compiled(source)
    status = source.stat()
    source.write_bytes(b"(" * status.st_size)
    os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "does not compile" in judged(path, environment).why


def test_an_interpreter_that_runs_has_to_answer(
    source: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = compiled(source)
    own = environment.replace(interpreter=running())

    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    assert judged(path, own).verdict == "same"
    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(UnverifiableError, match="gives no answer \\(permission denied\\)"):
        judged(path, own)


def test_a_source_that_cannot_be_asked_for_is_not_taken_for_gone(
    source: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = compiled(source, "print('poison')")
    real = os.stat

    def fail(asked: str) -> os.stat_result:
        if asked == str(source):
            raise OSError(5, "Input/output error")
        return real(asked)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", fail)
        said = judged(path, environment)
    assert said.verdict == "poisoned"


def test_without_an_interpreter_nothing_is_claimed(source: Path, environment: Environment, tmp_path: Path) -> None:
    other = environment.interpreter.replace(version="3.99.0")
    path = compiled(source, "poison = 1")
    path = path.rename(path.with_name("module.cpython-399.pyc"))
    nowhere = environment.replace(interpreter=other, prefix=str(tmp_path))
    assert judged(path, nowhere).verdict == "unknown"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.cpython-311.pyc", ("/p/a.py", "cpython-311", 0)),
        ("a.b.cpython-311.opt-2.pyc", ("/p/a.b.py", "cpython-311", 2)),
        ("a.cpython-311.opt-3.pyc", ("/p/a.py", "cpython-311", 2)),
        ("a.cpython-311-pytest-8.4.0.pyc", ("/p/a.cpython-311-pytest-8.4.py", "0", 0)),
        ("a.pyc", None),
        ("a.cpython-311.opt-x.pyc", None),
        ("a.cpython-311.pyc.1234", None),
    ],
)
def test_names_of_byte_code(name: str, expected: object) -> None:
    assert bytecode.source_of(f"/p/__pycache__/{name}") == expected


def test_only_files_of_pycache_are_cached() -> None:
    assert bytecode.is_cached("/p/__pycache__/a.cpython-311.pyc")
    assert bytecode.is_cached("/p/__pycache__/a.cpython-311.pyc.140245")
    assert not bytecode.is_cached("/p/__pycache__/a.py")
    assert not bytecode.is_cached("/p/__pycache__/a.pyc.so")
    assert not bytecode.is_cached("/p/a.pyc")
