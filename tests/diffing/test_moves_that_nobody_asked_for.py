"""A move that neither the project nor a package that moved asked for counts one class graver."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import envguard
from envguard.diffing import edges, sides
from envguard.diffing.asking import UNASKED
from envguard.model import Selection, Snapshot
from support import scrubbed

PYPROJECT = '[project]\nname = "service"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["jinja2"]\n'


def verdicts(old: Path, new: Path) -> dict[str, tuple[str, bool]]:
    """Package -> verdict, and whether it was raised."""
    report = envguard.diff(old, new)
    return {each.change.package: (each.verdict, UNASKED in each.reason) for each in report.findings}


def locked(folder: Path, name: str, *constraints: str) -> Path:
    """A lock that uv itself writes."""
    place = folder / name
    place.mkdir()
    held = ", ".join(f'"{each}"' for each in constraints)
    (place / "pyproject.toml").write_text(f"{PYPROJECT}[tool.uv]\nconstraint-dependencies = [{held}]\n")
    command = [str(Path(sys.executable).parent / "uv"), "lock", "-q", "--python", sys.executable]
    env = scrubbed(UV_CACHE_DIR=str(folder / "cache"))
    done = subprocess.run(command, cwd=place, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place / "uv.lock"


def test_uv_knows_who_requires_whom(tmp_path: Path) -> None:
    base = locked(tmp_path, "base", "jinja2==3.1.4", "markupsafe==2.1.4")
    alone = locked(tmp_path, "alone", "jinja2==3.1.4", "markupsafe==2.1.5")
    direct = locked(tmp_path, "direct", "jinja2==3.1.5", "markupsafe==2.1.4")
    both = locked(tmp_path, "both", "jinja2==3.1.5", "markupsafe==2.1.5")
    # markupsafe alone: jinja2 did not move, and the project does not name it. Micro and native is cautious by itself.
    assert verdicts(base, alone) == {"markupsafe": ("forbidden", True)}
    assert not verdicts(base, direct)["jinja2"][1]
    # jinja2 moved too; uv.lock does not say whether it needed another markupsafe, so nothing is raised, and it is said.
    found = envguard.diff(base, both).findings
    (told,) = [each for each in found if each.change.package == "markupsafe"]
    assert UNASKED not in told.reason
    assert any("whether it needed another version is not known" in line for line in told.change.evidence)


def poetry(path: Path, requests: str, idna: str, urllib3: str) -> Path:
    def entry(name: str, version: str, more: str = "") -> str:
        files = 'files = []\ngroups = ["main"]\noptional = false\npython-versions = ">=3.8"\n'
        return f'[[package]]\nname = "{name}"\nversion = "{version}"\ndescription = ""\n{files}{more}\n'

    needs = '[package.dependencies]\nidna = ">=2.5,<4"\nurllib3 = ">=2.0,<3"\n' if requests >= "2.32" else ""
    needs = needs or '[package.dependencies]\nidna = ">=2.5,<4"\nurllib3 = ">=1.21.1,<2"\n'
    path.parent.mkdir(exist_ok=True)
    path.write_text(
        entry("requests", requests, needs)
        + entry("idna", idna)
        + entry("urllib3", urllib3)
        + '[metadata]\nlock-version = "2.1"\npython-versions = ">=3.8"\ncontent-hash = "0"\n'
    )
    return path


def test_poetry_has_bounds_that_decide(tmp_path: Path) -> None:
    old = poetry(tmp_path / "a" / "poetry.lock", "2.31.0", "3.7", "1.26.20")
    new = poetry(tmp_path / "b" / "poetry.lock", "2.32.5", "3.10", "2.2.0")
    # Without a pyproject.toml nobody knows what the project asks for itself.
    report = envguard.diff(old, new)
    assert not any(UNASKED in each.reason for each in report.findings)
    assert any("what the project itself requires" in line for line in report.blind)
    (new.parent / "pyproject.toml").write_text('[tool.poetry.dependencies]\npython = "^3.8"\nrequests = "^2.31"\n')
    found = verdicts(old, new)
    assert {name: raised for name, (_verdict, raised) in found.items()} == {
        "requests": False,  # asked for by the project
        "urllib3": False,  # requests 2.32 needs another one
        "idna": True,  # requests took the old one as well
    }


def test_annotations_of_a_compiled_requirements_file(tmp_path: Path) -> None:
    text = "jinja2==3.1.4\n    # via -r requirements.in\nmarkupsafe=={}\n    # via\n    #   jinja2\n    #   other-one\n"
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text(text.format("2.1.4"))
    new.write_text(text.format("2.1.5"))
    assert verdicts(old, new) == {"markupsafe": ("forbidden", True)}
    new.write_text(text.format("2.1.5").replace("jinja2==3.1.4", "jinja2==3.1.5"))
    assert not any(raised for _verdict, raised in verdicts(old, new).values())
    # A line without such a comment may be anybody's wish.
    for path, version in ((old, "1.16.0"), (new, "1.17.0")):
        path.write_text(text.format("2.1.4") + f"six=={version}\n")
    assert verdicts(old, new) == {"six": ("forbidden", False)}
    assert any("whether all that moved was asked for" in line for line in envguard.diff(old, new).blind)


def test_a_plain_file_says_nothing_and_that_is_said(tmp_path: Path) -> None:
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text("six==1.16.0\nidna==3.7\n")
    new.write_text("six==1.17.0\nidna==3.7\n")
    report = envguard.diff(old, new)
    assert not any(UNASKED in each.reason for each in report.findings)
    assert report.blind[-1] == "who asked for what moved: requirements.txt does not say who requires whom"
    assert envguard.diff(old, old).blind == ()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "pdm.lock",
            (
                '[metadata]\nlock_version = "4.5.0"\n[[package]]\nname = "a"\nversion = "1"\nsummary = ""\n'
                "dependencies = [\"b>=2; python_version > '3'\"]\n"
                '[[package]]\nname = "b"\nversion = "2"\nsummary = ""\n'
            ),
            {("b", "a", True)},
        ),
        (
            "pylock.toml",
            (
                'lock-version = "1.0"\ncreated-by = "t"\n[[packages]]\nname = "a"\nversion = "1"\n'
                'dependencies = [{ name = "b" }]\ndirectory = { path = "a" }\n'
                '[[packages]]\nname = "b"\nversion = "2"\ndirectory = { path = "b" }\n'
            ),
            {("b", "a", False)},
        ),
    ],
)
def test_other_locks_with_edges(tmp_path: Path, name: str, text: str, expected: set[tuple[str, str, bool]]) -> None:
    path = tmp_path / name
    path.write_text(text)
    found = edges.known(sides.read_side(sides.Place(told=name, path=str(path)), Selection()))
    assert found is not None
    assert {(edge.package, edge.by, edge.bounded) for each in found.of.values() for edge in each} == expected
    assert found.direct is None


def test_what_a_pyproject_asks_for(tmp_path: Path) -> None:
    side = sides.Side(told="", snapshot=Snapshot(path="", format="", sha256=""))
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[project]\nname = "x"\nversion = "1"\ndependencies = ["A_b>=1", "c[d]; python_version > \'3\'"]\n'
        '[project.optional-dependencies]\ngpu = ["onnxruntime-gpu"]\n'
        '[dependency-groups]\ndev = ["pytest", {include-group = "x"}]\nx = []\n'
        '[tool.poetry.group.docs.dependencies]\nsphinx = "*"\n'
    )
    assert (edges.declared(str(path), side) or set()) == {"a-b", "c", "onnxruntime-gpu", "pytest", "sphinx"}
    path.write_text('[project]\nname = "x"\ndynamic = ["dependencies"]\n')
    assert edges.declared(str(path), side) is None
    path.write_text("[tool.ruff]\nline-length = 1\n")
    assert edges.declared(str(path), side) is None
    assert edges.declared(str(tmp_path / "nowhere.toml"), side) is None
