"""What becomes of a trial: the new golden file, and with it, where that is wanted, the live environment; or nothing."""

import hashlib
import os
from collections.abc import Callable, Sequence

from envguard import comparing, freezing, guard
from envguard.change.mending import golden as placing, history
from envguard.change.trial import findings, place
from envguard.change.trial.place import Trial
from envguard.change.trial.sealing import depth_of
from envguard.errors import ChangeError, LockError, UnverifiableError
from envguard.formats import envguard_lock
from envguard.locate import locate
from envguard.model import Snapshot
from envguard.reporters.safe import safe

Tell = Callable[[str, str], None]


def accept(lock: "str | None", name: "str | None", *, why: str, tell: Tell, again: bool = False) -> Trial:
    """Make a passed trial the new golden file; the old one is kept in the history.

    Run again after an interruption, it finishes what was begun.

    Args:
        lock: The golden file, as for ``envguard.check``.
        name: The trial's; None is the only one that passed.
        why: The reason for the change, for the history.
        tell: Told what will be done, before it is done.
        again: One that is golden already is meant, too: there is more to do with it.

    Raises:
        ChangeError: It did not pass, the golden file is another one by now, or its environment has changed since.
        LockError, UsageError: There is no such trial, or something cannot be read or written.
    """
    path = os.path.abspath(locate(lock))
    placing.settle(path)
    trial = place.find(path, name, states=("passed", "accepting", *(("accepted",) if again else ())))
    with trial.held():
        if again and trial.state == "accepted" and _is_golden(trial, path):
            return trial
        _require(trial, path)
        data, manifest = _candidate(trial)
        tell("golden", f"{path} becomes what trial {trial.id} made: {_what(trial)}")
        tell("keep", f"the golden file of now, in {history.folder_of(path)}")
        trial.evidence |= {"state": "accepting", "why": why}
        trial.save()
        if not _is_golden(trial, path):
            _keep_first(path)
        placing.become(path, data, manifest)
        if _last_seal(path) != history.seal_of(path):
            history.append(path, _entry(trial, why))
        trial.evidence["state"] = "accepted"
        trial.save()
    return trial


def _require(trial: Trial, path: str) -> None:
    said = trial.evidence
    if trial.state not in ("passed", "accepting"):
        reasons = said.get("reasons") or [""]
        why = f"trial {trial.id} is {safe(trial.state)}: {safe(str(reasons[0]))}".rstrip(": ")
        raise ChangeError(why, remedy="only a passed trial can become golden")
    now = comparing.load(path).sha256
    if now not in (said["golden"]["sha256"], said["candidate"]["sha256"] if trial.state == "accepting" else ""):
        raise ChangeError(
            f"{path} is not the golden file that trial {trial.id} began with",
            remedy="try the change again, against the golden file of now",
        )
    report = guard.check(said["candidate"]["path"], python=trial.environment, depth="files")
    changed = findings.unequal(report)
    if changed or report.lock_sha256 != said["candidate"]["sha256"]:
        what = f": {changed[0].change.code} {changed[0].change.package}" if changed else ""
        raise ChangeError(
            f"the environment of trial {trial.id} has changed since its test passed{what}", remedy="try again"
        )


def _is_golden(trial: Trial, path: str) -> bool:
    return comparing.load(path).sha256 == str(trial.evidence["candidate"]["sha256"])


def _candidate(trial: Trial) -> tuple[bytes, bytes]:
    path = trial.evidence["candidate"]["path"]
    data = _read(path)
    if hashlib.sha256(data).hexdigest() != trial.evidence["candidate"]["sha256"]:
        raise LockError("changed since the trial made it", path=path, remedy="try again")
    sealed = envguard_lock.parse(data, path=path).manifest
    return data, _read(os.path.join(os.path.dirname(path), sealed.path)) if sealed is not None else b""


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise LockError(f"cannot be read: {(error.strerror or '').lower()}", path=path) from error


def _keep_first(path: str) -> None:
    """Keep the golden file of now, unless the history has it already: the first change finds an empty history."""
    if _last_seal(path) != history.seal_of(path):
        history.append(path, history.Entry(what="golden before the first change that the history knows of"))


def _last_seal(path: str) -> str:
    kept = history.entries(path)
    return kept[-1].seal if kept else ""


def _entry(trial: Trial, why: str) -> history.Entry:
    return history.Entry(
        what=_what(trial), why=why, evidence=tuple(proof(trial)), verdict=str(trial.evidence["plan"]["verdict"])
    )


def _what(trial: Trial) -> str:
    """The change in words: ``requests 2.31.0 -> 2.32.5, -six``."""
    return ", ".join(movement(move) for move in trial.evidence["plan"]["moves"])


def movement(move: "dict[str, str]") -> str:
    """One move in words."""
    if not move["after"]:
        return f"-{move['name']}"
    if not move["before"]:
        return f"+{move['name']} {move['after']}"
    if move["before"] == move["after"] and move.get("build_after"):
        return f"{move['name']} {move['before']} {move.get('build_before', '')} -> {move['build_after']}"
    return f"{move['name']} {move['before']} -> {move['after']}"


def proof(trial: Trial) -> list[str]:
    """By what a trial was found good, a sentence each."""
    said = trial.evidence
    before, after = said["before"], said["after"]
    told = [
        f"trial {trial.id}, built anew and equal to golden at depth files before the change",
        f"test {said['test']}: passed before in {before['seconds']} s and after in {after['seconds']} s",
    ]
    if before.get("peak_kib") and after.get("peak_kib"):
        told.append(f"peak memory {before['peak_kib']} KiB before, {after['peak_kib']} KiB after")
    if "compare" in said:
        compared = said["compare"]
        told.append(f"{compared['file']}: {compared['values']} numbers the same within the tolerance")
    told.append(f"newly broken at depth native: {len(said.get('broken', ()))}")
    return told


def seal_in_place(lock: str, python: "str | None") -> bool:
    """Seal the manifest anew where the environment lies, now that it equals the golden file.

    A trial's manifest cannot speak of what depends on the place: console scripts, pyvenv.cfg, installers' notes.

    Returns:
        False where the golden file has no manifest, so that there is nothing to do.

    Raises:
        UnverifiableError: The environment is not what the golden file pins.
    """
    snapshot = comparing.load(lock)
    if snapshot.manifest is None:
        return False
    frozen = freezing.freeze(lock, depth=depth_of(snapshot), python=python, write=False, kept=snapshot)
    if _pinned(frozen.snapshot) != _pinned(snapshot):
        raise UnverifiableError(f"the environment is not what {lock} pins", remedy="run `envguard restore`")
    placing.become(lock, frozen.data, frozen.manifest_data)
    history.append(lock, history.Entry(what="the same packages, sealed in the environment that they were applied to"))
    return True


def _pinned(snapshot: Snapshot) -> "Sequence[tuple[object, ...]]":
    return sorted((pin.manager, pin.name, pin.version, pin.record, pin.build) for pin in snapshot.pins)


def reject(lock: "str | None", name: "str | None", *, tell: Tell) -> str:
    """Remove a trial with all that is in it; the golden file and the original were never touched.

    Returns:
        The trial's name.

    Raises:
        UsageError: There is no such trial, more than one is meant, or it is going on.
        LockError: Something in it cannot be removed.
    """
    path = os.path.abspath(locate(lock))
    trial = place.find(path, name)
    with trial.held():
        tell("remove", trial.path)
        trial.remove()
    return trial.id
