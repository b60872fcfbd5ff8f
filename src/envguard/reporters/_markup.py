"""Escaping for XML and HTML: text becomes ASCII that neither a parser nor the encoding of an output can misread."""

import re
from html import escape

# XML and HTML forbid these even as references: the last two of each plane, and one block.
_LAST_TWO = "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_NO_CHARACTER = re.compile(f"[\ufdd0-\ufdef{_LAST_TWO}]")


def markup(text: str) -> str:
    """``text``, which is safe already, for element content and for attributes in quotes."""
    shown = _NO_CHARACTER.sub(lambda found: f"\\U{ord(found.group()):08x}", text)
    return escape(shown, quote=True).encode("ascii", "xmlcharrefreplace").decode("ascii")
