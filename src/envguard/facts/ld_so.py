"""What glibc's dynamic loader would do: which file answers to which name, without loading anything.

The rules are those of ld.so(8) and of glibc's elf/dl-load.c and elf/dl-deps.c. The order of a search is: names that are
loaded already; DT_RPATH of the file that asks and of whoever loaded it, up to the program (unless the file that asks
has a DT_RUNPATH); LD_LIBRARY_PATH; its DT_RUNPATH; ld.so.cache; the loader's own folders.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from envguard.facts import ld_cache, ld_processor, ld_program
from envguard.facts.elf import Elf, Reference, VersionNeed
from envguard.facts.ld_files import Files
from envguard.facts.ld_search import Found, Search
from envguard.facts.ld_symbols import Symbols
from envguard.facts.reading import ReadFailure, read

__all__ = ["Closure", "Found", "LdSo"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

    from envguard.facts.ld_overlay import Overlay

    Extra = Callable[[str, Elf], Elf | None]

_MOST_NEEDED = 4096
"""Names that one file needs; real files have up to a hundred."""
_PRELOAD_LIMIT = 1 << 16


class Closure(NamedTuple):
    """A file and everything that would be loaded with it."""

    order: tuple[Elf, ...]
    """In the order in which symbols are looked up: the file, what it needs, what that needs. Files that the interpreter
    has loaded already are among them."""
    missing: tuple[tuple[Elf, str], ...]
    """Each file that asks, and the name that leads nowhere."""
    names: Mapping[str, Elf]
    """Every name that was asked for or that a file gives itself, those of the interpreter's own files left out."""


class LdSo:
    """The loader of one interpreter, before it has loaded anything but the interpreter.

    It holds what it has read: use it in a ``with`` statement, or call ``close()``.

    Attributes:
        executable: The interpreter, links resolved.
        unmodelled: Why nothing can be said, such as for musl; empty where the rules apply. ``scope`` is then empty, and
            no name leads anywhere: nothing follows from that.
        machine: e_machine of the interpreter; 0 where it is not known.
        bits: 32 or 64; 0 where it is not known.
        scope: What the interpreter itself loads: its symbols come before all others.
        missing: What the interpreter itself lacks, if it is broken.
        names: Every name that is loaded with the interpreter.
        preloaded: Each entry of LD_PRELOAD and of /etc/ld.so.preload, and its file or None.
        remarks: What could not be read and was left out, a sentence each.
    """

    def __init__(
        self,
        executable: str,
        *,
        library_path: str = "",
        preload: str = "",
        cache: Mapping[str, tuple[str, ...]] | None = None,
        preload_file: str = "/etc/ld.so.preload",
        beside: "LdSo | None" = None,
        over: "Overlay | None" = None,
    ) -> None:
        """Opens the interpreter and what it loads.

        Args:
            executable: The interpreter; a link to it is followed, as /proc/self/exe does.
            library_path: LD_LIBRARY_PATH of the process.
            preload: LD_PRELOAD of the process.
            cache: What ``ld_cache.parse`` gives; None reads the cache that the interpreter's loader names.
            preload_file: What is preloaded into every process.
            beside: A loader of the same executable. What it has opened and listed is shared, and remains its own: close
                this one first. Its ``visited`` tells of both.
            over: What lies over the files that are there, for an environment that would be.
        """
        self.executable = os.path.realpath(executable) if executable else ""
        self.scope: tuple[Elf, ...] = ()
        self.missing: tuple[tuple[Elf, str], ...] = ()
        self.names: Mapping[str, Elf] = {}
        self.preloaded: tuple[tuple[str, Elf | None], ...] = ()
        self.remarks: tuple[str, ...] = ()
        self._preload_file = preload_file
        self._owns_files = beside is None
        self._files: Files = Files(over) if beside is None else beside._files
        self._closures: dict[Elf, Closure] = {}
        self._symbols = Symbols(())
        self._search: Search | None = None
        program = self._files.open(self.executable) if self.executable else None
        self.machine, self.bits = (program.machine, program.bits) if program is not None else (0, 0)
        self.unmodelled = _why_unmodelled(program, self.executable)
        if program is None or program.interp is None or self.unmodelled:
            return
        system = ld_program.examine(program.interp, program.machine, program.bits)
        self._search = Search(
            program,
            system=system,
            processor=ld_processor.examine(program.machine),
            files=self._files,
            cache=self._read_cache(system.cache) if cache is None else cache,
            library_path=library_path,
            beside=None if beside is None else beside._search,
            over=over,
        )
        entries = (*_entries(preload), *_entries(_preload_text(preload_file)))
        self._load_program(program, program.interp, entries)

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every file that was opened."""
        if self._owns_files:
            self._files.close()
        self._closures.clear()
        self._search = None

    def _read_cache(self, path: str) -> Mapping[str, tuple[str, ...]]:
        try:
            return ld_cache.read(path)
        except ld_cache.CacheError as error:  # the loader goes on without it, too
            self.remarks += (f"{path} {error.why}: it was left out",)
            return {}

    def _load_program(self, program: Elf, interp: str, preload: Sequence[str]) -> None:
        names: dict[str, Elf] = {}
        loader = self.load(interp)
        if loader is not None:
            _name(names, loader, interp)
        starts = [program]
        preloaded: list[tuple[str, Elf | None]] = []
        for entry in preload:
            elf = names.get(entry)
            if elf is None:
                found = self.find(entry, program, (program,))
                elf = None if found is None else found.elf
            preloaded.append((entry, elf))
            if elf is not None:
                _name(names, elf, entry)
                starts.append(elf)
        self.preloaded = tuple(preloaded)
        closure = self._walk(starts, names, None)
        self.scope, self.missing, self.names = closure
        self._symbols = Symbols(self.scope)

    def load(self, path: str) -> Elf | None:
        """The file at an absolute path, opened once; None where it is no ELF file that can be read.

        The same file found in two folders is two ``Elf``, see ``Files.open``.
        """
        return self._files.open(path)

    def visited(self) -> tuple[str, ...]:
        """Every file and folder that an answer so far rests on, those that were not there included."""
        folders = self._search.folders() if self._search is not None else ()
        return (self.executable, self._preload_file, *self._files.asked(), *folders)

    def same(self, one: Elf, other: Elf) -> bool:
        """Both are the same file, so that the loader would load it once."""
        return self._files.identity(one) == self._files.identity(other)

    def find(self, name: str, requester: Elf, chain: Sequence[Elf]) -> Found | None:
        """The file that the loader would open for a name that is not loaded yet.

        Args:
            name: As DT_NEEDED gives it.
            requester: The file that asks.
            chain: The file that asks, who loaded that, and so on; the program need not be among them.
        """
        if self._search is None:
            return None
        return self._search.find(self._search.spelled(name, requester), requester, chain)

    def closure(self, root: Elf, extra: "Extra | None" = None) -> Closure:
        """What would be loaded if the interpreter opened ``root`` and nothing else.

        Args:
            root: A shared object.
            extra: Asked for a name that leads nowhere: what else may have loaded it before.
        """
        if extra is not None:
            return self._walk([root], {}, extra)
        if root not in self._closures:
            self._closures[root] = self._walk([root], {}, None)
        return self._closures[root]

    def _walk(self, starts: Sequence[Elf], given: Mapping[str, Elf], extra: "Extra | None") -> Closure:
        """Breadth first, as elf/dl-deps.c does it."""
        names: dict[str, Elf] = dict(given)
        loaded = {self._files.identity(each): each for each in self.scope}
        loaders: dict[Elf, Elf] = {}
        order: list[Elf] = []
        missing: list[tuple[Elf, str]] = []
        for start in starts:
            if start not in order:
                loaded.setdefault(self._files.identity(start), start)
                order.append(start)
                _name(names, start, start.path)
        listed = set(order)
        for elf in order:  # grows while it is walked
            for name in self._needed(elf):
                found = self.names.get(name) or names.get(name)
                if found is None:
                    found = self._fetch(name, elf, loaders, extra)
                    if found is None:
                        missing.append((elf, name))
                        continue
                    found = loaded.setdefault(self._files.identity(found), found)
                    _name(names, found, name)
                if found not in listed:
                    listed.add(found)
                    order.append(found)
                    loaders[found] = elf
        return Closure(tuple(order), tuple(missing), names)

    def _needed(self, elf: Elf) -> list[str]:
        names, search = elf.needed[:_MOST_NEEDED], self._search
        return [search.spelled(name, elf) for name in names] if search is not None else list(names)

    def _fetch(self, name: str, elf: Elf, loaders: Mapping[Elf, Elf], extra: "Extra | None") -> Elf | None:
        chain = [elf]
        while chain[-1] in loaders:
            chain.append(loaders[chain[-1]])
        found = self.find(name, elf, chain)
        if found is not None:
            return found.elf
        return None if extra is None else extra(name, elf)

    # ---- symbols

    def unresolved(self, elf: Elf, scope: Sequence[Elf]) -> tuple[Reference, ...]:
        """The symbols without which ``elf`` cannot be loaded that nothing defines; weak ones may be absent.

        Args:
            elf: The file that refers to them.
            scope: The files in which they are looked for, beside those of the interpreter; ``Closure.order``.

        Raises:
            ElfError: The references of ``elf`` cannot be read.
        """
        return self._symbols.unresolved(elf, scope)

    def missing_versions(self, elf: Elf, scope: Sequence[Elf]) -> tuple[VersionNeed, ...]:
        """The symbol versions that ``elf`` requires of a library that is there and does not define them.

        Args:
            elf: The file that requires them.
            scope: The files that are loaded, beside those of the interpreter; ``Closure.order``.
        """
        return self._symbols.missing_versions(elf, scope)

    def provider(self, file: str, scope: Sequence[Elf]) -> Elf | None:
        """The file in scope that a version requirement on ``file`` is held against."""
        return self._symbols.provider(file, scope)

    def worded(self, elf: Elf, need: VersionNeed, scope: Sequence[Elf]) -> str:
        """A version that is missing in the words of the loader's own message (elf/dl-version.c)."""
        provider = self.provider(need.file, scope)
        where = need.file if provider is None else provider.path
        return f"{where}: version `{need.version}' not found (required by {elf.path})"


def _why_unmodelled(program: Elf | None, path: str) -> str:
    if program is None:
        return f"{path} is no program that can be read" if path else "the interpreter's own file is not known"
    if program.interp is None:
        return f"{path} is linked statically: it loads no libraries"
    if "ld-musl" in program.interp:
        return f"{path} runs on musl, whose loader has rules of its own: they are not modelled"
    if os.path.basename(program.interp).startswith("linker"):
        return f"{path} runs on Android's linker: its rules are not modelled"
    return ""


def _name(names: dict[str, Elf], elf: Elf, asked: str) -> None:
    """Remember what a loaded file answers to: what it was asked for by, and the name that it gives itself."""
    names.setdefault(asked, elf)
    if elf.soname:
        names.setdefault(elf.soname, elf)


def _entries(text: str) -> tuple[str, ...]:
    """The files that a list for preloading names: ld.so(8) separates them by spaces or colons."""
    return tuple(dict.fromkeys(text.replace(":", " ").split()))


def _preload_text(path: str) -> str:
    """/etc/ld.so.preload without its comments; empty where there is none that can be read."""
    try:
        text = os.fsdecode(read(path, _PRELOAD_LIMIT))
    except ReadFailure:
        return ""
    return "\n".join(line.partition("#")[0] for line in text.split("\n"))
