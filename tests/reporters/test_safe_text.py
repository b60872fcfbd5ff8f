import re

import pytest
from hypothesis import given, strategies as st

from envguard.reporters.safe import safe

UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("numpy 1.26.4", "numpy 1.26.4"),
        ("größe → ✓", "größe → ✓"),
        ("a\x1b[2Kb", r"a\x1b[2Kb"),
        ("a\x9b2Kb", r"a\x9b2Kb"),
        ("a\nb\rc\td", r"a\x0ab\x0dc\x09d"),
        ("a\x00b\x7f", r"a\x00b\x7f"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066x\u2069\u200f\u061c", r"\u2066x\u2069\u200f\u061c"),
        ("a\u2028b\u2029", r"a\u2028b\u2029"),
        ("\udcff", r"\udcff"),
        ("\U000e0041", r"\U000e0041"),
    ],
)
def test_what_a_terminal_obeys_becomes_visible(text: str, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:hunter2@example.org/simple", "https://example.org/simple"),
        ("x @ git+https://hunter2@example.org/a/b@main", "x @ git+https://example.org/a/b@main"),
        ("https://u:p@ss:hunter2@example.org/", "https://example.org/"),
        ("https://u:hunter2/with/slash@example.org/x", "https://example.org/x"),
        ("https://us\ner:hunter2@example.org/x", "https://example.org/x"),
        ("https://example.org/x?access_token=hunter2&page=2", "https://example.org/x?access_token=****&page=2"),
        ("https://example.org/x?X-Amz-Signature=hunter2", "https://example.org/x?X-Amz-Signature=****"),
        ("https://example.org/x#api_key=hunter2", "https://example.org/x#api_key=****"),
        (
            "see https://a:hunter2@one.example and http://b:hunter2@two.example",
            "see https://one.example and http://two.example",
        ),
        ("git+ssh://git@example.org/a/b", "git+ssh://git@example.org/a/b"),
        ("https://example.org/@scope/package", "https://example.org/@scope/package"),
        ("https://example.org/x.whl#sha256=abc&subdirectory=s", "https://example.org/x.whl#sha256=abc&subdirectory=s"),
    ],
)
def test_credentials_of_urls_never_pass(text: str, shown: str) -> None:
    assert safe(text) == shown
    assert "hunter2" not in safe(text)


@given(st.text(alphabet=st.characters(), max_size=60))
def test_whatever_goes_in_one_fit_line_comes_out(text: str) -> None:
    shown = safe(text)
    assert UNFIT.search(shown) is None
    assert len(shown.splitlines()) <= 1
    assert safe(shown) == shown
    shown.encode()


@given(st.from_regex(r"[a-z]{1,8}:[A-Za-z0-9!$%^&*()_+=/?-]{6,20}", fullmatch=True))
def test_no_password_survives(credentials: str) -> None:
    secret = credentials.partition(":")[2]
    shown = safe(f"pkg @ https://{credentials}@host.example/simple/")
    first = secret.partition("/")[0]
    # "a:80/x@y" and "a:/x@y" are a host, a port and a path, however they were meant.
    if first and not first.isdecimal() and "?" not in first:
        assert f"{credentials}@" not in shown
