"""What uv does not say of what was asked for by a path or URL: its version, above all.

Its dry run names a folder, a repository or an archive and where that lies. Archives and repositories have a version in
the ``pylock.toml`` that ``uv pip compile`` writes. A folder has none there: its pyproject.toml says it (PEP 621), or
else only the build backend knows, and pip is asked for what that answers.
"""

import os

from envguard import config
from envguard.change.installers import _pip
from envguard.change.installers.places import Place
from envguard.change.wheels.local import local_path
from envguard.errors import UnverifiableError
from envguard.facts.direct_url import redact
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envguard.change.installers.resolution import Arrival
    from envguard.model import Environment, Pin

_FOR_PIP = ("--no-index", "--index-url", "--extra-index-url", "--find-links")


def told(
    arrival: "Arrival", pin: "Pin | None", live: "Environment", steering: "Sequence[str]", *, offline: bool
) -> "Arrival":
    """An arrival by path or URL with what can be known of it before it is built.

    Args:
        arrival: As uv's dry run names it.
        pin: The same in uv's ``pylock.toml``, where it is there.
        live: The environment.
        steering: Options that say where packages come from.
        offline: Nothing may be asked of the network.

    Raises:
        UnverifiableError: Nobody says its version.
    """
    if pin is not None and pin.source is not None:
        hashes = (pin.source.digest,) if pin.source.digest else arrival.hashes
        editable = pin.source.editable or arrival.editable
        arrival = arrival.replace(version=arrival.version or pin.version or "", hashes=hashes, editable=editable)
    folder = local_path(arrival.url)
    if arrival.version and not os.path.isdir(folder):
        return arrival
    return _stated(arrival, folder) or _by_pip(arrival, live, steering, offline=offline)


def _stated(arrival: "Arrival", folder: str) -> "Arrival | None":
    """With what a folder's pyproject.toml says for certain; None where it leaves the version to the build backend."""
    from packaging.version import InvalidVersion, Version

    path = os.path.join(folder, "pyproject.toml")
    project = config.read_toml(path).get("project") if os.path.isfile(path) else None
    if not isinstance(project, dict) or not isinstance(project.get("version"), str):
        return None
    dynamic = project.get("dynamic")
    if not isinstance(project.get("name"), str) or normalise(project["name"]) != arrival.name:
        return None
    try:
        version = str(Version(project["version"]))
    except InvalidVersion:
        return None
    undecided = isinstance(dynamic, list) and ("dependencies" in dynamic or "optional-dependencies" in dynamic)
    requires = None if undecided else tuple(_requires(project))
    return arrival.replace(version=version, requires=requires, requires_python=_text(project.get("requires-python")))


def _requires(project: "dict[str, object]") -> "Iterator[str]":
    plain = project.get("dependencies")
    yield from (each for each in plain if isinstance(each, str)) if isinstance(plain, list) else ()
    extras = project.get("optional-dependencies")
    for extra, listed in extras.items() if isinstance(extras, dict) else ():
        for each in listed if isinstance(listed, list) else ():
            head, semicolon, marker = str(each).partition(";")
            said = f"({marker.strip()}) and " if semicolon else ""
            yield f"{head.strip()} ; {said}extra == '{extra}'"


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _by_pip(arrival: "Arrival", live: "Environment", steering: "Sequence[str]", *, offline: bool) -> "Arrival":
    problem = f"uv does not say which version of {arrival.name} it would build from {redact(arrival.url)}"
    pip = _pip.command(live) or _pip.foreign_command(live)
    if pip is None:
        raise UnverifiableError(f"{problem}, and there is no pip to ask", remedy="install pip beside envguard")
    place = Place(url=arrival.url, editable=arrival.editable)
    words = [*_of_pip(steering), "--no-deps", "--ignore-installed", *place.words]
    answer = _pip.ask(pip, words, offline=offline)
    said = next((each for each in answer.arrivals if each.name == arrival.name), None)
    if said is None:
        raise UnverifiableError(
            f"{problem}, and neither does pip: {answer.problem or 'it would install something else'}",
            remedy="try --installer pip",
        )
    return arrival.replace(version=said.version, requires=said.requires, requires_python=said.requires_python)


def _of_pip(steering: "Sequence[str]") -> "Iterator[str]":
    for at, word in enumerate(steering):
        if word in _FOR_PIP or (at and steering[at - 1] in _FOR_PIP[1:]):
            yield word
