"""What glibc's dynamic loader would do: which file answers to which name, without loading anything.

The rules are those of ld.so(8) and of glibc's elf/dl-load.c and elf/dl-deps.c. The order of a search is: names that are
loaded already; DT_RPATH of the file that asks and of whoever loaded it, up to the program (unless the file that asks
has a DT_RUNPATH); LD_LIBRARY_PATH; its DT_RUNPATH; ld.so.cache; the loader's own folders.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from envguard.facts import ld_cache, ld_program
from envguard.facts.elf import Elf, ElfError, Reference, VersionNeed
from envguard.facts.ld_folders import Folders, expand, processor_levels, split
from envguard.facts.ld_symbols import Symbols
from envguard.facts.reading import ReadFailure, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Self

    Extra = Callable[[str, Elf], Elf | None]

_NODEFLIB = 0x800
"""DF_1_NODEFLIB of DT_FLAGS_1: nothing from the loader's own folders."""
_SHARED = 3
"""e_type ET_DYN."""
_MOST_NEEDED = 4096
"""Names that one file needs; real files have up to a hundred."""
_PRELOAD_LIMIT = 1 << 16

_PLATFORMS = {3: "i686", 21: "ppc64le", 22: "s390x", 40: "armv7l", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
"""e_machine to ``$PLATFORM``."""


class Found(NamedTuple):
    """The file that a name leads to."""

    elf: Elf
    how: str
    """``path``, ``rpath``, ``LD_LIBRARY_PATH``, ``runpath``, ``cache`` or ``default``."""


class Closure(NamedTuple):
    """A file and everything that would be loaded with it."""

    order: tuple[Elf, ...]
    """In the order in which symbols are looked up: the file, what it needs, what that needs. Files that the interpreter
    has loaded already are among them."""
    missing: tuple[tuple[Elf, str], ...]
    """Each file that asks, and the name that leads nowhere."""
    names: Mapping[str, Elf]
    """Every name that was asked for or that a file gives itself."""


class LdSo:
    """The loader of one interpreter, before it has loaded anything but the interpreter.

    It holds open files: call ``close()``, or use it in a ``with`` statement.

    Attributes:
        executable: The interpreter, links resolved.
        unmodelled: Why nothing can be said, such as for musl; empty where the rules apply. ``scope`` is then empty, and
            ``find`` and ``closure`` must not be asked.
        machine: e_machine of the interpreter; 0 where it is not known.
        bits: 32 or 64; 0 where it is not known.
        scope: What the interpreter itself loads: its own symbols come before all others.
        missing: What the interpreter itself lacks, if it is broken.
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
    ) -> None:
        """Opens the interpreter and what it loads.

        Args:
            executable: The interpreter; a link to it is followed, as /proc/self/exe does.
            library_path: LD_LIBRARY_PATH of the process.
            preload: LD_PRELOAD of the process.
            cache: What ``ld_cache.parse`` gives; None reads the cache that the interpreter's loader names.
            preload_file: What is preloaded into every process.
        """
        self.executable = os.path.realpath(executable) if executable else ""
        self.unmodelled = ""
        self.machine, self.bits = 0, 0
        self.scope: tuple[Elf, ...] = ()
        self.missing: tuple[tuple[Elf, str], ...] = ()
        self.preloaded: tuple[tuple[str, Elf | None], ...] = ()
        self.remarks: tuple[str, ...] = ()
        self._loaded: dict[str, Elf | None] = {}
        self._files: dict[tuple[str, int, int], Elf | None] = {}
        self._identities: dict[Elf, object] = {}
        self._invalid: set[str] = set()
        self._searches: dict[tuple[object, ...], Found | None] = {}
        self._paths: dict[tuple[str, str], tuple[str, ...]] = {}
        self._closures: dict[Elf, Closure] = {}
        self._names: Mapping[str, Elf] = {}
        self._folders = Folders()
        self._symbols = Symbols(())
        self._start(library_path, preload, cache, preload_file)

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every file that was opened."""
        for elf in {id(each): each for each in self._files.values() if each is not None}.values():
            elf.close()
        self._files.clear()
        self._loaded.clear()
        self._closures.clear()
        self._searches.clear()

    # ---- the interpreter

    def _start(
        self, library_path: str, preload: str, cache: Mapping[str, tuple[str, ...]] | None, preload_file: str
    ) -> None:
        program = self.load(self.executable) if self.executable else None
        self._program = program
        self._system = ld_program.LoaderProgram("", (), "", "lib", hwcaps=False)
        self._library_path: tuple[str, ...] = ()
        self._cache: Mapping[str, tuple[str, ...]] = cache or {}
        if program is None:
            self.unmodelled = f"{self.executable or 'the interpreter'} is not known to be a program that can be read"
            return
        self.machine, self.bits = program.machine, program.bits
        self.unmodelled = _why_unmodelled(program)
        if self.unmodelled or program.interp is None:
            return
        self._system = ld_program.examine(program.interp, program.machine, program.bits)
        if self._system.hwcaps:
            self._folders = Folders(processor_levels(program.machine))
        if cache is None:
            self._cache = self._read_cache()
        # LD_LIBRARY_PATH may hold tokens too; $ORIGIN is then the program's folder.
        self._library_path = self._expanded(library_path, program, ":;")
        self._load_program(program, program.interp, preload, preload_file)

    def _read_cache(self) -> Mapping[str, tuple[str, ...]]:
        try:
            return ld_cache.read(self._system.cache)
        except ld_cache.CacheError as error:  # the loader goes on without it, too
            self.remarks += (f"{self._system.cache} {error.why}: it was left out",)
            return {}

    def _load_program(self, program: Elf, interp: str, preload: str, preload_file: str) -> None:
        names: dict[str, Elf] = {}
        loader = self.load(interp)
        if loader is not None:
            names[interp] = loader
            names.setdefault(loader.soname or os.path.basename(interp), loader)
        starts = [program]
        preloaded: list[tuple[str, Elf | None]] = []
        for entry in (*_entries(preload), *_entries(_preload_text(preload_file))):
            elf = names.get(entry)
            if elf is None:
                found = self.find(entry, program, (program,))
                elf = None if found is None else found.elf
            preloaded.append((entry, elf))
            if elf is not None and elf not in starts:
                _name(names, elf, entry)
                starts.append(elf)
        self.preloaded = tuple(preloaded)
        closure = self._walk(starts, names, None)
        self.scope, self.missing, self._names = closure
        self._symbols = Symbols(self.scope)

    # ---- files

    def load(self, path: str) -> Elf | None:
        """The file, opened once under whatever name; None where it is no ELF file that can be read.

        ``$ORIGIN`` is the folder in which the loader finds a file, also where the file there is a link to another
        folder: the same file in two folders is therefore two ``Elf``.
        """
        if path in self._loaded:
            return self._loaded[path]
        elf = None
        try:
            status = os.stat(path)
            key = os.path.realpath(os.path.dirname(path)), status.st_dev, status.st_ino
        except (OSError, ValueError):
            self._loaded[path] = None
            return None
        if key in self._files:
            elf = self._files[key]
        else:
            try:
                elf = Elf.open(path)
                self._identities[elf] = key[1:]
            except ElfError:
                self._invalid.add(path)
            except ReadFailure:
                pass
            self._files[key] = elf
        self._loaded[path] = elf
        return elf

    def same(self, one: Elf, other: Elf) -> bool:
        """Both are the same file, so that the loader would load it once."""
        return self._identity(one) == self._identity(other)

    def _identity(self, elf: Elf) -> object:
        return self._identities.get(elf, elf)

    def _opened(self, path: str) -> "tuple[Elf | None, bool]":
        """The library at a path, and whether the loader would look further where it is none.

        It passes over files of another machine or class, and over what it may not open; it gives up at a file that is
        no ELF file at all.
        """
        elf = self.load(path)
        if elf is None:
            return None, path not in self._invalid
        if (elf.machine, elf.bits) != (self.machine, self.bits):
            return None, True
        return (elf, True) if elf.has_dynamic and elf.kind == _SHARED else (None, False)

    # ---- one name

    def find(self, name: str, requester: Elf, chain: Sequence[Elf]) -> Found | None:
        """The file that the loader would open for a name that is not loaded yet.

        Args:
            name: As DT_NEEDED gives it.
            requester: The file that asks.
            chain: The file that asks, who loaded that, and so on; the program need not be among them.
        """
        if "/" in name:
            path = self._expand(name, requester)
            elf, _ = self._opened(os.path.abspath(path))
            return None if elf is None else Found(elf, "path")
        with_rpath: tuple[Elf, ...] = ()
        if requester.runpath is None:
            with_rpath = tuple(each for each in chain if each.rpath is not None and each.runpath is None)
        own = requester if requester.runpath is not None or requester.flags_1 & _NODEFLIB else None
        key = (name, own, *with_rpath)
        if key not in self._searches:
            self._searches[key] = self._search(name, requester, with_rpath)
        return self._searches[key]

    def _search(self, name: str, requester: Elf, with_rpath: tuple[Elf, ...]) -> Found | None:
        for how, path in self._places(name, requester, with_rpath):
            elf, go_on = self._opened(path)
            if elf is not None:
                return Found(elf, how)
            if not go_on:
                return None
        return None

    def _places(self, name: str, requester: Elf, with_rpath: tuple[Elf, ...]) -> Iterator[tuple[str, str]]:
        """How and where the loader looks, in its order; only paths at which something may lie."""
        program = self._program
        if requester.runpath is None:
            for each in with_rpath:
                yield from self._below("rpath", self._expanded(each.rpath, each), name)
            if program is not None and program not in with_rpath and program.runpath is None:
                yield from self._below("rpath", self._expanded(program.rpath, program), name)
        yield from self._below("LD_LIBRARY_PATH", self._library_path, name)
        yield from self._below("runpath", self._expanded(requester.runpath, requester), name)
        without_system = bool(requester.flags_1 & _NODEFLIB)
        for path in self._cached(name):
            if not (without_system and self._is_system(path)):
                yield "cache", path
        if not without_system:
            yield from self._below("default", self._system.folders, name)

    def _below(self, how: str, folders: Iterable[str], name: str) -> Iterator[tuple[str, str]]:
        for folder in folders:
            for path in self._folders.candidates(folder, name):
                yield how, path

    def _cached(self, name: str) -> list[str]:
        suitable = [path for path in self._cache.get(name, ()) if self._folders.suits(path)]
        return sorted(suitable, key=self._folders.rank)

    def _is_system(self, path: str) -> bool:
        return any(path.startswith(f"{folder}/") for folder in self._system.folders)

    def _expanded(self, text: str | None, elf: Elf, separators: str = ":") -> tuple[str, ...]:
        """The folders of a search path that ``elf`` brings."""
        if not text:
            return ()
        key = (text, os.path.dirname(elf.path))
        if key not in self._paths:
            self._paths[key] = tuple(self._expand(part, elf) for part in split(text, separators))
        return self._paths[key]

    def _expand(self, text: str, elf: Elf) -> str:
        platform = _PLATFORMS.get(self.machine, "")
        return expand(text, origin=os.path.dirname(elf.path), lib=self._system.lib, platform=platform)

    # ---- all names

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
        order: list[Elf] = []
        loaders: dict[object, Elf | None] = {}
        missing: list[tuple[Elf, str]] = []
        for start in starts:
            if self._identity(start) not in loaders:
                loaders[self._identity(start)] = None
                order.append(start)
                _name(names, start, start.path)
        for elf in order:  # grows while it is walked
            for name in elf.needed[:_MOST_NEEDED]:
                loaded = self._names.get(name) or names.get(name)
                if loaded is None:
                    loaded = self._fetch(name, elf, loaders, extra)
                    if loaded is None:
                        missing.append((elf, name))
                        continue
                    _name(names, loaded, name)
                if self._identity(loaded) not in loaders:
                    loaders[self._identity(loaded)] = elf
                    order.append(loaded)
        return Closure(tuple(order), tuple(missing), names)

    def _fetch(self, name: str, elf: Elf, loaders: Mapping[object, Elf | None], extra: "Extra | None") -> Elf | None:
        chain = [elf]
        while (loader := loaders[self._identity(chain[-1])]) is not None:
            chain.append(loader)
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


def _why_unmodelled(program: Elf) -> str:
    if program.interp is None:
        return f"{program.path} is linked statically: it loads no libraries"
    if "ld-musl" in program.interp:
        return f"{program.path} runs on musl, whose loader has rules of its own that are not modelled"
    if "linker" in os.path.basename(program.interp):
        return f"{program.path} runs on Android's linker, which is not modelled"
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
