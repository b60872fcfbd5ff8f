"""``envguard hook``: what pre-commit, prek, or a script of ``.git/hooks`` calls. Silent where nothing is wrong."""

import os

from envguard import guard
from envguard.doors.cli import FINDINGS, PINNED, output, verdict
from envguard.doors.cli.parser import FAIL_ON, Parser, add_color, add_python
from envguard.errors import UsageError
from envguard.reporters.safe import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from envguard.diffing.committing import Judged, Proposal
    from envguard.model import Finding, Report
    from envguard.reporters._paint import Paint

SUMMARY = "judge a commit before it is made: lock, images or env"
EXAMPLES = """
    envguard hook lock
    envguard hook lock --from-ref origin/main --to-ref HEAD
    envguard hook images Dockerfile .github/workflows/ci.yml
    envguard hook env --python .venv
"""
WHAT = ("lock", "images", "env")
_SHOWN = 20
"""Findings that are shown; a commit message has no room for more."""


def run(argv: list[str]) -> int:
    """Print what is wrong; the exit code is the verdict."""
    told = (
        "Judge a commit before it is made. `lock`: the golden files as staged against HEAD, or between two refs, by "
        "the rules of both sides. `images`: EG501 to EG503 in files as they are staged. `env`: what is installed."
    )
    parser = Parser("hook", told, examples=EXAMPLES)
    parser.add_argument("what", metavar="WHAT", choices=WHAT, help=f"one of {', '.join(WHAT)}")
    parser.add_argument("paths", metavar="PATH", nargs="*", help="of images: the files; default all that are staged")
    parser.add_argument(
        "--lock", action="append", default=[], metavar="LOCK", help="a golden file; repeatable (default: see README)"
    )
    parser.add_argument("--from-ref", metavar="REF", help="judge from here (default: PRE_COMMIT_FROM_REF, else HEAD)")
    parser.add_argument("--to-ref", metavar="REF", help="to here (default: PRE_COMMIT_TO_REF, else what is staged)")
    parser.add_argument(
        "--fail-on", choices=FAIL_ON, default="cautious", help="the mildest verdict that counts (default: cautious)"
    )
    add_python(parser)
    add_color(parser)
    options = parser.parse(argv)
    if options.what != "images" and options.paths:
        raise UsageError(f"envguard hook {options.what} takes no files", remedy="pass_filenames: false")
    return {"lock": _lock, "images": _images, "env": _env}[options.what](options)


def _refs(options: "argparse.Namespace") -> tuple[str, str]:
    if options.from_ref or options.to_ref:
        return options.from_ref or "", options.to_ref or ""
    return os.environ.get("PRE_COMMIT_FROM_REF", ""), os.environ.get("PRE_COMMIT_TO_REF", "")


def _lock(options: "argparse.Namespace") -> int:
    from envguard.diffing import committing

    found = committing.proposal(*_refs(options))
    judged = committing.judge(found, options.lock, python=options.python)
    codes = [PINNED]
    for each in judged:
        if each.report is None:
            if each.what == "added":
                output.write_data(f"{safe(each.path)}: golden file added\n")
            continue
        code = verdict.exit_code(each.report, options.fail_on)
        if each.report.findings:
            _tell(each.report, _headline(each, found), options)
        codes.append(code)
    return _gravest(codes)


def _headline(each: "Judged", found: "Proposal") -> str:
    merging = " (a merge: compared with its first parent)" if found.merge else ""
    return f"{each.path}: {each.what} from {found.before.name} to {found.after.name}{merging}"


def _images(options: "argparse.Namespace") -> int:
    from envguard import repository

    report = repository.examine_tree(*_refs(options), paths=options.paths)
    if report is None:
        return PINNED
    if report.findings:
        count = report.files
        _tell(report, f"{count} file{'' if count == 1 else 's'} read as staged", options)
    return verdict.exit_code(report, options.fail_on)


def _env(options: "argparse.Namespace") -> int:
    named = options.lock or [None]
    if len(named) > 1:
        raise UsageError("one environment has one golden file", remedy="give one --lock")
    report = guard.check(named[0], python=options.python)
    if report.findings:
        _tell(report, f"what is installed in {report.prefix} is not what {report.lock} says", options)
    return verdict.exit_code(report, options.fail_on)


def _gravest(codes: "Iterable[int]") -> int:
    """Findings first: who cannot judge one lock must still be told of what is forbidden in another."""
    every = set(codes)
    return FINDINGS if FINDINGS in every else max(every)


def _tell(report: "Report", headline: str, options: "argparse.Namespace") -> None:
    import sys

    paint = output.Output(stream=sys.stdout, color=options.color).paint()
    lines = [paint(paint.text(headline), "strong")]
    for finding in report.findings[:_SHOWN]:
        lines += _lines(finding, paint)
    if len(report.findings) > _SHOWN:
        lines.append(f"  and {len(report.findings) - _SHOWN} more")
    lines += [paint(f"  not known: {paint.text(why)}", "dim") for why in report.blind]
    output.write_data("".join(f"{line}\n" for line in lines))


def _lines(finding: "Finding", paint: "Paint") -> "Iterable[str]":
    from envguard.reporters._words import movement, place

    change = finding.change
    moved = movement(change, paint.glyph("→"))
    what = " ".join(paint.text(word) for word in (change.package, moved or f"({change.kind})") if word)
    where = paint.text(place(change, ""))
    yield f"  {paint(finding.verdict, finding.verdict)}  {what}  {paint(f'{change.code} {where}', 'dim')}"
    yield f"    {paint.text(finding.rule)}: {paint.text(finding.reason)}"
    if finding.instead:
        yield f"    instead: {paint(paint.text(finding.instead), 'command')}"
