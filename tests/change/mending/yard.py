"""A small real environment with its golden file, ways to damage it, and ways to say what became of it."""

import hashlib
import os
import shutil
import stat
import sys
from pathlib import Path

from envguard import making
from envguard.change.mending import restoring
from envguard.change.mending.restoring import Options, Outcome
from support import run, site_packages

PINS = ("six==1.16.0", "idna==3.7", "attrs==24.2.0", "packaging==24.2", "tqdm==4.66.1")
"""By pip; tqdm has a console script."""
BY_UV = ("markupsafe==3.0.2", "tabulate==0.9.0")
"""One is compiled, one has a console script."""
OTHERS = ("six==1.17.0", "idna==3.10", "toolz==1.0.0")
"""What the damages need."""
UV = Path(sys.executable).parent / "uv"

State = dict[str, tuple[str, bool, str]]


def build(folder: Path, house: Path) -> None:
    """A venv without pip, filled from outside by pip and by uv."""
    assert run(sys.executable, "-m", "venv", "--without-pip", folder).returncode == 0
    pip_install(folder, house, *PINS)
    uv_install(folder, house, *BY_UV)


def pip_install(venv: Path, house: Path, *requirements: str) -> None:
    command = (sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "install", "-q", "--no-index")
    done = run(*command, "--no-deps", "-f", house, *requirements, PIP_REQUIRE_VIRTUALENV="0", PIP_FIND_LINKS="")
    assert done.returncode == 0, done.stderr


def uv_install(venv: Path, house: Path, *requirements: str) -> None:
    command = (UV, "pip", "install", "-q", "--no-index", "--no-cache", "--link-mode", "copy", "--no-deps")
    done = run(*command, "--python", venv / "bin" / "python", "--find-links", house, *requirements)
    assert done.returncode == 0, done.stderr


def pip_uninstall(venv: Path, *names: str) -> None:
    command = (sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "uninstall", "-q", "-y", *names)
    done = run(*command, PIP_REQUIRE_VIRTUALENV="0")
    assert done.returncode == 0, done.stderr


def state(folder: Path) -> State:
    """Every file and link below a folder but byte code: kind and content, executable bit, what a link says."""
    found: State = {}
    for parent, folders, files in os.walk(folder):
        for name in [*files, *(each for each in folders if os.path.islink(os.path.join(parent, each)))]:
            path = os.path.join(parent, name)
            if "__pycache__" in path:
                continue
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                found[os.path.relpath(path, folder)] = ("link", False, os.readlink(path))
            else:
                digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
                found[os.path.relpath(path, folder)] = ("file", bool(status.st_mode & 0o111), digest)
    return found


def put_back(backup: Path, venv: Path) -> None:
    """An environment as it was built, in the place for which its scripts were made."""
    shutil.rmtree(venv, ignore_errors=True)
    if venv.is_symlink():
        venv.unlink()
    shutil.copytree(backup, venv, symlinks=True)


class Yard:
    """One test's environment, which may be damaged."""

    def __init__(self, venv: Path, folder: Path, house: Path) -> None:
        self.folder = folder
        self.house = house
        self.venv = venv
        self.project = folder / "project"
        self.project.mkdir()
        self.lock = self.project / "envguard.lock"
        self.golden: State = {}

    @property
    def site(self) -> Path:
        return site_packages(self.venv)

    @property
    def python(self) -> str:
        return str(self.venv / "bin" / "python")

    def freeze(self, *, manifest: bool = True) -> State:
        """Makes it golden, and says what it is."""
        making.freeze(self.lock, depth="files" if manifest else "records", python=self.python)
        return state(self.venv)

    def options(self, **more: object) -> Options:
        given: dict[str, object] = {"python": self.python, "find_links": (str(self.house),), "offline": True, **more}
        return Options(**given)  # type: ignore[arg-type]

    def restore(self, lock: "Path | None" = None, **more: object) -> Outcome:
        return restoring.restore(str(lock or self.lock), self.options(**more))

    def checks(self, depth: str = "files") -> str:
        """The verdict of a check in a process of its own."""
        command = (sys.executable, "-m", "envguard", "check", self.lock, "--python", self.python, "--depth", depth)
        done = run(*command, "--output-format", "concise")
        return f"{done.returncode} {done.stdout}{done.stderr}".strip()

    def metadata(self, name: str) -> Path:
        """The metadata folder of a package."""
        found = (each for each in self.site.iterdir() if each.name.endswith(".dist-info"))
        return next(each for each in found if each.name.lower().startswith(f"{name}-"))
