"""What a change of conda's own packages would do: as conda says, or py-rattler where there is no conda."""

import os

from envguard.change.installers import _conda, _rattler
from envguard.errors import UnverifiableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.change.installers.request import Request
    from envguard.change.installers.resolution import Resolution
    from envguard.model import Environment

_OTHER_PLACE = ("--name", "--prefix")


def ask(request: "Request", live: "Environment", *, offline: bool, free: bool) -> "Resolution":
    """What would be done.

    Args:
        request: A command of conda, mamba or micromamba.
        live: The environment.
        offline: Nothing may be asked of the network.
        free: Nothing needs to stay as it is; only py-rattler is told so.

    Raises:
        UnverifiableError: It is no conda environment, the request names another one, or nobody can say.
    """
    if live.conda is None:
        raise UnverifiableError(
            f"{live.prefix} is no conda environment, so what conda would do is not known",
            remedy="name a conda environment with --python",
        )
    options = _of_this_place(request, live)
    program = _conda.program(request, live)
    if program:
        return _conda.ask(program, request, options, live, offline=offline)
    return _rattler.ask(request, options, live, offline=offline, free=free)


def anywhere(request: "Request") -> "Request":
    """The same, asked of whichever environment is judged."""
    if request.installer != "conda":
        return request
    program, *options = request.options
    kept, rest = [program], iter(options)
    for word in rest:
        if word in _OTHER_PLACE:
            next(rest, "")
        else:
            kept.append(word)
    return request.replace(options=tuple(kept))


def _of_this_place(request: "Request", live: "Environment") -> "list[str]":
    """The options without those that name the environment, which must be the one that is judged."""
    program, *options = request.options
    kept, rest = [], iter(options)
    for word in rest:
        if word not in _OTHER_PLACE:
            kept.append(word)
            continue
        place = next(rest, "")
        if os.path.realpath(place) != os.path.realpath(live.prefix):
            problem = f"{program} {word} {place}: not the environment that is judged ({live.prefix})"
            raise UnverifiableError(problem, remedy="name it with envguard's own --python")
    return kept
