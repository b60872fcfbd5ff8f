"""A conda environment with a pip layer and its golden file, which tests damage and restore, always in one place."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from conda_place import Conda, Place, run

from envguard import making
from envguard.change import restoring
from envguard.change.restoring import Options, Outcome

PACKAGES = ("python", "pip", "six=1.16.0", "markupsafe", "pytorch=2.5.0=*cu121*", "graphviz", "tool")
State = dict[str, tuple[str, str, str]]


class Yard(Place):
    """An environment in the place that its files name, as py-rattler and pip made it."""

    def __init__(self, folder: Path, conda: Conda) -> None:
        super().__init__(folder / "env", conda)
        self.folder = folder
        self.lock = folder / "project" / "envguard.lock"
        self.wheels = folder / "wheels"

    @property
    def channel(self) -> Path:
        return self.conda.folder / "channel"

    def options(self, **more: object) -> Options:
        given = {"python": self.python, "find_links": (str(self.wheels),), "offline": True, **more}
        return Options(**given)  # type: ignore[arg-type]

    def restore(self, **more: object) -> Outcome:
        return restoring.restore(str(self.lock), self.options(**more))

    def check(self) -> str:
        """What a check at depth files says, in a process of its own."""
        words = ("check", self.lock, "--python", self.python, "--depth", "files", "--output-format", "concise")
        done = subprocess.run(
            [sys.executable, "-m", "envguard", *map(str, words)], capture_output=True, text=True, check=False
        )
        return f"{done.returncode} {done.stdout}{done.stderr}".strip()

    def state(self) -> State:
        """Every file and link but byte code and pip's own: content, permission bits, what a link says."""
        found: State = {}
        for parent, folders, files in os.walk(self.prefix):
            for name in [*files, *(each for each in folders if os.path.islink(os.path.join(parent, each)))]:
                path = Path(parent, name)
                if "__pycache__" in path.parts:
                    continue
                status = path.lstat()
                if stat.S_ISLNK(status.st_mode):
                    found[str(path.relative_to(self.prefix))] = ("link", "", os.readlink(path))
                else:
                    digest = hashlib.sha256(path.read_bytes()).hexdigest()
                    found[str(path.relative_to(self.prefix))] = ("file", f"{status.st_mode & 0o777:o}", digest)
        return found


def build(folder: Path, conda: Conda) -> Yard:
    """Install conda's packages and a pip layer, and freeze them."""
    prefix = folder / "env"
    conda.install(prefix, *PACKAGES)
    yard = Yard(folder, conda)
    run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", yard.wheels, "toolz==1.0.0", "six==1.17.0")
    yard.pip("install", "--no-index", "--no-deps", "-f", str(yard.wheels), "toolz==1.0.0")
    shutil.rmtree(prefix / "share" / "__pycache__", ignore_errors=True)
    yard.lock.parent.mkdir()
    making.freeze(yard.lock, depth="files", python=yard.python)
    shutil.copytree(prefix, folder / "backup", symlinks=True)
    return yard


def put_back(yard: Yard) -> Yard:
    """The environment as it was built."""
    shutil.rmtree(yard.prefix)
    shutil.copytree(yard.folder / "backup", yard.prefix, symlinks=True)
    return yard
