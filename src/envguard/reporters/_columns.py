"""How wide text is on a terminal, where a Chinese character takes two columns, and lines that fit."""

import re
import textwrap
import unicodedata

_NOT_FIRST = "\uff0c\u3002\uff1b\uff1a\u3001\uff01\uff1f\uff09\u300b\u300d\u300f\u3011\u201d\u2019\u2026%"
_NOT_LAST = "\uff08\u300a\u300c\u300e\u3010\u201c\u2018"
_WIDE = "\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6"
# A space, a wide character with what may not be parted from it, or a run of anything else.
_PIECE = re.compile(f"\\s+|[{_NOT_LAST}]*(?:[{_WIDE}]|[^\\s{_WIDE}{_NOT_LAST}]+)[{_NOT_FIRST}]*|.")


def cells(text: str) -> int:
    """Columns that ``text`` takes; characters that are drawn over the one before take none."""
    return len(text) if text.isascii() else sum(map(_wide, text))


def _wide(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """``text`` with spaces after it, so that it takes ``columns`` at least."""
    return text + " " * (columns - cells(text))


def wrapped(text: str, columns: int) -> list[str]:
    """Lines of at most ``columns``, parted at spaces and between wide characters; longer words stay whole."""
    if cells(text) == len(text):
        return textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False)
    lines, line, used = [], "", 0
    for piece in _PIECE.findall(text):
        wide = cells(piece)
        if used and used + wide > columns and not piece.isspace():
            lines.append(line.rstrip())
            line, used = "", 0
        if piece.isspace() and not used:
            continue
        line, used = line + piece, used + wide
    return [*lines, line.rstrip()] if line.strip() else lines
