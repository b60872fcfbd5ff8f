"""EG407: what an installed distribution requires, and what is installed. It is the question of ``pip check``.

The answers are those of pip: markers are evaluated for the judged interpreter without an extra, what an extra would
need is not asked for, a pre-release that is installed counts, and of several copies the first on sys.path is meant.
Requirements between members of the torch family are left to EG305, which knows more about them.

Sources: "Core metadata specifications" (Requires-Dist), PEP 508, and the documentation of ``pip check``.
"""

from collections.abc import Iterator, Mapping

from envguard import versions
from envguard.facts.natives import Natives
from envguard.facts.providers import required_name
from envguard.model import Change, Distribution

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.requirements import Requirement

TORCH_FAMILY = frozenset({"torch", "torchaudio", "torchdata", "torchtext", "torchvision"})
"""They are released together and pin one another: EG305."""

_SHOWN = 200
"""Characters of a requirement that are shown."""


def observe(natives: Natives) -> Iterator[Change]:
    """One change for each requirement that is not met; one that cannot be read is noted."""
    for distribution in natives.environment.distributions:
        if natives.distribution(distribution.name) is distribution:
            for text in dict.fromkeys(distribution.requires):
                for change in judge(distribution, text, natives):
                    if not _inside_family(distribution, change):
                        yield change


def judge(distribution: Distribution, text: str, natives: Natives) -> Iterator[Change]:
    """Whether one requirement is met, whoever asks: at most one change.

    Args:
        distribution: Who has it.
        text: The value of Requires-Dist.
        natives: What is installed.
    """
    try:
        requirement = applicable(text, natives.markers)
    except ValueError as error:
        yield _change(distribution, text, why=f"not understood: {error}", kind="noted")
        return
    if requirement is None:
        return
    name = versions.normalise(requirement.name)
    wanted = f"{name}{requirement.specifier}"
    installed = natives.distribution(name)
    if installed is None:
        yield _change(distribution, text, why=f"no distribution {name} is installed", wanted=wanted)
        return
    version = versions.parse(installed.version)
    there = f"{name} {installed.version} is installed in {installed.location}"
    if version is None and requirement.specifier:
        why = f"{there}, which is no PEP 440 version"
        yield _change(distribution, text, why=why, wanted=wanted, installed=installed.version, kind="noted")
    elif version is not None and not requirement.specifier.contains(version, prereleases=True):
        yield _change(distribution, text, why=there, wanted=wanted, installed=installed.version)


def _inside_family(distribution: Distribution, change: Change) -> bool:
    return distribution.name in TORCH_FAMILY and required_name(change.locked) in TORCH_FAMILY


def applicable(text: str, markers: Mapping[str, str]) -> "Requirement | None":
    """The requirement, or None where its marker is false here.

    Raises:
        ValueError: It is no valid requirement, or its marker cannot be evaluated.
    """
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
        holds = requirement.marker is None or requirement.marker.evaluate({**markers, "extra": ""})
    except InvalidRequirement as error:
        raise ValueError(str(error).partition("\n")[0]) from error
    except (UndefinedComparison, UndefinedEnvironmentName, RecursionError) as error:
        raise ValueError(str(error)) from error
    return requirement if holds else None


def _change(
    distribution: Distribution, text: str, *, why: str, wanted: str = "", installed: str = "", kind: str = "unmet"
) -> Change:
    return Change(
        code="EG407",
        kind=kind,
        package=distribution.name,
        locked=wanted[:_SHOWN],
        installed=installed,
        path=distribution.path,
        evidence=(f"{distribution.name} {distribution.version} has Requires-Dist: {text[:_SHOWN]}", why[:_SHOWN]),
    )
