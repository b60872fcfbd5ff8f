"""The environment that would be there after a change: a value, nothing is installed."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from envguard._value import Value
from envguard.change.conda.coming import Coming
from envguard.change.wheels.incoming import Incoming
from envguard.environment import conda, interpreter, tags
from envguard.errors import UsageError
from envguard.facts.natives import Natives
from envguard.model import Change, Distribution, Environment
from envguard.versions import normalise


class Result(Value):
    """An environment before and after a change."""

    live: Environment
    """As it was scanned."""
    after: Environment
    """The same without what leaves and with what arrives."""
    arriving: tuple[Incoming, ...]
    gone: frozenset[str]
    """Normalised names of what is there now and would be removed or replaced."""
    site: str
    """The site-packages that the wheels would be installed in, links resolved."""
    coming: "Coming | None" = None
    """Of a change of conda's packages, what comes and goes besides distributions."""

    @property
    def place(self) -> str:
        """What the folder with what arrives lies over: site-packages, or all of a conda environment; links resolved."""
        return self.site if self.coming is None else os.path.realpath(self.live.prefix)

    @property
    def markers(self) -> dict[str, str]:
        """The PEP 508 variables of the interpreter."""
        return interpreter.markers(self.live.interpreter)

    def before(self, name: str) -> "Distribution | None":
        """What is installed now under a normalised name; the first on sys.path is the one that is imported."""
        return next((each for each in self.live.distributions if each.name == name), None)


def natives(environment: Environment) -> Natives:
    """The facts about the compiled files, owners and requirements of an environment; use it in a ``with`` block."""
    whom = environment.interpreter
    return Natives(environment, markers=interpreter.markers(whom), supported=lambda: map(str, tags.supported(whom)))


def of(
    live: Environment,
    arriving: Sequence[Incoming],
    leaving: Iterable[str],
    site: str = "",
    *,
    coming: "Coming | None" = None,
) -> Result:
    """What would be there.

    Args:
        live: What is installed.
        arriving: The wheels that would be installed; one of an installed name replaces it.
        leaving: Names of what would be removed; those that are not installed are passed over.
        site: Where the wheels would be installed; empty takes the folder that most of the others lie in.
        coming: A change of conda's packages, which brings ``arriving`` and takes out ``leaving`` and more.

    Raises:
        UsageError: Two wheels of one name would arrive.
    """
    if coming is not None:
        return _by_conda(live, arriving, leaving, coming)
    named = Counter(each.name for each in arriving)
    for name, count in named.items():
        if count > 1:
            raise UsageError(f"{count} wheels of {name} would be installed at once")
    installed = {each.name for each in live.distributions}
    gone = frozenset(({normalise(name) for name in leaving} | set(named)) & installed)
    place = os.path.realpath(site or _site(live))
    kept = tuple(each for each in live.distributions if each.name not in gone)
    after = live.replace(distributions=(*(each.distribution(place) for each in arriving), *kept))
    return Result(live=live, after=after, arriving=tuple(arriving), gone=gone, site=place)


def _by_conda(live: Environment, arriving: Sequence[Incoming], leaving: Iterable[str], coming: Coming) -> Result:
    """What conda makes: it takes out what its records list, and nothing of the same name that pip installed."""
    prefix = os.path.realpath(live.prefix)
    packages = live.conda or ()
    brought = {each.path for each in conda.brought(prefix, packages, coming.gone)}
    asked = {normalise(name) for name in leaving}
    going = [
        each
        for each in live.distributions
        if _place(each) in brought or (each.name in asked and each.installer == "conda")
    ]
    kept = tuple(each for each in live.distributions if each not in going)
    site = f"{prefix}/{coming.site}"
    records = (each.record for each in coming.packages if each.record is not None)
    after = live.replace(
        distributions=(*(each.distribution(site) for each in arriving), *kept),
        conda=(*records, *(each for each in packages if each.name not in coming.gone)),
    )
    gone = frozenset(each.name for each in going)
    return Result(live=live, after=after, arriving=tuple(arriving), gone=gone, site=site, coming=coming)


def _place(distribution: Distribution) -> str:
    return os.path.join(os.path.realpath(distribution.location), os.path.basename(distribution.path))


def _site(live: Environment) -> str:
    """The folder inside the prefix that most distributions lie in."""
    prefix = os.path.realpath(live.prefix)
    places = Counter(each.location for each in live.distributions if each.kind == "dist-info")
    inside = {place: count for place, count in places.items() if os.path.realpath(place).startswith(f"{prefix}/")}
    ranked: Mapping[str, int] = inside or places
    return max(ranked, key=ranked.__getitem__, default=prefix)


def new(changes: Iterable[Change], before: Iterable[Change]) -> list[Change]:
    """Those that were not there before; what is said of them may have changed in its details."""
    known = {(each.code, each.package, each.kind, each.locked) for each in before}
    return [each for each in changes if (each.code, each.package, each.kind, each.locked) not in known]
