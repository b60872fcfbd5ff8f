"""What holds for every input: only one kind of error, nothing lost, nothing invented."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from packaging.markers import Marker

from envguard.errors import LockError
from envguard.formats import _text, conda_environment_yml, load, requirements_txt
from envguard.formats._markers import Markers
from envguard.model import Snapshot
from envguard.versions import normalise

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NOWHERE = os.path.join(os.sep, "nowhere", "requirements.txt")

names = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,5}([._-][A-Za-z0-9]{1,4}){0,2}", fullmatch=True)
versions = st.from_regex(
    r"[0-9]{1,4}(\.[0-9]{1,3}){0,3}((a|b|rc)[0-9])?(\.post[0-9])?(\+[a-z]{2}[0-9]{1,3})?", fullmatch=True
)
pins = st.dictionaries(names, versions, max_size=12).filter(
    lambda found: len({normalise(n) for n in found}) == len(found)
)
blanks = st.sampled_from(["", " ", "  ", " \\\n", " \\\n    "])
noise = st.lists(
    st.sampled_from(["", "# note", "   # via x", "--pre", "-i https://u:p@example.org/simple", "\\"]), max_size=2
)
tokens = st.sampled_from(
    ["a", "==", "1.0", " ", "\n", "\\\n", "#", " #", ";", "-r ", "-e ", "@", "[", "]", "(", ")", "'", '"', ":", "- ",
     "--hash=sha256:", "${X}", "git+https://h/x@", "dependencies:\n", "pip:", "=", "::", "&a", "*a", "\0", "\u0663",
     "9" * 500]
)  # fmt: skip


def _read(parse: Callable[..., Snapshot], data: bytes) -> Snapshot | LockError:
    try:
        return parse(data, path=NOWHERE)
    except LockError as error:
        return error


@QUICK
@given(st.one_of(st.binary(max_size=300), st.lists(tokens, max_size=40).map(lambda parts: "".join(parts).encode())))
@pytest.mark.parametrize("reader", [requirements_txt, conda_environment_yml])
def test_a_reader_returns_or_raises_one_kind_of_error(reader: object, data: bytes) -> None:
    assert reader in (requirements_txt, conda_environment_yml)
    parse = requirements_txt.parse if reader is requirements_txt else conda_environment_yml.parse
    answer = _read(parse, data)
    if isinstance(answer, LockError):
        assert answer.path == NOWHERE
        assert answer.line <= len(data) + 1
        return
    snapshot = answer
    assert all(pin.unverifiable or pin.version or pin.source for pin in snapshot.pins)
    assert all(pin.unverifiable or pin.name for pin in snapshot.pins)
    assert snapshot.complete == (not snapshot.incomplete_why)


@QUICK
@given(
    wanted=pins,
    data=st.data(),
    newline=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
@pytest.mark.slow
def test_every_exact_line_is_found_where_it_stands(
    tmp_path: Path, wanted: dict[str, str], data: st.DataObject, newline: str, encoding: str
) -> None:
    lines: list[str] = []
    expected = []
    for name, version in wanted.items():
        for extra in data.draw(noise):
            lines += ["\\", ""] if extra == "\\" else [extra]
        expected.append((normalise(name), version, len(lines) + 1))
        lines += f"{name}{data.draw(blanks)}=={data.draw(blanks)}{version}{data.draw(blanks)}".rstrip(" \\\n").split(
            "\n"
        )
    path = tmp_path / "requirements.txt"
    path.write_bytes(newline.join([*lines, ""]).encode(encoding))
    snapshot = load(path, format="requirements.txt")
    assert [(pin.name, pin.version, pin.line) for pin in snapshot.pins] == expected
    assert snapshot.complete


@QUICK
@given(wanted=pins, data=st.data())
def test_the_order_of_lines_does_not_matter(tmp_path: Path, wanted: dict[str, str], data: st.DataObject) -> None:
    loose = ["six", "idna>=1", "torch==1; os_name=='nt'", "torch==2; os_name=='nt'", "torch==3; os_name=='posix'"]
    lines = [f"{name}=={version}" for name, version in wanted.items()] + loose
    path = tmp_path / "requirements.txt"
    answers = []
    for order in (lines, data.draw(st.permutations(lines))):
        path.write_text("\n".join(order))
        found = load(path, format="requirements.txt").pins
        answers.append(sorted((pin.name, pin.version or "", pin.marker, bool(pin.unverifiable)) for pin in found))
    assert answers[0] == answers[1]
    assert sum(pin[3] for pin in answers[0] if pin[0] == "torch" and "nt" in pin[2]) == 2


clauses = st.one_of(
    st.builds(
        "{} {} '{}'".format,
        st.sampled_from(["python_version", "python_full_version"]),
        st.sampled_from(["<", "<=", "==", "!=", ">", ">="]),
        st.sampled_from(["3.8", "3.9", "3.10", "3.11", "3.12"]),
    ),
    st.builds(
        "{} {} '{}'".format,
        st.sampled_from(["sys_platform", "platform_system", "os_name"]),
        st.sampled_from(["==", "!="]),
        st.sampled_from(["linux", "Linux", "win32", "Windows", "posix", "nt", "darwin"]),
    ),
)
markers = st.lists(clauses, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([" and ", " or "]).map(lambda word: word.join(parts))
)
REAL = [
    {"python_version": version.rpartition(".")[0], "python_full_version": version, **platform}
    for version in ("3.8.0", "3.8.19", "3.9.7", "3.10.13", "3.11.0", "3.11.7", "3.12.1", "3.13.0")
    for platform in (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    )
]


@QUICK
@given(first=markers, second=markers)
def test_markers_that_hold_together_somewhere_are_never_called_exclusive(first: str, second: str) -> None:
    together = any(Marker(first).evaluate(where) and Marker(second).evaluate(where) for where in REAL)
    answer = Markers().may_both_hold(first, second)
    assert answer == Markers().may_both_hold(second, first)
    assert answer or not together


@QUICK
@given(wanted=pins)
def test_every_conda_line_is_found_where_it_stands(tmp_path: Path, wanted: dict[str, str]) -> None:
    lines = ["channels: [a]", "dependencies:", *(f"- {name}={version}=py_0" for name, version in wanted.items())]
    path = tmp_path / "environment.yml"
    path.write_text("\n".join(lines))
    snapshot = load(path)
    found = {(pin.name, pin.version, pin.build, pin.line) for pin in snapshot.pins}
    first_of: dict[tuple[str, str], int] = {}
    for line, (name, version) in enumerate(wanted.items(), start=3):
        first_of.setdefault((name.lower(), version), line)
    assert found == {(name, version, "py_0", line) for (name, version), line in first_of.items()}
    assert snapshot.complete == bool(wanted) or any(pin.unverifiable for pin in snapshot.pins)


@QUICK
@given(user=st.from_regex(r"[a-z0-9:.-]{6,20}Q", fullmatch=True), where=st.sampled_from(["a @ ", "", "-e git+"]))
def test_a_user_part_never_survives(user: str, where: str) -> None:
    shown = _text.redact(f"{where}https://{user}@example.org/x.zip")
    assert user not in shown
    assert "example.org" in shown
