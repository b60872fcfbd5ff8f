"""A software bill of materials: CycloneDX 1.6 as JSON (ECMA-424).

It has neither time nor serial number, so that the same lock gives the same bytes.
"""

import json
from urllib.parse import quote

from envguard import __version__
from envguard.exporting._archives import platform_of, url_of
from envguard.exporting._plain import comment, some, source_name
from envguard.exporting._requirement import vcs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from envguard.exporting._wheels import Wheel
    from envguard.model import Pin, Snapshot

NAME = "cyclonedx"
FILE = "CycloneDX"
HOLDS = ("interpreter", "records", "variants", "markers", "conda-hashes", "indexes")

_ALGORITHMS = {
    "md5": "MD5",
    "sha1": "SHA-1",
    "sha256": "SHA-256",
    "sha384": "SHA-384",
    "sha512": "SHA-512",
    "blake2b": "BLAKE2b-512",
}
_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64, "sha384": 96, "sha512": 128, "blake2b": 128}


def write(snapshot: "Snapshot", wheels: "Mapping[str, tuple[Wheel, ...]]", remarks: list[str]) -> str:
    """One component for each pin; what the format has no field for stands in properties named ``envguard:...``."""
    loose = [pin for pin in snapshot.pins if pin.unverifiable]
    if loose:
        remarks.append(f"{some(loose)}: not pinned by the lock, which a property says")
    subject: dict[str, Any] = {"type": "file", "bom-ref": "lock", "name": source_name(snapshot)}
    subject["hashes"] = [{"alg": "SHA-256", "content": snapshot.sha256}]
    if snapshot.interpreter is not None:
        facts = {name: getattr(snapshot.interpreter, name) for name in snapshot.interpreter._fields}
        subject["properties"] = _properties({f"interpreter:{name}": value for name, value in facts.items()})
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "envguard-lock", "version": __version__}]},
            "component": subject,
        },
        "components": _components(snapshot, wheels),
    }
    return json.dumps(told, indent=2) + "\n"


def _components(snapshot: "Snapshot", wheels: "Mapping[str, tuple[Wheel, ...]]") -> "list[dict[str, Any]]":
    """Sorted; a reference that two pins share (one name under two markers) is told apart by a number."""
    components = []
    seen: dict[str, int] = {}
    for pin in sorted(snapshot.pins, key=lambda each: (each.manager, each.name, each.version or "", each.marker)):
        component = _component(pin, wheels.get(pin.name, ()) if pin.manager == "pip" else ())
        reference = component["bom-ref"]
        seen[reference] = seen.get(reference, 0) + 1
        if seen[reference] > 1:
            component["bom-ref"] = f"{reference}#{seen[reference]}"
        components.append(component)
    return components


def _component(pin: "Pin", wheels: "tuple[Wheel, ...]") -> "dict[str, Any]":
    purl = "" if pin.unverifiable else _purl(pin)
    name = pin.name or comment(pin.text)
    component: dict[str, Any] = {"type": "library", "bom-ref": purl or f"unpinned:{name}", "name": name}
    if pin.version:
        component["version"] = comment(pin.version)
    digests = _digests(pin, wheels)
    # Several digests of one kind are those of several artifacts, of which any one may be installed.
    kinds = [digest.partition(":")[0] for digest in digests]
    hashes = [_hash(digest) for digest in digests if kinds.count(digest.partition(":")[0]) == 1]
    if hashes:
        component["hashes"] = hashes
    if purl:
        component["purl"] = purl
    if pin.source is not None and not pin.unverifiable:
        kind = "vcs" if pin.source.kind == "vcs" else "distribution"
        component["externalReferences"] = [{"type": kind, "url": pin.source.url}]
    several = [digest for digest in digests if kinds.count(digest.partition(":")[0]) > 1]
    properties = _properties(_facts(pin)) + [{"name": "envguard:hash", "value": digest} for digest in several]
    if properties:
        component["properties"] = properties
    return component


def _facts(pin: "Pin") -> dict[str, str]:
    source = pin.source
    return {
        "record": pin.record,
        "tags": " ".join(pin.tags),
        "variant": pin.variant or "",
        "marker": pin.marker,
        "revision": source.revision if source is not None else "",
        "subdirectory": source.subdirectory if source is not None else "",
        "editable": "true" if source is not None and source.editable else "",
        "unverifiable": comment(pin.unverifiable),
        "text": comment(pin.text) if pin.unverifiable else "",
    }


def _properties(facts: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": f"envguard:{name}", "value": value} for name, value in facts.items() if value]


def _digests(pin: "Pin", wheels: "tuple[Wheel, ...]") -> list[str]:
    digests = {f"sha256:{wheel.sha256}" for wheel in wheels} or set(pin.hashes)
    if pin.source is not None and pin.source.digest:
        digests.add(pin.source.digest)
    return sorted(digest for digest in digests if _hash(digest)["alg"])


def _hash(digest: str) -> dict[str, str]:
    algorithm, _colon, content = digest.partition(":")
    fits = len(content) == _LENGTHS.get(algorithm) and not content.lower().strip("0123456789abcdef")
    return {"alg": _ALGORITHMS[algorithm] if fits else "", "content": content}


def _purl(pin: "Pin") -> str:
    """A package URL; qualifiers sorted, as its specification asks."""
    qualifiers = {}
    if pin.manager == "conda":
        url = url_of(pin)
        qualifiers = {"build": pin.build, "channel": pin.channel, "subdir": platform_of(url)}
        qualifiers["type"] = "" if not url else "conda" if url.endswith(".conda") else "tar.bz2"
    elif pin.source is not None and pin.source.kind == "vcs":
        qualifiers["vcs_url"] = f"{vcs_of(pin)}+{pin.source.url}@{pin.source.revision}"
    elif pin.source is not None and pin.source.kind == "archive":
        qualifiers["download_url"] = pin.source.url
    version = f"@{quote(pin.version, safe='')}" if pin.version else ""
    said = "&".join(f"{key}={quote(value, safe='/:')}" for key, value in sorted(qualifiers.items()) if value)
    kind = "conda" if pin.manager == "conda" else "pypi"
    return f"pkg:{kind}/{quote(pin.name, safe='')}{version}" + (f"?{said}" if said else "")
