"""What is to be looked at of a conda package that is not installed, in a folder that is laid out as the prefix.

The archive is proven, and may be hostile all the same: every path and link was checked by ``layout`` within the
package, and nothing is written behind a link that another package brought.
"""

import hashlib
import os
import re

from envguard._value import Value
from envguard.change.conda import record
from envguard.change.placing.artifact import ArtifactError
from envguard.change.wheels import incoming, wheel_files
from envguard.errors import EnvguardError
from envguard.facts.reading import why
from envguard.facts.records import Row
from envguard.facts.tree import is_below

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envguard.change.conda.archive import Contents
    from envguard.change.conda.layout import File, Laid, Place
    from envguard.facts.evidence import FileFacts
    from envguard.model import Pin

_METADATA = re.compile(r"[^/]+\.(?:dist|egg)-info(?:/[^/]+)?", re.ASCII)
_PROGRAM = re.compile(r"bin/python[\d.]*", re.ASCII)
"""The interpreter, whose own libraries every other file meets."""


class Unpacked(Value):
    """What is in the folder now, and what would be in the prefix."""

    files: tuple[Row, ...]
    """Path relative to the prefix, digest (none for a link), size."""
    natives: "tuple[FileFacts, ...]"
    """What its shared objects show, where they were asked for; paths relative to site-packages."""
    has_natives: bool
    """It holds something that is named like a shared object."""


def unpack(contents: "Contents", laid: "Laid", pin: "Pin", place: "Place", root: str, *, native: bool) -> Unpacked:
    """Leave sources, metadata and, with ``native``, shared objects in a folder, and the record last.

    Args:
        contents: The proven archive.
        laid: What it puts where.
        pin: Which package it is.
        place: The environment that it is for.
        root: The folder.
        native: Shared objects too.

    Raises:
        ArtifactError: A file is not what the package lists, or lies behind a link of another one.
        EnvguardError: There is no room for it, or it cannot be written.
    """
    return _Unpacking(contents, laid, place, root, native=native).done(pin)


class _Unpacking:
    def __init__(self, contents: "Contents", laid: "Laid", place: "Place", root: str, *, native: bool) -> None:
        self._contents = contents
        self._laid = laid
        self._prefix = f"{place.prefix}/"
        self._site = f"{place.site}/"
        self._root = root
        self._native = native

    def done(self, pin: "Pin") -> Unpacked:
        files = {self._relative(path): file for path, file in self._laid.files.items()}
        links = {self._relative(path): target for path, target in self._laid.links.items()}
        sizes = {path: self._size(file) for path, file in files.items()}
        kept = [path for path in files if self._is_kept(path, sizes[path])]
        label = f"{pin.name} {pin.version} {pin.build}"
        try:
            os.makedirs(self._root, exist_ok=True)
            wheel_files.check_room(sum(sizes[path] for path in kept), self._root, label)
            written = [path for path in kept if self._write(path, files[path])]
            for path, target in links.items():
                self._link(path, target)
            self._record(pin)
        except OSError as error:
            raise EnvguardError(f"cannot be unpacked to {self._root}: {why(error)}", path=label) from error
        rows = [Row(path, f"sha256:{file.sha256}", sizes[path]) for path, file in files.items()]
        rows += [Row(path, "", None) for path in links]
        return Unpacked(
            files=tuple(sorted(rows)),
            natives=tuple(self._facts(written)) if self._native else (),
            has_natives=any(incoming.is_shared_object(path) for path in (*files, *links)),
        )

    def _relative(self, path: str) -> str:
        return path[len(self._prefix) :]

    def _size(self, file: "File") -> int:
        return self._contents.length(file.member) if file.member else len(file.data)

    def _is_kept(self, path: str, size: int) -> bool:
        if path.startswith(self._site):
            inside = path[len(self._site) :]
            if _METADATA.fullmatch(inside) or incoming.is_kept_source(inside, size):
                return True
        return self._native and (incoming.is_shared_object(path) or bool(_PROGRAM.fullmatch(path)))

    def _write(self, path: str, file: "File") -> bool:
        """Write one file; False where another package brought one, which is for the consequences to say."""
        target = self._target(path)
        if os.path.lexists(target):
            return False
        digest = hashlib.sha256()
        with open(target, "xb") as opened:
            for block in self._blocks(file):
                digest.update(block)
                opened.write(block)
        if digest.hexdigest() != file.sha256:
            raise ArtifactError(f"{path!a} is not what its info/paths.json lists")
        return True

    def _blocks(self, file: "File") -> "Iterator[bytes]":
        return self._contents.blocks(file.member) if file.member else iter((file.data,))

    def _link(self, path: str, target: str) -> None:
        """Make a link that stays inside, or that the loader may follow to anywhere."""
        leads = os.path.normpath(os.path.join(os.path.dirname(path), target))
        inside = not target.startswith("/") and leads != ".." and not leads.startswith("../")
        place = self._target(path)
        followed = incoming.is_shared_object(path) or _PROGRAM.fullmatch(path) is not None
        if (inside or followed) and not os.path.lexists(place):
            os.symlink(target, place)

    def _target(self, path: str) -> str:
        """Where a file is written, its folder made."""
        folder = os.path.join(self._root, os.path.dirname(path))
        if not is_below(os.path.realpath(folder), self._root):
            raise ArtifactError(f"{path!a} lies behind a link of another package")
        os.makedirs(folder, exist_ok=True)
        return os.path.join(self._root, path)

    def _record(self, pin: "Pin") -> None:
        data = record.made(pin, self._laid, self._contents, url=pin.url, before={})
        with open(self._target(f"conda-meta/{record.file_name(pin)}"), "xb") as file:
            file.write(data)

    def _facts(self, written: "Iterable[str]") -> "Iterator[FileFacts]":
        for path in sorted(written):
            if incoming.is_shared_object(path):
                found = incoming.file_facts(os.path.join(self._root, path), os.path.relpath(path, self._site))
                if found is not None:
                    yield found
