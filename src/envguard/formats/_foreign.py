"""Files that are known by their look but cannot be read as golden files, so that the error can say what they are."""

import re

_SKIP = r"\A(?:#[^\n]*\n|\s)*"  # comments and blank lines before the first line that counts

# (what it is, patterns that all occur in its beginning). The first row that fits is named.
_LOOKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a pyproject.toml", (r"^\[(?:build-system|project|tool\.[\w.-]{1,99})\]$",)),
    ("a TOML document", (r'^\[\[?["\w.-]{1,99}\]\]?$',)),
    ("a TOML document", (_SKIP + r'["\w.-]{1,99} = ["\[{\d]',)),
    ("the table that `pip list` prints", (r"\APackage\s+Version", r"^-{3,}")),
    ("a JSON document", (r"\A\s*[\{\[]",)),
    ("a YAML document", (_SKIP + r"(?:%YAML|---$|[\w-]{1,99}:(?:\s|\Z))",)),
    ("an HTML or XML document", (r"\A\s*<[!?a-zA-Z]",)),
    ("a compressed archive", (r"\A(?:PK\x03\x04|\x1f|BZh\d)",)),
)
_PATTERNS = tuple((what, tuple(re.compile(look, re.ASCII | re.MULTILINE) for look in looks)) for what, looks in _LOOKS)


def name(head: str) -> str:
    """What a file that begins with ``head`` seems to be, such as ``a uv.lock``; empty where it looks like none."""
    head = head.replace("\r\n", "\n")
    for what, patterns in _PATTERNS:
        if all(pattern.search(head) for pattern in patterns):
            return what
    return ""
