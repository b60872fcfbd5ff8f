"""``envguard files``: do the files of this repository name images and packages that are others tomorrow?"""

from envguard.doors.cli import output, verdict
from envguard.doors.cli.parser import FAIL_ON, Parser, add_output

SUMMARY = "find floating images, unpinned installs, replaced Pythons in a repository"
EXAMPLES = """
    envguard files
    envguard files Dockerfile deploy/ --fail-on forbidden
    envguard files --output-format sarif -o files.sarif
"""


def run(argv: list[str]) -> int:
    """Print every finding with file and line; the exit code is the verdict."""
    told = (
        "Find images and packages that are others tomorrow, and Pythons that replace that of torch: in Dockerfiles, "
        "compose files, GitHub workflows, GitLab CI and Kubernetes manifests. Nothing is run, and no registry is asked."
    )
    parser = Parser("files", told, examples=EXAMPLES)
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", help="files, whatever their names, and folders (default: this folder)"
    )
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, default="safe", help="the mildest verdict that counts (default: safe)"
    )
    add_output(parser)
    options = parser.parse(argv)
    from envguard import repository

    answer = output.of_options(options)
    report = repository.examine(options.paths)
    answer.write(answer.render(report))
    return verdict.exit_code(report, options.fail_on)
