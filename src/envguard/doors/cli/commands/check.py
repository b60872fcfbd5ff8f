"""``envguard check``: is what is installed what was frozen?"""

from envguard.doors.cli import output, part, progress, verdict
from envguard.doors.cli.parser import Parser, add_judging, add_lock, add_output, add_progress, chosen_lock

SUMMARY = "compare what is installed with the golden file and judge every difference"
EXAMPLES = """
    envguard check
    envguard check --depth files
    envguard check requirements.txt --only 'torch*' --fail-on forbidden
    envguard check uv.lock --group serving --extra gpu
    envguard check --python /opt/venv --output-format json -o report.json
"""


def run(argv: list[str]) -> int:
    """Print a report; the exit code is its verdict."""
    parser = Parser("check", SUMMARY[0].upper() + SUMMARY[1:] + ".", examples=EXAMPLES)
    add_lock(parser)
    add_judging(parser)
    part.add_options(parser)
    add_progress(parser)
    add_output(parser)
    options = parser.parse(argv)
    answer = output.of_options(options)
    with progress.bar(options) as shown:
        report = verdict.check(options, chosen_lock(options), selection=part.chosen(options), shown=shown)
    answer.write(answer.render(verdict.complete(report, options, answer)))
    return verdict.exit_code(report, options.fail_on)
