"""EG409: code that Python runs at every start, and that no package owns.

``site`` runs the lines of ``.pth`` files that begin with ``import``, then imports ``sitecustomize`` and
``usercustomize``. What a RECORD or a record of conda lists is declared, and depth files compares its bytes. What
virtual environments, setuptools and the operating system put there themselves is known by its content or its place.

A ``.pth`` counts in a folder that ``site`` reads, which is one named site-packages or dist-packages and not an entry of
PYTHONPATH. The folder of the program comes onto sys.path after ``site`` has run: a sitecustomize there is only noted.

Source: the documentation and the code of the standard library's ``site``, 3.10 to 3.13.
"""

import os
import re
from collections.abc import Iterator

from envguard.facts import path_files
from envguard.facts.natives import Natives
from envguard.facts.reading import ReadFailure, read
from envguard.model import Change

SHOWN = 120
"""Characters of a line of code that are shown."""
PTH_LIMIT = 1 << 20
"""Bytes of a ``.pth`` that are read; one that is larger is taken for code."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_SITE_FOLDERS = ("site-packages", "dist-packages")
_SYSTEM_FOLDER = re.compile(
    r"/usr/lib(?:64)?/python3[\d.]*(?:/(?:dist|site)-packages)?"  # Debian, Fedora, Alpine, Arch
    r"|/(?:nix|gnu)/store/.*"  # Nix and Guix, where nothing can be added
)
"""Where the distribution of an operating system keeps its own; its packages have no RECORD."""
_STANDARD_LIBRARY = re.compile(r"/lib(?:64)?/(?:python|pypy)3[\d.]*$")

_SETUPTOOLS = re.compile(
    r"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os\.environ\.get\(var, '(?:local|stdlib)'\) == 'local'; "
    r"enabled and __import__\('_distutils_hack'\)(?:\.add_shim\(\))?;? *"
)
_EASY_INSTALL = re.compile(
    r"import sys; sys\.__plen = len\(sys\.path\)"
    r"|import sys; new=sys\.path\[sys\.__plen:\]; del sys\.path\[sys\.__plen:\]; p=getattr\(sys,'__egginsert',0\); "
    r"sys\.path\[p:p\]=new; sys\.__egginsert = p\+len\(new\)"
)
_NAMESPACE = re.compile(r"import sys, ?types, ?os; ?has_mfs = sys\.version_info > \(3, 5\);[^\"\\]{0,600}")
"""What setuptools writes for ``namespace_packages``, as ``name-1.0-nspkg.pth``."""


def observe(natives: Natives) -> Iterator[Change]:
    """One change for each file; what an operating system brings, and what may never run, is noted."""
    python_path = _python_path(natives.environment.paths)
    for folder in dict.fromkeys(map(os.path.realpath, natives.environment.paths)):
        if folder.endswith(_SITE_FOLDERS) and folder not in python_path:
            names = _names(folder)
            for name in names:
                yield from _path_file(folder, name, names, natives)
    yield from _customizing(natives, python_path)


def code_lines(data: bytes) -> list[tuple[int, str]]:
    """Number, from 1, and text of the lines of a ``.pth`` that ``site`` runs."""
    lines = _LINE_END.split(data.decode("utf-8-sig", "surrogateescape"))
    return [(number, line) for number, line in enumerate(lines, 1) if path_files.is_code(line)]


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []  # a zip file, or gone: site passes over it as well


def _python_path(paths: tuple[str, ...]) -> frozenset[str]:
    """Entries of PYTHONPATH, which site reads no ``.pth`` in."""
    told = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return frozenset(os.path.realpath(entry) for entry in told if entry).intersection(map(os.path.realpath, paths))


def _path_file(folder: str, name: str, beside: list[str], natives: Natives) -> Iterator[Change]:
    path = f"{folder}/{name}"
    hidden = name.startswith(".") and path_files.skips_hidden(natives.environment.interpreter.version)
    if not name.endswith(".pth") or hidden:
        return
    try:
        code = code_lines(read(path, PTH_LIMIT))
    except ReadFailure as failure:
        if os.path.isfile(path) and not natives.owner_of(path):  # otherwise site cannot read it either
            kind = "undeclared" if os.path.getsize(path) > PTH_LIMIT else "noted"
            yield _change(kind, path, f"not read ({failure.why}), so whether it holds code is not known")
        return
    foreign = [(number, line) for number, line in code if not _is_known(name, line, beside)]
    if not foreign or natives.owner_of(path):  # in this order: to know owners, every RECORD must be read
        return
    number, line = foreign[0]
    more = f", and {len(foreign) - 1} more such lines" if len(foreign) > 1 else ""
    kind = "noted" if _SYSTEM_FOLDER.fullmatch(folder) else "undeclared"
    yield _change(kind, path, f"line {number} is run at every start{more}", line[:SHOWN])


def _is_known(name: str, line: str, beside: list[str]) -> bool:
    """True for a line that virtualenv, uv or setuptools writes, where it writes it."""
    if name == "_virtualenv.pth":
        return line.strip() == "import _virtualenv" and "_virtualenv.py" in beside
    if name == "distutils-precedence.pth":
        return _SETUPTOOLS.fullmatch(line) is not None and "_distutils_hack" in beside
    if name == "easy-install.pth":
        return _EASY_INSTALL.fullmatch(line.rstrip()) is not None
    if name.endswith("-nspkg.pth"):
        stem = name.removesuffix("-nspkg.pth")
        return _NAMESPACE.fullmatch(line) is not None and any(each.startswith(f"{stem}.egg") for each in beside)
    return False


def _customizing(natives: Natives, python_path: frozenset[str]) -> Iterator[Change]:
    for module in ("sitecustomize", "usercustomize"):
        shadowed_by = ""
        for folder in dict.fromkeys(map(os.path.realpath, natives.environment.paths)):
            path = _module(folder, module, natives.environment.interpreter.soabi)
            if not path:
                continue
            if not natives.owner_of(path):
                kind, why = _weight(folder, module, shadowed_by, natives, python_path)
                yield _change(kind, path, why, *_first_line(path))
            shadowed_by = shadowed_by or path


def _weight(
    folder: str, module: str, shadowed_by: str, natives: Natives, python_path: frozenset[str]
) -> tuple[str, str]:
    """Kind of change, and what is known about when the module runs."""
    if shadowed_by:
        return "noted", f"{shadowed_by} comes before it on sys.path and is run in its place"
    if module == "usercustomize" and _hides_user_site(natives.environment.prefix):
        return "noted", "not imported here: the virtual environment has no user site"
    if _SYSTEM_FOLDER.fullmatch(folder) or _STANDARD_LIBRARY.search(folder):
        return "noted", "imported at every start; it lies where the operating system or Python itself keeps its own"
    if folder.endswith(_SITE_FOLDERS) or folder in python_path:
        return "undeclared", "imported at every start"
    return "noted", f"imported at every start if {folder} is on sys.path before the program's own folder is added"


def _hides_user_site(prefix: str) -> bool:
    """True for a virtual environment without the system's packages: site switches the user's off there."""
    try:
        text = read(os.path.join(prefix, "pyvenv.cfg")).decode("utf-8", "replace")
    except ReadFailure:
        return False
    settings = [line.partition("=") for line in text.splitlines()]
    told = [value for key, _equals, value in settings if key.strip().lower() == "include-system-site-packages"]
    return [value.strip().lower() for value in told] != ["true"]


def _module(folder: str, module: str, soabi: str) -> str:
    """The file that would be imported from a folder: of a package, an extension module, a source, or byte code."""
    suffixes = (f".{soabi}.so", ".abi3.so", ".so", ".py", ".pyc")
    for name in (*(f"{module}/__init__{suffix}" for suffix in suffixes), *(f"{module}{suffix}" for suffix in suffixes)):
        if os.path.isfile(f"{folder}/{name}"):
            return f"{folder}/{name}"
    return ""


def _first_line(path: str) -> tuple[str, ...]:
    """The first line of a module that is more than a comment, if it can be read as text."""
    if not path.endswith(".py"):
        return ()
    try:
        lines = read(path).decode("utf-8", "replace").splitlines()
    except ReadFailure as failure:
        return (f"not read ({failure.why})",)
    code = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return (code[0][:SHOWN],) if code else ("it holds no code",)


def _change(kind: str, path: str, why: str, *code: str) -> Change:
    return Change(
        code="EG409",
        kind=kind,
        path=path,
        evidence=(why, *code, "no RECORD and no record of conda lists it"),
    )
