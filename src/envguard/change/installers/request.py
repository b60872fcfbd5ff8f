"""What somebody wants to change, in the words of this command or of an installer's command line."""

import os
import re
import shlex

from envguard._value import Value
from envguard.change.installers import _options
from envguard.errors import UsageError
from envguard.versions import is_name, normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

_PIP = re.compile(r"pip(?:3(?:\.\d+)?)?")
_PYTHON = re.compile(r"(?:python|pypy)(?:[23](?:\.\d+)?)?")
_CONDA = ("conda", "mamba", "micromamba")
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:@|[<>=!~;(]|$)", re.ASCII)
_WHEEL = re.compile(r"([A-Za-z0-9_.]+)-[^-/]+(?:-[^-/]+)?-[^-/]+-[^-/]+-[^-/]+\.whl(?:[?#].*)?$")
_SDIST = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*?)-\d[A-Za-z0-9_.+!]*\.(?:tar\.gz|zip)(?:#.*)?$")
_EGG = re.compile(r"#(?:.*&)?egg=([A-Za-z0-9._-]+)")


class Request(Value):
    """A change that is asked for."""

    action: "Literal['install', 'uninstall', 'sync']" = "install"
    installer: "Literal['', 'pip', 'uv', 'conda']" = ""
    """Which program was asked to do it; empty is whichever the environment has."""
    installs: tuple[str, ...] = ()
    """Requirements, paths and URLs, as an installer takes them."""
    editables: tuple[str, ...] = ()
    """Folders to install in editable mode."""
    removes: tuple[str, ...] = ()
    """Names of distributions to remove, normalised."""
    files: tuple[str, ...] = ()
    """Requirements files (``-r``)."""
    constraints: tuple[str, ...] = ()
    """Constraints files of the request's own (``-c``)."""
    upgrade: bool = False
    """Newer versions are wanted of what is named."""
    everything: bool = False
    """Everything that is installed is meant."""
    options: tuple[str, ...] = ()
    """Other options for the installer, each with its value as the next word."""
    text: str = ""
    """What was asked for, as it was written."""

    @property
    def names(self) -> tuple[str, ...]:
        """The distributions that are named to be installed, as far as their names show; files aside."""
        found = (named(word) for word in (*self.installs, *self.editables))
        return tuple(dict.fromkeys(name for name in found if name))


def of_words(
    words: "Sequence[str]",
    *,
    removes: "Iterable[str]" = (),
    files: "Sequence[str]" = (),
    upgrade: bool = False,
    no_deps: bool = False,
) -> Request:
    """A request in this command's own words.

    Args:
        words: ``name==1``, ``+name`` or ``-name``.
        removes: Further names to remove.
        files: Requirements files.
        upgrade: Newer versions are wanted; with nothing named, of everything.
        no_deps: Nothing but what is named may move.

    Raises:
        UsageError: A word is no requirement, nothing is asked for, or one name stands on both sides.
    """
    gone = [_removal(word) for word in (*(word for word in words if word.startswith("-")), *removes)]
    wanted = tuple(_wanted(word) for word in words if not word.startswith("-"))
    told = [*(f"-{name}" for name in gone), *wanted, *(word for file in files for word in ("-r", file))]
    request = Request(
        installs=wanted,
        removes=tuple(dict.fromkeys(gone)),
        files=tuple(files),
        upgrade=upgrade,
        everything=upgrade and not (wanted or files or gone),
        options=("--no-deps",) if no_deps else (),
        text=shlex.join([*(["-U"] if upgrade else []), *(["--no-deps"] if no_deps else []), *told]),
    )
    return _settled(request)


def of_command(words: "Sequence[str]") -> Request:
    """A request as the command of an installer: ``pip install -U x``, ``uv pip sync FILE``, ``conda install x``.

    Raises:
        UsageError: It is no command that installs or removes packages, or has an option that is not understood.
    """
    installer, rest = _installer(words)
    action, rest = _action(installer, rest, words)
    if installer == "conda":
        return _settled(_of_conda(action, rest, words))
    read = _options.read(rest, installer=installer, action=action)
    text = shlex.join(words)
    if action == "uninstall":
        gone = tuple(_removal(word) for word in read.plain)
        return _settled(
            Request(
                action="uninstall", installer=installer, removes=gone, files=read.files, options=read.kept, text=text
            )
        )
    if action == "sync":
        if not read.plain:
            raise UsageError("uv pip sync: no file is named", remedy="envguard plan -- uv pip sync requirements.txt")
        return Request(action="sync", installer="uv", files=read.plain, options=read.kept, text=text)
    return _settled(
        Request(
            installer=installer,
            installs=read.plain,
            editables=read.editables,
            files=read.files,
            constraints=read.constraints,
            upgrade=read.upgrade,
            options=read.kept,
            text=text,
        )
    )


def named(word: str) -> str:
    """The normalised name that a requirement, a wheel's path or a URL gives; empty where it gives none."""
    wheel = _WHEEL.search(word) or _SDIST.fullmatch(word.rpartition("/")[2])
    egg = _EGG.search(word)
    found = _NAME.match(word)
    if found and not _is_path(word):
        return normalise(found.group(1))
    if wheel or egg:
        return normalise((wheel or egg).group(1))  # type: ignore[union-attr] # one of the two matched
    return _project_name(word.partition("[")[0])


def _is_path(word: str) -> bool:
    """As pip decides it: with a separator or a leading dot it is a path, and an archive is one too."""
    plain = word.partition("@")[0] if re.match(r"[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*@", word) else word
    return "/" in plain or plain.startswith(".") or plain.endswith((".whl", ".zip", ".tar.gz"))


def _project_name(folder: str) -> str:
    """The name in a folder's pyproject.toml, where it says one."""
    path = os.path.join(folder, "pyproject.toml")
    if not os.path.isfile(path):
        return ""
    from envguard import config

    parsed = config.read_toml(path)
    project = parsed.get("project")
    name = project.get("name") if isinstance(project, dict) else None
    return normalise(name) if isinstance(name, str) and is_name(name) else ""


def _removal(word: str) -> str:
    name = word.removeprefix("-")
    if not is_name(name):
        raise UsageError(f"{word[:80]!a} names nothing to remove", remedy="write -NAME, without a version")
    return normalise(name)


def _wanted(word: str) -> str:
    wanted = word.removeprefix("+")
    if not wanted.strip() or "\n" in wanted or "\0" in wanted or wanted.startswith("-"):
        raise UsageError(f"{word[:80]!a} is no requirement", remedy="write it as pip takes it, such as 'numpy<2'")
    if not _is_path(wanted) and "://" not in wanted:
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            Requirement(wanted)
        except InvalidRequirement as error:
            why = str(error).partition("\n")[0]
            remedy = "write it as pip takes it, such as 'numpy<2'"
            raise UsageError(f"{wanted[:80]!a} is no requirement: {why}", remedy=remedy) from error
    return wanted


def _settled(request: Request) -> Request:
    """The request, once it is certain that it makes sense.

    Raises:
        UsageError: It asks for nothing, or for a package to be installed and removed.
    """
    if not (request.installs or request.editables or request.removes or request.files or request.everything):
        raise UsageError("nothing to plan", remedy="name a change, such as 'numpy==2.0.0', -name, -r FILE or -U")
    for name in request.removes:
        if name in request.names:
            raise UsageError(f"{name} is to be installed and removed", remedy="write one of the two")
    for file in (*request.files, *request.constraints):
        if "://" not in file and not os.path.isfile(file):
            raise UsageError("there is no such file", path=file, remedy="-r and -c take a requirements file")
    return request


def _installer(words: "Sequence[str]") -> "tuple[Literal['pip', 'uv', 'conda'], Sequence[str]]":
    known = "pip, python -m pip, uv pip and conda are understood"
    if not words:
        raise UsageError("no command after --", remedy=f"envguard plan -- pip install NAME; {known}")
    program = os.path.basename(words[0])
    if _PIP.fullmatch(program):
        return "pip", words[1:]
    if program == "uv" and words[1:2] == ["pip"]:
        return "uv", words[2:]
    if program in _CONDA:
        return "conda", words
    module = list(words).index("-m") if "-m" in words else -1
    if _PYTHON.fullmatch(program) and 0 < module < len(words) - 1:
        if words[module + 1] == "pip":
            return "pip", words[module + 2 :]
        if words[module + 1 : module + 3] == ["uv", "pip"]:
            return "uv", words[module + 3 :]
    raise UsageError(f"{shlex.join(words[:3])[:80]}: no command of an installer", remedy=known)


def _action(
    installer: str, rest: "Sequence[str]", words: "Sequence[str]"
) -> "tuple[Literal['install', 'uninstall', 'sync'], Sequence[str]]":
    """The subcommand; options that stand before it are put behind it."""
    at = _options.subcommand(rest[1:] if installer == "conda" else rest) + (installer == "conda")
    word = rest[at] if at < len(rest) else ""
    others = [*rest[:at], *rest[at + 1 :]]
    if word == "install":
        return "install", others
    if word in ("uninstall", "remove") and not (word == "remove" and installer != "conda"):
        return "uninstall", others
    if word == "sync" and installer == "uv":
        return "sync", others
    what = f"{shlex.join(words[: at + 2])[:80]}: neither installs nor removes packages"
    raise UsageError(what, remedy="install and uninstall (and uv pip sync) can be planned")


def _of_conda(action: str, rest: "Sequence[str]", words: "Sequence[str]") -> Request:
    program, *others = rest
    read = _options.read(others, installer="conda", action=action)
    gone = action == "uninstall"
    return Request(
        action="uninstall" if gone else "install",
        installer="conda",
        installs=() if gone else read.plain,
        removes=tuple(word.lower() for word in read.plain) if gone else (),
        files=read.files,
        options=(os.path.basename(program), *read.kept),
        text=shlex.join(words),
    )
