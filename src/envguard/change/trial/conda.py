"""conda's part of an environment, built anew from the archives that its records name, and changed as a plan says."""

import json
import os
import shutil

from envguard.change.conda import supply
from envguard.change.conda.archive import CHANNEL
from envguard.change.installers import conda_archive
from envguard.change.trial.conda_installing import CondaInstaller
from envguard.change.trial.place import ARRIVING, Trial
from envguard.errors import UnverifiableError
from envguard.model import Environment, Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.change.installers.conda_archive import Archive


def make(golden: Snapshot, live: Environment, installer: CondaInstaller) -> None:
    """Install the conda packages of the golden file into the trial's environment, which is not there yet.

    Raises:
        UnverifiableError: The original's packages are not those of the golden file, or an archive cannot be had.
    """
    installer.put(_archives(_records(golden, live)), "golden")


def change(trial: Trial, archives: "Sequence[Archive]", unlinked: "Sequence[str]", installer: CondaInstaller) -> None:
    """Put in and take out what a plan says, and leave every other package as it is.

    Raises:
        UnverifiableError: Nobody says where an archive lies, or the installer failed.
    """
    for each in archives:
        if not each.explicit:
            raise UnverifiableError(
                f"{each.name} {each.version} {each.build} of conda's: its archive and digest are not told",
                remedy="install envguard-lock[conda], which can ask the channel itself",
            )
    gone = {*unlinked, *(each.name for each in archives)}
    folder = os.path.join(trial.environment, "conda-meta")
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".json"))
    kept = [each for each in _archives(paths) if each.name not in gone]
    installer.put([*kept, *archives], "change", fresh=archives, gone=unlinked)


def keep(
    trial: Trial, archives: "Sequence[Archive]", *, find_links: "Sequence[str]", offline: bool, judged: str
) -> list[str]:
    """Keep the archives of a change for the live environment, each held to its digest.

    Args:
        trial: They go into a folder of it.
        archives: What the change puts in.
        find_links: Folders with archives, or with those of a channel.
        offline: Nothing may be asked of the network.
        judged: Prefix of the original, beside which conda may have its cache.

    Returns:
        For each that could not be had, why, a sentence.
    """
    folder = trial.file(ARRIVING)
    os.makedirs(folder, exist_ok=True)
    pins = [supply.pin(each) for each in archives]
    found = supply.find(pins, find_links=find_links, offline=offline, prefix=judged, download_to=folder, giver=CHANNEL)
    for each in found.values():
        if each.path and os.path.dirname(each.path) != folder:
            shutil.copyfile(each.path, os.path.join(folder, os.path.basename(each.path)))
    missing = (each for each in found.values() if not each.path)
    return [f"{each.pin.name} {each.pin.version} {each.pin.build}: {each.why}" for each in missing]


def _records(golden: Snapshot, live: Environment) -> list[str]:
    """The paths of the original's records, once each is the one that the golden file pins."""
    here = {package.name: package for package in live.conda or ()}
    found = []
    for pin in golden.pins:
        if pin.manager != "conda":
            continue
        package = here.get(pin.name)
        why = ""
        if package is None:
            why = "it is not in the original"
        elif (pin.version, pin.build) != (package.version, package.build):
            why = f"the original has {package.version} {package.build}"
        elif pin.hashes and package.digest not in pin.hashes:
            why = "the original has another archive of it"
        if why or package is None:
            raise UnverifiableError(
                f"no environment that equals golden can be made: {pin.name} {pin.version or ''} of conda's: {why}",
                remedy="bring conda's packages of the original back with `envguard restore`",
            )
        found.append(package.path)
    return found


def _archives(records: "list[str]") -> "list[Archive]":
    """What records of conda-meta say, the URLs as they are written there."""
    return [_archive(path) for path in records]


def _archive(record: str) -> "Archive":
    try:
        with open(record, encoding="utf-8") as file:
            return conda_archive.of_record(json.load(file))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnverifiableError(
            f"{record}: this record of conda cannot be read: {type(error).__name__}",
            remedy="see `envguard check`, which names broken records",
        ) from error


def names_of(live: Environment) -> set[str]:
    """The distributions that conda's packages bring."""
    return {package.python_name for package in live.conda or () if package.python_name}
