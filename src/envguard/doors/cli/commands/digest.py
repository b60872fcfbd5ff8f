"""``envguard digest``: the digest that pins a golden file itself, or the record digest of a wheel."""

import json
import os

from envguard import locate
from envguard.doors.cli import PINNED, output, part
from envguard.doors.cli.parser import Parser, add_lock, add_output, chosen_lock
from envguard.errors import EnvguardError, UsageError
from envguard.facts import records
from envguard.model import Artifact, Interpreter, Pin, Rule, Snapshot, Source
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard._value import Value

SUMMARY = "the sha256 to pin a golden file with, or the record digest of a wheel"
DESCRIPTION = (
    "The sha256 of a golden file, in the forms in which it is pinned elsewhere; or, for a wheel, the record digest "
    "that a lock seals. The golden file is read first: a broken one gets no digest."
)
EXAMPLES = """
    envguard digest
    ENVGUARD_LOCK_SHA256=$(envguard digest --output-format concise)
    envguard digest numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl
    envguard digest requirements.txt --output-format json
"""
SCHEMA = {"name": "envguard-lock", "version": 1}


def run(argv: list[str]) -> int:
    """Print a digest; as JSON, the whole golden file as data (``envguard schema lock``)."""
    parser = Parser("digest", DESCRIPTION, examples=EXAMPLES)
    add_lock(parser)
    part.add_options(parser)
    add_output(parser)
    options = parser.parse(argv)
    answer = output.of_options(options, has_report=False)
    path = locate.locate(chosen_lock(options))
    selection = part.chosen(options)
    if path.endswith(".whl"):
        if selection is not None:
            raise UsageError("a wheel has no parts to choose from", remedy="name a lock")
        answer.write(_wheel(path, answer))
        return PINNED
    from envguard import comparing

    snapshot = comparing.load(path, selection=selection)
    if answer.is_json:
        answer.write(json.dumps(as_data(snapshot), indent=2 if answer.format == "json" else None) + "\n")
        return PINNED
    if answer.format == "concise":
        answer.write(f"{snapshot.sha256}\n")
        return PINNED
    paint = answer.paint()
    name = paint.text(os.path.basename(path))
    lines = [f"{paint(f'sha256:{snapshot.sha256}', 'strong')}  {paint.text(path)}"]
    call = f'envguard.assert_pinned("{name}", sha256="{snapshot.sha256}")'
    lines += paint.labelled("python", call, style="command", prose=False)
    lines += paint.labelled("shell", f"export ENVGUARD_LOCK_SHA256={snapshot.sha256}", style="command", prose=False)
    answer.write("\n".join(lines) + "\n")
    return PINNED


def as_data(snapshot: Snapshot) -> dict[str, object]:
    """A golden file as ``schemas/lock.json`` describes it."""
    return {
        "schema": SCHEMA,
        "path": safe(snapshot.path),
        "format": safe(snapshot.format),
        "sha256": snapshot.sha256,
        "complete": snapshot.complete,
        "interpreter": None if snapshot.interpreter is None else _every(snapshot.interpreter),
        "manifest": None if snapshot.manifest is None else _every(snapshot.manifest),
        "bypass": snapshot.bypass,
        "pins": [_pin(pin) for pin in snapshot.pins],
        "rules": [_telling(rule) for rule in snapshot.rules],
    }


def _wheel(path: str, answer: output.Output) -> str:
    try:
        folder, rows = records.rows_from_wheel(path)
    except (records.RecordError, OSError) as error:
        raise EnvguardError(f"no wheel with a RECORD that can be read: {error}", path=path) from error
    digest = records.portable_digest(rows, folder)
    if answer.is_json:
        told = {"path": safe(path), "metadata": safe(folder), "record": digest, "files": len(rows)}
        return json.dumps(told, indent=2 if answer.format == "json" else None) + "\n"
    if answer.format == "concise":
        return f"{digest}\n"
    return f"record={digest}  {answer.paint().text(os.path.basename(path))}\n"


def _pin(pin: Pin) -> dict[str, object]:
    always = {"name": safe(pin.name), "version": None if pin.version is None else safe(pin.version)}
    return {**always, "manager": pin.manager, "path": safe(pin.path), "line": pin.line, **_telling(pin)}


def _telling(value: "Value") -> dict[str, object]:
    """The fields that say something."""
    told = _every(value)
    return {key: told[key] for key in told if getattr(value, key) not in ("", None, ()) and told[key] is not False}


def _every(value: "Value") -> dict[str, object]:
    return {field: _plain(getattr(value, field)) for field in value._fields}


def _plain(value: object) -> object:
    if isinstance(value, (Artifact, Interpreter, Source, Rule)):
        return _telling(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return safe(value) if isinstance(value, str) else value
