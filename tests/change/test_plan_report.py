"""A planned change as text: on one screen, harmless whatever it holds, and in the form that the schema describes."""

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest

from envguard import reporters
from envguard.model import Change, Finding, Report
from envguard.proposal import Move, Proposal
from support import LINUX

SCHEMA = json.loads((Path(reporters.__file__).parent.parent / "schemas" / "report.json").read_text(encoding="utf-8"))
HOSTILE = "\x1b[31m::error::<script>|\n`$(id)`"
REASONS = {
    "forbidden": ("upgraded-native", "compiled code of another feature release can break what was built against it"),
    "cautious": ("upgraded-pure", "a new release may change behaviour or interfaces"),
    "safe": ("upgraded-micro-pure", "a bug-fix release of a package without compiled code"),
}


def finding(name: str, verdict: str, installed: str = "2.0") -> Finding:
    rule, reason = REASONS[verdict]
    change = Change(
        code="EG201",
        kind="upgraded",
        package=name,
        locked="1.0",
        installed=installed,
        path="/srv/envguard.lock",
        evidence=("asked for by b > a, which requires it>=2",),
    )
    return Finding(
        change=change,
        verdict=verdict,  # type: ignore[arg-type]
        rule=rule,
        reason=reason,
        instead=f"keep {name} 1.0; try it first",
    )


def planned(*findings: Finding, **fields: object) -> Report:
    moves = tuple(
        Move(name=found.change.package, kind="upgraded", before="1.0", after="2.0", size=2_000_000)
        for found in findings
    )
    given: dict[str, object] = {
        "request": "-U",
        "installer": "pip 26.3",
        "command": shlex.join(["python", "-m", "pip", "install", *(f"{move.name}==2.0" for move in moves)]),
        "trial": "envguard try -U",
        "moves": moves,
        **fields,
    }
    return Report(
        lock="/srv/envguard.lock",
        format="envguard.lock",
        lock_sha256="ab" * 32,
        seal="cd" * 32,
        prefix="/srv/venv",
        interpreter=LINUX,
        depth="native",
        packages=90,
        installed=90,
        checks=("installer",),
        findings=findings,
        proposal=Proposal(**given),  # type: ignore[arg-type]
    )


def test_ninety_changes_are_one_screen_and_none_is_left_out() -> None:
    several = [("forbidden", 12), ("cautious", 60), ("safe", 18)]
    findings = [finding(f"{verdict[:4]}-{index}", verdict) for verdict, count in several for index in range(count)]
    report = planned(*findings, command="")
    told = reporters.render(report, "full", width=100)
    assert told.count("\n") <= 50
    flat = " ".join(told.split())
    for each in findings:
        assert f"{each.change.package} 1.0 → 2.0" in flat
    assert flat.index("compiled code of another") < flat.index("a new release may") < flat.index("a bug-fix release")
    assert "keep each; try it first" in flat
    assert "90 packages move, 180.0 MB to download" in flat


def test_few_changes_are_told_in_full() -> None:
    told = reporters.render(planned(finding("numpy", "forbidden"), finding("six", "safe")), "full", width=100)
    assert "numpy  1.0 → 2.0" in told
    assert "2.0 MB  EG201  forbidden" in told
    assert "keep numpy 1.0; try it first" in told
    assert "asked for by b > a, which requires it>=2" in told
    assert "envguard try -U" in told


def test_a_long_command_can_be_pasted_whole() -> None:
    findings = [finding(f"package-number-{index}", "cautious") for index in range(40)]
    report = planned(*findings)
    told = reporters.render(report, "full", width=100)
    begin = told.index("would run") + len("would run")
    command = told[begin : told.index("  try first")].replace("\\\n", " ")
    assert report.proposal is not None
    assert shlex.split(command) == shlex.split(report.proposal.command)


def test_nothing_to_change_is_said_so() -> None:
    for name in ("full", "concise"):
        assert "nothing would change" in reporters.render(planned(), name)


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_fits_every_terminal(width: int, encoding: str) -> None:
    report = planned(*(finding(f"p{index}", "forbidden") for index in range(9)), finding("six", "safe"))
    told = reporters.render(report, "full", width=width, encoding=encoding)
    told.encode(encoding)
    assert "p8" in told


@pytest.mark.parametrize("count", [1, 9])
def test_hostile_text_is_harmless_in_every_format(count: int) -> None:
    bad = finding("six", "forbidden", installed=HOSTILE).replace(instead=HOSTILE, reason=HOSTILE)
    bad = bad.replace(change=bad.change.replace(package=HOSTILE, evidence=(HOSTILE,)))
    move = Move(name=HOSTILE, kind="added", after=HOSTILE, chain=(HOSTILE, HOSTILE), asks=HOSTILE, url=HOSTILE)
    report = planned(*[bad] * count, request=HOSTILE, installer=HOSTILE, command=shlex.quote(HOSTILE), moves=(move,))
    for name in reporters.names():
        told = reporters.render(report, name, width=100)
        assert "\x1b" not in told, name
        assert "\n::error::" not in told, name
        if name in ("html", "markdown"):
            outside = re.sub(
                r"^(`{3,})text$.*?^\1$", "", told, flags=re.MULTILINE | re.DOTALL
            )  # a fence shows text as it is
            assert "<script>|" not in outside, name


def test_json_is_what_its_schema_says() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for report in (planned(), planned(finding("numpy", "forbidden"))):
        validator.validate(json.loads(reporters.render(report, "json")))
    document = json.loads(reporters.render(planned(command="", trial=""), "json"))
    validator.validate(document)
    assert document["proposal"]["installer"] == "pip 26.3"
    assert document["proposal"]["command"] is None
    del document["proposal"]["moves"]
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)
