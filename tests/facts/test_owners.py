"""A stranger of the same name: what pip and uv overwrite without a word is seen."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from envguard.facts import owners, records
from envguard.facts.records import Row
from envguard.model import Distribution, Source
from envguard.versions import normalise

ROOT = Path(__file__).parents[2]
STRANGER = {
    "envguard/__init__.py": "# not the guard\n",
    "envguard/cli.py": "def main() -> None: ...\n",
}
COMMAND = "[console_scripts]\nenvguard = envguard.cli:main\n"

Tool = Callable[..., None]
Build = Callable[..., Path]


@pytest.fixture(scope="session")
def own_wheel(tmp_path_factory: pytest.TempPathFactory, run_tool: Tool) -> Path:
    """A real wheel of this project."""
    folder = tmp_path_factory.mktemp("wheel")
    run_tool(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT)
    (wheel,) = folder.glob("envguard_lock-*.whl")
    return wheel


def installed(folder: Path) -> tuple[list[Distribution], dict[str, tuple[Row, ...]]]:
    distributions, rows = [], {}
    for info in sorted(folder.glob("*.dist-info")):
        name, _dash, version = info.name.removesuffix(".dist-info").partition("-")
        item = Distribution(name=normalise(name), version=version, path=str(info), location=str(folder))
        distributions.append(item)
        rows[item.path] = records.parse((info / "RECORD").read_bytes())
    return distributions, rows


def by_hand(folder: Path, *paths: str, name: str = "envguard-lock", **more: object) -> tuple[Distribution, list[Row]]:
    item = Distribution(
        name=name,
        version="1.0",
        path=str(folder / "x.dist-info"),
        location=str(folder),
        **more,  # type: ignore[arg-type]
    )
    return item, [Row(path, "", None) for path in paths]


@pytest.mark.slow
@pytest.mark.parametrize("how", ["pip", "uv"])
def test_a_stranger_over_the_real_guard(
    tmp_path: Path, how: str, own_wheel: Path, run_tool: Tool, build_wheel: Build
) -> None:
    def install(wheel: Path) -> None:
        if how == "pip":
            run_tool(sys.executable, "-m", "pip", "--python", venv, "install", "-q", "--no-index", "--no-deps", wheel)
        else:
            python = venv / "bin" / "python"
            run_tool("uv", "pip", "install", "-q", "--offline", "--no-deps", "--python", python, wheel)

    venv = tmp_path / "venv"
    run_tool(sys.executable, "-m", "venv", "--without-pip", venv)
    install(own_wheel)
    (site,) = venv.glob("lib/python*/site-packages")
    distributions, rows = installed(site)
    assert owners.second_owner(distributions, rows, running=str(site / "envguard")) == ((), ())

    install(build_wheel(tmp_path, "EnvGuard", STRANGER, version="0.1", entry_points=COMMAND))
    changes, blind = owners.second_owner(*installed(site), running=str(site / "envguard"))
    assert blind == ()
    assert {change.code for change in changes} == {"EG904"}
    assert {change.kind for change in changes} == {"second-owner"}
    (claim,) = [change for change in changes if change.package == "envguard"]
    assert [text.rpartition("claims ")[2] for text in claim.evidence] == [
        "../../../bin/envguard",
        "envguard/__init__.py",
        "envguard/cli.py",
    ]
    assert [change.path for change in changes if change.package == "envguard-lock"] == [
        str(site / "envguard" / "__init__.py"),
        str(site / "envguard" / "cli.py"),
    ]


def test_a_wheel_that_was_installed_by_hand(tmp_path: Path, build_wheel: Build, run_tool: Tool) -> None:
    own = build_wheel(tmp_path, "envguard_lock", {"envguard/__init__.py": "x = 1\n", "envguard/guard.py": ""})
    site = tmp_path / "site"
    run_tool("uv", "pip", "install", "-q", "--offline", "--no-deps", "--target", site, "--link-mode", "copy", own)
    assert owners.second_owner(*installed(site)) == ((), ())

    (site / "envguard" / "__init__.py").write_text("x = 2\n")
    (site / "envguard" / "guard.py").unlink()
    (site / "envguard" / "guard.so").write_bytes(b"")
    (site / "envguard" / "__pycache__").mkdir()
    (site / "envguard" / "__pycache__" / "guard.cpython-311.pyc").write_bytes(b"")
    changes, _blind = owners.second_owner(*installed(site))
    assert [change.evidence[0] for change in changes] == [
        "envguard/__init__.py is not the file that the RECORD of envguard-lock names",
        "envguard/guard.py is in the RECORD of envguard-lock, and is missing",
        "envguard/guard.so is not in the RECORD of envguard-lock",
    ]


def test_our_metadata_is_held_against_its_record_and_the_installers_notes_are_not(
    tmp_path: Path, build_wheel: Build, run_tool: Tool
) -> None:
    own = build_wheel(tmp_path, "envguard_lock", {"envguard/__init__.py": ""}, entry_points=COMMAND)
    site = tmp_path / "site"
    run_tool("uv", "pip", "install", "-q", "--offline", "--no-deps", "--target", site, "--link-mode", "copy", own)
    (info,) = site.glob("*.dist-info")
    (info / "INSTALLER").write_text("somebody else")
    assert owners.second_owner(*installed(site)) == ((), ())
    (info / "entry_points.txt").write_text(COMMAND.replace("main", "other"))
    changes, _blind = owners.second_owner(*installed(site))
    assert [change.path for change in changes] == [str(info / "entry_points.txt")]


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("envguard/cli.py", True),
        ("../../../bin/envguard", True),
        ("bin/envguard", True),
        ("../../Scripts/envguard.exe", True),
        ("envguard_tools/__init__.py", False),
        ("../../../bin/envguard-other", False),
        ("../../../share/envguard", False),
        ("other/envguard/__init__.py", False),
        ("envguard/__pycache__/cli.cpython-311.pyc", False),
        ("envguard.py", True),
        ("envguard.abi3.so", True),
    ],
)
def test_what_another_distribution_may_not_claim(tmp_path: Path, path: str, claims: bool) -> None:
    item, rows = by_hand(tmp_path, path, "harmless.py", name="stranger")
    changes, blind = owners.second_owner([item], {item.path: rows})
    assert [change.package for change in changes] == (["stranger"] if claims else [])
    assert blind == ()


def test_what_cannot_be_verified_is_said(tmp_path: Path) -> None:
    editable = Source(kind="directory", url="file:///x", editable=True)
    working_copy, rows = by_hand(tmp_path, "_envguard_lock.pth", source=editable)
    changes, blind = owners.second_owner([working_copy], {working_copy.path: rows}, running="/src/envguard")
    assert changes == ()
    assert len(blind) == 1
    assert "editable mode" in blind[0]

    no_record, _rows = by_hand(tmp_path)
    assert "no usable RECORD" in owners.second_owner([no_record], {})[1][0]
    assert "runs from /elsewhere/envguard" in owners.second_owner([], {}, running="/elsewhere/envguard")[1][0]
    assert owners.second_owner([], {}) == ((), ())


def test_a_row_without_hash_verifies_nothing(tmp_path: Path) -> None:
    (tmp_path / "envguard").mkdir()
    (tmp_path / "envguard" / "__init__.py").write_text("")
    item, rows = by_hand(tmp_path, "envguard/__init__.py")
    (change,) = owners.second_owner([item], {item.path: rows})[0]
    assert "has no hash" in change.evidence[0]
