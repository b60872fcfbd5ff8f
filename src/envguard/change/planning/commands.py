"""The command that makes exactly the change that was judged, and the one that tries it first.

Everything is named with its version and ``--no-deps``: a resolver that is asked again tomorrow may answer another way.
"""

import shlex
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from envguard.change.installers.request import Request
    from envguard.change.installers.resolution import Arrival, Resolution
    from envguard.model import Environment
    from envguard.proposal import Move

_CHANNELS = ("--channel", "--override-channels")
_ABOUT_RESOLVING = ("--no-deps", "--force-reinstall", "--ignore-installed", "--exact", "--reinstall")
_ABOUT_RESOLVING_WITH_VALUE = (
    "--upgrade-strategy", "--upgrade-package", "--reinstall-package", "--resolution", "--override", "--overrides",
    "--extra", "--group", "--fork-strategy", "--exclude", "--excludes",
)  # fmt: skip


def making(
    request: "Request",
    resolution: "Resolution",
    moves: "Sequence[Move]",
    live: "Environment",
    find_links: "Sequence[str]",
    *,
    offline: bool,
) -> str:
    """The command line, or two of them joined by ``&&``; empty where nothing would change."""
    if not moves:
        return ""
    if request.installer == "conda":
        if resolution.installer.startswith("py-rattler"):
            return _by_conda(request, resolution, live)
        named = any(option in request.options for option in ("--prefix", "--name"))
        return request.text if named else f"{request.text} {shlex.join(['--prefix', live.prefix])}"
    if request.action == "sync":
        return shlex.join(["uv", "pip", "sync", "--python", live.executable, *request.options, *request.files])
    is_uv = resolution.installer.startswith("uv")
    has_pip = any(item.name == "pip" for item in live.distributions)
    own = [live.executable, "-m", "pip"] if has_pip else [sys.executable, "-m", "pip", "--python", live.executable]
    begin = ["uv", "pip"] if is_uv else own
    whom = ["--python", live.executable] if is_uv else []
    lines = []
    gone = [move.name for move in moves if move.kind == "removed"]
    if gone:
        lines.append(shlex.join([*begin, "uninstall", *whom, *([] if is_uv else ["-y"]), *gone]))
    if resolution.arrivals:
        again = any(move.kind in ("rebuilt", "source", "reinstalled") for move in moves)
        force = ["--reinstall" if is_uv else "--force-reinstall"] if again else []
        steer = ["--no-index"] if offline and "--no-index" not in request.options else []
        steer += [word for folder in find_links for word in ("--find-links", folder)]
        steer += _steering(request.options)
        words = [word for arrival in resolution.arrivals for word in _words(arrival)]
        lines.append(shlex.join([*begin, "install", *whom, "--no-deps", *force, *steer, *words]))
    return " && ".join(lines)


def trying(request: "Request") -> str:
    """The command that tries the request in a copy of the environment."""
    if request.action == "install" and not request.installer:
        return f"envguard try {request.text}"
    return f"envguard try -- {request.text}"


def _by_conda(request: "Request", resolution: "Resolution", live: "Environment") -> str:
    """Exact packages: conda, which was not asked, might move others along."""
    program, *options = request.options
    kept = [word for at, word in enumerate(options) if {word, *options[max(at - 1, 0) : at]} & set(_CHANNELS)]
    begin = ["--prefix", live.prefix]
    lines = []
    if resolution.unlinked:
        lines.append(shlex.join([program, "remove", *begin, "--force", *resolution.unlinked]))
    if resolution.archives:
        exact = [f"{each.name}={each.version}={each.build}" for each in resolution.archives]
        lines.append(shlex.join([program, "install", *begin, *kept, "--no-deps", *exact]))
    return " && ".join(lines)


def _words(arrival: "Arrival") -> list[str]:
    from envguard.change.wheels.local import local_path
    from envguard.facts.direct_url import redact

    place = local_path(arrival.url) or redact(arrival.url)
    if arrival.editable:
        return ["--editable", place]
    return [place] if arrival.direct else [f"{arrival.name}=={arrival.version}"]


def _steering(options: "Sequence[str]") -> list[str]:
    """The options that say where packages come from and how they are built."""
    kept: list[str] = []
    rest = iter(options)
    for word in rest:
        if word in _ABOUT_RESOLVING_WITH_VALUE:
            next(rest, None)
        elif word not in _ABOUT_RESOLVING:
            kept.append(word)
    return kept
