"""A row on its way through a lock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from envguard.errors import RuleError
from envguard.rules import compiled

ROW = {"id": "a", "verdict": "safe", "reason": "b"}


def test_a_row_comes_back_as_it_went(court: Any) -> None:
    rule = court.rule(
        "forbidden",
        id="numpy-abi",
        reason='says "no"\nin two lines\x7f\u2028 \u2013 是',
        instead="x",
        package=("numpy", "scipy*", "!scipy-x"),
        change=("upgraded",),
        part=("major",),
        locked=">=1",
        to="<3",
        traits=("native", "!cuda"),
        beside=("torch",),
        alone=True,
        when="sys_platform == 'linux'",
        until="2027-01-01",
        zh="NumPy 2 改了 C-API",
        zh_instead="y",
        origin="pyproject.toml tool.envguard.rules[0]",
    )
    text = compiled.dump(rule)
    assert text.isascii()
    assert text.isprintable()
    assert compiled.parse(text) == rule
    assert compiled.dump(compiled.parse(text)) == text
    of_a_change_set = ("together", "follow", "label")
    assert list(json.loads(text)) == [field for field in rule._fields if field not in of_a_change_set]


def test_a_row_about_a_change_set_comes_back_as_it_went(court: Any) -> None:
    rule = court.rule("forbidden", together=("torch*", "!torch-x"), follow="requires-dist", label="same", origin="x")
    assert compiled.parse(compiled.dump(rule)) == rule


def test_what_holds_its_default_is_left_out(court: Any) -> None:
    assert compiled.dump(court.rule()) == '{"id": "row", "verdict": "safe", "reason": "because"}'


def test_a_row_without_an_origin_comes_from_the_lock() -> None:
    assert compiled.parse(json.dumps(ROW), path="envguard.lock", line=9).origin == "envguard.lock:9"
    assert compiled.parse(json.dumps(ROW)).origin == "lock"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no valid JSON"),
        ("{", "no valid JSON"),
        ("[]", "no JSON object"),
        ('"x"', "no JSON object"),
        ("[" * 100_000, "more than 65536 characters"),
        ('{"a":' * 13_000, "nested too deeply"),
        (json.dumps(ROW)[:-1] + ', "id": "c"}', "given twice"),
        (json.dumps({**ROW, "verdcit": "safe"}), "unknown key 'verdcit'"),
        (json.dumps({**ROW, "package": "numpy"}), "package has a value of the wrong type"),
        (json.dumps({**ROW, "package": [1]}), "package has a value of the wrong type"),
        (json.dumps({**ROW, "alone": 1}), "alone has a value of the wrong type"),
        (json.dumps({**ROW, "reason": None}), "reason has a value of the wrong type"),
        (json.dumps({"id": "a", "verdict": "safe"}), "reason is missing"),
        (json.dumps({**ROW, "verdict": "pinned"}), "verdict: 'pinned' is none of safe, cautious, forbidden"),
        (json.dumps({**ROW, "change": ["upgrade"]}), "change: 'upgrade' is not known"),
        (json.dumps({**ROW, "id": "A b"}), "id: 'A b' is no id"),
        (json.dumps({**ROW, "id": "a\n"}), "is no id"),
        (json.dumps({**ROW, "reason": " "}), "reason: a row must say why"),
        (json.dumps({**ROW, "reason": "x" * 2001}), "reason: longer than 2000"),
        (json.dumps({**ROW, "until": "2026-02-30"}), "until: '2026-02-30' is no date"),
        (json.dumps({**ROW, "until": "20260101"}), "until: '20260101' is no date"),
        (json.dumps({**ROW, "to": "=>1"}), "to: '=>1' is no version specifier"),
        (json.dumps({**ROW, "when": "x"}), "when: 'x' is no marker"),
        (json.dumps({**ROW, "when": "extra == 'x'"}), "when: "),
        (json.dumps({**ROW, "when": "(" * 900}), "when: more than 20 parentheses"),
        (json.dumps({**ROW, "traits": ["!fast"]}), "traits: 'fast' is not known"),
        (json.dumps({**ROW, "part": ["patch"]}), "part: 'patch' is not known"),
        (json.dumps({**ROW, "package": ["Numpy"]}), "package: 'Numpy' is no normalised name"),
        (json.dumps({**ROW, "package": ["a*b"]}), "package: 'a*b' is no normalised name"),
        (json.dumps({**ROW, "package": ["*"]}), "package: '*' names everything"),
        (json.dumps({**ROW, "beside": ["!*"]}), "beside: '!*' names everything"),
        (json.dumps({**ROW, "change": ["unverifiable"]}), "until: a row that makes an unverifiable pin safe must end"),
    ],
)
def test_a_damaged_row_is_refused_with_its_place(text: str, why: str) -> None:
    with pytest.raises(RuleError) as error:
        compiled.parse(text, path="envguard.lock", line=4)
    assert why in error.value.problem
    assert (error.value.path, error.value.line) == ("envguard.lock", 4)
    assert error.value.problem.isprintable()


def test_what_is_allowed_is_allowed() -> None:
    for more in (
        {"change": ["unverifiable"], "verdict": "forbidden"},
        {"change": ["unverifiable"], "until": "2027-01-01"},
        {"package": ["numpy*", "!numpy-x"], "beside": ["a1"]},
        {"when": "(python_version < '3.12') and (sys_platform == 'linux')"},
        {"reason": "x" * 2000},
    ):
        assert compiled.parse(json.dumps({**ROW, **more})).id == "a"
