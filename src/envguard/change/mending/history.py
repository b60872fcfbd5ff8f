"""The past of a golden file: every one that was golden, whole, with what is known of why it became so.

    .envguard/history/log.jsonl                              one line for each golden file, oldest first
    .envguard/history/0002-2026-11-28-4e1f09aa31c2/          the lock under its own name, and its manifest

It lies beside the lock, so that it travels with the repository. Each line holds the digest of the line before it and
those of its files: what was altered afterwards is seen and said.
"""

import hashlib
import json
import os
import re
import time
from typing import cast

from envguard._value import Value
from envguard.errors import LockError
from envguard.formats import envguard_lock
from envguard.writing import write_atomically

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FOLDER = os.path.join(".envguard", "history")
LOG = "log.jsonl"
LIMIT = 512 << 20
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_REMEDY = "restore the history from version control, or move the folder away"


class Entry(Value):
    """One golden file of the past, or the present one."""

    what: str
    """What changed, such as ``requests 2.31.0 -> 2.32.3``."""
    why: str = ""
    """The reason that a person gave."""
    evidence: tuple[str, ...] = ()
    """By what it was found good: tests, checks, comparisons; one sentence each."""
    verdict: str = ""
    """Of the judgement of the change: safe, cautious ..."""
    who: str = ""
    number: int = 0
    """Set by ``append``."""
    date: str = ""
    """ISO 8601, UTC; set by ``append``."""
    seal: str = ""
    """What identifies the lock: its own seal, else the digest of its bytes; set by ``append``."""
    lock: str = ""
    """Path of the kept lock, relative to the folder of the history; set by ``append``."""
    files: tuple[tuple[str, str], ...] = ()
    """Kept file, relative to the folder of the history, and its SHA-256; set by ``append``."""
    altered: str = ""
    """What was found wrong with what is kept; empty where all is as it was."""


def folder_of(lock_path: str) -> str:
    """The folder of a golden file's history."""
    return os.path.join(os.path.dirname(os.path.abspath(lock_path)), FOLDER)


def append(lock_path: str, entry: Entry) -> Entry:
    """Keeps the golden file that ``lock_path`` is now, and its manifest, with a line in the log.

    Raises:
        LockError: Something cannot be read or written, or the log was altered.
    """
    folder = folder_of(lock_path)
    lines = _lines(folder)
    data = _read(lock_path)
    seal = _seal(lock_path, data)
    number = len(lines) + 1
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    name = f"{number:04d}-{date[:10]}-{seal[:12]}"
    kept = [(os.path.basename(lock_path), data)]
    manifest = _manifest(lock_path, data)
    if manifest:
        kept.insert(0, (manifest, _read(os.path.join(os.path.dirname(os.path.abspath(lock_path)), manifest))))
    _make(os.path.join(folder, name))
    files = []
    for file, content in kept:
        write_atomically(os.path.join(folder, name, file), content)
        files.append((f"{name}/{file}", hashlib.sha256(content).hexdigest()))
    made = entry.replace(
        number=number,
        date=date,
        seal=seal,
        who=entry.who or _who(),
        lock=files[-1][0],
        files=tuple(files),
        altered="",
    )
    said = {field: getattr(made, field) for field in made._fields if field != "altered"}
    said["before"] = hashlib.sha256(lines[-1].encode()).hexdigest() if lines else ""
    lines.append(json.dumps(said, sort_keys=True))
    write_atomically(os.path.join(folder, LOG), ("\n".join(lines) + "\n").encode())
    return made


def entries(lock_path: str) -> tuple[Entry, ...]:
    """Every golden file that was kept, oldest first; ``altered`` says what is not as it was.

    Raises:
        LockError: The log cannot be read or is no log.
    """
    folder = folder_of(lock_path)
    found: list[Entry] = []
    before = ""
    for line in _lines(folder):
        said = _parsed(line, folder)
        entry = _entry(said, folder)
        if entry.number != len(found) + 1 or said.get("before") != before:
            entry = entry.replace(altered="a line of the log before this one was changed, added or removed")
        else:
            entry = entry.replace(altered=_altered(entry, folder))
        before = hashlib.sha256(line.encode()).hexdigest()
        found.append(entry)
    return tuple(found)


def seal_of(lock_path: str) -> str:
    """What identifies the golden file that is there now: its own seal, verified, else the digest of its bytes.

    Raises:
        LockError: It cannot be read, or its seal is broken.
    """
    return _seal(lock_path, _read(lock_path))


def kept_files(lock_path: str, entry: Entry) -> "tuple[bytes, bytes]":
    """The bytes of the lock that an entry kept, and of its manifest, empty where it has none.

    Raises:
        LockError: They are not what was kept.
    """
    folder = folder_of(lock_path)
    if entry.altered:
        raise LockError(entry.altered, path=os.path.join(folder, entry.lock), remedy=_REMEDY)
    contents = [_read(os.path.join(folder, path)) for path, _digest in entry.files]
    return contents[-1], contents[0] if len(contents) > 1 else b""


def _altered(entry: Entry, folder: str) -> str:
    for path, digest in entry.files:
        try:
            data = _read(os.path.join(folder, path))
        except LockError as error:
            return f"{os.path.basename(path)} {error.problem}"
        if hashlib.sha256(data).hexdigest() != digest:
            return f"{os.path.basename(path)} was altered since it was kept"
    try:
        if _seal(os.path.join(folder, entry.lock), _read(os.path.join(folder, entry.lock))) != entry.seal:
            return "its seal is not the one in the log"
    except LockError as error:
        return f"its lock is broken: {error.problem}"
    return ""


def _lines(folder: str) -> list[str]:
    path = os.path.join(folder, LOG)
    try:
        with open(path, "rb") as file:
            data = file.read(LIMIT)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LockError(f"cannot be read: {(error.strerror or str(error)).lower()}", path=path) from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LockError("not UTF-8, so no log of a history", path=path, remedy=_REMEDY) from error
    return text.splitlines()


def _parsed(line: str, folder: str) -> "dict[str, Any]":
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise LockError("a line that is none of a history", path=os.path.join(folder, LOG), remedy=_REMEDY)
    return said


def _entry(said: "dict[str, Any]", folder: str) -> Entry:
    texts = {name: said.get(name) for name in ("what", "why", "verdict", "who", "date", "seal", "lock")}
    number, evidence, files = said.get("number"), said.get("evidence"), said.get("files")
    sound = (
        all(isinstance(text, str) for text in texts.values())
        and isinstance(number, int)
        and isinstance(evidence, list)
        and all(isinstance(text, str) for text in evidence)
        and isinstance(files, list)
        and all(isinstance(file, list) and len(file) == 2 and _is_kept(*file) for file in files)
        and bool(files)
        and texts["lock"] == files[-1][0]
    )
    if not sound:
        raise LockError("a line that is none of a history", path=os.path.join(folder, LOG), remedy=_REMEDY)
    kept = tuple((path, digest) for path, digest in cast("list[list[str]]", files))
    told = cast("dict[str, str]", texts)
    return Entry(**told, number=cast("int", number), evidence=tuple(cast("list[str]", evidence)), files=kept)


def _is_kept(path: object, digest: object) -> bool:
    """Two plain names and a digest: nothing in the log leads out of the history."""
    if not isinstance(path, str) or not isinstance(digest, str) or not _HEX.fullmatch(digest):
        return False
    parts = path.split("/")
    return len(parts) == 2 and all(part not in ("", ".", "..") and "\0" not in part for part in parts)


def _seal(path: str, data: bytes) -> str:
    """What a lock states itself, verified; the digest of its bytes for a format without a seal."""
    if not envguard_lock.recognises(os.path.basename(path), data[:4096]):
        return hashlib.sha256(data).hexdigest()
    snapshot = envguard_lock.parse(data, path=path)
    return (snapshot.seal or snapshot.sha256).removeprefix("sha256:")


def _manifest(path: str, data: bytes) -> str:
    """File name of the manifest that a lock seals, or ""."""
    if not envguard_lock.recognises(os.path.basename(path), data[:4096]):
        return ""
    manifest = envguard_lock.parse(data, path=path).manifest
    return manifest.path if manifest is not None else ""


def _who() -> str:
    for name in ("ENVGUARD_WHO", "GIT_AUTHOR_NAME", "SUDO_USER", "LOGNAME", "USER"):
        if os.environ.get(name):
            return os.environ[name]
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        return f"uid {os.getuid()}"


def _make(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise LockError(f"cannot be made: {(error.strerror or str(error)).lower()}", path=folder) from error


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(LIMIT)
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise LockError(f"cannot be read: {why}", path=path) from error
