"""github, gitlab, sarif and junit, read as their readers read them. Their own validators: test_foreign_validators."""

import json
import re
from pathlib import Path

import jsonschema
import junitparser
import pytest
from telling import SITE, finding, report, several

from envguard import reporters
from envguard.model import Report
from envguard.rules.catalog import CODES

# From GitLab's documentation of the code quality report format; it publishes no schema of it.
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "minLength": 1, "not": {"pattern": "^\\./"}},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
            "content": {"type": "object", "required": ["body"], "properties": {"body": {"type": "string"}}},
        },
    },
}


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """Several findings against a lock in the working folder."""
    monkeypatch.chdir(tmp_path)
    return moved(several(), tmp_path)


def moved(told: Report, home: Path) -> Report:
    """The same, with the lock and its lines in another folder."""
    lock = str(home / "envguard.lock")
    rows = [
        row.replace(change=row.change.replace(path=lock)) if row.change.path == "/srv/envguard.lock" else row
        for row in told.findings
    ]
    return told.replace(lock=lock, findings=tuple(rows))


# --- github ----------------------------------------------------------------------------------------------------------

COMMAND = re.compile(r"::(?P<level>error|warning|notice) (?P<properties>[^:]*)::(?P<message>.*)")


def annotations(text: str) -> list[dict[str, str]]:
    """As the runner reads them: properties are split at commas, then everything is unescaped, ``%25`` last."""
    found = []
    for line in text.splitlines():
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        given = dict(part.split("=", 1) for part in match["properties"].split(","))
        assert set(given) <= {"file", "line", "title"}
        row = {"level": match["level"], "message": match["message"], **given}
        for escaped, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            row = {name: value.replace(escaped, meant) for name, value in row.items()}
        found.append(row)
    return found


def test_github_annotates_the_line_of_the_lock(at_home: Report) -> None:
    rows = annotations(reporters.render(at_home, "github"))
    assert [row["level"] for row in rows] == [
        "notice", "warning", "error", "error", "error", "warning", "warning", "notice",
    ]  # fmt: skip
    assert rows[0]["title"] == "envguard: forbidden"
    assert "6 differences" in rows[0]["message"]
    assert rows[0]["message"].endswith("not seen: /srv/venv/lib/plugins.zip: entries of a zip file are not hashed")
    assert rows[1]["message"] == "not run: native: no reader for this platform"
    assert rows[2] == {
        "level": "error",
        "file": "envguard.lock",
        "line": "41",
        "title": "EG102 version-drift: numpy 1.26.4 -> 2.4.6",
        "message": "forbidden by upgraded-native: compiled code of another feature release can break what was built "
        "against it\ninstead: pip install --no-deps numpy==1.26.4\nfound in /srv/venv/numpy-2.4.6.dist-info",
    }
    # What lies in the environment is shown at the lock, since GitHub shows files of the repository only.
    assert (rows[4]["file"], rows[4]["line"]) == ("envguard.lock", "1")
    assert f"at: {SITE}/torchvision/_C.so" in rows[4]["message"]


def test_github_says_no_more_than_github_shows_and_counts_the_rest() -> None:
    many = [finding(package=f"a{number}") for number in range(25)]
    many += [finding(package=f"b{number}", verdict="cautious") for number in range(25)]
    many += [finding(package=f"c{number}", verdict="safe") for number in range(25)]
    rows = annotations(reporters.render(report(*many, bypass="incident 42", skipped=("x: why",)), "github"))
    levels = [row["level"] for row in rows]
    assert {level: levels.count(level) for level in set(levels)} == {"error": 10, "warning": 10, "notice": 10}
    assert "75 differences" in rows[0]["message"]
    # Ten, eight beside the two warnings, nine beside the summary.
    assert "48 findings not shown here: a10, a11" in rows[0]["message"]
    assert "c24" not in rows[0]["message"]
    assert "..." in rows[0]["message"]


def test_github_says_of_a_pinned_environment_what_was_looked_at(pinned: Report) -> None:
    (row,) = annotations(reporters.render(pinned, "github"))
    assert (row["level"], row["title"]) == ("notice", "envguard: pinned")
    assert "292 packages of /srv/envguard.lock" in row["message"]


def test_github_keeps_percent_comma_and_colon() -> None:
    hostile = finding(package="a%0Ab,c:d", reason="100% %0A::error::x\n::error::y")
    row = annotations(reporters.render(report(hostile), "github"))[1]
    assert "a%0Ab,c:d" in row["title"]
    assert "100% %0A::error::x\\x0a::error::y" in row["message"]


# --- gitlab ----------------------------------------------------------------------------------------------------------


def test_gitlab_is_what_its_documentation_says(at_home: Report, pinned: Report) -> None:
    for told in (at_home, pinned, at_home.replace(bypass="incident 42"), at_home.replace(lock="", prefix="")):
        issues = json.loads(reporters.render(told, "gitlab"))
        jsonschema.validate(issues, GITLAB)
        assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert json.loads(reporters.render(pinned, "gitlab")) == []
    first, *_, last = json.loads(reporters.render(at_home, "gitlab"))
    assert first["location"] == {"path": "envguard.lock", "lines": {"begin": 41}}
    assert first["severity"] == "blocker"
    assert first["check_name"] == "envguard/EG102"
    assert "EG102 version-drift: numpy 1.26.4 -> 2.4.6. compiled code" in first["description"]
    assert last["check_name"] == "envguard/not-checked"


def test_gitlab_severities_keep_the_order_of_the_verdicts(at_home: Report) -> None:
    severities = {"forbidden": "blocker", "unverified": "critical", "cautious": "major", "safe": "minor"}
    issues = json.loads(reporters.render(at_home, "gitlab"))
    for issue, row in zip(issues, at_home.findings, strict=False):
        assert issue["severity"] == severities[row.verdict]


# --- fingerprints ----------------------------------------------------------------------------------------------------


def prints(told: Report) -> list[str]:
    return [issue["fingerprint"] for issue in json.loads(reporters.render(told, "gitlab"))][: len(told.findings)]


def test_a_fingerprint_is_the_same_on_another_machine_and_after_a_line_moved(at_home: Report, tmp_path: Path) -> None:
    elsewhere = moved(several(), Path("/builds/project"))
    rows = [
        row.replace(
            change=row.change.replace(
                line=row.change.line and row.change.line + 5, path=row.change.path.replace("/srv/venv", "/opt/other")
            ),
            reason="said in other words",
        )
        for row in elsewhere.findings
    ]
    assert prints(elsewhere.replace(findings=tuple(rows), prefix="/opt/other")) == prints(at_home)


def test_a_fingerprint_tells_findings_apart() -> None:
    told = report(
        finding(),
        finding(installed="2.4.7"),
        finding(package="pandas"),
        finding(code="EG108", kind="edited", path=f"{SITE}/numpy/a.py", line=0),
        finding(code="EG108", kind="edited", path=f"{SITE}/numpy/b.py", line=0),
        finding(),
    )
    assert len(set(prints(told))) == 6


def test_sarif_and_gitlab_know_a_finding_by_the_same_digest(at_home: Report) -> None:
    results = json.loads(reporters.render(at_home, "sarif"))["runs"][0]["results"]
    assert [result["partialFingerprints"]["envguard/v1"] for result in results] == prints(at_home)


# --- sarif -----------------------------------------------------------------------------------------------------------


def test_sarif_points_at_the_line_of_the_lock(at_home: Report) -> None:
    (run,) = json.loads(reporters.render(at_home, "sarif"))["runs"]
    first = run["results"][0]
    (location,) = first["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "envguard.lock", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 41},
    }
    assert first["level"] == "error"
    assert first["properties"]["verdict"] == "forbidden"
    assert [result["level"] for result in run["results"]] == ["error"] * 3 + ["warning"] * 2 + ["note"]
    (own,) = run["results"][2]["relatedLocations"]
    assert own["physicalLocation"]["artifactLocation"] == {"uri": f"file://{SITE}/torchvision/_C.so"}
    assert run["automationDetails"]["id"] == "envguard/envguard.lock/"


def test_sarif_rules_hold_the_help_of_the_catalogue(at_home: Report) -> None:
    (run,) = json.loads(reporters.render(at_home, "sarif"))["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        entry = CODES[rule["id"]]
        assert entry.matters in rule["help"]["text"]
        assert f"**What to do.** {entry.action}" in rule["help"]["markdown"]
    assert len(rules) == len({row.change.code for row in at_home.findings})


def test_sarif_says_what_could_not_be_checked(at_home: Report) -> None:
    told = at_home.replace(bypass="incident 42")
    (invocation,) = json.loads(reporters.render(told, "sarif"))["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is True
    levels = {row["message"]["text"].split(":")[0]: row["level"] for row in invocation["toolExecutionNotifications"]}
    assert levels["Not run"] == "error"
    assert levels["Not seen"] == "note"
    assert levels["Noted"] == "note"
    assert any("incident 42" in row["message"]["text"] for row in invocation["toolExecutionNotifications"])


def test_sarif_takes_foreign_text_for_no_placeholder_and_no_link() -> None:
    hostile = report(finding(reason="{0} [here](https://evil.example) [1]"))
    text = json.loads(reporters.render(hostile, "sarif"))["runs"][0]["results"][0]["message"]["text"]
    assert "{{0}} \\[here\\](https://evil.example)" in text


def test_a_place_outside_the_working_folder_is_a_file_uri_and_a_colon_no_scheme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def uri(path: str) -> dict[str, str]:
        told = report(finding(path=path, line=3), lock=path)
        result = json.loads(reporters.render(told, "sarif"))["runs"][0]["results"][0]
        shown: dict[str, str] = result["locations"][0]["physicalLocation"]["artifactLocation"]
        return shown

    assert uri("/elsewhere/my lock#1.txt") == {"uri": "file:///elsewhere/my%20lock%231.txt"}
    assert uri("HEAD:envguard.lock") == {"uri": "HEAD%3Aenvguard.lock", "uriBaseId": "SRCROOT"}
    assert uri(str(tmp_path / "sub" / "a%b.lock")) == {"uri": "sub/a%25b.lock", "uriBaseId": "SRCROOT"}
    assert uri("../other.lock")["uri"].startswith("file:///")


def test_a_working_folder_that_is_gone_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for name in ("github", "gitlab", "sarif", "junit", "markdown", "html"):
        assert "envguard.lock" in reporters.render(several(), name)
    monkeypatch.chdir(tmp_path)


# --- junit -----------------------------------------------------------------------------------------------------------


def test_junit_as_a_foreign_reader_reads_it(at_home: Report) -> None:
    document = junitparser.JUnitXml.fromstring(reporters.render(at_home, "junit").encode())
    (suite,) = document
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (10, 5, 1, 1)
    cases = {f"{case.classname} {case.name}": case for case in suite}
    assert len(cases) == 10
    assert cases["envguard.checks missing ran"].is_passed
    assert cases["envguard.checks native ran"].is_skipped
    (failure,) = cases["envguard.version-drift numpy (upgraded)"].result
    assert isinstance(failure, junitparser.Failure)
    assert failure.message == "EG102 version-drift: numpy 1.26.4 -> 2.4.6"
    assert failure.type == "forbidden"
    assert "instead: pip install --no-deps numpy==1.26.4" in failure.text
    (error,) = cases["envguard.unverifiable-pin six (unverifiable)"].result
    assert isinstance(error, junitparser.Error)
    assert '<property name="envguard.verdict" value="forbidden"/>' in reporters.render(at_home, "junit")


def test_junit_names_hold_no_versions_and_are_told_apart() -> None:
    def cases(told: Report) -> list[str]:
        (suite,) = junitparser.JUnitXml.fromstring(reporters.render(told, "junit").encode())
        return [str(case.name) for case in suite][3:]

    assert cases(report(finding())) == cases(report(finding(installed="9.9", line=1))) == ["numpy (upgraded)"]
    assert cases(report(finding(), finding())) == ["numpy (upgraded)", "numpy (upgraded) #2"]


def test_junit_of_a_pinned_environment_has_the_checks_alone(pinned: Report) -> None:
    (suite,) = junitparser.JUnitXml.fromstring(reporters.render(pinned, "junit").encode())
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (3, 0, 0, 0)
    quick = pinned.replace(checks=("quick",))
    assert "every sealed digest is the same" in reporters.render(quick, "junit")


@pytest.mark.parametrize("name", ["github", "gitlab", "sarif", "junit", "markdown", "html"])
def test_an_environment_judged_by_itself_is_never_called_pinned_nor_a_difference(name: str) -> None:
    clean = report(lock="", format="", lock_sha256="", packages=0)
    text = reporters.render(clean, name)
    assert "no fault found" in text or name == "gitlab"
    # The stylesheet has a class of that name, and the data the verdict.
    words = re.sub(r"(?s)<style>.*?</style>|class=\"[^\"]*\"|\"verdict\": \"pinned\"|value=\"pinned\"", "", text)
    assert "pinned" not in words
    assert " locked" not in words
    found = reporters.render(clean.replace(findings=(finding(path=f"{SITE}/x.so", line=0),)), name)
    assert "1 difference" not in found
