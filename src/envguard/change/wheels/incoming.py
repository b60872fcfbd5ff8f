"""What a wheel that is not installed says: metadata, tags, files, traits, and what its compiled files show."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from envguard._value import Value
from envguard.change.wheels import wheel_files, wheel_source
from envguard.change.wheels.wheel_files import WheelFiles
from envguard.environment import metadata
from envguard.environment.distributions import top_level
from envguard.errors import EnvguardError
from envguard.facts import evidence, records, variant, wheel
from envguard.facts.elf import Elf, ElfError
from envguard.facts.evidence import Evidence, FileFacts
from envguard.facts.reading import METADATA_LIMIT, RECORD_LIMIT, ReadFailure, why
from envguard.facts.records import Row
from envguard.model import Artifact, Distribution
from envguard.versions import is_name, normalise

_SHARED_OBJECT = re.compile(r"\.so(?:\.[\w.-]+)?$")
_METADATA_FOLDER = re.compile(r"[^/]+\.dist-info/[^/]+", re.ASCII)
_KEPT_SOURCE = 4 << 20
"""Bytes of one source file that is unpacked beside the compiled ones."""


class Incoming(Value):
    """One wheel, as it would be installed; or what a conda package brings, with its archive in the place of the wheel.

    Of a conda package there are several: the package as a whole, and each Python distribution in it.
    """

    name: str
    """Normalised."""
    version: str
    requires: tuple[str, ...] = ()
    """The values of Requires-Dist, as METADATA writes them."""
    requires_python: str = ""
    """A PEP 440 specifier, empty for none."""
    tags: tuple[str, ...] = ()
    record: str = ""
    """Portable record digest, the one that an installation of this wheel will have."""
    files: tuple[Row, ...] = ()
    """What installing it records: path relative to site-packages, ``sha256:<hex>``, size."""
    size: "int | None" = None
    """Bytes of the wheel file; None where only its unpacked contents were at hand."""
    unpacked: int = 0
    """Bytes of its files."""
    traits: tuple[str, ...] = ()
    """As for an installed distribution; what only bytes prove is among them where ``read_natively``."""
    variant: "str | None" = None
    top_level: tuple[str, ...] = ()
    natives: tuple[FileFacts, ...] = ()
    """What its shared objects show, where ``read_natively``."""
    read_natively: bool = False
    """Its compiled files were read; always True for a wheel without any."""
    unpacked_in: str = ""
    """The folder that its sources, and where ``read_natively`` its compiled files, were left in; empty: nowhere."""
    sha256: str = ""
    """Hex digest of the wheel file, where it is known."""
    verified: bool = False
    """All bytes were read, and their digest is ``sha256``. False also where ranges or a cache were enough."""
    yanked: str = ""
    """Why the index withdrew it; empty where it did not, or nobody said."""
    origin: str = ""
    """Path or URL, without credentials."""
    how: str = ""
    """Where its bytes came from: ``file``, ``pip-cache``, ``uv-cache``, ``conda-cache``, ``ranges`` or ``download``."""
    scanned: "Distribution | None" = None
    """The distribution as it was found where it was unpacked; None where only the wheel itself was read."""

    def distribution(self, location: str) -> Distribution:
        """The installed distribution that it would become.

        Args:
            location: The site-packages that it would be installed in.
        """
        if self.scanned is not None:
            path = os.path.join(location, os.path.basename(self.scanned.path))
            return self.scanned.replace(path=path, location=location, traits=self.traits)
        folder = f"{_stem(self.files) or f'{self.name}-{self.version}'}.dist-info"
        return Distribution(
            name=self.name,
            version=self.version,
            path=os.path.join(location, folder),
            location=location,
            record=self.record,
            tags=self.tags,
            traits=self.traits,
            variant=self.variant,
            top_level=self.top_level,
            requires=self.requires,
        )


def read(
    where: "str | os.PathLike[str] | Artifact",
    *,
    native: bool = False,
    unpack: str = "",
    offline: bool = False,
    sha256: str = "",
    yanked: str = "",
    find_links: "Sequence[str | os.PathLike[str]]" = (),
    markers: "Mapping[str, str] | None" = None,
) -> Incoming:
    """What a wheel says, without installing it.

    Args:
        where: A path, a ``file:``, ``http:`` or ``https:`` URL, or an artifact of a lock.
        native: Read its shared objects too: every byte of them is unpacked.
        unpack: A folder in which its Python sources, and with ``native`` its shared objects, are left, laid out as in
            site-packages. Give one folder for all wheels of a change, and remove it when ``consequences.of`` has
            answered. Empty: nothing is left.
        offline: Nothing is asked of the network.
        sha256: Hex digest that the wheel must have; default is the one in the URL's fragment.
        yanked: Why the index withdrew it, where the installer said so.
        find_links: Folders in which a file of that name is looked for before anything remote is.
        markers: PEP 508 variables of the interpreter that it is for; None takes the running one's.

    Raises:
        EnvguardError: It cannot be found, is no wheel, is broken, or has another digest.
    """
    meant = wheel_source.wanted(where, sha256=sha256, find_links=find_links)
    with wheel_source.opened(meant, offline=offline, natively=native, markers=markers) as found:
        said = _of_files(found.files, markers)
        if native or unpack:
            with _folder(unpack) as folder:
                said = _unpacked(said, found.files, folder, native=native).replace(unpacked_in=unpack)
        return said.replace(
            size=found.size,
            sha256=found.sha256 or meant.sha256,
            verified=bool(found.sha256),
            yanked=yanked,
            origin=meant.origin,
            how=found.how,
        )


def _of_files(files: WheelFiles, markers: "Mapping[str, str] | None") -> Incoming:
    folder = _metadata_folder(files)
    headers = metadata.parse(files.read(f"{folder}/METADATA"))
    if headers.faults:
        raise EnvguardError(f"METADATA {headers.faults[0]}", path=files.label)
    if not is_name(headers.name) or not metadata.agrees(
        folder.removesuffix(".dist-info"), headers.name, headers.version
    ):
        said = f"{headers.name!a} {headers.version!a}"
        raise EnvguardError(f"METADATA says {said}, the name of its folder says {folder!a}", path=files.label)
    wheel_file = files.read(f"{folder}/WHEEL")
    tags = wheel.tags(wheel_file)
    rows = _rows(files, folder)
    name = normalise(headers.name)
    return Incoming(
        name=name,
        version=headers.version,
        requires=headers.requires,
        requires_python=headers.requires_python,
        tags=tags,
        record=records.portable_digest(rows, folder),
        files=rows,
        unpacked=sum(files.sizes.values()),
        traits=wheel.traits(
            name,
            headers.version,
            tags,
            [row.path for row in rows],
            purelib=wheel.root_is_purelib(wheel_file),
            requires=headers.requires,
            environment=markers,
        ),
        variant=_variant(files, name),
        top_level=top_level(rows, _Metadata(files, folder)),
        read_natively=not any(is_shared_object(row.path) for row in rows),
    )


class _Metadata:
    """The metadata folder of a wheel, as the scan of an environment would see it."""

    def __init__(self, files: WheelFiles, folder: str) -> None:
        self._files = files
        self._prefix = f"{folder}/"
        self.names = frozenset(
            name[len(self._prefix) :] for name in files.sizes if name.startswith(self._prefix) and name.count("/") == 1
        )

    def read(self, name: str, limit: int = METADATA_LIMIT) -> bytes:
        return self._files.read(self._prefix + name, limit)


def _metadata_folder(files: WheelFiles) -> str:
    found = {name.partition("/")[0] for name in files.sizes if _METADATA_FOLDER.fullmatch(name)}
    if len(found) != 1:
        raise EnvguardError(f"a wheel has one .dist-info folder, this has {len(found)}", path=files.label)
    return found.pop()


def _rows(files: WheelFiles, folder: str) -> tuple[Row, ...]:
    try:
        return records.as_installed(records.parse(files.read(f"{folder}/RECORD", RECORD_LIMIT)))
    except records.RecordError as error:
        raise EnvguardError(f"RECORD {error.why}", path=files.label) from error


def _variant(files: WheelFiles, name: str) -> "str | None":
    file = variant.VERSION_FILES.get(name, "")
    if file not in files.sizes:
        return None
    return variant.from_source(files.read(file, variant.SIZE_LIMIT))


@contextmanager
def _folder(unpack: str) -> Iterator[str]:
    """Where to unpack: the folder that is asked for, or one that does not stay."""
    if unpack:
        yield unpack
        return
    with tempfile.TemporaryDirectory(prefix="envguard-wheel-") as folder:
        yield folder


def _unpacked(said: Incoming, files: WheelFiles, folder: str, *, native: bool) -> Incoming:
    facts: list[FileFacts] = []
    places = {name: wheel_files.installed_path(name) for name in files.sizes}
    shared_objects = {name for name, place in places.items() if native and is_shared_object(place)}
    kept = [name for name, place in places.items() if name in shared_objects or _is_kept(place, files.sizes[name])]
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise EnvguardError(f"cannot be unpacked to {folder}: {why(error)}", path=files.label) from error
    wheel_files.check_room(sum(files.sizes[name] for name in kept), folder, files.label)
    for name in kept:
        place = places[name]
        target = os.path.join(folder, *place.split("/"))
        if os.path.lexists(target):
            continue  # another arriving wheel brought it: that is for the consequences to say
        files.copy(name, target)
        if name in shared_objects and (found := file_facts(target, place)) is not None:
            facts.append(found)
    _record(said, folder, files.label)
    proven = Evidence(name=said.name, files=tuple(sorted(facts, key=lambda each: each.path)))
    traits = tuple(sorted({*said.traits, *proven.traits}))
    return said.replace(natives=proven.files, traits=traits, read_natively=native or said.read_natively)


def _record(said: Incoming, folder: str, label: str) -> None:
    """What installing it would record: the RECORD of the wheel itself has other paths for some files."""
    target = os.path.join(folder, f"{_stem(said.files)}.dist-info", "RECORD")
    lines = [
        f'"{row.path}",{row.hash.replace(":", "=")},{"" if row.size is None else row.size}\n'
        for row in said.files
        if not row.path.startswith("../") and '"' not in row.path
    ]
    try:
        with open(target, "w", encoding="utf-8") as file:
            file.writelines(lines)
    except OSError as error:
        raise EnvguardError(f"cannot be unpacked to {target}: {why(error)}", path=label) from error


def _is_kept(place: str, size: int) -> bool:
    return is_kept_source(place, size) or bool(_METADATA_FOLDER.fullmatch(place))


def is_shared_object(place: str) -> bool:
    """True for a file that is named like a shared object."""
    return ".so" in place and _SHARED_OBJECT.search(place) is not None


def is_kept_source(place: str, size: int) -> bool:
    """True for a Python source that is to be looked at."""
    return place.endswith(".py") and size <= _KEPT_SOURCE


def file_facts(path: str, relative: str) -> "FileFacts | None":
    """What one unpacked shared object shows; None where it is none, as the facts of what is installed leave it out."""
    try:
        elf = Elf.open(path)
        try:
            return evidence.facts_of(elf, relative)
        finally:
            elf.close()
    except (ElfError, ReadFailure):
        return None


def _stem(files: Sequence[Row]) -> str:
    for row in files:
        if row.path.endswith(".dist-info/METADATA") and row.path.count("/") == 1:
            return row.path.removesuffix(".dist-info/METADATA")
    return ""
