"""The golden file: what is written can be read, installs, is the same for the same environment, and breaks loudly."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import envguard
from envguard import quick
from envguard.errors import LockError
from envguard.formats import envguard_lock
from envguard.model import CondaPackage, Distribution, Manifest, Rule, Source
from support import LINUX, run, scrubbed, site_packages

HERE = LINUX
RECORD = "sha256:" + "ab" * 32


def dist(name: str, version: str, **facts: object) -> Distribution:
    return Distribution(name=name, version=version, path="", location="", **facts)  # type: ignore[arg-type]


def reseal(body: bytes, packages: int) -> bytes:
    body += f"# envguard: end packages={packages} sha256:{hashlib.sha256(body).hexdigest()} ".encode()
    return body + f"{quick.checksum(body)}\n".encode()


def lock(*distributions: Distribution, **parts: object) -> bytes:
    return envguard_lock.write(interpreter=HERE, distributions=distributions, **parts)  # type: ignore[arg-type]


def test_what_is_written_is_read_back() -> None:
    data = lock(
        dist("torch", "2.5.0+cu124", record=RECORD, tags=("cp311-cp311-linux_x86_64",), variant="cu124"),
        dist("six", "1.16.0"),
        dist("odd", "2004d"),
        dist("wheel-file", "1.0", source=Source(kind="archive", url="https://x.example/w-1.0-py3-none-any.whl",
                                                digest="sha256:" + "0" * 64)),
        dist("from-git", "1.0", source=Source(kind="vcs", url="https://x.example/r.git", revision="f" * 40)),
        dist("mine", "0.1", source=Source(kind="directory", url="file:///srv/app", editable=True)),
        conda=[CondaPackage(name="zlib", version="1.3.1", build="h4ab_1", channel="conda-forge", subdir="linux-64",
                            digest="md5:" + "1" * 32)],
        rules=[Rule(id="r", verdict="safe", reason="because\n\u4f60", package=("six",))],
        manifest=Manifest(path="envguard.lock.files", sha256="2" * 64, files=3),
        bypass=True,
    )  # fmt: skip
    read = envguard_lock.parse(data, path="envguard.lock")
    pins = {pin.name: pin for pin in read.pins}
    assert read.interpreter == HERE
    assert read.sha256 == hashlib.sha256(data).hexdigest()
    assert read.bypass
    assert read.manifest == Manifest(path="envguard.lock.files", sha256="2" * 64, files=3)
    assert [(rule.id, rule.reason) for rule in read.rules] == [("r", "because\n\u4f60")]
    assert (pins["torch"].version, pins["torch"].variant, pins["torch"].record) == ("2.5.0+cu124", "cu124", RECORD)
    assert pins["torch"].tags == ("cp311-cp311-linux_x86_64",)
    assert pins["odd"].version == "2004d"
    assert pins["wheel-file"].source == Source(
        kind="archive", url="https://x.example/w-1.0-py3-none-any.whl", digest="sha256:" + "0" * 64
    )
    assert pins["from-git"].source == Source(kind="vcs", url="https://x.example/r.git", revision="f" * 40)
    assert pins["mine"].source == Source(kind="directory", url="file:///srv/app", editable=True)
    assert pins["mine"].version == "0.1"
    assert (pins["zlib"].manager, pins["zlib"].build, pins["zlib"].channel) == ("conda", "h4ab_1", "conda-forge")
    assert [pin.line for pin in read.pins] == sorted(pin.line for pin in read.pins)
    lines = data.decode().splitlines()
    assert any(line.startswith("from-git @ git+https://x.example/r.git@" + "f" * 40) for line in lines)
    assert all(lines[pin.line - 1].startswith((pin.text, f"# envguard: conda {pin.text}")) for pin in read.pins)


def test_lines_are_sorted_whatever_the_order() -> None:
    one, two = dist("six", "1.16.0", record=RECORD), dist("attrs", "24.2.0", record=RECORD)
    assert lock(one, two) == lock(two, one)


@pytest.mark.parametrize(
    ("change", "line", "problem"),
    [
        (lambda data: data.replace(b"1.16.0", b"1.17.0"), 6, "the seal does not fit"),
        (lambda data: data[:-30], 6, "the last line is no seal|seal does not fit"),
        (lambda data: data[: data.rfind(b"# envguard: end")], 6, "the last line is no seal"),
        (lambda data: data.replace(b"lock 1\n", b"lock 2\n"), 1, "lock format '2'"),
        (lambda data: b"\n" + data, 1, "the first line is not"),
        (lambda data: data.replace(b"six", b"s\xc3\xadx"), 5, "a byte that is not ASCII"),
        (lambda data: data.replace(b"\n", b"\r\n"), 1, "CRLF"),
        (lambda data: data.replace(b"six==", b"<<<<<<< HEAD\nsix==") + b">>>>>>> x\n", 5, "merge conflict"),
    ],
)
def test_a_changed_file_is_an_error_with_its_line(change: Callable[[bytes], bytes], line: int, problem: str) -> None:
    data = change(lock(dist("six", "1.16.0"), dist("attrs", "24.2.0")))
    with pytest.raises(LockError, match=problem) as caught:
        envguard_lock.parse(data, path="envguard.lock")
    assert (caught.value.path, caught.value.line) == ("envguard.lock", line)


@pytest.mark.parametrize(
    "line",
    [
        b"# envguard: future thing",
        b"# a remark",
        b"",
        b"six>=1.16.0",
        b"six",
        b"Six==1.16.0",
        b"six==1.16.0  # envguard: colour=red",
        b"six==1.16.0  # envguard: record=sha256:abc",
        b"six==1.16.0  # envguard: record=" + RECORD.encode() + b" record=" + RECORD.encode(),
        b"six @ https://x.example/six.whl",
        b"# envguard: conda zlib=1.3",
        b"# envguard: manifest ../x sha256=" + b"0" * 64 + b" files=1",
        b"# envguard: manifest x sha256=0 files=1",
        b'# envguard: rule {"id": "x"}',
        b"# envguard: rule nonsense",
        b"# envguard: bypass yes",
        b"# envguard: evidence md5:00",
        b"-r other.txt",
    ],
)
def test_a_line_that_freeze_does_not_write_is_an_error_though_the_seal_fits(line: bytes) -> None:
    head = lock().partition(b"# envguard: end")[0]
    for packages in (0, 1):
        with pytest.raises(LockError) as caught:
            envguard_lock.parse(reseal(head + line + b"\n", packages), path="envguard.lock")
        assert caught.value.line in {4, 5}


def test_the_seal_states_how_many_packages_there_are() -> None:
    head = lock(dist("six", "1.16.0")).partition(b"# envguard: end")[0]
    with pytest.raises(LockError, match="1 packages, but the seal states 2"):
        envguard_lock.parse(reseal(head, 2), path="envguard.lock")


def test_sha256_decides_where_the_checksum_is_another_pythons() -> None:
    data = lock(dist("six", "1.16.0"))
    other = data[:-17] + b"0" * 16 + b"\n"
    assert quick.sealed(other) == quick.sealed(data)
    assert quick.sealed(other.replace(b"1.16.0", b"1.17.0")) is None


@pytest.mark.parametrize("name", ["si x", "", "s\u00edx", "six\n"])
def test_what_cannot_be_a_requirement_is_not_written(name: str) -> None:
    with pytest.raises(LockError):
        lock(dist(name, "1.0"))
    with pytest.raises(LockError):
        lock(dist("six", f"1.0 {name or ' '}"))


def test_a_plain_freeze_is_left_to_the_requirements_reader() -> None:
    assert envguard_lock.recognises("envguard.lock", b"six==1.16.0\n") == 0
    assert envguard_lock.recognises("any.txt", b"# envguard: lock 1\n") == 2


FREEZE = "import envguard, sys; sys.stdout.write(envguard.freeze('x', write=False).data.decode())"


def test_freeze_is_the_same_whatever_the_locale_and_the_hash_seed(venv: Path, tmp_path: Path) -> None:
    def frozen(**extra: str) -> str:
        path = str(Path(envguard.__file__).parent.parent)
        done = run(venv / "bin" / "python", "-c", FREEZE, cwd=tmp_path, PYTHONPATH=path, **extra)
        assert done.returncode == 0, done.stderr
        return done.stdout

    first = frozen(PYTHONHASHSEED="1", LC_ALL="C")
    assert first == frozen(PYTHONHASHSEED="2", LC_ALL="C.UTF-8")
    # Another order of the file system: the same names, made in reverse.
    site = site_packages(venv)
    for name in sorted(os.listdir(site), reverse=True):
        os.rename(site / name, site / f"{name}.moved")
        os.rename(site / f"{name}.moved", site / name)
    assert first == frozen(PYTHONHASHSEED="3")
    assert "six==1.16.0  # envguard: record=sha256:" in first


def test_the_golden_file_installs_by_pip_and_by_uv(venv: Path, tmp_path: Path, wheelhouse: Path) -> None:
    path = str(Path(envguard.__file__).parent.parent)
    golden = tmp_path / "envguard.lock"
    code = f"import envguard; envguard.freeze({str(golden)!r})"
    assert run(venv / "bin" / "python", "-c", code, PYTHONPATH=path).returncode == 0
    # pip and setuptools come with the venv, and not as wheels here.
    by_tool = {
        "pip": [sys.executable, "-m", "pip", "install", "--dry-run", "--no-deps", "--ignore-installed", "-q"],
        "uv": [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--no-deps", "-q"],
    }
    for tool, command in by_tool.items():
        target = tmp_path / tool
        assert run(sys.executable, "-m", "venv", "--without-pip", target).returncode == 0
        where = ["--target", str(target / "t")] if tool == "pip" else ["--python", str(target / "bin" / "python")]
        done = subprocess.run(
            [*command, *where, "--find-links", str(wheelhouse), "-r", str(golden)],
            env=scrubbed(PIP_REQUIRE_VIRTUALENV="0", UV_LINK_MODE="copy", UV_NO_CACHE="1"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_pins_of_a_frozen_environment_are_what_pip_lists(venv: Path, tmp_path: Path) -> None:
    path = str(Path(envguard.__file__).parent.parent)
    done = run(venv / "bin" / "python", "-c", FREEZE, cwd=tmp_path, PYTHONPATH=path)
    listed = run(venv / "bin" / "python", "-m", "pip", "freeze", "--all")
    snapshot = envguard_lock.parse(done.stdout.encode(), path="x")
    assert sorted(pin.text for pin in snapshot.pins) == sorted(listed.stdout.split())
    assert all(pin.record for pin in snapshot.pins)
