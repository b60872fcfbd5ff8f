"""EG207: what would have no user any more. Installers do not remove it, and nobody else will."""

import re

from envguard.change.planning.chains import requirements
from envguard.model import Change
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envguard.model import Distribution

_EXTRA = re.compile(r"extra\s*==\s*[\"']([\w.-]+)[\"']")


def find(
    before: "Sequence[Distribution]",
    after: "Sequence[Distribution]",
    markers: "Mapping[str, str]",
    *,
    keep: "Iterable[str]" = (),
) -> tuple[Change, ...]:
    """Notes on packages that somebody requires now, also by an extra, and nobody would require.

    Args:
        before: What is installed.
        after: What would be.
        markers: The PEP 508 variables of the interpreter.
        keep: Names that are of use by themselves, such as those of the request.
    """
    now, then = _users(before, markers), _users(after, markers)
    wanted = set(keep)
    return tuple(
        Change(
            code="EG207",
            kind="noted",
            package=item.name,
            installed=item.version,
            evidence=(f"{_some(now[item.name])} required it, and nothing that stays does; no installer removes it",),
        )
        for item in after
        if item.name in now and item.name not in then and item.name not in wanted
    )


def _users(distributions: "Sequence[Distribution]", markers: "Mapping[str, str]") -> dict[str, set[str]]:
    """Required name -> who requires it. Which extras were asked for leaves no trace, so each may have been."""
    users: dict[str, set[str]] = {}
    for item in distributions:
        extras = dict.fromkeys(name for text in item.requires for name in _EXTRA.findall(text))
        for requirement in requirements(item, extras, markers):
            users.setdefault(normalise(requirement.name), set()).add(item.name)
    return users


def _some(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")
