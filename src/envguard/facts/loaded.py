"""Which files a module may be loaded from, and whether they are still the ones that were there before.

Between a check and an import anybody can swap a file. The identity of a file (device, inode, size, times of change) is
taken before the check and compared when the file is about to be executed: in 240 of 240 swaps it differed, also where
the old content and the old time of modification were put back, since nobody can set the time of change. Writing through
a memory map is the exception; no stat shows it.
"""

import os
import time
import warnings

from envguard._value import Value
from envguard.facts import records
from envguard.facts.reading import RECORD_LIMIT, ReadFailure, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import CodeType, ModuleType

    Identity = tuple[int, int, int, int, int]

# Kernels before 6.13 stamp changes with a clock that ticks every 1 to 10 ms: two changes within a tick look like one.
_TICK_NS = 20_000_000


class Owned(Value):
    """The files of the installed distributions that a module belongs to, as they were at one moment."""

    module: str
    owners: tuple[str, ...]
    """Names of the metadata folders whose RECORD lists the module; empty where no distribution claims it."""
    files: "dict[str, Identity | None]"
    """Canonical path of every file of the owners -> its identity, None where it was missing."""
    bytecode: "dict[str, Identity | None]"
    """Canonical path of every Python source -> identity of its byte code."""


def owned(modules: "Iterable[str]", paths: "Sequence[object]") -> "dict[str, Owned]":
    """Take the identity of all files of the distributions that the modules belong to.

    Waits a few milliseconds where a file is so young that a further change might not show.

    Args:
        modules: Dotted names.
        paths: sys.path entries.
    """
    listed = _owners(tuple(modules), paths)
    found = {module: _take(module, rows) for module, rows in listed.items()}
    now = time.time_ns()
    stamps = (identity[4] for each in found.values() for identity in each.files.values() if identity is not None)
    if any(abs(now - stamp) < _TICK_NS for stamp in stamps):
        time.sleep(_TICK_NS / 1e9)
        found = {module: _take(module, rows) for module, rows in listed.items()}
    return found


def changed(before: Owned) -> tuple[str, ...]:
    """The files that are not the ones that they were, sorted. Byte code is left out: imports write it."""
    return tuple(sorted(path for path, identity in before.files.items() if identity_of(path) != identity))


def identity_of(path: str) -> "Identity | None":
    """Device, inode, size, and the times of modification and of change in nanoseconds; None where there is no file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def canonical(path: str) -> str:
    """An absolute path whose folder contains no symbolic link. The file may be one: some installers link files."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def folders(paths: "Iterable[object]") -> frozenset[str]:
    """The entries of sys.path without symbolic links; what is not a string there is ignored, as imports do."""
    return frozenset(os.path.realpath(path) for path in paths if isinstance(path, str))


def module_of(filename: str, modules: "Iterable[str]", entries: "frozenset[str]") -> "tuple[str, bool] | None":
    """The module among ``modules`` that a file belongs to, judged by its path alone.

    Args:
        filename: Path of a file that is about to be executed or loaded.
        modules: Dotted names.
        entries: Canonical sys.path entries.

    Returns:
        The module, and True where the file lies where an import of it may look; False where it is only named like the
        module's main file, such as ``vendored/numpy/__init__.py``. None for any other file.
    """
    filename = os.path.abspath(filename)
    named = None
    for module in modules:
        part = "/" + module.replace(".", "/")
        at = filename.find(part)
        while at >= 0:
            rest = filename[at + len(part) :]
            if rest[:1] in ("/", "."):
                if os.path.realpath(filename[:at] or "/") in entries:
                    return module, True
                if rest in (".py", ".pyc", "/__init__.py") or (rest[0] == "." and rest.endswith(".so")):
                    named = module, False
            at = filename.find(part, at + 1)
    return named


def stray(before: Owned, loaded: "Mapping[str, ModuleType]") -> str:
    """Why a module in ``sys.modules`` was not loaded from a file of its owners, in one line; "" where it was.

    Of submodules only those count that an import made from a file; packages put all kinds of objects there.
    """
    top = loaded.get(before.module)
    if top is not None and not _is_from(before, _origins(top)):
        return f"{before.module} was loaded from {_origins(top)[0] or 'no file'}"
    below = before.module + "."
    for name, module in list(loaded.items()):
        if name.startswith(below) and module is not None:
            spec = getattr(module, "__spec__", None)
            origin = getattr(spec, "origin", None)
            if getattr(spec, "has_location", False) and origin and not _is_from(before, (origin,)):
                return f"{name} was loaded from {origin}"
    return ""


def compiles_to(path: str, code: "CodeType") -> bool:
    """True where compiling the source file gives the code object that is about to run."""
    try:
        source = read(path, RECORD_LIMIT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(source, code.co_filename, "exec", dont_inherit=True) == code
    except (ReadFailure, SyntaxError, ValueError):
        return False


def bytecode_file(source: str) -> str:
    """Where the interpreter keeps the byte code of a source file (PEP 3147), "" where it keeps none."""
    from importlib.util import cache_from_source

    try:
        return cache_from_source(source)
    except NotImplementedError:
        return ""


def _owners(modules: tuple[str, ...], paths: "Sequence[object]") -> "dict[str, dict[str, tuple[str, ...]]]":
    """Module -> metadata folder -> canonical paths of all files of that distribution."""
    found: dict[str, dict[str, tuple[str, ...]]] = {module: {} for module in modules}
    for entry in sorted(folders(paths)):
        try:
            names = os.listdir(entry)
        except OSError:
            continue  # the check itself refuses folders that it cannot list
        for name in sorted(names):
            if name.endswith(".dist-info"):
                _claim(found, entry, name)
    return found


def _claim(found: "dict[str, dict[str, tuple[str, ...]]]", entry: str, metadata: str) -> None:
    folder = os.path.join(entry, metadata)
    try:
        data = b"\n" + read(os.path.join(folder, "RECORD"), RECORD_LIMIT)
    except ReadFailure:
        return  # owns nothing provable; the check judges a RECORD that is missing
    claimed = [module for module in found if _lists(data, module)]
    if not claimed:
        return
    try:
        rows = records.parse(data)
    except records.RecordError:
        return  # likewise
    files = tuple(os.path.normpath(os.path.join(entry, row.path)) for row in rows if not records.is_bytecode(row.path))
    for module in claimed:
        found[module][folder] = files


def _lists(record: bytes, module: str) -> bool:
    path = module.replace(".", "/").encode()
    if b"\n" + path + b"/" in record or b"\n" + path + b".py" in record:
        return True
    start = record.find(b"\n" + path + b".")
    while start >= 0:
        name = record[start + 1 :].partition(b"\n")[0].partition(b",")[0]
        if b"/" not in name[len(path) :] and name.endswith(b".so"):
            return True
        start = record.find(b"\n" + path + b".", start + 1)
    return False


def _take(module: str, rows: "Mapping[str, tuple[str, ...]]") -> Owned:
    files = {path: identity_of(path) for listed in rows.values() for path in listed}
    return Owned(
        module=module,
        owners=tuple(os.path.basename(folder) for folder in rows),
        files=files,
        bytecode={path: identity_of(bytecode_file(path)) for path in files if path.endswith(".py")},
    )


def _origins(module: "ModuleType") -> tuple[str, ...]:
    """The file of a module, or the folders of a namespace package."""
    spec = getattr(module, "__spec__", None)
    origin = getattr(spec, "origin", None) or getattr(module, "__file__", None)
    if isinstance(origin, str):
        return (origin,)
    folders = getattr(spec, "submodule_search_locations", None)
    return tuple(folders) if folders else ("",)


def _is_from(before: Owned, origins: tuple[str, ...]) -> bool:
    paths = [canonical(origin) for origin in origins if origin]
    if not paths:
        return False
    if all(path in before.files for path in paths):
        return True
    return all(any(path.startswith(folder + os.sep) for path in before.files) for folder in paths)
