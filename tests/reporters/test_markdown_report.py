import re
import xml.etree.ElementTree as ET
from pathlib import Path

import html5lib
import pytest
from markdown_it import MarkdownIt
from telling import finding, report, several
from test_hostile_reports import HOSTILE, everywhere

from envguard import languages, reporters
from envguard.model import Report

# As code hosts read it: CommonMark, tables, elements in the text, addresses without a scheme made into links.
READER = MarkdownIt("gfm-like")
XHTML = "{http://www.w3.org/1999/xhtml}"
OURS = {
    "blockquote", "body", "code", "details", "h3", "head", "html", "li", "p", "pre", "strong", "sub", "summary",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


def page(told: Report, language: str = "en") -> ET.Element:
    return read(reporters.render(told, "markdown", language=language))


def read(text: str) -> ET.Element:
    tree = html5lib.parse(READER.render(text))
    assert isinstance(tree, ET.Element)
    return tree


def elements(told: Report, language: str = "en") -> set[str]:
    return {element.tag.removeprefix(XHTML) for element in page(told, language).iter()}


def test_the_answer_comes_first_and_the_rest_is_folded() -> None:
    lines = reporters.render(several(), "markdown").splitlines()
    assert lines[0] == "### 🟥 envguard: forbidden"
    assert lines[2].startswith("**6 differences from <code>")
    tree = page(several())
    rows = tree.findall(f".//{XHTML}tbody/{XHTML}tr")
    verdicts = ["".join(row[0].itertext()).split()[-1] for row in rows]
    assert verdicts == ["forbidden"] * 3 + ["unverified", "cautious", "safe"]
    assert ["".join(cell.itertext()) for cell in rows[0]] == [
        "🟥 forbidden", "numpy", "1.26.4 -> 2.4.6", "EG102 version-drift", "/srv/envguard.lock:41",
    ]  # fmt: skip
    folded = tree.findall(f".//{XHTML}details")
    assert len(folded) == 8
    assert "pip install --no-deps numpy==1.26.4" in "".join(folded[0].itertext())
    assert "found in /srv/venv/numpy-2.4.6.dist-info" in "".join(folded[0].itertext())


@pytest.mark.parametrize("language", languages.NAMES)
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_foreign_text_makes_no_element_of_its_own(text: str, language: str) -> None:
    assert elements(everywhere(text), language) <= OURS
    tree = page(everywhere(text), language)
    assert len(tree.findall(f".//{XHTML}tbody/{XHTML}tr")) == 1
    assert len(tree.findall(f".//{XHTML}tbody/{XHTML}tr/{XHTML}td")) == 5


@pytest.mark.parametrize(
    "text",
    [
        "@everyone", "#12", "!34", "~label", "/close", "www.evil.example", "https://evil.example", "me@evil.example",
        "**bold**", "_it_", "[x](https://evil.example)", "![x](https://evil.example/x.png)", "<img src=x>", "|", "`",
        "``` x", "```", "`````", "~~~", "---", "# x", "> x", "- x", "1. x", "&lt;", "\\|", "$x$", "[[wiki]]", ":tada:",
        "a|b",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", languages.NAMES)
def test_what_a_code_host_could_obey_is_code_and_reads_as_it_was(text: str, language: str) -> None:
    told = report(finding(package=text, rule=text, evidence=(text,), reason=f"because {text} is", instead=text))
    tree = page(told, language)
    codes = ["".join(element.itertext()) for element in tree.iter(f"{XHTML}code")]
    assert codes.count(text) >= 4
    assert elements(told, language) <= OURS
    outside = "".join(
        piece for element in tree.iter() if element.tag != f"{XHTML}code" for piece in (element.text or "",)
    )
    assert "@" not in outside
    assert "/close" not in outside
    # GitHub makes a link of it inside of elements too.
    assert "www." not in reporters.render(report(finding(package=text, reason=text, instead="")), "markdown")
    pre = "".join(tree.findall(f".//{XHTML}pre")[0].itertext())
    assert pre.strip() == text.strip()


def test_it_fits_into_a_comment_and_counts_what_does_not() -> None:
    for told in (several(3000), everywhere("|" * 1_000_000), several(3000, bypass="|" * 9999, lock="`" * 9999)):
        assert len(reporters.render(told, "markdown")) <= 60_000
    text = reporters.render(several(3000), "markdown")
    assert "3000 differences" in text
    rows = len(re.findall(r"(?m)^\| 🟥", text))
    assert f"{3000 - rows} more rows left out" in text
    assert "more explanations left out" in text
    assert text.count("<details>") == text.count("</details>")
    tree = read(text)
    assert "records, 3 of 4 checks run" in "".join(tree.findall(f".//{XHTML}sub")[0].itertext())


def test_a_pinned_environment_says_so_and_what_was_looked_at(pinned: Report) -> None:
    text = reporters.render(pinned, "markdown")
    assert text.startswith("### 🟩 envguard: pinned\n")
    assert "292 packages locked, 293 installed" in text
    assert "<details>" not in text
    assert not reporters.render(pinned, "markdown", encoding="ascii").startswith("### 🟩")


def test_a_lock_of_the_working_folder_is_named_as_people_know_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lock = str(tmp_path / "envguard.lock")
    text = reporters.render(report(finding(path=lock), lock=lock), "markdown")
    assert "1 difference from <code>envguard.lock</code>" in text
    assert "<code>envguard.lock&#58;41</code> |" in text
