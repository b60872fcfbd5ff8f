import json
import re

import pytest
from telling import finding, report

from envguard import reporters
from envguard.model import Report

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
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", reporters.names())
def test_no_raw_control_character_and_no_secret(name: str, text: str) -> None:
    shown = reporters.render(everywhere(text), name, color=False)
    assert RAW.search(shown) is None
    assert "hunter2" not in shown
    shown.encode()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_colour_codes_are_only_our_own(text: str) -> None:
    for name in ("full", "concise"):
        coloured = reporters.render(everywhere(text), name, color=True)
        assert RAW.search(re.sub(r"\x1b\[[0-9;]*m", "", coloured)) is None


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_every_output_for_programs_parses(text: str) -> None:
    whole = reporters.render(everywhere(text), "json")
    assert whole.isascii()
    json.loads(whole)
    lines = reporters.render(everywhere(text), "json-lines")
    assert lines.isascii()
    assert len([json.loads(line) for line in lines.splitlines()]) == 2


def test_no_text_makes_a_line_of_its_own() -> None:
    for text in HOSTILE:
        for line in reporters.render(everywhere(text), "concise").splitlines():
            assert not line.startswith("EG000")
    assert len(reporters.render(everywhere("a\nb\r\nc\x85d"), "concise").splitlines()) == len(
        reporters.render(everywhere("abcd"), "concise").splitlines()
    )


def test_a_very_long_value_does_not_fill_the_screen() -> None:
    assert len(reporters.render(everywhere("x" * 100_000), "full")) < 10_000
