"""The prefix in texts and binaries, first lines that are too long, and entry points."""

import pytest

from envguard.change.conda import rewriting

HERE = b"/srv/env"
THERE = b"/opt/build" + b"_placehold" * 12


def first(data: bytes, prefix: bytes = HERE) -> bytes:
    return next(iter(rewriting.texts(data, THERE, prefix)))


@pytest.mark.parametrize(
    ("data", "made"),
    [
        (b"prefix=%s\nlib=%s/lib\n" % (THERE, THERE), b"prefix=/srv/env\nlib=/srv/env/lib\n"),
        (b"#!%s/bin/perl -w\n%s\n" % (THERE, THERE), b"#!/srv/env/bin/perl -w\n/srv/env\n"),
        (b"#!%s/bin/perl" % THERE, b"#!/srv/env/bin/perl"),
        (b"#!/bin/sh\necho \xe9 %s" % THERE, b"#!/bin/sh\necho \xe9 /srv/env"),
        (b"", b""),
    ],
)
def test_a_text(data: bytes, made: bytes) -> None:
    assert list(rewriting.texts(data, THERE, HERE)) == [made]


@pytest.mark.parametrize("prefix", [b"/" + b"x" * 140, b"/a b"])
def test_a_first_line_that_linux_would_not_read(prefix: bytes) -> None:
    python = b"#!%s/bin/python3.11 -E\nx = '%s'\n" % (THERE, THERE)
    by_shell = b"#!/bin/sh\n'''exec' \"%s/bin/python3.11\" -E \"$0\" \"$@\" #'''\nx = '%s'\n" % (prefix, prefix)
    by_env = b"#!/usr/bin/env python3.11 -E\nx = '%s'\n" % prefix
    assert list(rewriting.texts(python, THERE, prefix))[:2] == [by_shell, by_env]
    assert first(b"#!%s/bin/perl -w\n" % THERE, prefix) == b"#!/usr/bin/env perl -w\n"


def test_the_longest_first_line_that_linux_reads_is_kept() -> None:
    rest = b"/bin/perl"
    fits = b"/" + b"x" * (rewriting.SHEBANG_LIMIT - len(b"#!/" + rest))
    assert first(b"#!" + THERE + rest, fits) == b"#!" + fits + rest
    assert first(b"#!" + THERE + rest, fits + b"x") == b"#!/usr/bin/env perl"


def test_a_binary_keeps_its_length() -> None:
    data = b"\x7fELF\0" + THERE + b"/lib:" + THERE + b"/lib64\0\0tail" + THERE + b"\0end\0"
    (made,) = rewriting.binaries(data, THERE, HERE)
    assert len(made) == len(data)
    spare = len(THERE) - len(HERE)
    assert made == (
        b"\x7fELF\0/srv/env/lib:/srv/env/lib64"
        + b"\0" * (2 * spare + 2)
        + b"tail/srv/env"
        + b"\0" * (spare + 1)
        + b"end\0"
    )


def test_a_string_that_the_files_end_cuts_off_is_written_by_some_and_not_by_others() -> None:
    data = b"\0" + THERE
    written, left = rewriting.binaries(data, THERE, HERE)
    assert written == b"\0" + HERE.ljust(len(THERE), b"\0")
    assert left == data


def test_a_prefix_that_does_not_fit_into_a_binary() -> None:
    with pytest.raises(ValueError, match="does not fit into the 130"):
        list(rewriting.binaries(THERE, THERE, b"/" + b"x" * 130))


def test_entry_points() -> None:
    assert rewriting.entry_point(" tool = package.module : main ") == ("tool", "package.module", "main")
    by_rattler, by_conda = rewriting.entry_points("pkg.cli", "App.run", b"/srv/env/bin/python3.11")
    assert by_rattler == by_conda.replace(b"    ", b"\t")
    assert by_conda == (
        b"#!/srv/env/bin/python3.11\n# -*- coding: utf-8 -*-\nimport re\nimport sys\n\nfrom pkg.cli import App\n\n"
        b"if __name__ == '__main__':\n"
        b"    sys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])\n    sys.exit(App.run())\n"
    )


def test_entry_points_of_an_interpreter_that_is_far_away() -> None:
    for python in (b"/" + b"x" * 130 + b"/python3.11", b"/a b/python3.11"):
        ways = [way.partition(b"# -*-")[0] for way in rewriting.entry_points("p", "f", python)]
        plain = b"#!%s\n" % python
        by_shell = b"#!/bin/sh\n'''exec' \"%s\" \"$0\" \"$@\" #'''\n" % python
        before = b"#!/bin/sh\n'''exec' \"%s\" \"$0\" \"$@\"\n' '''\n" % python
        assert ways == [by_shell, before, plain] * 2
    just = b"/" + b"x" * (rewriting.SHEBANG_LIMIT - 3)
    ways = [way.partition(b"# -*-")[0] for way in rewriting.entry_points("p", "f", just)]
    assert ways[0] == b"#!%s\n" % just
    assert len(ways) == 6
    assert len(list(rewriting.entry_points("p", "f", just[:-1]))) == 2


@pytest.mark.parametrize(
    "line", ["", "tool", "tool = module", "../tool = m:f", ".. = m:f", "a/b = m:f", "t = m:f; import os"]
)
def test_what_is_no_entry_point(line: str) -> None:
    with pytest.raises(ValueError, match="none"):
        rewriting.entry_point(line)
