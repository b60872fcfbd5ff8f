"""How wide text is on a terminal, against rich, which has a table of its own; and lines that fit."""

import re
import textwrap

import pytest
from hypothesis import given, settings, strategies as st
from rich.cells import cell_len
from telling import finding, report, several

from envguard import languages, reporters
from envguard.reporters._columns import cells, padded, wrapped
from envguard.rules.builtin import ROWS

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=12)
LATIN = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
MARKS = st.sampled_from(["，", "。", "；", "：", "（", "）", "、", " ", "  ", "“", "”", "…"])
MIXED = st.lists(st.one_of(HAN, LATIN, MARKS), max_size=30).map("".join)


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        ("", 0),
        ("abc", 3),
        ("禁止", 4),
        ("a禁b", 4),
        ("（）", 4),
        ("→", 1),
        ("…", 1),
        ("e\u0301", 1),
        ("ﾊﾝ", 2),
        ("Ａ", 2),
        ("한", 2),
    ],
)
def test_known_widths(text: str, wide: int) -> None:
    assert cells(text) == wide
    assert len(padded(text, 10)) - len(text) == 10 - wide
    assert padded(text, 0) == text


@settings(deadline=None)
@given(MIXED)
def test_widths_are_those_of_rich(text: str) -> None:
    assert cells(text) == cell_len(text)


@settings(deadline=None)
@given(MIXED, st.integers(min_value=20, max_value=100))
def test_wrapped_lines_fit_and_lose_nothing(text: str, columns: int) -> None:
    lines = wrapped(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        # Only what has no place to break may stand out: a long word, and marks that cling to it.
        assert cells(line) <= columns or not re.search(r"\s", line.strip())
        assert line == line.rstrip()
    for line in lines[1:]:
        assert (
            not re.match("[，。；：、）”…]", line) or cells(line) > columns or text.count("，，") or _marks_alone(text)
        )


def _marks_alone(text: str) -> bool:
    """Marks that follow a space or one another's opposite cannot cling to a word."""
    return re.search(r"(?:^|\s|[（“])[，。；：、）”…]", text) is not None


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300), st.integers(20, 100))
def test_text_of_letters_wraps_as_ever(text: str, columns: int) -> None:
    assert wrapped(text, columns) == textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False)


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 120])
def test_reasons_in_chinese_keep_within_the_width(columns: int) -> None:
    told = [
        finding(rule=row.id, verdict=row.verdict, reason=row.reason, instead="", evidence=())
        for row in ROWS
        if len(row.id) < 20
    ]
    for each in told:
        lines = reporters.render(report(each), "full", width=columns, language="zh").splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("  规则"))
        prose = lines[start : lines.index("", start)]
        assert max(map(cells, prose)) <= columns, prose


def test_columns_stand_below_one_another() -> None:
    shown = reporters.render(several(), "full", language="zh", width=100)
    heads = [line for line in shown.splitlines() if re.match(r"EG\d{3} ", line)]
    assert len({cells(line) for line in heads}) == 1
    labels = [line for line in shown.splitlines() if re.match(r"  (?:位置|规则|建议|依据|备注|未运行|未查看) ", line)]
    assert len(labels) > 10
    texts = [re.split(r"(?<=\S) {2,}", line[2:], maxsplit=1) for line in labels]
    assert {cells(line) - cells(text[1]) for line, text in zip(labels, texts, strict=True)} == {12}


def test_foreign_wide_text_keeps_an_english_report_in_its_columns() -> None:
    wide = finding(package="软件包", locked="1.0", installed="2.0", reason="因为" * 80)
    shown = reporters.render(report(wide), "full", width=80)
    assert max(cells(line) for line in shown.splitlines() if "因为" in line) <= 80
    head = next(line for line in shown.splitlines() if line.startswith("EG102"))
    assert cells(head) == 80


def test_labels_fit_their_column() -> None:
    texts = languages.catalogue("zh")
    assert texts is not None
    for label in ("at", "rule", "instead", "seen", "noted", "not run", "not seen", "bypass", "finds", "matters", "to do",
                  "limits", "reason", "locked", "installed", "judged", "files", "pin it"):  # fmt: skip
        assert cells(texts.phrases[label]) <= 10, label
