"""What a change would do to an environment: stated before anything is installed, and not judged.

Changes are neutral and have codes of their own, EG220 to EG229; ``rules`` judges them. A change of kind ``noted`` is
information and no finding.
"""

from collections.abc import Iterable, Sequence

from envguard.change.planning import fitting, loading, overwriting, requiring, resulting
from envguard.change.wheels.incoming import Incoming
from envguard.model import Change, Environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.change.conda.coming import Coming


def of(
    live: Environment,
    arriving: Sequence[Incoming],
    leaving: Iterable[str] = (),
    *,
    site: str = "",
    coming: "Coming | None" = None,
) -> tuple[Change, ...]:
    """What would break or be overwritten if these wheels, or packages of conda's, were installed.

    What compiled files would meet is asked where everything that arrives was read natively into one folder
    (``incoming.read(…, native=True, unpack=FOLDER)``, ``arriving_conda.look``) that is still there.

    Args:
        live: What is installed, as ``environment.scan`` gives it.
        arriving: The wheels that would be installed; one of an installed name replaces it.
        leaving: Names of what would be removed without a successor.
        site: The site-packages that the wheels would be installed in; empty takes the one that most others lie in.
        coming: A change of conda's packages, which brings the ``arriving`` distributions and takes out ``leaving``.

    Returns:
        Sorted by code, package and path. The version changes themselves (upgraded, added, removed) are not among them.

    Raises:
        UsageError: Two wheels of one name would arrive.
        UnverifiableError: Something changed while it was read.
    """
    result = resulting.of(live, arriving, leaving, site, coming=coming)
    unmet = tuple(requiring.changes(result))
    families = frozenset(each.package for each in unmet if each.part == "family")
    found = [*overwriting.changes(result), *unmet, *fitting.changes(result), *loading.changes(result, families)]
    return tuple(sorted(found, key=lambda each: (each.code, each.package, each.path, each.locked)))
