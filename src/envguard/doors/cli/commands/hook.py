"""``envguard hook``: what pre-commit, prek, or a script of ``.git/hooks`` calls. Silent where nothing is wrong."""

import os
import sys

from envguard import guard, languages
from envguard.doors.cli import FINDINGS, PINNED, output, verdict
from envguard.doors.cli.parser import FAIL_ON, Parser, add_color, add_language, add_python
from envguard.errors import UsageError
from envguard.languages import say
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
    add_language(parser)
    options = parser.parse(argv)
    if options.what != "images" and options.paths:
        raise UsageError(f"envguard hook {options.what} takes no files", remedy="pass_filenames: false")
    with _shown(options).speaking():
        return {"lock": _lock, "images": _images, "env": _env}[options.what](options)


def _shown(options: "argparse.Namespace") -> output.Output:
    return output.Output(stream=sys.stdout, color=options.color)


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
                output.write_data(say("{path}: golden file added", path=safe(each.path)) + "\n")
            continue
        code = verdict.exit_code(each.report, options.fail_on)
        if each.report.findings:
            _tell(each.report, _headline(each, found), options)
        codes.append(code)
    return _gravest(codes)


def _headline(each: "Judged", found: "Proposal") -> str:
    before, after = found.before.name, found.after.name
    if each.what == "removed":
        told = say("{path}: removed from {before} to {after}", path=each.path, before=before, after=after)
    else:
        told = say("{path}: changed from {before} to {after}", path=each.path, before=before, after=after)
    return say("{what} (a merge: compared with its first parent)", what=told) if found.merge else told


def _images(options: "argparse.Namespace") -> int:
    from envguard import repository

    report = repository.examine_tree(*_refs(options), paths=options.paths)
    if report is None:
        return PINNED
    if report.findings:
        _tell(report, say("{files} read as staged", files=languages.counted(report.files, "file")), options)
    return verdict.exit_code(report, options.fail_on)


def _env(options: "argparse.Namespace") -> int:
    named = options.lock or [None]
    if len(named) > 1:
        raise UsageError("one environment has one golden file", remedy="give one --lock")
    report = guard.check(named[0], python=options.python)
    if report.findings:
        differs = say("what is installed in {prefix} is not what {lock} says", prefix=report.prefix, lock=report.lock)
        _tell(report, differs, options)
    return verdict.exit_code(report, options.fail_on)


def _gravest(codes: "Iterable[int]") -> int:
    """Findings first: who cannot judge one lock must still be told of what is forbidden in another."""
    every = set(codes)
    return FINDINGS if FINDINGS in every else max(every)


def _tell(report: "Report", headline: str, options: "argparse.Namespace") -> None:
    from envguard.languages import telling

    report = telling.report(report, languages.spoken())
    paint = _shown(options).paint()
    lines = [paint(paint.text(headline), "strong")]
    for finding in report.findings[:_SHOWN]:
        lines += _lines(finding, paint)
    if len(report.findings) > _SHOWN:
        lines.append("  " + say("and {count} more", count=len(report.findings) - _SHOWN))
    lines += [paint("  " + say("not known: {why}", why=paint.text(why)), "dim") for why in report.blind]
    output.write_data("".join(f"{line}\n" for line in lines))


def _lines(finding: "Finding", paint: "Paint") -> "Iterable[str]":
    from envguard.reporters._words import movement, place

    change = finding.change
    moved = movement(change, paint.glyph("→"))
    what = " ".join(paint.text(word) for word in (change.package, moved or f"({languages.kind(change.kind)})") if word)
    where = paint.text(place(change, ""))
    grave = paint(languages.verdict(finding.verdict), finding.verdict)
    yield f"  {grave}  {what}  {paint(f'{change.code} {where}', 'dim')}"
    why = say("{word}: {what}", word=paint.text(finding.rule), what=paint.text(finding.reason))
    yield f"    {why}"
    if finding.instead:
        instead = say("instead: {what}", what=paint(paint.text(finding.instead), "command"))
        yield f"    {instead}"
