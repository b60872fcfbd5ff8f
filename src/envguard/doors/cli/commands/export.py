"""``envguard export``: a golden file in the words of another tool."""

import os

from envguard.doors.cli import PINNED, output, part
from envguard.doors.cli.parser import Parser, add_lock, add_python, chosen_lock
from envguard.errors import UsageError
from envguard.model import Selection
from envguard.reporters.safe import safe

SUMMARY = "write a lock of any format as a file of pip, conda or a bill of materials"
DESCRIPTION = (
    "Write LOCK as a file of another tool. What that file cannot say is refused, or becomes a comment in it and a line "
    "on stderr; nothing is dropped silently."
)
EXAMPLES = """
    envguard export --to requirements -o requirements.txt
    envguard export --to pylock --wheels wheelhouse -o pylock.toml
    envguard export uv.lock --extra gpu --to cyclonedx -o bom.json
    envguard export conda-lock.yml --platform linux-64 --to explicit
"""


def run(argv: list[str]) -> int:
    """Print the file, or write it; remarks go to stderr."""
    from envguard import comparing, exporting, locate  # loaded by `envguard --help` too, which needs none of it
    from envguard.environment import interpreter

    parser = Parser("export", DESCRIPTION, examples=EXAMPLES)
    add_lock(parser)
    parser.add_argument("--to", choices=exporting.names(), required=True, help="what to write")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to FILE instead of stdout")
    parser.add_argument(
        "--wheels", metavar="FOLDER", help="wheels that the environment was made of: their names and hashes are added"
    )
    add_python(parser)
    part.add_options(parser)
    options = parser.parse(argv)
    if options.output == "" or options.wheels == "":
        raise UsageError("an empty name of a file or folder", remedy="a variable in your script may be unset")
    whom = interpreter.of(options.python)[0] if options.python is not None else interpreter.running()
    selection = (part.chosen(options) or Selection()).replace(interpreter=whom)
    path = locate.locate(chosen_lock(options))
    if options.output and os.path.realpath(options.output) == os.path.realpath(path):
        raise UsageError(f"-o {safe(options.output)} is the lock itself", remedy="give another file")
    snapshot = comparing.load(path, selection=selection)
    base = os.path.dirname(os.path.abspath(options.output)) if options.output else ""
    made = exporting.export(snapshot, options.to, wheels=options.wheels or "", base=base, selected_for=whom)
    if options.output:
        output.write_file(options.output, made.text.encode())
    else:
        output.write_data(made.text)
    for remark in made.remarks:
        output.tell(f"envguard: note: {safe(remark)}")
    return PINNED
