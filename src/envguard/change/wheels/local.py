"""URLs that name something on this machine."""

from urllib.parse import unquote, urlsplit


def local_path(url: str) -> str:
    """The path that a ``file:`` URL names; empty for others."""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else ""
