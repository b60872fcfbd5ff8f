from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.formats import load
from envguard.model import Pin, Snapshot, Source

Golden = Callable[..., Snapshot]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SHA = "ab" * 32


def only(snapshot: Snapshot) -> Pin:
    assert len(snapshot.pins) == 1, snapshot.pins
    return snapshot.pins[0]


@pytest.mark.parametrize(
    ("line", "name", "version"),
    [
        ("six==1.17.0", "six", "1.17.0"),
        ("Foo_Bar.baz == 1.0", "foo-bar-baz", "1.0"),
        ("torch==2.5.0+cu124", "torch", "2.5.0+cu124"),
        ("torch (==2.0)", "torch", "2.0"),
        ("foo===1.0-legacy", "foo", "1.0-legacy"),
        ("pytz==2004d", "pytz", "2004d"),
        ("fair-esm[esmfold, dev]==2.0.0", "fair-esm", "2.0.0"),
        ("thop==0.1.1-2209072238", "thop", "0.1.1-2209072238"),
        ("a==1!2.0rc1.post3.dev4  # note", "a", "1!2.0rc1.post3.dev4"),
        ("./wheels/foo_bar-1.2-py3-none-any.whl", "foo-bar", "1.2"),
        ("https://example.org/foo-1.2%2Bcu1-py3-none-any.whl", "foo", "1.2+cu1"),
        ("foo @ https://example.org/foo-1.2.tar.gz", "foo", "1.2"),
    ],
)
def test_exact_pins(golden: Golden, line: str, name: str, version: str) -> None:
    snapshot = golden(f"# first\n{line}\n")
    pin = only(snapshot)
    assert (pin.name, pin.version, pin.line, pin.unverifiable) == (name, version, 2, "")
    assert pin.path == snapshot.path
    assert snapshot.complete


@pytest.mark.parametrize(
    ("line", "name", "why"),
    [
        ("six", "six", "no version"),
        ("six==1.2.*", "six", "wildcard"),
        ("six>=1", "six", ">="),
        ("six~=1.0", "six", "~="),
        ("six==1.0,!=2", "six", "several"),
        ("six==${VER}", "six", "environment variable"),
        ("${NAME}==1.0", "", "environment variable"),
        ("six==1.0 --hash=${HASH}", "six", "environment variable"),
        ("six==1.0 --hash=sha256:ab", "six", "fits no file"),
        ("six @ file:///croot/six_1644/work", "six", "no version"),
        ("six @ git+https://example.org/six.git@main", "six", "full commit"),
        ("six @ git+https://example.org/six.git", "six", "no commit"),
        (f"git+https://example.org/six.git@{COMMIT}", "", "does not name"),
        ("https://example.org/main.zip", "", "does not name"),
        ("six @ https://example.org/main.zip", "six", "neither version nor digest"),
        ("six @ https://example.org/foo-1.2-py3-none-any.whl", "six", "another distribution"),
        ("-e .", "", "no version"),
        ("-e ./folder[dev]", "", "no version"),
        ("./folder", "", "no version"),
        ("-r ${DIR}/more.txt", "", "environment variable"),
        ("--pre numpy==9", "", "pip ignores"),
    ],
)
def test_lines_that_fix_nothing_stay_and_never_count_as_pins(golden: Golden, line: str, name: str, why: str) -> None:
    snapshot = golden(f"{line}\n")
    pin = only(snapshot)
    assert pin.name == name
    assert why in pin.unverifiable
    assert not snapshot.complete
    assert "line 1" in snapshot.incomplete_why


def test_vcs_and_archives_become_sources(golden: Golden) -> None:
    snapshot = golden(
        f"a @ git+ssh://git@example.org/t/a.git@{COMMIT}#subdirectory=python\n"
        f"-e git+https://u:p@example.org/t/b.git@{COMMIT}#egg=b\n"
        f"c @ https://example.org/x/main.zip?token=t#sha256={SHA}\n"
    )
    sources = {pin.name: pin.source for pin in snapshot.pins}
    assert sources["a"] == Source(
        kind="vcs", url="ssh://git@example.org/t/a.git", revision=COMMIT, subdirectory="python"
    )
    assert sources["b"] == Source(kind="vcs", url="https://example.org/t/b.git", revision=COMMIT, editable=True)
    assert sources["c"] == Source(kind="archive", url="https://example.org/x/main.zip", digest=f"sha256:{SHA}")
    assert snapshot.complete


def test_pip_freeze_of_editable_installs(lockfiles: Path) -> None:
    snapshot = load(lockfiles / "requirements" / "pip-freeze-editable.txt")
    assert snapshot.complete
    assert [(pin.name, pin.version, pin.line) for pin in snapshot.pins] == [
        ("alfred", "0.0.1", 2),
        ("betty-b", "1.2", 4),
        ("carl", None, 5),
        ("dora", None, 6),
        ("six", "1.16.0", 7),
    ]
    assert snapshot.pins[0].source == Source(kind="directory", url="file:///srv/alfred", editable=True)


def test_the_comment_of_an_editable_install_speaks_of_the_next_line_only(golden: Golden) -> None:
    snapshot = golden("# Editable install with no version control (a==1)\nsix==1.0\n-e /srv/a\n")
    assert [(pin.name, bool(pin.unverifiable)) for pin in snapshot.pins] == [("six", False), ("", True)]


def test_pip_freeze_inside_conda_does_not_pin(lockfiles: Path) -> None:
    snapshot = load(lockfiles / "requirements" / "pip-freeze-conda.txt")
    assert {pin.name for pin in snapshot.pins if pin.unverifiable} == {"brotli", "six"}
    assert not snapshot.complete


def test_hashes_and_universal_markers_of_uv(lockfiles: Path) -> None:
    snapshot = load(lockfiles / "requirements" / "uv-universal-hashes.txt")
    assert snapshot.complete, snapshot.incomplete_why
    text = (lockfiles / "requirements" / "uv-universal-hashes.txt").read_text()
    assert sum(len(pin.hashes) for pin in snapshot.pins) == text.count("--hash=")
    numpy = [pin for pin in snapshot.pins if pin.name == "numpy"]
    assert len(numpy) == 2
    assert all("python_full_version" in pin.marker for pin in numpy)
    for pin in snapshot.pins:
        assert text.splitlines()[pin.line - 1].startswith(f"{pin.name}=={pin.version}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(golden: Golden, encoding: str, newline: str) -> None:
    text = newline.join(("# für alle", "six==1.16.0", "idna==3.7 \\", "  ; python_version > '3'", ""))
    assert [(pin.name, pin.version, pin.line) for pin in golden(text.encode(encoding)).pins] == [
        ("six", "1.16.0", 2),
        ("idna", "3.7", 3),
    ]


def test_declared_encoding(golden: Golden) -> None:
    assert only(golden("# -*- coding: latin-1 -*-\nsix==1.0 # \xe9\n".encode("latin-1"))).version == "1.0"


def test_utf16_of_a_real_freeze_equals_the_plain_one(lockfiles: Path) -> None:
    plain, utf16 = (load(lockfiles / "requirements" / f"pip-freeze{kind}.txt").pins for kind in ("", "-utf16"))
    assert [(pin.name, pin.version) for pin in plain] == [(pin.name, pin.version) for pin in utf16] != []


def test_known_options_are_ignored_also_when_abbreviated(golden: Golden) -> None:
    snapshot = golden(
        "-i https://u:p@example.org/simple\n--extra-index https://${TOKEN}@example.org\n-f x --no-binary :all:\n"
        "--pre --trusted-host=h\nsix==1.0 --config-settings a=b --global-option='--x y'\n"
    )
    assert only(snapshot).text == "six==1.0"
    assert "example" not in repr(snapshot)


def test_the_same_pin_twice_is_one_pin_with_the_common_hashes(golden: Golden) -> None:
    one, two, three = ("sha256:" + digit * 64 for digit in "123")
    snapshot = golden(f"a==1 --hash={one} --hash={two}\na[x]==1 --hash={two} --hash={three}\nb==1\nb==1\n")
    assert [(pin.name, pin.hashes) for pin in snapshot.pins] == [("a", (two,)), ("b", ())]
    disjoint = golden(f"a==1 --hash={one}\na==1 --hash={two}\n")
    assert "no common file" in only(disjoint).unverifiable


def test_different_pins_of_one_name_contradict_unless_their_markers_exclude_each_other(golden: Golden) -> None:
    exclusive = golden("a==1; python_version < '3.9'\na==2; python_version >= '3.9'\n")
    assert [pin.unverifiable for pin in exclusive.pins] == ["", ""]
    assert exclusive.complete
    for markers in (("", ""), ("; python_version > '3.8'", "; sys_platform == 'linux'"), ("", "; os_name == 'nt'")):
        both = golden(f"a==1{markers[0]}\nb==1\na==2{markers[1]}\n")
        assert [pin.unverifiable.split(":")[0] for pin in both.pins] == ["contradicts line 3", "", "contradicts line 1"]
    assert all(not pin.unverifiable for pin in golden("a==1.0\na==1.0.0\n").pins)


def test_a_comment_inside_a_continuation_makes_pip_drop_the_hash(golden: Golden) -> None:
    snapshot = golden(f"six==1.0 \\\n    # via x\n    --hash=sha256:{SHA}\n")
    assert only(snapshot).hashes == ()
    assert [(note.code, note.kind, note.package, note.line) for note in snapshot.notes] == [
        ("EG111", "unverifiable", "six", 3)
    ]
    assert not golden(f"six==1.0 \\\n    --hash=sha256:{SHA}\n    # via x\n").notes


def test_secrets_never_get_into_a_snapshot(golden: Golden) -> None:
    snapshot = golden(
        "a @ https://user:hunter2@example.org/a-1-py3-none-any.whl?sig=hunter2#key=hunter2\n"
        f"-e git+https://hunter2@example.org/b.git@{COMMIT}#egg=b\n"
        "c @ https://${HUNTER2}@example.org/c.zip\nd==${HUNTER2}\n-i https://hunter2@example.org\n"
        "e @ https://user:hun/ter2@example.org/e.zip\n"
    )
    assert len(snapshot.pins) == 5
    assert "hunter2" not in repr(snapshot).lower()
    assert "ter2@" not in repr(snapshot)


def test_variables_are_not_expanded(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VER", "6.6.6")
    assert "6.6.6" not in repr(golden("six==${VER}\n"))


def test_an_empty_file_pins_nothing_and_is_complete(golden: Golden) -> None:
    snapshot = golden("# nothing\n\n")
    assert snapshot.pins == ()
    assert snapshot.complete
