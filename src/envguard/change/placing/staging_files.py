"""Writing files to be put in place, and collecting the renames and removals that will do it.

What is written lies on the file system of the environment, whole and proven; of the environment itself nothing changes.
"""

import hashlib
import os
import stat

from envguard.change.placing import journal, layout, place
from envguard.change.placing.committing import explained
from envguard.change.placing.journal import Operation
from envguard.errors import ChangeError
from envguard.facts import bytecode
from envguard.facts.reading import sha256_of
from envguard.facts.tree import is_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Set as AbstractSet

    from envguard.change.placing.seen import Seen
    from envguard.facts.tree import Entry
    from envguard.model import Distribution

SYNCED_ONE_BY_ONE = 32
"""Files up to which each is made durable by itself; beyond, the whole system is asked once."""


class Ground:
    """An environment under change: what is known of its files, and the operations collected so far."""

    def __init__(self, seen: "Seen") -> None:
        """Makes the folder for what is staged; the lock of the environment must be held.

        Raises:
            ChangeError: It cannot be made.
        """
        self.seen = seen
        self.prefix = seen.prefix
        self.sealed: Mapping[str, Entry] = seen.sealed()
        self.first: list[Operation] = []
        self.last: list[Operation] = []
        self.packages: list[str] = []
        self.cannot: list[str] = []
        self.targets: set[str] = set()
        """Paths that will hold a file of a golden artifact."""
        self.going: set[str] = set()
        """Names that will not be there any more."""
        self.count = 0
        self._claims: dict[str, set[str]] = {}
        for row in seen.ownership.rows:
            self._claims.setdefault(row.path, set()).add(row.owner)
        for path, owner in seen.ownership.conda_owners.items():
            self._claims.setdefault(path, set()).add(owner)
        with explained(place.folder(self.prefix)):
            journal.clear(self.prefix, journal.STAGED)
        self.folder = place.make(self.prefix, journal.STAGED)
        self._mark = os.urandom(8).hex()
        """In each name: the journal of an earlier change must not take a file of this one for its own."""

    def is_in_place(self, path: str) -> bool:
        """True where no folder above a path is a link, that of the environment's own layout (``lib64``) aside."""
        top = f"{self.prefix}/{path[len(self.prefix) + 1 :].partition('/')[0]}"
        real = os.path.realpath(top) + path[len(top) :]
        return os.path.realpath(os.path.dirname(path)) == os.path.dirname(real)

    def clear_way(self, path: str) -> None:
        """Stages the removal of whatever stands where a folder has to be: a file, or a link."""
        self._require_inside(path)
        parts = path[len(self.prefix) + 1 :].split("/")
        folder = self.prefix
        for part in parts[:-1]:
            folder = f"{folder}/{part}"
            if not os.path.lexists(folder):
                return
            if os.path.isdir(folder) and not self._is_foreign_link(folder):
                continue
            self.first.append(Operation(kind="unlink", path=folder))
            return
        if os.path.isdir(path) and not os.path.islink(path):
            for each in below(path):
                self.first.append(Operation(kind="unlink", path=each))
            self.first.append(Operation(kind="prune", path=path))

    def _is_foreign_link(self, folder: str) -> bool:
        """True for a link in site-packages that the golden environment had not, and for one that leads away."""
        if not os.path.islink(folder):
            return False
        entry = self.sealed.get(folder)
        known = (entry is not None and entry.kind == "l") or not is_below(folder, self.seen.site())
        return not known or not is_below(os.path.realpath(folder), self.prefix)

    def _require_inside(self, path: str) -> None:
        if not is_below(path, self.prefix) or os.path.normpath(path) != path:
            raise ChangeError(f"{path}: outside the environment {self.prefix}: nothing is written there")
        top = f"{self.prefix}/{path[len(self.prefix) + 1 :].partition('/')[0]}"
        if not is_below(os.path.realpath(top), self.prefix):
            raise ChangeError(f"{top}: leads out of the environment: nothing is written there")

    def put(self, path: str, data: bytes, *, executable: bool) -> None:
        """Stages a file, and the removal of whatever is in its way."""
        self.clear_way(path)
        self.first.append(self.stage(path, data, executable=executable))

    def stage(
        self, path: str, data: bytes, *, executable: bool, mode: "int | None" = None, time: "float | None" = None
    ) -> Operation:
        """Writes a file that is to be put in place.

        Args:
            path: Where.
            data: What is in it.
            executable: Whether it may be run.
            mode: All its permission bits; None leaves them to the user's mask.
            time: When it was last changed; None is now.
        """
        name, staged = self._next()
        with explained(staged):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(staged, flags, 0o777 if executable else 0o666)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                if mode is not None:
                    os.fchmod(descriptor, mode)
                if time is not None:
                    os.utime(descriptor, (time, time))
                if self.count <= SYNCED_ONE_BY_ONE:
                    os.fsync(descriptor)
        return Operation(kind="put", path=path, staged=name, sha256=hashlib.sha256(data).hexdigest())

    def stage_link(self, path: str, target: str) -> Operation:
        """Makes a symbolic link that is to be put in place."""
        name, staged = self._next()
        with explained(staged):
            os.symlink(target, staged)
        return Operation(kind="link", path=path, staged=name, sha256=hashlib.sha256(os.fsencode(target)).hexdigest())

    def _next(self) -> tuple[str, str]:
        self.count += 1
        name = f"{self._mark}-{self.count}"
        return name, os.path.join(self.folder, name)

    def unlink_all(
        self,
        paths: "Iterable[str]",
        *,
        keep: "Iterable[str]",
        owners: "AbstractSet[str]" = frozenset(),
        last: bool = False,
        top: str = "",
    ) -> None:
        """Stages the removal of files, and of the folders that are empty then.

        Args:
            paths: Absolute.
            keep: Paths that stay.
            owners: Whose files they are: what others have too stays.
            last: After everything else.
            top: The folder below which folders go; empty is site-packages.
        """
        kept = set(keep)
        into = self.last if last else self.first
        folders = set()
        for path in paths:
            if path in kept or not is_below(path, self.prefix) or self._is_others(path, owners):
                continue
            if not is_below(os.path.realpath(os.path.dirname(path)), self.prefix):
                continue  # behind a link that leads away: not a file of this environment
            into.append(Operation(kind="unlink", path=path))
            folders |= {os.path.dirname(path)}
        top = top or self.seen.site()
        for folder in sorted(folders, key=len, reverse=True):
            while is_below(folder, top) and folder != top:
                into.append(Operation(kind="prune", path=folder))
                folder = os.path.dirname(folder)  # noqa: PLW2901 - climbs to the top

    def _is_others(self, path: str, owners: "AbstractSet[str]") -> bool:
        """True for what another distribution, which stays, lists too, or what the golden environment had there."""
        names = self._claims.get(path, set()) - self.going - owners
        if owners and names:
            return True
        if not owners and names and self._claims.get(path, set()) & self.going:
            return True
        entry = self.sealed.get(path)
        return entry is not None and entry.owner not in ("", *owners) and not bytecode.is_cached(path)

    def files_of(self, distribution: "Distribution") -> list[str]:
        """What a distribution's RECORD lists below the prefix, with the byte code of it, and its metadata folder."""
        found = [row.path for row in self.seen.ownership.rows if row.owner == distribution.name]
        found += [each for path in found if path.endswith(".py") for each in layout.bytecode_of(path)]
        if distribution.kind == "dist-info":
            real = os.path.realpath(distribution.location) + "/" + os.path.basename(distribution.path)
            found += below(real)
        return [path for path in dict.fromkeys(found) if is_below(path, self.prefix)]


def is_as(path: str, sha256: str, *, executable: bool) -> bool:
    """True where a regular file with the right content and executable bit is there already."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or bool(status.st_mode & 0o111) != executable:
            return False
        return sha256_of(path) == sha256
    except OSError:
        return False


def below(path: str) -> "Iterator[str]":
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
