"""Making the change in the trial's environment: exactly the moves of the plan, each with its proven artifact."""

import os
import shutil
from urllib.parse import unquote, urlsplit

from envguard.change.installers import places
from envguard.change.installers.request import named
from envguard.change.placing import supply
from envguard.change.trial import wheels
from envguard.change.trial.installing import Installer
from envguard.change.trial.place import ARRIVING, Trial
from envguard.change.wheels import remote
from envguard.change.wheels.local import local_path
from envguard.errors import UnverifiableError
from envguard.model import Environment, Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.change.installers.request import Request
    from envguard.proposal import Move


def apply(
    trial: Trial,
    moves: "Sequence[Move]",
    request: "Request",
    live: Environment,
    installer: Installer,
    *,
    find_links: "Sequence[str]",
    offline: bool,
) -> None:
    """Remove what goes, then install what comes, without anything that the plan does not name.

    Raises:
        UnverifiableError: An artifact of the plan cannot be had, or the installer failed.
    """
    installer.remove([move.name for move in moves if move.kind == "removed"], "change")
    arriving = [move for move in moves if move.kind != "removed"]
    named_by = places.wanted(_words(request), live)
    by_place = _direct_names(request) | {move.name for move in arriving if places.asked_for(move.url, named_by)}
    direct = [move for move in arriving if move.name in by_place]
    exact = [_as_pin(move) for move in arriving if move.name not in by_place]
    found = supply.find(
        exact,
        find_links=find_links,
        offline=offline,
        python=live.interpreter,
        download_to=trial.file("fetched"),
        judged=live.prefix,
    )
    for each in found.values():
        if not each.path:
            raise UnverifiableError(
                f"{each.pin.name} {each.pin.version}, which the plan installs, cannot be had: {each.why}",
                remedy="give the folder with its wheel by --find-links",
            )
    folder = trial.file(ARRIVING)
    wheels.lay_out(list(found.values()), folder, keep=True)
    installer.install([each.pin for each in found.values()], folder, "change")
    if direct:
        _keep_named(request, folder)
        editables = [word for folder in request.editables for word in ("--editable", _absolute(folder))]
        plain = [_absolute(word) for word in request.installs if _is_place(word)]
        in_files = places.wanted([word for file in request.files for word in ("--requirement", file)], live)
        more = [word for place in in_files if _is_of(place, direct) for word in place.words]
        installer.install_direct([*editables, *plain, *more], "change-direct")


def _words(request: "Request") -> list[str]:
    editables = [word for folder in request.editables for word in ("--editable", folder)]
    return [*request.installs, *editables, *(word for file in request.files for word in ("--requirement", file))]


def _is_of(place: "places.Place", direct: "Sequence[Move]") -> bool:
    """True for what a move of the plan comes from: of what is there already, the plan moves nothing."""
    return any(places.asked_for(move.url, [place]) is not None for move in direct)


def _absolute(word: str) -> str:
    """The word, a path in it seen from where this was called: the installer runs in the trial's folder."""
    path, bracket, extras = word.partition("[")
    is_path = "://" not in word and os.path.exists(path)
    return f"{os.path.abspath(path)}{bracket}{extras}" if is_path else word


def _keep_named(request: "Request", folder: str) -> None:
    """Keep the wheels that were named by a path or URL for the live environment: another may be there by then.

    Raises:
        UnverifiableError: One cannot be had any more, or not be kept.
    """
    for place in filter(None, map(_wheel_of, request.installs)):
        kept = os.path.join(folder, os.path.basename(unquote(urlsplit(place).path)))
        try:
            if os.path.isfile(place):
                shutil.copy2(place, kept)  # with its times: uv notes one of them
            else:
                with remote.answer(place) as answer, open(kept, "wb") as file:
                    shutil.copyfileobj(answer, file)
        except OSError as error:
            raise UnverifiableError(f"{kept}: cannot be kept: {(error.strerror or str(error)).lower()}") from error


def _wheel_of(word: str) -> str:
    """The path or URL of the wheel that a word names; empty where it names none."""
    place = word.partition(" ;")[0].rpartition(" @ ")[2].strip()
    if place.startswith(("http://", "https://")):
        return place if urlsplit(place).path.endswith(".whl") else ""
    path = local_path(place) or place.partition("[")[0]
    return path if path.endswith(".whl") and os.path.isfile(path) else ""


def _direct_names(request: "Request") -> set[str]:
    """Names of what was asked for by a path or URL, not by name from an index."""
    return {named(word) for word in (*request.editables, *(word for word in request.installs if _is_place(word)))}


def _is_place(word: str) -> bool:
    plain = word.partition(";")[0]
    return "@" in plain or "/" in plain or plain.startswith(".") or plain.endswith((".whl", ".zip", ".tar.gz"))


def _as_pin(move: "Move") -> Pin:
    return Pin(name=move.name, version=move.after, hashes=tuple(move.hashes))
