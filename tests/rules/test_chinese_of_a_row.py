"""``zh`` and ``zh-instead`` of a project's row: read, refused where wrong, compiled into the lock, left out where empty."""

from pathlib import Path

import pytest

from envguard import config
from envguard.errors import RuleError
from envguard.model import Change, Rule
from envguard.rules import compiled, judge

ROW = """
[[rules]]
id = "own"
package = "six"
verdict = "forbidden"
reason = "it is part of the ABI"
"""


def rows(tmp_path: Path, text: str) -> tuple[Rule, ...]:
    (tmp_path / "envguard.toml").write_text(text, encoding="utf-8")
    return config.rules(config.load(str(tmp_path / "envguard.toml")))


def test_both_texts_are_read_and_reach_the_finding_with_placeholders_filled(tmp_path: Path) -> None:
    (rule,) = rows(
        tmp_path,
        ROW + 'instead = "keep {package}"\nzh = "\u5b83\u5c5e\u4e8e ABI"\nzh-instead = "\u4fdd\u7559 {package}"\n',
    )
    assert (rule.zh, rule.zh_instead) == ("\u5b83\u5c5e\u4e8e ABI", "\u4fdd\u7559 {package}")
    change = Change(code="EG102", kind="upgraded", package="six", locked="1.16.0", installed="1.17.0")
    (found,) = judge((change,), (rule,), today="2026-01-01")
    assert (found.reason, found.instead) == ("it is part of the ABI", "keep six")
    assert (found.zh, found.zh_instead) == ("\u5b83\u5c5e\u4e8e ABI", "\u4fdd\u7559 six")
    text = compiled.dump(rule)
    assert text.isascii()
    assert compiled.parse(text) == rule


def test_a_row_without_is_compiled_as_before(tmp_path: Path) -> None:
    (rule,) = rows(tmp_path, ROW)
    assert "zh" not in compiled.dump(rule)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("zh = 3", r"rules\[0\]\.zh: input should be a valid string"),
        ('zh = ["a"]', r"rules\[0\]\.zh"),
        ('zh-instead = "\u627e Ada"', r"rules\[0\]\.zh-instead: .* needs both"),
        ('zh = " "\ninstead = "x"\nzh-instead = "y"', r"rules\[0\]\.zh-instead: .* needs both"),
        ('zh = "x"\nzh-instead = "y"', r"rules\[0\]\.zh-instead: .* needs both"),
        (f'zh = "{"x" * 2001}"', r"rules\[0\]\.zh: longer than 2000 characters"),
        ('zh-reason = "x"', r"unknown key"),
        ('de = "x"', r"unknown key"),
    ],
)
def test_a_slip_is_refused_by_its_key(tmp_path: Path, line: str, why: str) -> None:
    with pytest.raises(RuleError, match=why):
        rows(tmp_path, ROW + line + "\n")


def test_a_compiled_row_is_held_to_the_same() -> None:
    text = '{"id": "own", "verdict": "safe", "reason": "r", "zh_instead": "x"}'
    with pytest.raises(RuleError, match=r"zh_instead: .* needs both"):
        compiled.parse(text)
    with pytest.raises(RuleError, match="zh has a value of the wrong type"):
        compiled.parse('{"id": "own", "verdict": "safe", "reason": "r", "zh": 1}')


def test_the_rows_of_the_example_speak_chinese() -> None:
    example = Path(__file__).parents[2] / "examples" / "envguard.toml"
    given = config.rules(config.load(str(example)))
    assert len(given) == 6
    assert all(rule.zh and bool(rule.zh_instead) == bool(rule.instead) for rule in given)
