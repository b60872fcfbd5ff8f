import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from box import Box, Done

import envguard
from envguard.rules import catalog, table
from support import SMALL

SCHEMAS = Path(envguard.__file__).parent / "schemas"
LOCK = jsonschema.Draft202012Validator(json.loads((SCHEMAS / "lock.json").read_text()))


# --- freeze ----------------------------------------------------------------------------------------------------------


def test_freeze_writes_a_lock_and_talks_on_stderr(eg: Box) -> None:
    (eg.folder / "envguard.lock").unlink()
    done = eg("freeze")
    assert (done.returncode, done.stdout) == (0, "")
    assert f"frozen  {len(SMALL)} packages in envguard.lock" in done.stderr
    digest = re.search(r"ENVGUARD_LOCK_SHA256=([0-9a-f]{64})", done.stderr)
    assert digest is not None
    assert eg("check", "--sha256", digest.group(1)).returncode == 0


def test_freeze_to_stdout_is_the_same_lock(eg: Box) -> None:
    done = eg("freeze", "-o", "-")
    assert done.stdout == (eg.folder / "envguard.lock").read_text()
    assert sorted(os.listdir(eg.folder)) == ["envguard.lock"]


def test_freeze_files_writes_the_manifest_beside_the_lock(eg: Box) -> None:
    (eg.folder / "image").mkdir()
    assert eg("freeze", "--depth", "files", "-o", "image/e.lock").returncode == 0
    assert sorted(os.listdir(eg.folder / "image")) == ["e.lock", "e.lock.files"]
    assert eg("check", "image/e.lock", "--depth", "files").returncode == 0
    with (eg.site / "six.py").open("a") as file:
        file.write("\n")
    done = eg("check", "image/e.lock", "--depth", "files")
    assert done.returncode == 1
    assert "EG108 file-drift  six" in done.stdout


def test_freeze_refuses_an_environment_that_is_not_the_named_lock(drifted: Box) -> None:
    (drifted.folder / "r.txt").write_text("six==1.16.0\nattrs==24.2.0\npackaging==24.2\n")
    done = drifted("freeze", "--from", "r.txt", "-o", "new.lock")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("envguard: error: this environment is not the one that r.txt pins\n")
    assert "EG102 version-drift  six" in done.stderr
    assert not (drifted.folder / "new.lock").exists()


def test_freeze_refuses_a_broken_environment_and_keeps_the_old_lock(eg: Box) -> None:
    before = (eg.folder / "envguard.lock").read_bytes()
    (eg.site / "broken-1.0.dist-info").mkdir()
    done = eg("freeze")
    assert done.returncode == 1
    assert "EG109" in done.stderr
    assert (eg.folder / "envguard.lock").read_bytes() == before


def test_freeze_never_replaces_what_is_no_file(eg: Box) -> None:
    for target in ("/dev/null", ".", ""):
        done = eg("freeze", "-o", target)
        assert done.returncode == 2, target
        assert len(done.stderr.splitlines()) == 1
    assert eg("freeze", "-o", "-", "--depth", "files").returncode == 2


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the box has no tomli, which envguard-lock requires there")
def test_freeze_compiles_the_rules_with_the_extra_and_names_it_without(eg: Box, rich_eg: Callable[..., Done]) -> None:
    (eg.folder / "table.toml").write_text(
        '[[rules]]\nid = "six-waiver"\npackage = ["six"]\nchange = ["upgraded"]\nverdict = "safe"\nreason = "checked"\n'
        '[[rules]]\nid = "for-nothing"\npackage = ["attrs"]\nverdict = "safe"\nreason = "checked"\n'
    )
    (eg.folder / "envguard.toml").write_bytes((eg.folder / "table.toml").read_bytes())
    done = rich_eg("freeze", "--python", eg.python, "--config", "envguard.toml", cwd=eg.folder)
    assert done.returncode == 0, done.stderr
    assert "2 rules" in done.stderr
    assert json.loads(eg("check", "--output-format", "json").stdout)["notes"] == []
    eg.drift()
    report = json.loads(eg("check", "--output-format", "json").stdout)
    judged = {row["package"]: row for row in report["findings"]}
    assert (judged["six"]["rule"], judged["six"]["verdict"]) == ("six-waiver", "safe")
    (note,) = report["notes"]
    assert note["code"] == "EG903"
    assert note["evidence"] == ["rules that match nothing here: for-nothing (envguard.toml rules[1])"]
    done = eg("freeze")
    assert done.returncode == 2
    assert "envguard-lock[cli]" in done.stderr


# --- diff ------------------------------------------------------------------------------------------------------------


def test_diff_of_two_locks(eg: Box) -> None:
    (eg.folder / "new.txt").write_text("six==1.17.0\nattrs==24.2.0\npackaging==24.2\nidna==3.7\n")
    (eg.folder / "old.txt").write_text("six==1.16.0\nattrs==24.2.0\npackaging==24.2\nidna==3.7\n")
    done = eg("diff", "old.txt", "new.txt", "--output-format", "json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert [(row["package"], row["locked"], row["installed"]) for row in report["findings"]] == [
        ("six", "1.16.0", "1.17.0")
    ]
    assert eg("diff", "old.txt", "old.txt").returncode == 0


def test_diff_with_what_is_installed(drifted: Box) -> None:
    done = drifted("diff", "envguard.lock", "--live", "--output-format", "concise")
    assert done.returncode == 1
    assert "six 1.16.0 -> 1.17.0" in done.stdout


@pytest.mark.parametrize("argv", [("a.txt",), ("a.txt", "b.txt", "--live"), (), ("nosuch.txt", "nosuch2.txt")])
def test_diff_that_makes_no_sense(eg: Box, argv: tuple[str, ...]) -> None:
    done = eg("diff", *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


# --- rule ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["EG102", "eg102", "version-drift"])
def test_rule_explains_a_code_by_code_or_name(eg: Box, word: str) -> None:
    done = eg("rule", word)
    assert done.returncode == 0
    assert done.stdout.startswith("EG102 version-drift\n")
    for label in ("finds", "matters", "to do", "limits"):
        assert f"\n  {label} " in done.stdout


def test_rule_explains_a_built_in_row(eg: Box) -> None:
    done = eg("rule", "upgraded-native")
    assert done.returncode == 0
    assert "forbidden" in done.stdout
    assert "built-in rule" in done.stdout


@pytest.mark.parametrize(
    ("word", "meant"), [("EG1O2", "EG102"), ("version-drfit", "version-drift"), ("upgraded-natve", "upgraded-native")]
)
def test_rule_hints_at_what_was_meant(eg: Box, word: str, meant: str) -> None:
    done = eg("rule", word)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(rf"did you mean .*{meant}", done.stderr)


def test_rule_lists_and_explains_all_codes(eg: Box) -> None:
    listed = eg("rule").stdout
    explained = eg("rule", "--all").stdout
    for code in catalog.CODES:
        assert code in listed
        assert code in explained
    assert len(listed.splitlines()) == len(catalog.CODES)


def test_rule_as_json(eg: Box) -> None:
    every = json.loads(eg("rule", "--all", "--output-format", "json").stdout)
    assert [entry["code"] for entry in every] == list(catalog.CODES)
    assert json.loads(eg("rule", "EG102", "--output-format", "json").stdout) == every[1]
    lines = eg("rule", "--all", "--output-format", "json-lines").stdout.splitlines()
    assert [json.loads(line) for line in lines] == every


# --- explain ---------------------------------------------------------------------------------------------------------


def test_explain_tells_what_is_locked_installed_and_judged(drifted: Box) -> None:
    done = drifted("explain", "Six")
    assert done.returncode == 0
    for fact in ("1.16.0 at ", "1.17.0 at ", "EG102 version-drift", "by upgraded-pure", "removed", "upgraded to 2.0.0"):
        assert fact in done.stdout, fact


def test_explain_of_a_pinned_package(eg: Box) -> None:
    done = eg("explain", "attrs")
    assert done.returncode == 0
    assert "nothing differs" in done.stdout


def test_explain_as_json(drifted: Box) -> None:
    told = json.loads(drifted("explain", "idna", "--output-format", "json").stdout)
    assert told["package"] == "idna"
    assert told["locked"][0]["version"] == "3.7"
    assert told["installed"] == []
    assert told["judged"][0]["code"] == "EG101"
    assert {row["kind"] for row in told["would_be_judged"]} == {"upgraded", "downgraded", "removed", "rebuilt"}


def test_explain_of_an_unknown_package_hints(eg: Box) -> None:
    done = eg("explain", "packagin")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean packaging?" in done.stderr


# --- digest ----------------------------------------------------------------------------------------------------------


def test_digest_of_a_lock_in_forms_to_paste(eg: Box) -> None:
    import hashlib

    digest = hashlib.sha256((eg.folder / "envguard.lock").read_bytes()).hexdigest()
    shown = eg("digest").stdout
    assert f'envguard.assert_pinned("envguard.lock", sha256="{digest}")' in shown
    assert f"export ENVGUARD_LOCK_SHA256={digest}" in shown
    assert eg("digest", "envguard.lock", "--output-format", "concise").stdout == f"{digest}\n"


def test_digest_as_json_is_the_lock_as_data(eg: Box) -> None:
    (eg.folder / "r.txt").write_text("six==1.16.0 ; python_version > '3'\nidna>=3\nx @ https://example.org/x.whl\n")
    for lock in ("envguard.lock", "r.txt"):
        told = json.loads(eg("digest", lock, "--output-format", "json").stdout)
        LOCK.validate(told)
        assert {"six", "idna"} <= {pin["name"] for pin in told["pins"]}


def test_digest_of_a_broken_lock_is_refused(eg: Box) -> None:
    lock = eg.folder / "envguard.lock"
    lock.write_text(lock.read_text().replace("six==1.16.0", "six==1.16.1"))
    done = eg("digest")
    assert (done.returncode, done.stdout) == (2, "")


def test_digest_of_a_wheel_is_what_a_lock_seals(eg: Box, wheelhouse: Path) -> None:
    (wheel,) = wheelhouse.glob("six-1.16.0-*.whl")
    digest = eg("digest", wheel, "--output-format", "concise").stdout.strip()
    assert f"record={digest} " in (eg.folder / "envguard.lock").read_text()
    assert f"record={digest}" in eg("digest", wheel).stdout
    assert json.loads(eg("digest", wheel, "--output-format", "json").stdout)["record"] == digest


@pytest.mark.parametrize("content", [None, b"no zip", b""])
def test_digest_of_no_wheel(eg: Box, content: "bytes | None") -> None:
    if content is not None:
        (eg.folder / "x-1.whl").write_bytes(content)
    done = eg("digest", "x-1.whl")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


# --- schema, version -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lock", "report", "rules"])
def test_every_schema_is_published_and_valid(eg: Box, name: str) -> None:
    schema = json.loads(eg("schema", name).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:envguard:schema:{name}:1"


def test_the_published_rules_schema_is_that_of_the_model() -> None:
    made = table.schema()
    made = {"$schema": made.pop("$schema"), "$id": "urn:envguard:schema:rules:1", **made}
    assert json.loads((SCHEMAS / "rules.json").read_text()) == made, "write it again from rules.table.schema()"


def test_version(eg: Box, rich_eg: Callable[..., Done]) -> None:
    for argv in (("--version",), ("-V",), ("version", "--output-format", "concise")):
        assert eg(*argv).stdout == f"envguard {envguard.__version__}\n"
    assert re.search(r"^  rich +not installed$", eg("version").stdout, re.MULTILINE)
    assert re.search(r"^  rich +\d", rich_eg("version", cwd=eg.folder).stdout, re.MULTILINE)
    assert json.loads(eg("version", "--output-format", "json").stdout)["parts"]["packaging"] == "24.2"
