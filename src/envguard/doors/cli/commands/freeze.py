"""``envguard freeze``: make the golden file of this environment."""

import os

from envguard import making
from envguard.doors.cli import PINNED, output, part, progress
from envguard.doors.cli.parser import Parser, add_color, add_language, add_progress, add_python, add_sealed_depth
from envguard.errors import UsageError
from envguard.languages import say, telling
from envguard.reporters._words import plural

TYPE_CHECKING = False
if TYPE_CHECKING:
    from envguard.freezing import Frozen
    from envguard.reporters._paint import Paint

SUMMARY = "make the golden file of this environment"
EXAMPLES = """
    envguard freeze
    envguard freeze --depth files -o image/envguard.lock
    envguard freeze --from requirements.txt --config envguard.toml
    envguard freeze --from uv.lock --extra gpu
    envguard freeze -o - | diff envguard.lock -
"""


def run(argv: list[str]) -> int:
    """Write a lock, and say on stderr what it holds."""
    parser = Parser("freeze", "Make the golden file of this environment, or of another one.", examples=EXAMPLES)
    parser.add_argument(
        "-o", "--output", metavar="FILE", default="envguard.lock", help="(default: envguard.lock; - is stdout)"
    )
    parser.add_argument("--from", dest="source", metavar="LOCK", help="freeze only if the environment is this lock's")
    add_sealed_depth(parser)
    add_python(parser)
    parser.add_argument(
        "--config",
        "--rules",
        metavar="FILE",
        help="the file with the rule table: pyproject.toml or envguard.toml (default: the nearest one)",
    )
    part.add_options(parser, "the LOCK of --from")
    add_progress(parser)
    add_color(parser)
    add_language(parser)
    options = parser.parse(argv)
    options.depth = options.depth or "records"
    to_stdout = options.output == "-"
    _refuse_odd_target(options.output, options.depth)
    selection = part.chosen(options)
    if selection is not None and options.source is None:
        raise UsageError("a part of which lock?", remedy="name the lock with --from")
    with progress.bar(options) as shown:
        frozen = making.freeze(
            "envguard.lock" if to_stdout else options.output,
            depth=options.depth,
            source=options.source,
            selection=selection,
            rules=options.config,
            python=options.python,
            write=not to_stdout,
            progress=shown,
        )
    if to_stdout:
        output.write_data(frozen.data.decode())
    else:
        answer = output.of_stderr(options.color)
        with answer.speaking():
            _tell(frozen, answer.paint())
    return PINNED


def _refuse_odd_target(path: str, depth: str) -> None:
    """A lock replaces its file as a whole, which must not happen to a device or a pipe."""
    if path == "-":
        if depth == "files":
            raise UsageError("--depth files writes a manifest beside the lock", remedy="give a file with -o")
        return
    if not path or os.path.isdir(path) or (os.path.lexists(path) and not os.path.isfile(path)):
        raise UsageError(f"-o {path!a} is no file", remedy="give a file name, or - for stdout")


def _tell(frozen: "Frozen", paint: "Paint") -> None:
    mark = " ".join(word for word in (paint.glyph("✓"), say("frozen")) if word)
    held = [plural(len(frozen.snapshot.pins), "package")]
    held += [plural(len(frozen.snapshot.rules), "rule")] if frozen.snapshot.rules else []
    told = say("{what} in {path}", what=say(", ").join(held), path=paint.text(frozen.path))
    output.tell(f"{paint(mark, 'pinned')}  {told}")
    manifest = frozen.snapshot.manifest
    lines = []
    if manifest is not None:
        lines += paint.labelled(
            say("files"),
            say("{count} in {path}", count=f"{manifest.files:,}", path=paint.text(frozen.manifest_path)),
            prose=False,
        )
    lines += paint.labelled(say("pin it"), f"ENVGUARD_LOCK_SHA256={frozen.sha256}", style="command", prose=False)
    for unseen in frozen.blind:
        lines += paint.labelled(say("not seen"), paint.text(telling.spoken_line(unseen)))
    for line in lines:
        output.tell(line)
