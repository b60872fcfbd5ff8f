"""From steps to operations, and doing them so that nothing that ends the process can leave half a file.

Every file that is to be put in place is first written, whole and proven, into a folder on the same file system. Then
the journal says what will happen. Only then is anything changed, by renames and removals alone: a full disk cannot
stop them half-way, a file that other environments or a cache share by a hard link is replaced and never written
through, and whoever comes after an interruption does them once more.
"""

import hashlib
import os
import stat

from envguard._value import Value
from envguard.change import _scripts, artifact, journal, layout, place
from envguard.change.committing import explained, folders_below
from envguard.change.journal import Operation
from envguard.errors import ChangeError
from envguard.facts import bytecode
from envguard.facts.reading import sha256_of
from envguard.facts.tree import is_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envguard.change.artifact import Contents
    from envguard.change.seen import Seen
    from envguard.change.supply import Supply
    from envguard.facts.tree import Entry
    from envguard.model import Distribution

_SYNCED_ONE_BY_ONE = 32
"""Files up to which each is made durable by itself; beyond, the whole system is asked once."""


class Staged(Value):
    """What lies ready, and what will be done with it."""

    packages: tuple[str, ...]
    operations: tuple[Operation, ...]
    cannot: tuple[str, ...] = ()
    """What cannot be made as it was, a sentence each."""


class Staging:
    """Collects operations for one environment. Nothing of the environment changes while it does."""

    def __init__(self, seen: "Seen") -> None:
        """Makes the folder for what is staged; the lock of the environment must be held.

        Raises:
            ChangeError: It cannot be made.
        """
        self._seen = seen
        self._prefix = seen.prefix
        self._sealed: Mapping[str, Entry] = seen.sealed()
        self._claims: dict[str, set[str]] = {}
        for row in seen.ownership.rows:
            self._claims.setdefault(row.path, set()).add(row.owner)
        with explained(place.folder(self._prefix)):
            journal.clear(self._prefix, journal.STAGED)
        self._folder = place.make(self._prefix, journal.STAGED)
        self._mark = os.urandom(8).hex()
        """In each name: the journal of an earlier change must not take a file of this one for its own."""
        self._count = 0
        self._packages: list[str] = []
        self._first: list[Operation] = []
        self._last: list[Operation] = []
        self._cannot: list[str] = []
        self._targets: set[str] = set()
        """Paths that will hold a file of a golden artifact."""
        self._going: set[str] = set()
        """Names that will not be there any more."""

    def install(self, supply: "Supply") -> None:
        """Stages whatever is not yet as the artifact has it, and the removal of whatever is there instead.

        Raises:
            ArtifactError: The artifact cannot be used; nothing of it was staged.
            ChangeError: A file would land outside the environment, or the disk is full.
        """
        site = self._seen.site()
        if not site:
            raise ChangeError(f"{self._prefix}: no site-packages is there to put {supply.pin.name} in")
        if os.stat(site).st_dev != os.stat(self._folder).st_dev:
            raise ChangeError(
                f"{site}: on another file system than {self._prefix}, so files cannot be put there safely"
            )
        executables = [os.path.join(each, "bin", name) for each in self._prefixes() for name in self._pythons()]
        where = layout.Place(
            prefix=self._prefix,
            site=site,
            version=self._short_version(),
            shebangs=tuple(_scripts.shebangs(executables, os.path.join(self._prefix, "bin"))),
        )
        before, targets = len(self._first), set(self._targets)
        try:
            laid = self._install(supply, where)
        except artifact.ArtifactError:
            del self._first[before:]
            self._targets = targets
            raise
        self._packages.append(supply.pin.name)
        self._cannot += [why for why in laid.cannot if why not in self._cannot]

    def _install(self, supply: "Supply", where: layout.Place) -> layout.Laid:
        with artifact.opened(supply.path) as contents:
            whole = artifact.is_proven_whole(supply.pin, supply.path)
            laid = layout.lay_out(contents, where, self._sealed, whole=whole)
            self._put_all(supply.pin.name, laid, contents)
        return laid

    def can_remove(self, distribution: "Distribution") -> bool:
        """True where a RECORD says which files are a distribution's own."""
        return distribution.kind == "dist-info" and distribution.name not in self._seen.ownership.unusable

    def remove(self, distribution: "Distribution") -> None:
        """Stages the removal of a distribution: what its RECORD lists and nobody else does, and its metadata folder."""
        name = distribution.name
        self._going.add(name)
        self._packages.append(name)
        self._unlink_all(self._files_of(distribution), keep=())

    def delete(self, paths: "Iterable[str]") -> None:
        """Stages the removal of files, links and whole folders."""
        for path in paths:
            self._unlink_all(list(_below(path)), keep=(), last=True)
            self._last += [Operation(kind="prune", path=each) for each in folders_below(path)]

    def set_mode(self, paths: "Iterable[str]") -> None:
        """Stages copies of files with the executable bit that was sealed: the file itself may be shared with others."""
        for path in paths:
            entry = self._sealed.get(path)
            if entry is None or entry.kind != "f" or not _is_regular(path):
                continue
            with explained(path), open(path, "rb") as file:
                data = file.read()
            if hashlib.sha256(data).hexdigest() == entry.sha256:
                self._put(path, data, executable=entry.executable)

    def done(self, purpose: str, lock: str, lock_sha256: str) -> "Staged":
        """Makes what is staged durable and writes the journal: from here on an interruption is made good.

        Raises:
            ChangeError: It cannot be written. Nothing was changed.
        """
        # Done once more after an interruption, a removal must not take what another operation has put there.
        operations = tuple(
            each for each in (*self._first, *self._last) if each.kind != "unlink" or each.path not in self._targets
        )
        with explained(self._folder):
            if self._count > _SYNCED_ONE_BY_ONE:
                os.sync()
            place.sync(self._folder)
        packages = tuple(sorted(set(self._packages)))
        if operations:
            said = journal.Journal(
                purpose=purpose,
                lock=os.path.abspath(lock),
                lock_sha256=lock_sha256,
                packages=packages,
                operations=operations,
            )
            journal.begin(self._prefix, said)
        return Staged(packages=packages, operations=operations, cannot=tuple(self._cannot))

    def _prefixes(self) -> list[str]:
        return list(dict.fromkeys([self._seen.live.prefix, self._prefix]))

    def _pythons(self) -> list[str]:
        executable = os.path.basename(self._seen.live.executable)
        names = [executable] if executable.startswith("python") else []
        return list(dict.fromkeys([*names, "python3", "python", f"python{self._short_version()}"]))

    def _short_version(self) -> str:
        return ".".join(self._seen.live.interpreter.version.split(".")[:2])

    def _put_all(self, name: str, laid: layout.Laid, contents: "Contents") -> None:
        """Old metadata goes first and new metadata comes last, so that what is half done is never taken for whole."""
        targets = {path for path in laid.files if not self._belongs_to_other(path, name, laid)}
        self._targets |= targets
        old = [each for each in self._seen.live.distributions if each.name == name]
        gone = {path for each in old for path in self._files_of(each)} - targets
        metadata = {path for path in gone if ".dist-info/" in path}
        self._unlink_all(sorted(metadata, key=_metadata_first), keep=targets, owner=name)
        late: list[Operation] = []
        for path in sorted(targets):
            file = laid.files[path]
            if self._is_in_place(path) and _is_as(path, file):
                continue
            self._clear_way(path)
            data = file.data if not file.member else contents.read(file.member)
            if hashlib.sha256(data).hexdigest() != file.sha256:
                raise artifact.ArtifactError(f"{file.member!a} is not what its RECORD lists")
            operation = self._stage(path, data, executable=file.executable)
            (late if ".dist-info/" in path else self._first).append(operation)
            if path.endswith(".py"):
                self._unlink_all(list(layout.bytecode_of(path)), keep=())
        self._unlink_all(sorted(gone - metadata), keep=targets, owner=name)
        self._first += sorted(late, key=lambda each: (each.path.endswith("/RECORD"), each.path))

    def _belongs_to_other(self, path: str, name: str, laid: layout.Laid) -> bool:
        """True for a file that several packages bring and that the golden environment had from another one."""
        entry = self._sealed.get(path)
        return (
            entry is not None
            and entry.kind == "f"
            and entry.owner not in ("", name)
            and bool(entry.sha256)
            and entry.sha256 != laid.files[path].sha256
        )

    def _files_of(self, distribution: "Distribution") -> list[str]:
        """What a distribution's RECORD lists below the prefix, with the byte code of it, and its metadata folder."""
        found = [row.path for row in self._seen.ownership.rows if row.owner == distribution.name]
        found += [each for path in found if path.endswith(".py") for each in layout.bytecode_of(path)]
        if distribution.kind == "dist-info":
            real = os.path.realpath(distribution.location) + "/" + os.path.basename(distribution.path)
            found += _below(real)
        return [path for path in dict.fromkeys(found) if is_below(path, self._prefix)]

    def _is_in_place(self, path: str) -> bool:
        """True where no folder above a path is a link, that of the environment's own layout (``lib64``) aside."""
        top = f"{self._prefix}/{path[len(self._prefix) + 1 :].partition('/')[0]}"
        real = os.path.realpath(top) + path[len(top) :]
        return os.path.realpath(os.path.dirname(path)) == os.path.dirname(real)

    def _clear_way(self, path: str) -> None:
        """Stages the removal of whatever stands where a folder has to be: a file, or a link."""
        self._require_inside(path)
        parts = path[len(self._prefix) + 1 :].split("/")
        folder = self._prefix
        for part in parts[:-1]:
            folder = f"{folder}/{part}"
            if not os.path.lexists(folder):
                return
            if os.path.isdir(folder) and not self._is_foreign_link(folder):
                continue
            self._first.append(Operation(kind="unlink", path=folder))
            return
        if os.path.isdir(path) and not os.path.islink(path):
            for each in _below(path):
                self._first.append(Operation(kind="unlink", path=each))
            self._first.append(Operation(kind="prune", path=path))

    def _is_foreign_link(self, folder: str) -> bool:
        """True for a link in site-packages that the golden environment had not, and for one that leads away."""
        if not os.path.islink(folder):
            return False
        entry = self._sealed.get(folder)
        known = (entry is not None and entry.kind == "l") or not is_below(folder, self._seen.site())
        return not known or not is_below(os.path.realpath(folder), self._prefix)

    def _require_inside(self, path: str) -> None:
        if not is_below(path, self._prefix) or os.path.normpath(path) != path:
            raise ChangeError(f"{path}: outside the environment {self._prefix}: nothing is written there")
        below = path[len(self._prefix) + 1 :]
        top = f"{self._prefix}/{below.partition('/')[0]}"
        if not is_below(os.path.realpath(top), self._prefix):
            raise ChangeError(f"{top}: leads out of the environment: nothing is written there")

    def _put(self, path: str, data: bytes, *, executable: bool) -> None:
        self._clear_way(path)
        self._first.append(self._stage(path, data, executable=executable))

    def _stage(self, path: str, data: bytes, *, executable: bool) -> Operation:
        """Writes a file that is to be put in place."""
        self._count += 1
        name = f"{self._mark}-{self._count}"
        staged = os.path.join(self._folder, name)
        with explained(staged):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(staged, flags, 0o777 if executable else 0o666)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if self._count <= _SYNCED_ONE_BY_ONE:
                    os.fsync(descriptor)
        return Operation(kind="put", path=path, staged=name, sha256=hashlib.sha256(data).hexdigest())

    def _unlink_all(
        self, paths: "Iterable[str]", *, keep: "Iterable[str]", owner: str = "", last: bool = False
    ) -> None:
        kept = set(keep)
        into = self._last if last else self._first
        folders = set()
        for path in paths:
            if path in kept or not is_below(path, self._prefix) or self._is_others(path, owner):
                continue
            if not is_below(os.path.realpath(os.path.dirname(path)), self._prefix):
                continue  # behind a link that leads away: not a file of this environment
            into.append(Operation(kind="unlink", path=path))
            folders |= {os.path.dirname(path)}
        site = self._seen.site()
        for folder in sorted(folders, key=len, reverse=True):
            while is_below(folder, site) and folder != site:
                into.append(Operation(kind="prune", path=folder))
                folder = os.path.dirname(folder)  # noqa: PLW2901 - climbs to site-packages

    def _is_others(self, path: str, owner: str) -> bool:
        """True for what another distribution, which stays, lists too, or what the golden environment had there."""
        names = self._claims.get(path, set()) - self._going - {owner}
        if owner and names:
            return True
        if not owner and names and self._claims.get(path, set()) & self._going:
            return True
        entry = self._sealed.get(path)
        return entry is not None and entry.owner not in ("", owner) and not bytecode.is_cached(path)


def _is_as(path: str, file: layout.File) -> bool:
    """True where a regular file with the right content and executable bit is there already."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or bool(status.st_mode & 0o111) != file.executable:
            return False
        return sha256_of(path) == file.sha256
    except OSError:
        return False


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _metadata_first(path: str) -> tuple[bool, str]:
    return not path.endswith("/METADATA"), path


def _below(path: str) -> "Iterator[str]":
    """A file or link itself, or everything in a folder that is no folder."""
    if os.path.islink(path) or not os.path.isdir(path):
        if os.path.lexists(path):
            yield path
        return
    for parent, folders, files in os.walk(path):
        for name in files:
            yield os.path.join(parent, name)
        for name in folders:
            if os.path.islink(os.path.join(parent, name)):
                yield os.path.join(parent, name)
