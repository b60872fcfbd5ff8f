"""Styles, glyphs and wrapping that the formats for people share. ANSI codes alone: no terminal library is needed."""

from envguard.reporters._columns import padded, wrapped
from envguard.reporters.safe import safe

_STYLES = {
    "pinned": "1;32",
    "safe": "1;36",
    "cautious": "1;33",
    "unverified": "1;35",
    "forbidden": "1;31",
    "strong": "1",
    "dim": "2",
    "command": "36",
}
_ASCII = {"✓": "", "✗": "", "→": "->", "…": "...", "·": "-", "█": "#", "░": "."}
_ASCII.update(dict.fromkeys("🟥🟪🟧🟦🟩", ""))
LONGEST = 400
"""Characters of one value that are shown; whoever needs all of it asks for JSON."""


class Paint:
    """How text is shown on one particular output."""

    def __init__(self, *, color: bool = False, width: int = 80, encoding: str = "utf-8") -> None:
        self.color = color
        self.width = max(40, min(width, 120))
        self._encoding = encoding

    def __call__(self, text: str, style: str) -> str:
        """``text`` in a style, where colours are wanted."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.color and text else text

    def glyph(self, wanted: str) -> str:
        """The glyph, or its ASCII stand-in where the encoding lacks it."""
        try:
            wanted.encode(self._encoding)
        except (UnicodeEncodeError, LookupError):
            return _ASCII[wanted]
        return wanted

    def text(self, value: str) -> str:
        """A value of unknown origin, safe and of sane length."""
        shown = safe(value[: 2 * LONGEST])
        return shown if len(shown) <= LONGEST else shown[:LONGEST] + self.glyph("…")

    def labelled(self, label: str, text: str, *, style: str = "", prose: bool = True, room: int = 10) -> list[str]:
        """``text`` beside a dim label; prose is wrapped below itself, commands and paths never are."""
        margin = " " * (room + 2)
        columns = self.width - len(margin)
        lines = wrapped(text, columns) if prose else [text]
        head = "  " + self(padded(label, room), "dim")
        shown = [self(line, style) if style else line for line in lines or [""]]
        return [head + shown[0], *(margin + line for line in shown[1:])]
