"""A check whose environment is not in memory: names only, as after a container has just started.

The metadata folders, the names of everything in site-packages, and envguard itself are copied to a file system of their
own, which is unmounted and mounted before every sample. The interpreter, its standard library and the lock stay warm.
It needs the right to mount; where that is missing nothing is measured.
"""

import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path

import environments
import judging

MEGABYTES = 512


def measure(environment: environments.Environment, work: Path, rounds: int) -> "tuple[float, float] | None":
    """Median milliseconds of a cold bare interpreter and of a cold check at depth versions; None: not permitted."""
    image, mount = work / "cold.img", work / "cold"
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        return None
    mount.mkdir(exist_ok=True)
    with image.open("wb") as file:
        file.truncate(MEGABYTES << 20)
    try:
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)
        if not _mount(image, mount):
            return None
        try:
            skeleton = _copy_names(environment, mount / "env")
            lock = work / "cold.lock"
            judging.freeze(skeleton, lock)
            judging.judge(skeleton, lock, ("versions",))  # writes envguard's bytecode
        finally:
            _unmount(mount)
        bare = [_sample(image, mount, skeleton, "pass", lock) for _ in range(rounds)]
        said = f"import envguard; envguard.assert_pinned({str(lock)!r}, depth='versions')"
        check = [_sample(image, mount, skeleton, said, lock) for _ in range(rounds)]
    finally:
        image.unlink()
        mount.rmdir()
    return statistics.median(bare), statistics.median(check)


def _copy_names(environment: environments.Environment, folder: Path) -> environments.Environment:
    """The environment with all names of site-packages, the metadata, and envguard; packages are left empty."""
    environments.run([environment.python, "-m", "venv", "--without-pip", folder])
    skeleton = environments.Environment(folder)
    for entry in sorted(environment.site.iterdir()):
        target = skeleton.site / entry.name
        if entry.name.endswith(".dist-info") or entry.name in ("envguard", "packaging", "_distutils_hack"):
            shutil.copytree(entry, target)
        elif entry.is_dir():
            target.mkdir(exist_ok=True)
        elif entry.stat().st_size < 1 << 20:
            shutil.copy2(entry, target)
    version = environment.site / "torch" / "version.py"
    if version.exists():
        shutil.copy2(version, skeleton.site / "torch" / "version.py")
    return skeleton


def _sample(image: Path, mount: Path, environment: environments.Environment, said: str, lock: Path) -> float:
    """Milliseconds of one interpreter on a freshly mounted file system."""
    if not _mount(image, mount):
        raise SystemExit(f"{mount} cannot be mounted again")
    try:
        lock.read_bytes()
        python = os.path.realpath(environment.python)
        environments.run([python, "-I", "-S", "-c", "import site, os, _sha256"])  # the interpreter itself stays warm
        variables = environments.clean_variables()
        before = time.perf_counter()
        subprocess.run([str(environment.python), "-c", said], env=variables, check=True)
        return (time.perf_counter() - before) * 1000
    finally:
        _unmount(mount)


def _mount(image: Path, mount: Path) -> bool:
    command = ["mount", "-o", "loop", str(image), str(mount)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _unmount(mount: Path) -> None:
    subprocess.run(["umount", str(mount)], check=True)
