"""Digests of many files: right, complete, and honest about what could not be read."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from envguard.facts import hashing


@pytest.fixture
def many(tmp_path: Path) -> list[Path]:
    """Files of many sizes around the limits of a chunk and of a batch."""
    paths = []
    for number, size in enumerate([0, 1, hashing.CHUNK - 1, hashing.CHUNK, hashing.CHUNK + 1, 5 << 20, *range(300)]):
        path = tmp_path / f"{number}.bin"
        path.write_bytes(bytes([number % 251]) * size)
        paths.append(path)
    return paths


def digests(paths: list[Path]) -> list[tuple[str, int]]:
    return [(hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_size) for path in paths]


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_every_file_gets_its_own_digest_in_the_given_order(many: list[Path], workers: int) -> None:
    found = hashing.hash_files([str(path) for path in many], workers=workers)
    assert [(each.sha256, each.size) for each in found] == digests(many)
    assert not any(each.why for each in found)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_cannot_be_read_says_why_and_hides_no_other_file(tmp_path: Path, workers: int) -> None:
    good = tmp_path / "good"
    good.write_bytes(b"good")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "loop").symlink_to("loop")
    names = ["good", "gone", "fifo", ".", "loop", "nul\0", "good/below"]
    found = hashing.hash_files([str(tmp_path / name) for name in names], workers=workers)
    assert found[0].sha256 == hashlib.sha256(b"good").hexdigest()
    assert [each.why for each in found[1:4]] == ["missing", "not a regular file", "not a regular file"]
    assert "symbolic links" in found[4].why
    assert found[5].why == "invalid argument"
    assert found[6].why == "missing"
    assert not any(each.sha256 for each in found[1:])


def test_a_link_is_followed_and_the_executable_bit_is_that_of_the_file(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"x")
    program.chmod(0o700)
    (tmp_path / "link").symlink_to(program)
    found = hashing.hash_file(str(tmp_path / "link"))
    assert found.executable
    assert found.sha256 == hashlib.sha256(b"x").hexdigest()


def test_a_worker_that_dies_leaves_errors_not_passes(many: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    victim = str(many[5])
    real = hashing._hash

    def die(path: str, _is_right: object) -> tuple[int, bool, int, bytes]:
        if path == victim:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(path)

    monkeypatch.setattr(hashing, "_hash", die)
    found = hashing.hash_files([str(path) for path in many], workers=2)
    assert found[5].why == "the worker that was to read it died"
    right = digests(many)
    assert all(each.why or (each.sha256, each.size) == right[index] for index, each in enumerate(found))


def test_a_worker_that_raises_leaves_errors(many: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: str, _is_right: object) -> tuple[int, bool, int, bytes]:
        raise MemoryError

    monkeypatch.setattr(hashing, "_hash", fail)
    found = hashing.hash_files([str(path) for path in many], workers=2)
    assert {each.why for each in found} == {"the worker that was to read it died"}


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_as_expected_gets_no_answer(many: list[Path], workers: int) -> None:
    right = [digest for digest, _size in digests(many)]
    many[7].write_bytes(b"something else")
    many[9].unlink()

    def is_expected(index: int, sha256: str, executable: bool) -> bool:
        return right[index] == sha256 and not executable

    with hashing.Hashing([str(path) for path in many], is_expected=is_expected, workers=workers) as running:
        found = running.wait()
    assert sorted(found) == [7, 9]
    assert found[7].sha256 == hashlib.sha256(b"something else").hexdigest()
    assert found[9].why == "missing"


def test_workers_end_with_the_context_though_nobody_waited(many: list[Path]) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(KeyError), hashing.Hashing([str(path) for path in many], workers=2):
        raise KeyError
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_file_that_changes_while_it_is_read_is_read_again_and_then_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"a" * 100)
    real = hashing._hash_descriptor
    growths = [1]

    def grow(descriptor: int, size: int, buffer: bytearray | None) -> tuple[int, bytes]:
        found = real(descriptor, size, buffer)
        if growths and growths.pop():
            with path.open("ab") as file:
                file.write(b"b")
        return found

    monkeypatch.setattr(hashing, "_hash_descriptor", grow)
    assert hashing.hash_file(str(path)).sha256 == hashlib.sha256(b"a" * 100 + b"b").hexdigest()
    growths[:] = [1, 1]
    assert hashing.hash_file(str(path)).why == "changed while it was read, twice"


def test_no_descriptor_and_no_process_is_left(many: list[Path]) -> None:
    paths = [str(path) for path in many]
    before = os.listdir("/proc/self/fd")
    for _round in range(5):
        hashing.hash_files(paths, workers=3)
    assert len(os.listdir("/proc/self/fd")) == len(before)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_an_interrupted_parent_ends_its_workers(many: list[Path]) -> None:
    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(KeyboardInterrupt):
        hashing.hash_files([str(path) for path in many], workers=2, progress=interrupt)
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_rises_to_the_total(many: list[Path], workers: int) -> None:
    seen: list[tuple[int, int]] = []
    paths = [str(path) for path in many]
    hashing.hash_files(paths, workers=workers, progress=lambda done, total: seen.append((done, total)))
    size = sum(path.stat().st_size for path in many)
    assert seen == sorted(seen)
    assert seen[-1] == (size, size)


def test_workers_are_used_only_for_much_work_and_never_beside_threads() -> None:
    code = (
        "from envguard.facts import hashing; import threading\n"
        "hashing._cores = lambda: 4\n"
        "print(hashing.suitable_workers(10, 10), hashing.suitable_workers(10_000, 10),"
        " hashing.suitable_workers(1, 1 << 30))\n"
        "wait = threading.Event(); thread = threading.Thread(target=wait.wait); thread.start()\n"
        "print(hashing.suitable_workers(10_000, 1 << 30)); wait.set(); thread.join()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "4", "4", "1"]


def test_a_thread_gets_the_same_answer(many: list[Path]) -> None:
    found: list[hashing.Digest] = []
    paths = [str(path) for path in many]
    thread = threading.Thread(target=lambda: found.extend(hashing.hash_files(paths)))
    thread.start()
    thread.join()
    assert [(each.sha256, each.size) for each in found] == digests(many)


def test_a_parent_that_ignores_its_children_still_gets_all_answers(many: list[Path]) -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        found = hashing.hash_files([str(path) for path in many], workers=2)
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert [(each.sha256, each.size) for each in found] == digests(many)


@pytest.mark.parametrize("files", [0, 1, 63, 64, 1000, 200_000])
def test_batches_hold_every_file_once_and_fit_one_page_of_tickets(files: int) -> None:
    sizes = [(number * 7919) % (9 << 20) for number in range(files)]
    batches = hashing._batches(sizes)
    assert sorted(index for batch in batches for index in batch) == list(range(files))
    assert len(batches) * 4 <= 4096
    assert all(batches)
