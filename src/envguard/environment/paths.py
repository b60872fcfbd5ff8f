"""What sys.path would be in another interpreter, found by reading files and never by running them.

The rules are those of the standard library's ``site`` (its module documentation and PEP 405): PYTHONPATH, the standard
library, the virtual environment, the user's folder, the system's folders, and the lines of the ``.pth`` files in them.
A line of a ``.pth`` that begins with ``import`` is code: it is not run, and the reader is told that it was not.
"""

import os

from envguard._value import Value
from envguard.errors import UnverifiableError
from envguard.facts import path_files
from envguard.facts.reading import METADATA_LIMIT, ReadFailure, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Layout(Value):
    """The folders of an interpreter, before any ``.pth`` is read."""

    executable: str
    """The interpreter's own file, such as ``/opt/venv/bin/python``."""
    prefix: str
    standard: tuple[str, ...]
    """The standard library: zip, folder, folder of extension modules."""
    venv: tuple[str, ...]
    """site-packages of the virtual environment; empty where it is none."""
    system: tuple[str, ...]
    """site-packages of the base interpreter; empty where a virtual environment hides them."""
    user: str
    """The user's site-packages, or empty where it is hidden."""
    same_user: bool
    """False for a setuid process, which has no user site."""


def search_path(layout: Layout, version: str, environ: "Mapping[str, str]") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sys.path of a process started with ``layout``, and remarks on what could not be known.

    Args:
        layout: The interpreter's folders.
        version: Its version; releases differ in which ``.pth`` files they read.
        environ: The variables that the process would inherit.

    Raises:
        UnverifiableError: A ``.pth`` cannot be read.
    """
    entries: dict[str, None] = {}
    for entry in (*_python_path(environ), *layout.standard):
        if path := _absolute(entry):
            entries.setdefault(path)
    code: list[str] = []
    for folder in _site_folders(layout, environ):
        if os.path.isdir(folder):
            entries.setdefault(os.path.abspath(folder))
            code += _follow(folder, version, entries)
    return tuple(entries), _remarks(code)


def _absolute(entry: str) -> str:
    try:
        return os.path.abspath(entry)
    except OSError:
        return ""  # relative to a working folder that is gone: Python skips it too


def _python_path(environ: "Mapping[str, str]") -> list[str]:
    value = environ.get("PYTHONPATH", "")
    return value.split(os.pathsep) if value else []


def _site_folders(layout: Layout, environ: "Mapping[str, str]") -> list[str]:
    """In the order in which ``site.main()`` adds them: virtual environment, user, system."""
    user = layout.user if layout.same_user and not environ.get("PYTHONNOUSERSITE") else ""
    return [*layout.venv, *([user] if user else []), *layout.system]


def _follow(folder: str, version: str, entries: dict[str, None]) -> list[str]:
    """Add what the ``.pth`` files of a folder name to ``entries``; returns those that also hold code."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".pth"))
    except OSError:
        return []  # site skips it without a word; the scan of the same folder reports it
    code = []
    for name in names:
        if name.startswith(".") and path_files.skips_hidden(version):
            continue
        lines = _lines(os.path.join(folder, name))
        if any(map(path_files.is_code, lines)):
            code.append(os.path.join(folder, name))
        for line in _path_lines(lines):
            entry = os.path.abspath(os.path.join(folder, line))
            if os.path.exists(entry):
                entries.setdefault(entry)
    return code


def _path_lines(lines: list[str]) -> list[str]:
    paths = [
        line.rstrip() for line in lines if line.strip() and not line.startswith("#") and not path_files.is_code(line)
    ]
    return [line for line in paths if "\0" not in line]


def _lines(path: str) -> list[str]:
    try:
        data = read(path, METADATA_LIMIT)
    except ReadFailure as failure:
        if failure.missing:
            return []  # a dangling link, or gone meanwhile: site skips it as well
        problem = f"{path}: this .pth cannot be read ({failure.why}), so sys.path is not known"
        raise UnverifiableError(problem, remedy="make it readable or remove it") from failure
    return data.decode("utf-8-sig", "surrogateescape").splitlines()


def _remarks(code: list[str]) -> tuple[str, ...]:
    program = "the folder of the program that will be started, and what it adds to sys.path, are not known from outside"
    if not code:
        return (program,)
    return (program, f"start-up code in .pth files was not run, so what it changes is not known: {', '.join(code)}")
