"""A look at what was touched since an environment was known to be golden, and at nothing else.

Everything that was not touched is as it was when it was pinned (``facts.standing``), so the difference from the golden
file lies in what was. Here is decided what it is where that is plain: files of packages that the golden file pins and
that a wheel brings back. Whatever else it is (a start-up file, a package that is not pinned, one of conda's, a link, an
interrupted change), the answer is that nothing is known, and all of it is looked at.
"""

import os
import stat

from envguard import comparing, environment
from envguard._value import Value
from envguard.change.placing import journal, supply
from envguard.change.placing.seen import Seen
from envguard.environment import known
from envguard.facts import bytecode, manifest_lines, standing, touched
from envguard.facts.against_manifest import Live, Look
from envguard.facts.differences import gather
from envguard.facts.hashing import Digest, hash_files
from envguard.facts.manifest import escape, file_entry, no_collection
from envguard.facts.manifest_differences import explain
from envguard.facts.manifest_lines import Lines
from envguard.facts.standing import Standing
from envguard.facts.touched import Comparing, Touched
from envguard.facts.tree import OWN_FILES, Entry, Found, Listing, is_below, names_in, symbolic
from envguard.model import Environment, Report, Selection, Snapshot
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from envguard.environment import Place
    from envguard.model import Interpreter, Pin

_FEW = 2000
"""Files up to which it pays to look at those alone."""
_MANY_OWNERS = 20


class _NotPlain(Exception):  # noqa: N818 - the answer of this module, never shown
    """All of the environment has to be looked at."""


class Near(Value):
    """What is known of an environment without having read all of it."""

    seen: Seen
    """With what was touched only."""
    read: int
    """How many files were read."""
    files: int
    """How many there are."""
    since: str
    """When the others were read."""
    standing: Standing
    places: tuple[str, ...] = ()
    """Paths of what was touched."""


def look(lock: str, *, python: "str | None", sha256: "str | None") -> "Near | None":
    """Compares what was touched with a golden file; None where that does not do.

    Args:
        lock: Path of the golden file.
        python: As in ``check``.
        sha256: As in ``check``.

    Raises:
        EnvguardError: As ``check``.
    """
    place = environment.place_of(None, python)
    prefix = os.path.realpath(place.prefix)
    stands = standing.recall(prefix)
    if stands is None or journal.read(prefix) is not None:
        return None
    with no_collection(), Comparing(stands) as comparison:
        if not known.believed(stands.told, place, prefix):
            return None
        snapshot = comparing.load(lock, sha256=sha256, selection=Selection(interpreter=place.interpreter))
        if snapshot.sha256 != stands.told["lock"] or snapshot.manifest is None:
            return None
        changed = comparison.join()
        try:
            return _Look(comparing.applicable(snapshot, place.interpreter), stands, place, python).at(changed)
        except (_NotPlain, OSError):
            return None


class _Look:
    def __init__(self, snapshot: Snapshot, stands: Standing, place: "Place", python: "str | None") -> None:
        self._snapshot = snapshot
        self._stands = stands
        self._place = place
        self._python = python
        self._roots: dict[str, str] = stands.told["roots"]
        self._pins: dict[str, Pin] = {pin.name: pin for pin in snapshot.pins if pin.manager == "pip"}

    def at(self, changed: "Touched | None") -> Near:
        if changed is None or len(changed.files) > _FEW:
            raise _NotPlain
        paths = [*_paths(self._stands, changed.files), *added(self._stands, changed.folders)]
        if not paths:
            return self._near(self._golden(), paths)
        lines = self._lines()
        suspects, found, unread = _unlike(paths, lines)
        if not suspects:
            return self._near(self._golden(), paths)
        return self._near(self._judged(suspects, found, unread, lines), paths)

    def _near(self, seen: Seen, paths: "Sequence[str]") -> Near:
        return Near(
            seen=seen,
            read=len(paths),
            files=len(self._stands),
            since=self._stands.told["taken"],
            standing=self._stands,
            places=tuple(paths),
        )

    def _lines(self) -> Lines:
        sealed = self._snapshot.manifest
        if sealed is None:
            raise _NotPlain
        folder = os.path.dirname(self._snapshot.path)
        return manifest_lines.load(os.path.join(folder, sealed.path), sealed.sha256)

    def _golden(self) -> Seen:
        place = self._place
        live = Environment(
            prefix=place.prefix, paths=(), interpreter=place.interpreter, executable=place.executable, depth="files"
        )
        report = golden(self._snapshot, self._stands, place.interpreter, place.prefix)
        return Seen(snapshot=self._snapshot, live=live, report=report, differences=(), listing=None)

    def _judged(
        self, suspects: "list[tuple[str, Entry | None]]", found: dict[str, Entry], unread: dict[str, str], lines: Lines
    ) -> Seen:
        names = self._concerned(suspects, lines)
        snapshot = self._snapshot.replace(pins=tuple(pin for pin in self._snapshot.pins if pin.name in names))
        live = environment.scan(python=self._python, depth="files", may_be_empty=True, only=names)
        listing = Listing(sorted(entry for _path, entry in suspects if entry is not None), self._roots.items())
        blind: list[str] = []
        there = Live(self._roots, [], found, unread, 0, Found([], [], [], {}, []))
        seen = Look(there, suspects, blind, same_place=True)
        differences = explain(live, listing, snapshot.pins, seen=seen, blind=blind)
        if blind or any(each.kind == "startup" or each.package not in names for each in differences):
            raise _NotPlain
        live = live.replace(observations=live.observations + gather(differences))
        report = comparing.judge(snapshot, live, "files", ())
        if report.pinned:
            return self._golden()
        return Seen(
            snapshot=snapshot, live=live, report=report, differences=tuple(differences), listing=listing, lines=lines
        )

    def _concerned(self, suspects: "list[tuple[str, Entry | None]]", lines: Lines) -> frozenset[str]:
        """Names of the packages that what differs may belong to, each of which a wheel can bring back."""
        names: set[str] = set()
        for symbol, entry in suspects:
            if entry is not None:
                names.add(entry.owner)
            else:
                names |= _owners_around(symbol, lines)
        if not names or any(name not in self._pins or supply.not_a_wheel(self._pins[name]) for name in names):
            raise _NotPlain
        return frozenset(names)


def golden(snapshot: Snapshot, stands: Standing, interpreter: "Interpreter", prefix: str) -> Report:
    """The report of an environment that is what it was when it was found golden."""
    said = stands.told["report"]
    return Report(
        lock=snapshot.path,
        format=snapshot.format,
        lock_sha256=snapshot.sha256,
        seal=snapshot.seal or snapshot.sha256,
        prefix=prefix,
        interpreter=interpreter,
        depth="files",
        packages=said["packages"],
        installed=said["installed"],
        checks=tuple(said["checks"]),
        skipped=tuple(said["skipped"]),
        blind=tuple(said["blind"]),
    )


def again(near: Near, changed: "Iterable[str]") -> "Report | None":
    """The verdict after a repair, from another look at what was touched before or by it; None where it is not golden.

    Args:
        near: What was known before.
        changed: Paths that the repair put in place or removed.
    """
    lines = near.seen.lines
    if lines is None:
        return None
    sites = [folder for name, folder in lines.roots.items() if name.startswith("site")]
    places = {*near.places, *changed}
    folders = {folder for path in places for folder in _up_to(path, sites)}
    numbers = {folder: number for number, folder in enumerate(near.standing.folders)}
    here = [numbers[each] for each in folders if each in numbers and any(is_below(each, site) for site in sites)]
    stands = near.standing
    try:
        beside = touched.nothing()
        for number in here:
            touched.compare(stands, number, beside)
        places.update(_paths(stands, beside.files))
        places.update(added(stands, here))
        suspects, _found, _unread = _unlike(sorted(places), lines)
    except (_NotPlain, OSError):
        return None
    # A golden environment needs no byte code; what is there has to be sealed.
    if any(path for path, entry in suspects if not (entry is not None and _is_gone_bytecode(path, lines.roots))):
        return None
    return golden(near.seen.snapshot, near.standing, near.seen.live.interpreter, near.seen.live.prefix)


def _is_gone_bytecode(symbol: str, roots: dict[str, str]) -> bool:
    name, _brace, rest = symbol[1:].partition("}")
    return bytecode.is_cached(symbol) and not os.path.lexists(roots[name] + rest)


def _up_to(path: str, sites: "Iterable[str]") -> "Iterable[str]":
    """The folders above a path, up to the site that it lies in."""
    folder = os.path.dirname(path)
    while any(folder.startswith(site + "/") for site in sites):
        yield folder
        folder = os.path.dirname(folder)
    yield folder


def _paths(stands: Standing, files: "Iterable[int]") -> "Iterable[str]":
    for number in files:
        folder = stands.folder_of(number)
        yield f"{stands.folders[folder]}/{stands.files_of(folder)[number - stands.first(folder)]}"


def added(stands: Standing, numbers: "Iterable[int]") -> list[str]:
    """Paths of files that came into folders, and of all that lies in folders which came.

    Raises:
        _NotPlain: Something else came, or too much.
    """
    folders = set(stands.folders)
    roots = {folder for name, folder in stands.told["roots"].items() if name.startswith("site")}
    todo: list[str] = []
    paths: list[str] = []
    for number in numbers:
        folder = stands.folders[number]
        files = set(stands.files_of(number)) | (OWN_FILES if folder in roots else set())
        paths += _came(folder, files, folders, todo)
    while todo and len(paths) <= _FEW:
        paths += _came(todo.pop(), set(), folders, todo)
    if len(paths) > _FEW:
        raise _NotPlain
    return paths


def _came(folder: str, files: set[str], folders: set[str], todo: list[str]) -> list[str]:
    try:
        names, below, others = names_in(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []  # each file of it is missing
    if others:
        raise _NotPlain
    todo += [path for name in below if (path := f"{folder}/{name}") not in folders]
    return [f"{folder}/{name}" for name in names if name not in files]


def _unlike(
    paths: "Sequence[str]", lines: Lines
) -> "tuple[list[tuple[str, Entry | None]], dict[str, Entry], dict[str, str]]":
    """What is not as the manifest has it, the entries of what lies there, and why something could not be read."""
    suspects: list[tuple[str, Entry | None]] = []
    found: dict[str, Entry] = {}
    unread: dict[str, str] = {}
    regular = [path for path in paths if _is_regular(path)]
    digests = dict(zip(regular, hash_files(regular), strict=True))
    for path in paths:
        symbol = symbolic(path, lines.roots)
        entry, digest = lines.get(symbol), digests.get(path, _MISSING)
        if entry is None and digest.why == "missing":
            continue
        if entry is not None and (digest.sha256, digest.executable) == (entry.sha256, entry.executable):
            continue
        suspects.append((symbol, entry))
        if not digest.why:
            found[symbol] = file_entry(path, digest, symbol, "")
        elif digest.why != "missing":
            unread[symbol] = digest.why
    # As a look at everything says it.
    return sorted(suspects, key=lambda each: (each[1] is None, escape(each[0]))), found, unread


_MISSING = Digest("", 0, False, "missing")


def _is_regular(path: str) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISREG(mode):
        return True
    if stat.S_ISDIR(mode):
        return False  # the file that was there is missing; what lies in the folder came with it
    raise _NotPlain


def _owners_around(symbol: str, lines: Lines) -> set[str]:
    """Whose files lie in the folder of what came, or above it; of a metadata folder, whom it names."""
    top = symbol.split("/")[1]
    if top.endswith(".dist-info"):
        return {normalise(top.removesuffix(".dist-info").rpartition("-")[0])}
    folder = os.path.dirname(symbol)
    while folder.count("/") > 0:
        entries = lines.below(folder, _FEW)
        if len(entries) == _FEW:
            raise _NotPlain
        if entries:
            owners = {entry.owner for entry in entries} - {""}
            if len(owners) > _MANY_OWNERS:
                raise _NotPlain
            return owners
        folder = os.path.dirname(folder)
    return set()  # in the site itself: whoever is concerned besides may list it
