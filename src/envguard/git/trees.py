"""A commit or the index, as files to read: nothing of the working folder gets in."""

import os
import posixpath

from envguard._value import Value
from envguard.errors import UsageError
from envguard.facts.reading import ReadFailure
from envguard.git.running import Refusal, ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

_FILE_MODES = ("100644", "100755", "100664")
_LINK = "120000"
_SUBMODULE = "160000"
_MOST_LINKS = 10
_LINK_LIMIT = 4096
_PREFETCHED = 64 << 20
"""Bytes of files that are kept."""


class Entry(Value):
    """One path of a tree."""

    mode: str
    """As git writes it: 100644, 100755, 120000 (symbolic link), 160000 (submodule)."""
    id: str
    stage: str = "0"
    """Other than 0 in the index: a merge conflict that is not resolved."""


class Tree:
    """The files of one revision or of the index, by their paths in the working folder.

    Paths are those that the files have there, so that what a lock says of folders beside it means the same in every
    revision.
    """

    def __init__(self, root: str, name: str, entries: "Mapping[str, Entry]") -> None:
        """Name the files.

        Args:
            root: The top folder of the working tree.
            name: How a person calls it: a revision, or ``index``.
            entries: Path from the top, with ``/`` -> what it is.
        """
        self.root = root
        self.name = name
        self.entries = dict(entries)
        self._fetched: dict[str, bytes] = {}

    def read(self, path: str, limit: int) -> bytes:
        """The bytes of a file of this tree; symbolic links are followed inside of it.

        Raises:
            ReadFailure: There is no such file here, it is none, or it has more than ``limit`` bytes.
            UnverifiableError: git fails.
        """
        entry = self._file(path)
        if entry is None:
            raise ReadFailure(path, f"not in {self.name}", missing=True)
        return self._blob(path, entry, limit)

    def prefetch(self, paths: "Iterable[str]", limit: int) -> None:
        """Read many files in two calls of git instead of two each; what is too large or no file is left to ``read``.

        Raises:
            UnverifiableError: git fails.
        """
        found = (self.entries.get(self.inside(path) or "") for path in paths)
        ids = {entry.id for entry in found if entry is not None and entry.mode in _FILE_MODES and entry.stage == "0"}
        try:
            answer = ask(self.root, "cat-file", "--batch-check", fed=_lines(ids)).decode("ascii", "replace")
            sizes = {word[0]: int(word[2]) for row in answer.splitlines() if len(word := row.split()) == 3}
            wanted, room = [], _PREFETCHED
            for each, size in sorted(sizes.items()):
                if size <= min(limit, room):
                    wanted.append(each)
                    room -= size
            data, at = ask(self.root, "cat-file", "--batch", fed=_lines(wanted)), 0
            for each in wanted:  # `id type size`, a line end, the bytes, a line end
                at = data.index(b"\n", at) + 1
                self._fetched[each] = data[at : at + sizes[each]]
                at += sizes[each] + 1
        except Refusal:
            return  # each read says by itself what is wrong

    def real(self, path: str) -> str:
        """The absolute path behind all symbolic links of this tree."""
        inside = self.inside(path)
        followed = None if inside is None else self._followed(inside)
        return os.path.normpath(os.path.abspath(path)) if followed is None else os.path.join(self.root, followed)

    def identity(self, path: str) -> "Hashable | None":
        """The path inside of the tree; None where there is no such file."""
        inside = self.inside(path)
        followed = None if inside is None else self._followed(inside)
        return followed if followed in self.entries else None

    def inside(self, path: str) -> "str | None":
        """``path`` from the top of the repository, with ``/``; None outside of it."""
        if "\0" in path:
            return None
        # Only the folder may be reached by links of the disk: what lies in it is the tree's affair.
        relative = os.path.relpath(os.path.abspath(path), self.root)
        if relative == os.pardir or relative.startswith(os.pardir + os.sep):
            relative = os.path.relpath(
                os.path.join(os.path.realpath(os.path.dirname(os.path.abspath(path))), os.path.basename(path)),
                os.path.realpath(self.root),
            )
        outside = relative == os.pardir or relative.startswith(os.pardir + os.sep)
        return None if outside else relative.replace(os.sep, "/")

    def _file(self, path: str) -> "Entry | None":
        inside = self.inside(path)
        if inside is None:
            raise ReadFailure(path, "outside of the repository", missing=True)
        followed = self._followed(inside)
        entry = None if followed is None else self.entries.get(followed)
        if entry is None:
            return None
        if entry.stage != "0":
            raise ReadFailure(path, "a merge conflict that is not resolved")
        if entry.mode not in _FILE_MODES:
            raise ReadFailure(path, "a submodule" if entry.mode == _SUBMODULE else "not a regular file")
        return entry

    def _followed(self, inside: str) -> "str | None":
        """The path that links of this tree lead to; None where they leave it or lead in circles."""
        for _ in range(_MOST_LINKS):
            entry = self.entries.get(inside)
            if entry is None or entry.mode != _LINK:
                return inside
            target = self._blob(inside, entry, _LINK_LIMIT).decode("utf-8", "surrogateescape")
            if posixpath.isabs(target):
                return None
            inside = posixpath.normpath(posixpath.join(posixpath.dirname(inside), target))
            if inside == ".." or inside.startswith("../"):
                return None
        return None

    def _blob(self, path: str, entry: Entry, limit: int) -> bytes:
        known = self._fetched.get(entry.id)
        if known is not None and len(known) <= limit:
            return known
        try:
            size = int(ask(self.root, "cat-file", "-s", entry.id))
            if size > limit:
                raise ReadFailure(path, f"{size} bytes, more than the {limit} that are read")
            data = ask(self.root, "cat-file", "blob", entry.id)
        except Refusal as refusal:
            raise ReadFailure(path, f"git cannot read it: {refusal}") from refusal
        if len(data) != size:
            raise ReadFailure(path, f"git gave {len(data)} of {size} bytes")
        return data


def top(start: str = ".") -> str:
    """The top folder of the repository that ``start`` lies in; of a bare one the folder itself.

    Raises:
        UsageError: It lies in none, or git does not trust it.
    """
    try:
        told = ask(start, "rev-parse", "--is-inside-work-tree").decode().strip()
        words = ("--show-toplevel",) if told == "true" else ("--absolute-git-dir",)
        return os.fsdecode(ask(start, "rev-parse", *words)).removesuffix("\n")
    except Refusal as refusal:
        raise UsageError(f"no git repository: {refusal}", path="" if start == "." else start) from refusal


def revision(root: str, name: str, called: str = "") -> Tree:
    """The files of a commit, a tag, a branch or a tree; ``called`` is what a person calls it, if not ``name``.

    Raises:
        UsageError: There is no such revision.
    """
    try:
        tree = ask(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{tree}}").decode().strip()
    except Refusal as refusal:
        raise _unknown(name) from refusal
    return Tree(root, called or name, _listed(ask(root, "ls-tree", "-r", "-z", "--full-tree", tree), with_stage=False))


def has_head(root: str) -> bool:
    """False before the first commit."""
    try:
        ask(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except Refusal:
        return False
    return True


def sides(from_ref: str = "", to_ref: str = "", start: str = ".") -> tuple[Tree, Tree]:
    """The files before and after: HEAD and the index, or those of two refs.

    Between refs the first side is where their histories parted, as a merge request shows it. Before the first commit
    it is empty.

    Raises:
        UsageError: There is no repository here, git knows no such ref, or one is given without the other.
    """
    if bool(from_ref) != bool(to_ref):
        raise UsageError("one ref without the other", remedy="give both --from-ref and --to-ref")
    root = top(start)
    if from_ref:
        base = merge_base(root, from_ref, to_ref) or from_ref
        return revision(root, base, called=from_ref), revision(root, to_ref)
    return revision(root, "HEAD") if has_head(root) else empty(root), index(root)


def is_merging(root: str) -> bool:
    """True while a merge is made or waits for its commit."""
    if os.environ.get("GIT_REFLOG_ACTION", "").startswith("merge"):  # MERGE_HEAD is written after pre-merge-commit
        return True
    try:
        ask(root, "rev-parse", "--verify", "--quiet", "MERGE_HEAD")
    except Refusal:
        return False
    return True


def merge_base(root: str, one: str, other: str) -> str:
    """The commit where two histories parted; "" where they share none.

    Raises:
        UsageError: git knows one of them not.
    """
    for name in (one, other):
        _commit(root, name)
    try:
        return ask(root, "merge-base", "--", one, other).decode().split("\n")[0]
    except Refusal:
        return ""


def _commit(root: str, name: str) -> None:
    try:
        ask(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except Refusal as refusal:
        raise _unknown(name) from refusal


def _unknown(name: str) -> UsageError:
    return UsageError(f"git knows no revision {name[:80]!a}", remedy="a shallow clone lacks most; fetch it first")


def index(root: str) -> Tree:
    """What the next commit would hold: the index that git names to its hooks, else the usual one."""
    return Tree(root, "index", _listed(ask(root, "ls-files", "--stage", "-z"), with_stage=True))


def empty(root: str) -> Tree:
    """What is there before the first commit."""
    return Tree(root, "nothing", {})


def _lines(ids: "Iterable[str]") -> bytes:
    return "".join(f"{each}\n" for each in sorted(ids)).encode()


def _listed(answer: bytes, *, with_stage: bool) -> dict[str, Entry]:
    """Rows of ``ls-tree`` (mode, type, id, path) or of ``ls-files --stage`` (mode, id, stage, path)."""
    entries: dict[str, Entry] = {}
    for row in answer.split(b"\0"):
        facts, tab, path = row.partition(b"\t")
        if not tab:
            continue
        first, second, third = facts.decode("ascii").split()
        entry = Entry(mode=first, id=second, stage=third) if with_stage else Entry(mode=first, id=third)
        entries[os.fsdecode(path)] = entry
    return entries
