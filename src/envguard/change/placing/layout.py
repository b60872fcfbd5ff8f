"""What installing a wheel puts where, byte for byte, without doing it (PEP 427, PEP 376).

Where the golden file has a manifest, files that installers write themselves (scripts, RECORD, INSTALLER) are made as
the golden environment's installer made them; which one that was shows in the digests.
"""

import hashlib
import os
from typing import NamedTuple

from envguard._value import Value
from envguard.change.placing import _record, _scripts, artifact
from envguard.change.placing.artifact import ArtifactError, Contents, Identity
from envguard.change.placing.sealed import bytecode_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from envguard.facts.tree import Entry
    from envguard.model import Source

_NOTES = ("INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "provenance_url.json", "uv_build.json")
_SIGNATURES = ("RECORD", "RECORD.jws", "RECORD.p7s")


class Place(Value):
    """An environment, as far as an installer needs to know it."""

    prefix: str
    """Links resolved."""
    site: str
    """Its site-packages, links resolved."""
    version: str
    """``3.11``."""
    shebangs: tuple[bytes, ...]
    """First lines that its scripts may have, the likeliest first."""

    @property
    def scripts(self) -> str:
        """Where scripts go."""
        return os.path.join(self.prefix, "bin")


class File(NamedTuple):
    """One file to be there."""

    sha256: str
    executable: bool
    member: str
    """Its name in the wheel; empty where ``data`` holds it."""
    data: bytes


class Laid(NamedTuple):
    """Everything that a wheel puts into an environment."""

    files: dict[str, File]
    """By absolute path."""
    cannot: tuple[str, ...]
    """What cannot be made as it was, a sentence each."""


def lay_out(
    contents: Contents, place: Place, sealed: "Mapping[str, Entry]", *, whole: bool, source: "Source | None" = None
) -> Laid:
    """What a wheel puts where.

    Args:
        contents: The proven wheel.
        place: The environment.
        sealed: Absolute path to entry of the manifest; empty where there is none.
        whole: Every byte of the wheel is proven, also files that its RECORD does not list.
        source: Where the golden environment had it from, where that was no index.

    Raises:
        ArtifactError: A file of it is not what its RECORD lists, or leads out of the environment.
    """
    return _Layout(contents, place, sealed, whole=whole, source=source).done()


class _Layout:
    def __init__(
        self, contents: Contents, place: Place, sealed: "Mapping[str, Entry]", *, whole: bool, source: "Source | None"
    ) -> None:
        self._contents = contents
        self._place = place
        self._sealed = sealed
        self._whole = whole
        self._source = source
        self._who: Identity = artifact.identity(contents)
        self._files: dict[str, File] = {}
        self._cannot: list[str] = []
        self._moved: dict[str, str] = {}
        self._written: dict[str, bytes] = {}
        self._unlisted: list[str] = []

    def done(self) -> Laid:
        listed = {row.path: row.hash for row in artifact.rows(self._contents, self._who.metadata)}
        metadata = os.path.join(self._place.site, self._who.metadata)
        for name in self._contents.names:
            if name.endswith("/") or name in {f"{self._who.metadata}/{each}" for each in (*_SIGNATURES, *_NOTES)}:
                continue
            self._unpack(name, listed)
        self._make_scripts()
        for note in _NOTES:
            self._make_note(os.path.join(metadata, note), note)
        self._make_record(os.path.join(metadata, "RECORD"))
        return Laid(self._files, tuple(self._cannot))

    def _unpack(self, name: str, listed: "Mapping[str, str]") -> None:
        path, is_script = self._target(name)
        expected = listed.get(name, "")
        if expected.startswith("sha256:") and not is_script:
            # Read only if it has to be put in place, and then held to this digest: wheels of gigabytes are common.
            self._moved[name] = _record.relative(path, self._place.site)
            executable = self._mode(path, executable=self._contents.executable(name))
            self._files[path] = File(expected.removeprefix("sha256:"), executable, name, b"")
            return
        data = self._contents.read(name)
        entry = self._sealed.get(path)
        digest = hashlib.sha256(data).hexdigest()
        if expected:
            algorithm, _colon, wanted = expected.partition(":")
            if hashlib.new(algorithm, data).hexdigest() != wanted:
                raise ArtifactError(f"{name!a} is not what its RECORD lists")
        elif not self._whole and (entry is None or entry.sha256 != digest):
            self._cannot.append(f"{name!a} is in the wheel and not in its RECORD, so that nothing proves it: left out")
            return
        self._moved[name] = _record.relative(path, self._place.site)
        if name not in listed:
            self._unlisted.append(self._moved[name])
        executable = self._contents.executable(name)
        if is_script:
            made = self._pick(path, _scripts.rewritten(data, self._place.shebangs))
            if made != data:
                self._write(path, made, executable=True)
                return
            executable = True
        self._files[path] = File(digest, self._mode(path, executable=executable), name, b"")

    def _target(self, name: str) -> tuple[str, bool]:
        """Where a file of the wheel goes, and whether it is a script."""
        parts = name.split("/")
        if "\0" in name or "\\" in name or any(part in ("", ".", "..") for part in parts):
            raise ArtifactError(f"{name!a} is no path that a wheel may hold")
        if not parts[0].endswith(".data"):
            return os.path.join(self._place.site, *parts), False
        scheme, rest = parts[1], parts[2:]
        if not rest:
            raise ArtifactError(f"{name!a} is no path that a wheel may hold")
        python = f"python{self._place.version}"
        tops = {
            "purelib": self._place.site,
            "platlib": self._place.site,
            "scripts": self._place.scripts,
            "data": self._place.prefix,
            "headers": os.path.join(
                self._place.prefix, "include", "site", python, self._who.metadata.partition("-")[0]
            ),
        }
        if scheme not in tops:
            raise ArtifactError(f"{name!a} is for a place that no installer knows")
        return os.path.join(tops[scheme], *rest), scheme == "scripts"

    def _make_scripts(self) -> None:
        try:
            points = _scripts.entry_points(self._optional("entry_points.txt"))
        except ValueError as error:
            raise ArtifactError(f"its entry points are broken: {error}") from error
        points |= self._versioned(points)
        for name, (module, function) in points.items():
            path = os.path.join(self._place.scripts, name)
            ways = _scripts.renderings(module, function, self._place.shebangs)
            self._write(path, self._pick(path, ways), executable=True)

    def _versioned(self, points: "Mapping[str, tuple[str, str]]") -> dict[str, tuple[str, str]]:
        """``pip3.11`` beside ``pip``: pip makes that of itself, whatever the wheel says; uv does not."""
        if self._who.name != "pip" or "pip" not in points:
            return {}
        names = ("pip3", f"pip{self._place.version}")
        known = [name for name in names if os.path.join(self._place.scripts, name) in self._sealed]
        return dict.fromkeys(known if self._sealed else names, points["pip"])

    def _make_note(self, path: str, note: str) -> None:
        """A file in which the installer says how it installed: as sealed, or as it is, or by our own name."""
        entry = self._sealed.get(path)
        if self._sealed and entry is None:
            return
        present = _bytes_of(path)
        known: dict[str, tuple[bytes, ...]] = {"INSTALLER": (b"pip\n", b"uv"), "REQUESTED": (b"",)}
        if self._source is not None:
            known["direct_url.json"] = tuple(_record.direct_urls(self._source))
        ways = tuple(_uv_cache(self._contents.path)) if note == "uv_cache.json" else known.get(note, ())
        if entry is not None:
            self._write(path, self._pick(path, ways), executable=False)
        elif note == "INSTALLER":
            self._write(path, present if present in ways else b"envguard\n", executable=False)
        elif note == "REQUESTED" and present is not None:
            self._write(path, b"", executable=False)
        elif note == "direct_url.json" and self._source is not None:
            self._write(path, ways[0], executable=False)

    def _make_record(self, path: str) -> None:
        site = self._place.site
        sources = {each for each in self._files if each.endswith(".py") and each.startswith(f"{site}/")}
        folders = {os.path.join(os.path.dirname(each), "__pycache__") for each in sources}
        sealed = bytecode_in(self._sealed, folders)
        cached = [_record.relative(each, site) for each in sealed if _source(each) in sources]
        wheel = _record.raw_rows(self._contents.read(f"{self._who.metadata}/RECORD"))
        ways = _record.renderings(wheel, self._moved, self._written, self._unlisted, cached)
        self._write(path, self._pick(path, ways), executable=False)

    def _optional(self, name: str) -> bytes:
        full = f"{self._who.metadata}/{name}"
        return self._contents.read(full) if full in self._contents.names else b""

    def _pick(self, path: str, ways: "Iterable[bytes]") -> bytes:
        """Of several ways to write a file the sealed one, or what is there if it is that; else the first: that is said.

        An entry without a digest was sealed in another place, where the file had to be another.
        """
        entry = self._sealed.get(path)
        first: bytes | None = None
        for data in ways:
            if entry is None or entry.sha256 in ("", hashlib.sha256(data).hexdigest()):
                return data
            first = data if first is None else first
        present = _bytes_of(path)
        if present is not None and entry is not None and hashlib.sha256(present).hexdigest() == entry.sha256:
            return present
        self._cannot.append(f"{path}: written by an installer in a way that is not known here")
        return first if first is not None else present or b""

    def _write(self, path: str, data: bytes, *, executable: bool) -> None:
        digest = hashlib.sha256(data).hexdigest()
        self._files[path] = File(digest, self._mode(path, executable=executable), "", data)
        self._written[_record.relative(path, self._place.site)] = data

    def _mode(self, path: str, *, executable: bool) -> bool:
        entry = self._sealed.get(path)
        return executable if entry is None or entry.kind != "f" else entry.executable


def _uv_cache(wheel: str) -> "Iterator[bytes]":
    """What uv notes of a wheel that lies in a folder: when that file was made, in the words of its versions."""
    status = os.stat(wheel)
    for time in (status.st_ctime_ns, status.st_mtime_ns):
        stamp = f'{{"secs_since_epoch":{time // 10**9},"nanos_since_epoch":{time % 10**9}}}'
        for more in (',"commit":null,"tags":null,"env":{},"directories":{}', ',"commit":null,"tags":null', ""):
            yield f'{{"timestamp":{stamp}{more}}}'.encode()


def _source(path: str) -> str:
    """The source of byte code in ``__pycache__``."""
    folder, name = os.path.split(path)
    return os.path.join(os.path.dirname(folder), name.partition(".")[0] + ".py")


def _bytes_of(path: str) -> "bytes | None":
    try:
        if not os.path.isfile(path):
            return None
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def bytecode_of(path: str) -> "Iterator[str]":
    """The byte code that Python keeps of a source."""
    folder, name = os.path.split(path)
    stem = name.removesuffix(".py") + "."
    cache = os.path.join(folder, "__pycache__")
    try:
        names = os.listdir(cache)
    except OSError:
        return
    yield from (os.path.join(cache, each) for each in sorted(names) if each.startswith(stem) and ".pyc" in each)
