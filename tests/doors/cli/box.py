"""A scratch environment and the real command line in it."""

import shutil
import subprocess
import zipfile
from pathlib import Path

from support import SOURCE, run, site_packages

Done = subprocess.CompletedProcess[str]


class Box:
    """One copy of the scratch environment, and a working folder with its golden file."""

    def __init__(self, folder: Path, wheels: Path) -> None:
        self.wheels = wheels
        self.folder = folder / "work"
        self.venv = folder / "venv"
        self.python = self.venv / "bin" / "python"
        self.site = site_packages(self.venv)

    def __call__(self, *argv: str | Path, **environ: str) -> Done:
        """Run ``python -m envguard`` in the working folder."""
        return run(self.python, "-m", "envguard", *argv, cwd=self.folder, PYTHONPATH=str(SOURCE), **environ)

    def shell(self, line: str, **environ: str) -> Done:
        """Run a bash line in which ``eg`` is the command line."""
        script = f'eg() {{ "{self.python}" -m envguard "$@"; }}; {line}'
        return run("/bin/bash", "-c", script, cwd=self.folder, PYTHONPATH=str(SOURCE), **environ)

    def drift(self) -> None:
        """Another six than the locked one, unpacked from its real wheel, and no idna."""
        for path in (*self.site.glob("six*"), *self.site.glob("idna*")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        (wheel,) = self.wheels.glob("six-1.17.0-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.site)
