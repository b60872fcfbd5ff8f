"""Where a finding is shown in the files of a repository, and how it is known again in the next run."""

import hashlib
import os
from urllib.parse import quote

from envguard._value import Value
from envguard.reporters._plain import cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Change, Report

_LONGEST_PATH = 1000


class Anchor(Value):
    """A line of a file."""

    path: str
    """Relative to the working folder where the file lies below it, with ``/``; else as it was."""
    line: int
    """1-based."""
    below: bool
    """True where the file lies below the working folder."""

    @property
    def uri(self) -> str:
        """A relative reference, or a file URI (RFC 8089) for what lies elsewhere."""
        # A colon in a relative reference would be taken for the end of a scheme (RFC 3986, 4.2).
        return quote(self.path, safe="/") if self.below else "file://" + quote(os.path.join("/", self.path), safe="/")


def anchor(change: "Change", report: "Report") -> Anchor:
    """Where to show a change: its own line, else the first line of the lock.

    Code hosts show a finding only at a file of the repository. What differs lies in ``site-packages`` most of the time,
    so a change without a line is shown at the lock, and its own place is part of the text.
    """
    if change.path and change.line:
        return at(change.path, change.line)
    return at(report.lock or change.path or report.prefix or ".", 1)


def at(path: str, line: int = 1) -> Anchor:
    """A line of any file."""
    shown = cut(path, _LONGEST_PATH)
    relative = _relative(shown)
    return Anchor(path=relative or shown, line=max(line, 1), below=bool(relative))


def elsewhere(change: "Change", report: "Report") -> str:
    """The change's own place, where it is shown at another one; else empty."""
    shown = anchor(change, report).path
    return cut(change.path, _LONGEST_PATH) if change.path and at(change.path).path != shown else ""


def _relative(path: str) -> str:
    try:
        folder = os.getcwd()
    except OSError:  # removed under our feet: nothing lies below it
        return ""
    relative = os.path.relpath(os.path.join(folder, path), folder)
    outside = relative == os.pardir or relative.startswith(os.pardir + os.sep)
    return "" if outside else relative.replace(os.sep, "/")


def fingerprints(report: "Report") -> tuple[str, ...]:
    """A hex digest for each finding, in their order: the same in every run, on every machine, wherever a line moves to.

    It is made of code, package, kind, what was locked and what is installed, and the place inside the environment. What
    is the same in all that is numbered, since code hosts drop all but one finding with the same fingerprint.
    """
    seen: dict[str, int] = {}
    digests = []
    for finding in report.findings:
        key = "\0".join((*_identity(finding.change), _inside(finding.change.path, report.prefix)))
        seen[key] = seen.get(key, 0) + 1
        digests.append(hashlib.sha256(f"{key}\0{seen[key]}".encode("utf-8", "backslashreplace")).hexdigest())
    return tuple(digests)


def _identity(change: "Change") -> tuple[str, ...]:
    return (change.code, change.package, change.kind, change.locked, change.installed)


def _inside(path: str, prefix: str) -> str:
    """The part of ``path`` below the environment, which another machine has elsewhere; empty for any other place."""
    root = prefix.rstrip("/") + "/"
    return path[len(root) :] if prefix and path.startswith(root) else ""
