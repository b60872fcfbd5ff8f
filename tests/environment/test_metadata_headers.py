"""Headers of METADATA, against the standard library's mail parser that importlib.metadata uses."""

import email

from hypothesis import given, strategies as st

from envguard.environment import metadata

_LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Name: six",
                "name:seven",
                "NAME :eight",
                "Version: 1.0",
                "VERSION:2",
                "Version:",
                "Summary: x",
                " Version: 3",
            ]
        ),
        st.sampled_from(["\tfolded", "", "no colon", ": no key", "Näme: x", "Requires-Dist: a>1"]),
        st.text(alphabet="NameVrsio:. -1\tx", max_size=12),
    ),
    max_size=8,
)


@given(_LINES, st.sampled_from(["\n", "\r\n"]))
def test_first_name_and_version_are_those_of_the_mail_parser(lines: list[str], end: str) -> None:
    text = end.join(["Metadata-Version: 2.1", *lines, ""])
    ours = metadata.parse(text.encode())
    theirs = email.message_from_string(text)
    for value, key in ((ours.name, "Name"), (ours.version, "Version")):
        assert value.split() == (theirs[key] or "").split()
    twice = {key for key in ("Name", "Version") if len(theirs.get_all(key, [])) > 1}
    assert {key for key in ("Name", "Version") if f"two {key} headers" in str(ours.faults)} <= twice


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_have_an_answer(data: bytes, strict: bool) -> None:
    headers = metadata.parse(data, strict=strict)
    assert headers.faults or (headers.name and headers.version)
    assert all(fault.isascii() and fault.isprintable() for fault in headers.faults)


@given(st.text(max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_any_folder_name_has_an_answer(stem: str, name: str, version: str) -> None:
    assert metadata.agrees(stem, name, version) in (True, False)
    assert metadata.agrees_egg(stem, name, version) in (True, False)


@given(
    st.from_regex(r"[a-z]{1,5}(_[a-z]{1,5}){0,2}", fullmatch=True),
    st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}", fullmatch=True),
)
def test_another_version_never_agrees(name: str, version: str) -> None:
    assert metadata.agrees(f"{name}-{version}", name.replace("_", "-"), version)
    assert not metadata.agrees(f"{name}-{version}", name, f"{version}.1")
    assert not metadata.agrees(f"{name}-{version}", f"x{name}", version)


def test_requirements() -> None:
    data = b"Name: a\nVersion: 1\nRequires-Dist: b>=1\nRequires-Dist: c; extra == 'x'\n\nRequires-Dist: d\n"
    assert metadata.parse(data).requires == ("b>=1", "c; extra == 'x'")
