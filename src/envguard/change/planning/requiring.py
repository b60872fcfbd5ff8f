"""EG223 and EG226: what would no longer be met, and the CUDA libraries that a wheel would bring.

Both are read from Requires-Dist, with the rules of ``pip check``: markers hold for the judged interpreter, extras are
not asked for, a pre-release that is installed counts.
"""

import re
from collections.abc import Iterator

from envguard import versions
from envguard.change.planning.resulting import Result, natives
from envguard.change.wheels.incoming import Incoming
from envguard.facts import requirements
from envguard.facts.natives import Natives
from envguard.facts.providers import required_name
from envguard.model import Change, Distribution, Environment

_CUDA = re.compile(r"(?:nvidia|cuda)-.+", re.ASCII)
_NOT_CUDA = frozenset({"nvidia-ml-py", "nvidia-ml-py3", "nvidia-pyindex"})
_LISTED = 20


def changes(result: Result) -> Iterator[Change]:
    """Requirements that would not be met and are met now, or are new; then what CUDA would be brought."""
    with natives(result.live) as facts:
        before = {(each.package, each.evidence[0]) for each in _unmet(result.live, facts)}
    with natives(result.after) as facts:
        for each in _unmet(result.after, facts):
            if (each.package, each.evidence[0]) not in before:
                yield each
    for incoming in result.arriving:
        yield from _cuda(incoming, result)


def _unmet(environment: Environment, facts: Natives) -> Iterator[Change]:
    for distribution in environment.distributions:
        if facts.distribution(distribution.name) is distribution:
            for text in dict.fromkeys(distribution.requires):
                for change in requirements.judge(distribution, text, facts):
                    if change.kind == "unmet":
                        yield _translated(change, distribution)


def _translated(change: Change, distribution: Distribution) -> Change:
    """The same in the words of a proposal."""
    family = requirements.TORCH_FAMILY
    inside = distribution.name in family and required_name(change.locked) in family
    there = f"{change.installed} would be installed" if change.installed else "it would not be installed"
    said = (change.evidence[0], there)
    part = "family" if inside else ""
    return change.replace(code="EG223", kind="unmet-after", part=part, evidence=said, traits=distribution.traits)


def _cuda(incoming: Incoming, result: Result) -> Iterator[Change]:
    """CUDA libraries that it requires and the version before it, if there is one, does not."""
    before = result.before(incoming.name)
    known = set(_cuda_names(before.requires, result)) if before is not None else set()
    installed = {each.name for each in result.live.distributions}
    asked = {
        name: text for name, text in _cuda_names(incoming.requires, result).items() if name not in known | installed
    }
    if not asked:
        return
    uses = any("cuda" in each.traits for each in result.live.distributions)
    yield Change(
        code="EG226",
        kind="brings-cuda",
        package=incoming.name,
        part="" if uses else "first",
        locked="" if uses else "no CUDA library",
        installed=f"{len(asked)} CUDA {'library' if len(asked) == 1 else 'libraries'}",
        path=incoming.origin,
        evidence=(
            *(f"{incoming.name} {incoming.version} requires {text[:200]}" for text in list(asked.values())[:_LISTED]),
            *([f"and {len(asked) - _LISTED} more"] if len(asked) > _LISTED else []),
        ),
        traits=incoming.traits,
    )


def _cuda_names(requires: tuple[str, ...], result: Result) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in requires:
        try:
            requirement = requirements.applicable(text, result.markers)
        except ValueError:
            continue  # EG407 says it once it is installed
        name = versions.normalise(requirement.name) if requirement is not None else ""
        if _CUDA.fullmatch(name) and name not in _NOT_CUDA:
            found[name] = text
    return found
