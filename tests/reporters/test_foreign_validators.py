"""SARIF and JUnit, judged by whoever wrote the schemas. They are fetched, so that nothing of theirs lies here."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import jsonschema
import pytest
import xmlschema
from telling import finding, report, several
from test_hostile_reports import HOSTILE, everywhere

from envguard import languages, reporters
from envguard.model import Report

pytestmark = pytest.mark.slow

TELLINGS: tuple[Report, ...] = (
    several(),
    several(60, bypass="incident 42"),
    report(),
    report(lock="", format="", lock_sha256="", packages=0),
    report(finding(), finding(), checks=("quick",)),
    *(everywhere(text) for text in HOSTILE),
)


@pytest.fixture(scope="session")
def multitool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Microsoft's validator, which brings the schema of SARIF 2.1.0."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm")
    folder = tmp_path_factory.mktemp("multitool")
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), "@microsoft/sarif-multitool@5.7.0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm install: {done.stderr[-300:]}")
    return folder / "node_modules"


@pytest.fixture(scope="session")
def xsd(tmp_path_factory: pytest.TempPathFactory) -> xmlschema.XMLSchema:
    """The schema of Jenkins' xUnit plug-in, from the source distribution of pytest, which tests itself with it."""
    folder = tmp_path_factory.mktemp("junit")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "pytest", "-d", str(folder)]
    done = subprocess.run([*command, "pytest==8.4.1"], capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"pip download: {done.stderr[-300:]}")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        member = archive.extractfile("pytest-8.4.1/testing/example_scripts/junit-10.xsd")
        assert member is not None
        (folder / "junit-10.xsd").write_bytes(member.read())
    return xmlschema.XMLSchema(str(folder / "junit-10.xsd"))


def test_sarif_by_its_schema_and_by_microsofts_validator(multitool: Path, tmp_path: Path) -> None:
    schema = json.loads(next(multitool.rglob("sarif-2.1.0.json")).read_text(encoding="utf-8-sig"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    for number, told in enumerate(TELLINGS):
        for language in languages.NAMES:
            text = reporters.render(told, "sarif", language=language)
            validator.validate(json.loads(text))
            (tmp_path / f"{number}-{language}.sarif").write_text(text)
    assert not validator.is_valid({"version": "2.1.0", "runs": [{"tool": {}}]})
    files = [str(file) for file in sorted(tmp_path.glob("*.sarif"))]
    answer = tmp_path / "answer.json"
    options = ["--rule-kind", "Sarif;Gh", "--log", "ForceOverwrite", "--output", str(answer)]
    # The script in .bin puts its arguments through a shell, which would run what follows the semicolon.
    program = next(multitool.glob("@microsoft/sarif-multitool-*/Sarif.Multitool"), None)
    if program is None:
        pytest.skip("no validator for this system")
    command = [str(program), "validate", *files, *options]
    environ = {**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environ)
    assert done.returncode == 0, done.stdout + done.stderr
    runs = json.loads(answer.read_text("utf-8-sig"))["runs"]
    complaints = {result["ruleId"] for run in runs for result in run["results"]}
    # No home page to name in informationUri yet.
    assert complaints <= {"SARIF2005"}, done.stdout


def test_junit_by_the_schema_of_jenkins(xsd: xmlschema.XMLSchema) -> None:
    for told in TELLINGS:
        for language in languages.NAMES:
            xsd.validate(reporters.render(told, "junit", language=language))
    assert not xsd.is_valid("<testsuites><testsuite/></testsuites>")
