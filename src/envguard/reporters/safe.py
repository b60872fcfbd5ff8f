"""Text of unknown origin, made fit to be shown.

Names, versions and URLs come from metadata and lock files that anybody may have written. A terminal obeys control
characters, and bidirectional controls show a line other than it is (CVE-2021-42574), so both become visible escapes.
Readers redact URLs already; this is the second wall.
"""

import re

_UNFIT = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1 controls
    "\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, bidirectional, line ends
    "\ud800-\udfff"  # surrogates: undecodable bytes of file names
    "\U000e0000-\U000e007f"  # tag characters
    "]"
)
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<rest>[^\s\"'<>]*)")
_AUTHORITY_END = re.compile(r"[/?#]")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?")
_SECRET_VALUE = re.compile(
    r"(?P<key>[?&#;][^=&#\s]*(?:token|secret|passw|pwd|signature|sig|key|auth|credential)[^=&#\s]*=)[^&#\s]+",
    re.IGNORECASE,
)


def safe(text: str) -> str:
    r"""``text`` on one line, without anything that a terminal obeys and without credentials in URLs.

    Control, bidirectional and invisible characters and surrogates become ``\xNN``, ``\uNNNN`` or ``\UNNNNNNNN``.
    """
    # Escape first: a control character inside a URL must not hide its user part.
    shown = _UNFIT.sub(_escape, text)
    return _URL.sub(_redact, shown) if "://" in shown else shown


def _escape(found: "re.Match[str]") -> str:
    code = ord(found.group())
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def _redact(found: "re.Match[str]") -> str:
    scheme, rest = found.group("scheme"), found.group("rest")
    return scheme + _SECRET_VALUE.sub(r"\g<key>****", _without_user(scheme, rest))


def _without_user(scheme: str, rest: str) -> str:
    authority = _AUTHORITY_END.split(rest, maxsplit=1)[0]
    user, at, _host = authority.rpartition("@")
    if at:
        # Every SSH remote has the user git, which is no secret.
        return rest if user == "git" and "ssh" in scheme.lower() else rest[len(user) + 1 :]
    if "@" in rest and _HOST.fullmatch(authority) is None:
        # A password with a bare "/" in it ends the authority early.
        return rest.rpartition("@")[2]
    return rest
