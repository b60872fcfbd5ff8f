"""Folders, repositories and archives of sources: pip and uv say the same of them, and nobody crashes."""

import subprocess
import tarfile
from pathlib import Path

import pytest
from planning import freeze, moved

import envguard
from envguard.change.installers import _pip, _process, _uv, places
from envguard.change.installers.request import Request, named, of_command, of_words
from envguard.errors import UnverifiableError
from envguard.model import Environment
from support import LINUX

BACKEND = '''
"""A build backend that needs nothing but Python."""
import os, zipfile

INFO = "grown-3.4.dist-info"
SAID = {
    "METADATA": "Metadata-Version: 2.1\\nName: grown\\nVersion: 3.4\\nRequires-Dist: six\\n",
    "WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}

def prepare_metadata_for_build_wheel(folder, settings=None):
    os.makedirs(os.path.join(folder, INFO), exist_ok=True)
    for name, text in SAID.items():
        with open(os.path.join(folder, INFO, name), "w") as file:
            file.write(text)
    return INFO

prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel

def build_wheel(folder, settings=None, metadata=None):
    name = "grown-3.4-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("grown.py", "VALUE = 1\\n")
        for each, text in SAID.items():
            wheel.writestr(f"{INFO}/{each}", text)
        rows = ["grown.py,,", *(f"{INFO}/{each},," for each in SAID), f"{INFO}/RECORD,,"]
        wheel.writestr(f"{INFO}/RECORD", "\\n".join(rows) + "\\n")
    return name

build_editable = build_wheel
'''
SYSTEM = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
STATIC = '[project]\nname = "Grown"\nversion = "3.4"\ndependencies = ["six"]\n'
DYNAMIC = '[project]\nname = "grown"\ndynamic = ["version", "dependencies"]\n'


def project(folder: Path, head: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(head + SYSTEM, encoding="utf-8")
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    return folder


def repository(folder: Path) -> str:
    git = ("git", "-c", "user.email=a@b", "-c", "user.name=n", "-c", "init.defaultBranch=main")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return f"git+{folder.as_uri()}"


def archive(folder: Path, name: str = "grown-3.4.tar.gz") -> Path:
    (folder / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: grown\nVersion: 3.4\n", encoding="utf-8")
    with tarfile.open(folder.parent / name, "w:gz") as tar:
        tar.add(folder, arcname="grown-3.4")
    return folder.parent / name


def requests(folder: Path) -> dict[str, Request]:
    """Every way in which sources are asked for."""
    static, dynamic = project(folder / "static", STATIC), project(folder / "dynamic", DYNAMIC)
    unnamed, odd = project(folder / "unnamed", ""), project(folder / "a folder", STATIC)
    sdist, git = archive(project(folder / "packed", STATIC)), repository(project(folder / "cloned", STATIC))
    listed = folder / "requirements.txt"
    listed.write_text(f"-e {dynamic}\n", encoding="utf-8")
    return {
        "folder": of_words([str(static)]),
        "folder with a space": of_words([str(odd)]),
        "named folder": of_words([f"grown @ {static.as_uri()}"]),
        "dynamic": of_words([str(dynamic)]),
        "nothing but a backend": of_words([str(unnamed)]),
        "editable": of_command(["pip", "install", "-e", str(static)]),
        "editable and dynamic": of_command(["pip", "install", "-e", str(dynamic)]),
        "archive": of_words([str(sdist)]),
        "archive by URL": of_words([f"grown @ {sdist.as_uri()}"]),
        "repository": of_words([git]),
        "requirements file": of_words([], files=[str(listed)]),
    }


@pytest.fixture(scope="module")
def lock(base_venv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return freeze(base_venv, tmp_path_factory.mktemp("golden") / "envguard.lock")


@pytest.mark.parametrize("kind", ["dynamic", "repository", pytest.param("", marks=pytest.mark.slow, id="all")])
def test_pip_and_uv_say_the_same(kind: str, base_venv: Path, lock: Path, wheelhouse: Path, tmp_path: Path) -> None:
    asked = requests(tmp_path)
    for each in [kind] if kind else asked:
        told = {}
        for installer in ("pip", "uv"):
            plan = envguard.plan(
                asked[each], lock=lock, python=base_venv, offline=True, find_links=[wheelhouse], installer=installer
            )
            assert plan.installer.startswith(installer)
            assert moved(plan) == {"grown": ("added", "", "3.4")}, each
            findings = {(found.change.code, found.change.package, found.verdict) for found in plan.report.findings}
            assert ("EG208", "grown", "unverified") in findings, each
            told[installer] = (
                findings,
                plan.verdict,
                [(move.url, move.requested, move.chain, move.traits_after) for move in plan.moves],
                [found.change.evidence for found in plan.report.findings if found.change.code == "EG208"],
                plan.command.rpartition("--no-deps")[2].split(" --find-links ")[1].split(" ", 1)[1],
            )
        assert told["pip"] == told["uv"], each


def test_a_dependency_of_a_folder_is_asked_for_by_it(
    base_venv: Path, tmp_path: Path, wheelhouse: Path, venv: Path
) -> None:
    subprocess.run([venv / "bin" / "python", "-m", "pip", "-q", "uninstall", "-y", "six"], check=True)
    golden = freeze(venv, tmp_path / "envguard.lock")
    folder = project(tmp_path / "static", STATIC)
    told = {}
    for installer in ("pip", "uv"):
        plan = envguard.plan(
            str(folder), lock=golden, python=venv, offline=True, find_links=[wheelhouse], installer=installer
        )
        told[installer] = {move.name: (move.kind, move.chain, move.asks) for move in plan.moves}
    assert told["pip"] == told["uv"]
    assert told["uv"]["six"] == ("added", ("grown", "six"), "six")


def test_a_wheel_by_its_path_is_that_wheel_and_not_the_one_of_an_index(
    base_venv: Path, lock: Path, wheelhouse: Path
) -> None:
    (wheel,) = wheelhouse.glob("six-1.17.0-*.whl")
    for _again in range(2):  # uv says it in another way once it has it in its cache
        plan = envguard.plan(str(wheel), lock=lock, python=base_venv, installer="uv", offline=True)
        assert [(move.path, move.after) for move in plan.moves] == [(str(wheel), "1.17.0")]
        assert plan.command.endswith(str(wheel))


def test_a_version_that_nobody_says_is_an_error_of_one_line(
    base_venv: Path, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path / "dynamic", DYNAMIC)
    monkeypatch.setattr(_pip, "command", lambda _live: None)
    monkeypatch.setattr(_pip, "foreign_command", lambda _live: None)
    with pytest.raises(UnverifiableError, match="uv does not say which version of grown it would build from ") as told:
        envguard.plan(str(folder), lock=lock, python=base_venv, offline=True, installer="uv")
    assert "\n" not in str(told.value)


def test_a_backend_that_fails_for_pip_alone_is_an_error_of_one_line(
    base_venv: Path, lock: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    folder = project(tmp_path / "dynamic", DYNAMIC)
    backend = folder / "backend.py"
    backend.write_text(BACKEND + "\nif 'UV' not in os.environ: raise SystemExit('not for you')\n", encoding="utf-8")
    with pytest.raises(UnverifiableError) as told:
        envguard.plan(str(folder), lock=lock, python=base_venv, offline=True, installer="uv", find_links=[wheelhouse])
    assert "\n" not in str(told.value)
    assert "installer pip" in str(told.value) or "finds no way" in str(told.value)


@pytest.mark.parametrize(
    ("output", "errors"),
    [
        ('{"changes": [{"name": "six", "action": "installed"}]}', " + six"),
        ('{"changes": [{"name": "six", "version": null, "action": "installed"}]}', ""),
        ('{"changes": [{"version": "1", "action": "installed"}]}', ""),
        ('{"changes": [{"name": null, "version": "1", "action": "installed"}]}', ""),
        ('{"changes": [{"name": "six", "version": "1"}]}', ""),
        ('{"changes": [{"name": "six", "version": "1", "action": "moved"}]}', ""),
        ('{"changes": [[]]}', ""),
        ('{"changes": null}', ""),
        ('{"changes": 1}', ""),
        ("{}", ""),
        ("{", ""),
        ('{"changes": ' + "[" * 100_000, ""),
    ],
)
def test_an_answer_of_uv_that_lacks_something_is_an_error_of_one_line(
    output: str, errors: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        _process, "run", lambda *_call, **_more: _process.Answer(status=0, output=output, errors=errors)
    )
    live = Environment(prefix=str(tmp_path), paths=(), interpreter=LINUX, executable="python")
    with pytest.raises(UnverifiableError, match="not understood") as told:
        _uv.ask("uv", "install", ["six"], live, offline=True, find_links=[])
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("git+https://token@example.org/a/b.git@main#egg=b", "git+https://****@example.org/a/b.git@0123456789abcdef"),
        ("b @ git+ssh://git@example.org/a/b.git", "git+ssh://git@example.org/a/b.git@0123456789abcdef"),
        ("https://u:p@example.org/b-1.tar.gz", "https://u:****@example.org/b-1.tar.gz"),
        ("b @ https://example.org/b-1.tar.gz#sha256=ab ; python_version > '3'", "https://example.org/b-1.tar.gz"),
    ],
)
def test_what_uv_masks_and_finds_out_is_still_what_was_asked_for(word: str, told: str, tmp_path: Path) -> None:
    live = Environment(prefix=str(tmp_path), paths=(), interpreter=LINUX)
    asked = places.wanted(["six", word, "--no-deps"], live)
    assert [places.asked_for(told, asked)] == asked
    assert places.asked_for(told.replace("example.org", "example.com"), asked) is None
    assert places.asked_for("", asked) is None


def test_what_stands_behind_an_option_is_no_place(tmp_path: Path) -> None:
    live = Environment(prefix=str(tmp_path), paths=(), interpreter=LINUX)
    assert places.wanted(["six", "--find-links", str(tmp_path), "--constraint", "./c.txt"], live) == []


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("./six-1.16.0.tar.gz", "six"),
        ("https://example.org/python_dateutil-2.9.0.post0.tar.gz#sha256=ab", "python-dateutil"),
        ("https://example.org/archive/v1.0.zip", ""),
        ("./main.zip", ""),
    ],
)
def test_the_file_name_of_an_archive_names_it(word: str, name: str) -> None:
    assert named(word) == name


def test_the_golden_version_does_not_hold_an_archive_of_another(
    base_venv: Path, lock: Path, wheelhouse: Path, tmp_path: Path
) -> None:
    packed = project(tmp_path / "packed", STATIC.replace("Grown", "six").replace('["six"]', "[]"))
    text = (
        BACKEND.replace("Name: grown", "Name: six").replace("grown-3.4", "six-3.4").replace("Requires-Dist: six\\n", "")
    )
    (packed / "backend.py").write_text(text, encoding="utf-8")
    sdist = archive(packed, "six-3.4.tar.gz")
    for installer in ("pip", "uv"):
        plan = envguard.plan(
            str(sdist), lock=lock, python=base_venv, offline=True, find_links=[wheelhouse], installer=installer
        )
        assert moved(plan) == {"six": ("upgraded", "1.16.0", "3.4")}
