"""``envguard schema``: the JSON schemas of what envguard writes and reads."""

import os
import pkgutil

from envguard.doors.cli import PINNED, output
from envguard.doors.cli.parser import Parser
from envguard.errors import EnvguardError

SUMMARY = "the JSON schema of the report, of a lock as data, or of the rule table"
NAMES = ("lock", "report", "rules")
EXAMPLES = """
    envguard schema report > report.schema.json
    envguard schema rules
"""


def run(argv: list[str]) -> int:
    """Print a schema."""
    parser = Parser("schema", "Print a JSON schema (draft 2020-12).", examples=EXAMPLES)
    parser.add_argument("name", metavar="NAME", choices=NAMES, help=f"one of {', '.join(NAMES)}")
    options = parser.parse(argv)
    output.write_data(text(options.name))
    return PINNED


def text(name: str) -> str:
    """The schema of that name as it is published.

    Raises:
        EnvguardError: This installation lacks it.
    """
    path = os.path.join("schemas", f"{name}.json")
    try:
        data = pkgutil.get_data("envguard", path)
    except OSError as error:
        raise EnvguardError(
            f"this installation of envguard lacks its {path}", remedy="reinstall envguard-lock"
        ) from error
    return (data or b"").decode()
