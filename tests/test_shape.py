"""The shape of the package: what a start loads, which names are public, and what may not be written anywhere."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import envguard

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "envguard"

BANNED = (
    "argparse",
    "dataclasses",
    "enum",
    "hashlib",
    "importlib.metadata",
    "inspect",
    "json",
    "logging",
    "packaging",
    "pathlib",
    "re",
    "threading",
    "tomllib",
    "typing",
)
"""What the path on which everything is pinned may not load, as DESIGN says."""


def grown(code: str, cwd: Path) -> list[str]:
    """Names of the modules that ``code`` loads on top of a bare start of this interpreter, without its .pth files."""
    script = f"import sys\nbefore = set(sys.modules)\n{code}\nprint('\\n'.join(sorted(set(sys.modules) - before)))"
    # sys.path is given by PYTHONPATH: an editable install's .pth would load what no user's start loads.
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(SOURCE.parent), "PATH": "/usr/bin:/bin"},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_importing_envguard_loads_one_module(tmp_path: Path) -> None:
    assert grown("import envguard", tmp_path) == ["envguard"]


@pytest.mark.parametrize("depth", ["versions", "records"])
def test_pinned_path_loads_own_modules_only(pinned_site: Path, depth: str) -> None:
    """The frozen environment is proven by two modules of ours, one more at depth records, and nothing else."""
    loaded = grown(f"import envguard; envguard.assert_pinned('envguard.lock', depth={depth!r})", pinned_site)
    more = {"envguard.quick_records"} if depth == "records" else set()
    assert set(loaded) == {"envguard", "envguard.quick", *more}


def test_public_names_are_what_type_checkers_see() -> None:
    tree = ast.parse((SOURCE / "__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {
        alias.asname: statement.module
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }
    assert seen == {name: f"envguard.{home}" for name, home in envguard._HOME.items()}


def test_every_public_name_can_be_loaded() -> None:
    for name in envguard.__all__:
        assert getattr(envguard, name) is not None
    assert set(envguard.__all__) <= set(dir(envguard))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = envguard.nothing


def test_no_public_name_is_a_module() -> None:
    """Importing a submodule would put the module in the place of the function (PEP 562)."""
    modules = {path.stem for path in SOURCE.iterdir()}
    assert not modules & set(envguard._HOME)


def test_nothing_says_pip_install_envguard() -> None:
    """On the index that name belongs to an unrelated project that installs a package and a command of this name."""
    wrong = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in ("mutants", "build", "dist")]
        for name in files:
            path = Path(folder, name)
            if path.suffix in {".py", ".md", ".toml", ".json", ".svg", ".yml"} and "tests" not in path.parts:
                text = path.read_text(encoding="utf-8", errors="replace").replace("envguard-lock", "")
                wrong += [str(path)] if "install envguard" in text else []
    assert wrong == []


def test_no_file_is_two_rooms() -> None:
    # The quick path stays one room: a second module would cost every start a quarter of a millisecond.
    limits = {SOURCE / "quick.py": 460}
    long = {
        str(path): lines
        for path in SOURCE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > limits.get(path, 400)
    }
    assert long == {}
