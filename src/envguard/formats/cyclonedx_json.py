"""CycloneDX in JSON, 1.2 to 1.7: an SBOM whose components name Python distributions or conda packages by purl.

Verified: name and version of each ``pkg:pypi`` component and its source where the purl has a ``vcs_url``; name,
version, build and channel of each ``pkg:conda`` component. Digests are compared for conda packages and for what was
installed from a URL. Everything else in an SBOM (programs, system packages, models, components inside components) is
no pin: such components are counted, and the document then does not name everything.
"""

import hashlib
import re
from urllib.parse import unquote

from envguard.environment.conda import channel as channel_of
from envguard.errors import LockError
from envguard.formats import _conda_names, _json, _locked, _python_pins, _settle, _text
from envguard.formats._requirement_files import PIN_LIMIT
from envguard.model import Artifact, Pin, Selection, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "cyclonedx"
SELECTS: tuple[str, ...] = ()

VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_LOOKS = re.compile(r'"bomFormat"\s*:\s*"CycloneDX"')
_PURL = re.compile(
    r"pkg:/{0,9}(?P<type>[A-Za-z][A-Za-z0-9.+-]{0,40})/(?P<name>[^@?#]{1,400})"
    r"(?:@(?P<version>[^?#]{0,400}))?(?:\?(?P<qualifiers>[^#]{0,4000}))?(?:#.{0,999})?",
    re.ASCII,
)
_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_HEX = re.compile(r"[0-9a-fA-F]{32,128}", re.ASCII)
_REMEDY = "write it again with the tool that made it"
_UNKNOWN = ("incomplete", "incomplete_first_party_only", "incomplete_third_party_only", "unknown", "not_specified")


def recognises(_filename: str, head: bytes) -> int:
    """2 where the document says that it is CycloneDX."""
    text = _text.peek(head)
    return 2 if text.lstrip().startswith("{") and _LOOKS.search(text) else 0


def parse(data: bytes, *, path: str, selection: "Selection | None" = None) -> Snapshot:  # noqa: ARG001 - the shape of every reader
    """Read an SBOM.

    Raises:
        LockError: The file is broken or of an unknown version.
    """
    content, text = _json.load(data, path)
    bom = _json.object_of(content, "the document", path=path, line=1)
    version = _json.text_of(bom, "specVersion", path=path, line=1)
    if bom.get("bomFormat") != "CycloneDX" or version not in VERSIONS:
        problem = f"version {_text.quote(version or 'none')} of CycloneDX is not known"
        raise LockError(problem, path=path, line=1, remedy=f"known are {VERSIONS[0]} to {VERSIONS[-1]}")
    components = _json.list_of(bom.get("components"), "components", path=path, line=1)
    if len(components) > PIN_LIMIT:
        raise LockError(f"more than {PIN_LIMIT} components", path=path)
    lines = _json.Lines(text)
    found: list[Pin] = []
    others = inside = 0
    for entry in components:
        component = _json.object_of(entry, "a component", path=path, line=0)
        inside += len(_json.list_of(component.get("components"), "components", path=path, line=0))
        pin = _pin(component, lines, path)
        if pin is None:
            others += 1
        else:
            found.append(pin)
    pins, notes = _settle.settle(found, [])
    why = _incomplete(bom, others, inside, path)
    return Snapshot(
        path=path,
        format=NAME,
        sha256=hashlib.sha256(data).hexdigest(),
        pins=pins,
        complete=not why,
        incomplete_why=why,
        notes=notes,
    )


def _incomplete(bom: "dict[str, Any]", others: int, inside: int, path: str) -> str:
    reasons = []
    if others:
        reasons.append(f"{others} components are neither of the Python index nor of conda")
    if inside:
        reasons.append(f"{inside} components stand inside others")
    for entry in _json.list_of(bom.get("compositions"), "compositions", path=path, line=0):
        stated = _json.object_of(entry, "a composition", path=path, line=0).get("aggregate")
        if stated in _UNKNOWN and "it says itself that it is not complete" not in reasons:
            reasons.append("it says itself that it is not complete")
    return "; ".join(reasons)


def _pin(component: "dict[str, Any]", lines: _json.Lines, path: str) -> "Pin | None":
    """The pin of a component, None where it is neither a Python distribution nor a conda package."""
    written = _json.text_of(component, "purl", path=path, line=0)
    purl = _PURL.fullmatch(written)
    line = lines.of_value("purl", written) if written else 0
    kind = purl["type"].lower() if purl else ""
    if purl is None and written.lower().startswith(("pkg:pypi", "pkg:conda")):
        raise LockError(f"not a purl: {_text.quote(written)}", path=path, line=line, remedy=_REMEDY)
    if purl is None or kind not in ("pypi", "conda"):
        return None
    name, version = unquote(purl["name"]).rstrip("/"), unquote(purl["version"] or "")
    stated = _json.text_of(component, "version", path=path, line=line)
    said = _qualifiers(purl["qualifiers"] or "")
    if kind == "conda":
        pin = _conda(name.rpartition("/")[2], version or stated, said, path=path, line=line)
    else:
        pin = _python(name, version or stated, said, path=path, line=line)
    if pin.source is None or pin.source.kind == "archive":
        files = _files(component, path, line)
        hashes = tuple(sorted({*_digests(component, path, line), *_locked.hashes(files)}))
        files = files if pin.source is None and kind == "pypi" else ()
        if (hashes, files) != (pin.hashes, pin.artifacts):
            pin = pin.replace(hashes=hashes, artifacts=files)
    if version and stated and version != stated:
        return pin.replace(unverifiable=f"its purl says {_text.quote(version)}, its version {_text.quote(stated)}")
    return pin


def _python(name: str, version: str, said: dict[str, str], *, path: str, line: int) -> Pin:
    pin = _python_pins.named(name, version, path=path, line=line)
    return _python_pins.artifact(pin, said.get("vcs_url") or said.get("download_url", ""))


def _conda(name: str, version: str, said: dict[str, str], *, path: str, line: int) -> Pin:
    build, channel = said.get("build", ""), channel_of(said.get("channel", ""))
    if not _conda_names.is_package(name, version or "0", build or "0"):
        shown = _text.quote(f"{name} {version} {build}")
        raise LockError(f"not a package of conda: {shown}", path=path, line=line, remedy=_REMEDY)
    archive = _conda_names.Archive(name=name.lower(), version=version, build=build, channel=channel)
    pin = _conda_names.pin(archive, path=path, line=line)
    if not version:
        return pin.replace(version=None, text=name, unverifiable="it names no version")
    return pin if build else pin.replace(text=f"{name}={version}")


def _qualifiers(text: str) -> dict[str, str]:
    return {key.lower(): unquote(value) for key, _equals, value in (part.partition("=") for part in text.split("&"))}


def _files(component: "dict[str, Any]", path: str, line: int) -> tuple[Artifact, ...]:
    """What the component links to as its distributions; some writers put digests beside the link only."""
    files = []
    for entry in _json.list_of(component.get("externalReferences"), "externalReferences", path=path, line=line):
        reference = _json.object_of(entry, "an external reference", path=path, line=line)
        if reference.get("type") == "distribution":
            url = _json.text_of(reference, "url", path=path, line=line)
            digests = _digests(reference, path, line) if "hashes" in reference else ()
            files.append(Artifact(name=_locked.file_name(url), url=_locked.fetched(url), hashes=digests))
    return tuple(files)


def _digests(fields: "dict[str, Any]", path: str, line: int) -> tuple[str, ...]:
    """Digests of a component or of a link."""
    found = []
    for entry in _json.list_of(fields.get("hashes"), "hashes", path=path, line=line):
        digest = _json.object_of(entry, "a hash", path=path, line=line)
        algorithm = _ALGORITHMS.get(_json.text_of(digest, "alg", path=path, line=line))
        value = _json.text_of(digest, "content", path=path, line=line).lower()
        if _HEX.fullmatch(value) is None:
            raise LockError(f"not a digest: {_text.quote(value)}", path=path, line=line, remedy=_REMEDY)
        if algorithm:
            found.append(f"{algorithm}:{value}")
    return tuple(sorted(set(found))) if len(found) > 1 else tuple(found)
