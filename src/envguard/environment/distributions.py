"""One installed distribution, put together from what its metadata folder shows."""

import os

from envguard._value import Value
from envguard.environment import contents, metadata
from envguard.environment.folders import Vanished
from envguard.facts import direct_url, records, variant, wheel
from envguard.facts.reading import RECORD_LIMIT, ReadFailure, read
from envguard.model import Change, Distribution, Source
from envguard.versions import is_name, normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from envguard.environment.contents import Contents
    from envguard.environment.folders import Candidate

_IMPORTABLE = (".py", ".so", ".pyd", ".pyc")


class Found(Value):
    """What one candidate turned out to be."""

    distribution: "Distribution | None" = None
    """None where not even a name could be read."""
    broken: "Change | None" = None
    rows: "tuple[records.Row, ...]" = ()
    """Of RECORD."""


def of_candidate(candidate: "Candidate", markers: "Mapping[str, str]") -> Found:
    """The distribution that a metadata folder or file describes.

    Args:
        candidate: Where it is.
        markers: PEP 508 environment of the judged interpreter.

    Raises:
        Vanished: It was listed a moment ago and is gone.
    """
    if candidate.kind == "egg-info" and not os.path.isdir(candidate.path) and not os.path.islink(candidate.path):
        return _of_file(candidate, markers)
    try:
        folder = contents.Folder(candidate.path)
    except ReadFailure as failure:
        return _unreadable(candidate, failure.why)
    return of_contents(candidate, folder, markers)


def of_contents(candidate: "Candidate", files: "Contents", markers: "Mapping[str, str]") -> Found:
    """The distribution that the files of a metadata folder describe, on disk or in a zip file."""
    faults: list[str] = []
    file = "METADATA" if candidate.path.endswith(".dist-info") else "PKG-INFO"
    data = _required(files, file, faults)
    headers = metadata.parse(data, strict=file == "METADATA") if data is not None else metadata.Headers()
    faults += [f"{file} {fault}" for fault in headers.faults]
    faults += _disagreement(candidate, file, headers)
    # These two are evidence for traits and sources, and no source of name or version: depth files judges them.
    wheel_file = _optional(files, "WHEEL", [])
    installer = _optional(files, "INSTALLER", []).decode("utf-8", "replace").strip()
    rows = _rows(files, faults)
    source = _source(files, installer, faults)
    name, version = _name_and_version(candidate, headers)
    tags = wheel.tags(wheel_file)
    # An egg-link is a working copy; a .pth named so is how setuptools makes one without direct_url.json.
    editable = (source is not None and source.editable) or any(row.path.startswith("__editable__") for row in rows)
    made = Distribution(
        name=name,
        version=version,
        path=candidate.path,
        location=candidate.location,
        kind=candidate.kind,
        installer=installer,
        source=source,
        record=_digest(candidate, rows),
        tags=tags,
        traits=wheel.traits(
            name,
            version,
            tags,
            [row.path for row in rows],
            purelib=wheel.root_is_purelib(wheel_file) if wheel_file else None,
            requires=headers.requires,
            environment=markers,
            editable=editable or candidate.kind == "egg-link",
        ),
        variant=variant.of(name, candidate.location) if candidate.kind != "zip" else None,
        top_level=top_level(rows, files),
        requires=headers.requires,
    )
    return Found(
        distribution=made if is_name(name) else None,
        broken=_change(candidate, name, faults) if faults else None,
        rows=rows,
    )


def linked(candidate: "Candidate", markers: "Mapping[str, str]") -> Found:
    """The working copy that an ``.egg-link`` leads to (``setup.py develop``): its metadata lies with its sources."""
    try:
        lines = read(candidate.path).decode("utf-8", "surrogateescape").splitlines()
    except ReadFailure as failure:
        if failure.missing and not os.path.islink(candidate.path):
            raise Vanished(candidate.path) from failure
        return _unreadable(candidate, failure.why)
    target = os.path.abspath(os.path.join(candidate.location, lines[0].strip())) if lines and lines[0].strip() else ""
    if not target or "\0" in target:
        return _unreadable(candidate, "names no folder")
    path = _egg_info(target, candidate.stem)
    if not path:
        return _unreadable(candidate, f"leads to {target!a}, where there is no metadata of it")
    stem = os.path.basename(path).removesuffix(".egg-info")
    found = of_candidate(candidate.replace(path=path, location=target, stem=stem, kind="egg-link"), markers)
    if found.distribution is None:
        return found
    return found.replace(distribution=found.distribution.replace(source=_working_copy(target)))


def _egg_info(target: str, stem: str) -> str:
    try:
        listed = sorted(os.listdir(target))
    except OSError:
        return ""
    for name in listed:
        if name.endswith(".egg-info") and normalise(metadata.split_egg(name.removesuffix(".egg-info"))[0]) == normalise(
            stem
        ):
            return os.path.join(target, name)
    return ""


def _working_copy(target: str) -> Source:
    from urllib.parse import quote

    return Source(kind="directory", url="file://" + quote(os.fsencode(target)), editable=True)


def _of_file(candidate: "Candidate", markers: "Mapping[str, str]") -> Found:
    """An ``.egg-info`` that is itself the PKG-INFO, as distutils wrote it."""
    try:
        data = read(candidate.path)
    except ReadFailure as failure:
        if failure.missing:
            raise Vanished(candidate.path) from failure
        return _unreadable(candidate, failure.why)
    headers = metadata.parse(data, strict=False)
    faults = [f"this file {fault}" for fault in headers.faults] + _disagreement(candidate, "this file", headers)
    name, version = _name_and_version(candidate, headers)
    made = Distribution(
        name=name,
        version=version,
        path=candidate.path,
        location=candidate.location,
        kind="egg-info",
        requires=headers.requires,
        traits=wheel.traits(name, version, requires=headers.requires, environment=markers),
    )
    return Found(
        distribution=made if is_name(name) else None, broken=_change(candidate, name, faults) if faults else None
    )


def _unreadable(candidate: "Candidate", why: str) -> Found:
    """Its name is all that is known; it still counts as installed, so that a second copy of it is noticed."""
    name, version = _name_and_version(candidate, metadata.Headers())
    made = Distribution(
        name=name, version=version, path=candidate.path, location=candidate.location, kind=candidate.kind
    )
    return Found(distribution=made if is_name(name) else None, broken=_change(candidate, name, [why]))


def _change(candidate: "Candidate", name: str, faults: list[str]) -> Change:
    return Change(code="EG109", kind="broken", package=name, path=candidate.path, evidence=tuple(faults))


def _name_and_version(candidate: "Candidate", headers: metadata.Headers) -> tuple[str, str]:
    """From METADATA; what it does not tell, from the folder's name."""
    if candidate.path.endswith(".egg-link"):
        name, version = candidate.stem, ""
    elif candidate.path.endswith(".dist-info"):
        name, version = metadata.split(candidate.stem)
    else:
        name, version = metadata.split_egg(candidate.stem)
    return normalise(headers.name or name), headers.version or version


def _disagreement(candidate: "Candidate", file: str, headers: metadata.Headers) -> list[str]:
    if not headers.name or not headers.version or not candidate.stem:
        return []
    is_wheel = candidate.path.endswith(".dist-info")
    agree = metadata.agrees if is_wheel else metadata.agrees_egg
    if agree(candidate.stem, headers.name, headers.version):
        return []
    said = f"{headers.name!a} {headers.version!a}"
    return [f"{file} says {said}, the name of its folder says {candidate.stem!a}"]


def _required(files: "Contents", name: str, faults: list[str]) -> bytes | None:
    try:
        return files.read(name)
    except ReadFailure as failure:
        faults.append(f"{name}: {failure.why}")
        return None


def _optional(files: "Contents", name: str, faults: list[str]) -> bytes:
    return (_required(files, name, faults) or b"") if name in files.names else b""


def _rows(files: "Contents", faults: list[str]) -> "tuple[records.Row, ...]":
    """The rows of RECORD. That there is none is no fault: Debian removes it, conda and eggs may have none."""
    if "RECORD" not in files.names:
        return ()
    try:
        return records.parse(files.read("RECORD", RECORD_LIMIT))
    except ReadFailure as failure:
        faults.append(f"RECORD: {failure.why}")
    except records.RecordError as error:
        faults.append(f"RECORD: {error.why}")
    return ()


def _digest(candidate: "Candidate", rows: "tuple[records.Row, ...]") -> str:
    return records.portable_digest(rows, os.path.basename(candidate.path)) if rows else ""


def _source(files: "Contents", installer: str, faults: list[str]) -> Source | None:
    data = _optional(files, "direct_url.json", faults)
    if not data:
        if "direct_url.json" in files.names and not any(fault.startswith("direct_url.json") for fault in faults):
            faults.append("direct_url.json: is empty")
        return None
    try:
        return direct_url.parse(data, installer)
    except direct_url.DirectUrlError as error:
        faults.append(f"direct_url.json: {error.why}")
        return None


def top_level(rows: "tuple[records.Row, ...]", files: "Contents") -> tuple[str, ...]:
    """Names that it can be imported by: from RECORD, which says what is there, else as top_level.txt has it."""
    paths = [row.path for row in rows if row.path.endswith(_IMPORTABLE)]
    firsts = {path.partition("/")[0] for path in paths}
    found = {first.partition(".")[0] if first.endswith(_IMPORTABLE) else first for first in firsts}
    found.discard("__pycache__")
    modules = {name for name in found if name.isidentifier() and not name.startswith("__editable__")}
    if not modules and "top_level.txt" in files.names:
        text = _optional(files, "top_level.txt", []).decode("utf-8", "replace")
        modules = {line.strip().replace("/", ".") for line in text.splitlines() if line.strip().isidentifier()}
    return tuple(sorted(modules))
