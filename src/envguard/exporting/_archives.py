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
    found = _ARCHIVE.fullmatch(pin.url) if "://" in pin.url else None
    fits = found is not None and unquote(found["stem"]).lower() == f"{pin.name}-{pin.version}-{pin.build}".lower()
    return pin.url if fits else ""


def platform_of(url: str) -> str:
    """The folder of an archive: ``linux-64``, ``noarch``."""
    found = _ARCHIVE.fullmatch(url)
    return found["platform"] if found else ""
