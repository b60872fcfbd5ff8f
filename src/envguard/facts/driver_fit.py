"""EG301: is the driver new enough for the CUDA that is used?

Within one major version of CUDA a driver runs all minor ones ("minor-version compatibility"), and newer drivers run
whatever older ones did. So the oldest driver of the major version is the only limit, and there is no ceiling.
"""

from envguard.facts.driver import numbers
from envguard.model import Change

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from envguard.facts.cuda_users import User
    from envguard.facts.driver import Driver
    from envguard.facts.tables import DriverRow, Tables


def observe(
    driver: "Driver", users: "Iterable[User]", tables: "Tables", *, working: "Collection[str]" = ()
) -> "Iterator[Change]":
    """One change for each user of CUDA that the driver is too old for.

    Args:
        driver: What is known of it.
        users: Who uses CUDA.
        tables: The oldest driver for each generation.
        working: Distributions that were seen to reach the GPU: what was seen wins over a table.
    """
    users = tuple(users)
    if not users:
        return
    if not driver.comparable:
        yield _unknown(driver, users)
        return
    for user in users:
        row = tables.minimum(user.cuda)
        if row is not None and numbers(driver.version) < numbers(row.driver):
            yield _too_old(driver, user, row, working=user.name in working)
        elif row is not None and driver.kernel and numbers(driver.kernel) < numbers(row.driver):
            yield _forward_compatible(driver, user, row)


def _too_old(driver: "Driver", user: "User", row: "DriverRow", *, working: bool) -> Change:
    evidence = (
        f"the driver is {driver.version} ({', '.join(driver.sources)})",
        user.why,
        f"CUDA {row.cuda} needs driver {row.driver} or newer ({row.source}, {row.date})",
        *(["it was seen to work all the same"] if working else []),
    )
    grave = "incompatible" if user.main else "doubtful"
    return _change("noted" if working else grave, user, f"driver >= {row.driver}", driver.version, evidence)


def _forward_compatible(driver: "Driver", user: "User", row: "DriverRow") -> Change:
    evidence = (
        f"the kernel module is {driver.kernel}, libcuda.so.1 is {driver.library}: a forward-compatibility package",
        user.why,
        f"without it CUDA {row.cuda} needs driver {row.driver} or newer",
    )
    return _change("noted", user, f"driver >= {row.driver}", driver.version, evidence)


def _unknown(driver: "Driver", users: "tuple[User, ...]") -> Change:
    """Tests and image builds run where there is no GPU: that is worth knowing, and no fault."""
    why = driver.why or f"driver {driver.version} is numbered in another way than the tables"
    evidence = (why, f"CUDA is used by {', '.join(user.shown for user in users[:10])}")
    return _change("noted", users[0], f"driver for CUDA {users[0].cuda}", driver.version, evidence)


def _change(kind: str, user: "User", wanted: str, there: str, evidence: tuple[str, ...]) -> Change:
    return Change(
        code="EG301",
        kind=kind,
        package=user.name,
        locked=wanted,
        installed=f"driver {there}" if there else "",
        path=user.path,
        evidence=evidence,
    )
