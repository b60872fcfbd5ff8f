"""Requests for remote wheels: with the certificates, proxies and credentials that the installers use.

Nothing secret leaves this module: errors name an address without its user part and query.

Sources: RFC 9110 (ranges), the environment variables in pip's and uv's documentation.
"""

import functools
import http.client
import netrc
import os
import ssl
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

from envguard.errors import EnvguardError
from envguard.facts.direct_url import redact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from urllib.response import addinfourl

TIMEOUT = 30.0
"""Seconds without an answer, where PIP_DEFAULT_TIMEOUT says nothing."""

PAUSES = (0.25, 1.0)
"""Seconds between attempts."""

NETWORK = (OSError, http.client.HTTPException)
"""What goes wrong on the way; ``urllib.error.URLError`` is an OSError."""

_BUSY = frozenset({429, 500, 502, 503, 504})
_BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_INDEXES = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_FIND_LINKS",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
)
_REMEDY = "check the address and the credentials, or download the wheel and give its folder with --find-links"


@contextmanager
def answer(url: str, headers: "Mapping[str, str] | None" = None) -> "Iterator[addinfourl]":
    """The answer to one GET.

    Args:
        url: As it was given, credentials included.
        headers: More of them, such as Range.

    Raises:
        EnvguardError: The network, the server or a certificate refused; also while the answer is read.
    """
    try:
        with _patiently(_request(url, headers or {})) as response:
            yield response
    except urllib.error.HTTPError as error:
        error.close()
        raise RefusedError(
            f"the server answered {error.code} {error.reason}", path=shown(url), remedy=_REMEDY
        ) from None
    except NETWORK as error:
        raise RefusedError(f"cannot be read: {_reason(error)}", path=shown(url), remedy=_REMEDY) from None


def _patiently(request: urllib.request.Request) -> "addinfourl":
    """An answer; a server that is busy and a connection that breaks are asked again, as installers do."""
    for pause in (*PAUSES, None):
        try:
            answered: addinfourl = _configured().open(request, timeout=_timeout())
        except urllib.error.HTTPError as error:
            if error.code not in _BUSY or pause is None:
                raise
            error.close()
        except NETWORK:
            if pause is None:
                raise
        else:
            return answered
        time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


class RefusedError(EnvguardError):
    """A server or the network did not give what was asked for."""


def shown(url: str) -> str:
    """An address as it may be shown."""
    return redact(url).partition("#")[0]


def _request(url: str, headers: Mapping[str, str]) -> urllib.request.Request:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    plain = parts._replace(netloc=host, fragment="").geturl()
    request = urllib.request.Request(  # noqa: S310 - http and https only, see wheel_source.wanted
        plain, headers={"User-Agent": "envguard", "Accept-Encoding": "identity", **headers}
    )
    user, password = _credentials(parts.netloc, parts.hostname or "")
    if user or password:
        token = b64encode(f"{user}:{password}".encode()).decode("ascii")
        request.add_unredirected_header("Authorization", f"Basic {token}")  # another host must not see it
    return request


def _credentials(netloc: str, hostname: str) -> tuple[str, str]:
    """From the address, else from an index on the same host, else from ~/.netrc, as pip looks for them."""
    userinfo, _at, host = netloc.rpartition("@")
    if not userinfo:
        for variable in _INDEXES:
            for index in os.environ.get(variable, "").split():
                other, _at, place = urlsplit(index.partition("=")[2] if "=http" in index else index).netloc.rpartition(
                    "@"
                )
                if other and place == host:
                    userinfo = other
    if userinfo:
        user, _colon, password = userinfo.partition(":")
        return unquote(user), unquote(password)
    try:
        found = netrc.netrc().authenticators(hostname)
    except (OSError, netrc.NetrcParseError):
        return "", ""
    return (found[0], found[2] or "") if found is not None else ("", "")


@functools.lru_cache(maxsize=4)
def _opener(proxy: str, bundle: str, client: str) -> urllib.request.OpenerDirector:
    """Made once: reading the certificates of all authorities takes longer than a request.

    Raises:
        EnvguardError: A file of certificates cannot be read.
    """
    proxies = urllib.request.ProxyHandler({"http": proxy, "https": proxy} if proxy else None)
    try:
        where = {"capath": bundle} if os.path.isdir(bundle) else {"cafile": bundle or None}
        context = ssl.create_default_context(**where)
        if client:
            context.load_cert_chain(client)
    except OSError as error:
        problem = f"a file of certificates cannot be read: {_reason(error)}"
        raise EnvguardError(problem, path=client or bundle) from error
    return urllib.request.build_opener(proxies, urllib.request.HTTPSHandler(context=context))


def _configured() -> urllib.request.OpenerDirector:
    bundle = next((os.environ[name] for name in _BUNDLES if os.environ.get(name)), "")
    return _opener(os.environ.get("PIP_PROXY", ""), bundle, os.environ.get("PIP_CLIENT_CERT", ""))


def _timeout() -> float:
    text = os.environ.get("PIP_DEFAULT_TIMEOUT", "")
    return float(text) if text.isdigit() and int(text) else TIMEOUT


def _reason(error: Exception) -> str:
    """The system's words; those of urllib may quote an address."""
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return type(cause).__name__ if isinstance(cause, Exception) else "no answer"
