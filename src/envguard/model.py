"""The values that pass between the stages, and nothing else.

They do no I/O, they do not judge, and they do not render themselves. Collections are tuples.
"""

from envguard._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from envguard.proposal import Proposal

    Depth = Literal["versions", "records", "files", "native"]
    Verdict = Literal["pinned", "safe", "cautious", "unverified", "forbidden"]

DEPTHS = ("versions", "records", "files", "native")
"""How deep a check looks, from the cheapest to the most thorough; each includes the ones before it."""

SEALED_DEPTHS = DEPTHS[:3]
"""How deep ``freeze`` seals. What depth native looks at follows from the sealed files and from the machine."""

GRAVITY = ("pinned", "safe", "cautious", "unverified", "forbidden")
"""Verdicts from the mildest to the gravest."""


class Interpreter(Value):
    """A Python interpreter and the platform below it: what compiled code was built for."""

    implementation: str
    """``sys.implementation.name``, such as ``cpython``."""
    version: str
    """The full version, such as ``3.11.7`` or ``3.13.0rc1``."""
    soabi: str
    """The ABI tag of extension modules, such as ``cpython-311-x86_64-linux-gnu`` (PEP 3149)."""
    system: str
    """``sys.platform``."""
    machine: str
    """``os.uname().machine``, such as ``x86_64``."""
    libc: str = ""
    """C library and version, such as ``glibc 2.36`` or ``musl 1.2.4``; empty where it is not known."""


class Source(Value):
    """Where a distribution comes from when that is not an index (PEP 610)."""

    kind: "Literal['archive', 'vcs', 'directory']"
    url: str
    """Without credentials, query secrets or fragment."""
    revision: str = ""
    """The commit of a VCS source."""
    digest: str = ""
    """``sha256:<hex>`` of an archive, where it is recorded."""
    editable: bool = False
    subdirectory: str = ""


class Selection(Value):
    """Which part of a lock file is meant, and for whom: one lock may hold several environments.

    A format that cannot be asked for a part refuses a selection rather than ignore it.
    """

    groups: tuple[str, ...] = ()
    """Dependency groups (PEP 735) beside the main dependencies, such as ``dev``."""
    extras: tuple[str, ...] = ()
    """Extras of the locked project."""
    environment: str = ""
    """Name of an environment inside the lock (pixi)."""
    platform: str = ""
    """conda subdir, such as ``linux-64``; empty is that of ``interpreter``."""
    categories: tuple[str, ...] = ()
    """Categories or sections beside the default (conda-lock, Pipfile.lock)."""
    interpreter: "Interpreter | None" = None
    """Whom the lock is read for; None is the running interpreter."""

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the options by which a part was asked for."""
        fields = ("groups", "extras", "environment", "platform", "categories")
        return tuple(field for field in fields if getattr(self, field))


class Artifact(Value):
    """A file that a distribution can be installed from, as a lock describes it."""

    name: str
    """File name."""
    url: str = ""
    """Where it lies, without credentials; empty where the lock does not say."""
    hashes: tuple[str, ...] = ()
    """``algorithm:hex``."""
    size: "int | None" = None
    """Bytes."""


class Pin(Value):
    """One thing that a golden file says must be installed."""

    name: str
    """Normalised (PEP 503) for ``manager`` pip; conda's own spelling for conda."""
    version: "str | None" = None
    """The exact version as written, or None where the line gives none."""
    path: str = ""
    """The file that holds the line."""
    line: int = 0
    """1-based."""
    text: str = ""
    """The requirement as a person wrote it, without credentials, options and directives."""
    marker: str = ""
    """A PEP 508 marker; the pin holds only where it is true."""
    hashes: tuple[str, ...] = ()
    """``algorithm:hex`` of every artifact that may be installed."""
    artifacts: tuple[Artifact, ...] = ()
    """The files of the index that the lock lists for this pin. For ``export``; nothing is compared with them."""
    source: "Source | None" = None
    """None: from an index."""
    record: str = ""
    """``sha256:<hex>``, the record digest of the installed artifact, or empty where it is not sealed."""
    tags: tuple[str, ...] = ()
    """Wheel tags (PEP 425), where the lock knows them."""
    variant: "str | None" = None
    """What the package itself says it was built for, such as ``cu124`` or ``cpu``; None is unknown."""
    unverifiable: str = ""
    """Why this line pins nothing exact; empty for a real pin."""
    optional: bool = False
    """What must agree where it is installed, and may be absent: the lock does not say that it is needed here."""
    local_unknown: bool = False
    """The lock's writer leaves local labels out: ``2.5.0`` may also mean 2.5.0+cu121."""
    manager: "Literal['pip', 'conda']" = "pip"
    build: str = ""
    """conda build string; empty is any."""
    channel: str = ""
    """conda channel, such as ``conda-forge``; empty is any."""
    url: str = ""
    """Where conda's archive lies, as far as the lock says, without credentials. Not compared: mirrors are normal."""


class Rule(Value):
    """One row of the rule table: which changes it speaks of and what it says. Empty conditions match everything."""

    id: str
    verdict: "Verdict"
    reason: str
    instead: str = ""
    """What to do instead, as a command or an instruction."""
    package: tuple[str, ...] = ()
    """Normalised names; a trailing ``*`` matches a prefix, a leading ``!`` excludes."""
    change: tuple[str, ...] = ()
    """Kinds of change, see ``envguard.rules.catalog.KINDS``."""
    part: tuple[str, ...] = ()
    """Which part of the version moved: epoch major minor micro pre post dev local other."""
    locked: str = ""
    """PEP 440 specifier for the locked version."""
    to: str = ""
    """PEP 440 specifier for the version after the change."""
    traits: tuple[str, ...] = ()
    """Required traits; a leading ``!`` negates."""
    beside: tuple[str, ...] = ()
    """Names of which at least one must be installed too."""
    alone: bool = False
    """Only when the named package is the only one whose version or presence changes, new packages aside."""
    when: str = ""
    """A PEP 508 marker."""
    until: str = ""
    """ISO date after which the row no longer applies (a waiver that ends)."""
    together: tuple[str, ...] = ()
    """Names of packages that may only move together; such a row judges the whole change set, see
    ``envguard.rules.together``."""
    follow: str = ""
    """``requires-dist``: the packages' own pins decide who must move; empty: all must."""
    label: str = ""
    """``same``: the packages keep one local label."""
    zh: str = ""
    """``reason`` in Chinese, where the project gives it; built-in rows have theirs in ``envguard.languages``."""
    zh_instead: str = ""
    origin: str = "built-in"
    """``built-in``, or the file and key that the row comes from."""


class Manifest(Value):
    """The sealed list of every file, written beside a lock by ``freeze --depth files``."""

    path: str
    """File name, relative to the lock's folder."""
    sha256: str
    files: int
    """How many rows it has."""


class Snapshot(Value):
    """What a golden file says, whatever its format."""

    path: str
    format: str
    sha256: str
    """Hex digest of the file's bytes."""
    pins: tuple[Pin, ...] = ()
    complete: bool = True
    """True: whatever the file does not name is drift. False: it names only some of what is installed."""
    incomplete_why: str = ""
    interpreter: "Interpreter | None" = None
    rules: tuple[Rule, ...] = ()
    """Rules compiled into the lock."""
    manifest: "Manifest | None" = None
    bypass: bool = False
    """The lock allows ENVGUARD_BYPASS."""
    seal: str = ""
    """The sha256 that the last line states; empty for formats without a seal."""
    notes: "tuple[Change, ...]" = ()
    """What the reader noticed about the file itself, such as a pin given twice."""

    @property
    def sealed(self) -> bool:
        """True for envguard's own lock format."""
        return self.format == "envguard.lock"


class Distribution(Value):
    """One installed distribution, as its metadata folder shows it."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    """As METADATA says it; the folder name's spelling where METADATA was not read."""
    path: str
    """The metadata folder or file."""
    location: str
    """The sys.path entry that it was found in."""
    kind: "Literal['dist-info', 'egg-info', 'egg', 'egg-link', 'zip']" = "dist-info"
    installer: str = ""
    """INSTALLER: pip, uv, conda ..."""
    source: "Source | None" = None
    """None: from an index, or not recorded."""
    record: str = ""
    """Portable record digest (``sha256:<hex>``), empty where there is no usable RECORD."""
    tags: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    """Sorted evidence: pure native abi3 cuda editable code ..."""
    variant: "str | None" = None
    top_level: tuple[str, ...] = ()
    """Names that it can be imported by."""
    requires: tuple[str, ...] = ()
    """The values of Requires-Dist, as METADATA writes them (PEP 508)."""


class CondaPackage(Value):
    """One record of conda-meta."""

    name: str
    version: str
    build: str
    channel: str = ""
    """Channel name without the platform, such as ``conda-forge``."""
    subdir: str = ""
    digest: str = ""
    """``sha256:<hex>`` or ``md5:<hex>`` of the package archive."""
    url: str = ""
    """Where the archive came from, without credentials."""
    path: str = ""
    """The JSON record."""
    python_name: str = ""
    """Normalised name of the Python distribution that it installed, empty for none."""


class Change(Value):
    """One neutral statement: this differs, or this was seen. It carries no judgement."""

    code: str
    """Such as ``EG102``."""
    kind: str
    """Such as ``upgraded``; see ``envguard.rules.catalog.KINDS``."""
    package: str = ""
    part: str = ""
    locked: str = ""
    installed: str = ""
    path: str = ""
    """Where to look: the lock for what was locked, else the file or folder concerned."""
    line: int = 0
    evidence: tuple[str, ...] = ()
    """What was read and where, one fact each."""
    traits: tuple[str, ...] = ()


class Environment(Value):
    """What is installed, as far as it was read."""

    prefix: str
    """``sys.prefix`` of the interpreter."""
    paths: tuple[str, ...]
    """sys.path entries that were read, in order."""
    interpreter: Interpreter
    executable: str = ""
    """The interpreter itself; empty where it is not known."""
    distributions: tuple[Distribution, ...] = ()
    conda: "tuple[CondaPackage, ...] | None" = None
    """None: no conda-meta below the prefix."""
    depth: "Depth" = "records"
    observations: tuple[Change, ...] = ()
    """What scanning itself showed: broken or duplicated metadata, import origins, edited files."""
    notes: tuple[Change, ...] = ()
    """What was seen, is worth knowing, and is no difference and no fault: of kind ``noted``, and never judged."""
    blind: tuple[str, ...] = ()
    """What this scan could not see, said to the reader."""


class Finding(Value):
    """A change and the judgement of it."""

    change: Change
    verdict: "Verdict"
    rule: str
    """Id of the row that decided."""
    reason: str
    instead: str = ""
    zh: str = ""
    """The row's ``zh``. Reports for programs leave it out."""
    zh_instead: str = ""


class Fact(Value):
    """One thing that is known about the toolchain below the packages, for a reader; nothing is judged by it."""

    section: str
    """Such as ``CUDA``."""
    name: str
    value: str
    """What it is; ``unknown`` with the reason where it could not be found out."""
    source: str = ""
    """The file or interface that says so."""


class Requirer(Value):
    """One package requires another."""

    package: str
    """Who is required."""
    by: str
    """Who requires it."""
    asks: str = ""
    """The requirement as its metadata writes it, such as ``numpy<2``."""


class Report(Value):
    """The answer of a check."""

    lock: str
    """Path of the golden file; empty where an environment was judged by itself."""
    format: str
    lock_sha256: str
    seal: str
    """What identifies the golden file: the sha256 that it states itself, else that of its bytes."""
    prefix: str
    interpreter: "Interpreter | None" = None
    """None where everything was pinned and nothing had to be explained."""
    depth: "Depth"
    packages: int
    """How many pins apply here."""
    installed: int
    """How many distributions were found."""
    files: int = 0
    """How many files of a repository were read; 0 for the check of an environment."""
    findings: tuple[Finding, ...] = ()
    """Gravest first, then by code and name."""
    checks: tuple[str, ...] = ()
    """Names of the checks that ran."""
    skipped: tuple[str, ...] = ()
    """``name: why`` of each check that was asked for and could not run."""
    notes: tuple[Change, ...] = ()
    """As the environment's."""
    toolchain: tuple[Fact, ...] = ()
    """What ``envguard doctor`` found out besides; empty for a check."""
    requirers: tuple[Requirer, ...] = ()
    """Who requires the packages that have findings, and who requires those; empty where nothing was found."""
    blind: tuple[str, ...] = ()
    bypass: str = ""
    """Reason given in ENVGUARD_BYPASS, where it was honoured."""
    proposal: "Proposal | None" = None
    """What a planned change would do; None where nothing was planned."""

    @property
    def verdict(self) -> "Verdict":
        """The gravest verdict of all findings; ``pinned`` where there is none."""
        gravest: Verdict = "pinned"
        for finding in self.findings:
            if GRAVITY.index(finding.verdict) > GRAVITY.index(gravest):
                gravest = finding.verdict
        return gravest

    @property
    def pinned(self) -> bool:
        """True when nothing differs and everything that was asked could be verified."""
        return not self.findings

    def at_least(self, verdict: "Verdict") -> tuple[Finding, ...]:
        """The findings that are as grave as ``verdict``, or graver."""
        limit = GRAVITY.index(verdict)
        return tuple(finding for finding in self.findings if GRAVITY.index(finding.verdict) >= limit)
