"""README.zh-CN.md says nothing else than README.md: the same commands, links, codes and tables."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENGLISH = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
OWN = ("--lang", "ENVGUARD_LANG", "LANG=zh", "zh      =", "zh-instead")


def blocks(text: str) -> list[str]:
    """Lines of code, without what is about the language."""
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return [line for line in lines if line and not any(word in line for word in OWN)]


def test_they_lead_to_one_another() -> None:
    assert "(README.zh-CN.md)" in "\n".join(ENGLISH.splitlines()[:4])
    assert "(README.md)" in "\n".join(CHINESE.splitlines()[:4])


def test_every_command_in_chinese_is_one_of_the_english() -> None:
    assert [line for line in blocks(CHINESE) if line not in blocks(ENGLISH)] == []
    assert len(blocks(CHINESE)) > 20


def test_quick_start_and_core_have_every_command() -> None:
    core = ("Quick start", "The golden file", "Every lock you already have", "In the service", "Verdicts and rules")
    for title in core:
        section = ENGLISH.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
        lacking = [line for line in blocks(section) if line not in blocks(CHINESE)]
        assert lacking == [], f"README.zh-CN.md lacks these of {title}"


def test_links_lead_somewhere_and_codes_are_those_of_the_english() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", CHINESE):
        assert (ROOT / link).exists(), link
    codes = re.compile(r"EG\d{3}")
    assert set(codes.findall(CHINESE)) <= set(codes.findall(ENGLISH))


def test_tables_have_the_same_rows() -> None:
    for row in (
        "assert_pinned()",
        "envguard.protect",
        "`versions`",
        "`native`",
        "`--envguard=report`",
        "EG301",
        "EG406",
    ):
        in_both = [
            sum(row in line for line in text.splitlines() if line.startswith("|")) for text in (ENGLISH, CHINESE)
        ]
        assert in_both[0] == in_both[1] == 1, row
