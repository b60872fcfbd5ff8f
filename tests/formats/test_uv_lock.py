import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import uv_projects

from envguard.comparing import check
from envguard.environment.interpreter import running
from envguard.errors import LockError, UsageError
from envguard.formats import load
from envguard.model import Pin, Selection, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Depth

UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
PYTHONS = ("3.10.4", "3.11.7", "3.13.1")

Golden = Callable[..., Snapshot]

needs_uv = pytest.mark.skipif(UV is None, reason="no uv")


def uv(project: Path, *arguments: str) -> str:
    done = subprocess.run(
        [str(UV), *arguments, *uv_projects.UV_QUIET, "--python", sys.executable],
        cwd=project, env={"PATH": "/usr/bin:/bin", "UV_CACHE_DIR": str(project.parent / "cache"), "HOME": str(project)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def select(lock: Path, python: str, extras: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> dict[str, Pin]:
    whom = running().replace(version=python)
    snapshot = load(lock, selection=Selection(extras=extras, groups=groups, interpreter=whom))
    assert snapshot.format == "uv.lock"
    assert snapshot.complete
    assert len({pin.name for pin in snapshot.pins}) == len(snapshot.pins)
    return {pin.name: pin for pin in snapshot.pins}


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Projects that uv has locked, by what is special about them."""
    found = {}
    for name, pyproject, members in (
        ("conflicting", uv_projects.CONFLICTING, {}),
        ("groups", uv_projects.GROUPS, {}),
        ("workspace", uv_projects.WORKSPACE, {"packages/part": uv_projects.MEMBER, "folder": uv_projects.FOLDER}),
        ("virtual", uv_projects.VIRTUAL, {"packages/part": uv_projects.MEMBER}),
    ):
        folder = tmp_path_factory.mktemp(name)
        uv_projects.index(folder)
        found[name] = uv_projects.project(folder, pyproject, members)
        uv(found[name], "lock")
    return found


@needs_uv
@pytest.mark.parametrize(
    ("name", "extras", "groups"),
    [
        ("conflicting", (), ()),
        ("conflicting", ("yaml",), ()),
        ("conflicting", ("cpu",), ()),
        ("conflicting", ("gpu",), ()),
        ("conflicting", ("gpu", "yaml", "empty"), ("docs",)),
        ("conflicting", (), ("docs",)),
        ("conflicting", (), ("no-dev",)),
        ("conflicting", ("cpu",), ("docs", "no-dev")),
        ("groups", (), ()),
        ("groups", (), ("cpu",)),
        ("groups", (), ("gpu",)),
        ("workspace", (), ()),
        ("virtual", (), ()),
        ("virtual", ("more",), ("no-dev",)),
    ],
)
def test_what_is_selected_is_what_uv_exports(
    locked: dict[str, Path], name: str, extras: tuple[str, ...], groups: tuple[str, ...]
) -> None:
    options = [word for extra in extras for word in ("--extra", extra)]
    options += [word for g in groups for word in ([f"--{g}"] if g == "no-dev" else ["--group", g])]
    text = uv(locked[name], "export", "--frozen", "--no-hashes", "--no-header", "--no-annotate", "--no-emit-project",
              *options)  # fmt: skip
    for python in PYTHONS:
        pins = select(locked[name] / "uv.lock", python, extras, groups)
        # The project itself, which --no-emit-project leaves out; in a workspace without one nothing is left out.
        ours = {each.name: each.version if each.source is None else "-" for each in pins.values() if not each.optional}
        theirs = uv_projects.exported(text, python)
        if name == "virtual":
            ours["part"] = theirs["part"] = "-"
        assert ours == theirs, python


@needs_uv
def test_the_project_and_what_lies_beside_it(locked: dict[str, Path]) -> None:
    project = locked["workspace"]
    pins = select(project / "uv.lock", "3.11.7")
    whole, part, folder, wheel = (pins[name].source for name in ("whole", "part", "folder", "wheel-here"))
    assert whole is not None
    assert (whole.kind, whole.url, whole.editable) == ("directory", f"file://{project}", True)
    assert pins["whole"].optional
    assert part is not None
    assert (part.url, part.editable) == (f"file://{project}/packages/part", True)
    assert folder is not None
    assert (folder.url, folder.editable) == (f"file://{project}/folder", False)
    assert wheel is not None
    assert wheel.url == f"file://{project.parent}/main/wheel_here-4.0-py3-none-any.whl"
    assert wheel.digest == pins["wheel-here"].hashes[0]
    assert pins["wheel-here"].tags == ("py3-none-any",)
    lines = (project / "uv.lock").read_text().splitlines()
    assert all(lines[pin.line - 1 : pin.line + 1] == ["[[package]]", f'name = "{pin.name}"'] for pin in pins.values())


@needs_uv
@pytest.mark.parametrize("depth", ["versions", "records"])
def test_what_uv_syncs_is_pinned(locked: dict[str, Path], depth: "Depth") -> None:
    project = locked["conflicting"]
    uv(project, "sync", "--frozen", "--extra", "gpu")
    lock, python = project / "uv.lock", str(project / ".venv")

    def codes(*extras: str) -> list[tuple[str, str]]:
        chosen = Selection(extras=extras)
        report = check(str(lock), lock.read_bytes(), python=python, depth=depth, selection=chosen)
        return [(found.change.code, found.change.package) for found in report.findings]

    assert codes("gpu") == []
    assert codes() == [("EG104", "engine"), ("EG103", "gpulib")]
    assert sorted(codes("gpu", "yaml")) == [("EG101", "zeta")]


@needs_uv
def test_what_cannot_be_chosen(locked: dict[str, Path]) -> None:
    lock = locked["conflicting"] / "uv.lock"
    for extras, groups, why in (
        (("cpu", "gpu"), (), "extra cpu and extra gpu exclude each other"),
        (("nope",), (), "no extra 'nope'"),
        ((), ("nope",), "no group 'nope'"),
    ):
        with pytest.raises(LockError, match=why):
            select(lock, "3.11.7", extras, groups)
    with pytest.raises(LockError, match=r"for Python >=3\.10, and the interpreter is 3\.9\.1"):
        select(lock, "3.9.1")
    with pytest.raises(UsageError, match="no categories"):
        load(lock, selection=Selection(categories=("dev",)))


HEAD = 'version = 1\nrevision = 99\nrequires-python = ">=3.8"\n'
ROOT = '\n[[package]]\nname = "demo"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [%s]\n'
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def package(name: str, more: str, version: str = "1.0") -> str:
    return f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n{more}\n'


def test_where_packages_come_from(golden: Golden) -> None:
    names = ("repo", "web", "local", "torch")
    lock = HEAD + ROOT % ", ".join(f'{{ name = "{name}" }}' for name in names)
    lock += package("repo", f'source = {{ git = "https://u:p@h/r.git?subdirectory=a%2Fb&rev=v1#{COMMIT}" }}')
    lock += package("web", 'source = { url = "https://t@h/w-1.0.zip?sig=s" }\nsdist = { hash = "sha256:AB" }')
    lock += package("local", 'source = { path = "/x/l.whl" }\nwheels = [{ filename = "l.whl", hash = "sha256:cd" }]')
    lock += package("torch", 'source = { registry = "https://h/whl/cu128" }', "2.9.1+cu128")
    pins = {pin.name: pin for pin in golden(lock, "uv.lock").pins}
    repo, web, local = (pins[name].source for name in ("repo", "web", "local"))
    assert repo is not None
    assert (repo.url, repo.revision, repo.subdirectory) == ("https://h/r.git", COMMIT, "a/b")
    assert web is not None
    assert (web.url, web.digest) == ("https://h/w-1.0.zip", "sha256:ab")
    assert local is not None
    assert local.url == "file:///x/l.whl"
    assert (pins["torch"].version, pins["torch"].source) == ("2.9.1+cu128", None)
    assert "demo" not in pins  # a virtual project is never installed


def test_two_versions_that_both_apply_are_no_pin(golden: Golden) -> None:
    lock = HEAD + ROOT % '{ name = "a", version = "1.0" }, { name = "a", version = "2.0" }'
    registry = 'source = { registry = "https://h" }'
    snapshot = golden(lock + package("a", registry) + package("a", registry, "2.0"), "uv.lock")
    assert [(pin.name, pin.version) for pin in snapshot.pins] == [("a", None)]
    assert "a==1.0, a==2.0" in snapshot.pins[0].unverifiable


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ('version = 2\nrequires-python = ">=3.8"\n', "version 2 of uv.lock is not read"),
        ('version = 1\nrequires-python = "x"\n', "requires-python is no specifier"),
        ('version = 1\nrequires-python = ">=%s"\n' % ("9" * 5000), "requires-python is no specifier"),
        (HEAD + "supported-markers = [\"sys_platform == 'win32'\"]\n", "not for linux"),
        (HEAD + ROOT % '{ name = "gone" }', "depends on gone, which the lock does not hold"),
        (HEAD + ROOT % "{ name = \"demo\", marker = 'x' }", "not a marker"),
        (HEAD + package("a", 'source = { registry = "h" }'), "no project to begin with"),
        (HEAD + package("a", "source = 1"), "source is no table"),
        (HEAD + package("a/b", 'source = { virtual = "." }'), "not the name of a package"),
        (HEAD + "package = 1\n", "package is no list of tables"),
        (HEAD + "<<<<<<< ours\n", "uv.lock:4: a merge conflict marker"),
        (HEAD + "x = [\n", "no valid TOML"),
        (HEAD + "x = " + "[" * 5000, "TOML|nested"),
        (HEAD + ".".join(["a"] * 5000) + " = 1\n", "more than 1000 dots"),
        (HEAD.encode() + b"x = '\xff'", "uv.lock:4: not UTF-8"),
    ],
)
def test_what_cannot_be_read(golden: Golden, content: str | bytes, why: str) -> None:
    with pytest.raises(LockError, match=why):
        golden(content, "uv.lock")


def test_it_is_recognised_by_its_content(golden: Golden) -> None:
    assert golden(HEAD, "requirements.txt").format == "uv.lock"
    assert golden(HEAD.replace("\n", "\r\n"), "x").format == "uv.lock"
    with pytest.raises(LockError, match="not read"):
        golden("version = 3\n", "uv.lock")


def test_real_locks(corpus: Path) -> None:
    python = platform.python_version()
    expected: tuple[tuple[str, str, tuple[str, ...], int, str], ...] = (
        ("nanochat", python, (), 91, "2.9.1"),
        ("nanochat", python, ("gpu",), 91, "2.9.1+cu128"),
        ("nanochat", python, ("cpu",), 76, "2.9.1+cpu"),
        ("openpi", "3.11.7", (), 240, "2.7.1"),
        ("poprox", "3.12.1", (), 306, "2.7.1+cu128"),
        ("prime-rl", "3.12.1", (), 311, "2.11.0+cu128"),
        ("pixi-empty", "3.12.1", (), 0, ""),
        ("uv-tiny-r2", "3.13.2", (), 1, ""),
    )
    for name, version, extras, count, torch in expected:
        path = next((corpus / "uv").glob(f"{name}*"))
        pins = select(path, "3.11.7" if name == "nanochat" else version, extras)
        assert len(pins) == count, name
        assert (pins["torch"].version if torch else "") == torch
        assert not [pin for pin in pins.values() if pin.unverifiable]


def test_a_source_that_names_nothing_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "uv.lock"
    lock.write_text(
        'version = 1\nrequires-python = ">=3.8"\n[manifest]\nmembers = ["a"]\n[[package]]\nname = "a"\nsource = {}\n'
    )
    with pytest.raises(LockError, match="source is no table of texts, or an empty one"):
        load(str(lock))
