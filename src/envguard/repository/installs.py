"""EG502: does a command install whatever is newest on that day?

Reads ``pip install``, ``uv pip install`` and ``conda|mamba|micromamba install|create|update``. Exact is ``==`` without
``.*`` or ``===`` (PEP 440), a local file, an archive's URL, a commit; conda's ``=`` is a prefix, so it counts as exact
with three numbers or a build. What comes from a requirements file is that file's affair.
"""

import functools
import re

from packaging.requirements import InvalidRequirement, Requirement

from envguard._value import Value
from envguard.repository.said import UNKNOWN
from envguard.versions import normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envguard.repository.said import Command, Word

LONGEST = 1000
"""Characters of one requirement."""
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=", re.ASCII)
_RESERVED = ("if", "then", "elif", "else", "do", "while", "until", "!", "{", "time", "exec", "command", "nohup", "eval")
_WRAPPERS = ("sudo", "env", "nice", "ionice", "timeout", "stdbuf")
_RUNNERS = ("conda", "mamba", "micromamba", "poetry", "pipenv", "hatch", "pdm", "uv")
_PIP = re.compile(r"pip(?:3(?:\.\d+)?)?")
_PYTHON = re.compile(r"(?:python|pypy)(?:[23](?:\.\d+)?)?")
_SHELL = re.compile(r"(?:ba|da|z|k|a)?sh")
_SHELL_TEXT = re.compile(r"-[a-z]*c")
_CONDA = ("conda", "mamba", "micromamba")
_PIP_VALUES = frozenset(
    word
    for line in (
        "-i --index-url --extra-index-url -f --find-links --trusted-host -t --target --prefix --root --python",
        "--platform --python-version --implementation --abi --no-binary --only-binary --upgrade-strategy",
        "--progress-bar --cache-dir --timeout --retries --log --src --proxy --cert --client-cert -C",
        "--config-settings --config-setting --global-option --build-option --install-option --report",
        "--root-user-action --exists-action --use-feature --use-deprecated --keyring-provider --group -p",
        "--torch-backend --index --default-index --index-strategy --link-mode --resolution --prerelease",
        "--exclude-newer --python-platform --refresh-package -P --upgrade-package --project --directory",
        "--color --reinstall-package --no-build-isolation-package --fork-strategy --allow-insecure-host",
        "--no-build-package --no-binary-package --extra --config-file --build-constraint -b",
        "--build-constraints",
    )
    for word in line.split()
)
_CLUSTER = re.compile(r"-[a-zA-Z]+[rceiftbCp]")
"""Short options in one word of which the last takes a value, such as ``-Ur``."""
_PIP_FILES = ("-r", "--requirement", "--requirements", "-e", "--editable")
_PIP_CONSTRAINTS = ("-c", "--constraint", "--constraints", "--override", "--overrides")
_CONDA_VALUES = frozenset(
    word
    for line in (
        "-n --name -p --prefix -c --channel --file -f --solver --repodata-fn --platform --subdir --clone",
        "--revision -r --root-prefix --rc-file --log-level --experimental-solver --channel-alias",
    )
    for word in line.split()
)
_LOCAL = re.compile(r"(?:\.{0,2}/|\.(?:\[|$)|\.\.(?:\[|$)|~|file:)")
_ARCHIVE = re.compile(r"(?:\.whl|\.tar\.gz|\.tgz|\.zip|\.tar\.bz2|\.conda)(?:\[[^\]]*\])?(?:#.*)?$", re.IGNORECASE)
_VCS = re.compile(r"(?:git|hg|svn|bzr)\+")
_COMMIT = re.compile(r"@[0-9a-f]{40}(?:[0-9a-f]{24})?(?:$|[#?])", re.IGNORECASE)
_EXACT_SO_FAR = re.compile(r"={2,3}\s*\d[^,*]*$")
_CONDA_SPEC = re.compile(r"(?:[^:\s\[\]]+::)?([A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(.*)", re.DOTALL)
_CONDA_EXACT = re.compile(
    r"==[^,|*<>=\s]+(?:=[^\s]+)?|=\d+[.]\d+[.]\d+[^,|*<>=\s]*|=[^,|*<>=\s]+=[^,|*\s]+|\s+\d[^,|*<>=\s]*\s+\S+"
)


class Asked(Value):
    """One thing that a command installs."""

    name: str
    """Normalised; the word itself where it has no name."""
    text: str
    line: int
    state: str
    """``open`` | ``unknown``; what is exact is not told."""
    why: str


def asked(command: "Command", known: "dict[str, str]") -> "Iterator[Asked]":
    """What a command installs without saying exactly which.

    Args:
        command: The command.
        known: Variables of the build, for those that steer pip (``PIP_CONSTRAINT`` ...).
    """
    words, own = _without_wrappers(command.words)
    found = _pip_arguments(words)
    if found is not None:
        yield from _of_pip(found, {**known, **own})
        return
    if len(words) >= 2 and program(words[0]) in _CONDA:
        yield from _of_conda(words[1:])


def inner_script(command: "Command") -> "Word | None":
    """The text that ``sh -c`` and its like would run; None for other commands."""
    words, _ = _without_wrappers(command.words)
    if not words or not _SHELL.fullmatch(program(words[0])):
        return None
    for index, word in enumerate(words[1:-1], start=1):
        if _SHELL_TEXT.fullmatch(word.text):
            return words[index + 1]
    return None


def command_of(command: "Command") -> "Sequence[Word]":
    """The words of the command that is run in the end, without ``sudo``, ``env A=b`` and their like."""
    return _without_wrappers(command.words)[0]


def program(word: "Word") -> str:
    """The name of a program without its folder."""
    return word.text.rpartition("/")[2]


def _without_wrappers(words: "Sequence[Word]") -> "tuple[Sequence[Word], dict[str, str]]":
    """The command that is run in the end, without ``sudo``, ``env A=b``, ``conda run -n x``; and what is set for it."""
    own: dict[str, str] = {}
    at = 0
    while at < len(words):
        text, name = words[at].text, program(words[at])
        if _ASSIGNMENT.match(text):
            variable, _, value = text.partition("=")
            own[variable] = value
            at += 1
        elif text in _RESERVED:
            at += 1
        elif text == "function":  # its name follows
            at += 2
        elif name in _WRAPPERS:
            at = _behind_options(words, at + 1, ("-u", "-g", "-n", "-k", "-s", "-o", "-e", "-c"))
            at += name == "timeout"
        elif name in _RUNNERS and at + 1 < len(words) and words[at + 1].text == "run":
            at = _behind_options(words, at + 2, ("-n", "--name", "-p", "--prefix", "--cwd", "-e", "--with", "--python"))
        else:
            break
    return words[at:], own


def _behind_options(words: "Sequence[Word]", at: int, with_value: tuple[str, ...]) -> int:
    while at < len(words) and words[at].text.startswith("-"):
        at += 2 if words[at].text in with_value else 1
    return at


def _pip_arguments(words: "Sequence[Word]") -> "Sequence[Word] | None":
    """What follows ``install``; None where no pip installs."""
    if not words:
        return None
    name = program(words[0])
    if _PIP.fullmatch(name):
        rest = words[1:]
    elif name == "uv" and len(words) > 1:
        begin = next((index for index, word in enumerate(words[1:], start=1) if word.text == "pip"), len(words))
        rest = words[begin + 1 :]
    elif _PYTHON.fullmatch(name):
        module = next((index for index, word in enumerate(words) if word.text == "-m"), len(words))
        if module + 1 >= len(words) or words[module + 1].text != "pip":
            return None
        rest = words[module + 2 :]
    else:
        return None
    at = 0
    while at < len(rest) and rest[at].text.startswith("-"):
        at += 2 if rest[at].text in _PIP_VALUES else 1
    return rest[at + 1 :] if at < len(rest) and rest[at].text == "install" else None


def _of_pip(words: "Sequence[Word]", steering: "dict[str, str]") -> "Iterator[Asked]":
    constrained = any(name in steering for name in ("PIP_CONSTRAINT", "UV_CONSTRAINT", "UV_OVERRIDE"))
    hashed = steering.get("PIP_REQUIRE_HASHES", "") not in ("", "0")
    plain: list[Word] = []
    at = 0
    while at < len(words):
        text = words[at].text
        option, equals, _ = text.partition("=")
        if option == "--require-hashes":
            hashed = True
        if option in _PIP_CONSTRAINTS or re.match(r"-[a-zA-Z]*c", text):
            constrained = True
        if text in ("-e", "--editable") and at + 1 < len(words) and _VCS.match(words[at + 1].text):
            plain.append(words[at + 1])
        if not text.startswith("-"):
            plain.append(words[at])
        takes = (
            _CLUSTER.fullmatch(text) is not None
            or text in _PIP_VALUES
            or text in _PIP_FILES
            or text in _PIP_CONSTRAINTS
        )
        at += 2 if takes and not equals else 1
    for word in () if hashed else plain:
        yield from _requirement(word, constrained=constrained)


def _requirement(word: "Word", *, constrained: bool) -> "Iterator[Asked]":
    open_because = _what_is_open(word.text.strip(), constrained=constrained)
    if open_because is not None:
        name, text, state, why = open_because
        yield Asked(name=name, text=text, line=word.line, state=state, why=why)


@functools.lru_cache(maxsize=4096)  # long files ask for the same again and again
def _what_is_open(text: str, *, constrained: bool) -> tuple[str, str, str, str] | None:
    """Name, text, state and reason of a requirement; None where it is exact or another file's affair."""
    if not text or _LOCAL.match(text):
        return None
    if len(text) > LONGEST:
        return "", text[:LONGEST], "unknown", "longer than any requirement"
    if _VCS.search(text):
        if _COMMIT.search(text):
            return None
        unknown = UNKNOWN in text.rpartition("@")[2]
        return "", text, "unknown" if unknown else "open", "a branch or tag of a repository, not a commit"
    if "://" in text or (_ARCHIVE.search(text) and "==" not in text):
        return None
    if UNKNOWN in text and not _open_whatever_it_is(text):
        if _EXACT_SO_FAR.search(text.split(UNKNOWN, maxsplit=1)[0]):
            return None
        return "", text, "unknown", "a variable without a value here"
    try:
        requirement = Requirement(text.replace(UNKNOWN, "0"))
    except InvalidRequirement:
        if "/" in text:  # a folder is a folder
            return None
        return "", text, "unknown", "not a requirement that can be read"
    if any(
        each.operator == "===" or (each.operator == "==" and "*" not in each.version) for each in requirement.specifier
    ):
        return None
    name = normalise(requirement.name)
    if constrained:
        return name, text, "unknown", "constraints decide"
    return name, text, "open", "no version" if not requirement.specifier else "not one version"


def _open_whatever_it_is(text: str) -> bool:
    """True for ``torch>=$MIN``: no value makes it exact."""
    return (
        re.match(r"[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*(?:>=|<=|~=|!=|<|>)[^=]*$", text) is not None and "==" not in text
    )


def _of_conda(words: "Sequence[Word]") -> "Iterator[Asked]":
    action = words[0].text
    if action not in ("install", "create", "update", "upgrade"):
        return
    at = 1
    while at < len(words):
        text = words[at].text
        if text in _CONDA_VALUES:
            at += 2
            continue
        at += 1
        if text == "--all":
            yield _asked("--all", words[at - 1], "open", "everything moves to its newest version")
        if not text.startswith("-"):
            yield from _conda_spec(words[at - 1])


def _conda_spec(word: "Word") -> "Iterator[Asked]":
    text = word.text.strip()
    if not text or _LOCAL.match(text) or "://" in text or _ARCHIVE.search(text):
        return
    spec = _CONDA_SPEC.fullmatch(text) if len(text) <= LONGEST else None
    if spec is None or UNKNOWN in text:
        why = "a variable without a value here" if UNKNOWN in text else "not a spec that can be read"
        yield _asked(text, word, "unknown", why)
        return
    name, rest = spec.groups()
    if _CONDA_EXACT.fullmatch(rest):
        return
    why = "not one version" if rest else "no version"
    yield Asked(name=name.lower(), text=text, line=word.line, state="open", why=why)


def _asked(text: str, word: "Word", state: str, why: str) -> Asked:
    return Asked(name="", text=text, line=word.line, state=state, why=why)
