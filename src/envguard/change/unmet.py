"""EG225: requirements that hold now, or are new, and would not be met; and what would be left behind without a user."""

from envguard import versions
from envguard.change.chains import requirements
from envguard.facts.requirements import TORCH_FAMILY
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from envguard.model import Distribution

CODE, LEFT_BEHIND = "EG225", "EG227"


def find(
    before: "Sequence[Distribution]", after: "Sequence[Distribution]", markers: "Mapping[str, str]"
) -> tuple[Change, ...]:
    """One change for each requirement that is not met after the change, unless it is as little met now."""
    known = {(change.package, change.locked, change.installed) for change in _unmet(before, markers)}
    found = _unmet(after, markers)
    return tuple(change for change in found if (change.package, change.locked, change.installed) not in known)


def left_behind(
    before: "Sequence[Distribution]",
    after: "Sequence[Distribution]",
    markers: "Mapping[str, str]",
    *,
    keep: "Iterable[str]",
) -> tuple[Change, ...]:
    """Notes on packages that somebody requires now and nobody would require: installers do not remove them.

    Args:
        before: What is installed.
        after: What would be.
        markers: PEP 508 variables.
        keep: Names that are of use by themselves, such as those of the request.
    """
    users_now, users_then = _users(before, markers), _users(after, markers)
    wanted = set(keep)
    return tuple(
        Change(
            code=LEFT_BEHIND,
            kind="noted",
            package=item.name,
            installed=item.version,
            evidence=(f"required by {', '.join(sorted(users_now[item.name]))} only, and stays installed all the same",),
        )
        for item in after
        if item.name in users_now and item.name not in users_then and item.name not in wanted
    )


def _users(distributions: "Sequence[Distribution]", markers: "Mapping[str, str]") -> dict[str, set[str]]:
    """Required name -> who requires it. An extra of which all is installed counts as asked for."""
    users: dict[str, set[str]] = {}
    for item in distributions:
        for requirement in requirements(item, _extras(item), markers):
            users.setdefault(versions.normalise(requirement.name), set()).add(item.name)
    return users


def _extras(item: "Distribution") -> tuple[str, ...]:
    """All extras that its requirements name: whether one was asked for leaves no trace, so each may have been."""
    import re

    found = (name for text in item.requires for name in re.findall(r"extra\s*==\s*[\"']([\w.-]+)[\"']", text))
    return tuple(dict.fromkeys(found))


def _unmet(distributions: "Sequence[Distribution]", markers: "Mapping[str, str]") -> "Iterator[Change]":
    there: dict[str, Distribution] = {}
    for each in distributions:
        there.setdefault(each.name, each)
    for item in there.values():
        for requirement in requirements(item, (), markers):
            name = versions.normalise(requirement.name)
            found = there.get(name)
            version = versions.parse(found.version) if found is not None else None
            if found is not None and version is None:
                continue  # no PEP 440 version: nothing can be said
            if version is not None and requirement.specifier.contains(version, prereleases=True):
                continue
            shown = f"{found.name} {found.version}" if found is not None else ""
            yield Change(
                code=CODE,
                kind="unmet",
                package=item.name,
                part="family" if {item.name, name} <= TORCH_FAMILY else "",
                locked=f"{name}{requirement.specifier}"[:200],
                installed=shown,
                evidence=(
                    f"{item.name} {item.version} requires {name}{requirement.specifier}"[:200],
                    f"{shown} would be installed" if shown else f"no {name} would be installed",
                ),
            )
