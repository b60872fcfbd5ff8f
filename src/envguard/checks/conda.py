"""Do conda's own records say what the lock says of conda packages?

Versions and builds are compared as text: both come from the same repository data, and conda's order of versions is not
that of PEP 440 (``2.5.0`` < ``2.5.0+cu121`` in one, the reverse in the other), so no direction is claimed.
"""

import re

from envguard.checks._pairing import installed
from envguard.model import Change
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import CondaPackage, Depth, Environment, Pin, Snapshot

NAME = "conda"
CODES = ("EG101", "EG102", "EG103", "EG105", "EG107")
DEPTH: "Depth" = "versions"

_SUBDIR = re.compile(r"/(?:noarch|(?:linux|osx|win)-[a-z0-9]+)/?$")
_CUDA_BUILD = re.compile(r"cuda|cu\d\d", re.IGNORECASE)
_DEFAULTS = ("pkgs/main", "pkgs/r", "pkgs/msys2", "pkgs/free", "main")


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each conda pin whose record is missing or says something else, and each record without a pin."""
    pins = [pin for pin in snapshot.pins if pin.manager == "conda"]
    if not pins:
        return
    records = {package.name.lower(): package for package in environment.conda or ()}
    for pin in pins:
        record = records.get(pin.name.lower())
        if record is None:
            yield _missing(pin, environment)
        elif not pin.unverifiable and pin.version is not None:
            yield from _compared(pin, record)
    if snapshot.complete:
        yield from _unlocked(snapshot, environment)


def _compared(pin: "Pin", record: "CondaPackage") -> "Iterator[Change]":
    if pin.version != record.version:
        yield _change(pin, record, "EG102", "different", "other", pin.version or "", record.version)
        return
    if pin.build and not _build_fits(pin.build, record.build):
        yield _change(pin, record, "EG107", "rebuilt", "build", pin.build, record.build)
    elif pin.channel and not _same_channel(pin.channel, record.channel):
        yield _change(pin, record, "EG105", "source", "channel", pin.channel, record.channel or "not recorded")
    elif _other_archive(pin, record):
        yield _change(pin, record, "EG107", "rebuilt", "build", " ".join(pin.hashes), record.digest)


def _missing(pin: "Pin", environment: "Environment") -> Change:
    evidence = f"no conda-meta below {environment.prefix}" if environment.conda is None else "no record in conda-meta"
    by_pip = installed(environment).get(normalise(pin.name))
    if by_pip is None or by_pip[0].version != pin.version:
        also = () if by_pip is None else (f"pip sees {by_pip[0].version or 'no version'} in {by_pip[0].path}",)
        return _change(pin, None, "EG101", "removed", "", pin.version or pin.text, "", evidence, *also)
    return _change(
        pin,
        None,
        "EG105",
        "source",
        "channel",
        pin.channel or "conda",
        by_pip[0].installer or "pip",
        evidence,
        f"the same version is in {by_pip[0].path}",
    )


def _unlocked(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    locked = {normalise(pin.name) for pin in snapshot.pins}
    for package in environment.conda or ():
        if normalise(package.name) in locked or (package.python_name and package.python_name in locked):
            continue
        yield Change(
            code="EG103",
            kind="added",
            package=package.name,
            installed=package.version,
            path=package.path,
            evidence=(f"no line of {snapshot.path} names it",),
            traits=_traits(package.build),
        )


def _change(
    pin: "Pin",
    record: "CondaPackage | None",
    code: str,
    kind: str,
    part: str,
    locked: str,
    found: str,
    *evidence: str,
) -> Change:
    return Change(
        code=code,
        kind=kind,
        package=pin.name,
        part=part,
        locked=locked,
        installed=found,
        path=pin.path,
        line=pin.line,
        evidence=(*evidence, *(() if record is None else (f"recorded in {record.path}",))),
        traits=_traits(pin.build, "" if record is None else record.build),
    )


def _traits(*builds: str) -> tuple[str, ...]:
    return ("conda", "cuda") if any(_CUDA_BUILD.search(build) for build in builds) else ("conda",)


def _build_fits(wanted: str, build: str) -> bool:
    """True when a build string, in which ``*`` stands for anything, names ``build``."""
    return re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), build) is not None


def _same_channel(wanted: str, recorded: str) -> bool:
    wanted, recorded = _channel(wanted), _channel(recorded)
    return wanted == recorded or (wanted == "defaults" and recorded in _DEFAULTS)


def _channel(text: str) -> str:
    """The name of a channel: the last parts of its URL, without a platform."""
    path = text.partition("://")[2].partition("/")[2] if "://" in text else text
    return _SUBDIR.sub("", path.strip("/")).lower()


def _other_archive(pin: "Pin", record: "CondaPackage") -> bool:
    algorithm = record.digest.partition(":")[0]
    comparable = [digest.lower() for digest in pin.hashes if digest.partition(":")[0].lower() == algorithm.lower()]
    return bool(record.digest) and bool(comparable) and record.digest.lower() not in comparable
