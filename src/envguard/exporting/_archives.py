"""What the URL of a conda package archive says: ``<channel>/<platform>/<name>-<version>-<build>.conda``."""

import re
from urllib.parse import unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.model import Pin

_ARCHIVE = re.compile(r"[!-~]+/(?P<platform>[a-z0-9_-]+)/(?P<stem>[^/#?]+)\.(?:conda|tar\.bz2)", re.ASCII)


def url_of(pin: "Pin") -> str:
    """Where the pin's archive comes from, without digest; empty where the lock does not tell.

    A URL of another package than the pin names is none.
    """
    for said in (getattr(pin, "url", ""), pin.source.url if pin.source is not None else "", pin.text):
        url = said.partition("#")[0]
        found = _ARCHIVE.fullmatch(url) if "://" in url else None
        if found is not None and unquote(found["stem"]) == f"{pin.name}-{pin.version}-{pin.build}":
            return url
    return ""


def platform_of(url: str) -> str:
    """The folder of an archive: ``linux-64``, ``noarch``."""
    found = _ARCHIVE.fullmatch(url)
    return found["platform"] if found else ""
