"""``envguard doctor``: is this environment sound by itself, and what is it made of? It needs no golden file."""

from envguard.doors.cli import output, verdict
from envguard.doors.cli.parser import FAIL_ON, Parser, add_output, add_python

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from envguard.model import Report

SUMMARY = "look at interpreter, compiled code, CUDA and GPU without a golden file"
EXAMPLES = """
    envguard doctor
    envguard doctor --python /opt/venv --fail-on forbidden
    envguard doctor --probe --output-format json
    envguard doctor --target linux_aarch64
"""


def run(argv: list[str]) -> int:
    """Print the toolchain and every finding; the exit code is the verdict."""
    parser = Parser("doctor", SUMMARY[0].upper() + SUMMARY[1:] + ". Nothing is imported or run.", examples=EXAMPLES)
    parser.add_argument(
        "--probe",
        action="store_true",
        help="also ask torch and ONNX Runtime themselves, in a process of that interpreter with a time limit",
    )
    parser.add_argument(
        "--target", metavar="PLATFORM", help="judge what packages require there, such as linux_aarch64 or win_amd64"
    )
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, default="safe", help="the mildest verdict that counts (default: safe)"
    )
    add_python(parser)
    add_output(parser)
    options = parser.parse(argv)
    answer = output.of_options(options)
    report = _diagnosed(options)
    answer.write(answer.render(report))
    return verdict.exit_code(report, options.fail_on)


def _diagnosed(options: "argparse.Namespace") -> "Report":
    from envguard import comparing

    return comparing.diagnose(options.python, target=options.target or "", probe=options.probe)
