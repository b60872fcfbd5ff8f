"""pixi.lock since version 4: environments refer to packages by their URLs, and each is described once."""

from envguard._value import Value
from envguard.environment.conda import channel as channel_of
from envguard.errors import LockError, UsageError
from envguard.formats import _conda_names, _python_pins, _text, _yaml, _yaml_fields
from envguard.formats._requirement_files import PIN_LIMIT
from envguard.model import Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Selection

DEFAULT = "default"
_KINDS = {"conda": "conda", "pypi": "pypi", "conda_source": "source"}


class _Package(Value):
    """One entry below ``packages``."""

    kind: str
    """conda, pypi or source."""
    place: str
    """URL or path, which is what environments call it by."""
    said: "dict[str, str]"
    line: int


def pins(root: _yaml.Mapping, selection: "Selection", path: str) -> tuple[Pin, ...]:
    """The pins of one environment on one platform.

    Raises:
        LockError: The lock leaves open which platform is meant, does not have it, or an entry cannot be read.
        UsageError: It has no such environment.
    """
    environment = _environment(root, selection, path)
    packages = _yaml_fields.mapping(environment.get("packages"), "packages", path, environment.line)
    platform = _platform(root, packages, selection, path)
    references = _yaml_fields.mappings(packages.get(platform), "packages of the environment", path)
    if len(references) > PIN_LIMIT:
        raise LockError(f"more than {PIN_LIMIT} packages", path=path, line=references[PIN_LIMIT].line)
    described = _described(root, path)
    return tuple(_pin(reference, described, path) for reference in references)


def _environment(root: _yaml.Mapping, selection: "Selection", path: str) -> _yaml.Mapping:
    known = _yaml_fields.mapping(root.get("environments"), "environments", path)
    names = [name.text for name, _node in known.items]
    wanted = selection.environment or (names[0] if len(names) == 1 else DEFAULT)
    if wanted in names:
        return _yaml_fields.mapping(known.get(wanted), "the environment", path)
    listed = ", ".join(_text.quote(name) for name in names[:20]) or "none"
    if selection.environment:
        raise UsageError(f"{path}: no environment {wanted!r}", remedy=f"there are {listed}")
    raise LockError("no environment is called default", path=path, remedy=f"choose by --environment: {listed}")


def _platform(root: _yaml.Mapping, packages: _yaml.Mapping, selection: "Selection", path: str) -> str:
    """The name of the platform: since version 7 a name need not be that of a conda platform, and several may be one."""
    names = [name.text for name, _node in packages.items]
    if selection.platform in names:
        return selection.platform
    subdirs = _subdirs(root, path)
    wanted = _conda_names.platform(selection)
    fitting = [name for name in names if subdirs.get(name, name) == wanted]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(_text.quote(name) for name in (fitting or names)[:20]) or "none"
    if fitting:
        raise LockError(f"several platforms are {wanted}", path=path, remedy=f"choose by --platform: {listed}")
    remedy = f"locked are {listed}: lock this platform too, or choose by --platform"
    raise LockError(f"{_text.quote(wanted)} is not locked in this environment", path=path, remedy=remedy)


def _subdirs(root: _yaml.Mapping, path: str) -> dict[str, str]:
    """Platform names and what conda calls them."""
    found = {}
    for item in _yaml_fields.sequence(root.get("platforms"), "platforms", path):
        said = _yaml_fields.texts(item) if isinstance(item, _yaml.Mapping) else {"name": _yaml_fields.scalar(item)}
        name = said.get("name", "")
        found[name] = said.get("subdir", name)
    return found


def _described(root: _yaml.Mapping, path: str) -> "dict[tuple[str, str], list[_Package]]":
    found: dict[tuple[str, str], list[_Package]] = {}
    for node in _yaml_fields.mappings(root.get("packages"), "packages", path):
        package = _package(node, path)
        found.setdefault((package.kind, package.place), []).append(package)
    return found


def _package(node: _yaml.Mapping, path: str) -> _Package:
    """Versions 4 and 5 have ``kind`` and ``url`` or ``path``, later ones name the place by the kind."""
    said = _yaml_fields.texts(node)
    kind = said.get("kind", "")
    place = said.get("url") or said.get("path") or "" if kind else ""
    for name, value in said.items():
        if not kind and name in _KINDS:
            return _Package(kind=_KINDS[name], place=value, said=said, line=node.line)
    if kind not in ("conda", "pypi") or not place:
        raise LockError("a package of unknown kind, or without a URL", path=path, line=node.line)
    return _Package(kind=kind, place=place, said=said, line=node.line)


def _pin(reference: _yaml.Mapping, described: "dict[tuple[str, str], list[_Package]]", path: str) -> Pin:
    said = _yaml_fields.texts(reference)
    kind, place = next(((_KINDS[name], value) for name, value in said.items() if name in _KINDS), ("", ""))
    if not kind:
        raise LockError("a package of unknown kind", path=path, line=reference.line)
    candidates = described.get((kind, place), [])
    if not candidates:
        raise LockError(f"packages does not describe {_text.quote(place)}", path=path, line=reference.line)
    if kind == "pypi":
        return _python(candidates, path)
    archive = _conda_names.archive(place) if kind == "conda" else None
    return _conda(archive, candidates, path) if archive else _built(said, candidates, path)


def _conda(archive: _conda_names.Archive, candidates: list[_Package], path: str) -> Pin:
    package = candidates[0]
    channel = channel_of(package.said.get("channel", ""))
    archive = archive.replace(channel=channel) if channel else archive
    hashes = _conda_names.digests(package.said, path=path, line=package.line)
    pin = _conda_names.pin(archive, path=path, line=package.line, hashes=hashes)
    for other in candidates[1:]:
        if _conda_names.digests(other.said, path=path, line=other.line) != hashes:
            return pin.replace(unverifiable=f"line {other.line} gives other digests of it")
    for field, value in (("name", archive.name), ("version", archive.version), ("build", archive.build)):
        if package.said.get(field, value).lower() != value.lower():
            return pin.replace(unverifiable=f"its URL is of {field} {value}, the lock says {package.said[field]}")
    return pin


def _built(said: dict[str, str], candidates: list[_Package], path: str) -> Pin:
    """A package that pixi builds from source: what comes out is not fixed."""
    package = candidates[0]
    name = said.get("name") or package.said.get("name") or package.place.partition("[")[0].strip()
    if _conda_names.NAME.fullmatch(name) is None:
        name = ""
    text = _text.redact(package.place)[: _text.QUOTE_LENGTH]
    why = "it is built from source, so neither its build nor its digest is fixed"
    return Pin(name=name.lower(), path=path, line=package.line, text=text or name, manager="conda", unverifiable=why)


def _python(candidates: list[_Package], path: str) -> Pin:
    found = [_python_pin(package, path) for package in candidates]
    for package, other in zip(candidates[1:], found[1:], strict=True):
        if other.replace(line=found[0].line) != found[0]:
            return found[0].replace(unverifiable=f"line {package.line} says something else of it")
    return found[0]


def _python_pin(package: _Package, path: str) -> Pin:
    line, said = package.line, package.said
    hashes = _conda_names.digests(said, path=path, line=line)
    if "name" not in said:
        raise LockError("a package without name", path=path, line=line)
    pin = _python_pins.named(said["name"], said.get("version", ""), path=path, line=line)
    return _python_pins.artifact(pin, package.place, hashes, editable=said.get("editable") == "true")
