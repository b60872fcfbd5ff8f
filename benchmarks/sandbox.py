"""Small real environments to break: a virtual environment without pip, and distributions written file by file."""

import base64
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.10", "3.11", "3.12", "3.13")


class Sandbox:
    """A virtual environment with the one dependency of the guard, and a golden file beside it."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        subprocess.run([python, "-m", "venv", "--without-pip", str(folder / "env")], check=True)
        self.folder = folder
        self.python = str(folder / "env" / "bin" / "python")
        self.site = next((folder / "env" / "lib").glob("python3*")) / "site-packages"
        self.lock = folder / "envguard.lock"
        copy_distribution("packaging", self.site)
        if sys.version_info < (3, 11):
            copy_distribution("tomli", self.site)

    def freeze(self) -> None:
        """Make the golden file of what is installed now."""
        made = self.run("import envguard; envguard.freeze(LOCK)")
        if made.returncode:
            raise RuntimeError(made.stderr)

    def run(self, code: str, *options: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run code in the environment; LOCK and SITE are defined for it."""
        return subprocess.run(
            self.command(code, *options),
            env=self.environ(**environ),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def command(self, code: str, *options: str) -> list[str]:
        """The command line that runs code."""
        known = f"LOCK = {str(self.lock)!r}\nSITE = {str(self.site)!r}\n"
        return [self.python, *options, "-c", known + code]

    def environ(self, **more: str) -> dict[str, str]:
        """A small environment with the project on the module path."""
        return {"PATH": os.defpath, "PYTHONPATH": str(ROOT / "src"), "PIP_REQUIRE_VIRTUALENV": "1", **more}


def add_distribution(site: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Write a distribution as an installer would. Returns its metadata folder."""
    folder = site / f"{name}-{version}.dist-info"
    metadata = {
        f"{folder.name}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{folder.name}/WHEEL": "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{folder.name}/INSTALLER": "pip\n",
    }
    rows = []
    for path, text in {**files, **metadata}.items():
        data = text.encode()
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).write_bytes(data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}\n")
    (folder / "RECORD").write_text("".join(sorted(rows)) + f"{folder.name}/RECORD,,\n")
    return folder


def change_version(site: Path, name: str, old: str, new: str) -> None:
    """What an upgrade leaves: another version in the metadata."""
    shutil.rmtree(site / f"{name}-{old}.dist-info")
    own = [path.relative_to(site).as_posix() for path in (site / name).rglob("*.py")]
    add_distribution(site, name, new, {path: (site / path).read_text() for path in own})


def copy_distribution(name: str, site: Path) -> None:
    """Install a pure distribution from the environment that runs this."""
    for file in importlib.metadata.files(name) or ():
        if "__pycache__" not in file.parts and ".." not in file.parts:
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(os.fspath(file.locate()), target)


def interpreters() -> dict[str, str]:
    """Version -> executable of every supported interpreter that can be found, one per minor version.

    ``ENVGUARD_PYTHONS`` (executables, separated like PATH) comes before those of pyenv and of PATH.
    """
    candidates = [path for path in os.environ.get("ENVGUARD_PYTHONS", "").split(os.pathsep) if path]
    candidates.append(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates += [str(path) for path in sorted(pyenv.glob("versions/3.*/bin/python"))]
    candidates += [found for version in VERSIONS if (found := shutil.which(f"python{version}"))]
    known: dict[str, str] = {}
    for candidate in candidates:
        version = _version(candidate)
        if version.rpartition(".")[0] in VERSIONS and not any(_same_minor(version, each) for each in known):
            known[version] = candidate
    return dict(sorted(known.items(), key=lambda item: [int(part) for part in item[0].split(".")]))


def _version(python: str) -> str:
    code = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
    try:
        answer = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""


def _same_minor(one: str, other: str) -> bool:
    return one.rpartition(".")[0] == other.rpartition(".")[0]
