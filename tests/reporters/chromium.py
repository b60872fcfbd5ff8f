"""A headless Chromium, driven over a pipe (the DevTools protocol): no driver and no package is needed."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--remote-debugging-pipe", "--window-size=1280,1000",
)  # fmt: skip
_PATIENCE = 60.0  # seconds; the machine may be busy


class Chromium:
    """One process with one tab."""

    def __init__(self, profile: Path) -> None:
        assert PROGRAM is not None
        (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
        # Above 10, so that neither lies where the browser looks for them (3 and 4) before both are there.
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs_in, theirs_out)]
        silent = os.open(os.devnull, os.O_RDWR)
        actions = [(os.POSIX_SPAWN_DUP2, silent, 1), (os.POSIX_SPAWN_DUP2, silent, 2)]
        actions += [(os.POSIX_SPAWN_DUP2, high[0], 3), (os.POSIX_SPAWN_DUP2, high[1], 4)]
        argv = [PROGRAM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        environ = {**os.environ, "HOME": str(profile)}
        self._pid = os.posix_spawn(PROGRAM, argv, environ, file_actions=actions, setpgroup=0)
        for end in (theirs_in, theirs_out, silent, *high):
            os.close(end)
        self._in, self._out = ours_in, ours_out
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = next(row for row in self.ask("Target.getTargets")["targetInfos"] if row["type"] == "page")
        self._session = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def close(self) -> None:
        """End the process and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._in)
        os.close(self._out)

    def ask(self, method: str, **params: object) -> dict[str, Any]:
        """One call of the protocol."""
        self._number += 1
        number = self._number
        message: dict[str, object] = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)
        raise AssertionError

    def _messages(self) -> Iterator[dict[str, Any]]:
        end = time.monotonic() + _PATIENCE
        while True:
            while b"\0" not in self._buffer:
                ready, _, _ = select.select([self._in], [], [], max(0.0, end - time.monotonic()))
                assert ready, "the browser does not answer"
                data = os.read(self._in, 1 << 16)
                assert data, "the browser is gone"
                self._buffer += data
            line, _, self._buffer = self._buffer.partition(b"\0")
            yield json.loads(line)

    def open(self, url: str) -> None:
        """Go to a page and wait until it is loaded; what happened before is forgotten."""
        self.ask("Page.navigate", url="about:blank")
        self.events.clear()
        self.ask("Page.navigate", url=url)
        for _ in range(600):
            if self.js("document.readyState === 'complete' && location.href !== 'about:blank'"):
                return
            time.sleep(0.05)
        raise AssertionError(url)

    def js(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of an element."""
        place = self.js(
            f"(() => {{ const element = document.querySelector({json.dumps(selector)});"
            " element.scrollIntoView({ block: 'center' }); const place = element.getBoundingClientRect();"
            " return [place.left + place.width / 2, place.top + place.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def key(self, key: str, text: str = "") -> None:
        """Press a key."""
        code = {"Enter": 13, "Tab": 9, "Escape": 27, " ": 32}.get(key, ord(key[0].upper()))
        given: dict[str, object] = {"key": key, "windowsVirtualKeyCode": code, "text": text}
        self.ask("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **given)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def write(self, text: str) -> None:
        """Type into what has the focus."""
        self.ask("Input.insertText", text=text)

    def screenshot(self, path: Path) -> bytes:
        """A PNG of what is visible."""
        data = base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])
        path.write_bytes(data)
        return data

    def happened(self, *methods: str) -> list[dict[str, Any]]:
        """Events of these kinds since the page was opened."""
        self.js("0")
        return [event["params"] for event in self.events if event.get("method") in methods]
