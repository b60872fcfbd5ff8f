import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker

from envguard.errors import LockError, UsageError
from envguard.formats import load
from envguard.model import Pin, Selection, Snapshot
from envguard.versions import normalise

Golden = Callable[..., Snapshot]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def pins(golden: Golden, entries: dict[str, Any], *categories: str, **more: Any) -> dict[str, Pin]:
    content = {"_meta": {"hash": {}, "pipfile-spec": 6}, "default": entries, **more}
    found = golden(json.dumps(content, indent=4), "Pipfile.lock", selection=Selection(categories=categories))
    assert found.format == "Pipfile.lock"
    return {pin.name: pin for pin in found.pins}


def test_the_default_section_counts_and_others_when_asked(lockfiles: Path) -> None:
    path = lockfiles / "pipfile_lock" / "Pipfile.lock"
    text = path.read_text().splitlines()
    default, both = load(path), load(path, selection=Selection(categories=("develop",)))
    assert [pin.name for pin in default.pins] == ["six", "a"]
    assert [pin.name for pin in both.pins] == ["six", "a", "b", "c", "d"]
    assert default.complete
    for pin in both.pins:
        assert text[pin.line - 1].strip() == f'"{pin.name}": {{'
    with pytest.raises(UsageError, match="'docs'") as caught:
        load(path, selection=Selection(categories=("docs",)))
    assert "'develop'" in caught.value.remedy


def test_a_version_its_digests_and_marker(golden: Golden) -> None:
    digest = "sha256:" + "A1" * 32
    pin = pins(golden, {"Foo.Bar": {"version": "==1.0+CU1", "hashes": [digest], "markers": "os_name=='posix'"}})[
        "foo-bar"
    ]
    assert (pin.version, pin.hashes, pin.marker) == ("1.0+CU1", (digest.lower(),), "")
    assert not pin.unverifiable
    assert pin.source is None
    assert pins(golden, {"a": {"version": "===weird"}})["a"].version == "weird"


def test_what_does_not_apply_here_is_left_out(golden: Golden) -> None:
    entries = {"a": {"version": "*", "markers": "sys_platform == 'win32'"}, "b": {"version": "==1"}}
    assert list(pins(golden, entries)) == ["b"]
    dev = {"c": {"version": "==1", "markers": "'dev' in dependency_groups and python_version >= '3'"}}
    assert list(pins(golden, entries, "develop", develop=dev)) == ["b", "c"]
    assert list(pins(golden, {**entries, **dev})) == ["b"]


@pytest.mark.parametrize("version", ["*", ">=1.0", "~=2", "1.0"])
def test_what_is_no_exact_version(golden: Golden, version: str) -> None:
    pin = pins(golden, {"a": {"version": version}})["a"]
    assert (pin.version, pin.unverifiable) == (None, f"its version is '{version}'")


def test_what_has_no_version_at_all(golden: Golden) -> None:
    found = pins(
        golden,
        {
            "a": {},
            "b": {"path": "./b", "editable": True},
            "c": {"file": "https://u:secret@example.org/c-1.0-py3-none-any.whl#sha256=" + "0" * 64},
            "d": {"git": "https://user:secret@example.org/d.git", "ref": COMMIT, "subdirectory": "s", "editable": True},
            "e": {"git": "https://example.org/e.git", "ref": "main"},
            "f": {"git": "git@example.org:g/f.git", "ref": COMMIT},
        },
    )
    assert found["a"].unverifiable
    assert "folder" in found["b"].unverifiable
    assert (found["c"].version, found["c"].hashes, found["c"].unverifiable) == ("1.0", ("sha256:" + "0" * 64,), "")
    source = found["d"].source
    assert source is not None
    assert (source.kind, source.url, source.revision) == ("vcs", "https://example.org/d.git", COMMIT)
    assert (source.editable, source.subdirectory, found["d"].unverifiable) == (True, "s", "")
    assert "no full commit" in found["e"].unverifiable
    assert found["f"].source is not None
    assert found["f"].source.url == "ssh://git@example.org/g/f.git"
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ({"_meta": {"pipfile-spec": 7}, "default": {}}, "pipfile-spec '7'"),
        ({"_meta": {}, "default": {}}, "pipfile-spec 'none'"),
        ({"_meta": {"pipfile-spec": 6}, "default": []}, "default is no object"),
        ({"_meta": {"pipfile-spec": 6}, "default": {"a": 1}}, "a package is no object"),
        ({"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": 1}}}, "version is no text"),
        ({"_meta": {"pipfile-spec": 6}, "default": {"a b": {"version": "==1"}}}, "not a name"),
        ({"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": "==1 2"}}}, "not a version"),
        ({"_meta": {"pipfile-spec": 6}, "default": {"a": {"hashes": ["md5:x"]}}}, "not a digest"),
        ({"_meta": {"pipfile-spec": 6}, "default": {"a": {"markers": "x y"}}}, "not a marker"),
    ],
)
def test_what_is_refused(golden: Golden, content: object, why: str) -> None:
    with pytest.raises(LockError, match=why):
        golden(json.dumps(content), "Pipfile.lock")


@pytest.mark.parametrize("section", ["default", "develop"])
def test_the_files_of_the_corpus_say_what_they_say(corpus: Path, golden: Golden, section: str) -> None:
    for path in (corpus / "pipfile").iterdir():
        content = json.loads(path.read_text())
        found = golden(json.dumps({"_meta": content["_meta"], "default": content[section]}))
        expected = {
            (normalise(name), entry["version"].removeprefix("=="))
            for name, entry in content[section].items()
            if applies(entry.get("markers", ""))
        }
        assert len(expected) > 4
        assert {(pin.name, pin.version) for pin in found.pins} == expected
        assert all(pin.hashes and not pin.unverifiable for pin in found.pins)
        assert load(path).pins


def applies(marker: str) -> bool:
    return not marker or Marker(marker).evaluate({"extras": set(), "dependency_groups": set()}, context="lock_file")


def test_sections_that_disagree_are_not_decided(golden: Golden) -> None:
    found = golden(
        '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"version": "==1"}}, "develop": {"a": {"version": "==2"}}}',
        selection=Selection(categories=("develop",)),
    )
    assert all("contradicts" in pin.unverifiable for pin in found.pins)
