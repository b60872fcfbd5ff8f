"""What the tests of planned changes share: a golden file of an environment, and a listing of every file in it."""

from pathlib import Path

import envguard
from envguard.change.planning.plan import Plan


def listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file and folder below ``folder``: mode, size and time of the last change of its content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        found[str(path)] = (status.st_mode, status.st_size if path.is_file() else 0, status.st_mtime_ns)
    return found


def freeze(venv: Path, lock: Path, rules: str = "") -> Path:
    """The golden file of an environment, with the rules of a TOML text compiled in."""
    (lock.parent / "envguard.toml").write_text(rules, encoding="utf-8")
    envguard.freeze(lock, python=venv, rules=lock.parent / "envguard.toml")
    return lock


def verdicts(plan: Plan) -> dict[str, str]:
    """Package and code of each finding, and what was said of it."""
    return {f"{found.change.package} {found.change.code}": found.verdict for found in plan.report.findings}


def moved(plan: Plan) -> dict[str, tuple[str, str, str]]:
    """Name of each move: kind, version before, version after."""
    return {move.name: (move.kind, move.before, move.after) for move in plan.moves}
