"""A shell script taken apart into commands and words, each with its line. Nothing is run.

POSIX.1, Shell Command Language, 2.2 (quoting), 2.3 (tokens), 2.6 (expansions), 2.7 (redirections). What a command
substitution or an unknown variable gives becomes ``UNKNOWN`` in the word. ``shlex`` knows neither lines nor which words
were quoted, and both matter here.
"""

import bisect
import re

from envguard.repository.said import UNKNOWN, Command, Located, Word
from envguard.repository.variables import LONGEST, closing, reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=", re.ASCII)
_PLAIN = re.compile(r"[^\s\\'\"$`#;&|()<>]+")
_IN_QUOTES = re.compile(r"[^\"\\$`]+")
_REDIRECTION = re.compile(r"<<<|<<-?|[<>]&|>>|>\||<>|[<>]")
_DELIMITER = re.compile(r"[ \t]*([\"']?)([^\s\"'<>|&;()]+)\1")

_MOST_FILLED = 1 << 20


def commands(script: Located, known: "Mapping[str, str]") -> "Iterator[Command]":
    """Every simple command of a script, in its order, with variables that the script sets filled in."""
    return _Reader(script, dict(known)).commands()


class _Reader:
    """One pass over the characters."""

    def __init__(self, script: Located, known: dict[str, str]) -> None:
        self.script = script
        self.text = script.text
        self.known = known
        self.assigned: set[str] = set()
        self.at = 0
        self.parts: list[str] = []
        self.length = 0
        self.marks: list[tuple[int, int]] = []
        """Offset in the script and in the word, of each part of the word."""
        self.begun = -1
        """Offset of the word that is read; -1 between words."""
        self.words: list[Word] = []
        self.dropping = False
        """The next word is the target of a redirection."""
        self.heredocs: list[str] = []
        self.filled = 0
        """Characters that variables brought."""

    def commands(self) -> "Iterator[Command]":
        while self.at < len(self.text):
            if self.step():
                yield from self.finished()
        self.end_word()
        yield from self.finished()

    def step(self) -> bool:
        """Read on; True where a command ended."""
        char = self.text[self.at]
        if char in ";&|()\n":
            return self.separator(char)
        if char.isspace():
            self.end_word()
            self.at += 1
        elif char == "#" and self.begun < 0:
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        elif char in "<>":
            self.redirection()
        else:
            self.piece(char)
        return False

    def separator(self, char: str) -> bool:
        if char == "&" and self.text.startswith("&>", self.at):
            self.end_word()
            self.at += 1
            return False
        self.end_word()
        self.at += 1
        if char == "\n":
            self.skip_heredocs()
        return True

    def piece(self, char: str) -> None:
        """One part of a word."""
        if self.begun < 0 and not self.text.startswith(("\\\n", "\\\r\n"), self.at):
            self.begun = self.at
        if char == "\\":
            self.escaped()
        elif char == "'":
            end = self.text.find("'", self.at + 1)
            end = len(self.text) if end < 0 else end
            self.at += 1
            self.add(self.text[self.at : end])
            self.at = end + 1
        elif char == '"':
            self.quoted()
        elif char == "$":
            self.split(self.variable())
        elif char == "`":
            self.backticks()
        else:
            plain = _PLAIN.match(self.text, self.at)
            end = plain.end() if plain else self.at + 1
            self.add(self.text[self.at : end])
            self.at = end

    def add(self, part: str) -> None:
        """One more part of the word; it began where the reader is, or shortly before."""
        self.marks.append((self.at, self.length))
        self.parts.append(part)
        self.length += len(part)

    def escaped(self) -> None:
        for newline in ("\n", "\r\n"):
            if self.text.startswith(newline, self.at + 1):
                self.at += 1 + len(newline)
                return
        self.add(self.text[self.at + 1 : self.at + 2])
        self.at += 2

    def quoted(self) -> None:
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != '"':
            char = self.text[self.at]
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in ("$", "`", '"', "\\", "\n"):
                following = self.text[self.at + 1]
                self.add("" if following == "\n" else following)
                self.at += 2
            elif char == "$":
                self.add(self.variable())
            elif char == "`":
                self.backticks()
            else:
                run = _IN_QUOTES.match(self.text, self.at)
                end = run.end() if run else self.at + 1
                self.add(self.text[self.at : end])
                self.at = end
        self.at += 1

    def backticks(self) -> None:
        end = self.text.find("`", self.at + 1)
        self.at = len(self.text) if end < 0 else end + 1
        self.add(UNKNOWN)

    def variable(self) -> str:
        value, self.at = reference(self.text, self.at, self.known)
        self.filled += len(value)
        if self.filled > _MOST_FILLED or len(value) > LONGEST:
            self.known.clear()
            return UNKNOWN
        return value

    def split(self, value: str) -> None:
        """What a variable outside of quotes holds can be several words (2.6.5)."""
        first, *more = value.split() or [""]
        self.add(first)
        for word in more:
            begun = self.begun
            self.end_word()
            self.begun = begun
            self.add(word)

    def redirection(self) -> None:
        if self.begun >= 0 and "".join(self.parts).isdigit():  # 2> and its like
            self.forget()
        self.end_word()
        if self.text.startswith(("<(", ">("), self.at):
            self.begun = self.at
            self.at = closing(self.text, self.at + 1, "(", ")")
            self.add(UNKNOWN)
            return
        found = _REDIRECTION.match(self.text, self.at)
        operator = found.group() if found else self.text[self.at]
        self.at += len(operator)
        delimiter = _DELIMITER.match(self.text, self.at) if operator in ("<<", "<<-") else None
        if delimiter is not None:
            self.heredocs.append(delimiter.group(2))
            self.at = delimiter.end()
            return
        self.dropping = True

    def skip_heredocs(self) -> None:
        for delimiter in self.heredocs:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line = self.text[self.at : end]
                self.at = end + 1
                if line.strip() == delimiter:
                    break
        self.heredocs.clear()

    def end_word(self) -> None:
        if self.begun < 0:
            return
        if self.dropping:
            self.dropping = False
        else:
            text = "".join(self.parts)
            starts = self.starts() if " " in text or "\n" in text else ()
            self.words.append(Word(text=text, line=self.script.line_at(self.begun), starts=starts))
        self.forget()

    def forget(self) -> None:
        self.parts, self.marks, self.length, self.begun = [], [], 0, -1

    def starts(self) -> tuple[tuple[int, int], ...]:
        """Where later lines of the file begin in the word that was read."""
        found = []
        for offset, line in self.script.starts_between(self.begun + 1, self.at):
            place = bisect.bisect_right(self.marks, (offset, self.length)) - 1
            if place >= 0:
                source, begun = self.marks[place]
                found.append((begun + offset - source, line))
        return tuple(found)

    def finished(self) -> "Iterator[Command]":
        words, self.words, self.dropping = tuple(self.words), [], False
        if not words:
            return
        settings = words[1:] if words[0].text in ("export", "readonly", "local", "declare") else words
        if settings and all(_ASSIGNMENT.match(word.text) for word in settings):
            self.assign(settings)
        else:
            yield Command(words=words)

    def assign(self, words: tuple[Word, ...]) -> None:
        """Remember what a script sets. What it sets twice is not followed: which one holds depends on its way."""
        for word in words:
            name, _, value = word.text.partition("=")
            if UNKNOWN in value or (name in self.assigned and self.known.get(name) != value):
                self.known.pop(name, None)
            else:
                self.known[name] = value
            self.assigned.add(name)
