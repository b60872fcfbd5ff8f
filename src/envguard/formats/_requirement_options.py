"""Options in a requirements file: which there are, and how a line is cut into a requirement and its options.

The table holds what pip accepts or accepted in such a file, so that old golden files stay readable. Nothing but
``-r``, ``-c``, ``-e`` and ``--hash`` changes what a line pins; the others are accepted and ignored. An option outside
the table makes pip refuse the whole file, and so does envguard.
"""

import re
import shlex

from envguard._value import Value

REQUIREMENT, CONSTRAINT, EDITABLE, HASH = "--requirement", "--constraint", "--editable", "--hash"

_SHORT = {
    "-c": CONSTRAINT,
    "-C": "--config-settings",
    "-e": EDITABLE,
    "-f": "--find-links",
    "-i": "--index-url",
    "-r": REQUIREMENT,
}
_WITH_VALUE = frozenset({
    CONSTRAINT, EDITABLE, HASH, REQUIREMENT,
    "--all-releases", "--config-setting", "--config-settings", "--extra-index-url", "--find-links", "--global-option",
    "--index-url", "--install-option", "--no-binary", "--only-binary", "--only-final", "--pypi-url", "--trusted-host",
    "--use-feature",
})  # fmt: skip
_FLAGS = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes", "--no-use-wheel", "--use-wheel"})
_LONG = tuple(sorted(_WITH_VALUE | _FLAGS))
_BLANK = re.compile(r"[ \t\r\n]+")


class OptionError(Exception):
    """Options that pip refuses. The message says why."""


class Options(Value):
    """The options of one line, in order, and the words among them that belong to none."""

    given: tuple[tuple[str, str], ...] = ()
    """(long name, value); the value of a flag is empty."""
    stray: tuple[str, ...] = ()

    def values(self, option: str) -> tuple[str, ...]:
        """All values that one option was given."""
        return tuple(value for name, value in self.given if name == option)


def split(line: str) -> tuple[str, Options]:
    """Cut a logical line into its requirement and its options, as pip does: at the first word that begins with ``-``.

    Raises:
        OptionError: An unknown option, one without its value, or an unclosed quote.
    """
    words = line.split(" ")
    first = next((index for index, word in enumerate(words) if word.startswith("-")), len(words))
    return " ".join(words[:first]).strip(), _parse(_words(" ".join(words[first:])))


def _words(text: str) -> list[str]:
    if not any(mark in text for mark in "\"'\\"):
        return [word for word in _BLANK.split(text) if word]
    try:
        return shlex.split(text)
    except ValueError as error:
        raise OptionError(f"options that cannot be split: {str(error).lower()}") from None


def _parse(words: list[str]) -> Options:
    given: list[tuple[str, str]] = []
    stray: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            stray += rest
        elif not word.startswith("-") or word == "-":
            stray.append(word)
        else:
            name, value = _name_and_value(word)
            if name in _WITH_VALUE and value is None:
                value = next(rest, None)
                if value is None:
                    raise OptionError(f"option {name} needs a value")
            given.append((name, value or ""))
    return Options(given=tuple(given), stray=tuple(stray))


def _name_and_value(word: str) -> "tuple[str, str | None]":
    if not word.startswith("--"):
        name = _SHORT.get(word[:2])
        if name is None:
            raise OptionError("an option that pip does not know")
        return name, word[2:] or None
    long, equals, value = word.partition("=")
    fitting = [long] if long in _LONG else [name for name in _LONG if name.startswith(long)]
    if len(fitting) != 1:  # pip, like optparse, takes an unambiguous beginning for the whole
        raise OptionError("an option that pip does not know" if not fitting else "an ambiguous option")
    if equals and fitting[0] in _FLAGS:
        raise OptionError(f"option {fitting[0]} takes no value")
    return fitting[0], value if equals else None
