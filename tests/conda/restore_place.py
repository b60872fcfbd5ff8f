"""A conda environment with a pip layer and its golden file, which tests damage and restore, always in one place."""

import contextlib
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conda_place import Conda, Place, run

from envguard import making
from envguard.change.mending import restoring
from envguard.change.mending.restoring import Options, Outcome
from no_caches import no_conda_caches

PACKAGES = ("python", "pip", "six=1.16.0", "pytorch=2.5.0=*cu121*", "graphviz", "tool")
"""markupsafe is in the channel, and not in here."""
_OF_THE_INSTALLER = ("indexed_timestamp", "extracted_package_dir", "link", "requested_specs")
"""What a record says that no archive knows: of the channel's index, and of the folder that files were linked from."""
State = dict[str, tuple[str, str, str]]


class Yard(Place):
    """An environment in the place that its files name, as py-rattler and pip made it from a channel of its own."""

    def __init__(self, folder: Path, conda: Conda) -> None:
        super().__init__(folder / "env", Conda(folder, conda.tools))
        self.folder = folder
        self.lock = folder / "project" / "envguard.lock"
        self.wheels = folder / "wheels"
        self.golden: State = {}

    @property
    def channel(self) -> Path:
        return self.folder / "channel"

    def archive(self, name: str) -> Path:
        """The one archive of a package whose file name begins so."""
        (found,) = self.channel.glob(f"*/{name}-*[2a]")
        return found

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
        """Every file and link but byte code: content, permission bits, what a link says."""
        found: State = {}
        for parent, folders, files in os.walk(self.prefix):
            for name in [*files, *(each for each in folders if os.path.islink(os.path.join(parent, each)))]:
                path = Path(parent, name)
                if "__pycache__" not in path.parts:
                    found[str(path.relative_to(self.prefix))] = _entry(path)
        return found

    @contextlib.contextmanager
    def alone(self, patch: pytest.MonkeyPatch, folder: Path) -> Iterator["Yard"]:
        """Nothing but the channel has archives, and afterwards it has what it had."""
        no_conda_caches(patch, folder / "home")
        shutil.copytree(self.channel, folder / "channel")
        yield self
        shutil.rmtree(self.channel, ignore_errors=True)
        shutil.copytree(folder / "channel", self.channel)

    def put_back(self) -> None:
        """The environment as it was built."""
        shutil.rmtree(self.prefix)
        shutil.copytree(self.folder / "backup", self.prefix, symlinks=True)


def _entry(path: Path) -> tuple[str, str, str]:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return "link", "", os.readlink(path)
    if path.parent.name == "conda-meta" and path.suffix == ".json":
        said = {key: value for key, value in json.loads(path.read_bytes()).items() if key not in _OF_THE_INSTALLER}
        return "record", "", json.dumps(said, sort_keys=True)
    return "file", f"{status.st_mode & 0o777:o}", hashlib.sha256(path.read_bytes()).hexdigest()


def build(folder: Path, conda: Conda) -> Yard:
    """Install conda's packages and a pip layer, and freeze them."""
    yard = Yard(folder, conda)
    shutil.copytree(conda.folder / "channel", yard.channel)
    yard.conda.install(yard.prefix, *PACKAGES)
    run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", yard.wheels, "toolz==1.0.0")
    run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder / "other", "six==1.17.0")
    yard.pip("install", "--no-index", "--no-deps", "-f", str(yard.wheels), "toolz==1.0.0")
    yard.lock.parent.mkdir()
    making.freeze(yard.lock, depth="files", python=yard.python)
    shutil.copytree(yard.prefix, folder / "backup", symlinks=True)
    yard.golden = yard.state()
    return yard
