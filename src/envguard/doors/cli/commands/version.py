"""``envguard version``: which envguard, on which Python, with which optional parts."""

import json
import os
import platform
import sys

import envguard
from envguard.doors.cli import PINNED, output
from envguard.doors.cli.parser import Parser, add_output

SUMMARY = "the version, the Python it runs on and the optional parts that are there"
PARTS = ("packaging", "pydantic", "rich", "pip-api", "PyYAML", "py-rattler", "zstandard")
"""Distributions that envguard uses, the first always, the others where an extra brought them."""


def run(argv: list[str]) -> int:
    """Print the version; ``concise`` is the one line of ``envguard --version``."""
    parser = Parser("version", "Print the version, what envguard runs on, and the optional parts that are there.")
    add_output(parser)
    options = parser.parse(argv)
    answer = output.of_options(options, has_report=False)
    if answer.format == "concise":
        answer.write(f"envguard {envguard.__version__}\n")
        return PINNED
    facts = _facts()
    if answer.is_json:
        answer.write(json.dumps(facts, indent=2 if answer.format == "json" else None) + "\n")
        return PINNED
    paint = answer.paint()
    lines = [f"envguard {envguard.__version__}"]
    lines += paint.labelled("python", paint.text(f"{facts['python']} in {facts['prefix']}"), prose=False, room=11)
    lines += paint.labelled("code", paint.text(str(facts["code"])), prose=False, room=11)
    for name, version in _parts().items():
        lines += paint.labelled(
            name, paint.text(version) if version else paint("not installed", "dim"), prose=False, room=11
        )
    answer.write("\n".join(lines) + "\n")
    return PINNED


def _facts() -> dict[str, object]:
    return {
        "version": envguard.__version__,
        "python": f"{sys.implementation.name} {platform.python_version()}",
        "prefix": sys.prefix,
        "code": os.path.dirname(os.path.abspath(envguard.__file__)),
        "parts": _parts(),
    }


def _parts() -> "dict[str, str | None]":
    """Versions from metadata; nothing is imported."""
    from importlib import metadata

    def version(name: str) -> "str | None":
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    return {name: version(name) for name in PARTS}
