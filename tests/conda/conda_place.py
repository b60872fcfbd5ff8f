"""A conda environment, its copies, and what is done to them."""

import os
import subprocess
from pathlib import Path

from trial_box import Box

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "conda_channel.py"


class Conda:
    """The channel, the untouched environment, and the tools that made it."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder = folder
        self.tools = tools

    @property
    def prefix(self) -> Path:
        return self.folder / "prefix"

    def install(self, prefix: Path, *specs: str) -> None:
        """Let conda's solver change an environment."""
        run(self.tools, SCRIPT, self.folder, prefix, *specs)

    def box(self, folder: Path, wheels: Path) -> Box:
        """``folder / "live"`` to try changes of, judged by an interpreter with py-rattler that is no part of it."""
        cache = str(self.folder / "cache-of-trials")
        return Box(folder, wheels, judge=self.tools, environ={"RATTLER_CACHE_DIR": cache, "HOME": str(folder)})


class Place:
    """A copy of the environment, to do anything with."""

    def __init__(self, prefix: Path, conda: Conda) -> None:
        self.prefix = prefix
        self.conda = conda
        self.python = str(prefix / "bin" / "python")

    @property
    def site(self) -> Path:
        return next((self.prefix / "lib").glob("python3*")) / "site-packages"

    def pip(self, *arguments: str) -> None:
        run(self.python, "-m", "pip", "-q", *arguments)

    def record(self, name: str) -> Path:
        return next((self.prefix / "conda-meta").glob(f"{name}-*.json"))

    def replace(self, relative: str, old: bytes, new: bytes) -> None:
        """Change a file, never through a hard link."""
        file = self.prefix / relative
        data = file.read_bytes()
        assert old in data
        mode = file.stat().st_mode
        file.unlink()
        file.write_bytes(data.replace(old, new))
        file.chmod(mode)


def run(*command: str | Path) -> None:
    kept = {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_INDEX", "PIP_EXTRA", "PIP_CERT"))
    }
    environ = {
        **kept,
        "PATH": "/usr/bin:/bin",
        "HOME": os.environ.get("HOME", "/"),
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    done = subprocess.run([str(word) for word in command], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}\n{done.stdout}\n{done.stderr}")
