"""What a conda package puts where, and what it may not put anywhere."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from packing import INDEX, PLACEHOLDER, Member, members_of, pack, pin_of, place, row, written

from envguard.change.conda import archive, layout, record
from envguard.change.placing.artifact import ArtifactError
from envguard.facts.tree import Entry

HERE = "/srv/env"
SITE = f"{HERE}/lib/python3.11/site-packages"


def laid(folder: Path, members: "list[Member]", **more: Any) -> layout.Laid:
    path = pack(folder, members)
    with archive.opened(str(path), pin_of(path).hashes, str(folder)) as contents:
        return layout.lay_out(contents, more.pop("name", "libfoo"), place(HERE), **more)


def refusal(folder: Path, members: "list[Member]", **more: Any) -> str:
    with pytest.raises(ArtifactError) as caught:
        laid(folder, members, **more)
    return caught.value.why


def entry(
    data: bytes, *, owner: str = "conda:libfoo", kind: str = "f", executable: bool = False, target: str = ""
) -> Entry:
    return Entry("{prefix}/x", kind, executable, True, len(data), hashlib.sha256(data).hexdigest(), owner, target)


def test_files_links_and_the_prefix(tmp_path: Path) -> None:
    text = f"prefix={PLACEHOLDER}\n".encode()
    binary = b"\x7fELF\0" + PLACEHOLDER.encode() + b"/lib\0"
    files = {"lib/plain": b"plain", "lib/foo.pc": text, "lib/libfoo.so.1": binary, "bin/foo": b"#!/bin/sh\n"}
    rows = [
        row("lib/plain", b"plain"), written("lib/foo.pc", text, "text"), written("lib/libfoo.so.1", binary, "binary"),
        row("bin/foo", b"#!/bin/sh\n"),
    ]  # fmt: skip
    made = laid(tmp_path, members_of(files, rows=rows, links={"lib/libfoo.so": "libfoo.so.1"}))
    assert made.files[f"{HERE}/lib/foo.pc"].data == b"prefix=/srv/env\n"
    assert made.files[f"{HERE}/lib/libfoo.so.1"].data == b"\x7fELF\0/srv/env/lib".ljust(len(binary), b"\0")
    assert made.files[f"{HERE}/lib/plain"].member == "lib/plain"
    assert made.files[f"{HERE}/bin/foo"].executable
    assert made.links == {f"{HERE}/lib/libfoo.so": "libfoo.so.1"}
    assert made.owners == {"conda:libfoo"}
    said = {each["_path"]: each for each in made.rows}
    assert list(said) == sorted(said, key=lambda path: path.split("/"))
    assert said["lib/foo.pc"]["sha256_in_prefix"] == hashlib.sha256(b"prefix=/srv/env\n").hexdigest()
    assert said["lib/libfoo.so"]["path_type"] == "softlink"


def test_python_code_for_any_platform(tmp_path: Path) -> None:
    files = {
        "site-packages/foo.py": b"x = 1\n",
        "site-packages/Foo_Bar-1.0.dist-info/METADATA": b"",
        "python-scripts/foo-script": b"#!/bin/sh\n",
    }
    points = {"noarch": {"type": "python", "entry_points": ["foo = foo:main"]}}
    about = {"info/link.json": json.dumps(points).encode()}
    made = laid(tmp_path, members_of(files, about=about, noarch="python"))
    assert set(made.files) == {
        f"{SITE}/foo.py", f"{SITE}/Foo_Bar-1.0.dist-info/METADATA", f"{HERE}/bin/foo-script", f"{HERE}/bin/foo",
    }  # fmt: skip
    assert made.files[f"{HERE}/bin/foo"].data.startswith(b"#!/srv/env/bin/python3.11\n")
    assert made.files[f"{HERE}/bin/foo"].executable
    assert made.owners == {"conda:libfoo", "foo-bar"}
    # Without the mark such folders are folders like others.
    made = laid(tmp_path, members_of({"python-scripts/x": b""}))
    assert set(made.files) == {f"{HERE}/python-scripts/x"}


@pytest.mark.parametrize(
    "path", ["../evil", "lib/../../evil", "/etc/evil", "lib/../evil", "", "..", "lib\\..\\evil", "a\0b"]
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: str) -> None:
    assert "no path that a package may hold" in refusal(tmp_path, members_of({}, rows=[row(path, b"x")]))


def test_a_record_of_its_own_is_refused(tmp_path: Path) -> None:
    assert "keeps its records" in refusal(tmp_path, members_of({"conda-meta/six-1.json": b"{}"}))


def test_a_file_behind_a_link_of_the_package_is_refused(tmp_path: Path) -> None:
    members = members_of({"lib/etc/passwd": b"x"}, links={"lib/etc": "/etc"})
    assert "lies behind a link" in refusal(tmp_path, members)


@pytest.mark.parametrize(
    "rows",
    [
        [row("lib/a", b"a"), row("lib/a", b"a")],
        [{"_path": 3}], [3], "none",
        [row("lib/missing", b"a", prefix_placeholder=PLACEHOLDER)],
        [written("lib/a", b"other", "text")],
        [{"_path": "lib/a", "path_type": "softlink"}],
    ],
)  # fmt: skip
def test_a_list_of_files_that_is_broken_is_refused(tmp_path: Path, rows: Any) -> None:
    members = members_of({"lib/a": b"a"})
    said = json.dumps({"paths": rows}).encode()
    members = [(name, said if name == "info/paths.json" else data, mode) for name, data, mode in members]
    assert refusal(tmp_path, members)


def test_another_package_is_refused(tmp_path: Path) -> None:
    assert "it is the package" in refusal(tmp_path, members_of({}), name="libbar")


@pytest.mark.parametrize("line", ["../evil = m:f", "foo", "a/b = m:f"])
def test_an_entry_point_that_is_none_is_refused(tmp_path: Path, line: str) -> None:
    about = {"info/link.json": json.dumps({"noarch": {"type": "python", "entry_points": [line]}}).encode()}
    assert "entry point that is none" in refusal(tmp_path, members_of({}, about=about, noarch="python"))


def test_a_prefix_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    data = b"\0/short/\0"
    rows = [row("lib/a", data, prefix_placeholder="/short", file_mode="binary")]
    assert "does not fit" in refusal(tmp_path, members_of({"lib/a": data}, rows=rows))


def test_what_is_sealed_decides_how_it_is_written(tmp_path: Path) -> None:
    """conda indents entry points by blanks, rattler by tabs: which one it was shows in the digest."""
    about = {"info/link.json": json.dumps({"noarch": {"type": "python", "entry_points": ["foo = foo:main"]}}).encode()}
    members = members_of({}, about=about, noarch="python")
    first = laid(tmp_path, members).files[f"{HERE}/bin/foo"]
    second = first.data.replace(b"\t", b"    ")
    sealed = {f"{HERE}/bin/foo": entry(second, executable=True)}
    assert laid(tmp_path, members, sealed=sealed).files[f"{HERE}/bin/foo"].data == second
    recorded = {f"{HERE}/bin/foo": hashlib.sha256(second).hexdigest()}
    assert laid(tmp_path, members, recorded=recorded).files[f"{HERE}/bin/foo"].data == second
    unknown = {f"{HERE}/bin/foo": entry(b"written by nobody", executable=True)}
    made = laid(tmp_path, members, sealed=unknown)
    assert made.files == {}
    assert "not known here" in made.cannot[0]


def test_what_is_sealed_decides_what_is_put_in_place(tmp_path: Path) -> None:
    files = {
        "lib/mine": b"mine",
        "lib/others": b"mine",
        "lib/never": b"mine",
        "lib/edited": b"mine",
        "lib/run": b"mine",
    }
    sealed = {
        f"{HERE}/lib/mine": entry(b"mine"),
        f"{HERE}/lib/others": entry(b"others", owner="conda:libbar"),
        f"{HERE}/lib/edited": entry(b"edited before the freeze"),
        f"{HERE}/lib/run": entry(b"mine", executable=True),
        f"{HERE}/lib/link": entry(b"mine", kind="l", target="elsewhere"),
    }
    made = laid(tmp_path, members_of(files, links={"lib/link": "mine"}), sealed=sealed)
    assert set(made.files) == {f"{HERE}/lib/mine", f"{HERE}/lib/run"}
    assert made.files[f"{HERE}/lib/run"].mode == 0o755
    assert made.links == {}
    assert [why.partition(":")[0] for why in made.cannot] == [f"{HERE}/lib/edited", f"{HERE}/lib/link"]


def test_a_record_says_what_the_archive_says(tmp_path: Path) -> None:
    path = pack(tmp_path, members_of({"lib/a": b"a"}))
    pin = pin_of(path, channel="main")
    with archive.opened(str(path), pin.hashes, str(tmp_path)) as contents:
        made = layout.lay_out(contents, "libfoo", place(HERE))
        before = {"requested_spec": "libfoo >=1", "url": "https://elsewhere"}
        data = record.made(pin, made, contents, url="https://host/main/linux-64/libfoo-1.0-h1_0.tar.bz2", before=before)
    said = json.loads(data)
    assert said == {
        **INDEX, "sha256": pin.hashes[0].partition(":")[2], "md5": hashlib.md5(path.read_bytes()).hexdigest(),
        "size": path.stat().st_size, "fn": path.name, "url": f"https://host/main/linux-64/{path.name}",
        "channel": "https://host/main/", "requested_spec": "libfoo >=1", "files": ["lib/a"],
        "paths_data": {"paths_version": 1, "paths": [row("lib/a", b"a")]},
    }  # fmt: skip
