"""``envguard.lock``: the golden file that ``envguard freeze`` writes.

It is a requirements file that pip and uv install, one sorted line for each package. What pip cannot say stands in
comments that begin with ``# envguard:``. The last line seals all bytes above it.

    # envguard: lock 1
    # envguard: interpreter cpython 3.11.7 cpython-311-x86_64-linux-gnu
    # envguard: platform linux x86_64 glibc 2.36
    numpy==1.26.4  # envguard: record=sha256:2f1c... tags=cp311-cp311-manylinux_2_17_x86_64
    # envguard: rule {"id": "numpy-abi", ...}
    # envguard: folders numpy-1.26.4.dist-info
    # envguard: evidence siphash:...
    # envguard: end packages=1 sha256:... siphash:...

In a conda environment each package of conda's is a directive, since pip cannot install it:

    # envguard: conda pytorch=2.5.0=py311_cu124_1 sha256=... channel=conda-forge/linux-64

The Python distribution that it brought has its own line as well, here ``torch==2.5.0``, which seals its RECORD. So
install the conda packages first: pip then finds those lines fulfilled, and installs the rest.

``folders`` and ``evidence`` let ``envguard.quick`` prove the environment without reading the pins.

The reader takes exactly what the writer writes. A line that it does not know, a broken seal or a newer format number is
an error, never a pass.
"""

import hashlib

from envguard import quick
from envguard.environment.conda import channel
from envguard.errors import LockError
from envguard.model import Interpreter, Manifest, Pin, Rule, Snapshot, Source
from envguard.rules import compiled
from envguard.versions import is_name, normalise, parse as parse_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from envguard.model import CondaPackage, Distribution

NAME = "envguard.lock"

_PREFIX = "# envguard: "
_FIELDS = ("name", "version", "record", "tags", "variant", "revision", "subdirectory", "digest")
_GIT = "git+"
"""What pip writes before a repository's URL; direct_url.json leaves it out (PEP 610)."""
_REFREEZE = "make a new one with `envguard freeze`"


def recognises(filename: str, head: bytes) -> int:
    """2 where the content says so; a file of the right name that says nothing is left to the other readers."""
    if b"# envguard: lock " in head:
        return 2
    return 1 if filename == NAME and b"# envguard:" in head else 0


# --- writing ---------------------------------------------------------------------------------------------------------


def write(
    *,
    interpreter: Interpreter,
    distributions: "Iterable[Distribution]" = (),
    conda: "Iterable[CondaPackage]" = (),
    rules: "Iterable[Rule]" = (),
    manifest: "Manifest | None" = None,
    bypass: bool = False,
    folders: str = "",
    evidence: str = "",
) -> bytes:
    """The bytes of a golden file.

    Args:
        interpreter: What the file was made for.
        distributions: What is installed; each becomes one line.
        conda: Records of conda-meta; each becomes one directive.
        rules: Rows that travel with the lock.
        manifest: The manifest that this lock seals.
        bypass: Allow ENVGUARD_BYPASS.
        folders: Names of the metadata folders (see ``envguard.quick``), empty to leave the quick path out.
        evidence: Checksum of what the metadata folders hold, likewise.

    Raises:
        LockError: A name or version cannot stand in a requirements file.
    """
    lines = [_distribution_line(distribution) for distribution in distributions]
    lines.sort()
    lines += sorted(_conda_line(package) for package in conda)
    packages = len(lines)
    if manifest is not None:
        lines.append(f"{_PREFIX}manifest {manifest.path} sha256={manifest.sha256} files={manifest.files}")
    if bypass:
        lines.append(f"{_PREFIX}bypass allowed")
    lines += [f"{_PREFIX}rule {compiled.dump(rule)}" for rule in rules]
    if folders:
        lines.append(f"{_PREFIX}folders {folders}")
        if evidence:
            lines.append(f"{_PREFIX}evidence {evidence}")
    head = quick.head(
        implementation=interpreter.implementation,
        version=interpreter.version,
        soabi=interpreter.soabi,
        system=interpreter.system,
        machine=interpreter.machine,
        libc=interpreter.libc,
    )
    body = (head + "".join(f"{line}\n" for line in lines)).encode()
    body += f"{_PREFIX}end packages={packages} sha256:{hashlib.sha256(body).hexdigest()} ".encode()
    return body + f"{quick.checksum(body)}\n".encode()


def _distribution_line(distribution: "Distribution") -> str:
    return _line(
        distribution.name,
        distribution.version,
        distribution.source,
        record=distribution.record,
        tags=",".join(distribution.tags),
        variant=distribution.variant or "",
    )


def _line(name: str, version: str, source: "Source | None", **facts: str) -> str:
    if not is_name(name) or not _is_printable(version):
        raise LockError(f"{name!r} {version!r} cannot be written as a requirement", remedy="repair its metadata first")
    fields = [f"{field}={value}" for field, value in facts.items() if value]
    if source is None:
        operator = "==" if parse_version(version) is not None else "==="
        requirement = f"{name}{operator}{version}"
    else:
        fields.insert(0, f"version={version}")
        requirement = _reference(name, source)
        if source.editable:
            fields.insert(0, f"name={name}")
        for field in ("revision", "subdirectory", "digest"):
            if value := getattr(source, field):
                fields.append(f"{field}={value}")
    return f"{requirement}  {_PREFIX}{' '.join(fields)}" if fields else requirement


def _reference(name: str, source: Source) -> str:
    """The requirement as pip freeze writes it (PEP 440 direct reference)."""
    url = f"{_GIT}{source.url}@{source.revision}" if source.revision else source.url
    fragment = []
    if source.digest:
        fragment.append(source.digest.replace(":", "=", 1))
    if source.subdirectory:
        fragment.append(f"subdirectory={source.subdirectory}")
    if fragment:
        url = f"{url}#{'&'.join(fragment)}"
    if source.editable:
        return f"-e {url}" + (f"#egg={name}" if source.kind == "vcs" else "")
    return f"{name} @ {url}"


def _conda_line(package: "CondaPackage") -> str:
    for text in (package.name, package.version, package.build):
        if not _is_printable(text) or "=" in text:
            raise LockError(f"{package.path}: {text!r} cannot be written as a name, version or build")
    line = f"{_PREFIX}conda {package.name}={package.version}={package.build}"
    if package.digest:
        line += f" {package.digest.replace(':', '=', 1)}"
    if _is_printable(package.channel) and _is_printable(package.subdir or "noarch"):
        line += f" channel={package.channel}" + (f"/{package.subdir}" if package.subdir else "")
    if _is_printable(package.url):
        line += f" url={package.url}"
    return line


def _is_printable(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


# --- reading ---------------------------------------------------------------------------------------------------------


def parse(data: bytes, *, path: str) -> Snapshot:
    """Read a golden file.

    Raises:
        LockError: The file is not exactly what ``freeze`` writes; with its line.
    """
    lines = _text(data, path).split("\n")
    _check_header(lines[0], path)
    seal = _check_seal(data, lines, path)
    interpreter = _interpreter(lines[1:3], path)
    digest = hashlib.sha256(data).hexdigest()
    snapshot = Snapshot(path=path, format=NAME, sha256=digest, seal=seal, interpreter=interpreter)
    pins: list[Pin] = []
    rules: list[Rule] = []
    for number, line in enumerate(lines[3:-2], start=4):
        if not line.startswith(_PREFIX):
            pins.append(_pin(line, path, number))
            continue
        word, _space, rest = line[len(_PREFIX) :].partition(" ")
        if word == "conda":
            pins.append(_conda_pin(rest, path, number))
        elif word == "rule":
            rules.append(_rule(rest, path, number))
        elif word == "manifest":
            snapshot = snapshot.replace(manifest=_manifest(rest, path, number))
        elif word == "bypass" and rest == "allowed":
            snapshot = snapshot.replace(bypass=True)
        elif word != "folders" and not (word == "evidence" and _is_checksum(rest)):
            raise LockError(f"unknown directive {word!r}", path=path, line=number, remedy=_REFREEZE)
    _check_count(pins, lines[-2], path, len(lines) - 1)
    return snapshot.replace(pins=tuple(pins), rules=tuple(rules))


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LockError("a byte that is not ASCII", path=path, line=line, remedy=_REFREEZE) from error


def _check_header(line: str, path: str) -> None:
    if line == quick.HEADER:
        return
    if line == f"{quick.HEADER}\r":
        remedy = "restore its line ends; in git, `envguard.lock -text` in .gitattributes keeps them"
        raise LockError("line ends were changed to CRLF, so the seal cannot fit", path=path, line=1, remedy=remedy)
    if line.startswith(f"{_PREFIX}lock "):
        number = line[len(_PREFIX) + 5 :]
        raise LockError(
            f"lock format {number!r}, and this envguard reads format 1",
            path=path,
            line=1,
            remedy="update envguard-lock, or make the lock again with this version",
        )
    raise LockError(f"the first line is not {quick.HEADER!r}", path=path, line=1, remedy=_REFREEZE)


def _check_seal(data: bytes, lines: list[str], path: str) -> str:
    if len(lines) < 5 or lines[-1] or not lines[-2].startswith(f"{_PREFIX}end "):
        conflict = next((i for i, line in enumerate(lines, 1) if line.startswith(("<<<<<<< ", ">>>>>>> "))), 0)
        if conflict:
            raise LockError("git merge conflict marker", path=path, line=conflict, remedy=_REFREEZE)
        remedy = f"it was cut short or changed at its end; {_REFREEZE}"
        raise LockError("the last line is no seal", path=path, line=len(lines), remedy=remedy)
    seal = quick.sealed(data)
    if seal is None:
        raise LockError(
            "the seal does not fit: the file was changed after it was frozen",
            path=path,
            line=len(lines) - 1,
            remedy="undo the change, or make a new one with `envguard freeze`",
        )
    return seal[1]


def _check_count(pins: list[Pin], line: str, path: str, number: int) -> None:
    stated = line[len(_PREFIX) :].partition("packages=")[2].partition(" ")[0]
    if stated != str(len(pins)):
        raise LockError(f"{len(pins)} packages, but the seal states {stated}", path=path, line=number)


def _interpreter(lines: list[str], path: str) -> Interpreter:
    first, second = (line.split(" ") for line in lines)
    if first[:3] != ["#", "envguard:", "interpreter"] or len(first) != 6:
        raise LockError("the second line names no interpreter", path=path, line=2, remedy=_REFREEZE)
    if second[:3] != ["#", "envguard:", "platform"] or len(second) < 5:
        raise LockError("the third line names no platform", path=path, line=3, remedy=_REFREEZE)
    return Interpreter(
        implementation=first[3],
        version=first[4],
        soabi=first[5],
        system=second[3],
        machine=second[4],
        libc=" ".join(second[5:]),
    )


def _pin(line: str, path: str, number: int) -> Pin:
    requirement, _space, said = line.partition(f"  {_PREFIX}")
    fields = _fields(said, path, number)
    facts = {
        "path": path,
        "line": number,
        "text": requirement,
        "record": fields.get("record", ""),
        "tags": tuple(filter(None, fields.get("tags", "").split(","))),
        "variant": fields.get("variant"),
    }
    name, equals, version = requirement.partition("==")
    if equals and " " not in requirement:
        return Pin(name=_name(name, path, number), version=version.removeprefix("="), **facts)  # type: ignore[arg-type]
    editable = requirement.startswith("-e ")
    name, at, url = ("", " @ ", requirement[3:]) if editable else requirement.partition(" @ ")
    name = fields.get("name", name)
    if not at or not url or "version" not in fields:
        raise LockError("not a line that freeze writes", path=path, line=number, remedy=_REFREEZE)
    source = _source(url, fields, editable=editable)
    return Pin(name=_name(name, path, number), version=fields["version"], source=source, **facts)  # type: ignore[arg-type]


def _source(reference: str, fields: dict[str, str], *, editable: bool) -> Source:
    url = reference.partition("#")[0]
    revision, digest = fields.get("revision", ""), fields.get("digest", "")
    kind = "vcs" if revision else "archive" if not url.startswith("file:") or _is_archive(url) else "directory"
    return Source(
        kind=kind,  # type: ignore[arg-type]
        url=url.removeprefix(_GIT).removesuffix(f"@{revision}") if revision else url,
        revision=revision,
        digest=digest,
        editable=editable,
        subdirectory=fields.get("subdirectory", ""),
    )


def _is_archive(url: str) -> bool:
    return url.endswith((".whl", ".zip", ".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar"))


def _fields(said: str, path: str, number: int) -> dict[str, str]:
    fields: dict[str, str] = {}
    for item in filter(None, said.split(" ")):
        field, equals, value = item.partition("=")
        if not equals or field not in _FIELDS or field in fields:
            raise LockError(f"unknown field {item!r}", path=path, line=number, remedy=_REFREEZE)
        fields[field] = value
    if not _is_digest(fields.get("record", "sha256:" + "0" * 64)):
        raise LockError("a record digest that is no sha256", path=path, line=number, remedy=_REFREEZE)
    return fields


def _name(name: str, path: str, number: int) -> str:
    if not is_name(name) or normalise(name) != name:
        raise LockError("not a line that freeze writes", path=path, line=number, remedy=_REFREEZE)
    return name


def _conda_pin(rest: str, path: str, number: int) -> Pin:
    spec, *fields = rest.split(" ")
    name, version, build = (*spec.split("="), "", "")[:3]
    if not name or not version or spec.count("=") != 2:
        raise LockError("a conda directive that is not name=version=build", path=path, line=number, remedy=_REFREEZE)
    known = dict(field.partition("=")[::2] for field in fields)
    digests = tuple(f"{key}:{value}" for key, value in known.items() if key in ("sha256", "md5"))
    return Pin(
        name=name,
        version=version,
        build=build,
        channel=channel(known.get("channel", "")),
        url=known.get("url", ""),
        hashes=digests,
        manager="conda",
        path=path,
        line=number,
        text=spec,
    )


def _manifest(rest: str, path: str, number: int) -> Manifest:
    name, *fields = rest.split(" ")
    known = dict(field.partition("=")[::2] for field in fields)
    digest, files = known.get("sha256", ""), known.get("files", "")
    if not name or "/" in name or not _is_digest(f"sha256:{digest}") or not files.isdecimal():
        raise LockError("a manifest directive that cannot be read", path=path, line=number, remedy=_REFREEZE)
    return Manifest(path=name, sha256=digest, files=int(files))


def _rule(text: str, path: str, number: int) -> Rule:
    try:
        return compiled.parse(text)
    except Exception as error:
        raise LockError(f"a rule that cannot be read: {error}", path=path, line=number, remedy=_REFREEZE) from error


def _is_digest(text: str) -> bool:
    kind, _colon, digits = text.partition(":")
    return kind == "sha256" and len(digits) == 64 and not digits.strip("0123456789abcdef")


def _is_checksum(text: str) -> bool:
    """True for what ``quick.checksum`` writes."""
    digits = text.removeprefix(quick.SIP.decode())
    return len(text) - len(digits) == len(quick.SIP) and len(digits) == 16 and not digits.strip("0123456789abcdef")
