"""The rows that ship: what they say of every kind, and that they and the catalogue agree."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import envguard
from envguard.rules import catalog
from envguard.rules.builtin import ROWS, UNFORESEEN

SOURCE = Path(envguard.__file__).parent


@pytest.mark.parametrize(
    ("kind", "part", "traits", "verdict"),
    [
        ("removed", "", "pure", "forbidden"),
        ("added", "", "code pure", "safe"),
        ("added", "", "native", "cautious"),
        ("added", "", "", "cautious"),
        ("added", "", "pure cuda", "forbidden"),
        ("added", "", "native cuda", "forbidden"),
        ("added", "", "pure editable", "cautious"),
        ("upgraded", "micro", "pure", "safe"),
        ("upgraded", "post", "pure", "safe"),
        ("upgraded", "minor", "pure", "cautious"),
        ("upgraded", "major", "pure", "cautious"),
        ("upgraded", "pre", "pure", "cautious"),
        ("upgraded", "epoch", "pure", "forbidden"),
        ("upgraded", "micro", "native", "cautious"),
        ("upgraded", "micro", "", "cautious"),
        ("upgraded", "minor", "native", "forbidden"),
        ("upgraded", "major", "", "forbidden"),
        ("upgraded", "micro", "native cuda", "cautious"),
        ("upgraded", "minor", "pure cuda", "forbidden"),
        ("upgraded", "major", "native cuda", "forbidden"),
        ("downgraded", "micro", "pure", "cautious"),
        ("downgraded", "minor", "pure cuda", "forbidden"),
        ("downgraded", "micro", "native", "forbidden"),
        ("downgraded", "micro", "", "forbidden"),
        ("different", "other", "pure", "forbidden"),
        ("variant", "local", "native cuda", "forbidden"),
        ("source", "", "native", "cautious"),
        ("source", "place", "native", "safe"),
        ("rebuilt", "", "pure", "cautious"),
        ("rebuilt", "", "native", "forbidden"),
        ("rebuilt", "build", "conda", "forbidden"),
        ("duplicate", "", "pure", "forbidden"),
        ("broken", "", "", "forbidden"),
        ("edited", "", "pure", "forbidden"),
        ("deleted-file", "", "", "forbidden"),
        ("added-file", "", "", "cautious"),
        ("mode", "", "", "cautious"),
        ("bytecode", "", "", "forbidden"),
        ("startup", "", "", "forbidden"),
        ("shadowed", "", "", "forbidden"),
        ("clobbered", "", "conda pure", "forbidden"),
        ("leftover", "", "conda", "forbidden"),
        ("interpreter", "micro", "newer", "cautious"),
        ("interpreter", "minor", "newer", "forbidden"),
        ("interpreter", "abi", "", "forbidden"),
        ("interpreter", "platform", "", "forbidden"),
        ("interpreter", "libc", "newer", "safe"),
        ("interpreter", "libc", "older", "forbidden"),
        ("interpreter", "libc", "", "forbidden"),
        ("floating", "newest", "", "forbidden"),
        ("floating", "tag", "", "cautious"),
        ("unpinned", "", "", "cautious"),
        ("unread", "", "", "unverified"),
        ("unverifiable", "", "", "unverified"),
        ("stale-rule", "", "", "cautious"),
        ("second-owner", "", "", "forbidden"),
        ("never-heard-of", "", "", "cautious"),
    ],
)
def test_verdicts(court: Any, kind: str, part: str, traits: str, verdict: str) -> None:
    (finding,) = court.judge(court.change(kind, part=part, traits=tuple(traits.split())))
    assert finding.verdict == verdict


def test_a_remedy_is_a_command_with_the_locked_version(court: Any) -> None:
    (finding,) = court.judge(court.change("downgraded", "pillow", locked="10.2.0", installed="9.5.0"))
    assert finding.instead == "pip install --no-deps pillow==10.2.0"


def test_every_row_says_why_and_every_refusal_what_to_do() -> None:
    for row in ROWS:
        assert row.reason, row.id
        assert row.instead or row.verdict == "safe", row.id
        assert row.package == (), "a built-in row knows no package by name"
        assert row.origin == "built-in"
        assert row.until == ""
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert ROWS[-1] == UNFORESEEN
    assert UNFORESEEN.replace(change=(), part=(), traits=(), package=()) == UNFORESEEN


def test_rows_and_catalogue_speak_of_the_same_kinds_parts_and_traits() -> None:
    assert {kind for row in ROWS for kind in row.change} == set(catalog.KINDS)
    assert {part for row in ROWS for part in row.part} <= set(catalog.PARTS)
    assert {trait for row in ROWS for trait in row.traits} <= set(catalog.TRAITS)
    assert set(catalog.DAMAGE) <= set(catalog.KINDS)


def test_no_row_is_hidden_by_a_row_above() -> None:
    from envguard.rules.hidden import covers

    for index, row in enumerate(ROWS):
        assert [above.id for above in ROWS[:index] if covers(above, row)] == []


def test_whatever_the_package_states_is_in_the_catalogue_and_the_other_way_round() -> None:
    codes: set[str] = set()
    kinds: set[str] = set()
    parts: set[str] = set()
    words: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        if path.name in ("catalog.py", "builtin.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                value = keyword.value
                if not isinstance(value, ast.Constant) or not isinstance(value.value, str) or not value.value:
                    continue
                {"code": codes, "kind": kinds, "part": parts}.get(keyword.arg or "", set()).add(value.value)
    kinds -= {
        "archive",
        "vcs",
        "directory",
        "dist-info",
        "egg-info",
        "egg",
        "egg-link",
        "zip",
        "end",
        "package",
        "unlink",
        "link",
        "put",
        "prune",
        "none",
    }  # other values' kinds
    kinds -= {"noted"}  # information: it is never judged
    assert {code for code in codes if code.startswith("EG")} <= set(catalog.CODES)
    assert kinds <= set(catalog.KINDS)
    assert parts <= set(catalog.PARTS)
    assert set(catalog.KINDS) <= words, "a kind that nothing states"
    assert set(catalog.PARTS) <= words, "a part that nothing states"


def test_every_code_is_explained_in_full() -> None:
    for code, entry in catalog.CODES.items():
        assert entry.code == code
        for field in ("summary", "finds", "matters", "action", "limits"):
            text = getattr(entry, field)
            assert text[0].isupper() or text.startswith(("`", "envguard")), (code, field)
            assert text.endswith("."), (code, field)
            assert "pip install envguard`" not in text
    assert list(catalog.CODES) == sorted(catalog.CODES)
    assert len({entry.name for entry in catalog.CODES.values()}) == len(catalog.CODES)


@pytest.mark.parametrize("word", ["EG102", "eg102", " version-drift ", "Version-Drift"])
def test_a_code_is_found_by_either_name(word: str) -> None:
    entry = catalog.lookup(word)
    assert entry is not None
    assert entry.code == "EG102"


def test_a_near_miss_gets_suggestions() -> None:
    assert catalog.lookup("version-drif") is None
    assert catalog.suggestions("version-drif")[0] == "version-drift"
    assert "EG102" in catalog.suggestions("eg12")
    assert catalog.suggestions("EG1O2")[0] == "EG102"
    assert catalog.suggestions("egl0i")[0] == "EG101"
    assert catalog.suggestions("zzzzzz") == ()
