"""Packages that only move together: by the row alone, by what they require, by their builds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from envguard import comparing, config
from envguard.errors import RuleError
from envguard.formats import requirements_txt
from envguard.model import Distribution, Environment, Rule
from envguard.rules import together
from envguard.rules.validate import problems
from support import LINUX

if TYPE_CHECKING:
    from pathlib import Path


def judged(lock: str, *installed: Distribution, table: tuple[Rule, ...] = ()) -> list[tuple[str, str, str]]:
    """Rule, package and verdict of each constraint that is broken."""
    live = Environment(prefix="/env", paths=("/env/site",), interpreter=LINUX, distributions=installed)
    report = comparing.judge(requirements_txt.parse(lock.encode(), path="r.txt"), live, "versions", (), table=table)
    return [(each.rule, each.change.package, each.verdict) for each in report.findings if each.change.code == "EG212"]


def there(name: str, version: str, *requires: str, variant: str | None = None) -> Distribution:
    return Distribution(
        name=name, version=version, path=f"/env/{name}", location="", requires=requires, variant=variant
    )


LOCK = "torch==2.5.0\ntorchvision==0.20.0\ntorchaudio==2.5.0\n"


def test_torch_alone_breaks_what_pins_it() -> None:
    found = judged(
        LOCK,
        there("torch", "2.6.0", "sympy"),
        there("torchvision", "0.20.0", "numpy", "torch==2.5.0"),
        there("torchaudio", "2.5.0", "torch==2.5.0"),
    )
    assert found == [("torch-together", "torchaudio", "forbidden"), ("torch-together", "torchvision", "forbidden")]


def test_the_wheels_own_pins_decide() -> None:
    # torchvision 0.29 says torch>=2.14, torchaudio 2.11 says nothing at all of torch.
    lock = "torch==2.14.0\ntorchvision==0.29.2\ntorchaudio==2.11.0\n"
    after = (
        there("torch", "2.15.0", "sympy"),
        there("torchvision", "0.29.2", "torch>=2.14.0"),
        there("torchaudio", "2.11.0"),
    )
    assert judged(lock, *after) == []


def test_torchvision_alone_wants_another_torch() -> None:
    found = judged(LOCK, there("torch", "2.5.0", "sympy"), there("torchvision", "0.21.0", "torch==2.6.0"))
    assert found == [("torch-together", "torchvision", "forbidden")]


def test_all_of_them_together_is_fine_and_nothing_moved_is_fine() -> None:
    after = (there("torch", "2.6.0", "sympy"), there("torchvision", "0.21.0", "torch==2.6.0"))
    assert judged("torch==2.5.0\ntorchvision==0.20.0\n", *after) == []
    mixed = (there("torch", "2.5.0", "sympy"), there("torchvision", "0.20.0", "torch==9"))
    assert judged("torch==2.5.0\ntorchvision==0.20.0\nsix==1\n", *mixed, there("six", "2")) == []
    assert judged("six==1\n", there("six", "2")) == []


def test_what_is_not_known_is_cautious_and_said() -> None:
    live = (there("torch", "2.6.0"), there("torchvision", "0.20.0"))
    assert judged("torch==2.5.0\ntorchvision==0.20.0\n", *live) == [("torch-together", "torchvision", "cautious")]


@pytest.mark.parametrize(
    ("vision", "expected"),
    [
        (there("torchvision", "0.21.0+cu124", "torch==2.6.0"), [("torch-together", "torch", "forbidden")]),
        (there("torchvision", "0.21.0", "torch==2.6.0", variant="cu124"), [("torch-together", "torch", "forbidden")]),
        (there("torchvision", "0.21.0+cpu", "torch==2.6.0"), []),
        (there("torchvision", "0.21.0", "torch==2.6.0"), []),  # its build is not known
    ],
)
def test_one_label(vision: Distribution, expected: list[tuple[str, str, str]]) -> None:
    lock = "torch==2.5.0+cpu\ntorchvision==0.20.0+cpu\n"
    assert judged(lock, there("torch", "2.6.0+cpu", "sympy"), vision) == expected


def row(**more: Any) -> Rule:
    return Rule(**{"id": "pair", "verdict": "cautious", "reason": "a pair", "together": ("aa", "bb"), **more})


def test_a_row_of_the_project() -> None:
    lock, after = "aa==1\nbb==1\n", (there("aa", "2"), there("bb", "1"))
    assert judged(lock, *after) == []
    assert judged(lock, *after, table=(row(),)) == [("pair", "bb", "cautious")]
    assert judged(lock, there("aa", "2"), there("bb", "2"), table=(row(),)) == []
    assert judged(lock, *after, table=(row(when="sys_platform == 'win32'"),)) == []
    assert judged(lock, *after, table=(row(until="2020-01-01"),)) == []
    assert judged("aa==1\nbx==1\n", there("aa", "2"), there("bx", "1"), table=(row(together=("aa", "b*")),)) == [
        ("pair", "bx", "cautious")
    ]


def test_a_row_of_the_same_id_takes_the_place_of_the_built_in_one() -> None:
    mild = row(id="torch-together", together=("torch", "torchvision"), follow="requires-dist")
    after = (there("torch", "2.6.0", "sympy"), there("torchvision", "0.20.0", "torch==2.5.0"))
    assert judged(LOCK, *after, table=(mild,)) == [("torch-together", "torchvision", "cautious")]


def test_a_row_about_a_change_set_decides_no_single_change() -> None:
    lock = "aa==1\n"
    live = Environment(prefix="/env", paths=(), interpreter=LINUX, distributions=(there("aa", "2"),))
    table = (row(verdict="safe"),)
    report = comparing.judge(requirements_txt.parse(lock.encode(), path="r.txt"), live, "versions", (), table=table)
    assert [each.rule for each in report.findings] == ["upgraded-native"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"follow": "x"}, "follow"),
        ({"label": "x"}, "label"),
        ({"together": ()} | {"follow": "requires-dist"}, "follow"),
        ({"together": ("aa",)}, "together"),
        ({"together": ("A b", "c")}, "together"),
        ({"package": ("aa",)}, "package"),
        ({"change": ("upgraded",)}, "change"),
        ({"alone": True}, "alone"),
        ({"to": ">1"}, "to"),
    ],
)
def test_what_makes_no_sense_is_refused(more: dict[str, Any], field: str) -> None:
    assert field in [where for where, _why in problems(row(**more))]


def test_the_built_in_rows_are_valid() -> None:
    for each in together.ROWS:
        assert list(problems(each)) == []


def test_in_toml(tmp_path: Path) -> None:
    text = """
        [groups]
        torch = ["torch", "torchvision"]
        [[rules]]
        id = "a"
        together = "@torch"
        follow = "requires-dist"
        label = "same"
        verdict = "forbidden"
        reason = "b"
    """
    path = tmp_path / "envguard.toml"
    path.write_text(text)
    (rule,) = config.rules(config.load(str(path)))
    assert (rule.together, rule.follow, rule.label) == (("torch", "torchvision"), "requires-dist", "same")
    path.write_text(text.replace('"requires-dist"', '"moon"'))
    with pytest.raises(RuleError, match=r"rules\[0\]\.follow"):
        config.rules(config.load(str(path)))


def test_what_only_an_extra_requires_does_not_count() -> None:
    vision = there("torchvision", "0.29.2", "torch>=2.14.0", "torch==2.14.0; extra == 'pinned'")
    lock = "torch==2.14.0\ntorchvision==0.29.2\n"
    assert judged(lock, there("torch", "2.15.0", "sympy"), vision) == []
