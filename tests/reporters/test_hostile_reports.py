import json
import re
import xml.etree.ElementTree as ET

import html5lib
import pytest
from telling import finding, report

from envguard import languages, reporters
from envguard.model import Change, Fact, Report

HOSTILE = (
    "\x1b[2K\x1b[1A\x1b]0;pwned\x07",
    "\x9b2K\x9d0;pwned\x9c",
    "a\nEG000 pinned\r",
    "nul\x00 backspace\x08\x08 del\x7f",
    "[/oops] [bold]markup[/bold] :bomb:",
    "\u202egnp.exe\u202c \u2066x\u2069",
    "\udcff\ud800 lone",
    "a\u2028b\u2029c\x85d",
    "%(x)s {0} {package} ${HOME} `id` $(id)",
    "::error title=x::y",
    "<script>alert(1)</script>|`",
    "https://user:hunter2@host.example/?token=hunter2",
    '</script></style><script>alert(1)</script><img src=x onerror=alert(1)>" onload="alert(1)',
    "%0A::error title=x::y%0D##[error]z",
    "]]> &amp; &#0; <!-- --> <![CDATA[",
    "[x](https://evil.example) ![x](https://evil.example) @everyone #1 www.evil.example",
    "\ufffe\uffff\U0001ffff\ufdd0",
    f"https://user:{'hunter2' * 50}@host.example/simple",
    "x" * 100_000,
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u4e2d\u6587",
    "",
)
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\u2028\u2029]")


def everywhere(text: str) -> Report:
    """A report that says ``text`` wherever text of unknown origin can stand."""
    return report(
        finding(
            package=text,
            locked=text,
            installed=text,
            path=text,
            evidence=(text, text),
            rule=text,
            reason=text,
            instead=text,
            part=text,
        ),
        lock=text,
        prefix=text,
        skipped=(text,),
        blind=(text,),
        bypass=text,
        format=text,
        checks=("missing", text),
        notes=(Change(code="EG401", kind="noted", package=text, path=text, evidence=(text,)),),
        toolchain=(Fact(section=text, name=text, value=text, source=text),),
    )


@pytest.mark.parametrize("language", languages.NAMES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", reporters.names())
def test_no_raw_control_character_and_no_secret(name: str, text: str, language: str) -> None:
    shown = reporters.render(everywhere(text), name, color=False, language=language)
    assert RAW.search(shown) is None
    assert "hunter2" not in shown
    shown.encode()


@pytest.mark.parametrize("language", languages.NAMES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_colour_codes_are_only_our_own(text: str, language: str) -> None:
    for name in ("full", "concise"):
        coloured = reporters.render(everywhere(text), name, color=True, language=language)
        assert RAW.search(re.sub(r"\x1b\[[0-9;]*m", "", coloured)) is None


@pytest.mark.parametrize("language", languages.NAMES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_output_for_programs_parses(text: str, language: str) -> None:
    whole = reporters.render(everywhere(text), "json", language=language)
    assert whole.isascii()
    json.loads(whole)
    lines = reporters.render(everywhere(text), "json-lines", language=language)
    assert lines.isascii()
    assert len([json.loads(line) for line in lines.splitlines()]) == 2


@pytest.mark.parametrize("language", languages.NAMES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_output_for_code_hosts_parses_and_says_the_same_number_of_things(text: str, language: str) -> None:
    told = everywhere(text)
    lines = reporters.render(told, "github", language=language).splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::notice", "::warning", "::warning", "::error"][
        : len(lines)
    ] or (not text)
    for name in ("gitlab", "sarif", "junit", "html"):
        assert reporters.render(told, name, language=language).isascii()
    assert len(json.loads(reporters.render(told, "gitlab", language=language))) == (3 if text else 2)
    assert len(json.loads(reporters.render(told, "sarif", language=language))["runs"][0]["results"]) == 1
    suite = ET.fromstring(reporters.render(told, "junit", language=language))[0]
    assert len(suite.findall("testcase")) == 4
    html5lib.HTMLParser(strict=True).parse(reporters.render(told, "html", language=language))


@pytest.mark.parametrize("name", reporters.names())
def test_megabytes_of_evidence_stay_where_all_of_it_is_asked_for(name: str) -> None:
    told = report(finding(evidence=("|" * 1_000_000, *("x" * 1000 for _ in range(1000)))))
    size = len(reporters.render(told, name))
    assert size > 1_000_000 if name.startswith("json") else size < 120_000


def test_no_text_makes_a_line_of_its_own() -> None:
    for text in HOSTILE:
        for line in reporters.render(everywhere(text), "concise").splitlines():
            assert not line.startswith("EG000")
    assert len(reporters.render(everywhere("a\nb\r\nc\x85d"), "concise").splitlines()) == len(
        reporters.render(everywhere("abcd"), "concise").splitlines()
    )


def test_a_very_long_value_does_not_fill_the_screen() -> None:
    assert len(reporters.render(everywhere("x" * 100_000), "full")) < 10_000
