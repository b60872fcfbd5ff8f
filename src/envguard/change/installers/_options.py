"""The options of pip, uv and conda: which change what would be installed, which do not, and which are refused.

An option that is not in these tables is refused, since a plan that dropped it would be of another change. The tables
were written after ``pip install --help`` of 26.3, ``uv pip install --help`` of 0.13 and ``conda install --help`` of 26.
"""

from envguard._value import Value
from envguard.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Read(Value):
    """The words of a command, sorted."""

    plain: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    editables: tuple[str, ...] = ()
    upgrade: bool = False
    kept: tuple[str, ...] = ()
    """Options for the installer, in order; values are words of their own."""


def _table(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_SHORT = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-U": "--upgrade",
    "-i": "--index-url",
    "-f": "--find-links",
    "-C": "--config-settings",
    "-I": "--ignore-installed",
    "-t": "--target",
    "-q": "--quiet",
    "-v": "--verbose",
    "-y": "--yes",
    "-p": "--python",
    "-P": "--upgrade-package",
    "-b": "--build-constraints",
    "-n": "--no-cache",
}
_CONDA_SHORT = {"-c": "--channel", "-n": "--name", "-p": "--prefix", "-y": "--yes", "-q": "--quiet", "-v": "--verbose"}
_ALIAS = {
    "--requirements": "--requirement",
    "--constraints": "--constraint",
    "--pypi-url": "--index-url",
    "--config-setting": "--config-settings",
    "--build-constraint": "--build-constraints",
    "--no-dependencies": "--no-deps",
}

_KEPT_WITH_VALUE = {
    "pip": _table(
        "--index-url --extra-index-url --find-links --upgrade-strategy --no-binary --only-binary --trusted-host",
        "--cert --client-cert --proxy --timeout --retries --cache-dir --config-settings --global-option",
        "--use-feature --use-deprecated --build-constraints --keyring-provider --all-releases --only-final",
        "--uploaded-prior-to",
    ),
    "uv": _table(
        "--index-url --extra-index-url --find-links --index --default-index --index-strategy --no-binary",
        "--only-binary --allow-insecure-host --cache-dir --config-settings --config-file --build-constraints",
        "--keyring-provider --resolution --prerelease --exclude-newer --upgrade-package --reinstall-package",
        "--refresh-package --no-build-package --no-build-isolation-package --torch-backend --override --overrides",
        "--extra --group --fork-strategy --exclude --excludes",
    ),
    "conda": _table("--channel --name --prefix --solver"),
}
_KEPT = {
    "pip": _table(
        "--pre --force-reinstall --ignore-installed --no-deps --no-index --prefer-binary --require-hashes",
        "--no-build-isolation --ignore-requires-python --no-cache-dir --check-build-dependencies --isolated",
        "--require-virtualenv",
    ),
    "uv": _table(
        "--pre --reinstall --no-deps --no-index --require-hashes --no-build-isolation --no-build --no-cache --exact",
        "--refresh --no-config --no-sources --all-extras --strict --native-tls --verify-hashes --no-verify-hashes",
        "--system --break-system-packages --managed-python --no-managed-python --offline",
    ),
    "conda": _table(
        "--override-channels --no-deps --only-deps --freeze-installed --force-reinstall --offline",
        "--strict-channel-priority --no-channel-priority --no-pin --use-local --update-deps --update-specs",
    ),
}
_HARMLESS_WITH_VALUE = _table("--progress-bar --root-user-action --exists-action --log --report --color --link-mode")
_HARMLESS = _table(
    "--yes --quiet --verbose --dry-run --no-color --no-input --disable-pip-version-check --compile --no-compile",
    "--no-warn-script-location --no-warn-conflicts --no-clean --debug --break-system-packages --compile-bytecode",
    "--no-compile-bytecode --no-progress --json",
)
_ELSEWHERE = "it installs elsewhere than in the environment that is judged"
_REFUSED = {
    "--target": _ELSEWHERE,
    "--prefix": _ELSEWHERE,
    "--root": _ELSEWHERE,
    "--user": _ELSEWHERE,
    "--python": "name the environment with envguard's own --python, before the --",
    "--platform": "it resolves for another machine than the one that is judged",
    "--python-platform": "it resolves for another machine than the one that is judged",
    "--python-version": "it resolves for another Python than the one that is judged",
    "--implementation": "it resolves for another Python than the one that is judged",
    "--abi": "it resolves for another Python than the one that is judged",
    "--src": "even a dry run clones into that folder",
    "--group": "name the requirements themselves, or a file with -r",
    "--output-format": "choose the format of the answer before the --",
}
_REPOSITORIES = ("git+", "hg+", "svn+", "bzr+")


def subcommand(words: "Sequence[str]") -> int:
    """Where the subcommand of pip or uv stands: behind the options that may come first."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        name = words[at]
        long = _SHORT.get(name, name)
        takes = any(long in table for table in (*_KEPT_WITH_VALUE.values(), _HARMLESS_WITH_VALUE)) or long == "--python"
        at += 2 if takes and "=" not in name else 1
    return at


def read(words: "Sequence[str]", *, installer: str, action: str) -> Read:
    """Sort the words behind the subcommand.

    Args:
        words: What follows ``install``, ``uninstall`` or ``sync``.
        installer: ``pip``, ``uv`` or ``conda``.
        action: Which of them.

    Raises:
        UsageError: An option is unknown, is refused with a reason, or misses its value.
    """
    found: dict[str, list[str]] = {"plain": [], "--requirement": [], "--constraint": [], "--editable": []}
    kept: list[str] = []
    upgrade = False
    for name, value in _given(words, installer):
        if not name:
            found["plain"].append(value)
        elif name == "--upgrade" and installer != "conda":
            upgrade = True
        elif name == "--file" and installer == "conda":
            found["--requirement"].append(value)
        elif name in found:
            found[name].append(value)
        elif name in _KEPT_WITH_VALUE[installer]:
            kept += [name, value]
        elif name in _KEPT[installer]:
            kept.append(name)
    for url in found["--editable"]:
        if url.startswith(_REPOSITORIES) or "@ git+" in url:
            raise UsageError(f"-e {url[:80]}: even a dry run clones it into the environment", remedy="leave -e out")
    if action == "uninstall" and found["--requirement"] and installer == "conda":
        raise UsageError("conda remove --file is not planned", remedy="name the packages")
    return Read(
        plain=tuple(found["plain"]),
        files=tuple(found["--requirement"]),
        constraints=tuple(found["--constraint"]),
        editables=tuple(found["--editable"]),
        upgrade=upgrade,
        kept=tuple(kept),
    )


def _given(words: "Sequence[str]", installer: str) -> "Iterator[tuple[str, str]]":
    """Each option by its long name with its value; a word that is none has an empty name."""
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield from (("", each) for each in rest)
        elif not word.startswith("-") or word == "-":
            yield "", word
        elif word.startswith("--"):
            name, equals, value = word.partition("=")
            yield _with_value(_ALIAS.get(name, name), value if equals else None, rest, word, installer)
        else:
            yield from _cluster(word, rest, installer)


def _cluster(word: str, rest: "Iterator[str]", installer: str) -> "Iterator[tuple[str, str]]":
    """``-qU`` and ``-rFILE``: flags in one word, of which the last may take the rest of it as value."""
    short = _CONDA_SHORT if installer == "conda" else _SHORT
    letters = word[1:]
    while letters:
        name = short.get("-" + letters[0])
        if name is None:
            raise _unknown(word, installer)
        letters = letters[1:]
        if _takes_value(name, installer):
            yield _with_value(name, letters.removeprefix("=") or None, rest, word, installer)
            return
        yield _with_value(name, None, rest, word, installer)


def _takes_value(name: str, installer: str) -> bool:
    files = ("--file",) if installer == "conda" else ("--requirement", "--constraint", "--editable")
    return name in files or name in _KEPT_WITH_VALUE[installer] or name in _HARMLESS_WITH_VALUE


def _with_value(name: str, value: "str | None", rest: "Iterator[str]", word: str, installer: str) -> tuple[str, str]:
    if _takes_value(name, installer):
        value = next(rest, None) if value is None else value
        if value is None:
            raise UsageError(f"{installer}: option {name} needs a value")
        return name, value
    if name in _REFUSED:
        raise UsageError(f"{installer}: option {name} cannot be planned", remedy=_REFUSED[name])
    known = name in _HARMLESS or name in _KEPT[installer] or (name == "--upgrade" and installer != "conda")
    if not known or value is not None:
        raise _unknown(word, installer)
    return name, ""


def _unknown(word: str, installer: str) -> UsageError:
    shown = word.partition("=")[0][:60]
    return UsageError(f"{installer}: option {shown!a} is not understood", remedy="without it the plan would be another")
