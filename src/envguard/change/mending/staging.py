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
from envguard.change.conda import revision
from envguard.change.placing import _scripts, artifact, journal, layout, place
from envguard.change.placing.committing import explained, folders_below
from envguard.change.placing.journal import Operation
from envguard.change.placing.staging_files import SYNCED_ONE_BY_ONE, Ground, below, is_as
from envguard.errors import ChangeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.change.placing.artifact import Contents
    from envguard.change.placing.supply import Supply
    from envguard.model import Distribution


class Staged(Value):
    """What lies ready, and what will be done with it."""

    packages: tuple[str, ...]
    operations: tuple[Operation, ...]
    cannot: tuple[str, ...] = ()
    """What cannot be made as it was, a sentence each."""


class Staging(Ground):
    """Collects operations for one environment. Nothing of the environment changes while it does."""

    def install(self, supply: "Supply") -> None:
        """Stages whatever is not yet as the artifact has it, and the removal of whatever is there instead.

        Raises:
            ArtifactError: The artifact cannot be used; nothing of it was staged.
            ChangeError: A file would land outside the environment, or the disk is full.
        """
        site = self.seen.site()
        if not site:
            raise ChangeError(f"{self.prefix}: no site-packages is there to put {supply.pin.name} in")
        if os.stat(site).st_dev != os.stat(self.folder).st_dev:
            raise ChangeError(f"{site}: on another file system than {self.prefix}, so files cannot be put there safely")
        executables = [os.path.join(each, "bin", name) for each in self._prefixes() for name in self._pythons()]
        where = layout.Place(
            prefix=self.prefix,
            site=site,
            version=self._short_version(),
            shebangs=tuple(_scripts.shebangs(executables, os.path.join(self.prefix, "bin"))),
        )
        before, targets = len(self.first), set(self.targets)
        try:
            laid = self._install(supply, where)
        except artifact.ArtifactError:
            del self.first[before:]
            self.targets = targets
            raise
        self.packages.append(supply.pin.name)
        self.cannot += [why for why in laid.cannot if why not in self.cannot]

    def _install(self, supply: "Supply", where: layout.Place) -> layout.Laid:
        with artifact.opened(supply.path) as contents:
            whole = artifact.is_proven_whole(supply.pin, supply.path)
            laid = layout.lay_out(contents, where, self.sealed, whole=whole, source=supply.pin.source)
            self._put_all(supply.pin.name, laid, contents)
        return laid

    def can_remove(self, distribution: "Distribution") -> bool:
        """True where a RECORD says which files are a distribution's own."""
        return distribution.kind == "dist-info" and distribution.name not in self.seen.ownership.unusable

    def remove(self, distribution: "Distribution") -> None:
        """Stages the removal of a distribution: what its RECORD lists and nobody else does, and its metadata folder."""
        name = distribution.name
        self.going.add(name)
        self.packages.append(name)
        self.unlink_all(self.files_of(distribution), keep=())

    def delete(self, paths: "Iterable[str]") -> None:
        """Stages the removal of files, links and whole folders."""
        for path in paths:
            self.unlink_all(list(below(path)), keep=(), last=True)
            self.last += [Operation(kind="prune", path=each) for each in folders_below(path)]

    def set_mode(self, paths: "Iterable[str]") -> None:
        """Stages copies of files with the executable bit that was sealed: the file itself may be shared with others."""
        for path in paths:
            entry = self.sealed.get(path)
            if entry is None or entry.kind != "f" or not _is_regular(path):
                continue
            with explained(path), open(path, "rb") as file:
                data = file.read()
            if hashlib.sha256(data).hexdigest() == entry.sha256:
                self.put(path, data, executable=entry.executable)

    def done(self, purpose: str, lock: str, lock_sha256: str) -> "Staged":
        """Makes what is staged durable and writes the journal: from here on an interruption is made good.

        Raises:
            ChangeError: It cannot be written. Nothing was changed.
        """
        revision.stage(self, purpose)
        # Done once more after an interruption, a removal must not take what another operation has put there.
        operations = tuple(
            each for each in (*self.first, *self.last) if each.kind != "unlink" or each.path not in self.targets
        )
        with explained(self.folder):
            if self.count > SYNCED_ONE_BY_ONE:
                os.sync()
            place.sync(self.folder)
        packages = tuple(sorted(set(self.packages)))
        if operations:
            said = journal.Journal(
                purpose=purpose,
                lock=os.path.abspath(lock),
                lock_sha256=lock_sha256,
                packages=packages,
                operations=operations,
            )
            journal.begin(self.prefix, said)
        return Staged(packages=packages, operations=operations, cannot=tuple(self.cannot))

    def _prefixes(self) -> list[str]:
        return list(dict.fromkeys([self.seen.live.prefix, self.prefix]))

    def _pythons(self) -> list[str]:
        executable = os.path.basename(self.seen.live.executable)
        names = [executable] if executable.startswith("python") else []
        return list(dict.fromkeys([*names, "python3", "python", f"python{self._short_version()}"]))

    def _short_version(self) -> str:
        return ".".join(self.seen.live.interpreter.version.split(".")[:2])

    def _put_all(self, name: str, laid: layout.Laid, contents: "Contents") -> None:
        """Old metadata goes first and new metadata comes last, so that what is half done is never taken for whole."""
        targets = {path for path, file in laid.files.items() if not self._belongs_to_other(path, file.sha256, name)}
        self.targets |= targets
        old = [each for each in self.seen.live.distributions if each.name == name]
        gone = {path for each in old for path in self.files_of(each)} - targets
        metadata = {path for path in gone if ".dist-info/" in path}
        self.unlink_all(sorted(metadata, key=_metadata_first), keep=targets, owners={name})
        late: list[Operation] = []
        for path in sorted(targets):
            file = laid.files[path]
            if self.is_in_place(path) and is_as(path, file.sha256, executable=file.executable):
                continue
            self.clear_way(path)
            data = file.data if not file.member else contents.read(file.member)
            if hashlib.sha256(data).hexdigest() != file.sha256:
                raise artifact.ArtifactError(f"{file.member!a} is not what its RECORD lists")
            operation = self.stage(path, data, executable=file.executable)
            (late if ".dist-info/" in path else self.first).append(operation)
            if path.endswith(".py"):
                self.unlink_all(list(layout.bytecode_of(path)), keep=())
        self.unlink_all(sorted(gone - metadata), keep=targets, owners={name})
        self.first += sorted(late, key=lambda each: (each.path.endswith("/RECORD"), each.path))

    def _belongs_to_other(self, path: str, sha256: str, name: str) -> bool:
        """True for a file that several packages bring and that the golden environment had from another one."""
        entry = self.sealed.get(path)
        return (
            entry is not None
            and entry.kind == "f"
            and entry.owner not in ("", name)
            and bool(entry.sha256)
            and entry.sha256 != sha256
        )


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def _metadata_first(path: str) -> tuple[bool, str]:
    return not path.endswith("/METADATA"), path
