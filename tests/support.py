"""Running things in scratch environments that see nothing of the one that runs the tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from envguard.model import Interpreter

SOURCE = Path(__file__).parent.parent / "src"

SMALL = ("six==1.16.0", "idna==3.7", "attrs==24.2.0", "packaging==24.2")
"""A few small real distributions, pinned so that tests have something to drift from."""
REQUIRED = ("tomli==2.0.1",) if sys.version_info < (3, 11) else ()
"""What envguard-lock itself requires of an environment that it reads TOML in."""

LINUX = Interpreter(
    implementation="cpython",
    version="3.11.7",
    soabi="cpython-311-x86_64-linux-gnu",
    system="linux",
    machine="x86_64",
    libc="glibc 2.36",
)
"""An interpreter to speak of, whatever runs the tests."""


def scrubbed(**extra: str) -> dict[str, str]:
    """Environment variables for a process that must not touch this interpreter or read its settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("PIP_CERT", "PIP_FIND", "PIP_INDEX", "PIP_EXTRA", "UV_INDEX", "SSL_", "REQUESTS_CA"))
        or name in {"HOME", "TMPDIR", "http_proxy", "https_proxy", "no_proxy", "LANG"}
    }
    return {
        **kept,
        "PATH": "/usr/bin:/bin",
        "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "ENVGUARD_LANG": "en",  # whatever the locale
        "ENVGUARD_CACHE": "off",  # tests leave nothing in the user's cache
        **extra,
    }


def run(*command: object, cwd: Path | None = None, **extra: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a scrubbed environment; never raises for its exit status."""
    return subprocess.run(
        [str(word) for word in command], cwd=cwd, env=scrubbed(**extra), capture_output=True, text=True, check=False
    )


def site_packages(venv: Path) -> Path:
    """The one site-packages folder of a venv."""
    return next((venv / "lib").glob("python3.*")) / "site-packages"


def copy_venv(source: Path, target: Path) -> None:
    """A copy in which pip and setuptools, most of its files, are those of the original; no test may edit these."""
    shutil.copytree(source, target, symlinks=True, copy_function=_link_installers)


def _link_installers(source: str, target: str) -> None:
    if {"pip", "setuptools", "pkg_resources"}.isdisjoint(Path(source).parts):
        shutil.copy2(source, target)
    else:
        os.link(source, target)


def state_of_installers(venv: Path) -> "list[tuple[str, int, int]]":
    """Path, size and time of modification of the files that copies share."""
    folders = [site_packages(venv) / name for name in ("pip", "setuptools", "pkg_resources")]
    files = [path for folder in folders for path in folder.rglob("*") if path.suffix != ".pyc" and path.is_file()]
    return sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
