"""Does a row of the rule table speak of a change?

Pure functions over values. Two principles hold throughout: what is not known never helps a milder row, and a row is
never read more widely than it was written.
"""

from envguard import versions
from envguard.errors import RuleError
from envguard.model import GRAVITY
from envguard.rules.catalog import DAMAGE, KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envguard.model import Change, Environment, Rule

_FORBIDDEN = GRAVITY.index("forbidden")


def matches(
    rule: "Rule",
    change: "Change",
    *,
    changes: "Sequence[Change]",
    environment: "Environment | None",
    markers: "Mapping[str, str]",
) -> bool:
    """True when every condition of ``rule`` holds for ``change``; its date is not looked at.

    Args:
        rule: The row.
        change: The change that is judged.
        changes: All changes that are judged together, for ``alone``.
        environment: What is installed, for ``beside``.
        markers: PEP 508 environment, for ``when``.

    Raises:
        RuleError: A specifier or marker of the row is not valid.
    """
    return (
        not rule.together  # it judges the whole change set, not one change
        and (not rule.change or change.kind in rule.change)
        and _package(rule, change)
        and (not rule.part or change.part in rule.part)
        and _traits(rule, change)
        and _version(rule, rule.locked, change.locked)
        and _version(rule, rule.to, change.installed)
        and (not rule.beside or _beside(rule.beside, environment))
        and (not rule.alone or _alone(rule, change, changes))
        and (not rule.when or holds(rule, markers))
    )


def named(patterns: "Sequence[str]", name: str) -> bool:
    """True when a list of patterns names ``name``.

    A pattern is a normalised name, with a trailing ``*`` a prefix, with a leading ``!`` an exclusion. Exclusions alone
    mean everything else. An exclusion wins over every other pattern, wherever it stands.
    """
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    if any(_fits(pattern[1:], name) for pattern in patterns if pattern.startswith("!")):
        return False
    return not wanted or any(_fits(pattern, name) for pattern in wanted)


def lenient(rule: "Rule") -> bool:
    """True for a row that makes something milder than forbidden."""
    return GRAVITY.index(rule.verdict) < _FORBIDDEN


def may_speak(rule: "Rule", change: "Change") -> bool:
    """True when a user's row may decide this kind of change at all.

    A row that forbids always may. A milder one reaches damage only by naming it, an unverifiable pin only by naming it
    with an end, and a kind that this version does not know never.
    """
    if not lenient(rule):
        return True
    if change.kind == "unverifiable":
        return change.kind in rule.change and bool(rule.until)
    if change.kind not in KINDS:
        return False
    return change.kind not in DAMAGE or change.kind in rule.change


def _fits(pattern: str, name: str) -> bool:
    if pattern.endswith("*"):
        return name.startswith(pattern[:-1])
    return name == pattern


def _package(rule: "Rule", change: "Change") -> bool:
    if not rule.package:
        return True
    # A change of no package, such as the interpreter's, is not meant by a row about packages.
    return change.package != "" and named(rule.package, versions.normalise(change.package))


def _traits(rule: "Rule", change: "Change") -> bool:
    for trait in rule.traits:
        if trait.startswith("!"):
            if trait[1:] in change.traits:
                return False
            if not change.traits and lenient(rule):
                return False
        elif trait not in change.traits:
            return False
    return True


def _version(rule: "Rule", specifier: str, version: str) -> bool:
    if not specifier:
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(specifier)
    except InvalidSpecifier as error:
        raise RuleError(f"rule {rule.id!r}: {specifier!r} is no version specifier", path=rule.origin) from error
    parsed = versions.parse(version)
    return parsed is not None and allowed.contains(parsed, prereleases=True)


def _beside(names: "Sequence[str]", environment: "Environment | None") -> bool:
    if environment is None:
        return False
    installed = {distribution.name for distribution in environment.distributions}
    installed.update(versions.normalise(package.name) for package in environment.conda or ())
    return any(named(names, name) for name in installed)


def _alone(rule: "Rule", change: "Change", changes: "Sequence[Change]") -> bool:
    """True when nothing but the packages that the row names has changed; new packages aside."""
    return all(
        other.kind == "added"
        or other.package == change.package
        or (rule.package != () and other.package != "" and named(rule.package, versions.normalise(other.package)))
        for other in changes
    )


def holds(rule: "Rule", markers: "Mapping[str, str]") -> bool:
    """True where the row's marker holds.

    Raises:
        RuleError: It is not valid.
    """
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    try:
        return Marker(rule.when).evaluate(dict(markers))
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, RecursionError) as error:
        raise RuleError(f"rule {rule.id!r}: {rule.when!r} is no usable marker", path=rule.origin) from error
