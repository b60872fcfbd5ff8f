"""An index of wheels on the loopback interface, with and without ranges."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import re
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Index(http.server.ThreadingHTTPServer):
    """Wheels under /files, and an index of them under /simple: how it answers can be set, what it was asked is kept."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.host = self.url.removeprefix("http://")
        self.ranges = True
        """Answer ranges with 206, and say so."""
        self.suffixes = True
        """Answer a range that counts from the end; else 416."""
        self.sent = 0
        """Bytes of bodies."""
        self.asked: list[tuple[str, str]] = []
        """Path and Range header of each request."""
        self.authorizations: list[str] = []
        self.password = ""
        """What Authorization must be, where something must."""
        self.short_by = 0
        """Send so many bytes less than were announced."""
        self.changing = False
        """Another ETag with each answer."""
        self.busy = 0
        """Answer so many requests with 503."""
        self.redirect_to = ""
        """Send whoever asks for a wheel to this server."""

    def wheel(self, name: str) -> str:
        """The address of one wheel."""
        return f"{self.url}/files/{name}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Index

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):  # whoever asked has heard enough
            super().handle_one_request()

    def log_message(self, *_args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        index = self.server
        index.asked.append((self.path, self.headers.get("Range", "")))
        index.authorizations.append(self.headers.get("Authorization", ""))
        kind, _slash, rest = self.path.lstrip("/").partition("?")[0].partition("/")
        file = index.folder / rest
        if index.busy:
            index.busy -= 1
            self._send(503, b"come back", {}, body=body)
        elif kind == "simple":
            self._send(200, _page(index.folder, rest.strip("/")), {"Content-Type": "text/html"}, body=body)
        elif index.password and self.headers.get("Authorization") != index.password:
            self._send(401, b"who are you?", {"WWW-Authenticate": "Basic"}, body=body)
        elif kind != "files" or not file.is_file():
            self._send(404, b"no such file", {}, body=body)
        elif index.redirect_to:
            self._send(302, b"", {"Location": f"{index.redirect_to}{self.path}"}, body=body)
        else:
            self._wheel(file.read_bytes(), body=body)

    def _wheel(self, data: bytes, *, body: bool) -> None:
        index = self.server
        mark = len(index.asked) if index.changing else hashlib.sha256(data).hexdigest()[:16]
        headers = {"ETag": f'"{mark}"', "Content-Type": "application/zip"}
        wanted = _RANGE.fullmatch(self.headers.get("Range", "")) if index.ranges else None
        if index.ranges:
            headers["Accept-Ranges"] = "bytes"
        if wanted is None:
            self._send(200, data, headers, body=body)
        elif not wanted[1] and not index.suffixes:
            self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"}, body=body)
        else:
            start, end = _bounds(wanted[1], wanted[2], len(data))
            headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
            self._send(206, data[start : end + 1], headers, body=body)

    def _send(self, status: int, data: bytes, headers: dict[str, str], *, body: bool) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        if self.server.short_by:
            self.send_header("Connection", "close")
            self.close_connection = True
            data = data[: -self.server.short_by]
        self.end_headers()
        if body:
            self.server.sent += len(data)
            self.wfile.write(data)


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[Index]:
    """A server of the wheels of a folder, while the block lasts."""
    with Index(folder) as index:
        thread = threading.Thread(target=index.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield index
        finally:
            index.shutdown()
            thread.join()


def _page(folder: Path, name: str) -> bytes:
    named = [file.name for file in sorted(folder.glob("*.whl"))]
    wheels = [file for file in named if file.partition("-")[0].lower().replace("_", "-") == name]
    links = [f'<a href="/files/{wheel}">{wheel}</a>' for wheel in wheels]
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last) if last else size - 1, size - 1)
