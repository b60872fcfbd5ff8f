"""The report of ``pip inspect``: everything that pip sees in an environment, as JSON (version 1).

Verified: name and version of each distribution, and its source where direct_url.json recorded one; the interpreter's
version and platform. It holds no digests of what came from the index, and knows nothing of conda.
"""

import hashlib
import json
import re

from envguard.errors import LockError
from envguard.facts import direct_url
from envguard.formats import _json, _python_pins, _settle, _text
from envguard.formats._requirement_files import PIN_LIMIT
from envguard.model import Interpreter, Pin, Selection, Snapshot, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NAME = "pip-inspect"
SELECTS: tuple[str, ...] = ()

_LOOKS = (re.compile(r'\A\s*\{[\s\S]{0,200}"pip_version"\s*:'), re.compile(r'"installed"\s*:\s*\['))
_MARKERS = ("implementation_name", "python_full_version", "sys_platform", "platform_machine")
_REMEDY = "write it again with `pip inspect`"


def recognises(_filename: str, head: bytes) -> int:
    """2 where the document has pip's version and the list of what is installed."""
    text = _text.peek(head)
    return 2 if all(look.search(text) for look in _LOOKS) else 0


def parse(data: bytes, *, path: str, selection: "Selection | None" = None) -> Snapshot:  # noqa: ARG001 - the shape of every reader
    """Read a report.

    Raises:
        LockError: The file is broken or of another version.
    """
    content, text = _json.load(data, path)
    report = _json.object_of(content, "the document", path=path, line=1)
    version = _json.text_of(report, "version", path=path, line=1)
    if version != "1":
        problem = f"version {_text.quote(version)} of the report is not known"
        raise LockError(problem, path=path, line=1, remedy=_REMEDY)
    if "installed" not in report:
        raise LockError("it does not say what is installed", path=path, line=1, remedy=_REMEDY)
    installed = _json.list_of(report["installed"], "installed", path=path, line=1)
    if len(installed) > PIN_LIMIT:
        raise LockError(f"more than {PIN_LIMIT} distributions", path=path)
    lines = _json.Lines(text)
    pins, notes = _settle.settle([_pin(entry, lines, path) for entry in installed], [])
    return Snapshot(
        path=path,
        format=NAME,
        sha256=hashlib.sha256(data).hexdigest(),
        pins=pins,
        interpreter=_interpreter(report, path),
        notes=notes,
    )


def _pin(entry: "Any", lines: _json.Lines, path: str) -> Pin:
    fields = _json.object_of(entry, "a distribution", path=path, line=0)
    metadata = _json.object_of(fields.get("metadata"), "metadata", path=path, line=0)
    name = _json.text_of(metadata, "name", path=path, line=0)
    line = lines.of_value("name", name)
    pin = _python_pins.named(name, _json.text_of(metadata, "version", path=path, line=line), path=path, line=line)
    if fields.get("direct_url") is None:
        return pin
    try:
        installer = _json.text_of(fields, "installer", path=path, line=line)
        source = direct_url.parse(json.dumps(fields["direct_url"]).encode(), installer)
    except direct_url.DirectUrlError as error:
        raise LockError(f"direct_url: {error.why}", path=path, line=line, remedy=_REMEDY) from None
    return _with_source(pin, source)


def _with_source(pin: Pin, source: "Source | None") -> Pin:
    digest = source.digest if source else ""
    return pin.replace(source=source, hashes=(digest,) if digest else ())


def _interpreter(report: "dict[str, Any]", path: str) -> "Interpreter | None":
    """The interpreter that pip ran in, by the markers that it printed; its ABI and C library are not among them."""
    markers = report.get("environment")
    if markers is None:
        return None
    markers = _json.object_of(markers, "environment", path=path, line=0)
    said = [_json.text_of(markers, key, path=path, line=0) for key in _MARKERS]
    if not all(said):
        return None
    implementation, version, system, machine = (_text.redact(text)[:99] for text in said)
    return Interpreter(implementation=implementation, version=version, soabi="", system=system, machine=machine)
