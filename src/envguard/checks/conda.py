"""Do conda's own records say what the lock says of conda packages?

Versions and builds are compared as text: both come from the same repository data, and conda's order of versions is not
that of PEP 440 (``2.5.0`` < ``2.5.0+cu121`` in one, the reverse in the other), so no direction is claimed.

A Python distribution answers for a conda package only where a record of conda names it. An equal name proves nothing:
conda's graphviz, ninja and tzdata are not those of the Python index.
"""

import re

from envguard.checks._conda_order import contradicts, same_version
from envguard.checks._pairing import installed, pip_pins
from envguard.environment.conda import channel
from envguard.model import Change
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from envguard.model import CondaPackage, Depth, Distribution, Environment, Pin, Snapshot

NAME = "conda"
CODES = ("EG101", "EG102", "EG103", "EG105", "EG107")
DEPTH: "Depth" = "versions"

_CUDA_BUILD = re.compile(r"cuda|cu\d\d", re.IGNORECASE)
_DEFAULTS = ("pkgs/main", "pkgs/r", "pkgs/msys2", "pkgs/free", "main")


def check(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    """State each conda pin whose record is missing or says something else, and each record without a pin."""
    pins = [pin for pin in snapshot.pins if pin.manager == "conda"]
    if not pins:
        return
    records = {package.name.lower(): package for package in environment.conda or ()}
    by_pip = installed(environment)
    pinned_by_pip = {pin.name for pin in pip_pins(snapshot)}
    for pin in pins:
        record = records.get(pin.name.lower())
        python_name = normalise(pin.name) if record is None else record.python_name
        answer = by_pip[python_name][0] if python_name in by_pip else None
        if record is None:
            yield _missing(pin, answer, environment)
        elif pin.unverifiable:
            if contradicts(pin.text, record):
                yield _contradicted(pin, record)
        elif answer is not None and python_name not in pinned_by_pip and answer.installer not in ("", "conda"):
            yield _overwritten(pin, answer, f"conda-meta still records {record.version} in {record.path}")
        elif pin.version is not None:
            yield from _compared(pin, record)
    if snapshot.complete:
        yield from _unlocked(snapshot, environment)


def _compared(pin: "Pin", record: "CondaPackage") -> "Iterator[Change]":
    stated = _about(pin, record.build, f"recorded in {record.path}")
    if not same_version(pin.version or "", record.version):
        yield stated.replace(
            code="EG102", kind="different", part="other", locked=pin.version or "", installed=record.version
        )
    elif pin.build and not _build_fits(pin.build, record.build):
        yield stated.replace(code="EG107", kind="rebuilt", part="build", locked=pin.build, installed=record.build)
    elif pin.channel and not _same_channel(pin.channel, record.channel):
        found = record.channel or "not recorded"
        yield stated.replace(code="EG105", kind="source", part="channel", locked=pin.channel, installed=found)
    elif _other_archive(pin, record):
        locked = " ".join(pin.hashes)
        yield stated.replace(code="EG107", kind="rebuilt", part="build", locked=locked, installed=record.digest)


def _missing(pin: "Pin", answer: "Distribution | None", environment: "Environment") -> Change:
    why = f"no conda-meta below {environment.prefix}" if environment.conda is None else "no record in conda-meta"
    evidence = [why]
    if answer is not None:
        put = f"{answer.installer or 'an unknown installer'} put {answer.version} in {answer.path}"
        evidence.append(f"{put}: a distribution of the same name, which may be another project")
    return _about(pin, "", *evidence).replace(code="EG101", kind="removed", locked=pin.version or pin.text)


def _contradicted(pin: "Pin", record: "CondaPackage") -> Change:
    stated = _about(
        pin, record.build, f"recorded in {record.path}", "by conda's own rules it is not what the line allows"
    )
    installed = f"{record.version}={record.build}"
    return stated.replace(code="EG102", kind="different", part="other", locked=pin.text, installed=installed)


def _overwritten(pin: "Pin", answer: "Distribution", why: str) -> Change:
    """What conda was to install is there, but another installer put it there."""
    stated = _about(pin, "", why, f"{answer.installer or 'an unknown installer'} put {answer.version} in {answer.path}")
    if answer.version == pin.version:
        found = answer.installer or "unknown"
        return stated.replace(
            code="EG105", kind="source", part="channel", locked=pin.channel or "conda", installed=found
        )
    return stated.replace(
        code="EG102", kind="different", part="other", locked=pin.version or pin.text, installed=answer.version
    )


def _unlocked(snapshot: "Snapshot", environment: "Environment") -> "Iterator[Change]":
    by_conda = {pin.name.lower() for pin in snapshot.pins if pin.manager == "conda"}
    by_pip = {pin.name for pin in pip_pins(snapshot)}
    for package in environment.conda or ():
        if package.name.lower() in by_conda or (package.python_name and package.python_name in by_pip):
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


def _about(pin: "Pin", build: str, *evidence: str) -> Change:
    """A change of the package that ``pin`` names, still without what it states."""
    return Change(
        code="",
        kind="",
        package=pin.name,
        path=pin.path,
        line=pin.line,
        evidence=evidence,
        traits=_traits(pin.build, build),
    )


def _traits(*builds: str) -> tuple[str, ...]:
    return ("conda", "cuda") if any(_CUDA_BUILD.search(build) for build in builds) else ("conda",)


def _build_fits(wanted: str, build: str) -> bool:
    """True when a build string, in which ``*`` stands for anything, names ``build``."""
    return re.fullmatch(".*".join(map(re.escape, wanted.split("*"))), build) is not None


def _same_channel(wanted: str, recorded: str) -> bool:
    wanted, recorded = channel(wanted).lower(), channel(recorded).lower()
    return wanted == recorded or (wanted == "defaults" and recorded in _DEFAULTS)


def _other_archive(pin: "Pin", record: "CondaPackage") -> bool:
    algorithm = record.digest.partition(":")[0]
    comparable = [digest.lower() for digest in pin.hashes if digest.partition(":")[0].lower() == algorithm.lower()]
    return bool(record.digest) and bool(comparable) and record.digest.lower() not in comparable
