"""The layout of conda-lock.yml, which pixi.lock 1 to 3 share: one list of packages, each for one platform.

Builds are not stored there by conda-lock; like the channel they are taken from the URL. A package that several
categories need stands there once for each.
"""

from envguard.errors import LockError, UsageError
from envguard.formats import _conda_names, _python_pins, _settle, _text, _yaml, _yaml_fields
from envguard.formats._requirement_files import PIN_LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Change, Pin, Selection

MAIN = "main"
_MANAGERS = {"conda": "conda", "pip": "pip", "pypi": "pip"}


def pins(root: _yaml.Mapping, selection: "Selection", path: str) -> "tuple[tuple[Pin, ...], tuple[Change, ...]]":
    """The pins of the asked platform and categories, and what there is to note.

    Raises:
        LockError: The lock has no such platform, or an entry cannot be read; with its line.
        UsageError: The lock has no such category.
    """
    packages = _yaml_fields.mappings(root.get("package"), "package", path)
    if len(packages) > PIN_LIMIT:
        raise LockError(f"more than {PIN_LIMIT} packages", path=path, line=packages[PIN_LIMIT].line)
    fields = [(_yaml_fields.texts(package), package) for package in packages]
    platform = _platform(root, fields, selection, path)
    wanted = _categories([(said, package) for said, package in fields], selection, path)
    found = [
        _pin(said, package, path)
        for said, package in fields
        if _required(said, "platform", package, path) == platform and wanted & _categories_of(said, package, path)
    ]
    return _settle.settle(found, [])


def _platform(
    root: _yaml.Mapping, fields: "list[tuple[dict[str, str], _yaml.Mapping]]", selection: "Selection", path: str
) -> str:
    metadata = _yaml_fields.mapping(root.get("metadata"), "metadata", path)
    declared = {
        _yaml_fields.scalar(item) for item in _yaml_fields.sequence(metadata.get("platforms"), "platforms", path)
    }
    known = (declared | {said.get("platform", "") for said, _package in fields}) - {""}
    platform = _conda_names.platform(selection)
    if platform not in known:
        names = ", ".join(_text.quote(name) for name in sorted(known)[:20]) or "none"
        remedy = f"locked are {names}: lock this platform too, or choose by --platform"
        raise LockError(f"{platform} is not locked here", path=path, remedy=remedy)
    return platform


def _categories(fields: "list[tuple[dict[str, str], _yaml.Mapping]]", selection: "Selection", path: str) -> set[str]:
    known = {category for said, package in fields for category in _categories_of(said, package, path)}
    for category in selection.categories:
        if category not in known:
            names = ", ".join(_text.quote(name) for name in sorted(known)[:20])
            raise UsageError(f"{path}: no package has the category {category!r}", remedy=f"there are {names}")
    return {MAIN, *selection.categories}


def _categories_of(said: dict[str, str], package: _yaml.Mapping, path: str) -> set[str]:
    """``category`` of file version 1, ``categories`` of the preliminary version 2; without either it is needed."""
    several = package.get("categories")
    if several is None:
        return {said.get("category", MAIN)}
    return {_yaml_fields.scalar(item) for item in _yaml_fields.sequence(several, "categories", path)} or {MAIN}


def _pin(said: dict[str, str], package: _yaml.Mapping, path: str) -> "Pin":
    line = package.line
    manager = _MANAGERS.get(_required(said, "manager", package, path))
    if manager == "pip":
        return _python(said, package, path)
    if manager is None:
        raise LockError(f"unknown manager {_text.quote(said['manager'])}", path=path, line=line)
    url = _required(said, "url", package, path)
    archive = _conda_names.archive(url)
    if archive is None:
        raise LockError(f"not a conda package: {_text.quote(url)}", path=path, line=line)
    pin = _conda_names.pin(archive, path=path, line=line, hashes=_hashes(package, path))
    for field, value in (("name", archive.name), ("version", archive.version), ("build", archive.build)):
        if said.get(field, value).lower() != value.lower():
            return pin.replace(unverifiable=f"its URL is of {field} {value}, the lock says {said[field]}")
    return pin


def _python(said: dict[str, str], package: _yaml.Mapping, path: str) -> "Pin":
    url = said.get("url", "")
    # conda-lock writes the commit of a checkout where the sha256 of a file stands.
    hashes = () if _python_pins.is_checkout(url) else _hashes(package, path)
    name, version = _required(said, "name", package, path), said.get("version", "")
    return _python_pins.artifact(_python_pins.named(name, version, path=path, line=package.line), url, hashes)


def _hashes(package: _yaml.Mapping, path: str) -> tuple[str, ...]:
    fields = _yaml_fields.mapping(package.get("hash"), "hash", path)
    return _conda_names.digests(_yaml_fields.texts(fields), path=path, line=package.line)


def _required(said: dict[str, str], field: str, package: _yaml.Mapping, path: str) -> str:
    if field not in said:
        raise LockError(f"a package without {field}", path=path, line=package.line)
    return said[field]
