"""Filling the empty environment until it equals golden: proven wheels, and from the original what no index offers."""

import os

from envguard._value import Value
from envguard.change.placing import supply
from envguard.change.trial import base, conda, copying, wheels
from envguard.change.trial.installing import Installer
from envguard.change.trial.place import Trial
from envguard.environment import interpreter, scan
from envguard.errors import UnverifiableError
from envguard.facts.ownership import read_ownership
from envguard.facts.tree import Listing, absolute, is_below, roots_of
from envguard.model import Distribution, Environment, Pin, Snapshot
from envguard.versions import relation


class Filled(Value):
    """How the environment was made."""

    installer: str
    site: str
    """Its site-packages."""
    from_wheels: int
    warnings: tuple[str, ...]


def fill(
    trial: Trial,
    golden: Snapshot,
    live: Environment,
    *,
    origin: base.Origin,
    installer: Installer,
    sealed: "Listing | None",
    find_links: "tuple[str, ...]" = (),
    offline: bool = False,
) -> Filled:
    """Install everything that the golden file pins.

    Args:
        trial: Its empty environment exists.
        golden: The golden file.
        live: The original.
        origin: How the original was made.
        installer: What installs.
        sealed: The manifest, or None.
        find_links: Folders with wheels.
        offline: Do not ask the index.

    Raises:
        UnverifiableError: Something cannot be had as it was: it is named.
    """
    site = _site(trial.environment)
    shared = _visible_anyway(live, origin) | conda.names_of(live)
    pins = [pin for pin in golden.pins if pin.manager == "pip" and pin.name not in shared]
    found = supply.find(
        pins,
        find_links=find_links,
        offline=offline,
        python=live.interpreter,
        download_to=_folder(trial, "fetched"),
        judged=live.prefix,
    )
    proven = [each for each in found.values() if each.path]
    folder = _folder(trial, "wheels")
    wheels.lay_out(proven, folder)
    installer.install([each.pin for each in proven], folder, "golden")
    rest = [found[pin.name] for pin in pins if not found[pin.name].path]
    warnings = _rebuild(rest, live, trial.environment, site)
    _rebuild_guard(live, trial.environment, site, {pin.name for pin in pins})
    base.drop_tool_files(site, keep=_tool_files(live, sealed))
    if sealed is not None:
        warnings += _settle(trial, sealed, live)
    return Filled(installer=installer.name, site=site, from_wheels=len(proven), warnings=tuple(warnings))


def _site(prefix: str) -> str:
    """The folder that packages go to."""
    layout = interpreter.ask(prefix)[1]
    inside = [path for path in (*layout.venv, *layout.system) if is_below(path, prefix)]
    if not inside:
        raise UnverifiableError(f"{prefix}: this Python has no folder for packages in its own environment")
    return inside[0]


def _folder(trial: Trial, name: str) -> str:
    path = trial.file(name)
    os.makedirs(path, exist_ok=True)
    return path


def _visible_anyway(live: Environment, origin: base.Origin) -> set[str]:
    """Distributions of the base interpreter, which both environments see."""
    if not origin.with_system:
        return set()
    prefix = os.path.realpath(live.prefix)
    return {each.name for each in live.distributions if not is_below(os.path.realpath(each.location), prefix)}


def _rebuild(rest: "list[supply.Supply]", live: Environment, prefix: str, site: str) -> list[str]:
    """Rebuild by RECORD what has no proven wheel.

    Raises:
        UnverifiableError: Something cannot be had at all.
    """
    here = {each.name: each for each in reversed(live.distributions)}
    impossible, warnings = [], []
    for each in rest:
        original = here.get(each.pin.name)
        why = _unlike(each.pin, original)
        if original is None or why:
            impossible.append(f"{each.pin.name} {each.pin.version or ''}: {each.why}; {why}")
            continue
        copying.distribution(original, live.prefix, prefix, site)
        note = "; its sources are the original's" if each.pin.source is not None and each.pin.source.editable else ""
        warnings.append(f"{each.pin.name} was rebuilt from the original by its RECORD: {each.why}{note}")
    if impossible:
        more = f" (and {len(impossible) - 1} more)" if len(impossible) > 1 else ""
        raise UnverifiableError(
            f"no environment that equals golden can be made: {impossible[0]}{more}",
            remedy="give the wheels by --find-links, or bring the original back with `envguard restore`",
        )
    return warnings


def _unlike(pin: Pin, original: "Distribution | None") -> str:
    """Why the original's distribution is not the golden one; "" where it is."""
    if original is None:
        return "it is not in the original either"
    if pin.version is not None and relation(pin.version, original.version) != "equal":
        return f"the original has {original.version}"
    if pin.record and pin.record != original.record:
        return "the original has another artifact of it"
    return ""


def _rebuild_guard(live: Environment, prefix: str, site: str, pinned: set[str]) -> None:
    """The guard itself, which no golden file pins: code under test may call it."""
    for each in live.distributions:
        if each.name == "envguard-lock" and each.name not in pinned and each.kind == "dist-info" and each.record:
            copying.distribution(each, live.prefix, prefix, site)


def _tool_files(live: Environment, sealed: "Listing | None") -> set[str]:
    """Names of files beside the packages that the golden environment has, though no distribution brought them."""
    if sealed is not None:
        return {path.rpartition("/")[2] for path in sealed.paths}
    return {name for each in live.paths if os.path.isdir(each) for name in os.listdir(each)}


def _settle(trial: Trial, sealed: Listing, live: Environment) -> list[str]:
    """Files that no artifact brings, or that several distributions claim, as the manifest seals them."""
    made = scan(python=trial.environment)
    roots, live_roots = roots_of(made), roots_of(live)
    claimed: dict[str, set[str]] = {}
    for row in read_ownership(made).rows:
        claimed.setdefault(row.path, set()).add(row.owner)
    contested = {path for path, owners in claimed.items() if len(owners) > 1}
    brought, _missed = copying.unbrought(sealed, live_roots, roots)
    for entry in sealed:
        place = absolute(entry.path, roots)
        if place in contested and entry.kind == "f" and not entry.placed:
            copying.replace(entry, absolute(entry.path, live_roots), place)
    if not brought:
        return []
    shown = ", ".join(os.path.basename(path) for path in brought[:5]) + (" ..." if len(brought) > 5 else "")
    return [f"{len(brought)} files that no package brings were taken from the original, as sealed: {shown}"]
