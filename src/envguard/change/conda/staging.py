"""Staging conda packages: files and links of a proven archive, and the record in conda-meta, which comes last."""

import os
from typing import NamedTuple

from envguard.change.conda import archive, layout, record
from envguard.change.placing.artifact import ArtifactError
from envguard.change.placing.committing import explained
from envguard.change.placing.layout import bytecode_of
from envguard.change.placing.staging_files import is_as
from envguard.errors import ChangeError
from envguard.facts import bytecode, conda_files
from envguard.facts.conda_files import CONDA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from envguard.change.conda.layout import Laid
    from envguard.change.placing.journal import Operation
    from envguard.change.placing.seen import Seen
    from envguard.change.placing.staging_files import Ground
    from envguard.change.placing.supply import Supply
    from envguard.model import CondaPackage, Pin

_RECORDS = "conda-meta"


class _There(NamedTuple):
    """What is installed under conda's name of a package."""

    package: "CondaPackage"
    record: "dict[str, Any]"


def install(ground: "Ground", supply: "Supply", scratch: str) -> None:
    """Stages whatever is not yet as the archive has it, and the removal of whatever is there instead.

    Args:
        ground: The environment.
        supply: The proven archive of a conda pin.
        scratch: A folder on a disk with room for the unpacked package.

    Raises:
        ArtifactError: The archive cannot be used, or a file of it cannot be made as it was; nothing of it was staged.
        ChangeError: A file would land outside the environment, or the disk is full.
    """
    before, targets, packages = len(ground.first), set(ground.targets), list(ground.packages)
    try:
        with archive.opened(supply.path, supply.pin.hashes, scratch) as contents:
            _Installing(ground, supply).stage(contents)
    except ArtifactError:
        del ground.first[before:]
        ground.targets = targets
        ground.packages = packages
        raise


def remove(ground: "Ground", packages: "Sequence[CondaPackage]") -> None:
    """Stages the removal of what the records of some packages list and nobody else has, the records included."""
    for package in packages:
        listed = _listed(ground, record.loaded(package.path))
        owners = {CONDA + package.name, *layout.distributions(listed)}
        ground.going |= owners
        ground.packages.append(CONDA + package.name)
        ground.unlink_all([package.path], keep=())
        ground.unlink_all(listed, keep=(), owners=owners, top=ground.prefix)


def place_of(seen: "Seen") -> layout.Place:
    """The environment, as far as an installer of conda packages needs to know it."""
    has_python = any(each.name == "python" for each in seen.live.conda or ())
    inside = "" if has_python else seen.site()
    return layout.place_of(seen.live, inside[len(seen.prefix) + 1 :])


class _Installing:
    def __init__(self, ground: "Ground", supply: "Supply") -> None:
        self._ground = ground
        self._supply = supply
        self._pin: Pin = supply.pin
        self._place = place_of(ground.seen)
        name = self._pin.name.lower()
        self._there = [
            _There(package, record.loaded(package.path))
            for package in ground.seen.live.conda or ()
            if package.name.lower() == name
        ]
        self._record = f"{ground.prefix}/{_RECORDS}/{record.file_name(self._pin)}"

    def stage(self, contents: archive.Contents) -> None:
        ground, pin = self._ground, self._pin
        laid = layout.lay_out(contents, pin.name, self._place, sealed=ground.sealed, recorded=self._recorded())
        is_there = any(record.is_of(each.package, pin) for each in self._there)
        if laid.cannot and not is_there:
            raise ArtifactError(laid.cannot[0])  # a package is there as it was, or not at all
        self._require_one_file_system(laid)
        targets = {*laid.files, *laid.links}
        ground.targets |= targets
        late = self._put_record(laid, contents)
        before = {path for each in self._there for path in _listed(ground, each.record)}
        gone = self._gone(laid, before)
        owners = {*laid.owners, *layout.distributions(before)}
        metadata = {path for path in gone if ".dist-info/" in path}
        ground.unlink_all(sorted(metadata, key=_metadata_first), keep=targets, owners=owners)
        for path in sorted(laid.files):
            late += self._put(path, laid.files[path], contents)
        for path, target in sorted(laid.links.items()):
            self._put_link(path, target)
        ground.unlink_all(sorted(gone - metadata), keep=targets, owners=owners, top=ground.prefix)
        ground.first += sorted(late, key=lambda each: (each.path == self._record, each.path.endswith("/RECORD")))
        ground.packages.append(CONDA + pin.name)
        ground.cannot += [why for why in laid.cannot if why not in ground.cannot]
        if not is_there and f"bin/.{pin.name}-post-link.sh" in contents.names:
            ground.cannot.append(f"{pin.name}: its script that conda runs after an installation is not run")

    def _recorded(self) -> dict[str, str]:
        """Digests of files that an installer wrote anew, as the record of this very build says."""
        said = next((each.record for each in self._there if record.is_of(each.package, self._pin)), {})
        listed = conda_files.of_record(said, self._place.site)
        return {f"{self._place.prefix}/{file.path}": file.sha256 for file in listed if file.sha256}

    def _require_one_file_system(self, laid: "Laid") -> None:
        device = os.stat(self._ground.folder).st_dev
        folders = {os.path.dirname(path) for path in (*laid.files, *laid.links)}
        for folder in sorted(folders):
            if os.path.isdir(folder) and os.stat(folder).st_dev != device:
                why = f"on another file system than {self._ground.prefix}, so files cannot be put there safely"
                raise ChangeError(f"{folder}: {why}")

    def _put_record(self, laid: "Laid", contents: archive.Contents) -> "list[Operation]":
        """The record, where it is not right; other records of the name go first, so that none speaks of what goes."""
        ground, site = self._ground, self._place.site
        ground.targets.add(self._record)
        others = set(_records_named(ground.prefix, self._pin.name)) - {self._record}
        ground.unlink_all(sorted(others), keep=())
        if any(record.is_right(each.package, each.record, self._pin, laid, site) for each in self._there):
            return []
        before = self._there[0].record if self._there else {}
        known = (each.package.url for each in self._there if record.is_of(each.package, self._pin))
        url = self._pin.url or next(known, "") or f"file://{os.path.abspath(self._supply.path)}"
        data = record.made(self._pin, laid, contents, url=url, before=before)
        ground.clear_way(self._record)
        return [ground.stage(self._record, data, executable=False, mode=0o644)]

    def _gone(self, laid: "Laid", before: "set[str]") -> set[str]:
        """What other versions brought, of conda and of pip, and this one does not, and the byte code of it."""
        found = set(before)
        for distribution in self._ground.seen.live.distributions:
            if distribution.name in laid.owners:
                found.update(self._ground.files_of(distribution))
        found = {path for path in found if not bytecode.is_cached(path)}
        found -= {f"{self._place.prefix}/{row['_path']}" for row in laid.rows}
        return found | {each for path in found if path.endswith(".py") for each in bytecode_of(path)}

    def _put(self, path: str, file: layout.File, contents: archive.Contents) -> "list[Operation]":
        """Stages a file that is not there yet as it should be; metadata is given back, to come last."""
        ground = self._ground
        if ground.is_in_place(path) and is_as(path, file.sha256, executable=file.executable):
            return []
        data = contents.read(file.member) if file.member else file.data
        if layout.hexdigest(data) != file.sha256:
            raise ArtifactError(f"{file.member!a} is not what its info/paths.json lists")
        ground.clear_way(path)
        operation = ground.stage(path, data, executable=file.executable, mode=file.mode, time=file.time)
        if path.endswith(".py"):
            ground.unlink_all([each for each in bytecode_of(path) if each not in ground.targets], keep=())
        if ".dist-info/" in path:
            return [operation]
        ground.first.append(operation)
        return []

    def _put_link(self, path: str, target: str) -> None:
        ground = self._ground
        if ground.is_in_place(path) and os.path.islink(path) and os.readlink(path) == target:
            return
        ground.clear_way(path)
        ground.first.append(ground.stage_link(path, target))


def _listed(ground: "Ground", said: "dict[str, Any]") -> "list[str]":
    """Absolute paths of the files of a record."""
    site = place_of(ground.seen).site
    return [f"{ground.prefix}/{file.path}" for file in conda_files.of_record(said, site)]


def _records_named(prefix: str, name: str) -> "Iterator[str]":
    """Paths of records whose file name says that they are of a package, broken ones included."""
    folder = f"{prefix}/{_RECORDS}"
    with explained(folder):
        names = os.listdir(folder) if os.path.isdir(folder) else []
    for each in names:
        if each.endswith(".json") and each.removesuffix(".json").rsplit("-", 2)[0].lower() == name.lower():
            yield f"{folder}/{each}"


def _metadata_first(path: str) -> tuple[bool, str]:
    return not path.endswith("/METADATA"), path
