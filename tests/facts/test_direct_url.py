"""direct_url.json: PEP 610 in all its shapes, and no credential ever comes through."""

import json
import re
from typing import Any

import pytest
from hypothesis import assume, example, given, strategies as st

from envguard.facts.direct_url import DirectUrlError, parse, redact
from envguard.model import Source

SECRET = "s3cr3t"


def parsed(content: object, installer: str = "pip") -> Source | None:
    return parse(json.dumps(content).encode(), installer)


def test_archives_with_either_form_of_hash() -> None:
    url = "https://example.org/demo-1.0.whl"
    expected = Source(kind="archive", url=url, digest="sha256:ab12")
    assert parsed({"url": url, "archive_info": {"hash": "sha256=AB12"}}) == expected
    both = {"hash": "sha256=ab12", "hashes": {"md5": "00", "sha256": "ab12"}}
    assert parsed({"url": url, "archive_info": both}) == expected
    assert parsed({"url": url, "archive_info": {}}) == Source(kind="archive", url=url)
    assert parsed({"url": url, "archive_info": {"hashes": {"sha512": "cd"}}}) == expected.replace(digest="sha512:cd")


def test_vcs_with_commit_and_subdirectory() -> None:
    content = {
        "url": f"https://user:{SECRET}@example.org/demo.git",
        "vcs_info": {"vcs": "git", "requested_revision": "main", "commit_id": "f00d"},
        "subdirectory": "python",
    }
    expected = Source(kind="vcs", url="https://example.org/demo.git", revision="f00d", subdirectory="python")
    assert parsed(content) == expected


@pytest.mark.parametrize(("info", "editable"), [({}, False), ({"editable": True}, True), ({"editable": False}, False)])
def test_folders(info: dict[str, bool], editable: bool) -> None:
    expected = Source(kind="directory", url="file:///home/me/demo", editable=editable)
    assert parsed({"url": "file:///home/me/demo", "dir_info": info}) == expected


@pytest.mark.parametrize(
    "url",
    [
        "file:///home/conda/feedstock_root/build_artifacts/requests_1690000000000/work",
        "file:///croot/requests_1690400202158/work",
        "file:///Users/runner/miniforge3/conda-bld/six_1620240208055/work/dist/six.whl",
        "file:///D:/bld/menuinst_1702390000000/work",
        "file:///tmp/rattler-build_demo/work",
    ],
)
def test_the_folder_of_a_build_machine_is_no_source(url: str) -> None:
    assert parsed({"url": url, "dir_info": {}}, "conda\n") is None
    assert parsed({"url": url, "dir_info": {}}, "") is None


def test_condas_installer_is_enough_and_a_real_folder_of_pip_is_kept() -> None:
    content: dict[str, Any] = {"url": "file:///anywhere", "dir_info": {}}
    assert parsed(content, "conda") is None
    assert parsed(content, "pip") is not None
    assert parsed({"url": "file:///home/me/croot/work", "dir_info": {"editable": True}}, "pip") is not None
    assert parsed({"url": "https://example.org/x.whl", "archive_info": {}}, "conda") is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"url": "https://example.org"}',
        b'{"url": 1, "dir_info": {}}',
        b'{"url": "", "dir_info": {}}',
        b'{"url": "x", "dir_info": []}',
        b'{"url": "x", "dir_info": {"editable": "yes"}}',
        b'{"url": "x", "dir_info": {}, "archive_info": {}}',
        b'{"url": "x", "url": "y", "dir_info": {}}',
        b'{"url": "x", "dir_info": {"editable": false, "editable": true}}',
        b'{"url": "x", "vcs_info": {"vcs": "git"}}',
        b'{"url": "x", "vcs_info": {"commit_id": "f00d"}}',
        b'{"url": "x", "archive_info": {"hashes": []}}',
        b'{"url": "x", "archive_info": {"hashes": {"sha256": 1}}}',
        b'{"url": "x", "archive_info": {"hash": "sha256=not hex"}}',
        b'{"url": "x", "dir_info": {}, "subdirectory": 3}',
        b'{"url": "a\\u001b[31mb", "dir_info": {}}',
        b'{"url": "x", "dir_info": ' + b"[" * 200_000,
        b'{"url": ' + b"9" * 5000 + b"}",
        b" " * (2 << 20),
    ],
)
def test_what_is_refused(data: bytes) -> None:
    with pytest.raises(DirectUrlError) as caught:
        parse(data, "pip")
    assert caught.value.why


def test_an_error_quotes_nothing() -> None:
    with pytest.raises(DirectUrlError) as caught:
        parse(f'{{"url": "https://u:{SECRET}@h", '.encode(), "pip")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        (f"https://user:{SECRET}@host/x.whl", "https://host/x.whl"),
        (f"https://{SECRET}@host/x.whl", "https://host/x.whl"),
        (f"https://:{SECRET}@host:8080/x", "https://host:8080/x"),
        (f"https://user:a@b{SECRET}@host/x", "https://host/x"),
        (f"https://user:pa/{SECRET}@host/x", "https://host/x"),
        (f"https://user:pa?{SECRET}@host/x", "https://host/x"),
        ("https://${USER}:${TOKEN}@host/x", "https://host/x"),
        (f"https://host/x.whl?X-Amz-Signature={SECRET}", "https://host/x.whl"),
        (f"https://host/x.whl#token={SECRET}&egg=demo", "https://host/x.whl#egg=demo"),
        ("git+https://host/r.git@rev#subdirectory=a&sha256=00", "git+https://host/r.git@rev#subdirectory=a"),
        ("git+ssh://git@host/r.git", "git+ssh://git@host/r.git"),
        (f"git+ssh://git:{SECRET}@host/r.git", "git+ssh://host/r.git"),
        (f"https://git:{SECRET}@host/r.git", "https://host/r.git"),
        ("git@host:org/r.git", "git@host:org/r.git"),
        (f"{SECRET}@host:org/r.git", "host:org/r.git"),
        ("https://host:80/@scope/pkg@1.0", "https://host:80/@scope/pkg@1.0"),
        ("https://[::1]:80/x@y", "https://[::1]:80/x@y"),
        ("file:///home/a@b/c", "file:///home/a@b/c"),
        ("./local@dir/x", "./local@dir/x"),
    ],
)
def test_redaction(url: str, plain: str) -> None:
    assert redact(url) == plain
    assert SECRET not in redact(url)


PART = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters=" "), max_size=8)


@example(user="@", before="", after="")
@example(user="u", before="", after="/")
@example(user="u", before="/x", after="#")
@given(user=PART.filter(lambda text: not set(text) & set("/?\\")), before=PART, after=PART)
def test_no_password_survives_whatever_surrounds_it(user: str, before: str, after: str) -> None:
    # "host:80/…@…" is a port and a path, however much it may have been meant as a password.
    assume(re.match(r"\d+[/?\\]", before) is None)
    password = f"{before}{SECRET}{after}"
    # With a bare "@" and a bare "/" in it nobody can tell the password from a host and a path.
    assume("@" not in user + password or not set(password) & set("/?#\\"))
    assert SECRET not in redact(f"https://{user}:{password}@host/path")


@given(st.text(max_size=60))
def test_redacting_never_adds_anything(url: str) -> None:
    assert len(redact("https://" + url)) <= len(url) + len("https://")


@given(st.binary(max_size=200) | st.text().map(lambda text: json.dumps({"url": text, "dir_info": {}}).encode()))
def test_any_bytes_give_a_source_or_an_error(data: bytes) -> None:
    try:
        source = parse(data, "pip")
    except DirectUrlError:
        return
    assert source is None or source.url is not None


@pytest.mark.parametrize("url", ["https://@:s3cr3t/@host/path", "https://u:@\\s3cr3t@host/path"])
def test_an_authority_without_a_host_is_none(url: str) -> None:
    assert "s3cr3t" not in redact(url)
