"""What every code, kind of change, part and trait means, in the words that ``envguard rule`` prints.

Data only. A code is never reused for something else; a new one gets the next free number of its hundred.
"""

from envguard.facts import wheel
from envguard.rules import (
    _codes_change,
    _codes_commit,
    _codes_drift,
    _codes_files,
    _codes_gpu,
    _codes_guard,
    _codes_native,
    _codes_plan,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.rules._code import Code

_ALL = (
    *_codes_drift.CODES,
    *_codes_plan.CODES,
    *_codes_commit.CODES,
    *_codes_change.CODES,
    *_codes_gpu.CODES,
    *_codes_native.CODES,
    *_codes_files.CODES,
    *_codes_guard.CODES,
)

CODES = {entry.code: entry for entry in _ALL}
"""Code -> its entry, in the order of the codes."""

KINDS = {
    "removed": "A locked package is not installed.",
    "upgraded": "A newer version than the locked one is installed.",
    "downgraded": "An older version than the locked one is installed.",
    "different": "Another version is installed, and the two have no order.",
    "added": "Something is installed that the lock does not name.",
    "variant": "The same version, built for another target (cpu, cu124 ...).",
    "source": "The same package, installed from another place.",
    "duplicate": "One package is installed more than once.",
    "rebuilt": "The same version, but another artifact.",
    "edited": "A file's content is not what was sealed.",
    "deleted-file": "A sealed file is gone.",
    "added-file": "A file lies where no sealed file was.",
    "mode": "A file's executable bit changed.",
    "bytecode": "A compiled .pyc file does not belong to its source.",
    "startup": "A file that Python runs or reads at start (.pth, sitecustomize, pyvenv.cfg) changed.",
    "broken": "Package metadata is damaged, incomplete or contradicts itself.",
    "interpreter": "Python, the platform or the C library is another one.",
    "unverifiable": "A line of the golden file cannot be compared.",
    "shadowed": "A locked package would be imported from somewhere else.",
    "clobbered": "conda's record and the installed metadata disagree: another installer was there.",
    "leftover": "conda records a package whose files are gone.",
    "unloadable": "A compiled file cannot be loaded, and an import surely meets it.",
    "doubtful": "Something that a file needs is missing; whether anything asks for it is not known.",
    "incompatible": "Driver, CUDA libraries and frameworks do not fit one another.",
    "overwritten": "Two packages claim the same file with different content.",
    "unmet": "What a package requires is not installed, or in another version.",
    "hijacked": "The search path puts another library in the place of the environment's own.",
    "undeclared": "Code that runs at every start, and that no package owns.",
    "floating": "An image is named by words that may name another one tomorrow.",
    "unpinned": "A build installs whatever version is newest on that day.",
    "replaced": "A build puts another Python in the place of the image's own.",
    "unread": "A file of the repository cannot be read.",
    "breaks": "After the change a compiled file would not load, and an import surely meets it.",
    "may-break": "After the change a compiled file would lack something; whether anything asks for it is not known.",
    "mismatches": "After the change driver, CUDA libraries and frameworks would not fit one another.",
    "may-mismatch": "After the change it would not be known whether CUDA libraries and frameworks fit.",
    "overwrites": "Files of another package would be overwritten with other content.",
    "unmet-after": "After the change a requirement of a package would not be met.",
    "used-symbols": "Symbols that the project's own code uses changed or vanished.",
    "unfit": "A wheel is for another Python or platform.",
    "withdrawn": "The index has withdrawn a release (yanked).",
    "brings-cuda": "A wheel would bring CUDA libraries that are not required so far.",
    "restored": "A package would become what the golden file says.",
    "held": "A pin of the golden file stands against the request.",
    "unopened": "What would be installed cannot be read before it is installed.",
    "apart": "A package stayed or moved while others that move only with it did not.",
    "lock-removed": "The golden file is gone in the proposed commit.",
    "loosened": "A rule says less than before, about a change of the same commit.",
    "stale-rule": "A row of the rule table has ended or never matched.",
    "second-owner": "envguard's own files are claimed or changed by somebody else.",
}
"""Kind of change -> what it says."""

PARTS = {
    "epoch": "The epoch of the version (the number before `!`).",
    "major": "The first number of the version.",
    "minor": "The second number of the version.",
    "micro": "The third or a later number of the version.",
    "pre": "The pre-release (a, b, rc).",
    "post": "The post-release.",
    "dev": "The development release.",
    "local": "The local label (after `+`) or the build variant.",
    "other": "Versions without an order, such as legacy or conda versions.",
    "build": "The build string of a conda package.",
    "channel": "The channel of a conda package.",
    "place": "The place alone: the record digest proves the same files.",
    "implementation": "The Python implementation, such as cpython.",
    "abi": "The ABI tag of extension modules.",
    "platform": "The operating system or the machine.",
    "libc": "The C library or its version.",
    "newest": "No tag, or one that means whatever was pushed last (latest, nightly, main).",
    "tag": "A tag that names a series and not one release, such as `3.11` or `2.8-runtime`.",
    "first": "The first of its kind in the environment.",
    "certain": "There is no doubt about it: the words of the file say so.",
    "family": "Packages that are released together, such as torch and torchvision.",
}
"""Part that moved -> what it is. ``major``, ``minor``, ``micro`` and ``pre`` are also said of Python's own version."""

TRAITS = {
    **wheel.TRAITS,
    "conda": "Stated by conda's own records.",
    "newer": "What is there is newer than what was locked (interpreter and C library).",
    "older": "What is there is older than what was locked (interpreter and C library).",
}
"""Trait -> the evidence that it stands for."""

DAMAGE = (
    "edited",
    "deleted-file",
    "added-file",
    "mode",
    "bytecode",
    "startup",
    "broken",
    "duplicate",
    "shadowed",
    "clobbered",
    "leftover",
    "unloadable",
    "doubtful",
    "incompatible",
    "overwritten",
    "unmet",
    "hijacked",
    "undeclared",
    "floating",
    "unpinned",
    "replaced",
    "unread",
    "breaks",
    "may-break",
    "mismatches",
    "may-mismatch",
    "overwrites",
    "unmet-after",
    "used-symbols",
    "unfit",
    "withdrawn",
    "brings-cuda",
    "held",
    "unopened",
    "unverifiable",
    "lock-removed",
    "loosened",
    "stale-rule",
    "second-owner",
)
"""Kinds that a row milder than forbidden reaches only by naming them: nobody means damage by a row about upgrades."""


_MISREAD = str.maketrans("oil", "011")
"""Letters that are taken for the digits of a code."""


def lookup(word: str) -> "Code | None":
    """The entry for a code or a kebab name, whatever its case; None where there is none."""
    wanted = word.strip().lower()
    for entry in _ALL:
        if wanted in (entry.code.lower(), entry.name):
            return entry
    return None


def suggestions(word: str) -> tuple[str, ...]:
    """Up to three codes or names that look like ``word``, most similar first."""
    wanted = word.strip().lower()
    known = {name.lower(): name for entry in _ALL for name in (entry.code, entry.name)}
    import difflib

    near = difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)
    meant = wanted[:2] + wanted[2:].translate(_MISREAD)
    if meant in known and meant != wanted:
        near = [meant, *(name for name in near if name != meant)][:3]
    return tuple(known[name] for name in near)
