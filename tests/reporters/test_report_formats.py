import json
from pathlib import Path

import jsonschema
import pytest
from telling import finding, report

from envguard import reporters
from envguard.errors import UsageError
from envguard.model import Report

SCHEMA = json.loads((Path(reporters.__file__).parent.parent / "schemas" / "report.json").read_text())
FINDING_KEYS = {
    "code", "name", "package", "verdict", "rule", "reason", "instead", "locked", "installed", "path", "line",
    "evidence", "kind", "part",
}  # fmt: skip
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_folder_is_the_registry() -> None:
    assert reporters.names() == (
        "concise", "full", "github", "gitlab", "html", "json", "json-lines", "junit", "markdown", "sarif",
    )  # fmt: skip


def test_an_unknown_format_is_refused(pinned: Report) -> None:
    with pytest.raises(UsageError, match=r"'xml' \(one of concise, full"):
        reporters.render(pinned, "xml")


def test_pinned_is_one_quiet_line(pinned: Report) -> None:
    text = reporters.render(pinned, "full")
    assert text == "✓ pinned  292 packages of /srv/envguard.lock in /srv/venv (depth records, 3 of 3 checks run)\n"


def test_pinned_still_says_what_it_could_not_see() -> None:
    text = reporters.render(report(blind=("a zip file",), skipped=("record: no digests",)), "full")
    assert "2 of" not in text
    assert "3 of 4 checks run" in text
    assert "not seen  a zip file" in text
    assert "not run   record: no digests" in text


def test_full_tells_verdict_place_rule_remedy_and_evidence(drifted: Report) -> None:
    lines = reporters.render(drifted, "full", width=100).splitlines()
    assert lines[0] == "✗ forbidden  3 differences from /srv/envguard.lock (1 forbidden, 1 unverified, 1 safe)"
    assert lines[2].startswith("EG102 version-drift  numpy 1.26.4 → 2.4.6  ")
    assert lines[2].endswith("  forbidden")
    assert len(lines[2]) == 100
    assert lines[3] == "  at        /srv/envguard.lock:41"
    assert lines[4].startswith("  rule      upgraded-native: compiled code of another feature release")
    assert "  instead   pip install --no-deps numpy==1.26.4" in lines
    assert "  seen      found in /srv/venv/numpy-2.4.6.dist-info" in lines
    assert lines[-1] == "292 packages locked, 293 installed in /srv/venv (depth records, 3 of 3 checks run)"


def test_full_keeps_prose_within_the_width_and_never_breaks_a_command() -> None:
    command = "pip install --no-deps " + " ".join(f"package{n}==1.{n}" for n in range(20))
    lines = reporters.render(report(finding(reason="word " * 60, instead=command)), "full", width=60).splitlines()
    assert any(line.endswith(command) for line in lines)
    assert all(len(line) <= 60 for line in lines if "word" in line)


def test_full_names_every_finding_of_many() -> None:
    text = reporters.render(report(*(finding(package=f"package{n}") for n in range(200))), "full")
    assert all(f"package{n} " in text for n in range(200))
    assert "188 more" in text
    assert len(text.splitlines()) < 300


def test_full_counts_the_evidence_that_it_leaves_out() -> None:
    text = reporters.render(report(finding(evidence=tuple(f"fact {n}" for n in range(30)))), "full")
    assert "fact 3" in text
    assert "fact 4" not in text
    assert "and 26 more" in text


def test_a_bypass_is_never_silent(drifted: Report) -> None:
    bypassed = drifted.replace(bypass="incident 42 (until 2027-01-01)")
    for name in reporters.names():
        assert "incident 42" in reporters.render(bypassed, name), name


def test_concise_is_one_line_for_each_finding(drifted: Report) -> None:
    lines = reporters.render(drifted, "concise").splitlines()
    assert lines[0] == "/srv/envguard.lock:41: EG102 forbidden numpy 1.26.4 -> 2.4.6 (upgraded-native)"
    assert len(lines) == 3


def test_concise_says_pinned(pinned: Report) -> None:
    assert reporters.render(pinned, "concise") == "/srv/envguard.lock: pinned (292 packages)\n"


def test_json_is_what_its_schema_says(drifted: Report, pinned: Report) -> None:
    for told in (drifted, pinned, drifted.replace(interpreter=None, bypass="why", skipped=("a: b",), blind=("c",))):
        document = json.loads(reporters.render(told, "json"))
        VALIDATOR.validate(document)
        assert document["ran"] is True
        assert document["schema"]["version"] == 1
        assert document["verdict"] == told.verdict
        assert all(set(found) == FINDING_KEYS for found in document["findings"])


def test_the_schema_refuses_what_is_no_report(drifted: Report) -> None:
    document = json.loads(reporters.render(drifted, "json"))
    for broken in ({**document, "verdict": "fine"}, {**document, "ran": False}, {**document, "extra": 1}):
        assert not VALIDATOR.is_valid(broken)


def test_json_holds_every_field_of_a_finding(drifted: Report) -> None:
    document = json.loads(reporters.render(drifted, "json"))
    assert document["findings"][0] == {
        "code": "EG102",
        "name": "version-drift",
        "kind": "upgraded",
        "part": "major",
        "package": "numpy",
        "verdict": "forbidden",
        "rule": "upgraded-native",
        "reason": "compiled code of another feature release can break what was built against it",
        "instead": "pip install --no-deps numpy==1.26.4",
        "locked": "1.26.4",
        "installed": "2.4.6",
        "path": "/srv/envguard.lock",
        "line": 41,
        "evidence": ["found in /srv/venv/numpy-2.4.6.dist-info"],
    }
    assert document["counts"] == {
        "forbidden": 1, "unverified": 1, "cautious": 0, "safe": 1, "checks_run": 3, "checks_asked": 3,
    }  # fmt: skip
    assert document["environment"]["python"] == "3.11.7"
    assert document["lock"] == {
        "path": "/srv/envguard.lock", "format": "envguard.lock", "sha256": "ab" * 32, "packages": 292,
    }  # fmt: skip


def test_json_lines_end_with_the_whole(drifted: Report) -> None:
    rows = [json.loads(line) for line in reporters.render(drifted, "json-lines").splitlines()]
    whole = {**rows[-1], "findings": rows[:-1]}
    VALIDATOR.validate(whole)
    assert whole == json.loads(reporters.render(drifted, "json"))


def test_colours_change_nothing_but_colours(drifted: Report, pinned: Report) -> None:
    import re

    for told in (drifted, pinned):
        for name in ("full", "concise"):
            plain, coloured = reporters.render(told, name), reporters.render(told, name, color=True)
            assert "\x1b[" in coloured
            assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
        for name in ("json", "json-lines"):
            assert reporters.render(told, name, color=True) == reporters.render(told, name)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "koi8-r", "no-such-encoding"])
def test_no_glyph_that_the_encoding_lacks(drifted: Report, pinned: Report, encoding: str) -> None:
    known = "ascii" if encoding.startswith("no-") else encoding
    for told in (drifted, pinned):
        for name in reporters.names():
            reporters.render(told, name, encoding=encoding).encode(known)
