r"""The manifest: every file of an environment, in a text file beside the lock, which seals it.

    # envguard: files 1
    # envguard: root prefix /srv/app/.venv
    # envguard: root site0 /srv/app/.venv/lib/python3.11/site-packages
    f -- 1024 9f86d0…0a08 numpy {site0}/numpy/__init__.py
    # envguard: end files=1

A line holds: kind (``f`` file, ``l`` symbolic link, ``o`` other); ``x`` or ``-`` for the executable bit; ``p`` or ``-``
for a file that depends on the place of installation; bytes; SHA-256 or ``-``; owner or ``-``; path, and for a link a
tab and its target. Bytes of a path that are not printable ASCII are written ``\xHH``: the file is the same whatever the
locale. Lines are sorted by path as written.
"""

import contextlib
import gc
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from envguard.errors import LockError, UnverifiableError
from envguard.facts.conda_files import CONDA
from envguard.facts.hashing import Digest, Progress, hash_files
from envguard.facts.ownership import Ownership, conda_folders, nearest_owner, owned_folders, read_ownership
from envguard.facts.reading import ReadFailure, read as read_bytes
from envguard.facts.records import INSTALLER_NOTES
from envguard.facts.tree import Entry, Found, Listing, is_below, list_files, list_folders, note, roots_of, symbolic
from envguard.model import Environment
from envguard.versions import is_name

LIMIT = 512 << 20
"""Bytes of a manifest that are read: about four million files."""
_REMEDY = "restore it, or freeze again with --depth files"
_HEADER = "# envguard: files 1"
_ROOT = re.compile(r"# envguard: root ([a-z]+\d*) (/[\x20-\x7e]*)", re.ASCII)
_END = re.compile(r"# envguard: end files=(\d{1,9})", re.ASCII)
_LINE = re.compile(
    r"^([flo]) ([x-])([p-]) (\d{1,18}) ([0-9a-f]{64}|-) (\S+) (\{[a-z]+\d*\}/[\x20-\x7e]*)(?:\t([\x20-\x7e]*))?$",
    re.ASCII | re.MULTILINE,
)
_CONDA_OWNER = re.compile(CONDA + r"[\w.-]+", re.ASCII)
_ODD_BYTE = re.compile(rb"[^\x20-\x5b\x5d-\x7e]")
_ESCAPE = re.compile(rb"\\x([0-9a-f]{2})")
_PLACED_NAMES = INSTALLER_NOTES | {"pyvenv.cfg", "easy-install.pth"}


def collect(environment: Environment, *, progress: Progress | None = None) -> Listing:
    """Every file of an environment, as it is now.

    That is every file below each folder with installed distributions, owned or not, byte code included; every file
    elsewhere in the environment that a RECORD lists; pyvenv.cfg; and in a conda environment every file in the folders
    elsewhere into which conda installed something.

    Args:
        environment: What ``scan`` found.
        progress: Called now and then with bytes done and bytes in all.

    Raises:
        UnverifiableError: A file or folder cannot be read, so that no seal could speak for it.
    """
    roots = roots_of(environment)
    ownership = read_ownership(environment)
    folders = owned_folders(environment, ownership)
    found = list_files(roots)
    _add_outside(found, ownership, roots, conda=environment.conda is not None)
    for folder, why in found.unlisted.items():
        raise UnverifiableError(f"cannot seal the files of {folder}: {why}", remedy="make it readable and freeze again")
    digests = hash_files([*found.files, *found.links], progress=progress)
    entries = []
    for path, digest in zip(found.files, digests, strict=False):
        if digest.why:
            raise UnverifiableError(
                f"cannot seal {path}: {digest.why}", remedy="make it readable, let nothing else write, and freeze again"
            )
        entry = file_entry(path, digest, symbolic(path, roots), nearest_owner(path, ownership, folders))
        entries.append(entry._replace(placed=True) if _holds_prefix(path, ownership) else entry)
    for path, digest in zip(found.links, digests[len(found.files) :], strict=True):
        entry = link_entry(path, digest, symbolic(path, roots), nearest_owner(path, ownership, folders))
        entries.append(entry._replace(placed=True) if _holds_prefix(os.path.realpath(path), ownership) else entry)
    for path in found.others:
        owner = nearest_owner(path, ownership, folders)
        entries.append(Entry(symbolic(path, roots), "o", False, False, 0, "", owner))
    return Listing(sorted(entries, key=_order), roots.items())


def _add_outside(found: Found, ownership: Ownership, roots: dict[str, str], *, conda: bool) -> None:
    """Adds scripts and data beside site-packages, what conda installed there, and pyvenv.cfg, as far as they exist."""
    sites = [folder for name, folder in roots.items() if name.startswith("site")]
    owned = {*ownership.owners, *ownership.conda}
    elsewhere = {path for path in owned if not any(is_below(path, site) for site in sites)}
    if conda:
        beside = list_folders(conda_folders(elsewhere, roots["prefix"]))
        elsewhere.update(beside.files, beside.links, beside.others)
        found.unlisted.update(beside.unlisted)
    for path in sorted({*elsewhere, roots["prefix"] + "/pyvenv.cfg"}):
        note(path, found)


def _holds_prefix(path: str, ownership: Ownership) -> bool:
    """True for a file into which conda wrote the prefix: it differs in another place."""
    return path in ownership.conda and bool(ownership.conda[path].placeholder)


def file_entry(path: str, digest: Digest, symbol: str, owner: str) -> Entry:
    """The entry of a regular file."""
    return Entry(symbol, "f", digest.executable, _is_placed(path, symbol), digest.size, digest.sha256, owner)


def link_entry(path: str, digest: Digest, symbol: str, owner: str) -> Entry:
    """The entry of a symbolic link: what it says, and what the file behind it holds."""
    try:
        target = os.readlink(path)
    except OSError:
        target = ""
    return Entry(symbol, "l", digest.executable, _is_placed(path, symbol), digest.size, digest.sha256, owner, target)


def _is_placed(path: str, symbol: str) -> bool:
    """True for what installers write themselves, so that it differs between prefixes and between installers."""
    folder, _slash, name = path.rpartition("/")
    if name in _PLACED_NAMES:
        return name in {"pyvenv.cfg", "easy-install.pth"} or folder.endswith(".dist-info")
    if name.startswith("__editable__") or name.endswith(".egg-link"):
        return True
    return folder.endswith("/bin") and _is_script(path) and not _is_inside_package(symbol)


def _is_inside_package(symbol: str) -> bool:
    return symbol.startswith("{site") and symbol.count("/") > 2


def _is_script(path: str) -> bool:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(2) == b"#!"
    except OSError:
        return False


def _order(entry: Entry) -> str:
    return escape(entry.path)


def write(entries: Listing) -> bytes:
    """The manifest's bytes: the same for the same environment, whatever the locale or the order of folders."""
    lines = [_HEADER]
    lines += [f"# envguard: root {name} {escape(path)}" for name, path in entries.roots]
    lines += sorted(map(_line, entries), key=lambda line: line.partition(" {")[2])
    lines.append(f"# envguard: end files={len(entries)}\n")
    return "\n".join(lines).encode("ascii")


def _line(entry: Entry) -> str:
    flags = ("x" if entry.executable else "-") + ("p" if entry.placed else "-")
    owner = entry.owner if is_name(entry.owner) or _CONDA_OWNER.fullmatch(entry.owner) else "-"
    head = f"{entry.kind} {flags} {entry.size} {entry.sha256 or '-'} {owner} {escape(entry.path)}"
    return f"{head}\t{escape(entry.target)}" if entry.kind == "l" else head


def load(path: str, *, sha256: str = "") -> Listing:
    """The entries of a manifest file.

    Args:
        path: The file.
        sha256: Hex digest that its bytes must have, as the lock says; verified before they are parsed.

    Raises:
        LockError: The file is missing, not the sealed one, or not a manifest.
    """
    return read(read_sealed(path, sha256 or None), path)


def read_sealed(path: str, sha256: "str | None") -> bytes:
    """The bytes of a manifest file.

    Args:
        path: The file.
        sha256: Hex digest that they must have, as the lock says; None asks for none.

    Raises:
        LockError: The file is missing, or not the sealed one.
    """
    try:
        data = read_bytes(path, LIMIT)
    except ReadFailure as failure:
        raise LockError(f"manifest {failure.why}", path=path, remedy=_REMEDY) from failure
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256.removeprefix("sha256:").lower():
        raise LockError("not the manifest that the lock seals", path=path, remedy=_REMEDY)
    return data


def read(data: bytes, path: str) -> Listing:
    """The entries of a manifest.

    Args:
        data: The file's bytes.
        path: The file, for messages.

    Raises:
        LockError: Anything is not exactly as ``write`` makes it.
    """
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _broken(path, line, "a byte that is not ASCII") from error
    head, roots = read_head(text, path)
    body_end = text.rfind("\n", 0, -1) + 1
    end = _END.fullmatch(text[body_end:-1])
    if end is None or not text.endswith("\n"):
        raise _broken(path, text.count("\n") or 1, "the last line is not the end of a manifest; is the file complete?")
    first = text.count("\n", 0, head) + 1
    body = text[head:body_end]
    with no_collection():
        rows = _LINE.findall(body)
        if len(rows) != body.count("\n"):
            raise _broken(path, first + _odd_line(body), "a line that is no entry of a manifest")
        if int(end[1]) != len(rows):
            raise _broken(path, first + len(rows), f"{len(rows)} entries where the end says {end[1]}")
        paths = [row[6] for row in rows]
        if len(set(paths)) != len(paths) or paths != sorted(paths):
            odd = next(number for number, (left, right) in enumerate(pairwise(paths), first + 1) if left >= right)
            raise _broken(path, odd, "not sorted by path, or given twice")
        return Listing.of_columns(_columns(rows), roots)


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Keeps the garbage collector from looking at 100,000 new values again and again, a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_head(text: str, path: str) -> tuple[int, list[tuple[str, str]]]:
    """Where the entries begin, and the roots."""
    if not text.startswith(_HEADER + "\n"):
        raise _broken(path, 1, "not a manifest of a format that this version of envguard reads")
    position = len(_HEADER) + 1
    roots: dict[str, str] = {}
    while text.startswith("# envguard: root ", position):
        end = text.find("\n", position)
        match = _ROOT.fullmatch(text[position:end])
        if end < 0 or match is None or match[1] in roots:
            raise _broken(path, len(roots) + 2, "a root that is none, or given twice")
        roots[match[1]] = unescape(match[2])
        position = end + 1
    if "prefix" not in roots:
        raise _broken(path, 2, "no root named prefix")
    return position, list(roots.items())


def _odd_line(body: str) -> int:
    lines = body.split("\n")[:-1]
    return next((number for number, line in enumerate(lines) if not _LINE.fullmatch(line)), 0)


def _columns(rows: Sequence[tuple[str, ...]]) -> tuple[Sequence[Any], ...]:
    """The fields of an ``Entry``, each with the values of all rows."""
    kinds, executables, placed, sizes, digests, owners, paths, targets = zip(*rows, strict=True) if rows else ((),) * 8
    return (
        _unescaped(paths),
        kinds,
        [flag == "x" for flag in executables],
        [flag == "p" for flag in placed],
        [*map(int, sizes)],
        ["" if digest == "-" else digest for digest in digests],
        ["" if owner == "-" else owner for owner in owners],
        _unescaped(targets),
    )


def entry_of_line(line: str) -> Entry:
    """The entry that one line of a manifest holds; the line must be one that ``read`` takes."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(line)
    return Entry(*(column[0] for column in _columns([match.groups(default="")])))


def _unescaped(texts: Sequence[str]) -> Sequence[str]:
    return [unescape(text) if "\\" in text else text for text in texts]


def _broken(path: str, line: int, problem: str) -> LockError:
    return LockError(problem, path=path, line=line, remedy=_REMEDY)


def escape(path: str) -> str:
    r"""A path as printable ASCII: any other byte of it, and the backslash, as ``\xHH``."""
    if path.isascii() and path.isprintable() and "\\" not in path:
        return path
    return _ODD_BYTE.sub(lambda odd: b"\\x%02x" % ord(odd[0]), os.fsencode(path)).decode("ascii")


def unescape(text: str) -> str:
    """The path that ``escape`` wrote. A backslash that begins no escape stays as it is."""
    return os.fsdecode(_ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), text.encode("ascii")))
