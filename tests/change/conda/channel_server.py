"""A folder of archives on the loopback interface; what it was asked is kept."""

import contextlib
import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Server(ThreadingHTTPServer):
    """Keeps the path of each request in ``asked``."""

    asked: list[str]


class _Handler(SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_arguments: Any) -> None:
        pass


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """A server of a folder, while the block lasts."""
    with Server(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder))) as running:
        running.asked = []
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield running
        finally:
            running.shutdown()
            thread.join()
