"""What a file of a repository says: which image it starts from, which commands it runs, what only can be noted."""

import bisect

from envguard._value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

UNKNOWN = "\ufffc"
"""Stands in a text for what only the run will know, such as a variable without a default."""


class Located(Value):
    """A text made of pieces of a file, which knows the line of each character."""

    text: str
    starts: tuple[tuple[int, int], ...]
    """Offset in ``text`` and 1-based line, ascending; the first offset is 0."""

    @classmethod
    def of(cls, pieces: "Iterable[tuple[str, int]]") -> "Located":
        """The pieces, each with its line, put together without anything between them."""
        texts, starts, offset = [], [], 0
        for text, line in pieces:
            starts.append((offset, line))
            texts.append(text)
            offset += len(text)
        return cls(text="".join(texts), starts=tuple(starts) or ((0, 1),))

    def line_at(self, offset: int) -> int:
        """The line of the character at ``offset``."""
        place = bisect.bisect_right(self.starts, offset, key=lambda start: start[0]) - 1
        return self.starts[max(place, 0)][1]

    def starts_between(self, begin: int, end: int) -> tuple[tuple[int, int], ...]:
        """The line starts whose offset lies in that range."""
        low = bisect.bisect_left(self.starts, (begin, 0))
        return self.starts[low : bisect.bisect_left(self.starts, (end, 0))]

    def since(self, offset: int) -> "Located":
        """The text from ``offset`` on."""
        later = tuple((start - offset, line) for start, line in self.starts if start > offset)
        return Located(text=self.text[offset:], starts=((0, self.line_at(offset)), *later))


class Image(Value):
    """A container image that is pulled."""

    reference: str
    """As written, with known variables filled in and ``UNKNOWN`` for the others."""
    line: int
    where: str
    """The instruction or key, such as ``FROM`` or ``jobs.test.container``."""
    guess: str = ""
    """Why it may be no image at all; then nothing but a note is made of it."""


class Word(Value):
    """A word of a command, without its quotes."""

    text: str
    line: int
    starts: tuple[tuple[int, int], ...] = ()
    """As in ``Located``, for a word of several lines."""

    @property
    def located(self) -> Located:
        """The word with the lines of its characters."""
        return Located(text=self.text, starts=((0, self.line), *self.starts))


class Script(Value):
    """Text that a shell runs."""

    text: Located
    known: tuple[tuple[str, str], ...] = ()
    """Variables whose value the file states."""


class Command(Value):
    """One command of which the words are known, since no shell takes it apart."""

    words: tuple[Word, ...]


class Stage(Value):
    """What follows happens inside of this image, until the next one."""

    base: str
    """The image or the stage that it starts from; empty for none."""
    names: tuple[str, ...] = ()
    """How later stages call it."""


class Setting(Value):
    """A variable of the image."""

    name: str
    value: str
    line: int


class Copied(Value):
    """Files of another image or stage."""

    origin: str
    sources: tuple[str, ...]
    target: str
    line: int


class Uses(Value):
    """A step of a workflow that is an action."""

    action: str
    python: str
    """The version of Python that it is asked for, if any."""
    line: int


class Noted(Value):
    """Something that is worth knowing and cannot be judged."""

    fact: str
    line: int


if TYPE_CHECKING:
    Said = Image | Script | Command | Noted | Stage | Setting | Copied | Uses
