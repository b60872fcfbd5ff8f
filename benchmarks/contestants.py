"""What speed.py times: envguard at each depth, and the tools that people use for the same question.

Every contestant is a whole command on the same environment. Locks and requirement files are made beforehand, and each
contestant runs once before the clock, so that caches and bytecode are there for all.
"""

import os
import subprocess
from pathlib import Path

import environments
import judging

OPENSSL = f"`xargs -P{judging.cores()} openssl dgst -sha256`, the files of depth files"


class Contestant:
    """One command.

    Attributes:
        group: ``bare``, ``envguard`` or ``peer``.
        slow: True where it is run once in a round, not several times.
    """

    def __init__(
        self,
        name: str,
        command: "list[object]",
        group: str,
        *,
        slow: bool = False,
        more: "dict[str, str] | None" = None,
    ) -> None:
        self.name = name
        self.command = [str(word) for word in command]
        self.group = group
        self.slow = slow
        self.variables = environments.clean_variables(**(more or {}))
        self.status = 0

    def works(self, folder: Path) -> bool:
        """Runs it once; remembers its exit status. False where it cannot run at all."""
        try:
            done = subprocess.run(self.command, env=self.variables, cwd=folder, capture_output=True, check=False)
        except OSError:
            return False
        self.status = done.returncode
        broken = b"Traceback" in done.stderr or b"unexpected argument" in done.stderr or done.returncode > 2
        return not broken


_IMPORTLIB = """
import sys
from importlib.metadata import distributions
with open(sys.argv[1]) as file:
    pins = dict(line.strip().split("==") for line in file)
found = {d.metadata["Name"].lower().replace("_", "-").replace(".", "-"): d.version for d in distributions()}
sys.exit(any(found.get(name.lower().replace("_", "-").replace(".", "-")) != version for name, version in pins.items()))
"""

_MLFLOW = """
import sys
from mlflow.utils.requirements_utils import warn_dependency_requirement_mismatches
with open(sys.argv[1]) as file:
    warn_dependency_requirement_mismatches(file.read().split())
"""

_FLOOR = """
import os, sys
for entry in sys.path:
    try:
        os.listdir(entry or ".")
    except OSError:
        pass
with open(sys.argv[1], "rb") as file:
    file.read()
"""


class Course:
    """The environment, its locks and requirement files."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.environment = environments.real(work)
        environments.install_envguard(self.environment, work)
        environments.compile_all(self.environment)
        self.sealed = work / "speed-records.lock"
        self.manifest = work / "speed-files.lock"
        judging.freeze(self.environment, self.sealed)
        judging.freeze(self.environment, self.manifest, depth="files")
        self.pins = work / "speed-pins.txt"
        listed = environments.run([environments.uv(), "pip", "freeze", "--python", self.environment.python])
        # torch may come from a file beside the index, and envguard does: the peers are not asked for them.
        pins = [line for line in listed.splitlines() if "==" in line and not line.startswith(("torch==", "envguard"))]
        self.pins.write_text("\n".join(pins) + "\n")
        self.count = len(self.environment.names())
        self.project = self._project(pins)
        self.empty = work / "empty"
        self.empty.mkdir(exist_ok=True)
        self.files = self.bytes = 0

    def _project(self, pins: "list[str]") -> Path:
        folder = self.work / "speed-project"
        folder.mkdir(exist_ok=True)
        version = environments.run([self.environment.python, "-c", "import platform; print(platform.python_version())"])
        listed = "".join(f'    "{pin}",\n' for pin in pins)
        (folder / "pyproject.toml").write_text(
            f'[project]\nname = "bench-project"\nversion = "1"\nrequires-python = "=={version.strip()}"\n'
            f"dependencies = [\n{listed}]\n\n[tool.uv]\npackage = false\n"
            "environments = [\"sys_platform == 'linux' and platform_machine == 'x86_64'\"]\n"
        )
        command = [environments.uv(), "lock", "-q", "--project", folder, "--python", self.environment.python]
        environments.run(command, UV_CACHE_DIR=str(self.work / "uv-cache"))
        return folder

    def _openssl(self) -> "list[object]":
        """The same files as depth files reads, by a program that does nothing but hash."""
        listed = self.work / "speed-files.list"
        manifest = self.manifest.with_name(self.manifest.name + ".files")
        files = manifest_files(manifest, self.environment.site, self.environment.folder)
        listed.write_bytes("\0".join(files).encode())
        self.files, self.bytes = len(files), sum(os.stat(path).st_size for path in files)
        hashing = f"xargs -0 -P{judging.cores()} -n 500 openssl dgst -sha256 < {listed}"
        return ["/bin/sh", "-c", hashing]

    def contestants(self) -> list[Contestant]:
        """All of them; the first two are the bare interpreter and its control."""
        python, uv, pins = self.environment.python, environments.uv(), self.pins
        tools = self.environment.folder / "bin"
        cache = {"UV_CACHE_DIR": str(self.work / "uv-cache")}
        project = {**cache, "UV_PROJECT_ENVIRONMENT": str(self.environment.folder)}
        pip = [python, "-m", "pip", "--disable-pip-version-check"]

        def guard(name: str, lock: Path, depth: str) -> Contestant:
            said = f"import envguard; envguard.assert_pinned({str(lock)!r}, depth={depth!r})"
            return Contestant(name, [python, "-c", said], "envguard", slow=depth == "files")

        return [
            Contestant("`python -c pass`", [python, "-c", "pass"], "bare"),
            Contestant("`python -c pass` again (control)", [python, "-c", "pass"], "bare"),
            Contestant("list sys.path, read the lock (floor)", [python, "-c", _FLOOR, self.sealed], "bare"),
            guard("`assert_pinned`, depth versions", self.sealed, "versions"),
            guard("`assert_pinned`, depth records", self.sealed, "records"),
            guard("`assert_pinned`, depth files, with manifest", self.manifest, "files"),
            guard("`assert_pinned`, depth files, sealed RECORDs", self.sealed, "files"),
            Contestant("`envguard check`", [tools / "envguard", "check", self.sealed], "envguard"),
            Contestant("`uv pip freeze` (lists, compares nothing)", [uv, "pip", "freeze", "--python", python], "peer"),
            Contestant(
                "`uv sync --frozen --check --offline`",
                [uv, "sync", "--frozen", "--check", "--offline", "--inexact", "--project", self.project],
                "peer",
                more=project,
            ),
            Contestant("`uv pip check`", [uv, "pip", "check", "--python", python], "peer", more=cache),
            Contestant(
                "`uv pip install --dry-run --offline -r`",
                [uv, "pip", "install", "--dry-run", "--offline", "--python", python, "-r", pins],
                "peer",
                more=cache,
            ),
            Contestant(
                "`uv pip sync --check --offline`",
                [uv, "pip", "sync", "--check", "--offline", "--python", python, pins],
                "peer",
                more=cache,
            ),
            Contestant(OPENSSL, self._openssl(), "peer", slow=True),
            Contestant("script on `importlib.metadata`", [python, "-c", _IMPORTLIB, pins], "peer", slow=True),
            Contestant("`pip freeze`", [*pip, "freeze", "--all"], "peer", slow=True),
            Contestant("`pip check`", [*pip, "check"], "peer", slow=True),
            Contestant(
                "`pip_api.installed_distributions()`",
                [python, "-c", "import pip_api; pip_api.installed_distributions()"],
                "peer",
                slow=True,
            ),
            Contestant("`pip-sync --dry-run`", [tools / "pip-sync", "--dry-run", pins], "peer", slow=True),
            Contestant(
                "`pip install --dry-run --no-deps -r`",
                [*pip, "install", "-q", "--dry-run", "--no-deps", "-r", pins],
                "peer",
                slow=True,
            ),
            Contestant("MLflow's requirement check", [python, "-c", _MLFLOW, pins], "peer", slow=True),
        ]


def machine() -> "dict[str, str]":
    """What the figures hold for."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    flags = next((line for line in _lines("/proc/cpuinfo") if line.startswith("flags")), "")
    memory = int(next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0"))
    system = os.uname()
    return {
        "CPU": f"{model or system.machine}, {judging.cores()} cores, SHA instructions: {'sha_ni' in flags}",
        "memory": f"{memory / 2**20:.0f} GiB",
        "kernel": f"{system.sysname} {system.release}",
    }


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def manifest_files(manifest: Path, site: Path, prefix: Path) -> list[str]:
    """The regular files that a manifest lists."""
    files = []
    for line in manifest.read_text().splitlines():
        if not line.startswith("f "):
            continue
        path = line.split(" ", 5)[5]
        for root, folder in (("{site0}", site), ("{prefix}", prefix)):
            if path.startswith(root):
                files.append(str(folder) + path[len(root) :])
    return files
