from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.checks import missing, variant
from envguard.environment.interpreter import running
from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Change, Distribution, Environment, Pin, Selection, Snapshot

Golden = Callable[..., Snapshot]

LINUX = running().replace(version="3.11.7", system="linux")
INHERITING = '[metadata]\ngroups = ["default", "test"]\nstrategy = ["inherit_metadata"]\nlock_version = "4.5.0"\n'
DEFAULT_ONLY = '[metadata]\ngroups = ["default"]\nlock_version = "4.3"\n'
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def read(snapshot: Snapshot) -> tuple[set[str], set[str]]:
    """What is needed, and what may be absent."""
    assert snapshot.format == "pdm.lock"
    return {p.name for p in snapshot.pins if not p.optional}, {p.name for p in snapshot.pins if p.optional}


def entry(name: str, more: str = "", version: str = "1.0") -> str:
    return f'\n[[package]]\nname = "{name}"\nversion = "{version}"\nsummary = "x"\n{more}\n'


def here(*groups: str) -> Selection:
    return Selection(groups=groups, interpreter=LINUX)


def test_groups_and_markers(golden: Golden) -> None:
    lock = INHERITING + entry("App", 'groups = ["default"]')
    lock += entry("windows", 'groups = ["default"]\nmarker = "sys_platform == \\"win32\\""')
    lock += entry("pytest", 'groups = ["test"]')
    assert read(golden(lock, "pdm.lock", selection=here())) == ({"app"}, {"pytest"})
    assert read(golden(lock, "pdm.lock", selection=here("test"))) == ({"app", "pytest"}, set())
    assert read(golden(lock, "pdm.lock", selection=here("default"))) == ({"app"}, set())
    with pytest.raises(LockError, match="no group 'nope'"):
        golden(lock, "pdm.lock", selection=here("nope"))


def test_a_name_with_and_without_extras_is_one_pin(golden: Golden) -> None:
    lock = INHERITING + entry("coverage", 'groups = ["test"]\nfiles = [{file = "c.tar.gz", hash = "sha256:aa"}]')
    lock += entry("coverage", 'extras = ["toml"]\ngroups = ["default"]\ndependencies = ["coverage==1.0"]\n'
                              'files = [{file = "c-1.0-py3-none-any.whl", hash = "sha256:bb"}]')  # fmt: skip
    (pin,) = golden(lock, "pdm.lock", selection=here()).pins
    assert (pin.name, pin.version, pin.optional, pin.unverifiable) == ("coverage", "1.0", False, "")
    assert pin.hashes == ("sha256:aa", "sha256:bb")


def test_without_markers_who_depends_on_it_decides(golden: Golden) -> None:
    lock = DEFAULT_ONLY + entry("app", 'dependencies = ["lib[x]>=1", "colorama; sys_platform == \\"win32\\""]')
    lock += entry("lib") + entry("colorama") + entry("old", 'requires_python = "<3.8"')
    assert read(golden(lock, "pdm.lock", selection=here())) == ({"app", "lib"}, {"colorama"})


def test_the_oldest_files(golden: Golden) -> None:
    lock = entry("Jinja2", 'sections = ["default"]\nmarker = "python_version >= \\"2.7\\""', "2.11.3")
    lock += entry("six", 'sections = ["dev"]')
    lock += '[metadata]\ncontent_hash = "x"\n[metadata.files]\n'
    lock += '"jinja2 2.11.3" = [{file = "Jinja2-2.11.3-py2.py3-none-any.whl", hash = "sha256:aa"}]\n'
    snapshot = golden(lock, "pdm.lock", selection=here())
    assert read(snapshot) == ({"jinja2"}, {"six"})
    assert snapshot.pins[0].hashes == ("sha256:aa",)
    assert snapshot.pins[0].tags == ("py2-none-any", "py3-none-any")


def test_a_local_label_is_unknown_and_not_none(golden: Golden) -> None:
    lock = INHERITING + entry("torch", 'groups = ["default"]', "2.5.0") + entry("own", 'groups = ["default"]', "1+cpu")
    snapshot = golden(lock, "pdm.lock", selection=here())

    def changes(name: str, version: str, snapshot: Snapshot = snapshot) -> list[Change]:
        installed = Distribution(name=name, version=version, path="/x", location="/")
        environment = Environment(prefix="", paths=("/",), interpreter=LINUX, distributions=(installed,))
        return list(variant.check(snapshot, environment))

    assert changes("torch", "2.5.0+cu121") == []
    assert [change.code for change in changes("own", "1+cu121")] == ["EG104"]
    known = snapshot.replace(pins=tuple(pin.replace(local_unknown=False) for pin in snapshot.pins))
    assert [change.code for change in changes("torch", "2.5.0+cu121", known)] == ["EG104"]


def test_what_may_be_absent_is_not_missing() -> None:
    pins = tuple(Pin(name=name, version="1", optional=name == "b") for name in ("a", "b"))
    snapshot = Snapshot(path="x", format="pdm.lock", sha256="", pins=pins)
    environment = Environment(prefix="", paths=(), interpreter=LINUX)
    assert [change.package for change in missing.check(snapshot, environment)] == ["a"]
    assert not missing.blocked(snapshot, environment)
    assert missing.blocked(snapshot.replace(pins=pins[1:]), environment)


def test_where_packages_come_from(golden: Golden, tmp_path: Path) -> None:
    lock = INHERITING + entry("repo", f'groups = ["default"]\ngit = "https://u:p@h/r.git"\nrevision = "{COMMIT}"')
    lock += entry("web", 'groups = ["default"]\nurl = "https://h/w-1.0.zip#sha256=aa"')
    lock += entry("folder", 'groups = ["default"]\npath = "./f"\neditable = true')
    lock += entry("file", 'groups = ["default"]\npath = "./f-1.0-py3-none-any.whl"')
    sources = {pin.name: pin.source for pin in golden(lock, "pdm.lock", selection=here()).pins}
    assert {name: (s.kind, s.url, s.revision, s.editable) for name, s in sources.items() if s} == {
        "repo": ("vcs", "https://h/r.git", COMMIT, False),
        "web": ("archive", "https://h/w-1.0.zip", "", False),
        "folder": ("directory", f"file://{tmp_path}/f", "", True),
        "file": ("archive", f"file://{tmp_path}/f-1.0-py3-none-any.whl", "", False),
    }


MAIN = {"linkify-it-py", "markdown-it-py", "mdurl", "six"}
"""What ``pdm export --prod`` names for the project of the fixtures, on Linux with Python 3.11."""


@pytest.mark.parametrize("version", ["4.4.1", "4.5.0"])
def test_what_pdm_wrote_is_selected_as_pdm_exports_it(lockfiles: Path, version: str) -> None:
    path = lockfiles / "pdm" / f"pdm-{version}.lock"
    assert read(load(path, selection=here())) == (MAIN, {"idna", "iniconfig"})
    for groups, added in (("default",), set()), (("unicode",), {"idna"}), (("unicode", "test"), {"idna", "iniconfig"}):
        assert read(load(path, selection=here(*groups))) == (MAIN | added, set())
    old = Selection(groups=("default",), interpreter=LINUX.replace(version="3.10.13"))
    assert read(load(path, selection=old)) == (MAIN | {"tomli"}, set())


@pytest.mark.parametrize("version", ["3.1", "4.0", "4.2", "4.3"])
def test_what_pdm_wrote_without_groups_may_all_be_absent(lockfiles: Path, version: str) -> None:
    path = lockfiles / "pdm" / f"pdm-{version}.lock"
    snapshot = load(path, selection=here())
    assert read(snapshot) == (set(), MAIN | {"colorama", "idna", "iniconfig", "tomli"})
    assert {pin.version for pin in snapshot.pins if pin.name == "six"} == {"1.16.0"}
    assert all(len(pin.artifacts) == len(pin.hashes) == 2 for pin in snapshot.pins)
    with pytest.raises(LockError, match="no group 'unicode'"):
        load(path, selection=here("unicode"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('[metadata]\nlock_version = "5.0"\n', "lock_version '5.0' of pdm.lock is not read"),
        (INHERITING + '[[metadata.targets]]\nrequires_python = ">=3.99"\n', r"this lock is for Python >=3\.99"),
        (INHERITING + '[[package]]\nname = "a"\n', "pdm.lock:5: a has no version"),
        (INHERITING + entry("a", 'git = "https://h/r"'), "without its commit"),
        (INHERITING + entry("a", 'marker = "x y"'), "not a marker"),
        (INHERITING + "<<<<<<< HEAD\n", "pdm.lock:5: a merge conflict marker"),
    ],
)
def test_what_cannot_be_read(golden: Golden, content: str, why: str) -> None:
    with pytest.raises(LockError, match=why):
        golden(content, "pdm.lock", selection=here())


def test_real_locks(corpus: Path) -> None:
    expected = {"miui-4.2": (25, 2), "pdm-0.1.0": (6, 0), "pdm-3.1": (5, 5), "pdm-4.0": (5, 5), "pdm-4.3": (6, 0)}
    for name, (count, optional) in expected.items():
        snapshot = load(corpus / "pdm" / f"{name}.lock", selection=here())
        assert (len(snapshot.pins), len(read(snapshot)[1])) == (count, optional), name
        assert all(pin.version and not pin.unverifiable for pin in snapshot.pins)
        assert all(pin.hashes for pin in snapshot.pins)
    needed, optional_names = read(load(corpus / "pdm" / "pdm-4.5.1.lock", selection=here()))
    assert {"unearth", "httpx", "installer"} <= needed
    assert "pytest" in optional_names
    with pytest.raises(LockError, match="merge conflict"):
        load(corpus / "pdm" / "miui-mergeconflict.lock")
