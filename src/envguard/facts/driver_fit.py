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

_NAMED = 10
"""Users of CUDA that are named."""


def observe(
    driver: "Driver", users: "Iterable[User]", tables: "Tables", *, working: "Collection[str]" = ()
) -> "Iterator[Change]":
    """One change for each generation of CUDA that is used and that the driver is too old for.

    Args:
        driver: What is known of it.
        users: Who uses CUDA.
        tables: The oldest driver for each generation.
        working: Distributions that were seen to reach the GPU: what was seen wins over a table.
    """
    groups: dict[int, list[User]] = {}
    for user in sorted(users, key=lambda user: (not user.main, user.name)):
        groups.setdefault(user.cuda, []).append(user)
    if not groups:
        return
    if not driver.comparable:
        yield _unknown(driver, [user for group in groups.values() for user in group])
        return
    for cuda, group in sorted(groups.items()):
        row = tables.minimum(cuda)
        if row is not None and numbers(driver.version) < numbers(row.driver):
            yield _too_old(driver, group, row, works=any(user.name in working for user in group))
        elif row is not None and driver.kernel and numbers(driver.kernel) < numbers(row.driver):
            yield _forward_compatible(driver, group, row)


def _too_old(driver: "Driver", users: "list[User]", row: "DriverRow", *, works: bool) -> Change:
    evidence = (
        f"the driver is {driver.version} ({', '.join(driver.sources)})",
        users[0].why,
        *_others(users),
        f"CUDA {row.cuda} needs driver {row.driver} or newer ({row.source}, {row.date})",
        *(["it was seen to work all the same"] if works else []),
    )
    grave = "incompatible" if users[0].main else "doubtful"
    return _change("noted" if works else grave, users[0], f"driver >= {row.driver}", driver.version, evidence)


def _forward_compatible(driver: "Driver", users: "list[User]", row: "DriverRow") -> Change:
    evidence = (
        f"the kernel module is {driver.kernel}, libcuda.so.1 is {driver.library}: a forward-compatibility package",
        users[0].why,
        *_others(users),
        f"without it CUDA {row.cuda} needs driver {row.driver} or newer",
    )
    return _change("noted", users[0], f"driver >= {row.driver}", driver.version, evidence)


def _others(users: "list[User]") -> "Iterator[str]":
    if len(users) > 1:
        yield f"so do {', '.join(user.shown for user in users[1:_NAMED])}"


def _unknown(driver: "Driver", users: "list[User]") -> Change:
    """Tests and image builds run where there is no GPU: that is worth knowing, and no fault."""
    why = driver.why or f"driver {driver.version} is numbered in another way than the tables"
    evidence = (why, f"CUDA is used by {', '.join(user.shown for user in users[:_NAMED])}")
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
