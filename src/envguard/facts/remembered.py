"""What was seen in an environment in which nothing has changed since: kept for the next process, as facts.

"Nothing has changed" is not believed but looked at: the device, inode, size, modification and change time of every
file of the environment, of every file and folder outside it that the loader went through, and of the guard's own
modules must be the same, and so must the variables that steer the loader, the host's driver and the interpreter. The
change time cannot be set, so an edit shows whatever it pretends; what changed within the last seconds before it was
read is not kept at all, since such an edit could share its time. Byte code is left out: Python writes it at any start.

What was seen is judged anew each time. ``facts.cache`` says where it lies and who may have written it.
"""

import os
import re
import time
from collections.abc import Callable, Iterable
from hashlib import sha256

from envguard import __version__
from envguard.facts import cache
from envguard.facts.tree import list_files, list_folders, roots_of
from envguard.model import Change, Environment, Fact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from envguard.facts.native import Seen
    from envguard.facts.natives import Natives

_SETTLED = 2.0
"""Seconds that the youngest change must lie back. Kernels stamp files with the time of their last tick."""


class Memory:
    """What is known of one environment, and what must be the same for it to hold."""

    def __init__(self, natives: "Natives", asked: Iterable[str]) -> None:
        """Looks at every file of the environment, and opens none.

        Args:
            natives: Whose facts they are.
            asked: What else the facts depend on, such as the driver of the host.
        """
        environment = natives.environment
        place = "\n".join((environment.executable, environment.prefix, *environment.paths))
        self._key = f"sha256:{sha256(place.encode('utf-8', 'surrogateescape')).hexdigest()}"
        self._youngest = 0.0
        self._digest = ""
        if not cache.is_on():
            return
        found = list_files(roots_of(environment))
        if found.unlisted:
            return  # what cannot be listed can change unseen
        digest = sha256()
        for line in _circumstances(natives, asked):
            digest.update(line.encode("utf-8", "surrogateescape") + b"\0")
        for path in (*_own_modules(), environment.executable, *_conda_records(environment)):
            digest.update(self._identity(path))
        scripts = list_folders([os.path.join(environment.prefix, "bin")])
        for path in sorted((*found.files, *found.links, *found.others, *scripts.files, *scripts.links)):
            if not path.endswith(".pyc"):
                digest.update(path.encode("utf-8", "surrogateescape") + self._identity(path))
        self._digest = digest.hexdigest()

    def recall(self, make: "Callable[..., Seen]") -> "Seen | None":
        """What was seen, or None where nothing is known or something has changed.

        Args:
            make: The type of what was seen.
        """
        entry = cache.load(self._key) if self._digest else None
        if entry is None or entry.get("digest") != self._digest:
            return None
        try:
            if any(self._identity(path).hex() != told for path, told in entry["outside"]):
                return None
            return make(
                observations=tuple(_change(each) for each in entry["observations"]),
                notes=tuple(_change(each) for each in entry["notes"]),
                blind=tuple(map(str, entry["blind"])),
                toolchain=tuple(Fact(**_texts(each)) for each in entry["toolchain"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            return None  # an entry of another form

    def keep(self, seen: "Seen", outside: Iterable[str]) -> None:
        """Keep what was seen, unless something changed while it was looked at.

        Args:
            seen: What the facts are.
            outside: Files and folders besides the environment's that they depend on.
        """
        told = [(path, self._identity(path).hex()) for path in sorted(set(outside))]
        if not self._digest or time.time() - self._youngest < _SETTLED:
            return
        cache.store(
            self._key,
            {
                "digest": self._digest,
                "outside": told,
                "observations": [_plain(change) for change in seen.observations],
                "notes": [_plain(change) for change in seen.notes],
                "blind": list(seen.blind),
                "toolchain": [_plain(fact) for fact in seen.toolchain],
            },
        )

    def _identity(self, path: str) -> bytes:
        """What changes when a file or its link does; the same for whatever is not there."""
        try:
            link = os.lstat(path)
            status = os.stat(path)
        except (OSError, ValueError) as error:
            return f"|{type(error).__name__}|".encode()
        self._youngest = max(self._youngest, status.st_ctime, link.st_ctime)
        numbers = (
            *(status.st_dev, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns),
            *(link.st_ino, link.st_ctime_ns),
        )
        return f"|{','.join(map(str, numbers))}|".encode()


def _circumstances(natives: "Natives", asked: Iterable[str]) -> Iterable[str]:
    environment = natives.environment
    yield __version__
    yield repr(environment.interpreter)
    yield natives.library_path
    yield natives.preload
    yield "" if _is_absolute(natives.library_path) and _is_absolute(natives.preload) else os.getcwd()
    yield repr(sorted(natives.markers.items()))
    yield from (f"{each.path} {each.name} {each.version}" for each in environment.distributions)
    yield from asked


def _is_absolute(variable: str) -> bool:
    """False where the working folder may decide what an entry of LD_LIBRARY_PATH or LD_PRELOAD means."""
    return not variable or all(part.startswith("/") for part in re.split("[:; ]", variable))


def _own_modules() -> list[str]:
    """The modules that state facts: another release, or an edit, may see something else."""
    folder = os.path.dirname(os.path.abspath(__file__))
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".py")]


def _conda_records(environment: Environment) -> list[str]:
    return sorted(package.path for package in environment.conda or ())


def _plain(value: "Change | Fact") -> "dict[str, Any]":
    return {field: getattr(value, field) for field in value._fields if getattr(value, field)}


def _change(entry: "dict[str, Any]") -> Change:
    fields: dict[str, Any] = {
        name: tuple(map(str, value)) if isinstance(value, list) else value for name, value in entry.items()
    }
    return Change(**fields)


def _texts(entry: "dict[str, Any]") -> dict[str, str]:
    return {str(name): str(value) for name, value in entry.items()}
