"""What all native facts share: which files there are, whose they are, and that each is opened once."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_linkage_rules import MACHINE, Site, library, module

from envguard.environment import scan
from envguard.environment.tags import supported
from envguard.facts.natives import Natives

pytestmark = pytest.mark.skipif(not MACHINE, reason="shared objects for this machine")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    made = Site(folder)
    made.add("b", {"b.py": "", "b.libs/libb.so.1.2": library(soname="libb.so.1")}, version="2.1")
    made.add("a", {"a/__init__.py": "", "a/_x.so": module("_x", "libb.so.1"), "a/readme.so.txt": "text"})
    return made


@pytest.fixture
def natives(site: Site) -> Iterator[Natives]:
    with site.natives() as opened:
        yield opened


def names(natives: Natives, site: Site) -> list[tuple[str, str]]:
    return [(os.path.relpath(each.path, site.folder), each.owner) for each in natives.files]


def test_files_and_their_owners(natives: Natives, site: Site) -> None:
    (site.folder / "stray.so").write_bytes(library())
    assert names(natives, site) == [("a/_x.so", "a"), ("b.libs/libb.so.1.2", "b"), ("stray.so", "")]
    assert natives.files[0].elf.needed == ("libb.so.1",)
    assert natives.foreign == ()


def test_a_file_with_several_names_is_one(natives: Natives, site: Site) -> None:
    (site.folder / "b.libs" / "libb.so").symlink_to("libb.so.1.2")
    (site.folder / "a" / "libb.so").symlink_to("../b.libs/libb.so")
    (site.folder / "a" / "gone.so").symlink_to("nowhere.so")
    assert names(natives, site) == [("a/_x.so", "a"), ("b.libs/libb.so.1.2", "b")]
    assert natives.owner_of(str(site.folder / "a" / "libb.so")) == "b"
    assert natives.owner_of(str(site.folder / "a" / "nothing.so")) == ""


def test_what_is_no_shared_object_for_this_machine(natives: Natives, site: Site) -> None:
    (site.folder / "a" / "text.so").write_text("INPUT(libx.so)")
    (site.folder / "a" / "arm.so").write_bytes(library(machine=40))
    reasons = {os.path.basename(path): why for path, why in natives.foreign}
    assert reasons.keys() == {"text.so", "arm.so"}
    assert "machine 40" in reasons["arm.so"]


def test_rows_and_versions(natives: Natives, site: Site) -> None:
    assert [os.path.relpath(row.path, site.folder) for row in natives.rows("b")][:2] == ["b.py", "b.libs/libb.so.1.2"]
    assert natives.rows("nobody") == ()
    assert natives.version("b") == "b 2.1"
    assert natives.version("conda:zlib") == "zlib"
    found = natives.distribution("b")
    assert found is not None
    assert found.version == "2.1"
    assert natives.distribution("nobody") is None


def test_nothing_is_opened_twice(natives: Natives) -> None:
    assert natives.files is natives.files
    assert natives.loader is natives.loader
    assert natives.resolution is natives.resolution
    assert natives.loader.load(natives.files[0].path) is natives.files[0].elf


def test_search_paths_are_those_of_this_process(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    live = scan(python=sys.executable, paths=[str(site.folder)])
    monkeypatch.setenv("LD_LIBRARY_PATH", "/somewhere")
    monkeypatch.delenv("LD_PRELOAD", raising=False)
    with Natives(live) as natives:
        assert (natives.library_path, natives.preload) == ("/somewhere", "")
    with Natives(live, library_path="/x", preload="y.so") as natives:
        assert (natives.library_path, natives.preload) == ("/x", "y.so")


def test_the_library_path_decides_what_is_found(site: Site) -> None:
    live = scan(python=sys.executable, paths=[str(site.folder)])
    with Natives(live, library_path="") as natives:
        assert [each.file.owner for each in natives.resolution.broken] == ["a"]
    (site.folder / "b.libs" / "libb.so.1").symlink_to("libb.so.1.2")
    with Natives(live, library_path=str(site.folder / "b.libs")) as natives:
        assert natives.resolution.broken == ()


def test_tags_are_asked_for_once(site: Site) -> None:
    live = scan(python=sys.executable, paths=[str(site.folder)])
    asked = []

    def tags() -> list[str]:
        asked.append(1)
        return list(map(str, supported(live.interpreter)))

    with Natives(live, supported=tags) as natives:
        assert asked == []
        assert natives.supported[-1] == "py30-none-any"
        assert "py3-none-any" in natives.accepted
        assert asked == [1]
    with Natives(live) as natives:
        assert natives.supported == ()


def test_an_interpreter_that_is_a_script(site: Site, tmp_path: Path) -> None:
    """What a version manager puts on PATH; the loader of the real one is not known then, and that is said."""
    shim = tmp_path / "python"
    shim.write_text('#!/bin/sh\nexec python3 "$@"\n')
    live = scan(python=sys.executable, paths=[str(site.folder)]).replace(executable=str(shim))
    with Natives(live) as natives:
        assert len(natives.files) == 2
        assert natives.resolution.broken == ()
        assert len(natives.blind) == 1
        assert str(shim) in natives.blind[0]


def test_what_was_not_seen_is_said_once(natives: Natives) -> None:
    natives.unseen.extend(["one", "two", "one"])
    assert natives.blind == ("one", "two")
