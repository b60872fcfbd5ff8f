"""The rows that judge what no user row speaks of. They know kinds, parts and traits, and no package by name.

The first row that matches decides, so rows of one kind stand from the gravest evidence to the rest. What is not known
counts as the graver case: only the trait ``pure`` makes milder.
"""

from envguard.rules import _builtin_change, _builtin_plan
from envguard.rules._builtin_proposed import PROPOSED as _PROPOSED
from envguard.rules._row import row as _row

_BACK = "pip install --no-deps {package}=={locked}"
_REPAIR = "pip install --no-deps --force-reinstall the version in the lock, or rebuild the image"
_CORRECT = "correct the file, or name the others"
_IMAGE = "run in the image that was validated, or validate here and freeze again"


_PRESENCE = (
    _row(
        "removed",
        "forbidden",
        "what imports it fails or takes a fallback that was never validated",
        change="removed",
        instead=_BACK,
    ),
    _row(
        "added-cuda",
        "forbidden",
        "it brings CUDA libraries that were not part of the validation and may be loaded by mistake",
        change="added",
        traits="cuda",
        instead="pip uninstall {package}",
    ),
    _row(
        "added-editable",
        "cautious",
        "it is a link to a working folder: its code changes with every save",
        change="added",
        traits="editable",
        instead="install a built release, or pip uninstall {package}",
    ),
    _row(
        "added-pure",
        "safe",
        "Python code only, and nothing that was validated has moved",
        change="added",
        traits="pure",
    ),
    _row(
        "added-native",
        "cautious",
        "it may bring compiled libraries that meet those of locked packages in one process",
        change="added",
        instead="pip uninstall {package}, or validate with it and freeze again",
    ),
)

_VERSIONS = (
    _row(
        "moved-cuda",
        "forbidden",
        "CUDA libraries, the driver and what was compiled against them move together or not at all",
        change="upgraded downgraded different",
        part="epoch major minor other",
        traits="cuda",
        instead=_BACK,
    ),
    _row(
        "downgraded-pure",
        "cautious",
        "an older version can lack what the code in use calls",
        change="downgraded",
        traits="pure",
        instead=_BACK,
    ),
    _row(
        "downgraded",
        "forbidden",
        "an older build can lack functions and symbols that others were validated with, and holds defects fixed since",
        change="downgraded",
        instead=_BACK,
    ),
    _row(
        "upgraded-epoch",
        "forbidden",
        "another epoch means another numbering: the two versions cannot be compared",
        change="upgraded",
        part="epoch",
        instead=_BACK,
    ),
    _row(
        "upgraded-micro-pure",
        "safe",
        "a bug-fix release of a package without compiled code",
        change="upgraded",
        part="micro post",
        traits="pure",
    ),
    _row(
        "upgraded-pure",
        "cautious",
        "a new release may change behaviour or interfaces",
        change="upgraded",
        traits="pure",
        instead=_BACK,
    ),
    _row(
        "upgraded-micro",
        "cautious",
        "a bug-fix release, but its compiled code is not the one that was validated",
        change="upgraded",
        part="micro post",
        instead=_BACK,
    ),
    _row(
        "upgraded-native",
        "forbidden",
        "another feature release of compiled code, or of what may hold some, can break what was built against it",
        change="upgraded",
        instead=_BACK,
    ),
    _row(
        "different",
        "forbidden",
        "the two versions have no order, so nothing can be said in favour of the change",
        change="different",
        instead=_BACK,
    ),
)

_ARTIFACTS = (
    _row(
        "variant",
        "forbidden",
        "the same version built for another target: it can fail on the driver or fall back to the CPU silently",
        change="variant",
        instead="reinstall {package} in the variant of the lock, from the index that has it, with --no-deps",
    ),
    _row("source-same-files", "safe", "the record digest proves the same files", change="source", part="place"),
    _row(
        "source",
        "cautious",
        "the same version number from another place can be other code",
        change="source",
        instead="reinstall {package} from the origin that the lock names, with --no-deps",
    ),
    _row(
        "rebuilt-pure",
        "cautious",
        "the same version, but other files than those that were validated",
        change="rebuilt",
        traits="pure",
        instead="reinstall {package} from the artifact that was validated",
    ),
    _row(
        "rebuilt",
        "forbidden",
        "the same version compiled another time: other compiler, libraries or options",
        change="rebuilt",
        instead="reinstall {package} from the artifact that was validated",
    ),
)

_DAMAGE = (
    _row(
        "duplicate",
        "forbidden",
        "two versions lie in one another's way, the trace of an interrupted or forced installation",
        change="duplicate",
        instead="pip uninstall {package} until nothing is left, then install the version in the lock with --no-deps",
    ),
    _row(
        "broken",
        "forbidden",
        "the metadata does not say what is installed, the trace of an interrupted installation",
        change="broken",
        instead="remove the leftovers, then " + _REPAIR,
    ),
    _row(
        "edited",
        "forbidden",
        "the file is not the one that was validated",
        change="edited",
        instead=_REPAIR,
    ),
    _row("deleted-file", "forbidden", "a file that was validated is gone", change="deleted-file", instead=_REPAIR),
    _row(
        "added-file",
        "cautious",
        "a file that nobody validated lies inside a package and may be imported or loaded",
        change="added-file",
        instead="remove it, or " + _REPAIR,
    ),
    _row("mode", "cautious", "the executable bit is not the one that was sealed", change="mode", instead=_REPAIR),
    _row(
        "bytecode",
        "forbidden",
        "Python would run compiled code that does not belong to the source beside it",
        change="bytecode",
        instead="delete the __pycache__ folder",
    ),
    _row(
        "startup",
        "forbidden",
        "it runs or steers Python before the first line of the program",
        change="startup",
        instead="remove it, or rebuild the image",
    ),
    _row(
        "shadowed",
        "forbidden",
        "Python would import other code than that of the locked package",
        change="shadowed",
        instead="remove or rename what shadows it, or start Python with -P",
    ),
    _row(
        "clobbered",
        "forbidden",
        "conda records another package than the one that is there, and may mix the two with its next command",
        change="clobbered",
        instead="conda install --force-reinstall what the record names, or conda remove it before pip installs it",
    ),
    _row(
        "leftover",
        "forbidden",
        "conda counts on a package whose files are gone",
        change="leftover",
        instead="conda install --force-reinstall what the record names, or conda remove it",
    ),
)

_NATIVE = (
    _row(
        "unloadable",
        "forbidden",
        "it cannot be loaded: an import fails, or takes a fallback that was never validated",
        change="unloadable",
        instead="install the builds that were validated together; the evidence names both sides",
    ),
    _row(
        "incompatible",
        "forbidden",
        "it fails on the GPU, or runs on the CPU without a word",
        change="incompatible",
        instead="install builds of one CUDA generation that the driver serves, or restore the validated image",
    ),
    _row(
        "doubtful",
        "cautious",
        "whatever asks for it will fail; whether anything does cannot be told from the files",
        change="doubtful",
        instead="install what is missing, or let a row say why it is never used",
    ),
    _row(
        "overwritten",
        "cautious",
        "the one that was installed last won, and uninstalling either breaks the other",
        change="overwritten",
        instead="uninstall both, then install the one that is meant with --no-deps",
    ),
    _row(
        "unmet-family",
        "forbidden",
        "these packages are built for one another, release by release",
        change="unmet",
        part="family",
        instead="install the versions that were released together, in one command from one index",
    ),
    _row(
        "unmet",
        "cautious",
        "the package says itself that it was not made for this",
        change="unmet",
        instead="install what it requires with --no-deps, or a release of it that accepts what is there",
    ),
    _row(
        "hijacked",
        "cautious",
        "the library that runs is not the one that was installed with the package",
        change="hijacked",
        instead="unset LD_LIBRARY_PATH or LD_PRELOAD for this service",
    ),
    _row(
        "undeclared",
        "cautious",
        "it runs before everything else, and nobody answers for it",
        change="undeclared",
        instead="remove it, or ship it in a package",
    ),
)

_INTERPRETER = (
    _row(
        "python-micro",
        "cautious",
        "another bug-fix release of the same Python: the ABI is the same, behaviour can differ",
        change="interpreter",
        part="micro pre",
        instead=_IMAGE,
    ),
    _row(
        "libc-newer",
        "safe",
        "a newer C library of the same kind runs what was linked against the older one",
        change="interpreter",
        part="libc",
        traits="newer",
    ),
    _row(
        "interpreter",
        "forbidden",
        "compiled packages were built for another Python, platform or C library",
        change="interpreter",
        instead=_IMAGE,
    ),
)

_FILES = (
    _row(
        "floating-newest",
        "forbidden",
        "it means whatever was pushed last: another image tomorrow, without any change in the repository",
        change="floating",
        part="newest",
        instead="write the full version and the digest: name:VERSION@sha256:DIGEST",
    ),
    _row(
        "floating",
        "cautious",
        "the tag moves to another image with the next release or rebuild of its series",
        change="floating",
        instead="write the full version and the digest: name:VERSION@sha256:DIGEST",
    ),
    _row(
        "unpinned",
        "cautious",
        "the image gets whatever is newest on the day of its build",
        change="unpinned",
        instead="write the version that was validated (==), or install from envguard.lock",
    ),
    _row("unread", "unverified", "what cannot be read can say anything", change="unread", instead=_CORRECT),
)

_GUARD = (
    _row(
        "unverifiable",
        "unverified",
        "what cannot be compared can drift unseen",
        change="unverifiable",
        instead="write the exact version into the golden file, or make it with envguard freeze",
    ),
    _row(
        "stale-rule",
        "cautious",
        "the row no longer excuses or refuses anything",
        change="stale-rule",
        instead="renew its date with a reason, or remove it, and freeze again",
    ),
    _row(
        "second-owner",
        "forbidden",
        "a guard whose own files were replaced can answer anything",
        change="second-owner",
        instead="uninstall the other distribution, then pip install --no-deps --force-reinstall envguard-lock",
    ),
)

UNFORESEEN = _row(
    "unforeseen",
    "cautious",
    "no row speaks of this kind of change",
    instead="look at the evidence; upgrade envguard if the kind is new",
)
"""The last row: it matches everything."""

ROWS = (
    *_PRESENCE,
    *_VERSIONS,
    *_ARTIFACTS,
    *_DAMAGE,
    *_NATIVE,
    *_INTERPRETER,
    *_FILES,
    *_builtin_change.ROWS,
    *_builtin_plan.ROWS,
    *_PROPOSED,
    *_GUARD,
    UNFORESEEN,
)
