import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Snapshot

Golden = Callable[..., Snapshot]


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("six==1\nfoo=1\n", 2, "= is no operator"),
        ("six==1\nfoo==1#x", 2, "comment needs white space"),
        ("foo==1 \\ \n", 1, "white space follows the backslash"),
        ("six==1\n\n--frobnicate\n", 3, "does not know"),
        ("six==1 --no\n", 1, "ambiguous"),
        ("--pre=1\n", 1, "takes no value"),
        ("-r\n", 1, "needs a value"),
        ("six==1 --hash=md5:00", 1, "--hash needs"),
        ("six==1 --config-settings 'a", 1, "cannot be split"),
        ("six==1; python_version", 1, "marker"),
        ("six==1\na b c\n", 2, "not a requirement"),
        ("six==1\nrequ\u0435sts==1\n", 2, "not a requirement"),
        ("six==1\nfoo==\u0663\n", 2, "not a requirement"),
        ("six==1\nfoo @\n", 2, "no URL"),
        ("-e https://example.org/x.zip\n", 1, "VCS URL"),
        ("six==1\nfoo==" + "1" * 10_000, 2, "version of more than"),
        ("six==1\nx; " + "(" * 5_000, 2, "nested"),
        ("six==1\nx; " + "os_name=='a' or " * 3_000 + "os_name=='b'", 2, "more than 16384"),
        ("six==1\n" + "a" * 100_000, 2, "more than 16384"),
        ("six==1\n<<<<<<< HEAD\nidna==3\n", 2, "merge conflict"),
        ("six==1\n>>>>>>> theirs\n", 2, "merge conflict"),
        (b"six==1\nidna==\xff\n", 2, "not UTF-8"),
        (b"six==1\nidna\0==1\n", 2, "NUL"),
        ("six==1\n".encode("utf-16-le"), 1, "UTF-16"),
        (b"# coding: punycode\nsix==1\n", 1, "encoding"),
        (b"\xff\xfe?\0?\0", 1, "not a requirement"),
        (b"\xff\xfes\0i\0x", 1, "not UTF-16"),
    ],
)
def test_refused_with_its_line(golden: Golden, content: str | bytes, line: int, what: str) -> None:
    with pytest.raises(LockError) as caught:
        golden(content)
    assert caught.value.line == line
    assert what in caught.value.problem
    assert caught.value.path.endswith("requirements.txt")
    assert len(str(caught.value)) < 500
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "piece",
    ["\\\n", " #", "#", "-", "a ", "a @ ://", "a[", "a[a,", '"', "'", "a;", "a==1,", "1.", "a-", "$", "${A}", "-e ",
     "\t", "\x0b", "a==1\n", "-c a\n", "--hash=", "# Editable install with no version control (", "@", "git+a://",
     "%", "( ", "a.whl "],
)  # fmt: skip
@pytest.mark.parametrize("name", ["requirements.txt", "environment.yml"])
def test_time_does_not_explode_with_size(tmp_path: Path, piece: str, name: str) -> None:
    content = piece * (100_000 // len(piece))
    if name == "environment.yml":
        content = "dependencies:\n- " + content
    path = tmp_path / name
    path.write_text(content)
    started = time.thread_time()
    with contextlib.suppress(LockError):
        load(path, format=name)
    assert time.thread_time() - started < 10


def test_too_many_requirements(golden: Golden) -> None:
    with pytest.raises(LockError, match="50000"):
        golden("a==1\n" * 50_001)


def test_an_error_shows_no_secret(golden: Golden) -> None:
    with pytest.raises(LockError) as caught:
        golden("a b @ https://user:hunter2@example.org/x?hunter2\n")
    assert "hunter2" not in str(caught.value).lower()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("topsecret line\n")
    inner = tmp_path / "app"
    (inner / "more").mkdir(parents=True)
    return inner


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder / "root.txt"


def test_includes_keep_file_and_line_and_are_read_once(folder: Path) -> None:
    (folder / "more" / "b.txt").write_text("\nb==2\n-r ../c.txt\n")
    root = write(folder, root="a==1\n-r more/b.txt\n--requirement=c.txt\n", c="c==3\n")
    snapshot = load(root)
    assert [(pin.name, os.path.relpath(pin.path, folder), pin.line) for pin in snapshot.pins] == [
        ("a", "root.txt", 1),
        ("b", "more/b.txt", 2),
        ("c", "c.txt", 1),
    ]
    assert snapshot.complete


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("../secret.txt", "outside"),
        ("/etc/passwd", "outside"),
        ("/dev/zero", "outside"),
        ("more/../../secret.txt", "outside"),
        ("link.txt", "outside"),
        ("loop.txt", "missing"),
        ("fifo", "not a regular file"),
        ("more", "not a regular file"),
        ("gone.txt", "missing"),
        ("https://example.org/x.txt", "URL"),
        ("file:///etc/passwd", "URL"),
        ("x" * 300, "missing"),
        ("root.txt", "includes itself"),
        ("more/../root.txt", "includes itself"),
    ],
)
@pytest.mark.parametrize("option", ["-r", "-c", "--constraint="])
def test_includes_that_are_refused(folder: Path, target: str, why: str, option: str) -> None:
    (folder / "link.txt").symlink_to("../secret.txt")
    (folder / "loop.txt").symlink_to("loop.txt")
    os.mkfifo(folder / "fifo")
    with pytest.raises(LockError, match=why) as caught:
        load(write(folder, root=f"six==1\n{option} {target}\n".replace("= ", "=")))
    assert (caught.value.path, caught.value.line) == (str(folder / "root.txt"), 2)
    assert "topsecret" not in str(caught.value)


def test_a_cycle_over_several_files(folder: Path) -> None:
    root = write(folder, root="-r b.txt\n", b="six==1\n-c c.txt\n", c="-r root.txt\n")
    with pytest.raises(LockError, match="includes itself") as caught:
        load(root)
    assert caught.value.path == str(folder / "c.txt")


def test_an_included_file_is_never_quoted(folder: Path) -> None:
    with pytest.raises(LockError) as caught:
        load(write(folder, root="-r b.txt\n", b="six==1\ntop secret\n"))
    assert (caught.value.path, caught.value.line) == (str(folder / "b.txt"), 2)
    assert "top" not in caught.value.problem


def test_depth_and_number_of_includes_are_bounded(folder: Path) -> None:
    chain = {f"f{i}": f"-r f{i + 1}.txt\n" for i in range(1, 20)}
    with pytest.raises(LockError, match="levels deep"):
        load(write(folder, root="-r f1.txt\n", **chain, f20="six==1\n"))
    wide = {f"g{i}": "" for i in range(300)}
    with pytest.raises(LockError, match="more than 200"):
        load(write(folder, root="".join(f"-r {name}.txt\n" for name in wide), **wide))
    # Every file includes the next one fifty times; without the memory of what was read that is 50 ** 9 files.
    fans = {f"h{i}": f"-r h{i + 1}.txt\n" * 50 for i in range(1, 9)}
    assert len(load(write(folder, root="-r h1.txt\n", **fans, h9="six==1\n")).pins) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_include_without_permission(folder: Path) -> None:
    root = write(folder, root="-r b.txt\n", b="six==1\n")
    (folder / "b.txt").chmod(0)
    with pytest.raises(LockError, match="permission"):
        load(root)


def test_a_digest_speaks_of_one_file_so_includes_are_refused_with_it(folder: Path) -> None:
    import hashlib

    root = write(folder, root="six==1\n-r b.txt\n", b="idna==3\n")
    assert len(load(root).pins) == 2
    with pytest.raises(LockError, match="no digest covers") as caught:
        load(root, sha256=hashlib.sha256(root.read_bytes()).hexdigest())
    assert caught.value.line == 2


def test_constraints_pin_what_is_required_and_nothing_else(folder: Path) -> None:
    root = write(folder, root="numpy>=1\nsix\nidna==3.7\n-c c.txt\n", c="numpy==1.26\nsix==1.16.0\nidna==3.7\n")
    snapshot = load(root)
    assert [(pin.name, pin.version, os.path.basename(pin.path), pin.line) for pin in snapshot.pins] == [
        ("numpy", "1.26", "c.txt", 1),
        ("six", "1.16.0", "c.txt", 2),
        ("idna", "3.7", "root.txt", 3),
    ]
    assert snapshot.complete


def test_constraints_that_contradict_or_do_not_decide(folder: Path) -> None:
    root = write(
        folder,
        root="a==1\nb>=2\nc\nd\n-c c.txt\n",
        c="a==2\nb==1\nc<3\nd==1; python_version < '3.12'\n",
    )
    snapshot = load(root)
    assert [bool(pin.unverifiable) for pin in snapshot.pins] == [True] * 4
    assert "c.txt:1" in snapshot.pins[0].unverifiable


def test_constraints_that_nothing_requires_are_said_once(folder: Path) -> None:
    snapshot = load(write(folder, root="a==1\n-c c.txt\n", c="x==1\ny==2\n"))
    assert [pin.name for pin in snapshot.pins] == ["a"]
    assert [(note.code, os.path.basename(note.path), note.line) for note in snapshot.notes] == [("EG111", "c.txt", 1)]
    assert "2 constraints" in snapshot.notes[0].evidence[0]
    assert not snapshot.complete
