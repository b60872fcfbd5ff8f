"""Every real lock file in JSON, YAML or conda's text is read, or refused for a reason that a person agrees with."""

from pathlib import Path

import pytest

from envguard.errors import LockError
from envguard.formats import load
from envguard.model import Interpreter, Selection

LINUX = Interpreter(implementation="cpython", version="3.11.7", soabi="", system="linux", machine="x86_64")
FORMATS = {
    "pipfile": "Pipfile.lock",
    "conda-lock": "conda-lock.yml",
    "conda-explicit": "conda-explicit",
    "pixi": "pixi.lock",
}
REFUSED = {
    "condalock-zlib-win.lock": "written for 'win-64'",
    "depthmap-win64.lock": "written for 'win-64'",
    "v2-pixi.lock": "linux-64 is not locked here",
    "clf-invalid-missing-meta.yml": "no metadata",
}


@pytest.mark.parametrize("folder", FORMATS)
def test_each_folder(corpus: Path, folder: str) -> None:
    for path in (corpus / folder).iterdir():
        if path.name in REFUSED:
            with pytest.raises(LockError, match=REFUSED[path.name]):
                load(path, selection=Selection(interpreter=LINUX))
        else:
            found = load(path, selection=Selection(interpreter=LINUX))
            assert found.format == FORMATS[folder]
            assert found.complete
            assert found.pins
            lines = path.read_text().splitlines()
            assert all(0 < pin.line <= len(lines) and pin.path == str(path) for pin in found.pins)


def test_what_was_generated(corpus: Path) -> None:
    for path in (corpus / "generated").iterdir():
        assert load(path, selection=Selection(interpreter=LINUX)).pins, path
